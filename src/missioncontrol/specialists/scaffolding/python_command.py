"""A command-line tool in Python: argparse on records in SQLite."""

from collections.abc import Iterable, Sequence

from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.layout import (
    WIDTH,
    article,
    bracketed,
    docstring,
    module,
    quoted,
    sentence,
)
from missioncontrol.specialists.scaffolding.names import kebab, option_name, unique
from missioncontrol.specialists.scaffolding.python_plain import (
    CHECKS,
    acts_of,
    function_name,
    parameter,
    record_modules,
    records,
    takes_row,
    values_name,
)
from missioncontrol.specialists.scaffolding.python_web import example_code, wrong_value
from missioncontrol.specialists.scaffolding.running import FILE, command_name
from missioncontrol.specialists.scaffolding.schema import migrations
from missioncontrol.specialists.scaffolding.templates import python_files, static_files, words_of


def python_command(plan: Blueprint) -> dict[str, str]:
    """Return the files of the tool."""
    words = words_of(plan) | {"suffix": "db", "dependency": "", "pin": ""}
    source = f"src/{plan.package}"
    return {
        **python_files(plan, "python_plain", words),
        **static_files("plain_sqlite", words),
        **static_files("python_program", words),
        **{
            f"{source}/migrations/{name}": text for name, text in migrations(plan, "sqlite").items()
        },
        **records(plan),
        **commands(plan),
        **tests(plan),
    }


# --- commands ----------------------------------------------------------------------------------


def commands(plan: Blueprint, more: Sequence[str] = ()) -> dict[str, str]:
    """Return the modules of the commands; `more` are modules that a template brings."""
    folder = f"src/{plan.package}/commands"
    found: dict[str, str] = {}
    modules: list[str] = [*more]
    for name, table in record_modules(plan).items():
        actions = [each for each in plan.of_table(table.name) if each.verb != "act"]
        modules.append(name)
        found[f"{folder}/{name}.py"] = _module(plan, actions, name, table)
    acts = acts_of(plan)
    if acts:
        name = unique("not_built", modules)
        modules.append(name)
        found[f"{folder}/{name}.py"] = _module(plan, acts, "", None)
    imports = bracketed(f"from {plan.package}.commands import (", sorted(modules), ")")
    if len(imports) == 1:
        imports = [imports[0].replace("(", "").replace(")", "")]
    items = [f"{each}.register" for each in modules]
    listed = (
        bracketed("REGISTER = (", items, ")") if len(items) > 1 else [f"REGISTER = ({items[0]},)"]
    )
    text = [*docstring("The commands, one module for each table."), "", *imports, "", *listed]
    found[f"{folder}/__init__.py"] = "\n".join(text) + "\n"
    return found


def _module(plan: Blueprint, actions: Sequence[Action], name: str, table: Table | None) -> str:
    title = f"The commands of {table.name.replace('_', ' ')}." if table else "Commands to build."
    register = [
        "def register(commands: Commands) -> None:",
        *docstring("Add the commands to the parser.", 4),
    ]
    for each in actions:
        register += _parser(plan, each, name)
    handlers = [_handler(plan, each, name) for each in actions]
    code = "\n".join([*register, *(line for part in handlers for line in part)])
    needed = {"content": "option(content)", "option": "option("}
    helper = ["Commands", *(each for each, use in needed.items() if use in code)]
    own = [
        "database",
        *(["fields"] if "fields." in code else []),
        *([] if name else ["operations"]),
    ]
    head = [
        *docstring(title),
        "",
        "import argparse",
        "",
        f"from {plan.package} import {', '.join(own)}",
        f"from {plan.package}.arguments import {', '.join(helper)}",
        *([f"from {plan.package}.records import {name}"] if name else []),
    ]
    return module(head, register, *handlers)


def _parser(plan: Blueprint, action: Action, records_name: str) -> list[str]:
    name = kebab(command_name(action, plan))
    text = sentence(action.title).replace("%", "%%")
    lines = bracketed(
        "command = commands.add_parser(", [quoted(name), f"help={quoted(text)}"], ")", 4
    )
    if action.verb in {"read", "change", "remove"} or (action.verb == "act" and takes_row(action)):
        lines.append(
            '    command.add_argument("row_id", metavar="ID", type=option(fields.integer))'
        )
    columns = plan.table(action.table).columns if action.verb == "create" else action.inputs
    for each in columns:
        lines += _option(each, records_name)
    if action.verb == "list":
        items = ['"--limit"', "type=option(fields.integer)", "default=100"]
        lines += bracketed("command.add_argument(", items, ")", 4)
    return [*lines, f"    command.set_defaults(handler=_{function_name(action, plan)})"]


