"""What was estimated beside what it took: measure by measure, of the whole and of each task."""

from collections.abc import Iterator

import msgspec

from missioncontrol.documents.changes import Changes
from missioncontrol.documents.cost_lines import spending
from missioncontrol.documents.figures import counted, grouped, lasting, money
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.estimates import Estimate, Measure

MEASURES: tuple[Measure, ...] = ("files", "lines", "hours", "seconds", "tokens", "cost")
TITLES: dict[Measure, str] = {
    "files": "Files changed",
    "lines": "Lines added and deleted",
    "hours": "Hours of a person",
    "seconds": "Time",
    "tokens": "Tokens",
    "cost": "Cost",
}


class Compared(msgspec.Struct, frozen=True):
    """One estimate, and what it came to."""

    task: str  # its key, or "" for the mission as a whole
    what: str  # the title of the task, or "" for the whole
    title: str  # of what is measured
    measure: Measure
    span: str  # `12 to 340`
    likely: str
    low: float
    high: float  # 0 for a class without an upper end
    expected: float  # what lies in the middle of the comparable ones
    basis: tuple[str, ...]
    comparables: int
    held: str  # how often such ranges held, in words; "" where that is not known
    actual: float | None  # None where it is not known, or not done
    words: str  # `actual` in words, or why there is none
    is_inside: bool | None  # whether it fell into the range; None where it is not known
    label: str = ""  # a class in words; "" for a range


def compared(record: MissionRecord, changed: Changes | None) -> tuple[Compared, ...]:
    """Return every estimate of the plan beside its actual: the whole first, then task by task."""
    actuals = dict(_actuals(record, changed))
    tasks = {one.task.key: one for one in record.tasks}
    order = {key: number for number, key in enumerate(["", *tasks])}
    estimates = sorted(
        (each for each in record.plan.estimates if each.task in order),
        key=lambda each: (order[each.task], MEASURES.index(each.measure)),
    )
    return tuple(_compared(each, tasks.get(each.task), actuals, record) for each in estimates)


def figure(measure: Measure, value: float) -> str:
    """Return a value as a person writes it."""
    match measure:
        case "seconds":
            return lasting(value)
        case "hours":
            return f"{value:.3g} h"
        case "cost":
            return money(round(value))
        case _:
            return grouped(round(value))


def _compared(
    each: Estimate,
    one: TaskRecord | None,
    actuals: dict[tuple[str, Measure], float],
    record: MissionRecord,
) -> Compared:
    actual = actuals.get((each.task, each.measure))
    words = figure(each.measure, actual) if actual is not None else _missing(each, one, record)
    low, high = figure(each.measure, each.low), figure(each.measure, each.high)
    return Compared(
        each.task,
        one.task.title if one else "",
        TITLES[each.measure],
        each.measure,
        each.label or (low if low == high else f"{low} to {high}"),
        "" if each.label else figure(each.measure, each.likely),
        each.low,
        each.high,
        each.likely,
        each.basis,
        each.comparables,
        f"{each.held:.0%} of {counted(each.cases, 'past case')}" if each.held is not None else "",
        actual,
        words,
        None if actual is None else each.holds(actual),
        each.label,
    )


def _missing(each: Estimate, one: TaskRecord | None, record: MissionRecord) -> str:
    if one is not None:
        return {"handed_over": "handed over", "succeeded": "not known"}.get(
            one.state, one.state.replace("_", " ")
        )
    if each.measure in {"files", "lines"}:
        return "no code was changed here" if record.ended is not None else "not yet"
    return "not yet" if record.ended is None else "not known"


def _actuals(
    record: MissionRecord, changed: Changes | None
) -> Iterator[tuple[tuple[str, Measure], float]]:
    if record.started is not None and record.ended is not None:
        yield ("", "seconds"), record.ended - record.started
        total = spending(record).total
        yield ("", "tokens"), float(total.tokens)
        if total.cost is not None:
            yield ("", "cost"), float(total.cost)
    if changed is not None:
        yield from _changed("", changed)
    for one in record.tasks:
        if one.state == "succeeded" and not one.kept_from:
            yield from _of_task(one)


def _changed(task: str, changed: Changes) -> Iterator[tuple[tuple[str, Measure], float]]:
    yield (task, "files"), float(len(changed.files) + changed.files_left_out)
    if not changed.files_left_out:
        yield (task, "lines"), float(changed.added + changed.deleted)


def _of_task(one: TaskRecord) -> Iterator[tuple[tuple[str, Measure], float]]:
    key, ended = one.task.key, [tried for tried in one.attempts if tried.ended is not None]
    if ended:
        yield (key, "seconds"), sum((each.ended or 0.0) - each.started for each in ended)
    yield (key, "tokens"), float(sum(each.usage.tokens for each in one.attempts))
    costs = [each.usage.cost for each in one.attempts]
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(costs):
        yield (key, "cost"), float(sum(known))
