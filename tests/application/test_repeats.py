"""Retries of a run that ended: which results are reused, what runs again, and the cost."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.run.states import Succeeded
from missioncontrol.domain.work import Usage
from tests.application.parts import run
from tests.application.play import BROKEN, Play, Turns

CHAIN = """
  a: {agent: hand}
  b: {agent: hand, needs: a}
  c: {agent: hand, needs: b}
  free: {agent: hand}
"""


def play(directory: Path, steps: str, script: dict[str, Any] | None = None, *saved: str) -> Play:
    text = "name: again\ninputs: {x: {type: integer, default: 3}}\nsteps:\n" + steps
    return Play(directory, text, script, saved=saved).go()


def kept(played: Play) -> set[str]:
    """Return the steps whose results come from an earlier run."""
    states = played.run.states.items()
    return {key for key, s in states if isinstance(s, Succeeded) and s.kept_from}


def test_a_retry_does_what_did_not_succeed_and_keeps_the_rest(tmp_path: Path) -> None:
    played = play(tmp_path, CHAIN, {"b": Turns([BROKEN, 5])}).again()
    assert kept(played) == {"a", "free"}
    played.go()
    assert played.done == ["b", "c"]
    assert played.run.outcome == "succeeded"
    assert (played.run.retry_of, played.run.fork_of) == ("run-1", "")


def test_a_retry_of_a_step_does_it_and_what_follows_from_it_again(tmp_path: Path) -> None:
    played = play(tmp_path, CHAIN).again("b").go()
    assert played.done == ["b", "c"]
    assert kept(played) == {"a", "free"}


def test_what_was_made_of_a_failure_is_made_anew(tmp_path: Path) -> None:
    steps = (
        CHAIN
        + """
  report: {agent: hand, needs: c, if: always()}
  mended: {agent: hand, on_failure: mend}
  mend: {agent: hand}
"""
    )
    script = {"b": BROKEN, "mended": Turns([BROKEN, None])}
    played = play(tmp_path, steps, script)
    assert {"report", "mend"} <= set(played.done)
    played.again("free").go()
    assert set(played.done) == {"free", "b", "report", "mended"}
    assert played.ends()["mend"] == "skipped"


def test_a_step_that_was_left_out_is_looked_at_again_and_asks_for_nothing_else(
    tmp_path: Path,
) -> None:
    steps = """
  a: {agent: hand}
  out: {agent: hand, needs: a, if: steps.a.output == 1}
  after: {agent: hand, needs: out, if: always()}
  b: {agent: hand}
"""
    played = play(tmp_path, steps, {"b": Turns([BROKEN, None])}).again().go()
    assert played.done == ["b"]
    assert played.ends()["out"] == "skipped"


@pytest.mark.parametrize("condition", ["true", "inputs.x == 4"])
def test_where_everything_succeeded_or_was_left_out_there_is_nothing_to_retry(
    tmp_path: Path, condition: str
) -> None:
    played = play(tmp_path, f"  a: {{agent: hand}}\n  b: {{agent: hand, if: {condition!r}}}")
    with pytest.raises(Rejected) as no:
        played.again()
    assert no.value.code == "run.nothing_to_do"
    assert played.again("a").go().done[0] == "a"


def test_what_was_gone_on_from_is_tried_again(tmp_path: Path) -> None:
    steps = "  a: {agent: hand, on_failure: continue}\n  b: {agent: hand, needs: a}"
    played = play(tmp_path, steps, {"a": Turns([BROKEN, 7])})
    assert played.run.outcome == "succeeded"
    assert played.again().go().done == ["a", "b"]


def test_only_a_run_that_has_ended_is_begun_again(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: hand, effects: [pushes]}")
    with pytest.raises(Rejected) as no:
        played.again()
    assert no.value.code == "run.not_settled"
    with pytest.raises(Rejected) as no:
        played.fork("a", {})
    assert no.value.code == "run.not_settled"
    played.cancel()
    assert set(played.again().go().run.held) == {"a"}


def test_an_unknown_step_is_named_with_those_there_are(tmp_path: Path) -> None:
    played = play(tmp_path, CHAIN)
    with pytest.raises(NotFound) as no:
        played.again("d")
    assert "a, b, c, free" in no.value.hint


# Forks.


def test_a_fork_with_other_inputs_keeps_what_came_before(tmp_path: Path) -> None:
    steps = CHAIN.replace("needs: b", "needs: b, with: {x: '${{ inputs.x }}'}")
    played = play(tmp_path, steps).fork("c", {"x": 8}).go()
    assert played.done == ["c"]
    assert played.given["c"] == {"x": 8}
    assert kept(played) == {"a", "b", "free"}
    assert (played.run.fork_of, played.run.forked_at, played.run.retry_of) == ("run-1", "c", "")


@pytest.mark.parametrize(("inputs", "done"), [({"x": 4}, ["out", "after", "c"]), ({"x": 3}, ["c"])])
def test_other_inputs_may_let_a_step_run_that_was_left_out(
    tmp_path: Path, inputs: dict[str, int], done: list[str]
) -> None:
    steps = (
        CHAIN
        + """
  out: {agent: hand, needs: a, if: inputs.x == 4}
  after: {agent: hand, needs: out, if: always()}
