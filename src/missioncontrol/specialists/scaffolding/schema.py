"""The schema of a product as numbered migrations, for SQLite, DuckDB and PostgreSQL."""

import hashlib
from collections.abc import Iterator

import msgspec

from missioncontrol.specialists.scaffolding.blueprint import Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.stacks import Dialect as Dialect


class _Types(msgspec.Struct, frozen=True):
    """How a dialect of SQL writes what all tables have."""

    text: str
    number: str
    types: dict[str, str]  # by the type of a column; what is not listed is text
    key: str  # of a table called `{name}`
    created: str
    message_id: str
    sent_at: str
    before: str = ""  # what a table called `{name}` needs to be there first
    end: str = ")"


_DIALECTS: dict[Dialect, _Types] = {
    "sqlite": _Types(
        "TEXT",
        "INTEGER",
        {
            "decimal": "REAL",
            **dict.fromkeys(("integer", "money", "duration", "boolean"), "INTEGER"),
        },
        "INTEGER PRIMARY KEY",
        "TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        "TEXT NOT NULL DEFAULT (lower(hex(randomblob(16))))",
        "TEXT",
        end=") STRICT",
    ),
    "duckdb": _Types(
        "VARCHAR",
        "BIGINT",
        {
            "decimal": "DOUBLE",
            "boolean": "BOOLEAN",
            **dict.fromkeys(("integer", "money", "duration"), "BIGINT"),
        },
        "BIGINT PRIMARY KEY DEFAULT nextval('\"{name}_id\"')",
        "VARCHAR NOT NULL",
        "VARCHAR NOT NULL DEFAULT (uuid())",
        "VARCHAR",
        before='CREATE SEQUENCE "{name}_id";\n',
    ),
    "postgres": _Types(
        "text",
        "bigint",
        {
            "decimal": "double precision",
            "boolean": "boolean",
            "date": "date",
            "time": "time",
            "timestamp": "timestamptz",
            "json": "jsonb",
            **dict.fromkeys(("integer", "money", "duration"), "bigint"),
        },
        "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "timestamptz NOT NULL DEFAULT now()",
        "uuid NOT NULL DEFAULT gen_random_uuid()",
        "timestamptz",
    ),
}
_NAME_MAX = 63
_NOTES = {
    "money": "cents",
    "duration": "seconds",
    "date": "YYYY-MM-DD",
    "time": "HH:MM",
    "timestamp": "ISO 8601 in UTC",
    "digest": "SHA-256, hexadecimal",
    "bytes": "base64",
    "point": "latitude,longitude",
}


def migrations(plan: Blueprint, dialect: Dialect) -> dict[str, str]:
    """Return the migrations by file name: one for the events, then one for each table."""
    found = {f"0001_{plan.events_table}.sql": _events(plan.events_table, dialect)}
    for number, table in enumerate(plan.tables, 2):
        found[f"{number:04}_{table.name}.sql"] = _create(plan, table, dialect)
    return found


def _events(name: str, dialect: Dialect) -> str:
    own = _DIALECTS[dialect]
    index = quote(_index_name(name, "name"))
    return (
        "-- What the product reports, so that its success can be measured.\n"
        f"{own.before.format(name=name)}CREATE TABLE {quote(name)} (\n"
        f"    {quote('id')} {own.key.format(name=name)},\n"
        f"    {quote('name')} {own.text} NOT NULL,\n"
        f"    {quote('table_name')} {own.text},\n"
        f"    {quote('row_id')} {own.number},\n"
        f"    {quote('actor')} {own.text},\n"
        f"    {quote('message_id')} {own.message_id},\n"
        f"    {quote('sent_at')} {own.sent_at},\n"
        f"    {quote('created_at')} {own.created}\n{own.end};\n"
        f"CREATE INDEX {index} ON {quote(name)} ({quote('name')},"
        f" {quote('created_at')});\n"
    )


