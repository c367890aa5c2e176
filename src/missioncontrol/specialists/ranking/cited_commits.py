"""Finds the commits that a goal speaks of, or that it goes on from, by what it says of them."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from missioncontrol.specialists.ranking.past import Past
from missioncontrol.specialists.ranking.terms import goal_stems, title

CITED_MAX = 3
FILES_MAX = 20
"""Files of a commit beyond which it does not tell which of them is meant."""
NEWEST = 10
"""Commits that a goal may go on from without naming them."""
SHARED_MIN = 3
"""Words that the titles of a goal and of a commit it goes on from have in common, at least; one
fewer will do for the newest commit."""
NAMED_SHIFT, CONTINUED_SHIFT = 2.5, 1.5
"""What the logarithm of the odds of a file gains that such a commit changed."""
_LAST = re.compile(r"(?i)\b(?:last|latest|previous|preceding|prior) (?:commit|change|pr)\b")
_ID = re.compile(r"(?<![\w/.#-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?![\w.-])")
_NUMBER = re.compile(
    r"(?i)\b(?:follow[- ]?ups?(?: (?:to|of|on|for|from))?|continues?|continuation of|after|since"
    r"|reverts?|undo(?:es)?|same as(?: in)?|as (?:was )?(?:done )?in|like in|introduced (?:in|by)"
    r"|broken (?:in|by)|caused by|regression (?:in|from|of)|amends?|completes?)"
    r" (?:the )?(?:pr |pull request |commit )?#(?P<number>\d+)"
)
_REVERT = re.compile(r"(?i)^revert(?:s|ed)?:?\s+[\"“'`]?(?P<subject>[^\n\"”'`]{8,})")
_GOES_ON = re.compile(
    r"(?i)\b(?:extend(?:s|ed)?|also|too|as well|further|remaining|the rest of|follow[- ]?up"
    r"|continu(?:e|es|ed|ing)|in addition)\b"
)


class Cited(msgspec.Struct, frozen=True):
    """A commit that a goal speaks of."""

    place: int  # among the changes of the past
    is_named: bool  # rather than one that the goal only goes on from

    @property
    def shift(self) -> float:
        """What its files gain."""
        return NAMED_SHIFT if self.is_named else CONTINUED_SHIFT


def cited(past: Past, goal: str) -> list[Cited]:
    """Return the commits that `goal` names, at most `CITED_MAX`, or else the one it goes on from.

    A commit is named by its id, by the number of its pull request behind a word such as
    “follow-up to”, as “the last commit”, or by the subject that is reverted.
    """
    named = list(dict.fromkeys(_named(past, goal)))[:CITED_MAX]
    return [Cited(place, is_named=True) for place in named] or _continued(past, goal)


def shifts(past: Past, found: list[Cited]) -> Mapping[int, float]:
    """Return, for each file that such a commit changed, what the logarithm of its odds gains."""
    gains: dict[int, float] = {}
    for each in found:
        files = past.files[each.place]
        for number in files if len(files) <= FILES_MAX else ():
            gains[number] = max(gains.get(number, 0.0), each.shift)
    return gains


def _named(past: Past, goal: str) -> Iterator[int]:
    if _LAST.search(goal) and past.changes:
        yield 0
    for match in _ID.finditer(goal):
        yield from (n for n, each in enumerate(past.changes) if each.id.startswith(match.group()))
    for match in _NUMBER.finditer(goal):
        mark = re.compile(rf"#{match['number']}\b")
        titles = (title(each.message) for each in past.changes)
        yield from (n for n, line in enumerate(titles) if mark.search(line))
    if reverted := _REVERT.match(goal):
        subject = reverted["subject"].strip().rstrip(".").lower()
        for n, each in enumerate(past.changes):
            if title(each.message).lower().startswith(subject):
                yield n
                return


def _continued(past: Past, goal: str) -> list[Cited]:
    """Return the new commit about the same thing, where the goal says that it goes on."""
    subject = title(goal)
    if not _GOES_ON.search(subject):
        return []
    terms = goal_stems(_GOES_ON.sub(" ", subject)).keys()
    shared = [
        (len(terms & goal_stems(title(each.message)).keys()), -place)
        for place, each in enumerate(past.changes[:NEWEST])
        if past.files[place]
    ]
    count, place = max(shared, default=(0, 0))
    is_enough = count >= SHARED_MIN - (place == 0)
    return [Cited(-place, is_named=False)] if is_enough else []
