"""Every fault of a workflow file: that it is found, where, and in which words."""

from itertools import pairwise
from pathlib import Path

import pytest

from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.domain.definition import Definition, StepDefinition, faults
from missioncontrol.domain.definition.calls import Library
from tests.domain.definitions import (
    CARDS,
    EXPRESSIONS,
    NOTHING,
    defined,
    file,
    library,
    wrong,
)


def blocks(name: str) -> list[str]:
    """Return the parts of a file between empty lines, without its heading."""
    return Path(__file__).with_name(name).read_text("utf-8").strip("\n").split("\n\n")[1:]


def parted(block: str) -> tuple[str, list[str]]:
    """Return a workflow file, and the messages about it."""
    lines = block.splitlines()
    text = "\n".join(line for line in lines if not line.startswith("> "))
    return text, [line[2:] for line in lines if line.startswith("> ")]


@pytest.mark.parametrize("block", blocks("definition_faults.txt"))
def test_a_fault_is_told_with_its_line_and_nothing_else_is(block: str) -> None:
    text, expected = parted(block)
    assert wrong(file(text)) == expected


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    text = file("""
        a: {agent: reeder, needs: [c]}
        b: {agent: changer, tiemout: 3s, if: 1 +}
        c: {agent: changer, needs: [a], if: false}
        d: {agent: changer, with: {x: "${{ steps.e.output }}"}}
    """)
    reported = [each.split(": ")[:2] for each in wrong(text)]
    assert reported == [
        ["3", "steps.a.agent"],
        ["3", "steps.a.needs"],
        ["4", "steps.b.if"],
        ["4", "steps.b.tiemout"],
        ["6", "steps.d.with.x"],
    ]


def test_a_misspelt_need_does_not_cause_further_faults() -> None:
    text = file("""
        test: {agent: changer}
        a: {agent: changer, needs: [tset], if: steps.test.output.changed}
        b: {agent: changer, needs: [a], if: steps.test.output.changed}
    """)
    assert wrong(text) == ["4: steps.a.needs[0]: There is no step 'tset'. Did you mean 'test'?"]


def test_a_step_that_can_not_be_read_is_still_there_for_others() -> None:
    assert wrong(file("a: 3\nb: {agent: changer, needs: a}")) == [
        "3: steps.a: It is the number 3 and must be an object, such as {agent: surveyor}."
    ]


def test_a_file_without_name_and_steps_is_told_both() -> None:
    assert [each.partition(":")[2] for each in wrong("description: x\n")] == [
        " the file: It has no `name`. Begin the file with `name: release-check`, for instance.",
        (
            " the file: It has no `steps`. Add `steps:` and under it, for instance, "
            "`survey: {agent: surveyor}`."
        ),
    ]


def test_a_circle_is_told_whole_and_in_order_through_handlers_too() -> None:
    text = file("""
        z: {agent: changer}
        c: {agent: changer, needs: [a]}
        a: {agent: changer, needs: [z, b]}
        b: {agent: changer, on_failure: c}
        d: {agent: changer, needs: [c]}
        b2: {agent: changer, needs: [c], on_failure: a}
    """)
    assert wrong(text) == [
        (
            "4: steps.c.needs: Steps wait for each other in a circle: c → a → b2 → c ('a' waits "
            "for 'b2' because it handles its failure). Each step waits for the next: remove one of "
            "these dependencies."
        )
    ]


def test_two_circles_that_share_no_step_are_both_told() -> None:
    text = file("""
        a: {agent: changer, needs: b}
        b: {agent: changer, needs: a}
        c: {agent: changer, needs: d}
        d: {agent: changer, needs: c}
        e: {agent: changer, if: false}
    """)
    first, second, third = wrong(text)
    assert "a → b → a" in first
    assert "c → d → c" in second
    assert third.startswith("7: steps.e.if: The step can never run")


COMMAND = "agent: command, with: {argv: [git, push, --force]}"


