"""Slots become runs by the clock: once each, whatever breaks in between."""

import asyncio
import time
from collections import Counter
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.application import due
from missioncontrol.application.due import SLOTS_MAX
from missioncontrol.application.schedules import SCHEDULES_MAX, Schedules, stream_of
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected, Unavailable
from missioncontrol.domain.schedule.commands import (
    AddSchedule,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    StartByHand,
)
from missioncontrol.domain.schedule.events import (
    Misfire,
    Overlap,
    Policy,
    QueuedSlotsDropped,
    QueuedSlotStarted,
    ScheduleAdded,
    ScheduleAlerted,
    ScheduleRemoved,
    ScheduleResumed,
    ScheduleRunEnded,
    SlotFired,
    SlotQueued,
    SlotSkipped,
    SlotsSkipped,
    StartedByHand,
)
from missioncontrol.projections.schedules import ScheduleRow, apply
from tests.application.scheduling import HOURLY, NOON, Home, hour, story

YEAR = 366 * 24
STEERING: dict[str, type[PauseSchedule | ResumeSchedule | RemoveSchedule]] = {
    "pause": PauseSchedule,
    "resume": ResumeSchedule,
    "remove": RemoveSchedule,
}


def in_short(events: list[Any]) -> list[str]:
    """Each answer as `hours after noon: what it was`, each alert and each run that ended."""
    short = []
    for event in events:
        match event:
            case SlotFired():
                short.append(f"{_hour(event.slot)} {event.run} {event.kind}")
            case SlotQueued():
                short.append(f"{_hour(event.slot)} waits {event.why}")
            case SlotSkipped():
                short.append(f"{_hour(event.slot)} {event.reason}")
            case QueuedSlotStarted():
                short.append(f"{_hour(event.slot)} {event.run} waited")
            case QueuedSlotsDropped():
                short.append(f"{len(event.slots)} dropped {event.reason}")
            case ScheduleAlerted():
                short.append(f"{event.kind} {event.count}")
            case ScheduleRunEnded():
                short.append(f"{event.run} {event.outcome}")
    return short


def _hour(slot: float) -> int:
    return round((slot - NOON) / 3600)


def row_of(events: list[Any]) -> ScheduleRow:
    row = None
    for event in events:
        row = apply(row, event, NOON)
    assert row is not None
    return row


# A slot and its run.


def test_a_slot_and_its_run_are_one_transaction_on_behalf_of_who_wanted_it() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        await home.journal.commit()
        await home.pass_to(hour(1) + 3)
        log = await home.store.read()
        assert [row.type for row in log] == ["schedule_added", "run_created", "slot_fired"]
        fired = (await home.events())[-1]
        assert fired == SlotFired(hour(1), "run-1", 3.0)
        assert [(row.actor, row.on_behalf) for row in log[1:]] == [
            ("user:alice", ""),
            ("engine", "user:alice"),
        ]
        assert home.schedules.agenda == {"nightly": hour(2)}

    story(work())


def test_nothing_happens_before_a_slot_and_nothing_twice_at_it() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        await home.pass_to(hour(1) - 0.001)
        assert await home.runs() == []
        await home.pass_to(hour(1))
        await home.schedules.tend("nightly")
        await home.pass_to(hour(1) + 30)
        assert await home.runs() == ["run-1"]

    story(work())


@pytest.mark.parametrize("is_durable", [True, False], ids=["after", "before"])
def test_a_crash_around_the_commit_leaves_one_run_of_a_slot(is_durable: bool) -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        await home.journal.commit()
        home.clock.time = hour(1)
        await home.schedules.tend("nightly")
        if is_durable:
            await home.journal.commit()
        await home.restart()
        await home.pass_to(hour(1) + 10)
        fired = [event for event in await home.events() if isinstance(event, SlotFired)]
        assert [event.slot for event in fired] == [hour(1)]
        assert await home.runs() == [fired[0].run]

    story(work())


def test_a_clock_that_is_set_back_fires_no_slot_again() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="allow"))
        await home.pass_to(hour(1))
        await home.pass_to(hour(2))
        home.clock.time = hour(0.5)
        await home.restart()
        for half in range(1, 5):
            await home.pass_to(hour(half / 2))
        assert await home.runs() == ["run-1", "run-2"]
        await home.pass_to(hour(3))
        assert len(await home.runs()) == 3

    story(work())


