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
    """A round in which rules or an agent reviewed a change."""

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
            case StepSucceeded(step=step, work=work) if named := _STEP.fullmatch(step):
                task, output = int(named[2]), work.output
                if named[3] in ("inspect", "review"):
                    reviewed.setdefault(named[1], Review(task, at))
                elif named[3] == "build" and (made := _built(output)):
                    first.setdefault(task, made)
                elif named[3] == "merge" and (went := _went_in(output)):
                    merge = Merge(run, task, *went, at, first.get(task))
                    found.merges = (*found.merges, merge)
    found.reviews = tuple(reviewed.values())
    return found


def _built(output: Any) -> Built | None:
    commits = _commits(output, "base", "commit")
    return Built(*commits) if commits else None


def _went_in(output: Any) -> tuple[str, str] | None:
    """Return what the branch became and was; None where nothing went in."""
    if not isinstance(output, dict) or output.get("state") != "merged":
        return None
    commits = _commits(output, "commit", "onto")
    return commits if commits and commits[0] != commits[1] else None


def _commits(output: Any, one: str, other: str) -> tuple[str, str] | None:
    if not isinstance(output, dict):
        return None
    found = [each for name in (one, other) if isinstance(each := output.get(name), str)]
    if len(found) < 2 or not all(_COMMIT.fullmatch(each) for each in found):
        return None  # An agent wrote them: check their form before they reach git as arguments.
    return found[0], found[1]
