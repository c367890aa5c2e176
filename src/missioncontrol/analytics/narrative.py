"""A change in words: one or two sentences whose every number names its question.

The words depend on the finding alone, so the same finding reads the same. They state a cause only
where a slice explains the change.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from missioncontrol.analytics.detection.findings import (
    Derived,
    Figure,
    Finding,
    Slice,
    Unit,
    at_most_all,
)
from missioncontrol.domain.alert import Part, Quoted, Reading

THIN = "\u2009"
READINGS = {"people": "people", "events": "times", "share": ""}


class Sentence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text with the figures that it quotes."""

    text: str
    figures: tuple[Quoted, ...] = ()


def shown(value: float, unit: Unit) -> str:
    """Return a formatted number: `41.8 %`, `3 204`, and a mean below a hundred as `5.7`."""
    if unit == "share":
        return f"{value * 100:.1f} %"
    decimals = 1 if value < 100 and round(value, 1) % 1 else 0
    return f"{value:,.{decimals}f}".replace(",", THIN)


def days_shown(since: date, until: date) -> str:
    """Return `on 11 Nov`, `between 3 and 11 Nov` or `between 28 Oct and 11 Nov`.

    Days of different years have their years.
    """
    if since == until:
        return f"on {_day(until)}"
    if (since.year, since.month) == (until.year, until.month):
        return f"between {since.day} and {_day(until)}"
    if since.year != until.year:
        return f"between {_day(since)} {since.year} and {_day(until)} {until.year}"
    return f"between {_day(since)} and {_day(until)}"


def when(finding: Finding) -> str:
    """Return `since 3 Nov` for a change that lasts, and the days of one that is over."""
    if finding.is_ongoing:
        return f"since {_day(finding.since)}"
    return days_shown(finding.since, finding.until)


def quoted(figure: Figure) -> Quoted:
    """Return a figure in its quoted form."""
    return Quoted(
        shown(figure.value, figure.unit),
        figure.value,
        plain(figure.question),
        plain(figure.place),
        plain(figure.cell) if figure.cell is not None else {},
    )


def worked_out(shown_as: str, derived: Derived) -> Quoted:
    """Return a derived number in its quoted form, with the figures that it comes from."""
    parts = tuple(Part(plain(each.question), plain(each.place)) for each in derived.parts)
    first = parts[0]
    return Quoted(
        shown_as,
        derived.value,
        first.question,
        first.place,
        formula=derived.formula,
        parts=parts,
    )


def plain(value: Any) -> Any:
    """Return a value in its JSON form, so that it equals the value after storage."""
    return msgspec.json.decode(msgspec.json.encode(value))


def subject(finding: Finding) -> str:
    """Return the subject of the sentence about a change."""
    return f"{finding.title}," if "," in finding.title else finding.title


def lowered(text: str) -> str:
    """Return words in lower case for use within a sentence, except for abbreviations."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def describe(finding: Finding) -> Sentence:
    """Return the change, the expectation, the affected people and the explaining slice."""
    parts = [changed(finding), expected(finding), touched(finding), explained(finding)]
    return joined([each for each in parts if each.text])


def changed(finding: Finding) -> Sentence:
    """Return a sentence with the change, its values and its days."""
    moved = movement(finding)
    return Sentence(f"{subject(finding)} {moved.text}.", moved.figures)


def movement(finding: Finding) -> Sentence:
    """Return the movement between two values with its days; of a sum, against the expectation.

    An expected sum of days was never observed, so nothing "rose from" it.
    """
    before, now = quoted(finding.expected), quoted(finding.observed)
    verb = "fell" if finding.is_down else "rose"
    if finding.unit == "share" or finding.observed.place.aggregate != "sum":
        text = f"{verb} from {before.shown} to {now.shown} {when(finding)}"
        return Sentence(text, (before, now))
    days = days_shown(finding.since, finding.until)
    return Sentence(f"{verb} to {now.shown} {days}, {awaited(before.shown)}", (now, before))


def awaited(number: str) -> str:
    """Return `where 772 were expected`."""
    return f"where {number} {'was' if number == '1' else 'were'} expected"


def expected(finding: Finding) -> Sentence:
    """Return the expected range."""
    low, high = quoted(finding.low), quoted(finding.high)
    if low.shown == high.shown:
        return Sentence(f"Expected was {low.shown}.", (low,))
    return Sentence(f"Expected was {low.shown} to {high.shown}.", (low, high))


def touched(finding: Finding) -> Sentence:
    """Return how many people the change is likely to affect."""
    people = round(finding.impact)
    if people < 1 or finding.touched is None:
        return Sentence("")
    number = worked_out(shown(people, "people"), finding.touched)
    noun = "person" if people == 1 else "people"
    if finding.unit == "people":
        # A person who stays away for a week is missing on each of its days.
        return Sentence(f"It comes to {number.shown} {noun} a day.", (number,))
    return Sentence(f"It is likely to touch {number.shown} {noun}.", (number,))


def explained(finding: Finding) -> Sentence:
    """Return the slice that explains most of the change, where there is one."""
    found = next((each for each in finding.slices if each.explains), None)
    if found is None:
        return Sentence("")
    number = _part(found)
    direction = "fall" if finding.is_down else "rise"
    name = slice_shown(found)
    return Sentence(
        f"{name[:1].upper()}{name[1:]} explains {number.shown} of the {direction}.", (number,)
    )


def slice_shown(found: Slice) -> str:
    """Return `platform ios`, or `no platform`."""
    return f"{found.property} {found.value}" if found.value else f"no {found.property}"


def joined(parts: Sequence[Sentence]) -> Sentence:
    """Return sentences joined into one text."""
    return Sentence(
        " ".join(each.text for each in parts),
        tuple(figure for each in parts for figure in each.figures),
    )


def reading(finding: Finding) -> Reading:
    """Return a finding in the form that an alert stores."""
    words = describe(finding)
    slices = [each for each in finding.slices if each.explains]
    return Reading(
        metric=finding.metric,
        title=finding.title,
        unit=finding.unit,
        severity=finding.severity,
        since=finding.since,
        until=finding.until,
        is_ongoing=finding.is_ongoing,
        is_down=finding.is_down,
        is_good=finding.is_good,
        observed=finding.observed.value,
        expected=finding.expected.value,
        low=finding.low.value,
        high=finding.high.value,
        impact=finding.impact,
        text=words.text,
        figures=(*words.figures, *(_part(each) for each in slices[1:])),
        slices=tuple(f"{slice_shown(each)}: {_part(each).shown}" for each in slices),
        question=plain(finding.question),
        definition=finding.definition,
        as_of=finding.as_of,
    )


def _part(found: Slice) -> Quoted:
    """Return a slice's part of a change in its quoted form."""
    share = at_most_all(found.share)
    part = Derived(share, "share", "contribution", (found.now, found.before))
    return worked_out(shown(share, "share"), part)


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
