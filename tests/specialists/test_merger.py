"""Merges into a branch of ours: composed and tested elsewhere, accepted whole or not at all."""

import hashlib
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import push
from missioncontrol.specialists.commits.step_scope import outside
from missioncontrol.specialists.merger import merger as module
from missioncontrol.specialists.merger.merge_tests import proved
from tests.agents.repositories import ENVIRONMENT, everything, git, repository
from tests.specialists.changes import SHOP, desk_in, done, kept, order_of

INTO = "mission/main"
TEXT = "".join(f"{number}\n" for number in range(1, 21))
FILES = {"a.txt": TEXT, "b.txt": "b\n"}
MAKE = {"Makefile": "test:\n\t@cat said.txt; ! grep -q ^not said.txt\n", "said.txt": "ok 1\n"}


def asked(root: Path, commit: str, *, base: str = "main", **more: Any) -> dict[str, Any]:
    inputs = {"repository": str(root), "commit": commit, "base": base, "into": INTO}
    return {**inputs, "message": "Change it", "untested": True, **more}


def merged(tmp_path: Path, root: Path, commit: str, *, run: str = "run-1", **more: Any) -> Work:
    return done("merger", desk_in(tmp_path), asked(root, commit, **more), run=run)


def written(text: str, line: int, word: str) -> str:
    return text.replace(f"\n{line}\n", f"\n{word}\n")


def tip(root: Path) -> str:
    return git(root, "rev-parse", f"refs/heads/{INTO}")


def tree(root: Path, commit: str) -> str:
    return git(root, "rev-parse", f"{commit}^{{tree}}")


def users(root: Path) -> dict[str, Any]:
    """Return all of the user's: files, index, HEAD, settings and logs, without what is ours."""
    ours = ("objects/", "refs/heads/mission/", "refs/mission/", "logs/refs/heads/mission/")
    return {
        name: state
        for name, state in everything(root).items()
        if not name.startswith(tuple(f".git/{each}" for each in ours))
    }


# What fits.


