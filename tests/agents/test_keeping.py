"""What an attempt leaves is a commit in the user's repository, whatever ended it."""

import asyncio
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from missioncontrol.adapters.worktrees import (
    SavedCommit,
    Tree,
    apply_patch,
    patch_of,
    save_commit,
    sweep,
    worktree,
)
from missioncontrol.ports.agent import Assignment, AttemptFailed
from tests.agents.repositories import everything, git, repository

ASSIGNMENT = Assignment("run-1", "w", "build", 1, 7, "run-1/build", "codex")
REF = "refs/mission/kept/run-1/build-1"
ENVIRONMENT = {**os.environ, "PYTHONPATH": "src:."}


def shell(script: str) -> Callable[[Tree], object]:
    def work(tree: Tree) -> None:
        subprocess.run(["/bin/sh", "-ec", script], cwd=tree.cwd, check=True, capture_output=True)

    return work


def kept(
    root: Path, source: Path, work: Callable[[Tree], object], *, base: str = ""
) -> SavedCommit:
    """Have `work` change a tree of `source`; return the commit that is saved of it."""

    async def story() -> SavedCommit:
        async with worktree(root / "t", ASSIGNMENT, source, base=base, scrub=str) as tree:
            work(tree)
            return await save_commit(tree.place, str)

    return asyncio.run(story())


def refs(source: Path) -> dict[str, str]:
    lines = git(source, "for-each-ref", "--format=%(refname) %(objectname)", "refs/mission")
    return dict(line.split(" ", 1) for line in lines.splitlines())


def files(source: Path, commit: str) -> list[str]:
    return git(source, "ls-tree", "-r", "--name-only", commit).splitlines()


def test_the_final_state_is_one_commit_on_top_of_the_base(tmp_path: Path) -> None:
    source = repository(tmp_path / "r", {".gitignore": "*.log\n", "a.txt": "a\n", "b.txt": "b\n"})
    head = git(source, "rev-parse", "HEAD")
    script = "echo 1 > c.txt; git add -A; git commit -qm own; echo 2 >> a.txt; rm b.txt; : > x.log"
    found = kept(tmp_path, source, shell(f"{script}; git init -q inner; : > inner/f"))
    assert found.ref == REF
    assert refs(source) == {REF: found.commit}
    assert files(source, REF) == [".gitignore", "a.txt", "c.txt"]
    assert git(source, "show", f"{REF}:a.txt") == "a\n2"
    assert git(source, "log", "--format=%P|%an <%ae>|%cn <%ce>", "-1", REF) == (
        f"{head}|" + "|".join(["Mission Control <mission-control@localhost>"] * 2)
    )
    assert git(source, "log", "--format=%B", "-1", REF) == (
        "Keep what codex left of step build, attempt 1\n\n"
        "Mission-Run: run-1\nMission-Step: build\nMission-Attempt: 1\nMission-Agent: codex"
    )
    assert not list((tmp_path / "t").glob("*/*"))


