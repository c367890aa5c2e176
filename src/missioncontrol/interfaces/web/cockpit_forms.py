"""Forms of the cockpit as questions: what an address says, over a question that it holds."""

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from missioncontrol.analytics.calendar import interval_for
from missioncontrol.analytics.kpis import activation_of
from missioncontrol.analytics.questions import (
    DAY,
    SERIES_MAX,
    STEPS_MAX,
    Active,
    AnyQuestion,
    Bracket,
    Breakdown,
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
)
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.interfaces.web.cockpit_bar import Bar, Parameters
from missioncontrol.interfaces.web.cockpit_conditions import pattern_of, pattern_text
from missioncontrol.interfaces.web.cockpit_view import explore_url

QUESTION_MAX = 20_000
KINDS: dict[str, type[AnyQuestion]] = {
    "funnel": Funnel,
    "retention": Retention,
    "trends": Trend,
    "active": Active,
    "lifecycle": Lifecycle,
    "paths": Paths,
}
"""By the page that asks it."""


def question_in(text: str) -> AnyQuestion:
    """Return the question that an address holds as JSON.

    Raises:
        Rejected: `analytics.bad_question`.
    """
    try:
        found: AnyQuestion = msgspec.json.decode(text[:QUESTION_MAX], type=AnyQuestion)
    except (msgspec.MsgspecError, UnicodeError) as error:
        reason = f"The address contains no valid query: {error}."
        hint = "Start again from the cockpit."
        raise Rejected("analytics.bad_question", reason, hint=hint) from None
    return found


def parse_question(
    measure: str, bar: Bar, form: Parameters, opening: Sequence[Step] = ()
) -> AnyQuestion:
    """Return what the form of a measure asks, over the question that the address may hold.

    Raises:
        Rejected: `analytics.bad_question`, naming the field.
    """
    text = str(form.get("q", "") or "")
    base = question_in(text) if text else usual(measure, bar, opening)
    if not isinstance(base, KINDS[measure]):
        base = usual(measure, bar, opening)
    if not form.get("asked", ""):
        return base
    fields = _FIELDS[measure](base, form)
    plain = {**msgspec.to_builtins(base), **msgspec.to_builtins(fields)}
    plain |= {"product": bar.product.slug, "range": msgspec.to_builtins(bar.range)}
    plain["segment"] = {
        **msgspec.to_builtins(base.segment),
        "where": msgspec.to_builtins(bar.segment.where),
        "did": msgspec.to_builtins(bar.segment.did),
        "cohorts": bar.cohorts,
    }
    try:
        found: AnyQuestion = msgspec.convert(plain, AnyQuestion, strict=False)
    except msgspec.ValidationError as error:
        raise Rejected("analytics.bad_question", f"Invalid query: {error}.") from None
    return found


def usual(measure: str, bar: Bar, opening: Sequence[Step] = ()) -> AnyQuestion:
    """Return the question that a page asks by default.

    It is the activation, or an `opening` of events that the product has where it has none of that.
    """
    counts = activation_of(bar.product)
    steps = tuple(opening) or counts.steps
    start = steps[0].pattern
    about: dict[str, Any] = {
        "product": bar.product.slug,
        "range": bar.range,
        "segment": bar.segment,
    }
    active = Pattern(counts.active)
    match measure:
        case "funnel":
            return Funnel(**about, steps=steps)
        case "retention":
            # On or after, as the cockpit has it: one product has one retention at first sight.
            unit = _at_least_week(bar.range)
            return Retention(**about, start=start, back=active, unit=unit, mode="on_or_after")
        case "trends":
            series = (Series(start, "people"),)
            by = interval_for(bar.range)
            return Trend(**about, series=series, by=by, compared=bar.is_compared)
        case "active":
            return Active(**about, pattern=active, compared=bar.is_compared)
        case "lifecycle":
            return Lifecycle(**about, pattern=active, by=_at_least_week(bar.range))
        case _:
            # Half an hour, as the API takes it, shows of most products little but their first step.
            return Paths(**about, anchor=start, within=DAY)


def _at_least_week(range_: Range) -> Literal["week", "month"]:
    return "month" if interval_for(range_) == "month" else "week"


def _funnel(base: Any, query: Parameters) -> dict[str, Any]:
    names, windows = _list(query, "step"), [str(each) for each in query.getall("within", [])]
    steps: list[Step] = []
    for place, name in enumerate(names[:STEPS_MAX]):
        if not name:
            continue
        window = windows[place].strip() if place < len(windows) else ""
        known = base.steps[place].pattern if place < len(base.steps) else None
        pattern = pattern_of(name, known)
        steps.append(Step(pattern, _seconds("window", window) if window and steps else None))
    total = _text(query, "total")
    return {
        "steps": steps,
        "within": _seconds("total window", total) if total else None,
        "windows_from": _text(query, "windows_from") or "before",
        "order": _text(query, "order") or "ordered",
        "count": _text(query, "count") or "people",
        "constant": _text(query, "constant"),
        "exclusions": _exclusions(base, query, len(steps)),
        "breakdown": _breakdown(query),
        "by": _text(query, "by") or None,
    }


def _exclusions(base: Funnel, query: Parameters, steps: int) -> list[Exclusion]:
    """Return what must not happen: from the first to the last step where no step is named."""
    after, before = _list(query, "exclude_after"), _list(query, "exclude_before")
    found = []
    for place, name in enumerate(_list(query, "exclude")):
        if not name:
            continue
        known = base.exclusions[place].pattern if place < len(base.exclusions) else None
        first = _step_number(after, place, 1)
        last = _step_number(before, place, steps)
        if not 1 <= first < last <= steps:
            reason = f"{name!r} after step {first} and before step {last} is not between two steps"
            raise _bad("exclusion", reason)
        found.append(Exclusion(pattern_of(name, known), first - 1, last - 1))
    return found


