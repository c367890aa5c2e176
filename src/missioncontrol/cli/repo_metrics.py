"""`mission repo metrics`: how work on a repository goes, and what each figure means."""

import argparse
import asyncio
from datetime import UTC, date, datetime, time

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.task_history import GitTaskHistory
from missioncontrol.application.repository_measures import RepositoryMeasures, measure_repository
from missioncontrol.cli.checkout_record import Record
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import print_json, print_text
from missioncontrol.cli.text import duration
from missioncontrol.documents.task_measures.measures import Measure, Unit, definitions
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible


def meanings(arguments: argparse.Namespace) -> int:
    """Print what each measure means; nothing has to be there for that."""
    if arguments.json:
        print_json({key: msgspec.to_builtins(each) for key, each in definitions().items()})
        return SUCCEEDED
    for key, each in definitions().items():
        lines = [f"{each.title}  ({key} {each.version}, in {each.unit})", f"  {each.says}"]
        lines += [f"  Counted: {each.counts}", f"  Of: {each.of}"]
        lines += [f"  Beside it: {each.baseline}"] if each.baseline else []
        lines += [f"  - {edge}" for edge in each.edges]
        print_text("\n".join(lines) + "\n\n")
    return SUCCEEDED


def metrics(arguments: argparse.Namespace, record: Record) -> int:
    """Measure the repository of a checkout.

    Raises:
        NotFound: `repository.unknown`.
        Rejected: `repository.bad_input`.
    """
    since = _since(arguments.since)
    record.state()  # Refuses a repository of which this home keeps nothing.
    history = GitTaskHistory(record.checkout.root)
    now = SystemClock().now()
    found = asyncio.run(
        measure_repository(record.desk.store, record.sop.id, history, now=now, since=since)
    )
    if arguments.json:
        print_json(msgspec.to_builtins(found))
    else:
        print_text(visible(_format_measures(found)))
    return SUCCEEDED


def _since(text: str) -> float:
    if not text:
        return 0.0
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC).timestamp()
    except ValueError:
        raise Rejected(
            "repository.bad_input",
            f"--since {text!r} is no day.",
            hint="Say it as in 2026-11-01; it begins at midnight, UTC.",
        ) from None


def _format_measures(found: RepositoryMeasures) -> str:
    width = max(len(each.title) for each in found.measures)
    lines = []
    for each in found.measures:
        lines.append(f"{each.title:<{width}}  {_value(each)}")
        lines += [f"    left out: {left.why} ({left.count})" for left in each.left_out]
        lines += [f"    {case}" for case in each.cases]
    lines.append("What each of these means: `mission repo metrics --definitions`.")
    return "\n".join(lines) + "\n"


def _value(each: Measure) -> str:
    if each.value is None:
        return f"none: {each.reason}"
    beside = f", {_figure(each.unit, each.baseline)} beside it" if each.baseline is not None else ""
    return f"{_figure(each.unit, each.value)}{beside}  (of {each.of:,})"


def _figure(unit: Unit, value: float) -> str:
    match unit:
        case "share":
            return f"{value:.1%}"
        case "seconds":
            return _long(value)
        case "rounds":
            return f"{value:.2f} rounds"
        case "dollars":
            return f"{value:.4f} dollars"


def _long(seconds: float) -> str:
    hours, days = seconds / 3_600, seconds / 86_400
    if hours < 2:
        return duration(seconds)
    return f"{hours:.1f} hours" if days < 2 else f"{days:.1f} days"
