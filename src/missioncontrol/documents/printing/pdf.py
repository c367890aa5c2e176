"""Documents as PDF: tagged, with an outline, and the same bytes on every machine."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from missioncontrol.documents.printing.blocks import (
    Block,
    Code,
    Document,
    Heading,
    Listing,
    Paragraph,
    Quote,
    Run,
    Table,
    with_blocks,
    with_runs,
)
from missioncontrol.documents.printing.diagrams import Drawing, drawings, is_drawn
from missioncontrol.documents.printing.fonts import HOW, families, folders, lacking, names, spelled
from missioncontrol.documents.printing.markdown_reader import document_of
from missioncontrol.documents.printing.render_process import FAULT, NotMade, Order, pressed
from missioncontrol.domain.errors import Rejected

HERE = Path(__file__).parent
ACCESSIBLE = ("ua-1",)
BREAK = "\u200b"
"""Where a word may be broken; a document has none of its own, see `domain.visible`."""
WORD_MAX, CELL_WORD_MAX, CODE_WORD_MAX = 40, 12, 90


def pdf_of(markdown: str, title: str, images: Mapping[str, str] | None = None) -> bytes:
    """Return PDF/UA-1 with the fonts of the press; `images` maps paths in `markdown` to SVG.

    The fonts have Latin, Greek, Cyrillic, Hebrew, symbols and some Arabic, and where the extra
    `fonts` is installed, what `fonts.covered` says. Any other character is written as its code
    point, such as `⟨U+65E5⟩`, and named at the end.

    Raises:
        Rejected: `document.too_large`, `document.unprinted`.
        Unavailable: `document.unprinted_in_time`.
    """
    document = document_of(markdown, title)
    found = drawings(images or {})
    try:
        return _pressed(document, found, ACCESSIBLE)
    except NotMade:
        # Either a drawing that is XML but no picture, or a rule of PDF/UA that can't be met.
        found = {path: drawing for path, drawing in found.items() if is_drawn(drawing)}
    try:
        return _pressed(document, found, ())
    except NotMade as fault:
        raise Rejected(
            FAULT, f"The document can't be printed: {fault}", hint="Take it as HTML or Markdown."
        ) from fault


def _pressed(document: Document, found: Mapping[str, Drawing], standards: tuple[str, ...]) -> bytes:
    drawn = msgspec.json.encode(found, order="deterministic").decode()
    text = msgspec.json.encode(document).decode() + drawn
    unknown = lacking(text)
    blocks = (*map(_breakable, document.blocks), *(_note(unknown) if unknown else ()))
    whole = Document(document.title, blocks, document.language)
    inputs = {
        "title": document.title,
        "foot": spelled(document.title),
        "language": document.language,
        "document": spelled(msgspec.json.encode(whole).decode()),
        "drawings": spelled(drawn),
        "fonts": msgspec.json.encode(families(text)).decode(),
    }
    source = (HERE / "page.typ").read_text("utf-8")
    return pressed(Order(source, inputs, "pdf", standards=standards, fonts=folders()))


def _breakable(block: Block) -> Block:
    """Mark where words may be broken that would run out of their column or their page."""
    if isinstance(block, Code):
        return Code(_marked(block.text, CODE_WORD_MAX), block.language)
    if isinstance(block, Listing | Quote):
        return with_blocks(block, _breakable)
    longest = CELL_WORD_MAX if isinstance(block, Table) and block.widths else WORD_MAX
    return with_runs(
        block,
        lambda runs: tuple(
            msgspec.structs.replace(run, text=_marked(run.text, longest)) for run in runs
        ),
    )


def _marked(text: str, longest: int) -> str:
    return re.sub(rf"\S{{{longest + 1},}}", lambda found: _broken(found[0], longest), text)


def _broken(word: str, longest: int) -> str:
    """Break a word behind its marks, and any part of it that is too long after so many letters."""
    parts = re.findall(rf"[^/._,:=|&?-]{{1,{longest}}}[/._,:=|&?-]*|[/._,:=|&?-]+", word)
    return BREAK.join(parts)


def _more() -> str:
    """Say how the fonts are had that most such characters are in, where they are not there."""
    return "" if folders() else f" Where the document is made, {HOW} gives most of them a shape."


def _note(characters: tuple[str, ...]) -> tuple[Block, ...]:
    words = (
        "The fonts of this file have no shape for these characters, so each stands as its code "
        f"point; as HTML, DOCX and Markdown the document has them: {names(characters)}.{_more()}"
    )
    return (Heading(2, (Run("Characters written as code points"),)), Paragraph((Run(words),)))
