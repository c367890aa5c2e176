"""Finds tables in Prisma schemas, TypeORM entities and the schema of Rails."""

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
