"""What holds for all work at once: the emergency stop, the stages after it, and rate limits."""

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.operation import (
    LIMITS_MAX,
    NAME_MAX,
    REASON_MAX,
    EmergencyStopped,
    EnterStage,
    Operation,
    OperationCommand,
    RemoveRateLimit,
    SetRateLimit,
    StopEverything,
    decide,
    evolve,
)

LONG = "x" * (REASON_MAX + 1)


def after(*commands: OperationCommand) -> Operation:
    state = Operation()
    for command in commands:
        for event in decide(command, state, 0.0):
            state = evolve(state, event, 0.0)
    return state


def test_a_stop_lets_nothing_start_until_a_stage_allows_it() -> None:
    stop = StopEverything("smoke")
    assert (after(stop).may_dispatch, after(stop).may_begin) == (False, False)
    allowed = {
        stage: (
            after(stop, EnterStage(stage)).may_dispatch,
            after(stop, EnterStage(stage)).may_begin,
        )
        for stage in ("drain", "paused", "all")
    }
    assert allowed == {"drain": (True, False), "paused": (False, True), "all": (True, True)}
    assert decide(stop, after(stop), 0.0) == [EmergencyStopped("smoke")]  # Repeated, stored.


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (StopEverything(" "), "operation.no_reason"),
        (StopEverything(LONG), "operation.long_reason"),
        (EnterStage("drain", LONG), "operation.long_reason"),
        (EnterStage("stopped"), "operation.bad_stage"),
        (SetRateLimit("agent", "command", 1, 1.0, LONG), "operation.long_reason"),
        (SetRateLimit("agent", "x" * (NAME_MAX + 1), 1, 1.0, "r"), "operation.bad_limit"),
        (SetRateLimit("agent", "a\nb", 1, 1.0, "r"), "operation.bad_limit"),
        (SetRateLimit("agent", "command", 1, float("nan"), "r"), "operation.bad_limit"),
        (SetRateLimit("workspace", "named", 1, 1.0, "r"), "operation.bad_limit"),
    ],
)
def test_what_says_nothing_or_too_much_is_refused(command: OperationCommand, code: str) -> None:
    with pytest.raises(Rejected) as no:
        decide(command, Operation(), 0.0)
    assert no.value.code == code


def test_a_limit_is_taken_away_by_its_name_alone() -> None:
    limits = [
        SetRateLimit("agent", "command", 1, 1.0, "r"),
        SetRateLimit("actor", "a", 1, 1.0, "r"),
    ]
    left = after(*limits, RemoveRateLimit("agent", "command", "r"))
    assert list(left.limits) == [("actor", "a")]


def test_a_limit_that_is_there_can_be_changed_when_there_are_as_many_as_may_be() -> None:
    full = after(
        *(SetRateLimit("agent", f"a-{number}", 1, 1.0, "r") for number in range(LIMITS_MAX))
    )
    with pytest.raises(Rejected):
        decide(SetRateLimit("agent", "one-more", 1, 1.0, "r"), full, 0.0)
    assert decide(SetRateLimit("agent", "a-0", 0, 1.0, "r"), full, 0.0)
