"""Trees of attempts: the user's repository stays as it is, and the patch says all that changed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from missioncontrol.adapters.worktrees import (
    Change,
    Patch,
    ResumeRequest,
    Session,
    Tree,
    apply_patch,
    patch_of,
    remove_settled,
    sessions,
    sweep,
    worktree,
)
from missioncontrol.ports.agent import Assignment, AttemptFailed
from tests.agents.bench import is_running
from tests.agents.repositories import applied, everything, git, repository

ASSIGNMENT = Assignment("run-1", "w", "build", 1, 7, "run-1/build", "codex")


def worked(
    root: Path, source: Path, work: Callable[[Tree], object], *, base: str = ""
) -> tuple[Tree, Patch]:
    """Have `work` change a tree of `source`; return the tree as it was and the patch."""

    async def story() -> tuple[Tree, Patch]:
        async with worktree(root / "trees", ASSIGNMENT, source, base=base) as tree:
            work(tree)
            return tree, await patch_of(tree)

    return asyncio.run(story())


def shell(script: str) -> Callable[[Tree], object]:
    def work(tree: Tree) -> None:
        subprocess.run(["/bin/sh", "-ec", script], cwd=tree.cwd, check=True, capture_output=True)

    return work


def test_a_patch_makes_the_same_files_of_the_base(tmp_path: Path) -> None:
    source = repository(
        tmp_path / "r",
        {
            "a.txt": "a\n" * 30,
            "old name.txt": "moved\n" * 30,
            "gone.txt": "gone\n",
            "run.sh": "echo\n",
            ".gitignore": "*.log\n",
            "größe.txt": "1\n",
        },
    )
    files: dict[str, tuple[int, str]] = {}

    def work(tree: Tree) -> None:
        shell(
            "echo more >> a.txt; mkdir new; echo x > new/n.txt; "
            "git mv 'old name.txt' 'new name.txt'; rm gone.txt"
            "; chmod +x run.sh; head -c 4000 /dev/urandom > b.bin; ln -s a.txt link"
            "; echo 2 > größe.txt; echo noise > noise.log; printf 'no end' > end.txt; : > empty"
        )(tree)
        files.update({k: v for k, v in everything(tree.path).items() if not k.startswith(".git/")})

    tree, patch = worked(tmp_path, source, work)
    fresh = applied(source, tree.base, patch.content, tmp_path / "fresh")
    files.pop("noise.log")
    assert {k: v for k, v in everything(fresh).items() if not k.startswith(".git/")} == files
    by_path = {change.path: change for change in patch.changes}
    assert by_path["a.txt"] == Change("a.txt", "changed", added=1)
    assert by_path["new name.txt"] == Change("new name.txt", "renamed", was="old name.txt")
    assert by_path["run.sh"].change == "mode"
    assert by_path["gone.txt"] == Change("gone.txt", "deleted", deleted=1)
    assert by_path["b.bin"] == Change("b.bin", "added", binary=True)
    assert by_path["größe.txt"].change == "changed"
    assert len(by_path) == 10


def test_nothing_of_the_users_repository_changes_whatever_an_agent_does_with_git(
    tmp_path: Path,
) -> None:
    source = repository(tmp_path / "r")
    (source / "README.md").write_text("stashed\n")
    git(source, "stash")
    (source / "README.md").write_text("dirty\n")
    (source / "untracked.txt").write_text("mine\n")
    (source / "staged.txt").write_text("staged\n")
    git(source, "add", "staged.txt")
    before = everything(source)
    tree, patch = worked(
        tmp_path,
        source,
        shell(
            "echo x > x.txt; git add .; git stash; git stash pop; git commit -qm work; "
            "git branch -f main; git tag v1; git config user.name Mallory; git checkout -qb other; "
            "git gc -q --prune=now; git reflog expire --expire=now --all"
        ),
    )
    assert everything(source) == before
    assert [change.path for change in patch.changes] == ["x.txt"]
    assert tree.branch == "mission/run-1/build-1"
    assert tree.notes == ("Uncommitted changes of the checkout (3 files) are not in this tree.",)
    assert not tree.path.exists()


def test_hooks_and_programs_that_settings_name_are_not_started_by_us(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    mark = tmp_path / "started"
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    evil.chmod(0o755)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (source / ".git/hooks" / name).write_text(evil.read_text())
        (source / ".git/hooks" / name).chmod(0o755)
    git(source, "config", "core.fsmonitor", str(evil))
    git(source, "config", "filter.x.clean", str(evil))
    git(source, "config", "filter.x.smudge", str(evil))
    (source / "README.md").write_text("changed\n")
    (source / ".gitattributes").write_text("* filter=x diff=x\n")
    worked(
        tmp_path,
        source,
        shell(
            f"git config core.fsmonitor {evil}; git config filter.x.clean {evil}; "
            f"git config diff.x.textconv {evil}; git config diff.external {evil}; "
            "echo '* filter=x diff=x' > .gitattributes; echo y >> src/app.py"
        ),
    )
    assert not mark.exists()


def test_a_repository_without_commits_is_begun(tmp_path: Path) -> None:
    source = repository(tmp_path / "r", {})
    tree, patch = worked(tmp_path, source, shell("echo one > one.txt"))
    assert tree.base == ""
    git(source, "apply", "--index", "-", stdin=patch.content)
    assert (source / "one.txt").read_text() == "one\n"


def test_a_shallow_clone_is_worked_on(tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin")
    (origin / "two.txt").write_text("2\n")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "Second")
    source = tmp_path / "r"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", str(source))
    tree, patch = worked(tmp_path, source, shell("git log --oneline | wc -l > count"))
    assert tree.base == git(source, "rev-parse", "HEAD")
    assert patch.content.endswith(b"+1\n")


def test_it_begins_at_the_base_that_was_named_and_in_the_directory(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    first = git(source, "rev-parse", "HEAD")
    git(source, "tag", "v1")
    (source / "src/app.py").write_text("later\n")
    git(source, "commit", "-qam", "Later")
    tree, patch = worked(tmp_path, source / "src", shell("cat app.py; pwd > where"), base="v1")
    assert tree.base == first
    assert tree.cwd == tree.path / "src"
    assert [change.path for change in patch.changes] == ["src/where"]


def test_submodules_and_repositories_within_are_left_out_and_said(tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    source = repository(tmp_path / "r")
    git(source, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(source, "commit", "-qm", "Submodule")
    tree, patch = worked(
        tmp_path,
        source,
        shell(
            "echo x > x.txt; git init -q empty; touch empty/f; git init -q sub; cd sub; "
            "echo 1 > f; git add .; git -c user.name=a -c user.email=a@b commit -qm 1"
        ),
    )
    assert sorted(patch.left_out) == ["empty", "sub"]
    assert [change.path for change in patch.changes] == ["x.txt"]
    applied(source, tree.base, patch.content, tmp_path / "fresh")


def test_ten_attempts_at_once_have_ten_trees(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    before = everything(source)

    async def one(number: int) -> Patch:
        assignment = Assignment("run-1", "w", "build", 1, number, "k", "codex")
        async with worktree(tmp_path / "trees", assignment, source) as tree:
            (tree.path / f"{number}.txt").write_text("x\n")
            await asyncio.sleep(0)
            return await patch_of(tree)

    async def all_of_them() -> list[Patch]:
        return await asyncio.gather(*map(one, range(10)))

    patches = asyncio.run(all_of_them())
    assert [[c.path for c in patch.changes] for patch in patches] == [
        [f"{number}.txt"] for number in range(10)
    ]
    assert everything(source) == before


def test_an_unchanged_tree_gives_an_empty_patch(tmp_path: Path) -> None:
    _, patch = worked(tmp_path, repository(tmp_path / "r"), shell("touch README.md"))
    assert patch == Patch(b"", ())


@pytest.mark.parametrize(
    ("place", "base", "code"),
    [
        ("missing", "", "worktree.no_repository"),
        ("plain", "", "worktree.no_repository"),
        ("r", "no-such-branch", "worktree.unknown_base"),
        ("r", "--help", "worktree.unknown_base"),
    ],
)
def test_what_cannot_be_worked_on_is_refused(
    tmp_path: Path, place: str, base: str, code: str
) -> None:
    repository(tmp_path / "r")
    (tmp_path / "plain").mkdir()
    with pytest.raises(AttemptFailed) as refused:
        worked(tmp_path, tmp_path / place, shell("true"), base=base)
    assert refused.value.code == code
    assert not list((tmp_path / "trees").glob("*/*"))


def test_what_a_killed_engine_left_is_swept_and_living_trees_stay(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")
    before = everything(source)
    trees = tmp_path / "trees"
    code = f"""
