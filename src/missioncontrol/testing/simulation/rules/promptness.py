"""What must have happened by now: nothing that may go on is left lying by an engine at work."""

import math

from missioncontrol.testing.simulation.rules import hold
from missioncontrol.testing.simulation.rules.between import Books
from missioncontrol.testing.simulation.rules.operation import OBEDIENT_SECONDS, STUBBORN_SECONDS
from missioncontrol.testing.simulation.rules.run_state import ENDS, is_plain
from missioncontrol.testing.simulation.rules.runs import RunBook
from missioncontrol.testing.simulation.rules.schedules import ScheduleBook

WAIT_SECONDS = 70.0
"""Engines look again once a minute at the latest, whatever wakes them earlier."""

PROBE_SECONDS = 60.0
"""That an agent may take to show that it works, or to be given up while it drains."""

FREEING = frozenset(
    {
        "step_succeeded",
        "step_failed",
        "attempt_failed",
        "attempt_interrupted",
        "step_cancelled",
        "emergency_stopped",
        "stage_entered",
        "rate_limit_set",
        "rate_limit_removed",
        "agent_ready",
        "agent_scaled",
    }
)
"""What changes how much may start."""


class Promptness:
    """Watches the time between two transactions."""

    def __init__(self, books: Books) -> None:
        """No engine is at work."""
        self._books = books
        self._since = math.inf  # from then on an engine has been at work
        self._changed = 0.0
        self._resumed = 0.0  # everything might work from then on

    def engine_ended(self) -> None:
        """Expect nothing while no engine is at work."""
        self._since = math.inf

    def engine_is_open(self, at: float) -> None:
        """Expect an engine to be at work from `at` on (seconds since the epoch)."""
        self._since = at

    def note(self, kind: str, at: float) -> None:
        """Take an event in."""
        if kind in FREEING:
            self._changed = at
        if kind == "stage_entered":
            self._resumed = at

    def look(self, at: float) -> None:
        """Look at what should have happened by `at`.

        Raises:
            Violation: something was left lying.
        """
        if at <= self._since:
            return
        for name, approval in self._books.approvals.items():
            if approval.is_open:
                hold(not self._is_over(approval.told["expires"], at), f"{name} expires in time")
        for schedule in self._books.schedules.values():
            self._look_at_schedule(schedule, at)
        for name, due in self._books.lives.due.items():
            hold(not self._is_over(due + PROBE_SECONDS, at), f"{name} does not stay in between")
        for run in self._books.runs.values():
            if not run.outcome:
                self._look_at_cancel(run, at) if run.cancelled else self._look_at_run(run, at)

    def _is_over(self, end: float, at: float) -> bool:
        return at > max(end, self._since) + WAIT_SECONDS

    def _look_at_schedule(self, schedule: ScheduleBook, at: float) -> None:
        if schedule.is_paused or schedule.is_removed:
            return
        due = schedule.next_slot + schedule.policy.get("jitter_seconds", 0.0)
        hold(not self._is_over(due, at), f"slot {schedule.next_slot} is answered in time")
        waits = schedule.queue and not schedule.active
        hold(not (waits and self._is_over(schedule.changed, at)), "what waits starts in its turn")

    def _look_at_run(self, run: RunBook, at: float) -> None:
        most = run.told.get("seconds_max", 0.0)
        if most:
            hold(not self._is_over(run.created + most, at), f"{run.id} ends when its time is over")
        may_start = self._books.operation.may_dispatch
        if may_start:
            self._look_at_limits(run, at)
        if run.halted or not may_start or not self._is_over(max(run.changed, self._changed), at):
            return
        for key, state in run.state.items():
            if state in ("idle", "ready", "resting", "expanded"):
                hold(not self._could_go_on(run, key, state, at), f"{run.id}/{key} goes on in time")

    def _look_at_cancel(self, run: RunBook, at: float) -> None:
        passed = at - max(run.cancelled_at, self._since, self._books.operation.stopped_at)
        for key, fence in run.working.items():
            is_stubborn = (run.id, fence) in self._books.clinging
            clings = is_stubborn or run.id in self._books.stubborn
            most = STUBBORN_SECONDS if clings else OBEDIENT_SECONDS
            hold(passed <= most, f"{run.id}/{key} ends within {most} s after a cancel")

    def _look_at_limits(self, run: RunBook, at: float) -> None:
        """Check that what ran out of time has ended, or was given up at least."""
        then = at - WAIT_SECONDS - STUBBORN_SECONDS
        for key, state in run.state.items():
            if state in ENDS or key in run.given_up or then <= max(self._since, self._resumed):
                continue
            hold(not run.is_over_time(key, then), f"{run.id}/{key} ends when its time is over")

    def _could_go_on(self, run: RunBook, key: str, state: str, at: float) -> bool:
        step = run.steps[key]
        if state == "expanded":
            return all(run.state[part] in ENDS for part in run.children[key])
        if state == "idle" and not is_plain(step):
            return run.is_due(key) and not self._books.is_crowded(run, key)
        if state == "idle" and not run.is_due(key):
            return False
        if state == "resting" and not self._is_over(run.retry_at[key], at):
            return False
        if "spending" in step or self._books.operation.holds_up(step["agent"], at - WAIT_SECONDS):
            return False
        return not self._books.lacks_room(run, key)