def test_the_first_change_begins_the_branch_as_one_commit(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    first = kept(root, {"b.txt": "b2\n"}, name="one")
    commit = kept(root, {"c.txt": "c\n"}, base=first, name="two")
    (root / "a.txt").write_text("half done\n")
    git(root, "switch", "-q", "--detach")
    before = users(root)
    work = merged(tmp_path, root, commit, task="12 Add c")
    assert users(root) == before
    output = work.output
    assert (output["state"], output["rebased"], output["files"]) == ("merged", False, 2)
    assert output["commit"] == tip(root)
    assert output["onto"] == git(root, "rev-parse", "main")
    assert git(root, "log", "--format=%an %ae %s", f"main..{INTO}").splitlines() == [
        "Mission Control mission-control@localhost Change it"
    ]
    last = git(root, "log", "-1", "--format=%(trailers)", INTO).splitlines()
    assert last == [
        "Mission-Run: run-1",
        "Mission-Step: step",
        "Mission-Task: 12 Add c",
        f"Mission-Source: {commit}",
    ]
    assert git(root, "rev-parse", f"{INTO}^{{tree}}") == git(
        root, "rev-parse", f"{commit}^{{tree}}"
    )


def test_a_change_of_other_lines_is_put_on_top_of_what_others_did(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
    two = kept(root, {"a.txt": written(TEXT, 17, "seventeen"), "b.txt": None}, name="two")
    merged(tmp_path, root, one)
    onto = tip(root)
    desk = desk_in(tmp_path)
    work = done("merger", desk, asked(root, two), run="run-2")
    assert (work.output["state"], work.output["rebased"]) == ("merged", True)
    assert work.output["onto"] == onto == git(root, "rev-parse", f"{INTO}^")
    both = written(written(TEXT, 3, "three"), 17, "seventeen")
    assert git(root, "show", f"{INTO}:a.txt") == both.strip()
    assert git(root, "ls-tree", "--name-only", INTO) == "a.txt"
    # The patch is what was merged: it makes of the branch before what it is now.
    git(root, "switch", "-q", "--detach", onto)
    git(root, "apply", "--index", str(desk.directory / "changes.patch"))
    assert git(root, "write-tree") == tree(root, INTO)


def test_a_file_that_was_renamed_takes_the_change_along(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": None, "moved.txt": TEXT}, name="one")
    two = kept(root, {"a.txt": written(TEXT, 5, "five")}, name="two")
    merged(tmp_path, root, one)
    assert merged(tmp_path, root, two).output["state"] == "merged"
    assert git(root, "show", f"{INTO}:moved.txt") == written(TEXT, 5, "five").strip()


def test_what_the_branch_has_already_is_not_merged_twice(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"b.txt": "b2\n"}, name="one")
    again = kept(root, {"b.txt": "b2\n"}, name="again")
    merged(tmp_path, root, one)
    before = tip(root)
    same = merged(tmp_path, root, one)
    assert (same.output["state"], same.output["commit"]) == ("merged", before)
    assert "earlier attempt" in same.output["reason"]
    other = merged(tmp_path, root, again, run="run-2")
    assert (other.output["state"], other.output["commit"]) == ("merged", before)
    assert "has all of the change already" in other.output["reason"]
    assert tip(root) == before


def test_file_names_of_every_kind_are_merged_and_told(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    names = ['we ird"\n`name`.txt', "-rf", ":(glob)*", "tab\t|x|.txt", "ü/\u202e.txt"]
    one = kept(root, dict.fromkeys(names, "one\n"), name="one")
    two = kept(root, dict.fromkeys(names, "two\n"), name="two")
    assert merged(tmp_path, root, one).output["files"] == len(names)
    output = merged(tmp_path, root, two).output
    assert sorted(each["path"] for each in output["conflicts"]) == sorted(names)
    assert {each["reason"] for each in output["conflicts"]} == {
        "both added it with different contents"
    }


# What does not fit.


def test_a_change_of_the_same_lines_is_returned_with_whose_they_are(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": "new\n" + written(TEXT, 7, "seven")}, name="one")
    two = kept(root, {"a.txt": written(TEXT, 7, "VII")}, name="two")
    merged(tmp_path, root, one, task="3 Spell numbers")
    before = everything(root)
    desk = desk_in(tmp_path)
    work = done("merger", desk, asked(root, two), run="run-2")
    assert everything(root) == before
    (conflict,) = work.output["conflicts"]
    assert conflict["path"] == "a.txt"
    assert conflict["reason"] == "both changed the same lines"
    assert (conflict["ours"], conflict["commit"]) == ("3 Spell numbers", tip(root))
    assert conflict["lines"] == [{"first": 8, "last": 8}]
    assert (work.output["state"], work.output["commit"]) == ("returned", "")
    (finding,) = work.output["findings"]
    assert (finding["rule"], finding["line"], finding["blocking"]) == ("merger.conflict", 8, True)
    text = (desk.directory / "conflict.md").read_text()
    assert "3 Spell numbers" in text
    assert "```\nseven\n```" in text
    assert "```\nVII\n```" in text
    assert f"Begin again at `{tip(root)}`" in text


@pytest.mark.parametrize(
    ("ours", "change", "reason"),
    [
        ({"b.txt": None}, {"b.txt": "B\n"}, "mission/main deleted it, and the change changes it"),
        ({"b.txt": "B\n"}, {"b.txt": None}, "the change deletes it, and mission/main changed it"),
        ({"n": "1\n"}, {"n": "2\n"}, "both added it with different contents"),
        ({"a.txt": None, "x": TEXT}, {"a.txt": None, "y": TEXT}, "renamed differently"),
        ({"n": "1\n"}, {"n/m": "2\n"}, "a file on one side is a directory on the other"),
    ],
)
def test_every_kind_of_conflict_is_told(
    tmp_path: Path, ours: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    root = repository(tmp_path / "r", FILES)
    one, two = kept(root, ours, name="one"), kept(root, change, name="two")
    merged(tmp_path, root, one)
    output = merged(tmp_path, root, two).output
    assert output["state"] == "returned"
    assert any(each["reason"].startswith(reason) for each in output["conflicts"])


@pytest.mark.journey
def test_a_change_that_is_clean_as_text_and_breaks_a_test_is_returned(tmp_path: Path) -> None:
    caller = "from shop import total\n\n\ndef test_new():\n    assert total([2]) == 2\n"
    known = SHOP["tests/test_shop.py"].partition("\n\n\ndef test_known")[0]
    shop = {**SHOP, "tests/test_shop.py": f"{known}\n"}
    renamed = {name: text.replace("total", "summed") for name, text in shop.items()}
    root = repository(tmp_path / "r", shop)
    one = kept(root, {**renamed}, name="one")
    two = kept(root, {"tests/test_new.py": caller}, name="two")
    git(root, "branch", INTO, one)
    before = everything(root)
    output = merged(tmp_path, root, two).output
    assert everything(root) == before
    assert (output["state"], output["conflicts"], output["rebased"]) == ("returned", [], True)
    (broken,) = output["checks"]["broken"]
    assert "tests.test_new" in broken["test"]
    assert "cannot import name 'total'" in broken["message"]
    assert "that held before would fail on mission/main" in output["reason"]


def test_a_check_that_held_has_to_hold(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    one = kept(root, {"x.txt": "x\n"}, name="one")
    checks = [["test", "!", "-e", "x.txt"], ["false"]]
    output = merged(tmp_path, root, one, checks=checks).output
    assert output["state"] == "returned"
    assert [each["test"] for each in output["checks"]["broken"]] == ["test ! -e x.txt"]
    with pytest.raises(AttemptFailed) as stop:
        merged(tmp_path, root, one, checks=checks[1:])
    assert stop.value.code == "merger.red_branch"
    work = merged(tmp_path, root, one, checks=checks[1:], known_failures=["false"])
    assert work.output["state"] == "merged"


def test_tests_that_run_out_of_time_prove_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"Makefile": "test:\n\t@sleep 60\n"})
    one = kept(root, {"x.txt": "x\n"})
    with pytest.raises(AttemptFailed) as refusal:
        done("merger", desk_in(tmp_path, seconds=9.0), asked(root, one))
    assert refusal.value.code == "merger.no_time"
    assert git(root, "for-each-ref", "refs/heads/mission") == ""


@pytest.mark.parametrize("commit", ["", "empty"])
def test_an_empty_change_is_returned(tmp_path: Path, commit: str) -> None:
    root = repository(tmp_path / "r", FILES)
    output = merged(tmp_path, root, commit and kept(root, {})).output
    assert output["state"] == "returned"
    assert output["findings"][0]["rule"] == "merger.nothing_changed"


def test_files_outside_of_the_scope_are_returned_by_name(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": "A\n", "sub/b.txt": "B\n", "b.txt": "B\n"})
    output = merged(tmp_path, root, one, scope=["a.txt", "b.txt"]).output
    assert [each["path"] for each in output["findings"]] == ["sub/b.txt"]
    assert merged(tmp_path, root, one, scope=["*.txt"]).output["state"] == "merged"


def test_a_scope_names_paths_directories_and_patterns() -> None:
    paths = ["app/[id]/page.tsx", "src/a.py", "README.md", "docs/README.md", "tests/x/y.py"]
    assert outside([], paths) == []
    assert outside(["app/[id]/page.tsx", "src", "README.md"], paths) == paths[3:]
    assert outside(["**/*.py", "app/", "./docs/README.md"], paths) == ["README.md"]


def agreed(root: Path, name: str) -> list[dict[str, str]]:
    return [{"path": name, "digest": hashlib.sha256((root / name).read_bytes()).hexdigest()}]


@pytest.mark.parametrize("when", ["before", "tested"])
@pytest.mark.parametrize("edit", ["Other words.\n", None, "away"])
def test_a_document_that_was_edited_since_it_was_agreed_to_returns_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, edit: str | None
) -> None:
    root = repository(tmp_path / "r", {**FILES, "tasks/1/spec.md": "Words.\n"})
    commit, spec = kept(root, {"b.txt": "B\n"}), agreed(root, "tasks/1/spec.md")
    before = git(root, "for-each-ref")

    def write() -> None:
        (root / "tasks/1/spec.md").unlink()
        if edit == "away":
            (tmp_path / "away.md").write_text("Words.\n")
            (root / "tasks/1/spec.md").symlink_to(tmp_path / "away.md")
        elif edit is not None:
            (root / "tasks/1/spec.md").write_text(edit)

    def tested(*given: Any) -> Any:
        found = proved(*given)
        write()
        return found

    if when == "before":
        write()
    else:
        monkeypatch.setattr(module, "proved", tested)
    output = merged(tmp_path, root, commit, agreed=spec).output
    assert (output["state"], output["commit"]) == ("returned", "")
    (finding,) = output["findings"]
    assert (finding["rule"], finding["path"]) == ("merger.other_version", "tasks/1/spec.md")
    assert "`mission repo sync`" in finding["remedy"]
    assert git(root, "for-each-ref") == before
    (root / "tasks/1/spec.md").unlink(missing_ok=True)
    (root / "tasks/1/spec.md").write_text("Words.\n")
    monkeypatch.undo()
    assert merged(tmp_path, root, commit, agreed=spec).output["state"] == "merged"
    # What is merged already stays so, whatever is written afterwards.
    (root / "tasks/1/spec.md").write_text("Later.\n")
    assert merged(tmp_path, root, commit, agreed=spec).output["state"] == "merged"


# What is refused.


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"into": "main"}, "merger.bad_branch", "begins with `mission/`"),
        ({"into": "mission/../main"}, "merger.bad_branch", "letters"),
        ({"into": "refs/heads/mission/x"}, "merger.bad_branch", "begins with"),
        ({"into": "mission/"}, "merger.bad_branch", "letters"),
        ({"base": ""}, "merger.bad_input", "`base`"),
        ({"base": "nowhere"}, "merger.no_commit", "builder"),
        ({"commit": "1" * 40}, "merger.no_commit", "builder"),
        ({"scope": ["../x"]}, "merger.bad_input", "gitignore"),
        ({"scope": "a.txt"}, "merger.bad_input", "takes"),
        ({"agreed": [{"path": "a.txt"}]}, "merger.bad_input", "takes"),
    ],
)
def test_what_cannot_be_merged_is_refused(tmp_path: Path, more: Any, code: str, words: str) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, {"b.txt": "B\n"})
    before = everything(root)
    with pytest.raises(AttemptFailed) as refusal:
        merged(tmp_path, root, **{"commit": commit, **more})
    assert (refusal.value.code, refusal.value.retryable) == (code, False)
    assert words in refusal.value.hint
    assert everything(root) == before


