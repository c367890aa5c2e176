"""A plan whose code an agent changes: one change after another, and a proof of them all."""

import msgspec
import pytest

from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.building import (
    NEEDED,
    PATCH,
    before,
    builder_of,
    built_by,
    instructions,
    proves,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.execution import steps_of
from missioncontrol.domain.plan import (
    Decision,
    ExpectedArtifact,
    Phase,
    Plan,
    Requirement,
    Role,
    Task,
    faults,
)

CODER = AgentCard(
    "coder",
    kind="codex",
    inputs=Shape("object", {name: Shape() for name in NEEDED}),
    artifacts=(PATCH,),
    risk="write",
    effects=("calls_model", "runs_programs"),
)


def task(key: str, role: Role, *needs: str, requirements: tuple[str, ...] = ("R1",)) -> Task:
    artifacts = (ExpectedArtifact("tests.json", "application/json"),) if role == "tester" else ()
    return Task(
        key, key.title(), "What to do.", role, needs, artifacts, ("It works.",), (), requirements
    )


def plan(*tasks: Task) -> Plan:
    return Plan(
        "Sell shoes",
        "Shoes",
        "A shop.",
        (),
        (),
        (Phase("all", "All", "Everything.", tasks),),
        (Requirement("R1", "It sells shoes"), Requirement("R2", "It is quick")),
        decisions=(Decision("D1", "Store", "SQLite", "Small.", "One writer."),),
    )


PLAN = plan(
    task("tests", "tester"),
    task("write", "writer", "tests"),
    task("second", "builder", "write", "first", requirements=("R2",)),
    task("first", "builder", "write"),
    task("third", "builder", "write"),
    task("review", "reviewer", "write"),
)


def by_key(plan: Plan) -> dict[str, Task]:
    return {each.key: each for each in plan.tasks()}


def test_changes_are_made_one_after_another_after_the_review_and_proven_at_the_end() -> None:
    built = built_by(PLAN, "coder")
    found = by_key(built)
    assert {key for key, each in found.items() if each.agent} == {"first", "second", "third"}
    assert found["first"].needs == ("write", "review")
    assert found["third"].needs == ("write", "first")
    assert found["second"].needs == ("write", "first", "third")
    assert [before(found[key], built) for key in ("first", "third", "second")] == [
        "",
        "first",
        "third",
    ]
    proof = built.phases[-1].tasks[0]
    assert proof.needs == ("tests", "second")
    assert proof.requirements == ("R2", "R1")
    assert proves(proof, built) == "second"
    assert proves(found["tests"], built) == ""
    assert faults(built) == []


def test_nothing_is_handed_over_once_somebody_changes_the_code() -> None:
    assert [each.key for each in PLAN.tasks() if each.is_handover] == ["second", "first", "third"]
    assert not any(each.is_handover for each in built_by(PLAN, "coder").tasks())


def test_a_plan_without_changes_or_with_a_circle_stays_as_it_is() -> None:
    without = plan(task("tests", "tester"))
    assert built_by(without, "coder") == without
    circle = plan(task("a", "builder", "b"), task("b", "builder", "a"))
    assert built_by(circle, "coder") == circle


def test_names_of_the_proof_are_free_ones() -> None:
    clashing = plan(task("proof", "tester"), task("change", "builder", requirements=("R1", "R2")))
    clashing = msgspec.structs.replace(
        clashing, phases=(msgspec.structs.replace(clashing.phases[0], key="prove"),)
    )
    built = built_by(clashing, "coder")
    assert (built.phases[-1].key, built.phases[-1].tasks[0].key) == ("prove-2", "proof-2")
    assert faults(built) == []


def test_an_agent_is_told_everything_that_its_task_stands_for() -> None:
    prompt = instructions(
        msgspec.structs.replace(by_key(PLAN)["second"], decisions=("D1",), risk_checks=("Fast.",)),
        PLAN,
    )
    for words in ("Second", "Sell shoes", "R2: It is quick", "D1: Store: SQLite", "It works."):
        assert words in prompt
    assert "R1" not in prompt


def test_steps_go_on_from_each_other_at_the_tier_of_the_agent() -> None:
    built = built_by(PLAN, "coder")
    steps = {each.key: each for each in steps_of(built, seconds_max=90.0, builder=CODER)}
    first, third = steps["first"], steps["third"]
    assert (first.agent, first.risk, first.effects) == ("coder", "write", CODER.effects)
    assert first.spending is not None
    assert first.spending.open
    assert "continues" not in first.inputs
    assert third.inputs["continues"] == "first"
    assert third.inputs["documents"] == ["execution-pack.md"]
    assert steps["proof"].inputs == {"changes": "second"}
    assert steps["proof"].seconds_max > 90.0
    assert steps["tests"].inputs == {}


def test_an_irreversible_agent_needs_a_yes_for_each_change() -> None:
    careful = msgspec.structs.replace(CODER, risk="irreversible")
    steps = {s.key: s for s in steps_of(built_by(PLAN, "coder"), seconds_max=9.0, builder=careful)}
    assert steps["first"].approval is not None
    assert steps["tests"].approval is None


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (None, "There is no agent 'coder'."),
        (AgentCard("coder", kind="command"), "of kind command, and hands in no patch"),
        (msgspec.structs.replace(CODER, inputs=Shape("object")), "hands in no patch"),
    ],
)
def test_who_cannot_change_code_is_refused(card: AgentCard | None, words: str) -> None:
    with pytest.raises(Rejected) as refused:
        builder_of("coder", card)
    assert refused.value.code == "mission.no_builder"
    assert words in refused.value.reason
    assert builder_of("coder", CODER) == CODER
