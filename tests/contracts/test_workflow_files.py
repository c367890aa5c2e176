"""Workflow files: what YAML and JSON mean here, and how what is neither is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.workflow_files.reader import BYTES_MAX, build, decoded, read
from missioncontrol.adapters.workflow_files.schema import DIALECT, json_schema, json_schema_text
from missioncontrol.adapters.workflow_files.value_builder import VALUES_MAX
from missioncontrol.adapters.workflow_files.writer import to_text, to_yaml
from missioncontrol.domain.agent import EFFECTS
from missioncontrol.domain.definition import Fault, Malformed, vocabulary
from missioncontrol.domain.definition.plain import plain_step

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "workflow.schema.json"
TIDY = "name: tidy\nsteps:\n  a: {agent: changer}\n"


def value(text: str, name: str = "f.yaml") -> Any:
    """Return what a text means; nothing may be wrong with it."""
    building = build(text, name)
    assert building.faults == []
    return building.value


def told(text: str, name: str = "f.yaml") -> list[str]:
    """Return what is wrong with a text alone: `LINE: message hint`."""
    faults = build(text, name).faults
    return [f"{fault.line}: {fault.message} {fault.hint}".rstrip() for fault in faults]


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "no", "on", "off", "Y", "10:30", "1:30:00", "010", "007", "0o17", "0x1F", "1_000"),
        *("+1", ".5", "1.", ".inf", ".nan", "2026-01-31", "2026-01-31T09:00:00Z", "=", "0b1"),
    ],
)
def test_what_yaml_once_took_for_something_else_stays_a_text(text: str) -> None:
    assert value(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *(("1", 1), ("-7", -7), ("0", 0), ("1.50", 1.5), ("1e3", 1000.0), ("-0.5E-1", -0.05)),
        *(("true", True), ("False", False), ("null", None), ("~", None), ("", None)),
        *(("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ('""', "")),
    ],
)
def test_numbers_are_those_of_json(text: str, meant: object) -> None:
    found = value(f"a: {text}")["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_texts_whatever_they_look_like() -> None:
    assert value("on: 1\n1: 2\ntrue: 3\nnull: 4\n'x': 5") == {
        "on": 1,
        "1": 2,
        "true": 3,
        "null": 4,
        "x": 5,
    }


def test_every_value_has_its_line() -> None:
    marks = build(
        "a:\n  - x\n  -\n    b: 1\n    c:\n      [1,\n       2]\nd: |\n  t\ne: 1", ""
    ).marks
    assert marks == {
        (): 1,
        ("a",): 1,
        ("a", 0): 2,
        ("a", 1): 4,
        ("a", 1, "b"): 4,
        ("a", 1, "c"): 5,
        ("a", 1, "c", 0): 6,
        ("a", 1, "c", 1): 7,
        ("d",): 8,
        ("e",): 10,
    }


JSON = """{
\t"name": "tidy",
\t"steps": {
\t\t"a": {"agent": "changer",
\t\t\t"with": {"x": "\\ud83d\\ude00 \\/ \\u00e9", "n": [1, 2.5e0, true, null, "a: {b}"]}}
\t}
}
"""


def test_json_is_read_with_tabs_and_escapes_and_has_lines_too() -> None:
    definition, marks = read(JSON, "f.json")
    assert definition.steps["a"].inputs == {
        "x": "\U0001f600 / \u00e9",
        "n": [1, 2.5, True, None, "a: {b}"],
    }
    assert marks["steps", "a", "with"] == 5
    assert read(JSON, "standard input") == (definition, marks)


def test_keys_that_stand_twice_are_told_with_both_lines_and_the_first_counts() -> None:
    for text in ("a: 1\nb: 2\na: 3", '{"a": 1,\n"b": 2,\n"a": 3}'):
        building = build(text, "f")
        assert building.value == {"a": 1, "b": 2}
        (fault,) = building.faults
        assert (fault.line, fault.thing) == (3, "a")
        assert fault.message == "The key 'a' stands here twice, first on line 1."


def test_aliases_stand_for_their_values_and_have_the_line_of_their_place() -> None:
    building = build("a: &x\n  k: [&y 1, *y]\nb: *x", "f")
    assert building.value == {"a": {"k": [1, 1]}, "b": {"k": [1, 1]}}
    assert building.marks["b",] == 3
    assert ("b", "k") not in building.marks


def test_a_few_lines_of_aliases_can_not_become_billions_of_values() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert told("\n".join(lines)) == [
        f"6: It holds more than {VALUES_MAX:,} values, with what aliases stand for. Split it."
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1", "2: The line is indented with a tab. Use spaces."),
        (
            "a: b: c",
            (
                "1: A ':' stands where none can be. Put a text that holds ': ' in quotes, and "
                "check the indentation."
            ),
        ),
        (
            "a: {if: ${{ x }}}",
            (
                "1: What begins with { or [ is not closed where it should be. Inside of { } and "
                "[ ], put texts with ${{ }}, commas, braces or brackets in quotes."
            ),
        ),
        (
            "a: 1\nb: [1,\n\n",
            (
                "2: What begins with { or [ is not closed where it should be. Inside of { } and "
                "[ ], put texts with ${{ }}, commas, braces or brackets in quotes."
            ),
        ),
        (
            'a: 1\nb: "x\nc: 1\n',
            ("2: A quote that is opened here is never closed. Close it, or leave the quotes out."),
        ),
        (
            'a: "v\\d"',
            (
                "1: In double quotes, a backslash begins an escape, and this one is none. Put "
                "texts with backslashes in single quotes: 'v\\d+'."
            ),
        ),
        ("a: @x", "1: A text can't begin with '@'. Put it in quotes."),
        ("a: *", "1: A text can't begin with * or &. Put it in quotes."),
        ("a: *b", "1: The alias *b has no anchor &b before it."),
        ("a: &b [*b]", "1: The alias *b has no anchor &b before it."),
        ("a: !<x> y", "1: The tag x means nothing here. Take it away."),
        ("a: &b !x y", "1: The tag !x means nothing here. Take it away."),
        (
            "a: !!binary aaaa",
            "1: The tag !!binary means nothing here. Take it away.",
        ),
        (
            "a: 1\n---\nb: 1",
            "2: A second document begins here. Keep one workflow in a file.",
        ),
        ("*a : 1", "1: A key must be a text, and this one is an alias. Write it out."),
        ("{b: {c: [d]}}: {e: f}", "1: A key must be a text, and this one is an object or a list."),
        ("[a]: 1", "1: A key must be a text, and this one is an object or a list."),
        (
            "b: &b {c: 1}\na:\n  <<: *b",
            (
                "3: `<<` merges nothing here. Repeat the entries, or use an alias for the whole "
                "value."
            ),
        ),
        (
            "a: \x07",
            (
                "1: It holds the character U+0007, which no YAML may hold. Take it out, or write "
                'it in double quotes as an escape such as "\\u0007".'
            ),
        ),
        ("[" * 100, "1: It is nested more than 64 deep. Make it flatter."),
        ("", "1: The file is empty. Begin with `name:` and `steps:`."),
        ("# nothing\n", "1: The file is empty. Begin with `name:` and `steps:`."),
        ("a: " + "9" * 5000, "1: The number has 5,000 digits. Put it in quotes."),
    ],
)
def test_what_is_no_yaml_is_told_in_words(text: str, message: str) -> None:
    assert told(text) == [message]


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("if: !inputs.x", '"!inputs.x"'),
        ("if: ! inputs.x # why", '"! inputs.x"'),
        ("if: !inputs.a && b", '"!inputs.a && b"'),
        ("if: !a && !b", '"!a && !b"'),
        ("if: !(a || b)", '"!(a || b)"'),
        ("if: !a == \"x\" || 'b' == c", """'!a == "x" || ''b'' == c'"""),
        ("if: !steps['a'].x", "\"!steps['a'].x\""),
        ("if: !a.all(x, x == 1)", '"!a.all(x, x == 1)"'),
        ("{if: !inputs.x, b: 1}", '"!inputs.x"'),
        ("{b: 1, if: !has(a.b, c)}", '"!has(a.b, c)"'),
        ("- !x", '"!x"'),
    ],
)
def test_a_text_that_begins_with_an_exclamation_mark_is_shown_in_quotes(
    line: str, quoted: str
) -> None:
    text = f"x:\n  - 1\n  {line}" if line[0] == "-" else f"x:\n  {line}"
    message = "A text that begins with ! has to stand in quotes."
    assert told(text) == [f"{text.count(chr(10)) + 1}: {message} Write {quoted}."]


@pytest.mark.parametrize(
    ("lines", "line", "quoted"),
    [
        ("if: !inputs.x &&\n    y == 0 # why\n  b: 1", 2, '"!inputs.x && y == 0"'),
        ("if:\n    !inputs.x\n    && y\n  b: 1", 3, '"!inputs.x && y"'),
        ("if: !inputs.x\n    || y\n    || z\n  b: 1", 2, '"!inputs.x || y || z"'),
        ("if:\n    !inputs.x || !y\n  b: 1", 3, '"!inputs.x || !y"'),
    ],
)
def test_a_condition_over_several_lines_is_shown_in_quotes_as_one(
    lines: str, line: int, quoted: str
) -> None:
    message = "A text that begins with ! has to stand in quotes."
    assert told(f"x:\n  {lines}\n") == [f"{line}: {message} Write {quoted}."]


NEAT = """name: x
steps:
  a:
    agent: command
    with:
      argv: [ls]
      cwd: /x
    retry:
      attempts: 3
      wait: 3s
  b:
    agent: y
    title: z