def _step_number(values: Sequence[str], place: int, usual: int) -> int:
    text = values[place] if place < len(values) else ""
    if text and not (text.isdecimal() and len(text) < 3):
        raise _bad("exclusion", f"{text[:20]!r} is no step")
    return int(text) if text else usual


def _retention(base: Any, query: Parameters) -> dict[str, Any]:
    mode, text = _text(query, "mode") or "exact", _text(query, "brackets")
    if base.mode == "bracket" and mode != "bracket":
        text = ""  # Those that were asked for are still in their field.
    brackets = [_bracket(each) for each in re.split(r"[,\s]+", text) if each]
    if mode == "bracket" and not brackets:
        raise _bad("brackets", "none is given, such as 1-3, 4-7")
    return {
        "start": _pattern(base.start, query, "start"),
        "back": _pattern(base.back, query, "back"),
        "kind": _text(query, "kind") or "first",
        "mode": "bracket" if brackets else mode,
        "brackets": brackets,
        "periods": _text(query, "periods") or 10,
        "unit": _text(query, "unit") or "week",
        "rolling": bool(_text(query, "rolling")),
        "breakdown": _breakdown(query),
    }


def _trend(base: Any, query: Parameters) -> dict[str, Any]:
    counts, properties = _list(query, "count"), _list(query, "of")
    series = []
    for place, name in enumerate(_list(query, "event")[:SERIES_MAX]):
        count = counts[place] if place < len(counts) else ""
        if not count:
            continue
        known = base.series[place].pattern if place < len(base.series) else None
        pattern = pattern_of(name, known)
        of = properties[place] if place < len(properties) else ""
        series.append({"pattern": pattern, "count": count, "property": of})
    return {
        "series": series,
        "by": _text(query, "by") or "day",
        "formula": _text(query, "formula"),
        "breakdown": _breakdown(query),
        "compared": query.get("compare", "") != "none",
    }


def _active(base: Any, query: Parameters) -> dict[str, Any]:
    compared = query.get("compare", "") != "none"
    return {"pattern": _pattern(base.pattern, query, "event"), "compared": compared}


def _lifecycle(base: Any, query: Parameters) -> dict[str, Any]:
    return {"pattern": _pattern(base.pattern, query, "event"), "by": _text(query, "by") or "week"}


def _paths(base: Any, query: Parameters) -> dict[str, Any]:
    hidden = [each for each in re.split(r"[,\n]+", _text(query, "hide")) if each.strip()]
    return {
        "anchor": _pattern(base.anchor, query, "anchor"),
        "direction": _text(query, "direction") or "after",
        "depth": _text(query, "depth") or 4,
        "width": _text(query, "width") or 6,
        "within": _seconds("time between", _text(query, "within") or "30m"),
        "hidden": [each.strip() for each in hidden],
    }


_FIELDS = {
    "funnel": _funnel,
    "retention": _retention,
    "trends": _trend,
    "active": _active,
    "lifecycle": _lifecycle,
    "paths": _paths,
}


def without(question: AnyQuestion, bar: Bar, name: str, value: str) -> str:
    """Return the address of a question less one condition, deed or cohort of its segment."""
    where = zip(bar.where, bar.segment.where, strict=True)
    did = zip(bar.did, bar.segment.did, strict=True)
    segment = Segment(
        tuple(each for text, each in where if (name, text) != ("where", value)),
        tuple(each for text, each in did if (name, text) != ("did", value)),
        tuple(each for each in bar.cohorts if (name, each) != ("cohort", value)),
    )
    return explore_url(msgspec.structs.replace(question, segment=segment))


def event_text(pattern: Pattern) -> str:
    """Return events as a form has them: `order`, or `order [price>=10]`."""
    return pattern_text(pattern)


def breakdown_text(found: Breakdown | None) -> str:
    """Return a breakdown as a form has it: `platform`, or `person.plan`."""
    if found is None:
        return ""
    return f"person.{found.property}" if found.of == "person" else found.property


def brackets_text(found: Sequence[Bracket]) -> str:
    """Return brackets as a form has them: `1-3, 4-7`."""
    return ", ".join(f"{each.first}-{each.last}" for each in found)


def window_text(seconds: float | None) -> str:
    """Return a time as a form has it: `7d`, `30m`."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:g}s"


def _pattern(base: Pattern, query: Parameters, field: str) -> Pattern:
    return pattern_of(_text(query, field), base)


def _breakdown(query: Parameters) -> Breakdown | None:
    text = _text(query, "breakdown")
    touch: Any = _text(query, "touch") or "first"
    of_person = text.startswith("person.")
    name = text.removeprefix("person.")
    return Breakdown(name, "person" if of_person else "event", touch) if name else None


def _bracket(text: str) -> Bracket:
    found = re.fullmatch(r"([0-9]{1,3})-([0-9]{1,3})", text)
    if found is None:
        raise _bad("brackets", f"{text[:20]!r} is no FIRST-LAST such as 1-3")
    return Bracket(int(found[1]), int(found[2]))


def _seconds(field: str, text: str) -> float:
    found = seconds_of(text)
    if isinstance(found, str):
        raise _bad(field, f"{text[:20]!r} is no time such as 7d, 12h or 30m")
    return found


def _text(query: Parameters, field: str) -> str:
    return str(query.get(field, "") or "").strip()[:1_000]


def _list(query: Parameters, field: str) -> list[str]:
    return [str(each).strip()[:200] for each in query.getall(field, [])]


def _bad(field: str, why: str) -> Rejected:
    return Rejected("analytics.bad_question", f"Invalid {field}: {why}.")
