"""The stages of a work item, how long it was in each, and how it stands for people.

Events alone move an item from stage to stage. Whether it is stuck depends on the agents and on
how far the workspace may work, which change without an event of the item.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from missioncontrol.domain.status import Conditions, Status

Stage = Literal["planned", "ready_to_build", "building", "in_review", "waiting", "done"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""The columns of the board, in their order."""

Word = Literal[
    "planned",
    "ready_to_build",
    "building",
    "in_review",
    "waiting",
    "stuck",
    "failed",
    "cancelled",
    "done",
]
WORDS: tuple[Word, ...] = get_args(Word)

URGENCY: tuple[Word, ...] = (
    "waiting",
    "stuck",
    "failed",
    "building",
    "in_review",
    "ready_to_build",
    "planned",
    "done",
    "cancelled",
)
"""The order of a list: what a person has to act on first, what is over last."""

OVER = frozenset({"done", "cancelled"})
STARTABLE = frozenset({"planned", "ready_to_build"})
MICROS = 1_000_000


class Stay(msgspec.Struct, frozen=True, array_like=True):
    """An item entered a stage then."""

    stage: Stage
    since: float  # seconds since the epoch


class StageTime(msgspec.Struct, frozen=True):
    """How long an item was in a stage, over all its stays."""

    stage: Stage
    seconds: float
    stays: int
    is_now: bool  # whether it is there, and the time grows


def spans(stays: Sequence[Stay], until: float) -> Iterator[tuple[Stage, float, float]]:
    """Yield (stage, begin, end) of each stay; the last one ends at `until`."""
    ends = [*(each.since for each in stays[1:]), until][: len(stays)]
    for stay, end in zip(stays, ends, strict=True):
        yield stay.stage, stay.since, max(end, stay.since)


def time_in_stages(
    stays: Sequence[Stay], now: float, *, is_over: bool, past: Mapping[Stage, int] = {}
) -> list[StageTime]:
    """Return the time in each stage that an item was in, in the order of the board.

    Sums are of whole microseconds, as the log counts, so that they do not drift. The time in the
    last stage of an item that is over does not grow. `past` has the microseconds of stays that
    are no longer named.
    """
    until = stays[-1].since if is_over and stays else now
    micros: dict[Stage, int] = dict(past)
    counts: dict[Stage, int] = {}
    for stage, begin, end in spans(stays, until):
        micros[stage] = micros.get(stage, 0) + round(end * MICROS) - round(begin * MICROS)
        counts[stage] = counts.get(stage, 0) + 1
    last = stays[-1].stage if stays and not is_over else None
    return [
        StageTime(stage, micros[stage] / MICROS, counts.get(stage, 0), stage == last)
        for stage in STAGES
        if stage in micros
    ]


class Standing(msgspec.Struct, frozen=True):
    """What the events of an item say, as far as its status for people needs it."""

    word: Word
    since: float
    agent: str = ""  # that does it, or is to do it next; "" where that is a person
    assignee: str = ""  # a person
    reason: str = ""
    action: str = ""
    blocked_by: tuple[str, ...] = ()  # keys of what has to be over first
    failed_need: str = ""  # the key of one of these that failed


def status_of_item(standing: Standing, asks: Status | None, around: Conditions) -> Status:
    """Return how an item stands; `asks` says for whom it waits, where people were asked."""
    word, since = standing.word, standing.since
    if word == "waiting":
        return _waiting(standing, asks)
    if word in ("done", "cancelled", "failed", "in_review") and not standing.agent:
        return Status(word, standing.reason, standing.action, since=since)
    if word == "planned" and standing.failed_need:
        reason = f"{standing.failed_need} failed, and this needs it."
        return Status("stuck", reason, standing.action, (standing.failed_need,), since)
    obstacle = _obstacle(standing, around) if word in ("ready_to_build", "in_review") else None
    if obstacle is not None:
        return obstacle
    reason = standing.reason
    if word in STARTABLE and standing.blocked_by:
        reason = f"Blocked by {', '.join(standing.blocked_by)}."
    return Status(word, reason, standing.action, standing.blocked_by, since)


def label(status: Status, words: Mapping[str, str]) -> str:
    """Return a status as every surface prints it: `Waiting on maya`, `Stuck: coder is stopped`."""
    word = words[status.word]
    if status.word == "waiting":
        return f"{word} on {named(status.on)}"
    if status.word == "stuck":
        return f"{word}: {_clause(status.reason)}"
    return word


def named(on: Sequence[str]) -> str:
    """Return for whom something waits, in a few words."""
    names = [each.removeprefix("user:").removeprefix("agent:") for each in on]
    return " or ".join(names[:2]) if names else "a person"


def _clause(reason: str) -> str:
    first = reason.partition(". ")[0].rstrip(".")
    return first.partition(": ")[0] or "needs a person"


def _waiting(standing: Standing, asks: Status | None) -> Status:
    if asks is None:
        on = (standing.assignee,) if standing.assignee else ()
        return Status("waiting", standing.reason, standing.action, on, standing.since)
    return asks


def _obstacle(standing: Standing, around: Conditions) -> Status | None:
    """Return that an item is stuck, where no agent will take it before a person acts."""
    if not standing.agent:
        return None
    if around.stage in ("stopped", "paused"):
        what = "All work is stopped" if around.stage == "stopped" else "All work is paused"
        action = "mission engine resume --stage all"
        return Status("stuck", f"{what}.", action, (), max(standing.since, around.stage_since))
    closed = around.closed.get(standing.agent)
    if closed is None or not closed.is_lasting:
        return None
    said = f"{closed.name} is {closed.state}"
    detail = f": {closed.reason}" if closed.reason else "."
    action = f"mission agent start {closed.name}"
    since = max(standing.since, closed.since)
    return Status("stuck", f"{said}{detail}", action, (closed.name,), since)
