"""Of whom and of which days a summary tells, in words."""

from datetime import date

from missioncontrol.analytics.narrative import days_shown
from missioncontrol.analytics.questions import Range, Segment


def scope_of(range_: Range, last: date, segment: Segment, earlier: int) -> str:
    """Return what a summary is of; `last` is the last day that is over and asked for.

    `earlier` changes ended before the range.
    """
    if range_.since > last:
        text = "No day of these is over yet, and only days that are over are told of"
    else:
        days = days_shown(range_.since, min(range_.until, last))
        text = f"Key figures {days}; changes up to {last.day} {last:%b}, on days that are over"
    text += f", {_whose(segment)}." if segment != Segment() else "."
    if earlier:
        text += " What had ended before these days is left out."
    return text


def _whose(segment: Segment) -> str:
    said = [
        f"{each.property} {each.operator.replace('_', ' ')} {', '.join(each.values)}".strip()
        for each in segment.where
    ]
    said += [
        f"{'not ' if each.negated else ''}{each.pattern.event or 'anything'} at least "
        f"{each.at_least} times in {each.days} days"
        for each in segment.did
    ]
    said += [f"cohort {each}" for each in segment.cohorts]
    return f"of the segment alone ({'; '.join(said)})"
