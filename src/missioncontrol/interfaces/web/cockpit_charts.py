"""Answers as charts: lines, bars and flows, each with the table that says the same."""

import statistics
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    FunnelAnswer,
    FunnelGroup,
    LifecycleAnswer,
    Line,
    PathsAnswer,
    TrendAnswer,
)
from missioncontrol.analytics.calendar import zone_of
from missioncontrol.analytics.questions import AnyQuestion, Cell, Funnel, Lifecycle, Trend
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cockpit_view import (
    bucket_shown,
    buckets_shown,
    change_of,
    people_url,
    plain_number,
    share_shown,
)

ROWS_MAX = 400
"""Rows of a table on a page, those of the latest periods; its file has all of them."""

LINES_MAX = 5
"""More lines than these are hard to distinguish: the rest stands in the table."""

BAND_SPREADS = 3.0
BAND_FLOOR = 0.04


class LineView(msgspec.Struct, frozen=True):
    """A line of a chart."""

    name: str
    values: tuple[float | None, ...]
    dash: str = ""  # "", "dashed", "dotted"
    is_before: bool = False


class ChartView(msgspec.Struct, frozen=True):
    """What the island draws."""

    labels: list[str]
    lines: list[LineView]
    unit: str  # "" or "share"
    said: str  # the chart in words
    kind: str = "line"  # "line", "bars"
    low: list[float | None] | None = None
    high: list[float | None] | None = None
    open_from: int | None = None  # the first period that is not over
    partial: tuple[int, ...] = ()  # the periods with partial figures: cut off, or not over


Cells = list[tuple[str, str]]
"""A text, and the list behind it or ""."""


class TableView(msgspec.Struct, frozen=True):
    """The table behind a chart."""

    columns: list[str]
    rows: list[tuple[str, Cells]]
    left_out: int = 0  # earlier periods that stand in the file alone


Lined = TrendAnswer | ActiveAnswer | LifecycleAnswer


def chart_of(
    question: AnyQuestion, answer: Lined, keys: Sequence[str] = (), *, title: str = ""
) -> ChartView:
    """Return the chart of some lines, or of all: those of the days before are dotted."""
    answer = _reportable(answer)
    chosen = [each for each in answer.lines if not keys or each.key in keys]
    lines = []
    for line in chosen[:LINES_MAX]:
        lines.append(LineView(line_name(line), line.values))
        if line.before and (len(chosen) <= 2 or line is chosen[0]):
            lines.append(LineView(f"{line_name(line)}, before", line.before, "dotted", True))
    shown = buckets_shown(answer.buckets)
    is_share = bool(chosen) and all(each.key == "stickiness" for each in chosen)
    kind = "bars" if isinstance(answer, LifecycleAnswer) else "line"
    name = title or (line_name(chosen[0]) if chosen else "")
    summary = describe_chart(name, shown, answer.complete, chosen, is_share=is_share)
    unit = "share" if is_share else ""
    partial = tuple(at for at, whole in enumerate(answer.complete) if not whole)
    open_ = None if is_ended(question, answer) else open_from(answer.complete)
    return ChartView(shown, lines, unit, summary, kind, open_from=open_, partial=partial)


def _reportable(answer: Lined) -> Lined:
    """Return the final figures: a dormant person may become active in the rest of a period."""
    if not isinstance(answer, LifecycleAnswer):
        return answer
    lines = (
        msgspec.structs.replace(line, values=_whole(line.values, answer.complete))
        if line.key == "dormant"
        else line
        for line in answer.lines
    )
    return msgspec.structs.replace(answer, lines=tuple(lines))


def _whole(values: Sequence[float | None], complete: Sequence[bool]) -> tuple[float | None, ...]:
    return tuple(value if whole else None for value, whole in zip(values, complete, strict=True))


def is_ended(question: AnyQuestion, answer: Lined) -> bool:
    """Whether all days of a question are over: a period its range cuts off is partial then."""
    today = datetime.fromisoformat(answer.as_of).astimezone(zone_of(answer.zone)).date()
    return question.range.until < today


def open_from(complete: Sequence[bool]) -> int | None:
    """Return the first of the periods at the end that are not over, None where all are."""
    over = [at for at, whole in enumerate(complete) if whole]
    first = over[-1] + 1 if over else 0
    return first if first < len(complete) else None