def test_the_newest_version_and_the_inputs_are_taken_at_each_slot() -> None:
    async def work() -> None:
        home = Home()
        wanted = AddSchedule("nightly", "audit", HOURLY, version=3, inputs={"tag": "v1"})
        await home.schedules.add(wanted, actor="user:alice")
        await home.pass_to(hour(1))
        assert home.journal.runs["run-1"].workflow == "audit@3"

    story(work())


def test_a_run_that_ends_as_it_begins_is_not_at_work_for_ever() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        home.workflows.ends_at_once = home.schedules
        await home.pass_to(hour(1))
        assert home.active() == ()
        await home.pass_to(hour(2))
        assert await home.runs() == ["run-1", "run-2"]
        await home.schedules.run(StartByHand("nightly"), actor="user:bob")
        assert home.active() == ()

    story(work())


# What stands in the way.


async def _held_up(home: Home, moment: float = hour(1)) -> "asyncio.Task[None]":
    """Begin to tend a slot whose run is still being prepared."""
    home.workflows.preparing = asyncio.Event()
    home.clock.time = moment
    tending = asyncio.create_task(home.schedules.tend("nightly"))
    for _ in range(3):
        await asyncio.sleep(0)
    return tending


async def _let_go(home: Home, tending: "asyncio.Task[None]") -> None:
    assert home.workflows.preparing is not None
    home.workflows.preparing.set()
    await tending
    await home.journal.commit()


def test_an_emergency_stop_skips_slots_and_drops_what_waits() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="queue"))
        await home.pass_to(hour(1))
        await home.pass_to(hour(2))
        home.workflows.stop = "Everything was stopped."
        home.settle("run-1")
        await home.tend()
        await home.pass_to(hour(3))
        home.workflows.stop = ""
        await home.pass_to(hour(4))
        assert in_short(await home.events()) == [
            "1 run-1 on_time",
            "2 waits overlap",
            "run-1 succeeded",
            "1 dropped stopped",
            "3 stopped",
            "4 run-2 on_time",
        ]
        home.workflows.stop = "Everything was stopped."
        with pytest.raises(Unavailable) as no:
            await home.schedules.run(StartByHand("nightly", force=True), actor="user:bob")
        assert no.value.code == "operation.stopped"
        assert no.value.reason == "No run may begin: Everything was stopped."

    story(work())


def test_no_run_is_cancelled_for_a_slot_that_an_emergency_stop_keeps_from_starting() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="cancel"))
        await home.pass_to(hour(1))
        home.workflows.stop = "Everything was stopped."
        await home.pass_to(hour(2))
        assert home.journal.runs["run-1"].cancel_reason is None
        home.workflows.stop = ""
        await home.pass_to(hour(3))
        assert home.journal.runs["run-1"].status == "cancelled"
        assert in_short(await home.events()) == [
            "1 run-1 on_time",
            "2 stopped",
            "3 waits cancel",
        ]

    story(work())


def test_a_stop_while_a_run_is_prepared_stops_it() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        tending = await _held_up(home)
        home.workflows.stop = "Everything was stopped."
        await _let_go(home, tending)
        assert in_short(await home.events()) == ["1 stopped"]
        assert await home.runs() == []

    story(work())


@pytest.mark.parametrize("where", ["prepare", "begin"])
def test_a_refused_run_is_a_skipped_slot_and_an_alert(where: str) -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        if where == "prepare":
            home.workflows.missing.add("audit")
        else:
            home.workflows.refusal = "The cap of the workspace is reached."
        await home.pass_to(hour(1))
        *_, skipped, alert = await home.events()
        assert isinstance(skipped, SlotSkipped)
        assert isinstance(alert, ScheduleAlerted)
        assert (skipped.reason, alert.kind) == ("refused", "refused")
        assert skipped.detail in {
            "There is no workflow 'audit'.",
            "The cap of the workspace is reached.",
        }
        home.workflows.missing.clear()
        home.workflows.refusal = ""
        await home.pass_to(hour(2))
        assert await home.runs() == ["run-1"]

    story(work())


def test_what_is_refused_at_its_turn_is_dropped_with_one_alert() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy("all", 5))
        home.workflows.missing.add("audit")
        await home.pass_to(hour(3.5))
        assert in_short(await home.events())[-3:] == ["late 3", "3 dropped refused", "refused 3"]

    story(work())


