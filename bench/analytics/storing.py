"""Storing ten million events, each once, while questions are asked: speed, memory, known ids."""

import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import Array, DataType, Table

from bench.analytics.world import EVENTS, PRODUCT, rows, write
from bench.harness import folder_of_repository, quiet_environment
from bench.measure import Measure
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.ports.warehouse import Captured, Full, Statement

BATCH = 1_000
ASKED = 500_000
"""Events that are stored while questions are asked."""

WAITING = 50
RATE_MIN = 50_000.0
MIB_MAX = 1024.0
UNTIL = datetime.fromisoformat("2026-11-23T00:00:00")

QUESTIONS = (
    """SELECT date_trunc('day', happened) AS day, count(DISTINCT person) FROM counted
       WHERE product = 'shop' GROUP BY day""",
    """SELECT count(*) FILTER (a IS NOT NULL), count(*) FILTER (b > a), count(*) FILTER (c > b)
       FROM (SELECT min(happened) FILTER (name = 'signup') AS a,
               min(happened) FILTER (name = 'onboarding_complete') AS b,
               min(happened) FILTER (name = 'invite') AS c
             FROM counted WHERE product = 'shop' GROUP BY person)""",
    """SELECT properties->>'plan' AS plan, count(DISTINCT person) FROM counted
       WHERE product = 'shop' AND name = 'page_viewed' GROUP BY plan""",
)


def storing(folder: Path) -> Iterator[Measure]:
    """Measure in a process of its own, whose memory nothing else has a part in."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.analytics.storing", str(folder), str(EVENTS)],
        stdout=subprocess.PIPE,
        cwd=folder_of_repository(),
        env=quiet_environment(),
        check=True,
    )
    found = json.loads(done.stdout)
    yield Measure(
        measure="analytics events stored while questions are asked",
        value=found["asked_rate"],
        unit="events/s",
        reference="the same columns into a bare table of DuckDB, in batches of 1,000",
        reference_value=found["bare_rate"],
        target=RATE_MIN,
        target_of="value",
        more={"alone": found["rate"], "questions": found["questions"], "stored": found["events"]},
    )
    yield Measure(
        measure="analytics memory of the warehouse, at most",
        value=found["mib"],
        unit="MiB",
        reference="the keys of all events",
        reference_value=found["events"] * 8 / 2**20,
        better="lower",
        target=MIB_MAX,
        target_of="value",
    )
    yield Measure(
        measure="analytics batch of 1,000 known events",
        value=found["known_ms"],
        unit="ms",
        reference="of 1,000 new ones",
        reference_value=found["new_ms"],
        better="lower",
        more={"known_when_opened_seconds": found["opened_seconds"]},
    )


def main(folder: Path, events: int) -> dict[str, Any]:
    """Store, ask, and return the figures."""
    parquet = folder / "events.parquet"
    write(parquet, UNTIL, events=events)
    batches = _batches(parquet)
    path = folder / "storing.duckdb"
    with closing(DuckDbWarehouse(path)) as warehouse:
        stored, seconds = _store(warehouse, batches, events - ASKED - 20 * BATCH)
        answered = _Asking(warehouse)
        asked, asked_seconds = _store(warehouse, batches, ASKED)
        questions = answered.end()
    with closing(DuckDbWarehouse(path)) as warehouse:
        rest = [list(batch) for batch in batches][:20]
        opened = _timed(warehouse, rest[0])
        fresh = [_timed(warehouse, batch) for batch in rest[1:]]
        known = [_timed(warehouse, batch) for batch in rest[1:]]
        [(count,)] = warehouse.rows(Statement("SELECT count(*) FROM counted"))
    path.unlink()
    return {
        "rate": stored / seconds,
        "asked_rate": asked / asked_seconds,
        "bare_rate": _bare(folder, parquet),
        "questions": questions,
        "events": count,
        "opened_seconds": opened,
        "new_ms": statistics.median(fresh) * 1000,
        "known_ms": statistics.median(known) * 1000,
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _batches(parquet: Path) -> Iterator[Sequence[Captured]]:
    """Return the events of the world in batches."""
    for found in rows(parquet, BATCH):
        yield [
            Captured(id_, name, at, at, "web", user=user, properties=properties.encode())
            for id_, name, at, user, properties in found
        ]


def _store(
    warehouse: DuckDbWarehouse, batches: Iterator[Sequence[Captured]], most: int
) -> tuple[int, float]:
    """Store so many as fast as they are accepted; the time to make them is not counted."""
    stored, seconds = 0, 0.0
    while stored < most:
        made = [batch for _, batch in zip(range(WAITING), batches, strict=False)]
        if not made:
            break
        begun = time.perf_counter()
        waiting = [_taken(warehouse, batch) for batch in made]
        stored += sum(each.result().stored for each in waiting)
        seconds += time.perf_counter() - begun
    return stored, seconds


def _taken(warehouse: DuckDbWarehouse, batch: Sequence[Captured]) -> Any:
    while True:
        try:
            return warehouse.storing(PRODUCT, batch)
        except Full:
            time.sleep(0.01)


def _timed(warehouse: DuckDbWarehouse, batch: Sequence[Captured]) -> float:
    begun = time.perf_counter()
    warehouse.store(PRODUCT, batch)
    return time.perf_counter() - begun


class _Asking:
    """Asks one question after the other until it is ended."""

    def __init__(self, warehouse: DuckDbWarehouse) -> None:
        self._count = 0
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(warehouse,))
        self._thread.start()

    def _run(self, warehouse: DuckDbWarehouse) -> None:
        while not self._is_ending.is_set():
            warehouse.rows(Statement(QUESTIONS[self._count % len(QUESTIONS)]))
            self._count += 1

    def end(self) -> int:
        self._is_ending.set()
        self._thread.join()
        return self._count


def _bare(folder: Path, parquet: Path) -> float:
    """Return the events a second that DuckDB takes without knowing ids or people."""
    path = folder / "bare.duckdb"
    stored, seconds = 0, 0.0
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE e (id VARCHAR, name VARCHAR, happened BIGINT, who VARCHAR, p JSON)"
        )
        for _, batch in zip(range(100), _batches(parquet), strict=False):
            begun = time.perf_counter()
            columns = {
                "id": Array([each.id for each in batch], type=DataType.utf8()),
                "name": Array([each.name for each in batch], type=DataType.utf8()),
                "happened": Array([each.happened for each in batch], type=DataType.int64()),
                "who": Array([each.user for each in batch], type=DataType.utf8()),
                "p": Array([each.properties for each in batch], type=DataType.binary()),
            }
            table = Table.from_arrays(list(columns.values()), names=list(columns))
            connection.register("incoming", table)
            connection.execute(
                "INSERT INTO e SELECT id, name, happened, who, decode(p)::JSON FROM incoming"
            )
            connection.unregister("incoming")
            seconds += time.perf_counter() - begun
            stored += len(batch)
    path.unlink()
    return stored / seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
