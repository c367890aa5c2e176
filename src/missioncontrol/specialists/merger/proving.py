"""Tests of what was composed: what held in the branch has to hold with the change on top."""

from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.work import Evidence
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.lent import Lent
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.committed import check_evidence, check_log
from missioncontrol.specialists.tester.comparing import Broken, broken, is_clean
from missioncontrol.specialists.tester.examining import Examined, as_json, examined, forgotten
from missioncontrol.specialists.tester.results import File, evidence, seen

SHARE = 0.6
"""Of the time that is left, for the tests of what was composed; those of the branch may follow."""

COUNTS = ("passed", "failed", "errors", "skipped")


class Proved(msgspec.Struct, frozen=True):
    """What the tests and checks of a composed commit said."""

    said: str  # in a sentence
    told: dict[str, Any]
    broken: tuple[Broken, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    files: tuple[File, ...] = ()  # of which the evidence speaks
    is_blind: bool = False  # no test could say anything, here or before


def not_run() -> dict[str, Any]:
    """Return what is told of tests where it was not come to them."""
    counts = dict.fromkeys(COUNTS, 0)
    return {"status": "not_run", "command": [], "counts": counts, "broken": [], "checks": []}


def proved(
    lent: Lent, commit: str, onto: str, checks: tuple[tuple[str, ...], ...], desk: Desk, place: Path
) -> Proved:
    """Test `commit`; where something fails, also `onto`, below which nothing may fall.

    Raises:
        AttemptFailed: `merger.no_time`, or as `examined`.
    """
    try:
        now = examined(lent, commit, checks, desk, place / "composed", share=SHARE)
        _refuse_unfinished(now)
        was = None
        if not is_clean(now):
            desk.log("info", f"looking whether that failed at {onto[:12]} too")
            was = examined(lent, onto, checks, desk, place / "onto")
            _refuse_unfinished(was)
        lost = broken(now, was) if was is not None else ()
        is_blind = now.status in ("could_not_start", "no_test_command")
        found = evidence(now.trial, now.tree, check_evidence(now))
        files = (*seen(now.trial), *([check_log(now)] if now.checks else []))
        said = report.statement(now.trial)
        if was is not None and not lost:
            said += f" What fails failed at {onto[:12]} too."
        return Proved(said, _told(now, lost), lost, found, files, is_blind)
    finally:
        forgotten(place)


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


def _told(now: Examined, lost: tuple[Broken, ...]) -> dict[str, Any]:
    trial = now.trial
    seen = trial.as_json() if trial is not None else {}
    return {
        "status": now.status,
        "command": list(trial.command.declared) if trial is not None else [],
        "counts": {name: seen.get(name, 0) for name in COUNTS},
        "broken": [each.as_json() for each in lost],
        "checks": [as_json(each) for each in now.checks],
    }
