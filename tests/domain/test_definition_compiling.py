"""How a definition becomes the steps of a run."""

import pytest

from missioncontrol.domain.agent import Shape
from missioncontrol.domain.definition import Definition, StepDefinition, compiled
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.plan import ExpectedArtifact
from missioncontrol.domain.step import (
    Amount,
    ApprovalRule,
    Escalation,
    Repeat,
    Retry,
    Slot,
    Spending,
    Step,
)
from missioncontrol.domain.workflow import Workflow, sound
from tests.domain.definitions import CARDS, NOTHING, defined, file, library, steps, wrong


def one(text: str) -> Step:
    """Return the only step of a file."""
    (step,) = steps(f"a: {{{text}}}").values()
    return step


def test_all_that_a_step_says_is_there() -> None:
    made = one(
        "agent: changer, title: Change it, for_each: [1, 2], concurrency: 3, retry: 4, "
        "timeout: {queue: 1h, run: 10m, heartbeat: 30s, total: 2h}, budget: {cost: $1}, "
        "with: {x: 1}, artifacts: [a.json, b.bin], "
        "approval: {from: [alice, bob], count: 2, expires: 3d, escalate: {after: 1d, to: lead}}"
    )
    assert made == Step(
        "a",
        "changer",
        title="Change it",
        inputs={"x": 1},
        for_each=[1, 2],
        concurrency=3,
        retry=Retry(4),
        queue_seconds_max=3600.0,
        seconds_max=600.0,
        heartbeat_seconds_max=30.0,
        total_seconds_max=7200.0,
        budget=Amount(cost=1_000_000),
        spending=Spending(stated=Amount(cost=1_000_000)),
        risk="write",
        expects=(
            ExpectedArtifact("a.json", "application/json"),
            ExpectedArtifact("b.bin", "application/octet-stream"),
        ),
        approval=ApprovalRule(("alice", "bob"), 2, 259_200.0, Escalation(86_400.0, ("lead",))),
    )


def test_backoff_is_fixed_or_doubles_and_a_long_wait_is_not_cut() -> None:
    assert one("agent: changer, retry: {attempts: 3, backoff: fixed, wait: 5s}").retry == Retry(
        3, 5.0, 1.0
    )
    assert one("agent: changer, retry: {attempts: 3, wait: 5m}").retry == Retry(
        3, 300.0, 2.0, 300.0
    )


def test_a_handler_needs_what_it_handles_and_looks_at_any_end() -> None:
    made = steps("""
        a: {agent: changer, on_failure: h}
        b: {agent: changer, needs: a, on_failure: h}
        h: {agent: changer}
    """)
    assert made["h"].needs == ("a", "b")
    assert made["h"].handles == ("a", "b")
    assert made["h"].runs_after == "any"
    assert (made["a"].on_failure, made["a"].runs_after) == ("stop", "success")


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        ("always()", "any"),
        ("failure()", "any"),
        ("run.id != '' && always()", "any"),
        ("success()", "success"),
        ("run.id == 'failure()'", "success"),
    ],
)
def test_only_always_and_failure_lift_the_rule_of_success(condition: str, after: str) -> None:
    made = steps(f"""
        a: {{agent: changer}}
        b: {{agent: changer, needs: a, if: "{condition}"}}
    """)
    assert (made["b"].when, made["b"].runs_after) == (condition, after)


def test_signs_around_a_condition_go_and_around_a_list_they_come() -> None:
    made = one("agent: changer, if: '${{ run.id != \"\" }}', for_each: '[1, 2].map(x, x)'")
    assert made.when == 'run.id != ""'
    assert made.for_each == "${{ [1, 2].map(x, x) }}"


def test_templates_are_marked_only_where_they_are() -> None:
    assert not one("agent: changer, with: {x: [a, {b: 1}]}").has_templates
    assert one("agent: changer, with: {x: [a, {b: '${{ run.id }}'}]}").has_templates
    assert one("agent: changer, with: {x: 'an escaped $${{ sign'}").has_templates