def test_a_base_that_the_change_was_not_made_on_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, {"b.txt": "B\n"})
    (root / "a.txt").write_text("later\n")
    git(root, "commit", "-qam", "Later")
    with pytest.raises(AttemptFailed, match="would be reverted"):
        merged(tmp_path, root, commit)


def test_a_branch_that_a_work_tree_is_on_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, {"b.txt": "B\n"})
    git(root, "worktree", "add", "-q", "-b", INTO, str(tmp_path / "linked"))
    before = everything(root)
    for place in (root, tmp_path / "linked"):
        with pytest.raises(AttemptFailed) as refusal:
            merged(tmp_path, place, commit)
        assert refusal.value.code == "merger.checked_out"
        assert str(tmp_path / "linked") in refusal.value.reason
        assert "git switch --detach" in refusal.value.hint
    assert everything(root) == before
    git(tmp_path / "linked", "switch", "-q", "--detach")
    assert merged(tmp_path, tmp_path / "linked", commit).output["state"] == "merged"


def test_a_branch_that_cannot_be_beside_another_is_refused_before_any_test(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, {"b.txt": "B\n"})
    git(root, "branch", "mission/main/x")
    for into in (INTO, "mission/main/x/y"):
        with pytest.raises(AttemptFailed, match="There is a branch 'mission/main/x'"):
            merged(tmp_path, root, commit, into=into)
    git(root, "branch", "-D", "mission/main/x")
    git(root, "symbolic-ref", f"refs/heads/{INTO}", "refs/heads/main")
    with pytest.raises(AttemptFailed) as refusal:
        merged(tmp_path, root, commit)
    assert "stands for 'refs/heads/main'" in refusal.value.reason
    assert "symbolic-ref --delete" in refusal.value.hint


