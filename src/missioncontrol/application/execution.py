"""What attempts tell us, checked and decided; and what one decision brings about in another."""

from typing import Any

import msgspec

from missioncontrol.application.acceptance import taken_in, written_down
from missioncontrol.application.evidence import checks_of
from missioncontrol.application.journal import Journal, unknown_mission
from missioncontrol.domain import execution
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.mission import AcceptPlan, SettleMission
from missioncontrol.domain.plan import Plan, accepted
from missioncontrol.domain.run.commands import (
    AddSteps,
    CancelRun,
    Interrupt,
    RecordProcess,
    ReportCancelled,
    ReportFailure,
    ReportSuccess,
    ReportUsage,
    ResumeRun,
    RunCommand,
    StartSteps,
)
from missioncontrol.domain.run.events import Check, Failure, RunEvent, RunSettled
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.work import NO_USAGE, Usage, Work
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.ids import Ids


class Execution:
    """The way in for everything that happens to a run while it is carried out."""

    def __init__(self, journal: Journal, artifacts: ArtifactStore, ids: Ids) -> None:
        """All three are shared with the rest of the engine."""
        self._journal = journal
        self._artifacts = artifacts
        self._ids = ids

    def tell(self, run: str, command: RunCommand, *, actor: str = "engine") -> list[RunEvent]:
        """Decide `command`, and what follows from it elsewhere, in one commit.

        Raises:
            Rejected, NotFound: see `domain.run.decide.decide`.
            NotFound: `mission.unknown`, where the run's mission is not loaded.
        """
        state = self._journal.runs.get(run)
        if state is not None and state.mission and state.mission not in self._journal.missions:
            raise unknown_mission(state.mission)
        events = self._journal.tell_run(run, command, actor=actor)
        if events and type(events[-1]) is RunSettled:
            mission = self._journal.runs[run].mission
            if mission:
                self._journal.tell_mission(mission, SettleMission(run, events[-1].outcome))
        return events

    def start(self, run: str, steps: tuple[str, ...]) -> None:
        """Give out the lease on `steps`."""
        self.tell(run, StartSteps(steps))

    def process(self, run: str, step: str, fence: int, process: ProcessHandle) -> None:
        """Write down a process before it executes anything."""
        self.tell(run, RecordProcess(step, fence, process.pid, process.started, process.group))

    def usage(self, run: str, step: str, fence: int, usage: Usage) -> None:
        """Write down tokens and money that an attempt used."""
        if usage != NO_USAGE:
            self.tell(run, ReportUsage(step, fence, usage))

    def success(self, run: str, step: str, fence: int, work: Work) -> None:
        """Accept work if it holds what the step owes; otherwise the attempt failed."""
        state = self._journal.runs.get(run)
        holder = state.working.get(step) if state is not None else None
        if state is None or holder is None or holder.fence != fence:
            self.tell(run, ReportSuccess(step, fence))  # Late: refused, and that is recorded.
            return
        accepted = taken_in(work)
        if isinstance(accepted, Failure):
            self.failure(run, step, fence, accepted)
            return
        work = accepted
        checks = checks_of(state.steps[step], work, self._artifacts)
        problem = _failed_check(checks)
        if problem is None and step == execution.PLAN_STEP and state.mission:
            problem = self._take_plan_in(state, fence, work)
        if problem is not None:
            self.failure(run, step, fence, problem, checks)
            return
        self.tell(run, ReportSuccess(step, fence, work, checks))

    def failure(
        self, run: str, step: str, fence: int, failure: Failure, checks: tuple[Check, ...] = ()
    ) -> None:
        """Let the attempt count as failed."""
        report = ReportFailure(step, fence, written_down(failure), self._ids.jitter(), checks)
        self.tell(run, report)

    def cancelled(self, run: str, step: str, fence: int) -> None:
        """Say that an attempt ended because we asked it to."""
        self.tell(run, ReportCancelled(step, fence))

    def cancel(self, run: str, reason: str, *, actor: str) -> list[RunEvent]:
        """Ask for the end of a run."""
        return self.tell(run, CancelRun(reason), actor=actor)

    def time_out(self, run: str, seconds: float) -> None:
        """End a run that took longer than it may."""
        reason = f"The run took longer than its limit of {seconds:g} s."
        self.tell(run, CancelRun(reason, "failed"))

    def interrupt(self, run: str, reason: str) -> list[RunEvent]:
        """End the attempts of an engine that is gone."""
        return self.tell(run, Interrupt(reason))

    def resume(self, run: str, *, actor: str) -> list[RunEvent]:
        """Take a run up again."""
        return self.tell(run, ResumeRun(), actor=actor)

    def _take_plan_in(self, run: Run, fence: int, work: Work) -> Failure | None:
        """Accept the plan and add its steps, or say what is wrong with it."""
        try:
            plan = accepted(_plan_of(work.output))
            if run.inputs.get("execute", True):
                seconds = float(run.inputs.get("task_seconds_max", 0))
                steps = execution.steps_of(plan, seconds_max=seconds)
                self.tell(run.id, AddSteps(execution.PLAN_STEP, fence, steps))
            self._journal.tell_mission(run.mission, AcceptPlan(run.id, plan), actor="planner")
        except MissionControlError as error:
            return Failure(error.code, error.reason, error.hint, retryable=False)
        return None


def _plan_of(output: Any) -> Plan:
    try:
        return msgspec.convert(output["plan"], Plan)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise Rejected(
            "plan.malformed",
            f"The planner handed back something that is no plan: {error}.",
            hint="Ask the planner again.",
        ) from None


def _failed_check(checks: tuple[Check, ...]) -> Failure | None:
    failed = [check for check in checks if not check.passed]
    if not failed:
        return None
    return Failure(
        "evidence.missing",
        f"{len(failed)} of {len(checks)} checks of the work failed; "
        f"the first: {failed[0].what}. {failed[0].detail}".rstrip(),
        "The work was not accepted; read the output of the attempt.",
    )
