"""What the API answers besides the shapes of `application.queries`."""

from typing import Any, Literal

import msgspec

from missioncontrol.application.asks import StartedRun as StartedRun
from missioncontrol.domain.status import ENDED as ENDED
from missioncontrol.domain.status import RunWord

Status = RunWord
Report = Literal["html", "md", "pdf", "json", "zip"]
DocumentForm = Literal["md", "html", "pdf", "docx"]
DiagramForm = Literal["svg", "png", "mermaid", "json"]
PackForm = Literal["md", "json"]


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


class TraceChanged(msgspec.Struct, frozen=True):
    """What has come of a waiver, or of naming who sees to a risk."""

    mission: str
    run: str  # the newest, in which gaps are looked for
    status: str  # of the mission
    is_completed: bool
    subject: str  # the gap or the risk
    is_new: bool  # False where it was so already
