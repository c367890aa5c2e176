"""What a due step comes to: with which inputs it runs, whom it waits for, how often it is done."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application.scope import Outputs
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.commands import ExpandStep, StartSteps
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Due, Held, Ready, Succeeded
from missioncontrol.domain.step import ApprovalRule
from missioncontrol.domain.work import ArtifactRef, Work
from tests.application.parts import run
from tests.application.play import BROKEN, Play, Turns

PUSH = "effects: [pushes]"


def play(directory: Path, steps: str, script: dict[str, Any] | None = None, **more: Any) -> Play:
    text = "name: work\ninputs: {x: {type: any, default: 3}}\nsteps:\n" + steps
    return Play(directory, text, script, **more)


# Inputs.


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("'${{ steps.a.output.n }}'", 7),
        ("'n=${{ steps.a.output.n }}'", "n=7"),
        ("'${{ steps.a.output.list }}'", [1, 2]),
        ("'${{ steps.a.output.none }}'", None),
        ("['${{ inputs.x }}', {deep: '${{ steps.a.output.n > 3 }}'}]", [3, {"deep": True}]),
        ("'${{ steps.a.state }}'", "succeeded"),
        ("'${{ steps.a.error }}'", ""),
        ("'${{ run.id }}/${{ run.workflow }}@${{ run.version }} ${{ run.author }}'", None),
        ("'$${{ inputs.x }}'", "${{ inputs.x }}"),
        ("text", "text"),
    ],
)
def test_templates_are_filled_and_one_alone_keeps_its_type(
    tmp_path: Path, template: str, value: Any
) -> None:
    output = {"n": 7, "list": [1, 2], "none": None}
    steps = f"  a: {{agent: hand}}\n  b: {{agent: hand, needs: a, with: {{v: {template}}}}}"
    played = play(tmp_path, steps, {"a": output}).go()
    if "run.id" in template:
        value = "run-1/work@1 alice"
    assert played.given["b"] == {"v": value}


def test_artifacts_of_a_step_are_seen_by_name(tmp_path: Path) -> None:
    steps = """
  a: {agent: hand, artifacts: [r.json]}
  b: {agent: hand, needs: a, with: {d: "${{ steps.a.artifacts['r.json'].digest }}"}}"""
    played = play(tmp_path, steps)
    digest = played.command_bus.artifacts.put(b"{}")
    reference = ArtifactRef("r.json", digest, 2, "application/json")
    played.script["a"] = Work(artifacts=(reference,))
    assert played.go().given["b"] == {"d": digest}


def test_a_failure_that_is_gone_on_from_has_no_output_and_says_why(tmp_path: Path) -> None:
    steps = """
  a: {agent: hand, on_failure: continue}
  b:
    agent: hand
    needs: a
    with: {o: "${{ steps.a.output }}", e: "${{ steps.a.error }}", s: "${{ steps.a.state }}"}"""
    played = play(tmp_path, steps, {"a": BROKEN}).go()
    assert played.given["b"] == {"o": None, "e": "It broke.", "s": "failed"}


@pytest.mark.parametrize(
    ("steps", "code", "words"),
    [
        ("  b: {agent: hand, needs: a, with: {v: '${{ steps.a.output.n.m }}'}}",
         "expression.failed", "steps.a.output.n.m"),
        ("  b: {agent: picky, needs: a, with: {n: '${{ steps.a.output.text }}'}}",
         "step.bad_inputs", "n is the text"),
        ("  b: {agent: hand, needs: a, for_each: '${{ steps.a.output.text }}'}",
         "step.no_list", "a text and no list"),
        ("  b: {agent: hand, needs: a, if: steps.a.output.text}",
         "expression.failed", "neither true nor false"),
        ("  b: {agent: hand, needs: a, concurrency: {key: 'k-${{ steps.a.output.n.m }}'}}",
         "expression.failed", "steps.a.output.n.m"),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_out_fails_the_step_and_says_why(
    tmp_path: Path, steps: str, code: str, words: str
) -> None:
    output = {"n": 7, "text": "words"}
    played = play(tmp_path, f"  a: {{agent: hand}}\n{steps}", {"a": output}).go()
    assert played.failure("b").code == code
    assert words in played.failure("b").reason
    assert not played.failure("b").retryable
    assert played.run.outcome == "failed"


def test_a_list_of_too_many_items_fails_the_step(tmp_path: Path) -> None:
    steps = "  a: {agent: hand}\n  b: {agent: hand, needs: a, for_each: '${{ steps.a.output }}'}"
    played = play(tmp_path, steps, {"a": [0] * 10_001}).go()
    assert played.failure("b").code == "step.too_many_items"
    assert "10,001" in played.failure("b").reason


def test_a_fault_of_ours_fails_the_step_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = "  a: {agent: hand, if: inputs.x == 3}\n  b: {agent: hand}"
    played = play(tmp_path, steps)
    scopes = played.command_bus.execution.governance.scopes

    def breaks(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(scopes, "value", breaks)
    played.go()
    assert played.failure("a").code == "step.broken"
    assert "ZeroDivisionError: by zero" in played.failure("a").reason
    assert played.ends()["b"] == "succeeded"


def test_a_fault_of_ours_in_the_moment_of_the_start_fails_the_step_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = play(tmp_path, "  a: {agent: thinker}\n  b: {agent: hand}")

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(played.command_bus.execution.meter, "reserve", breaks)
    assert played.go().failure("a").code == "step.broken"
    assert played.ends()["b"] == "succeeded"


def test_nothing_is_worked_out_any_more_in_a_run_that_has_ended(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: hand, if: inputs.x == 3}").cancel()
    assert played.run.to_work_out(played.command_bus.clock.now()) == []
    played.command_bus.execution.look(played.run)
    assert played.ends() == {"a": "cancelled"}


def test_what_a_run_hands_back_is_worked_out_from_its_steps(tmp_path: Path) -> None:
    text = """
