"""An endpoint that keeps failing rests, and is probed by one call at a time."""

from missioncontrol.interfaces.gateway.breaker import Breaker


def broken(at: float = 100.0) -> Breaker:
    breaker = Breaker(failures_max=2, rest_seconds=30.0)
    for _ in range(2):
        breaker.begin()
        breaker.failed(at)
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(failures_max=2, rest_seconds=30.0)
    for outcome in (False, True, False):
        assert breaker.wait(0.0) == 0
        breaker.begin()
        breaker.succeeded() if outcome else breaker.failed(0.0)
    assert breaker.wait(0.0) == 0
    assert broken().wait(110.0) == 20.0


def test_one_call_probes_and_closes_it() -> None:
    breaker = broken()
    assert breaker.wait(130.0) == 0
    breaker.begin()
    assert breaker.wait(130.0) >= 1
    breaker.succeeded()
    assert breaker.wait(130.0) == 0


def test_a_probe_that_fails_lets_it_rest_again() -> None:
    breaker = broken()
    breaker.begin()
    breaker.failed(130.0)
    assert breaker.wait(131.0) == 29.0


def test_a_probe_that_proves_nothing_leaves_room_for_another_one() -> None:
    breaker = broken()
    breaker.begin()
    breaker.gave_up()
    assert breaker.wait(130.0) == 0