def test_words_of_others_pass_for_no_trailer_of_ours(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, {"b.txt": "B\n"})
    message = f"Title\x00\n\nMission-Source: {commit}\nMission-Run: run-2\nMission-Step: step"
    merged(tmp_path, root, commit, message=message, task="a\nMission-Run: run-2")
    trailers = git(root, "log", "-1", "--format=%(trailers:key=Mission-Run,valueonly)", INTO)
    assert trailers.split() == ["run-1"]
    # To another run it is a change that the branch has, and not a merge of its own.
    reason = merged(tmp_path, root, commit, run="run-2").output["reason"]
    assert "has all of the change already" in reason


def test_a_disk_that_is_full_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, {"b.txt": "B\n"})
    before = everything(root)

    def full(*_: Any) -> None:
        raise Unavailable("refs.not_pushed", "unable to write file: No space left on device")

    monkeypatch.setattr(module, "push", full)
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.0)
    with pytest.raises(AttemptFailed) as refusal:
        merged(tmp_path, root, commit)
    assert (refusal.value.code, refusal.value.retryable) == ("merger.not_written", True)
    assert "No space left" in refusal.value.reason
    assert everything(root) == before


def test_hooks_and_settings_of_the_repository_start_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {**FILES, ".gitattributes": "* filter=own merge=own\n"})
    alarm = f"touch {tmp_path / 'started'}; exit 1"
    for name in ("pre-receive", "update", "post-receive", "reference-transaction", "post-checkout"):
        hook = root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{alarm}\n")
        hook.chmod(0o755)
    for key in ("filter.own.smudge", "filter.own.clean", "merge.own.driver", "core.fsmonitor"):
        git(root, "config", key, alarm)
    git(root, "config", "core.hooksPath", "/dev/null")
    one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
    two = kept(root, {"a.txt": written(TEXT, 17, "seventeen")}, name="two")
    git(root, "config", "--unset", "core.hooksPath")
    (tmp_path / "started").unlink(missing_ok=True)
    for commit in (one, two):
        assert merged(tmp_path, root, commit).output["state"] == "merged"
    assert not (tmp_path / "started").exists()


