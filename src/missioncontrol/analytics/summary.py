"""The executive summary: what changed, why it matters, what to do, and what to ask.

It uses findings and key figures of complete days only. Lists stay short, so that each item counts.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import msgspec

from missioncontrol.analytics.detection.findings import Finding, Slice, derived
from missioncontrol.analytics.emptiness import NOT_EMPTY, Emptiness, has_no_starts
from missioncontrol.analytics.kpis import Key, Kpi
from missioncontrol.analytics.narrative import (
    THIN,
    Sentence,
    changed,
    days_shown,
    explained,
    lowered,
    movement,
    plain,
    shown,
    slice_shown,
    subject,
    touched,
    when,
    worked_out,
)
from missioncontrol.analytics.questions import Breakdown, Funnel, Trend
from missioncontrol.domain.alert import WEIGHT, Part, Quoted

CHANGED_MAX = 4
MATTERS_MAX = 3
ACTIONS_MAX = 3
QUESTIONS_MAX = 3
NOTABLE = 0.05
"""A key figure with a smaller change counts as unchanged."""

TIMES_MAX = 3.0
"""A larger rise shows both values instead, because 4 000 % is hard to picture."""

NOT_OVER = "No day of these is over yet"
NOT_COUNTED = "Nothing was counted on these days"

FAMILY: dict[Key, str] = {
    "activated_users": "conversion",
    "activation_rate": "conversion",
    "dau": "active",
    "wau": "active",
}
"""The kind of finding that covers the same as a key figure."""

PARTS = {
    "changed": "What changed",
    "matters": "Why it matters",
    "actions": "Suggested actions",
    "questions": "Questions to investigate",
}
"""The lists of a summary, with their headings."""


class Point(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a summary, and where it leads."""

    text: str
    figures: tuple[Quoted, ...] = ()
    leads: Literal["", "question", "mission"] = ""
    question: dict[str, Any] = {}  # the question, where it leads to one
    metric: str = ""  # of its finding
    since: str = ""  # first day of the finding, which with the metric identifies the alert
    is_down: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The executive summary of a product."""

    verdict: Sentence
    changed: tuple[Point, ...]
    matters: tuple[Point, ...]
    actions: tuple[Point, ...]
    questions: tuple[Point, ...]
    product: str
    as_of: str
    definition: str
    scope: str = ""  # the people and days that it covers, in a sentence
    updated: str = ""  # when its findings were computed
    written_by: str = ""  # the model that wrote it; "" where rules did
    not_written: str = ""  # why a model's text was refused
    facts: str = ""  # digest of its facts, see `facts.digest_of`
    is_looked_for: bool = True  # whether changes are detected, see `scope.NO_BEHAVIORAL_CHANGES`
    is_looking: bool = False  # whether findings are still being computed
    hint: str = ""  # how to fix the question or the setup, where figures are missing for it


def summary(
    product: str,
    findings: Sequence[Finding],
    kpis: Sequence[Kpi],
    *,
    as_of: str,
    definition: str,
    scope: str = "",
    updated: str = "",
    empty: Emptiness = NOT_EMPTY,
    is_looked_for: bool = True,
    is_past: bool = False,
) -> Summary:
    """Return the summary of findings and key figures, the gravest finding first.

    Args:
        product: its id.
        findings: the changes in the range.
        kpis: the key figures of the range.
        as_of: the end of the last day that counts.
        definition: the stamp of the detection.
        scope: the covered people and days.
        updated: when the findings were computed.
        empty: why no person started the activation, if so; its fact becomes the headline.
        is_looked_for: whether changes were detected; else the text claims nothing.
        is_past: whether the range ends before the last complete day, so that no change "lasts".
    """
    if is_past:
        findings = [msgspec.structs.replace(each, is_ongoing=False) for each in findings]
    ranked = sorted(findings, key=lambda each: (-WEIGHT[each.severity], -each.impact, each.metric))
    grave = [each for each in ranked if each.severity != "info"]
    selected = grave or ranked
    return Summary(
        verdict=_verdict(selected, kpis, empty, is_looked_for=is_looked_for),
        changed=(*_changes(selected), *_moves(kpis, selected))[:CHANGED_MAX],
        matters=_matters(selected)[:MATTERS_MAX],
        actions=tuple(_action(each) for each in selected if each.is_good is not True)[:ACTIONS_MAX],
        questions=tuple(_question(each) for each in selected)[:QUESTIONS_MAX],
        product=product,
        as_of=as_of,
        definition=definition,
        scope=scope,
        updated=updated,
        is_looked_for=is_looked_for,
        hint=empty.hint,
    )


def _verdict(
    selected: Sequence[Finding], kpis: Sequence[Kpi], empty: Emptiness, *, is_looked_for: bool
) -> Sentence:
    if not selected:
        calm = "Nothing stands out" if is_looked_for else "Key figures alone"
        if has_no_starts(kpis) and not empty.hint:
            calm = "No activation started"
        return Sentence(empty.fact) if empty.fact else _quiet_sentence(kpis, calm)
    first = selected[0]
    by = _by(first)
    still = " and has not come back" if first.is_down and first.is_ongoing else ""
    others = len(selected) - 1
    rest = "another change stands out" if others == 1 else "further changes stand out"
    more = f", and {rest}" if others else ""
    return Sentence(f"{subject(first)} {by.text}{still}{more}", by.figures)


def _by(finding: Finding) -> Sentence:
    """Return the relative change with its days, or both values where it is large."""
    verb = "fell" if finding.is_down else "rose"
    effect = derived("change", "share", finding.observed, finding.expected)
    if effect is None or abs(effect.value) > TIMES_MAX:
        return movement(finding)
    by = worked_out(shown(abs(effect.value), "share"), effect)
    return Sentence(f"{verb} by {by.shown} {when(finding)}", (by,))


def _quiet_sentence(kpis: Sequence[Kpi], calm: str) -> Sentence:
    if not kpis:
        return Sentence(NOT_OVER)
    known = [each for each in kpis if each.value is not None]
    if not any(each.value or each.before for each in known):
        return Sentence(NOT_COUNTED)
    if moved := _moved(known):
        return _move(moved[0])
    # Zero activated of zero people says nothing, so active people are stated instead.
    is_idle = has_no_starts(kpis)
    telling = [each for each in known if not is_idle or each.key != "activated_users"]
    first = next((each for each in telling if each.value or each.before), telling[0])
    assert first.value is not None
    number = _of_kpi(first, first.value)
    figures = [number]
    against = ""
    if first.change is not None:
        change = _change(first)
        against = f", {change.shown} against {first.against}"
        figures.append(change)
    return Sentence(f"{calm}: {lowered(first.title)} {number.shown}{against}", tuple(figures))


def _changes(findings: Sequence[Finding]) -> list[Point]:
    return [_point(changed(each), each) for each in findings]


def _moves(kpis: Sequence[Kpi], findings: Sequence[Finding]) -> list[Point]:
    """Return the key figures that changed, largest first, without those that a finding covers.

    A finding compares with the expectation, a key figure with the days before: the two may
    contradict each other, and the finding is more precise.
    """
    found = {each.metric.partition(".")[0] for each in findings}
    moved = [each for each in _moved(kpis) if FAMILY[each.key] not in found]
    return [
        Point(f"{text.text}.", text.figures, leads="question", question=each.asked)
        for each, text in ((each, _move(each)) for each in moved)
    ]


def _moved(kpis: Sequence[Kpi]) -> list[Kpi]:
    """Return the key figures that changed by at least `NOTABLE`, largest change first."""
    moved = [
        each
        for each in kpis
        if each.value is not None and each.change is not None and abs(each.change) >= NOTABLE
    ]
    return sorted(moved, key=lambda one: (-abs(one.change or 0.0), one.key))


def _move(kpi: Kpi) -> Sentence:
    """Return `DAU rose by 9.4 % to 1 552 against the week before`."""
    assert kpi.value is not None
    assert kpi.change is not None
    number, change = _of_kpi(kpi, kpi.value), _change(kpi)
    by = msgspec.structs.replace(change, shown=shown(abs(kpi.change), "share"))
    verb = "fell" if kpi.change < 0 else "rose"
    text = f"{kpi.title} {verb} by {by.shown} to {number.shown} against {kpi.against}"
    return Sentence(text, (by, number))


def _matters(findings: Sequence[Finding]) -> tuple[Point, ...]:
    points = []
    for each in findings:
        for sentence in (touched(each), explained(each)):
            if sentence.text:
                about = f"{each.title}: " if len(findings) > 1 else ""
                text = about + lowered(sentence.text) if about else sentence.text
                points.append(_point(Sentence(text, sentence.figures), each))
    return tuple(points)


def _action(finding: Finding) -> Point:
    """Return a suggested action: a mission for errors, a comparison for other changes."""
    kind, _, name = finding.metric.partition(".")
    slice_ = _explaining(finding)
    whom = f" of {slice_shown(slice_)}" if slice_ else ""
    if kind == "events" and not finding.is_down:
        does = "does" if finding.is_ongoing else "did"
        text = f"Begin a mission on {name}{whom}: what it {does} differently {when(finding)}."
        return _point(Sentence(text), finding, leads="mission")
    question = finding.question
    if slice_ is not None and isinstance(question, Funnel | Trend):
        by = Breakdown(slice_.property, slice_.of)
        question = msgspec.structs.replace(question, breakdown=by)
    days = f"before and {when(finding)}"
    if not finding.is_ongoing:
        days = f"{when(finding)} with the days before"
    text = f"Compare {lowered(finding.title)}{whom} {days}."
    return _point(Sentence(text), finding, leads="question", question=plain(question))


def _question(finding: Finding) -> Point:
    """Return a question that the figures can't answer."""
    kind, _, name = finding.metric.partition(".")
    slice_ = _explaining(finding)
    whom = f" with {slice_shown(slice_)}" if slice_ else ""
    since, about = _day(finding.since), lowered(finding.title)
    match kind:
        case "conversion":
            do = "do" if finding.is_ongoing else "did"
            text = f"What {do} people{whom} meet before {name} that they did not before {since}?"
        case "retention":
            began = days_shown(finding.since, finding.until)
            text = f"What was different for people{whom} who began {began}?"
        case _ if finding.is_good is True:
            lasts = ", and will it last" if finding.is_ongoing else ""
            text = f"What brought about {about}{whom} on {since}{lasts}?"
        case _:
            moved = "fell" if finding.is_down else "rose"
            text = f"What changed for people{whom} on {since}, when {about} {moved}?"
    return _point(Sentence(text), finding)