@pytest.mark.parametrize("verb", ["pause", "remove"])
def test_a_slot_does_not_fire_that_was_given_up_while_its_run_was_prepared(verb: str) -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        tending = await _held_up(home)
        await home.schedules.steer(STEERING[verb]("nightly"), actor="user:bob")
        await _let_go(home, tending)
        assert await home.runs() == []
        assert in_short(await home.events()) == [f"1 {'paused' if verb == 'pause' else 'removed'}"]

    story(work())


@pytest.mark.parametrize("verb", ["pause", "remove"])
def test_a_slot_that_waited_is_given_up_while_its_run_is_prepared(verb: str) -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="queue"))
        await home.pass_to(hour(1))
        await home.pass_to(hour(2))
        home.settle("run-1")
        tending = await _held_up(home, hour(2.5))
        await home.schedules.steer(STEERING[verb]("nightly"), actor="user:bob")
        await _let_go(home, tending)
        assert await home.runs() == ["run-1"]
        assert home.active() == ()

    story(work())


def test_a_schedule_that_began_anew_meanwhile_has_slots_of_its_own() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        tending = await _held_up(home)
        held, home.workflows.preparing = home.workflows.preparing, None
        await home.schedules.steer(RemoveSchedule("nightly"), actor="user:bob")
        await home.add(cron="30 * * * *")
        home.workflows.preparing = held
        await _let_go(home, tending)
        assert await home.runs() == []
        await home.pass_to(hour(1.5))
        assert await home.runs() == ["run-1"]

    story(work())


def test_a_run_by_hand_meanwhile_counts_as_at_work() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        tending = await _held_up(home)
        held, home.workflows.preparing = home.workflows.preparing, None
        await home.schedules.run(StartByHand("nightly"), actor="user:bob")
        home.workflows.preparing = held
        await _let_go(home, tending)
        assert in_short(await home.events()) == ["1 overlap"]

    story(work())


# Downtime.

AFTER_A_DOWNTIME = {
    "skip": ["1 misfired", "2 misfired", "3 misfired", "missed 3"],
    "latest": ["1 misfired", "2 misfired", "3 run-1 late", "missed 2"],
    "all": [
        "1 misfired",
        "2 waits catch_up",
        "3 waits catch_up",
        "missed 1",
        "2 run-1 waited",
    ],
}


@pytest.mark.parametrize("misfire", get_args(Misfire))
def test_after_a_downtime_the_misfire_policy_decides(misfire: Misfire) -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(misfire, 2 if misfire == "all" else 0))
        await home.journal.commit()
        home.clock.time = hour(3.5)
        await home.restart()
        await home.tend()
        assert in_short(await home.events()) == AFTER_A_DOWNTIME[misfire]
        assert home.schedules.agenda == {"nightly": hour(4)}

    story(work())


@pytest.mark.parametrize("overlap", get_args(Overlap))
def test_what_was_missed_is_made_up_for_one_run_after_the_other(overlap: Overlap) -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy("all", 3, 0.0, overlap))
        await home.journal.commit()
        await home.pass_to(hour(10.5))
        for number in (1, 2, 3):
            assert await home.runs() == [f"run-{count}" for count in range(1, number + 1)]
            assert home.active() == (f"run-{number}",)
            home.settle(f"run-{number}")
            await home.tend()
        assert home.active() == ()
        started = [e.slot for e in await home.events() if isinstance(e, QueuedSlotStarted)]
        assert started == [hour(8), hour(9), hour(10)]

    story(work())


def test_making_up_goes_on_where_a_crash_broke_it_off() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy("all", 3))
        await home.journal.commit()
        await home.pass_to(hour(3.5))
        home.settle("run-1")
        await home.restart()  # The end of the run was not on disk.
        await home.tend()
        assert await home.runs() == ["run-1"]
        for _ in range(3):
            home.settle(home.active()[0])
            await home.restart_after_commit()
            await home.tend()
        started = [e.slot for e in await home.events() if isinstance(e, QueuedSlotStarted)]
        assert started == [hour(1), hour(2), hour(3)]

    story(work())


