"""The one form in which a value is hashed: RFC 8785, and its SHA-256."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import rfc8785

from missioncontrol.domain.errors import Rejected

WHOLE_MAX = 2**53 - 1
"""Beyond it, readers of JSON that keep numbers as doubles lose digits without a word."""


def canonical(value: Any) -> bytes:
    """Return plain `value` (None, bool, int, float, str, list, tuple, dict) as RFC 8785 bytes.

    Whole numbers beyond 2^53 - 1 are refused, not rounded: two that differ must never have the
    same digest, and a reader of the form must see the number that is meant. As in JSON, 1 and
    1.0 are the same number and a tuple is the same as a list.

    Raises:
        Rejected: `canonical.unfit`, naming the place, or `canonical.too_deep`.
    """
    try:
        try:
            return rfc8785.dumps(value)
        except ValueError as error:  # All that the library raises, and what Python adds to it.
            raise _refusal(value, error) from None
    except RecursionError:
        raise Rejected(
            "canonical.too_deep",
            "The value is nested too deeply, or contains itself.",
            hint="Make it flatter.",
        ) from None


def digest(value: Any) -> str:
    """Return the SHA-256 of `canonical(value)` in hexadecimal.

    Raises:
        Rejected: see `canonical`.
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def place_in(place: str, part: str | int) -> str:
    """Return how a part of what stands at `place` is named: `inputs.argv[2]`."""
    if isinstance(part, int):
        return f"{place}[{part}]"
    name = part[:60] if part.isidentifier() else repr(part[:60])
    return f"{place}.{name}" if place else name


def _refusal(value: Any, error: ValueError) -> Rejected:
    place, what, hint = _unfit(value) or ("", f"no JSON: {error}", "Give plain values.")
    return Rejected("canonical.unfit", f"{place or 'The value'} is {what}.", hint=hint)


def _unfit(value: Any, place: str = "") -> tuple[str, str, str] | None:
    """Return where something stands that JSON can't hold, what it is, and what to do."""
    parts: Mapping[Any, Any] = {}
    match value:
        case None | bool():
            pass
        case int() | float() | str():
            fault = _unfit_scalar(value)
            return fault and (place, *fault)
        case list() | tuple():
            parts = dict(enumerate(value))
        case dict():
            parts = value
        case _:
            what = f"a {type(value).__name__}, which JSON does not have"
            return place, what, "Give text, numbers, true, false, null, lists and objects."
    for key, part in parts.items():
        found = _unfit_key(key, place, value) or _unfit(part, place_in(place, key))
        if found:
            return found
    return None


def _unfit_scalar(value: float | str) -> tuple[str, str] | None:
    if isinstance(value, str):
        if _is_text(value):
            return None
        return "text with half of a character", "Give text that is valid Unicode."
    if isinstance(value, int):
        if abs(value) <= WHOLE_MAX:
            return None
        bits = value.bit_length()
        many = f"the whole number {value}" if bits < 200 else f"a whole number of {bits:,} bits"
        fault = f"{many}, more than JSON keeps exactly (2^53 - 1)"
        return fault, "Write it as text, between quotes."
    if math.isfinite(value):
        return None
    return f"the number {value}, which JSON does not have", "Give a finite number, or text."


def _unfit_key(key: Any, place: str, value: Any) -> tuple[str, str, str] | None:
    if not isinstance(value, dict) or (isinstance(key, str) and _is_text(key)):
        return None
    what = f"an object with the key {ascii(key)[:60]}"
    return place, what, "Keys must be text that is valid Unicode."


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
