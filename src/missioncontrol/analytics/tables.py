"""Answers as plain tables, for charts and CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Literal, assert_never

import msgspec

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    AnyAnswer,
    Cohort,
    FunnelAnswer,
    LifecycleAnswer,
    Line,
    Members,
    PathsAnswer,
    RetentionAnswer,
    StepCount,
    TrendAnswer,
)

Value = str | int | float | bool | None


class Table(msgspec.Struct, frozen=True):
    """Named columns and their rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


Changes = Literal["", "percent", "absolute"]
"""How to show the change of figures against the days before."""


def table(answer: AnyAnswer, changes: Changes = "") -> Table:
    """Return all figures of an answer as one table; None where a figure is undefined.

    With `changes`, a compared answer also has the change of each figure, in per cent or as a
    number.
    """
    match answer:
        case FunnelAnswer():
            return _funnel(answer)
        case RetentionAnswer():
            return _retention(answer)
        case TrendAnswer() | ActiveAnswer() | LifecycleAnswer():
            return _lines(answer, changes)
        case PathsAnswer():
            return _paths(answer)
        case _:
            assert_never(answer)


def people(found: Members) -> Table:
    """Return a page of people as a table."""
    rows = (
        (each.label, each.happened, msgspec.json.encode(each.properties).decode())
        for each in found.members
    )
    return Table(("person", "happened", "properties"), tuple(rows))


def csv_of(found: Table) -> str:
    """Return a table as CSV (RFC 4180) with a header line.

    An apostrophe precedes text that a spreadsheet would take for a formula.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in found.columns])
    writer.writerows([_cell(value) for value in row] for row in found.rows)
    return written.getvalue()


def _cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


_STEP = ("step", "label", "reached", "lost", "pending")
_SHARES = ("of_first", "of_before", "median_seconds", "median_step_seconds")


def _funnel(answer: FunnelAnswer) -> Table:
    rows = [("all", "", None, *row) for row in _steps(answer.steps)]
    for group in answer.groups:
        rows += [("breakdown", group.key, None, *row) for row in _steps(group.steps)]
    for group in answer.trend:
        is_complete = group.is_complete
        rows += [("entered", group.key, is_complete, *row) for row in _steps(group.steps)]
    return Table(("of", "key", "is_complete", *_STEP, *_SHARES), tuple(rows))


def _steps(steps: Iterable[StepCount]) -> Iterator[tuple[Value, ...]]:
    for place, step in enumerate(steps, start=1):
        counts = (step.reached, step.lost, step.pending)
        shares = (step.of_first, step.of_before, step.median, step.median_step)
        yield (place, step.label, *counts, *shares)


def _retention(answer: RetentionAnswer) -> Table:
    labels = [f"{label} {kind}" for label in answer.labels for kind in ("people", "share")]
    rows = [("", *row) for row in _cohorts(answer.cohorts, answer.overall)]
    for group in answer.groups:
        rows += [(group.key, *row) for row in _cohorts(group.cohorts, group.overall)]
    return Table(("breakdown", "cohort", "size", *labels), tuple(rows))


def _cohorts(
    cohorts: tuple[Cohort, ...], overall: tuple[float | None, ...]
) -> Iterator[tuple[Value, ...]]:
    for cohort in cohorts:
        cells = [value for each in cohort.kept for value in (each.people, each.share)]
        yield (cohort.bucket, cohort.size, *cells)
    shares = [value for share in overall for value in (None, share)]
    yield ("overall", sum(each.size for each in cohorts), *shares)


def _lines(answer: TrendAnswer | ActiveAnswer | LifecycleAnswer, changes: Changes) -> Table:
    is_compared = any(line.before for line in answer.lines)
    names = [_name(line) for line in answer.lines]
    before = [f"{name}, before" for name in names] if is_compared else []
    has_changes = is_compared and bool(changes)
    unit = "change in %" if changes == "percent" else "change"
    change_names = [f"{name}, {unit}" for name in names if has_changes]
    rows = [
        (
            bucket,
            answer.complete[at],
            *(line.values[at] for line in answer.lines),
            *(_at(line.before, at) for line in answer.lines if is_compared),
            *(
                differs(line.values[at], _at(line.before, at), changes)
                for line in answer.lines
                if has_changes
            ),
        )
        for at, bucket in enumerate(answer.buckets)
    ]
    totals = [line.total for line in answer.lines]
    totals += [line.total_before for line in answer.lines if is_compared]
    if has_changes:
        totals += [differs(each.total, each.total_before, changes) for each in answer.lines]
    columns = ("period", "is_complete", *names, *before, *change_names)
    return Table(columns, (*rows, ("total", None, *totals)))


def differs(now: float | None, before: float | None, changes: Changes) -> float | None:
    """Return the change of a figure against the one before; None where it is undefined.

    Per cent have one decimal: an eighth less is -12.5.
    """
    if now is None or before is None:
        return None
    if changes == "absolute":
        return float(f"{now - before:.12g}")
    return round((now - before) / abs(before) * 100, 1) if before else None


def _at(values: tuple[float | None, ...], at: int) -> float | None:
    return values[at] if at < len(values) else None


def _name(line: Line) -> str:
    name = line.label or line.key
    return name if line.breakdown is None else f"{name}: {line.breakdown or '(none)'}"


def _paths(answer: PathsAnswer) -> Table:
    ends = [
        (node.level, node.name or "(other)", "(ends here)", node.end)
        for node in answer.nodes
        if node.end
    ]
    flows = [
        (flow.level, flow.source or "(other)", flow.target or "(other)", flow.paths)
        for flow in answer.flows
    ]
    rows = sorted((*flows, *ends), key=lambda row: (row[0], -row[3], row[1], row[2]))
    return Table(("level", "event", "then", "paths"), tuple(rows))
