"""Which files differ between two commits, and the lines that one of them has more."""

import re
from typing import Literal

import msgspec

from missioncontrol.specialists.commits.borrowed_repository import Lent

LINK, SUBMODULE, EXECUTABLE = "120000", "160000", "100755"
DIFF_BYTES_MAX = 64 * 1024 * 1024
Kind = Literal["added", "changed", "deleted", "renamed"]
_KINDS: dict[str, Kind] = {"A": "added", "D": "deleted", "R": "renamed"}
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class ChangedFile(msgspec.Struct, frozen=True):
    """One file that is not what it was."""

    path: str  # bytes that are no UTF-8 as surrogates, as Python has them
    kind: Kind
    was: str  # its path before; the same where it was not renamed
    mode_before: str  # as git has it; 000000 where there was none
    mode: str
    blob_before: str
    blob: str

    @property
    def shown(self) -> str:
        """The path as text that everything takes."""
        return shown(self.path)


class Line(msgspec.Struct, frozen=True):
    """A line that was added or removed."""

    number: int  # 1-based, in the file that has it
    text: str


class Lines(msgspec.Struct, frozen=True):
    """What was added to a file and removed from it."""

    added: tuple[Line, ...] = ()
    removed: tuple[Line, ...] = ()


def shown(path: str) -> str:
    """Return a path as text that everything takes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def changed_files(lent: Lent, before: str, after: str) -> tuple[ChangedFile, ...]:
    """Return what differs from commit to commit, in order of the paths."""
    asked = ("diff-tree", "-r", "--raw", "-z", "--find-renames", "--no-abbrev")
    raw = lent.git(*asked, "--ignore-submodules=none", before, after)
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    found = []
    while len(parts) > 1:
        old, new, blob_before, blob, letter = parts.pop(0).lstrip(":").split(" ")
        was = parts.pop(0)
        path = parts.pop(0) if letter[0] in "RC" else was
        kind = _KINDS.get(letter[0], "changed")
        found.append(ChangedFile(path, kind, was, old, new, blob_before, blob))
    return tuple(sorted(found, key=lambda each: each.path))


def changed_lines(lent: Lent, file: ChangedFile) -> Lines:
    """Return the lines that a file has more and less; none of one that git takes for binary."""
    if SUBMODULE in (file.mode, file.mode_before) or file.blob == file.blob_before:
        return Lines()
    empty = lent.git("hash-object", "-w", "-t", "blob", "--stdin").decode().strip()
    sides = [each if each.strip("0") else empty for each in (file.blob_before, file.blob)]
    output = lent.git("diff", "--unified=0", "--no-color", "--no-prefix", *sides)
    return _read(output.decode("utf-8", "replace"))


def patch(lent: Lent, before: str, after: str) -> bytes:
    """Return what `git apply` makes of one commit the other with."""
    return lent.git("diff", "--binary", "--full-index", "--find-renames", before, after)


def _read(output: str) -> Lines:
    added: list[Line] = []
    removed: list[Line] = []
    old = new = 0
    is_inside = False
    for line in output.split("\n"):
        hunk = _HUNK.match(line)
        if hunk:
            old, new, is_inside = int(hunk[1]), int(hunk[2]), True
        elif is_inside and line.startswith("+"):
            added.append(Line(new, line[1:]))
            new += 1
        elif is_inside and line.startswith("-"):
            removed.append(Line(old, line[1:]))
            old += 1
    return Lines(tuple(added), tuple(removed))
