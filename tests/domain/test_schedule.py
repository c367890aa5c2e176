"""What may happen to a schedule: which slot fires, waits or is skipped, and none does twice."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.register import NAMES, decode
from missioncontrol.domain.schedule.commands import (
    AddSchedule,
    Due,
    DueSlot,
    EndRun,
    Missed,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    ScheduleCommand,
    Start,
    StartByHand,
    StartQueued,
    TakeSlots,
)
from missioncontrol.domain.schedule.decide import decide
from missioncontrol.domain.schedule.events import (
    EVENTS,
    Misfire,
    Overlap,
    Policy,
    QueuedSlotsDropped,
    QueuedSlotStarted,
    ScheduleAdded,
    ScheduleAlerted,
    ScheduleEvent,
    SchedulePaused,
    ScheduleRemoved,
    ScheduleResumed,
    ScheduleRunEnded,
    SlotFired,
    SlotQueued,
    SlotSkipped,
    SlotsSkipped,
    StartedByHand,
)
from missioncontrol.domain.schedule.evolve import evolve
from missioncontrol.domain.schedule.slots import GRACE_SECONDS, RUNS_MAX, fires, jitter
from missioncontrol.domain.schedule.states import Schedule
from tests.domain.schedules import (
    BEGAN,
    EXAMPLES,
    HOUR,
    SKIPPING,
    added,
    due,
    schedule_after,
    slot,
)

RUN = Start("run-new")
BUSY = SlotFired(slot(1), "run-1")


def told(command: ScheduleCommand, *events: ScheduleEvent, policy: Policy = SKIPPING) -> list[Any]:
    return decide(command, schedule_after(*events, policy=policy), slot(100))


def in_short(events: list[Any]) -> list[str]:
    """Each answer as `number of the slot: what it was`, and each alert."""
    short = []
    for event in events:
        match event:
            case SlotFired():
                short.append(f"{_number(event.slot)} {event.kind}")
            case SlotQueued():
                short.append(f"{_number(event.slot)} waits {event.why}")
            case SlotSkipped():
                short.append(f"{_number(event.slot)} {event.reason}")
            case QueuedSlotsDropped():
                short.extend(f"{_number(at)} dropped" for at in event.slots)
            case ScheduleAlerted():
                short.append(f"{event.kind} {event.count}")
    return short


def _number(at: float) -> int:
    return round((at - BEGAN) / HOUR)


# One slot after the other.


def test_a_slot_fires_in_time_with_the_run_that_was_created_for_it() -> None:
    command = TakeSlots(due(slot(1) + 2.5, 1), RUN)
    assert told(command) == [SlotFired(slot(1), "run-new", 2.5)]


def test_a_slot_that_has_its_answer_gets_no_other() -> None:
    answers: list[ScheduleEvent] = [
        SlotFired(slot(1), "run-1"),
        SlotQueued(slot(1)),
        SlotSkipped(slot(1), "overlap"),
        SlotsSkipped(slot(0), slot(1), 2, "misfired"),
    ]
    for answer in answers:
        assert told(TakeSlots(due(slot(1), 1), RUN), answer) == []
        assert told(TakeSlots(due(slot(1), 0, 1), RUN), answer) == []


def test_a_clock_that_was_set_back_finds_nothing_to_do() -> None:
    assert told(TakeSlots(due(slot(1), 1), RUN), SlotFired(slot(3), "run-3")) == []


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (Start(stopped="All stopped."), [SlotSkipped(slot(1), "stopped", "All stopped.")]),
        (
            Start(refusal="No such workflow."),
            [
                SlotSkipped(slot(1), "refused", "No such workflow."),
                ScheduleAlerted("refused", 1, slot(1), slot(1), detail="No such workflow."),
            ],
        ),
    ],
)
def test_a_slot_without_a_run_says_why(start: Start, expected: list[ScheduleEvent]) -> None:
    assert told(TakeSlots(due(slot(1), 1), start)) == expected


def test_a_refusal_of_any_length_fits_into_its_event() -> None:
    skipped, alert = told(TakeSlots(due(slot(1), 1), Start(refusal="x" * 100_000)))
    assert len(skipped.detail) == len(alert.detail) == 2_000


# What is missed.

LATE = due(slot(4) + GRACE_SECONDS + 1, 2, 3, 4)
"""Three slots that were missed while no engine ran."""

LATE_AND_ONE = due(slot(5), 2, 3, 4, 5)
"""The same, and one that is on time."""

MISSED = {
    ("skip", "late"): ["2 misfired", "3 misfired", "4 misfired", "missed 3"],
    ("skip", "late and one"): ["2 misfired", "3 misfired", "4 misfired", "5 on_time", "missed 3"],
    ("latest", "late"): ["2 misfired", "3 misfired", "4 late", "missed 2"],
    ("latest", "late and one"): [
        "2 misfired",
        "3 misfired",
        "4 misfired",
        "5 on_time",
        "missed 3",
    ],
    ("all", "late"): ["2 misfired", "3 waits catch_up", "4 waits catch_up", "missed 1"],
    ("all", "late and one"): [
        "2 misfired",
        "3 waits catch_up",
        "4 waits catch_up",
        "5 waits catch_up",
        "missed 1",
    ],
}


@pytest.mark.parametrize(("case", "expected"), MISSED.items())
def test_missed_slots_are_answered_as_the_misfire_policy_says(
    case: tuple[Misfire, str], expected: list[str]
) -> None:
    misfire, what = case
    policy = Policy(misfire, 2 if misfire == "all" else 0)
    command = TakeSlots(LATE if what == "late" else LATE_AND_ONE, RUN)
    assert in_short(told(command, policy=policy)) == expected


WHILE_BUSY = {
    ("skip", "skip"): ["2 misfired", "3 misfired", "4 misfired", "5 overlap", "missed 3"],
    ("skip", "queue"): ["2 misfired", "3 misfired", "4 misfired", "5 waits overlap", "missed 3"],
    ("skip", "cancel"): ["2 misfired", "3 misfired", "4 misfired", "5 waits cancel", "missed 3"],
    ("skip", "allow"): ["2 misfired", "3 misfired", "4 misfired", "5 on_time", "missed 3"],
    ("latest", "skip"): ["2 misfired", "3 misfired", "4 misfired", "5 overlap", "missed 3"],
    ("latest", "queue"): ["2 misfired", "3 misfired", "4 misfired", "5 waits overlap", "missed 3"],
    ("latest", "cancel"): ["2 misfired", "3 misfired", "4 misfired", "5 waits cancel", "missed 3"],
    ("latest", "allow"): ["2 misfired", "3 misfired", "4 misfired", "5 on_time", "missed 3"],
    **{
        ("all", overlap): [
            "2 misfired",
            "3 waits catch_up",
            "4 waits catch_up",
            "5 waits catch_up",
            "missed 1",
        ]
        for overlap in get_args(Overlap)
    },
}


@pytest.mark.parametrize("misfire", get_args(Misfire))
@pytest.mark.parametrize("overlap", get_args(Overlap))
def test_while_a_run_goes_on_both_policies_hold(misfire: Misfire, overlap: Overlap) -> None:
    policy = Policy(misfire, 2 if misfire == "all" else 0, 0.0, overlap)
    events = told(TakeSlots(LATE_AND_ONE, RUN), BUSY, policy=policy)
    assert in_short(events) == WHILE_BUSY[misfire, overlap]


def test_one_alert_tells_of_a_downtime_however_long() -> None:
    long_ago = Missed(slot(-400), slot(1), 402)
    found = Due(LATE.at, LATE.slots, long_ago)
    began = evolve(None, added(), slot(-500))
    first, *singles, alert = decide(TakeSlots(found, RUN), began, LATE.at)
    assert first == SlotsSkipped(slot(-400), slot(1), 402, "misfired")
    assert in_short(singles) == ["2 misfired", "3 misfired", "4 misfired"]
    assert alert == ScheduleAlerted("missed", 405, slot(-400), slot(4))


def test_slots_that_were_told_together_are_not_told_again() -> None:
    long_ago = Missed(slot(-400), slot(1), 402)
    found = Due(slot(4), due(slot(4), 4).slots, long_ago)
    assert in_short(told(TakeSlots(found, RUN))) == ["4 on_time"]
    assert in_short(told(PauseSchedule("nightly", due=found))) == ["4 paused"]


def test_what_runs_after_all_is_told_as_late() -> None:
    policy = Policy("latest")
    found = due(slot(2) + 300, 2)
    fired, alert = told(TakeSlots(found, RUN), policy=policy)
    assert fired == SlotFired(slot(2), "run-new", 300.0, "late")
    assert alert == ScheduleAlerted("late", 1, slot(2), slot(2))


def test_a_late_slot_that_is_refused_is_no_late_run() -> None:
    events = told(TakeSlots(due(slot(2) + 300, 2), Start(stopped="x")), policy=Policy("latest"))
    assert in_short(events) == ["2 stopped"]


@pytest.mark.parametrize("misfire", ["latest", "all"])
def test_a_missed_slot_older_than_the_window_never_runs(misfire: Misfire) -> None:
    policy = Policy(misfire, 5 if misfire == "all" else 0, 1.5 * HOUR)
    found = due(slot(4) + 0.6 * HOUR, 2, 3, 4)
    answers = in_short(told(TakeSlots(found, RUN), policy=policy))
    assert answers[:2] == ["2 misfired", "3 misfired"]
    assert answers[2].startswith("4 late" if misfire == "latest" else "4 waits")
    gone = due(slot(4) + 1.6 * HOUR, 2, 3, 4)
    assert in_short(told(TakeSlots(gone, RUN), policy=policy))[2] == "4 misfired"


def test_slots_that_are_made_up_for_never_grow_beyond_the_bound() -> None:
    policy = Policy("all", 3)
    waiting = [SlotQueued(slot(1), "catch_up"), SlotQueued(slot(2), "catch_up")]
    found = due(slot(6) + 300, 4, 5, 6)
    answers = in_short(told(TakeSlots(found), *waiting, policy=policy))
    assert answers == ["4 misfired", "5 misfired", "6 waits catch_up", "missed 2"]


def test_a_slot_within_the_grace_is_on_time() -> None:
    on_time = due(slot(1) + GRACE_SECONDS, 1)
    assert in_short(told(TakeSlots(on_time, RUN))) == ["1 on_time"]
    late = due(slot(1) + GRACE_SECONDS + 0.001, 1)
    assert in_short(told(TakeSlots(late, RUN))) == ["1 misfired", "missed 1"]


# What overlaps.

OVERLAPPING = {
    "skip": ["2 overlap", "3 overlap"],
    "queue": ["2 waits overlap", "3 queued_over"],
    "cancel": ["2 waits cancel", "2 dropped", "3 waits cancel"],
}


@pytest.mark.parametrize(("overlap", "expected"), OVERLAPPING.items())
def test_two_slots_that_find_a_run_at_work(overlap: Overlap, expected: list[str]) -> None:
    schedule = schedule_after(BUSY, policy=Policy(overlap=overlap))
    answers: list[str] = []
    for number in (2, 3):
        events = decide(TakeSlots(due(slot(number), number), RUN), schedule, slot(number))
        answers += in_short(events)
        for event in events:
            schedule = evolve(schedule, event, slot(number))
    assert answers == expected
    # The same where jitter brings both at the same moment.
    both = Due(slot(3), (DueSlot(slot(2), slot(3) - 30), DueSlot(slot(3), slot(3))))
    together = told(TakeSlots(both, RUN), BUSY, policy=Policy(overlap=overlap))
    assert in_short(together) == expected


def test_a_slot_that_cancels_stands_for_all_that_waited_before_it() -> None:
    policy = Policy(overlap="cancel")
    both = Due(slot(3), (DueSlot(slot(2), slot(3) - 30), DueSlot(slot(3), slot(3))))
    waiting = SlotQueued(slot(1), "cancel")
    first, second, third, fourth = told(TakeSlots(both, RUN), waiting, policy=policy)
    assert (first, third) == (
        QueuedSlotsDropped((slot(1),), "overlap"),
        QueuedSlotsDropped((slot(2),), "overlap"),
    )
    assert (second, fourth) == (SlotQueued(slot(2), "cancel"), SlotQueued(slot(3), "cancel"))


def test_runs_that_may_overlap_have_a_bound() -> None:
    policy = Policy(overlap="allow")
    runs = [SlotFired(slot(0) + number, f"run-{number}") for number in range(RUNS_MAX)]
    command = TakeSlots(due(slot(1), 1), RUN)
    assert in_short(told(command, *runs[1:], policy=policy)) == ["1 on_time"]
    assert in_short(told(command, *runs, policy=policy)) == ["1 overlap"]


def test_what_waits_for_a_person_or_a_turn_is_at_work() -> None:
    waiting = SlotQueued(slot(1), "catch_up")
    assert in_short(told(TakeSlots(due(slot(2), 2), RUN), waiting)) == ["2 overlap"]


def test_only_as_many_answers_are_given_as_there_are_runs() -> None:
    policy = Policy(overlap="allow")
    both = Due(slot(2), (DueSlot(slot(1), slot(2) - 30), DueSlot(slot(2), slot(2))))
    assert fires(schedule_after(policy=policy), both) == slot(1)
    assert in_short(told(TakeSlots(both, RUN), policy=policy)) == ["1 on_time"]


# The queue.

QUEUE = (SlotQueued(slot(2), "catch_up"), SlotQueued(slot(3), "catch_up"))


def test_slots_that_wait_start_one_after_the_other() -> None:
    command = StartQueued(slot(2), RUN)
    assert told(command, BUSY, *QUEUE) == []
    ended = ScheduleRunEnded("run-1", "succeeded", slot(3))
    late = slot(100) - slot(2)
    assert told(command, BUSY, *QUEUE, ended) == [QueuedSlotStarted(slot(2), "run-new", late)]
    assert told(StartQueued(slot(3), RUN), BUSY, *QUEUE, ended) == []


def test_where_runs_may_overlap_those_that_waited_wait_for_each_other_alone() -> None:
    policy = Policy("all", 5, 0.0, "allow")
    command = StartQueued(slot(3), RUN)
    first = QueuedSlotStarted(slot(2), "run-2")
    assert told(StartQueued(slot(2), RUN), BUSY, *QUEUE, policy=policy)
    assert told(command, BUSY, *QUEUE, first, policy=policy) == []
    ended = ScheduleRunEnded("run-2", "failed", slot(4))
    assert told(command, BUSY, *QUEUE, first, ended, policy=policy)


def test_what_refuses_the_first_that_waits_refuses_them_all_with_one_alert() -> None:
    events = told(StartQueued(slot(2), Start(refusal="Gone.")), *QUEUE)
    assert events == [
        QueuedSlotsDropped((slot(2), slot(3)), "refused", "Gone."),
        ScheduleAlerted("refused", 2, slot(2), slot(3), detail="Gone."),
    ]


def test_a_stop_drops_what_waits() -> None:
    events = told(StartQueued(slot(2), Start(stopped="Stopped.")), *QUEUE)
    assert events == [QueuedSlotsDropped((slot(2), slot(3)), "stopped", "Stopped.")]
    assert schedule_after(*QUEUE, *events).queue == ()


# Pauses and the end.


def test_a_pause_drops_what_waits_and_answers_nothing_until_it_ends() -> None:
    events = told(PauseSchedule("nightly", "Holidays.", due=due(slot(4), 4)), *QUEUE)
    assert events == [
        SlotSkipped(slot(4), "paused"),
        QueuedSlotsDropped((slot(2), slot(3)), "paused"),
        SchedulePaused("Holidays."),
    ]
    assert told(TakeSlots(due(slot(5), 5), RUN), *QUEUE, *events) == []
    assert told(PauseSchedule("nightly", "Again.", due=due(slot(5))), *events) == []


@pytest.mark.parametrize("misfire", get_args(Misfire))
def test_no_slot_of_a_pause_runs_when_it_ends(misfire: Misfire) -> None:
    policy = Policy(misfire, 5 if misfire == "all" else 0)
    earlier = Missed(slot(1), slot(3), 3)
    found = Due(slot(6), due(slot(6), 4, 5, 6).slots, earlier)
    events = told(ResumeSchedule("nightly", "Back.", due=found), SchedulePaused(), policy=policy)
    assert events == [
        SlotsSkipped(slot(1), slot(3), 3, "paused"),
        *(SlotSkipped(slot(number), "paused") for number in (4, 5, 6)),
        ScheduleResumed("Back."),
    ]
    assert told(ResumeSchedule("nightly", due=found)) == []


def test_what_was_missed_before_somebody_paused_counts_as_missed() -> None:
    found = due(slot(3), 1, 2, 3)
    *answers, paused = told(PauseSchedule("nightly", due=found))
    assert in_short(answers) == ["1 misfired", "2 misfired", "3 paused", "missed 2"]
    assert paused == SchedulePaused()


def test_the_end_of_a_schedule_answers_what_is_left() -> None:
    events = told(RemoveSchedule("nightly", "No use.", due=due(slot(4), 4)), *QUEUE)
    assert events == [
        SlotSkipped(slot(4), "removed"),
        QueuedSlotsDropped((slot(2), slot(3)), "removed"),
        ScheduleRemoved("No use."),
    ]
    assert told(RemoveSchedule("nightly", due=due(slot(5), 5)), *events) == []
    of_a_pause = told(RemoveSchedule("nightly", due=due(slot(4), 4)), SchedulePaused())
    assert of_a_pause == [SlotSkipped(slot(4), "paused"), ScheduleRemoved()]


@pytest.mark.parametrize(
    "command",
    [
        PauseSchedule("nightly", due=Due(slot(5))),
        ResumeSchedule("nightly", due=Due(slot(5))),
        StartByHand("nightly", run="run-2"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_schedule_that_was_removed_can_only_begin_anew(command: ScheduleCommand) -> None:
    with pytest.raises(Rejected) as no:
        told(command, ScheduleRemoved())
    assert no.value.code == "schedule.removed"
    assert told(TakeSlots(due(slot(5), 5), RUN), ScheduleRemoved()) == []


def test_a_schedule_begins_anew_with_nothing_but_the_runs_that_have_not_ended() -> None:
    ended: list[ScheduleEvent] = [
        ScheduleRunEnded("run-1", "failed", slot(2)),
        SlotFired(slot(2), "run-2"),
        ScheduleRemoved(),
    ]
    old = schedule_after(BUSY, *ended)
    (event,) = decide(AddSchedule("nightly", "audit", "0 * * * *"), old, slot(9))
    new = evolve(old, event, slot(9))
    assert (new.failures_in_a_row, new.answered, new.is_active) == (0, slot(9), True)
    assert in_short(decide(TakeSlots(due(slot(10), 10), RUN), new, slot(10))) == ["10 overlap"]
    new = evolve(new, StartedByHand("run-3"), slot(10))
    new = evolve(new, ScheduleRunEnded("run-3", "failed", slot(10)), slot(10))
    run_end, alert = decide(EndRun("run-2", "failed", slot(11)), new, slot(11))
    assert alert == ScheduleAlerted("failed", 1, run="run-2")
    new = evolve(new, run_end, slot(11))
    assert (new.active, new.failures_in_a_row) == ((), 1)


# Runs.


def test_the_end_of_a_run_is_told_once() -> None:
    ended = ScheduleRunEnded("run-1", "succeeded", slot(2))
    assert told(EndRun("run-1", "succeeded", slot(2)), BUSY) == [ended]
    assert told(EndRun("run-1", "succeeded", slot(2)), BUSY, ended) == []
    assert told(EndRun("run-9", "failed", slot(2)), BUSY) == []


def test_each_failure_is_an_alert_that_counts_those_before_it() -> None:
    def story(*outcomes: str) -> list[Any]:
        events: list[Any] = []
        for number, outcome in enumerate(outcomes, start=1):
            events.append(SlotFired(slot(number), f"run-{number}"))
            events += told(EndRun(f"run-{number}", outcome, slot(number)), *events)  # type: ignore[arg-type]
        return [event.count for event in events if isinstance(event, ScheduleAlerted)]

    assert story("failed", "failed") == [1, 2]
    assert story("failed", "succeeded", "failed") == [1, 1]
    assert story("failed", "cancelled", "failed") == [1, 2]
    assert story("succeeded", "cancelled") == []


@pytest.mark.parametrize("overlap", get_args(Overlap))
def test_by_hand_nothing_starts_beside_another_run_that_nobody_allowed(overlap: Overlap) -> None:
    policy = Policy(overlap=overlap)
    assert told(StartByHand("nightly", "Now.", run="run-2"), policy=policy) == [
        StartedByHand("run-2", "Now.")
    ]
    forced = told(StartByHand("nightly", force=True, run="run-2"), BUSY, policy=policy)
    assert forced == [StartedByHand("run-2", "", True)]
    if overlap == "allow":
        assert told(StartByHand("nightly", run="run-2"), BUSY, policy=policy)
        return
    with pytest.raises(Rejected) as no:
        told(StartByHand("nightly", run="run-2"), BUSY, policy=policy)
    assert no.value.code == "schedule.busy"
    assert "'run-1'" in no.value.reason
    assert "--force" in no.value.hint


def test_a_run_by_hand_counts_as_at_work_also_during_a_pause() -> None:
    assert told(StartByHand("nightly", run="run-2"), SchedulePaused()) == [StartedByHand("run-2")]
    by_hand = StartedByHand("run-2")
    assert in_short(told(TakeSlots(due(slot(2), 2), RUN), by_hand)) == ["2 overlap"]
    with pytest.raises(Rejected):
        told(StartByHand("nightly", run="run-3"), SlotQueued(slot(1), "catch_up"))


def test_not_even_by_force_do_more_runs_work_than_the_bound() -> None:
    runs = [StartedByHand(f"run-{number}") for number in range(RUNS_MAX)]
    with pytest.raises(Rejected) as no:
        told(StartByHand("nightly", force=True, run="run-more"), *runs)
    assert no.value.code == "schedule.busy"


# How it begins.


def test_a_schedule_begins_with_what_was_asked_for() -> None:
    policy = Policy("all", 3, 86_400.0, "queue", 30.0)
    command = AddSchedule(
        "nightly", "audit", "0 2 * * *", "Europe/Berlin", 3, {"a": 1}, policy, "user:alice", "Yes."
    )
    assert decide(command, None, BEGAN) == [
        ScheduleAdded(
            "nightly",
            "audit",
            "0 2 * * *",
            "Europe/Berlin",
            3,
            {"a": 1},
            policy,
            "user:alice",
            "Yes.",
        )
    ]


def test_a_name_is_taken_until_its_schedule_is_removed() -> None:
    with pytest.raises(Rejected) as no:
        told(AddSchedule("nightly", "audit", "0 2 * * *"))
    assert no.value.code == "schedule.exists"


@pytest.mark.parametrize("name", ["", "Nightly", "1st", "a b", "a" * 64, "ä", "x\n"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(Rejected) as no:
        decide(AddSchedule(name, "audit", "0 2 * * *"), None, BEGAN)
    assert no.value.code == "schedule.bad_name"


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy("all"), "Catch-up is 0; it must be 1 to 100"),
        (Policy("all", 101), "Catch-up is 101"),
        (Policy("skip", 1), "with misfire 'skip' no missed slot runs"),
        (Policy("latest", 2), "with misfire 'latest' only the newest missed slot runs"),
        (Policy("skip", 0, 60.0), "A window is set"),
        (Policy("latest", 0, -1.0), "The window is -1 s"),
        (Policy("latest", 0, float("nan")), "The window is nan s"),
        (Policy(jitter_seconds=90_000.0), "The jitter is 90000 s; it must be 0 to 86,400 s"),
        (Policy(jitter_seconds=float("inf")), "The jitter is inf s"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(policy: Policy, words: str) -> None:
    with pytest.raises(Rejected) as no:
        decide(AddSchedule("nightly", "audit", "0 2 * * *", policy=policy), None, BEGAN)
    assert no.value.code == "schedule.bad_policy"
    assert words in no.value.reason


def test_inputs_and_reasons_have_a_bound() -> None:
    large = AddSchedule("nightly", "audit", "0 2 * * *", inputs={"a": "x" * 70_000})
    with pytest.raises(Rejected) as no:
        decide(large, None, BEGAN)
    assert no.value.code == "schedule.bad_inputs"
    with pytest.raises(Rejected) as no:
        told(PauseSchedule("nightly", "x" * 2_001, due=Due(slot(1))))
    assert no.value.code == "schedule.bad_reason"


def test_a_schedule_that_does_not_exist_knows_no_other_command() -> None:
    with pytest.raises(NotFound) as no:
        decide(StartByHand("nightly", run="run-1"), None, BEGAN)
    assert no.value.code == "schedule.unknown"


def test_a_log_that_does_not_begin_or_begins_twice_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        evolve(None, BUSY, BEGAN)
    with pytest.raises(Corrupt):
        schedule_after(added())


# Jitter.


@given(
    st.integers(1_600_000_000, 1_900_000_000),
    st.floats(0.001, 86_400),
    st.one_of(st.none(), st.integers(60, 10**7)),
)
def test_a_slot_waits_the_same_at_each_look_and_never_until_the_next(
    at: int, seconds: float, gap: int | None
) -> None:
    following = None if gap is None else float(at + gap)
    waits = jitter("nightly", float(at), following, seconds)
    assert waits == jitter("nightly", float(at), following, seconds)
    assert 0 <= waits < min(seconds, gap or seconds)


def test_slots_and_schedules_wait_differently() -> None:
    waits = {jitter("nightly", slot(number), None, 60.0) for number in range(1_000)}
    assert len(waits) > 900
    assert max(waits) - min(waits) > 55
    assert jitter("daily", slot(1), None, 60.0) != jitter("nightly", slot(1), None, 60.0)
    assert jitter("nightly", slot(1), None, 0.0) == 0.0


# Whatever comes in whatever order.

POLICIES = st.builds(
    lambda misfire, overlap, window: Policy(
        misfire, 3 if misfire == "all" else 0, window if misfire != "skip" else 0.0, overlap
    ),
    st.sampled_from(get_args(Misfire)),
    st.sampled_from(get_args(Overlap)),
    st.sampled_from([0.0, 2 * HOUR]),
)
STARTS = st.sampled_from(["run", "stopped", "refusal"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "drain", "end", "pause", "resume", "hand"]),
        st.floats(0, 5 * HOUR),
        STARTS,
    ),
    max_size=30,
)


class Life:
    """One schedule that is asked for many things, by a clock that only goes forward."""

    def __init__(self, policy: Policy) -> None:
        self.now = BEGAN
        self.log: list[ScheduleEvent] = []
        self.schedule: Schedule = evolve(None, added(policy), BEGAN)
        self.runs = 0

    def step(self, what: str, seconds: float, how: str) -> None:
        self.now += seconds
        command = self._command(what, how)
        if command is None:
            return
        try:
            events = decide(command, self.schedule, self.now)
        except Rejected:
            return
        for event in events:
            self.log.append(event)
            self.schedule = evolve(self.schedule, event, self.now)

    def _command(self, what: str, how: str) -> ScheduleCommand | None:
        self.runs += 1
        start = Start(**{how: f"run-{self.runs}"})
        due = self._due()
        head = self.schedule.next_in_queue
        match what:
            case "take":
                return TakeSlots(due, start)
            case "drain":
                return StartQueued(head.slot, start) if head is not None else None
            case "end":
                runs = self.schedule.active
                return EndRun(runs[0], "failed", self.now) if runs else None
            case "pause":
                return PauseSchedule("nightly", due=due)
            case "resume":
                return ResumeSchedule("nightly", due=due)
        return StartByHand("nightly", run=f"run-{self.runs}")

    def _due(self) -> Due:
        """All that have passed since the beginning: what has its answer must be left alone."""
        passed = int((self.now - BEGAN) // HOUR)
        numbers = range(max(1, passed - 9), passed + 1)
        earlier = None
        before = int((self.schedule.answered - BEGAN) // HOUR) + 1
        if passed - 10 >= before:
            earlier = Missed(slot(before), slot(passed - 10), passed - 9 - before)
        return Due(self.now, tuple(DueSlot(slot(n), slot(n)) for n in numbers), earlier)


@given(POLICIES, STEPS)
def test_no_slot_has_two_answers_and_none_is_left_out(
    policy: Policy, steps: list[tuple[str, float, str]]
) -> None:
    life = Life(policy)
    for step in steps:
        life.step(*step)
    answered: list[int] = []
    for event in life.log:
        match event:
            case SlotFired() | SlotQueued() | SlotSkipped():
                answered.append(_number(event.slot))
            case SlotsSkipped():
                answered.extend(range(_number(event.first), _number(event.last) + 1))
    assert answered == list(range(1, len(answered) + 1))
    runs = [event.run for event in life.log if isinstance(event, SlotFired | QueuedSlotStarted)]
    assert len(runs) == len(set(runs))


@given(POLICIES, STEPS)
def test_only_runs_that_may_overlap_do_and_the_queue_is_bounded(
    policy: Policy, steps: list[tuple[str, float, str]]
) -> None:
    life = Life(policy)
    for step in steps:
        life.step(*step)
        schedule = life.schedule
        if policy.overlap != "allow":
            assert len(schedule.active) <= 1
        waiting = [queued.slot for queued in schedule.queue]
        assert waiting == sorted(waiting)
        assert schedule.waiting("overlap") <= 1
        assert schedule.waiting("cancel") <= 1
        assert not (waiting and not schedule.is_active)


# What is stored.


def test_every_event_has_a_name_and_an_example_with_every_field() -> None:
    assert set(EVENTS) == set(get_args(ScheduleEvent)) == {type(event) for event in EXAMPLES}
    for event in EXAMPLES:
        stored = msgspec.json.decode(msgspec.json.encode(event))
        assert set(stored) == set(event.__struct_fields__)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: EVENTS[type(event)][0])
def test_an_event_of_a_schedule_comes_back_as_it_was(event: ScheduleEvent) -> None:
    assert NAMES[type(event)] == EVENTS[type(event)]
    assert decode(*NAMES[type(event)], msgspec.json.encode(event)) == event
