"""The line between the process that owns the warehouse and others on this machine."""

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from missioncontrol.adapters.warehouses import wire
from missioncontrol.adapters.warehouses.wire import Request, Response
from missioncontrol.domain.errors import MissionControlError
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

PATH_MAX = 100
"""Bytes that the name of a socket may have; the system's own bound is 104 or 108."""

LINES_MAX = 64
SECONDS_MAX = 600.0
STORING_MAX = 4

T = TypeVar("T")


class Disconnected(Exception):
    """The line broke off: whether what was asked for was done is not known."""


class WarehouseServer:
    """Answers at a socket beside the file, as the owner would."""

    def __init__(self, folder: Path, owner: Warehouse) -> None:
        """Listen from now on.

        Raises:
            OSError: there can be no socket.
        """
        self._owner = owner
        self._path = _place(folder)
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        _note(folder, self._path)
        self._socket.listen(LINES_MAX)
        self._lines: set[socket.socket] = set()
        self._changing = threading.Lock()
        self._room = threading.BoundedSemaphore(LINES_MAX)
        self._is_closing = False
        self._thread = threading.Thread(target=self._accept, name="warehouse-line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._is_closing = True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self._path))  # Who waits for somebody to come sees that it is over.
        self._path.unlink(missing_ok=True)
        if self._path.parent.name.startswith(TEMPORARY):
            with contextlib.suppress(OSError):
                self._path.parent.rmdir()
        _hang_up(self._socket)
        with self._changing:
            lines = list(self._lines)
        for line in lines:
            _hang_up(line)
        self._thread.join()

    def _accept(self) -> None:
        while not self._is_closing:
            self._room.acquire()
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            if self._is_closing:
                line.close()
                return
            with self._changing:
                self._lines.add(line)
            threading.Thread(
                target=self._answer, args=(line,), name="warehouse-asker", daemon=True
            ).start()

    def _answer(self, line: socket.socket) -> None:
        try:
            while (message := wire.receive(line)) is not None:
                wire.send(line, self._answered(message))
        except OSError:
            pass  # The other side ended; what it asked for is done or not asked for.
        finally:
            with self._changing:
                self._lines.discard(line)
            line.close()
            self._room.release()

    def _answered(self, message: bytes) -> bytes:
        try:
            asked = wire.decode_request(message)
            return wire.encode(Response(VERBS[asked.verb](self._owner, asked)))
        except MissionControlError as error:
            return wire.encode(Response(refused=wire.refusal_of(error)))
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            refused = wire.Refusal("Rejected", "analytics.unfit", f"It does not fit: {error}.")
            return wire.encode(Response(refused=refused))


VERBS: dict[str, Callable[[Warehouse, Request], Any]] = {
    "store": lambda owner, asked: owner.store(asked.product, asked.batch),
    "foresee": lambda owner, asked: owner.foresee(asked.product, asked.batch),
    "rows": lambda owner, asked: wire.packed(owner.rows(_statement(asked))),
    "position": lambda owner, asked: owner.position(),
    "intend": lambda owner, asked: owner.intend(asked.product, asked.text, asked.name),
    "forget": lambda owner, asked: owner.forget(asked.product, asked.name, asked.text),
    "resume": lambda owner, asked: owner.resume(asked.product, asked.text),
    "settled": lambda owner, asked: owner.settled(asked.product, asked.text),
    "settle": lambda owner, asked: owner.settle(asked.product, asked.policy or Policy()),
    "save_cohort": lambda owner, asked: owner.save_cohort(
        asked.product, asked.name, _statement(asked)
    ),
    "drop_cohort": lambda owner, asked: owner.drop_cohort(asked.product, asked.name),
    "keep_note": lambda owner, asked: owner.keep_note(asked.product, asked.name, asked.text),
    "used": lambda owner, asked: owner.used(asked.product),
    "tidy": lambda owner, asked: owner.tidy(asked.moment or _no_moment()),
    "clear": lambda owner, asked: owner.clear(asked.product),
    "exported": lambda owner, asked: owner.exported(
        asked.product, after=asked.after, limit=asked.limit
    ),
}


class RemoteWarehouse:
    """The warehouse as another process owns it."""

    def __init__(self, folder: Path) -> None:
        """Nothing is opened before something is asked."""
        self._folder = folder
        self._idle: list[socket.socket] = []
        self._changing = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def store(self, product: str, batch: Sequence[Captured]) -> Stored:
        return self._ask(Request("store", product, tuple(batch)), Stored)

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        with self._changing:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(STORING_MAX, "warehouse-storing")
        return self._pool.submit(self.store, product, batch)

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        return self._ask(Request("foresee", product, tuple(batch)), Foreseen)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        parameters = wire.packed(statement.parameters)
        asked = Request("rows", sql=statement.sql, parameters=parameters)
        return [tuple(row) for row in self._ask(asked, list[list[Any]])]

    def position(self) -> int:
        return self._ask(Request("position"), int)

    def intend(self, product: str, removal: str, person: str) -> None:
        self._ask(Request("intend", product, name=person, text=removal), type(None))

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        return self._ask(Request("forget", product, name=person, text=removal), Forgotten)

    def resume(self, product: str, removal: str) -> Forgotten | None:
        asked = Request("resume", product, text=removal)
        return self._ask(asked, Forgotten | None)  # type: ignore[arg-type]

    def settled(self, product: str, removal: str) -> None:
        self._ask(Request("settled", product, text=removal), type(None))

    def settle(self, product: str, policy: Policy) -> None:
        self._ask(Request("settle", product, policy=policy), type(None))

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        parameters = wire.packed(statement.parameters)
        asked = Request(
            "save_cohort", product, sql=statement.sql, parameters=parameters, name=cohort
        )
        return self._ask(asked, int)

    def drop_cohort(self, product: str, cohort: str) -> None:
        self._ask(Request("drop_cohort", product, name=cohort), type(None))

    def keep_note(self, product: str, name: str, text: str) -> None:
        self._ask(Request("keep_note", product, name=name, text=text), type(None))

    def used(self, product: str) -> Used:
        return self._ask(Request("used", product), Used)

    def tidy(self, now: datetime) -> int:
        return self._ask(Request("tidy", moment=now), int)

    def clear(self, product: str) -> int:
        return self._ask(Request("clear", product), int)

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[Kept]:
        return self._ask(Request("exported", product, after=after, limit=limit), list[Kept])

    def close(self) -> None:
        """Hang up."""
        with self._changing:
            idle, self._idle = self._idle, []
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        for line in idle:
            line.close()

    def _ask(self, asked: Request, kind: type[T]) -> T:
        message = wire.encode(asked)
        line = self._remote()
        try:
            wire.send(line, message)
            answer = wire.receive(line)
        except OSError as error:
            line.close()
            raise Disconnected(str(error)) from None
        if answer is None:
            line.close()
            raise Disconnected("The owner of the warehouse ended.")
        with self._changing:
            self._idle.append(line)
        refusal_of = wire.decode_response(answer)
        if refusal_of.refused is not None:
            raise wire.error_of(refusal_of.refused)
        return msgspec.convert(refusal_of.value, kind)

    def _remote(self) -> socket.socket:
        with self._changing:
            if self._idle:
                return self._idle.pop()
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(SECONDS_MAX)
        try:
            line.connect(_noted(self._folder))
        except OSError as error:
            line.close()
            raise Disconnected(str(error)) from None
        return line


TEMPORARY = "mission-warehouse-"


def _place(folder: Path) -> Path:
    """Return where the socket is: beside the file, unless that name is longer than it may be."""
    beside = folder / "events.sock"
    if len(os.fsencode(beside)) <= PATH_MAX:
        return beside
    return Path(tempfile.mkdtemp(prefix=TEMPORARY)) / "events.sock"


def _note(folder: Path, place: Path) -> None:
    """Write down where the socket is; a reader sees the old or the new name, never half of one."""
    new = folder / "events.where.new"
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)
    new.write_text(str(place), "utf-8")
    new.replace(folder / "events.where")


def _noted(folder: Path) -> str:
    return (folder / "events.where").read_text("utf-8")


def _statement(asked: Request) -> Statement:
    return Statement(asked.sql, asked.parameters or {})


def _no_moment() -> datetime:
    raise ValueError("it says no moment")


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