"""


@pytest.mark.parametrize("number", range(3, 14))
@pytest.mark.parametrize("more", [-1, 1])
def test_a_line_that_is_indented_wrongly_is_told_and_not_the_one_after_it(
    number: int, more: int
) -> None:
    lines = NEAT.splitlines()
    odd = lines[number - 1]
    lines[number - 1] = f" {odd}" if more == 1 else odd[1:]
    (message,) = told("\n".join(lines))
    assert message.startswith(f"{number}: It is indented by ")


def test_where_several_lines_are_odd_the_parser_s_line_is_told() -> None:
    text = "a:\n  b:\n    c: |\n       one\n    d: 1\n   e: 2\nf:\n  g: 1\n"
    (message,) = told(text)
    assert message.startswith("6: The indentation does not fit what stands above")


def test_what_stands_beside_a_key_that_is_none_is_still_read() -> None:
    building = build("a: 1\n{b: {c: d}}: {e: f}\n? [g]\n: h\nx: {y: z}", "f")
    assert building.value == {"a": 1, "x": {"y": "z"}}
    assert [fault.line for fault in building.faults] == [2, 3]


def test_a_thousand_faults_are_enough() -> None:
    assert len(told("steps: 1\n" * 2000)) == 1000


def test_what_is_no_json_is_told_with_its_line() -> None:
    assert told('{\n"a": 1,\n}', "f.JSON") == [
        "3: It is no JSON: Expecting property name enclosed in double quotes."
    ]
    assert told('{"a": NaN}', "f.json") == ["1: It is no JSON: NaN is no number in JSON."]
    assert told('{"a":' * 70 + "1" + "}" * 70, "f.json") == [
        "1: It is nested more than 64 deep. Make it flatter."
    ]
    assert told('{"a":' * 100_000, "f.json") == ["1: It is no JSON: it is nested too deeply."]


def test_a_file_is_utf8_and_says_so_where_it_is_not() -> None:
    assert decoded(b"\xef\xbb\xbfa: \xc3\xa9", "f") == "a: \u00e9"
    for content, message in (
        (TIDY.encode("utf-16"), "f:1: the file: It is written in UTF-16. Save it as UTF-8."),
        (b"a: 1\nb: \xff", "f:2: the file: The byte 0xFF is not UTF-8. Save it as UTF-8."),
    ):
        with pytest.raises(Malformed) as refused:
            decoded(content, "f")
        assert refused.value.reason == message


def test_a_file_has_at_most_one_mebibyte() -> None:
    assert len(decoded(b"#" * BYTES_MAX, "f")) == BYTES_MAX
    with pytest.raises(Malformed, match="at most 1,048,576 fit"):
        decoded(b"#" * (BYTES_MAX + 1), "f")
    with pytest.raises(Malformed, match="at most 1,048,576 fit"):
        read("\u00e9" * BYTES_MAX, "f")


def test_all_faults_are_in_the_reason_with_file_line_and_thing() -> None:
    with pytest.raises(Malformed) as refused:
        read("name: X\nsteps:\n  a: {agent: b, c: d}\n", "tidy.yaml")
    assert refused.value.code == "workflow.malformed"
    assert [line[:25] for line in refused.value.reason.split("\n")] == [
        "tidy.yaml:1: name: 'X' ca",
        "tidy.yaml:3: steps.a.c: T",
    ]


def test_more_faults_than_anybody_reads_are_counted() -> None:
    steps = "\n".join(f"  s{n}: 1" for n in range(130))
    with pytest.raises(Malformed) as refused:
        read(f"name: tidy\nsteps:\n{steps}\n", "f")
    assert refused.value.reason.endswith("\n30 more are not listed.")


def faults_of(content: bytes, name: str) -> list[Fault]:
    """Read a file, and return why it is refused."""
    try:
        read(decoded(content, name), name)
    except Malformed as error:
        return list(error.faults)
    return []


@settings(max_examples=150, deadline=None)
@given(st.text() | st.text("{}[]:,-&*!|>'\"%@` \n\t#?ab1\\"), st.sampled_from(["f.yaml", "f.json"]))
def test_any_text_is_refused_as_malformed_unless_it_is_a_workflow(text: str, name: str) -> None:
    faults = faults_of(text.encode(), name)
    assert faults
    assert all(fault.line >= 1 and fault.message for fault in faults)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused_as_malformed(content: bytes) -> None:
    assert faults_of(content, "f")


@pytest.mark.parametrize("text", ["yes", "1e3", "0x1F", "null", "a: b", " x", "a\nb\n", "\x85", ""])
def test_a_text_is_written_so_that_it_is_read_as_a_text(text: str) -> None:
    assert value(to_yaml({"a": text, "b": [text], text: 1})) == {"a": text, "b": [text], text: 1}


def test_what_is_written_looks_as_people_write() -> None:
    text = (
        "name: tidy\n"
        "inputs:\n"
        "  tag: {type: string, pattern: v\\d+}\n"
        "steps:\n"
        "  test:\n"
        "    agent: changer\n"
        "    needs: [a, b]\n"
        "    with:\n"
        "      argv: [git, push, '${{ inputs.tag }}']\n"
        "      script: |\n"
        "        one\n"
        "        two\n"
        "    timeout: 1h30m\n"
    )
    assert to_text(read(text, "f")[0]) == text


EVERYTHING = """
name: tidy
version: 3
description: All of it.
inputs:
  tag: {type: string, description: A tag, pattern: 'v\\d+'}
  env: {type: string, enum: [dev, prod], required: false}
  level: {type: integer, default: 1}
