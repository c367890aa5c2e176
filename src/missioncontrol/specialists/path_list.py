"""Lists the paths of a repository: through git where it is one, else by a bounded walk."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.git import git_part, head_commit, top_level
from missioncontrol.specialists.kinds import table

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

LISTING_BYTES_MAX = 64 * 1024 * 1024
IGNORE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 100
ENTRIES_MAX = 500_000
LEFT_OUT_MAX = 500
SUBMODULE_MODE = "160000"
UNREADABLE_NAME = "its name is not valid UTF-8"


class LeftOut(msgspec.Struct, frozen=True):
    """A path that was not read, and why."""

    path: str
    reason: str


class Submodule(msgspec.Struct, frozen=True):
    """Another repository, pinned at a commit of its own."""

    path: str
    commit: str
    is_checked_out: bool


class Listing(msgspec.Struct, frozen=True):
    """Candidate paths, sorted; nothing is known yet of what they are."""

    paths: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    left_out_more: int  # left out and only counted
    submodules: tuple[Submodule, ...]
    commit: str
    is_git: bool
    obtained: str


def list_paths(root: Path, *, files_max: int, seconds_max: float) -> Listing:
    """List what git tracks or would add below `root`; without git, what .gitignore leaves."""
    top = top_level(root)
    if top is not None:
        listing = _from_git(root, files_max, seconds_max)
        # Inside a larger work tree `root` itself may be ignored; then git knows nothing of it.
        if listing and (listing.paths or listing.submodules or top == root.resolve()):
            return listing
    return _from_walk(root, files_max, seconds_max)


def _from_git(root: Path, files_max: int, seconds_max: float) -> Listing | None:
    try:
        tracked = git_part(
            root, "ls-files", "-z", "--stage", seconds=seconds_max, bytes_max=LISTING_BYTES_MAX
        )
        others = git_part(
            root,
            *("ls-files", "-z", "--others", "--exclude-standard"),
            seconds=seconds_max,
            bytes_max=LISTING_BYTES_MAX,
        )
    except Unavailable:
        return None
    paths: set[str] = set()
    left_out: list[LeftOut] = []
    submodules: dict[str, Submodule] = {}
    for mode, commit, path in _staged(tracked.text):
        if mode == SUBMODULE_MODE:
            submodules[path] = Submodule(path, commit, _is_checked_out(root / path))
        else:
            paths.add(path)
    for path in _whole(others.text):
        if path.endswith("/"):
            left_out.append(LeftOut(path.rstrip("/"), "a repository of its own"))
        else:
            paths.add(path)
    left_out += [LeftOut(item.path, _submodule_reason(item)) for item in submodules.values()]
    left_out += [
        LeftOut(".", f"git did not list everything: {answer.cut}")
        for answer in (tracked, others)
        if answer.cut
    ]
    return _bounded(
        paths,
        left_out,
        files_max,
        submodules=tuple(submodules[path] for path in sorted(submodules)),
        commit=head_commit(root) or "",
        is_git=True,
        obtained="git ls-files (tracked files, and untracked ones that are not ignored)",
    )


def _from_walk(root: Path, files_max: int, seconds_max: float) -> Listing:
    walk = _Walk(root, files_max, time.monotonic() + seconds_max)
    walk.enter("", 0, ())
    return _bounded(
        walk.paths,
        walk.left_out,
        files_max,
        submodules=(),
        commit="",
        is_git=False,
        obtained="a walk through the directory, honouring .gitignore files (it is not under git)",
    )


def _bounded(
    paths: set[str],
    left_out: list[LeftOut],
    files_max: int,
    *,
    submodules: tuple[Submodule, ...],
    commit: str,
    is_git: bool,
    obtained: str,
) -> Listing:
    unnamed = sorted(path for path in paths if not _is_utf8(path))
    readable = sorted(paths.difference(unnamed))
    left_out += [LeftOut(_shown(path), UNREADABLE_NAME) for path in unnamed]
    left_out += [
        LeftOut(path, f"beyond the limit of {files_max:,} files") for path in readable[files_max:]
    ]
    return Listing(
        tuple(readable[:files_max]),
        tuple(left_out[:LEFT_OUT_MAX]),
        max(0, len(left_out) - LEFT_OUT_MAX),
        submodules,
        commit,
        is_git,
        obtained,
    )


class _Walk:
    """A walk that follows no link, stays within its bounds and asks every .gitignore it passes."""

    def __init__(self, root: Path, files_max: int, ends: float) -> None:
        self.paths: set[str] = set()
        self.left_out: list[LeftOut] = []
        self._root = root
        self._files_max = files_max
        self._ends = ends
        self._entries_left = ENTRIES_MAX

    def enter(
        self, directory: str, depth: int, specs: "tuple[tuple[str, GitIgnoreSpec], ...]"
    ) -> None:
        """Add what `directory` and those below it hold."""
        reason = self._bound_reached(depth)
        if reason:
            self.left_out.append(LeftOut(directory or ".", reason))
            return
        try:
            entries = self._entries(directory)
        except OSError as error:
            reason = f"the directory cannot be read: {error.strerror}"
            self.left_out.append(LeftOut(directory or ".", reason))
            return
        specs = (*specs, *_ignore_spec(self._root, directory))
        for entry in entries:
            path = f"{directory}/{entry.name}" if directory else entry.name
            if entry.is_dir(follow_symlinks=False):
                self._pass(path, entry, depth, specs)
            elif not _is_ignored(path, specs):
                self.paths.add(path)

    def _pass(
        self,
        path: str,
        entry: "os.DirEntry[str]",
        depth: int,
        specs: "tuple[tuple[str, GitIgnoreSpec], ...]",
    ) -> None:
        if _is_ignored(path + "/", specs):
            return
        if entry.name in {".git", ".hg", ".svn", ".bzr", "__pycache__"}:
            return
        reason = _foreign(entry)
        if reason:
            self.left_out.append(LeftOut(_shown(path), reason))
        else:
            self.enter(path, depth + 1, specs)

    def _entries(self, directory: str) -> list["os.DirEntry[str]"]:
        entries: list[os.DirEntry[str]] = []
        with os.scandir(self._root / directory) as found:
            for entry in found:
                self._entries_left -= 1
                if self._entries_left < 0:
                    break
                entries.append(entry)
        return sorted(entries, key=lambda entry: entry.name)

    def _bound_reached(self, depth: int) -> str:
        if depth > DEPTH_MAX:
            return f"nested deeper than {DEPTH_MAX} directories"
        if time.monotonic() > self._ends:
            return "the time for listing files was used up"
        if self._entries_left < 0:
            return f"beyond the limit of {ENTRIES_MAX:,} directory entries"
        if len(self.paths) > self._files_max:
            return f"beyond the limit of {self._files_max:,} files"
        return ""


def _foreign(entry: "os.DirEntry[str]") -> str:
    if entry.name in table().skipped_directories:
        return "a directory of caches or installed packages"
    inside = Path(entry.path)
    if (inside / "pyvenv.cfg").is_file():
        return "a virtual environment"
    if (inside / ".git").exists():
        return "a repository of its own"
    return ""


def _ignore_spec(root: Path, directory: str) -> "Iterator[tuple[str, GitIgnoreSpec]]":
    from pathspec import GitIgnoreSpec

    path = root / directory / ".gitignore"
    if not path.is_file() or path.is_symlink():
        return
    try:
        with path.open("rb") as stream:
            text = stream.read(IGNORE_BYTES_MAX).decode("utf-8", errors="replace")
    except OSError:
        return
    yield directory, GitIgnoreSpec.from_lines(_valid_patterns(text))


def _valid_patterns(text: str) -> Iterator[str]:
    from pathspec import GitIgnoreSpec

    for line in text.splitlines():
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue  # git too passes over a pattern that it cannot read
        yield line


def _is_ignored(path: str, specs: "tuple[tuple[str, GitIgnoreSpec], ...]") -> bool:
    """Whether the deepest .gitignore with an opinion excludes `path`."""
    for directory, spec in reversed(specs):
        inside = path[len(directory) + 1 :] if directory else path
        verdict = spec.check_file(inside).include
        if verdict is not None:
            return verdict
    return False


def _staged(text: str) -> Iterator[tuple[str, str, str]]:
    for record in _whole(text):
        match = re.fullmatch(r"(\d+) ([0-9a-f]+) \d\t(.+)", record, re.DOTALL)
        if match:
            yield match[1], match[2], match[3]


def _whole(text: str) -> list[str]:
    """Return the records that are ended by a NUL; an answer cut short ends in half a record."""
    return text.split("\0")[:-1]


def _is_checked_out(directory: Path) -> bool:
    return (directory / ".git").exists()


def _submodule_reason(submodule: Submodule) -> str:
    if submodule.is_checked_out:
        return "a submodule: a repository of its own"
    return "a submodule that is not checked out"


def _is_utf8(path: str) -> bool:
    if "\ufffd" in path:
        return False
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    return path.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
