"""The form in which a model or an agent answers with a plan, and how such an answer is read."""

import re
from typing import Any

import msgspec

from missioncontrol.domain.plan import Fault, Plan
from missioncontrol.specialists.planner.reranking import FIELD, Order

ANSWER_LENGTH_MAX = 400_000
ANSWERED = ("title", "phases", "requirements", "risks", "decisions", "architecture", "questions")
"""Parts of a plan that are asked for. The rest is quoted, computed or chosen by others."""
LEFT_OUT = {"Task": ("agent", "artifacts"), "Requirement": ("source", "origins")}
COMPUTED = ("goal", "summary", "kinds", "stack")
"""What a plan can't be without, as the local one has it."""


def answer_schema() -> dict[str, Any]:
    """Return the schema of an answer, strict: each field is required, and no other is allowed."""
    definitions: dict[str, Any] = msgspec.json.schema(Plan)["$defs"]
    definitions |= msgspec.json.schema(Order)["$defs"]
    whole = definitions.pop("Plan")
    parts = {name: whole["properties"][name] for name in ANSWERED}
    parts[FIELD] = {"type": "array", "items": {"$ref": "#/$defs/Order"}}
    for name, fields in LEFT_OUT.items():
        for field in fields:
            del definitions[name]["properties"][field]
    used = _used(parts, definitions)
    return {
        **_strict({**whole, "properties": parts}),
        "$defs": {name: _strict(definitions[name]) for name in sorted(used)},
    }


def _used(value: Any, definitions: dict[str, Any]) -> set[str]:
    """Return the definitions that `value` refers to, those behind them too."""
    found: set[str] = set()
    wanted = _referred(value)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted |= _referred(definitions[name])
    return found


def _referred(value: Any) -> set[str]:
    text = msgspec.json.encode(value).decode()
    return set(re.findall(r'"#/\$defs/(\w+)"', text))


def _strict(value: Any) -> Any:
    if isinstance(value, list):
        return [_strict(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _strict(each) for name, each in value.items() if not _is_heading(name, each)}
    if value.get("type") == "object":
        found["required"] = list(value["properties"])
        found["additionalProperties"] = False
    return found


def _is_heading(name: str, value: Any) -> bool:
    """Whether a member of a schema says nothing that is held to; a field may be called `title`."""
    return name == "default" or (name == "title" and isinstance(value, str))


def read_answer(text: str, local: Plan) -> tuple[Plan | None, list[Fault]]:
    """Return the plan in an answer, or why there is none. What is computed is as `local` has it."""
    try:
        content = msgspec.json.decode(object_in(text))
        if isinstance(content, dict):
            content = {**content, **{name: getattr(local, name) for name in COMPUTED}}
        return msgspec.convert(msgspec.to_builtins(content), Plan), []
    except (msgspec.DecodeError, RecursionError) as error:
        return None, [_fault(error)]


def object_in(text: str) -> str:
    """Return the JSON object in an answer that may stand in a code fence or between words."""
    cut = text[:ANSWER_LENGTH_MAX]
    start, end = cut.find("{"), cut.rfind("}")
    return cut[start : end + 1] if 0 <= start < end else cut


def _fault(error: Exception) -> Fault:
    """Turn “… - at `$.phases[0].title`” into a path and a message."""
    message, _, place = str(error).partition(" - at `$")
    path = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", place.rstrip("`").replace(".", "/"))
    return Fault(path.replace("////", "/…") or "/", message)
