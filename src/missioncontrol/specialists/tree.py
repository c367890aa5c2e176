"""Reads which files a repository has, what each one is, and what was left out and why."""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from missioncontrol.domain.errors import NotFound
from missioncontrol.specialists.kinds import HEAD_BYTES, Kind, classified
from missioncontrol.specialists.path_list import LeftOut, Listing, Submodule, list_paths

# Tells files that were compiled from TypeScript in the same repository, by where they lie.

SOURCES = (".ts", ".tsx", ".mts", ".cts")
DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")
OUTPUTS = (*DECLARATIONS, ".js", ".mjs", ".cjs", ".jsx")
PLACES = ("build", "cjs", "dist", "es", "esm", "lib", "out", "types")
"""Directories that compilers usually write into."""


def compiled(paths: Iterable[str]) -> frozenset[str]:
    """Return those of `paths` whose source, as `src/name.ts`, is among them too.

    Packages are published with both; a developer who changes the code changes the source alone.
    """
    known = list(paths)
    made = {place for path in known for place in _made_from(path)}
    return frozenset(path for path in known if _stem(path, OUTPUTS) in made and not _in_src(path))


def _made_from(path: str) -> Iterator[str]:
    """Yield where the outputs of a source below `src` go, without their endings."""
    stem = "" if path.endswith(DECLARATIONS) else _stem(path, SOURCES)
    before, found, after = f"/{stem}".partition("/src/")
    if stem and found:
        yield f"{before}/{after}"[1:]
        for place in PLACES:
            yield f"{before}/{place}/{after}"[1:]


def _stem(path: str, endings: tuple[str, ...]) -> str:
    """Return `path` without its ending; "" where it has none of `endings`."""
    ending = next((each for each in endings if path.endswith(each)), "")
    return path.removesuffix(ending) if ending else ""


def _in_src(path: str) -> bool:
    return "/src/" in f"/{path}"


FILES_MAX = 40_000
BYTES_MAX = 512 * 1024 * 1024
FILE_BYTES_MAX = 4 * 1024 * 1024
TEXT_BYTES_MAX = 2 * 1024 * 1024
SECONDS_MAX = 240.0
LEFT_OUT_NAMED_MAX = 500
"""Files left out that are named one by one; the rest are counted."""

__all__ = ["LeftOut", "SourceFile", "Submodule", "Tree", "read_tree"]


class SourceFile(msgspec.Struct, frozen=True):
    """One regular file of the repository."""

    path: str  # relative to the repository, with `/`
    size: int  # bytes
    language: str  # "" where none is known
    lines: int  # 0 for binary files
    kind: Kind


class Tree(msgspec.Struct, frozen=True, dict=True):
    """The files of a repository, in order of their paths."""

    root: Path
    files: tuple[SourceFile, ...]
    left_out: tuple[LeftOut, ...]
    left_out_count: int  # at least len(left_out): beyond a bound they are only counted
    commit: str  # the checked-out commit; "" where there is none
    submodules: tuple[Submodule, ...]
    is_git: bool
    obtained: str  # how the files were found
    is_late: bool = False  # whether time ran out, so that another time it might hold other files

    @cached_property
    def by_path(self) -> dict[str, SourceFile]:
        """Every file by its path."""
        return {file.path: file for file in self.files}

    def file(self, path: str) -> SourceFile | None:
        """Return what is known of the file at `path`, None where the tree has no such file."""
        return self.by_path.get(path)

    def text(self, path: str) -> str | None:
        """Return a file's text with plain line ends; None if binary, too large or unknown."""
        file = self.file(path)
        if file is None or file.kind == "binary" or file.size > TEXT_BYTES_MAX:
            return None
        try:
            data = _bytes_of(f"{self.root}/{path}", TEXT_BYTES_MAX)
        except OSError:
            return None
        return decoded(data).replace("\r\n", "\n").replace("\r", "\n")


def read_tree(
    root: Path,
    *,
    files_max: int = FILES_MAX,
    bytes_max: int = BYTES_MAX,
    seconds_max: float = SECONDS_MAX,
    progress: Callable[[int, int], None] | None = None,
) -> Tree:
    """Read the files below `root`: what git knows or would add, else what .gitignore leaves.

    `progress` is called every thousand files with how many are done, and of how many.

    Raises:
        NotFound: `root` is no directory that can be read.
    """
    if not root.is_dir():
        raise NotFound(
            "repository.missing",
            f"{root.name!r} is not a directory.",
            hint="Name a directory that holds the repository.",
        )
    ends = time.monotonic() + seconds_max
    listing = list_paths(root, files_max=files_max, seconds_max=seconds_max)
    reader = _Reader(root, bytes_max, ends)
    files, left_out = _sorted_out(reader, listing, progress)
    named = sorted([*listing.left_out, *left_out], key=lambda item: (item.path, item.reason))
    return Tree(
        root,
        tuple(files),
        tuple(named[:LEFT_OUT_NAMED_MAX]),
        len(named) + listing.left_out_more,
        listing.commit,
        listing.submodules,
        listing.is_git,
        listing.obtained,
        is_late=time.monotonic() > ends,
    )


