"""The warehouse in DuckDB: one thread writes, and each question has its own cursor."""

import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from missioncontrol.adapters.warehouses.duckdb import database_file, maintenance
from missioncontrol.adapters.warehouses.duckdb.ingestion import SQL, Ingestion
from missioncontrol.adapters.warehouses.duckdb.writer import BROKEN, WAITING_MAX, Writer, refusal
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.ports.warehouse import (
    Captured,
    Foreseen,
    Forgotten,
    Policy,
    Statement,
    Stored,
    StoredEvent,
    Used,
)

SHAPE = 1
MEMORY_MAX = "400MB"
CHECKPOINT = "64MB"
SECONDS_MAX = 20.0
ROWS_MAX = 250_000
MEMBERS_MAX = 2_000_000
"""Largest size of a saved cohort."""

QUESTIONS_MAX = 4
"""Questions that run at once; more wait for a slot."""


class DuckDbWarehouse:
    """Stores events in the file at `path`, readable by its owner alone; in memory for None."""

    def __init__(
        self,
        path: Path | None,
        *,
        seconds_max: float = SECONDS_MAX,
        waiting_max: int = WAITING_MAX,
        threads: int | None = None,
    ) -> None:
        """Open the file, and create it where it is missing.

        A question may take `seconds_max`, and `waiting_max` events may wait to be stored.

        Raises:
            Unavailable: `analytics.unavailable`.
        """
        self._path = path
        self._threads = threads
        self._seconds_max = seconds_max
        self._slots = threading.BoundedSemaphore(QUESTIONS_MAX)
        self._opening = threading.Lock()
        try:
            self._connection = _open(path, threads)
            self._ingestion = Ingestion(self._connection.cursor(), _salt(self._connection), path)
        except duckdb.Error as error:
            raise refusal(error) from None
        self._writer = Writer(self._ingestion, self._reopen, waiting_max=waiting_max)
        # A process may have been killed between a removal and the compaction of the file.
        with suppress(MissionControlError):  # `tidy` tries again.
            self._wipe()

    # Changes.

    def store(self, product: str, batch: Sequence[Captured]) -> Stored:
        return self._writer.submit(product, batch).result()

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        return self._writer.submit(product, batch)

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        return self._writer.run(lambda ingestion: ingestion.foresee(product, batch))

    def intend(self, product: str, removal: str, person: str) -> None:
        self._writer.run(lambda ingestion: maintenance.intend(ingestion, product, removal, person))

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        return self._writer.run(
            lambda ingestion: maintenance.forget(ingestion, product, person, removal)
        )

    def resume(self, product: str, removal: str) -> Forgotten | None:
        return self._writer.run(lambda ingestion: maintenance.resume(ingestion, product, removal))

    def settled(self, product: str, removal: str) -> None:
        self._writer.run(lambda ingestion: maintenance.settled(ingestion, product, removal))

    def settle(self, product: str, policy: Policy) -> None:
        if self._ingestion.policies.products().get(product) != policy:
            self._writer.run(lambda ingestion: maintenance.settle(ingestion, product, policy))

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        # Query outside of the writer thread, which goes on meanwhile.
        people = [row[0] for row in self._rows_of(statement, MEMBERS_MAX)]
        return self._writer.run(
            lambda ingestion: maintenance.save_cohort(ingestion, product, cohort, people)
        )

    def drop_cohort(self, product: str, cohort: str) -> None:
        self._writer.run(lambda ingestion: maintenance.drop_cohort(ingestion, product, cohort))

    def keep_note(self, product: str, name: str, text: str) -> None:
        self._writer.run(lambda ingestion: maintenance.keep_note(ingestion, product, name, text))

    def used(self, product: str) -> Used:
        return self._ingestion.usage.of(product)

    def tidy(self, now: datetime) -> int:
        gone = self._writer.run(lambda ingestion: maintenance.tidy(ingestion, now))
        self._wipe()
        return gone

    def _wipe(self) -> None:
        if self._ingestion.needs_compaction and self._path is not None:
            self._writer.run(self._compact)

    def clear(self, product: str) -> int:
        return self._writer.run(lambda ingestion: maintenance.clear(ingestion, product))

    # Questions.

    def position(self) -> int:
        return self._ingestion.position

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[StoredEvent]:
        # Read a span of `seq`; spans grow where many events of other products lie between.
        span, last = limit, self._ingestion.seq
        while after < last:
            rows = self.rows(_export_statement(product, after, span, limit))
            if rows:
                return [_event_of_row(row) for row in rows]
            after, span = after + span, span * 4
        return []

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        return self._rows_of(statement, ROWS_MAX)

    def _rows_of(self, statement: Statement, rows_max: int) -> list[tuple[Any, ...]]:
        try:
            return self._query(statement, rows_max)
        except BROKEN as error:
            with suppress(Unavailable):
                self._writer.run(self._reopen_if_broken)
            raise refusal(error) from None

    def _reopen_if_broken(self, ingestion: Ingestion) -> None:
        """Open the file again, unless another question has done so."""
        try:
            ingestion.connection.execute(SQL["counters"]).fetchall()
        except BROKEN:
            self._reopen(ingestion)

    def _query(self, statement: Statement, rows_max: int) -> list[tuple[Any, ...]]:
        with self._slots:
            cursor = self._cursor()
            slow = threading.Event()

            def stop() -> None:
                slow.set()
                cursor.interrupt()

            watch = threading.Timer(self._seconds_max, stop)
            watch.daemon = True
            watch.start()
            try:
                _refuse_unless_reading(cursor, statement.sql)
                cursor.execute(statement.sql, statement.parameters or None)
                rows = cursor.fetchmany(rows_max + 1)
            except duckdb.InterruptException:
                raise _too_slow(self._seconds_max) from None
            except BROKEN:
                raise
            except (duckdb.Error, ValueError, TypeError, OverflowError) as error:
                if slow.is_set():
                    raise _too_slow(self._seconds_max) from None
                raise refusal(error) from None
            finally:
                watch.cancel()
                cursor.close()
        if len(rows) > rows_max:
            raise Unavailable(
                "analytics.too_much",
                f"The answer has more than {rows_max} rows.",
                hint="Narrow the question.",
            )
        return rows

    def close(self) -> None:
        """Write all waiting batches and close the file."""
        self._writer.close()
        with self._opening:
            self._connection.close()

    def _compact(self, ingestion: Ingestion) -> None:
        """Copy the file, because free pages of the old one still hold removed data.

        Questions wait meanwhile: some seconds for ten million events.
        """
        assert self._path is not None
        path = self._path
        self._reopen(ingestion, lambda: database_file.compact(path))

    def _reopen(self, ingestion: Ingestion, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Close the file while no question runs, do some work, and open it again."""
        if self._path is None:
            return  # In memory, closing the connection would lose all data.
        with ExitStack() as alone:
            for _ in range(QUESTIONS_MAX):
                alone.enter_context(self._slots)
            for each in (ingestion.connection, self._connection):
                with suppress(duckdb.Error):
                    each.close()
            try:
                meanwhile()
            finally:
                self._connection = _open(self._path, self._threads)
                ingestion.use(self._connection.cursor())

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            return self._connection.cursor()


def _too_slow(seconds: float) -> Unavailable:
    return Unavailable(
        "analytics.slow",
        f"The question took longer than {seconds:g} s.",
        hint="Ask for fewer days, or fewer steps, at a time.",
    )


def _refuse_unless_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse anything but a single SELECT.

    Raises:
        Rejected: `analytics.unfit`.
    """
    try:
        found = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise refusal(error) from None
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise Rejected("analytics.unfit", "A question has to be one SELECT statement.")


def _open(path: Path | None, threads: int | None) -> duckdb.DuckDBPyConnection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    config: dict[str, Any] = {
        "memory_limit": MEMORY_MAX,
        "checkpoint_threshold": CHECKPOINT,
        "preserve_insertion_order": True,
        # Statements can reach neither files nor the network.
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
        "enable_external_access": False,
    }
    if threads is not None:
        config["threads"] = threads
    connection = duckdb.connect(":memory:" if path is None else str(path), config=config)
    connection.execute(database_file.schema())
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    if path is not None:
        database_file.keep_private(path)
    return connection


def _salt(connection: duckdb.DuckDBPyConnection) -> bytes:
    rows = connection.execute(SQL["counters"]).fetchall()
    if not rows:
        salt = secrets.token_bytes(16)
        connection.execute(SQL["begin_counters"], {"shape": SHAPE, "salt": salt})
        return salt
    return bytes(rows[0][0])


def _export_statement(product: str, after: int, span: int, limit: int) -> Statement:
    """Return the query for a product's events among `span` events of all products."""
    values = {"product": product, "after": after, "until": after + span, "limit": limit}
    return Statement(SQL["exported"], values)


def _event_of_row(row: tuple[Any, ...]) -> StoredEvent:
    """Return a row of that query as an event."""
    seq, id_, name, happened, received, source, user, anonymous, session, alias, group = row[:11]
    properties, person, once, is_bot = row[11:]
    return StoredEvent(
        seq,
        Captured(
            id_,
            name,
            happened,
            received,
            source,
            user=user,
            anonymous=anonymous,
            session=session,
            alias=alias,
            group=group,
            properties=properties.encode(),
            person=person.encode(),
            once=once.encode(),
            is_bot=is_bot,
        ),
    )
