"""What the API answers besides the shapes of `application.queries`."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.status import ENDED as ENDED
from missioncontrol.domain.status import RunWord

Status = RunWord
Report = Literal["html", "md", "pdf", "json", "zip"]
DocumentForm = Literal["md", "html", "pdf", "docx"]
DiagramForm = Literal["svg", "png", "mermaid", "json"]
PackForm = Literal["md", "json"]


class StartedRun(msgspec.Struct, frozen=True):
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
    attention: int  # waiting, stuck or halted, or asking a person something
    statuses: dict[str, int]


class Saved(msgspec.Struct, frozen=True):
    """What came of saving a workflow."""

    name: str
    version: int
    newest: int
    is_new: bool  # False: a version had the same content already


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


class CurrentDocument(msgspec.Struct, frozen=True):
    """The version of a document that holds now."""

    run: str
    kind: str
    version: int
    digest: str
    is_new: bool  # False where nothing was to be changed
    conflicts: list[str]  # ids of open ones


class TraceChanged(msgspec.Struct, frozen=True):
    """What has come of a waiver, or of naming who sees to a risk."""

    mission: str
    run: str  # the newest, in which gaps are looked for
    status: str  # of the mission
    is_completed: bool
    subject: str  # the gap or the risk
    is_new: bool  # False where it was so already


class PackLine(msgspec.Struct, frozen=True):
    """An execution pack in a list."""

    task: str  # its key; "" for that of the whole mission
    title: str
    size: int  # bytes of its Markdown
    digest: str  # SHA-256 of them
