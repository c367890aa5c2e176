"""The merger: puts a change on top of a branch of ours, if it fits and breaks nothing there."""

import time
from collections.abc import Iterator
from pathlib import Path

from missioncontrol.domain.errors import Conflict, Rejected, Unavailable
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.refs import push
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.test_changes import test_changes
from missioncontrol.specialists.commits.test_lines import REMEDY
from missioncontrol.specialists.merger import outcome
from missioncontrol.specialists.merger.branch_update import stopped_by, updated, with_commits
from missioncontrol.specialists.merger.composing import Clashing, Composed, Same, Straying, composed
from missioncontrol.specialists.merger.merge_request import Wanted, refuse_checked_out, wanted
from missioncontrol.specialists.merger.merge_tests import Proved, proved
from missioncontrol.specialists.merger.outcome import Outcome, handed_in
from missioncontrol.specialists.merger.trailers import merged_before
from missioncontrol.specialists.specialist import Brief, Desk
from missioncontrol.specialists.tester.base_tests import Gate, base_tests, forged
from missioncontrol.specialists.tester.test_comparison import Broken

# Holds a change against the tests and settings of its base, and against what people accepted.

_MEND = "Mend it: no change of tests or settings makes it hold."


def rigged(lent: Lent, what: Wanted, found: Composed, desk: Desk, place: Path) -> tuple[Found, ...]:
    """Return why a change that is green by its own tests is not merged; nothing where it may be.

    Raises:
        AttemptFailed: as `examined`.
    """
    rules = what.gate
    gate = Gate(lent, found.ground, found.commit, desk, place, rules.checks, rules.known_failures)
    over = base_tests(gate)
    if lost := over.broken or forged(gate):
        return tuple(_of("base_tests", each, _MEND) for each in lost)
    changes = test_changes(lent, found.fork, what.commit)
    if changes.digest == what.accepted:
        return ()
    return tuple(_to_accept(changes.findings, over.altered))


def _to_accept(findings: tuple[Found, ...], altered: tuple[Broken, ...]) -> Iterator[Found]:
    for each in findings:
        yield Found(f"merger.{each.rule}", each.message, each.path, each.line, each.remedy)
    for lost in altered:
        yield _of("test_claim", lost, REMEDY)


def _of(rule: str, lost: Broken, remedy: str) -> Found:
    words = f"{lost.test or 'The tests'} as at the base: {lost.message}"[:500]
    return Found(f"merger.{rule}", words, lost.path, lost.line, remedy)


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
