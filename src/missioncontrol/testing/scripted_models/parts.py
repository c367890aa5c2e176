"""Server-sent events, and texts in pieces."""

from typing import Any

import msgspec

Event = bytes
"""One server-sent event with the empty line that ends it."""


def json_event(data: dict[str, Any], name: str = "") -> Event:
    """Return an event that carries `data`."""
    begun = f"event: {name}\n".encode() if name else b""
    return begun + b"data: " + msgspec.json.encode(data) + b"\n\n"


def pieces(text: str, count: int) -> list[str]:
    """Return `text` in at most `count` parts of about the same length; none where it is empty."""
    length = -(-len(text) // max(count, 1)) or 1
    return [text[at : at + length] for at in range(0, len(text), length)]
