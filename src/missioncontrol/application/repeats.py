"""A rerun of an ended run: a new run that reuses what need not be done again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import UnionType
from typing import Any

import msgspec

from missioncontrol.application.execution import Execution, plan_of
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import NothingBefore, Prior, replan_inputs
from missioncontrol.application.operations import Operations
from missioncontrol.application.runs import Origin
from missioncontrol.domain import execution as tasks
from missioncontrol.domain import plan_answers
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.building import built_by
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.mission import AcceptPlan, MissionCommand, StartMission
from missioncontrol.domain.plan import Plan, accepted
from missioncontrol.domain.plan_answers import AnswerPlan
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import ReusedResult
from missioncontrol.domain.run.states import (
    Blocked,
    Cancelled,
    Failed,
    Run,
    Skipped,
    StepState,
    Succeeded,
)
from missioncontrol.domain.step import Step
from missioncontrol.ports.ids import Ids

NOTHING_MORE: Mapping[str, Any] = {}


class Repeats:
    """The way in for people who want a part of a run again."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        ids: Ids,
        operations: Operations,
        *,
        prior: Callable[[], Prior] = NothingBefore,
    ) -> None:
        """All four are shared with the engine. `prior` returns what planners receive."""
        self._prior = prior
        self._journal = journal
        self._execution = execution
        self._ids = ids
        self._operations = operations

    async def retry(
        self,
        run: str,
        step: str = "",
        *,
        given: Mapping[str, Any] = NOTHING_MORE,
        actor: str,
        on_behalf: str = "",
    ) -> str:
        """Do `step` again, by default all that did not succeed, with all that follows from it.

        A run that has ended never changes; the new one names the old one, keeps its other results,
        and both stay readable. What did not succeed has no result to keep, and a step that was
        left out is looked at again. `given` are further inputs of `step`. Returns the id of the
        new run.

        Raises:
            NotFound: `run.unknown` or `run.unknown_step`, naming the steps there are.
            Rejected: `run.not_settled`, or `run.nothing_to_do` where everything succeeded.
            Unavailable: `operation.stopped`.
        """
        old = await self._ended(run, actor)
        first = [_known(old, step)] if step else _unsuccessful(old)
        if not first:
            raise Rejected(
                "run.nothing_to_do",
                f"In run {run!r} everything succeeded, or was left out as it should.",
                hint=f"`mission runs retry {run} STEP` runs one step again, with what follows it.",
            )
        create = self._again(old, first, dict(old.inputs), Origin(actor, on_behalf))
        steps = tuple(_with(each, given) if each.key == step else each for each in create.steps)
        return await self._begin(msgspec.structs.replace(create, steps=steps, retry_of=run), old)

    async def answer_plan(
        self, mission: str, answers: Sequence[str], *, actor: str, on_behalf: str = ""
    ) -> str:
        """Plan a mission again with answers to questions of its plan, and carry nothing out yet.

        Returns the id of the new run.

        Raises:
            NotFound: `mission.unknown`, `plan.unknown_question`.
            Rejected: `run.not_settled`, `mission.no_plan`, `plan.bad_answer`.
            Unavailable: `operation.stopped`.
        """
        old = await self._newest(mission, actor)
        command = AnswerPlan("", tuple(answers), actor)
        state = await self._journal.load_mission(mission)
        given = state.constraints, state.answers
        (answered,) = plan_answers.decide(command, state.plan, *given)
        inputs = {
            **old.inputs,
            "constraints": list(answered.constraints),
            "execute": False,  # A person sees what the answers change before it is built.
        }
        create = self._again(old, [tasks.PLAN_STEP], inputs, Origin(actor, on_behalf))
        create = msgspec.structs.replace(create, fork_of=old.id, forked_at=tasks.PLAN_STEP)
        command = msgspec.structs.replace(command, run=create.run)
        return await self._begin(create, old, [command])

    async def build(
        self, mission: str, builder: AgentCard, *, actor: str, on_behalf: str = ""
    ) -> str:
        """Have an agent build the plan of a mission: the plan and other results stay.

        Returns the id of the new run.

        Raises:
            NotFound: `mission.unknown`.
            Rejected: `run.not_settled`; `run.no_plan`; `mission.no_repository`, where there is no
                code to change; `mission.nothing_to_build`.
            Unavailable: `operation.stopped`.
        """
        old = await self._newest(mission, actor)
        if not old.inputs.get("repository"):
            raise Rejected(
                "mission.no_repository",
                f"Agent {builder.name!r} has no code to change: the mission has no repository.",
                hint="Begin the product with its repository: `mission run GOAL --scaffold`.",
            )
        planned = old.states.get(tasks.PLAN_STEP)
        if not isinstance(planned, Succeeded):
            raise Rejected("run.no_plan", f"Run {old.id!r} made no plan that could be built.")
        plan = plan_of(planned.work.output)
        if not any(task.is_handover for task in plan.tasks()):
            raise Rejected(
                "mission.nothing_to_build",
                "No task of the plan waits for a builder.",
                hint=f"`mission runs retry {old.id} TASK` builds a task again.",
            )
        built = built_by(plan, builder.name)
        inputs = {**old.inputs, "execute": True, "builder": builder.name}
        create = self._again(old, [], inputs, Origin(actor, on_behalf))
        seconds = float(old.inputs.get("task_seconds_max", 0))
        steps = tasks.steps_of(built, seconds_max=seconds, builder=builder)
        output = {**planned.work.output, "plan": msgspec.to_builtins(built)}
        work = msgspec.structs.replace(planned.work, output=output)
        reused = {key: each for key, each in create.kept.items() if key != tasks.PLAN_STEP}
        kept_from = planned.kept_from or old.id
        reused[tasks.PLAN_STEP] = ReusedResult(kept_from, work, planned.checks)
        create = msgspec.structs.replace(
            create, steps=(old.steps[tasks.PLAN_STEP], *steps), kept=reused, retry_of=old.id
        )
        return await self._begin(create, old)

    async def _newest(self, mission: str, actor: str) -> Run:
        """Return the newest run of a mission, which has ended."""
        state = await self._journal.load_mission(mission)
        if not state.runs:
            raise Rejected("run.unknown", f"Mission {mission[:100]!r} has no run yet.")
        return await self._ended(state.runs[-1], actor)

    async def carry_out(self, run: str, *, actor: str, on_behalf: str = "") -> str:
        """Do what `run` was to plan only: its plan stays, and its tasks become steps.

        Returns the id of the new run.

        Raises:
            NotFound: `run.unknown`.
            Rejected: `run.not_settled`; `run.no_plan`, where it made none; `run.carried_out`, where
                it was to do more than plan.
            Unavailable: `operation.stopped`.
        """
        old = await self._ended(run, actor)
        plan = self._planned(old)
        create = self._again(old, [], {**old.inputs, "execute": True}, Origin(actor, on_behalf))
        seconds = float(old.inputs.get("task_seconds_max", 0))
        steps = (*create.steps, *tasks.steps_of(plan, seconds_max=seconds))
        return await self._begin(msgspec.structs.replace(create, steps=steps, retry_of=run), old)

    def _planned(self, old: Run) -> Plan:
        """Return the plan of a run that was to make one and nothing else."""
        planned = old.states.get(tasks.PLAN_STEP)
        if not old.mission or not isinstance(planned, Succeeded):
            raise Rejected(
                "run.no_plan",
                f"Run {old.id!r} made no plan that could be carried out.",
                hint=f"`mission runs retry {old.id}` plans again.",
            )
        if old.inputs.get("execute", True):
            raise Rejected(
                "run.carried_out",
                f"Run {old.id!r} was to carry its plan out already.",
                hint=f"`mission runs retry {old.id} TASK` does a part of it again.",
            )
        return plan_of(planned.work.output)

    async def fork(
        self, run: str, step: str, inputs: Mapping[str, Any], *, actor: str, on_behalf: str = ""
    ) -> str:
        """Begin a new run at `step` of an old one with other `inputs`; results before it stay.

        Only repeated work is charged, and needs a new approval. `inputs` are all inputs of the
        new run and fit its workflow already. Returns the id of the new run.

        Raises:
            NotFound, Rejected, Unavailable: as `retry`.
        """
        old = await self._ended(run, actor)
        first = [_known(old, step)]
        if inputs != dict(old.inputs):
            first += _own(old, Skipped)  # With other inputs they may not be left out.
        create = self._again(old, first, dict(inputs), Origin(actor, on_behalf))
        forked = msgspec.structs.replace(create, fork_of=run, forked_at=old.top_of(step))
        return await self._begin(forked, old)

    async def _ended(self, run: str, actor: str) -> Run:
        self._operations.refuse_new_run(actor)
        old = await self._journal.load_run(run)
        if not old.is_settled:
            raise Rejected(
                "run.not_settled",
                f"Run {run!r} has not ended.",
                hint=f"Wait for its end, or `mission runs resume {run}` or `cancel {run}` first.",
            )
        return old

    def _again(
        self, old: Run, first: Iterable[str], inputs: dict[str, Any], origin: Origin
    ) -> CreateRun:
        # What a step made of a failure is no result either, once that step is done again.
        again = again_with(old, [*first, *_unsuccessful(old)])
        # Only the workflow's own steps: what one of them became is worked out again.
        steps = tuple(step for step in old.steps.values() if not step.parent)
        reused = {
            key: ReusedResult(state.kept_from or old.id, state.work, state.checks)
            for key, state in old.states.items()
            if isinstance(state, Succeeded) and key not in again and not old.steps[key].parent
        }
        if old.mission and tasks.PLAN_STEP in again:
            steps, reused = (old.steps[tasks.PLAN_STEP],), {}  # A new plan brings new tasks.
        return CreateRun(
            self._ids.new("run"),
            old.workflow,
            steps,
            old.concurrency,
            old.seconds_max,
            inputs,
            old.mission,
            kept=reused,
            version=old.version,
            author=origin.actor,
            on_behalf=origin.on_behalf,
            outputs=dict(old.outputs),
            budget=old.budget,
        )

    async def _begin(
        self, create: CreateRun, old: Run, first: Iterable[MissionCommand] = ()
    ) -> str:
        actor, on_behalf = create.author, create.on_behalf
        commands: list[MissionCommand] = [*first]
        if old.mission:
            mission = await self._journal.load_mission(old.mission)
            if tasks.PLAN_STEP not in create.kept:
                new_inputs = await replan_inputs(self._prior(), mission, create.inputs)
                create = msgspec.structs.replace(create, inputs=new_inputs)
                mission = await self._journal.load_mission(old.mission)
            plan = _reused_plan(create) if mission.plan is not None else None
            if plan is not None and plan != mission.plan:
                # Another run has planned since: evidence counts for the plan that it is of.
                commands.append(AcceptPlan(create.run, accepted(plan)))
            commands.append(StartMission(create.run))
        self._execution.create(create, actor=actor, on_behalf=on_behalf)
        for command in commands:
            self._journal.handle_mission(old.mission, command, actor=actor, on_behalf=on_behalf)
        self._journal.forget(old.id)
        return create.run


