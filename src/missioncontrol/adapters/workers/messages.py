"""Prepares what an attempt sends to the server: decodable, and without secrets."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain.register import words
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Action, AttemptFailed
from missioncontrol.ports.wire import Done, Refused
from missioncontrol.ports.workers import QUESTION_BYTES_MAX

T = TypeVar("T")

_ENCODING_ERRORS = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


def clean_text(value: Any, scrubber: Scrubber) -> str:
    """Return a value as text without secrets and lone surrogates."""
    return scrubber.text(str(value).encode("utf-8", "replace").decode())


def check_decodable(content: bytes, read: Callable[[bytes], T], what: str) -> T:
    """Return content as the other side decodes it.

    Raises:
        AttemptFailed: `worker.unsayable`.
    """
    try:
        return read(content)
    except _ENCODING_ERRORS as error:
        raise _not_encodable(what, error) from None


def encode(value: Any, what: str) -> bytes:
    """Return `value` in JSON.

    Raises:
        AttemptFailed: `worker.unsayable`.
    """
    try:
        return msgspec.json.encode(value)
    except _ENCODING_ERRORS as error:
        raise _not_encodable(what, error) from None


def work_of(returned: Any, scrubber: Scrubber) -> Done:
    """Return the work of an agent as the server decodes it.

    Raises:
        AttemptFailed: `work.no_work` or `worker.unsayable`.
    """
    if not isinstance(returned, Work):
        raise AttemptFailed(
            "work.no_work",
            f"The agent returned {type(returned).__name__} instead of work.",
            hint="Return a `Work`.",
            retryable=False,
        )
    return Done(_clean(returned, Work, scrubber, "The work"))


def action_of(wanted: Action, scrubber: Scrubber) -> Action:
    """Return an action as a person at the server sees it.

    Raises:
        AttemptFailed: `worker.unsayable` or `worker.too_large`.
    """
    action = _clean(wanted, Action, scrubber, "The action")
    size = len(msgspec.json.encode(action))
    if size > QUESTION_BYTES_MAX:
        raise AttemptFailed(
            "worker.too_large",
            f"The action takes {size:,} bytes; {QUESTION_BYTES_MAX:,} fit.",
            retryable=False,
        )
    return action


def refusal_of(failure: AttemptFailed, scrubber: Scrubber) -> Refused:
    """Return the failure of an attempt, without a detail that can't be encoded."""
    detail = failure.detail
    try:
        detail = scrubber.values(msgspec.json.decode(msgspec.json.encode(detail)))
    except _ENCODING_ERRORS:
        detail = None
    return Refused(
        clean_text(failure.code, scrubber),
        clean_text(failure.reason, scrubber),
        clean_text(failure.hint, scrubber),
        bool(failure.retryable),
        detail,
    )


def _clean(value: T, form: type[T], scrubber: Scrubber, what: str) -> T:
    content = encode(value, what)
    read = msgspec.json.Decoder(form).decode
    if not scrubber.occurs_in(content):
        return check_decodable(content, read, what)
    clean = scrubber.values(msgspec.json.decode(content), keep=words())
    return check_decodable(msgspec.json.encode(clean), read, what)


def _not_encodable(what: str, error: Exception) -> AttemptFailed:
    reason = str(error).encode("utf-8", "replace").decode()[:500]
    return AttemptFailed(
        "worker.unsayable",
        f"{what} can't be encoded as JSON and decoded again: {reason}.",
        hint="Use numbers, strings, lists and objects in the shape that the field has.",
        retryable=False,
    )
