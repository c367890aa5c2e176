"""Reads unified diffs: files, hunks and lines with their numbers on both sides."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from missioncontrol.domain.visible import visible

LineKind = Literal["add", "del", "same", "note"]
NAME_MAX = 300
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
_FILE = re.compile(r"^(?=diff --git )", re.MULTILINE)
_KINDS: dict[str, LineKind] = {"+": "add", "-": "del", " ": "same", "": "same", "\\": "note"}


class DiffLine(msgspec.Struct, frozen=True, gc=False):
    """A line of a diff; 0 where it is not in the file of that side."""

    kind: LineKind
    old: int
    new: int
    text: str


class Hunk(msgspec.Struct, frozen=True):
    """Lines that stand together."""

    head: str
    lines: list[DiffLine]


class FilePatch(msgspec.Struct, frozen=True):
    """What a diff does to one file."""

    path: str
    was: str  # its name before, where that differs
    change: str  # added, deleted, renamed, binary or changed
    hunks: list[Hunk]
    added: int
    removed: int

    @property
    def size(self) -> int:
        """How many lines of it are shown."""
        return sum(len(hunk.lines) for hunk in self.hunks)

    def line(self, number: int, side: Literal["new", "old"]) -> DiffLine | None:
        """Return a line by its number on a side; None where the diff does not show it."""
        lines = (line for hunk in self.hunks for line in hunk.lines if line.kind != "note")
        return next((line for line in lines if getattr(line, side) == number), None)


def files_of(text: str) -> list[FilePatch]:
    """Return the files of a unified diff in their order; odd characters are written out."""
    return [_file(part) for part in _FILE.split(text) if part.strip()]


def _file(part: str) -> FilePatch:
    lines = part.split("\n")  # Other ends of lines may stand in a line, without a new line.
    begin = next((n for n, line in enumerate(lines) if _HUNK.match(line)), len(lines))
    heads = lines[:begin]
    hunks = list(_hunks(lines[begin:]))
    old, new = _name(heads, "--- "), _name(heads, "+++ ")
    named = lines[0].partition(" b/")[2] if lines[0].startswith("diff --git ") else ""
    path = new or old or named
    counted = [line.kind for hunk in hunks for line in hunk.lines]
    return FilePatch(
        visible(path)[:NAME_MAX],
        visible(_renamed(heads))[:NAME_MAX],
        _change(heads, hunks),
        hunks,
        counted.count("add"),
        counted.count("del"),
    )


def _name(heads: list[str], mark: str) -> str:
    line = next((each for each in heads if each.startswith(mark)), "")
    name = line[len(mark) :].split("\t")[0].strip()
    return "" if name == "/dev/null" else name[2:] if name[:2] in ("a/", "b/") else name


def _renamed(heads: list[str]) -> str:
    found = next((each for each in heads if each.startswith("rename from ")), "")
    return found.removeprefix("rename from ")


def _change(heads: list[str], hunks: list[Hunk]) -> str:
    for mark, word in (
        ("new file", "added"),
        ("deleted file", "deleted"),
        ("rename from", "renamed"),
    ):
        if any(each.startswith(mark) for each in heads):
            return word
    return "changed" if hunks else "binary"


def _hunks(lines: list[str]) -> Iterator[Hunk]:
    """Yield hunks by the counts in their heads: a line of a file may look like a head."""
    place = 0
    while place < len(lines):
        found = _HUNK.match(lines[place])
        place += 1
        if found is None:
            continue
        old, new = int(found[1]), int(found[3])
        olds, news = (int(found[n]) if found[n] else 1 for n in (2, 4))
        kept: list[DiffLine] = []
        while place < len(lines) and (olds > 0 or news > 0 or lines[place].startswith("\\")):
            kind = _KINDS.get(lines[place][:1], "same")
            is_old, is_new = kind in ("del", "same"), kind in ("add", "same")
            text = visible(lines[place][1:])
            kept.append(DiffLine(kind, old if is_old else 0, new if is_new else 0, text))
            old, new, olds, news = old + is_old, new + is_new, olds - is_old, news - is_new
            place += 1
        yield Hunk(visible(found[0]), kept)
