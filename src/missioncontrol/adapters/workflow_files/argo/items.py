"""Imports the items of an Argo task as a list, or as an expression of one."""

import json
import re
from typing import Any

from missioncontrol.adapters.workflow_files.argo.texts import Scope, text_of, unclear_in
from missioncontrol.adapters.workflow_files.foreign.cel import Unclear, Value, quoted
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling

ITEMS_MAX = 1_000

Items = list[Any] | str
"""Plain values and templates, or one template that comes to a list."""

NAMES = ("withItems", "withParam", "withSequence")


def items_of(task: Node, scope: Scope, lists: set[str]) -> Items | None:
    """Return what a task is done for, or None where it is done once.

    `lists` takes in the inputs that have to be lists for it.

    Raises:
        Unclear: the items are not known; they are listed by then.
    """
    found = {name: node for name in NAMES if (node := task.get(name)) is not None}
    if not found:
        return None
    name, node = next(iter(found.items()))
    try:
        if name == "withItems":
            return _listed(node, scope)
        return _named(node, scope, lists) if name == "withParam" else _counted(node)
    except Unclear as unclear:
        scope.listing.leave(node, str(unclear))
        raise


def json_list(text: str) -> list[Any] | None:
    """Return the list that a JSON text stands for, or None."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _listed(node: Node, scope: Scope) -> Items:
    if not 0 < len(node.items) <= ITEMS_MAX:
        raise Unclear(f"It is no list of at most {ITEMS_MAX:,} items.")
    for leaf in node.leaves():
        lost = unclear_in(scope.filled(leaf.text))
        if lost is not None:
            raise Unclear(lost.why)
    if any(item.value is None for item in node.items):
        raise Unclear("An item of it is empty.")  # Nothing could be read of it.
    return _as_items([_with_values(item, scope) for item in node.carry().items])


def _with_values(node: Node, scope: Scope) -> Any:
    """Return what a node comes to; a text in which something is filled in as a `Value`."""
    if isinstance(node.value, dict):
        return {name: _with_values(each, scope) for name, each in node.entries.items()}
    if isinstance(node.value, list):
        return [_with_values(each, scope) for each in node.items]
    if isinstance(node.value, str):
        value = text_of(scope.filled(node.value))
        return value if value.constant is None else value.constant
    return node.value


def _as_items(items: list[Any]) -> Items:
    """Return plain items as they are, and others as the one expression of a list."""
    return f"${{{{ {_source_of(items)} }}}}" if _has_values(items) else items


def _has_values(item: Any) -> bool:
    if isinstance(item, list | dict):
        return any(map(_has_values, item.values() if isinstance(item, dict) else item))
    return isinstance(item, Value) or (isinstance(item, str) and "${{" in item)


def _source_of(item: Any) -> str:
    """Return a value as CEL writes it."""
    match item:
        case Value():
            return item.source if item.kind == "string" else f"string({item.source})"
        case str():
            return quoted(item)
        case dict():
            return f"{{{', '.join(f'{quoted(k)}: {_source_of(v)}' for k, v in item.items())}}}"
        case list():
            return f"[{', '.join(map(_source_of, item))}]"
        case _:
            return json.dumps(item)


def _named(node: Node, scope: Scope, lists: set[str]) -> Items:
    parts = scope.filled(node.text)
    match parts:
        case [Filling(expression=expression, value=Value() as value)]:
            source = _list_behind(expression, value, scope, lists)
            node.carry()
            return f"${{{{ {source} }}}}"
    items = json_list("".join(map(str, parts))) if unclear_in(parts) is None else None
    if items is None or any(isinstance(part, Filling) for part in parts):
        raise Unclear("Its list is not known from this file.")
    if len(items) > ITEMS_MAX:
        raise Unclear(f"It has more than {ITEMS_MAX:,} items.")
    node.carry()
    return _as_items(items)


def _list_behind(expression: str, value: Value, scope: Scope, lists: set[str]) -> str:
    """Return the expression of the list that a text of JSON stands for."""
    found = re.fullmatch(r"(steps\..*)\.output\.stdout\.trim\(\)", value.source)
    if found:
        return f"{found[1]}.output.json"
    name = expression.removeprefix("workflow.parameters.")
    if name == expression or name not in scope.inputs:
        raise Unclear("Its list is not known from this file.")
    lists.add(name)
    return value.source


def _counted(node: Node) -> list[Any]:
    numbers = {}
    for name in ("start", "end", "count"):
        number = node.get(name)
        if number is not None and re.fullmatch("-?[0-9]{1,9}", number.text):
            numbers[name] = int(number.text)
    start = numbers.get("start", 0)
    last = "count" if "count" in numbers else "end"
    if last not in numbers or node.get("format") is not None:
        raise Unclear("Its numbers are not known before the run.")
    end = start + numbers["count"] - 1 if last == "count" else numbers["end"]
    step = 1 if end >= start or last == "count" else -1
    found = range(start, end + step, step)
    if not 0 < len(found) <= ITEMS_MAX:
        raise Unclear(f"It does not count from 1 to {ITEMS_MAX:,} items.")
    for name in ("start", last):
        if name in numbers:
            node.entries[name].carry()
    return [str(each) for each in found]
