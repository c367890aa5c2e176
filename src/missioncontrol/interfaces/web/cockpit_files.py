"""Panels of the cockpit that answer no single question, as tables for a spreadsheet."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import digest
from missioncontrol.analytics.summary import Point, Summary
from missioncontrol.analytics.tables import Table, Value
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.web.cockpit_forms import question_in

PARTS = ("changed", "matters", "actions", "questions")


def summary_table(found: Summary) -> Table:
    """Return a row for each sentence, with the questions that its numbers come from."""
    rows: list[tuple[Value, ...]] = [("verdict", found.verdict.text, "", "")]
    for part in PARTS:
        rows += [(part, each.text, *_sources(each)) for each in getattr(found, part)]
    return Table(("part", "text", "numbers", "questions"), tuple(rows))


def _sources(point: Point) -> tuple[str, str]:
    asked = [_named(each.question) for each in point.figures]
    return " ".join(each.shown for each in point.figures), " ".join(dict.fromkeys(asked))


def _named(question: dict[str, Any]) -> str:
    try:
        return digest(question_in(msgspec.json.encode(question).decode()))
    except MissionControlError:
        return ""


def figures_table(found: Sequence[Kpi]) -> Table:
    """Return a row for each key figure, with its change and each day of its line."""
    rows: list[tuple[Value, ...]] = []
    for each in found:
        about = (each.title, each.unit, each.question, each.definition)
        rows.append((*about, "now", each.value, each.before, each.change))
        for bucket, value in zip(each.buckets, each.line, strict=True):
            rows.append((*about, bucket, value, None, None))
    names = ("figure", "unit", "question", "definition", "period", "value", "before", "change")
    return Table(names, tuple(rows))


def alerts_table(found: Sequence[Any]) -> Table:
    """Return a row for each alert."""
    rows = []
    for alert in found:
        change = alert.reading
        figures = (change.observed, change.expected, change.low, change.high, change.impact)
        days = (str(change.since), str(change.until))
        about = (alert.id, alert.state, change.severity, change.metric, change.title, change.unit)
        rows.append((*about, *days, *figures, change.text, "; ".join(change.slices)))
    names = ("alert", "state", "severity", "metric", "title", "unit", "since", "until")
    numbers = ("observed", "expected", "low", "high", "impact", "text", "explained_by")
    return Table((*names, *numbers), tuple(rows))


TABLES: dict[str, Callable[[dict[str, Any]], Table]] = {
    "summary": lambda values: summary_table(values["summary"]),
    "figures": lambda values: figures_table([each["kpi"] for each in values["cards"]]),
    "alerts": lambda values: alerts_table(values["all"]),
}
"""By the name of the panel, of what its template gets."""
