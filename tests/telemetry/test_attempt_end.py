"""Every event that ends an attempt is known for it."""

import pytest

from missioncontrol.domain.run.attempt_end import AttemptEnd, attempt_end
from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    Failure,
    RunStarted,
    StepCancelled,
    StepFailed,
    StepRepeated,
    StepStarted,
    StepSucceeded,
)

FAILURE = Failure("tool.broke", "It broke.")


@pytest.mark.parametrize(
    ("event", "end"),
    [
        (StepSucceeded("a", 3), AttemptEnd(3, "succeeded")),
        (StepRepeated("a", 3, 1), AttemptEnd(3, "repeated")),
        (AttemptFailed("a", 3, FAILURE, 9.0), AttemptEnd(3, "failed", FAILURE)),
        (StepFailed("a", 3, FAILURE), AttemptEnd(3, "failed", FAILURE)),
        (StepCancelled("a", 3), AttemptEnd(3, "cancelled")),
        (StepStarted("a", 1, 3, "coder"), None),
        (RunStarted(), None),
    ],
)
def test_the_end_of_an_attempt_is_told_from_other_events(
    event: object, end: AttemptEnd | None
) -> None:
    assert attempt_end(event) == end


def test_an_interruption_ends_an_attempt_with_a_failure_that_says_why() -> None:
    end = attempt_end(AttemptInterrupted("a", 3, "The engine was closed."))
    assert end is not None
    assert end.outcome == "interrupted"
    assert end.failure == Failure("attempt.interrupted", "The engine was closed.")
