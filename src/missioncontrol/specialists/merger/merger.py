"""The merger: puts a change on top of a branch of ours, if it fits and breaks nothing there."""

import time

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import push
from missioncontrol.specialists.commits.lent import Lent
from missioncontrol.specialists.merger import outcome
from missioncontrol.specialists.merger.composing import Clashing, Composed, Same, Straying, composed
from missioncontrol.specialists.merger.ending import Outcome
from missioncontrol.specialists.merger.outcome import handed_in
from missioncontrol.specialists.merger.proving import proved
from missioncontrol.specialists.merger.trailers import merged_before
from missioncontrol.specialists.merger.wanted import Wanted, refuse_checked_out, wanted
from missioncontrol.specialists.specialist import Brief, Desk

TRIES_MAX = 5
"""How often a change is composed anew because somebody else was faster."""

WRITES_MAX = 8
WRITE_SECONDS = 0.25
"""Two who write at the same moment hold each other up by a lock that lasts milliseconds."""


class Merger:
    """Composes and tests in a repository of its own; the user's gets one commit, or nothing."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Merge, or say why not.

        Raises:
            AttemptFailed: as `wanted` and `proved`; `merger.not_written`, `merger.failed`.
        """
        what = wanted(brief)
        try:
            lent = Lent(what.theirs, desk.scratch / "lent.git")
            found = _merged(lent, what, desk)
        except Unavailable as error:
            # Such as objects that somebody has pruned meanwhile; the branch is as it was.
            raise AttemptFailed("merger.failed", error.reason, hint=error.hint) from error
        desk.log("success" if found.state == "merged" else "warning", found.said)
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
        found = composed(lent, what, tip or what.base)
        if not isinstance(found, Composed):
            return _unfit(what, found)
        desk.log("info", f"composed {found.commit[:12]} on {found.onto[:12]}")
        place = desk.scratch / f"try-{number}"
        proof = proved(lent, found.commit, found.onto, what.checks, desk, place)
        if proof.broken:
            return outcome.breaking(what, found, proof)
        # Tests take their time, in which people write. Where the branch moves is where it counts.
        if edited := what.departed():
            return outcome.departed(what, found.onto, edited)
        if _written(lent, what, found, tip):
            return outcome.merged(what, found, proof)
        desk.log("warning", f"{what.into} has gone on meanwhile")
    return outcome.outrun(what, found.onto, TRIES_MAX)


def _unfit(what: Wanted, found: Same | Clashing | Straying) -> Outcome:
    match found:
        case Same():
            return outcome.same(what, found)
        case Clashing():
            return outcome.clashing(what, found)
        case Straying():
            return outcome.straying(what, found)


def _written(lent: Lent, what: Wanted, found: Composed, tip: str) -> bool:
    """Let the branch name the commit, if it still names `tip`; False where somebody was faster.

    Raises:
        AttemptFailed: `merger.not_written`, `merger.checked_out`.
    """
    for left in reversed(range(WRITES_MAX)):
        try:
            push(what.theirs.path, lent.path, found.commit, what.ref, tip)
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
