"""Versions of a workflow: which there are, and what they say differently."""

import difflib

import msgspec

from missioncontrol.application.queries.shelf import Shelf
from missioncontrol.application.workflows import Version
from missioncontrol.domain.definition import Change, differences
from missioncontrol.domain.register import decode
from missioncontrol.domain.workflow_library import WorkflowSaved, stream_of

DIFFERENCE_LINES_MAX = 20_000
"""Lines of two texts together; comparing takes longer than their number says."""


class VersionItem(msgspec.Struct, frozen=True):
    """A version in a list."""

    version: int
    digest: str
    saved_at: float
    saved_by: str
    steps: int
    description: str


class Difference(msgspec.Struct, frozen=True):
    """What two versions say differently, by meaning and by lines."""

    name: str
    older: int
    newer: int
    changes: list[Change]
    text: str  # a unified diff of the files
    cut: bool  # whether they are too long to be compared by lines


async def versions(
    shelf: Shelf, name: str, *, before: int = 0, limit: int = 50
) -> list[VersionItem]:
    """Return versions of a workflow, the newest first; those before `before` where it is given.

    Raises:
        NotFound: `workflow.unknown`.
    """
    newest = (await shelf.get(name)).version
    last = min(newest, before - 1) if before else newest
    first = max(0, last - limit)
    rows = await shelf.present.store.read_stream(
        stream_of(name), after=first, limit=max(last - first, 1)
    )
    found = []
    for row in rows if last > first else ():
        event = decode(row.type, row.schema, row.body)
        assert isinstance(event, WorkflowSaved)
        definition = event.definition
        found.append(
            VersionItem(
                event.version,
                event.digest,
                row.time / 1_000_000,
                row.actor,
                len(definition.steps),
                definition.description,
            )
        )
    return found[::-1]


async def difference(shelf: Shelf, name: str, older: int, newer: int) -> Difference:
    """Return what one version says differently from another.

    Raises:
        NotFound: `workflow.unknown` or `workflow.unknown_version`.
    """
    before, after = await shelf.get(name, older), await shelf.get(name, newer)
    size = len(before.source) + len(after.source)
    found: Difference = await shelf.compared(_difference, size, before, after)
    return found


def _difference(before: Version, after: Version) -> Difference:
    one, other = before.source.splitlines(), after.source.splitlines()
    is_long = len(one) + len(other) > DIFFERENCE_LINES_MAX
    return Difference(
        before.name,
        before.version,
        after.version,
        differences(before.definition, after.definition),
        "" if is_long else _unified(before, after, one, other),
        is_long,
    )


def _unified(before: Version, after: Version, one: list[str], other: list[str]) -> str:
    names = f"{before.name}@{before.version}", f"{after.name}@{after.version}"
    return "\n".join(difflib.unified_diff(one, other, *names, lineterm=""))
