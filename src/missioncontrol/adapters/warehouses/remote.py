"""The socket between the process that owns the warehouse and other processes on this machine."""

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
    Policy,
    Statement,
    Stored,
    StoredEvent,
    Used,
    Warehouse,
)

PATH_MAX = 100
"""Bytes of a socket path; macOS allows 104 and Linux 108."""

CONNECTIONS_MAX = 64
SECONDS_MAX = 600.0
STORING_MAX = 4

T = TypeVar("T")


class Disconnected(Exception):
    """The connection was lost; whether the request was carried out is not known."""


class WarehouseServer:
    """Serves an owned warehouse at a socket beside its file."""

    def __init__(self, folder: Path, owner: Warehouse) -> None:
        """Start to listen.

        Raises:
            OSError: the socket can't be created.
        """
        self._owner = owner
        self._path = _socket_path(folder)
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        _write_socket_path(folder, self._path)
        self._socket.listen(CONNECTIONS_MAX)
        self._connections: set[socket.socket] = set()
        self._changing = threading.Lock()
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._is_closing = False
        self._thread = threading.Thread(target=self._accept, name="warehouse-line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and close all connections."""
        self._is_closing = True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as waker:
            waker.connect(str(self._path))  # Wakes `accept`, which then sees `_is_closing`.
        self._path.unlink(missing_ok=True)
        if self._path.parent.name.startswith(TEMPORARY):
            with contextlib.suppress(OSError):
                self._path.parent.rmdir()
        _close(self._socket)
        with self._changing:
            connections = list(self._connections)
        for connection in connections:
            _close(connection)
        self._thread.join()

    def _accept(self) -> None:
        while not self._is_closing:
            self._slots.acquire()
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self._is_closing:
                connection.close()
                return
            with self._changing:
                self._connections.add(connection)
            threading.Thread(
                target=self._serve, args=(connection,), name="warehouse-asker", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (message := wire.receive(connection)) is not None:
                wire.send(connection, self._response(message))
        except OSError:
            pass  # The client ended; its last request is complete or was never received.
        finally:
            with self._changing:
                self._connections.discard(connection)
            connection.close()
            self._slots.release()

    def _response(self, message: bytes) -> bytes:
        try:
            request = wire.decode_request(message)
            return wire.encode(Response(HANDLERS[request.verb](self._owner, request)))
        except MissionControlError as error:
            return wire.encode(Response(refused=wire.refusal_of(error)))
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            refused = wire.Refusal("Rejected", "analytics.unfit", f"Malformed request: {error}.")
            return wire.encode(Response(refused=refused))


HANDLERS: dict[str, Callable[[Warehouse, Request], Any]] = {
    "store": lambda owner, request: owner.store(request.product, request.batch),
    "foresee": lambda owner, request: owner.foresee(request.product, request.batch),
    "rows": lambda owner, request: wire.packed(owner.rows(_statement(request))),
    "position": lambda owner, request: owner.position(),
    "intend": lambda owner, request: owner.intend(request.product, request.text, request.name),
    "forget": lambda owner, request: owner.forget(request.product, request.name, request.text),
    "resume": lambda owner, request: owner.resume(request.product, request.text),
    "settled": lambda owner, request: owner.settled(request.product, request.text),
    "settle": lambda owner, request: owner.settle(request.product, request.policy or Policy()),
    "save_cohort": lambda owner, request: owner.save_cohort(
        request.product, request.name, _statement(request)
    ),
    "drop_cohort": lambda owner, request: owner.drop_cohort(request.product, request.name),
    "keep_note": lambda owner, request: owner.keep_note(
        request.product, request.name, request.text
    ),
    "used": lambda owner, request: owner.used(request.product),
    "tidy": lambda owner, request: owner.tidy(request.moment or _missing_moment()),
    "clear": lambda owner, request: owner.clear(request.product),
    "exported": lambda owner, request: owner.exported(
        request.product, after=request.after, limit=request.limit
    ),
}


class RemoteWarehouse:
    """A client of the warehouse that another process owns."""

    def __init__(self, folder: Path) -> None:
        """Connect to the owner of `folder` on the first request."""
        self._folder = folder
        self._idle: list[socket.socket] = []
        self._changing = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def store(self, product: str, batch: Sequence[Captured]) -> Stored:
        return self._call(Request("store", product, tuple(batch)), Stored)

    def storing(self, product: str, batch: Sequence[Captured]) -> "Future[Stored]":
        with self._changing:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(STORING_MAX, "warehouse-storing")
        return self._pool.submit(self.store, product, batch)

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        return self._call(Request("foresee", product, tuple(batch)), Foreseen)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        parameters = wire.packed(statement.parameters)
        request = Request("rows", sql=statement.sql, parameters=parameters)
        return [tuple(row) for row in self._call(request, list[list[Any]])]

    def position(self) -> int:
        return self._call(Request("position"), int)

    def intend(self, product: str, removal: str, person: str) -> None:
        self._call(Request("intend", product, name=person, text=removal), type(None))

    def forget(self, product: str, person: str, removal: str = "") -> Forgotten:
        return self._call(Request("forget", product, name=person, text=removal), Forgotten)

    def resume(self, product: str, removal: str) -> Forgotten | None:
        request = Request("resume", product, text=removal)
        return self._call(request, Forgotten | None)  # type: ignore[arg-type]

    def settled(self, product: str, removal: str) -> None:
        self._call(Request("settled", product, text=removal), type(None))

    def settle(self, product: str, policy: Policy) -> None:
        self._call(Request("settle", product, policy=policy), type(None))

    def save_cohort(self, product: str, cohort: str, statement: Statement) -> int:
        parameters = wire.packed(statement.parameters)
        request = Request(
            "save_cohort", product, sql=statement.sql, parameters=parameters, name=cohort
        )
        return self._call(request, int)

    def drop_cohort(self, product: str, cohort: str) -> None:
        self._call(Request("drop_cohort", product, name=cohort), type(None))

    def keep_note(self, product: str, name: str, text: str) -> None:
        self._call(Request("keep_note", product, name=name, text=text), type(None))

    def used(self, product: str) -> Used:
        return self._call(Request("used", product), Used)

    def tidy(self, now: datetime) -> int:
        return self._call(Request("tidy", moment=now), int)

    def clear(self, product: str) -> int:
        return self._call(Request("clear", product), int)

    def exported(self, product: str, *, after: int = 0, limit: int = 10_000) -> list[StoredEvent]:
        return self._call(Request("exported", product, after=after, limit=limit), list[StoredEvent])

    def close(self) -> None:
        """Close all connections."""
        with self._changing:
            idle, self._idle = self._idle, []
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        for connection in idle:
            connection.close()

    def _call(self, request: Request, kind: type[T]) -> T:
        message = wire.encode(request)
        connection = self._connection()
        try:
            wire.send(connection, message)
            answer = wire.receive(connection)
        except OSError as error:
            connection.close()
            raise Disconnected(str(error)) from None
        if answer is None:
            connection.close()
            raise Disconnected("The owner of the warehouse ended.")
        with self._changing:
            self._idle.append(connection)
        refusal_of = wire.decode_response(answer)
        if refusal_of.refused is not None:
            raise wire.error_of(refusal_of.refused)
        return msgspec.convert(refusal_of.value, kind)

    def _connection(self) -> socket.socket:
        with self._changing:
            if self._idle:
                return self._idle.pop()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS_MAX)
        try:
            connection.connect(_read_socket_path(self._folder))
        except OSError as error:
            connection.close()
            raise Disconnected(str(error)) from None
        return connection


TEMPORARY = "mission-warehouse-"


def _socket_path(folder: Path) -> Path:
    """Return a path for the socket: beside the file, unless that path is too long."""
    beside = folder / "events.sock"
    if len(os.fsencode(beside)) <= PATH_MAX:
        return beside
    return Path(tempfile.mkdtemp(prefix=TEMPORARY)) / "events.sock"


def _write_socket_path(folder: Path, path: Path) -> None:
    """Store the path of the socket; the rename keeps readers from seeing half of it."""
    new = folder / "events.where.new"
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)
    new.write_text(str(path), "utf-8")
    new.replace(folder / "events.where")


def _read_socket_path(folder: Path) -> str:
    return (folder / "events.where").read_text("utf-8")


def _statement(request: Request) -> Statement:
    return Statement(request.sql, request.parameters or {})


def _missing_moment() -> datetime:
    raise ValueError("it has no moment")


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
