"""Finds the words that a text marks as code with backticks, and cuts texts around them."""

import re

_MARKED = re.compile(r"(?<!`)`([^`\n]{1,200})`(?!`)")


def spans(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of `text` in order, each with whether it was marked as code."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _MARKED.finditer(text):
        pieces += [(text[end : found.start()], False), (found[1], True)]
        end = found.end()
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]


def shortened(text: str, length: int) -> str:
    """Return `text`, cut between words with an ellipsis where it is longer than `length`."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    kept = kept.rsplit(None, 1)[0] if " " in kept.strip() else kept
    if kept.count("`") % 2:
        kept = kept[: kept.rindex("`")]
    return f"{kept.rstrip()}…"