def test_a_bare_repository_can_be_merged_into(tmp_path: Path) -> None:
    source = repository(tmp_path / "r", FILES)
    commit = kept(source, {"b.txt": "B\n"})
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--mirror", str(source), str(bare))
    assert merged(tmp_path, bare, commit).output["state"] == "merged"
    assert tip(bare) != git(bare, "rev-parse", "main")


# Others, and the end of the world.


def test_whoever_was_slower_composes_anew_on_what_is_there_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path / "r", FILES)
    two = kept(root, {"b.txt": "B\n"}, name="two")
    count = 0

    def slow(*args: Any) -> None:
        nonlocal count
        if count < most:
            count += 1
            other = kept(root, {f"other-{count}": "x\n"}, base=before(), name=f"other-{count}")
            git(root, "update-ref", f"refs/heads/{INTO}", other)
        push(*args)

    def before() -> str:
        return INTO if git(root, "for-each-ref", f"refs/heads/{INTO}") else "main"

    most = 2
    monkeypatch.setattr(module, "push", slow)
    output = merged(tmp_path, root, two).output
    assert (output["state"], output["rebased"]) == ("merged", True)
    assert git(root, "ls-tree", "--name-only", INTO).split() == [
        *("a.txt", "b.txt", "other-1", "other-2")
    ]
    three = kept(root, {"c.txt": "c\n"}, name="three")
    count, most = 2, 100
    output = merged(tmp_path, root, three).output
    assert (output["state"], output["findings"][0]["rule"]) == ("returned", "merger.outrun")
    assert count == 2 + module.TRIES_MAX


