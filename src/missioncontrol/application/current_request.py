"""The request of a signed-in user, available anywhere in the work done for it.

It follows the work through awaits, and ends with it: what was started meanwhile and goes on, such
as a timer, no longer belongs to a request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from missioncontrol.domain.principal import TERMINAL, Asking


class _Request:
    """A request that is being done."""

    def __init__(self, asking: Asking | None) -> None:
        self.asking = asking
        self.position = 0  # of the event that accepts it; 0 before that is known


_NOW: ContextVar[_Request | None] = ContextVar("asked_now", default=None)


def current_request() -> Asking | None:
    """Return the request that is being done, or None where the operating system alone vouches."""
    request = _NOW.get()
    return request.asking if request else None


def is_program() -> bool:
    """Whether a program asks with a token, and not a person in a browser or at a terminal."""
    asking = current_request()
    return asking is not None and asking.way == "token" and not asking.agent.startswith(TERMINAL)


def cause_now() -> int:
    """Return the position of the request that is being done; 0 where there is none."""
    request = _NOW.get()
    return request.position if request else 0


def set_cause(position: int) -> None:
    """Name this event as the cause of all that is decided from now on."""
    request = _NOW.get()
    assert request is not None, "no request is being handled"
    request.position = position


@contextmanager
def request_context(asking: Asking | None) -> Iterator[None]:
    """Handle a request; `asking` is None where no user is signed in."""
    request = _Request(asking)
    token = _NOW.set(request)
    try:
        yield
    finally:
        _NOW.reset(token)
        request.asking, request.position = None, 0
