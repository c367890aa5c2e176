"""The goal of a mission, as it comes in from a page or a program, made fit to begin."""

from pathlib import Path
from typing import Annotated

import msgspec

from missioncontrol.application.asks import CONCURRENCY_MAX, BeginMission
from missioncontrol.application.missions import Goal, of_template
from missioncontrol.application.new_repository import new_directory
from missioncontrol.application.templates import Templates
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.mission import CONSTRAINTS_MAX, GOAL_MAX, PATH_MAX, TEXT_MAX
from missioncontrol.domain.planners import planning_seconds
from missioncontrol.domain.product_design import asks_for_change
from missioncontrol.domain.scaffold_stack import ScaffoldChoice
from missioncontrol.domain.step import Amount

PLAN_SECONDS = 300.0
TASK_SECONDS = 300.0
SECONDS_MAX = 31 * 86_400.0
AMOUNT_MAX = 10**15
"""Micro-dollars, or tokens: more than this is a slip of the finger."""

Bound = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that a run may use; a unit that is left out is bounded by the caps alone."""

    cost: Bound | None = None  # micro-dollars
    tokens: Bound | None = None  # input and output together


class MissionAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be achieved, where, and within which limits."""

    goal: Annotated[str, msgspec.Meta(min_length=1, max_length=GOAL_MAX)] | None = None
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # absolute path
    title: Annotated[str, msgspec.Meta(max_length=300)] = ""  # by default from the goal
    context: Annotated[str, msgspec.Meta(max_length=TEXT_MAX)] = ""
    constraints: Annotated[tuple[str, ...], msgspec.Meta(max_length=CONSTRAINTS_MAX)] = ()
    template: Annotated[str, msgspec.Meta(max_length=100)] = ""  # that makes the goal
    answers: dict[str, Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]] = {}  # to its questions
    builder: Annotated[str, msgspec.Meta(max_length=300)] = ""  # the agent that changes code
    memory: bool = True  # whether the planner receives items of memory
    patterns: bool = True  # whether the planner receives learned patterns
    planner: Annotated[str, msgspec.Meta(max_length=300)] = ""  # local, model or an agent
    scaffold: ScaffoldChoice = ""  # create `repository`, of a new product, in this stack
    execute: bool = True  # else nothing is done but the plan
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=CONCURRENCY_MAX)] = 4
    budget: Budget | None = None
    plan_seconds_max: Annotated[float, msgspec.Meta(gt=0, le=SECONDS_MAX)] = PLAN_SECONDS
    task_seconds_max: Annotated[float, msgspec.Meta(gt=0, le=SECONDS_MAX)] = TASK_SECONDS


def beginning(asked: MissionAsked, home: Path) -> BeginMission:
    """Return what the engine is asked for; `home` may have templates of its own.

    Raises:
        Rejected: `mission.bad_input`, `repository.unusable`, or as `Templates.filled`.
        NotFound: `template.unknown`.
    """
    _refuse_two_goals(asked)
    _refuse_nowhere(asked)
    constraints = tuple(dict.fromkeys(text.strip() for text in asked.constraints if text.strip()))
    repository = _repository(asked)
    budget = Amount(asked.budget.cost, asked.budget.tokens) if asked.budget else None
    goal = Goal(
        asked.goal or "",
        repository,
        asked.title,
        asked.context,
        constraints,
        memory=asked.memory,
        patterns=asked.patterns,
        planner=asked.planner,
        scaffold=asked.scaffold,
    )
    if asked.template:
        made = Templates(home).filled(asked.template, asked.answers, repository)
        goal = of_template(goal, made)
    return BeginMission(
        goal,
        asked.execute,
        asked.concurrency,
        _plan_seconds(asked),
        asked.task_seconds_max,
        asked.builder if asked.execute else "",
        None if budget == Amount() else budget,
    )


def _plan_seconds(asked: MissionAsked) -> float:
    """Return the limit that was asked for; an agent has more time where none was."""
    chosen = asked.plan_seconds_max
    return planning_seconds(asked.planner, chosen) if chosen == PLAN_SECONDS else chosen


def _refuse_two_goals(asked: MissionAsked) -> None:
    if bool((asked.goal or "").strip()) == bool(asked.template):
        what = "two goals: one in words and a template" if asked.template else "no goal"
        raise Rejected(
            "mission.bad_input",
            f"There {'are' if asked.template else 'is'} {what}.",
            hint="Give `goal`, or `template` with `answers`.",
        )
    if asked.answers and not asked.template:
        raise Rejected("mission.bad_input", "There are answers, and no template that asks.")


def _refuse_nowhere(asked: MissionAsked) -> None:
    goal = (asked.goal or "").strip()
    is_idea = bool(goal) and not asks_for_change(goal)
    if not asked.repository and not asked.context.strip() and not is_idea:
        raise Rejected(
            "mission.bad_input",
            "There is no repository to work on.",
            hint="Give the path of a checkout, or describe what there is as context. A new product "
            "needs neither: say who does what with it.",
        )


def _repository(asked: MissionAsked) -> str:
    if not asked.scaffold:
        return _directory(asked.repository, asked.builder) if asked.repository else ""
    if not asked.execute:
        raise Rejected(
            "mission.bad_input",
            "A repository is created by carrying the plan out, and this mission is to plan only.",
            hint="Plan and execute, or leave out the scaffold.",
        )
    if not asked.repository.strip():
        raise Rejected(
            "repository.unusable",
            "There is no directory to create the repository in.",
            hint="Give the whole path of one that does not exist yet.",
        )
    path = Path(asked.repository.strip())
    if not path.is_absolute() or not asked.repository.isprintable():
        raise _unusable(asked.repository, "is no absolute path on this machine")
    return new_directory(path)


def _directory(text: str, builder: str) -> str:
    """Return the path of a directory that is there, whole and without `..`."""
    path = Path(text.strip())
    if not path.is_absolute() or "\0" in text or not text.isprintable():
        raise _unusable(text, "is no absolute path on this machine")
    try:
        found = path.resolve(strict=True)
        is_directory, is_under_git = found.is_dir(), (found / ".git").exists()
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", "") or "it leads to itself"
        raise _unusable(text, f"can't be used: {why}") from None
    if not is_directory:
        raise _unusable(text, "is no directory")
    if builder and not is_under_git:
        raise Rejected(
            "repository.unusable",
            f"{text[:200]!r} is no git repository, and {builder!r} changes code in a tree of one.",
            hint="`git init` makes one; commit what is there. Without a builder the change is "
            "handed over.",
        )
    return str(found)


def _unusable(text: str, why: str) -> Rejected:
    return Rejected(
        "repository.unusable",
        f"The repository {text[:200]!r} {why}.",
        hint="Give the whole path of a checkout on the machine that Mission Control runs on.",
    )
