"""Records in plain Python: a dataclass and functions for each table, on a database of SQL.

The library, the command line and the pipeline stand on them.
"""

from collections.abc import Sequence

from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.layout import (
    bracketed,
    docstring,
    module,
    quoted,
    sentence,
)
from missioncontrol.specialists.scaffolding.names import pascal, python_name, record_module
from missioncontrol.specialists.scaffolding.python_web import left_open

CHECKS = {
    "text": "text", "integer": "integer", "money": "cents", "decimal": "decimal",
    "boolean": "boolean", "date": "day", "time": "clock", "timestamp": "timestamp",
    "duration": "seconds", "json": "document", "digest": "digest", "bytes": "encoded",
    "point": "point", "email": "email", "url": "url",
}  # fmt: skip
"""By type, the function in `fields.py` that checks a value."""
_TYPES = {"integer": "int", "money": "int", "duration": "int", "decimal": "float",
          "boolean": "bool", "json": "dict[str, Any] | list[Any]"}  # fmt: skip
_RESERVED = frozenset(
    (
        "as_json", "database", "db", "events", "fields", "filters", "handler", "json", "limit",
        "row", "row_id", "rows", "values",
    )
)  # fmt: skip
"""Names that functions on records use themselves."""
_PREFIXES = {"create": "add", "read": "get"}
DB = "db: database.Connection"


def parameter(name: str) -> str:
    """Return the parameter of a function for a column."""
    return python_name(name, _RESERVED)


def function_name(action: Action, plan: Blueprint) -> str:
    """Return the name of the function that carries out an action."""
    if action.verb in _PREFIXES:
        return f"{_PREFIXES[action.verb]}_{plan.table(action.table).singular}"
    return python_name(action.name, _RESERVED | {"NotBuilt"})


def record_modules(plan: Blueprint) -> dict[str, Table]:
    """Return the tables that have functions, by the name of their module."""
    return {
        record_module(table.name): table
        for table in plan.tables
        if any(each.verb != "act" for each in plan.of_table(table.name))
    }


def records(plan: Blueprint) -> dict[str, str]:
    """Return the modules of the records, and that of the operations to build."""
    folder = f"src/{plan.package}"
    found = {f"{folder}/records/__init__.py": '"""The records, one module for each table."""\n'}
    for name, table in record_modules(plan).items():
        found[f"{folder}/records/{name}.py"] = _record(plan, table)
    acts = acts_of(plan)
    if acts:
        found[f"{folder}/operations.py"] = _operations(plan, acts)
    return found


def acts_of(plan: Blueprint) -> list[Action]:
    """Return the operations that tasks build."""
    return [each for each in plan.actions if each.verb == "act"]


def _record(plan: Blueprint, table: Table) -> str:
    actions = [each for each in plan.of_table(table.name) if each.verb != "act"]
    name = pascal(table.singular)
    has_json = any(each.type == "json" for each in table.columns)
    parts = [_dataclass(table, name)]
    parts += [_FUNCTIONS[each.verb](plan, table, each, name) for each in actions]
    parts.append(_from_row(table, name))
    code = "\n".join(line for part in parts for line in part)
    own = [n for n in ("database", "events", "fields") if f"{n}." in code.replace(f"{n}.py", "")]
    own = [n for n in own if n != "events" or "events.record(" in code]
    title = f"{table.name.replace('_', ' ').capitalize()}. {sentence(table.purpose)}"
    head = [
        *docstring(title),
        "",
        *(["import json"] if has_json else []),
        "from dataclasses import dataclass",
        *(["from typing import Any"] if has_json else []),
        "",
        f"from {plan.package} import {', '.join(own)}",
        "",
        f"TABLE = {quoted(table.name)}",
        *_references(table, code),
        *(line for each in table.columns if each.values for line in _values(each)),
    ]
    return module(head, *parts)


def _references(table: Table, code: str) -> list[str]:
    if "REFERENCES" not in code:
        return []
    pairs = [f"{quoted(c.name)}: {quoted(c.table)}" for c in table.columns if c.table]
    return bracketed("REFERENCES: dict[str, str] = {", pairs, "}")


