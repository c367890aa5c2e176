"""Missions as people ask for them."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.operations import Operations
from missioncontrol.domain import execution as tasks
from missioncontrol.domain.building import builder_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.estimates import Actual, Recalled
from missioncontrol.domain.mission import CreateMission, Mission, StartMission
from missioncontrol.domain.planners import is_agent, planner_spending
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Amount, Spending
from missioncontrol.domain.template import FilledGoal
from missioncontrol.ports.ids import Ids

TITLE_MAX = 100


class Goal(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request for work."""

    text: str
    repository: str = ""  # absolute path
    title: str = ""  # derived from the text where it is empty
    context: str = ""
    constraints: tuple[str, ...] = ()
    template: str = ""  # the key of the template that it was made from
    kind: str = ""  # of work, where the template says it; else it is read from the text
    memory: bool = True  # whether the planner receives what is remembered of earlier missions
    patterns: bool = True  # whether the planner receives learned patterns
    planner: str = ""  # see `domain.planners`; empty: the model that is configured, else our rules
    scaffold: str = ""  # the stack to begin the repository in, or `auto`; empty: none is created


def of_template(stated: Goal, filled: FilledGoal) -> Goal:
    """Return the goal from a filled template, with the other fields of the request."""
    constraints = (*filled.constraints, *stated.constraints)
    return msgspec.structs.replace(
        stated,
        text=filled.text,
        title=stated.title.strip() or filled.title,
        context="\n\n".join(part for part in (filled.context, stated.context.strip()) if part),
        constraints=tuple(dict.fromkeys(constraints)),
        template=filled.template,
        kind=filled.kind,
    )


PLANNER_INPUTS = frozenset({"kind", "recalled", "silenced", "memory", "patterns", "actuals"})
"""Inputs of a run that its planner receives besides the goal."""


class Prior(Protocol):
    """What earlier missions have left for a new one."""

    async def look_back(self, goal: Goal, builder: str) -> None:
        """Read what the two below will be asked for `goal`."""
        ...

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """Return what is remembered that bears on `goal`, best first; a bounded number."""
        ...

    def silenced(self, goal: Goal) -> tuple[str, ...]:
        """Return the ids of what people had forgotten or corrected, wherever it is read again."""
        ...

    def actuals(self, goal: Goal, builder: str) -> tuple[Actual, ...]:
        """Return what tasks of earlier runs took, the most comparable first; a bounded number."""
        ...


class Taught(Protocol):
    """What repositories have taught for a new mission."""

    async def look_back(self) -> None:
        """Read what `recalled` will be asked for."""
        ...

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """Return the patterns that bear on `goal`, best first; a bounded number."""
        ...


class NothingBefore:
    """The prior of a home that remembers nothing."""

    async def look_back(self, goal: Goal, builder: str) -> None:
        """See `Prior.look_back`."""
        del goal, builder

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """See `Prior.recalled`."""
        del goal
        return ()

    def silenced(self, goal: Goal) -> tuple[str, ...]:
        """See `Prior.silenced`."""
        del goal
        return ()

    def actuals(self, goal: Goal, builder: str) -> tuple[Actual, ...]:
        """See `Prior.actuals`."""
        del goal, builder
        return ()


class Remembered(Protocol):
    """What is remembered of earlier missions."""

    async def look_back(self, goal: Goal) -> None:
        """Read what `recalled` will be asked for, as the log has it now, off the loop."""
        ...

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """See `Prior.recalled`."""
        ...

    def silenced(self, goal: Goal) -> tuple[str, ...]:
        """See `Prior.silenced`."""
        ...


class Before:
    """The prior of a home: what is remembered there, and what else is known of earlier runs."""

    def __init__(self, remembered: Remembered, rest: Prior, taught: Taught | None = None) -> None:
        """`rest` tells everything but what is remembered; `taught` tells patterns."""
        self._remembered = remembered
        self._rest = rest
        self._taught = taught

    async def look_back(self, goal: Goal, builder: str) -> None:
        """See `Prior.look_back`."""
        await self._rest.look_back(goal, builder)
        if goal.memory:
            await self._remembered.look_back(goal)
        if goal.patterns and self._taught is not None:
            await self._taught.look_back()

    def recalled(self, goal: Goal) -> tuple[Recalled, ...]:
        """See `Prior.recalled`."""
        remembered = self._remembered.recalled(goal) if goal.memory else ()
        if not goal.patterns or self._taught is None:
            return remembered
        return (*remembered, *self._taught.recalled(goal))

    def silenced(self, goal: Goal) -> tuple[str, ...]:
        """See `Prior.silenced`."""
        return self._remembered.silenced(goal)

    def actuals(self, goal: Goal, builder: str) -> tuple[Actual, ...]:
        """See `Prior.actuals`."""
        return self._rest.actuals(goal, builder)


