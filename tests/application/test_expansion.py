"""How one step becomes many, and how it ends as they do."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run import resolution
from missioncontrol.domain.run.commands import ExpandStep, HoldStep, ReadyStep, RunCommand
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Expanded, Held
from missioncontrol.domain.step import Step
from tests.application.play import BROKEN, Play, Turns

EACH = "  each: {agent: hand, for_each: [10, 20, 30], with: {n: '${{ item + index }}'}}"


def play(
    directory: Path, steps: str, script: dict[str, Any] | None = None, *saved: str, **more: Any
) -> Play:
    text = "name: many\ninputs: {x: {type: any, default: 3}}\nsteps:\n" + steps
    return Play(directory, text, script, saved=saved, **more)


def doubled(inputs: dict[str, Any]) -> int:
    return int(inputs["n"]) * 2


# Items.


def test_each_item_is_done_and_the_outputs_stand_in_order(tmp_path: Path) -> None:
    script = {f"each[{n}]": doubled for n in range(3)}
    played = play(tmp_path, EACH, script)
    played.start()
    for key in ("each[2]", "each[0]", "each[1]"):
        played.end(key)
    assert played.go().output("each") == [20, 42, 64]
    assert played.run.outcome == "succeeded"


@pytest.mark.parametrize("items", ["[]", "'${{ [] }}'", "'${{ [1, 2].filter(n, n > 2) }}'"])
def test_an_empty_list_succeeds_with_an_empty_list(tmp_path: Path, items: str) -> None:
    steps = f"  each: {{agent: hand, for_each: {items}}}\n  b: {{agent: hand, needs: each}}"
    played = play(tmp_path, steps).go()
    assert played.output("each") == []
    assert played.done == ["b"]


def test_the_others_go_on_where_an_item_fails(tmp_path: Path) -> None:
    steps = EACH + "\n  b: {agent: hand, needs: each}"
    played = play(tmp_path, steps, {"each[1]": BROKEN}).go()
    assert played.done == ["each[0]", "each[1]", "each[2]"]
    assert played.failure("each").code == "items.failed"
    assert "1 of 3 items failed; the first, 'each[1]': It broke." in played.failure("each").reason
    assert played.ends()["b"] == "blocked"
    assert played.run.outcome == "failed"


def test_items_that_failed_are_gone_on_from_as_one(tmp_path: Path) -> None:
    steps = EACH.replace("hand,", "hand, on_failure: continue,")
    steps += "\n  b: {agent: hand, needs: each, with: {o: '${{ steps.each.output }}'}}"
    played = play(tmp_path, steps, {"each[1]": BROKEN}).go()
    assert played.ends()["each"] == "failed"
    assert played.given["b"] == {"o": None}
    assert played.run.outcome == "succeeded"


def test_a_handler_of_items_runs_after_all_of_them(tmp_path: Path) -> None:
    steps = EACH.replace("hand,", "hand, on_failure: mend,") + "\n  mend: {agent: hand}"
    played = play(tmp_path, steps, {"each[0]": BROKEN}).go()
    assert played.done == ["each[0]", "each[1]", "each[2]", "mend"]


def test_each_item_has_its_own_attempts(tmp_path: Path) -> None:
    steps = EACH.replace("hand,", "hand, retry: 2,")
    script = {"each[0]": Turns([BROKEN, 1]), "each[1]": 2, "each[2]": Turns([BROKEN, 3])}
    played = play(tmp_path, steps, script).go()
    assert played.output("each") == [1, 2, 3]


def test_each_item_is_repeated_by_itself(tmp_path: Path) -> None:
    steps = EACH.replace("hand,", "hand, repeat: {until: output == index, times: 3},")
    script = {"each[0]": 0, "each[1]": Turns([9, 1]), "each[2]": Turns([9, 8, 2])}
    played = play(tmp_path, steps, script).go()
    assert played.output("each") == [0, 1, 2]
    assert sorted(played.done) == ["each[0]", *["each[1]"] * 2, *["each[2]"] * 3]


def test_the_condition_is_asked_once_and_for_all_items(tmp_path: Path) -> None:
    steps = EACH.replace("hand,", "hand, if: inputs.x == 4,")
    played = play(tmp_path, steps).go()
    assert played.ends() == {"each": "skipped"}


def test_only_so_many_items_share_the_places_of_their_step(tmp_path: Path) -> None:
    played = play(tmp_path, EACH.replace("hand,", "hand, concurrency: 2,"))
    played.command_bus.execution.look(played.run)
    slots = {slots for key, slots in played.run.slots_of.items() if key.startswith("each")}
    ((slot,),) = slots
    assert (slot.key, slot.limit) == ("run-1/each", 2)
    assert len(played.run.startable(played.command_bus.clock.now(), 9, slot_room=lambda _: 2)) == 2


def test_a_list_may_come_from_the_output_of_another_step(tmp_path: Path) -> None:
    steps = """
  a: {agent: hand}
  each:
    agent: hand
    needs: a
    for_each: "${{ steps.a.output.files }}"
    with: {f: "${{ item.name }}"}
