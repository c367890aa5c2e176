"""Files of GitHub Actions and Argo become workflows of ours, and nothing of them is lost unsaid."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.agents.command import CARD
from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.importer import Imported, import_workflow
from missioncontrol.adapters.workflow_files.reader import read
from missioncontrol.domain.definition.checking import faults
from missioncontrol.domain.definition.compiler import compiled
from missioncontrol.domain.errors import Rejected
from tests.contracts.foreign_workflows import (
    FILES,
    NAMES,
    changed,
    is_listed,
    leaves,
    mappings,
)

each_file = pytest.mark.parametrize("path", FILES, ids=NAMES)
EXPRESSIONS = CelExpressions()


def what_comes_of(text: str, name: str) -> Imported | str:
    try:
        return import_workflow(text, name)
    except Rejected as refusal:
        return refusal.reason


def complaints(text: str) -> list[str]:
    definition, marks = read(text, "imported.yaml")
    found = faults(definition, marks, {"command": CARD}, EXPRESSIONS, lambda name, version: None)
    return [fault.describe("imported.yaml") for fault in found]


@each_file
def test_what_is_carried_over_passes_our_own_check(path: Path) -> None:
    result = import_workflow(path.read_text(), path.name)
    assert complaints(result.text) == []
    definition, _ = read(result.text, "imported.yaml")
    steps = compiled(definition, cards={"command": CARD}, library=lambda name, version: None)
    assert [step.key for step in steps] == list(definition.steps)
    assert result.kind == {"github": "github-actions", "argo": "argo"}[path.parent.name]


@each_file
def test_every_step_says_that_it_may_write(path: Path) -> None:
    definition, _ = read(import_workflow(path.read_text(), path.name).text, "imported.yaml")
    assert {step.risk for step in definition.steps.values()} == {"write"}


@each_file
@pytest.mark.parametrize("quarter", range(4))
def test_no_value_can_change_without_the_import_showing_it(path: Path, quarter: int) -> None:
    text = path.read_text()
    before = import_workflow(text, path.name)
    lost = [
        f"{leaf.path} (line {leaf.line})"
        for leaf in list(leaves(text))[quarter::4]
        if not is_listed(before, leaf.path, leaf.line)
        and what_comes_of(changed(text, leaf), path.name) == before
    ]
    assert lost == []


@each_file
def test_what_is_listed_stands_on_the_line_that_is_named(path: Path) -> None:
    text = path.read_text()
    lines = {leaf.path: leaf.line for leaf in leaves(text)}
    for entry in import_workflow(text, path.name).left_out:
        if entry.thing in lines and "${{" not in entry.reason and "`" not in entry.reason:
            assert entry.line == lines[entry.thing], entry


def is_named_freely(place: str) -> bool:
    """Whether the keys at `place` are names that the author of a file chose."""
    words = [word for word in re.split(r"[.\[\]0-9]+", place) if word]
    chosen = {"env", "inputs", "outputs", "jobs"}
    return bool({"matrix", "withItems"} & set(words)) or (words or [""])[-1] in chosen


@settings(max_examples=80, deadline=None)
@given(data=st.data())
@pytest.mark.journey
def test_a_key_that_nobody_knows_is_listed_wherever_it_stands(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(FILES))
    text = path.read_text()
    place, mapping = data.draw(st.sampled_from(mappings(text)))
    start = mapping.value[0][0].start_mark
    value = data.draw(st.sampled_from(["7", "text", "null", "[1, 2]", "{a: {b: 1}, c: ''}"]))
    if path.suffix == ".json":
        value = json.dumps(yaml.safe_load(value))
    is_flow = mapping.flow_style
    entry = f'"zz_new": {value}' if path.suffix == ".json" else f"zz_new: {value}"
    between = ", " if is_flow else "\n" + " " * start.column
    result = what_comes_of(f"{text[: start.index]}{entry}{between}{text[start.index :]}", path.name)
    if isinstance(result, str):
        return  # The file became one that its own system would refuse.
    where = f"{place}.zz_new" if place else "zz_new"
    listed = [each for each in result.left_out if "zz_new" in each.thing + each.reason]
    line = start.line + 1
    covered = any(is_listed(result, leaf, line) for leaf in (where, *inner_leaves(where, value)))
    carried = is_named_freely(place) and "zz_new" in result.text.lower()
    assert covered or carried, (place, listed)


def inner_leaves(where: str, value: str) -> list[str]:
    found = yaml.safe_load(value)
    if isinstance(found, list):
        return [f"{where}[{n}]" for n in range(len(found))]
    return [f"{where}.a.b", f"{where}.c"] if isinstance(found, dict) else []


@each_file
def test_no_secret_reaches_an_argument_or_a_variable(path: Path) -> None:
    definition, _ = read(import_workflow(path.read_text(), path.name).text, "imported.yaml")
    for step in definition.steps.values():
        given = json.dumps(step.inputs)
        assert "${{ secrets" not in given
        assert not {"API_TOKEN", "TWINE_PASSWORD", "GPG_KEY", "PGPASSWORD"} & set(
            step.inputs.get("env", {})
        )


def test_line_ends_and_marks_of_other_systems_change_nothing() -> None:
    text = FILES[NAMES.index("github/release.yml")].read_text()
    plain = import_workflow(text, "release.yml")
    assert import_workflow("\ufeff" + text.replace("\n", "\r\n"), "release.yml") == plain


def test_a_workflow_of_ours_comes_back_as_it_is() -> None:
    text = "name: own\nsteps:\n  a: {agent: surveyor}\n"
    assert import_workflow(text, "own.yaml") == Imported("mission-control", text, ())


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("a: [1", "import.malformed", "did not find expected"),
        ("jobs: {a: {}}\njobs: {}", "import.malformed", "line 2: 'jobs' stood on line 1"),
        ("a: *b", "import.malformed", "*b is not known"),
        ("a: &b [*b]", "import.malformed", "*b stands for itself"),
        ("? [a]\n: 1", "import.malformed", "a key must be a text"),
        ("a: !!python/object:os.system 1", "import.malformed", "the tag"),
        ("jobs: {}\non: push", "import.malformed", "line 1: it has no jobs"),
        ("jobs:\n  a: {needs: b}", "import.malformed", "line 2: job 'a' needs 'b'"),
        ("jobs: {a: {needs: b}, b: {needs: a}}", "import.malformed", "a -> b -> a"),
        ("runs: {using: composite}", "import.unknown_kind", "no `jobs`"),
        ("", "import.unknown_kind", "no workflow"),
        ("- 1", "import.unknown_kind", "no workflow"),
        ("just a text", "import.unknown_kind", "no workflow"),
        ("[" * 100_000, "import.malformed", "nested more than 50 deep"),
        ("a: " + "x" * 2_000_000, "import.too_large", "2,000,003 characters"),
        ("kind: Workflow\nspec: {entrypoint: x}", "import.malformed", "names no template"),
        ("jobs: \x01", "import.malformed", "line 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, code: str, message: str) -> None:
    with pytest.raises(Rejected) as refusal:
        import_workflow(text, "some.yml")
    assert refusal.value.code == code
    assert message in refusal.value.reason
    assert refusal.value.hint


def test_aliases_that_multiply_are_refused() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 9)]
    with pytest.raises(Rejected, match=r"more than 50,000 values|nested more"):
        import_workflow("\n".join([*rows, "jobs: {a: {}}"]), "bomb.yml")


def test_a_chain_of_aliases_cannot_nest_without_end() -> None:
    deep = "[" * 40
    rows = [f"a0: &a0 {deep}{']' * 40}"]
    rows += [f"a{n}: &a{n} {deep}*a{n - 1}{']' * 40}" for n in range(1, 100)]
    with pytest.raises(Rejected, match="nested more than 50 deep"):
        import_workflow("\n".join([*rows, "jobs: {a: {}}"]), "deep.yml")


def test_templates_that_multiply_are_refused() -> None:
    templates: list[dict[str, Any]] = [
        {
            "name": f"t{n}",
            "steps": [[{"name": f"s{m}", "template": f"t{n + 1}"} for m in range(9)]],
        }
        for n in range(6)
    ]
    templates.append({"name": "t6", "container": {"command": ["true"]}})
    spec = {"entrypoint": "t0", "templates": templates}
    with pytest.raises(Rejected, match="more than 5,000 steps") as refusal:
        import_workflow(json.dumps({"kind": "Workflow", "spec": spec}), "many.json")
    assert refusal.value.code == "import.too_large"


ODD_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(
        [
            "${{ inputs.tag }}",
            "${{ matrix.os }}",
            "${{ secrets.X }}",
            "{{item}}",
            "{{inputs.parameters.goal}}",
            "{{tasks.list.outputs.result}}",
            "always()",
            "failure()",
            "true",
            "build",
            "main",
            "a.Failed",
            "${{",
            "{{",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "run", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def holders(value: Any) -> list[Any]:
    """Return every list and object of a value that is not empty."""
    if not isinstance(value, list | dict) or not value:
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(each for item in inner for each in holders(item))]


def test_items_of_argo_that_are_empty_pass_our_check() -> None:
    text = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: greetings}
spec:
  entrypoint: main
  templates:
    - name: main
      steps: [[{name: greet, template: say, withItems: [null],
                arguments: {parameters: [{name: who, value: "{{item.name}}"}]}}]]
    - name: say
      inputs: {parameters: [{name: who}]}
      container: {image: alpine, command: [echo], args: ["{{inputs.parameters.who}}"]}
"""
    result = what_comes_of(text, "greetings.yaml")
    assert isinstance(result, str) or complaints(result.text) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.journey
def test_whatever_stands_where_the_file_is_refused_or_passes_our_check(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(FILES))
    content = next(iter(yaml.load_all(path.read_text(), yaml.BaseLoader)))
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from(holders(content)))
        places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        holder[data.draw(st.sampled_from(places))] = data.draw(ODD_VALUES)
    result = what_comes_of(json.dumps(content), path.name)
    if not isinstance(result, str):
        assert complaints(result.text) == []


@pytest.mark.parametrize(("filename", "number"), [("tests.yml", 0), ("thumbnails.yml", 1)])
def test_the_guide_shows_what_really_comes_of_its_examples(filename: str, number: int) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/importing.md").read_text("utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    lists = re.findall(r"^```text\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    result = import_workflow(blocks[2 * number], filename)
    assert result.text == blocks[2 * number + 1]
    listed = [f"{filename}:{each.line}: {each.thing}: {each.reason}" for each in result.left_out]
    assert listed == lists[number].splitlines()
