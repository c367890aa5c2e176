"""How a merge can end, and why a change is returned."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.work import Evidence
from missioncontrol.specialists.merger.conflicts import Conflict
from missioncontrol.specialists.merger.proving import not_run
from missioncontrol.specialists.tester.results import File


class Found(msgspec.Struct, frozen=True):
    """Why a change was returned, as a review would say it."""

    rule: str
    message: str
    path: str = ""
    line: int = 0
    remedy: str = ""
    blocking: bool = True

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return msgspec.structs.asdict(self)


class Outcome(msgspec.Struct, frozen=True):
    """How it ended."""

    state: Literal["merged", "returned"]
    said: str  # one sentence that a person reads first
    onto: str
    reason: str = ""
    commit: str = ""
    rebased: bool = False
    conflicts: tuple[Conflict, ...] = ()
    checks: dict[str, Any] = msgspec.field(default_factory=not_run)
    findings: tuple[Found, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    files: tuple[File, ...] = ()  # of which the evidence speaks
