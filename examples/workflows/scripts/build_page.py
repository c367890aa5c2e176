"""Builds handbook.html from collected documents: `build_page.py INDEX.json TITLE`.

The documents lie below documents/. Links between them lead to their places in the page.
"""

import html
import json
import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown_text import HEADING, ITEM, Line, anchors_of, headings_of, inline, lines_of

STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.6 system-ui,sans-serif}"
    "td{border:1px solid #ccc;padding:.2rem .5rem}table{border-collapse:collapse}"
    "pre{background:#f4f4f4;padding:.8rem;overflow:auto}nav{border-bottom:1px solid #ccc}"
)


def place_of(path: str, anchor: str = "") -> str:
    """Return the id of a document, or of a heading in it."""
    stem = re.sub(r"[^\w-]", "-", path.removesuffix(".md"))
    return f"{stem}--{anchor}" if anchor else stem


def moved(content: str, path: str, index: "dict[str, Any]") -> str:
    """Point links between documents to their places in the page."""

    def link(mark: "re.Match[str]") -> str:
        place, _, anchor = html.unescape(mark[1]).partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), place)) if place else path
        return f'href="#{place_of(file, anchor)}"' if file in index else mark[0]

    return re.sub(r'href="([^"]*)"', link, content)


def blocks(text: str) -> Iterator["tuple[str, list[str]]"]:
    """Yield the blocks of a document: the tag that each becomes, and its lines."""
    tag, before = "", 0
    lines: list[str] = []
    for line in lines_of(text):
        now = _tag_of(line, tag)
        # A heading is a block by itself, and so is code behind a fence of its own.
        apart = now == "h" or (now == "pre" and line.number != before + 1)
        if lines and (now != tag or apart):
            yield tag, lines
            lines = []
        tag, before = now, line.number
        if tag:
            lines.append(line.text)
    if lines:
        yield tag, lines


def _tag_of(line: Line, before: str) -> str:
    text = line.text
    item = ITEM.match(text)
    if line.language is not None:
        return "pre"
    if not text.strip():
        return ""
    if HEADING.match(text):
        return "h"
    if item:
        return "ol" if item[1][0].isdigit() else "ul"
    if text.startswith("|"):
        return "table"
    return before if before in ("ul", "ol") and text[0] == " " else "p"


def written(tag: str, lines: "list[str]") -> str:
    """Return a block as HTML; the caller, which knows their place, writes the headings."""
    if tag == "pre":
        return f"<pre>{html.escape(chr(10).join(lines))}</pre>"
    if tag == "table":
        rows = [line.strip().strip("|").split("|") for line in lines]
        cells = ["".join(f"<td>{inline(cell.strip())}</td>" for cell in row) for row in rows]
        table_rows = [
            line for row, line in zip(rows, cells, strict=True) if set("".join(row)) - set(" :-")
        ]
        return f"<table>{''.join(f'<tr>{line}</tr>' for line in table_rows)}</table>"
    if tag in ("ul", "ol"):
        items = re.split(r"\n(?=\s*(?:[-*+]|\d+[.)])\s)", "\n".join(lines))
        texts = [inline(" ".join(ITEM.sub(r"\2", item, count=1).split())) for item in items]
        return f"<{tag}>{''.join(f'<li>{text}</li>' for text in texts)}</{tag}>"
    return f"<p>{inline(' '.join(lines))}</p>"


def section(path: str, text: str) -> str:
    """Return a document as HTML."""
    anchors = iter(anchors_of(headings_of(text)))
    found = []
    for tag, lines in blocks(text):
        heading = HEADING.match(lines[0]) if tag == "h" else None
        if heading:
            level, place = len(heading[1]), place_of(path, next(anchors))
            found.append(f'<h{level} id="{place}">{inline(heading[2])}</h{level}>')
        else:
            found.append(written(tag, lines))
    return "\n".join(found)


def main() -> None:
    """Build."""
    index = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    title = html.escape(sys.argv[2])
    contents, sections = [], []
    for path, known in index.items():
        name = html.escape(known["title"] or path)
        contents.append(f'<li><a href="#{place_of(path)}">{name}</a></li>')
        text = Path("documents", path).read_text(encoding="utf-8", errors="replace")
        body = moved(section(path, text), path, index)
        sections.append(f'<section id="{place_of(path)}">\n{body}\n</section>')
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    nav = f"<nav><h1>{title}</h1><ol>{''.join(contents)}</ol></nav>"
    page = f'<!doctype html><html lang="en">{head}\n{nav}\n' + "\n".join(sections) + "\n</html>\n"
    Path("handbook.html").write_text(page, encoding="utf-8")
    print(json.dumps({"documents": len(index), "characters": len(page)}))


main()
