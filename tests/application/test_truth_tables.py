"""Every combination of how needs end, conditions, `on_failure`, cancel and an approver's answer."""

from itertools import product
from pathlib import Path

import pytest

from missioncontrol.domain.run.states import SettledState
from missioncontrol.domain.step import ApprovalRule
from tests.application.play import BROKEN, Play, Turns
from tests.application.truth_tables import (
    CANCEL,
    CONDITIONS,
    COUNTS,
    HANDLER,
    ON_FAILURE,
    STANDINGS,
    TOGETHER,
)

HEAD = """
name: truth
inputs:
  'yes': {type: any, default: true}
  'no': {type: any, default: false}
  word: {type: any, default: text}
  few: {type: any, default: [1]}
steps:
"""
WORDS = {"runs": "succeeded", "fails": "failed", "skipped": "skipped", "blocked": "blocked"}
IFS = {
    "none": "",
    "true": "inputs.yes",
    "false": "inputs.no",
    "success()": "success()",
    "always()": "always()",
    "always() && false": "always() && inputs.no",
    "failure()": "failure()",
    "failure() && false": "failure() && inputs.no",
    "failure() || success()": "failure() || success()",
    "cannot be worked out": "inputs.few[5] == 1",
    "no boolean": "inputs.word",
    "always(), cannot be worked out": "always() && inputs.few[5] == 1",
}
ASKED = "agent: hand, effects: [pushes]"
NEEDS = {
    "succeeded": "{agent: hand}",
    "failed": "{agent: hand}",
    "failed, on_failure: continue": "{agent: hand, on_failure: continue}",
    "failed, on_failure: STEP": "{agent: hand, on_failure: KEY-handler}",
    "skipped": "{agent: hand, if: inputs.no}",
    "blocked": "{agent: hand, needs: KEY-broken}",
    "approval rejected": f"{{{ASKED}}}",
    "approval rejected, on_failure: continue": f"{{{ASKED}, on_failure: continue}}",
    "approval expired": f"{{{ASKED}}}",
    "approval expired, on_failure: continue": f"{{{ASKED}, on_failure: continue}}",
    "approval withdrawn": f"{{{ASKED}}}",
}


def step(condition: str = "none", *, needs: str = "[need]", more: str = "") -> str:
    asked = f", if: {IFS[condition]!r}" if IFS[condition] else ""
    return f"{{agent: hand, needs: {needs}{asked}{more}}}"


def ending(key: str, end: str) -> tuple[dict[str, str], dict[str, object]]:
    """Return steps of which `key` is to end like this, and the script that makes it."""
    steps = {key: NEEDS[end].replace("KEY", key)}
    if "handler" in steps[key]:
        steps[f"{key}-handler"] = "{agent: hand}"
    if end == "blocked":
        steps[f"{key}-broken"] = "{agent: hand}"
    return steps, {key: BROKEN if end.startswith("failed") else None, f"{key}-broken": BROKEN}


def play(directory: Path, steps: dict[str, str], script: dict[str, object]) -> Play:
    text = HEAD + "\n".join(f"  {key}: {body}" for key, body in steps.items())
    # Some of these are refused when they are saved: what can never run is a mistake.
    return Play(directory, text, script, checked=False).go()


def answer(play: Play, key: str, end: str) -> None:
    """Say, or do not say, what makes the approval of `key` end like this."""
    if "rejected" in end:
        play.say("reject", key)
    elif "withdrawn" in end:
        play.say("withdraw", key, actor="alice")
    elif "expired" in end:
        play.wait(ApprovalRule().expires_seconds)
        play.go()


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("end", COUNTS)
def test_what_a_step_does_follows_from_its_need_and_its_condition(
    tmp_path: Path, end: str, condition: str
) -> None:
    steps, script = ending("need", end)
    played = play(tmp_path, {**steps, "step": step(condition)}, script)
    answer(played, "need", end)
    standing = {"done": 0, "left out": 1, "failed": 2}[COUNTS[end]]
    assert played.ends()["need"] == {"approval": "failed"}.get(
        end.split()[0], end.split(",", maxsplit=1)[0]
    )
    assert played.ends()["step"] == WORDS[CONDITIONS[condition][standing]]
    assert played.run.is_settled


