"""How a merge can end, and why a change is returned."""

from typing import Any, Literal

import msgspec

from missioncontrol.domain.work import Evidence
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.merger.conflicts import Conflict
from missioncontrol.specialists.merger.merge_tests import not_run
from missioncontrol.specialists.tester.results import File

State = Literal["merged", "returned", "level", "updated", "clashing", "red"]


class Outcome(msgspec.Struct, frozen=True):
    """How it ended."""

    state: State
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
