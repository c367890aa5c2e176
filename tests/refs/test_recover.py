"""Commits saved in a repository are listed, branched from and removed without a home."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.errors import Conflict, Rejected
from missioncontrol.refs import push
from missioncontrol.refs.recovery import create_branch, delete_refs, find_stored, list_stored
from tests.agents.repositories import everything, git, repository
from tests.cli.command import mission

NAMES = ("build", "test", "fix")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with three saved attempts, one of them within a branch."""
    root = repository(tmp_path / "r")
    head = git(root, "rev-parse", "HEAD")
    for number, name in enumerate(NAMES, start=1):
        blob = git(root, "hash-object", "-w", "--stdin", stdin=name.encode())
        lines = f"{git(root, 'ls-tree', head)}\n100644 blob {blob}\t{name}\x1b[31m.txt\n"
        tree = git(root, "mktree", stdin=lines.encode())
        message = (
            f"Keep what codex left\n\nMission-Run: run-1\nMission-Step: {name}\n"
            f"Mission-Attempt: {number}\nMission-Agent: codex\n"
        )
        made = git(root, "commit-tree", tree, "-p", head, "-F", "-", stdin=message.encode())
        push(root, root / ".git", made, f"refs/mission/kept/run-1/{name}-{number}", "")
    git(root, "branch", "topic", "refs/mission/kept/run-1/test-2")
    return root


def said(source: Path, *words: str, code: int = 0) -> str:
    done = mission(source / "no home", "repo", "recover", *words, cwd=source)
    text = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == code, text
    assert "\x1b" not in text
    return text


def told(source: Path, *words: str) -> Any:
    done = mission(source / "no home", "repo", "recover", *words, "--json", cwd=source)
    return json.loads(done.stdout)


def test_the_list_says_run_step_attempt_files_and_whether_a_branch_has_it(source: Path) -> None:
    found = told(source)
    assert found["count"] == 3
    shown = {each["ref"]: each for each in found["kept"]}
    each = shown["refs/mission/kept/run-1/fix-3"]
    assert (each["run"], each["step"], each["attempt"], each["agent"]) == (
        "run-1",
        "fix",
        3,
        "codex",
    )
    assert (each["files"], each["is_contained"]) == (1, False)
    assert shown["refs/mission/kept/run-1/test-2"]["is_contained"]
    assert "kept/run-1/fix-3" in said(source)
    assert not (source / "no home").exists()


def test_one_is_shown_and_a_branch_is_made_of_it_without_touching_the_checkout(
    source: Path,
) -> None:
    (source / "README.md").write_text("dirty\n")
    git(source, "add", "README.md")
    before = everything(source)
    text = said(source, "--show", "run-1/fix-3", "--as", "rescue/fix")
    assert "1 file changed" in text
    assert "in    rescue/fix" in text
    after = everything(source)
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before} <= {
        ".git/refs/heads/rescue/fix",
        ".git/logs/refs/heads/rescue/fix",
    }
    refused = said(source, "--show", "run-1/fix-3", "--as", "rescue/fix", code=1)
    assert "There is a branch 'rescue/fix'" in refused
    for name in ("-b", "HEAD", "a..b", "x:y", "refs\n", ""):
        with pytest.raises(Rejected, match="as the name of a branch"):
            create_branch(source, name, git(source, "rev-parse", "HEAD"))


def test_a_branch_that_a_checkout_is_about_to_begin_is_not_made(source: Path) -> None:
    git(source, "symbolic-ref", "HEAD", "refs/heads/unborn")
    with pytest.raises(Rejected, match="about to create"):
        create_branch(source, "unborn", find_stored(source, "run-1/fix-3").commit)


def test_removing_moves_nothing_but_refs_of_ours(source: Path) -> None:
    before = everything(source)
    git(source, "update-ref", "refs/mission/other/x", "HEAD")
    assert "1 is removed" in said(source, "--remove", "kept/run-1/fix-3")
    assert "Nothing that is stored is older" in said(source, "--older-than", "30d")
    assert told(source, "--older-than", "0.000001s")["count"] == 2
    assert told(source) == {"kept": [], "count": 0}
    after = everything(source)
    gone = {name for name in before if name not in after}
    assert gone == {f".git/refs/mission/kept/run-1/{n}-{i}" for i, n in enumerate(NAMES, 1)}
    assert git(source, "rev-parse", "topic", "refs/mission/other/x")


def test_one_that_moved_meanwhile_or_stands_for_another_is_not_lost(source: Path) -> None:
    found = find_stored(source, "run-1/fix-3")
    git(source, "update-ref", found.ref, "topic")
    with pytest.raises(Conflict, match="Only 0 are deleted"):
        delete_refs(source, [found])
    assert git(source, "rev-parse", found.ref) == git(source, "rev-parse", "topic")
    git(source, "symbolic-ref", "refs/mission/kept/sly/x-1", "refs/heads/topic")
    delete_refs(source, [find_stored(source, "sly/x-1")])
    assert git(source, "rev-parse", "--verify", "topic")


def test_the_newest_are_listed_and_replaced_ones_by_the_time_they_were_replaced(
    source: Path,
) -> None:
    git(source, "update-ref", "refs/mission/replaced/run-1/main", "HEAD")
    file = source / ".git/refs/mission/replaced/run-1/main"
    later = file.stat().st_mtime + 100
    os.utime(file, (later, later))
    found, count = list_stored(source, limit=2)
    assert (found[0].ref, len(found), count) == ("refs/mission/replaced/run-1/main", 2, 4)
    assert found[0].run == "run-1"
    assert found[0].is_contained


def test_what_others_put_there_does_not_hide_the_rest(source: Path) -> None:
    git(source, "update-ref", "refs/mission/kept/blob", git(source, "rev-parse", "HEAD:README.md"))
    message = "x\n\nMission-Attempt: many\nMission-Run: a\nMission-Run: b\nMission-Step:\n"
    tree = git(source, "rev-parse", "HEAD^{tree}")
    odd = git(source, "commit-tree", tree, "-F", "-", stdin=message.encode())
    git(source, "update-ref", "refs/mission/kept/odd/x-1", odd)
    found, count = list_stored(source)
    assert count == 4
    (each,) = (each for each in found if each.commit == odd)
    assert (each.run, each.step, each.attempt, each.files) == ("b", "", 0, 2)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--as", "x"), "nothing is named"),
        (("--show", "nope"), "There is no ref 'nope'"),
        (("--show", ""), "There is no ref ''"),
        (("--remove", "refs/heads/main"), "There is no ref"),
        (("--older-than", "soon"), "--older-than is 'soon'"),
        (("--repo", "/"), "no git repository"),
    ],
)
def test_what_cannot_be_done_is_said(source: Path, words: tuple[str, ...], reason: str) -> None:
    assert reason in said(source, *words, code=2)
