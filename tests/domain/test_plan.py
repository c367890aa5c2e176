"""Every fault that keeps a plan from being accepted, each with its path."""

from typing import Any

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import (
    TASKS_MAX,
    TEXT_MAX,
    Architecture,
    Component,
    Decision,
    Phase,
    Plan,
    Relation,
    Requirement,
    Risk,
    accepted,
    faults,
)
from tests.domain.plans import a_plan, a_task

REQUIREMENT = Requirement("R1", "Search answers within 50 ms")
RISK = Risk("K1", "The index grows", "low", "high", "Watch it")
DECISION = Decision("D1", "Index", "Trigrams", "Any language", "Size")
STORE = Component("store", "Store", "store")


def phase(key: str, *tasks: Any) -> Phase:
    return Phase(key, key.title(), "Why not", tasks)


def test_a_sound_plan_has_no_faults_and_is_accepted_unchanged() -> None:
    plan = a_plan()
    assert faults(plan) == []
    assert accepted(plan) is plan


SPOILT: dict[str, tuple[Plan, str]] = {
    "no goal": (a_plan(goal=" "), "/goal"),
    "no title": (a_plan(title=""), "/title"),
    "no summary": (a_plan(summary="\n"), "/summary"),
    "no requirement": (
        a_plan(a_task("survey", requirements=(), risks=("K1",)), requirements=()),
        "/requirements",
    ),
    "a phase without tasks": (
        a_plan(phases=(phase("work", a_task("survey")), phase("rest"))),
        "/phases/1/tasks",
    ),
    "too many tasks": (
        a_plan(*(a_task(f"task-{n}") for n in range(TASKS_MAX + 1))),
        "/phases",
    ),
    "a task without a key": (a_plan(a_task("")), "/phases/0/tasks/0/key"),
    "a task without a title": (a_plan(a_task("survey", title=" ")), "/phases/0/tasks/0/title"),
    "a task without a detail": (a_plan(a_task("survey", detail="")), "/phases/0/tasks/0/detail"),
    "a task that says too much": (
        a_plan(a_task("survey", detail="x" * (TEXT_MAX + 1))),
        "/phases/0/tasks/0/detail",
    ),
    "a task that is never done": (
        a_plan(a_task("survey", acceptance=())),
        "/phases/0/tasks/0/acceptance",
    ),
    "a requirement twice": (
        a_plan(requirements=(REQUIREMENT, REQUIREMENT)),
        "/requirements/1/id",
    ),
    "a risk twice": (a_plan(risks=(RISK, RISK)), "/risks/1/id"),
    "a decision twice": (a_plan(decisions=(DECISION, DECISION)), "/decisions/1/id"),
    "a phase twice": (
        a_plan(phases=(phase("work", a_task("one")), phase("work", a_task("two")))),
        "/phases/1/key",
    ),
    "a task twice": (
        a_plan(phases=(phase("work", a_task("one")), phase("rest", a_task("one")))),
        "/phases/1/tasks/0/key",
    ),
    "a component twice": (
        a_plan(architecture=Architecture((STORE, STORE))),
        "/architecture/components/1/id",
    ),
    "an unknown role": (a_plan(a_task("survey", role="wizard")), "/phases/0/tasks/0/role"),
    "an unknown need": (
        a_plan(a_task("one"), a_task("two", needs=("one", "three"))),
        "/phases/0/tasks/1/needs/1",
    ),
    "an unknown requirement": (
        a_plan(a_task("one", requirements=("R1", "R9"))),
        "/phases/0/tasks/0/requirements/1",
    ),
    "an unknown decision": (
        a_plan(a_task("one", decisions=("D9",))),
        "/phases/0/tasks/0/decisions/0",
    ),
    "an unknown risk": (a_plan(a_task("one", risks=("K9",))), "/phases/0/tasks/0/risks/0"),
    "a relation from nowhere": (
        a_plan(architecture=Architecture((STORE,), (Relation("api", "store"),))),
        "/architecture/relations/0/source",
    ),
    "a relation to nowhere": (
        a_plan(architecture=Architecture((STORE,), (Relation("store", "api"),))),
        "/architecture/relations/0/target",
    ),
    "a requirement that nobody serves": (
        a_plan(requirements=(REQUIREMENT, Requirement("R2", "It works offline"))),
        "/requirements/1",
    ),
    "a task without a reason": (
        a_plan(a_task("one"), a_task("two", requirements=())),
        "/phases/0/tasks/1",
    ),
    "a circle": (a_plan(a_task("one", needs=("two",)), a_task("two", needs=("one",))), "/phases"),
    "work here that waits for work elsewhere": (
        a_plan(a_task("build", role="builder"), a_task("check", needs=("build",))),
        "/phases/0/tasks/1/needs",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_plan_is_refused_with_the_path_of_its_fault(name: str) -> None:
    plan, path = SPOILT[name]
    found = faults(plan)
    assert [fault.path for fault in found] == [path]
    with pytest.raises(Rejected) as no:
        accepted(plan)
    assert no.value.code == "plan.malformed"
    assert str(found[0]) in no.value.reason


def test_a_plan_without_tasks_serves_nothing() -> None:
    assert [fault.path for fault in faults(a_plan(phases=()))] == ["/phases", "/requirements/0"]


def test_a_circle_is_told_in_order() -> None:
    (fault,) = faults(SPOILT["a circle"][0])
    assert "one → two → one" in fault.message


def test_handed_over_work_may_wait_for_handed_over_work() -> None:
    build = a_task("build", role="builder")
    assert faults(a_plan(build, a_task("ship", role="builder", needs=("build",)))) == []


def test_the_roles_can_be_others() -> None:
    assert [fault.path for fault in faults(a_plan(), roles=("writer",))] == [
        "/phases/0/tasks/0/role"
    ]


@pytest.mark.parametrize("key", ["../../../tmp/x", "a/b", "Two Words", "x" * 300, "a\x00b"])
def test_a_key_is_lower_case_words_since_directories_are_named_after_it(key: str) -> None:
    assert "/phases/0/tasks/0/key" in [fault.path for fault in faults(a_plan(a_task(key)))]


def test_no_task_may_take_the_name_of_the_step_that_plans() -> None:
    assert "/phases/0/tasks/0/key" in [fault.path for fault in faults(a_plan(a_task("plan")))]
