"""The log of decisions: what may become of a decision, and that none supersedes itself."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.decision import (
    ChangeStatus,
    DecisionLog,
    LinkDecision,
    RecordDecision,
    ReviseDecision,
    Supersede,
    decide,
    evolve,
)
from missioncontrol.domain.decision_text import DecisionOption, DecisionText
from missioncontrol.domain.errors import NotFound, Rejected

NOON = 1_795_435_200.0  # 2026-11-23, 12:00 UTC


def told(*commands: Any, log: DecisionLog | None = None) -> DecisionLog:
    for command in commands:
        for event in decide(command, log, NOON):
            log = evolve(log, event, NOON)
    assert log is not None
    return log


def record(title: str, **more: Any) -> RecordDecision:
    return RecordDecision(DecisionText(title), **more)


def test_decisions_are_numbered_in_the_order_in_which_they_come() -> None:
    log = told(record("Use SQLite"), record("One writer"))
    assert [each.id for each in log.decisions.values()] == ["D1", "D2"]
    assert log.decisions["D1"].date == "2026-11-23"


def test_a_number_that_a_file_has_is_kept_where_it_is_free() -> None:
    log = told(record("Seven", number=7), record("Again seven", number=7), record("Next"))
    assert list(log.decisions) == ["D7", "D8", "D9"]


def test_what_is_proposed_is_accepted_or_rejected_and_only_once() -> None:
    log = told(record("Use SQLite"), ChangeStatus("D1", "accepted", "It was measured."))
    assert log.decisions["D1"].status == "accepted"
    assert decide(ChangeStatus("D1", "accepted"), log, NOON) == []
    with pytest.raises(Rejected, match="not open any more"):
        decide(ChangeStatus("D1", "rejected"), log, NOON)


def test_only_what_was_accepted_is_deprecated() -> None:
    log = told(record("Use SQLite"))
    with pytest.raises(Rejected, match="is proposed"):
        decide(ChangeStatus("D1", "deprecated"), log, NOON)


def test_who_takes_a_place_is_recorded_with_what_it_replaces_at_once() -> None:
    log = told(record("Old", status="accepted"), record("New", supersedes=("D1",)))
    assert log.decisions["D1"].status == "superseded"
    assert log.decisions["D1"].superseded_by == "D2"
    assert log.decisions["D2"].supersedes == ("D1",)


def test_a_decision_cannot_supersede_itself_by_a_detour() -> None:
    log = told(record("A"), record("B", supersedes=("D1",)), record("C", supersedes=("D2",)))
    with pytest.raises(Rejected, match="D1 → D2 → D3"):
        decide(Supersede("D3", "D1"), log, NOON)
    with pytest.raises(Rejected):
        decide(Supersede("D3", "D3"), log, NOON)


def test_what_was_rejected_takes_no_place() -> None:
    log = told(record("A"), record("B"), ChangeStatus("D2", "rejected"))
    with pytest.raises(Rejected, match="was rejected"):
        decide(Supersede("D1", "D2"), log, NOON)


def test_links_are_added_once_and_taken_back() -> None:
    log = told(record("A"), LinkDecision("D1", ("mission-1/build",), ("src/a.py", "src/b.py")))
    assert decide(LinkDecision("D1", files=("src/a.py",)), log, NOON) == []
    log = told(LinkDecision("D1", files=("src/a.py",), remove=True), log=log)
    assert log.decisions["D1"].files == ("src/b.py",)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (record(" "), "title"),
        (record("x" * 2_000), "1,000"),
        (record("a\x07b"), "U\\+0007"),
        (record("a", date="2026-13-01"), "2026-13-01"),
        (record("a", files=("/etc/passwd",)), "relative"),
        (record("a", files=("../a",)), "relative"),
        (record("a", tasks=("build",)), "MISSION/KEY"),
        (RecordDecision(DecisionText("a", options=(DecisionOption("x"),) * 2)), "twice"),
        (RecordDecision(DecisionText("a", drivers=("x",) * 101)), "101"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(command: Any, message: str) -> None:
    with pytest.raises(Rejected, match=message):
        decide(command, None, NOON)


def test_nothing_happens_to_a_decision_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="D9"):
        decide(ChangeStatus("D9", "accepted"), None, NOON)


def test_a_file_that_says_the_same_revises_nothing() -> None:
    log = told(record("A"))
    same = ReviseDecision("D1", DecisionText("A"), "proposed", "2026-11-23")
    assert decide(same, log, NOON) == []
    log = told(ReviseDecision("D1", DecisionText("A, b"), "accepted", ""), log=log)
    assert log.decisions["D1"].text.title == "A, b"


IDS = st.sampled_from([f"D{number}" for number in range(1, 7)])
COMMANDS = st.lists(
    st.one_of(
        st.builds(Supersede, IDS, IDS),
        st.builds(ChangeStatus, IDS, st.sampled_from(["accepted", "rejected", "deprecated"])),
        st.builds(
            lambda title, older: record(title, supersedes=tuple(older)),
            st.sampled_from("abc"),
            st.lists(IDS, max_size=2),
        ),
    ),
    max_size=30,
)


@given(COMMANDS)
@settings(max_examples=200, deadline=None)
def test_superseding_never_goes_in_a_circle_and_both_sides_agree(commands: list[Any]) -> None:
    log = told(*(record(str(number)) for number in range(3)))
    for command in commands:
        try:
            log = told(command, log=log)
        except (Rejected, NotFound):
            continue
    for each in log.decisions.values():
        seen, at = set(), each
        while at.superseded_by:
            assert at.id not in seen
            seen.add(at.id)
            assert at.id in log.decisions[at.superseded_by].supersedes
            at = log.decisions[at.superseded_by]
