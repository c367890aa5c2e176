"""What is read of a change, from real repositories."""

import asyncio
from pathlib import Path

import pytest

from missioncontrol.adapters.changes import GitChanges, top_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.changes import FileChange
from tests.agents.repositories import everything, git, repository


def staged(root: Path) -> dict[str, FileChange]:
    found = asyncio.run(GitChanges.staged(root))
    return {each.path: each for each in found.change.files}


def write(root: Path, name: str, text: str | bytes) -> None:
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())


def commit(root: Path, message: str = "Go on") -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)


def test_lines_are_read_with_their_numbers(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "one\ntwo\nthree\n", "b.py": "x\n"})
    write(root, "a.py", "zero\none\ntwo!\nthree\n+++ four\n")
    write(root, "b.py", "y")
    git(root, "add", "-A")
    found = staged(root)
    assert [(each.number, each.text) for each in found["a.py"].added] == [
        (1, "zero"),
        (3, "two!"),
        (5, "+++ four"),
    ]
    assert [(each.number, each.text) for each in found["a.py"].removed] == [(2, "two")]
    assert [each.text for each in found["b.py"].added] == ["y"]
    assert found["a.py"].before == "one\ntwo\nthree\n"
    assert found["a.py"].after == "zero\none\ntwo!\nthree\n+++ four\n"


def test_every_kind_of_change_is_told_apart(tmp_path: Path) -> None:
    body = "".join(f"line {at}\n" for at in range(30))
    files = {
        "gone.py": "1\n",
        "kept.py": "1\n",
        "old name.py": body,
        "link": "1\n",
        "mode.sh": "1\n",
    }
    root = repository(tmp_path / "r", files)
    (root / "gone.py").unlink()
    (root / "old name.py").rename(root / "neu é.py")
    write(root, "neu é.py", body + "more\n")
    (root / "link").unlink()
    (root / "link").symlink_to("kept.py")
    (root / "mode.sh").chmod(0o755)
    write(root, "picture.png", b"\x89PNG\0\0")
    write(root, "zz.py", "after all\n")
    git(root, "add", "-A")
    found = staged(root)
    by_path = {path: (each.status, each.came_from, each.is_text) for path, each in found.items()}
    assert by_path == {
        "gone.py": ("deleted", "", True),
        "neu é.py": ("renamed", "old name.py", True),
        "link": ("changed", "", False),
        "mode.sh": ("changed", "", True),
        "picture.png": ("added", "", False),
        "zz.py": ("added", "", True),
    }
    assert [each.text for each in found["neu é.py"].added] == ["more"]
    assert [each.text for each in found["zz.py"].added] == ["after all"]
    assert [each.text for each in found["gone.py"].removed] == ["1"]


def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    name = b"a\xff\nb.py"
    (Path(bytes(root).decode()) / name.decode("utf-8", "surrogateescape")).write_text("x\n")
    git(root, "add", "-A")
    assert list(staged(root)) == ["a\\xff\nb.py"]


def test_a_repository_without_a_commit_has_a_change(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {})
    write(root, "a.py", "import os\n")
    git(root, "add", "-A")
    assert staged(root)["a.py"].status == "added"


def test_nothing_of_it_is_changed(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    write(root, "src/app.py", "print('there')\n")
    git(root, "add", "-A")
    write(root, "src/app.py", "print('nowhere')\n")
    before = everything(root)
    assert staged(root)["src/app.py"].after == "print('there')\n"
    assert everything(root) == before


def test_a_conflict_is_no_change_yet(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "one\n"})
    git(root, "switch", "-qc", "other")
    write(root, "a.py", "two\n")
    commit(root)
    git(root, "switch", "-q", "main")
    write(root, "a.py", "three\n")
    commit(root)
    with pytest.raises(AssertionError, match=r"^$|CONFLICT"):
        git(root, "merge", "other")
    with pytest.raises(Rejected, match=r"a\.py has a conflict"):
        staged(root)


def test_a_range_is_what_its_commits_do(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.py": "one\n", "b.py": "one\n"})
    git(root, "switch", "-qc", "feature")
    write(root, "a.py", "two\n")
    commit(root)
    write(root, "a.py", "three\n")
    commit(root)
    git(root, "switch", "-q", "main")
    write(root, "b.py", "moved on\n")
    commit(root)
    found = asyncio.run(GitChanges.between(root, "main..feature"))
    assert [each.path for each in found.change.files] == ["a.py"]
    contents = asyncio.run(found.contents(["a.py", "b.py"]))
    two = git(root, "rev-parse", "feature~1:a.py")
    assert two in contents["a.py"]
    assert contents["b.py"] == frozenset()


def test_imports_are_looked_for_where_they_are(tmp_path: Path) -> None:
    files = {"a.py": "from shop import cart\n", "b.py": "# import cart\n", "c.md": "import cart\n"}
    root = repository(tmp_path / "r", {**files, "d.ts": "import x from './cart'\n"})
    write(root, "e.py", "import cart\n")
    git(root, "add", "-A")
    found = asyncio.run(GitChanges.staged(root))
    assert sorted(asyncio.run(found.importing(["cart"]))) == ["a.py", "d.ts", "e.py"]
    before = asyncio.run(found.import_lines(["cart"]))
    assert "from shop import cart" in before
    assert "\nimport cart" not in before
    assert asyncio.run(found.importing(["nothing.at.all"])) == []


def test_contents_are_read_whatever_names_git_gives_them(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    write(root, "a.py", "one\n")
    git(root, "add", "-A")
    assert (staged(root)["a.py"].after, staged(root)["a.py"].is_text) == ("one\n", True)
    commit(root)
    git(root, "rm", "-q", "a.py")
    assert (staged(root)["a.py"].before, staged(root)["a.py"].is_text) == ("one\n", True)


def test_a_place_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        asyncio.run(top_of(tmp_path))
    assert caught.value.code == "guard.no_repository"
