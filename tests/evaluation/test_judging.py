"""How a trial ended, by its run and by what was changed."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from missioncontrol.domain.evaluation import Checked
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import READY, Failed, Halt, Run, Succeeded
from missioncontrol.domain.work import Usage, Work
from missioncontrol.evaluation.judgement import Left, by_checks, by_files, by_run, by_tree, spent_in
from missioncontrol.evaluation.scenario import Caps, Scenario

CAPS = Caps(60.0, 10.0, tokens=1_000, cost=500)


def run_of(state: object, **more: Any) -> Run:
    """Return what is read of a run."""
    fields = {"states": {"build": state}, "usage": Usage(), "halt": None, "status": "failed"}
    fields |= {"held": {}, "fence": 0, "started_at": 5.0, "settled_at": 9.0, "at": 9.0, **more}
    return cast(Run, SimpleNamespace(**fields))


def failed(code: str) -> Run:
    return run_of(Failed(Failure(code, "It is so.")))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("step.timed_out", "stuck"),
        ("step.total_timed_out", "stuck"),
        ("lease.expired", "stuck"),
        ("codex.too_many_turns", "stuck"),
        ("acp.stopped", "stuck"),
        ("budget.exceeded", "over_budget"),
        ("claude.budget_refused", "over_budget"),
        ("budget.unknown_price", "error"),
        ("step.queue_timed_out", "error"),
        ("codex.rate_limited", "error"),
        ("codex.not_found", "error"),
        ("acp.sign_in", "error"),
        ("worktree.failed", "error"),
        ("agent.crashed", "error"),
        ("lease.lost", "error"),
        ("program.cannot_start", "error"),
        ("command.failed", "failed"),
        ("acp.lost", "failed"),
        ("acp.refused", "failed"),
        ("codex.bad_answer", "failed"),
        ("claude.permission_denied", "failed"),
    ],
)
def test_a_failure_is_the_agents_or_is_not(code: str, outcome: str) -> None:
    found, reason, check = by_run(failed(code), CAPS)
    assert found == outcome
    assert "It is so." in reason
    assert bool(check) == (outcome == "failed")


def test_what_is_used_counts_also_where_the_agent_ends_well() -> None:
    done = Succeeded(Work("Done."))
    assert by_run(run_of(done), CAPS)[0] is None
    assert by_run(run_of(done, usage=Usage(1_000, cost=500)), CAPS)[0] is None
    assert by_run(run_of(done, usage=Usage(1_000, 0, 1)), CAPS)[0] == "over_budget"
    assert by_run(run_of(done, usage=Usage(cost=501)), CAPS)[0] == "over_budget"
    assert by_run(run_of(done, usage=Usage(cost=None)), CAPS)[0] is None


def test_a_run_that_waits_is_stuck_and_one_that_could_not_begin_is_no_fault_of_the_agent() -> None:
    assert by_run(run_of(READY, status="waiting"), CAPS)[0] == "stuck"
    halt = Halt("budget.exceeded", "It may need 900 tokens.")
    assert by_run(run_of(READY, status="halted", halt=halt), CAPS)[0] == "error"
    used = run_of(READY, status="halted", halt=halt, usage=Usage(9))
    assert by_run(used, CAPS)[0] == "over_budget"
    assert by_run(run_of(READY, status="cancelled"), CAPS)[0] == "error"


def test_what_a_run_used_is_told() -> None:
    spent = spent_in(run_of(READY, usage=Usage(7, 0, 3, cost=None)))
    assert (spent.tokens, spent.cost, spent.seconds) == (10, None, 4.0)
    assert spent_in(run_of(READY, started_at=None)).seconds == 0.0


def scenario(**rules: tuple[str, ...]) -> Scenario:
    return Scenario("x", "X", "python", "Do it.", {}, (), CAPS, **cast(Any, rules))


@pytest.mark.parametrize(
    ("rules", "files", "named"),
    [
        ({}, ("a.py",), ""),
        ({"forbidden": ("tests/",)}, ("a.py", "tests/a.py"), "tests/a.py."),
        ({"forbidden": ("*.toml", "!b.toml")}, ("a.toml", "b.toml"), ": a.toml."),
        ({"allowed": ("src/",)}, ("src/a.py",), ""),
        ({"allowed": ("src/",)}, ("src/a.py", "unittest.py"), "unittest.py."),
        ({"allowed": ("src/",), "forbidden": ("src/b",)}, ("src/b", "c"), "src/b, c."),
        ({"forbidden": ("*",)}, tuple("abcdefg"), "a, b, c, d, e and 2 more."),
    ],
)
def test_files_that_may_not_change_fail_a_trial(
    rules: dict[str, tuple[str, ...]], files: tuple[str, ...], named: str
) -> None:
    outcome, reason, check = by_files(scenario(**rules), Left(b"diff", files))
    assert outcome == ("failed" if named else None)
    assert reason.endswith(named)
    assert bool(check) == bool(named)


def test_no_change_at_all_is_stuck() -> None:
    assert by_files(scenario(), Left(b"", ()))[0] == "stuck"


def test_the_first_check_that_fails_is_named() -> None:
    good = Checked("good", passed=True, exit_code=0, seconds=0.1)
    bad = Checked("bad", passed=False, exit_code=3, seconds=0.1)
    silent = Checked("silent", passed=False, exit_code=0, seconds=0.1)
    assert by_checks([good]) == ("passed", "", "")
    assert by_checks([good, bad, silent])[::2] == ("failed", "bad")
    assert "did not print" in by_checks([silent])[1]


def test_an_agent_gets_rid_of_no_trial_by_breaking_what_is_looked_at() -> None:
    assert by_tree("git ended with status 128")[0] == "failed"
    assert by_tree("fatal: write error: No space left on device")[0] == "error"
    for code in ("worktree.patch_too_large", "worktree.patch_unfaithful"):
        assert by_run(failed(code), CAPS)[0] == "failed"
