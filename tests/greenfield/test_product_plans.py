"""The plan of a new product: whole, of its own, consistent, and changed by answers."""

import re
from functools import cache
from itertools import pairwise, permutations
from typing import Any

import msgspec
import pytest
from tests.greenfield.goals import GOALS

from missioncontrol.domain.coverage_gaps import Asked, gaps
from missioncontrol.domain.plan import Plan, Requirement, faults
from missioncontrol.domain.product_design import ProductDesign
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.greenfield.composer import product_plan
from missioncontrol.specialists.greenfield.markdown import details
from missioncontrol.specialists.greenfield.work import TASKS_MIN
from missioncontrol.specialists.planner.markdown import markdown
from missioncontrol.specialists.planner.referee.referee import design_refusals, with_local_design

SHARED_MAX = 0.2
"""Of the eight-word runs of one plan, those that stand in another one's too, at the most."""
RUN = 8


def base(goal: str) -> Plan:
    requirement = Requirement("R1", goal)
    return Plan(goal, goal[:60], "", ("new-service",), (), (), (requirement,))


@cache
def planned(name: str) -> tuple[Plan, ProductDesign]:
    goal = GOALS[name]
    plan = product_plan(Asked(goal), base(goal))
    assert plan.design is not None
    return plan, plan.design


@pytest.mark.parametrize("name", GOALS)
def test_a_plan_has_all_parts_and_they_fit_together(name: str) -> None:
    plan, design = planned(name)
    assert faults(plan) == []
    tasks = list(plan.tasks())
    assert len(tasks) >= TASKS_MIN
    assert len({task.title for task in tasks}) == len(tasks)
    checks = [sentence for task in tasks for sentence in task.acceptance]
    assert len(checks) == len(set(checks))
    assert all(len(each.fields) > 3 for each in design.entities)
    assert len(design.entities) >= 3
    assert len([each for each in design.interfaces if each.kind != "event"]) >= 4
    assert any("/" in each.path for each in design.files)
    assert {each.name for each in design.deployment.stages} == {
        "development", "single host", "scaled",
    }  # fmt: skip
    assert len(plan.risks) >= 4
    assert design.metrics
    assert design.users
    assert 1 <= len(design.questions) <= 7
    weights = [each.weight for each in design.questions]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("name", GOALS)
def test_every_passage_of_the_goal_is_a_requirement_that_a_task_serves(name: str) -> None:
    plan, _ = planned(name)
    left = {each.code for each in gaps(plan, Asked(GOALS[name]))}
    assert left <= {"risk.unowned"}


@pytest.mark.parametrize("name", GOALS)
def test_numbers_of_the_goal_are_checked_or_measured(name: str) -> None:
    plan, design = planned(name)
    checked = " ".join(s for task in plan.tasks() for s in task.acceptance)
    checked += " ".join(f"{each.name} {each.measure}" for each in design.metrics)
    for number in re.findall(
        r"(?<![\w.])\d[\d,]*(?=\s(?:minutes?|%|seconds?|MB|events|depots))", GOALS[name]
    ):
        assert number in checked


@pytest.mark.parametrize("name", GOALS)
def test_what_claims_to_come_from_the_goal_stands_there(name: str) -> None:
    plan, _ = planned(name)
    assert list(design_refusals(plan, Asked(GOALS[name]))) == []


def test_no_two_plans_share_much() -> None:
    runs = {name: _runs(planned(name)[0]) for name in GOALS}
    shared = {
        (one, other): len(runs[one] & runs[other]) / len(runs[one])
        for one, other in permutations(GOALS, 2)
    }
    worst = max(shared, key=lambda pair: shared[pair])
    assert shared[worst] <= SHARED_MAX, worst
    assert sum(shared.values()) / len(shared) < 0.1


def _runs(plan: Plan) -> set[str]:
    """Return all runs of words in the texts of a plan, but for the words of its goal."""
    found: set[str] = set()

    def walk(value: Any, name: str = "") -> None:
        if name in {"source", "goal", "title", "requirements", "because", "words"}:
            return
        if isinstance(value, str):
            words = re.findall(r"[\w'-]+", value.lower())
            found.update(" ".join(words[i : i + RUN]) for i in range(len(words) - RUN + 1))
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, key)
        elif isinstance(value, list | tuple):
            for inner in value:
                walk(inner, name)

    walk(msgspec.to_builtins(plan))
    return found


def test_the_same_goal_gives_the_same_plan() -> None:
    goal = GOALS["choir"]
    assert product_plan(Asked(goal), base(goal)) == planned("choir")[0]