def describe_chart(
    title: str,
    labels: Sequence[str],
    complete: Sequence[bool],
    lines: Sequence[Line],
    *,
    is_share: bool,
) -> str:
    """Return a chart in words: its first and last whole value, its least and most."""
    known = lines[0].values[: len(labels)] if lines else ()
    there = [(at, each) for at, each in enumerate(known) if each is not None]
    values = [pair for pair in there if complete[pair[0]]] or there
    if not values:
        return f"{title}: there are no values in these days."
    (first, start), (last, end) = values[0], values[-1]

    def show(value: float) -> str:
        return share_shown(value) if is_share else plain_number(value)

    low, high = min(each for _, each in values), max(each for _, each in values)
    return (
        f"{title}: {show(start)} on {labels[first]}, {show(end)} on {labels[last]}, "
        f"between {show(low)} and {show(high)}."
    )


def describe_lifecycle(answer: LifecycleAnswer) -> str:
    """Return how many were in each part of life in the last complete period."""
    over = [at for at, whole in enumerate(answer.complete) if whole]
    at = over[-1] if over else len(answer.buckets) - 1
    parts = [f"{plain_number(each.values[at] or 0)} {each.key}" for each in answer.lines]
    return f"From {bucket_shown(answer.buckets[at])} on: {', '.join(parts)}"


def line_name(line: Line) -> str:
    """Return what a line is called, with the value of its breakdown."""
    return line.label if line.breakdown is None else f"{line.label}, {line.breakdown or 'none'}"


def table_of(question: AnyQuestion, answer: Lined, *, is_absolute: bool = False) -> TableView:
    """Return the table behind lines, each count with its list, beside the days before."""
    answer = _reportable(answer)
    columns = []
    for line in answer.lines:
        columns += [line_name(line)]
        columns += [f"{line_name(line)}, before", "Change"] if line.before else []

    def cells(at: int | None) -> Cells:
        found = (_cells(question, answer, each, at, is_absolute) for each in answer.lines)
        return [cell for each in found for cell in each]

    over = [at for at, whole in enumerate(answer.complete) if whole]
    ended = is_ended(question, answer)
    labels = buckets_shown(answer.buckets)
    rows: list[tuple[str, Cells]] = []
    for at in range(max(len(labels) - ROWS_MAX, 0), len(labels)):
        is_cut = ended or (bool(over) and at < over[0])
        part = "" if answer.complete[at] else " (in part)" if is_cut else " (not over)"
        rows.append((labels[at] + part, cells(at)))
    if any(line.total is not None for line in answer.lines):
        rows.append(("All these days", cells(None)))
    return TableView(columns, rows, max(len(labels) - ROWS_MAX, 0))


def _cells(
    question: AnyQuestion, answer: Lined, line: Line, at: int | None, is_absolute: bool
) -> Cells:
    """Return a line's figure of a period, or of all days, and what it was in the days before."""
    now = line.total if at is None else line.values[at]
    bucket = "" if at is None else answer.buckets[at]
    found = [_value(question, answer, line, now, Cell(bucket=bucket))]
    if not line.before:
        return found
    was = line.total_before if at is None else line.before[at]
    earlier = "" if at is None else getattr(answer, "buckets_before", ())[at]
    is_share = line.key == "stickiness"
    moved = change_of(now, was, is_share=is_share, is_absolute=is_absolute)
    before = _value(question, answer, line, was, Cell(bucket=earlier, before=True))
    return [*found, before, (moved.text if moved else "", "")]


def _value(
    question: AnyQuestion, answer: Lined, line: Line, value: float | None, cell: Cell
) -> tuple[str, str]:
    if value is None:
        return formats.UNKNOWN, ""
    if line.key == "stickiness":
        return share_shown(value), ""
    is_listed = bool(cell.bucket) or not isinstance(question, Lifecycle)
    if not value or not is_listed or not is_counted(question, line):
        return plain_number(value), ""
    here = msgspec.structs.replace(cell, series=line.key, breakdown=line.breakdown)
    return plain_number(value), people_url(question, here, answer.as_of)


def is_counted(question: AnyQuestion, line: Line) -> bool:
    """Whether the values of a line are counts, whose people can be listed."""
    if not isinstance(question, Trend):
        return True
    if question.formula:
        return False
    for place, series in enumerate(question.series):
        if (series.key or chr(ord("A") + place)) == line.key:
            return series.count in ("events", "people")
    return False


def conversion_chart(question: Funnel, answer: FunnelAnswer, step: int, title: str) -> ChartView:
    """Return the conversion to a step by day of entry, and between what it usually is.

    The band is three spreads about the median of the days that are complete, and no narrower
    than 4 % of the median to each side.
    """
    values = tuple(_of_first(group, step) for group in answer.trend)
    known = [
        value
        for group, value in zip(answer.trend, values, strict=True)
        if value is not None and group.is_complete
    ]
    labels = buckets_shown([each.key for each in answer.trend])
    line = Line(key="", label=title, values=values, total=None)
    complete = [each.is_complete for each in answer.trend]
    low, high = _band(known, len(values))
    return ChartView(
        labels,
        [LineView(title, values)],
        "share",
        describe_chart(title, labels, complete, [line], is_share=True),
        low=low,
        high=high,
        open_from=open_from(complete),
    )