@pytest.mark.parametrize(
    ("body", "is_wrong"),
    [
        (f"{COMMAND}, risk: read", True),
        (f"{COMMAND}, risk: write", False),
        (f"{COMMAND}, risk: irreversible", False),
        (f"{COMMAND}, risk: read, effects: [reads_files]", False),
        (f"{COMMAND}, risk: read, effects: [pushes]", False),
        (COMMAND, False),
        ("agent: changer, risk: read", False),
    ],
)
def test_a_command_that_says_nothing_of_its_effects_is_no_read_step(
    body: str, is_wrong: bool
) -> None:
    reported = wrong(file(f"a: {{{body}}}"))
    assert len(reported) == is_wrong
    assert all("steps.a.risk: It can't lower the tier" in each for each in reported)


ON_FAILURE = "b: {agent: changer, needs: a, if: failure()}"
GOES_ON = "{agent: changer, needs: z, on_failure: continue}"
REACH = [
    ("a: {agent: changer, if: false}\nb: {agent: changer, needs: a}", "b"),
    ("a: {agent: changer, if: false}\nb: {agent: changer, needs: a, if: always()}", ""),
    ("a: {agent: changer, if: false}\nb: {agent: changer, needs: a, if: failure()}", "b"),
    ("a: {agent: changer}\nb: {agent: changer, needs: a, if: failure() && run.id == 'x'}", ""),
    ("a: {agent: changer}\nb: {agent: changer, needs: a, if: '!failure()'}", ""),
    ("a: {agent: changer, if: false}\nb: {agent: changer, needs: a, if: success()}", "b"),
    ("a: {agent: changer, if: false, on_failure: h}\nh: {agent: changer}", "h"),
    ("a: {agent: changer, on_failure: h}\nh: {agent: changer, if: success()}", "h"),
    ("a: {agent: changer, on_failure: h}\nh: {agent: changer, if: failure()}", ""),
    ("a: {agent: changer, on_failure: h}\nh: {agent: changer}\nc: {agent: changer, needs: h}", ""),
    # A person's no is a failure in spite of `continue`.
    (f"a: {{agent: changer, approval: true, on_failure: continue}}\n{ON_FAILURE}", ""),
    # What a step is blocked by counts as a failure as well.
    (f"z: {{agent: changer}}\na: {GOES_ON}\n{ON_FAILURE}", ""),
]


@pytest.mark.parametrize(("text", "never"), REACH)
def test_what_never_runs_follows_from_conditions_and_needs(text: str, never: str) -> None:
    reported = [each for each in wrong(file(text)) if "can never run" in each]
    if "if: false" in text:
        assert reported.pop(0).startswith("3: steps.a.if")
    assert [each.split(": ")[1].removesuffix(".if") for each in reported] == [
        f"steps.{key}" for key in never.split()
    ]


def chain(length: int) -> Library:
    """Return workflows w1 … that call each other in a row; the last calls nothing."""
    names = [f"w{number}" for number in range(1, length + 1)]
    last = Definition(names[-1], 1, steps={"a": StepDefinition(agent="changer")})
    rest = [
        Definition(name, 1, steps={"a": StepDefinition(workflow=following)})
        for name, following in pairwise(names)
    ]
    return library(*rest, last)


def test_calls_may_be_nested_eight_deep_and_no_deeper() -> None:
    assert wrong(file("a: {workflow: w1}"), chain(8)) == []
    assert wrong(file("a: {workflow: w1}"), chain(9)) == [
        (
            "3: steps.a.workflow: Calls are nested 9 deep from here; at most 8. Call some of them "
            "from a higher place."
        )
    ]


def test_workflows_that_call_each_other_in_a_circle_are_refused_in_order() -> None:
    there = library(
        Definition("one", 1, steps={"x": StepDefinition(workflow="two")}),
        Definition("two", 1, steps={"x": StepDefinition(workflow="tidy")}),
    )
    assert wrong(file("a: {workflow: one}"), there) == [
        (
            "3: steps.a.workflow: Workflows call each other in a circle: tidy → one → two → tidy. "
            "Take one call away."
        )
    ]
    assert wrong(file("a: {workflow: tidy}"), there)[0].startswith(
        "3: steps.a.workflow: Workflows call each other in a circle: tidy → tidy."
    )