PLAIN = {"done": "succeeded", "left out": "skipped", "failed": "failed"}


@pytest.mark.parametrize("condition", ["none", "always()", "failure()", "success()"])
@pytest.mark.parametrize(("one", "other"), list(product(PLAIN, PLAIN)))
def test_the_worst_need_decides_whichever_ends_first(
    tmp_path: Path, one: str, other: str, condition: str
) -> None:
    (a, script_a), (b, script_b) = ending("a", PLAIN[one]), ending("b", PLAIN[other])
    b["b"] = b["b"].replace("{agent: hand", "{agent: hand, needs: first", 1)
    order = {**a, "first": "{agent: hand}", **b, "step": step(condition, needs="[a, b]")}
    played = play(tmp_path, order, {**script_a, **script_b})
    both = TOGETHER.get((one, other)) or TOGETHER[other, one]
    assert played.ends()["step"] == WORDS[CONDITIONS[condition][STANDINGS.index(both)]]


@pytest.mark.parametrize(("end", "mode"), ON_FAILURE)
def test_what_follows_from_the_end_of_a_step(tmp_path: Path, end: str, mode: str) -> None:
    steps, script = ending("need", end)
    says = {"stop": "", "continue": ", on_failure: continue", "STEP": ", on_failure: handler"}[mode]
    steps["need"] = steps["need"].replace("{agent: hand", "{agent: hand" + says, 1)
    after, handler, outcome = ON_FAILURE[end, mode]
    if mode == "STEP":
        steps["handler"] = "{agent: hand}"
    played = play(tmp_path, {**steps, "step": step()}, script)
    answer(played, "need", end)
    assert played.ends()["step"] == WORDS[after]
    assert played.ends().get("handler", "-") == WORDS.get(handler, "-")
    assert played.run.outcome == outcome


@pytest.mark.parametrize(("other", "condition"), HANDLER)
def test_what_a_handler_does_after_a_failure(tmp_path: Path, other: str, condition: str) -> None:
    steps, script = ending("other", PLAIN[other])
    steps["broken"] = "{agent: hand, on_failure: handler}"
    steps["handler"] = step(condition, needs="[other]")
    text = HEAD + "\n".join(f"  {key}: {body}" for key, body in steps.items())
    if HANDLER[other, condition] not in WORDS:
        with pytest.raises(AssertionError, match="after a failure success\\(\\) never holds"):
            Play(tmp_path, text)
        return
    played = Play(tmp_path, text, {**script, "broken": BROKEN}).go()
    assert played.ends()["handler"] == WORDS[HANDLER[other, condition]]
    assert played.run.outcome == "failed"


def test_a_handler_of_several_steps_runs_once_when_all_of_them_have_ended(tmp_path: Path) -> None:
    steps = {
        "a": "{agent: hand, on_failure: handler}",
        "b": "{agent: hand, needs: slow, on_failure: handler}",
        "slow": "{agent: hand}",
        "handler": "{agent: hand}",
        "after": "{agent: hand, needs: handler}",
    }
    played = play(tmp_path, steps, {"a": BROKEN})
    assert played.done == ["a", "slow", "b", "handler", "after"]
    assert played.run.outcome == "failed"


def test_a_handler_waits_until_what_it_handles_has_been_tried_as_often_as_allowed(
    tmp_path: Path,
) -> None:
    steps = {"a": "{agent: hand, retry: 3, on_failure: handler}", "handler": "{agent: hand}"}
    played = play(tmp_path, steps, {"a": Turns([BROKEN, BROKEN, None])})
    assert played.done == ["a", "a", "a"]
    assert played.ends() == {"a": "succeeded", "handler": "skipped"}
    assert played.run.outcome == "succeeded"


# Cancel.

MOMENTS = {
    "waiting": "{agent: hand, needs: [busy]}",
    "due": "{agent: hand, if: inputs.yes}",
    "held": "{agent: hand, effects: [pushes]}",
    "ready": "{agent: hand}",
    "working": "{agent: hand}",
    "resting": "{agent: hand, retry: 2}",
    "expanded": "{agent: hand, for_each: [1, 2]}",
    "succeeded": "{agent: hand}",
    "skipped": "{agent: hand, if: inputs.no}",
    "failed": "{agent: hand}",
    "blocked": "{agent: hand, needs: failed}",
}