def _point(sentence: Sentence, finding: Finding, **more: Any) -> Point:
    return Point(
        sentence.text,
        sentence.figures,
        metric=finding.metric,
        since=finding.since.isoformat(),
        is_down=finding.is_down,
        **more,
    )


def _explaining(finding: Finding) -> Slice | None:
    return next((each for each in finding.slices if each.explains), None)


def _of_kpi(kpi: Kpi, value: float) -> Quoted:
    cell = plain(kpi.cell) if kpi.cell is not None else {}
    return Quoted(shown(value, kpi.unit), value, kpi.asked, kpi.place, cell, kpi.as_of)


def _change(kpi: Kpi) -> Quoted:
    assert kpi.change is not None
    sign = "\N{MINUS SIGN}" if kpi.change < 0 else "+"
    parts = (
        Part(kpi.asked, kpi.place, kpi.as_of),
        Part(kpi.asked_before, kpi.place_before, kpi.as_of_before),
    )
    text = sign + shown(abs(kpi.change), "share")
    return Quoted(text, kpi.change, kpi.asked, kpi.place, formula="change", parts=parts)


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


NOTHING = "Nothing."
_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>#|~"})


def markdown(summary: Summary, name: str) -> str:
    """Return a summary of the product `name` as Markdown."""
    lines = [f"# {_plain(name)}: {_plain(summary.verdict.text)}", ""]
    for part, title in PARTS.items():
        lines += [f"## {title}", ""]
        lines += [f"- {_plain(point.text)}" for point in getattr(summary, part)] or [NOTHING]
        lines.append("")
    if summary.hint:
        lines += [f"To set up: {_plain(summary.hint)}.", ""]
    by = f"Written by {summary.written_by} from the same figures" if summary.written_by else ""
    by = by or "Made of the figures by rule"
    lines.append(f"{_plain(summary.scope)} {_plain(by)}, by the definition {summary.definition}.")
    return "\n".join(lines).replace(THIN, " ") + "\n"


def _plain(text: str) -> str:
    """Return escaped text, because names come from outside and may hold Markdown."""
    return " ".join(text.split()).translate(_SPECIAL)
