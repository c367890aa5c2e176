import os
from pathlib import Path

import pytest

from tests.cli.command import git, mission, repository, words

PLAN = ("plan", "Add a login page")
LONG = "word " * 20_001


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bogus",), "COMMAND is 'bogus'; it must be one of"),
        (("plan",), "GOAL is missing"),
        (("plan", "x", "--rep", "."), "--rep"),
        (("audit",), "VERB is missing"),
        (PLAN, "Give a checkout with --repo, or describe what there is with --context."),
        ((*PLAN, "--context", "  "), "Give a checkout with --repo"),
        ((*PLAN, "--repo", ""), "--repo is empty."),
        ((*PLAN, "--repo", "/nowhere"), "The repository '/nowhere' does not exist."),
        ((*PLAN, "--repo", "file.txt"), "The repository 'file.txt' is a file."),
        (
            (*PLAN, "--repo", "https://example.org/a"),
            "Clone it (`git clone https://example.org/a`)",
        ),
        ((*PLAN, "--repo", b"bad\xff"), "--repo is not valid UTF-8"),
        (("plan", b"Fix \xff", "--repo", "."), "GOAL is not valid UTF-8"),
        (("plan", "", "--repo", "."), "The goal is empty."),
        (("plan", " \n ", "--repo", "."), "The goal is empty."),
        (("plan", "???", "--repo", "."), "The goal '???' says nothing."),
        (("plan", LONG, "--repo", "."), "The goal has 100,005 characters; at most 20,000 fit."),
        (("plan", "Fix \x1b[31m", "--repo", "."), "The goal holds the control character U+001B."),
        ((*PLAN, "--repo", ".", "--title", "t" * 301), "The title has 301 characters"),
        ((*PLAN, "--repo", ".", "--constraint", ""), "constraint 1 is empty."),
        (("run", "Fix it", "--repo", ".", "--concurrency", "0"), "--concurrency is 0"),
        (("run", "Fix it", "--repo", ".", "--concurrency", "x"), "'x' is no whole number"),
        ((*PLAN, "--repo", ".", "--home", ""), "--home is empty."),
        ((*PLAN, "--repo", ".", "--home", "file.txt"), "file.txt' is a file."),
        (("list",), "Nothing is recorded in"),
        (("list", "--limit", "0"), "--limit is 0; it must be 1 to 1000."),
        (("show", "last"), "Nothing is recorded in"),
        (("replay", "last", "--at", "0"), "--at is 0; positions begin at 1."),
        (("export", "last", "--format", "odt", "--output", "x"), "--format is 'odt'"),
        (("export", "last", "--format", "md"), "--output is missing"),
    ],
    ids=lambda value: words(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_refused_in_a_sentence(
    tmp_path: Path, arguments: tuple[str | bytes, ...], message: str
) -> None:
    (tmp_path / "file.txt").write_text("x")
    done = mission(tmp_path / "home", *arguments, cwd=tmp_path)
    err = done.stderr.decode()
    assert done.returncode == 2
    assert done.stdout == b""
    assert message in err
    assert err.startswith("mission")
    assert err.count("\n") == 1
    assert not any(character < " " for character in err.rstrip("\n"))


def test_a_directory_without_a_utf8_name_is_refused_by_name(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/bad\xff"
    os.mkdir(odd)  # noqa: PTH102 - only the os module takes bytes
    done = mission(tmp_path / "home", *PLAN, "--repo", ".", cwd=odd)
    assert done.returncode == 2
    assert b"is not valid UTF-8. Rename the directory." in done.stderr


@pytest.mark.journey
@pytest.mark.parametrize("name", ["with space", "new\nline", "émoji 😀", "-dash"])
def test_a_repository_may_have_any_text_as_its_name(tmp_path: Path, name: str) -> None:
    path = repository(tmp_path / name)
    done = mission(tmp_path / "home", *PLAN, f"--repo={path}", "--json")
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.journey
def test_no_usual_checkout_breaks_planning(tmp_path: Path) -> None:
    empty, new, loop = tmp_path / "empty", tmp_path / "new", tmp_path / "loop"
    for path in (empty, new, loop):
        path.mkdir()
    git(new, "init", "-q")
    (loop / "self").symlink_to(loop)
    (loop / "\x1b[2Jclear.py").write_text("x = 1\n")
    for path in (empty, new, loop):
        done = mission(tmp_path / "home", *PLAN, "--repo", str(path))
        assert done.returncode == 0, done.stderr
        assert b"\x1b" not in done.stdout + done.stderr


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = mission(tmp_path / "file" / "home", *PLAN, "--repo", str(tmp_path))
    assert done.returncode == 1
    assert b"can't be used: Not a directory. Name another directory with --home" in done.stderr