@pytest.mark.parametrize("moment", CANCEL)
def test_how_a_step_ends_whose_run_is_cancelled(tmp_path: Path, moment: str) -> None:
    steps = {
        **MOMENTS,
        "busy": "{agent: hand}",
        "cleanup": step("always()", needs="[busy]"),
        "salvage": step("failure()", needs="[busy]"),
    }
    text = HEAD + "\n".join(f"  {key}: {body}" for key, body in steps.items())
    played = Play(tmp_path, text, {"failed": BROKEN, "resting": BROKEN})
    stopped_at(played, moment)
    assert type(played.state(moment)).__name__.lower() == moment
    played.cancel()
    assert played.ends()[moment] == CANCEL[moment]
    assert played.ends()["cleanup"] == played.ends()["salvage"] == "cancelled"
    assert played.run.outcome == "cancelled"
    assert all(isinstance(state, SettledState) for state in played.run.states.values())
    assert played.go().done.count("cleanup") == 0
    assert played.command_bus.approvals.pending() == []


def stopped_at(played: Play, moment: str) -> None:
    """Go on as far as the step is in the state that it is called by; `busy` is always at work."""
    if moment in ("due", "ready"):
        return
    played.start()
    for key in ("failed", "succeeded", "resting"):
        played.end(key)
    played.command_bus.execution.look(played.run)


def test_what_an_attempt_does_in_the_moment_of_a_cancel_still_counts(tmp_path: Path) -> None:
    played = Play(tmp_path, HEAD + "  a: {agent: hand}\n  b: {agent: hand, needs: a}")
    played.start()
    played.command_bus.execution.cancel("run-1", "Enough.", actor="carol")
    played.end("a")
    assert played.ends() == {"a": "succeeded", "b": "cancelled"}
    assert played.run.outcome == "cancelled"


@pytest.mark.parametrize("retry", ["", ", retry: 3"])
def test_nothing_is_tried_again_after_a_cancel(tmp_path: Path, retry: str) -> None:
    played = Play(tmp_path, HEAD + f"  a: {{agent: hand{retry}}}", {"a": BROKEN})
    played.start()
    played.command_bus.execution.cancel("run-1", "Enough.", actor="carol")
    played.end("a")
    assert played.ends() == {"a": "failed"}
    assert played.run.outcome == "cancelled"


# The run as a whole.


@pytest.mark.parametrize(
    ("steps", "script", "outcome"),
    [
        ({"a": "{agent: hand}"}, {}, "succeeded"),
        ({"a": "{agent: hand, if: inputs.no}"}, {}, "succeeded"),
        ({"a": "{agent: hand, on_failure: continue}"}, {"a": BROKEN}, "succeeded"),
        ({"a": "{agent: hand}"}, {"a": BROKEN}, "failed"),
        ({"a": "{agent: hand, on_failure: b}", "b": "{agent: hand}"}, {"a": BROKEN}, "failed"),
        (
            {"a": "{agent: hand}", "b": step("always()", needs="[a]")},
            {"a": BROKEN},
            "failed",
        ),
        (
            {"a": "{agent: hand, on_failure: continue}", "b": "{agent: hand, needs: a}"},
            {"a": BROKEN, "b": BROKEN},
            "failed",
        ),
    ],
)
def test_how_a_run_ends(
    tmp_path: Path, steps: dict[str, str], script: dict[str, object], outcome: str
) -> None:
    assert play(tmp_path, steps, script).run.outcome == outcome


def test_independent_steps_go_on_after_a_failure(tmp_path: Path) -> None:
    steps = {
        "a": "{agent: hand}",
        "b": "{agent: hand, needs: a}",
        "c": "{agent: hand}",
        "d": "{agent: hand, needs: c}",
    }
    played = play(tmp_path, steps, {"a": BROKEN})
    assert played.ends() == {
        "a": "failed",
        "b": "blocked",
        "c": "succeeded",
        "d": "succeeded",
    }
