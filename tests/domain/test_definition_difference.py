"""What two versions say differently."""

from missioncontrol.domain.definition import Change, differences
from missioncontrol.domain.definition.difference import Field
from tests.domain.definitions import defined

OLD = """
budget: {cost: 1.00 USD}
inputs: {tag: {type: string}, old: {type: integer}}
steps:
  lint: {agent: changer}
  publish: {agent: changer, needs: lint, with: {argv: [git, push], force: false}, retry: 2}
"""
NEW = """
budget: {cost: 2.00 USD, tokens: 5}
description: now with more
inputs: {tag: {type: string, default: v1}}
steps:
  publish: {agent: changer, with: {argv: [git, push, -f], force: false}, risk: irreversible}
  check: {agent: reader, with: {path: /x}}
"""


def test_a_definition_does_not_differ_from_itself() -> None:
    assert differences(defined(OLD), defined(OLD)) == []


def test_differences_are_told_by_thing_and_field() -> None:
    assert differences(defined(OLD), defined(NEW)) == [
        Change(
            "changed",
            "budget",
            (Field("cost", "1.00 USD", "2.00 USD"), Field("tokens", None, 5)),
        ),
        Change("added", "description", (Field("", None, "now with more"),)),
        Change("changed", "inputs.tag", (Field("default", None, "v1"),)),
        Change("removed", "inputs.old", (Field("type", "integer", None),)),
        Change("removed", "steps.lint", (Field("agent", "changer", None),)),
        Change(
            "changed",
            "steps.publish",
            (
                Field("needs", ["lint"], None),
                Field("with.argv", ["git", "push"], ["git", "push", "-f"]),
                Field("retry", 2, None),
                Field("risk", None, "irreversible"),
            ),
        ),
        Change(
            "added",
            "steps.check",
            (Field("agent", None, "reader"), Field("with.path", None, "/x")),
        ),
    ]


def test_another_order_of_steps_is_a_difference() -> None:
    one = defined("a: {agent: changer}\nb: {agent: changer}")
    other = defined("b: {agent: changer}\na: {agent: changer}")
    assert differences(one, other) == [
        Change("moved", "steps", (Field("order", ["a", "b"], ["b", "a"]),))
    ]


def test_one_and_true_are_different_values() -> None:
    one = defined("a: {agent: changer, with: {x: 1}}")
    other = defined("a: {agent: changer, with: {x: true}}")
    assert differences(one, other) == [Change("changed", "steps.a", (Field("with.x", 1, True),))]
