"""Finds the decision records of a repository where teams keep them, and reads them."""

import os
import stat
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from missioncontrol.domain.errors import NotFound, Rejected

PLACES = (
    "docs/decisions",
    "docs/adr",
    "docs/adrs",
    "docs/ADR",
    "docs/architecture/decisions",
    "docs/architecture/adr",
    "docs/architectural-decisions",
    "docs/architecture-decisions",
    "docs/arch",
    "doc/adr",
    "doc/adrs",
    "doc/decisions",
    "doc/architecture/decisions",
    "doc/arch",
    "architecture/decisions",
    "architecture/adr",
    "adr",
    "adrs",
    "decisions",
    ".adr",
)
ENDINGS = (".md", ".markdown")
FILES_MAX = 1_000
BYTES_MAX = 400_000
TOGETHER_MAX = 3_500_000
"""Bytes of all files: what one request may carry, with room for its quoting."""

ENTRIES_MAX = 50_000
"""Files and directories that are looked at below one folder."""

PLACE_MAX = 1_000
"""Bytes of `.adr-dir` that are read: it holds one path."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe without a writer would wait for ever."""


class Found(NamedTuple):
    """The files of a directory."""

    base: Path  # what their names begin from
    files: tuple[tuple[str, bytes], ...]  # name and content
    unread: tuple[tuple[str, str], ...]  # name, and why it could not be read


def decision_files(path: Path) -> Found:
    """Return the files at `path`, and which of them can't be read: the others are of use alone.

    `path` is a file, a directory of records, or a repository, in which they are looked for.

    Raises:
        NotFound: `decision.no_files`.
        Rejected: `decision.too_many_files`, `decision.too_large` or `decision.unreadable`.
    """
    try:
        root = path.resolve(strict=True)
        chosen = [root] if root.is_file() else _files(root)
        base = _base(root, chosen)
    except (OSError, RuntimeError) as error:  # RuntimeError: the links form a cycle.
        raise _unreadable(path, error) from None
    if not chosen:
        raise NotFound(
            "decision.no_files",
            f"{str(path)!r} holds no decision records.",
            hint=f"They are looked for in it, and in {', '.join(PLACES[:4])} and the like.",
        )
    return _read(base, chosen)


def _files(root: Path) -> list[Path]:
    for place in (*_declared(root), *PLACES):
        folder = _folder(root, place)
        found = _within(folder, root) if folder is not None else []
        if found:
            return found
    return _within(root, root, deep=False)


def _declared(root: Path) -> list[str]:
    """Return where the repository says that its records are, as adr-tools and others write it."""
    try:
        content = _bytes(root / ".adr-dir", PLACE_MAX).decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in content.strip().splitlines()[:1] if "\0" not in line]


def _folder(root: Path, place: str) -> Path | None:
    """Return a directory of the repository; None where there is none, or it is elsewhere."""
    try:
        folder = (root / place).resolve()
        return folder if folder.is_dir() and folder.is_relative_to(root) else None
    except (OSError, RuntimeError):
        return None


def _within(folder: Path, root: Path, *, deep: bool = True) -> list[Path]:
    walk = folder.rglob("*") if deep else folder.glob("*")
    found = []
    for each in islice(walk, ENTRIES_MAX):
        if each.suffix.lower() in ENDINGS and each.is_file():
            if each.resolve().is_relative_to(root):  # A link may lead anywhere.
                found.append(each)
            if len(found) > FILES_MAX:
                raise Rejected(
                    "decision.too_many_files",
                    f"{str(folder)!r} holds more than {FILES_MAX:,} files.",
                    hint="Name the directory of the records.",
                )
    return sorted(found)


def _read(base: Path, files: list[Path]) -> Found:
    read, unread = [], []
    left = TOGETHER_MAX
    for file in files:
        name = os.fsencode(file.relative_to(base)).decode("utf-8", "replace")
        try:
            content = _bytes(file, BYTES_MAX + 1)
        except OSError as error:
            unread.append((name, f"it can't be read: {error.strerror or error}"))
            continue
        if len(content) > BYTES_MAX:
            unread.append((name, f"it has more than {BYTES_MAX:,} bytes"))
            continue
        left -= len(content)
        if left < 0:
            raise Rejected(
                "decision.too_large",
                f"All files together are too large: {TOGETHER_MAX:,} bytes are read at once, and "
                f"{str(file)!r} is beyond them.",
                hint="Import a part of the files.",
            )
        read.append((name, content))
    return Found(base, tuple(read), tuple(unread))


def _bytes(file: Path, most: int) -> bytes:
    """Return the first bytes of a regular file, however long it is or grows.

    Raises:
        OSError: it can't be read, or is something else.
    """
    handle = os.open(file, _FLAGS)
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is no regular file")
        return opened.read(most)


def _base(root: Path, chosen: list[Path]) -> Path:
    """Return what the names of the files begin from: the repository, as far as one is known."""
    folder = root.parent if root.is_file() else root
    if chosen and chosen[0].parent != folder:
        return folder  # They were found below it, as in a repository.
    return _repository_of(folder) or folder


def _repository_of(path: Path) -> Path | None:
    return next((each for each in (path, *path.parents) if (each / ".git").exists()), None)


def _unreadable(path: Path, error: OSError | RuntimeError) -> Rejected:
    why = getattr(error, "strerror", None) or error
    return Rejected("decision.unreadable", f"{str(path)!r} can't be read: {why}.")