def _option(column: Column, records_name: str) -> list[str]:
    items = [quoted(option_name(column.name))]
    dest = parameter(column.name)
    if dest != column.name or column.name == "help":
        items.append(f"dest={quoted(dest)}")
    if column.type == "boolean":
        items.append("action=argparse.BooleanOptionalAction")
    elif column.values and records_name:
        items.append(f"choices={records_name}.{values_name(column)}")
    elif column.values:
        values = ", ".join(map(quoted, column.values))
        items.append(f"choices=({values},)" if len(column.values) == 1 else f"choices=({values})")
    elif column.type == "bytes":
        items.append("type=option(content)")
    else:
        items.append(f"type=option(fields.{CHECKS[column.type]})")
    if column.default:
        items.append(f"default={quoted(column.default)}")
    elif column.is_required:
        items.append("required=True")
    return bracketed("command.add_argument(", items, ")", 4)


def _handler(plan: Blueprint, action: Action, records_name: str) -> list[str]:
    name = function_name(action, plan)
    columns = plan.table(action.table).columns if action.verb == "create" else action.inputs
    items = ["db"]
    if action.verb in {"read", "change", "remove"} or (action.verb == "act" and takes_row(action)):
        items.append("given.row_id")
    items += [f"{parameter(each.name)}=given.{parameter(each.name)}" for each in columns]
    if action.verb == "list":
        items.append("limit=given.limit")
    call = f"{records_name or 'operations'}.{name}("
    result = "None" if action.verb in {"act", "remove"} else "object"
    before = "" if result == "None" else "return "
    return [
        f"def _{name}(db: database.Connection, given: argparse.Namespace) -> {result}:",
        *bracketed(f"{before}{call}", items, ")", 4),
    ]


# --- tests -------------------------------------------------------------------------------------


def tests(plan: Blueprint) -> dict[str, str]:
    """Return the tests of the commands."""
    found = {
        "tests/examples.py": _examples(plan),
        "tests/test_slice.py": _test_slice(plan),
        "tests/test_refusals.py": _test_refusals(plan),
    }
    acts = acts_of(plan)
    if acts:
        found["tests/test_not_built.py"] = _test_not_built(plan, acts)
    return found


def arguments(columns: Iterable[Column]) -> list[str]:
    """Return the options, in Python, of the smallest call that is accepted."""
    items: list[str] = []
    for each in columns:
        if not each.is_required or each.default:
            continue
        value = examples.example(each)
        if each.type == "boolean":
            items.append(quoted(option_name(each.name)))
            continue
        code = quoted(FILE) if each.type == "bytes" else example_code(each)
        if not isinstance(value, str):
            code = quoted(examples.text_of(value)) if "_numbers" not in code else f"str({code})"
        items += [quoted(option_name(each.name)), code]
    return items


def _examples(plan: Blueprint) -> str:
    parts: list[list[str]] = []
    for table in plan.with_parents(plan.main.name):
        create = next(a for a in plan.of_table(table.name) if a.verb == "create")
        items = [quoted(kebab(command_name(create, plan)))]
        for column in table.columns:
            if column.table and column.is_required:
                parent = plan.table(column.table)
                items += [
                    quoted(option_name(column.name)),
                    f'str(new_{parent.singular}(run)["id"])',
                ]
            else:
                items += arguments([column])
        parts.append(
            [
                f"def new_{table.singular}(run: Run) -> dict[str, Any]:",
                *docstring(f"Store {article(table.title)} and return it.", 4),
                *bracketed("code, out, err = run(", items, ")", 4),
                "    assert code == 0, err",
                "    row: dict[str, Any] = json.loads(out)",
                "    return row",
            ]
        )
    has_numbers = "_numbers" in str(parts)
    head = [
        *docstring("Rows to test with; each makes the rows that it leads to."),
        "",
        "import json",
        *(["from itertools import count"] if has_numbers else []),
        "from typing import Any",
        "",
        "from conftest import Run",
        *(["", "_numbers = count(1)"] if has_numbers else []),
    ]
    return module(head, *parts)


def _names(plan: Blueprint) -> tuple[str, str, str]:
    """Return the commands of the slice: add, list and show."""
    by_verb = {
        each.verb: kebab(command_name(each, plan))
        for each in reversed(plan.of_table(plan.main.name))
    }
    return by_verb["create"], by_verb["list"], by_verb["read"]


