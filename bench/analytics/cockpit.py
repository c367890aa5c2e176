"""The questions of the cockpit at ten million events: ours, bare, and in SQLite."""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from bench.analytics import questions, world
from bench.measure import Measure
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.questions import AnyQuestion
from missioncontrol.application.analytics.measures import measure_of, stamp_of
from missioncontrol.ports.warehouse import Statement

UNTIL = datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)
SETTING = Setting(UNTIL, "UTC", "monday")
ROUNDS = 7
BARE_MAX, SQLITE_MIN, STORED_MIN = 1.3, 5.0, 50_000.0
MICRO = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def cockpit(folder: Path) -> Iterator[Measure]:
    """Measure storing, and each question of the first look."""
    made = folder / "world.parquet"
    world.write(made, UNTIL)
    stored, seconds = world.store(made, folder / "events.duckdb")
    yield from _storing(stored, seconds)
    ours, statements = _ours(folder / "events.duckdb")
    bare = _bare(folder / "events.duckdb", statements)
    with closing(_sqlite(made, folder / "events.db")) as connection:
        for name, (answer, took) in ours.items():
            theirs, rows = _timed(partial(_of_sqlite, connection, name), 1)
            _refuse_difference(name, answer, rows)
            yield from _measures(name, took, bare[name], theirs, stored)


def _ours(path: Path) -> tuple[dict[str, tuple[AnyAnswer, float]], dict[str, list[Statement]]]:
    """Ask each question as the console does; return answers, seconds, and the SQL of each."""
    answers, statements = {}, {}
    with closing(DuckDbWarehouse(path)) as warehouse:
        for name, question in questions.cockpit(UNTIL.date()).items():
            asked: list[Statement] = []
            answer = _asked(warehouse, question, asked.append)
            statements[name] = list(asked)
            took, _ = _timed(partial(_asked, warehouse, question, lambda _: None), ROUNDS)
            answers[name] = (answer, took)
    return answers, statements


def _asked(
    warehouse: DuckDbWarehouse, question: AnyQuestion, note: Callable[[Statement], None]
) -> AnyAnswer:
    def rows(statement: Statement) -> list[tuple[Any, ...]]:
        note(statement)
        return warehouse.rows(statement)

    kind = type(question)
    measure = measure_of(kind)
    return measure.answer(question, SETTING, rows, definition=stamp_of(kind), position=0)


def _bare(path: Path, statements: dict[str, list[Statement]]) -> dict[str, float]:
    """Return the seconds of the same SQL in a connection of its own."""
    with duckdb.connect(str(path), read_only=True, config={"memory_limit": "400MB"}) as connection:
        return {
            name: _timed(partial(_carried_out, connection, asked), ROUNDS)[0]
            for name, asked in statements.items()
        }


def _carried_out(connection: duckdb.DuckDBPyConnection, asked: list[Statement]) -> None:
    for each in asked:
        connection.execute(each.sql, each.parameters).fetchall()


def _sqlite(made: Path, path: Path) -> sqlite3.Connection:
    """Put the same events into SQLite, with the indexes that help it most."""
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    connection.executescript(questions.SQLITE_SCHEMA)
    with duckdb.connect() as reading:
        found = reading.execute(
            'SELECT name, epoch_us(happened), substr("user", 6)::BIGINT FROM read_parquet($1)',
            [str(made)],
        )
        while rows := found.fetchmany(100_000):
            connection.executemany(
                "INSERT INTO events (name, happened, person) VALUES (?, ?, ?)", rows
            )
    connection.commit()
    connection.executescript(questions.SQLITE_INDEXES)
    connection.execute("PRAGMA cache_size = -400000")
    return connection


def _of_sqlite(connection: sqlite3.Connection, name: str) -> list[tuple[Any, ...]]:
    range_ = questions.cockpit(UNTIL.date())[name].range
    since = _micro(datetime.combine(range_.since, datetime.min.time()))
    values = {
        "since": since,
        "first": since - 29 * 86_400 * MICRO,
        "until": _micro(UNTIL),
        "day": 86_400 * MICRO,
        "days": (range_.until - range_.since).days + 1,
    }
    sql = getattr(questions, name.upper())
    return connection.execute(sql, values).fetchall()


def _refuse_difference(name: str, answer: Any, rows: list[tuple[Any, ...]]) -> None:
    """Refuse to compare times of answers that differ."""
    if name == "funnel":
        ours: Any = [step.reached for step in answer.steps]
        theirs: Any = list(rows[0])
    elif name == "active":
        ours = [tuple(line.values[day] for line in answer.lines[:3]) for day in range(len(rows))]
        theirs = [row[1:] for row in sorted(rows)]
    else:
        ours = {
            (week, period): retained.people
            for week, cohort in enumerate(answer.cohorts)
            for period, retained in enumerate(cohort.kept)
            if retained.people
        }
        theirs = {row[:2]: row[2] for row in rows if row[:2] in ours}
    if ours != theirs:
        raise AssertionError(f"{name}: {ours} in DuckDB, {theirs} in SQLite")


def _measures(name: str, ours: float, bare: float, theirs: float, events: int) -> Iterator[Measure]:
    yield Measure(
        measure=f"analytics {name}",
        value=ours * 1000,
        unit="ms",
        reference="the same SQL, bare",
        reference_value=bare * 1000,
        better="lower",
        target=BARE_MAX,
        more={"events": events},
    )
    yield Measure(
        measure=f"analytics {name} against SQLite",
        value=1 / ours,
        unit="/s",
        reference="SQLite",
        reference_value=1 / theirs,
        target=SQLITE_MIN,
        more={"sqlite_ms": round(theirs * 1000)},
    )


def _storing(stored: int, seconds: float) -> Iterator[Measure]:
    yield Measure(
        measure="analytics storing",
        value=stored / seconds,
        unit="events/s",
        reference="what is to come in over HTTP",
        reference_value=STORED_MIN,
        more={"events": stored, "batch": world.BATCH},
    )


def _timed(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the median seconds, and what came of the last."""
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        found = work()
        took.append(time.perf_counter() - begun)
    return statistics.median(took), found


def _micro(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
