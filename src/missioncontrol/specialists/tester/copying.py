"""Copies a checkout to a place where its tests may write, within limits."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

FILES_MAX = 40_000
BYTES_MAX = 600 * 1024 * 1024
FILE_BYTES_MAX = 64 * 1024 * 1024
GIT_FILES_MAX = 4_000
GIT_BYTES_MAX = 40 * 1024 * 1024
SKIPPED = frozenset(
    {"__pycache__", ".hypothesis", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".tox"}
    | {".venv", "venv", ".direnv", "htmlcov", ".gradle", ".idea"}
)
"""Caches and environments: made again where needed, or used from where they are."""


class Copied(msgspec.Struct, frozen=True):
    """What the copy holds."""

    files: int
    size: int
    with_git: bool
    huge: int = 0  # files that were left out because a suite can hardly need them
    left_out: str = ""  # why the copy is not whole, or ""


def copied(
    source: Path, target: Path, *, is_late: Callable[[], bool], within: Path | None = None
) -> Copied:
    """Copy `source` to `target`: no caches, no links that lead out, a small `.git` only.

    Links may lead anywhere `within`, by default `source` itself. Where
    `target` lies in `source`, as with a home in the checkout, the directory that holds it is no
    part of the copy.
    """
    target.mkdir(parents=True)
    root = (within or source).resolve()
    files = size = huge = 0
    for path in _walk(source, besides=target.resolve().parent):
        place = target / path.relative_to(source)
        if path.is_symlink():
            _copy_link(path, place, root)
            continue
        if path.stat().st_size > FILE_BYTES_MAX:
            huge += 1
            continue
        files, size = files + 1, size + path.stat().st_size
        if files > FILES_MAX or size > BYTES_MAX or is_late():
            return Copied(files, size, False, huge, _limit(files, size))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    return Copied(files, size, _copy_git(source / ".git", target / ".git"), huge)


def _limit(files: int, size: int) -> str:
    if files > FILES_MAX:
        return f"the checkout has more than {FILES_MAX:,} files"
    if size > BYTES_MAX:
        return f"the checkout has more than {BYTES_MAX // 1024 // 1024} MiB"
    return "copying the checkout took all the time there was"


def _walk(source: Path, *, besides: Path) -> Iterator[Path]:
    """Yield files and links, sorted; pipes, sockets and devices are passed over."""
    for directory, names, files in os.walk(source):
        here = Path(directory)
        if here.resolve() == besides:
            names.clear()
            continue
        links = [name for name in names if (here / name).is_symlink()]
        skipped = SKIPPED | {".git"} if here == source else SKIPPED
        names[:] = sorted(n for n in names if n not in skipped and n not in links)
        for name in sorted([*files, *links]):
            path = here / name
            if path.is_symlink() or path.is_file():
                yield path


def _copy_link(path: Path, place: Path, root: Path) -> None:
    """Keep a link only where it is relative and stays inside."""
    goal = path.readlink()
    if goal.is_absolute() or not _stays(path.parent / goal, root):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(goal)


def _stays(goal: Path, root: Path) -> bool:
    try:
        return goal.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # A loop: nothing can be reached by it.
        return False


def _copy_git(source: Path, target: Path) -> bool:
    """Copy a small `.git` without its hooks; suites that ask for a version need one."""
    if not source.is_dir() or source.is_symlink():
        return False
    files = size = 0
    for directory, _, names in os.walk(source):
        for name in names:
            files += 1
            size += (Path(directory) / name).lstat().st_size
            if files > GIT_FILES_MAX or size > GIT_BYTES_MAX:
                return False
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("hooks", "*.lock"))
    return True
