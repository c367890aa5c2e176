"""A rewrite of Go code is held back until the toolchain compiles its result."""

import shutil
from pathlib import Path

import pytest

from missioncontrol.adapters.go_builds import why_not_compiled

MODULE = "module example.com/shop\n\ngo 1.19\n"
MAIN = 'package main\n\nimport "strings"\n\nfunc main() { println(strings.Title("a")) }\n'
TEST = 'package main\n\nimport "testing"\n\nfunc TestMain(t *testing.M) { main() }\n'
FILES = {"go.mod": MODULE, "main.go": MAIN, "main_test.go": TEST}

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="There is no Go here.")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_without_go_nothing_shows_that_it_compiles(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "go is not installed" in why_not_compiled(shop, list(FILES), {"main.go": MAIN})


@needs_go
def test_what_compiles_is_not_held_back_and_what_does_not_is(shop: Path) -> None:
    upper = MAIN.replace("Title", "ToUpper")
    assert why_not_compiled(shop, list(FILES), {"main.go": upper}) == ""
    unknown = MAIN.replace("Title", "Heading")
    assert "Heading" in why_not_compiled(shop, list(FILES), {"main.go": unknown})
    renamed = MAIN.replace("func main()", "func other()")
    assert why_not_compiled(shop, list(FILES), {"main.go": renamed})
    assert (shop / "main.go").read_text() == MAIN


@needs_go
def test_tests_have_to_compile_as_well(shop: Path) -> None:
    called = 'package main\n\nimport "testing"\n\nfunc TestX(t *testing.T) { help(1) }\n'
    (shop / "main_test.go").write_text(called)
    (shop / "help.go").write_text("package main\n\nfunc help(n int) {}\n")
    paths = [*FILES, "help.go"]
    other = {"help.go": "package main\n\nfunc help(n string) {}\n"}
    assert "go vet" in why_not_compiled(shop, paths, other)


@needs_go
def test_a_checkout_that_does_not_compile_anyway_shows_nothing(shop: Path) -> None:
    (shop / "broken.go").write_text("package main\n\nvar x int = y\n")
    paths = [*FILES, "broken.go"]
    assert "without the change either" in why_not_compiled(shop, paths, {"main.go": MAIN})


def test_go_code_without_a_module_shows_nothing(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/false")
    assert "no go.mod" in why_not_compiled(shop, ["main.go"], {"main.go": MAIN})
