"""Values that were spliced into scripts come in as variables: the same output, and no injection."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.foreign.nodes import documents
from missioncontrol.adapters.workflow_files.foreign.shell import Gap, filled_in, places
from missioncontrol.adapters.workflow_files.foreign.yaml_writer import Commented, to_yaml
from missioncontrol.adapters.workflow_files.importer import Imported, import_workflow
from missioncontrol.adapters.workflow_files.reader import read
from missioncontrol.domain.expression import filled

EXPRESSIONS = CelExpressions()
VALUE = "${{ inputs.value }}"


def workflow(*steps: Mapping[str, Any], **job: Any) -> Imported:
    """Import a workflow of one job with these steps and a text `value` as its input."""
    on = {"workflow_dispatch": {"inputs": {"value": {"required": True}}}}
    return import_workflow(
        json.dumps({"on": on, "jobs": {"job": {**job, "steps": steps}}}), "f.json"
    )


def performed(
    result: Imported, key: str, folder: Path, **names: Any
) -> subprocess.CompletedProcess[str]:
    """Run a step as the command agent would, with its templates filled in."""
    definition, _ = read(result.text, "made.yaml")
    known = {"inputs": {}, "item": None, "index": -1, "run": {}} | names
    given = filled(definition.steps[key].inputs, lambda s: EXPRESSIONS.evaluate(s, known))
    assert all(isinstance(each, str) for each in given["argv"])
    assert all(isinstance(each, str) for each in given.get("env", {}).values())
    environment = {"PATH": os.environ["PATH"], **given.get("env", {})}
    return subprocess.run(
        given["argv"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def said_with(script: str, value: str, folder: Path, shell: str | None = None) -> str:
    step = {"name": "it", "run": script} | ({"shell": shell} if shell else {})
    done = performed(workflow(step), "job_it", folder, inputs={"value": value})
    assert done.returncode == 0, done.stderr
    return done.stdout


NASTY = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned;",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "a'b\"c\\d $HOME",
    "two\nlines",
    "*",
]
QUOTED = {
    f'printf %s "{VALUE}"': "{}",
    f"printf %s 'a {VALUE} b'": "a {} b",
    f'printf %s "a $(printf %s "{VALUE}") b"': "a {} b",
    f"cat <<EOF\n<{VALUE}>\nEOF": "<{}>\n",
    f"X='{VALUE}'; printf %s \"$X\"": "{}",
    f"printf %s $'a\\t{VALUE}'": "a\t{}",
    f'printf %s "${{X:-{VALUE}}}"': "{}",
}


@pytest.mark.parametrize("script", QUOTED)
@pytest.mark.parametrize("value", NASTY)
def test_a_value_within_quotes_stays_what_it_is(script: str, value: str, tmp_path: Path) -> None:
    assert said_with(script, value, tmp_path) == QUOTED[script].format(value)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("script", [f"echo {VALUE}", f"x={VALUE}", f"[[ {VALUE} == a ]] || true"])
def test_a_value_outside_of_quotes_is_never_run(value: str, script: str, tmp_path: Path) -> None:
    step = {"name": "it", "run": script}
    result = workflow(step)
    performed(result, "job_it", tmp_path, inputs={"value": value})
    assert not (tmp_path / "pwned").exists()
    assert "outside of quotes" in result.left_out[-1].reason


@pytest.mark.parametrize("value", NASTY)
def test_a_value_within_a_text_of_python_stays_what_it_is(value: str, tmp_path: Path) -> None:
    script = f"import sys\nsys.stdout.write('{VALUE}')"
    assert said_with(script, value, tmp_path, "python") == value


FRAGMENTS = [
    "echo @",
    'echo "@"',
    "echo 'x@y'",
    "echo x@",
    "echo @@",
    "echo $'@\\t@'",
    'echo "$(echo "@" | cat)"',
    "echo `echo @`",
    "cat <<EOF\n@ '@' \"@\"\nEOF",
    "cat <<-'EOF'\n\tplain\n\tEOF",
    "cat <<'A' <<B\nplain\nA\n@\nB",
    "# it's a @ comment",
    "case @ in a1) echo one;; *) echo @;; esac",
    "x=@; echo ${x#a} ${x:-@}",
    "arr=(@ b); echo ${arr[1]} ${#arr[@]}".replace("[@]", "[*]"),
    "if [ @ = a1 ]; then echo @; else echo no; fi",
    "for i in @ b; do echo $i; done",
    "f() { echo @; }; f",
    "(cd /; echo @)",
    "echo $((1 << 2)) @",
    "(( 1 < 2 )) && echo @",
    "echo a#@ b # @ 'open",
    "echo \\' @ \\\"",
    'printf \'%s\\n\' "a\\"@"',
    "cat <<< @",
    "[[ @ == a* ]] && echo yes",
    "echo {a,b}@",
    "! false && echo @",
    "echo \"${x:-'@'}\"",
    "echo ${x:-'@'}",
    "diff <(echo @) <(echo @) && echo same",
]


@settings(max_examples=40, deadline=None)
@given(lines=st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6), plain=st.booleans())
def test_a_plain_word_gives_the_output_that_splicing_gives(lines: list[str], plain: bool) -> None:
    script = "\n".join(lines)
    pieces = script.split("@")
    parts: list[str | Gap] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [Gap("VALUE"), piece]
    made = filled_in(parts, places(parts, bash=True))
    value = "a1" if plain else "b-2"
    ours = bash(made, VALUE=value)
    theirs = bash(script.replace("@", value))
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), made


def bash(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment["PATH"] = os.environ["PATH"]
    argv = ["bash", "-c", script]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"cat <<'EOF'\n{VALUE}\nEOF", "here-document"),
        (f"echo {{1..{VALUE}}}", "braces"),
        (f"echo \\{VALUE}", "not certain"),
        (f"echo ${VALUE}", "not certain"),
        (f"echo 'never closed {VALUE}", "not certain"),
        (f"echo ${{{VALUE}}}", "not certain"),
    ],
)
def test_a_script_that_would_mean_something_else_is_held_back(script: str, why: str) -> None:
    result = workflow({"name": "it", "run": script})
    definition, _ = read(result.text, "made.yaml")
    assert definition.steps["job_it"].condition == "inputs.run_unclear_steps"
    assert definition.inputs["run_unclear_steps"].default is False
    assert any(why in entry.reason for entry in result.left_out)


def test_a_script_ends_at_once_where_a_secret_is_missing(tmp_path: Path) -> None:
    result = workflow(
        {"name": "it", "run": "touch done", "env": {"NPM_TOKEN": "${{ secrets.NPM }}"}}
    )
    done = performed(result, "job_it", tmp_path)
    assert done.returncode != 0
    assert "secrets.NPM is not carried over" in done.stderr
    assert not (tmp_path / "done").exists()


def test_a_missing_value_in_a_path_never_becomes_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    result = workflow({"name": "it", "run": "rm -rf ${{ github.event.pull_request.base }}./*"})
    assert performed(result, "job_it", tmp_path).returncode != 0
    assert (tmp_path / "kept").exists()


def test_the_steps_of_a_matrix_job_run_in_order_in_one_folder(tmp_path: Path) -> None:
    result = workflow(
        {"name": "one", "run": "echo ${{ matrix.n }} > file; exit 0; echo never"},
        {"name": "two", "run": "cat file; echo $WHO", "env": {"WHO": "it's ${{ matrix.n }}"}},
        {"name": "only b", "run": "echo only b", "if": "matrix.n == 'b'"},
        {"name": "may fail", "run": "exit 7", "continue-on-error": True},
        {"name": "fails", "run": "false; echo not here", "shell": "sh"},
        {"name": "skipped", "run": "echo skipped"},
        {"name": "after failure", "run": "echo sorry", "if": "failure()"},
        {"name": "always", "run": "print('$at the end')", "if": "always()", "shell": "python"},
        strategy={"matrix": {"n": ["a", "b"]}},
    )
    outputs = {}
    for n in ("a", "b"):
        done = performed(result, "job", tmp_path, item={"n": n})
        assert done.returncode == 1, done.stderr
        outputs[n] = done.stdout
    assert outputs["a"] == "a\nit's a\nsorry\n$at the end\n"
    assert outputs["b"] == "b\nit's b\nonly b\nsorry\n$at the end\n"


def test_outputs_of_a_step_are_handed_back_as_json(tmp_path: Path) -> None:
    lines = ["echo shown", "echo a=1=2 >> $GITHUB_OUTPUT", "printf 'b<<X\\nl 1\\nl=2\\nX\\n' >> "]
    script = "\n".join([*lines[:2], lines[2] + "$GITHUB_OUTPUT"])
    reader = {
        "run": "echo ${{ steps.me.outputs.a }}${{ steps.me.outputs.b }}${{ steps.me.outputs.c }}"
    }
    result = workflow({"id": "me", "run": script}, reader)
    done = performed(result, "job_me", tmp_path)
    assert json.loads(done.stdout) == {"a": "1=2", "b": "l 1\nl=2", "c": ""}
    assert done.stderr == "shown\n"
    failing = workflow({"id": "me", "run": "exit 3"}, reader)
    assert performed(failing, "job_me", tmp_path).returncode == 3


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    "ab \n\t:#-'\"{}[],&*!|>%@`$~01.ey", max_size=20
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(value=st.dictionaries(TEXT, PLAIN, max_size=4), remark=TEXT)
def test_what_is_written_as_yaml_is_read_back_the_same(value: dict[str, Any], remark: str) -> None:
    noted = {key: Commented(each, (f"note {remark}",)) for key, each in value.items()}
    (read_back,) = documents(to_yaml(noted), "some.yaml") or documents("{}", "")
    assert read_back.plain == value or "<<" in value or not value
