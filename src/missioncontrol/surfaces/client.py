"""Writes the modules of `client.made`: `python -m missioncontrol.surfaces.client`.

They are committed, so that type checkers and editors see plain methods; a test holds them to the
declarations.
"""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec

from missioncontrol import operations, queries
from missioncontrol.declarations import Declared, ItemQuery, ListQuery, Operation, Query
from missioncontrol.surfaces.fields import Field, fields_of, plain

FOLDER = Path(__file__).parents[1] / "client" / "made"
WRITER = "missioncontrol.surfaces.client"
WIDTH = 100
INDENT = " " * 8


def modules() -> dict[str, str]:
    """Return the text of each module by its file name."""
    nouns = dict.fromkeys((*operations.NOUNS, *queries.NOUNS))
    return {f"{noun}.py": _module(noun) for noun in nouns}


class _Imports:
    """The names that a module needs, by the module that has them."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self.constants: dict[str, str] = {}  # values of parameters, which are made once

    def need(self, module: str, name: str) -> str:
        self._names.setdefault(module, set()).add(name)
        return name

    def lines(self) -> Iterator[str]:
        ours = "missioncontrol"
        for is_ours in (False, True):
            found = [each for each in self._names.items() if each[0].startswith(ours) == is_ours]
            for module, names in sorted(found):
                yield f"from {module} import {', '.join(sorted(names, key=_import_order))}"
            if not is_ours and found:
                yield ""


def _import_order(name: str) -> tuple[int, str]:
    """Return the place of a name among those that are imported: constants, classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def _module(noun: str) -> str:
    imports = _Imports()
    imports.need("missioncontrol.client.resource", "L")
    imports.need("missioncontrol.client.resource", "Resource")
    imports.need("missioncontrol.client", "requests")
    methods: list[str] = []
    for query in queries.of_noun(noun):
        if "client" in query.surfaces:
            methods += ["", *_query(query, imports)]
    for operation in operations.of_noun(noun):
        if "client" in operation.surfaces:
            methods += ["", *_operation(operation, imports)]
    name = noun.title().replace("_", "")
    lines = [
        f'"""The {noun} methods of clients; `python -m {WRITER}` writes them."""',
        "",
        *imports.lines(),
        "",
        *(f"{each} = {value}" for each, value in imports.constants.items()),
        "",
        f"class {name}Requests(Resource[L]):",
        f'    """Requests of the operations and queries of {noun}."""',
        *methods,
        "",
    ]
    return _formatted("\n".join(lines))


