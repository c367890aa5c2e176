"""One warehouse for all processes of a data directory: the first owns it, others connect."""

import atexit
import fcntl
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from missioncontrol.adapters.warehouses.remote import Disconnected, RemoteWarehouse, WarehouseServer
from missioncontrol.domain.errors import Unavailable
from missioncontrol.extras import require_extra
from missioncontrol.ports.warehouse import (
    Captured,
    Foreseen,
    Forgotten,
    Policy,
    Statement,
    Stored,
    StoredEvent,
    Used,
    Warehouse,
)

FILE = "events.duckdb"
WAIT_SECONDS_MAX = 20.0
"""How long to wait for an owner that is opening or closing the file."""

RETRY_SECONDS = 0.05

T = TypeVar("T")


class SharedWarehouse:
    """The warehouse in a folder, owned by this process or another; it opens on first use.

    When the owner ends, one of the clients becomes the owner. Requests that were in flight are
    repeated, which changes nothing twice because event ids are unique.
    """

    def __init__(self, folder: Path, *, wait_seconds: float = WAIT_SECONDS_MAX) -> None:
        """Use `folder`, which is created where it is missing."""
        self._folder = folder
        self._wait_seconds = wait_seconds
        self._changing = threading.RLock()
        self._owner: Any = None
        self._server: WarehouseServer | None = None
        self._lock: int | None = None
        self._remote = RemoteWarehouse(folder)
        self._is_closed = False

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored here."""
        return (self._folder / FILE).exists()

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the file now."""
        return self._owner is not None

    def store(self, product: str, batch: Sequence[Captured]) -> Stored:
        return self._call(lambda warehouse: warehouse.store(product, batch))

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        return self._call(lambda warehouse: warehouse.storing(product, batch))

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        return self._call(lambda warehouse: warehouse.foresee(product, batch))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        return self._call(lambda warehouse: warehouse.rows(statement))

    def position(self) -> int:
        return self._call(lambda warehouse: warehouse.position())

    def intend(self, product: str, removal: str, person: str) -> None:
        self._call(lambda warehouse: warehouse.intend(product, removal, person))

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        return self._call(lambda warehouse: warehouse.forget(product, person, removal))

    def resume(self, product: str, removal: str) -> Forgotten | None:
        return self._call(lambda warehouse: warehouse.resume(product, removal))

    def settled(self, product: str, removal: str) -> None:
        self._call(lambda warehouse: warehouse.settled(product, removal))

    def settle(self, product: str, policy: Policy) -> None:
        self._call(lambda warehouse: warehouse.settle(product, policy))

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        return self._call(lambda warehouse: warehouse.save_cohort(product, cohort, statement))

    def drop_cohort(self, product: str, cohort: str) -> None:
        self._call(lambda warehouse: warehouse.drop_cohort(product, cohort))

    def keep_note(self, product: str, name: str, text: str) -> None:
        self._call(lambda warehouse: warehouse.keep_note(product, name, text))

    def used(self, product: str) -> Used:
        return self._call(lambda warehouse: warehouse.used(product))

    def tidy(self, now: datetime) -> int:
        return self._call(lambda warehouse: warehouse.tidy(now))

    def clear(self, product: str) -> int:
        return self._call(lambda warehouse: warehouse.clear(product))

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[StoredEvent]:
        return self._call(lambda warehouse: warehouse.exported(product, after=after, limit=limit))

    def close(self) -> None:
        """Close the file, or the connections to its owner."""
        with self._changing:
            self._is_closed = True
            self._remote.close()
            if self._server is not None:
                self._server.close()
            if self._owner is not None:
                self._owner.close()
            if self._lock is not None:
                os.close(self._lock)
            self._owner = self._server = self._lock = None
        atexit.unregister(self.close)

    def _call(self, ask: Callable[[Warehouse], T]) -> T:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            owner = self._owner or self._try_to_own()
            if owner is not None:
                return ask(owner)
            try:
                return ask(self._remote)
            except Disconnected as error:
                self._remote.close()
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "analytics.unavailable",
                        f"The process that owns the warehouse does not answer: {error}",
                        hint="Wait until it has ended, or start `mission up` again.",
                    ) from None
            time.sleep(RETRY_SECONDS)

    def _try_to_own(self) -> Warehouse | None:
        """Return this process's warehouse, opening it unless another process is the owner."""
        with self._changing:
            if self._is_closed:
                raise Unavailable("analytics.unavailable", "The warehouse of events is closed.")
            if self._owner is None and (lock := self._try_to_lock()) is not None:
                try:
                    self._open()
                except BaseException:
                    os.close(lock)
                    raise
                self._lock = lock
            return self._owner  # type: ignore[no-any-return]

    def _open(self) -> None:
        # DuckDB is slow to import, so only the owner loads it.
        require_extra("analytics", "Keeping events of products", "duckdb", "arro3.core")
        from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse

        owner = DuckDbWarehouse(self._folder / FILE)
        try:
            self._server = WarehouseServer(self._folder, owner)
        except OSError as error:
            owner.close()
            raise _unavailable(self._folder, error) from None
        self._owner = owner
        atexit.register(self.close)  # Also a process that does not call `close` releases the file.

    def _try_to_lock(self) -> int | None:
        """Return a file lock, which ends with the process; None where another holds it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._folder / "events.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unavailable(self._folder, error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle


def _unavailable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "analytics.unavailable", f"{folder} can't be used for events: {error.strerror or error}."
    )
