"""Questions about a product out of a command line."""

import argparse
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from missioncontrol.analytics.calendar import DAYS_MAX, interval_for
from missioncontrol.analytics.kpis import activation, activation_of
from missioncontrol.analytics.questions import (
    DAYS_USUAL,
    Active,
    AnyQuestion,
    Bracket,
    Breakdown,
    Cell,
    Did,
    Exclusion,
    Funnel,
    Lifecycle,
    Paths,
    Pattern,
    Range,
    Retention,
    Segment,
    Series,
    Step,
    Trend,
    Where,
)
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.states import Product

FILE_BYTES_MAX = 1_000_000


def question_of(arguments: argparse.Namespace, product: Product, today: date) -> AnyQuestion:
    """Return what a command line asks of a product, whose day is `today`.

    Raises:
        Rejected: `analytics.bad_option`, naming the option.
    """
    about = (product, range_of(arguments, today), segment_of(arguments))
    match arguments.analytics:
        case "funnel":
            return _funnel(arguments, *about)
        case "retention":
            return _retention(arguments, *about)
        case "trends":
            return _trend(arguments, *about)
        case "active":
            return _active(arguments, *about)
        case "lifecycle":
            return _lifecycle(arguments, *about)
        case _:
            return _paths(arguments, *about)


def question_in(file: str) -> AnyQuestion:
    """Return the question that stands in a file as JSON, `-` for standard input.

    Raises:
        Rejected: `analytics.bad_file`.
    """
    try:
        if file == "-":
            content = sys.stdin.buffer.read(FILE_BYTES_MAX)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(FILE_BYTES_MAX)
        found: AnyQuestion = msgspec.json.decode(content, type=AnyQuestion)
    except OSError as error:
        raise Rejected("analytics.bad_file", f"{file!r} can't be read: {error.strerror}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Rejected("analytics.bad_file", f"{file!r} holds no question: {error}.") from None
    return found


def cell_of(text: str, question: AnyQuestion) -> Cell:
    """Return the count of an answer that `step=1,state=lost` names.

    Raises:
        Rejected: `analytics.bad_option`.
    """
    fields = dict(_pair("--people", each, "=") for each in text.split(","))
    if "step" in fields:
        fields["step"] = _from_0(fields["step"], question)
    try:
        return msgspec.convert(fields, Cell, strict=False)
    except msgspec.ValidationError as error:
        hint = f"Give {', '.join(Cell.__struct_fields__)}, each with its value."
        raise Rejected("analytics.bad_option", f"--people: {error}.", hint=hint) from None


def _from_0(text: str, question: AnyQuestion) -> str:
    """Return the number of a step as questions have it: people count from 1, as they see them."""
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise _bad("--people", f"step {text[:20]!r} is none; the first is 1")
    steps = len(question.steps) if isinstance(question, Funnel) else None
    if steps is not None and int(text[:9]) > steps:
        raise _bad("--people", f"there is no step {text[:20]} in a funnel of {steps}")
    return str(int(text[:9]) - 1)


def range_of(arguments: argparse.Namespace, today: date) -> Range:
    """Return the requested days: the last 28 where none are given."""
    if arguments.days is not None and arguments.since is not None:
        raise _bad("--days", "it can't be given with --since")
    until = _day("--until", arguments.until) if arguments.until else today
    if arguments.since is not None:
        return Range(_day("--since", arguments.since), until)
    days = DAYS_USUAL if arguments.days is None else arguments.days
    if not 1 <= days <= DAYS_MAX:
        raise _bad("--days", f"{days} is not 1 to {DAYS_MAX:,}")
    return Range(until - timedelta(days=days - 1), until)


def segment_of(arguments: argparse.Namespace) -> Segment:
    """Return whose events, and which, are asked for."""
    where = tuple(map(condition, arguments.where or ()))
    did = tuple(map(_did, getattr(arguments, "did", None) or ()))
    return Segment(where, did, tuple(getattr(arguments, "cohort", None) or ()))


def condition(text: str) -> Where:
    """Return the condition that `plan=team`, `plan!=team` or `person.plan=team` means."""
    found = re.fullmatch(r"(?s)(.+?)(!=|=)(.*)", text)
    if found is None:
        raise _bad("--where", f"{text[:60]!r} is no PROPERTY=VALUE")
    name, sign, value = found.groups()
    of_person = name.startswith("person.")
    return Where(
        name.removeprefix("person."),
        "is" if sign == "=" else "is_not",
        (value,),
        "person" if of_person else "event",
    )


def step(text: str) -> Step:
    """Return the step that `invite@14d` means."""
    name, _, window = text.rpartition("@") if "@" in text else (text, "", "")
    if not name:
        raise _bad("--step", f"{text[:60]!r} names no event")
    return Step(Pattern(name), _seconds("--step", window) if window else None)


def _funnel(
    arguments: argparse.Namespace, product: Product, range_: Range, segment: Segment
) -> Funnel:
    usual = activation(product, range_, segment, by=arguments.by)
    steps = tuple(map(step, arguments.step or ())) or usual.steps
    return msgspec.structs.replace(
        usual,
        steps=steps,
        within=_seconds("--within", arguments.within) if arguments.within else None,
        windows_from=arguments.windows_from,
        order=arguments.order,
        count=arguments.count,
        constant=arguments.constant,
        exclusions=tuple(_exclusion(each, len(steps)) for each in arguments.exclude or ()),
        breakdown=_breakdown(arguments.breakdown, arguments.touch),
    )


def _exclusion(text: str, steps: int) -> Exclusion:
    """Return what `refund:1-3` leaves out: steps are counted from 1, as they are shown."""
    name, _, place = text.rpartition(":") if re.search(r":[0-9]+-[0-9]+$", text) else (text, "", "")
    if not name:
        raise _bad("--exclude", f"{text[:60]!r} names no event")
    after, before = map(int, place.split("-")) if place else (1, steps)
    if not 1 <= after < before <= steps:
        raise _bad("--exclude", f"{text[:60]!r} is not between two of the steps 1 to {steps}")
    return Exclusion(Pattern(name), after - 1, before - 1)


def _retention(
    arguments: argparse.Namespace, product: Product, range_: Range, segment: Segment
) -> Retention:
    first = activation_of(product).steps[0].pattern
    return Retention(
        product=product.slug,
        range=range_,
        segment=segment,
        start=Pattern(arguments.start) if arguments.start else first,
        back=Pattern(arguments.back or activation_of(product).active),
        kind=arguments.kind,
        mode="bracket" if arguments.bracket else arguments.mode,
        brackets=tuple(map(_bracket, arguments.bracket or ())),
        periods=arguments.periods,
        unit=arguments.unit,
        rolling=arguments.rolling,
        breakdown=_breakdown(arguments.breakdown),
    )


def _trend(
    arguments: argparse.Namespace, product: Product, range_: Range, segment: Segment
) -> Trend:
    return Trend(
        product=product.slug,
        range=range_,
        segment=segment,
        series=tuple(map(_series, arguments.event or [""])),
        by=arguments.by or interval_for(range_),
        formula=arguments.formula,
        breakdown=_breakdown(arguments.breakdown),
        compared=arguments.compared or bool(arguments.changes),
    )


def _active(
    arguments: argparse.Namespace, product: Product, range_: Range, segment: Segment
) -> Active:
    return Active(
        product=product.slug,
        range=range_,
        segment=segment,
        pattern=Pattern(_event(arguments, product)),
        compared=arguments.compared or bool(arguments.changes),
    )


def _lifecycle(
    arguments: argparse.Namespace, product: Product, range_: Range, segment: Segment
) -> Lifecycle:
    return Lifecycle(
        product=product.slug,
        range=range_,
        segment=segment,
        pattern=Pattern(_event(arguments, product)),
        by=arguments.by or ("month" if interval_for(range_) == "month" else "week"),
    )


def _paths(
    arguments: argparse.Namespace, product: Product, range_: Range, segment: Segment
) -> Paths:
    return Paths(
        product=product.slug,
        range=range_,
        segment=segment,
        anchor=Pattern(arguments.anchor),
        direction="before" if arguments.before else "after",
        depth=arguments.depth,
        width=arguments.width,
        within=_seconds("--within", arguments.within),
        hidden=tuple(arguments.hide or ()),
    )


def _event(arguments: argparse.Namespace, product: Product) -> str:
    """Return the event that makes a user active: the product's own where none is named."""
    return activation_of(product).active if arguments.event is None else str(arguments.event)


def _series(text: str) -> Series:
    name, _, rest = text.partition(":")
    count, _, property_ = rest.partition(":")
    fields = {"pattern": {"event": name}, "count": count or "events", "property": property_}
    try:
        return msgspec.convert(fields, Series)
    except msgspec.ValidationError:
        raise _bad("--event", f"{count[:40]!r} is no way to count") from None


def _did(text: str) -> Did:
    name, _, rest = text.partition(":")
    times, _, days = rest.partition(":")
    fields = {"pattern": {"event": name}, "at_least": times or 1, "days": days or 30}
    try:
        return msgspec.convert(fields, Did, strict=False)
    except msgspec.ValidationError:
        raise _bad("--did", f"{text[:60]!r} is no EVENT[:TIMES[:DAYS]]") from None


def _bracket(text: str) -> Bracket:
    found = re.fullmatch(r"([0-9]{1,4})-([0-9]{1,4})", text)
    if found is None:
        raise _bad("--bracket", f"{text[:40]!r} is no FIRST-LAST")
    return Bracket(int(found[1]), int(found[2]))


def _breakdown(text: str, touch: Literal["first", "last"] = "first") -> Breakdown | None:
    if not text:
        return None
    of_person = text.startswith("person.")
    return Breakdown(text.removeprefix("person."), "person" if of_person else "event", touch)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _bad(option, f"{text[:40]!r} is no day such as 2026-11-01") from None


def _seconds(option: str, text: str) -> float:
    found = seconds_of(text)
    if isinstance(found, str):
        raise Rejected("analytics.bad_option", f"{option} is {text[:40]!r}.", hint=found)
    return found


def _pair(option: str, text: str, sign: str) -> tuple[str, str]:
    name, found, value = text.partition(sign)
    if not found or not name.strip():
        raise _bad(option, f"{text[:60]!r} has no {sign!r}")
    return name.strip(), value.strip()


def pairs(option: str, texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Return `NAME=VALUE` for each of `texts`."""
    return tuple(_pair(option, each, "=") for each in texts)


def _bad(option: str, why: str) -> Rejected:
    return Rejected("analytics.bad_option", f"{option} does not fit: {why}.")


def plain(value: Any) -> dict[str, Any]:
    """Return a struct as plain values."""
    found: dict[str, Any] = msgspec.to_builtins(value)
    return found