@pytest.mark.journey
def test_eight_at_once_lose_nothing_and_leave_one_line_of_commits(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commits = [
        kept(root, {f"new-{n}": "x\n", "a.txt": written(TEXT, 2 * n + 3, f"by {n}")}, name=f"{n}")
        for n in range(8)
    ]

    def put(number: int) -> None:
        for _ in range(8):
            output = merged(tmp_path, root, commits[number], run=f"run-{number}").output
            if output["state"] == "merged":
                return
            assert output["findings"][0]["rule"] == "merger.outrun"
        raise AssertionError(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    lines = git(root, "log", "--format=%P|%(trailers:key=Mission-Run,valueonly)", f"main..{INTO}")
    entries = [line.split("|") for line in lines.splitlines() if line]
    assert sorted(run for _, run in entries) == sorted(f"run-{n}" for n in range(8))
    assert all(len(parents.split()) == 1 for parents, _ in entries)
    expected = TEXT
    for n in range(8):
        expected = written(expected, 2 * n + 3, f"by {n}")
    assert git(root, "show", f"{INTO}:a.txt") == expected.strip()


KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from missioncontrol.ports import wire
from missioncontrol.specialists.briefs import brief_of
from missioncontrol.specialists.merger import merger, outcome
from missioncontrol.testing.local_workspace import LocalDesk

def dies(name, room, when):
    inner = getattr(room, name)
    def wrapped(*args, **more):
        if when == "before":
            os.killpg(0, signal.SIGKILL)
        found = inner(*args, **more)
        os.killpg(0, signal.SIGKILL)
    setattr(room, name, wrapped)

room = {"handed_in": merger, "push": merger, "proved": merger, "composed": merger, "Lent": merger}
dies(sys.argv[1], room[sys.argv[1]], sys.argv[2])
order = msgspec.json.decode(sys.stdin.buffer.read(), type=wire.Order)
merger.Merger().work(brief_of("merger", order, 60.0), LocalDesk(Path(sys.argv[3])))
"""


@pytest.mark.parametrize(
    ("step", "when", "is_merged"),
    [
        ("Lent", "after", False),
        ("composed", "after", False),
        ("proved", "after", False),
        ("push", "before", False),
        ("push", "after", True),
        ("handed_in", "after", True),
    ],
)
def test_a_killed_merger_leaves_all_as_it_was_or_merged_and_the_next_one_knows(
    tmp_path: Path, step: str, when: str, is_merged: bool
) -> None:
    root = repository(tmp_path / "r", FILES)
    one = kept(root, {"a.txt": written(TEXT, 3, "three")}, name="one")
    two = kept(root, {"a.txt": written(TEXT, 17, "seventeen")}, name="two")
    first = merged(tmp_path, root, one, run="run-0").output["commit"]
    before = everything(root)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, step, when, str(tmp_path / "killed")],
        input=msgspec.json.encode(order_of(asked(root, two))),
        env={**ENVIRONMENT, "PYTHONPATH": str(Path(module.__file__).parents[3])},
        start_new_session=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert (tip(root) != first) is is_merged
    if not is_merged:
        assert everything(root) == before
    git(root, "fsck", "--strict")
    output = merged(tmp_path, root, two).output
    assert (output["state"], output["onto"], output["rebased"]) == ("merged", first, True)
    assert (output["commit"], git(root, "rev-parse", f"{INTO}^")) == (tip(root), first)


def test_a_list_that_keeps_both_sides_by_its_attributes_does_not_conflict(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {**FILES, ".gitattributes": "b.txt merge=union\n"})
    one, two = (
        kept(root, {"b.txt": "b\n1\n"}, name="one"),
        kept(root, {"b.txt": "b\n2\n"}, name="two"),
    )
    merged(tmp_path, root, one)
    assert merged(tmp_path, root, two).output["state"] == "merged"
