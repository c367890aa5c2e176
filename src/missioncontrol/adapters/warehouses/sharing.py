"""One warehouse for all processes of a home: whoever comes first owns it, the others ask."""

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

from missioncontrol.adapters.warehouses.line import Broken, Line, Listening
from missioncontrol.domain.errors import Unavailable
from missioncontrol.extras import require_extra
from missioncontrol.ports.warehouse import (
    Captured,
    Foreseen,
    Forgotten,
    Kept,
    Policy,
    Statement,
    Stored,
    Used,
    Warehouse,
)

FILE = "events.duckdb"
PATIENCE_SECONDS = 20.0
"""How long an owner that is just opening the file, or closing it, is waited for."""

PAUSE_SECONDS = 0.05

T = TypeVar("T")


class SharedWarehouse:
    """The warehouse in a folder, owned by this process or by another; nothing opens before it must.

    Where the owner ends, one of those who ask becomes the owner. What was asked of it when it ended
    is asked again: that does nothing twice, as an event is known by its id.
    """

    def __init__(self, folder: Path, *, patience: float = PATIENCE_SECONDS) -> None:
        """Use `folder`, which is made where it is missing."""
        self._folder = folder
        self._patience = patience
        self._changing = threading.RLock()
        self._owner: Any = None
        self._listening: Listening | None = None
        self._lock: int | None = None
        self._line = Line(folder)
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
        """See `Warehouse.store`."""
        return self._asked(lambda one: one.store(product, batch))

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        """See `Warehouse.storing`."""
        return self._asked(lambda one: one.storing(product, batch))

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        """See `Warehouse.foresee`."""
        return self._asked(lambda one: one.foresee(product, batch))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See `Warehouse.rows`."""
        return self._asked(lambda one: one.rows(statement))

    def position(self) -> int:
        """See `Warehouse.position`."""
        return self._asked(lambda one: one.position())

    def intend(self, product: str, removal: str, person: str) -> None:
        """See `Warehouse.intend`."""
        self._asked(lambda one: one.intend(product, removal, person))

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        """See `Warehouse.forget`."""
        return self._asked(lambda one: one.forget(product, person, removal))

    def resume(self, product: str, removal: str) -> Forgotten | None:
        """See `Warehouse.resume`."""
        return self._asked(lambda one: one.resume(product, removal))

    def settled(self, product: str, removal: str) -> None:
        """See `Warehouse.settled`."""
        self._asked(lambda one: one.settled(product, removal))

    def settle(self, product: str, policy: Policy) -> None:
        """See `Warehouse.settle`."""
        self._asked(lambda one: one.settle(product, policy))

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        """See `Warehouse.save_cohort`."""
        return self._asked(lambda one: one.save_cohort(product, cohort, statement))

    def drop_cohort(self, product: str, cohort: str) -> None:
        """See `Warehouse.drop_cohort`."""
        self._asked(lambda one: one.drop_cohort(product, cohort))

    def keep_note(self, product: str, name: str, text: str) -> None:
        """See `Warehouse.keep_note`."""
        self._asked(lambda warehouse: warehouse.keep_note(product, name, text))

    def used(self, product: str) -> Used:
        """See `Warehouse.used`."""
        return self._asked(lambda one: one.used(product))

    def tidy(self, now: datetime) -> int:
        """See `Warehouse.tidy`."""
        return self._asked(lambda one: one.tidy(now))

    def clear(self, product: str) -> int:
        """See `Warehouse.clear`."""
        return self._asked(lambda one: one.clear(product))

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[Kept]:
        """See `Warehouse.exported`."""
        return self._asked(lambda one: one.exported(product, after=after, limit=limit))

    def close(self) -> None:
        """Let go of the file, or of the line to its owner."""
        with self._changing:
            self._is_closed = True
            self._line.close()
            if self._listening is not None:
                self._listening.close()
            if self._owner is not None:
                self._owner.close()
            if self._lock is not None:
                os.close(self._lock)
            self._owner = self._listening = self._lock = None
        atexit.unregister(self.close)

    def _asked(self, ask: Callable[[Warehouse], T]) -> T:
        deadline = time.monotonic() + self._patience
        while True:
            owner = self._owner or self._owned()
            if owner is not None:
                return ask(owner)
            try:
                return ask(self._line)
            except Broken as error:
                self._line.close()
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "analytics.unavailable",
                        f"The process that owns the warehouse does not answer: {error}",
                        hint="Wait until it has ended, or start `mission up` again.",
                    ) from None
            time.sleep(PAUSE_SECONDS)

    def _owned(self) -> Warehouse | None:
        """Become the owner, unless somebody else is."""
        with self._changing:
            if self._is_closed:
                raise Unavailable("analytics.unavailable", "The warehouse of events is closed.")
            if self._owner is None and (lock := self._locked()) is not None:
                try:
                    self._open()
                except BaseException:
                    os.close(lock)
                    raise
                self._lock = lock
            return self._owner  # type: ignore[no-any-return]

    def _open(self) -> None:
        # DuckDB is loaded by the process that owns the file, and not before it has to be.
        require_extra("analytics", "Keeping events of products", "duckdb", "arro3.core")
        from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse

        owner = DuckDbWarehouse(self._folder / FILE)
        try:
            self._listening = Listening(self._folder, owner)
        except OSError as error:
            owner.close()
            raise _unusable(self._folder, error) from None
        self._owner = owner
        atexit.register(self.close)  # A process that ends in another way still lets go in order.

    def _locked(self) -> int | None:
        """Return the lock, which is the operating system's and ends with the process."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._folder / "events.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(self._folder, error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle


def _unusable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "analytics.unavailable", f"{folder} can't be used for events: {error.strerror or error}."
    )
