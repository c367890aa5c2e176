"""A branch of ours gets the commits of its people only where the composition of both is green."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import push
from missioncontrol.specialists.commits.borrowed_repository import Theirs
from missioncontrol.specialists.merger import merger as module
from missioncontrol.specialists.merger.branch_update import red_line, red_ref
from tests.agents.repositories import git, repository
from tests.specialists.changes import desk_in, done, kept
from tests.specialists.test_merger import FILES, INTO, TEXT, merged, tip, users, written

TESTED = {
    **FILES,
    "Makefile": "test:\n\t@! grep -qs old use.txt || grep -q old name.txt; "
    "if [ $$? = 0 ]; then echo ok 1; else echo 'not ok 1 - use'; exit 1; fi\n",
    "name.txt": "old\n",
}
"""A suite that fails where `use.txt` uses what `name.txt` does not name."""


def updated(tmp_path: Path, root: Path, **more: Any) -> Work:
    head = git(root, "rev-parse", "HEAD")
    inputs = {"repository": str(root), "commit": "", "base": head, "head": head, "into": INTO}
    return done("merger", desk_in(tmp_path), {**inputs, **more})


def stopped(tmp_path: Path, root: Path, **more: Any) -> AttemptFailed:
    before = tip(root)
    with pytest.raises(AttemptFailed) as stop:
        updated(tmp_path, root, **more)
    assert tip(root) == before
    assert stop.value.code == "merger.red_branch"
    return stop.value


def commit(root: Path, name: str, text: str) -> str:
    (root / name).write_text(text)
    git(root, "add", name)
    git(root, "commit", "-qm", f"Change {name}")
    return git(root, "rev-parse", "HEAD")


def conflicting(tmp_path: Path) -> Path:
    """Return a repository whose branch uses what the user's green commit renames."""
    root = repository(tmp_path / "r", TESTED)
    assert merged(tmp_path, root, kept(root, {"use.txt": "old\n"})).output["state"] == "merged"
    commit(root, "b.txt", "mine\n")
    commit(root, "name.txt", "new\n")
    commit(root, "b.txt", "mine again\n")
    return root


