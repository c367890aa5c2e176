"""The work on runs that the office gives out: beginning, taking up again, ending."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from missioncontrol.application.agents import Agents
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.asks import (
    PROGRAMS_OWN,
    BeginMission,
    BeginRun,
    BuildMission,
    CancelMission,
    CancelRun,
    CarryOut,
    ForkMission,
    ForkRun,
    MissionCommand,
    MissionNow,
    RaiseCaps,
    ResumeMission,
    ResumeRun,
    RetryMission,
    RetryRun,
)
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal, unknown_run
from missioncontrol.application.missions import Missions
from missioncontrol.application.repeats import Repeats
from missioncontrol.application.runs import Origin, Runs, Trigger
from missioncontrol.application.task_runs import TaskRuns, TasksAsked
from missioncontrol.application.task_way import refuse_by_hand
from missioncontrol.domain.building import builder_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import is_agent, person
from missioncontrol.domain.plan_answers import AnswerQuestions
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step


class RunDesk:
    """Begins, resumes and ends runs, for permitted callers."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        missions: Missions,
        runs: Runs,
        repeats: Repeats,
        approvals: Approvals,
        budgets: Budgets,
        task_runs: TaskRuns,
        agents: Agents,
        *,
        adopt: Callable[[str], None],
        end: Callable[[str, str, str], None],
    ) -> None:
        """`adopt` has the engine carry out a run, and `end` ends one: (run, reason, actor)."""
        self._journal = journal
        self._execution = execution
        self._missions = missions
        self._runs = runs
        self._repeats = repeats
        self._approvals = approvals
        self._budgets = budgets
        self._task_runs = task_runs
        self._agents = agents
        self._adopt = adopt
        self._end = end

    @property
    def verbs(self) -> dict[type, Callable[[Any, str], Awaitable[Any]]]:
        """What is asked here, and what does it."""
        return {
            BeginMission: self.begin_mission,
            TasksAsked: self.begin_tasks,
            CarryOut: self.carry_out,
        }

    @property
    def declared(self) -> dict[type, Callable[[Any, str], Awaitable[Any]]]:
        """The commands of declared operations, and what handles each."""
        return {
            BeginRun: self.begin,
            ForkRun: self.fork,
            RetryRun: self.retry,
            ResumeRun: self.resume,
            RaiseCaps: self.raise_caps,
            CancelRun: self.cancel,
        }

    async def begin_mission(self, ask: BeginMission, actor: str) -> dict[str, Any]:
        limits = {
            "plan_seconds_max": ask.plan_seconds_max,
            "task_seconds_max": ask.task_seconds_max,
        }
        self._agents.refuse_failed(filter(None, [ask.builder, ask.goal.planner]))
        await self._missions.prior.look_back(ask.goal, ask.builder)
        _, run = self._missions.begin(
            ask.goal,
            execute=ask.execute,
            concurrency=ask.concurrency,
            limits=limits,
            builder=ask.builder,
            budget=ask.budget,
            actor=actor,
            on_behalf=ask.on_behalf,
        )
        return self.took_up(run)

    async def begin(self, ask: BeginRun, actor: str) -> dict[str, Any]:
        prepared = await self._runs.prepare(ask.workflow, ask.version, ask.inputs)
        await refuse_by_hand(prepared, self._journal)
        self._agents.refuse_failed(_needed(prepared.steps))
        trigger: Trigger = "agent" if is_agent(actor) else "manual"
        return self.took_up(self._runs.begin(prepared, Origin(actor, ask.on_behalf, trigger)))

    async def begin_tasks(self, ask: TasksAsked, actor: str) -> dict[str, Any]:
        return self.took_up(await self._task_runs.begin(ask, actor=actor))

    async def fork(self, ask: ForkRun, actor: str) -> dict[str, Any]:
        old = await self._run_of_ours(ask.run)
        await self._task_runs.refuse_again(old)
        inputs = await self._runs.changed_inputs(old, ask.inputs)
        run = await self._repeats.fork(
            ask.run, ask.step, inputs, actor=actor, on_behalf=ask.on_behalf
        )
        return self.took_up(run)

    async def retry(self, ask: RetryRun, actor: str) -> dict[str, Any]:
        await self._task_runs.refuse_again(await self._run_of_ours(ask.run))
        run = await self._repeats.retry(ask.run, ask.step, actor=actor, on_behalf=ask.on_behalf)
        return self.took_up(run)

    async def rework(self, run: str, step: str, given: dict[str, Any], actor: str) -> str:
        """Repeat a step of a run that has ended with further inputs; return the new run."""
        await self._run_of_ours(run)
        made = await self._repeats.retry(run, step, given=given, actor=actor)
        self.took_up(made)
        return made

    async def carry_out(self, ask: CarryOut, actor: str) -> dict[str, Any]:
        await self._run_of_ours(ask.run)
        run = await self._repeats.carry_out(ask.run, actor=actor, on_behalf=ask.on_behalf)
        return self.took_up(run)

    async def answer_plan(self, ask: AnswerQuestions, actor: str) -> MissionNow:
        """Plan a mission again with answers to questions of its plan.

        Raises:
            NotFound, Rejected, Unavailable: see `Repeats.answer_plan`.
        """
        return self._now(await self._repeats.answer_plan(ask.id, ask.answers, actor=actor))

    async def build(self, ask: BuildMission, actor: str) -> MissionNow:
        """Have an agent build the plan of a mission.

        Raises:
            NotFound, Rejected, Unavailable: see `Repeats.build`; `mission.no_builder`.
        """
        name = ask.builder.removeprefix("agent:")
        card = builder_of(name, self._execution.governance.cards(name))
        self._agents.refuse_failed([name])
        return self._now(await self._repeats.build(ask.id, card, actor=actor))

    async def change_mission(self, ask: MissionCommand, actor: str) -> MissionNow:
        """Do with the newest run of a mission what is asked of the mission.

        Raises:
            NotFound: `mission.unknown`.
            Rejected: `run.unknown`, where it has no run yet.
            MissionControlError: as for a run.
        """
        run, by = await self._newest(ask.id), ask.on_behalf
        match ask:
            case CancelMission():
                done = await self.cancel(
                    CancelRun(run, ask.reason or "asked for", on_behalf=by), actor
                )
            case ResumeMission():
                done = await self.resume(ResumeRun(run, on_behalf=by), actor)
            case RetryMission():
                done = await self.retry(RetryRun(run, ask.task, on_behalf=by), actor)
            case ForkMission():
                done = await self.fork(ForkRun(run, ask.task, on_behalf=by), actor)
            case _:
                done = await self.carry_out(CarryOut(run, on_behalf=by), actor)
        return MissionNow(ask.id, done["run"], done["status"])

    async def _newest(self, mission: str) -> str:
        found = await self._journal.load_mission(mission)
        if not found.runs:
            raise Rejected("run.unknown", f"Mission {mission[:100]!r} has no run yet.")
        return found.runs[-1]

    def _now(self, run: str) -> MissionNow:
        begun = self.took_up(run)
        return MissionNow(begun["mission"], run, begun["status"])

    async def resume(self, ask: ResumeRun, actor: str) -> dict[str, Any]:
        state = await self._run_of_ours(ask.run)
        _refuse_others(ask, actor, state)
        if state.is_settled:
            await self._task_runs.refuse_again(state)
        await self._approvals.open(held.approval for held in state.held.values())
        self._execution.resume(ask.run, actor=actor)
        return self.took_up(ask.run)

    async def raise_caps(self, ask: RaiseCaps, actor: str) -> dict[str, Any]:
        await self._run_of_ours(ask.run)
        for change in ask.changes:
            self._budgets.change_cap(change, actor=actor)
        return await self.resume(ResumeRun(ask.run), actor)

    async def _run_of_ours(self, run: str) -> Run:
        """Load a run that can be carried out here.

        Raises:
            Rejected: `run.needs_its_program`.
        """
        state = await self._loaded(run)
        if any(step.agent == PROGRAMS_OWN for step in state.steps.values()):
            raise Rejected(
                "run.needs_its_program",
                f"The steps of run {run!r} are functions of a program.",
                hint="Go on with it there: `await engine.resume(run)`.",
            )
        return state

    def took_up(self, run: str) -> dict[str, Any]:
        """Make the engine carry a run out, and return its state."""
        state = self._journal.runs[run]
        self._adopt(run)
        return {"run": run, "status": state.status, "mission": state.mission}

    async def _loaded(self, run: str) -> Run:
        """Load a run; no other stream of the log is one, even if requested as one.

        Raises:
            NotFound: `run.unknown`.
        """
        if not run.startswith("run-"):
            raise unknown_run(run)
        return await self._journal.load_run(run)

    async def cancel(self, ask: CancelRun, actor: str) -> dict[str, Any]:
        is_here = ask.run in self._journal.runs
        state = await self._loaded(ask.run)
        try:
            _refuse_others(ask, actor, state)
        except Rejected:
            if not is_here:
                self._journal.forget(ask.run)
            raise
        if not is_here:
            await self._approvals.open(held.approval for held in state.held.values())
        try:
            self._end(ask.run, ask.reason or "asked for", actor)
        except Rejected:
            self._journal.forget(ask.run)  # It has ended; it was loaded for nothing.
            raise
        return {"run": ask.run, "status": self._journal.runs[ask.run].status}


def _refuse_others(ask: ResumeRun | CancelRun, actor: str, run: Run) -> None:
    """Refuse an agent a run that was not begun by, or on behalf of, the person it acts for.

    Raises:
        Rejected: `actor.by_agent`.
    """
    if not is_agent(actor) or person(ask.on_behalf) in {person(run.author), person(run.on_behalf)}:
        return
    raise Rejected(
        "actor.by_agent",
        f"Run {run.id!r} was begun by {run.author!r}, and {actor!r} is an agent at work for "
        f"{ask.on_behalf!r}.",
        hint="A person does that, in a terminal of their own.",
    )


def _needed(steps: Iterable[Step]) -> Iterator[str]:
    """Yield the agents without which a run can't end, those of the workflows that it calls too."""
    for step in steps:
        if step.body:
            yield from _needed(step.body)
        elif not step.capability:
            yield step.agent