budget: {cost: 2.00 USD, tokens: 400000}
concurrency: 8
timeout: 1h
outputs: {all: "${{ steps.a.output }}"}
steps:
  a:
    title: Do it
    agent: changer
    if: "it's not CEL"
    for_each: "nor is 'this"
    with: {x: 1}
    risk: write
    effects: [pushes]
    approval: {from: [alice, bob], count: 2, expires: 3d, escalate: {after: 1d, to: lead}}
    retry: {attempts: 3, backoff: fixed, wait: 5s, max_wait: 10s}
    timeout: {queue: 1h, run: 10m, heartbeat: 30s, total: 2h}
    concurrency: 4
    on_failure: b
    budget: {tokens: 10}
    repeat: {until: output.done, times: 3}
    model: gpt-5
    artifacts: [a.json]
  b: {capability: read, needs: [a], concurrency: {key: k, limit: 2}, approval: true, for_each: []}
  c: {workflow: other@2, needs: [a], on_failure: continue, timeout: 500ms}
"""


def test_everything_that_a_file_can_say_is_written_and_read_again() -> None:
    definition = read(EVERYTHING, "f")[0]
    assert set(plain_step(definition.steps["a"])) == vocabulary.STEP.keys() - {
        "capability",
        "workflow",
        "needs",
    }
    assert read(to_text(definition), "f")[0] == definition


def test_the_published_schema_is_the_one_that_the_code_makes() -> None:
    assert SCHEMA.read_text("utf-8") == json_schema_text()


def test_the_schema_offers_every_key_with_its_meaning_and_no_other() -> None:
    schema = json_schema()
    assert schema["$schema"] == DIALECT
    parts = schema["$defs"]
    meanings = {
        "workflow": (schema, vocabulary.WORKFLOW),
        "input": (parts["input"], vocabulary.INPUT),
        "budget": (parts["budget"], vocabulary.BUDGET),
        "step": (parts["step"], vocabulary.STEP),
        "approval": (parts["approval"]["anyOf"][1], vocabulary.APPROVAL),
        "retry": (parts["retry"]["anyOf"][1], vocabulary.RETRY),
        "timeouts": (parts["timeouts"]["anyOf"][1], vocabulary.TIMEOUT),
        "concurrency": (parts["concurrency"]["anyOf"][1], vocabulary.CONCURRENCY),
        "repeat": (parts["repeat"], vocabulary.REPEAT),
    }
    for part, words in meanings.values():
        assert part["additionalProperties"] is False
        assert list(part["properties"]) == list(words)
        assert [each["description"] for each in part["properties"].values()] == [*words.values()]


def test_the_schema_refuses_no_time_at_all_and_nobody_as_an_approver() -> None:
    parts = json_schema()["$defs"]
    duration = parts["duration"]["anyOf"][0]["pattern"]
    assert all(re.match(duration, text) for text in ("30s", "500ms", "1h0m", "10m"))
    assert not any(re.match(duration, text) for text in ("0s", "0h0m", "s"))
    assert parts["people"]["anyOf"][1]["minItems"] == 1


def test_the_schema_names_every_effect_and_every_reference_leads_somewhere() -> None:
    schema = json_schema()
    effects = schema["$defs"]["step"]["properties"]["effects"]["anyOf"][0]["anyOf"]
    assert [each["const"] for each in effects] == list(EFFECTS)
    used = {part for part in json.dumps(schema).split('"') if part.startswith("#/$defs/")}
    assert {part.removeprefix("#/$defs/") for part in used} <= schema["$defs"].keys()
