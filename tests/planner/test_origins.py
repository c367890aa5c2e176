"""Every part of a request stands in the plan, and none can be removed unnoticed."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.planner.goals import GOALS, LANGUAGES, REPORTS, WISHES

from missioncontrol.domain.coverage_gaps import Asked, Gap, gaps
from missioncontrol.domain.estimates import Likely
from missioncontrol.domain.plan import Phase, Plan, Task
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.origins import with_origins

CONTEXT = "We sell tea. The shop must stay open."
CONSTRAINTS = ("No new tables. Python only", "```\nmake test\n```", "- keep `a`\n- keep `b`")


def planned(asked: Asked) -> Plan:
    """Return a bare plan: a task for each requirement, and nothing besides."""
    goal = read_goal(asked.goal, asked.constraints, asked.context)
    requirements = goal.requirements()
    tasks = tuple(
        Task(f"t-{n}", "Do", "It.", "builder", acceptance=("Done.",), requirements=(each.id,))
        for n, each in enumerate(requirements)
    )
    plan = Plan(
        asked.goal,
        "T",
        "S",
        (),
        (),
        (Phase("p", "P", "All", tasks),),
        requirements,
        likely=tuple(Likely(each.id, ()) for each in requirements),
    )
    return with_origins(plan, goal.asks, asked)


def without_requirement(plan: Plan, name: str, *, thoroughly: bool) -> Plan:
    remaining = tuple(each for each in plan.requirements if each.id != name)
    if not thoroughly:
        return msgspec.structs.replace(plan, requirements=remaining)
    phases = tuple(
        msgspec.structs.replace(
            phase,
            tasks=tuple(
                msgspec.structs.replace(
                    task, requirements=tuple(r for r in task.requirements if r != name)
                )
                for task in phase.tasks
                if task.requirements != (name,)
            ),
        )
        for phase in plan.phases
    )
    likely = tuple(each for each in plan.likely if each.requirement != name)
    return msgspec.structs.replace(plan, requirements=remaining, phases=phases, likely=likely)


def check_that_nothing_can_go(asked: Asked) -> None:
    plan = planned(asked)
    assert gaps(plan, asked) == ()
    for each in plan.requirements:
        assert each.origins, each
        for thoroughly in (False, True):
            assert gaps(without_requirement(plan, each.id, thoroughly=thoroughly), asked), each
    for task in plan.tasks():
        assert "requirement.uncovered" in _codes(gaps(without_task(plan, task.key), asked))


def without_task(plan: Plan, key: str) -> Plan:
    phases = tuple(
        msgspec.structs.replace(phase, tasks=tuple(t for t in phase.tasks if t.key != key))
        for phase in plan.phases
    )
    return msgspec.structs.replace(plan, phases=phases)


def _codes(found: Sequence[Gap]) -> set[str]:
    return {gap.code for gap in found}


TELLING = [goal for goal in [*GOALS, *REPORTS, *WISHES, *LANGUAGES] if any(map(str.isalnum, goal))]
"""A goal without a letter is refused before anybody plans it."""


@pytest.mark.parametrize("goal", dict.fromkeys(TELLING))
def test_no_requirement_of_any_goal_can_be_dropped_unnoticed(goal: str) -> None:
    check_that_nothing_can_go(Asked(goal, CONSTRAINTS, CONTEXT))
    check_that_nothing_can_go(Asked(goal, ("Please keep the API.",)))


WORDS = st.sampled_from(
    [
        *("add", "fix", "keep", "make", "the", "a", "it", "that:", "so", "users", "must", "not"),
        *("login", "export", "cache", "when", "should", "is", "slow", "with", "without", "and"),
        *(".", "!", "?", ",", ";", ":", "-", "\n", "-", "#", "\n\n", "|", "`", "```", "1.", "R1"),
        *("日志。", "schnell", "é", "Steps:", "Given", "When", "Then", "Please", "also"),
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
@example("Add login. Please also add login.", ["Add login"], "Add login.")
@example("add", [], "Steps: should add")
@example("add", [], "must Steps: Steps:")
@example("add", [], "so that: add")
@example("add", [], "Steps: add must add")
@example("Keep the API. Keep the API.", ["Please keep the API."], "")
@example("Add login, logout and CSV export. Add login!", [], "It must scale.")
@example(" ".join(f"Add part number {number}." for number in range(90)), [], "")
def test_no_requirement_of_nonsense_can_be_dropped_either(
    goal: str, constraints: list[str], context: str
) -> None:
    statements = [text for text in (goal, *constraints) if any(map(str.isalnum, text))]
    if len(statements) == len(constraints) + 1:
        check_that_nothing_can_go(Asked(goal, tuple(constraints), context))
