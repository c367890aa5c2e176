"""Merges while people and others go on: branches go, checkouts are dirty, disks fill, tasks die."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.merger import merger as module
from missioncontrol.specialists.merger.merge_tests import proved
from tests.agents.repositories import ENVIRONMENT, everything, git, repository
from tests.refs.small_disk import small_disk
from tests.specialists.changes import kept, order_of
from tests.specialists.test_merger import (
    FILES,
    INTO,
    KILLED,
    TEXT,
    asked,
    merged,
    tip,
    users,
    written,
)


def then(monkeypatch: pytest.MonkeyPatch, *argv: str) -> None:
    """Run a command once, when the tests of a merge are over and nothing is written yet."""
    left = [argv]

    def tested(lent: Any, *given: Any) -> Any:
        found = proved(lent, *given)
        if left:
            git(lent.theirs.path, *left.pop())
        return found

    monkeypatch.setattr(module, "proved", tested)


def test_a_branch_that_somebody_deletes_meanwhile_begins_anew_with_all_that_the_change_is_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", FILES)
    merged(tmp_path, root, kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one"))
    first = tip(root)
    two = kept(root, {"b.txt": "B\n"}, base=INTO, name="two")
    then(monkeypatch, "branch", "-D", INTO)
    output = merged(tmp_path, root, two, base=first, run="run-2").output
    assert (output["state"], output["onto"]) == ("merged", first)
    assert git(root, "show", f"{INTO}:a.txt") == written(TEXT, 3, "three").strip()
    assert git(root, "rev-parse", f"{INTO}^") == first


def test_a_dirty_checkout_that_comes_onto_the_branch_meanwhile_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", FILES)
    merged(tmp_path, root, kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one"))
    two = kept(root, {"b.txt": "B\n"}, name="two")
    (root / "b.txt").write_text("half done\n")
    (root / "new.txt").write_text("mine\n")
    then(monkeypatch, "switch", "-q", INTO)
    first = tip(root)
    with pytest.raises(AttemptFailed) as no:
        merged(tmp_path, root, two, run="run-2")
    assert (no.value.code, no.value.retryable) == ("merger.checked_out", False)
    assert tip(root) == git(root, "rev-parse", "HEAD") == first
    assert git(root, "status", "--porcelain").split("\n") == ["M b.txt", "?? new.txt"]
    assert (root / "b.txt").read_text() == "half done\n"
    git(root, "switch", "-q", "main")
    before = users(root)
    assert merged(tmp_path, root, two, run="run-2").output["state"] == "merged"
    assert users(root) == before


def test_a_disk_that_is_really_full_leaves_the_branch_and_lets_the_merge_in_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.0)
    with small_disk(tmp_path / "small") as disk:
        root = repository(disk.path / "r", FILES)
        one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
        disk.fill()
        before = everything(root)
        with pytest.raises(AttemptFailed) as no:
            merged(tmp_path, root, one)
        assert (no.value.code, no.value.retryable) == ("merger.not_written", True)
        disk.free()
        assert everything(root) == before
        assert merged(tmp_path, root, one).output["state"] == "merged"


@pytest.mark.parametrize(
    ("step", "when"),
    [
        ("Lent", "before"),
        ("composed", "after"),
        ("proved", "after"),
        ("push", "before"),
        ("push", "after"),
        ("handed_in", "after"),
    ],
)
def test_of_two_at_once_one_is_killed_and_both_are_merged_once_in_the_end(
    tmp_path: Path, step: str, when: str
) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
    two = kept(root, {"a.txt": written(TEXT, 17, "seventeen")}, name="two")
    before = users(root)
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED, step, when, str(tmp_path / "killed")],
        stdin=subprocess.PIPE,
        env={**ENVIRONMENT, "PYTHONPATH": str(Path(module.__file__).parents[3])},
        start_new_session=True,
    )
    with killed, ThreadPoolExecutor(1) as pool:
        order = msgspec.json.encode(order_of(asked(root, one), run="run-1"))
        dying = pool.submit(killed.communicate, order)
        other = merged(tmp_path, root, two, run="run-2")
        dying.result()
    assert killed.returncode == -signal.SIGKILL
    again = merged(tmp_path, root, one)
    assert (other.output["state"], again.output["state"]) == ("merged", "merged")
    runs = git(root, "log", "--format=%(trailers:key=Mission-Run,valueonly)", f"main..{INTO}")
    assert sorted(runs.split()) == ["run-1", "run-2"]
    both = written(written(TEXT, 3, "three"), 17, "seventeen")
    assert git(root, "show", f"{INTO}:a.txt") == both.strip()
    git(root, "fsck", "--strict")
    assert users(root) == before
