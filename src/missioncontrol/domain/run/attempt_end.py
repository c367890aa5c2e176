"""How an attempt ends: six events say it, each in its own way."""

from typing import Literal

import msgspec

from missioncontrol.domain.run.events import (
    AttemptFailed,
    AttemptInterrupted,
    Failure,
    StepCancelled,
    StepFailed,
    StepRepeated,
    StepSucceeded,
)

Ending = Literal["succeeded", "repeated", "failed", "interrupted", "cancelled"]


class AttemptEnd(msgspec.Struct, frozen=True):
    """An attempt is over; its lease is free."""

    fence: int
    outcome: Ending
    failure: Failure | None = None


def attempt_end(event: object) -> AttemptEnd | None:
    """Return the end of an attempt that `event` tells; None where it tells of something else.

    A step also fails between two attempts, and one that became others is repeated: then the fence
    is that of no attempt that goes on.
    """
    match event:
        case StepSucceeded():
            return AttemptEnd(event.fence, "succeeded")
        case StepRepeated():
            return AttemptEnd(event.fence, "repeated")
        case AttemptFailed() | StepFailed():
            return AttemptEnd(event.fence, "failed", event.failure)
        case AttemptInterrupted():
            failure = Failure("attempt.interrupted", event.reason)
            return AttemptEnd(event.fence, "interrupted", failure)
        case StepCancelled():
            return AttemptEnd(event.fence, "cancelled")
        case _:
            return None