def _create(plan: Blueprint, table: Table, dialect: Dialect) -> str:
    own = _DIALECTS[dialect]
    lines: list[tuple[str, str]] = [(f"{quote('id')} {own.key.format(name=table.name)}", "")]
    lines += [(_column(each, table, dialect), _note(each, dialect)) for each in table.columns]
    lines.append((f"{quote('created_at')} {own.created}", ""))
    body = []
    for number, (text, note) in enumerate(lines, 1):
        comma = "," if number < len(lines) else ""
        body.append(f"    {text}{comma}{f'  -- {note}' if note else ''}")
    purpose = " ".join(table.purpose.split())
    before = own.before.format(name=table.name)
    text = f"-- {purpose}\n{before}CREATE TABLE {quote(table.name)} (\n"
    text += "\n".join(body) + f"\n{own.end};\n"
    if dialect != "duckdb":
        for each in table.columns:
            if each.table and not each.is_unique:
                index = quote(_index_name(table.name, each.name))
                text += f"CREATE INDEX {index} ON {quote(table.name)} ({quote(each.name)});\n"
    if dialect == "postgres":
        text += "".join(_keys_to(plan, table))
    return text


def _index_name(table: str, column: str) -> str:
    """Return a name that stays unique: PostgreSQL cuts names after 63 bytes."""
    name = f"{table}_by_{column}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name if len(name) <= _NAME_MAX else f"{name[: _NAME_MAX - 9]}_{digest}"


def _keys_to(plan: Blueprint, table: Table) -> Iterator[str]:
    """Yield the keys of earlier tables that lead to this one, which was not there yet."""
    for earlier in plan.tables[: plan.tables.index(table)]:
        for each in earlier.columns:
            if each.table == table.name:
                yield (
                    f"ALTER TABLE {quote(earlier.name)} ADD FOREIGN KEY ({quote(each.name)})"
                    f" REFERENCES {quote(table.name)} ({quote('id')});\n"
                )


def _column(column: Column, table: Table, dialect: Dialect) -> str:
    own = _DIALECTS[dialect]
    parts = [quote(column.name), own.types.get(column.type, own.text)]
    if column.is_required:
        parts.append("NOT NULL")
    if column.is_unique:
        parts.append("UNIQUE")
    if column.default:
        parts.append(f"DEFAULT {literal(column.default)}")
    if check := _check(column, dialect):
        parts.append(f"CHECK ({check})")
    # SQLite alone takes a key to a table that is made later. PostgreSQL gets it with that table;
    # in DuckDB the code checks it.
    is_known = dialect == "sqlite" or not column.is_forward
    if column.table and (is_known or (dialect == "postgres" and column.table == table.name)):
        parts.append(f"REFERENCES {quote(column.table)} ({quote('id')})")
    return " ".join(parts)


def _check(column: Column, dialect: Dialect) -> str:
    """Return what a column checks, beyond its type."""
    name = quote(column.name)
    if column.values:
        return f"{name} IN ({', '.join(map(literal, column.values))})"
    if column.type == "boolean" and dialect == "sqlite":
        return f"{name} IN (0, 1)"
    if column.type == "json" and dialect != "postgres":
        return f"json_valid({name})"
    if column.type == "duration" and dialect == "postgres":
        return f"{name} >= 0"
    if column.type == "digest" and dialect == "postgres":
        return f"{name} ~ '^[0-9a-f]{{64}}$'"
    return ""


def _note(column: Column, dialect: Dialect) -> str:
    is_typed = column.type in {"date", "time", "timestamp"} and dialect == "postgres"
    return column.note or ("" if is_typed else _NOTES.get(column.type, ""))


def quote(name: str) -> str:
    """Return an identifier that may be a word of SQL."""
    return f'"{name}"'


def literal(text: str) -> str:
    """Return a string of SQL."""
    return "'" + text.replace("'", "''") + "'"
