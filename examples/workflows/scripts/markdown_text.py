"""Reads the part of Markdown that handbooks need: headings, links, lists, code, emphasis."""

import html
import re
from typing import NamedTuple

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
ITEM = re.compile(r"^\s*([-*+]|\d+[.)])\s+(.*)$", re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(\s*<?([^\s)>]+)>?(?:\s+[^)]*)?\)")
CODE = re.compile(r"`([^`]+)`")


class Heading(NamedTuple):
    """A heading, its level from 1 to 6, and the line it stands on, from 1."""

    level: int
    text: str
    line: int


class Line(NamedTuple):
    """A line outside of code, or one of code with `language` set, '' included."""

    number: int
    text: str
    language: "str | None" = None


def lines_of(text: str) -> "list[Line]":
    """Return all lines but the fences themselves."""
    found, fence, language = [], "", None
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line)
        if mark and not fence:
            fence, language = mark[1], mark[2]
        elif mark and mark[1].startswith(fence):
            fence, language = "", None
        else:
            found.append(Line(number, line, language if fence else None))
    return found


def headings_of(text: str) -> "list[Heading]":
    """Return the headings in order."""
    found = []
    for line in lines_of(text):
        mark = HEADING.match(line.text) if line.language is None else None
        if mark:
            found.append(Heading(len(mark[1]), mark[2], line.number))
    return found


def anchor_of(text: str) -> str:
    """Return what a heading is called in links: lower-case words with hyphens between them."""
    plain = LINK.sub(r"\2", text).replace("`", "").lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain).strip())


def anchors_of(headings: "list[Heading]") -> "list[str]":
    """Return the anchors of headings; the second of a name gets -1, as on code forges."""
    seen: dict[str, int] = {}
    found = []
    for heading in headings:
        anchor = anchor_of(heading.text)
        turn = seen.get(anchor, 0)
        seen[anchor] = turn + 1
        found.append(f"{anchor}-{turn}" if turn else anchor)
    return found


def links_of(text: str) -> "list[tuple[int, str]]":
    """Return the targets of all links and pictures, with their lines."""
    return [
        (line.number, mark[3])
        for line in lines_of(text)
        if line.language is None
        for mark in LINK.finditer(CODE.sub("", line.text))
    ]


def inline(text: str) -> str:
    """Return one line of text as HTML."""
    parts = CODE.split(text)
    return "".join(
        f"<code>{html.escape(part)}</code>" if number % 2 else _marked(part)
        for number, part in enumerate(parts)
    )


def _marked(text: str) -> str:
    safe = html.escape(text, quote=True)
    safe = LINK.sub(_link, safe)
    safe = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe)
    return re.sub(r"(?<![\w*])[*_]([^*_]+)[*_](?![\w*])", r"<em>\1</em>", safe)


def _link(mark: "re.Match[str]") -> str:
    target = mark[3]
    if re.match(r"(?!https?:|mailto:)[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
        return mark[2]  # No script and no data may hide in a link.
    if mark[1]:
        return f'<img src="{target}" alt="{mark[2]}">'
    return f'<a href="{target}">{mark[2]}</a>'
