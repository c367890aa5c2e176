"""Keeps packs within their budget of tokens: excerpts go first, then texts become shorter."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from missioncontrol.specialists.writer.pack import Budget, Reading

CHARACTERS_PER_TOKEN = 4
LENGTHS = (600, 300, 150, 80, 40)
"""Characters of a text, tried one after the other where a pack is too large without excerpts."""
COUNT_ROUNDS = 4
UNCLIPPED = frozenset(
    {"id", "key", "path", "place", "command", "environment", "evidence", "schema", "rule"}
    | {"after", "read", "tokens", "title"}
)
"""What says nothing any more once it is cut, or is short anyway."""

P = TypeVar("P", bound="msgspec.Struct")
Make = Callable[[int], P]
"""Makes a pack with so many of the wanted excerpts, the most relevant ones."""


def rule(name: str) -> str:
    """Say how tokens are counted."""
    return f"one token for every {CHARACTERS_PER_TOKEN} characters of {name}, rounded up"


def tokens(text: str) -> int:
    """Count tokens by the rule that the packs state."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def held(
    make: Make[P],
    write: Callable[[P], str],
    wanted: Sequence[Reading],
    write_reading: Callable[[Reading], Iterator[str]],
    tokens_max: int,
) -> P:
    """Return the largest pack that its budget has room for.

    Where even the one without excerpts is too large, its texts are cut to one length for all.
    """
    bare = make(0)
    used = tokens(write(bare))
    if used > tokens_max:
        return _counted(_shortened(bare, write, tokens_max), write)
    size = 0
    # Counted as if each were named as dropped too: a little too careful, never too large.
    for each in wanted:
        used += tokens("\n".join(write_reading(each))) + 1
        if used > tokens_max:
            break
        size += 1
    return _counted(make(size), write)


def _shortened(pack: P, write: Callable[[P], str], tokens_max: int) -> P:
    for length in LENGTHS:
        shorter = _cut(pack, length)
        if tokens(write(shorter)) <= tokens_max:
            break
    return shorter


def _cut(pack: P, length: int) -> P:
    found = _clipped(msgspec.to_builtins(pack), length)
    found["budget"]["cut"] = length
    return msgspec.convert(found, type(pack))


def _clipped(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= length else f"{value[: length - 1].rstrip()}…"
    if isinstance(value, list | tuple):
        return [_clipped(each, length) for each in value]
    if isinstance(value, dict):
        return {
            name: each if name in UNCLIPPED else _clipped(each, length)
            for name, each in value.items()
        }
    return value


def _counted(pack: P, write: Callable[[P], str]) -> P:
    """Write the count into the pack: it is a part of what it counts, so until it stands still."""
    for _ in range(COUNT_ROUNDS):
        budget: Budget = pack.budget  # type: ignore[attr-defined]
        counted = msgspec.structs.replace(budget, tokens=tokens(write(pack)))
        pack = msgspec.structs.replace(pack, budget=counted)
    return pack