def test_where_nothing_changed_there_is_nothing(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    before = everything(source)
    assert kept(tmp_path, source, shell("git commit -q --allow-empty -m x")) == SavedCommit("", "")
    assert kept(tmp_path, source, lambda tree: shutil.rmtree(tree.path)) == SavedCommit("", "")
    assert everything(source) == before


@pytest.mark.parametrize("end", ["failed", "cancelled", "timed out"])
def test_it_is_kept_whatever_the_end(tmp_path: Path, end: str) -> None:
    source = repository(tmp_path / "r")

    async def attempt(limit: asyncio.Timeout) -> None:
        async with worktree(tmp_path / "t", ASSIGNMENT, source, scrub=str) as tree:
            (tree.path / "half.txt").write_text("half\n")
            if end == "failed":
                raise AttemptFailed("codex.failed", "It broke.")
            if end == "cancelled":
                asyncio.current_task().cancel()  # type: ignore[union-attr]
            if end == "timed out":
                limit.reschedule(0)
            await asyncio.sleep(60)

    async def story() -> None:
        async with asyncio.timeout(None) as limit:
            await attempt(limit)

    with pytest.raises((AttemptFailed, asyncio.CancelledError, TimeoutError)):
        asyncio.run(story())
    assert git(source, "show", f"{REF}:half.txt") == "half"


def test_a_state_kept_before_by_the_same_attempt_stays_beside_it(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    first = kept(tmp_path, source, shell("echo 1 > one.txt"))
    second = kept(tmp_path, source, shell("echo 2 > two.txt"))
    assert refs(source) == {REF: first.commit, f"{REF}.2": second.commit}
    assert kept(tmp_path, source, shell("echo 2 > two.txt")) == second
    assert kept(tmp_path, source, shell("echo 1 > one.txt")) == first
    assert len(refs(source)) == 2


def test_the_next_attempt_begins_at_what_is_kept(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    first = kept(tmp_path, source, shell("echo 1 > one.txt"))
    git(source, "reflog", "expire", "--expire=now", "--all")
    git(source, "gc", "-q", "--prune=now")
    for base in (first.commit, first.ref):
        work = shell("cat one.txt && echo 2 > two.txt")
        second = kept(tmp_path, source, work, base=base)
        assert git(source, "rev-parse", f"{second.commit}^") == first.commit


def test_repositories_without_commits_bare_or_shallow_keep_it_too(tmp_path: Path) -> None:
    empty = repository(tmp_path / "empty", {})
    found = kept(tmp_path, empty, shell("echo 1 > one.txt"))
    assert git(empty, "rev-list", "--count", found.commit) == "1"
    origin = repository(tmp_path / "origin")
    git(origin, "commit", "-q", "--allow-empty", "-m", "Second")
    git(tmp_path, "clone", "-q", "--bare", str(origin), "bare")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", "shallow")
    git(origin, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    for name in ("bare", "shallow", "linked"):
        found = kept(tmp_path, tmp_path / name, shell("echo 1 > one.txt"))
        again = kept(tmp_path, tmp_path / name, shell("echo 2 > two.txt"), base=found.commit)
        assert "one.txt" in files(tmp_path / name, again.commit)
        git(tmp_path / name, "fsck")


def test_what_an_earlier_step_changed_is_in_it_whatever_the_agent_prunes(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")

    async def story() -> SavedCommit:
        async with worktree(tmp_path / "t", ASSIGNMENT, source) as tree:
            shell("echo 1 > one.txt")(tree)
            patch = (await patch_of(tree)).content
        async with worktree(tmp_path / "t", ASSIGNMENT, source, scrub=str) as tree:
            await apply_patch(tree, patch, "Changes of step first")
            shell("git update-ref -d HEAD; git gc -q --prune=now; rm -rf .git; : > two")(tree)
            return await save_commit(tree.place, str)

    found = asyncio.run(story())
    assert git(source, "show", f"{found.commit}:one.txt") == "1"
    assert "two" in files(source, found.commit)


def test_a_dirty_checkout_stays_byte_for_byte(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    (source / "README.md").write_text("stashed\n")
    git(source, "stash")
    (source / "README.md").write_text("dirty\n")
    (source / "untracked.txt").write_text("mine\n")
    (source / "staged.txt").write_text("staged\n")
    git(source, "add", "staged.txt")
    before = everything(source)
    kept(tmp_path, source, shell("git stash -q; git checkout -q -b main2; echo x > README.md"))
    after = everything(source)
    assert {name: after[name] for name in before} == before
    new = {n for n in after if n not in before and not n.startswith(".git/objects/")}
    assert new == {f".git/{REF}"}


def test_its_base_may_have_lost_its_branch_meanwhile(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    git(source, "checkout", "-q", "-b", "topic")
    git(source, "commit", "-q", "--allow-empty", "-m", "Second")
    git(source, "checkout", "-q", "main")

    def work(tree: Tree) -> None:
        (tree.path / "x.txt").write_text("x\n")
        git(source, "branch", "-D", "topic")

    found = kept(tmp_path, source, work, base="topic")
    git(source, "reflog", "expire", "--expire=now", "--all")
    git(source, "gc", "-q", "--prune=now")
    assert git(source, "log", "--format=%s", f"{found.commit}^") == "Second\nFirst"


def test_files_that_may_not_be_read_or_have_odd_names_are_kept(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")

    def work(tree: Tree) -> None:
        for name in (b"new\nline", b"-rf", b":(top)x", b"\xff\xfe", b"a b", b"'\"$(id)"):
            (tree.path / os.fsdecode(name)).write_text("x")
        shell("mkdir s; echo 1 > s/f; mkfifo pipe; chmod 0 s/f s")(tree)

    found = kept(tmp_path, source, work)
    assert git(source, "show", f"{found.commit}:s/f") == "1"
    assert len(files(source, found.commit)) == 9


def test_secrets_are_taken_out_of_what_was_changed(tmp_path: Path) -> None:
    source = repository(tmp_path / "r", {"old.txt": "canary-42\n", "both.txt": "canary-42\n"})

    async def story() -> SavedCommit:
        def scrub(text: str) -> str:
            return text.replace("canary-42", "[secret]")

        async with worktree(tmp_path / "t", ASSIGNMENT, source, scrub=scrub) as tree:
            (tree.path / "both.txt").write_text("canary-42\ncanary-42 again\n")
            (tree.path / "bi\nn").write_bytes(b"\xff\0canary-42\xfe")
            (tree.path / "run.sh").write_text("echo canary-42\n")
            (tree.path / "run.sh").chmod(0o755)
            (tree.path / "link").symlink_to("canary-42")
            (tree.path / "large").write_bytes(b"x" * 17_000_000 + b"canary-42")
            (tree.path / "plain").write_text("plain\n")
            first = await save_commit(tree.place, scrub)
        assert list(refs(source)) == [REF]
        return first

    found = asyncio.run(story())
    shown = git(source, "grep", "-l", "-a", "-e", "canary-42", found.commit)
    assert shown == f"{found.commit}:old.txt"  # It stood there before.
    assert git(source, "show", f"{found.commit}:both.txt") == "[secret]\n[secret] again"
    assert git(source, "show", f"{found.commit}:link") == "[secret]"
    assert git(source, "ls-tree", found.commit, "run.sh").startswith("100755")
    assert git(source, "show", f"{found.commit}:plain") == "plain"
    git(source, "fsck")


def test_a_tree_that_leads_elsewhere_is_not_looked_into(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o500)
    (elsewhere / "private").write_text("mine\n")

    def work(tree: Tree) -> None:
        tree.path.rename(tree.place / "away")
        tree.path.symlink_to(elsewhere)

    assert kept(tmp_path, source, work) == SavedCommit("", "")
    assert (elsewhere / "private").exists()
    assert elsewhere.stat().st_mode & 0o777 == 0o500


def killed(what: str, places: dict[Path, int]) -> list[bool]:
    """Return which of the engines at these places were killed, each at its step."""
    argv = ["-m", "tests.agents.killed_keeping", what]
    argv += [f"{step}={place}" for place, step in places.items()]
    done = subprocess.run([sys.executable, *argv], env=ENVIRONMENT, check=True, capture_output=True)
    codes = [int(line) for line in done.stdout.split()]
    assert set(codes) <= {0, -signal.SIGKILL}
    return [code != 0 for code in codes]


STEPS = (*range(1, 22), 30, 40, 500)
"""Those of keeping and then some while the tree is removed; the last one is never reached."""


@pytest.mark.journey
def test_an_engine_killed_at_any_step_of_keeping_loses_nothing(tmp_path: Path) -> None:
    first = repository(tmp_path / "r")
    shutil.rmtree(first / ".git/hooks", ignore_errors=True)
    wanted = changed(first)
    before = everything(first)
    steps = {tmp_path / str(step): step for step in STEPS}
    for place in steps:
        shutil.copytree(first, place / "r")
    were_killed = killed("end", steps)
    assert were_killed == [step < 500 for step in STEPS]
    notes = [any((place / "t").glob("*/*/keep.json")) for place in steps]
    have_pushed = [bool(refs(place / "r")) for place in steps]
    stages = list(zip(notes, have_pushed, strict=True))
    # Before the commit is there; when it is there unnoticed; while the tree is removed.
    assert list(dict.fromkeys(stages)) == [(True, False), (True, True), (False, True)]
    # The next engine is killed too, each somewhere in its sweep; the one after it is not.
    assert any(killed("sweep", {place: step * 5 % 17 + 1 for place, step in steps.items()}))
    asyncio.run(swept(list(steps)))
    for place in steps:
        source = place / "r"
        assert list(refs(source)) == [REF]
        assert git(source, "rev-parse", f"{REF}^{{tree}}") == wanted
        after = everything(source)
        assert {name: after[name] for name in before} == before
        assert not list((place / "t").glob("*/*"))
    git(source, "fsck")


def changed(source: Path) -> str:
    """Return the id of the tree that has to be saved."""
    lines = [
        f"100644 blob {git(source, 'hash-object', '--stdin', stdin=text)}\t{name}"
        for name, text in (("README.md", b"changed\n"), ("new.txt", b"new\n"))
    ]
    lines += git(source, "ls-tree", "HEAD", "src").splitlines()
    return git(source, "mktree", "--missing", stdin="\n".join(lines).encode())


async def swept(places: list[Path]) -> None:
    for place in places:
        await sweep(place / "t", str)


def has_begun(place: Path, objects: set[Path] | None) -> bool:
    """Whether there are more than these objects; or, without any, whether the work is done."""
    if objects is not None:
        return set((place / "r").glob(".git/objects/*")) > objects
    return any((place / "t").glob("*/*/tree/new.txt"))


@pytest.mark.journey
def test_a_push_killed_at_any_time_with_all_that_it_started_loses_nothing(tmp_path: Path) -> None:
    first = repository(tmp_path / "r")
    chance = random.Random(8)
    for number in range(5):
        place = tmp_path / str(number)
        source = place / "r"
        shutil.copytree(first, source)
        argv = ["-m", "tests.agents.killed_keeping", "alone", str(place)]
        engine = subprocess.Popen(
            [sys.executable, *argv],
            env=ENVIRONMENT,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        # Every other one dies when receive-pack has begun, the others when the work has ended.
        before = set(source.glob(".git/objects/*"))
        while engine.poll() is None and not has_begun(place, before if number % 2 else None):
            time.sleep(0.001)
        time.sleep(chance.random() * (0.02 if number % 2 else 0.2))
        if engine.poll() is None:
            os.killpg(engine.pid, signal.SIGKILL)  # Git too, and what git has started.
        engine.wait()
        asyncio.run(sweep(place / "t", str))
        (ref,) = refs(source)  # Another name where the first is locked for ever.
        assert git(source, "show", f"{ref}:new.txt") == "new"
        assert not list((place / "t").glob("*/*"))
        git(source, "fsck")


def test_locks_that_a_killed_git_left_are_gone_around(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")

    def work(tree: Tree) -> None:
        (tree.path / "one.txt").write_text("1\n")
        (tree.own / "index.lock").touch()

    lock = source / ".git" / f"{REF}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert kept(tmp_path, source, work).ref == f"{REF}.2"
    assert git(source, "show", f"{REF}.2:one.txt") == "1"


def test_a_tree_that_cannot_be_kept_stays_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = repository(tmp_path / "r")
    away = tmp_path / "away"

    def work(tree: Tree) -> None:
        (tree.path / "x.txt").write_text("x\n")
        source.rename(away)

    with pytest.raises(AttemptFailed, match=r"could not be saved .*still in") as refused:
        kept(tmp_path, source, work)
    assert refused.value.code == "worktree.not_kept"
    assert asyncio.run(sweep(tmp_path / "t", str)) == 0
    (place,) = (tmp_path / "t").glob("*/*")
    assert (place / "tree/x.txt").exists()
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(sweep(tmp_path / "t", str)) == 0
    assert str(place) in caplog.text
    away.rename(source)
    assert asyncio.run(sweep(tmp_path / "t", str)) == 1
    assert git(source, "show", f"{REF}:x.txt") == "x"
    assert not place.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write to what is another user's")
def test_what_belongs_to_another_user_is_refused_before_anybody_works(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    os.chown(source / ".git/objects", 1234, 1234)
    with pytest.raises(AttemptFailed, match="belongs to user 1234") as refused:
        kept(tmp_path, source, lambda tree: pytest.fail("it was begun"))
    assert refused.value.code == "worktree.not_writable"
    assert not list((tmp_path / "t").glob("*/*"))


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be had here")
    try:
        source = repository(disk / "r")
        before = everything(source)
        (disk / "rest").write_bytes(b"x" * 300_000)
        big = "head -c 500000 /dev/urandom > big.bin; echo 1 > one.txt"
        with pytest.raises(AttemptFailed, match="could not be saved") as refused:
            kept(tmp_path, source, shell(big))
        assert "No space left" in refused.value.reason
        assert not refs(source)
        assert everything(source) == before
        (disk / "rest").unlink()
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert asyncio.run(sweep(tmp_path / "t", str)) == 1
        assert files(source, REF) == ["README.md", "big.bin", "one.txt", "src/app.py"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_ten_at_once_of_one_attempt_are_all_kept(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")

    async def one(number: int) -> SavedCommit:
        async with worktree(tmp_path / "t", ASSIGNMENT, source, scrub=str) as tree:
            (tree.path / "n.txt").write_text(f"{number % 5}\n")
            return await save_commit(tree.place, str)

    async def story() -> list[SavedCommit]:
        return await asyncio.gather(*map(one, range(10)))

    found = asyncio.run(story())
    texts = [git(source, "show", f"{each.commit}:n.txt") for each in found]
    assert texts == [str(number % 5) for number in range(10)]
    assert {each.ref: each.commit for each in found} == refs(source)
