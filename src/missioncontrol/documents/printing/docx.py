"""Documents as DOCX: headings, lists, tables and links of Word's own, in bytes that repeat."""

# What python-docx has no words for is written into its elements, which are private by name only.
# ruff: noqa: SLF001

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Pt, RGBColor
from docx.text.paragraph import Paragraph as Line

from missioncontrol.documents.printing.blocks import (
    Block,
    Code,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from missioncontrol.documents.printing.diagrams import drawings, png_of
from missioncontrol.documents.printing.markdown_reader import document_of, picture_words
from missioncontrol.domain.errors import Rejected

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: an entry's own time would say when it was packed."""
MADE = datetime(1980, 1, 1, tzinfo=UTC)
BLOCKS_MAX = 30_000
"""Lines and cells: each takes about half a millisecond."""
INDENT = Pt(18)
MONO = "Consolas"
LINK = RGBColor(0x00, 0x5D, 0xB1)
QUIET = RGBColor(0x47, 0x51, 0x4D)
PIXEL = 9525
"""English Metric Units in a CSS pixel."""
WIDTH_MAX, HEIGHT_MAX = 610, 850
"""Pixels of a drawing that fit on the page."""
LEVEL_MAX = 8  # of lists, as Word counts them from 0
BOOKMARK_MAX = 40
TABLES = frozenset({"TableNormal", "LightList"})
BULLETS, NUMBERS = 9000, 9001
"""Of our lists among those of the empty document."""


def docx_of(markdown: str, title: str, images: Mapping[str, str] | None = None) -> bytes:
    """Return the file; `images` maps paths in `markdown` to SVG, which is stored as PNG.

    Raises:
        Rejected: `document.too_large`.
        Unavailable: a drawing takes too long.
    """
    document = document_of(markdown, title)
    if _weight(document.blocks) > BLOCKS_MAX:
        raise Rejected(
            "document.too_large",
            f"The document has more than {BLOCKS_MAX:,} paragraphs and cells.",
            hint="Take it as Markdown, HTML or PDF, or print its parts.",
        )
    paper = docx.Document()
    _slim(paper)
    _set_up(paper, document.title, document.language)
    _Printer(paper, images or {}).print(document.blocks)
    packed = io.BytesIO()
    paper.save(packed)
    return _dated(packed.getvalue())


def _weight(blocks: tuple[Block, ...]) -> int:
    """Count what is a paragraph of its own in the end."""
    count = 0
    for block in blocks:
        match block:
            case Table(head, rows):
                count += len(head) * (len(rows) + 1)
            case Listing(items):
                count += sum(_weight(item.blocks) for item in items)
            case Quote(inside):
                count += _weight(inside)
            case _:
                count += 1
    return count


def _set_up(paper: Paper, title: str, language: str) -> None:
    core = paper.core_properties
    core.title, core.language = title[:255], language
    core.author = core.last_modified_by = "Mission Control"
    core.comments, core.created, core.modified = "", MADE, MADE
    normal = paper.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    normal.element.rPr.append(_element("w:lang", val=f"{language}-GB"))
    code = paper.styles.add_style("Code", 1)
    code.base_style = normal
    code.font.name, code.font.size = MONO, Pt(8.5)
    code.paragraph_format.space_after = Pt(8)
    code.element.get_or_add_pPr().append(
        _element("w:shd", val="clear", color="auto", fill="F2F5F4")
    )
    _add_lists(paper)
    inline = paper.styles.add_style("Code in text", 2)
    inline.font.name = MONO
    inline.font.size = Pt(9)


def _slim(paper: Paper) -> None:
    """Leave out what the empty document brings along and ours never uses."""
    package = paper.part.package
    for part in (package, paper.part):
        for name, relation in list(part.rels.items()):
            if relation.reltype.endswith(("/thumbnail", "/stylesWithEffects")):
                del part.rels[name]
    styles = paper.styles.element
    for style in list(styles):
        if style.get(qn("w:type")) == "table" and style.get(qn("w:styleId")) not in TABLES:
            styles.remove(style)


def _element(tag: str, /, **attributes: str) -> Any:
    found = OxmlElement(tag)
    for key, value in attributes.items():
        found.set(qn(f"w:{key}"), value)
    return found


class _Printer:
    """Writes blocks, one behind the other."""

    def __init__(self, paper: Paper, images: Mapping[str, str]) -> None:
        self._paper = paper
        self._images = images
        self._drawings = drawings(images)
        self._names: dict[str, str] = {}
        self._lists = 0
        self._styles = {style.name: style.style_id for style in paper.styles}

    def print(self, blocks: tuple[Block, ...], depth: int = 0) -> None:
        """Write `blocks`, indented where they stand inside of others."""
        for block in blocks:
            self._block(block, depth)

    def _line(self, depth: int, style: str | None = None) -> Line:
        line = self._paper.add_paragraph()
        if style:
            line._p.style = self._styles[style]  # By its id: looking it up goes through all.
        if depth:
            line.paragraph_format.left_indent = INDENT * depth
        return line

    def _block(self, block: Block, depth: int) -> None:
        match block:
            case Heading(level, runs, anchors):
                self._runs(self._line(0, f"Heading {min(level, 9)}"), runs, anchors)
            case Paragraph(runs, anchors):
                self._runs(self._line(depth), runs, anchors)
            case Code(text):
                self._line(depth, "Code").add_run(text)
            case Rule():
                self._rule()
            case Picture():
                self._picture(block, depth)
            case Table():
                self._table(block)
            case Listing():
                self._list(block, depth)
            case Quote(blocks):
                self.print(blocks, depth + 1)

    def _rule(self) -> None:
        borders = _element("w:pBdr")
        borders.append(_element("w:bottom", val="single", sz="4", space="1", color="C2C9C6"))
        self._line(0)._p.get_or_add_pPr().append(borders)

    def _runs(self, line: Line, runs: Runs, anchors: tuple[str, ...] = ()) -> None:
        for anchor in anchors:
            self._bookmark(line, anchor)
        for run in runs:
            self._run(line, run)

    def _bookmark(self, line: Line, anchor: str) -> None:
        name = self._name(anchor)
        number = name.rpartition("_")[2]
        line._p.append(_element("w:bookmarkStart", id=number, name=name))
        line._p.append(_element("w:bookmarkEnd", id=number))

    def _name(self, anchor: str) -> str:
        """Return a bookmark's name, which is short and has no blanks."""
        if anchor not in self._names:
            bare = "".join(each if each.isalnum() else "_" for each in anchor)
            self._names[anchor] = f"p_{bare[: BOOKMARK_MAX - 10]}_{len(self._names) + 1}"
        return self._names[anchor]

    def _run(self, line: Line, run: Run) -> None:
        made = line.add_run(run.text)
        made.bold, made.italic = run.strong or None, run.emphasis or None
        made.font.strike = run.struck or None
        if run.code:
            made._r.style = self._styles["Code in text"]
        if not (run.href or run.to):
            return
        made.font.color.rgb, made.font.underline = LINK, True
        link = OxmlElement("w:hyperlink")
        if run.href:
            relation = line.part.relate_to(run.href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            link.set(qn("r:id"), relation)
        else:
            link.set(qn("w:anchor"), self._name(run.to))
        line._p.remove(made._r)
        link.append(made._r)
        line._p.append(link)

    def _picture(self, picture: Picture, depth: int) -> None:
        drawing = self._drawings.get(picture.path)
        line = self._line(depth)
        if drawing is not None:
            try:
                content = png_of(self._images[picture.path])
            except Rejected:
                drawing = None  # It is XML, and no picture.
        if drawing is None:
            line.add_run(picture_words(picture.alt)).font.color.rgb = QUIET
            return
        scale = min(1.0, WIDTH_MAX / drawing.width, HEIGHT_MAX / drawing.height)
        width, height = (Emu(int(side * scale * PIXEL)) for side in (drawing.width, drawing.height))
        shape = line.add_run().add_picture(io.BytesIO(content), width, height)
        shape._inline.docPr.set("descr", picture.alt or picture.path)

    def _table(self, table: Table) -> None:
        rows = (table.head, *table.rows)
        made = self._paper.add_table(0, len(table.head), style="Light List")
        for _ in rows:
            made.add_row()
        # Asking a table for a cell counts all of its rows, so the elements are gone through once.
        for number, (element, cells) in enumerate(zip(made._tbl.tr_lst, rows, strict=True)):
            for cell, runs, align in zip(element.tc_lst, cells, table.aligns, strict=True):
                line = Line(cell.p_lst[0], self._paper._body)
                line.paragraph_format.space_after = Pt(1)
                if align != "left":
                    line.alignment = getattr(WD_ALIGN_PARAGRAPH, align.upper())
                self._runs(line, runs)
            if number == 0:
                element.get_or_add_trPr().append(_element("w:tblHeader", val="true"))
        self._paper.add_paragraph().paragraph_format.space_after = Pt(2)

    def _list(self, listing: Listing, depth: int) -> None:
        number = self._numbering(listing, depth)
        for item in listing.items:
            first, *rest = item.blocks or (Paragraph(()),)
            if not isinstance(first, Paragraph):
                first, rest = Paragraph(()), list(item.blocks)
            line = self._line(0, "List Paragraph")
            line.paragraph_format.space_after = Pt(2 if listing.tight else 6)
            if item.done is None:
                numbered = line._p.get_or_add_pPr().get_or_add_numPr()
                numbered.get_or_add_ilvl().val = min(depth, LEVEL_MAX)
                numbered.get_or_add_numId().val = number
            else:
                line.paragraph_format.left_indent = INDENT * (depth + 1)
                line.paragraph_format.first_line_indent = -INDENT
                line.add_run("☑\u00a0" if item.done else "☐\u00a0")
            self._runs(line, first.runs, first.anchors)
            self.print(tuple(rest), depth + 1)

    def _numbering(self, listing: Listing, depth: int) -> int:
        """Make a numbering of its own for the list, so that each begins where it says."""
        if listing.start is None:
            return BULLETS
        self._lists += 1
        number = NUMBERS + self._lists
        made = _element("w:num", numId=str(number))
        made.append(_element("w:abstractNumId", val=str(NUMBERS)))
        override = _element("w:lvlOverride", ilvl=str(min(depth, LEVEL_MAX)))
        override.append(_element("w:startOverride", val=str(listing.start)))
        made.append(override)
        self._paper.part.numbering_part.element.append(made)
        return number


def _add_lists(paper: Paper) -> None:
    """Add a list with bullets, and what all lists with numbers have in common."""
    numbering = paper.part.numbering_part.element
    first = numbering.find(qn("w:num"))
    for number in (BULLETS, NUMBERS):
        made = _element("w:abstractNum", abstractNumId=str(number))
        made.append(_element("w:multiLevelType", val="hybridMultilevel"))
        for level in range(LEVEL_MAX + 1):
            made.append(_level(level, is_numbered=number == NUMBERS))
        first.addprevious(made)
    bullets = _element("w:num", numId=str(BULLETS))
    bullets.append(_element("w:abstractNumId", val=str(BULLETS)))
    numbering.append(bullets)


def _level(level: int, *, is_numbered: bool) -> Any:
    found = _element("w:lvl", ilvl=str(level))
    found.append(_element("w:start", val="1"))
    found.append(_element("w:numFmt", val="decimal" if is_numbered else "bullet"))
    found.append(_element("w:lvlText", val=f"%{level + 1}." if is_numbered else "•"))
    found.append(_element("w:lvlJc", val="left"))
    indented = _element("w:pPr")
    left = str(360 * (level + 1))
    indented.append(_element("w:ind", left=left, hanging="360"))
    found.append(indented)
    return found


def _dated(packed: bytes) -> bytes:
    """Pack the parts again in their order, without the time of packing."""
    again = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as source,
        # Stored, not deflated: compressors differ between machines and would change the bytes.
        zipfile.ZipFile(again, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, whatever this machine is
            target.writestr(entry, source.read(name))
    return again.getvalue()
