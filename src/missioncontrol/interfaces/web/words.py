"""The words and shapes of states: each state of anything, as a person reads it.

A state is never shown by colour alone: it has a look (which sets the colour), a glyph with an
outline of its own, and a word.
"""

from typing import NamedTuple

from missioncontrol.domain.status import WORDS


class Look(NamedTuple):
    """How one state looks."""

    look: str  # `data-s`: waiting, ready, running, succeeded, failed, blocked, approval, ...
    glyph: str  # a symbol of `icons.svg`
    word: str


def _look(look: str, word: str, glyph: str = "") -> Look:
    return Look(look, glyph or f"st-{look}", word)


LOOKS: dict[str, Look] = {
    # Runs and missions.
    "planning": _look("running", WORDS["planning"]),
    "planned": _look("ready", WORDS["planned"]),
    "ready_to_build": _look("ready", WORDS["ready_to_build"]),
    "building": _look("running", WORDS["building"]),
    "in_review": _look("running", WORDS["in_review"]),
    "done": _look("succeeded", WORDS["done"]),
    "not_started": _look("waiting", "Not started"),
    "queued": _look("ready", WORDS["queued"]),
    "running": _look("running", WORDS["running"]),
    "waiting_on": _look("approval", WORDS["waiting"]),
    "stuck": _look("blocked", WORDS["stuck"]),
    "halted": _look("blocked", WORDS["halted"]),
    "cancelling": _look("cancelled", WORDS["cancelling"]),
    "succeeded": _look("succeeded", WORDS["succeeded"]),
    "failed": _look("failed", "Failed"),
    "cancelled": _look("cancelled", "Cancelled"),
    # Steps.
    "waiting": _look("waiting", "Waiting"),
    "due": _look("ready", "Due"),
    "held": _look("approval", "Waiting for approval"),
    "expanded": _look("running", "Expanded"),
    "ready": _look("ready", "Ready"),
    "working": _look("running", "Running"),
    "resting": _look("ready", "Retrying", "retry"),
    "skipped": _look("skipped", "Skipped"),
    "blocked": _look("blocked", "Blocked"),
    # Attempts, and tasks of a plan that are not carried out here.
    "interrupted": _look("lost", "Interrupted"),
    "repeated": _look("ready", "Repeated", "retry"),
    "handed_over": _look("ready", WORDS["ready_to_build"], "user"),
    # Approvals and questions.
    "open": _look("approval", "Pending"),
    "approval": _look("approval", "Waiting for approval"),
    "deferred": _look("ready", "Deferred", "schedules"),
    "approved": _look("succeeded", "Approved"),
    "rejected": _look("failed", "Rejected"),
    "changed": _look("blocked", "Changes requested"),
    "expired": _look("lost", "Expired"),
    "withdrawn": _look("cancelled", "Withdrawn"),
    "answered": _look("succeeded", "Answered"),
    # Agents.
    "idle": _look("ready", "Idle"),
    "active": _look("running", "Active"),
    "starting": _look("running", "Starting"),
    "draining": _look("cancelled", "Draining"),
    "stopped": _look("cancelled", "Stopped", "stop"),
    "lost": _look("lost", "Lost"),
    "removed": _look("skipped", "Removed"),
    # Schedules, webhooks and the like.
    "on": _look("succeeded", "On"),
    "off": _look("skipped", "Off"),
    "paused": _look("blocked", "Paused", "pause"),
    "delivered": _look("succeeded", "Delivered"),
    "pending": _look("ready", "Pending"),
    "dead": _look("failed", "Dead"),
    "drain": _look("cancelled", "Draining"),
    "all": _look("running", "Working"),
}


def state_of_run(status: str) -> str:
    """Return the key of a run's status in `LOOKS`, where `waiting` is a step's state."""
    return "waiting_on" if status == "waiting" else status


def look_of(state: str) -> Look:
    """Return how a state looks; one that has no look of its own is shown as waiting."""
    found = LOOKS.get(state)
    return found or _look("waiting", state.replace("_", " ").capitalize() or "Unknown")