def _test_slice(plan: Blueprint) -> str:
    _, listed, show = _names(plan)
    new = f"new_{plan.main.singular}"
    text = docstring(f"The slice that works end to end: {plan.main.name.replace('_', ' ')}.")
    return module(
        [*text, "", "import json", "", "from conftest import Run", f"from examples import {new}"],
        [
            "def test_what_is_stored_is_there_for_the_next_command(run: Run) -> None:",
            f"    row = {new}(run)",
            f'    code, out, _ = run("{show}", str(row["id"]))',
            "    assert (code, json.loads(out)) == (0, row)",
        ],
        [
            "def test_a_list_shows_the_newest_first_and_has_a_limit(run: Run) -> None:",
            f'    ids = [{new}(run)["id"] for _ in range(3)]',
            f'    _, out, _ = run("{listed}", "--limit", "2")',
            '    assert [json.loads(line)["id"] for line in out.splitlines()] == [ids[2], ids[1]]',
        ],
    )


def _test_refusals(plan: Blueprint) -> str:
    main = plan.main
    add, _, show = _names(plan)
    required = next((c for c in main.columns if c.is_required and not c.default), None)
    parts = [
        [
            "def test_a_row_that_does_not_exist_is_not_found(run: Run) -> None:",
            f'    code, _, err = run("{show}", "999")',
            "    assert code == 1",
            '    assert "999" in err',
        ]
    ]
    if required and required.type != "boolean":
        parts.append(
            [
                "def test_a_missing_option_is_named(run: Run) -> None:",
                f'    code, _, err = run("{add}")',
                "    assert code == 2",
                f'    assert "{option_name(required.name)}" in err',
            ]
        )
    rows = [
        f"({quoted(option_name(c.name))}, {quoted(str(w))})"
        for c in main.columns
        if c.type != "boolean" and (w := wrong_value(c)) is not None
    ]
    if rows:
        given = bracketed("given = [", _given(plan, main), "]", 4)
        parts.append(
            [
                "@pytest.mark.parametrize(",
                '    ("name", "value"),',
                "    [",
                *(f"        {row}," for row in rows),
                "    ],",
                ")",
                "def test_a_wrong_value_is_named(run: Run, name: str, value: str) -> None:",
                *given,
                f'    code, _, err = run("{add}", *given, name, value)',
                "    assert code == 2",
                '    assert f"argument {name}" in err',
            ]
        )
    imports = ["import pytest", ""] if rows else []
    news = [f"new_{each.singular}" for each in _direct_parents(plan, main)] if rows else []
    imports += ["from conftest import Run"]
    imports += [f"from examples import {', '.join(sorted(news))}"] if news else []
    text = docstring(f"What is refused, and how it is said: {main.name.replace('_', ' ')}.")
    return module([*text, "", *imports], *parts)


def _direct_parents(plan: Blueprint, table: Table) -> list[Table]:
    return [plan.table(name) for name in table.parents]


def _given(plan: Blueprint, table: Table) -> list[str]:
    items: list[str] = []
    for column in table.columns:
        if column.table and column.is_required:
            parent = plan.table(column.table)
            items += [quoted(option_name(column.name)), f'str(new_{parent.singular}(run)["id"])']
        else:
            items += [
                each if "_numbers" not in each else _plain(column) for each in arguments([column])
            ]
    return items


def _plain(column: Column) -> str:
    return quoted(examples.text_of(examples.example(column)))


def _test_not_built(plan: Blueprint, acts: Sequence[Action]) -> str:
    return module(
        [
            *docstring(
                "Operations that tasks still have to build say so, once their inputs are checked."
                " Remove the case of one that is built, and write its own tests."
            ),
            "",
            "import pytest",
            "",
            "from conftest import Run",
        ],
        [
            "@pytest.mark.parametrize(",
            '    ("given", "code"),',
            "    [",
            *(line for each in acts for line in _case(plan, each)),
            "    ],",
            ")",
            "def test_an_operation_is_not_built(run: Run, given: list[str], code: int) -> None:",
            '    assert run(given[0], "--help")[0] == 0',
            "    # 1 and 2: the database is empty, and a row is looked for before.",
            "    assert run(*given)[0] == code",
        ],
    )


def _case(plan: Blueprint, action: Action) -> list[str]:
    items = [quoted(kebab(command_name(action, plan)))]
    if takes_row(action):
        items.append(quoted("1"))
    items += arguments(action.inputs)
    code = {404: "1", 422: "2", 501: "3"}[examples.status_of_act(action)]
    one = f"        ([{', '.join(items)}], {code}),"
    if len(one) <= WIDTH:
        return [one]
    body = bracketed("[", items, "],", 12)
    return ["        (", *body, f"            {code},", "        ),"]
