"""Whom a change of events touches: people are counted once over all of its days, not day by day."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.detecting.deriving import derived
from missioncontrol.analytics.detecting.detect import Change
from missioncontrol.analytics.detecting.finding import Figure, Finding, Place
from missioncontrol.analytics.detecting.reading import value
from missioncontrol.analytics.questions import AnyQuestion, Range, Trend, digest

WHOLE = Place(line="P")


def people_asked(finding: Finding) -> Trend | None:
    """Return the question of how many had an event; None where people are counted already.

    It is of the days of the change; where there are fewer events than usual, of as many of the same
    weekdays just before.
    """
    question, line = finding.question, finding.observed.place.line
    if finding.unit != "events" or not isinstance(question, Trend):
        return None
    series = next(each for each in question.series if each.key == line)
    people = msgspec.structs.replace(series, count="people", key=WHOLE.line)
    weeks = timedelta(days=-(-((finding.until - finding.since).days + 1) // 7) * 7)
    before = weeks if finding.is_down else timedelta()
    days = Range(finding.since - before, finding.until - before)
    return msgspec.structs.replace(question, range=days, series=(people,), by="day")


def reached(change: Change, answers: Mapping[str, AnyAnswer]) -> Change:
    """Return a change with the people it is likely to touch, where they had to be asked for.

    Of those who had the event, as large a part as of the events is missing or too many.
    """
    finding = change.finding
    asked = people_asked(finding)
    answer = answers.get(digest(asked)) if asked is not None else None
    if asked is None or answer is None:
        return change
    question: AnyQuestion = asked
    people = Figure(value(answer, WHOLE) or 0.0, "people", question, WHOLE)
    touched = derived("affected", "people", finding.observed, finding.expected, people)
    return change if touched is None else change.touching(touched)
