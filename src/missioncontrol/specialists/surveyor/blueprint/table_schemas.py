"""Finds tables in SQL, also in strings, and in schemas of Prisma, TypeORM and Rails."""

import re
from collections.abc import Iterator

from missioncontrol.specialists.surveyor.blueprint.shapes import (
    Column,
    Reference,
    Table,
    excerpt_of,
)

_PRISMA = re.compile(r"^model\s+(\w+)\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
_PRISMA_FIELD = re.compile(r"^\s*(\w+)\s+([\w\[\]?]+)(.*)$")
_ENTITY = re.compile(r"@Entity\s*\([^)]*\)\s*(?:export\s+)?(?:abstract\s+)?class\s+(\w+)[^{]*\{")
_MEMBER = re.compile(
    r"@(Column|PrimaryColumn|PrimaryGeneratedColumn|ManyToOne|OneToOne|CreateDateColumn|"
    r"UpdateDateColumn|VersionColumn)\s*\("
)
_NAME = re.compile(
    r"\)\s*(?:@\w+\([^)]*\)\s*)*(?:public |private |readonly )*(\w+)[!?]?\s*:\s*([^;=\n]+)"
)
_TARGET = re.compile(r"\(\s*\w*\)?\s*=>\s*(\w+)|=>\s*(\w+)")
_RAILS = re.compile(
    r"""create_table\s+["'](\w+)["'].*?do\s*\|t\|(.*?)^\s*end""",
    re.MULTILINE | re.DOTALL,
)
_RAILS_COLUMN = re.compile(r"""^\s*t\.(\w+)\s+["':](\w+)""")
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


def prisma_in(path: str, text: str) -> Iterator[Table | Reference]:
    """Yield the models of a Prisma schema."""
    names = {match[1] for match in _PRISMA.finditer(text)}
    for match in _PRISMA.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        columns = []
        for number, each in enumerate(match[2].split("\n"), line):
            field = _PRISMA_FIELD.match(each)
            if not field or each.strip().startswith(("//", "@@")):
                continue
            base = re.sub(r"[\[\]?]", "", field[2])
            if base in names:
                if "@relation" in field[3] and "fields:" in field[3]:
                    yield Reference(match[1], base, field[1], path, number)
                continue
            columns.append(Column(field[1], field[2], "key" if "@id" in field[3] else "", number))
        how = "Prisma model"
        yield Table(match[1], "model", path, line, tuple(columns), how, excerpt_of(text, line))


def typeorm_in(path: str, text: str) -> Iterator[Table | Reference]:
    """Yield the entities of a TypeScript file."""
    for match in _ENTITY.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        end = text.find("\n}", match.end())
        body = text[match.end() : end if end > 0 else len(text)]
        before = text.count("\n", 0, match.end())
        columns: list[Column] = []
        for member in _MEMBER.finditer(body):
            named = _NAME.search(body, member.end() - 1)
            if not named:
                continue
            at = before + body.count("\n", 0, named.start(1)) + 1
            target = _TARGET.search(body, member.end(), named.start(1))
            is_tie = member[1] in ("ManyToOne", "OneToOne")
            mark = "key" if member[1].startswith("Primary") else "reference" if is_tie else ""
            columns.append(Column(named[1], named[2].strip()[:60], mark, at))  # type: ignore[arg-type]
            if is_tie and target:
                yield Reference(match[1], target[1] or target[2], named[1], path, at)
        if columns:
            how = "TypeORM entity"
            yield Table(match[1], "model", path, line, tuple(columns), how, excerpt_of(text, line))


def rails_in(path: str, text: str) -> Iterator[Table | Reference]:
    """Yield the tables of db/schema.rb."""
    for match in _RAILS.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        columns = []
        for number, each in enumerate(match[2].split("\n"), line):
            if found := _RAILS_COLUMN.match(each):
                columns.append(Column(found[2], found[1], "", number))
        how = "Rails schema"
        yield Table(match[1], "table", path, line, tuple(columns), how, excerpt_of(text, line))
