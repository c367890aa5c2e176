"""A tree for an attempt in a repository of 10,000 files, and what it takes to keep its end."""

import asyncio
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

from bench.harness import quiet_environment
from bench.measure import Measure, rounded
from missioncontrol.adapters.worktrees import save_commit, worktree
from missioncontrol.ports.agent import Assignment

Done = TypeVar("Done")
FILES, CHANGED, ROUNDS = 10_000, 10, 5


def trees(folder: Path) -> Iterator[Measure]:
    """Measure each beside what git does of itself, one after the other in the same run."""
    root = _repository(folder / "trees-of")
    asyncio.run(_ours(root, folder, 0))
    _theirs(root, folder, 0)  # Neither begins with cold files.
    rounds = [
        (asyncio.run(_ours(root, folder, number)), _theirs(root, folder, number))
        for number in range(1, ROUNDS + 1)
    ]
    for place, (name, reference) in enumerate(
        (
            ("repo.worktree", "git worktree add"),
            ("repo.keep", "git add --all, git commit"),
            ("repo.worktree.gone", "git worktree remove"),
        )
    ):
        own = [ours[place] for ours, _ in rounds]
        yield Measure(
            measure=name,
            value=statistics.median(own),
            unit="s",
            reference=reference,
            reference_value=statistics.median(theirs[place] for _, theirs in rounds),
            better="lower",
            more={"files": FILES, "min": rounded(min(own)), "max": rounded(max(own))},
        )


async def _ours(root: Path, folder: Path, number: int) -> tuple[float, float, float]:
    """Return the seconds until the tree is there, for keeping its end, and until it is gone."""
    assignment = Assignment(f"run-{number}", "w", "build", 1, 1, "k", "coder")
    lent = worktree(folder / "lent", assignment, root, scrub=str)
    tree, begin = await _timed(lent.__aenter__)
    _change(tree.path, number)
    saved, keeping = await _timed(lambda: save_commit(tree.place, str))
    assert saved.commit
    _, end = await _timed(lambda: lent.__aexit__(None, None, None))
    return begin, keeping, end


async def _timed(work: Callable[[], Awaitable[Done]]) -> tuple[Done, float]:
    begun = time.perf_counter()
    done = await work()
    return done, time.perf_counter() - begun


def _theirs(root: Path, folder: Path, number: int) -> tuple[float, float, float]:
    linked = folder / f"linked-{number}"
    begun = time.perf_counter()
    _git(root, "worktree", "add", "-q", "-b", f"linked-{number}", str(linked))
    begin = time.perf_counter() - begun
    _change(linked, number)
    begun = time.perf_counter()
    _git(linked, "add", "--all")
    _git(linked, *_ADA, "commit", "-qm", "Changed")
    keeping = time.perf_counter() - begun
    begun = time.perf_counter()
    _git(root, "worktree", "remove", str(linked))
    return begin, keeping, time.perf_counter() - begun


def _change(tree: Path, number: int) -> None:
    for part in range(CHANGED):
        (tree / f"src/pkg_{part}/part_{number}.py").write_text(f"CHANGED = {number}, {part}\n")


def _repository(root: Path) -> Path:
    for number in range(FILES):
        place = root / f"src/pkg_{number % 20}/part_{number // 20}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"from pkg import part_{number // 2}\n\nVALUE = {number}\n" * 5)
    _git(root, "init", "-q")
    _git(root, "add", "-A")
    _git(root, *_ADA, "commit", "-qm", "All")
    _git(root, "repack", "-adq")
    return root


_ADA = ("-c", "user.name=a", "-c", "user.email=a@example.org")


def _git(root: Path, *words: str) -> None:
    subprocess.run(("git", *words), cwd=root, env=quiet_environment(), check=True)