@pytest.mark.parametrize("misfire", get_args(Misfire))
def test_a_year_of_minutes_is_told_in_a_bounded_number_of_events(misfire: Misfire) -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(misfire, 100 if misfire == "all" else 0), cron="* * * * *")
        await home.journal.commit()
        home.clock.time = hour(YEAR) + 15
        await home.restart()
        begun = time.perf_counter()
        await home.tend()
        assert time.perf_counter() - begun < 3.0
        events = (await home.events())[1:]
        kinds = Counter(type(event).__name__ for event in events)
        singles = kinds["SlotSkipped"] + kinds["SlotQueued"] + kinds["SlotFired"]
        assert singles == SLOTS_MAX
        (together,) = [event for event in events if isinstance(event, SlotsSkipped)]
        assert together == events[0]
        assert (together.first, together.count) == (NOON + 60, YEAR * 60 - SLOTS_MAX)
        assert kinds["ScheduleAlerted"] == 1
        assert len(await home.runs()) == 1  # The slot on time, or the first of the hundred.

    story(work())


def test_a_clock_that_is_set_forward_leaves_missed_slots() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        await home.pass_to(hour(1))
        home.settle("run-1")
        await home.pass_to(hour(4) + 5)
        assert in_short(await home.events())[-4:] == [
            "2 misfired",
            "3 misfired",
            "4 run-2 on_time",
            "missed 2",
        ]

    story(work())


# Overlap.


def test_skip_leaves_out_every_slot_that_finds_a_run_at_work() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        for number in (1, 2, 3):
            await home.pass_to(hour(number))
        home.settle("run-1")
        await home.pass_to(hour(4))
        assert in_short(await home.events()) == [
            "1 run-1 on_time",
            "2 overlap",
            "3 overlap",
            "run-1 succeeded",
            "4 run-2 on_time",
        ]

    story(work())


def test_queue_keeps_one_slot_and_starts_it_when_the_run_has_ended() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="queue"))
        for number in (1, 2, 3):
            await home.pass_to(hour(number))
        home.clock.time = hour(3.5)
        home.settle("run-1", "failed")
        assert home.schedules.agenda["nightly"] == 0.0
        await home.tend()
        assert in_short(await home.events()) == [
            "1 run-1 on_time",
            "2 waits overlap",
            "3 queued_over",
            "run-1 failed",
            "failed 1",
            "2 run-2 waited",
        ]

    story(work())


def test_cancel_ends_the_run_before_and_starts_the_newest_slot_after_it() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="cancel"))
        await home.pass_to(hour(1))
        await home.pass_to(hour(2))
        assert home.journal.runs["run-1"].status == "cancelled"
        assert "newer run" in (home.journal.runs["run-1"].cancel_reason or "")
        await home.pass_to(hour(3))
        home.schedules.run_settled("run-1", "nightly", "cancelled", hour(3))
        await home.tend()
        assert in_short(await home.events()) == [
            "1 run-1 on_time",
            "2 waits cancel",
            "1 dropped overlap",
            "3 waits cancel",
            "run-1 cancelled",
            "3 run-2 waited",
        ]

    story(work())


def test_a_run_that_has_ended_by_itself_need_not_be_cancelled() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="cancel"))
        await home.pass_to(hour(1))
        home.workflows.cancel("run-1", "By somebody who knows of no schedule.")
        await home.journal.commit()
        home.journal.forget("run-1")
        await home.pass_to(hour(2))
        for _ in range(2):  # Reported twice, it has ended once.
            home.schedules.run_settled("run-1", "nightly", "cancelled", hour(1))
        await home.tend()
        assert in_short(await home.events())[-2:] == ["run-1 cancelled", "2 run-2 waited"]

    story(work())


def test_allow_lets_runs_work_beside_each_other() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="allow"))
        for number in (1, 2, 3):
            await home.pass_to(hour(number))
        assert home.active() == ("run-1", "run-2", "run-3")

    story(work())


def test_a_run_that_ended_while_nobody_told_is_learnt_at_the_next_start() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(overlap="queue"))
        await home.pass_to(hour(1))
        await home.pass_to(hour(2))
        home.workflows.cancel("run-1", "By somebody who knows of no schedule.")
        await home.journal.commit()
        await home.restart()
        await home.tend()
        assert in_short(await home.events())[2:] == ["run-1 cancelled", "2 run-2 waited"]

    story(work())


# Jitter.


