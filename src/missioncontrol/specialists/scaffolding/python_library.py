"""A library in Python: records in SQLite without dependencies, and the functions of the design."""

from collections.abc import Sequence

from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.layout import (
    article,
    bracketed,
    docstring,
    module,
    quoted,
)
from missioncontrol.specialists.scaffolding.names import pascal, record_module
from missioncontrol.specialists.scaffolding.python_plain import (
    acts_of,
    function_name,
    parameter,
    records,
    takes_row,
)
from missioncontrol.specialists.scaffolding.python_web import (
    example_code,
    python_value,
    wrong_value,
)
from missioncontrol.specialists.scaffolding.schema import migrations
from missioncontrol.specialists.scaffolding.templates import python_files, static_files, words_of


def python_library(plan: Blueprint) -> dict[str, str]:
    """Return the files of the library."""
    words = words_of(plan)
    source = f"src/{plan.package}"
    found = {
        **python_files(plan, "python_plain", words),
        **static_files("plain_sqlite", words),
        **static_files("python_library", words),
        **{
            f"{source}/migrations/{name}": text for name, text in migrations(plan, "sqlite").items()
        },
        **records(plan),
        "examples/first_steps.py": _first_steps(plan),
        "tests/rows.py": _rows(plan),
        "tests/test_slice.py": _test_slice(plan),
        "tests/test_refusals.py": _test_refusals(plan),
    }
    acts = acts_of(plan)
    if acts:
        found["tests/test_not_built.py"] = _test_not_built(plan, acts)
    return found


def _function(plan: Blueprint, table: Table, verb: str) -> str:
    """Return the call of a function on the records of a table."""
    action = next(each for each in plan.of_table(table.name) if each.verb == verb)
    return f"{record_module(table.name)}.{function_name(action, plan)}"


def _arguments(table: Table, parents: dict[str, str], *, is_fixed: bool) -> list[str]:
    """Return the arguments of the smallest call that is accepted."""
    found: list[str] = []
    for each in sorted(table.columns, key=lambda one: one.name):
        if not each.is_required or each.default:
            continue
        value = parents[each.table] if each.table else _value(each, is_fixed=is_fixed)
        found.append(f"{parameter(each.name)}={value}")
    return found


def _value(column: Column, *, is_fixed: bool) -> str:
    return python_value(examples.example(column)) if is_fixed else example_code(column)


def _first_steps(plan: Blueprint) -> str:
    tables = plan.with_parents(plan.main.name)
    package, main = plan.package, plan.main
    store: list[str] = []
    for table in tables:
        parents = {name: f"{plan.table(name).singular}_row.id" for name in table.parents}
        add = _function(plan, table, "create")
        items = ["db", *_arguments(table, parents, is_fixed=True)]
        target = "" if table is main else f"{table.singular}_row = "
        store += bracketed(f"{target}{add}(", items, ")", 12)
    names = sorted(record_module(each.name) for each in tables)
    listed = _function(plan, main, "list")
    return module(
        [
            *docstring("Store one row where there is none, and print what is stored."),
            "",
            "import os",
            "from pathlib import Path",
            "",
            f"from {package} import database",
            *_imports(f"{package}.records", names),
            "",
            f'DEFAULT = "data/{package}.db"',
            f'PATH = Path(os.environ.get("{package.upper()}_DATABASE", DEFAULT))',
        ],
        [
            "with database.opened(PATH) as db:",
            f"    if not {listed}(db):",
            "        with database.transaction(db):",
            *store,
            f"    for each in {listed}(db):",
            "        print(each)",
        ],
    )


def _imports(package: str, names: Sequence[str]) -> list[str]:
    lines = bracketed(f"from {package} import (", names, ")")
    return [lines[0].replace("(", "").replace(")", "")] if len(lines) == 1 else lines


def _rows(plan: Blueprint) -> str:
    tables = plan.with_parents(plan.main.name)
    parts: list[list[str]] = []
    for table in tables:
        parents = {name: f"new_{plan.table(name).singular}(db).id" for name in table.parents}
        items = ["db", *_arguments(table, parents, is_fixed=False)]
        kind = f"{record_module(table.name)}.{pascal(table.singular)}"
        parts.append(
            [
                f"def new_{table.singular}(db: database.Connection) -> {kind}:",
                *docstring(f"Store {article(table.title)} and return it.", 4),
                *bracketed(f"return {_function(plan, table, 'create')}(", items, ")", 4),
            ]
        )
    has_numbers = "_numbers" in str(parts)
    head = [
        *docstring("Rows to test with; each makes the rows that it leads to."),
        "",
        *(["from itertools import count", ""] if has_numbers else []),
        f"from {plan.package} import database",
        *_imports(f"{plan.package}.records", sorted(record_module(each.name) for each in tables)),
        *(["", "_numbers = count(1)"] if has_numbers else []),
    ]
    return module(head, *parts)


