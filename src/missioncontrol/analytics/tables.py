"""An answer as one plain table: behind each chart, and as CSV."""

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
    """Columns by name, and rows as wide as these."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


Changes = Literal["", "percent", "absolute"]
"""How figures that are laid beside the days before are said to differ from them."""


def table(answer: AnyAnswer, changes: Changes = "") -> Table:
    """Return all figures of an answer as one table; None where a figure can't be told.

    With `changes`, also how each figure differs from that of the days before, where these were
    asked for: in per cent of it, or as a number.
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
    """Return a table as CSV (RFC 4180) with a line of names.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
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
        kept = [value for each in cohort.kept for value in (each.people, each.share)]
        yield (cohort.bucket, cohort.size, *kept)
    shares = [value for share in overall for value in (None, share)]
    yield ("overall", sum(each.size for each in cohorts), *shares)


def _lines(answer: TrendAnswer | ActiveAnswer | LifecycleAnswer, changes: Changes) -> Table:
    is_compared = any(line.before for line in answer.lines)
    names = [_name(line) for line in answer.lines]
    before = [f"{name}, before" for name in names] if is_compared else []
    is_told = is_compared and bool(changes)
    unit = "change in %" if changes == "percent" else "change"
    told = [f"{name}, {unit}" for name in names if is_told]
    rows = [
        (
            bucket,
            answer.complete[at],
            *(line.values[at] for line in answer.lines),
            *(_at(line.before, at) for line in answer.lines if is_compared),
            *(
                differs(line.values[at], _at(line.before, at), changes)
                for line in answer.lines
                if is_told
            ),
        )
        for at, bucket in enumerate(answer.buckets)
    ]
    totals = [line.total for line in answer.lines]
    totals += [line.total_before for line in answer.lines if is_compared]
    if is_told:
        totals += [differs(each.total, each.total_before, changes) for each in answer.lines]
    columns = ("period", "is_complete", *names, *before, *told)
    return Table(columns, (*rows, ("total", None, *totals)))


def differs(now: float | None, before: float | None, changes: Changes) -> float | None:
    """Return how a figure differs from the one before; None where that can't be told.

    In per cent it is -12.5 where there is an eighth less, to one decimal.
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