def _formatted(text: str) -> str:
    """Return code as all of ours is formatted; a tool of developers does it."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--stdin-filename",
        str(FOLDER / "made.py"),
        "-",
    ]
    done = subprocess.run(  # noqa: S603 - the formatter of this environment
        command, input=text, capture_output=True, text=True, check=True, cwd=FOLDER
    )
    return done.stdout


def _query(query: Query, imports: _Imports) -> list[str]:
    fields = fields_of(query.given)
    first = [each for each in fields if each.is_required or each.name in query.in_path]
    places = ["self", *_places(query), *(_parameter(each, imports) for each in first)]
    keywords = [_filter(each, imports) for each in fields if each not in first]
    parameters = [*places, *(["*", *keywords] if keywords else [])]
    name, given, target = repr_of(query.name), _given(fields), _id(query)
    match query:
        case ListQuery(row=kind):
            decorator, form = "listed", imports.need("missioncontrol.client.calls", "Pages")
            values = [name, given, *([target] if query.named else [])]
            call = "pages"
        case ItemQuery(returns=kind):
            decorator, form = "requested", imports.need("missioncontrol.client.calls", "Call")
            values = [name, *([target] if query.named or fields else [])]
            values += [given] if fields else []
            call = "item"
        case _:
            raise TypeError(f"{query.name} is neither a list nor an item")
    returns = f"{form}[{_named(kind, imports)}]"
    call = f"requests.{call}({', '.join(values)})"
    return _method(query.verb, decorator, parameters, returns, query.text, call, imports)


def _places(declared: Declared) -> list[str]:
    """Return the parameters that are ids."""
    return [f"{each.placeholder}: str" for each in declared.chain]


def _id(declared: Declared) -> str:
    """Return how the id of what is named is written, by the parameters that name it."""
    places = [each.placeholder for each in declared.chain]
    if len(places) < 2:
        return "".join(places) or '""'
    return f'f"{"/".join(f"{{{each}}}" for each in places)}"'


def _operation(operation: Operation[Any, Any], imports: _Imports) -> list[str]:
    fields = fields_of(operation.given)
    leading = ("reason", *operation.leading)
    first = [each for each in fields if each.is_required or each.name in leading]
    places = [*_places(operation), *(_parameter(each, imports) for each in first)]
    keywords = [_parameter(each, imports) for each in fields if each not in first]
    keywords.append('key: str = ""')
    values = [repr_of(operation.name), _id(operation), _given(fields), "key=key"]
    if operation.unless_changed is not None:
        keywords.append('if_match: str = ""')
        values.append("if_match=if_match")
    call = imports.need("missioncontrol.client.calls", "Call")
    return _method(
        operation.verb,
        "requested",
        ["self", *places, "*", *keywords],
        f"{call}[{_answer(operation, imports)}]",
        operation.text,
        f"requests.operation({', '.join(values)})",
        imports,
    )


def _answer(operation: Operation[Any, Any], imports: _Imports) -> str:
    kind = operation.answer_type
    return "None" if kind is NoneType else _struct(kind, imports)


def _method(
    name: str,
    decorator: str,
    parameters: list[str],
    returns: str,
    text: str,
    call: str,
    imports: _Imports,
) -> list[str]:
    imports.need("missioncontrol.client.resource", decorator)
    return [
        f"    @{decorator}",
        f"    def {name}({', '.join(parameters)}) -> {returns}:",
        *_docstring(text),
        f"{INDENT}return {call}",
    ]


def _docstring(text: str) -> list[str]:
    first, *more = _wrapped(text)
    if not more:
        return [f'{INDENT}"""{first}"""']
    rest = [f"{INDENT}{line}".rstrip() for line in more]
    return [f'{INDENT}"""{first}', *rest, f'{INDENT}"""']


def _wrapped(text: str) -> list[str]:
    """Return a text as a docstring has it: its first sentence alone, the rest filled."""
    first, _, rest = text.partition("\n\n")
    sentence, _, more = first.partition(". ")
    parts = [f"{sentence.rstrip('.')}.", more, *rest.split("\n\n")]
    lines: list[str] = []
    for part in filter(None, parts):
        lines += ["", *textwrap.wrap(part, WIDTH - len(INDENT))] if lines else [part]
    return lines


def _given(fields: list[Field]) -> str:
    return "{" + ", ".join(f'"{each.name}": {each.name}' for each in fields) + "}"


def _parameter(field: Field, imports: _Imports) -> str:
    kind = _type(field, imports)
    if field.is_required:
        return f"{field.name}: {kind}"
    default = repr_of(field.default)
    if isinstance(field.default, msgspec.Struct):
        imports.constants[field.name.upper()], default = default, field.name.upper()
    return f"{field.name}: {kind} = {default}"


def _filter(field: Field, imports: _Imports) -> str:
    """Return the parameter of a filter; one value stands for a list of one."""
    if not field.is_list:
        return _parameter(field, imports)
    kind = _named(field.item, imports)
    imports.need("collections.abc", "Sequence")
    return f"{field.name}: {kind} | Sequence[{kind}] = ()"


def _type(field: Field, imports: _Imports) -> str:
    kind = _named(field.kind, imports)
    return f"{kind} | None" if field.is_optional else kind


def _named(kind: Any, imports: _Imports) -> str:
    """Return a type as it is written."""
    kind = plain(kind)
    if get_origin(kind) is Literal:
        imports.need("typing", "Literal")
        return f"Literal[{', '.join(map(repr_of, get_args(kind)))}]"
    if get_origin(kind) in (tuple, list):
        imports.need("collections.abc", "Sequence")
        return f"Sequence[{_named(get_args(kind)[0], imports)}]"
    if get_origin(kind) is dict:
        name, value = get_args(kind)
        imports.need("collections.abc", "Mapping")
        return f"Mapping[{_named(name, imports)}, {_named(value, imports)}]"
    if kind is Any:
        return imports.need("typing", "Any")
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, imports)
    if isinstance(kind, type):
        return kind.__name__
    return " | ".join(_named(each, imports) for each in get_args(kind) if each is not NoneType)


def _struct(kind: type, imports: _Imports) -> str:
    if kind is type(None):
        return "None"
    return imports.need(kind.__module__, kind.__name__)


def repr_of(value: Any) -> str:
    """Return a plain value as it is written, with the quotes that the code has."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def main() -> None:
    """Write every module that is not as it should be."""
    for name, text in modules().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{FOLDER / name}\n")


if __name__ == "__main__":
    main()