@pytest.mark.parametrize(
    ("goal", "choice"),
    [
        ("Neighbours lend each other tools. Use Ruby on Rails and PostgreSQL.", "Ruby on Rails"),
        ("Freelancers write invoices. .NET and SQL Server.", ".NET"),
        ("A tide pool game for phones. Godot.", "Godot"),
    ],
)
def test_a_stack_that_the_goal_names_stands(goal: str, choice: str) -> None:
    design = product_plan(Asked(goal), base(goal)).design
    assert design is not None
    [named] = [each for each in design.stack if each.choice == choice]
    assert named.source.basis == "goal"
    assert not any(each.path.endswith(".py") for each in design.files)


def test_without_a_stack_one_is_chosen_with_its_reason_and_alternatives() -> None:
    plan, design = planned("food-bank")
    assert all(each.reason for each in design.stack)
    assert any(each.alternatives for each in design.stack)
    assert plan.decisions[0].alternatives


def test_what_the_goal_excludes_is_no_part_and_chooses_nothing() -> None:
    design = product_plan(
        Asked("A quiet game for phones. No advertising, no account."), base("x")
    ).design
    assert design is not None
    assert [each.text for each in design.non_goals][:2] == ["No advertising.", "No account."]
    assert design.kind == "game"


def test_an_answer_changes_the_plan_and_the_plan_says_how() -> None:
    goal = GOALS["choir"]
    _, before = planned("choir")
    first = before.questions[0]
    answer = f"{first.id}: {first.options[-1]}"
    plan = product_plan(Asked(goal, (answer,)), base(goal))
    assert plan.design is not None
    answered = next(each for each in plan.design.questions if each.text == first.text)
    assert (answered.id, answered.answer) == (first.id, first.options[-1])
    assert plan.design.changes[0] == f"{first.id} is answered: {first.text} {first.options[-1]}"
    assert any(each.startswith("Task changed: ") for each in plan.design.changes)
    assert first.text not in plan.questions
    assert "## By your answers" in markdown(plan)
    assert faults(plan) == []


def test_an_answer_to_no_question_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(AttemptFailed, match=r"has no question Q42\. It has Q1") as refused:
        product_plan(Asked(GOALS["choir"], ("Q42: No.",)), base("x"))
    assert refused.value.code == "plan.unknown_question"


def test_what_the_goal_says_is_a_task_of_its_own_and_background_is_none() -> None:
    goal = "We run gardens. A plot that is not worked for two seasons goes to the next gardener."
    plan = product_plan(Asked(goal), base(goal))
    titles = [each.title for each in plan.tasks()]
    assert any("not worked for two seasons" in each for each in titles)
    assert not any("run gardens" in each.lower() for each in titles)
    assert any("two seasons" in check for task in plan.tasks() for check in task.acceptance)


def test_a_thin_goal_gets_what_such_products_have_as_assumptions_that_an_answer_removes() -> None:
    goal = "A booking app for a gym"
    plan = product_plan(Asked(goal), base(goal))
    assert plan.design is not None
    assumed = [each for each in plan.design.scope if each.source.basis == "assumption"]
    assert assumed
    asks = [each for each in plan.design.questions if each.text.startswith("Does the first")]
    assert {each.default for each in asks} == {"Yes."}
    declined = product_plan(Asked(goal, (f"{asks[0].id}: No.",)), base(goal))
    assert declined.design is not None
    assert any(each.startswith("Task removed: ") for each in declined.design.changes)
    left = [each.text for each in declined.design.scope]
    assert [each.text for each in assumed if each.text not in left] == [assumed[0].text]
    assert next(each for each in declined.design.questions if each.text == asks[0].text).answer


def test_a_plan_of_a_model_keeps_the_design_and_may_not_invent_words_of_the_goal() -> None:
    plan, design = planned("choir")
    without = msgspec.structs.replace(plan, design=None)
    again = with_local_design(without, plan)
    assert again.design is not None
    assert again.design.entities == design.entities
    assert faults(again) == []
    source = msgspec.structs.replace(design.users[0].source, words="dragons want treasure")
    user = msgspec.structs.replace(design.users[0], source=source)
    invented = msgspec.structs.replace(design, users=(user, *design.users[1:]))
    [fault] = design_refusals(msgspec.structs.replace(plan, design=invented), Asked(GOALS["choir"]))
    assert fault.path == "/design/users/0/source"


def test_a_design_that_does_not_fit_is_a_fault() -> None:
    plan, design = planned("choir")
    entity = design.entities[0]
    field = next(each for e in design.entities for each in e.fields if each.references)
    broken = msgspec.structs.replace(
        entity,
        fields=(*entity.fields, msgspec.structs.replace(field, name="x_id", references="dragon")),
    )
    milestones = (
        msgspec.structs.replace(design.milestones[0], tasks=("fly",)),
        *design.milestones[1:],
    )
    bad = msgspec.structs.replace(
        design, entities=(broken, *design.entities[1:]), milestones=milestones
    )
    messages = [str(each) for each in faults(msgspec.structs.replace(plan, design=bad))]
    assert "/design/entities/0/fields: no entity 'dragon'" in messages
    assert "/design/milestones/0/tasks: no task 'fly'" in messages
    assert any("belongs to no milestone" in each for each in messages)


