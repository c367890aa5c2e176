"""The notices of a commit while an engine works: what people wait for, and nothing else."""

import pytest

from missioncontrol.application.journal import Entry
from missioncontrol.cli.notifications import notable_events
from missioncontrol.domain.approval.events import ApprovalGiven, ApprovalGranted
from missioncontrol.domain.register import Event
from missioncontrol.domain.run.events import (
    Failure,
    RunStarted,
    StepFailed,
    StepReleased,
    StepRevised,
)

RUN, APPROVAL = "run-1", "approval-1"


def told(*events: tuple[str, Event]) -> list[str]:
    entries = [Entry(stream, event, 1_000 + n, n) for n, (stream, event) in enumerate(events)]
    return [words for _, words in notable_events(entries)]


def test_what_is_approved_is_one_line_with_all_who_agreed() -> None:
    assert told(
        (APPROVAL, ApprovalGiven("user:bob", "fine")),
        (APPROVAL, ApprovalGranted(("user:bob", "user:carol"), "d")),
        (RUN, StepReleased("ship", APPROVAL, "d")),
    ) == ["run-1: ship is approved by user:bob, user:carol, approval-1"]


def test_one_of_several_who_agrees_is_told_of_and_others_are_waited_for() -> None:
    assert told((APPROVAL, ApprovalGiven("user:bob", "fine"))) == [
        "approval-1: user:bob agreed, and others have to as well"
    ]


def test_a_step_that_goes_on_without_its_approval_at_hand_names_the_approval() -> None:
    assert told((RUN, StepReleased("ship", APPROVAL, "d"))) == [
        "run-1: ship is approved, approval-1"
    ]


def test_other_inputs_are_told_with_who_asked_for_them() -> None:
    assert told((RUN, StepRevised("ship", APPROVAL, {}, "user:bob"))) == [
        "run-1: ship gets other inputs from user:bob, approval-1"
    ]


@pytest.mark.parametrize(
    ("code", "lines"), [("approval.rejected", ["run-1: ship will not run. No."]), ("x", [])]
)
def test_only_a_step_that_people_keep_from_running_is_told_of(code: str, lines: list[str]) -> None:
    failed = StepFailed("ship", 0, Failure(code, "No.", retryable=False))
    assert told((RUN, RunStarted()), (RUN, failed)) == lines