import asyncio, os, signal, subprocess
from pathlib import Path
from missioncontrol.adapters.worktrees import worktree
from missioncontrol.ports.agent import Assignment
async def main():
    assignment = Assignment("run-9", "w", "build", 1, 3, "k", "codex")
    async with worktree(Path({str(trees)!r}), assignment, Path({str(source)!r})) as tree:
        (tree.path / "sealed").mkdir()
        (tree.path / "sealed" / "f").write_text("x")
        (tree.path / "sealed").chmod(0o500)
        environment = {{**os.environ, **tree.environment}}
        for apart in (True, False):
            subprocess.Popen(["sleep", "98763"], env=environment, start_new_session=apart)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    environment = {**os.environ, "PYTHONPATH": "src"}
    killed = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert killed.returncode == -9
    (left,) = trees.glob("run-9/*")
    assert (left / "tree" / "README.md").exists()

    async def story() -> None:
        async with worktree(trees, ASSIGNMENT, source) as tree:
            assert await sweep(trees, str) == 1
            assert not left.exists()
            assert tree.path.exists()

    asyncio.run(story())
    assert everything(source) == before
    assert not is_running("sleep 98763")


def test_attempts_of_the_same_name_do_not_meet(tmp_path: Path) -> None:
    source = repository(tmp_path / "r")

    async def story() -> None:
        async with (
            worktree(tmp_path / "trees", ASSIGNMENT, source) as one,
            worktree(tmp_path / "trees", ASSIGNMENT, source) as other,
        ):
            assert one.path != other.path
            assert (one.path / "README.md").exists()

    asyncio.run(story())


