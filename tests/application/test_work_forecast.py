"""A forecast is a range from recorded times, says nothing without them, and counts its hits."""

import math
import random
from collections.abc import Iterable

from missioncontrol.application.roadmap import ending_of
from missioncontrol.application.work_forecast import (
    CASES_MIN,
    HELD_MIN,
    LEFT_MAX,
    LENGTHS_MIN,
    Forecasts,
    Pace,
    Trials,
    Walk,
    pace_of,
    span_of,
)
from missioncontrol.application.work_index import WorkIndex
from missioncontrol.domain.work_item.stages import Stay
from missioncontrol.projections.work_rows import EpicRow, WorkRow, move

HOUR = 3_600.0
NOW = 1_790_000_000.0


def mission(
    index: WorkIndex, number: int, begun: float, gaps: Iterable[float], open_: int = 0
) -> None:
    """Add a mission whose items were done one after another, with so many that are open."""
    epic = EpicRow(f"mission-{number}", f"M-{number}", "mission", f"Mission {number}", begun)
    at = begun
    for place, gap in enumerate((*gaps, *(math.inf,) * open_)):
        row = WorkRow(f"{epic.id}/{place}", f"{epic.key}.{place}", "task", "Do it", begun)
        row.epic = epic.id
        move(row, "building", "building", at)
        if gap < math.inf:
            at += gap
            move(row, "done", "done", at)
        index.rows[row.id] = row
        epic.children = [*epic.children, row.id]
    index.epics[epic.id] = epic
    index.version += 1


def workspace(seed: int = 1, missions: int = 30) -> WorkIndex:
    """Return missions of ten items, about two hours each, one begun every day, and an open one."""
    index, chance = WorkIndex(), random.Random(seed)
    for number in range(missions):
        pace = chance.choice((1.0, 2.0, 3.0))
        begun = NOW - (missions - number) * 24 * HOUR
        mission(index, number, begun, [pace * HOUR * chance.uniform(0.5, 1.5) for _ in range(10)])
    mission(index, 99, NOW - 5 * HOUR, [HOUR, HOUR], open_=5)
    return index


def forecasts(index: WorkIndex) -> Forecasts:
    found = Forecasts()
    found.follow(index, NOW)
    return found


def test_a_range_is_the_same_each_time_and_lies_where_earlier_missions_ended() -> None:
    one, two = forecasts(workspace()), forecasts(workspace())
    span = one.span(5)
    assert span is not None
    assert span == two.span(5)
    assert 2 * HOUR < span.low < span.likely < span.high < 25 * HOUR
    assert 5 * HOUR < span.likely < 15 * HOUR


def test_there_is_no_range_without_enough_cases() -> None:
    index = WorkIndex()
    mission(index, 1, NOW - 100 * HOUR, [HOUR] * (CASES_MIN - 1), open_=2)
    found = forecasts(index)
    assert (found.grounds.cases, found.grounds.is_shown) == (CASES_MIN - 1, False)
    assert found.span(2) is None
    assert f"{CASES_MIN} finished items" in found.grounds.why


def test_there_is_no_range_while_only_quick_missions_are_known_to_their_end() -> None:
    index = WorkIndex()
    for number in range(4):
        mission(index, number, NOW - 30 * HOUR, [2 * HOUR] * 8)
    mission(index, 9, NOW - 30 * HOUR, [], open_=3)
    found = forecasts(index)
    assert found.span(3) is None
    assert f"{LENGTHS_MIN:.0f} times the usual mission" in found.grounds.why


def test_the_backtest_counts_ranges_of_the_same_estimator_with_what_was_known_then() -> None:
    found = forecasts(workspace())
    held = tested = 0
    for id_, moment, left in found._tests:
        known = Forecasts()
        known.paces = found.paces
        trials = known._trials(moment)
        span = span_of(trials.walks(left)[left - 1])
        later = workspace().epics[id_]
        end = max(workspace().rows[each].stays[-1].since for each in later.children)
        tested, held = tested + 1, held + (span.low <= end - moment <= span.high)
    grounds = found.grounds
    assert (grounds.tested, grounds.held) == (tested, held)
    assert tested >= 20
    assert held >= HELD_MIN * tested


def test_what_is_known_at_a_moment_leaves_out_what_ended_later() -> None:
    pace = pace_of(
        [
            _row("a", 0.0, 10.0),
            _row("b", 0.0, 30.0),
            _row("c", 20.0, 35.0),
        ]
    )
    assert (pace.done, pace.gaps, pace.is_ended) == ((10.0, 30.0, 35.0), (10.0, 20.0, 5.0), False)
    assert [pace.left_at(at) for at in (5.0, 15.0, 25.0, 40.0)] == [2, 1, 2, 0]
    assert pace.walk_until(25.0) == Walk(2, (10.0,))


def _row(name: str, created: float, done: float) -> WorkRow:
    row = WorkRow(name, name, "task", name, created)
    row.stays = [Stay("building", created), Stay("done", done)]
    row.word, row.since = "done", done
    return row


def test_ranges_that_rarely_held_are_not_shown() -> None:
    index, slower = WorkIndex(), [HOUR * 1.12**number for number in range(60)]
    for number, gap in enumerate(slower):  # Each mission is slower than those before it.
        mission(index, number, NOW - (60 - number) * 20 * HOUR, [gap] * 5)
    mission(index, 99, NOW - HOUR, [], open_=5)
    found = forecasts(index)
    assert found.grounds.held < HELD_MIN * found.grounds.tested
    assert f"Only {found.grounds.held} of {found.grounds.tested}" in found.grounds.why
    assert found.span(5) is None


def test_trials_follow_one_mission_and_not_the_mean_of_all() -> None:
    walks = [Walk(0, (HOUR,) * 10), Walk(0, (9 * HOUR,) * 10)]
    span = span_of(Trials(walks, [], 0.0).walks(10)[-1])
    assert span.low < 20 * HOUR
    assert span.high > 80 * HOUR


def test_a_change_leaves_the_ranges_of_a_fresh_count() -> None:
    index = workspace()
    kept = forecasts(index)
    row = index.rows["mission-99/2"]
    move(row, "done", "done", NOW)
    index._changed[row.id] = index.version = index.version + 1
    kept.follow(index, NOW)
    fresh = forecasts(index)
    assert kept.paces == fresh.paces
    assert (kept.span(4), kept.grounds) == (fresh.span(4), fresh.grounds)
    assert isinstance(kept.paces["mission-99"], Pace)


def test_the_end_of_one_mission_is_a_range_or_the_reason_why_there_is_none() -> None:
    index = workspace()
    found = ending_of(index, "mission-99", NOW)
    assert found is not None
    assert found.forecast is not None
    assert NOW < found.forecast.low < found.forecast.high
    assert found.why == ""
    assert ending_of(index, "mission-1", NOW) is None  # It has ended.
    full = workspace()
    mission(full, 100, NOW - HOUR, [], open_=LEFT_MAX + 1)
    many = ending_of(full, "mission-100", NOW)
    assert many is not None
    assert many.forecast is None
    assert f"up to {LEFT_MAX} open items" in many.why
    few = WorkIndex()
    mission(few, 1, NOW - HOUR, [], open_=2)
    young = ending_of(few, "mission-1", NOW)
    assert young is not None
    assert young.forecast is None
    assert f"{CASES_MIN} finished items" in young.why