class Missions:
    """The way in for people who have a goal."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        ids: Ids,
        operations: Operations,
        *,
        planning: Spending | None = None,
        prior: Prior | None = None,
    ) -> None:
        """All four are shared with the engine. `planning` is what a model can use for a plan.

        `prior` says what earlier missions have left; without it, nothing.
        """
        self._planning = planning
        self.prior: Prior = prior or NothingBefore()
        self._operations = operations
        self._journal = journal
        self._execution = execution
        self._ids = ids

    def begin(
        self,
        goal: Goal,
        *,
        execute: bool,
        concurrency: int,
        limits: Mapping[str, float],
        builder: str = "",
        budget: Amount | None = None,
        actor: str,
        on_behalf: str = "",
    ) -> tuple[str, str]:
        """Create a mission and the run that plans it, and carries it out if `execute`.

        `limits` holds `plan_seconds_max` and `task_seconds_max`. `builder` is the agent that
        changes the code; without one, that is handed over. `budget` is the most that the run may
        use. Returns both ids.

        Raises:
            Rejected: `mission.bad_input`, naming the field; `mission.no_builder`;
                `mission.no_planner`.
            Unavailable: `operation.stopped`.
        """
        self._operations.refuse_new_run(actor)
        _refuse_silence(goal)
        if goal.scaffold and not goal.repository:
            raise Rejected(
                "mission.bad_input",
                "There is no directory to create the repository in.",
                hint="Name one that does not exist yet, or is empty.",
            )
        if builder:
            self._refuse_idle_builder(builder, goal)
        spending = self._spending(goal)
        mission, run = self._ids.new("mission"), self._ids.new("run")
        title = goal.title.strip() or title_of(goal.text) or goal.text.strip()[:TITLE_MAX]
        create = CreateMission(
            mission,
            title,
            goal.text,
            goal.repository,
            goal.context,
            goal.constraints,
            goal.template,
        )
        self._journal.handle_mission(mission, create, actor=actor, on_behalf=on_behalf)
        step = tasks.planning_step(seconds_max=limits["plan_seconds_max"], spending=spending)
        inputs: dict[str, Any] = {
            "goal": goal.text,
            "title": title,
            "repository": goal.repository,
            "context": goal.context,
            "constraints": list(goal.constraints),
            "execute": execute,
            "task_seconds_max": limits["task_seconds_max"],
            **({"builder": builder} if builder else {}),
            **({"planner": goal.planner} if goal.planner else {}),
            **({"scaffold": goal.scaffold} if goal.scaffold else {}),
            **before(self.prior, goal, builder),
        }
        first = CreateRun(
            run,
            "mission",
            (step,),
            concurrency,
            inputs=inputs,
            mission=mission,
            budget=budget,
            author=actor,
            on_behalf=on_behalf,
        )
        self._execution.create(first, actor=actor, on_behalf=on_behalf)
        self._journal.handle_mission(mission, StartMission(run), actor=actor, on_behalf=on_behalf)
        return mission, run

    def _spending(self, goal: Goal) -> Spending | None:
        """Return what planning can use.

        Raises:
            Rejected: `mission.no_planner`, or `mission.bad_input` without a repository to read.
        """
        planner = goal.planner
        if is_agent(planner) and (not goal.repository or goal.scaffold):
            raise Rejected(
                "mission.bad_input",
                f"Agent {planner!r} has no code to plan from: the goal names no repository.",
                hint="Add `--repo PATH`.",
            )
        card = self._execution.governance.cards(planner) if is_agent(planner) else None
        return planner_spending(planner, card, self._planning)

    def _refuse_idle_builder(self, builder: str, goal: Goal) -> None:
        builder_of(builder, self._execution.governance.cards(builder))
        if not goal.repository:
            raise Rejected(
                "mission.bad_input",
                f"Agent {builder!r} has no code to change: the goal names no repository.",
                hint="Add `--repo PATH`.",
            )


def before(prior: Prior, goal: Goal, builder: str) -> dict[str, Any]:
    """Return what the planner receives besides the goal, as inputs of the run.

    `prior` has looked back.
    """
    context = {
        "kind": goal.kind,
        "recalled": msgspec.to_builtins(prior.recalled(goal)),
        "silenced": list(prior.silenced(goal) if goal.memory else ()),
        "actuals": msgspec.to_builtins(prior.actuals(goal, builder)),
    }
    without = {name: False for name in ("memory", "patterns") if getattr(goal, name) is False}
    return {name: value for name, value in context.items() if value} | without


async def replan_inputs(
    prior: Prior, mission: Mission, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the inputs of a run that plans a mission again, looked up again.

    What was forgotten since is left out.
    """
    goal = Goal(
        mission.goal,
        mission.repository,
        context=mission.context,
        constraints=mission.constraints,
        template=mission.template,
        kind=str(inputs.get("kind", "")),
        memory=inputs.get("memory") is not False,
        patterns=inputs.get("patterns") is not False,
    )
    builder = str(inputs.get("builder", ""))
    await prior.look_back(goal, builder)
    retained = {name: value for name, value in inputs.items() if name not in PLANNER_INPUTS}
    return retained | before(prior, goal, builder)


def _refuse_silence(goal: Goal) -> None:
    if goal.text.strip() and not any(letter.isalnum() for letter in goal.text):
        raise Rejected(
            "mission.bad_input",
            f"The goal {goal.text.strip()[:40]!r} says nothing.",
            hint="Say in words what is to be achieved.",
        )


_CLAUSE = re.compile(
    r"(.{20,90}?)(?:,? so that|[,;:] (?:and|but|which|where|while|because|with|without)) ",
    re.DOTALL,
)
"""What a sentence asks for, before it says why or how."""


def title_of(goal: str) -> str:
    """Return the first line or sentence of a goal; a long one ends at a clause or a word."""
    line = next((part.strip() for part in goal.splitlines() if part.strip()), "").rstrip(" .!?:")
    sentence = line.split(". ")[0]
    if len(sentence) <= TITLE_MAX:
        return sentence
    if clause := _CLAUSE.match(sentence):
        return clause[1]
    return sentence[:TITLE_MAX].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
