"""Example values of columns, for the tests and the documents of a scaffold."""

import json
from collections.abc import Iterable

from missioncontrol.specialists.scaffolding.blueprint import Action, Column

Value = str | int | float | bool | dict[str, str]
_EXAMPLES: dict[str, Value] = {
    "integer": 3,
    "money": 1250,
    "duration": 900,
    "decimal": 2.5,
    "boolean": True,
    "date": "2026-03-01",
    "time": "09:30",
    "timestamp": "2026-03-01T09:30:00Z",
    "json": {"note": "example"},
    "digest": "0f" * 32,
    "bytes": "ZXhhbXBsZQ==",
    "point": "52.5200,13.4050",
    "email": "ana@example.org",
    "url": "https://example.org/",
}
WRONG: dict[str, Value] = {
    "integer": "many",
    "money": "12.50 euros",
    "duration": "long",
    "decimal": "much",
    "boolean": "perhaps",
    "date": "2026-02-30",
    "time": "25:00",
    "timestamp": "yesterday",
    "digest": "xyz",
    "point": "here",
    "email": "nowhere",
    "url": "example",
}
"""By type, what is refused; text and JSON aside."""


def example(column: Column) -> Value:
    """Return a value that a column takes; a foreign key leads to the first row."""
    if column.values:
        return column.values[0]
    if column.table:
        return 1
    return _EXAMPLES.get(column.type, f"Example {column.name.replace('_', ' ')}")


def status_of_act(action: Action) -> int:
    """Return what a valid call of an operation to build is answered on an empty database."""
    if action.parameters and action.table:
        return 404
    return 422 if any(each.table and each.is_required for each in action.inputs) else 501


def text_of(value: Value) -> str:
    """Return a value as an option or a part of an address writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


def body(columns: Iterable[Column]) -> dict[str, Value]:
    """Return the smallest body that is accepted."""
    return {c.name: example(c) for c in columns if c.is_required and not c.default}
