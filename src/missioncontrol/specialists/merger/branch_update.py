"""Updates a branch of ours with the commits of its people: tested first, moved only when green.

People's commits come in as they are, so that they can take the branch in by a fast-forward later.
"""

from collections.abc import Callable, Sequence

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import push
from missioncontrol.refs.names import NAMESPACE
from missioncontrol.refs.push import value_of
from missioncontrol.specialists.commits.borrowed_repository import Lent, Theirs
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.merger.composing import as_attributed
from missioncontrol.specialists.merger.merge_request import OURS, Wanted
from missioncontrol.specialists.merger.merge_tests import Verified, refuse_untested, verified
from missioncontrol.specialists.merger.outcome import Outcome
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester.test_comparison import named

# Finds the commit with which a line of commits became red, by testing a few of them.

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


TRIES_MAX = 5
RED = f"{NAMESPACE}red/"
"""Below it: per branch of ours, the composition that failed when it was last tried."""

Write = Callable[[str, str], bool]
"""Moves the branch to a commit if it still names the other one; False where it does not."""


def updated(lent: Lent, what: Wanted, desk: Desk, write: Write) -> Outcome:
    """Give the branch the commits of `what.head` that it lacks, once their composition is green.

    Raises:
        AttemptFailed: `merger.red_branch`, `merger.untested`, `merger.outrun`, or as `verified`.
    """
    for number in range(1, TRIES_MAX + 1):
        tip = what.tip()
        if not tip:
            return _level(what, what.head, f"There is no branch {what.into} yet.")
        lacked = len(lent.text("rev-list", what.head, f"^{tip}").split())
        if not lacked and not red_line(what.theirs, what.into):
            return _level(what, tip, f"{what.into} has all commits of {what.head[:12]}.")
        # A branch that was red is tested again: what failed may have been the machine.
        commit = with_commits(lent, what.into, tip, what.head) if lacked else tip
        if not commit:
            return _clashing(what, tip, lacked)
        place = desk.scratch / f"update-{number}"
        found = verified(lent, commit, what.gate, desk, place)
        refuse_untested(found, what.gate)
        if found.failing:
            return _red(lent, what, (tip, commit), found, desk)
        if commit == tip:
            return _level(what, tip, f"{what.into} is green again.")
        if write(commit, tip):
            return _moved(what, (tip, commit), lacked, found)
        desk.log("warning", f"{what.into} was moved while its composition was tested")
    raise AttemptFailed(
        "merger.outrun",
        f"{what.into} was moved {TRIES_MAX} times while its composition was tested.",
        hint="Run it again when nothing else merges into it.",
    )


def with_commits(lent: Lent, into: str, tip: str, head: str) -> str:
    """Return a commit with all of both: `head` where that has the tip, else a merge; "" if none.

    There is none where the two conflict, or have no commit in common.
    """
    if not lent.text("rev-list", "-1", tip, f"^{head}"):
        return head
    if not lent.text("merge-base", tip, head, fine=(0, 1)):
        return ""
    as_attributed(lent, tip)
    asked = ("merge-tree", "--write-tree", "--name-only", "--no-messages", tip, head)
    lines = lent.text(*asked, fine=(0, 1)).split("\n")
    if lines[1:]:
        return ""
    return lent.made(lines[0], tip, f"Bring {into} up to {head[:12]}\n", head)


def red_ref(into: str) -> str:
    """Return the ref that names the failed composition of a branch of ours."""
    return f"{RED}{into.removeprefix(OURS)}"


def red_line(theirs: Theirs, into: str) -> str:
    """Return why a branch is stopped, as the commit below its red ref says; "" where it is not.

    A branch that has moved since was green when it did.
    """
    ref = red_ref(into)
    commit = theirs.commit(ref)
    if not commit or theirs.commit(f"{ref}^1") != theirs.commit(f"refs/heads/{into}"):
        return ""
    return theirs.git("log", "-1", "--format=%B", commit).decode("utf-8", "replace").strip()


def _level(what: Wanted, tip: str, message: str) -> Outcome:
    return Outcome("level", message, tip, message, tip)


