"""The real database with nothing in it but the views, so that a measure answers for a small world.

Each measure is a module with two functions:

- `answer(question, setting, rows, *, definition, position)` returns its answer, where `rows`
  carries out a `Statement` and returns its rows;
- `members(question, cell, setting)` returns a `Statement` of rows `(person, happened)`, one for
  each that a cell counts: they are as many as the count.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import duckdb

from missioncontrol.ports.warehouse import Statement
from tests.analytics.worlds import OTHER, PRODUCT, World

Rows = Callable[[Statement], list[tuple[Any, ...]]]

TABLES = """
CREATE OR REPLACE TABLE counted (
    product VARCHAR, seq BIGINT, name VARCHAR, happened TIMESTAMP, person BIGINT,
    session VARCHAR, source VARCHAR, properties JSON);
CREATE OR REPLACE TABLE people (
    product VARCHAR, person BIGINT, label VARCHAR, properties JSON);
CREATE OR REPLACE TABLE saved_cohorts (product VARCHAR, cohort VARCHAR, person BIGINT);
"""
COLUMNS = {
    "counted": ("VARCHAR", "BIGINT", "VARCHAR", "TIMESTAMP", "BIGINT", *("VARCHAR",) * 2, "JSON"),
    "people": ("VARCHAR", "BIGINT", "VARCHAR", "JSON"),
    "saved_cohorts": ("VARCHAR", "VARCHAR", "BIGINT"),
}


def asked(world: World) -> Rows:
    """Return what answers statements about a world, until the next world is asked."""
    database = _database()
    database.execute(TABLES)
    # Stored in any order but that in which they happened: nothing may rely on it.
    _fill(
        "counted",
        [
            (
                each.product,
                each.seq,
                each.name,
                each.happened,
                each.person,
                each.session,
                each.source,
                json.dumps(each.properties),
            )
            for each in sorted(world.events, key=lambda each: -each.seq)
        ],
    )
    known = {(each.product, each.person) for each in world.events}
    _fill(
        "people",
        [
            (product, person, f"u{person}", json.dumps(world.people.get(person, {})))
            for product, person in sorted(known)
        ],
    )
    _fill(
        "saved_cohorts",
        [
            (product, cohort, person)
            for cohort, people in world.cohorts.items()
            for person in people
            for product in (PRODUCT, OTHER)
        ],
    )
    return _rows


def listed(rows: Rows, statement: Statement) -> list[tuple[int, datetime]]:
    """Return who is behind a count, in the order of person and moment."""
    return sorted((person, happened) for person, happened in rows(statement))


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MB"})


def _rows(statement: Statement) -> list[tuple[Any, ...]]:
    return _database().execute(statement.sql, statement.parameters or None).fetchall()


def _fill(table: str, rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns = (f"unnest(${place}::{kind}[])" for place, kind in enumerate(COLUMNS[table], 1))
    values = [list(column) for column in zip(*rows, strict=True)]
    _database().execute(f"INSERT INTO {table} SELECT {', '.join(columns)}", values)
