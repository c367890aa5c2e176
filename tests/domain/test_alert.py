"""Alerts from open to resolved."""

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.alert import (
    ALERTS_MAX,
    NO_ALERTS,
    Acknowledge,
    AlertChanged,
    AlertCommand,
    AlertEvent,
    AlertOpened,
    AlertResolved,
    Alerts,
    BeginAlertMission,
    Reading,
    Resolve,
    TakeReadings,
    decide,
    evolve,
)
from missioncontrol.domain.errors import Conflict, NotFound, Rejected
from tests.domain.product_examples import READING

DAY = timedelta(days=1)


def told(*commands: AlertCommand, alerts: Alerts | None = None) -> tuple[list[AlertEvent], Alerts]:
    """Return the events of the last command, and where all lead to."""
    state, events = alerts or NO_ALERTS, []
    for at, command in enumerate(commands):
        events = decide(command, state, float(at))
        for event in events:
            state = evolve(state, event, float(at))
    return events, state


def take(*readings: Reading) -> TakeReadings:
    return TakeReadings("shop", readings)


def later(**changed: object) -> Reading:
    return msgspec.structs.replace(READING, **changed)


def test_a_change_that_is_found_twice_opens_one_alert() -> None:
    events, state = told(take(READING), take(READING))
    assert events == []
    assert [each.state for each in state.listed()] == ["open"]


def test_an_alert_follows_its_change_from_day_to_day_and_ends_with_it() -> None:
    next_day = later(until=READING.until + DAY, since=READING.since + DAY)
    events, state = told(take(READING), take(next_day))
    assert [type(each) for each in events] == [AlertChanged]
    events, state = told(take(), alerts=state)
    assert events == [AlertResolved("shop", state.listed()[0].id, by_itself=True)]


def test_what_moves_is_the_number_alone_and_nobody_is_told_again() -> None:
    events, _ = told(take(READING), take(later(observed=READING.observed + 0.001)))
    assert events == []


def test_another_direction_another_metric_and_another_time_are_other_alerts() -> None:
    others = (
        later(is_down=not READING.is_down),
        later(metric="events.error"),
        later(since=READING.until + 2 * DAY, until=READING.until + 9 * DAY),
    )
    _, state = told(take(READING, *others))
    assert len(state.alerts) == 4


def test_what_somebody_resolved_stays_so_unless_it_weighs_more() -> None:
    _, state = told(take(READING))
    [alert] = state.alerts
    _, state = told(Resolve("shop", alert, "Known: a campaign."), alerts=state)
    events, _ = told(take(later(until=READING.until + DAY)), alerts=state)
    assert events == []
    worse = later(severity="critical", since=READING.since + DAY)
    events, _ = told(take(worse), alerts=state)
    assert [type(each) for each in events] == [AlertOpened]


def test_what_ended_by_itself_and_is_back_opens_again_with_its_missions() -> None:
    _, state = told(take(READING))
    [alert] = state.alerts
    begun = BeginAlertMission("shop", alert, "mission-1", "run-1")
    _, state = told(begun, take(), take(READING), alerts=state)
    [found] = state.listed()
    assert (found.id, found.state, found.missions) == (alert, "open", (("mission-1", "run-1"),))


def test_what_is_resolved_is_seen_to_by_nobody() -> None:
    _, state = told(take(READING))
    [alert] = state.alerts
    _, state = told(Acknowledge("shop", alert, "I look."), alerts=state)
    assert state.listed()[0].state == "acknowledged"
    _, state = told(Resolve("shop", alert), alerts=state)
    with pytest.raises(Conflict, match="resolved already"):
        told(Acknowledge("shop", alert), alerts=state)
    with pytest.raises(NotFound, match="no alert 'alert-x'"):
        told(Resolve("shop", "alert-x"), alerts=state)
    with pytest.raises(Rejected, match="too long"):
        told(take(later(text="x" * 5_000)))


def test_the_oldest_that_are_over_make_room() -> None:
    state = NO_ALERTS
    for number in range(ALERTS_MAX + 20):
        day = date(2020, 1, 1) + 3 * number * DAY
        _, state = told(take(later(since=day, until=day + DAY)), alerts=state)
    assert len(state.alerts) == ALERTS_MAX
    assert [each.state for each in state.listed()].count("open") == 1


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 4)))))
def test_whatever_is_found_no_two_open_alerts_tell_of_the_same(
    days: list[list[tuple[int, int, int]]],
) -> None:
    state = NO_ALERTS
    for found in days:
        readings = tuple(
            later(
                metric=f"events.{name}",
                since=READING.since + start * DAY,
                until=READING.since + (start + length) * DAY,
            )
            for name, start, length in found
        )
        _, state = told(take(*readings), alerts=state)
        unresolved = {each.id for each in state.listed() if each.state != "resolved"}
        assert len(unresolved) <= len(readings)
        assert bool(unresolved) == bool(readings)
