"""Tests of what was composed: a branch of ours moves only to a commit that is green.

A base never acquits a change. A failure is passed over only where a person has accepted it by name.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec

from missioncontrol.domain.work import Evidence
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.commit_checks import Examined, as_json, examined, forgotten
from missioncontrol.specialists.tester.commit_tests import check_evidence, check_log
from missioncontrol.specialists.tester.results import File, evidence, seen
from missioncontrol.specialists.tester.test_comparison import RAN, Broken, broken, new_in

SHARE = 0.6
"""Of the time that is left, for the tests of what was composed; those of the branch may follow."""

COUNTS = ("passed", "failed", "errors", "skipped")


class GateRules(msgspec.Struct, frozen=True):
    """What people ask of a commit before a branch of ours may name it."""

    checks: tuple[tuple[str, ...], ...] = ()
    known_failures: frozenset[str] = frozenset()  # names that a person has accepted
    untested: bool = False  # whether a person accepts that no test says anything


class Verified(msgspec.Struct, frozen=True):
    """The results of the tests and checks of one commit."""

    examined: Examined
    said: str  # in a sentence
    told: dict[str, Any]
    failing: tuple[Broken, ...] = ()  # without what a person has accepted
    is_blind: bool = False  # no test could say anything
    evidence: tuple[Evidence, ...] = ()
    files: tuple[File, ...] = ()  # of which the evidence speaks


class Proved(msgspec.Struct, frozen=True):
    """How a composed commit stands, and the results of its tests and checks."""

    standing: Literal["green", "broken", "red"]  # red: the branch itself fails alike
    now: Verified
    broken: tuple[Broken, ...] = ()


def not_run() -> dict[str, Any]:
    """Return the report of tests that were not reached."""
    counts = dict.fromkeys(COUNTS, 0)
    return {"status": "not_run", "command": [], "counts": counts, "broken": [], "checks": []}


def verified(
    lent: Lent, commit: str, gate: GateRules, desk: Desk, place: Path, *, share: float = SHARE
) -> Verified:
    """Test `commit`.

    Raises:
        AttemptFailed: `merger.no_time`, or as `examined`.
    """
    try:
        now = examined(lent, commit, gate.checks, desk, place, share=share)
        _refuse_unfinished(now)
        failing = broken(now, None, known=gate.known_failures)
        files = (*seen(now.trial), *([check_log(now)] if now.checks else []))
        found = evidence(now.trial, now.tree, check_evidence(now))
        statement = report.statement(now.trial)
        is_blind = now.status not in RAN
        return Verified(
            now, statement, _verified_fields(now, failing), failing, is_blind, found, files
        )
    finally:
        forgotten(place)


def proved(lent: Lent, commit: str, onto: str, gate: GateRules, desk: Desk, place: Path) -> Proved:
    """Test `commit`; where something fails, also `onto`, to say whose failure it is.

    Raises:
        AttemptFailed: `merger.untested`, or as `verified`.
    """
    now = verified(lent, commit, gate, desk, place / "composed")
    if not now.failing and not now.is_blind:
        return Proved("green", now)
    desk.log("info", f"looking whether {onto[:12]} stands alike")
    was = verified(lent, onto, gate, desk, place / "onto", share=1.0)
    if lost := new_in(now.examined, was.examined, known=gate.known_failures):
        result = {**now.told, "broken": [each.as_json() for each in lost]}
        return Proved("broken", msgspec.structs.replace(now, told=result), lost)
    if now.failing:
        return Proved("red", now)
    refuse_untested(now, gate)
    return Proved("green", now)


def refuse_untested(found: Verified, gate: GateRules) -> None:
    """Refuse a commit of which no test says anything, unless a person accepts that.

    Raises:
        AttemptFailed: `merger.untested`.
    """
    if found.is_blind and not gate.untested:
        raise AttemptFailed(
            "merger.untested",
            f"No test says anything of {found.examined.commit[:12]}: {found.said}",
            hint="Add tests that run here. A person accepts that there are none with "
            "`untested = true` below [merge] of .mission/sop.toml, then `mission repo sync`.",
            retryable=False,
        )


def _refuse_unfinished(what: Examined) -> None:
    """Refuse to go on where time ran out: that nothing was seen to fail would be no proof."""
    late = [each for each in (what.trial, *what.checks) if each is not None]
    late = [each for each in late if each.verdict.status == "timed_out"]
    if late:
        command = " ".join(late[0].command.declared)
        raise AttemptFailed(
            "merger.no_time",
            f"`{command}` did not end at {what.commit[:12]}: {late[0].verdict.reason}.",
            hint="Give the step a longer `timeout`; the branch is as it was.",
            retryable=False,
        )


def _verified_fields(now: Examined, lost: tuple[Broken, ...]) -> dict[str, Any]:
    trial = now.trial
    seen = trial.as_json() if trial is not None else {}
    return {
        "status": now.status,
        "command": list(trial.command.declared) if trial is not None else [],
        "counts": {name: seen.get(name, 0) for name in COUNTS},
        "broken": [each.as_json() for each in lost],
        "checks": [as_json(each) for each in now.checks],
    }