def test_an_older_version_of_itself_may_be_called() -> None:
    older = library(Definition("tidy", 1, steps={"a": StepDefinition(agent="changer")}))
    assert wrong(file("a: {workflow: tidy@1}"), older) == []
    assert wrong(file("a: {workflow: tidy@2}"), older) == [
        "3: steps.a.workflow: Workflow 'tidy' has no version 2."
    ]


def test_a_workflow_with_all_it_calls_has_at_most_ten_thousand_steps() -> None:
    wide = {f"s{number}": StepDefinition(agent="changer") for number in range(2500)}
    calls = "\n".join(f"c{number}: {{workflow: wide}}" for number in range(4))
    assert wrong(file(calls), library(Definition("wide", 1, steps=wide))) == [
        (
            "2: steps: With the workflows that it calls there are 10,004 steps; at most 10,000. "
            "Split it, or use `for_each`."
        )
    ]


CALLED = """
inputs:
  tag: {type: string, pattern: 'v\\d+'}
  level: {type: integer, default: 1}
  kind: {enum: [a, b], required: false}
  place: {type: path, default: /x}
outputs: {count: "${{ steps.r.output.count }}"}
steps:
  r: {agent: reader, with: {path: /x}}
"""


@pytest.mark.parametrize("block", blocks("definition_calls.txt"))
def test_what_a_call_gives_must_fit_the_inputs_of_the_workflow(block: str) -> None:
    text, expected = parted(block)
    assert wrong(file(text), library(defined(CALLED, "called"))) == expected


def test_a_relative_default_is_only_for_who_runs_the_workflow() -> None:
    there = library(defined(CALLED.replace("default: /x", "default: scripts"), "called"))
    assert wrong(file("a: {workflow: called, with: {tag: v1}}"), there) == [
        (
            "3: steps.a.with: Input 'place' of workflow 'called' is 'scripts' by default, a "
            "relative path, and a call has no directory to begin at. Give it: `with: {place: …}`."
        )
    ]
    assert wrong(file("a: {workflow: called, with: {tag: v1, place: /y}}"), there) == []


def test_to_save_it_first_is_said_whatever_else_is_known() -> None:
    definition, marks, _ = read_all(file("a: {workflow: fix-round}"), "f")
    for known, more in (
        (["other"], " Known: other."),
        (["fix-rounds"], " Did you mean 'fix-rounds'?"),
    ):
        (fault,) = faults(definition, marks, CARDS, EXPRESSIONS, NOTHING, workflows=known)
        assert fault.hint == f"Save it first: `mission workflow save FILE`.{more}"


def test_outputs_of_a_called_workflow_have_types_too() -> None:
    there = library(defined(CALLED, "called"))
    text = file("""
        a: {workflow: called, with: {tag: v1}}
        b: {agent: reader, needs: a, with: {path: "${{ steps.a.output.count }}"}}
        c: {agent: changer, needs: a, if: steps.a.output.cuont > 1}
    """)
    assert wrong(text, there) == [
        "4: steps.b.with.path: Agent 'reader' can't take this: it is an integer, not a path.",
        "5: steps.c.if: steps.a.output.cuont is never there. Did you mean 'count'?",
    ]


def test_a_version_that_is_not_there_is_told_with_the_newest() -> None:
    there = library(Definition("other", 4, steps={"a": StepDefinition(agent="changer")}))
    assert wrong(file("a: {workflow: other@7}"), there) == [
        "3: steps.a.workflow: Workflow 'other' has no version 7. Its newest is 4."
    ]


def test_a_subtraction_of_two_steps_is_no_name_with_a_hyphen() -> None:
    text = file("""
        a: {agent: reader, with: {path: /x}}
        b: {agent: changer, needs: a, if: steps.a.output.count-steps.a.output.count == 0}
    """)
    assert wrong(text) == []