def values_name(column: Column) -> str:
    """Return the name of the constant that lists the values of a column."""
    return f"{column.name.upper()}_VALUES"


def _values(column: Column) -> list[str]:
    values = list(map(quoted, column.values))
    if len(values) == 1:
        return [f"{values_name(column)} = ({values[0]},)"]
    return bracketed(f"{values_name(column)} = (", values, ")")


def _dataclass(table: Table, name: str) -> list[str]:
    lines = [
        "@dataclass(frozen=True, kw_only=True)",
        f"class {name}:",
        *docstring(f"A stored {table.title}.", 4),
        "",
        "    id: int",
    ]
    for each in table.columns:
        kind = _TYPES.get(each.type, "str")
        lines.append(f"    {parameter(each.name)}: {kind}{'' if each.is_required else ' | None'}")
    return [*lines, "    created_at: str"]


def _from_row(table: Table, name: str) -> list[str]:
    items = ['id=row["id"]']
    for each in table.columns:
        value = f"row[{quoted(each.name)}]"
        convert = {"json": "json.loads", "boolean": "bool"}.get(each.type)
        if convert:
            plain = f"{convert}({value})"
            value = plain if each.is_required else f"None if {value} is None else {plain}"
        items.append(f"{parameter(each.name)}={value}")
    items.append('created_at=row["created_at"]')
    return [
        f"def _from_row(row: database.Row) -> {name}:",
        *bracketed(f"return {name}(", items, ")", 4),
    ]


def _checked(column: Column, *, is_required: bool, inline: bool = False) -> str:
    """Return an item of a mapping: the checked value of a column."""
    kind = f"fields.{CHECKS.get(column.type, 'text')}"
    if column.values:
        allowed = ", ".join(map(quoted, column.values))
        listed = f"({allowed},)" if len(column.values) == 1 else f"({allowed})"
        kind = f"fields.one_of({listed if inline else values_name(column)})"
    call = "checked" if is_required else "optional"
    head = f"{quoted(column.name)}: fields.{call}("
    items = [quoted(column.name), kind, parameter(column.name)]
    lines = bracketed(head, items, "),", 8)
    return "\n".join(lines).strip().removesuffix(",")


def _parameters(columns: Sequence[Column]) -> list[str]:
    """Return keyword parameters, those without a default first."""
    found: list[str] = []
    for each in sorted(columns, key=lambda one: not one.is_required or bool(one.default)):
        kind = _TYPES.get(each.type, "str")
        if each.default:
            found.append(f"{parameter(each.name)}: {kind} = {quoted(each.default)}")
        elif each.is_required:
            found.append(f"{parameter(each.name)}: {kind}")
        else:
            found.append(f"{parameter(each.name)}: {kind} | None = None")
    return ["*", *found] if found else []


def _mapping(columns: Sequence[Column], *, inline: bool = False) -> list[str]:
    items = [_checked(each, is_required=each.is_required, inline=inline) for each in columns]
    if not items:
        return ["    values: dict[str, object] = {}"]
    head = "values: dict[str, object] = {"
    one = f"    {head}{items[0]}}}"
    if len(items) == 1 and "\n" not in items[0] and len(one) <= 100:
        return [one]
    return [f"    {head}", *(f"        {each}," for each in items), "    }"]


def _add(plan: Blueprint, table: Table, action: Action, name: str) -> list[str]:
    event = plan.created_events.get(table.name)
    leads = any(each.table for each in table.columns)
    stored = "database.insert(db, TABLE, values)"
    return [
        *bracketed(
            f"def {function_name(action, plan)}(",
            [DB, *_parameters(table.columns)],
            f") -> {name}:",
        ),
        *docstring(sentence(action.title), 4, left_open(action)),
        *_mapping(table.columns),
        *(["    database.check_references(db, REFERENCES, values)"] if leads else []),
        f"    row_id = {stored}",
        *([f"    events.record(db, {quoted(event)}, TABLE, row_id)"] if event else []),
        "    return _from_row(database.find(db, TABLE, row_id))",
    ]


