"""What a run did for tasks: reviews, merges and what it cost, from its events."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from missioncontrol.domain.run.events import (
    RunEvent,
    RunSettled,
    StepSucceeded,
    UsageReported,
)
from missioncontrol.domain.work import NO_BILL, Bill

_STEP = re.compile(r"(task-(\d+)(?:#\d+)?)/(build|inspect|review|merge)")
"""Steps of the workflow of a task; later rounds have their number behind a #."""


_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Built(msgspec.Struct, frozen=True):
    """What a builder made of a commit."""

    base: str
    commit: str


class Merge(msgspec.Struct, frozen=True):
    """A change that went in."""

    run: str
    task: int
    commit: str  # that the branch became
    onto: str  # that the branch was
    at: float  # seconds since the epoch
    first: Built | None  # of the first round of this task in the run


class Review(msgspec.Struct, frozen=True):
    """A round in which rules or an agent looked at a change, and said what they think of it."""

    task: int
    at: float


class Carried(msgspec.Struct):
    """A run of tasks."""

    run: str
    is_kept: bool = False  # whether the record holds anything of it
    settled_at: float | None = None
    bill: Bill = NO_BILL
    merges: tuple[Merge, ...] = ()
    reviews: tuple[Review, ...] = ()


def carried(run: str, events: Iterable[tuple[RunEvent, float]]) -> Carried:
    """Fold the events of a run, each with its moment."""
    found = Carried(run)
    first: dict[int, Built] = {}
    reviewed: dict[str, Review] = {}
    for event, at in events:
        found.is_kept = True
        match event:
            case RunSettled():
                found.settled_at = at
            case UsageReported(usage=usage):
                found.bill += usage
            case StepSucceeded(step=step, work=work) if said := _STEP.fullmatch(step):
                task, output = int(said[2]), work.output
                if said[3] in ("inspect", "review"):
                    reviewed.setdefault(said[1], Review(task, at))
                elif said[3] == "build" and (made := _built(output)):
                    first.setdefault(task, made)
                elif said[3] == "merge" and (went := _went_in(output)):
                    merge = Merge(run, task, *went, at, first.get(task))
                    found.merges = (*found.merges, merge)
    found.reviews = tuple(reviewed.values())
    return found


def _built(output: Any) -> Built | None:
    said = _commits(output, "base", "commit")
    return Built(*said) if said else None


def _went_in(output: Any) -> tuple[str, str] | None:
    """Return what the branch became and was; None where nothing went in."""
    if not isinstance(output, dict) or output.get("state") != "merged":
        return None
    said = _commits(output, "commit", "onto")
    return said if said and said[0] != said[1] else None


def _commits(output: Any, one: str, other: str) -> tuple[str, str] | None:
    if not isinstance(output, dict):
        return None
    found = [each for name in (one, other) if isinstance(each := output.get(name), str)]
    if len(found) < 2 or not all(_COMMIT.fullmatch(each) for each in found):
        return None  # What an agent says is held against its form before git is asked with it.
    return found[0], found[1]
