"""What the API answers besides the shapes of `application.queries`."""

from typing import Any, Literal

import msgspec

Status = Literal["queued", "running", "halted", "cancelling", "succeeded", "failed", "cancelled"]
Report = Literal["html", "markdown", "json", "zip"]


ENDED = frozenset({"succeeded", "failed", "cancelled"})


class Begun(msgspec.Struct, frozen=True):
    """A run that has just come into being, goes on, or is to end."""

    run: str
    status: str
    mission: str = ""


class PlanLine(msgspec.Struct, frozen=True):
    """A plan in a list: of which mission it is, and how much is in it."""

    mission: str
    title: str
    status: str  # of the mission
    run: str  # the newest that carries it out
    requirements: int
    tasks: int
    updated: float  # when the mission changed last, seconds since the epoch


class RunCounts(msgspec.Struct, frozen=True):
    """How many runs there are."""

    all: int
    attention: int  # halted, or asking a person something
    statuses: dict[str, int]


class Saved(msgspec.Struct, frozen=True):
    """What came of saving a workflow."""

    name: str
    version: int
    newest: int
    is_new: bool  # False: a version said the same already


class InputSchema(msgspec.Struct, frozen=True):
    """What a run of a workflow is given, as JSON Schema, and as the fields of a form."""

    name: str
    version: int
    input_schema: dict[str, Any]
    fields: list[dict[str, Any]]


class Head(msgspec.Struct, frozen=True):
    """The end of the log."""

    position: int  # 0 where nothing ever happened
    hash: str  # SHA-256, hexadecimal


class Limit(msgspec.Struct, frozen=True):
    """At most `starts` in any `seconds`."""

    kind: str  # agent, actor or workspace
    name: str
    starts: int
    seconds: float


class Operation(msgspec.Struct, frozen=True):
    """How far work may go: nothing (`stopped`), nothing new (`paused`), no new runs (`drain`)."""

    stage: str
    since: float  # seconds since the epoch; 0 where nobody ever said anything
    reason: str
    may_begin: bool
    may_dispatch: bool
    limits: list[Limit]


class Started(msgspec.Struct, frozen=True):
    """A run of a schedule that was started by hand."""

    schedule: str
    run: str