def test_a_page_comes_before_the_parts() -> None:
    plan, design = planned("river")
    text = markdown(plan)
    first, _, rest = text.partition("## Tasks")
    assert design.kind_title in first
    assert "Ask first" in first
    for heading in (
        "Success metrics",
        "Data",
        "Interfaces",
        "Stack",
        "Files",
        "Deployment",
        "Questions",
    ):
        assert f"### {heading}" in rest


def test_a_bar_or_a_line_end_breaks_no_table_of_a_plan() -> None:
    plan, design = planned(next(iter(GOALS)))
    odd = msgspec.structs.replace(design.metrics[0], measure="p95 | p99\nof all", target="a|b")
    design = msgspec.structs.replace(design, metrics=(odd, *design.metrics[1:]))
    rows = [line for line in details(plan, design) if line.startswith("|")]
    columns = [len(re.findall(r"(?<!\\)\|", line)) for line in rows]
    heads = [at - 1 for at, line in enumerate(rows) if set(line) <= set("|-: ")]
    assert any("p95 \\| p99 of all" in line for line in rows)
    for at, end in pairwise([*heads, len(rows)]):
        assert set(columns[at:end]) == {columns[at]}, rows[at:end]


@pytest.mark.parametrize(
    ("goal", "kind", "tables"),
    [
        (
            ("Mission orchestration dashboard: users submit a goal, the system decomposes it into"
            " tasks, assigns specialist agents, tracks progress, risks and artifacts, and produces"
            " a final report. Greenfield project, no mock data, SQLite."),
            "orchestration",
            {"goals", "plans", "tasks", "specialists", "step_runs", "approvals", "artifacts",
             "risks", "events", "reports"},
        ),
        (
            ("Product analytics cockpit for our onboarding flow: which step people drop out at, how"
            " long activation takes, cohorts by week and channel, and an alert when a release makes"
            " it worse. Events come from our own web app."),
            "product-analytics",
            {"event_definitions", "events", "people", "funnels", "cohorts", "alerts",
             "saved_views"},
        ),
    ],
)  # fmt: skip
def test_a_reference_architecture_brings_its_core_and_its_milestones(
    goal: str, kind: str, tables: set[str]
) -> None:
    plan = product_plan(Asked(goal), base(goal))
    design = plan.design
    assert design is not None
    assert design.kind == kind
    assert tables <= {each.table for each in design.entities}
    titles = [each.title for each in plan.tasks()]
    assert len(titles) >= 12
    assert not any("shift" in each.lower() or "wall" in each.lower() for each in titles)
    offered = {name for each in design.interfaces for name in each.entities}
    assert {each.name for each in design.entities if each.table in tables} <= offered
    assert len(design.milestones) == 5
    assert faults(plan) == []


def test_the_core_of_a_product_is_assumed_in_one_question_that_leaves_parts_out() -> None:
    goal = "Build a dashboard that accepts a goal, plans it and runs specialists. Greenfield."
    before = product_plan(Asked(goal), base(goal))
    assert before.design is not None
    assert before.background == ("Greenfield.",)
    asks = next(each for each in before.design.questions if "do without" in each.text)
    assert asks.default == "None of them."
    assert "limits on cost" in asks.text
    answer = f"{asks.id}: Limits on cost."
    after = product_plan(Asked(goal, (answer,)), base(goal))
    assert after.design is not None
    assert "spendings" in {each.table for each in before.design.entities}
    assert "spendings" not in {each.table for each in after.design.entities}
    assert "Task removed: Reserve cost before each step and stop at the limit" in (
        after.design.changes
    )


def test_what_a_goal_wants_to_see_is_a_task_named_so() -> None:
    goal = (
        "A cockpit for our sign-up flow: which step people drop out at, how long activation takes,"
        " and cohorts by week."
    )
    titles = [each.title for each in product_plan(Asked(goal), base(goal)).tasks()]
    assert "Show which step people drop out at" in titles
    assert "Show how long activation takes" in titles


def test_who_the_product_is_does_what_its_own_clauses_say() -> None:
    goal = "Users submit a goal, the system splits it into tasks, assigns specialist agents."
    titles = [each.title for each in product_plan(Asked(goal), base(goal)).tasks()]
    assert "Assign specialist agents" in titles
