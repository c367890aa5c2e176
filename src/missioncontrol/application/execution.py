"""What attempts tell us, checked and decided; and what one decision brings about in another."""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.application.acceptance import accept_work, written_down
from missioncontrol.application.approvals import Approvals, Decision
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.current_request import current_request, is_program
from missioncontrol.application.evidence import checks_of
from missioncontrol.application.handoff import Handoff
from missioncontrol.application.journal import Journal, unknown_mission
from missioncontrol.application.memory_removal import REASON as FORGOTTEN
from missioncontrol.application.memory_removal import Forgetting
from missioncontrol.application.metering import Meter
from missioncontrol.application.rerun import describe_rerun, repository_of
from missioncontrol.application.scope import Scopes
from missioncontrol.application.step_resolution import (
    Cards,
    WorkingOut,
    failure_from,
    failure_of_ours,
)
from missioncontrol.application.tool_permissions import ToolPermissions
from missioncontrol.application.tracing import complete
from missioncontrol.domain import execution
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.building import builder_of
from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.mission import AcceptPlan, SettleMission
from missioncontrol.domain.plan import Plan, accepted
from missioncontrol.domain.run.commands import (
    AddSteps,
    CancelRun,
    CreateRun,
    FailStep,
    HaltRun,
    Interrupt,
    RecordProcess,
    ReleaseStep,
    ReportCancelled,
    ReportFailure,
    ReportSuccess,
    ReportUsage,
    ResumeRun,
    ReturnStep,
    ReviseStep,
    RunCommand,
    StartSteps,
)
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    Check,
    Failure,
    Outcome,
    RunEvent,
    RunSettled,
    StepCancelled,
    StepExpanded,
    StepFailed,
    StepRepeated,
    StepsCancelled,
    StepSucceeded,
)
from missioncontrol.domain.run.states import Held, Run
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import NO_USAGE, Usage, Work
from missioncontrol.ports.agent import ProcessHandle
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.ids import Ids

FOLLOWED: frozenset[type[Any]] = frozenset(
    {
        StepSucceeded,
        AttemptFailed,
        AttemptInterrupted,
        StepCancelled,
        StepExpanded,
        StepFailed,
        StepRepeated,
        StepsCancelled,
        RunSettled,
    }
)
"""Events of a run that bring something about elsewhere."""


class Governance(msgspec.Struct, frozen=True):
    """What every step is held to."""

    scopes: Scopes
    approvals: Approvals
    budgets: Budgets
    cards: Cards


