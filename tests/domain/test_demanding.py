"""The sentences that demand something, recognized by their words alone."""

import pytest

from missioncontrol.domain.plan import Origin, Requirement
from missioncontrol.domain.requirement_extraction import Demand, demand_in, points_back, takes_up


@pytest.mark.parametrize(
    ("words", "demand"),
    [
        ("The output must not contain tabs.", "prohibition"),
        ("Never write to the working directory.", "prohibition"),
        ("But don't touch the parser.", "prohibition"),
        ("No file may be left behind.", "prohibition"),
        ("Names with dots are not allowed.", "prohibition"),
        ("Expected: status 404.", "expectation"),
        ("We'd expect a warning.", "expectation"),
        ("So that callers can tell the two apart.", "expectation"),
        ("The alias should warn.", "order"),
        ("Names need to be unique.", "order"),
        ("A changelog entry is required.", "order"),
        ("`close` crashes on Windows.", "fault"),
        ("The parser ignores comments.", "fault"),
        ("Workers drop messages.", "fault"),
        ("The client doesn't respect the limit.", "fault"),
        ("The index returns stale rows.", "fault"),
    ],
)
def test_a_sentence_in_the_form_of_a_demand_is_one(words: str, demand: Demand) -> None:
    assert demand_in(words) == demand


@pytest.mark.parametrize(
    "words",
    [
        "We sell tea.",
        "The old reader was dropped.",
        "This commit makes sure that nothing must be typed twice.",
        "Users have to install it by hand.",
        "Must",
        "Expected behavior",
        "It may also be awaitable, as calls are wrapped.",
        "Page time drops from 77 ms to 27 ms.",
        "It opened the file in a mode which is not allowed for others.",
        "The tests document “must not fail”.",
        "Is it true that rows should be sorted?",
        "See also https://example.org/you-must-not",
        "The page is read by people who ignore what is broken.",
    ],
)
def test_what_is_told_beside_a_demand_is_none(words: str) -> None:
    assert demand_in(words) is None


def test_a_fault_counts_only_where_faults_are_asked_for() -> None:
    assert demand_in("The server hangs.", faults=False) is None
    assert demand_in("The server must answer.", faults=False) == "order"


def test_a_sentence_that_begins_with_a_pronoun_points_back() -> None:
    assert points_back("And that breaks links.")
    assert not points_back("The links break.")


def test_a_requirement_takes_up_what_it_says_in_other_order_and_a_fault_by_its_subject() -> None:
    origin = Origin("goal", "Unknown names must be refused with an error.")
    refuse = Requirement("R1", "Refuse unknown names with an error", origins=(origin,))
    assert takes_up([refuse], "order", "Unknown names must be refused.")
    assert takes_up([refuse], "fault", "An unknown name crashes the reader.")
    assert not takes_up([refuse], "order", "Empty names must be sorted last.")
    assert not takes_up([], "order", "Names must be sorted.")