name: work
inputs: {x: {type: integer, default: 3}}
outputs: {n: "${{ steps.a.output + inputs.x }}", who: "${{ run.author }}"}
steps:
  a: {agent: hand}
"""
    played = Play(tmp_path, text, {"a": 4}).go()
    scopes = played.command_bus.execution.governance.scopes
    assert scopes.outputs(played.run) == Outputs({"n": 7, "who": "alice"})


def test_an_output_that_can_not_be_worked_out_leaves_the_others_and_says_why(
    tmp_path: Path,
) -> None:
    text = """
name: work
outputs: {n: "${{ steps.a.output.n }}", m: "${{ steps.a.output.m }}"}
steps:
  a: {agent: hand}
"""
    played = Play(tmp_path, text, {"a": {"n": 1}}).go()
    outputs = played.command_bus.execution.governance.scopes.outputs(played.run)
    assert outputs.values == {"n": 1}
    assert "steps.a.output has no 'm'" in outputs.faults["m"].reason
    assert played.run.outcome == "succeeded"


# Approvals.


def test_a_step_that_can_not_be_undone_waits_and_then_runs_what_was_shown(tmp_path: Path) -> None:
    steps = f"  a: {{agent: hand, {PUSH}, with: {{to: '${{{{ inputs.x }}}}'}}}}"
    played = play(tmp_path, steps).go()
    assert isinstance(played.state("a"), Held)
    assert played.run.status == "waiting"
    asked = played.command_bus.journal.others[played.asked("a")]
    assert asked.subject["inputs"] == {"to": 3}
    assert asked.subject["agent"] == {"name": "hand", "kind": "specialist", "version": "1"}
    assert asked.rule == ApprovalRule()
    played.say("approve", "a")
    assert played.given["a"] == {"to": 3}
    assert played.run.outcome == "succeeded"


@pytest.mark.parametrize(
    ("fragment", "waits"),
    [
        ("agent: hand", False),
        ("agent: maker", False),
        ("agent: hand, risk: write", False),
        ("agent: maker, approval: true", True),
        ("agent: hand, risk: irreversible", True),
        ("agent: hand, effects: [deploys]", True),
        ("agent: hand, effects: [deploys], risk: read", True),
        ("agent: hand, effects: [writes_files]", False),
    ],
)
def test_who_waits_follows_from_the_tier(tmp_path: Path, fragment: str, waits: bool) -> None:
    played = play(tmp_path, f"  a: {{{fragment}}}").go()
    assert isinstance(played.state("a"), Held) is waits


@pytest.mark.parametrize(("end", "code"), [
    ("reject", "approval.rejected"), ("withdraw", "approval.withdrawn"),
])  # fmt: skip
def test_a_no_fails_the_step_and_is_never_retried(tmp_path: Path, end: str, code: str) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}, retry: 3}}").go()
    played.say(end, "a", actor="alice" if end == "withdraw" else "bob")
    assert played.failure("a").code == code
    assert "So it is." in played.failure("a").reason
    assert played.done == []


def test_an_approval_that_nobody_gives_in_time_fails_the_step(tmp_path: Path) -> None:
    steps = "  a: {agent: maker, approval: {from: [bob], expires: 2d}, retry: 3}"
    played = play(tmp_path, steps).go()
    played.wait(2 * 86_400 - 1)
    assert isinstance(played.go().state("a"), Held)
    played.wait(1)
    assert played.failure("a").code == "approval.expired"
    assert played.run.outcome == "failed"


def test_a_retry_is_asked_for_anew(tmp_path: Path) -> None:
    script = {"a": Turns([BROKEN, "done"])}
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}, retry: 2}}", script).go()
    first = played.asked("a")
    played.say("approve", "a")
    assert played.done == ["a"]
    assert isinstance(played.state("a"), Held)
    second = played.asked("a")
    assert second != first
    played.say("approve", "a")
    assert played.output("a") == "done"
    assert played.run.tries["a"] == 2


def test_a_no_to_a_retry_is_the_end(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}, retry: 2}}", {"a": BROKEN}).go()
    played.say("approve", "a").say("reject", "a")
    assert played.failure("a").code == "approval.rejected"
    assert played.done == ["a"]


def test_an_attempt_that_was_interrupted_is_asked_for_anew(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}}}").go()
    run(played.command_bus.approvals.approve(played.asked("a"), actor="bob", reason="Go."))
    played.start()
    assert "a" in played.run.working
    played.command_bus.execution.interrupt("run-1", "The engine ended.")
    assert isinstance(played.state("a"), Due)
    played.go()
    assert isinstance(played.state("a"), Held)
    assert played.done == []
    assert played.say("approve", "a").run.outcome == "succeeded"


def test_a_plain_step_that_was_interrupted_is_begun_again_at_once(tmp_path: Path) -> None:
    played = play(tmp_path, "  a: {agent: hand}")
    played.start()
    played.command_bus.execution.interrupt("run-1", "The engine ended.")
    assert isinstance(played.state("a"), Ready)
    assert played.go().run.outcome == "succeeded"


def test_changed_inputs_have_another_digest_and_are_asked_for_anew(tmp_path: Path) -> None:
    steps = f"  a: {{agent: hand, {PUSH}, with: {{to: '${{{{ inputs.x }}}}'}}}}"
    played = play(tmp_path, steps).go()
    first = played.run.held["a"]
    played.say("request_changes", "a", inputs={"to": "nowhere"})
    second = played.run.held["a"]
    assert second.approval != first.approval
    assert second.digest != first.digest
    with pytest.raises(Rejected) as no:
        played.say("approve", "a", actor="bob")
    assert no.value.code == "approval.by_author"
    played.say("approve", "a", actor="carol")
    assert played.given["a"] == {"to": "nowhere"}


def test_inputs_can_be_taken_away_altogether(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}, with: {{to: here}}}}").go()
    played.say("request_changes", "a", inputs={}).say("approve", "a", actor="carol")
    assert played.given["a"] == {}


def test_changed_inputs_that_do_not_fit_the_agent_are_refused_at_once(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: picky, {PUSH}, with: {{n: 3}}}}").go()
    for inputs, misfit in (({"n": "three"}, "n is the text 'three'"), ({"m": 3}, "n is missing")):
        with pytest.raises(Rejected) as no:
            played.say("request_changes", "a", inputs=inputs)
        assert no.value.code == "approval.bad_inputs"
        assert f"Agent 'picky' can't take these inputs: {misfit}" in no.value.reason
    played.say("request_changes", "a", inputs={"n": 4}).say("approve", "a", actor="carol")
    assert played.given["a"] == {"n": 4}


def test_a_call_is_given_no_changed_inputs_that_it_does_not_take(tmp_path: Path) -> None:
    played = play(tmp_path, CALL, saved=[SUB]).go()
    with pytest.raises(Rejected) as no:
        played.say("request_changes", "a", inputs={"nonsense": 1})
    assert (no.value.code, "'nonsense'" in no.value.reason) == ("run.bad_inputs", True)
    assert played.run.held["a"]
    # A call of an older release does not say what it takes.
    played.run.steps["a"] = msgspec.structs.replace(played.run.steps["a"], takes={})
    played.say("request_changes", "a", inputs={"to": "there", "nonsense": 1})
    subject = played.command_bus.journal.others[played.asked("a")].subject
    assert subject["inputs"] == {"to": "there", "nonsense": 1}


def test_who_may_not_ask_for_changes_is_told_that_first(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: picky, {PUSH}, with: {{n: 3}}}}").go()
    with pytest.raises(Rejected) as no:
        played.say("request_changes", "a", actor="alice", inputs={"n": "three"})
    assert no.value.code == "approval.by_author"


def test_changed_inputs_hold_for_retries_of_the_same_round(tmp_path: Path) -> None:
    steps = f"  a: {{agent: hand, {PUSH}, retry: 2, with: {{to: here}}}}"
    played = play(tmp_path, steps, {"a": Turns([BROKEN, None])}).go()
    played.say("request_changes", "a", inputs={"to": "there"})
    played.say("approve", "a", actor="carol").say("approve", "a", actor="carol")
    assert played.given["a"] == {"to": "there"}


def test_an_agent_that_changed_since_the_approval_is_asked_about_anew(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}}}").go()
    first = played.asked("a")
    run(played.command_bus.approvals.approve(first, actor="bob", reason="Go."))
    assert "a" in played.run.ready
    newer = msgspec.structs.replace(played.command_bus.cards["hand"], version="2")
    played.command_bus.cards["hand"] = newer
    played.go()
    assert played.done == []
    assert played.asked("a") != first
    asked = played.command_bus.journal.others[played.asked("a")]
    assert asked.subject["agent"]["version"] == "2"
    assert played.say("approve", "a").done == ["a"]


def test_nobody_starts_what_was_not_approved_as_it_is(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}}}").go()
    run(played.command_bus.approvals.approve(played.asked("a"), actor="bob", reason="Go."))
    for digests in ({}, {"a": "0" * 64}):
        with pytest.raises(Rejected) as no:
            played.command_bus.execution.tell("run-1", StartSteps(("a",), digests))
        assert no.value.code == "run.not_approved"


def test_an_approval_that_nobody_could_give_fails_the_step_with_that_reason(
    tmp_path: Path,
) -> None:
    steps = "  a: {agent: maker, approval: {from: [alice]}}"
    played = play(tmp_path, steps, author="alice").go()
    assert played.failure("a").code == "approval.unreachable"
    assert played.run.outcome == "failed"


def test_inputs_that_have_no_canonical_form_fail_the_step_with_that_reason(tmp_path: Path) -> None:
    steps = f"""
  a: {{agent: hand}}
  b: {{agent: hand, {PUSH}, needs: a, with: {{n: "${{{{ steps.a.output }}}}"}}}}"""
    played = play(tmp_path, steps, {"a": 2**60}).go()
    assert played.failure("b").code.startswith(("canonical.", "expression."))


def test_what_can_no_longer_be_asked_for_when_it_starts_fails_the_step_and_not_the_engine(
    tmp_path: Path,
) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}}}\n  b: {{agent: hand}}").go()
    run(played.command_bus.approvals.approve(played.asked("a"), actor="bob", reason="Go."))
    # What runs has changed, and now the only one who could agree is its author.
    played.command_bus.cards["hand"] = msgspec.structs.replace(
        played.command_bus.cards["hand"], version="2"
    )
    rule = ApprovalRule(("alice",))
    played.run.steps["a"] = msgspec.structs.replace(played.run.steps["a"], approval=rule)
    played.go()
    assert played.failure("a").code == "approval.unreachable"
    assert played.run.outcome == "failed"


def test_every_item_is_asked_for_by_itself(tmp_path: Path) -> None:
    steps = f"  a: {{agent: hand, {PUSH}, for_each: [1, 2], with: {{n: '${{{{ item }}}}'}}}}"
    played = play(tmp_path, steps).go()
    assert set(played.run.held) == {"a[0]", "a[1]"}
    played.say("reject", "a[0]").say("approve", "a[1]")
    assert played.done == ["a[1]"]
    assert played.failure("a").code == "items.failed"


def test_an_empty_list_asks_nobody(tmp_path: Path) -> None:
    played = play(tmp_path, f"  a: {{agent: hand, {PUSH}, for_each: []}}").go()
    assert played.output("a") == []


# Approval of a call.

SUB = """
name: sub
inputs: {to: {}}
steps:
  one: {agent: hand, with: {to: "${{ inputs.to }}"}}
  two: {agent: maker, needs: one}
