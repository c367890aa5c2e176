"""Any workflow that may be written: nothing is wrong with it, and it stays what it is."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.workflow_files.reader import read, read_all
from missioncontrol.adapters.workflow_files.writer import to_text
from missioncontrol.domain.definition import (
    Definition,
    compiled,
    content_digest,
    differences,
    faults,
    plain,
)
from missioncontrol.domain.definition import read as read_plain
from missioncontrol.domain.definition.quantities import cost_in_words, duration_in_words
from missioncontrol.domain.step import Step
from missioncontrol.domain.workflow import Workflow, sound
from tests.domain.definitions import CARDS, EXPRESSIONS, NOTHING

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
TRAPS = [
    *("~", "=", "#", "%", "@x", "`", "'", '"', "*a", "&a", "!x", "|", "{}", "[]", "<<", "- a"),
    *("yes", "no", "on", "off", "null", "true", "1", "010", "0x1F", "1e3", "10:30", "1_000", ".5"),
    *("a: b", "", " a ", "a\nb", "a\n", "\n", "\ta", "a \nb", "2026-01-31", "\u202e", "\u2028"),
    *("\x85", "\ufeff", "é", "\U0001f600"),
]
WORDS = st.sampled_from(TRAPS)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | TEXTS
).filter(lambda value: not isinstance(value, str) or "${{" not in value)
JSON = st.recursive(
    SCALARS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS | WORDS, each, max_size=3),
)
DURATIONS = st.integers(1, 10**7).map(float).map(duration_in_words)
AMOUNTS = st.fixed_dictionaries(
    {"cost": st.integers(0, 10**9).map(cost_in_words)}, optional={"tokens": st.integers(0, 10**9)}
)
LINES = TEXTS.filter(lambda text: bool(text.strip()))
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "title": LINES,
    "risk": st.sampled_from(["read", "write", "irreversible"]),
    "effects": st.lists(st.sampled_from(["pushes", "deletes", "reads_files"]), unique=True),
    "retry": st.integers(1, 9)
    | st.fixed_dictionaries(
        {"attempts": st.integers(1, 9), "backoff": st.sampled_from(["fixed", "exponential"])},
        optional={"wait": DURATIONS},
    ),
    "timeout": DURATIONS | st.dictionaries(st.sampled_from(["queue", "run", "total"]), DURATIONS),
    "budget": AMOUNTS,
    "artifacts": st.lists(st.sampled_from(["a.json", "b/c.md", "d"]), unique=True),
    "approval": st.just(True)
    | st.fixed_dictionaries(
        {"from": st.just("approver") | st.just(["alice", "approver"]), "count": st.integers(1, 5)},
        optional={"expires": DURATIONS},
    ),
}


@st.composite
def steps(draw: st.DrawFn, number: int, earlier: list[str]) -> dict[str, Any]:
    """Return a step that may need any of the earlier ones."""
    step: dict[str, Any] = {
        "agent": "changer",
        "with": draw(st.dictionaries(TEXTS, JSON, max_size=3)),
    }
    step |= draw(st.fixed_dictionaries({}, optional=OPTIONS))
    needs = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
    if needs:
        step["needs"] = needs
        step["if"] = draw(
            st.sampled_from(["success()", "always()", f"steps['{needs[0]}'].output != 1"])
        )
        step["with"]["x"] = f"a ${{{{ steps['{needs[-1]}'].output }}}}"
    kind = draw(st.sampled_from(["plain", "items", "source", "repeat", "slot"]))
    if kind == "items":
        step |= {
            "for_each": draw(st.lists(JSON, max_size=3)),
            "concurrency": draw(st.integers(1, 9)),
        }
    elif kind == "source":
        step |= {"for_each": "${{ [1, {'a': {'b': 2}}].map(x, [x]) }}"}
        step["with"]["item"] = "${{ item }} of ${{ index }}"
    elif kind == "repeat":
        step["repeat"] = {"until": "output.changed", "times": draw(st.integers(1, 9))}
    elif kind == "slot":
        step["concurrency"] = {"key": "k-${{ run.workflow }}", "limit": draw(st.integers(1, 9))}
    return step


@st.composite
def workflows(draw: st.DrawFn) -> dict[str, Any]:
    """Return what a file without faults says."""
    made: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 6))):
        key = draw(st.sampled_from(["s", "a-b", "_x", "Y"])) + str(number)
        made[key] = draw(steps(number, list(made)))
    handler = draw(st.sampled_from(["", "continue", "help"]))
    if handler:
        first = next(iter(made))
        made[first] |= {"on_failure": handler}
    if handler == "help":
        made["help"] = {"agent": "changer"}
    inputs = st.dictionaries(
        st.sampled_from(["tag", "a-b", "x_1"]),
        st.just({"type": "integer", "default": 3, "enum": [3, 4]})
        | st.just({"type": "path", "pattern": r"/\w+"})
        | st.builds(lambda value: {"type": "any", "default": value}, JSON),
    )
    options = {"description": LINES, "concurrency": st.integers(1, 10_000), "timeout": DURATIONS}
    outputs = st.dictionaries(st.sampled_from(["a", "b"]), JSON)
    more = {"inputs": inputs, "outputs": outputs, **options}
    return {"name": "tidy", **draw(st.fixed_dictionaries({}, optional=more)), "steps": made}


def defined(values: dict[str, Any]) -> Definition:
    """Return what plain values define; nothing may be wrong with them."""
    definition, problems = read_plain(values, {})
    assert faults(definition, {}, CARDS, EXPRESSIONS, NOTHING, found=problems) == []
    return definition


@settings(max_examples=25, deadline=None)
@given(workflows())
def test_a_definition_that_is_written_and_read_again_is_equal(values: dict[str, Any]) -> None:
    definition = defined(values)
    again = read(to_text(definition), "f.yaml")[0]
    assert again == definition
    assert differences(definition, again) == []
    assert content_digest(again) == content_digest(definition)
    assert read(json.dumps(plain(definition)), "f.json")[0] == definition


@settings(max_examples=25, deadline=None)
@given(workflows())
def test_compiled_steps_make_a_sound_workflow(values: dict[str, Any]) -> None:
    definition = defined(values)
    made = compiled(definition, cards=CARDS, library=NOTHING)
    assert sound(Workflow("tidy", made, definition.concurrency, definition.seconds_max))
    assert [step.key for step in made] == list(definition.steps)
    assert all(step.risk != "irreversible" or step.approval for step in made)
    assert all(_is_bounded(step) for step in made)


def _is_bounded(step: Step) -> bool:
    return step.retry.attempts <= 100 and step.concurrency <= 10_000


@settings(max_examples=25, deadline=None)
@given(workflows(), st.data())
def test_a_file_with_any_damage_is_refused_or_read_and_nothing_else(
    values: dict[str, Any], data: st.DataObject
) -> None:
    text = to_text(read_plain(values, {})[0])
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(
        st.sampled_from(["", "\n", "  ", "{", "}", "]", "'", '"', ":", ": ", "- ", "\t"])
    )
    damaged = text[:at] + put + text[at + data.draw(st.integers(0, 8)) :]
    definition, marks, problems = read_all(damaged, "f.yaml")
    lines = len(damaged.splitlines()) + 1
    found = faults(definition, marks, CARDS, EXPRESSIONS, NOTHING, found=problems)
    assert all(1 <= fault.line <= lines and fault.message for fault in found)


@settings(max_examples=100, deadline=None)
@given(JSON | st.dictionaries(st.sampled_from(["name", "steps", "inputs", "budget"]), JSON))
def test_any_plain_value_is_read_or_refused(value: Any) -> None:
    definition, problems = read_plain(value, {})
    found = faults(definition, {}, CARDS, EXPRESSIONS, NOTHING, found=problems)
    assert found or definition.steps
