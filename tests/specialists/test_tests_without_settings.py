"""Tests are found where no settings name them, and counted where they stand."""

from pathlib import Path

import pytest

from missioncontrol.specialists.manifests import read_manifests
from missioncontrol.specialists.planner.source import Sources
from missioncontrol.specialists.tree import read_tree

PLAIN = "from shop import total\n\n\ndef test_total():\n    assert total([1]) == 1\n"
METHODS = "class TestTotal:\n    def test_total(self):\n        assert True\n"


def written(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.mark.parametrize("text", [PLAIN, METHODS, "async def test_it():\n    pass\n"])
@pytest.mark.parametrize(
    "path",
    [
        "test_shop.py",
        "tests/test_shop.py",
        "test/test_shop.py",
        "tests/unit/test_shop.py",
        "src/shop/tests/test_shop.py",
        "shop/shop_test.py",
    ],
)
def test_plain_tests_are_run_by_pytest(path: str, text: str, tmp_path: Path) -> None:
    root = written(tmp_path, {path: text, "shop.py": "def total(items):\n    return sum(items)\n"})
    [command] = read_manifests(read_tree(root)).test_commands
    assert (command.argv, command.tool, command.guessed) == (
        ("python", "-m", "pytest"),
        "pytest",
        True,
    )
    assert command.source.startswith(path)


def test_a_helper_of_tests_alone_is_no_test(tmp_path: Path) -> None:
    root = written(tmp_path, {"tests/helpers.py": "def make():\n    return 1\n"})
    assert read_manifests(read_tree(root)).test_commands == ()


@pytest.mark.parametrize(
    ("path", "files", "test"),
    [
        ("src/lib.rs", {"src/lib.rs": "fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n"}, "src/lib.rs"),
        ("src/b.rs", {"src/b.rs": "fn a() {}\n\n#[tokio::test]\nasync fn b() {}\n"}, "src/b.rs"),
        ("cart.go", {"cart.go": "package a\n", "cart_test.go": "package a\n"}, "cart_test.go"),
        ("a.py", {"a.py": 'def a():\n    """Say it.\n\n    >>> a()\n    1\n    """\n'}, "a.py"),
        ("a.py", {"a.py": "def a():\n    pass\n\n\ndef test_a():\n    a()\n"}, "a.py"),
        ("pkg/a.py", {"pkg/a.py": "x = 1\n", "pkg/test_a.py": PLAIN}, "pkg/test_a.py"),
        ("pkg/a.py", {"pkg/a.py": "x = 1\n", "pkg/tests/test_a.py": PLAIN}, "pkg/tests/test_a.py"),
        ("a.js", {"a.js": "let x\n", "a.test.js": "test('a', () => {})\n"}, "a.test.js"),
        ("a.ts", {"a.ts": "let x\n", "a.spec.ts": "it('a', () => {})\n"}, "a.spec.ts"),
    ],
)
def test_a_test_in_the_file_or_beside_it_would_notice(
    path: str, files: dict[str, str], test: str, tmp_path: Path
) -> None:
    sources = Sources(read_tree(written(tmp_path, files)), {})
    assert test in sources.place(path, (), ()).tests


def test_no_test_is_claimed_where_none_stands(tmp_path: Path) -> None:
    files = {"cart.go": "package a\n", "other_test.go": "package a\n"}
    assert Sources(read_tree(written(tmp_path, files)), {}).place("cart.go", (), ()).tests == ()


@pytest.mark.parametrize(
    "path",
    [
        "tools/requirements.txt",
        "examples/shop/requirements.txt",
        "docs/requirements.txt",
        "scripts/requirements.txt",
        "benchmarks/requirements.txt",
        "third_party/x/requirements.txt",
        "tests/fixtures/app/pyproject.toml",
    ],
)
def test_only_the_products_manifests_count(path: str, tmp_path: Path) -> None:
    other = '[project]\nname = "b"\nversion = "1"\ndependencies = ["django"]\n'
    own = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["httpx"]\n'
    text = other if path.endswith(".toml") else "django\n"
    stack = read_manifests(read_tree(written(tmp_path, {"pyproject.toml": own, path: text})))
    assert [need[0].name for need in stack.own_needs("user")] == ["httpx"]
