"""How GitHub, Argo and we decide what runs, each written down from its own documentation."""

from collections.abc import Callable, Mapping
from typing import Any

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.importer import import_workflow
from missioncontrol.adapters.workflow_files.reader import read
from missioncontrol.domain.expression import calls
from missioncontrol.domain.graph import in_order
from missioncontrol.ports.expressions import Standing

EXPRESSIONS = CelExpressions()
Outcome = Callable[[str], bool]
"""Whether the step of this name succeeds if it runs."""


def ours(text: str, inputs: Mapping[str, Any], succeeds: Outcome) -> dict[str, str]:
    """Return how each step of an imported file ends, by the rules of our workflow files."""
    definition, _ = read(import_workflow(text, "some.yml").text, "made.yaml")
    given = {name: spec.default for name, spec in definition.inputs.items()} | dict(inputs)
    states: dict[str, str] = {}
    for key in in_order({key: step.needs for key, step in definition.steps.items()}):
        step = definition.steps[key]
        counted = set()
        for need in step.needs:
            gone_on = states[need] == "failed" and definition.steps[need].on_failure == "continue"
            counted.add("succeeded" if gone_on else states[need])
        source = step.condition or "true"
        if not calls(source) & {"always", "failure"}:
            if counted & {"failed", "blocked"}:
                states[key] = "blocked"
                continue
            if "skipped" in counted:
                states[key] = "skipped"
                continue
        names = {"inputs": given, "steps": {k: {"state": s} for k, s in states.items()}}
        standing = Standing(counted <= {"succeeded"}, bool(counted & {"failed", "blocked"}))
        if not EXPRESSIONS.evaluate(source, names, standing):
            states[key] = "skipped"
        else:
            states[key] = "succeeded" if succeeds(key) else "failed"
    return states


def ran(states: Mapping[str, str]) -> set[str]:
    """Return the steps that did some work."""
    return {
        key
        for key, state in states.items()
        if state in ("succeeded", "failed") and not key.endswith(("_begins", "_is_due"))
    }


def github(jobs: Mapping[str, Any], flag: bool, succeeds: Outcome) -> set[str]:
    """Return the steps of GitHub's jobs that run."""
    results: dict[str, str] = {}
    found: set[str] = set()
    for name in in_order({name: job["needs"] for name, job in jobs.items()}):
        job = jobs[name]
        before = [results[each] for each in _ancestors(name, jobs)]
        success = all(result == "success" for result in before)
        if not _holds(job["if"], success, "failure" in before, flag, results):
            results[name] = "skipped"
            continue
        failed = False
        for step in job["steps"]:
            key = f"{name}_{step['name']}"
            if _holds(step["if"], not failed, failed, flag, results):
                found.add(key)
                failed = failed or not (succeeds(key) or step["tolerant"])
        results[name] = "failure" if failed else "success"
    return found


def _ancestors(name: str, jobs: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    todo = list(jobs[name]["needs"])
    while todo:
        each = todo.pop()
        found.add(each)
        todo += jobs[each]["needs"]
    return found


def _holds(
    condition: str, success: bool, failure: bool, flag: bool, results: Mapping[str, str]
) -> bool:
    """Work out the conditions that the tests make, and GitHub's own `success() &&`."""
    known = {
        "": success,
        "inputs.flag": success and flag,
        "success()": success,
        "success() && inputs.flag": success and flag,
        "always()": True,
        "!cancelled()": True,
        "always() && inputs.flag": flag,
        "failure()": failure,
        "failure() && inputs.flag": failure and flag,
        "failure() || inputs.flag": failure or flag,
        "success() || inputs.flag": success or flag,
        "!success()": not success,
        "!failure()": not failure,
    }
    if condition in known:
        return known[condition]
    asked, _, wanted = condition.removeprefix("always() && ").partition(" == ")
    met = results[asked.split(".")[1]] == wanted.strip("'")
    return met and (success or condition.startswith("always()"))


def argo(tasks: Mapping[str, Any], flag: bool, succeeds: Outcome, prefix: str = "") -> set[str]:
    """Return the steps of an Argo graph that run; a task may hold a graph of its own."""
    return _argo(tasks, flag, succeeds, prefix)[0]


def _argo(
    tasks: Mapping[str, Any], flag: bool, succeeds: Outcome, prefix: str
) -> tuple[set[str], bool]:
    results: dict[str, str] = {}
    found: set[str] = set()
    for name in in_order({name: task["needs"] for name, task in tasks.items()}):
        task, key = tasks[name], f"{prefix}{name}"
        if not _due(task, tasks, results):
            results[name] = "Omitted"
        elif task["when"] and not flag:
            results[name] = "Skipped"
        elif task["inner"] is None:
            found.add(key)
            results[name] = "Succeeded" if succeeds(key) else "Failed"
        else:
            within, good = _argo(task["inner"], flag, succeeds, f"{key}_")
            found |= within
            results[name] = "Succeeded" if good else "Failed"
    hard = {name for name, task in tasks.items() if not task["tolerant"]}
    return found, not any(results[name] == "Failed" for name in hard)


def _due(task: Any, tasks: Mapping[str, Any], results: Mapping[str, str]) -> bool:
    met = []
    for name in task["needs"]:
        wanted = {task["result"]} if task["result"] else {"Succeeded", "Skipped"}
        if not task["result"] and tasks[name]["tolerant"]:
            wanted.add("Failed")
        met.append(results[name] in wanted)
    return any(met) if task["any"] else all(met)