def test_what_a_change_did_itself_is_told_apart_from_what_it_was_given(tmp_path: Path) -> None:
    source = repository(tmp_path / "r", {"a.txt": "a\n"})
    _, first = worked(tmp_path, source, shell("echo b > b.txt; head -c 3000 /dev/urandom > c.bin"))

    async def after(script: str) -> Patch:
        async with worktree(tmp_path / "trees", ASSIGNMENT, source) as tree:
            await apply_patch(tree, first.content, "Changes of step first")
            shell(script)(tree)
            return await patch_of(tree)

    assert first.own == 2
    nothing, one, undone = (asyncio.run(after(s)) for s in ("true", "echo x >> a.txt", "rm b.txt"))
    assert (nothing.own, len(nothing.changes)) == (0, 2)
    assert (one.own, len(one.changes)) == (1, 3)
    assert (undone.own, len(undone.changes)) == (1, 1)


def test_a_repository_within_the_tree_may_have_any_name(tmp_path: Path) -> None:
    source = repository(tmp_path / "r", {"a.txt": "a\n"})
    script = 'd=$(printf \'n\\377\'); mkdir "$d"; cd "$d"; git init -q; echo 1 > f'
    script += "; git add f; git -c user.name=a -c user.email=a@localhost commit -qm First"
    _, patch = worked(tmp_path, source, shell(script))
    assert patch.left_out == ("n\ufffd",)


def noted(tree: Tree) -> None:
    sessions.write(tree.place, Session("task", "abc", tree.branch, tree.base, "", ()))


RESUMES = ResumeRequest("task", lambda place, session: True, print)


async def cancelled(trees: Path, source: Path, run: str = "run-1") -> None:
    """Cancel an attempt that has a session."""
    begun = asyncio.Event()
    assignment = msgspec.structs.replace(ASSIGNMENT, run=run)

    async def attempt() -> None:
        async with worktree(trees, assignment, source, resumes=RESUMES) as tree:
            noted(tree)
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(attempt())
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def left_in(trees: Path) -> list[str]:
    return sorted(place.parent.name for place in trees.glob("*/*"))


def test_a_cancelled_attempt_leaves_its_session_to_the_next_one(tmp_path: Path) -> None:
    source, trees = repository(tmp_path / "r"), tmp_path / "trees"

    async def story() -> None:
        await cancelled(trees, source)
        (left,) = trees.glob("*/*")
        async with worktree(trees, ASSIGNMENT, source, resumes=RESUMES) as tree:
            assert tree.place == left
        assert left_in(trees) == []

    asyncio.run(story())


def test_the_session_of_a_run_that_has_ended_is_removed(tmp_path: Path) -> None:
    source, trees = repository(tmp_path / "r"), tmp_path / "trees"

    async def story() -> None:
        for run in ("run-1", "run-2", "run-3"):
            await cancelled(trees, source, run)
        await remove_settled(trees, "run-1", str)
        assert left_in(trees) == ["run-2", "run-3"]
        await sweep(trees, str, unsettled=["run-3"])
        assert left_in(trees) == ["run-3"]

    asyncio.run(story())


def test_of_too_many_sessions_the_oldest_is_removed_when_one_more_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PLACES_MAX", 2)
    source, trees = repository(tmp_path / "r"), tmp_path / "trees"

    async def story() -> None:
        for run in ("run-1", "run-2", "run-3"):
            await cancelled(trees, source, run)
        assert left_in(trees) == ["run-2", "run-3"]

    asyncio.run(story())