"""
CALL = "  a: {workflow: sub, risk: irreversible, with: {to: here}}"


def test_a_call_that_can_not_be_undone_waits_before_any_of_its_steps(tmp_path: Path) -> None:
    played = play(tmp_path, CALL, saved=[SUB]).go()
    assert isinstance(played.state("a"), Held)
    assert played.done == []
    subject = played.command_bus.journal.others[played.asked("a")].subject
    assert subject["calls"]["workflow"] == "sub@1"
    assert subject["calls"]["steps"] == {"one": "hand", "two": "maker"}
    assert subject["inputs"] == {"to": "here"}
    played.say("approve", "a")
    assert played.done == ["a/one", "a/two"]
    assert played.run.outcome == "succeeded"


def test_a_no_to_a_call_fails_it(tmp_path: Path) -> None:
    played = play(tmp_path, CALL, saved=[SUB]).go().say("reject", "a")
    assert played.failure("a").code == "approval.rejected"
    assert played.done == []


def test_a_call_runs_with_the_inputs_that_somebody_changed(tmp_path: Path) -> None:
    played = play(tmp_path, CALL, saved=[SUB]).go()
    played.say("request_changes", "a", inputs={"to": "there"}).say("approve", "a", actor="carol")
    assert played.given["a/one"] == {"to": "there"}


def test_no_call_begins_that_was_not_approved_as_it_is(tmp_path: Path) -> None:
    played = play(tmp_path, CALL, saved=[SUB]).go()
    with pytest.raises(Rejected) as no:
        played.command_bus.execution.tell("run-1", ExpandStep("a", ()))
    assert no.value.code == "run.not_due"
    run(played.command_bus.approvals.approve(played.asked("a"), actor="bob", reason="Go."))
    with pytest.raises(Rejected) as no:
        played.command_bus.execution.tell("run-1", ExpandStep("a", (), digest="0" * 64))
    assert no.value.code == "run.not_approved"


def test_a_call_that_changed_since_the_approval_is_asked_for_anew(tmp_path: Path) -> None:
    played = play(tmp_path, CALL, saved=[SUB]).go()
    first = played.asked("a")
    run(played.command_bus.approvals.approve(first, actor="bob", reason="Go."))
    played.run.steps["a"] = msgspec.structs.replace(played.run.steps["a"], title="Another")
    assert played.go().done == []
    assert played.asked("a") != first


def test_every_round_of_a_call_is_asked_for_anew(tmp_path: Path) -> None:
    sub = SUB.replace("steps:", "outputs: {n: '${{ steps.one.output }}'}\nsteps:")
    call = CALL.replace("with:", "repeat: {until: output.n == 2, times: 5}, with:")
    script = {"a/one": 1, "a#2/one": 2}
    played = play(tmp_path, call, script, saved=[sub]).go()
    played.say("approve", "a")
    assert played.done == ["a/one", "a/two"]
    assert isinstance(played.state("a"), Held)
    assert played.say("approve", "a").output("a") == {"n": 2}


# Rounds.

COUNTING = (
    "  a: {agent: hand, repeat: {until: output.n >= 2, times: 3}, with: {p: '${{ previous }}'}}"
)


@pytest.mark.parametrize(
    ("outputs", "end", "rounds"),
    [
        ([{"n": 2}], "succeeded", 1),
        ([{"n": 1}, {"n": 2}], "succeeded", 2),
        ([{"n": 0}, {"n": 1}, {"n": 5}], "succeeded", 3),
        ([{"n": 0}], "repeat.exhausted", 3),
        ([{"m": 0}], "expression.failed", 1),
        ([{"n": 0}, BROKEN], "agent.crashed", 2),
    ],
)
def test_a_step_is_done_again_until_its_condition_holds(
    tmp_path: Path, outputs: list[Any], end: str, rounds: int
) -> None:
    played = play(tmp_path, COUNTING, {"a": Turns(outputs)}).go()
    state = played.state("a")
    assert (end == "succeeded") is isinstance(state, Succeeded)
    assert isinstance(state, Succeeded) or state.failure.code == end  # type: ignore[union-attr]
    assert played.done == ["a"] * rounds


UNCOUNTED = (
    "  a: {agent: hand, repeat: {until: output.n >= 2, times: 2, uncounted: output.free}, with: {}}"
)


@pytest.mark.parametrize(
    ("outputs", "end", "rounds"),
    [
        ([{"n": 0, "free": 1}, {"n": 0, "free": 1}, {"n": 2}], "succeeded", 3),
        ([{"n": 0, "free": 1}], "repeat.exhausted", 3),
        ([{"n": 0, "free": 9}], "repeat.exhausted", 4),
        ([{"n": 0, "free": "x"}], "expression.failed", 1),
        ([{"n": 0, "free": -1}], "expression.failed", 1),
    ],
)
def test_rounds_that_do_not_count_are_given_again_up_to_as_many_as_there_are(
    tmp_path: Path, outputs: list[Any], end: str, rounds: int
) -> None:
    played = play(tmp_path, UNCOUNTED, {"a": Turns(outputs)}).go()
    state = played.state("a")
    assert (end == "succeeded") is isinstance(state, Succeeded)
    assert isinstance(state, Succeeded) or state.failure.code == end  # type: ignore[union-attr]
    assert played.done == ["a"] * rounds


def test_a_round_sees_the_output_of_the_one_before(tmp_path: Path) -> None:
    seen: list[Any] = []

    def again(inputs: dict[str, Any]) -> Any:
        seen.append(inputs["p"])
        return {"n": len(seen)}

    played = play(tmp_path, COUNTING, {"a": again}).go()
    assert seen == [None, {"n": 1}]
    assert played.output("a") == {"n": 2}
    assert played.run.previous == {}


def test_each_round_has_all_its_attempts(tmp_path: Path) -> None:
    steps = "  a: {agent: hand, retry: 2, repeat: {until: output.n == 2, times: 2}}"
    turns = Turns([BROKEN, {"n": 1}, BROKEN, {"n": 2}])
    played = play(tmp_path, steps, {"a": turns}).go()
    assert played.output("a") == {"n": 2}
    assert played.done == ["a"] * 4


def test_each_round_is_asked_for_anew_and_as_it_was_written(tmp_path: Path) -> None:
    steps = COUNTING.replace("agent: hand", f"agent: hand, {PUSH}")
    played = play(tmp_path, steps, {"a": Turns([{"n": 1}, {"n": 2}])}).go()
    played.say("request_changes", "a", inputs={"p": "mine"}).say("approve", "a", actor="carol")
    assert played.given["a"] == {"p": "mine"}
    subject = played.command_bus.journal.others[played.asked("a")].subject
    assert subject["inputs"] == {"p": {"n": 1}}
    assert played.say("approve", "a").output("a") == {"n": 2}


# Keys that are shared, and what a step may use.


def test_steps_that_share_a_key_take_turns_whatever_limit_they_name(tmp_path: Path) -> None:
    steps = "\n".join(
        f"  s{n}: {{agent: hand, concurrency: {{key: 'k${{{{ inputs.x }}}}', limit: {limit}}}}}"
        for n, limit in enumerate([2, 2, 1, 3])
    )
    played = play(tmp_path, steps)
    played.command_bus.execution.look(played.run)
    keys = {slot.key for slots in played.run.slots_of.values() for slot in slots}
    assert keys == {"k3"}
    now, run_ = played.command_bus.clock.now(), played.run
    assert run_.startable(now, 100, slot_room=lambda slot: slot.limit) == ["s0", "s3"]
    assert run_.startable(now, 100, slot_room=lambda slot: slot.limit - 2) == ["s3"]


def test_a_failure_of_an_attempt_is_bounded_and_can_be_stored(tmp_path: Path) -> None:
    bad = Failure("x", "\ud800" * 20_000)
    played = play(tmp_path, "  a: {agent: hand}", {"a": bad}).go()
    assert len(played.failure("a").reason) < 10_000