def test_a_slot_waits_for_its_jitter_and_is_on_time_then() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(jitter_seconds=1800.0))
        at = home.schedules.agenda["nightly"]
        assert hour(1) < at < hour(1.5)
        await home.pass_to(at - 0.01)
        await home.schedules.tend("nightly")
        assert await home.runs() == []
        await home.journal.commit()
        await home.restart()
        assert home.schedules.agenda == {"nightly": at}
        await home.pass_to(at + 1)
        fired = (await home.events())[-1]
        assert isinstance(fired, SlotFired)
        assert (fired.slot, fired.late_seconds) == (hour(1), 1.0)

    story(work())


@pytest.mark.parametrize(("verb", "reason"), [("pause", "paused"), ("remove", "removed")])
def test_a_slot_that_waits_for_its_jitter_is_answered_when_it_will_not_fire(
    verb: str, reason: str
) -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(jitter_seconds=1800.0))
        await home.pass_to(home.schedules.agenda["nightly"] - 0.01)
        await home.schedules.steer(STEERING[verb]("nightly"), actor="user:bob")
        await home.journal.commit()
        assert in_short(await home.events()) == [f"1 {reason}"]

    story(work())


def test_jitter_never_reaches_the_next_slot() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(jitter_seconds=86_400.0, overlap="allow"), cron="* * * * *")
        moments = []
        for _ in range(200):
            moments.append(home.schedules.agenda["nightly"])
            await home.pass_to(moments[-1])
        assert [int(at // 60) for at in moments] == list(
            range(int(NOON // 60) + 1, int(NOON // 60) + 201)
        )

    story(work())


# Pauses.


@pytest.mark.parametrize("misfire", get_args(Misfire))
def test_a_pause_is_never_made_up_for_and_costs_nothing_while_it_lasts(misfire: Misfire) -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy(misfire, 9 if misfire == "all" else 0))
        await home.pass_to(hour(1))
        home.settle("run-1")
        await home.schedules.steer(PauseSchedule("nightly", "Holidays."), actor="user:bob")
        assert home.schedules.agenda == {}
        await home.pass_to(hour(2))
        await home.restart()
        await home.pass_to(hour(4.2))
        await home.schedules.steer(ResumeSchedule("nightly", "Back."), actor="user:alice")
        await home.tend()
        assert in_short(await home.events())[2:] == ["2 paused", "3 paused", "4 paused"]
        await home.pass_to(hour(5))
        assert len(await home.runs()) == 2

    story(work())


def test_a_long_pause_is_told_in_a_bounded_number_of_events() -> None:
    async def work() -> None:
        home = Home()
        await home.add(cron="* * * * *")
        await home.schedules.steer(PauseSchedule("nightly"), actor="user:bob")
        home.clock.time = hour(YEAR)
        await home.schedules.steer(ResumeSchedule("nightly"), actor="user:bob")
        await home.journal.commit()
        events = await home.events()
        assert isinstance(events[-1], ScheduleResumed)
        skipped = [event for event in events if isinstance(event, SlotsSkipped)]
        assert [(e.reason, e.count) for e in skipped] == [("paused", YEAR * 60 - SLOTS_MAX)]
        assert len(events) == SLOTS_MAX + 4

    story(work())


# By hand.


def test_a_run_by_hand_is_recorded_as_such_and_authored_by_who_asked() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        run = (await home.schedules.run(StartByHand("nightly", "To see."), actor="user:bob")).run
        await home.journal.commit()
        assert (await home.events())[-1] == StartedByHand(run, "To see.")
        assert home.workflows.authors[run] == "user:bob"
        assert home.journal.runs[run].inputs["slot"] == 0.0
        with pytest.raises(Rejected) as no:
            await home.schedules.run(StartByHand("nightly"), actor="user:bob")
        assert no.value.code == "schedule.busy"
        forced = StartByHand("nightly", force=True)
        other = (await home.schedules.run(forced, actor="user:bob")).run
        assert home.active() == (run, other)

    story(work())


@pytest.mark.parametrize("trouble", ["reason", "workflow", "refusal"])
def test_a_run_by_hand_that_is_refused_leaves_nothing(trouble: str) -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        await home.journal.commit()
        if trouble == "workflow":
            home.workflows.missing.add("audit")
        if trouble == "refusal":
            home.workflows.refusal = "The cap is reached."
        reason = "x" * 5_000 if trouble == "reason" else ""
        with pytest.raises(MissionControlError):
            await home.schedules.run(StartByHand("nightly", reason=reason), actor="user:bob")
        assert not home.journal.has_pending
        assert home.active() == ()

    story(work())


# The life of a schedule.


def test_what_does_not_fit_is_refused_and_leaves_nothing() -> None:
    async def work() -> None:
        home = Home()
        home.workflows.missing.add("gone")
        cases = [
            (AddSchedule("nightly", "audit", "0 0 30 2 *"), "schedule.never_fires"),
            (AddSchedule("nightly", "audit", "nonsense"), "schedule.bad_cron"),
            (AddSchedule("nightly", "audit", HOURLY, "Mars/City"), "schedule.bad_zone"),
            (AddSchedule("nightly", "gone", HOURLY), "workflow.unknown"),
            (AddSchedule("Nightly", "audit", HOURLY), "schedule.bad_name"),
            (AddSchedule("n", "audit", HOURLY, policy=Policy("all")), "schedule.bad_policy"),
        ]
        for wanted, code in cases:
            with pytest.raises(MissionControlError) as no:
                await home.schedules.add(wanted, actor="user:alice")
            assert no.value.code == code
        assert not home.journal.has_pending
        assert home.schedules.agenda == {}

    story(work())


def test_a_removed_schedule_leaves_memory_and_keeps_its_past() -> None:
    async def work() -> None:
        home = Home()
        await home.add(Policy("all", 5))
        await home.pass_to(hour(1))
        home.settle("run-1", "failed")
        await home.schedules.steer(RemoveSchedule("nightly", "No use."), actor="user:bob")
        await home.schedules.steer(RemoveSchedule("nightly"), actor="user:bob")
        await home.journal.commit()
        await home.journal.commit()
        assert stream_of("nightly") not in home.journal.others
        assert home.schedules.agenda == {}
        home.clock.time = hour(5.5)
        await home.add(cron="30 * * * *")
        await home.pass_to(hour(6.5))
        events = await home.events()
        assert [type(event) for event in events].count(ScheduleAdded) == 2
        row = row_of(events)
        assert (row.failed, row.failures_in_a_row, row.last_status) == (0, 0, "running")
        assert row.events == len(events)

    story(work())


def test_a_removed_schedule_stays_at_hand_until_its_runs_have_ended() -> None:
    async def work() -> None:
        home = Home()
        await home.add()
        await home.pass_to(hour(1))
        await home.schedules.steer(RemoveSchedule("nightly"), actor="user:bob")
        await home.restart()  # The removal was not on disk.
        await home.schedules.steer(RemoveSchedule("nightly"), actor="user:bob")
        await home.journal.commit()
        await home.restart()
        home.settle("run-1", "failed")
        await home.journal.commit()
        events = await home.events()
        assert in_short(events)[-2:] == ["run-1 failed", "failed 1"]
        assert sum(isinstance(event, ScheduleRemoved) for event in events) == 1
        await home.journal.commit()
        assert home.schedules.get("nightly") is None

    story(work())


def test_the_end_of_a_run_whose_schedule_is_not_at_hand_is_no_trouble() -> None:
    async def work() -> None:
        home = Home()
        home.schedules.run_settled("run-1", "elsewhere", "failed", NOON)
        await home.schedules.tend("elsewhere")
        await home.schedules.open(["elsewhere"])
        with pytest.raises(NotFound) as no:
            await home.schedules.steer(PauseSchedule("elsewhere"), actor="user:bob")
        assert no.value.code == "schedule.unknown"
        assert "'elsewhere'" in no.value.reason

    story(work())


def test_a_schedule_without_a_slot_to_come_wants_nothing() -> None:
    class Ending(CronCalendar):
        def after(self, cron: str, zone: str, instant: float) -> None:
            return None

    async def work() -> None:
        home = Home()
        schedules = Schedules(home.journal, Ending(), home.workflows)
        await schedules.add(AddSchedule("nightly", "audit", HOURLY), actor="user:alice")
        assert schedules.agenda == {}

    story(work())


def test_schedules_have_a_bound_and_a_home_full_of_them_opens() -> None:
    async def work() -> None:
        home = Home()
        for number in range(SCHEDULES_MAX):
            await home.add(name=f"s{number}")
        with pytest.raises(Rejected) as no:
            await home.add(name="one-more")
        assert no.value.code == "schedule.too_many"
        await home.schedules.steer(RemoveSchedule("s7"), actor="user:bob")
        await home.add(name="one-more")
        await home.journal.commit()
        home.start()
        await home.schedules.open([f"s{number}" for number in range(SCHEDULES_MAX)])
        assert len(home.schedules.agenda) == SCHEDULES_MAX - 1

    story(work())


# Whatever breaks, whenever.

EVERY_SEVEN = "*/7 * * * *"
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("pass"),
            st.sampled_from([1.0, 30.0, 59.0, 100.0, 420.0, 1000.0, 7200.0, 40_000.0]),
        ),
        st.tuples(
            st.sampled_from(
                ["lose", "restart", "back", "settle", "fail", "pause", "resume", "stop", "hand"]
            ),
            st.floats(0, 1000),
        ),
    ),
    min_size=3,
    max_size=25,
)
POLICIES = st.builds(
    lambda misfire, overlap, jitter: Policy(
        misfire, 4 if misfire == "all" else 0, 0.0, overlap, jitter
    ),
    st.sampled_from(get_args(Misfire)),
    st.sampled_from(get_args(Overlap)),
    st.sampled_from([0.0, 200.0, 5000.0]),
)


