"""Of whom and of which days a summary tells, in words."""

from datetime import date

from missioncontrol.analytics.narrative import days_shown
from missioncontrol.analytics.questions import Did, Range, Segment

NO_BEHAVIORAL_CHANGES = (
    "What changed is not looked for: people who are chosen by what they did lately, or did not, "
    "do more or less of it lately whatever happens."
)
"""Who has not ordered for four weeks has ordered before at most: that is no fall of orders."""


def scope_of(
    range_: Range,
    last: date,
    segment: Segment,
    earlier: int,
    *,
    is_looked_for: bool = True,
    data_since: str = "",
) -> str:
    """Return what a summary is of; `last` is the last day that is over and asked for.

    `earlier` changes ended before the range. Changes of people who are chosen by deeds are not
    looked for. Where the days before are not all in the data, `data_since` is its first day.
    """
    if range_.since > last:
        text = "No day of these is over yet, and only days that are over are told of"
    else:
        days = days_shown(range_.since, min(range_.until, last))
        text = f"Key figures {days}"
        if is_looked_for:
            text += f"; changes up to {last.day} {last:%b}, on days that are over"
    text += f", {_whose(segment)}." if segment != Segment() else "."
    if data_since:
        first = date.fromisoformat(data_since)
        text += f" There is data since {first.day} {first:%b %Y}, so nothing is compared with"
        text += " the days before."
    if not is_looked_for:
        return f"{text} {NO_BEHAVIORAL_CHANGES}"
    if earlier:
        text += " What had ended before these days is left out."
    return text


def _whose(segment: Segment) -> str:
    said = [
        f"{each.property} {each.operator.replace('_', ' ')} {', '.join(each.values)}".strip()
        for each in segment.where
    ]
    said += [_deed(each) for each in segment.did]
    said += [f"cohort {each}" for each in segment.cohorts]
    return f"of the segment alone ({'; '.join(said)})"


def _deed(did: Did) -> str:
    """Return `people who did not order in 28 days`."""
    often = f" at least {did.at_least} times" if did.at_least > 1 else ""
    word = "did not do" if did.negated else "did"
    return f"people who {word} {did.pattern.event or 'anything'}{often} in {did.days} days"
