"""Imports the triggers of a GitHub workflow, and their inputs."""

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import Value, member
from missioncontrol.adapters.workflow_files.foreign.draft import Draft, schedule_command
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut, clean_prose
from missioncontrol.adapters.workflow_files.foreign.names import Names
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.yaml_writer import Commented

STARTS_WITH_INPUTS = ("workflow_dispatch", "workflow_call")
_TYPES = {
    "string": "string",
    "choice": "string",
    "environment": "string",
    "boolean": "boolean",
    "number": "number",
}
_IDLE: dict[str, Any] = {"string": "", "environment": "", "boolean": False, "number": 0}


class Inputs(msgspec.Struct):
    """The inputs of the workflow by their names on GitHub, in small letters."""

    values: dict[str, Value] = {}
    names: Names = msgspec.field(default_factory=Names)
    repository: str = ""  # the input that leads to the checked-out repository, once there is one

    def repository_input(self, draft: Draft) -> str:
        """Return the expression of the repository; the first caller makes it an input."""
        if not self.repository:
            key = self.names.key("repository")
            self.repository = member("inputs", key)
            comment = "Where the repository is checked out on this machine; all steps work in it."
            draft.inputs[key] = Commented({"type": "path"}, (comment,))
        return self.repository


def read_triggers(on: Node, draft: Draft, listing: LeftOut) -> Inputs:
    """Read `on`: what can start a run here is carried over, all else is left to be listed."""
    inputs = Inputs()
    if on.value in STARTS_WITH_INPUTS:
        on.carry()
    for item in on.items:
        if item.value in STARTS_WITH_INPUTS:
            item.carry()
    for trigger in STARTS_WITH_INPUTS:
        _read_trigger(on, trigger, inputs, draft, listing)
    _list_schedules(on, draft, listing)
    return inputs


def _read_trigger(on: Node, trigger: str, inputs: Inputs, draft: Draft, listing: LeftOut) -> None:
    node, given = on.get(trigger), on.get(trigger, "inputs")
    for empty in (node, given):
        if empty is not None and (empty.value is None or empty.value == {}):
            empty.carry()
    for name, spec in given.entries.items() if given is not None else ():
        first = on.get(STARTS_WITH_INPUTS[0], "inputs", name)
        if name.lower() not in inputs.values:
            _read_input(name, spec, inputs, draft, listing)
        elif first is not None and first.plain == spec.plain:
            spec.carry()
        else:
            listing.leave(spec, "It stood under another trigger already, and is defined there.")


def _read_input(name: str, spec: Node, inputs: Inputs, draft: Draft, listing: LeftOut) -> None:
    key = inputs.names.key(name)
    kind = spec.get("type")
    declared_type = kind.text if kind is not None and kind.text in _TYPES else "string"
    if kind is not None and kind.text in _TYPES:
        kind.carry()
    comments = [] if key == name else [f"On GitHub this input was called {name}."]
    if declared_type == "environment":
        comments.append("On GitHub this was the name of one of its deployment environments.")
    found: dict[str, Any] = {"type": _TYPES[declared_type]}
    description = spec.get("description")
    if description is not None and (text := clean_prose(description, listing)):
        found["description"] = text
    options = _options(spec, declared_type)
    if options:
        found["enum"] = list(options)
    found |= _default(spec, declared_type, options, comments, listing)
    if spec.value is None:
        spec.carry()
    draft.inputs[key] = Commented(found, tuple(comments))
    value_kind = (
        "number"
        if declared_type == "number"
        else "boolean"
        if declared_type == "boolean"
        else "string"
    )
    shown = options if declared_type == "choice" else None
    inputs.values[name.lower()] = Value(member("inputs", key), value_kind, shown)  # type: ignore[arg-type]


def _options(spec: Node, declared_type: str) -> tuple[str, ...] | None:
    node = spec.get("options")
    if node is None or declared_type != "choice" or not node.items:
        return None
    if not all(item.is_scalar for item in node.items):
        return None
    return tuple(dict.fromkeys(item.text for item in node.carry().items))


def _default(
    spec: Node,
    declared_type: str,
    options: tuple[str, ...] | None,
    comments: list[str],
    listing: LeftOut,
) -> dict[str, Any]:
    """Return the default of an input, or what GitHub takes where it has none and is optional."""
    required, default = spec.get("required"), spec.get("default")
    is_required = required is not None and required.value is True
    if required is not None and isinstance(required.value, bool):
        required.carry()
    if default is not None and default.value is None:
        default.carry()
        default = None
    if default is not None:
        value = _READERS[_TYPES[declared_type]](default)
        fits = value is not None and (options is None or value in options)
        if fits and "${{" not in default.text:
            default.carry()
            if is_required:
                comments.append("It was required on GitHub; here its default stands in.")
            return {"default": value}
        listing.leave(default, "It is no default that could be known before a run.")
        return {}
    if is_required:
        return {}
    if options:
        comments.append("It had no default on GitHub, where the first option is preselected.")
        return {"default": options[0]}
    return {"default": _IDLE.get(declared_type, "")}


def _as_text(node: Node) -> str | None:
    return node.text if node.is_scalar else None


def _as_boolean(node: Node) -> bool | None:
    return {"true": True, "false": False}.get(node.text.lower())


def _as_number(node: Node) -> Any:
    try:
        value = json.loads(node.text)
    except ValueError:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


_READERS: dict[str, Callable[[Node], Any]] = {
    "string": _as_text,
    "boolean": _as_boolean,
    "number": _as_number,
}


def _list_schedules(on: Node, draft: Draft, listing: LeftOut) -> None:
    schedule = on.get("schedule")
    for item in schedule.items if schedule is not None else ():
        cron = item.get("cron")
        if cron is not None and cron.is_text:
            zone = item.get("timezone")
            command = schedule_command(draft.name, cron.text, zone.text if zone else "")
            reason = f"A schedule is no part of a workflow here. Save it, then run: {command}"
            listing.leave(item, reason)
