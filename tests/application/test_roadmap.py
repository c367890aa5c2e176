"""The roadmap: what became of slots, which due dates are met, and what a move collides with."""

from datetime import UTC, datetime
from typing import Any

import pytest

from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.application.inbox.work import slow
from missioncontrol.application.roadmap import (
    Due,
    Forecast,
    Roadmap,
    RoadmapEpic,
    RoadmapSchedule,
    Slot,
    _met,
    end_of,
    epics_of,
    slots_of,
)
from missioncontrol.application.schedule_moves import preview_of
from missioncontrol.application.statuses import Statuses
from missioncontrol.application.work_flow import CASES_MIN, flow_of
from missioncontrol.application.work_forecast import Grounds
from missioncontrol.application.work_index import WorkIndex
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.run import events as r
from missioncontrol.domain.schedule import events as s
from missioncontrol.domain.status import USUAL
from missioncontrol.domain.work_item import events as w
from missioncontrol.interfaces.web.roadmap_calendar import month_of, month_span
from missioncontrol.interfaces.web.roadmap_view import Choice
from tests.application.test_work_forecast import HOUR, NOW, mission
from tests.application.test_work_items import RUN, Log, M, on, planned

DAY = 86_400.0
GROUNDS = Grounds(0, 20, 0, 0, 0, is_shown=False, why="Too few.")


def schedule(name: str, cron: str, slots: list[float], seconds: float = 0.0) -> RoadmapSchedule:
    past = [Slot(NOW - DAY, "missed")]
    return RoadmapSchedule(name, cron, cron, "UTC", "release", "active", None, seconds, past, slots)


def road(*schedules: RoadmapSchedule, epics: tuple[RoadmapEpic, ...] = ()) -> Roadmap:
    return Roadmap(NOW, NOW - DAY, NOW + 60 * DAY, list(epics), 0, list(schedules), GROUNDS)


def test_a_slot_says_what_became_of_it() -> None:
    found = slots_of(
        [
            s.SlotFired(10.0, "run-1"),
            s.ScheduleRunEnded("run-1", "failed", 20.0),
            s.SlotSkipped(30.0, "misfired"),
            s.SlotSkipped(40.0, "by_hand"),
            s.SlotsSkipped(50.0, 70.0, 3, "misfired"),
            s.QueuedSlotStarted(80.0, "run-2"),
        ]
    )
    assert [(each.at, each.outcome, each.count) for each in found] == [
        (10.0, "failed", 1),
        (30.0, "missed", 1),
        (40.0, "skipped", 1),
        (70.0, "missed", 3),
        (80.0, "running", 1),
    ]


def test_a_due_date_is_held_against_the_range() -> None:
    at = end_of("2026-12-01")
    assert _met(at, at - 1, None, NOW) == "done_in_time"
    assert _met(at, at + 1, None, NOW) == "done_late"
    assert _met(at, 0.0, None, at + 1) == "late"
    assert _met(at, 0.0, None, at - DAY) == "unknown"
    for likely, high, met in ((-5, -1, "early"), (-1, 5, "at_risk"), (1, 5, "late")):
        forecast = Forecast(at - 9, at + likely, at + high)
        assert _met(at, 0.0, forecast, at - DAY) == met


def test_a_move_names_what_starts_while_its_run_lasts_and_what_is_due_that_day() -> None:
    calendar = CronCalendar()
    (monday,) = calendar.preview("0 22 * * 1", "UTC", NOW, count=1)
    day = datetime.fromtimestamp(monday.at, UTC).date().isoformat()
    due = Due("M-1.1", "Pay", day, end_of(day), "early")
    epic = RoadmapEpic(
        id="M-1",
        source=M,
        kind="mission",
        title="Pay by invoice",
        word="building",
        status="Building",
        done=0,
        open=1,
        words={"building": 1},
        begun=0.0,
        ended=0.0,
        forecast=None,
        due=due,
        late_days=0.0,
        dues=[due],
        cost=0,
    )
    moved = schedule("load", "0 22 * * 5", [NOW + 1], seconds=2 * HOUR)
    other = schedule("nightly", "30 23 * * *", [monday.at + 1.5 * HOUR])
    found = preview_of(road(moved, other, epics=(epic,)), calendar, "load", "0 22 * * 1")
    assert (found.before, found.after, len(found.next)) == ("0 22 * * 5", "0 22 * * 1", 10)
    assert [(each.kind, each.name) for each in found.collisions if each.at == monday.at] == [
        ("schedule", "nightly"),
        ("due", "M-1"),
    ]
    alone = preview_of(road(moved), calendar, "load", "0 22 * * 1")
    assert alone.collisions == []
    with pytest.raises(NotFound):
        preview_of(road(moved), calendar, "nobody", "0 22 * * 1")


def test_missions_with_open_items_come_first_and_name_their_due_dates() -> None:
    index = WorkIndex()
    mission(index, 1, NOW - 9 * DAY, [HOUR] * 5)
    log = planned().tell(
        ("work-items", w.WorkItemEdited(f"{M}/build", "user:ada", due="2026-01-31"))
    )
    index.items(log.board, log.tables, Statuses(log.board, USUAL))
    found = epics_of(index, log.raw[-1][0], log.raw[-1][0] - DAY)
    assert [(each.id, each.open, each.done) for each in found] == [("M-1", 3, 0)]
    due = found[0].due
    assert due is not None
    assert (due.item, due.day, due.met) == ("M-1.2", "2026-01-31", "late")


def test_a_month_has_what_happens_on_each_of_its_days() -> None:
    shown = road(schedule("nightly", "0 1 * * *", [NOW + HOUR, NOW + 2 * HOUR]))
    first, since, until = month_span(Choice(view="calendar", month="2026-09"), NOW)
    month = month_of(shown, first, since, until)
    assert (month.title, month.before, month.after) == ("September 2026", "2026-08", "2026-10")
    entries = {cell.day.isoformat(): cell.entries for week in month.weeks for cell in week}
    today = next(cell for week in month.weeks for cell in week if cell.is_today)
    assert [each.text for each in entries[today.day.isoformat()]] == ["nightly, 2 times"]
    assert sum(len(each) for each in entries.values()) == 2
    assert all(len(week) == 7 for week in month.weeks)


class Reading:
    """What the inbox reads."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.work = WorkIndex()

    @property
    def work_items(self) -> object:
        return self.work.items(self.log.board, self.log.tables, Statuses(self.log.board, USUAL))


def test_an_item_over_the_p90_of_its_stage_is_one_alert_until_it_moves_on() -> None:
    log = planned().tell(*on(RUN, r.StepStarted("survey", 1, 2, "surveyor")))
    reading: Any = Reading(log)  # `slow` reads no more of it.
    now = log.raw[-1][0]
    assert reading.work_items
    for number in range(CASES_MIN - 1):
        mission(reading.work, 10 + number, now - 50 * HOUR, [HOUR])
    late = now + 2 * HOUR
    assert slow(reading, late) == []  # The stage has too few cases.
    mission(reading.work, 90, now - 50 * HOUR, [HOUR])
    reading.work._floor = reading.work.version  # Rows were added beside the log.
    (found,) = slow(reading, late)
    assert (found.id, found.since) == ("slow:building:M-1.1", now)
    assert found.detail == "Building for longer than 1 h, the p90 of that stage"
    assert [each.id for each in slow(reading, late + HOUR)] == [found.id]
    assert slow(reading, now + 0.5 * HOUR) == []
    log.tell(*on(RUN, r.StepSucceeded("survey", 2)))
    assert slow(reading, late) == []
    assert flow_of(reading.work, late).cases_min == CASES_MIN
