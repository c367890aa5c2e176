"""Where a plan does not hang together, and what its gaps are called."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain.coverage_gaps import (
    Asked,
    End,
    RiskOwner,
    Waiver,
    changes,
    gaps,
    identity,
    owner_of,
    set_aside,
    standing,
    unevidenced,
)
from missioncontrol.domain.estimates import Estimate, Likely, Remembered
from missioncontrol.domain.plan import Origin, Plan, Relation, Requirement, Risk
from tests.domain.plans import a_plan, a_task

ASKED = Asked("Make search fast. We sell tea.", ("No new service",))
FAST = Requirement(
    "R1", "Make search fast", origins=(Origin("goal", "Make search fast."),), source="goal"
)
QUIET = Requirement("R2", "No new service", origins=(Origin("constraint 1", "No new service"),))
OWNED = Risk("K1", "The index grows", "low", "high", "Watch it", owner="Mara Lind")


def sound(**changed: Any) -> Plan:
    tasks = (
        a_task("survey"),
        a_task("report", requirements=("R1", "R2"), risks=("K1",), decisions=("D1",)),
    )
    fields = {
        "requirements": (FAST, QUIET),
        "risks": (OWNED,),
        "background": ("We sell tea.",),
        **changed,
    }
    return a_plan(*changed.pop("tasks", tasks), **{k: v for k, v in fields.items() if k != "tasks"})


def found(plan: Plan, *ends: End, asked: Asked = ASKED) -> list[str]:
    return [gap.id for gap in gaps(plan, asked, ends)]


def test_a_plan_that_keeps_every_passage_has_no_gap() -> None:
    assert found(sound()) == []


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (sound(background=()), ["sentence.unmet:goal-2"]),
        (sound(requirements=(FAST,)), ["constraint.unmet:constraint-1-3"]),
        (sound(risks=(msgspec.structs.replace(OWNED, owner=" "),)), ["risk.unowned:K1"]),
        (sound(risks=(msgspec.structs.replace(OWNED, mitigation=""),)), ["risk.unmitigated:K1"]),
        (
            sound(requirements=(FAST, QUIET, Requirement("R3", "Be nice"))),
            ["requirement.uncovered:R3", "requirement.unasked:R3"],
        ),
        (
            sound(tasks=(a_task("a", requirements=("R1", "R2")), a_task("b", requirements=()))),
            ["task.orphan:b"],
        ),
        (sound(tasks=(a_task("a", requirements=("R1",)),)), ["requirement.uncovered:R2"]),
    ],
)
def test_each_thing_that_is_missing_has_a_gap_of_its_own(plan: Plan, names: list[str]) -> None:
    assert [name for name in found(plan) if not name.startswith("reference")] == names


LOST = "The index must not leave the machine."


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (LOST, "forbids something"),
        ("Results should be sorted.", "says what has to be"),
        ("Expected: an empty list.", "says what is expected"),
        ("The crawler ignores robots.txt.", "tells a fault"),
    ],
)
def test_a_demand_that_was_filed_as_background_is_a_gap(words: str, reason: str) -> None:
    asked = Asked(f"{ASKED.goal} {words}", ASKED.constraints)
    plan = sound(background=("We sell tea.", words))
    (gap,) = gaps(plan, asked)
    assert gap.id == "demand.unmet:goal-3"
    assert gap.what == f"The plan sets aside “{words}”, which {reason}; no requirement says it."
    assert [each.words for each in set_aside(plan, asked)] == ["We sell tea."]


def test_a_demand_in_the_background_stands_where_a_requirement_says_it() -> None:
    covering = Requirement("R3", "The index does not leave the machine", source="goal")
    asked = Asked(f"{ASKED.goal} {LOST}", ASKED.constraints)
    plan = sound(
        tasks=(a_task("a", requirements=("R1", "R2", "R3"), risks=("K1",), decisions=("D1",)),),
        requirements=(FAST, QUIET, covering),
        background=("We sell tea.", LOST),
    )
    assert found(plan, asked=asked) == []
    assert [each.words for each in set_aside(plan, asked)] == ["We sell tea.", LOST]


def test_a_fault_that_goes_on_about_what_was_asked_for_gives_its_reason() -> None:
    why = "It crashes on large shops."
    after = sound(background=("We sell tea.", why))
    assert found(after, asked=Asked(f"Make search fast. {why} We sell tea.")) == []
    apart = "The printer crashes on large shops."
    other = sound(background=("We sell tea.", apart))
    assert found(other, asked=Asked(f"Make search fast. {apart} We sell tea.")) == [
        "demand.unmet:goal-2"
    ]


@pytest.mark.parametrize(
    ("asks", "names"), [("Fix the index", []), ("Make search fast", ["demand.unmet:goal-1"])]
)
def test_a_fault_of_nothing_named_belongs_to_a_repair_that_is_asked_for(
    asks: str, names: list[str]
) -> None:
    why = "It crashes on large shops."
    asked = Asked(f"{why} {asks}.")
    wanted = Requirement("R1", asks, origins=(Origin("goal", f"{asks}."),))
    plan = a_plan(a_task("a"), requirements=(wanted,), risks=(), background=(why,))
    assert [gap.id for gap in gaps(plan, asked) if gap.code == "demand.unmet"] == names


def test_what_a_context_tells_of_faults_is_told_and_what_it_orders_is_not_lost() -> None:
    report, orders = "The printer crashes.", "The printer must not be used."
    asked = msgspec.structs.replace(ASKED, context=f"{report} {orders}")
    plan = sound(background=("We sell tea.", report, orders))
    assert found(plan, asked=asked) == ["demand.unmet:context-5"]


def test_one_of_several_things_in_a_sentence_is_missed() -> None:
    words = "Add login, logout and export."
    three = [Requirement(f"R{n}", f"R{n}", origins=(Origin("goal", words, n, 3),)) for n in (1, 3)]
    plan = a_plan(a_task("a", requirements=("R1", "R3")), requirements=tuple(three), risks=())
    (gap,) = gaps(plan, Asked(words))
    assert gap.id == "ask.lost:goal-1.2"
    assert gap.what == f"“{words}” asks for 3 things; no requirement covers number 2."


def test_references_to_what_is_not_there_are_gaps_wherever_they_stand() -> None:
    plan = sound(
        tasks=(
            a_task("a", requirements=("R1", "R9"), needs=("gone",), risks=("K9",)),
            a_task("b", requirements=("R2",), decisions=("D9",), risks=("K1",)),
        ),
        likely=(Likely("R8", ()),),
        estimates=(Estimate("gone", "hours", 1, 2, 3), Estimate("", "hours", 1, 2, 3)),
        remembered=(Remembered("m1", "Locks", "they time out", "a mission", ("R1", "X1")),),
        architecture=msgspec.structs.replace(
            a_plan().architecture, relations=(Relation("api", "gone"),)
        ),
    )
    dangling = [gap.what for gap in gaps(plan, ASKED) if gap.code == "reference.dangling"]
    assert dangling == [
        "task a refers to task 'gone', which the plan does not have.",
        "task a refers to requirement 'R9', which the plan does not have.",
        "task a refers to risk 'K9', which the plan does not have.",
        "task b refers to decision 'D9', which the plan does not have.",
        "the ranking for R8 refers to requirement 'R8', which the plan does not have.",
        "the estimate of hours refers to task 'gone', which the plan does not have.",
        "memory m1 refers to part 'X1', which the plan does not have.",
        "the architecture refers to component 'gone', which the plan does not have.",
    ]


def test_a_plan_of_before_that_kept_no_origins_is_not_blamed_for_it() -> None:
    old = [msgspec.structs.replace(each, origins=(), source="goal: “…”") for each in (FAST, QUIET)]
    assert found(sound(requirements=tuple(old), background=())) == []


def test_what_the_accepted_plan_asked_for_may_not_go_or_change() -> None:
    other = msgspec.structs.replace(FAST, text="Make search slow")
    named = [gap.id for gap in changes(sound(requirements=(other,)), sound())]
    assert named == ["requirement.changed:R1", "requirement.lost:R2"]


def test_what_ended_badly_and_what_nothing_shows_are_gaps_and_what_waits_is_none() -> None:
    ends = (End("survey", "succeeded", False, "run-1"), End("report", "blocked", False, "run-1"))
    assert found(sound(), *ends) == ["task.unchecked:survey", "task.unsuccessful:report"]
    handed_over = (End("survey", "succeeded", True, "run-1"), End("report", "handed_over"))
    assert found(sound(), *handed_over) == []
    assert unevidenced(sound(), handed_over) == ("report",)
    assert unevidenced(sound(), ()) == ("survey", "report")


def test_a_waiver_covers_the_gap_that_it_was_given_for_and_no_later_one() -> None:
    plan = sound(risks=(msgspec.structs.replace(OWNED, owner=""),))
    (gap,) = gaps(plan, ASKED)
    waiver = Waiver(gap.id, gap.digest, gap.what, "It is small.", "user:mara", 1.0)
    assert standing(gap, [waiver]) == waiver
    graver = sound(risks=(msgspec.structs.replace(OWNED, owner="", likelihood="high"),))
    (later,) = gaps(graver, ASKED)
    assert later.id == gap.id
    assert standing(later, [waiver]) is None


def test_an_unchecked_result_of_another_run_is_another_gap() -> None:
    first, second = (
        gaps(sound(), ASKED, (End("survey", "succeeded", False, run),))[0] for run in ("a", "b")
    )
    assert first.id == second.id
    assert first.digest != second.digest


def test_who_is_named_for_a_risk_counts_for_that_risk_only() -> None:
    risk = msgspec.structs.replace(OWNED, owner="")
    named = RiskOwner(*identity(risk), "Jonas Weber", "user:mara", 1.0)
    assert owner_of(risk, [named]) == "Jonas Weber"
    assert owner_of(OWNED, [named]) == "Jonas Weber"
    assert owner_of(msgspec.structs.replace(OWNED, title="It burns"), [named]) == "Mara Lind"
