"""Finds the words that a text marks as code with backticks, and cuts texts around them."""

import re

_PATH = re.compile(
    r"(?<![\w`/.:@-])(?:[\w.@+-]+/)*[\w@+-][\w.@+-]+\.[a-z][a-z0-9]{0,5}(?::\d+)?(?![\w/])"
)
"""A path with an ending: `src/app.py`, `pyproject.toml:12`."""
_MARKED = re.compile(r"(?<!`)`([^`\n]{1,200})`(?!`)")


def spans(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of `text` in order, each with whether it was marked as code."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _MARKED.finditer(text):
        pieces += [(text[end : found.start()], False), (found[1], True)]
        end = found.end()
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]


def marked_paths(text: str) -> str:
    """Return `text` with the paths of files in it marked as code, with their lines."""
    return "".join(
        f"`{piece}`" if is_code else _PATH.sub(r"`\g<0>`", piece) for piece, is_code in spans(text)
    )


def shortened(text: str, length: int) -> str:
    """Return `text`, cut between words with an ellipsis where it is longer than `length`."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    kept = kept.rsplit(None, 1)[0] if " " in kept.strip() else kept
    if kept.count("`") % 2:
        kept = kept[: kept.rindex("`")]
    return f"{_closed(kept).rstrip(' ,;:(-')}…"


def _closed(kept: str) -> str:
    """Return the text up to the bracket that it would leave open, unless little would be left."""
    is_code = False
    opened: list[int] = []
    for place, letter in enumerate(kept):
        if letter == "`":
            is_code = not is_code
        elif letter == "(" and not is_code:
            opened.append(place)
        elif letter == ")" and not is_code and opened:
            opened.pop()
    return kept[: opened[0]] if opened and opened[0] > len(kept) // 2 else kept