class Execution:
    """The way in for everything that happens to a run while it is carried out."""

    def __init__(
        self, journal: Journal, artifacts: ArtifactStore, ids: Ids, governance: Governance
    ) -> None:
        """All four are shared with the rest of the engine."""
        self._journal = journal
        self._artifacts = artifacts
        self._ids = ids
        self.governance = governance
        self.meter = Meter(governance.budgets, governance.scopes, governance.cards)
        self.tool_permissions = ToolPermissions(journal, governance.approvals, ids)
        self.forgetting = Forgetting(journal)
        self.handoff = Handoff(journal, artifacts)
        self.elevated: Callable[[str], Elevated | None] = lambda agent: None
        """Returns the wider mode that an attempt of an agent has which begins now."""
        self.scheduled_run_ended: Callable[[Run, Outcome], None] = lambda run, outcome: None
        self._working_out = WorkingOut(
            journal,
            governance.scopes,
            governance.approvals,
            governance.cards,
            self.tell,
            self.handoff.scopes,
        )
        governance.approvals.decided = self._take_decision_in

    def tell(self, run: str, command: RunCommand, *, actor: str = "engine") -> list[RunEvent]:
        """Decide `command`, and what follows from it elsewhere, in one commit.

        Raises:
            Rejected, NotFound: see `domain.run.decide.decide`.
            NotFound: `mission.unknown`, where the run's mission is not loaded.
        """
        state = self._journal.runs.get(run)
        if state is not None and state.mission and state.mission not in self._journal.missions:
            raise unknown_mission(state.mission)
        held = dict(state.held) if state is not None and state.held else {}
        events = self._journal.handle_run(run, command, actor=actor)
        if not FOLLOWED.isdisjoint(map(type, events)):
            self._follow(run, events, held)
        return events

    def create(self, create: CreateRun, *, actor: str, on_behalf: str = "") -> None:
        """Bring a run into being; one whose worst case is more than a cap leaves is halted at once.

        Raises:
            Rejected: `run.nothing_to_do`.
        """
        # Who signed in gave a name of their own.
        os_user = "" if current_request() else self.governance.approvals.os_user
        is_api = create.trigger == "manual" and is_program()
        trigger = "api" if is_api else create.trigger
        create = msgspec.structs.replace(create, os_user=os_user, trigger=trigger)
        self._journal.handle_run(create.run, create, actor=actor, on_behalf=on_behalf)
        self._hold_to_caps(self._journal.runs[create.run])

    def _hold_to_caps(self, run: Run) -> None:
        try:
            self.meter.open(run)
        except Rejected as refusal:
            self.tell(run.id, HaltRun(refusal.code, str(refusal)))

    def _follow(self, name: str, events: list[RunEvent], held: dict[str, Held]) -> None:
        """Bring about elsewhere what `events` mean there, in the same commit."""
        run = self._journal.runs[name]
        for event in events:
            match event:
                case StepSucceeded() | AttemptFailed() | AttemptInterrupted() | StepCancelled():
                    self.meter.settle(run, event.step, event.fence)
                case StepFailed() | StepRepeated():
                    self.meter.settle(run, event.step, event.fence)
                    self._withdraw(held, event.step)
                case StepsCancelled():
                    for step in event.steps:
                        self._withdraw(held, step)
                case StepExpanded() if self.meter.may_need_more(run, event.step):
                    self._hold_to_caps(run)
                case RunSettled():
                    self.meter.close(run)
                    if run.schedule:
                        self.scheduled_run_ended(run, event.outcome)
                    if run.mission:
                        self._journal.handle_mission(
                            run.mission, SettleMission(name, event.outcome)
                        )
                        complete(self._journal, run)
                case _:
                    pass

    def _withdraw(self, held: dict[str, Held], step: str) -> None:
        if step in held:
            self.governance.approvals.drop(held[step].approval, "The step no longer waits for it.")

    # Steps that may start.

    def look(self, run: Run) -> None:
        """Work out whatever of `run` is due."""
        if run.due or run.resting:
            self._working_out.work_out(run)

    def start(self, name: str, steps: tuple[str, ...]) -> tuple[str, ...]:
        """Give out the lease on `steps` of a run; return those that did start.

        What is not approved as it is now waits again; what can't be paid halts the run.
        """
        run = self._journal.runs[name]
        alone = {step for step in steps if step in run.governed or self._reads(run, step)}
        simple = tuple(step for step in steps if step not in alone)
        if simple and self._may_start(run, simple):
            self.tell(run.id, StartSteps(simple, elevated=self._elevated(run, simple)))
        else:
            simple = ()
        return (
            *simple,
            *(step for step in steps if step in alone and self._start_alone(run, step)),
        )

    def _may_start(self, run: Run, steps: tuple[str, ...]) -> bool:
        """Whether no cap of these steps is spent; where one is, the run is halted."""
        try:
            for step in steps:
                self.meter.refuse_spent(run, run.steps[step])
        except Rejected as refusal:
            self.tell(run.id, HaltRun(refusal.code, str(refusal)))
            return False
        return True

    def _reads(self, run: Run, step: str) -> bool:
        """Whether a step reads documents that people have changed since they were written."""
        return bool(run.mission) and bool(self.handoff.scopes(run, run.steps[step]))

    def _start_alone(self, run: Run, key: str) -> bool:
        if run.halt is not None or run.is_settled:
            return False
        try:
            return self._lease(run, run.steps[key])
        except MissionControlError as error:
            failure = failure_from(error)
        except Exception as error:  # noqa: BLE001 - the edge: one step must not end all others
            failure = failure_of_ours(run.steps[key], error)
        self.meter.settle(run, key, run.fence + 1)
        self.fail_step(run.id, key, failure)
        return False

    def _lease(self, run: Run, step: Step) -> bool:
        digests: dict[str, str] = {}
        if step.approval is not None:
            digests[step.key] = self._working_out.digest_now(run, step)
            if run.released.get(step.key) != digests[step.key]:
                self._working_out.hold_again(run, step)
                return False
        try:
            self.meter.reserve(run, step)
        except Rejected as refusal:
            if refusal.code != "budget.exceeded" or not self.meter.may_wait(run, step):
                self.tell(run.id, HaltRun(refusal.code, str(refusal)))
            return False  # Else it waits for what other work leaves over.
        handed = self.handoff.handed(run, step)
        given = {step.key: handed} if handed else {}
        elevated = self._elevated(run, (step.key,))
        self.tell(run.id, StartSteps((step.key,), digests, given, elevated))
        return True

    def _elevated(self, run: Run, steps: tuple[str, ...]) -> dict[str, Elevated]:
        """Return which of these steps begin in a wider mode; one that only reads never does."""
        found = {
            key: self.elevated(run.steps[key].agent)
            for key in steps
            if run.steps[key].risk != "read"
        }
        return {key: wider for key, wider in found.items() if wider is not None}

    def fail_step(self, run: str, step: str, failure: Failure) -> None:
        """Fail a step that no attempt works on."""
        self.tell(run, FailStep(step, failure))

    # Reports of attempts.

    def process(self, run: str, step: str, fence: int, process: ProcessHandle) -> None:
        """Write down a process before it executes anything."""
        self.tell(run, RecordProcess(step, fence, process.pid, process.started, process.group))

    def usage(
        self,
        run: str,
        step: str,
        fence: int,
        usage: Usage,
        model: str = "",
        *,
        estimated: bool = False,
    ) -> str:
        """Write down tokens and money that an attempt used; return which cap it passed, or ''."""
        if usage == NO_USAGE:
            return ""
        state = self._journal.runs[run]
        used = self.meter.spend(state, step, fence, usage, model, estimated=estimated)
        self.tell(run, ReportUsage(step, fence, used.usage, used.model, used.price, used.estimated))
        return used.over

    def halt(self, run: str, code: str, reason: str) -> None:
        """Start nothing more of a run until its cap is raised and it is resumed."""
        self.tell(run, HaltRun(code, reason))

    def cut(self, run: str, step: str, fence: int, code: str, reason: str) -> None:
        """Take back a lease whose attempt met a cap; the halted run goes on there once resumed."""
        state = self._journal.runs.get(run)
        holder = state.working.get(step) if state is not None else None
        if holder is None or holder.fence != fence:
            self.failure(run, step, fence, Failure(code, reason, retryable=False))
            return
        self.halt(run, code, reason)
        self.charge_lost(run, step, only_untold=True)
        self.interrupt(run, reason, counts=False, steps=(step,))

    def success(self, run: str, step: str, fence: int, work: Work) -> None:
        """Accept work if it holds what the step owes; otherwise the attempt failed."""
        state = self._journal.runs.get(run)
        holder = state.working.get(step) if state is not None else None
        if state is None or holder is None or holder.fence != fence:
            self.tell(run, ReportSuccess(step, fence))  # Late: refused, and that is recorded.
            return
        if step == execution.PLAN_STEP and self.forgetting.is_in_plan_of(state, holder):
            self.interrupt(run, FORGOTTEN, counts=False, steps=(step,))
            return
        accepted = accept_work(work)
        if isinstance(accepted, Failure):
            self.failure(run, step, fence, accepted)
            return
        work = accepted
        done = state.steps[step]
        checks = checks_of(done, work, self._artifacts)
        problem = _failed_check(checks)
        if problem is None and step == execution.PLAN_STEP and state.mission:
            problem = self._take_plan_in(state, fence, work)
        again: bool | Failure = False
        if problem is None and done.repeat is not None:
            again = self._working_out.again(state, done, work)
            problem = again if isinstance(again, Failure) else None
        if problem is not None:
            self.failure(run, step, fence, problem, checks)
            return
        self.tell(run, ReportSuccess(step, fence, work, checks, again is True))

    def failure(
        self, run: str, step: str, fence: int, failure: Failure, checks: tuple[Check, ...] = ()
    ) -> None:
        """Record the attempt as failed."""
        report = ReportFailure(step, fence, written_down(failure), self._ids.jitter(), checks)
        self.tell(run, report)

    def cancelled(self, run: str, step: str, fence: int) -> None:
        """Say that an attempt ended because we asked it to."""
        self.tell(run, ReportCancelled(step, fence))

    # The run as a whole.

    def cancel(self, run: str, reason: str, *, actor: str) -> list[RunEvent]:
        """Ask for the end of a run."""
        return self.tell(run, CancelRun(reason), actor=actor)

    def time_out(self, run: str, seconds: float) -> None:
        """End a run that took longer than it may."""
        reason = f"The run took longer than its limit of {seconds:g} s."
        self.tell(run, CancelRun(reason, "failed"))

    def interrupt(
        self, run: str, reason: str, *, counts: bool = True, steps: tuple[str, ...] = ()
    ) -> list[RunEvent]:
        """End the attempts of an engine that is gone, or, not counting, of what was stopped."""
        return self.tell(run, Interrupt(reason, counts, steps))

    def lose(self, run: str, reason: str, steps: tuple[str, ...]) -> None:
        """End attempts whose engine or worker ended without a word; they may begin again.

        What they had in flight is charged first, in the same commit: no report will say what it
        used, and the provider may have worked to the end.
        """
        for step in steps:
            self.charge_lost(run, step)
        self.interrupt(run, reason, steps=steps)

    def charge_lost(
        self, run: str, step: str, *, only_here: bool = False, only_untold: bool = False
    ) -> None:
        """Charge what an attempt had in flight when it was lost; see `Meter.forfeit`."""
        state = self._journal.runs[run]
        fence = state.working[step].fence
        for used in self.meter.forfeit(
            state, step, fence, only_here=only_here, only_untold=only_untold
        ):
            self.tell(
                run, ReportUsage(step, fence, used.usage, used.model, used.price, used.estimated)
            )

    def resume(self, run: str, *, actor: str) -> list[RunEvent]:
        """Resume a run; one that was halted is checked against its caps again."""
        events = self.tell(run, ResumeRun(), actor=actor)
        self._hold_to_caps(self._journal.runs[run])
        return events

    def _take_decision_in(self, decision: Decision) -> None:
        """Continue a step, or refuse it, as people decided about it."""
        if self.tool_permissions.decided(decision):
            return  # An attempt asked for it in the middle of its step.
        run = self._journal.runs.get(decision.run)
        held = run.held.get(decision.step) if run is not None else None
        if held is None or held.approval != decision.approval:
            return  # The step did not wait for it any more.
        match decision.outcome:
            case "approved":
                command: RunCommand = ReleaseStep(decision.step, decision.approval, decision.digest)
            case "changed" if decision.findings:
                reason = f"{decision.actor} asked for changes: {decision.reason}"
                command = ReturnStep(decision.step, decision.approval, reason, decision.findings)
            case "changed":
                inputs = decision.inputs or {}
                command = ReviseStep(decision.step, decision.approval, inputs, decision.actor)
            case _:
                command = FailStep(decision.step, _refused(decision, run))
        self.tell(decision.run, command, actor=decision.actor)

    def _take_plan_in(self, run: Run, fence: int, work: Work) -> Failure | None:
        """Accept the plan and add its steps, or say what is wrong with it."""
        try:
            plan = accepted(plan_of(work.output))
            if run.inputs.get("execute", True):
                seconds = float(run.inputs.get("task_seconds_max", 0))
                builder = self._builder(run, plan)
                steps = execution.steps_of(plan, seconds_max=seconds, builder=builder)
                self.tell(run.id, AddSteps(execution.PLAN_STEP, fence, steps))
            self._journal.handle_mission(run.mission, AcceptPlan(run.id, plan), actor="planner")
        except MissionControlError as error:
            return Failure(error.code, error.reason, error.hint, retryable=False)
        return None

    def _builder(self, run: Run, plan: Plan) -> AgentCard | None:
        """Return the agent that changes code in a mission, which its author alone chooses.

        Raises:
            Rejected: `plan.malformed` where a plan names another, and as `builder_of`.
        """
        chosen = str(run.inputs.get("builder", ""))
        others = {task.agent for task in plan.tasks() if task.agent} - {chosen}
        if others:
            raise Rejected(
                "plan.malformed",
                f"The plan gives work to agent {min(others)!r}, which was not chosen for it.",
                hint="`--builder` says who changes the code of a mission.",
            )
        return builder_of(chosen, self.governance.cards(chosen)) if chosen else None