"""
    played = play(tmp_path, steps, {"a": {"files": [{"name": "x"}, {"name": "y"}]}}).go()
    assert [played.given[f"each[{n}]"] for n in range(2)] == [{"f": "x"}, {"f": "y"}]


def test_items_that_hand_back_too_much_together_fail_the_step(tmp_path: Path) -> None:
    script = {f"each[{n}]": "x" * 400_000 for n in range(3)}
    assert play(tmp_path, EACH, script).go().failure("each").code == "work.too_large"


# Calls.

SUB = """
name: sub
inputs: {n: {type: integer, default: 1}}
outputs: {twice: "${{ steps.last.output }}"}
steps:
  first: {agent: hand, with: {n: "${{ inputs.n }}"}}
  last: {agent: hand, needs: first, with: {n: "${{ steps.first.output }}"}}
"""
CALL = "  call: {workflow: sub, with: {n: '${{ inputs.x }}'}}"


def test_a_called_workflow_has_its_own_names_and_hands_its_outputs_back(tmp_path: Path) -> None:
    steps = CALL + "\n  b: {agent: hand, needs: call, with: {t: '${{ steps.call.output.twice }}'}}"
    script = {"call/first": doubled, "call/last": doubled}
    played = play(tmp_path, steps, script, SUB).go()
    assert played.given["call/first"] == {"n": 3}
    assert played.given["call/last"] == {"n": 6}
    assert played.output("call") == {"twice": 12}
    assert played.given["b"] == {"t": 12}


def test_defaults_of_a_called_workflow_hold_where_nothing_is_given(tmp_path: Path) -> None:
    played = play(tmp_path, "  call: {workflow: sub}", {}, SUB).go()
    assert played.given["call/first"] == {"n": 1}


def test_a_call_fails_with_any_of_its_steps_and_what_needs_it_is_blocked(tmp_path: Path) -> None:
    steps = CALL + "\n  b: {agent: hand, needs: call}"
    played = play(tmp_path, steps, {"call/first": BROKEN}, SUB).go()
    assert played.ends() == {
        "call": "failed",
        "b": "blocked",
        "call/first": "failed",
        "call/last": "blocked",
    }
    assert played.failure("call").code == "workflow.failed"
    assert "sub@1 failed; the first, 'call/first': It broke." in played.failure("call").reason


def test_a_handler_inside_of_a_call_runs_and_the_call_still_fails(tmp_path: Path) -> None:
    sub = SUB.replace("first: {agent: hand,", "first: {agent: hand, on_failure: mend,")
    sub += "  mend: {agent: hand}\n"
    played = play(tmp_path, CALL, {"call/first": BROKEN}, sub).go()
    assert played.done == ["call/first", "call/mend"]
    assert played.ends()["call"] == "failed"


def test_what_is_gone_on_from_inside_does_not_fail_the_call(tmp_path: Path) -> None:
    sub = SUB.replace("first: {agent: hand,", "first: {agent: hand, on_failure: continue,")
    played = play(tmp_path, CALL, {"call/first": BROKEN, "call/last": 5}, sub).go()
    assert played.given["call/last"] == {"n": None}
    assert played.output("call") == {"twice": 5}


def test_a_step_that_looks_on_inside_sees_the_failure(tmp_path: Path) -> None:
    sub = SUB + "  report: {agent: hand, needs: last, if: failure(), "
    sub += "with: {s: '${{ steps.first.state }}'}}\n"
    played = play(tmp_path, CALL, {"call/first": BROKEN}, sub).go()
    assert played.given["call/report"] == {"s": "failed"}


def test_an_output_that_can_not_be_worked_out_fails_the_call(tmp_path: Path) -> None:
    sub = SUB.replace("last.output }}", "last.output.deep }}")
    played = play(tmp_path, CALL, {"call/last": 3}, sub).go()
    assert played.failure("call").code == "expression.failed"


TOP = """
name: top
inputs: {n: {type: integer, default: 1}}
outputs: {all: "${{ steps.inner.output }}"}
steps:
  inner: {workflow: sub, with: {n: "${{ inputs.n + 1 }}"}}