def _with(step: Step, given: Mapping[str, Any]) -> Step:
    return msgspec.structs.replace(step, inputs={**step.inputs, **given}) if given else step


def _reused_plan(create: CreateRun) -> Plan | None:
    """Return the plan that a new run goes by; None where it makes one, or has none to make."""
    reused = create.kept.get(tasks.PLAN_STEP) if create.mission else None
    return plan_of(reused.work.output) if reused is not None else None


def again_with(run: Run, first: Iterable[str]) -> set[str]:
    """Return `first` and every step whose result was, directly or not, made from theirs."""
    todo = list(first)
    found = set(todo)
    while todo:
        for dependant in run.dependants.get(todo.pop(), ()):
            if dependant not in found:
                found.add(dependant)
                todo.append(dependant)
    return found


def _unsuccessful(run: Run) -> list[str]:
    return _own(run, Failed | Blocked | Cancelled)


def _own(run: Run, kinds: type[StepState] | UnionType) -> list[str]:
    """Return the steps of the workflow itself that ended like this."""
    return [
        key
        for key, state in run.states.items()
        if isinstance(state, kinds) and not run.steps[key].parent
    ]


def _known(run: Run, step: str) -> str:
    """Return the step of the workflow itself that `step` belongs to."""
    if step not in run.steps:
        own = [key for key, known in run.steps.items() if not known.parent]
        raise NotFound(
            "run.unknown_step",
            f"Run {run.id!r} has no step {step!r}.",
            hint=f"It has: {', '.join(own[:50])}.",
        )
    return run.top_of(step)
