"""Unified diffs: those inside of what would run, and those that it stands on."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from missioncontrol.application.read_model import Present
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.domain.visible import visible
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports.artifact_store import ArtifactStore

BYTES_MAX = 512 * 1024
DIFFS_MAX = 5
FILES_MAX = 100
DEPTH_MAX = 4
HEAD = re.compile(r"^(diff --git |--- \S)", re.MULTILINE)
HUNK = re.compile(r"^@@ -\d+(,\d+)? \+\d+(,\d+)? @@", re.MULTILINE)
NEXT_FILE = re.compile(r"^(?=diff --git )", re.MULTILINE)
MEDIA_TYPES = frozenset({"text/x-diff", "text/x-patch"})


class FileDiff(msgspec.Struct, frozen=True):
    """What a diff does to one file."""

    name: str
    text: str  # its part of the diff, every odd character written out
    added: int  # lines
    removed: int


class Diff(msgspec.Struct, frozen=True):
    """A change of files."""

    source: str  # where it stands
    is_exact: bool  # it is part of what would run; else the step only stands on it
    files: list[FileDiff]
    is_whole: bool = True  # all of it is here


def diffs_in(value: Any) -> list[Diff]:
    """Return the diffs among the texts of a plain value."""
    found = islice(_texts(value, "inputs", 0), DIFFS_MAX)
    return [diff_of(text, place, is_exact=True) for place, text in found]


async def diffs_of(present: Present, run: str, step: str) -> list[Diff]:
    """Return the diffs that the steps before one have handed in: what it most likely acts on."""
    try:
        state = await present.run(run)
    except MissionControlError:
        return []  # Its run is not known here; the approval says all that it is about.
    return diffs_before(state, step, present.artifacts)


def diffs_before(run: Run, step: str, artifacts: ArtifactStore) -> list[Diff]:
    """Return the diffs that the steps before one of `run` have handed in."""
    found = islice(_handed_in(run, step), DIFFS_MAX)
    return [_read(artifacts, ref, need) for need, ref in found]


def diff_of(text: str, source: str, *, is_exact: bool) -> Diff:
    """Take a unified diff apart, file by file."""
    parts = [part for part in NEXT_FILE.split(text) if HUNK.search(part)]
    files = [_file(part) for part in parts[:FILES_MAX]]
    return Diff(source, is_exact, files, is_whole=len(parts) <= FILES_MAX)


def _file(part: str) -> FileDiff:
    lines = part.split("\n")  # Other ends of lines may stand in a line, without a new line.
    heads = [line for line in lines if line.startswith(("+++ ", "--- ", "diff --git "))]
    body = [line for line in lines if not line.startswith(("+++ ", "--- "))]
    name = next((name for line in reversed(heads) if (name := _named(line))), "")
    added = sum(line.startswith("+") for line in body)
    return FileDiff(name, visible(part), added, sum(line.startswith("-") for line in body))


def _named(line: str) -> str:
    name = line.split(" b/", 1)[-1] if line.startswith("diff --git ") else line[4:]
    name = name.split("\t")[0].strip()
    bare = name[2:] if name[:2] in ("a/", "b/") else name
    return "" if bare == "/dev/null" else visible(bare)[:300]


def _texts(value: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEPTH_MAX:
        return
    match value:
        case str() if len(value) < BYTES_MAX and HUNK.search(value) and HEAD.search(value):
            yield visible(place), value
        case dict():
            for key, part in value.items():
                yield from _texts(part, f"{place}.{key}", depth + 1)
        case list() | tuple():
            for number, part in enumerate(value):
                yield from _texts(part, f"{place}[{number}]", depth + 1)


def _handed_in(run: Run, step: str) -> Iterator[tuple[str, ArtifactRef]]:
    known = run.steps.get(step)
    for need in known.needs if known is not None else ():
        state = run.states.get(need)
        if isinstance(state, Succeeded):
            for ref in state.work.artifacts:
                if ref.media_type in MEDIA_TYPES:
                    yield need, ref


def _read(artifacts: ArtifactStore, ref: ArtifactRef, need: str) -> Diff:
    """Read a diff; one that is too large, or lost, is reported as not shown."""
    source = f"{ref.name} of step {need}"
    if ref.size > BYTES_MAX:
        return Diff(source, False, [], is_whole=False)
    try:
        content = artifacts.get(ref.digest)
    except MissionControlError:
        return Diff(source, False, [], is_whole=False)
    return diff_of(content.decode("utf-8", "replace"), source, is_exact=False)
