"""The lives of agents as the log tells them: who may take steps, how many, and who has to rest."""

from collections import Counter
from typing import Any

from missioncontrol.testing.simulation.rules import hold

Data = dict[str, Any]
FAILURES_MAX = 5
"""In a row, and an agent rests; one that is back from a rest has one attempt."""

OURS = ("approval.", "budget.", "run.", "agent.outside", "agent.risk")
"""Failures that say nothing against the agent begin so."""

BEFORE: dict[str, tuple[str, ...]] = {
    "agent_starting": ("stopped", "failed", "draining", "starting", "ready", "blocked", "lost"),
    "agent_ready": ("starting", "blocked"),
    "agent_failed": ("starting",),
    "agent_rested": ("ready", "blocked"),
    "agent_draining": ("ready", "blocked", "draining"),
    "agent_stopped": ("starting", "ready", "blocked", "draining", "failed"),
}
"""How an agent stands before each of these."""

AFTER = {
    "agent_starting": "starting",
    "agent_ready": "ready",
    "agent_failed": "failed",
    "agent_rested": "blocked",
    "agent_draining": "draining",
    "agent_stopped": "stopped",
}


class LivesBook:
    """Every agent that was declared; others always may work."""

    def __init__(self, places: dict[str, int]) -> None:
        """`places` holds how many attempts each may have at once, and follows the log."""
        self._places = places
        self._standing: dict[str, str] = {}
        self.due: dict[str, float] = {}  # by when something has to happen to it by itself
        self._failed: Counter[str] = Counter()  # in a row
        self._has_rested: set[str] = set()  # and has done nothing well since

    def take(self, name: str, kind: str, data: Data, at: float, at_work: int) -> None:
        """Take an event in; `at_work` is how many attempts the agent has.

        Raises:
            Violation: it can't happen to an agent that stands so.
        """
        if kind == "agent_added":
            hold(name not in self._standing, f"{name} is declared once")
            self._standing[name] = "stopped"
            self._places[name] = data["declared"].get("scale", 1)
        elif kind == "agent_changed":
            self._places[name] = data["declared"].get("scale", 1)
        elif kind == "agent_scaled":
            self._places[name] = data["scale"]
        elif kind in AFTER:
            before = self._standing[name]
            hold(before in BEFORE[kind], f"{kind} does not happen to {name}, which is {before}")
            if before == "draining" and kind != "agent_draining" and at > self.due[name]:
                hold(not at_work, f"{name} has ended all its work when it is drained")
            self._look_at_rest(name, kind, before)
            self._standing[name] = AFTER[kind]
            self._note_due(name, data, at)

    def _look_at_rest(self, name: str, kind: str, before: str) -> None:
        if kind != "agent_rested":
            return
        least = 1 if name in self._has_rested else FAILURES_MAX
        is_due = before == "blocked" or self._failed[name] >= least
        hold(is_due, f"{name} rests after {self._failed[name]} failures in a row")
        self._has_rested.add(name)

    def _note_due(self, name: str, data: Data, at: float) -> None:
        due = data.get("until") or data.get("deadline") or at + data.get("seconds_max", 0.0)
        self.due.pop(name, None)
        if self._standing[name] in ("starting", "blocked", "draining"):
            self.due[name] = due

    def is_ready(self, name: str) -> bool:
        """Whether an agent may take steps."""
        return self._standing.get(name, "ready") == "ready"

    def attempt_started(self, name: str) -> None:
        """Take in that an attempt has started.

        Raises:
            Violation: its agent takes no steps.
        """
        standing = self._standing.get(name, "ready")
        hold(standing == "ready", f"{name} begins nothing while it is {standing}")

    def attempt_ended(self, name: str, code: str) -> None:
        """Take in how an attempt ended; `code` is its failure, or empty."""
        if not code:
            self._failed[name] = 0
            self._has_rested.discard(name)
        elif not code.startswith(OURS):
            self._failed[name] += 1
