"""Holds a change against the tests and settings of its base, and against what people accepted."""

from collections.abc import Iterator
from pathlib import Path

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.test_changes import test_changes
from missioncontrol.specialists.commits.test_lines import REMEDY
from missioncontrol.specialists.merger.composing import Composed
from missioncontrol.specialists.merger.merge_request import Wanted
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester.base_tests import Gate, base_tests, forged
from missioncontrol.specialists.tester.test_comparison import Broken

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
