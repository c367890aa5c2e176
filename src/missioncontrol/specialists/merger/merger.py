"""The merger: puts a change on top of a branch of ours, if it fits and breaks nothing there."""

import time

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import push
from missioncontrol.specialists.commits.lent import Lent
from missioncontrol.specialists.merger import outcome
from missioncontrol.specialists.merger.branch_update import stopped_by, updated, with_commits
from missioncontrol.specialists.merger.composing import Clashing, Composed, Same, Straying, composed
from missioncontrol.specialists.merger.ending import Outcome
from missioncontrol.specialists.merger.outcome import handed_in
from missioncontrol.specialists.merger.proving import Proved, proved
from missioncontrol.specialists.merger.rigging import rigged
from missioncontrol.specialists.merger.trailers import merged_before
from missioncontrol.specialists.merger.wanted import Wanted, refuse_checked_out, wanted
from missioncontrol.specialists.specialist import Brief, Desk

TRIES_MAX = 5
"""How often a change is composed again because another push was faster."""

WRITES_MAX = 8
WRITE_SECONDS = 0.25
"""Two who write at the same moment hold each other up by a lock that lasts milliseconds."""


class Merger:
    """Composes and tests in a repository of its own; the user's gets one commit, or nothing."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Merge a change, or bring the branch up to its people's commits where there is none.

        Raises:
            AttemptFailed: as `wanted`, `proved` and `updated`; `merger.red_branch`,
                `merger.not_written`, `merger.failed`.
        """
        what = wanted(brief)
        try:
            lent = Lent(what.theirs, desk.scratch / "lent.git")
            if what.head and not what.commit:
                found = updated(lent, what, desk, lambda new, tip: _written(lent, what, new, tip))
            else:
                found = _merged(lent, what, desk)
        except Unavailable as error:
            # Such as objects that were pruned meanwhile; the branch is as it was.
            raise AttemptFailed("merger.failed", error.reason, hint=error.hint) from error
        is_well = found.state in ("merged", "updated", "level")
        desk.log("success" if is_well else "warning", found.said)
        return handed_in(lent, what, found, desk)


def _merged(lent: Lent, what: Wanted, desk: Desk) -> Outcome:
    if not what.commit:
        return outcome.unchanged(what, what.tip() or what.base)
    for number in range(1, TRIES_MAX + 1):
        tip = what.tip()
        if tip and (before := merged_before(lent, what, tip)):
            return outcome.already(lent, what, before)
        if edited := what.departed():
            return outcome.departed(what, tip or what.base, edited)
        found = composed(lent, what, tip or what.base, _ground(lent, what, tip))
        if not isinstance(found, Composed):
            return _unfit(what, found)
        desk.log("info", f"composed {found.commit[:12]} on {found.onto[:12]}")
        place = desk.scratch / f"try-{number}"
        proof = proved(lent, found.commit, found.ground, what.gate, desk, place)
        if proof.standing != "green":
            return _refused(lent, what, found, proof, desk)
        if refused := rigged(lent, what, found, desk, place):
            return outcome.rigged(what, found, proof, refused)
        # Tests take their time, in which people write. Where the branch moves is where it counts.
        if edited := what.departed():
            return outcome.departed(what, found.onto, edited)
        if _written(lent, what, found.commit, tip):
            return outcome.merged(what, found, proof)
        desk.log("warning", f"{what.into} has gone on meanwhile")
    return outcome.outrun(what, found.onto, TRIES_MAX)


def _refused(lent: Lent, what: Wanted, found: Composed, proof: Proved, desk: Desk) -> Outcome:
    if proof.standing == "broken":
        return outcome.breaking(what, found, proof)
    if what.mend:
        return outcome.still_red(what, found, proof)
    raise stopped_by(lent, what, found.onto, proof.now, desk)


def _ground(lent: Lent, what: Wanted, tip: str) -> str:
    """Return the branch with the commits of people that it is to have; "" for the branch itself.

    Raises:
        AttemptFailed: `merger.outrun`.
    """
    if not what.head or not tip or not lent.text("rev-list", "-1", what.head, f"^{tip}"):
        return ""
    ground = with_commits(lent, what.into, tip, what.head)
    if not ground:
        reason = f"{what.into} was moved, and conflicts with {what.head[:12]} by now."
        raise AttemptFailed("merger.outrun", reason, hint="Run it again.", retryable=False)
    return ground


def _unfit(what: Wanted, found: Same | Clashing | Straying) -> Outcome:
    match found:
        case Same():
            return outcome.same(what, found)
        case Clashing():
            return outcome.clashing(what, found)
        case Straying():
            return outcome.straying(what, found)


def _written(lent: Lent, what: Wanted, commit: str, tip: str) -> bool:
    """Set the branch to the commit, if it still names `tip`; False if another push was faster.

    Raises:
        AttemptFailed: `merger.not_written`, `merger.checked_out`.
    """
    for left in reversed(range(WRITES_MAX)):
        try:
            push(what.theirs.path, lent.path, commit, what.ref, tip)
        except Conflict:
            return False
        except Rejected as error:
            refuse_checked_out(what.theirs, what.into)
            raise _not_written(error, is_retryable=False) from error
        except Unavailable as error:
            if not left:
                raise _not_written(error, is_retryable=True) from error
            time.sleep(WRITE_SECONDS)
        else:
            return True
    return False


def _not_written(error: Rejected | Unavailable, *, is_retryable: bool) -> AttemptFailed:
    hint = error.hint or (
        "Look at the reason: a disk that is full, a branch with the name of a directory, or a "
        "`.lock` file that a killed git has left beside the branch."
    )
    return AttemptFailed("merger.not_written", error.reason, hint=hint, retryable=is_retryable)
