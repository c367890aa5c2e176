"""The people and days that a summary covers, in words."""

from datetime import date

from missioncontrol.analytics.narrative import days_shown
from missioncontrol.analytics.questions import Did, Range, Segment

# The digest of a summary covers these texts: other words would detach stored digests from it.
NO_BEHAVIORAL_CHANGES = (
    "What changed is not looked for: people who are chosen by what they did lately, or did not, "
    "do more or less of it lately whatever happens."
)
"""People without an order for four weeks can only have ordered before: that is not a fall."""


def scope_of(
    range_: Range,
    last: date,
    segment: Segment,
    earlier: int,
    *,
    is_looked_for: bool = True,
    data_since: str = "",
) -> str:
    """Return the scope of a summary in words.

    Args:
        range_: the range of the question.
        last: its last complete day.
        segment: the people and events that count.
        earlier: number of changes that ended before the range.
        is_looked_for: whether changes are detected, which behavioral segments do not allow.
        data_since: first day of the data, where a comparison would need earlier days.
    """
    if range_.since > last:
        text = "No day of these is over yet, and only days that are over are reported"
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
    parts = [
        f"{each.property} {each.operator.replace('_', ' ')} {', '.join(each.values)}".strip()
        for each in segment.where
    ]
    parts += [_deed(each) for each in segment.did]
    parts += [f"cohort {each}" for each in segment.cohorts]
    return f"of the segment alone ({'; '.join(parts)})"


def _deed(did: Did) -> str:
    """Return `people who did not order in 28 days`."""
    often = f" at least {did.at_least} times" if did.at_least > 1 else ""
    word = "did not do" if did.negated else "did"
    return f"people who {word} {did.pattern.event or 'anything'}{often} in {did.days} days"