AGAIN = "`mission runs fork` starts again from here with other inputs."


def _refused(decision: Decision, run: Run | None) -> Failure:
    words = {
        "rejected": f"{decision.actor} rejected it",
        "expired": "it expired without a decision",
        "withdrawn": f"{decision.actor} withdrew the request",
    }
    reason = f": {decision.reason}" if decision.reason else "."
    return Failure(
        f"approval.{decision.outcome}",
        f"The approval {decision.approval} was not given; {words[decision.outcome]}{reason}",
        describe_rerun(run, decision.step) if run and repository_of(run.workflow) else AGAIN,
        retryable=False,
    )


def plan_of(output: Any) -> Plan:
    """Return the plan that a planning step handed in.

    Raises:
        Rejected: `plan.malformed`.
    """
    try:
        return msgspec.convert(output["plan"], Plan)
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise Rejected(
            "plan.malformed",
            f"The planner handed back something that is no plan: {error}.",
            hint="Ask the planner again.",
        ) from None


def _failed_check(checks: tuple[Check, ...]) -> Failure | None:
    if not checks:
        return None
    failed = [check for check in checks if not check.passed]
    if not failed:
        return None
    return Failure(
        "evidence.missing",
        f"{len(failed)} of {len(checks)} checks of the work failed; "
        f"the first: {failed[0].what}. {failed[0].detail}".rstrip(),
        "The work was not accepted; read the output of the attempt.",
    )