def _test_slice(plan: Blueprint) -> str:
    main, package = plan.main, plan.package
    get, listed = _function(plan, main, "read"), _function(plan, main, "list")
    new = f"new_{main.singular}"
    event = plan.created_events.get(main.name)
    parts = [
        [
            "def test_what_is_stored_can_be_read_and_listed(db: database.Connection) -> None:",
            f"    row = {new}(db)",
            f"    assert {get}(db, row.id) == row",
            f"    assert {listed}(db) == [row]",
        ],
        [
            "def test_it_survives_a_restart(path: Path) -> None:",
            "    with database.opened(path) as before, database.transaction(before):",
            f"        row = {new}(before)",
            "    with database.opened(path) as after:",
            f"        assert {get}(after, row.id) == row",
        ],
        [
            "def test_a_failed_transaction_leaves_nothing(db: database.Connection) -> None:",
            "    with pytest.raises(RuntimeError), database.transaction(db):",
            f"        {new}(db)",
            "        raise RuntimeError",
            f"    assert {listed}(db) == []",
        ],
    ]
    if event:
        parts.append(
            [
                "def test_a_new_row_is_an_event(db: database.Connection) -> None:",
                f"    row = {new}(db)",
                f'    newest = database.select(db, "{plan.events_table}", {{}}, 1)[0]',
                f'    assert (newest["name"], newest["row_id"]) == ({quoted(event)}, row.id)',
            ]
        )
    text = docstring(f"The slice that works end to end: {main.name.replace('_', ' ')}.")
    head = [
        *text,
        "",
        "from pathlib import Path",
        "",
        "import pytest",
        "",
        f"from {package} import database",
        f"from {package}.records import {record_module(main.name)}",
        f"from rows import {new}",
    ]
    return module(_sorted_locals(head, package), *parts)


def _sorted_locals(head: list[str], package: str) -> list[str]:
    """Return a head whose own imports are in the order of their modules."""
    own = [each for each in head if each.startswith((f"from {package}", "from rows"))]
    return [*head[: -len(own)], *sorted(own, key=lambda line: line.split()[1])]


def _test_refusals(plan: Blueprint) -> str:
    main, package = plan.main, plan.package
    get, add = _function(plan, main, "read"), _function(plan, main, "create")
    parts = [
        [
            "def test_a_row_that_does_not_exist_is_not_found(db: database.Connection) -> None:",
            '    with pytest.raises(NotFound, match="999"):',
            f"        {get}(db, 999)",
        ]
    ]
    rows = [
        f"({quoted(c.name)}, {quoted(parameter(c.name))}, {python_value(w)})"
        for c in main.columns
        if (w := wrong_value(c)) is not None
    ]
    news: list[str] = []
    if rows:
        parents = {name: f"new_{plan.table(name).singular}(db).id" for name in main.parents}
        news = sorted(f"new_{plan.table(name).singular}" for name in main.parents)
        pairs = [
            f"{quoted(text.split('=', 1)[0])}: {text.split('=', 1)[1]}"
            for text in _arguments(main, parents, is_fixed=True)
        ]
        parts.append(
            [
                "@pytest.mark.parametrize(",
                '    ("field", "parameter", "value"),',
                "    [",
                *(f"        {row}," for row in rows),
                "    ],",
                ")",
                "def test_a_wrong_value_is_refused_by_name(",
                "    db: database.Connection, field: str, parameter: str, value: object",
                ") -> None:",
                *bracketed("given: dict[str, Any] = {", pairs, "}", 4),
                "    with pytest.raises(Refused) as refused:",
                f"        {add}(db, **{{**given, parameter: value}})",
                "    assert refused.value.field == field",
            ]
        )
    errors = "NotFound, Refused" if rows else "NotFound"
    text = docstring(f"What is refused, and how it is said: {main.name.replace('_', ' ')}.")
    head = [
        *text,
        "",
        *(["from typing import Any", ""] if rows else []),
        "import pytest",
        "",
        f"from {package} import database",
        f"from {package}.errors import {errors}",
        f"from {package}.records import {record_module(main.name)}",
        *([f"from rows import {', '.join(news)}"] if news else []),
    ]
    return module(_sorted_locals(head, package), *parts)


def _test_not_built(plan: Blueprint, acts: Sequence[Action]) -> str:
    parts = [_act_test(plan, each) for each in acts if not takes_row(each) and _is_free(each)]
    head = [
        *docstring(
            "Operations that tasks still have to build say so."
            " Remove the test of one that is built, and write its own."
        ),
        "",
        "import pytest",
        "",
        f"from {plan.package} import database, operations",
        f"from {plan.package}.errors import NotBuilt",
    ]
    if not parts:
        names = [quoted(function_name(each, plan)) for each in acts]
        parts = [
            [
                "def test_each_operation_is_there() -> None:",
                *bracketed("names = [", names, "]", 4),
                "    assert all(callable(getattr(operations, name)) for name in names)",
            ]
        ]
        head = [*head[:-4], f"from {plan.package} import operations"]
    return module(head, *parts)


def _is_free(action: Action) -> bool:
    """Tell whether an operation needs no row of another table."""
    return not any(each.table and each.is_required for each in action.inputs)


def _act_test(plan: Blueprint, action: Action) -> list[str]:
    name = function_name(action, plan)
    items = [
        f"{parameter(each.name)}={python_value(examples.example(each))}"
        for each in action.inputs
        if each.is_required and not each.default
    ]
    return [
        f"def test_{name}_is_not_built(db: database.Connection) -> None:",
        "    with pytest.raises(NotBuilt):",
        *bracketed(f"operations.{name}(", ["db", *items], ")", 8),
    ]