def test_a_key_of_concurrency_becomes_a_slot() -> None:
    made = one("agent: changer, concurrency: {key: 'deploy-${{ run.workflow }}', limit: 2}")
    assert made.slots == (Slot("deploy-${{ run.workflow }}", 2),)


def test_a_step_that_repeats_keeps_its_condition() -> None:
    made = one("agent: changer, repeat: {until: output.changed, times: 5}")
    assert made.repeat == Repeat("output.changed", 5)


@pytest.mark.parametrize(
    ("body", "risk", "asks"),
    [
        ("agent: reader, with: {path: /x}", "read", False),
        ("agent: reader, with: {path: /x}, risk: write", "write", False),
        ("agent: reader, with: {path: /x}, effects: [pushes]", "irreversible", True),
        ("agent: changer", "write", False),
        ("agent: changer, risk: read", "write", False),
        ("agent: changer, risk: irreversible", "irreversible", True),
        ("agent: command, with: {argv: [ls]}", "write", False),
        ("agent: command, with: {argv: [ls]}, risk: read, effects: [reads_files]", "read", False),
        ("agent: command, with: {argv: [ls]}, effects: [reads_files]", "read", False),
        ("agent: command, with: {argv: [ls]}, effects: [deletes]", "irreversible", True),
    ],
)
def test_the_highest_of_all_that_is_declared_is_the_tier(body: str, risk: str, asks: bool) -> None:
    made = one(body)
    assert made.risk == risk
    assert made.approval == (ApprovalRule() if asks else None)


def test_a_capability_is_given_to_the_first_agent_that_has_it() -> None:
    assert one("capability: read, with: {path: /x}").agent == "reader"
    assert one("capability: change").agent == "changer"


def test_spending_comes_from_the_card_and_a_budget_narrows_it() -> None:
    asks = "agent: thinker, with: {question: why}"
    free, tight = one(asks).spending, one(f"{asks}, budget: {{tokens: 1200}}").spending
    assert free is not None
    assert tight is not None
    assert (free.input_tokens, free.output_tokens) == (1000, 500)
    assert (tight.input_tokens, tight.output_tokens) == (1000, 200)


def test_what_an_agent_takes_from_the_workflow_is_written_out() -> None:
    made = compiled(
        defined("inputs: {path: {type: path}}\nsteps:\n  a: {agent: reader}"),
        cards=CARDS,
        library=NOTHING,
    )
    assert made[0].inputs == {"path": "${{ inputs.path }}"}
    assert made[0].has_templates


def test_a_command_keeps_the_files_that_it_must_hand_in() -> None:
    made = one("agent: command, with: {argv: [ls], artifacts: [a.txt]}, artifacts: [a.txt, b.txt]")
    assert made.inputs["artifacts"] == ["a.txt", "b.txt"]


INNER = """
inputs:
  tag: {type: string}
  level: {type: integer, default: 1}
  note: {type: string, required: false}
budget: {cost: 1.00 USD, tokens: 500}
timeout: 5m
outputs: {count: "${{ steps.r.output.count }}"}
steps:
  r: {agent: reader, with: {path: "${{ inputs.tag }}"}}
  c: {agent: changer, needs: r, risk: irreversible}
"""


def test_a_called_workflow_is_pinned_and_embedded_with_its_defaults_and_limits() -> None:
    inner = defined(INNER, "inner")
    there = library(Definition("inner", 2, steps=inner.steps), _versioned(inner, 3))
    made = steps("a: {workflow: inner, with: {tag: x}, budget: {cost: $2}, timeout: 1h}", there)[
        "a"
    ]
    assert (made.agent, made.calls) == ("", "inner@3")
    assert made.inputs == {"tag": "x", "level": 1, "note": None}
    assert [(step.key, step.needs) for step in made.body] == [("r", ()), ("c", ("r",))]
    assert made.outputs == {"count": "${{ steps.r.output.count }}"}
    assert made.budget == Amount(1_000_000, 500)
    assert made.seconds_max == 300.0
    assert steps("a: {workflow: inner@2}", there)["a"].calls == "inner@2"


