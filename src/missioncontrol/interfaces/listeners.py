"""How servers here listen, and how they run in the loop of the engine."""

import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

# Lines on standard error that strangers cause: a few each minute, and how many were left out.

LINES_MAX = 10
SECONDS = 60.0


class FewLines(logging.Filter):
    """Passes a few records of a logger each minute, so that a flood of them fills no disk."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """The minute begins with the first record."""
        super().__init__()
        self._now = now
        self._until = 0.0
        self._passed = 0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is written; the first one of a minute says what was not before."""
        if self._now() >= self._until:
            self._until, self._passed = self._now() + SECONDS, 0
        if self._passed >= LINES_MAX:
            self._left_out += 1
            return False
        self._passed += 1
        if self._left_out:
            record.msg = f"{record.getMessage()} ({self._left_out:,} more before were left out.)"
            record.args, self._left_out = (), 0
        return True


def limit_log_rate(*loggers: str) -> None:
    """Bound what each of these loggers writes by itself, from now on."""
    for name in loggers:
        logger = logging.getLogger(name)
        if not any(isinstance(each, FewLines) for each in logger.filters):
            logger.addFilter(FewLines())


if TYPE_CHECKING:
    import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_SECONDS = 75
CAUSED_BY_STRANGERS = ("uvicorn.error", "missioncontrol.interfaces.problems")
"""Loggers that tell of requests that are none, and of requests that broke off."""

CLOSE_SECONDS_MAX = 5
CONNECTIONS_WAITING = 1_024


def listening(port: int, host: str = LOOPBACK) -> socket.socket:
    """Return a socket on which asyncio sends small pieces at once; 0 takes a port that is free.

    It does so only where the protocol is named. Otherwise each answer waits 40 ms for the
    acknowledgement of its own head.

    Raises:
        OSError: the port is in use, or `host` is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(CONNECTIONS_WAITING)
    except OSError:
        found.close()
        raise
    return found


def server(app: App) -> "uvicorn.Server":
    """Return a server that leaves the signals of the process to those who own it."""
    import uvicorn

    from missioncontrol.interfaces.request_heads import BoundedHeads

    limit_log_rate(*CAUSED_BY_STRANGERS)

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Server(
        uvicorn.Config(
            app,
            http=BoundedHeads,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=CLOSE_SECONDS_MAX,
        )
    )
