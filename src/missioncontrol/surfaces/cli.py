"""Commands of declared operations and queries: their arguments, what these mean, and lines of rows.

It knows neither the terminal nor a data directory; `cli.declarations` runs what is declared.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from missioncontrol import operations, queries
from missioncontrol.declarations import Column, Declared, ListQuery, Operation, Target
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.surfaces.fields import Field, fields_of, in_list

DECLARED = "declared"
"""The name among parsed arguments under which a command says which declaration it is."""

CODES = {"ok": "32", "bad": "31", "ask": "33"}
"""The terminal's colour of each tone; any other is dimmed."""

DIM = "2"

ROWS_LISTED_MAX = 1_000
"""Rows of a list that one command prints at most, where it has `--limit`."""

Number = Callable[[str], int]
Resolve = Callable[[str, str], str]
"""Returns the id that a person means: (kind of thing, what was typed)."""


def add_verbs(verbs: Any, shared: argparse.ArgumentParser, noun: str, number: Number) -> None:
    """Add a command for each declaration of a noun that has one.

    `shared` has the arguments that every command takes; `number` reads whole numbers.
    """
    for declared in (*queries.of_noun(noun), *operations.of_noun(noun)):
        if "cli" in declared.surfaces:
            _add(verbs, shared, declared, number)


def declared_by(arguments: argparse.Namespace) -> Declared:
    """Return the declaration of the command that was parsed."""
    name: str = getattr(arguments, DECLARED)
    found = operations.find(name) or queries.find(name)
    assert found is not None, name
    return found


def target_of(declared: Declared, arguments: argparse.Namespace, resolve: Resolve) -> str:
    """Return the id of the thing that a command line names; "" where it names none.

    Raises:
        Rejected: `<noun>.bad_input`, where it is none.
        MissionControlError: as `resolve`.
    """
    if declared.named is None:
        return ""
    ids = []
    for each in declared.chain:
        text = getattr(arguments, _id_argument(declared, each))
        kind = declared.terminal.resolve.get(each.field)
        ids.append(resolve(kind, text) if kind else text)
    return declared.named.join(ids)


def _id_argument(declared: Declared, target: Target) -> str:
    return "id" if target is declared.named else target.placeholder


def given_by(declared: Declared, arguments: argparse.Namespace, resolve: Resolve) -> dict[str, Any]:
    """Return the fields that a command line says, by name; what it leaves out is left out.

    Raises:
        Rejected: `<noun>.bad_input` where one of several fields is needed and none is given.
        MissionControlError: as `resolve`.
    """
    values: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    terminal = declared.terminal
    for field, is_inner in _options(declared):
        value = getattr(arguments, _name(declared, field).replace("-", "_"))
        if value == [] and field.is_required:
            value = ()  # A list that has to be given is empty where none of it is.
        elif value is None or value == [] or value is False:
            continue
        if read := terminal.parse.get(field.name):
            value = [read(each) for each in value] if field.is_list else read(value)
        if kind := terminal.resolve.get(field.name):
            value = resolve(kind, value) if value else value
        (inner if is_inner else values)[field.name] = value
    for name, switch in terminal.switches.items():
        if getattr(arguments, name.replace("-", "_")):
            values[switch.field] = switch.value
    if terminal.flatten:
        values[terminal.flatten] = inner
    values |= terminal.fixed
    given = terminal.build(values) if terminal.build else values
    _refuse_nothing(declared, given)
    return given


def line_of(
    query: ListQuery[Any, Any], row: Any, width: int, colour: Callable[[str, str], str]
) -> str:
    """Return a row of a list as one line of at most `width` columns.

    `colour` colours a text by the terminal's code.
    """
    cells = [_cell(column, getattr(row, column.name)) for column in query.columns]
    whole = " ".join(text for text, _ in cells).rstrip()
    if len(whole) > width:
        whole = f"{whole[: width - 1]}…"
    # Colours have no width: the line is cut first, and coloured cell by cell.
    line, place = "", 0
    for text, code in cells:
        part = whole[place : place + len(text)]
        line += (colour(part, code) if code and part else part) + whole[
            place + len(text) : place + len(text) + 1
        ]
        place += len(text) + 1
    return line


