"""Plans as agents answer with them, and what is asked of a planner in tests."""

import json
from pathlib import Path
from typing import Any

from missioncontrol.specialists.planner.answer import answer_schema
from tests.cli.command import mission

EMPTY: dict[str, Any] = {"array": [], "string": "", "object": {}}


def local_plan(home: Path, source: Path, goal: str) -> dict[str, Any]:
    """Return the plan that is made without a model."""
    done = mission(home, "plan", goal, "--repo", str(source), "--planner", "local", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return dict(answer.get("plan", answer))


def conforming(value: Any, form: dict[str, Any] | None = None) -> Any:
    """Return a plan with the fields of the schema and no other; those that it lacks are empty."""
    whole = answer_schema()
    form = whole if form is None else form
    if "$ref" in form:
        form = whole["$defs"][form["$ref"].rpartition("/")[2]]
    if form.get("type") == "array":
        return [conforming(each, form["items"]) for each in value]
    if form.get("type") != "object":
        return value
    fields = form["properties"]
    return {name: conforming(value.get(name, _empty(each)), each) for name, each in fields.items()}


def _empty(form: dict[str, Any]) -> Any:
    kind = "object" if "$ref" in form else form.get("type", "string")
    return form["enum"][0] if "enum" in form else EMPTY[kind]