class Life:
    """A home that waits, crashes, loses what was not on disk, and goes on, as instructed."""

    def __init__(self, policy: Policy) -> None:
        self.home = Home()
        self.policy = policy

    async def live(self, steps: list[tuple[str, float]]) -> None:
        await self.home.add(self.policy, EVERY_SEVEN)
        await self.home.journal.commit()
        for what, size in steps:
            await self._step(what, size)
            schedule = self.home.schedules.get("nightly")
            assert schedule is not None
            assert self.policy.overlap == "allow" or len(schedule.active) <= 1
        await self._step("restart", 0.0)
        await self.home.tend()

    async def _step(self, what: str, size: float) -> None:
        home = self.home
        match what:
            case "pass":
                home.clock.time += size
                await home.tend()
            case "lose":
                home.clock.time += size
                for name in list(home.schedules.agenda):
                    await home.schedules.tend(name)
                await home.restart()
            case "restart" | "back":
                await home.journal.commit()
                home.clock.time += size if what == "restart" else -size
                await home.restart()
            case "stop":
                home.workflows.stop = "" if home.workflows.stop else "Stopped."
            case "settle" | "fail":
                for run in home.active()[:1]:
                    home.settle(run, "succeeded" if what == "settle" else "failed")
            case "hand":
                await self._by_hand()
            case _:
                await home.schedules.steer(STEERING[what]("nightly"), actor="user:bob")

    async def _by_hand(self) -> None:
        try:
            await self.home.schedules.run(StartByHand("nightly"), actor="user:bob")
        except (Rejected, Unavailable):  # It is busy, or everything was stopped.
            return


