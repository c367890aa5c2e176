"""Ten million events of a product, made the same way each time."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.ports.warehouse import Captured

PRODUCT = "shop"
EVENTS = int(os.environ.get("MISSION_BENCH_EVENTS", "10000000"))
EVENTS_PER_PERSON = 40
DAYS = 180
BATCH = 20_000
SPAN = 500_000
"""Rows of the file that are at hand at once."""

SEED = 7

EVENTS_SQL = """
-- Everybody signs up once and comes back the less often the longer ago it is; what follows on the
-- signup happens within days, to fewer at each step. `hash` stands in for chance.
COPY (
  WITH people AS (
    SELECT p, hash(p, $seed) % 1_000_000 / 1e6 AS u, hash(p, $seed, 1) % 1_000_000 / 1e6 AS v,
      floor(pow(hash(p, $seed, 2) % 1_000_000 / 1e6, 0.8) * $days * 86_400) AS joined
    FROM range($people) t(p)
  ), milestones AS (
    SELECT p, 'signup' AS name, joined AS s FROM people
    UNION ALL
    SELECT p, 'onboarding_complete', joined + 60 + v * 6 * 86_400 FROM people WHERE u < .64
    UNION ALL SELECT p, 'first_key_action', joined + 120 + v * 9 * 86_400 FROM people WHERE u < .44
    UNION ALL SELECT p, 'invite', joined + 180 + v * 18 * 86_400 FROM people WHERE u < .3
  ), visits AS (
    SELECT p, ['page_viewed', 'page_viewed', 'page_viewed', 'search', 'key_action',
        'item_opened', 'item_opened', 'checkout_error'][1 + (h % 8)::INTEGER] AS name,
      joined + pow(hash(i, $seed, 3) % 1_000_000 / 1e6, 2) * ($days * 86_400 - joined) AS s
    FROM (SELECT i, hash(i, $seed, 4) AS h FROM range($visits) t(i)) JOIN people
      ON p = h // 8 % $people
  ), everything AS (
    SELECT * FROM milestones WHERE s < $days * 86_400 UNION ALL SELECT * FROM visits
  )
  SELECT 'event-' || row_number() OVER (ORDER BY s, p, name) AS id, name,
    $until - to_seconds($days * 86_400) + to_microseconds((s * 1e6)::BIGINT) AS happened,
    'user-' || p AS user,
    '{"plan":"' || ['free', 'pro', 'team'][1 + p % 3] || '","platform":"'
      || ['web', 'ios', 'android'][1 + (p // 3) % 3] || '"}' AS properties
  FROM everything ORDER BY s, p, name
) TO $path (FORMAT parquet)
"""


def write(path: Path, until: datetime, *, events: int = EVENTS) -> None:
    """Write about so many events of the days before `until`, as Parquet, in their order.

    In a process of its own: what it takes to sort them is no memory of who stores them.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        apart.submit(_write, path, until, events).result()


def rows(path: Path, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """Give out what was written in portions: id, name, microseconds, user, properties as text."""
    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as connection:
        source = f"read_parquet('{path}', file_row_number = true)"
        [(count,)] = connection.execute(f"SELECT count(*) FROM {source}").fetchall()
        for first in range(0, count, SPAN):
            connection.execute(
                f'SELECT id, name, epoch_us(happened), "user", properties FROM {source} '
                f"WHERE file_row_number >= {first} AND file_row_number < {first + SPAN}"
            )
            while found := connection.fetchmany(size):
                yield found


def _write(path: Path, until: datetime, events: int) -> None:
    people = events // EVENTS_PER_PERSON
    with duckdb.connect() as connection:
        values = {"seed": SEED, "people": people, "days": DAYS, "until": until}
        values |= {"visits": events - 2 * people, "path": str(path)}
        sql = EVENTS_SQL
        for name, value in values.items():  # COPY takes no parameters
            shown = f"'{value}'::TIMESTAMP" if name == "until" else repr(value)
            sql = sql.replace(f"${name}", shown)
        connection.execute(sql)


def store(made: Path, path: Path) -> tuple[int, float]:
    """Store what was written as it would come in; return how many, and the seconds in storing."""
    seconds, stored = 0.0, 0
    with closing(DuckDbWarehouse(path)) as warehouse:
        for found in rows(made, BATCH):
            batch = [
                Captured(event, name, moment, moment, "bench", user, properties=payload.encode())
                for event, name, moment, user, payload in found
            ]
            begun = time.perf_counter()
            stored += warehouse.store(PRODUCT, batch).stored
            seconds += time.perf_counter() - begun
    return stored, seconds
