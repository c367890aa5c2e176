"""Finds CREATE TABLE statements, in SQL files and in the strings of programs."""

import re
from collections.abc import Iterator

from missioncontrol.specialists.surveyor.blueprint.shapes import (
    Column,
    Reference,
    Table,
    excerpt_of,
)

_CREATE = re.compile(
    r"""CREATE\s+(?:TEMP(?:ORARY)?\s+|UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?
    (?P<name>(?:[\w$]+|"[^"\n]+"|`[^`\n]+`|\[[^\]\n]+\])(?:\.(?:[\w$]+|"[^"\n]+"|`[^`\n]+`))?)\s*\(""",
    re.IGNORECASE | re.VERBOSE,
)
_REFERENCES = re.compile(
    r"""REFERENCES\s+["`\[]?([\w$.]+)["`\]]?\s*(?:\(([^)]*)\))?""",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"FOREIGN\s+KEY\s*\(([^)]*)\)", re.IGNORECASE)
_PRIMARY = re.compile(r"^(?:CONSTRAINT\s+\S+\s+)?PRIMARY\s+KEY\s*\(([^)]*)\)", re.IGNORECASE)
_NO_COLUMN = re.compile(
    r"(?:CONSTRAINT|PRIMARY|FOREIGN|UNIQUE|CHECK|INDEX|KEY|EXCLUDE|LIKE)\b", re.IGNORECASE
)
_COLUMN = re.compile(r"""^["`\[]?([\w$]+)["`\]]?\s*(.*)$""", re.DOTALL)
_TYPE = re.compile(
    r"[A-Za-z_][\w. ]*?(?:\([^)]*\))?(?=\s+(?:NOT|NULL|PRIMARY|REFERENCES|DEFAULT|"
    r"UNIQUE|CHECK|CONSTRAINT|COLLATE|GENERATED|AUTO_INCREMENT|ON)\b|\s*$)",
    re.IGNORECASE,
)
BODY_MAX = 20_000
COLUMNS_MAX = 200


def tables_in(path: str, text: str) -> Iterator[Table | Reference]:
    """Yield tables and what their columns refer to."""
    for match in _CREATE.finditer(text):
        body = _body(text, match.end())
        name = _unquoted_name(match["name"])
        if body is None or not name:
            continue
        line = text.count("\n", 0, match.start()) + 1
        columns, references = _columns(path, name, body, text.count("\n", 0, match.end()) + 1)
        if columns:
            how = "CREATE TABLE"
            yield Table(name, "table", path, line, columns, how, excerpt_of(text, line))
            yield from references


def _unquoted_name(name: str) -> str:
    return re.sub(r'["`\[\]]', "", name).rpartition(".")[2]


def _body(text: str, start: int) -> str | None:
    """Return what stands up to the bracket that closes, None where none does in reach."""
    depth = 1
    for at in range(start, min(start + BODY_MAX, len(text))):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if not depth:
                return text[start:at]
    return None


def _columns(
    path: str, table: str, body: str, line: int
) -> tuple[tuple[Column, ...], list[Reference]]:
    columns: list[Column] = []
    references: list[Reference] = []
    keys: set[str] = set()
    for part, lines_before in _parts(body):
        at = line + lines_before
        if found := _PRIMARY.match(part):
            keys |= {_unquoted_name(each.strip()) for each in found[1].split(",")}
        target = _REFERENCES.search(part)
        if _NO_COLUMN.match(part):
            foreign = _FOREIGN.search(part)
            if foreign and target:
                column = _unquoted_name(foreign[1].strip())
                references.append(Reference(table, _unquoted_name(target[1]), column, path, at))
            continue
        column_of = _column(part, at)
        if column_of is not None and len(columns) < COLUMNS_MAX:
            columns.append(column_of)
            if target:
                references.append(
                    Reference(table, _unquoted_name(target[1]), column_of.name, path, at)
                )
    pointing = {each.column for each in references}
    return tuple(_marked(each, keys, pointing) for each in columns), references


def _column(part: str, line: int) -> Column | None:
    found = _COLUMN.match(part)
    if not found:
        return None
    kind = _TYPE.match(found[2].strip())
    mark = "key" if re.search(r"\bPRIMARY\s+KEY\b", part, re.IGNORECASE) else ""
    return Column(found[1], " ".join(kind[0].split()) if kind else "", "key" if mark else "", line)


def _marked(column: Column, keys: set[str], pointing: set[str]) -> Column:
    mark = column.mark
    if column.name in keys:
        mark = "key"
    elif column.name in pointing and not mark:
        mark = "reference"
    return Column(column.name, column.type, mark, column.line)


def _parts(body: str) -> Iterator[tuple[str, int]]:
    """Yield the parts between commas of the outermost level, and the lines before each."""
    plain = re.sub(r"--[^\n]*", lambda found: " " * len(found[0]), body)
    depth, start = 0, 0
    for at, letter in enumerate(f"{plain},"):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            part = plain[start:at]
            blank = len(part) - len(part.lstrip())
            if part.strip():
                yield part.strip(), plain.count("\n", 0, start + blank)
            start = at + 1
