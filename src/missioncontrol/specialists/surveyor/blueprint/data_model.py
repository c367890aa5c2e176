"""Puts together what the product stores: tables first, else the classes that hold its data."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.manifests.stack import is_aside
from missioncontrol.specialists.surveyor.blueprint import table_schemas, tables_python
from missioncontrol.specialists.surveyor.blueprint.shapes import Reference, Table

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

TABLES_MAX = 200
RECORDS_MAX = 24
FILE_BYTES_MAX = 600_000
LOOKED_FOR = (
    "CREATE TABLE in SQL and in program strings, models of Django, SQLAlchemy, SQLModel, peewee, "
    "Prisma and TypeORM, and the schema of Rails"
)
_MIGRATION = re.compile(r"(^|/)(migrations?|versions|alembic|migrate)(/|$)")
_SQL = re.compile(r"CREATE\s+(?:\w+\s+)?TABLE\b", re.IGNORECASE)
_WORDS = re.compile(r"[A-Za-z_]\w+")


def data_model(
    tree: "Tree", goal: Collection[str], is_late: Callable[[], bool]
) -> tuple[tuple[Table, ...], tuple[Reference, ...]]:
    """Return tables and their references; with none, the data classes nearest to the goal.

    `goal` holds the paths of the files that the goal is about.
    """
    found: list[Table | Reference] = []
    for file in _files(tree):
        if is_late():
            break
        text = tree.text(file.path)
        if text is not None:
            found += _in_file(file, text)
    tables = _whole([each for each in found if isinstance(each, Table)])
    if not tables:
        return _records(tree, goal, is_late)
    homes = {table.path for table in tables}
    references = [each for each in found if isinstance(each, Reference) and each.path in homes]
    return tables, _joined(tables, references)


def _whole(found: list[Table]) -> tuple[Table, ...]:
    """Keep what holds now: SQL before classes, and steps of a migration only where nothing else is.

    A migration tells of tables that a later one may have dropped.
    """
    now = [table for table in found if not _MIGRATION.search(table.path)] or found
    return _once(sorted(now, key=lambda table: table.kind != "table"))


def _files(tree: "Tree") -> list["SourceFile"]:
    chosen = [
        file
        for file in tree.files
        if file.kind not in ("test", "binary", "vendored", "generated", "document")
        and file.size <= FILE_BYTES_MAX
        and not is_aside(file.path)
    ]
    # A schema says it whole; migrations tell the way there, in pieces.
    return sorted(chosen, key=lambda file: (bool(_MIGRATION.search(file.path)), file.path))


def _in_file(file: "SourceFile", text: str) -> Iterator[Table | Reference]:
    name = PurePosixPath(file.path).name
    if name.endswith(".prisma"):
        yield from table_schemas.prisma_in(file.path, text)
    elif file.path.endswith("db/schema.rb"):
        yield from table_schemas.rails_in(file.path, text)
    elif file.language == "TypeScript" and "@Entity" in text:
        yield from table_schemas.typeorm_in(file.path, text)
    elif file.language == "Python" and not _MIGRATION.search(file.path):
        yield from tables_python.mapped_in(file.path, text)
    if (file.kind == "code" or name.endswith(".sql")) and _SQL.search(text):
        yield from table_schemas.tables_in(file.path, text)


def _once(tables: Iterable[Table]) -> tuple[Table, ...]:
    """Keep the first of each name."""
    found: dict[str, Table] = {}
    for table in tables:
        found.setdefault(table.name.lower(), table)
    return tuple(list(found.values())[:TABLES_MAX])


def _joined(tables: Sequence[Table], references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Keep references between tables that are there, called as they are; each once."""
    names = {table.name.lower(): table.name for table in tables}
    # A class is referred to by its name, also where its table is called something else.
    for table in tables:
        names.setdefault(table.how.rpartition(" ")[2].lower(), table.name)
    found: dict[tuple[str, str, str], Reference] = {}
    for each in references:
        source, target = names.get(each.source.lower()), names.get(each.target.lower())
        if source and target and _has(tables, source, each):
            renamed = msgspec.structs.replace(each, source=source, target=target)
            found.setdefault((source, target, each.column), renamed)
    return tuple(found.values())


def _has(tables: Sequence[Table], name: str, reference: Reference) -> bool:
    """Whether the table stored under this name is the one the reference was read with."""
    return any(
        table.name == name
        and table.path == reference.path
        and any(column.name == reference.column for column in table.columns)
        for table in tables
    )


def _records(
    tree: "Tree", goal: Collection[str], is_late: Callable[[], bool]
) -> tuple[tuple[Table, ...], tuple[Reference, ...]]:
    found: list[Table] = []
    for file in _files(tree):
        if is_late():
            break
        if file.language == "Python" and file.kind == "code":
            found += tables_python.records_in(file.path, tree.text(file.path) or "")
    names = {table.name for table in found}
    ties = [
        Reference(table.name, name, column.name, table.path, column.line)
        for table in found
        for column in table.columns
        for name in dict.fromkeys(_WORDS.findall(column.type))
        if name in names and name != table.name
    ]
    weight = {name: sum(name in (tie.source, tie.target) for tie in ties) for name in names}
    found.sort(key=lambda each: (each.path not in goal, -weight[each.name], each.path, each.line))
    records = _once(found[:RECORDS_MAX])
    return records, _joined(records, ties)
