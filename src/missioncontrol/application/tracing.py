"""The way in for who waives gaps, names owners of risks or gives tasks their scope."""

from typing import Any, Literal

import msgspec

from missioncontrol.application.checkout import absent
from missioncontrol.application.journal import Journal, unknown_run
from missioncontrol.application.records import ends_of
from missioncontrol.domain.coverage_gaps import End
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.scope import ChangeScope
from missioncontrol.domain.waivers import (
    AssignRisk,
    CompleteMission,
    GapWaived,
    RiskAssigned,
    WaiveGap,
    WithdrawWaiver,
    lacking,
)


class TraceAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to change the trace of the mission that a run belongs to."""

    verb: Literal["waive", "withdraw", "assign", "scope"]
    run: str
    subject: str  # the id of a gap, or of a risk; for `scope` the key of a task
    words: str = ""  # the reason; for `assign` who sees to it
    digest: str = ""  # of the gap, or the files, that was looked at, where that is known
    files: tuple[str, ...] = ()  # for `scope`: all that the task is expected to change


def complete(journal: Journal, run: Run) -> bool:
    """Say that the mission of a run that has settled is complete, if nothing is lacking.

    Returns whether it is. The mission has to be loaded.
    """
    mission = journal.missions[run.mission]
    if mission.status != "succeeded" or mission.plan is None or mission.runs[-1] != run.id:
        return mission.status == "completed"
    ends = ends_of(mission.plan, run)
    if lacking(mission.traced, ends):
        return False
    journal.handle_mission(mission.id, CompleteMission(run.id, ends))
    return True


class Tracing:
    """Takes waivers and owners in."""

    def __init__(self, journal: Journal) -> None:
        """The journal is shared with the engine."""
        self._journal = journal

    async def take(self, ask: TraceAsked, *, actor: str) -> dict[str, Any]:
        """Do what is asked; where nothing is lacking any more, the same commit says so.

        A gap is looked for in the newest run of the mission, which is the one that counts.

        Raises:
            NotFound: `run.unknown`, `gap.unknown`, `waiver.unknown`, `risk.unknown`,
                `task.unknown`.
            Rejected: `run.no_mission`, and as `domain.waivers.decide` and `domain.scope.decide`.
            Conflict: `gap.changed`, `task.scope_changed`.
        """
        mission, newest = await self._found(ask.run)
        ends = ends_of(mission.plan, newest) if mission.plan is not None else ()
        events = self._journal.handle_mission(mission.id, _command(ask, actor, ends), actor=actor)
        is_completed = complete(self._journal, newest)
        status = self._journal.missions[mission.id].status
        relevant = [event for event in events if isinstance(event, GapWaived | RiskAssigned)]
        self._release(newest)
        return {
            "mission": mission.id,
            "run": newest.id,
            "status": status,
            "is_completed": is_completed,
            "subject": ask.subject,
            "is_new": bool(events),
            "absent": list(absent(mission.repository, ask.files)),
            "what": next((each.what for each in relevant if isinstance(each, GapWaived)), ""),
        }

    async def _found(self, run: str) -> tuple[Mission, Run]:
        if not run.startswith("run-"):
            raise unknown_run(run)
        state = await self._journal.load_run(run)
        if not state.mission:
            raise Rejected(
                "run.no_mission",
                f"Run {run!r} of {state.workflow!r} belongs to no mission: there is no plan.",
                hint="`mission list` names the missions.",
            )
        mission = await self._journal.load_mission(state.mission)
        newest = await self._journal.load_run(mission.runs[-1])
        if newest.id != run and state.is_settled:
            self._journal.forget(run)
        return mission, newest

    def _release(self, run: Run) -> None:
        if run.is_settled:
            self._journal.forget(run.id)
            self._journal.forget(run.mission)


def _command(
    ask: TraceAsked, actor: str, ends: tuple[End, ...]
) -> WaiveGap | WithdrawWaiver | AssignRisk | ChangeScope:
    match ask.verb:
        case "waive":
            return WaiveGap(ask.subject, ask.words, actor, ends, ask.digest)
        case "withdraw":
            return WithdrawWaiver(ask.subject, ask.words, actor)
        case "assign":
            return AssignRisk(ask.subject, ask.words, actor)
        case "scope":
            return ChangeScope(ask.subject, ask.files, actor, ask.words, ask.digest)