def _clashing(what: Wanted, tip: str, lacked: int) -> Outcome:
    message = (
        f"{what.into} lacks {counted(lacked, 'commit')} of {what.head[:12]} and conflicts with "
        "them, so agents begin without them."
    )
    return Outcome("clashing", message, tip, message, tip)


def _moved(what: Wanted, move: tuple[str, str], lacked: int, found: Verified) -> Outcome:
    tip, commit = move
    commits = counted(lacked, "commit")
    message = f"{what.into} is {commit[:12]} now, with {commits} it lacked. {found.said}"
    return Outcome(
        "updated",
        message,
        tip,
        "",
        commit,
        commit != what.head,
        checks=found.told,
        evidence=found.evidence,
        files=found.files,
    )


def _red(lent: Lent, what: Wanted, move: tuple[str, str], found: Verified, desk: Desk) -> Outcome:
    """Stop the line, unless the step is to prepare for a change that mends it.

    Raises:
        AttemptFailed: `merger.red_branch`, `merger.not_written`.
    """
    tip, commit = move
    if commit == tip:
        stop = stopped_by(lent, what, tip, found, desk)
    else:
        candidates = lent.text("rev-list", "--first-parent", "--reverse", what.head, f"^{tip}")
        culprit = _culprit(lent, what, tip, candidates.split(), desk)
        message = f"{what.into} stays at {tip[:12]}: with {what.head[:12]} it would be red"
        stop = _stop(what, message, found, culprit)
    marked = _marked(lent, what, commit, tip, stop.reason)
    if not what.mend:
        raise stop
    return Outcome(
        "red",
        stop.reason,
        tip,
        stop.reason,
        marked,
        checks=found.told,
        evidence=found.evidence,
        files=found.files,
    )


def stopped_by(lent: Lent, what: Wanted, tip: str, found: Verified, desk: Desk) -> AttemptFailed:
    """Return the failure of a step that finds the branch itself red, and mark it so."""
    line = lent.text("rev-list", "--first-parent", "--reverse", f"-{COMMITS_MAX + 1}", tip).split()
    culprit = _culprit(lent, what, line[0], line[1:] or line, desk)
    message = f"{what.into} is red at {tip[:12]}, so nothing is merged on it"
    stop = _stop(what, message, found, culprit)
    _marked(lent, what, tip, tip, stop.reason)
    return stop


def _culprit(lent: Lent, what: Wanted, tip: str, candidates: Sequence[str], desk: Desk) -> Culprit:
    """Find the first of `candidates`, oldest first, whose composition with the branch fails."""

    def is_red(commit: str) -> bool | None:
        composed = with_commits(lent, what.into, tip, commit)
        try:
            # Halfway through, people's commits may conflict with the branch.
            place = desk.scratch / "bisection"
            return (
                bool(verified(lent, composed, what.gate, desk, place).failing) if composed else None
            )
        except AttemptFailed:
            return None

    return culprit_in(lent, tip, candidates, is_red, desk)


def _marked(lent: Lent, what: Wanted, commit: str, tip: str, reason: str) -> str:
    """Keep a failed composition below the red ref of its branch; return the commit there.

    Raises:
        AttemptFailed: `merger.not_written`.
    """
    message = f"{what.into} is red\n\n{reason}\n"
    more = () if commit == tip else (what.head,)
    stored = lent.made(lent.tree(commit), tip, message, *more)
    ref, theirs = red_ref(what.into), what.theirs.path
    try:
        push(theirs, lent.path, stored, ref, value_of(theirs, ref))
    except MissionControlError as error:
        # Another engine writes the same at the same moment, or the disk is full.
        code = "merger.not_written"
        raise AttemptFailed(code, error.reason, hint=error.hint) from error
    return stored


def _stop(what: Wanted, message: str, found: Verified, culprit: Culprit) -> AttemptFailed:
    return AttemptFailed(
        "merger.red_branch",
        f"{message}. {named(found.failing)} {culprit.said}",
        hint="Mend it on your own branch and commit that, or have a task mend it: "
        "`mission task run NUMBER --mend --agents …`. A failure that may stay is named in "
        "`known_failures` below [merge] of .mission/sop.toml; then `mission repo sync`.",
        retryable=False,
        detail={
            "into": what.into,
            "culprit": culprit.commit,
            "failing": [each.as_json() for each in found.failing[:20]],
        },
    )
