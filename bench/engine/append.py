"""The bare append: the events of one of our runs, written again with nothing but the log.

Same table, index, triggers, pragmas and hash chain; the bodies are encoded already, and nothing is
decided or dispatched. It commits no more often than durability asks for: where a step's success
would share a commit with its own lease, because no work may begin before its lease is on disk, and
where a run begins that was asked for after the end of the one before it was known.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import msgspec

from bench.worker import Answer, Job
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.domain.envelope import GENESIS, chain

Row = tuple[Any, ...]

INSERT = "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
READ = "SELECT * FROM events ORDER BY position"
CREATED, SETTLED = "run_created", "run_settled"
STARTED, SUCCEEDED = "step_started", "step_succeeded"


class Append:
    """Writes the events of `job.source` into a new file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "log.db"
        self._known: dict[str, list[list[Row]]] = {}

    def chain(self, job: Job) -> Answer:
        return self._write(job)

    def fan(self, job: Job) -> Answer:
        return self._write(job)

    def many(self, job: Job) -> Answer:
        return self._write(job)

    def long(self, job: Job) -> Answer:
        return self._write(job)

    def _write(self, job: Job) -> Answer:
        if job.source not in self._known:
            self._known[job.source] = batches_of(Path(job.source) / "log.db")
        batches = self._known[job.source]
        store = SqliteEventStore(self._file, writable=True)
        begun = time.perf_counter()
        _append(store.connection, batches)
        elapsed = time.perf_counter() - begun
        steps = sum(row[3] == SUCCEEDED for batch in batches for row in batch)
        store.close()
        for file in self._file.parent.iterdir():
            file.unlink()
        return Answer(elapsed, steps, count=len(batches))


def _append(connection: sqlite3.Connection, batches: list[list[Row]]) -> None:
    digest = GENESIS
    for batch in batches:
        rows = []
        for row in batch:
            digest = chain(digest, *row)
            rows.append((*row, digest))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")


def batches_of(log: Path) -> list[list[Row]]:
    """Return the events of a log, without their hashes, by the commits that they need."""
    connection = sqlite3.connect(log)
    batches: list[list[Row]] = [[]]
    leased: set[tuple[str, str]] = set()  # in the last batch
    working = 0  # runs
    for row in connection.execute(READ):
        kind = row[3]
        lease = (row[1], msgspec.json.decode(row[10]).get("step", ""))
        if (kind == SUCCEEDED and lease in leased) or (
            kind == CREATED and batches[-1] and not working
        ):
            batches.append([])
            leased.clear()
        if kind == STARTED:
            leased.add(lease)
        working += (kind == CREATED) - (kind == SETTLED)
        batches[-1].append(row[:-1])
    connection.close()
    return batches


class Disk:
    """The physical limit: 8 KiB appended to a file that has its length already, and synced."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "disk", os.O_RDWR | os.O_CREAT)
        os.pwrite(self._file, bytes(16 * 1024 * 1024), 0)
        os.fsync(self._file)

    def chain(self, job: Job) -> Answer:
        """Append as often as the chains have steps."""
        block = os.urandom(8192)
        samples = []
        for number in range(job.steps * job.runs):
            begun = time.perf_counter()
            os.pwrite(self._file, block, number * len(block))
            os.fdatasync(self._file)
            samples.append(time.perf_counter() - begun)
        return Answer(sum(samples), len(samples), samples=samples)

    def idle(self, _: Job) -> Answer:
        """Do nothing: what this process takes is what Python takes."""
        return Answer()