def expected_in(
    chart: ChartView,
    buckets: Sequence[str],
    since: str,
    until: str,
    low: float,
    high: float,
    *,
    is_sum: bool = False,
) -> ChartView:
    """Return a chart with what was expected of some of its days, and of no others.

    What was expected of them together, a sum, each day has its part of, by its weekday.
    """
    within = [at for at, each in enumerate(buckets) if since <= each[:10] <= until]
    days = (date.fromisoformat(until) - date.fromisoformat(since)).days + 1
    values = next((each.values for each in chart.lines if not each.is_before), ())
    parts = dict.fromkeys(within, 1.0)
    if is_sum:
        parts = _by_weekday(values, within) if len(within) == days else {}
        parts = parts or dict.fromkeys(within, 1 / days)
    lows, highs = (
        [whole * parts[at] if at in parts else None for at in range(len(buckets))]
        for whole in (low, high)
    )
    return msgspec.structs.replace(chart, low=lows, high=highs)


def _by_weekday(values: Sequence[float | None], days: Sequence[int]) -> dict[int, float]:
    """Return which part of some days each usually has; nothing where that is not known."""
    usual = {}
    for at in days:
        before = [values[one] for one in range(at - 7, -1, -7) if one < days[0]]
        known = [each for each in before if each is not None]
        if not known:
            return {}
        usual[at] = statistics.median(known)
    whole = sum(usual.values())
    return {at: each / whole for at, each in usual.items()} if whole else {}


def _of_first(group: FunnelGroup, step: int) -> float | None:
    return group.steps[step].of_first if group.steps[0].reached else None


Band = tuple[list[float | None] | None, list[float | None] | None]


def _band(known: Sequence[float], length: int) -> Band:
    if len(known) < 7:
        return None, None
    middle = statistics.median(known)
    spread = 1.4826 * statistics.median(abs(each - middle) for each in known)
    reach = max(BAND_SPREADS * spread, BAND_FLOOR * middle)
    return [max(middle - reach, 0.0)] * length, [min(middle + reach, 1.0)] * length


def spark_of(values: Sequence[float | None]) -> list[float]:
    """Return at most 40 values of a line for a small picture."""
    known = [each for each in values if each is not None]
    step = max(len(known) // 40, 1)
    return known[::-1][::step][::-1]


class FlowView(msgspec.Struct, frozen=True):
    """Paths: what the island draws, and the tables behind."""

    nodes: list[dict[str, Any]]
    links: list[dict[str, Any]]
    said: str
    rows: list[tuple[str, str, str, str, str, str]]


def flows_of(question: AnyQuestion, answer: PathsAnswer) -> FlowView:
    """Return the nodes of paths by level, and what goes from each to each."""
    nodes = [
        {
            "id": f"{each.level} {each.name}",
            "name": each.name or "other",
            "level": each.level,
            "paths": each.paths,
            "end": each.end,
        }
        for each in answer.nodes
    ]
    links = [
        {
            "source": f"{each.level} {each.source}",
            "target": f"{each.level + 1} {each.target}",
            "paths": each.paths,
        }
        for each in answer.flows
    ]
    rows = []
    for flow in answer.flows:
        cell = Cell(level=flow.level, series=flow.source, into=flow.target)
        url = people_url(question, cell, answer.as_of)
        row = (str(flow.level), flow.source or "other", flow.target or "other")
        rows.append((*row, formats.number(flow.paths), url, ""))
    for node in answer.nodes:
        if node.end:
            cell = Cell(level=node.level, series=node.name, state="lost")
            url = people_url(question, cell, answer.as_of)
            row = (str(node.level), node.name or "other", "ends here")
            rows.append((*row, formats.number(node.end), url, "end"))
    return FlowView(nodes, links, _describe_flows(answer), rows)


def _describe_flows(answer: PathsAnswer) -> str:
    """Return how many paths there are, and through how many events: one may come at each level."""
    if not (answer.nodes and answer.nodes[0].paths):
        return "There are no paths in these days."
    names = {each.name for each in answer.nodes}
    others = " and others" if "" in names else ""
    events = formats.count(len(names - {""}), "event")
    return f"{formats.count(answer.nodes[0].paths, 'path')} through {events}{others}."
