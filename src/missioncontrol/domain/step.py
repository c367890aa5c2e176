"""A step as it is written down: who does it, after what, how often, how long, and what it owes."""

import math
from typing import Any, Literal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import ExpectedArtifact


class Retry(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often a step is tried, and how long it rests between two tries."""

    attempts: int = 1
    wait_seconds: float = 1.0  # after the first failure
    factor: float = 2.0  # each later wait is this much longer
    wait_seconds_max: float = 60.0

    def wait(self, attempt: int, jitter: float) -> float:
        """Seconds to rest after failed attempt number `attempt`; `jitter` in [0, 1) spreads it.

        Half of the capped exponential wait is certain and half is drawn, so that steps which
        failed together do not return together.
        """
        try:
            grown = self.wait_seconds * self.factor ** (attempt - 1)
        except OverflowError:
            grown = math.inf if self.wait_seconds else 0.0
        return min(self.wait_seconds_max, grown) * (0.5 + 0.5 * jitter)


ONCE = Retry()


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a workflow."""

    key: str
    agent: str
    needs: tuple[str, ...] = ()
    runs_after: Literal["success", "any"] = "success"  # what its needs must have ended with
    inputs: dict[str, Any] = {}
    title: str = ""
    retry: Retry = ONCE
    seconds_max: float = 0.0  # of one attempt; 0 is no limit
    heartbeat_seconds_max: float = 0.0  # silence allowed in an attempt; 0 is no limit
    expects: tuple[ExpectedArtifact, ...] = ()


def refuse_bad_limits(step: Step) -> None:
    """Refuse limits that mean nothing.

    Raises:
        Rejected: `step.bad_limit`, naming the step, the limit and its value.
    """
    limits = {
        "retry.attempts": (step.retry.attempts, 1),
        "retry.wait_seconds": (step.retry.wait_seconds, 0),
        "retry.factor": (step.retry.factor, 1),
        "retry.wait_seconds_max": (step.retry.wait_seconds_max, 0),
        "seconds_max": (step.seconds_max, 0),
        "heartbeat_seconds_max": (step.heartbeat_seconds_max, 0),
    }
    for name, (value, least) in limits.items():
        # JSON has no infinity: stored as null, it could never be read again.
        if not least <= value < math.inf:
            raise Rejected(
                "step.bad_limit",
                f"Step {step.key!r} sets {name} to {value}; "
                f"it must be a finite number of at least {least}.",
                hint="Change the limit.",
            )
