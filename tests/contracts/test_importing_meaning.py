"""An imported workflow runs what the other system would run, in every way that things can end."""

import json
import shlex
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.workflow_files.foreign.draft import schedule_command
from missioncontrol.adapters.workflow_files.importer import Imported, import_workflow
from missioncontrol.adapters.workflow_files.reader import read
from missioncontrol.cli.arguments import parser
from missioncontrol.ports.expressions import Standing
from tests.contracts.foreign_workflows.engines import EXPRESSIONS, argo, github, ours, ran

FREE = ["", "", "", "inputs.flag", "success()", "success() && inputs.flag", "always()"]
FREE += ["!cancelled()", "always() && inputs.flag", "failure()", "failure() && inputs.flag"]
FREE += ["failure() || inputs.flag", "success() || inputs.flag", "!success()", "!failure()"]


@st.composite
def github_jobs(draw: st.DrawFn) -> dict[str, Any]:
    jobs: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 4))):
        needs = draw(st.lists(st.sampled_from(sorted(jobs)), unique=True)) if jobs else []
        asked = [f"needs.{job}.result == '{result}'" for job in needs for result in RESULTS]
        conditions = [*FREE, *asked, *(f"always() && {each}" for each in asked)]
        steps = [
            {
                "name": f"s{n}",
                "if": draw(st.sampled_from(FREE)),
                "tolerant": draw(st.booleans()) and draw(st.booleans()),
            }
            for n in range(draw(st.integers(1, 3)))
        ]
        if not needs:
            conditions = [each for each in conditions if "failure()" not in each or "||" in each]
        jobs[f"j{number}"] = {
            "needs": needs,
            "if": draw(st.sampled_from(conditions)),
            "steps": steps,
        }
    return jobs


RESULTS = ("success", "failure", "skipped")


def as_github_file(jobs: dict[str, Any]) -> str:
    made: dict[str, Any] = {}
    for name, job in jobs.items():
        steps = [
            {"name": each["name"], "run": "true", "continue-on-error": each["tolerant"]}
            | ({"if": each["if"]} if each["if"] else {})
            for each in job["steps"]
        ]
        made[name] = {"needs": job["needs"], "steps": steps}
        made[name] |= {"if": job["if"]} if job["if"] else {}
    inputs = {"flag": {"type": "boolean"}}
    return json.dumps({"on": {"workflow_dispatch": {"inputs": inputs}}, "jobs": made})


def a_job(condition: str, *needs: str) -> dict[str, Any]:
    step = {"name": "s0", "if": "", "tolerant": False}
    return {"needs": list(needs), "if": condition, "steps": [step]}


# GitHub asks all jobs before, also where the one right before went on from a failure.
GONE_ON_FROM = {"j0": a_job(""), "j1": a_job("always()", "j0"), "j2": a_job("", "j1")}
GONE_ON_FROM_SKIPPED = {**GONE_ON_FROM, "j0": a_job("inputs.flag")}


@settings(max_examples=60, deadline=None)
@example(jobs=GONE_ON_FROM, flag=False, bad={0})
@example(jobs=GONE_ON_FROM_SKIPPED, flag=False, bad=set())
@given(jobs=github_jobs(), flag=st.booleans(), bad=st.sets(st.integers(0, 30)))
@pytest.mark.journey
def test_the_steps_that_github_would_run_are_run(
    jobs: dict[str, Any], flag: bool, bad: set[int]
) -> None:
    keys = [f"{name}_{step['name']}" for name, job in jobs.items() for step in job["steps"]]
    failing = {key for number, key in enumerate(keys) if number in bad}
    text = as_github_file(jobs)
    states = ours(text, {"flag": flag}, lambda key: key not in failing)
    assert ran(states) == github(jobs, flag, lambda key: key not in failing), (states, failing)


@st.composite
def argo_tasks(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    tasks: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 4))):
        needs = draw(st.lists(st.sampled_from(sorted(tasks)), unique=True)) if tasks else []
        inner = draw(argo_tasks(depth + 1)) if depth < 1 and draw(st.integers(0, 3)) == 0 else None
        result = draw(st.sampled_from(["", "", "", "Succeeded", "Failed"])) if needs else ""
        may_skip = any(tasks[each]["when"] and tasks[each]["inner"] for each in needs)
        tasks[f"t{number}"] = {
            "needs": needs,
            "result": "" if may_skip else result,
            "any": False if may_skip else bool(result) and draw(st.booleans()),
            "when": draw(st.integers(0, 2)) == 0,
            "inner": inner,
            "tolerant": inner is None and draw(st.integers(0, 3)) == 0,
        }
    return tasks


