"""Remembers how many tokens earlier requests of a conversation were, to bound the next one."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

MERGED_TOKENS = 64
"""Tokens that may differ where the new part meets what was there before."""

REQUESTS_MAX = 8
"""Of one caller and model: subagents and side calls of a tool come between those of its own."""

CONVERSATIONS_MAX = 2_000
ITEMS_MAX = 5_000

_TEXT = ("system", "instructions")
"""Fields that a model reads as text: where they differ, each byte counts as a token."""

_ITEMS = ("messages", "input")
_NOT_READ = frozenset(
    {"model", "stream", "stream_options", "max_tokens", "max_completion_tokens"}
    | {"max_output_tokens", *_TEXT, *_ITEMS}
)
"""Fields that are compared on their own, or that change nothing of what is counted as input."""

_MARK = "cache_control"
"""Anthropic's mark of where a cache ends: it moves along with a conversation and is no input."""


class Part(msgspec.Struct, frozen=True):
    """A message, or another piece that is counted as a whole."""

    digest: bytes
    size: int  # bytes


class _Shape(msgspec.Struct, frozen=True):
    """A request, as far as its count of tokens depends on it."""

    frame: bytes  # digest of all that has to be equal
    parts: tuple[Part, ...]


class _Counted(msgspec.Struct, frozen=True):
    shape: _Shape
    tokens: int


class Conversations:
    """Requests of each caller and model, with the tokens that their upstream counted."""

    def __init__(self) -> None:
        """Start with no conversations."""
        self._known: OrderedDict[tuple[str, str], tuple[_Counted, ...]] = OrderedDict()

    def remember(self, caller: str, model: str, fields: Mapping[str, Any], tokens: int) -> None:
        """Keep a request whose input tokens an upstream has counted."""
        shape = _shape(fields)
        if len(shape.parts) > ITEMS_MAX:
            return
        known = self._known.pop((caller, model), ())
        others = [each for each in known if each.shape != shape]
        self._known[caller, model] = (_Counted(shape, tokens), *others)[:REQUESTS_MAX]
        while len(self._known) > CONVERSATIONS_MAX:
            self._known.popitem(last=False)

    def forget(self, caller: str, model: str) -> None:
        """Forget a caller's requests of a model: one of its bounds did not hold."""
        self._known.pop((caller, model), None)

    def bound(self, caller: str, model: str, fields: Mapping[str, Any]) -> int | None:
        """Return the most input tokens of a request; None where none like it is known.

        The messages that it shares with an earlier one are no more tokens than that one was, and a
        byte of the others is at most one token. Settings have to be equal: an upstream may cut a
        request short by one of them, or not read a field that it does read elsewhere.
        """
        known = self._known.get((caller, model), ())
        shape = _shape(fields) if known else None
        found = [
            each.tokens + _new_bytes(each.shape.parts, shape.parts) + MERGED_TOKENS
            for each in known
            if shape is not None and each.shape.frame == shape.frame
        ]
        return min(found, default=None)


def _new_bytes(before: tuple[Part, ...], now: tuple[Part, ...]) -> int:
    """Return the bytes of what is in `now` between its shared beginning and its shared end."""
    first = _shared(before, now)
    last = _shared(before[first:][::-1], now[first:][::-1])
    return sum(part.size for part in now[first : len(now) - last])


def _shared(one: tuple[Part, ...], other: tuple[Part, ...]) -> int:
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))


def _shape(fields: Mapping[str, Any]) -> _Shape:
    settings = {name: value for name, value in fields.items() if name not in _NOT_READ}
    frame = msgspec.json.encode([settings, [name in fields for name in _ITEMS]], order="sorted")
    return _Shape(_digest(frame), tuple(_parts(fields)))


def _parts(fields: Mapping[str, Any]) -> Iterator[Part]:
    for name in (*_TEXT, *_ITEMS):
        value = fields.get(name)
        for item in value if isinstance(value, list) else [value]:
            content = msgspec.json.encode(_without_marks(item))
            yield Part(_digest(name.encode() + content), len(content))


def _without_marks(item: Any) -> Any:
    """Return a message without marks of a cache, which stand in it or in its pieces."""
    if not isinstance(item, dict):
        return item
    unmarked = {name: value for name, value in item.items() if name != _MARK}
    if isinstance(pieces := unmarked.get("content"), list):
        unmarked["content"] = [
            {name: value for name, value in piece.items() if name != _MARK}
            if isinstance(piece, dict)
            else piece
            for piece in pieces
        ]
    return unmarked


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
