"""Why a change does not fit on top of a branch: file by file, with whose change it meets."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import shown
from missioncontrol.specialists.merger.merge_request import Wanted
from missioncontrol.specialists.merger.trailers import last_commit_of

CONFLICTS_MAX = 100
HUNKS_MAX = 20
HUNK_LINES_MAX = 40
BYTES_MAX = 1024 * 1024
OURS, BETWEEN, CHANGE = "<<<<<<< ", "=======", ">>>>>>> "


class Hunk(msgspec.Struct, frozen=True):
    """A place in a file where both sides did something else."""

    first: int  # of the lines in the branch's file; where it has none there, the line before
    last: int
    ours: tuple[str, ...]
    change: tuple[str, ...]


class Conflict(msgspec.Struct, frozen=True):
    """A file that the branch and the change do not agree about."""

    path: str
    reason: str
    ours: str = ""  # whose change in the branch it meets with
    commit: str = ""
    hunks: tuple[Hunk, ...] = ()

    @property
    def shown(self) -> str:
        """The path as text that everything takes."""
        return shown(self.path)


class _Entry(msgspec.Struct, frozen=True):
    mode: str
    blob: str
    stage: str  # 1 as it was, 2 in the branch, 3 in the change
    path: str


def conflicts_in(
    lent: Lent, what: Wanted, output: str, tree: str, fork: str, onto: str
) -> tuple[Conflict, ...]:
    """Read the output of `git merge-tree -z --messages` after the tree; empty if all fits."""
    entries, messages = _read(output)
    kinds = {path: kind for kind, paths in messages for path in paths}
    paths = list(dict.fromkeys([*(each.path for each in entries), *kinds]))
    found = []
    for path in paths[:CONFLICTS_MAX]:
        stages = {each.stage: each for each in entries if each.path == path}
        reason = _reason(kinds.get(path, ""), stages, what.into)
        commit, task = last_commit_of(lent, fork, onto, path)
        mine = stages.get("2")
        hunks = _hunks(lent, tree, path, mine.blob if mine else "") if len(stages) > 1 else ()
        found.append(Conflict(path, reason, task, commit, hunks))
    return tuple(found)


def _read(output: str) -> tuple[list[_Entry], list[tuple[str, tuple[str, ...]]]]:
    """Return the entries of files in conflict, and the kinds of conflict with their paths."""
    parts = output.split("\0")
    entries: list[_Entry] = []
    while parts and parts[0]:
        head, _, path = parts.pop(0).partition("\t")
        mode, blob, stage = head.split(" ")
        entries.append(_Entry(mode, blob, stage, path))
    del parts[:1]
    messages: list[tuple[str, tuple[str, ...]]] = []
    while len(parts) > 2 and parts[0].isdigit():
        count = int(parts.pop(0))
        paths, kind = tuple(parts[:count]), parts[count]
        del parts[: count + 2]
        if kind.startswith("CONFLICT"):
            messages.append((kind, paths))
    return entries, messages


def _reason(kind: str, stages: dict[str, _Entry], into: str) -> str:
    """Say what both sides did, from which of the three versions there are."""
    if "file/directory" in kind:
        return f"a file on one side is a directory on the other ({into} and the change)"
    if "rename" in kind or "file location" in kind or "directory" in kind:
        return f"renamed differently, or renamed on one side and changed on the other ({into})"
    if "submodule" in kind:
        return "both changed the same submodule"
    here = (("1" in stages), ("2" in stages), ("3" in stages))
    if here == (True, False, True):
        return f"{into} deleted it, and the change changes it"
    if here == (True, True, False):
        return f"the change deletes it, and {into} changed it"
    if here == (False, True, True):
        return "both added it with different contents"
    if "binary" in kind:
        return "both changed it, and it is no text"
    if "modes" in kind or "distinct types" in kind:
        return "both changed what kind of file it is"
    return "both changed the same lines"


def _hunks(lent: Lent, tree: str, path: str, mine: str) -> tuple[Hunk, ...]:
    merged = _text(lent, f"{tree}:{path}")
    own = _text(lent, mine).splitlines() if mine else []
    return tuple(_marked(merged.splitlines(), own))[:HUNKS_MAX]


def _text(lent: Lent, name: str) -> str:
    try:
        size = int(lent.text("cat-file", "-s", name))
        data = lent.git("cat-file", "blob", name) if size <= BYTES_MAX else b""
    except Unavailable:
        return ""
    return "" if b"\0" in data else data.decode("utf-8", "replace")


def _marked(lines: Sequence[str], own: Sequence[str]) -> Iterator[Hunk]:
    """Yield the places between marks; `own` is the branch's file, to count its lines."""
    ours: list[str] = []
    change: list[str] = []
    side: list[str] | None = None
    reached = 0  # lines of `own` that are behind us
    for line in lines:
        if line.startswith(OURS):
            side, ours, change = ours, [], []
            side = ours
        elif line == BETWEEN and side is ours and side is not None:
            side = change
        elif line.startswith(CHANGE) and side is change:
            first = _place(own, ours, reached)
            reached = first + len(ours)
            last = max(reached, 1)
            cut = HUNK_LINES_MAX
            yield Hunk(min(first + 1, last), last, tuple(ours[:cut]), tuple(change[:cut]))
            side = None
        elif side is not None:
            side.append(line)


def _place(own: Sequence[str], block: Sequence[str], start: int) -> int:
    """Return where `block` begins in `own` at or behind `start`; `start` where it is not found."""
    if not block:
        return start
    for at in range(start, len(own) - len(block) + 1):
        if list(own[at : at + len(block)]) == list(block):
            return at
    return start