def as_argo_file(tasks: dict[str, Any]) -> str:
    templates: list[dict[str, Any]] = [{"name": "work", "container": {"command": ["true"]}}]

    def graph(name: str, inner: dict[str, Any]) -> str:
        made = []
        for key, task in inner.items():
            template = "work" if task["inner"] is None else graph(f"{name}-{key}", task["inner"])
            entry: dict[str, Any] = {"name": key, "template": template}
            terms = [f"{n}.{task['result']}" if task["result"] else n for n in task["needs"]]
            if terms:
                entry["depends"] = (" || " if task["any"] else " && ").join(terms)
            if task["when"]:
                entry["when"] = "{{workflow.parameters.flag}} == yes"
            if task["tolerant"]:
                entry["continueOn"] = {"failed": True}
            made.append(entry)
        templates.append({"name": name, "dag": {"tasks": made}})
        return name

    graph("main", tasks)
    arguments = {"parameters": [{"name": "flag", "value": "no"}]}
    spec = {"entrypoint": "main", "arguments": arguments, "templates": templates}
    return json.dumps({"kind": "Workflow", "metadata": {"name": "x"}, "spec": spec})


def leaves_of(tasks: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, task in tasks.items():
        inner = task["inner"]
        found += leaves_of(inner, f"{prefix}{name}_") if inner else [f"{prefix}{name}"]
    return found


def a_task(result: str, *needs: str) -> dict[str, Any]:
    rest = {"any": False, "when": False, "inner": None, "tolerant": False}
    return {"needs": list(needs), "result": result, **rest}


AFTER_A_REPAIR = {"t0": a_task(""), "t1": a_task("Failed", "t0"), "t2": a_task("", "t1")}


@settings(max_examples=60, deadline=None)
@example(tasks=AFTER_A_REPAIR, flag=False, bad={0})
@given(tasks=argo_tasks(), flag=st.booleans(), bad=st.sets(st.integers(0, 20)))
@pytest.mark.journey
def test_the_tasks_that_argo_would_run_are_run(
    tasks: dict[str, Any], flag: bool, bad: set[int]
) -> None:
    failing = {key for number, key in enumerate(leaves_of(tasks)) if number in bad}
    text = as_argo_file(tasks)
    flags = {"flag": "yes" if flag else "no"}
    states = ours(text, flags, lambda key: key not in failing)
    assert ran(states) == argo(tasks, flag, lambda key: key not in failing), (states, failing)


INPUTS = {
    "word": {"type": "string"},
    "level": {"type": "choice", "options": ["info", "debug"]},
    "flag": {"type": "boolean"},
    "count": {"type": "number"},
}


def one_job(**job: Any) -> Imported:
    jobs = {"job": {"steps": [{"name": "it", "run": "true"}], **job}}
    return import_workflow(
        json.dumps({"on": {"workflow_dispatch": {"inputs": INPUTS}}, "jobs": jobs}), ""
    )


def condition_of(result: Imported, key: str = "job_it") -> str:
    return read(result.text, "made.yaml")[0].steps[key].condition or "true"


@pytest.mark.parametrize(
    ("condition", "word", "holds"),
    [
        ("inputs.word == 'main'", "MAIN", True),  # Case does not count on GitHub.
        ("inputs.word != 'main'", "Main", False),
        ("inputs.word == 'v1.2'", "V1.2", True),
        ("inputs.word == ''", "", True),
        ("inputs.word", "x", True),
        ("inputs.word", "", False),
        ("!inputs.word", "", True),
        ("startsWith(inputs.word, 'Rel/')", "rel/1", True),
        ("endsWith(inputs.word, '.PY')", "a.py", True),
        ("contains(inputs.word, 'b')", "ABC", True),
        ("contains(inputs.word, 'x')", "ABC", False),
        ('contains(fromJSON(\'["a", "B"]\'), inputs.word)', "b", True),
        ('contains(fromJSON(\'["a", "B"]\'), inputs.word)', "c", False),
        ("inputs.word == 'a' || inputs.word == 'b'", "b", True),
        ("(inputs.word == 'a' || inputs.flag) && inputs.count > 2", "a", True),
        ("inputs.flag == true", "", True),
        ("inputs.flag == false", "", False),
        ("github.event.inputs.flag == 'true'", "", True),
        ("github.event.inputs.flag != 'TRUE'", "", False),
        ("inputs.count == 3", "", True),
        ("inputs.count", "", True),
        ("inputs.count >= 3.5", "", False),
        ("inputs.level == 'info'", "", True),
        ("${{ inputs.flag && 'yes' || 'no' }}", "", True),
        ("(inputs.flag && 'yes' || 'no') == 'yes'", "", True),
        ("(inputs.word || 'none') == 'none'", "", True),
        ("format('{0}-{1}', inputs.word, 'x') == 'A-X'", "a", True),
        ("github.job == 'job'", "", True),
    ],
)
def test_a_condition_holds_where_it_does_on_github(condition: str, word: str, holds: bool) -> None:
    result = one_job(**{"if": condition})
    assert result.left_out == ()
    inputs = {"word": word, "level": "info", "flag": True, "count": 3}
    source = condition_of(result)
    assert EXPRESSIONS.evaluate(source, {"inputs": inputs}, Standing()) is holds, source


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("github.ref == 'refs/heads/main'", "known to GitHub only"),
        ("inputs.flag == 'true'", "a boolean with a string"),
        ("inputs.word == null", "null"),
        ("inputs.word == inputs.level", "without regard to case"),
        ("inputs.word > 'a'", "orders values"),
        ("cancelled()", "Nothing starts after a cancel"),
        ("hashFiles('x') != ''", "hashfiles()"),
        ("toJSON(inputs) != ''", "tojson()"),
        ("inputs.word == 'ÄRGER'", "beyond the letters a to z"),
        ("inputs.other == 'x'", "No trigger"),
        ("inputs.flag && inputs.word == 'x' == 'y'", "GitHub makes numbers of both"),
        ("${{ inputs.flag }} && true", "every text beside"),
        ("inputs.word == 'open", "no part of an expression"),
        ("inputs.word[0] == 'x'", "computed name"),
        ("secrets.TOKEN != ''", "is a secret"),
        ("failure()", "can never hold"),
        ("((" * 30 + "1" + "))" * 30, "nested more than"),
        ("1 == 1 && " * 120 + "true", "more than 100 operators"),
        ("false", "switched off"),
    ],
)
def test_a_condition_that_is_not_certain_is_listed_and_held_back(condition: str, why: str) -> None:
    result = one_job(**{"if": yaml.safe_load(condition) if condition == "false" else condition})
    (entry,) = result.left_out
    assert entry.thing == "jobs.job.if"
    assert why in entry.reason
    assert condition_of(result) == "inputs.run_unclear_steps"


