"""Documents as one HTML file that loads nothing and runs nothing."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from missioncontrol.documents.printing.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Listing,
    Paragraph,
    Picture,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from missioncontrol.documents.printing.diagrams import Drawing, drawings
from missioncontrol.documents.printing.markdown_reader import document_of, picture_words

_STYLE = Path(__file__).with_name("page.css")
_CLASSES = {"left": "", "right": "r", "center": "c"}
_EMPTY = Markup()

Drawings = Mapping[str, Drawing]


def html_of(markdown: str, title: str, images: Mapping[str, str] | None = None) -> str:
    """Return the page; `images` maps paths in `markdown` to SVG, which become a part of it.

    Raises:
        Rejected: `document.too_large`.
    """
    document = document_of(markdown, title)
    style = _STYLE.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    return str(
        Markup(
            '<!doctype html>\n<html lang="{}">\n<head>\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" content="{}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n"
            "</body>\n</html>\n"
        ).format(
            document.language,
            policy,
            document.title,
            Markup(style),  # noqa: S704 - a file of ours
            _blocks(document.blocks, drawings(images or {})),
        )
    )


def fragment_of(markdown: str, title: str, images: Mapping[str, str] | None = None) -> Markup:
    """Return what `html_of` has in its body, for a page that has a head of its own.

    Raises:
        Rejected: `document.too_large`.
    """
    return _blocks(document_of(markdown, title).blocks, drawings(images or {}))


def _blocks(blocks: tuple[Block, ...], known: Drawings) -> Markup:
    return _EMPTY.join(_block(block, known) for block in blocks)


def _block(block: Block, known: Drawings) -> Markup:
    match block:
        case Heading(level, runs, anchors):
            body = _anchored(anchors[:-1]) + _runs(runs)
            name = Markup(' id="{}"').format(anchors[-1]) if anchors else _EMPTY
            return Markup("<h{}{}>{}</h{}>\n").format(level, name, body, level)
        case Paragraph(runs, anchors):
            return Markup("<p>{}{}</p>\n").format(_anchored(anchors), _runs(runs))
        case Code(text):
            return Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(text)
        case Rule():
            return Markup("<hr>\n")
        case Picture():
            return _picture(block, known)
        case Table():
            return _table(block)
        case Listing():
            return _list(block, known)
        case Quote(blocks):
            return Markup("<blockquote>\n{}</blockquote>\n").format(_blocks(blocks, known))


def _anchored(anchors: tuple[str, ...]) -> Markup:
    return _EMPTY.join(Markup('<a id="{}"></a>').format(each) for each in anchors)


def _runs(runs: Runs) -> Markup:
    return _EMPTY.join(map(_run, runs))


_LOOKS: tuple[tuple[Callable[[Run], Any], Markup], ...] = (
    (lambda run: run.code, Markup("<code>{}</code>")),
    (lambda run: run.struck, Markup("<del>{}</del>")),
    (lambda run: run.emphasis, Markup("<em>{}</em>")),
    (lambda run: run.strong, Markup("<strong>{}</strong>")),
)


def _run(run: Run) -> Markup:
    words = Markup("<br>\n").join(run.text.split("\n"))
    for has, form in _LOOKS:
        words = form.format(words) if has(run) else words
    if run.href:
        rel = "nofollow noopener noreferrer"
        return Markup('<a href="{}" rel="{}">{}</a>').format(run.href, rel, words)
    return Markup('<a href="#{}">{}</a>').format(run.to, words) if run.to else words


def _picture(picture: Picture, known: Drawings) -> Markup:
    drawing = known.get(picture.path)
    if drawing is None:
        return Markup('<p class="dim">{}</p>\n').format(picture_words(picture.alt))
    # As the source of an image, an SVG can neither run scripts nor load anything.
    data = f"data:image/svg+xml;base64,{base64.b64encode(drawing.svg.encode()).decode()}"
    return Markup(
        '<figure><img src="{}" alt="{}" width="{:.0f}" height="{:.0f}"></figure>\n'
    ).format(data, picture.alt or picture.path, drawing.width, drawing.height)


def _table(table: Table) -> Markup:
    classes = [
        Markup(' class="{}"').format(_CLASSES[each]) if _CLASSES[each] else _EMPTY
        for each in table.aligns
    ]
    head = _EMPTY.join(
        Markup('<th scope="col"{}>{}</th>').format(name, _runs(cell))
        for name, cell in zip(classes, table.head, strict=True)
    )
    rows = _EMPTY.join(
        Markup("<tr>{}</tr>\n").format(
            _EMPTY.join(
                Markup("<td{}>{}</td>").format(name, _runs(cell))
                for name, cell in zip(classes, row, strict=True)
            )
        )
        for row in table.rows
    )
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>\n'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n"
    ).format(head, rows)


def _list(listing: Listing, known: Drawings) -> Markup:
    items = _EMPTY.join(map(partial(_item, known=known), listing.items))
    boxed = all(each.done is not None for each in listing.items)
    classes = " ".join(filter(None, ("tight" * listing.tight, "boxes" * boxed)))
    name = Markup(' class="{}"').format(classes) if classes else _EMPTY
    if listing.start is None:
        return Markup("<ul{}>\n{}</ul>\n").format(name, items)
    start = Markup(' start="{}"').format(listing.start) if listing.start != 1 else _EMPTY
    return Markup("<ol{}{}>\n{}</ol>\n").format(name, start, items)


def _item(item: Item, known: Drawings) -> Markup:
    if item.done is None:
        return Markup("<li>{}</li>\n").format(_blocks(item.blocks, known))
    first, *rest = item.blocks
    assert isinstance(first, Paragraph)  # what has a box begins with it
    box = Markup('<span class="box" role="img" aria-label="{}">{}</span>').format(
        "done" if item.done else "to do", "☑" if item.done else "☐"
    )
    head = Markup("<p>{}{}{}</p>\n").format(box, _anchored(first.anchors), _runs(first.runs))
    return Markup("<li>{}{}</li>\n").format(head, _blocks(tuple(rest), known))