def _get(plan: Blueprint, _: Table, action: Action, name: str) -> list[str]:
    return [
        f"def {function_name(action, plan)}({DB}, row_id: int) -> {name}:",
        *docstring(sentence(action.title), 4, left_open(action)),
        "    return _from_row(database.find(db, TABLE, row_id))",
    ]


def _list(plan: Blueprint, _: Table, action: Action, name: str) -> list[str]:
    given = _parameters(action.inputs) or ["*"]
    pairs = [f"{quoted(c.name)}: {parameter(c.name)}" for c in action.inputs]
    return [
        *bracketed(
            f"def {function_name(action, plan)}(",
            [DB, *given, "limit: int = 100"],
            f") -> list[{name}]:",
        ),
        *docstring(sentence(action.title), 4, left_open(action)),
        *bracketed("filters: dict[str, object] = {", pairs, "}", 4),
        "    return [_from_row(row) for row in database.select(db, TABLE, filters, limit)]",
    ]


def _change(plan: Blueprint, _: Table, action: Action, name: str) -> list[str]:
    leads = any(each.table for each in action.inputs)
    return [
        *bracketed(
            f"def {function_name(action, plan)}(",
            [DB, "row_id: int", *_parameters(action.inputs)],
            f") -> {name}:",
        ),
        *docstring(f"{sentence(action.title)} What is None stays.", 4, left_open(action)),
        *_mapping(action.inputs),
        *(["    database.check_references(db, REFERENCES, values)"] if leads else []),
        "    database.update(db, TABLE, row_id, values)",
        "    return _from_row(database.find(db, TABLE, row_id))",
    ]


def _remove(plan: Blueprint, _: Table, action: Action, __: str) -> list[str]:
    return [
        f"def {function_name(action, plan)}({DB}, row_id: int) -> None:",
        *docstring(sentence(action.title), 4, left_open(action)),
        "    database.delete(db, TABLE, row_id)",
    ]


_FUNCTIONS = {"create": _add, "read": _get, "list": _list, "change": _change, "remove": _remove}


def _operations(plan: Blueprint, acts: Sequence[Action]) -> str:
    parts = [_act(plan, each) for each in acts]
    code = "\n".join(line for part in parts for line in part)
    own = [n for n in ("database", "fields") if f"{n}." in code]
    head = [
        *docstring("Operations of the design that tasks still have to build."),
        "",
        *(["from typing import Any", ""] if "Any]" in code else []),
        f"from {plan.package} import {', '.join(own)}",
        f"from {plan.package}.errors import NotBuilt",
    ]
    return module(head, *parts)


def _act(plan: Blueprint, action: Action) -> list[str]:
    row = ["row_id: int"] if takes_row(action) else []
    leading = [f"{quoted(c.name)}: {quoted(c.table)}" for c in action.inputs if c.table]
    refuses = f"Refuses: {'; '.join(action.failures)}." if action.failures else ""
    lines: list[str] = []
    if row:
        lines.append(f"    database.find(db, {quoted(action.table)}, row_id)")
    if leading:
        lines += _mapping(action.inputs, inline=True)
        lines += bracketed("references = {", leading, "}", 4)
        lines.append("    database.check_references(db, references, values)")
    else:
        for each in action.inputs:
            checked = _checked(each, is_required=each.is_required, inline=True)
            call = checked.split(": ", 1)[1]
            lines.append("    " + call.replace("\n    ", "\n"))
    task = [quoted(action.task)] if action.task else []
    name = function_name(action, plan)
    return [
        *bracketed(f"def {name}(", [DB, *row, *_parameters(action.inputs)], ") -> None:"),
        *docstring(sentence(action.title), 4, refuses),
        *lines,
        *bracketed("raise NotBuilt(", [quoted(name), *task], ")", 4),
    ]


def takes_row(action: Action) -> bool:
    """Tell whether an operation is one on a row."""
    return bool(action.parameters and action.table)