def combinations(**matrix: Any) -> list[dict[str, Any]]:
    result = one_job(strategy={"matrix": matrix})
    found: list[dict[str, Any]] = read(result.text, "made.yaml")[0].steps["job_it"].for_each
    return found


def test_entries_of_a_matrix_join_what_they_fit_and_never_overwrite_it() -> None:
    found = combinations(
        size=["s", "m"],
        dye=["red", "blue"],
        include=[
            {"price": 1},
            {"price": 2, "dye": "red"},
            {"size": "s", "shop": True},
            {"size": "xl"},
            {"size": "xl", "dye": "red"},
        ],
    )
    assert found == [
        {"size": "s", "dye": "red", "price": 2, "shop": True},
        {"size": "s", "dye": "blue", "price": 1, "shop": True},
        {"size": "m", "dye": "red", "price": 2, "shop": ""},
        {"size": "m", "dye": "blue", "price": 1, "shop": ""},
        {"size": "xl", "dye": "", "price": "", "shop": ""},
        {"size": "xl", "dye": "red", "price": "", "shop": ""},
    ]


def test_what_is_excluded_from_a_matrix_may_be_named_in_part() -> None:
    found = combinations(a=[1, 2], b=["x", "y"], exclude=[{"a": 1}, {"a": 2, "b": "x"}])
    assert found == [{"a": 2, "b": "y"}]
    only = combinations(include=[{"a": 1}, {"a": "1", "b": 3.10}])
    assert only == [{"a": 1, "b": ""}, {"a": "1", "b": 3.1}]


