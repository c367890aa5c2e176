"""The parts that answers of several APIs have in common."""

from typing import Any

import msgspec


class Wire(msgspec.Struct):
    """The fields that matter here; whatever else stands in an answer is skipped."""


class Details(Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


NO_DETAILS = Details()


def text_of(value: Any) -> str:
    """Return a text as it is, and anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
