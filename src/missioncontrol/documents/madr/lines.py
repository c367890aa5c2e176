"""The syntax of lines of decision records, and the escape of texts that look like it."""

import re
from collections.abc import Iterator

HEADING = re.compile(r"(#{1,6})[ \t]+(.*\S)[ \t]*")
UNDERLINE = re.compile(r"(=+|-{3,})[ \t]*")
FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
ITEM = re.compile(r"[*+-][ \t]+(.*)")
ARGUED = re.compile(r"(?is)(good|neutral|bad)\b[ ,:]*(?:because\b[ ,:]*)?(.+)")
OUR_ARGUED = re.compile(r"(?s)(Good|Neutral|Bad), because(?::(?= [^\W\d_]))? (.+)")
OUTCOME = "<!-- outcome -->"
"""Stands before what was decided where that begins as the naming of an option does."""
BEGINS_LIKE_A_CHOICE = re.compile(r"(?i)chosen option|because\b|<!-- outcome -->")
_MEANING = re.compile(
    r"(\\*)(?:#|`{3}|~{3}|=+[ \t]*$|-+[ \t]*$|[*+-][ \t]+(?:good|neutral|bad)\b)",
    re.IGNORECASE,
)


def escaped(text: str) -> str:
    """Return a text whose lines outside of code mean nothing to who reads the file by parts."""
    lines = []
    for line, is_code in in_fences(text.split("\n"), closed_only=True):
        lines.append(line if is_code or not _MEANING.match(line) else f"\\{line}")
    return "\n".join(lines)


def unescaped(text: str) -> str:
    """Return what `escaped` was given."""
    lines = []
    for line, is_code in in_fences(text.split("\n"), closed_only=True):
        is_plain = is_code or not line.startswith("\\") or not _MEANING.match(line)
        lines.append(line if is_plain else line[1:])
    return "\n".join(lines)


def in_fences(lines: list[str], *, closed_only: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each line and whether it is code between fences, these included.

    An open fence reaches to the end, or, where `closed_only`, counts for nothing.
    """
    number = 0
    while number < len(lines):
        end = _end_of_fence(lines, number)
        if end is None and not closed_only and _opens(lines[number]):
            end = len(lines) - 1
        if end is None:
            yield lines[number], False
            number += 1
            continue
        for line in lines[number : end + 1]:
            yield line, True
        number = end + 1


def _opens(line: str) -> str:
    """Return the mark of the fence that a line opens, or ""."""
    found = FENCE.fullmatch(line)
    if not found or (found[1][0] == "`" and "`" in found[2]):
        return ""
    return found[1]


def _end_of_fence(lines: list[str], begin: int) -> int | None:
    mark = _opens(lines[begin])
    if not mark:
        return None
    closing = re.compile(rf"{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
    for number in range(begin + 1, len(lines)):
        if closing.fullmatch(lines[number]):
            return number
    return None


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@()+-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def scalar(text: str) -> str:
    """Return a text as a value of YAML: plain where nothing in it has a meaning, else in quotes."""
    is_plain = _PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in _WORDS
    if is_plain and not text[0].isdigit():
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted) + '"'