def test_a_matrix_that_is_not_known_before_the_run_holds_its_job_back() -> None:
    result = one_job(strategy={"matrix": {"a": "${{ fromJSON(inputs.word) }}"}})
    assert condition_of(result, "job") == "inputs.run_unclear_steps"
    assert {entry.thing for entry in result.left_out} == {
        "jobs.job.strategy.matrix",
        "jobs.job.steps",
    }


@pytest.mark.parametrize(
    ("when", "word", "holds"),
    [
        ("{{workflow.parameters.word}} == yes", "yes", True),
        ("{{workflow.parameters.word}} == yes", "YES", False),  # Case counts on Argo.
        ("'{{workflow.parameters.word}}' != \"no\"", "no", False),
        ("{{workflow.parameters.word}} == 5", "5.0", True),
        ("{{workflow.parameters.word}} > 5 || {{workflow.parameters.word}} == 1", "1", True),
        ("10 >= {{workflow.parameters.word}}", "11", False),
        ("{{workflow.parameters.word}}", "true", True),
        ("!({{workflow.parameters.word}} == a) && b == b", "a", False),
        ("{{workflow.parameters.word}}-x == a-x", "a", True),
    ],
)
def test_a_when_holds_where_it_does_on_argo(when: str, word: str, holds: bool) -> None:
    result = one_task(when=when)
    source = condition_of(result, "it")
    assert result.left_out == ()
    assert EXPRESSIONS.evaluate(source, {"inputs": {"word": word}}, Standing()) is holds, source


@pytest.mark.parametrize(
    "when",
    [
        "{{workflow.parameters.word}} =~ 'x'",
        "{{=workflow.parameters.word == 'x'}}",
        "{{workflow.parameters.word}} == {{workflow.parameters.word}}",
        "{{workflow.parameters.other}} == x",
        "{{workflow.parameters.word}} ==",
        "a == b",
        "{{item}} == x",
    ],
)
def test_a_when_that_is_not_certain_is_listed_and_held_back(when: str) -> None:
    result = one_task(when=when, withItems=["x", "y"])
    assert [entry.thing for entry in result.left_out] == ["spec.templates[0].dag.tasks[0].when"]
    assert condition_of(result, "it") == "inputs.run_unclear_steps"


def one_task(**task: Any) -> Imported:
    templates = [
        {"name": "main", "dag": {"tasks": [{"name": "it", "template": "work", **task}]}},
        {"name": "work", "container": {"command": ["true"]}},
    ]
    arguments = {"parameters": [{"name": "word", "value": "x"}]}
    spec = {"entrypoint": "main", "arguments": arguments, "templates": templates}
    return import_workflow(json.dumps({"kind": "Workflow", "spec": spec}), "it.json")


def test_schedules_are_listed_with_the_command_that_makes_them() -> None:
    on = {"schedule": [{"cron": "5 4 * * 1"}]}
    jobs = {"job": {"steps": [{"run": "true"}]}}
    result = import_workflow(json.dumps({"name": "Mondays", "on": on, "jobs": jobs}), "x.yml")
    command = "mission schedule add mondays --workflow mondays --cron '5 4 * * 1'"
    assert command in result.left_out[0].reason
    spec = {
        "schedule": "5 4 * * *",
        "timezone": "Asia/Tokyo",
        "concurrencyPolicy": "Replace",
        "workflowSpec": {
            "entrypoint": "a",
            "templates": [{"name": "a", "container": {"command": ["true"]}}],
        },
    }
    cron = {"kind": "CronWorkflow", "metadata": {"name": "dawn"}, "spec": spec}
    notes = " ".join(entry.reason for entry in import_workflow(json.dumps(cron), "x.yml").left_out)
    assert "--cron '5 4 * * *' --timezone Asia/Tokyo --overlap cancel" in notes


def test_the_command_of_a_schedule_is_one_that_we_take() -> None:
    arguments = shlex.split(schedule_command("dawn", "5 4 * * *", "Asia/Tokyo", "cancel"))
    parsed = parser().parse_args(arguments[1:])
    assert (parsed.workflow, parsed.timezone, parsed.overlap) == ("dawn", "Asia/Tokyo", "cancel")