def test_a_branch_that_is_behind_is_moved_forward_to_a_green_commit(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", TESTED)
    git(root, "branch", INTO)
    mine = commit(root, "b.txt", "mine\n")
    (root / "a.txt").write_text("half done\n")
    before = users(root)
    output = updated(tmp_path, root).output
    assert (output["state"], output["commit"], tip(root)) == ("updated", mine, mine)
    assert users(root) == before
    assert updated(tmp_path, root).output["state"] == "level"


def test_a_branch_with_merges_of_its_own_gets_the_commits_as_they_are(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", TESTED)
    one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
    first = merged(tmp_path, root, one).output["commit"]
    mine = commit(root, "a.txt", written(TEXT, 17, "seventeen"))
    found = updated(tmp_path, root).output
    assert (found["state"], found["commit"]) == ("updated", tip(root))
    assert git(root, "rev-parse", f"{INTO}^1", f"{INTO}^2").split() == [first, mine]
    both = written(written(TEXT, 3, "three"), 17, "seventeen")
    assert git(root, "show", f"{INTO}:a.txt") == both.strip()
    # The queue goes on from there, knows its own merges, and people take it in without a merge.
    two = kept(root, {"b.txt": "B\n"}, base=INTO, name="two")
    assert "earlier attempt" in merged(tmp_path, root, one, base="main~1").output["reason"]
    output = merged(tmp_path, root, two, base=found["commit"], run="run-2").output
    assert (output["state"], output["onto"]) == ("merged", found["commit"])
    git(root, "merge", "-q", "--ff-only", INTO)


def test_a_red_composition_leaves_the_branch_and_names_the_commit(tmp_path: Path) -> None:
    root = conflicting(tmp_path)
    culprit = git(root, "rev-parse", "main~1")
    stop = stopped(tmp_path, root)
    assert f"Commit {culprit[:12]} “Change name.txt”" in stop.reason
    assert "1 test or check fails: use." in stop.reason
    assert "--mend" in stop.hint
    assert stop.reason in red_line(Theirs.found(root), INTO)
    # Another change of the branch meets the same red only when it is brought up again.
    commit(root, "name.txt", "old and new\n")
    assert updated(tmp_path, root).output["state"] == "updated"
    assert red_line(Theirs.found(root), INTO) == ""


def test_a_red_commit_of_people_does_not_move_the_branch_forward(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", TESTED)
    git(root, "branch", INTO)
    git(root, "switch", "-qc", "side")
    commit(root, "use.txt", "old\n")
    git(root, "switch", "-q", "main")
    commit(root, "name.txt", "new\n")
    git(root, "merge", "-q", "--no-ff", "-m", "Merge side", "side")
    stop = stopped(tmp_path, root)
    assert "“Merge side”" in stop.reason
    assert updated(tmp_path, root, known_failures=["use"]).output["state"] == "updated"


def test_a_task_mends_a_red_branch_and_both_come_in_as_one_green_commit(tmp_path: Path) -> None:
    root = conflicting(tmp_path)
    before, mine = tip(root), git(root, "rev-parse", "main")
    found = updated(tmp_path, root, mend=True).output
    assert (found["state"], tip(root)) == ("red", before)
    assert git(root, "rev-parse", red_ref(INTO)) == found["commit"]
    other = kept(root, {"b.txt": "B\n"}, base=found["commit"], name="other")
    more = {"base": found["commit"], "head": mine, "mend": True, "scope": ["use.txt", "b.txt"]}
    returned = merged(tmp_path, root, other, **more).output
    assert (returned["state"], tip(root)) == ("returned", before)
    assert returned["findings"][0]["rule"] == "merger.still_red"
    mends = kept(root, {"use.txt": "new\n"}, base=found["commit"], name="mends")
    output = merged(tmp_path, root, mends, run="run-2", **more).output
    assert (output["state"], output["onto"]) == ("merged", before)
    assert git(root, "rev-parse", f"{INTO}^1", f"{INTO}^2").split() == [before, mine]
    # A second task that was built on the red composition goes on top of that.
    late = kept(root, {"late.txt": "x\n"}, base=found["commit"], name="late")
    output = merged(tmp_path, root, late, run="run-3", **{**more, "scope": ["late.txt"]}).output
    assert output["state"] == "merged"
    git(root, "merge", "-q", "--ff-only", INTO)


def test_nothing_is_merged_on_a_branch_that_is_red(tmp_path: Path) -> None:
    root = conflicting(tmp_path)
    git(root, "update-ref", f"refs/heads/{INTO}", kept(root, {"name.txt": "x\n"}, base=INTO))
    bad = tip(root)
    two = kept(root, {"b.txt": "B\n"}, base=INTO, name="two")
    with pytest.raises(AttemptFailed) as stop:
        merged(tmp_path, root, two, base=bad)
    assert stop.value.code == "merger.red_branch"
    assert f"Commit {bad[:12]}" in stop.value.reason
    assert tip(root) == bad
    good = kept(root, {"name.txt": "old\n"}, base=INTO, name="good")
    assert merged(tmp_path, root, good, base=bad).output["state"] == "merged"


def test_a_branch_without_tests_needs_a_person_who_accepts_that(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    git(root, "branch", INTO)
    before = tip(root)
    mine = commit(root, "b.txt", "mine\n")
    for head in ({}, {"commit": mine, "base": before, "head": ""}):
        with pytest.raises(AttemptFailed) as stop:
            updated(tmp_path, root, **head)
        assert (stop.value.code, tip(root)) == ("merger.untested", before)
        assert "`untested = true`" in stop.value.hint
    assert updated(tmp_path, root, untested=True).output["state"] == "updated"


@pytest.mark.parametrize("kind", ["other words", "nothing in common"])
def test_what_conflicts_is_left_to_people(tmp_path: Path, kind: str) -> None:
    root = repository(tmp_path / "r", TESTED)
    if kind == "other words":
        merged(tmp_path, root, kept(root, {"b.txt": "theirs\n"}))
    else:
        git(root, "branch", INTO)
        git(root, "switch", "-q", "--orphan", "fresh")
        (root / "b.txt").write_text("b\n")
        git(root, "add", "b.txt")
    commit(root, "b.txt", "mine\n")
    before = tip(root)
    assert updated(tmp_path, root).output["state"] == "clashing"
    assert tip(root) == before


def test_a_branch_that_is_moved_meanwhile_is_composed_and_tested_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", TESTED)
    git(root, "branch", INTO)
    mine = commit(root, "b.txt", "mine\n")
    others: list[str] = []

    def slow(*args: Any) -> None:
        if len(others) < most:
            name = f"n-{len(others)}"
            others.append(kept(root, {name: "n\n"}, base=INTO, name=name))
            git(root, "update-ref", f"refs/heads/{INTO}", others[-1])
        push(*args)

    most = 2
    monkeypatch.setattr(module, "push", slow)
    assert updated(tmp_path, root).output["state"] == "updated"
    assert git(root, "rev-parse", f"{INTO}^1", f"{INTO}^2").split() == [others[-1], mine]
    most = 100
    commit(root, "b.txt", "mine again\n")
    with pytest.raises(AttemptFailed) as outrun:
        updated(tmp_path, root)
    assert (outrun.value.code, tip(root)) == ("merger.outrun", others[-1])
