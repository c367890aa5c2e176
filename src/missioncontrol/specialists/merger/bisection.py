"""Finds the commit with which a line of commits became red, by testing a few of them."""

from collections.abc import Callable, Sequence

import msgspec

from missioncontrol.specialists.commits.lent import Lent
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.specialist import Desk

COMMITS_MAX = 64
"""Newest commits among which is searched, so that six or seven test runs find one."""

SECONDS_MIN = 30.0
"""Time that has to be left for one more test run."""


class Culprit(msgspec.Struct, frozen=True):
    """The commit that broke a line, as far as it was found."""

    said: str  # in a sentence
    commit: str = ""  # "" where it is not known


def culprit_in(
    lent: Lent,
    green: str,
    candidates: Sequence[str],
    is_red: Callable[[str], bool | None],
    desk: Desk,
) -> Culprit:
    """Return the first red one of `candidates`, oldest first, of which the last one is red.

    `green` is the commit before them, which is tested only where the first candidate is red;
    `is_red` answers None of a commit that can't be tested.
    """
    left_out = max(0, len(candidates) - COMMITS_MAX)
    line = list(candidates[-COMMITS_MAX:])
    low, high = 0, len(line) - 1  # The first red commit is among these.
    while low < high:
        if desk.seconds_left() < SECONDS_MIN:
            return _among(lent, line[low : high + 1], left_out)
        middle = (low + high) // 2
        desk.log("info", f"looking whether {line[middle][:12]} is red already")
        red = is_red(line[middle])
        if red is None:
            line.pop(middle)
            high -= 1
        elif red:
            high = middle
        else:
            low = middle + 1
    if high == 0 and (left_out or (desk.seconds_left() >= SECONDS_MIN and is_red(green))):
        before = line[0] if left_out else green
        return Culprit(f"It was red at {before[:12]} already.")
    return Culprit(f"Commit {_shown(lent, line[high])} broke it.", line[high])


def _among(lent: Lent, line: Sequence[str], left_out: int) -> Culprit:
    more = " or one before them" if left_out else ""
    count = counted(len(line), "commit")
    return Culprit(
        f"One of {count} broke it{more}, up to {_shown(lent, line[-1])}; "
        "there was no time to find out which."
    )


def _shown(lent: Lent, commit: str) -> str:
    subject = lent.text("log", "-1", "--format=“%s” by %an", commit)
    return f"{commit[:12]} {subject}"
