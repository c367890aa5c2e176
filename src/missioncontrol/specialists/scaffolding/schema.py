"""The schema of a product as numbered migrations, for SQLite and DuckDB."""

from missioncontrol.specialists.scaffolding.blueprint import Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.stacks import Dialect as Dialect

_SQLITE = {"integer": "INTEGER", "money": "INTEGER", "duration": "INTEGER", "boolean": "INTEGER",
           "decimal": "REAL"}  # fmt: skip
_DUCKDB = {"integer": "BIGINT", "money": "BIGINT", "duration": "BIGINT", "boolean": "BOOLEAN",
           "decimal": "DOUBLE"}  # fmt: skip
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
        found[f"{number:04}_{table.name}.sql"] = _create(table, dialect)
    return found


def _events(name: str, dialect: Dialect) -> str:
    before, key, created, end = _frame(name, dialect)
    text = "VARCHAR" if dialect == "duckdb" else "TEXT"
    number = "BIGINT" if dialect == "duckdb" else "INTEGER"
    random = "uuid()" if dialect == "duckdb" else "lower(hex(randomblob(16)))"
    index = quote(f"{name}_by_name")
    return (
        "-- What the product reports, so that its success can be measured.\n"
        f"{before}CREATE TABLE {quote(name)} (\n    {key},\n    {quote('name')} {text} NOT NULL,\n"
        f"    {quote('table_name')} {text},\n    {quote('row_id')} {number},\n"
        f"    {quote('actor')} {text},\n"
        f"    {quote('message_id')} {text} NOT NULL DEFAULT ({random}),\n"
        f"    {quote('sent_at')} {text},\n"
        f"    {created}\n{end};\n"
        f"CREATE INDEX {index} ON {quote(name)} ({quote('name')},"
        f" {quote('created_at')});\n"
    )


def _frame(name: str, dialect: Dialect) -> tuple[str, str, str, str]:
    """Return what comes before a table, its key, its time of creation and its end."""
    if dialect == "duckdb":
        sequence = f"{name}_id"
        return (
            f"CREATE SEQUENCE {quote(sequence)};\n",
            f'"id" BIGINT PRIMARY KEY DEFAULT nextval(\'"{sequence}"\')',
            '"created_at" VARCHAR NOT NULL',
            ")",
        )
    return (
        "",
        '"id" INTEGER PRIMARY KEY',
        "\"created_at\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        ") STRICT",
    )


def _create(table: Table, dialect: Dialect) -> str:
    before, key, created, end = _frame(table.name, dialect)
    lines: list[tuple[str, str]] = [(key, "")]
    lines += [(_column(each, dialect), _note(each)) for each in table.columns]
    lines.append((created, ""))
    body = []
    for number, (text, note) in enumerate(lines, 1):
        comma = "," if number < len(lines) else ""
        body.append(f"    {text}{comma}{f'  -- {note}' if note else ''}")
    purpose = " ".join(table.purpose.split())
    text = f"-- {purpose}\n{before}CREATE TABLE {quote(table.name)} (\n"
    text += "\n".join(body) + f"\n{end};\n"
    if dialect == "sqlite":
        for each in table.columns:
            if each.table and not each.is_unique:
                index = quote(f"{table.name}_by_{each.name}")
                text += f"CREATE INDEX {index} ON {quote(table.name)} ({quote(each.name)});\n"
    return text


def _column(column: Column, dialect: Dialect) -> str:
    types, text = (_DUCKDB, "VARCHAR") if dialect == "duckdb" else (_SQLITE, "TEXT")
    parts = [quote(column.name), types.get(column.type, text)]
    if column.is_required:
        parts.append("NOT NULL")
    if column.is_unique:
        parts.append("UNIQUE")
    if column.default:
        parts.append(f"DEFAULT {literal(column.default)}")
    if column.values:
        values = ", ".join(map(literal, column.values))
        parts.append(f"CHECK ({quote(column.name)} IN ({values}))")
    elif column.type == "boolean" and dialect == "sqlite":
        parts.append(f"CHECK ({quote(column.name)} IN (0, 1))")
    elif column.type == "json":
        parts.append(f"CHECK (json_valid({quote(column.name)}))")
    # DuckDB knows no key to a table that is made later; the code checks those.
    if column.table and not (dialect == "duckdb" and column.is_forward):
        parts.append(f"REFERENCES {quote(column.table)} ({quote('id')})")
    return " ".join(parts)


def _note(column: Column) -> str:
    return column.note or _NOTES.get(column.type, "")


def quote(name: str) -> str:
    """Return an identifier that may be a word of SQL."""
    return f'"{name}"'


def literal(text: str) -> str:
    """Return a string of SQL."""
    return "'" + text.replace("'", "''") + "'"