"""


def test_calls_within_calls_within_items_keep_their_names_apart(tmp_path: Path) -> None:
    steps = "  call: {workflow: top, for_each: [1, 5], with: {n: '${{ item }}'}}"
    script = {f"call[{n}]/inner/{key}": doubled for n in range(2) for key in ("first", "last")}
    played = play(tmp_path, steps, script, SUB, TOP).go()
    assert played.output("call") == [{"all": {"twice": 8}}, {"all": {"twice": 24}}]
    assert played.run.outcome == "succeeded"


def test_a_failure_far_inside_reaches_the_top(tmp_path: Path) -> None:
    steps = "  call: {workflow: top, for_each: [1, 5]}"
    played = play(tmp_path, steps, {"call[1]/inner/first": BROKEN}, SUB, TOP).go()
    assert played.ends()["call[0]"] == "succeeded"
    assert played.ends()["call[1]/inner"] == played.ends()["call[1]"] == "failed"
    assert "'call[1]'" in played.failure("call").reason
    assert "It broke." in played.failure("call").reason


def test_a_call_is_done_again_until_its_condition_holds(tmp_path: Path) -> None:
    steps = "  call: {workflow: sub, repeat: {until: output.twice > 8, times: 5}, "
    steps += "with: {n: '${{ previous == null ? 1 : previous.twice }}'}}"
    script = {f"call{round_}/{key}": doubled for round_ in ("", "#2") for key in ("first", "last")}
    played = play(tmp_path, steps, script, SUB).go()
    assert played.given["call#2/first"] == {"n": 4}
    assert played.output("call") == {"twice": 16}
    assert list(played.run.steps) == [
        "call",
        "call/first",
        "call/last",
        "call#2/first",
        "call#2/last",
    ]


@pytest.mark.parametrize(
    ("until", "code"),
    [("output.twice > 99", "repeat.exhausted"), ("output.twice.b", "expression.failed")],
)
def test_a_call_whose_condition_never_holds_fails(tmp_path: Path, until: str, code: str) -> None:
    steps = f"  call: {{workflow: sub, repeat: {{until: {until}, times: 2}}}}"
    script = {f"call{r}/{k}": 1 for r in ("", "#2") for k in ("first", "last")}
    played = play(tmp_path, steps, script, SUB).go()
    assert played.failure("call").code == code


def test_a_failure_in_a_later_round_ends_the_rounds(tmp_path: Path) -> None:
    steps = "  call: {workflow: sub, repeat: {until: output.twice > 99, times: 5}}"
    script = {"call/last": 1, "call#2/first": BROKEN}
    played = play(tmp_path, steps, script, SUB).go()
    assert played.failure("call").code == "workflow.failed"
    assert played.ends()["call#2/last"] == "blocked"


def test_only_so_many_calls_for_items_go_on_at_once(tmp_path: Path) -> None:
    steps = "  call: {workflow: sub, for_each: [1, 2, 3, 4, 5], concurrency: 2}"
    played = play(tmp_path, steps, {"call[1]/first": BROKEN}, SUB)
    most = 0
    while played.start() or played.end():
        going = [k for k, s in played.run.states.items() if k != "call" and isinstance(s, Expanded)]
        most = max(most, len(going))
    assert most == 2
    assert played.ends()["call[4]"] == "succeeded"
    assert played.ends()["call"] == "failed"


def test_calls_that_wait_for_a_person_keep_no_place(tmp_path: Path) -> None:
    steps = "  call: {workflow: sub, for_each: [1, 2, 3], concurrency: 1, effects: [pushes]}"
    played = play(tmp_path, steps, {}, SUB).go()
    assert set(played.run.held) == {"call[0]", "call[1]", "call[2]"}
    assert played.run.status == "waiting"
    played.say("approve", "call[1]").say("reject", "call[0]").say("approve", "call[2]")
    assert played.ends()["call[1]"] == played.ends()["call[2]"] == "succeeded"
    assert played.failure("call").code == "items.failed"


def test_a_run_waits_where_all_calls_that_may_go_on_wait_for_a_person(tmp_path: Path) -> None:
    sub = SUB.replace("last: {agent: hand,", "last: {agent: hand, effects: [pushes],")
    steps = "  call: {workflow: sub, for_each: [1, 2, 3], concurrency: 1}"
    played = play(tmp_path, steps, {}, sub).go()
    assert list(played.run.held) == ["call[0]/last"]
    assert played.run.status == "waiting"
    played.say("reject", "call[0]/last")
    assert isinstance(played.state("call[1]/last"), Held)


# A step that is given up, with all that it became.

LATE = Failure("step.total_timed_out", "It took too long.", retryable=False)


def give_up(played: Play, key: str) -> None:
    played.command_bus.execution.fail_step("run-1", key, LATE)


def test_a_call_that_is_given_up_lets_go_of_what_has_not_begun_and_ends_with_the_rest(
    tmp_path: Path,
) -> None:
    sub = SUB + "  other: {agent: hand, effects: [pushes]}\n"
    steps = CALL.replace("sub,", "sub, on_failure: mend,") + "\n  mend: {agent: hand}"
    played = play(tmp_path, steps, {}, sub)
    played.start()
    asked = played.asked("call/other")
    give_up(played, "call")
    give_up(played, "call")
    assert played.ends() == {
        "call": "expanded",
        "mend": "waiting",
        "call/first": "working",
        "call/last": "cancelled",
        "call/other": "cancelled",
    }
    assert played.command_bus.journal.others[asked].is_final
    played.go()
    assert played.failure("call") == LATE
    assert played.done == ["call/first", "mend"]


def test_calls_within_a_call_that_is_given_up_end_after_their_own_steps(tmp_path: Path) -> None:
    steps = "  call: {workflow: top, for_each: [1, 2]}\n  b: {agent: hand, needs: call}"
    played = play(tmp_path, steps, {}, SUB, TOP)
    played.start()
    give_up(played, "call")
    played.end("call[0]/inner/first")
    played.command_bus.execution.look(played.run)
    assert played.ends()["call[0]"] == "failed"
    assert isinstance(played.state("call"), Expanded)
    played.go()
    assert played.failure("call") == LATE
    assert played.ends()["b"] == "blocked"
    assert played.done == ["call[0]/inner/first", "call[1]/inner/first"]


def test_a_step_whose_own_steps_have_all_ended_is_not_given_up_any_more(tmp_path: Path) -> None:
    played = play(tmp_path, EACH)
    played.start()
    for n in range(3):
        played.end(f"each[{n}]")
    give_up(played, "each")
    assert played.go().run.outcome == "succeeded"


# What can't be brought in.


@pytest.mark.parametrize(
    "command", [ReadyStep("call"), ExpandStep("plain", ()), HoldStep("plain", "approval-1", "d")]
)
def test_what_becomes_others_never_starts_itself_and_the_other_way_round(
    tmp_path: Path, command: RunCommand
) -> None:
    steps = CALL + "\n  plain: {agent: hand, if: inputs.x == 3}"
    played = play(tmp_path, steps, {}, SUB)
    with pytest.raises(Rejected) as no:
        played.command_bus.execution.tell("run-1", command)
    assert no.value.code == "run.not_due"


def items(*keys: str, **more: Any) -> ExpandStep:
    return ExpandStep("each", tuple(Step(key, "hand", parent="each", **more) for key in keys))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (items("each[0]", "each[0]"), "run.duplicate_step"),
        (items("other"), "run.duplicate_step"),
        (ExpandStep("each", (Step("each[0]", "hand", parent="other"),)), "run.duplicate_step"),
        (items("each[0]", needs=("other",)), "run.unknown_need"),
        (items("each[0]", needs=("each[0]",)), "run.cycle"),
        (items("each[0]", seconds_max=-1.0), "step.bad_limit"),
    ],
)
def test_steps_that_make_no_sense_are_not_brought_in(
    tmp_path: Path, command: ExpandStep, code: str
) -> None:
    played = play(tmp_path, EACH + "\n  other: {agent: hand}")
    with pytest.raises(Rejected) as no:
        played.command_bus.execution.tell("run-1", command)
    assert no.value.code == code


def test_a_run_has_a_bound_on_all_steps_that_it_becomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolution, "STEPS_MAX", 8)
    fits = "  call: {workflow: sub, for_each: [1, 2]}"
    assert play(tmp_path / "a", fits, {}, SUB).go().run.outcome == "succeeded"
    too_many = "  call: {workflow: sub, for_each: [1, 2, 3]}"
    played = play(tmp_path / "b", too_many, {}, SUB).go()
    assert played.failure("call").code == "run.too_many_steps"
    assert "9 steps" in played.failure("call").reason


INNER = """
name: inner
inputs:
  tag: {type: string, pattern: 'v\\d+'}
  n: {type: integer, default: 1}
steps:
  use: {agent: hand, with: {tag: "${{ inputs.tag }}"}}
"""
FEEDS = """
  first: {agent: hand}
  call: {workflow: inner, needs: first, with: {tag: "${{ steps.first.output }}"}}
"""


@pytest.mark.parametrize("tag", ["evil; rm -rf", 7, None, "v1\n"])
def test_a_call_is_refused_what_its_workflow_would_be_refused(tmp_path: Path, tag: Any) -> None:
    played = play(tmp_path, FEEDS, {"first": tag}, INNER).go()
    assert played.failure("call").code == "run.bad_inputs"
    assert "tag" in played.failure("call").reason
    assert "call/use" not in played.run.states


def test_a_pattern_that_would_go_back_for_ever_is_answered_at_once(tmp_path: Path) -> None:
    inner = INNER.replace(r"v\d+", "(a+)+$")
    played = play(tmp_path, FEEDS, {"first": "a" * 5_000 + "b"}, inner).go()
    assert played.failure("call").code == "run.bad_inputs"
