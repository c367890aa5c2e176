"""How much one answer holds: clients that want more ask for the next part."""

from typing import Annotated, Any, TypedDict

import msgspec
from pydantic import Field

from missioncontrol.domain.errors import Rejected

PART_MAX = 32_000
"""Characters, or bytes of an artifact, in one answer: about as many as a model reads at once."""

TEXT_MAX = 4_000
LIST_MAX = 200
ANSWER_BYTES_MAX = 256 * 1024

Offset = Annotated[int, Field(ge=0, description="Where the part begins; `next` of the one before.")]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[
    str, Field(max_length=1_000, description="`next` of the page before; empty for the first.")
]


class Part(TypedDict):
    """A part of a text."""

    text: str
    offset: int
    next: int | None  # where the next part begins; None where this is the last


def part_of(text: str, offset: int) -> Part:
    """Return what begins at `offset`, counted in characters."""
    end = offset + PART_MAX
    return Part(text=text[offset:end], offset=offset, next=end if end < len(text) else None)


def bounded(answer: Any) -> dict[str, Any]:
    """Return an answer as plain values; long texts and lists are cut, and say so.

    Raises:
        Rejected: `mcp.too_much`.
    """
    plain: dict[str, Any] = _cut(msgspec.to_builtins(answer))
    size = len(msgspec.json.encode(plain))
    if size > ANSWER_BYTES_MAX:
        raise Rejected(
            "mcp.too_much",
            f"The answer has {size:,} bytes; one holds at most {ANSWER_BYTES_MAX:,}.",
            hint="Ask for fewer at once, or for one of them.",
        )
    return plain


def _cut(value: Any) -> Any:
    match value:
        case str() if len(value) > TEXT_MAX:
            return f"{value[:TEXT_MAX]}… ({len(value) - TEXT_MAX:,} more characters)"
        case list() | tuple() if len(value) > LIST_MAX:
            return [*map(_cut, value[:LIST_MAX]), f"… ({len(value) - LIST_MAX:,} more)"]
        case list() | tuple():
            return [_cut(each) for each in value]
        case dict():
            return {name: _cut(each) for name, each in value.items()}
    return value
