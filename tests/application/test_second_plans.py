"""Decisions of a mission that was planned twice: what was acted upon hides nothing new."""

import msgspec

from missioncontrol.application.decision_views import all_decisions, exported
from missioncontrol.domain.decision import DecisionLog, LoggedDecision
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.planned_decision import PlannedDecision
from missioncontrol.projections.plan_decisions import PlannedRow

FIRST = DecisionText("Where carts are kept", choice="In memory", reason="it is quick")
SECOND = DecisionText("Where carts are kept", choice="In a file", reason="it lasts")
OTHER = DecisionText("Who rounds", choice="The cart", reason="it adds up")
D1 = "mission-1/D1"


def log(text: DecisionText = FIRST, **more: str) -> DecisionLog:
    """A log in which the D1 of the first plan was accepted."""
    held = LoggedDecision(D1, 1, text, "accepted", "2026-01-01", 1.0, 2.0, mission="mission-1")
    return DecisionLog({D1: msgspec.structs.replace(held, **more)}, 1)


def row(*texts: DecisionText) -> PlannedRow:
    decided = [PlannedDecision(f"mission-1/D{n}", text) for n, text in enumerate(texts, start=1)]
    return PlannedRow("mission-1", "Keep carts", "/shop", "run-2", 3.0, tuple(decided))


def told(log: DecisionLog | None, row: PlannedRow) -> dict[str, tuple[str, str]]:
    return {each.id: (each.choice, each.status) for each in all_decisions(log, [row])}


def test_another_decision_under_the_same_name_is_shown_beside_the_one_acted_upon() -> None:
    assert told(log(), row(SECOND, OTHER)) == {
        D1: ("In memory", "accepted"),
        f"{D1}-2": ("In a file", "proposed"),
        "mission-1/D2": ("The cart", "proposed"),
    }
    assert len(exported(log(), [row(SECOND, OTHER)])) == 3


def test_the_same_decision_again_is_the_one_in_the_log() -> None:
    assert told(log(), row(FIRST)) == {D1: ("In memory", "accepted")}


def test_a_decision_that_its_file_says_in_other_words_is_still_the_same() -> None:
    revised = msgspec.structs.replace(FIRST, choice="In memory, at first")
    assert list(told(log(revised, source="docs/0001.md"), row(FIRST))) == [D1]


def test_what_was_acted_upon_by_its_second_name_keeps_it() -> None:
    held = log()
    second = msgspec.structs.replace(held.decisions[D1], id=f"{D1}-2", text=SECOND, number=2)
    both = DecisionLog({**held.decisions, f"{D1}-2": second}, 2)
    assert set(told(both, row(SECOND))) == {D1, f"{D1}-2"}
    third = msgspec.structs.replace(SECOND, choice="In a database")
    assert f"{D1}-3" in told(both, row(third))