def test_a_call_has_the_tier_of_its_steps_and_they_ask_for_themselves() -> None:
    there = library(_versioned(defined(INNER, "inner"), 1))
    made = steps("a: {workflow: inner, with: {tag: x}}", there)["a"]
    assert (made.risk, made.approval) == ("irreversible", None)
    assert made.body[1].approval == ApprovalRule()
    asked = steps("a: {workflow: inner, with: {tag: x}, approval: true}", there)["a"]
    assert asked.approval == ApprovalRule()


def _versioned(definition: Definition, version: int) -> Definition:
    return Definition(
        definition.name,
        version,
        inputs=definition.inputs,
        budget=definition.budget,
        seconds_max=definition.seconds_max,
        outputs=definition.outputs,
        steps=definition.steps,
    )


def test_steps_that_were_compiled_make_a_sound_workflow() -> None:
    made = steps("""
        a: {agent: changer, on_failure: h}
        b: {agent: changer, needs: [a], if: always()}
        h: {agent: changer, needs: [b]}
    """)
    assert sound(Workflow("tidy", tuple(made.values())))


def test_an_agent_that_is_gone_is_told() -> None:
    with pytest.raises(Rejected, match="asks for agent 'gone'") as refused:
        compiled(
            Definition("x", steps={"a": StepDefinition(agent="gone")}), cards=CARDS, library=NOTHING
        )
    assert refused.value.code == "workflow.unknown_agent"


def test_a_workflow_that_is_gone_is_told() -> None:
    with pytest.raises(NotFound, match="no workflow 'gone@2'"):
        compiled(
            Definition("x", steps={"a": StepDefinition(workflow="gone@2")}),
            cards=CARDS,
            library=NOTHING,
        )


def test_a_circle_of_calls_is_refused_before_anything_is_embedded() -> None:
    wide = {f"s{number}": StepDefinition(workflow="x") for number in range(20)}
    with pytest.raises(Rejected) as refused:
        compiled(Definition("x", steps=wide), cards=CARDS, library=NOTHING)
    assert refused.value.code == "workflow.cycle"


def test_a_workflow_that_became_too_large_by_what_it_calls_is_refused() -> None:
    wide = {f"s{number}": StepDefinition(agent="changer") for number in range(5000)}
    calls = {key: StepDefinition(workflow="wide") for key in "abc"}
    with pytest.raises(Rejected) as refused:
        compiled(
            Definition("x", steps=calls),
            cards=CARDS,
            library=library(Definition("wide", 1, steps=wide)),
        )
    assert refused.value.code == "workflow.too_long"


def test_cards_that_say_nothing_take_anything() -> None:
    assert CARDS["changer"].inputs == Shape("object")
    assert one("agent: changer, with: {a: {b: [1, {c: null}]}}").inputs == {
        "a": {"b": [1, {"c": None}]}
    }


def test_calls_within_calls_beyond_eight_are_refused() -> None:
    chain = [
        Definition(f"w{n}", 1, steps={"a": StepDefinition(workflow=f"w{n + 1}")}) for n in range(9)
    ]
    last = Definition("w9", 1, steps={"a": StepDefinition(agent="changer")})
    assert compiled(chain[1], cards=CARDS, library=library(*chain, last))
    with pytest.raises(Rejected) as refused:
        compiled(chain[0], cards=CARDS, library=library(*chain, last))
    assert refused.value.code == "workflow.too_deep"


def test_a_circle_of_calls_that_is_in_the_library_all_the_same_does_not_go_round() -> None:
    one = Definition("one", 1, steps={"a": StepDefinition(workflow="two")})
    two = Definition("two", 1, steps={"a": StepDefinition(workflow="one")})
    top = Definition("top", steps={"a": StepDefinition(workflow="one")})
    with pytest.raises(Rejected) as refused:
        compiled(top, cards=CARDS, library=library(one, two))
    assert refused.value.code == "workflow.too_deep"
    text = file("""
        a: {workflow: one}
        b: {agent: changer, needs: a, if: steps.a.output.x == 1}
    """)
    assert wrong(text, library(one, two)) == [
        "4: steps.b.if: steps.a.output.x is never there. steps.a.output has no parts."
    ]
