"""Lists of items in the worst case of a run: counted when known, before any item starts."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.work import Usage
from tests.application.play import BROKEN, Play, Turns
from tests.application.test_metering import cap, resume, use

SUB = """
name: sub
inputs: {parts: {type: list, default: [1]}}
steps:
  one: {agent: thinker, for_each: "${{ inputs.parts }}"}
"""
PACKAGES = "inputs: {packages: {type: list, default: []}}"


def play(
    directory: Path,
    steps: str,
    packages: list[Any],
    tokens: int,
    *saved: str,
    script: dict[str, Any] | None = None,
) -> Play:
    text = f"name: costly\n{PACKAGES}\nbudget: {{tokens: {tokens}}}\nsteps:\n{steps}"
    return Play(directory, text, script, saved=saved, given={"packages": packages})


EACH = '  each: {agent: thinker, for_each: "${{ inputs.packages }}"}'
CALL = '  each: {workflow: sub, for_each: "${{ inputs.packages }}", with: {parts: "${{ item }}"}}'
NESTED = '  call: {workflow: sub, with: {parts: "${{ inputs.packages.map(p, p) }}"}}'


@pytest.mark.parametrize(
    ("steps", "packages", "worst"),
    [
        (EACH, [1, 2, 3], 3_000),
        (EACH, [], 0),
        (EACH.replace("inputs.packages", "inputs.packages + [0]"), [1], 2_000),
        (NESTED, [1, 2, 3], 3_000),
        (CALL, [[1, 2], [3, 4, 5]], 5_000),
    ],
)
def test_items_that_come_from_inputs_are_all_counted_before_anything_starts(
    tmp_path: Path, steps: str, packages: list[Any], worst: int
) -> None:
    within = play(tmp_path / "within", steps, packages, worst, SUB)
    assert within.run.halt is None
    assert within.go().run.outcome == "succeeded"
    if worst:
        beyond = play(tmp_path / "beyond", steps, packages, worst - 1, SUB).go()
        assert beyond.done == []
        assert f"may need {worst:,} tokens" in str(beyond.run.halt)


LATER = """
  find: {agent: hand}
  each: {agent: thinker, needs: find, for_each: "${{ steps.find.output }}"}
"""


@pytest.mark.parametrize("length", [2, 3])
def test_a_list_that_becomes_known_later_is_held_to_the_caps_before_any_item_starts(
    tmp_path: Path, length: int
) -> None:
    played = play(tmp_path, LATER, [], 2_000, script={"find": list(range(length))}).go()
    if length == 2:
        assert played.run.outcome == "succeeded"
        return
    assert played.done == ["find"]
    assert "may need 3,000 tokens" in str(played.run.halt)
    cap(played, Scope("run", played.name), 3_000)
    resume(played)
    assert played.go().run.outcome == "succeeded"


def test_what_is_said_while_a_list_is_open_is_the_least_that_it_may_be(tmp_path: Path) -> None:
    played = play(tmp_path, LATER, [], 999, script={"find": [1]}).go()
    assert played.done == []
    assert "may need at least 1,000 tokens" in str(played.run.halt)


def test_a_call_that_is_given_its_list_later_is_held_to_the_caps_when_it_begins(
    tmp_path: Path,
) -> None:
    steps = '  find: {agent: hand}\n  call: {workflow: sub, needs: find, with: {parts: "${{ '
    steps += 'steps.find.output }}"}}'
    played = play(tmp_path, steps, [], 2_000, SUB, script={"find": [1, 2, 3]}).go()
    assert played.done == ["find"]
    assert "may need 3,000 tokens" in str(played.run.halt)


def test_attempts_and_rounds_that_are_over_are_not_counted_again(tmp_path: Path) -> None:
    steps = "  again: {agent: thinker, retry: {attempts: 2, wait: 100s}}\n" + LATER.lstrip("\n")
    script = {"find": [1], "again": Turns([BROKEN, None])}
    played = play(tmp_path, steps, [], 3_000, script=script)
    played.start()
    use(played, "again", Usage(input_tokens=1_000))
    played.end("again")
    assert "again" in played.run.resting
    played.end("find")
    played.start()
    assert played.run.halt is None
    assert "each[0]" in played.run.working


def test_a_list_that_no_expression_can_give_is_left_to_its_step(tmp_path: Path) -> None:
    steps = EACH.replace("inputs.packages", "inputs.packages[7]")
    played = play(tmp_path, steps, [], 1_000).go()
    assert played.failure("each").code == "expression.failed"