def every_slot(first: float, last: float) -> list[float]:
    """The slots of `*/7 * * * *` after `first`, not later than `last`, by counting minutes."""
    begin = int(first // 60) * 60 + 60
    return [float(at) for at in range(begin, int(last) + 1, 60) if at // 60 % 60 % 7 == 0]


@settings(max_examples=40, deadline=None)
@given(POLICIES, STEPS)
def test_every_slot_has_one_answer_and_every_run_one_slot(
    policy: Policy, steps: list[tuple[str, float]]
) -> None:
    async def work() -> None:
        life = Life(policy)
        await life.live(steps)
        events = await life.home.events()
        answered: list[float] = []
        for event in events:
            match event:
                case SlotFired() | SlotQueued() | SlotSkipped():
                    answered.append(event.slot)
                case SlotsSkipped():
                    together = every_slot(event.first - 1, event.last)
                    assert len(together) == event.count
                    answered.extend(together)
        schedule = life.home.schedules.get("nightly")
        assert schedule is not None
        assert answered == every_slot(NOON, schedule.answered)
        begun = [e.run for e in events if isinstance(e, SlotFired | QueuedSlotStarted)]
        by_hand = [e.run for e in events if isinstance(e, StartedByHand)]
        assert sorted(await life.home.runs()) == sorted(begun + by_hand)
        assert len(set(begun + by_hand)) == len(begun + by_hand)
        row = row_of(events)
        assert row.answered == max([NOON, *answered])
        assert (row.active, row.waiting) == (schedule.active, len(schedule.queue))
        assert row.failures_in_a_row == schedule.failures_in_a_row

    with pytest.MonkeyPatch.context() as bounds:
        bounds.setattr(due, "SLOTS_MAX", 20)  # A downtime of two hours is a long one here.
        asyncio.run(work())
