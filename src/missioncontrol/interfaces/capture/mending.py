"""What can be saved of JSON that can't be read as a whole: repaired, or split by position."""

import re
from collections.abc import Iterator

TAKEN_APART_MAX = 1024 * 1024
"""Bytes; looking for what is wrong in more would keep others waiting."""

_ESCAPE = re.compile(rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u|.)")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)
_LONE_LOW = re.compile(rb"u[dD][c-fC-F][0-9a-fA-F]{2}")
REPLACED = rb"\ufffd"


def mended(text: bytes) -> bytes:
    """Return a text without bytes that are no UTF-8, and without halves of pairs of surrogates.

    Browsers make such halves where a program cuts through the middle of an emoji.
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("utf-8", "replace").encode()
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    parts, at = [], 0
    for found in _ESCAPE.finditer(text):
        start = found.start()
        is_half = bool(found[1]) and not found[2]
        if is_half or _LONE_LOW.match(text, start + 1):
            parts += [text[at:start], REPLACED]
            at = start + 6
    return b"".join([*parts, text[at:]])


def taken_apart(text: bytes) -> tuple[bytes, list[bytes]] | None:
    """Return a text of an object with the list `batch`, emptied, and the elements of that list.

    None where there is no such list, or where it does not end. Nothing else is looked at: whether
    an element can be read is seen when it is.
    """
    if len(text) > TAKEN_APART_MAX:
        return None
    tokens = _TOKEN.finditer(text)
    begin = _begin(tokens, text)
    if begin is None:
        return None
    elements, depth, since = [], 1, begin
    for found in tokens:
        token = text[found.start()]
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        if depth == 0 or (depth == 1 and token == 0x2C):  # a comma
            elements.append(text[since : found.start()].strip())
            since = found.end()
        if depth == 0:
            empty = elements == [b""]
            return text[:begin] + text[found.start() :], [] if empty else elements
    return None


def _begin(tokens: Iterator[re.Match[bytes]], text: bytes) -> int | None:
    """Return where the first element of the list `batch` begins."""
    depth, is_named = 0, False
    for found in tokens:
        token = text[found.start()]
        if depth == 1 and is_named and token == 0x5B:  # [
            return found.end()
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        is_named = found[0] == b'"batch"'
    return None
