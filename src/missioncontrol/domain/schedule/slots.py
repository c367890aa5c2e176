"""What each slot that came due is answered with, by the policies of its schedule."""

import hashlib
from typing import Literal

import msgspec

from missioncontrol.domain.schedule.commands import Due, DueSlot
from missioncontrol.domain.schedule.states import Schedule

GRACE_SECONDS = 60.0
"""A slot that is no later than this is on time: engines start slowly and machines are busy."""

RUNS_MAX = 100
"""Runs of one schedule that have not ended, where its policy permits overlaps."""

Answer = Literal[
    "fire",
    "queue",
    "cancel",  # queue it, and cancel what is at work
    "catch_up",  # queue it, since it was missed
    "misfired",
    "overlap",
    "queued_over",
]


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A slot and what becomes of it."""

    slot: float
    answer: Answer
    late_seconds: float

    @property
    def is_late(self) -> bool:
        """Whether it comes too late to count as on time."""
        return self.late_seconds > GRACE_SECONDS


def jitter(schedule: str, slot: float, following: float | None, seconds_max: float) -> float:
    """Return the seconds by which `slot` waits: the same at each look, and short of the next slot.

    The wait is a part of `seconds_max`, or of the time to the slot `following` where that is less;
    the part follows from the SHA-256 of the schedule's name and the slot.
    """
    if not seconds_max:
        return 0.0
    longest = seconds_max if following is None else min(seconds_max, following - slot)
    drawn = hashlib.sha256(f"{schedule}\n{slot:.0f}".encode()).digest()[:4]
    return int(longest * 1000 * int.from_bytes(drawn, "big") / 2**32) / 1000


def answers(schedule: Schedule, due: Due) -> list[Answered]:
    """Return what becomes of the slots in `due` that have no answer yet, in order.

    The first slot that fires is the last of them: what becomes of others depends on its run.
    """
    new = [slot for slot in due.slots if slot.slot > schedule.answered]
    chosen = _made_up_for(schedule, new, due.at)
    catches_up = schedule.policy.misfire == "all" and bool(chosen)
    waits = schedule.waiting("overlap") > 0
    found: list[Answered] = []
    for slot in new:
        if _is_late(slot, due.at) and slot.slot not in chosen:
            answer: Answer = "misfired"
        elif catches_up:
            answer = "catch_up"
        else:
            answer = _overlapping(schedule, waits=waits)
            waits = waits or answer == "queue"
        found.append(Answered(slot.slot, answer, max(0.0, due.at - slot.due)))
        if answer == "fire":
            break
    return found


def fires(schedule: Schedule, due: Due) -> float | None:
    """Return the first slot in `due` that needs a run now."""
    return next((a.slot for a in answers(schedule, due) if a.answer == "fire"), None)


def _is_late(slot: DueSlot, at: float) -> bool:
    return at - slot.due > GRACE_SECONDS


def _made_up_for(schedule: Schedule, slots: list[DueSlot], at: float) -> set[float]:
    """Return which of the slots that were missed run after all."""
    policy = schedule.policy
    late = [slot.slot for slot in slots if _is_late(slot, at)]
    if policy.misfire == "skip" or not late:
        return set()
    if policy.misfire == "latest":
        # A slot that is on time makes up for all that were missed before it.
        room = int(len(late) == len(slots))
    else:
        room = max(0, policy.catch_up - schedule.waiting("catch_up"))
    oldest = at - policy.window_seconds if policy.window_seconds else 0.0
    return {slot for slot in late[len(late) - min(room, len(late)) :] if slot >= oldest}


def _overlapping(schedule: Schedule, *, waits: bool) -> Answer:
    overlap = schedule.policy.overlap
    if overlap == "allow":
        return "fire" if len(schedule.active) < RUNS_MAX else "overlap"
    if not schedule.is_busy:
        return "fire"
    if overlap == "queue":
        return "queued_over" if waits else "queue"
    return "cancel" if overlap == "cancel" else "overlap"