"""
    )
    played = play(tmp_path, steps).fork("c", inputs).go()
    assert sorted(played.done) == sorted(done)


def test_a_fork_is_approved_anew(tmp_path: Path) -> None:
    steps = "  a: {agent: hand}\n  push: {agent: hand, needs: a, effects: [pushes]}"
    played = play(tmp_path, steps).say("approve", "push")
    assert played.run.outcome == "succeeded"
    assert set(played.fork("push", {"x": 3}).go().run.held) == {"push"}


# Steps that became many.

SUB = """
name: sub
steps:
  one: {agent: hand}
  two: {agent: hand, needs: one}
"""


def test_what_became_many_is_kept_or_done_again_as_a_whole(tmp_path: Path) -> None:
    steps = """
  good: {workflow: sub}
  bad: {workflow: sub}
  each: {agent: hand, for_each: [1, 2]}
  last: {agent: hand, needs: [good, each]}
"""
    script = {"bad/two": Turns([BROKEN, None]), "each[0]": 1, "each[1]": 2}
    played = play(tmp_path, steps, script, SUB).again()
    assert kept(played) == {"good", "each", "last"}
    played.go()
    assert played.done == ["bad/one", "bad/two"]
    assert played.output("each") == [1, 2]
    assert set(played.run.steps) == {"good", "bad", "each", "last", "bad/one", "bad/two"}


@pytest.mark.parametrize("inner", ["call/two", "call", "call#2/one"])
def test_a_step_inside_of_a_call_stands_for_the_whole_call(tmp_path: Path, inner: str) -> None:
    sub = SUB.replace("steps:", "outputs: {n: '${{ steps.two.output }}'}\nsteps:")
    steps = "  call: {workflow: sub, repeat: {until: output.n == 2, times: 2}}"
    played = play(tmp_path, steps, {"call/two": 1, "call#2/two": 2}, sub).fork(inner, {"x": 3})
    assert played.run.forked_at == "call"
    played.go()
    assert played.done == ["call/one", "call/two", "call#2/one", "call#2/two"]


# What it costs.


def test_only_what_is_done_anew_is_charged(tmp_path: Path) -> None:
    steps = "  a: {agent: thinker}\n  b: {agent: thinker, needs: a}"
    used = Usage(input_tokens=100, output_tokens=50, cost=30)
    played = play(tmp_path, steps, {"a": 1, "b": Turns([BROKEN, 2])}).again()
    played.start()
    played.command_bus.execution.usage(played.name, "b", played.run.working["b"].fence, used)
    played.end("b")
    assert played.run.outcome == "succeeded"
    assert played.run.usage == used
    assert list(played.run.usage_by_step) == ["b"]
    ledger = played.command_bus.budgets.ledger
    assert (ledger.live, ledger.runs) == ({}, {})
    assert ledger.account(Scope("workflow", "again")).total.cost == 30
    assert run(played.command_bus.journal.load_run("run-1")).usage == Usage()