def decoded(data: bytes) -> str:
    """Return the text in `data`: by its byte-order mark, else UTF-8, else Latin-1."""
    for mark, name in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _sorted_out(
    reader: "_Reader", listing: Listing, progress: Callable[[int, int], None] | None
) -> tuple[list[SourceFile], list[LeftOut]]:
    files: list[SourceFile] = []
    left_out: list[LeftOut] = []
    for number, path in enumerate(listing.paths):
        found = reader.read(path)
        if isinstance(found, SourceFile):
            files.append(found)
        else:
            left_out.append(LeftOut(path, found))
        if progress and number % 1000 == 999:
            progress(number + 1, len(listing.paths))
    made = compiled(file.path for file in files if file.kind in {"code", "test"})
    return [
        msgspec.structs.replace(file, kind="generated") if file.path in made else file
        for file in files
    ], left_out


class _Reader:
    """Opens one path after the other while bytes and time last."""

    def __init__(self, root: Path, bytes_max: int, ends: float) -> None:
        self._root = root
        self._bytes_left = bytes_max
        self._bytes_max = bytes_max
        self._ends = ends
        self._plain_directories: dict[str, bool] = {"": True}

    def read(self, path: str) -> SourceFile | str:
        """Return the file at `path`, or why it is left out."""
        if time.monotonic() > self._ends:
            return "the time for reading files was used up"
        if not self._is_within(path.rpartition("/")[0]):
            return "it lies behind a symbolic link"
        try:
            size, reason = self._fitting(path)
            return reason or self._measure_file(path, size)
        except FileNotFoundError:
            return "git tracks it, but it is not on disk"
        except PermissionError:
            return "it may not be read"
        except OSError as error:
            return f"it cannot be read: {error.strerror}"

    def _fitting(self, path: str) -> tuple[int, str]:
        state = os.lstat(f"{self._root}/{path}")
        if stat.S_ISLNK(state.st_mode):
            return 0, _link_reason(self._root, path)
        if not stat.S_ISREG(state.st_mode):
            return 0, "it is not a regular file"
        if state.st_size > FILE_BYTES_MAX:
            return 0, f"larger than {_megabytes(FILE_BYTES_MAX)} ({_megabytes(state.st_size)})"
        if state.st_size > self._bytes_left:
            return 0, f"{_megabytes(self._bytes_max)} were already read"
        return state.st_size, ""

    def _measure_file(self, path: str, size: int) -> SourceFile:
        data = _bytes_of(f"{self._root}/{path}", FILE_BYTES_MAX)
        self._bytes_left -= len(data)
        language, kind = classified(path, data[:HEAD_BYTES])
        lines = 0 if kind == "binary" else _line_count(data)
        return SourceFile(path, size, language, lines, kind)

    def _is_within(self, directory: str) -> bool:
        """Whether no part of `directory` is a symbolic link, which could lead anywhere."""
        known = self._plain_directories.get(directory)
        if known is None:
            above = directory.rpartition("/")[0]
            known = self._is_within(above) and not (self._root / directory).is_symlink()
            self._plain_directories[directory] = known
        return known


def _bytes_of(path: str, bytes_max: int) -> bytes:
    # A path may have become a link or a pipe meanwhile; neither is followed or awaited.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        # Room for the largest file each time costs more than reading a file of usual size.
        room = min(os.fstat(descriptor).st_size, bytes_max)
        parts: list[bytes] = []
        while room > 0 and (part := os.read(descriptor, room)):
            parts.append(part)
            room -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _line_count(data: bytes) -> int:
    ends = data.count(b"\n")
    return ends + (not data.endswith(b"\n")) if data else 0


def _link_reason(root: Path, path: str) -> str:
    try:
        target = (root / path).resolve(strict=True)
    except RuntimeError:
        return "a symbolic link that leads to itself"
    except OSError as error:
        looped = error.errno is not None and os.strerror(error.errno).startswith("Too many levels")
        return "a symbolic link that leads to itself" if looped else "a symbolic link to nothing"
    if target.is_relative_to(root.resolve()):
        return "a symbolic link inside the repository"
    return "a symbolic link out of the repository"


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.1f} MB"