def _cell(column: Column, value: Any) -> tuple[str, str]:
    """Return a cell as text without anything hidden, and the code of its colour."""
    shown = column.text(value)
    text = visible(f"{shown:<{column.width}}" if column.width else shown)
    return text, CODES.get(column.tones.get(value, ""), DIM) if column.tones else ""


def _refuse_nothing(declared: Declared, given: dict[str, Any]) -> None:
    """Refuse in the words of the command line what `Operation.build` refuses in its own."""
    needed = declared.at_least_one if isinstance(declared, Operation) else None
    if needed is None or any(given.get(name) for name in needed.fields):
        return
    fields = [field for field, _ in _options(declared) if field.name in needed.fields]
    options = [f"`--{_name(declared, each)} {_metavar(declared, each)}`" for each in fields]
    raise Rejected(f"{declared.noun}.bad_input", needed.reason, hint=f"Add {' or '.join(options)}.")


def _options(declared: Declared) -> Iterator[tuple[Field, bool]]:
    """Yield the fields that a command takes, and whether each is one of the flattened struct."""
    terminal = declared.terminal
    hidden = {*terminal.fixed, *(each.field for each in terminal.switches.values())}
    for field in fields_of(declared.given):
        if field.name == terminal.flatten:
            yield from ((each, True) for each in fields_of(field.kind))
        elif field.name not in hidden:
            yield field, False


def _add(verbs: Any, shared: argparse.ArgumentParser, declared: Declared, number: Number) -> None:
    verb = verbs.add_parser(
        declared.command_verb,
        parents=[shared],
        help=in_list(declared.sentence),
        description=declared.text.replace("`", ""),
    )
    verb.set_defaults(**{DECLARED: declared.name})
    for each in declared.chain:
        verb.add_argument(_id_argument(declared, each), metavar=each.metavar, help=each.help)
    for field, _ in _options(declared):
        _add_option(verb, declared, field, number)
    for name, switch in declared.terminal.switches.items():
        verb.add_argument(f"--{name}", action="store_true", help=switch.help)
    if isinstance(declared, ListQuery) and declared.terminal.rows:
        rows = declared.terminal.rows
        text = f"how many at most, 1 to {ROWS_LISTED_MAX} (default: {rows})"
        verb.add_argument("--limit", type=number, metavar="N", default=rows, help=text)
    verb.add_argument("--json", action="store_true", help="print JSON")


def _add_option(verb: Any, declared: Declared, field: Field, number: Number) -> None:
    name = _name(declared, field)
    if _is_positional(declared, field):
        count = None if field.is_required else "?"
        verb.add_argument(name, metavar=_metavar(declared, field), nargs=count, help=field.help)
        return
    options: dict[str, Any] = {"help": f"{field.help}; repeatable" if field.is_list else field.help}
    if field.kind is bool:
        verb.add_argument(f"--{name}", action="store_true", **options)
        return
    if field.choices:
        options["choices"] = field.choices
    else:
        options["metavar"] = _metavar(declared, field)
        is_text = field.name in declared.terminal.parse
        options["type"] = str if is_text else {int: number, float: float}.get(field.item, str)
    if field.is_list:
        options |= {"action": "append", "default": []}
    default = declared.terminal.defaults.get(field.name)
    if default is not None:
        options |= {"default": default, "help": f"{field.help} (default: {default})"}
    is_required = field.is_required and not field.is_list and default is None
    verb.add_argument(f"--{name}", required=is_required, **options)


def _is_positional(declared: Declared, field: Field) -> bool:
    return field.name in (*declared.in_path, *declared.terminal.positional)


def _name(declared: Declared, field: Field) -> str:
    return declared.terminal.names.get(field.name, field.name.replace("_", "-"))


def _metavar(declared: Declared, field: Field) -> str:
    named = declared.terminal.metavars.get(field.name)
    if named is None and _is_positional(declared, field):
        named = field.name.upper()
    return named or {int: "N", float: "N"}.get(field.item, "TEXT")


def done_text(operation: Operation[Any, Any], target: str, answer: Any) -> str:
    """Return the sentence that says what an operation has done."""
    done = operation.terminal.done
    if callable(done):
        return done(answer)
    return done.format_map({"id": target, **(msgspec.to_builtins(answer) or {})})