def test_lines_of_a_file_in_many_lines_are_exact() -> None:
    text = file("""
        a:
          agent: reader
          with:
            path: /x
            tags:
              - a
              - 7
          needs:
            - a2
          if: >-
            run.id ==
            run.nme
    """)
    assert [each.split(":")[0] for each in wrong(text)] == ["9", "11", "12"]


def test_many_faults_are_counted_and_not_all_listed() -> None:
    text = file("\n".join(f"s{number}: {{agnt: x}}" for number in range(150)))
    assert len(wrong(text)) == 300


def test_behind_a_circle_it_is_still_known_what_comes_before() -> None:
    text = file("""
        a: {agent: changer, needs: b}
        b: {agent: changer, needs: a}
        c: {agent: changer, needs: b, if: steps.a.output.changed}
        d: {agent: changer, if: steps.a.output.changed}
        e: {agent: changer, needs: c, if: failure() && steps.b.output.changed}
    """)
    assert [each.split(": ")[1] for each in wrong(text)] == ["steps.a.needs", "steps.d.if"]


def test_in_a_long_file_with_a_circle_only_the_circle_is_sure() -> None:
    many = "\n".join(f"s{n}: {{agent: changer, needs: s{(n + 1) % 2100}}}" for n in range(2100))
    last = "z: {agent: changer, needs: s1, if: steps.s5.output.changed}"
    (fault,) = wrong(file(f"{many}\n{last}"))
    assert fault.startswith("3: steps.s0.needs: Steps wait for each other in a circle: s0 → s1 → ")


def test_after_a_thousand_faults_nothing_more_is_looked_for() -> None:
    text = file("\n".join(f"s{n}: {{agent: changr, needs: [x{n}]}}" for n in range(700)))
    assert len(wrong(text)) == 1000


def test_names_alike_are_only_looked_for_as_long_as_anybody_reads_on() -> None:
    messages = wrong(file("\n".join(f"s{n}: {{agent: changr}}" for n in range(120))))
    assert messages[0].endswith("There is no agent 'changr'. Did you mean 'changer'?")
    assert messages[-1].endswith("There is no agent 'changr'.")


def test_more_than_fits_is_refused_with_its_number() -> None:
    items = ", ".join(["1"] * 10_001)
    names = ", ".join(f"i{number}: {{}}" for number in range(1001))
    files = ", ".join(f"f{number}" for number in range(1001))
    assert wrong(file(f"a: {{agent: changer, for_each: [{items}]}}")) == [
        "3: steps.a.for_each: It has 10,001 items; at most 10,000 fit."
    ]
    assert wrong(file(f"inputs: {{{names}}}\nsteps:\n  a: {{agent: changer}}")) == [
        "2: inputs: It has 1,001 entries; at most 1,000 fit."
    ]
    assert wrong(file(f"a: {{agent: changer, artifacts: [{files}]}}")) == [
        "3: steps.a.artifacts: It has 1,001 items; at most 1,000 fit."
    ]
    assert wrong(file(f"a: {{agent: changer, title: {'x' * 301}}}")) == [
        "3: steps.a.title: It has 301 characters; at most 300 fit."
    ]


def test_aliases_can_not_nest_values_without_end() -> None:
    lines = ["d0: &d0 {x: 1}"]
    lines += [f"d{n}: &d{n} {'{y: ' * 20}*d{n - 1}{'}' * 20}" for n in range(1, 9)]
    messages = wrong("\n".join(lines))
    assert messages
    assert all("It is nested more than 64 deep. Make it flatter." in each for each in messages)


def test_half_a_character_is_refused() -> None:
    text = '{"name": "tidy", "steps": {"a": {"agent": "changer", "with": {"x": "\\ud800"}}}}'
    assert wrong(text) == [
        "1: steps.a.with.x: It holds half of a character: a lone surrogate. Take it out."
    ]


def test_the_tier_of_a_workflow_that_is_called_twice_is_that_of_its_steps() -> None:
    there = library(Definition("other", 1, steps={"a": StepDefinition(agent="changer")}))
    text = file("a: {workflow: other, approval: true}\nb: {workflow: other, approval: true}")
    assert wrong(text, there) == []
