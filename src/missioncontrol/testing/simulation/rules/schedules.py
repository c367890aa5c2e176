"""A schedule as in the log: every slot has one answer, and overlap and misfire rules hold."""

import re
from typing import Any

from missioncontrol.testing.simulation.rules import hold

Data = dict[str, Any]
GRACE_SECONDS = 60.0
TINY = 0.000_01
ANSWERS = frozenset({"slot_fired", "slot_queued", "slot_skipped"})


def every(cron: str) -> float:
    """Return the seconds between two slots of `*/N * * * *`, the only kind that worlds draw."""
    found = re.fullmatch(r"\*/(\d+) \* \* \* \*", cron)
    assert found is not None, f"{cron!r} is not understood here"
    return float(found[1]) * 60.0


class ScheduleBook:
    """One schedule, by the name that it has."""

    def __init__(self, data: Data, at: float, before: "ScheduleBook | None") -> None:
        """It begins `at` (seconds since the epoch); runs of `before` still count as at work."""
        self.told = data
        self.policy: Data = data.get("policy", {})
        self.seconds = every(data["cron"])
        self.answered = self.changed = at
        self.active: list[str] = list(before.active) if before is not None else []
        self.queue: list[float] = []
        self.drained = ""
        self.dropped_at = 0.0
        self.is_paused = False
        self.is_removed = False

    @property
    def overlap(self) -> str:
        """What a slot does that finds a run at work."""
        return str(self.policy.get("overlap", "skip"))

    @property
    def next_slot(self) -> float:
        """The first slot without an answer."""
        return (self.answered // self.seconds + 1) * self.seconds

    def is_late(self, slot: float, at: float) -> bool | None:
        """Whether a slot was missed; None where its jitter makes that hard to tell."""
        if at - slot <= GRACE_SECONDS:
            return False
        most = min(self.policy.get("jitter_seconds", 0.0), self.seconds)
        return True if at - slot > GRACE_SECONDS + most + TINY else None if most else True

    def take(self, kind: str, data: Data, at: float) -> None:
        """Take an event of this schedule in.

        Raises:
            Violation: it breaks a rule.
        """
        self.changed = at
        if self.is_removed:
            hold(kind == "schedule_run_ended" or kind == "schedule_alerted", "it was removed")
        if kind in ANSWERS:
            hold(data["slot"] == self.next_slot, f"the next slot is {self.next_slot}")
            hold(at + TINY >= data["slot"], "a slot is answered when it has come")
            self.answered = data["slot"]
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            handler(data, at)

    def _slot_fired(self, data: Data, at: float) -> None:
        late = self.is_late(data["slot"], at)
        kind = data.get("kind", "on_time")
        hold(late is None or late is (kind == "late"), "a slot that is late is marked as late")
        hold(not late or self.policy.get("misfire", "skip") != "skip", "what was missed is skipped")
        if late and self.policy["misfire"] == "latest":
            newest = self.next_slot + self.policy.get("jitter_seconds", 0.0)
            hold(at < newest, "the newest of what was missed runs, and no other")
        self._begins(data["run"])
        if self.overlap != "allow":
            hold(len(self.active) == 1 and not self.queue, "a slot never fires beside a run")

    def _begins(self, run: str) -> None:
        hold(not self.is_paused, "nothing fires while it is paused")
        self.active.append(run)

    def _slot_queued(self, data: Data, at: float) -> None:
        hold(not self.is_paused, "nothing fires while it is paused")
        why = data.get("why", "overlap")
        if why == "catch_up":
            hold(self.policy["misfire"] == "all", "what was missed is skipped")
        else:
            wanted = {"overlap": "queue", "cancel": "cancel"}[why]
            hold(self.overlap == wanted, f"a slot that overlaps is to {self.overlap}")
            is_behind = self.active or self.queue or self.dropped_at == at
            hold(is_behind, "a slot waits only behind another, or in its place")
        self.queue.append(data["slot"])
        # Besides those that are caught up with: one that is on time then, and one that overlaps.
        most = self.policy.get("catch_up", 0) + (2 if self.policy.get("catch_up") else 1)
        hold(len(self.queue) <= most, f"at most {most} slots wait, not {len(self.queue)}")

    def _slot_skipped(self, data: Data, at: float) -> None:
        reason, late = data["reason"], self.is_late(data["slot"], at)
        if reason == "misfired":
            hold(late is not False, "a slot that is on time was not missed")
        elif reason == "overlap":
            hold(self.active or self.queue, "nothing is at work that it could overlap with")
        elif reason == "paused":
            hold(self.is_paused or late is False, "the slots of a pause are skipped for it")

    def _slots_skipped(self, data: Data, at: float) -> None:
        hold(data["first"] == self.next_slot, f"the next slot is {self.next_slot}")
        count = (data["last"] - data["first"]) / self.seconds + 1
        hold(count == data["count"], f"from first to last there are {count:g} slots")
        hold(at + TINY >= data["last"], "a slot is answered when it has come")
        self.answered = data["last"]

    def _queued_slot_started(self, data: Data, _: float) -> None:
        hold(data["slot"] == self.queue[:1][0], "the slot that has waited longest starts first")
        before = [self.drained] if self.overlap == "allow" else self.active
        at_work = [run for run in before if run in self.active]
        hold(not at_work, "slots that waited start one after the other")
        self.queue.pop(0)
        self._begins(data["run"])
        self.drained = data["run"]

    def _queued_slots_dropped(self, data: Data, at: float) -> None:
        self.dropped_at = at
        for slot in data["slots"]:
            hold(slot in self.queue, "what is dropped was waiting")
            self.queue.remove(slot)

    def _started_by_hand(self, data: Data, _: float) -> None:
        is_busy = bool(self.active or self.queue)
        allowed = self.overlap == "allow" or data.get("forced", False)
        hold(allowed or not is_busy, "by hand, nothing starts beside a run unasked")
        self.active.append(data["run"])

    def _schedule_run_ended(self, data: Data, _: float) -> None:
        hold(data["run"] in self.active, "a run of a schedule ends once")
        self.active.remove(data["run"])

    def _schedule_paused(self, _: Data, __: float) -> None:
        hold(not self.is_paused and not self.queue, "what is paused was not")
        self.is_paused = True

    def _schedule_resumed(self, _: Data, at: float) -> None:
        hold(self.is_paused, "what goes on was paused")
        hold(self.next_slot > at - TINY, "the slots of a pause are answered when it ends")
        self.is_paused = False

    def _schedule_removed(self, _: Data, at: float) -> None:
        hold(not self.queue and self.next_slot > at - TINY, "nothing is left unanswered")
        self.is_removed = True
