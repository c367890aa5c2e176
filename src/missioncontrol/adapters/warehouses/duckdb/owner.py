"""The process that owns the file: one thread writes, each question has a cursor of its own."""

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
    Kept,
    Policy,
    Statement,
    Stored,
    Used,
)

SHAPE = 1
MEMORY_MAX = "400MB"
CHECKPOINT = "64MB"
SECONDS_MAX = 20.0
ROWS_MAX = 250_000
MEMBERS_MAX = 2_000_000
"""People of one saved cohort."""

ASKING_MAX = 4
"""Questions that are answered at once; more wait for their turn."""


class DuckDbWarehouse:
    """Keeps the events in the file at `path`, its owner's alone; in memory for None."""

    def __init__(
        self,
        path: Path | None,
        *,
        seconds_max: float = SECONDS_MAX,
        waiting_max: int = WAITING_MAX,
        threads: int | None = None,
    ) -> None:
        """Open the file, and make it where it is missing.

        A question may take `seconds_max`, and `waiting_max` events may wait to be stored.

        Raises:
            Unavailable: `analytics.unavailable`.
        """
        self._path = path
        self._threads = threads
        self._seconds_max = seconds_max
        self._turns = threading.BoundedSemaphore(ASKING_MAX)
        self._opening = threading.Lock()
        try:
            self._connection = _opened(path, threads)
            self._storing = Ingestion(self._connection.cursor(), _salt(self._connection), path)
        except duckdb.Error as error:
            raise refusal(error) from None
        self._writer = Writer(self._storing, self._reopen, waiting_max=waiting_max)
        # Whoever removed something may have been killed before its words were gone from the file.
        with suppress(MissionControlError):  # Where it can't be done now, `tidy` does it.
            self._wipe()

    # Changes.

    def store(self, product: str, batch: Sequence[Captured]) -> Stored:
        return self._writer.take(product, batch).result()

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        return self._writer.take(product, batch)

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        return self._writer.do(lambda storing: storing.foresee(product, batch))

    def intend(self, product: str, removal: str, person: str) -> None:
        self._writer.do(lambda storing: maintenance.intend(storing, product, removal, person))

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        return self._writer.do(
            lambda storing: maintenance.forget(storing, product, person, removal)
        )

    def resume(self, product: str, removal: str) -> Forgotten | None:
        return self._writer.do(lambda storing: maintenance.resume(storing, product, removal))

    def settled(self, product: str, removal: str) -> None:
        self._writer.do(lambda storing: maintenance.settled(storing, product, removal))

    def settle(self, product: str, policy: Policy) -> None:
        if self._storing.policies.products().get(product) != policy:
            self._writer.do(lambda storing: maintenance.settle(storing, product, policy))

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        # The question is asked beside the writer, which goes on meanwhile.
        people = [row[0] for row in self._answer(statement, MEMBERS_MAX)]
        return self._writer.do(
            lambda storing: maintenance.save_cohort(storing, product, cohort, people)
        )

    def drop_cohort(self, product: str, cohort: str) -> None:
        self._writer.do(lambda storing: maintenance.drop_cohort(storing, product, cohort))

    def keep_note(self, product: str, name: str, text: str) -> None:
        self._writer.do(lambda storing: maintenance.keep_note(storing, product, name, text))

    def used(self, product: str) -> Used:
        return self._storing.usage.of(product)

    def tidy(self, now: datetime) -> int:
        gone = self._writer.do(lambda storing: maintenance.tidy(storing, now))
        self._wipe()
        return gone

    def _wipe(self) -> None:
        if self._storing.owes_wiping and self._path is not None:
            self._writer.do(self._write_anew)

    def clear(self, product: str) -> int:
        return self._writer.do(lambda storing: maintenance.clear(storing, product))

    # Questions.

    def position(self) -> int:
        return self._storing.position

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[Kept]:
        # A span of the order is read at once; the spans grow where others' events are in between.
        span, last = limit, self._storing.seq
        while after < last:
            rows = self.rows(_export_statement(product, after, span, limit))
            if rows:
                return [_kept(row) for row in rows]
            after, span = after + span, span * 4
        return []

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        return self._answer(statement, ROWS_MAX)

    def _answer(self, statement: Statement, rows_max: int) -> list[tuple[Any, ...]]:
        try:
            return self._asked(statement, rows_max)
        except BROKEN as error:
            with suppress(Unavailable):
                self._writer.do(self._mend)
            raise refusal(error) from None

    def _mend(self, storing: Ingestion) -> None:
        """Open the file again, unless somebody did since."""
        try:
            storing.connection.execute(SQL["counters"]).fetchall()
        except BROKEN:
            self._reopen(storing)

    def _asked(self, statement: Statement, rows_max: int) -> list[tuple[Any, ...]]:
        with self._turns:
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
                raise _slow(self._seconds_max) from None
            except BROKEN:
                raise
            except (duckdb.Error, ValueError, TypeError, OverflowError) as error:
                if slow.is_set():
                    raise _slow(self._seconds_max) from None
                raise refusal(error) from None
            finally:
                watch.cancel()
                cursor.close()
        if len(rows) > rows_max:
            raise Unavailable(
                "analytics.too_much",
                f"The answer has more than {rows_max} rows.",
                hint="Ask for less at a time.",
            )
        return rows

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        self._writer.close()
        with self._opening:
            self._connection.close()

    def _write_anew(self, storing: Ingestion) -> None:
        """Write all that is kept into a new file: pages that are free keep what stood in them.

        Questions wait meanwhile: some seconds for ten million events.
        """
        assert self._path is not None
        path = self._path
        self._reopen(storing, lambda: database_file.write_anew(path))

    def _reopen(self, storing: Ingestion, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Close the file, while nobody asks, and open it again."""
        if self._path is None:
            return  # What is in memory alone is gone with the connection.
        with ExitStack() as alone:
            for _ in range(ASKING_MAX):
                alone.enter_context(self._turns)
            for each in (storing.connection, self._connection):
                with suppress(duckdb.Error):
                    each.close()
            try:
                meanwhile()
            finally:
                self._connection = _opened(self._path, self._threads)
                storing.use(self._connection.cursor())

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            return self._connection.cursor()


def _slow(seconds: float) -> Unavailable:
    return Unavailable(
        "analytics.slow",
        f"The question took longer than {seconds:g} s.",
        hint="Ask for fewer days, or fewer steps, at a time.",
    )


def _refuse_unless_reading(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Let only a single SELECT pass.

    Raises:
        Rejected: `analytics.unfit`.
    """
    try:
        found = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise refusal(error) from None
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise Rejected("analytics.unfit", "A question is one statement that only reads.")


def _opened(path: Path | None, threads: int | None) -> duckdb.DuckDBPyConnection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    config: dict[str, Any] = {
        "memory_limit": MEMORY_MAX,
        "checkpoint_threshold": CHECKPOINT,
        "preserve_insertion_order": True,
        # Whatever a statement says, it reaches no file and no network.
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
    """Return the question for at most `limit` of the `span` events of all products after one."""
    values = {"product": product, "after": after, "until": after + span, "limit": limit}
    return Statement(SQL["exported"], values)


def _kept(row: tuple[Any, ...]) -> Kept:
    """Return a row of that question as an event."""
    seq, id_, name, happened, received, source, user, anonymous, session, alias, group = row[:11]
    properties, person, once, is_bot = row[11:]
    return Kept(
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
