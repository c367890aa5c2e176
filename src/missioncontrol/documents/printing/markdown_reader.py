"""Reads Markdown into blocks: CommonMark with tables, struck text and task lists."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import unescape
from itertools import groupby
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from missioncontrol.documents.markup import visible
from missioncontrol.documents.printing.blocks import (
    Align,
    Block,
    Code,
    Document,
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
    plain,
    with_blocks,
    with_runs,
)
from missioncontrol.domain.errors import Rejected

CHARACTERS_MAX = 4_000_000
TITLE_MAX = 300
DEPTH_MAX = 6
"""Lists and quotes inside of each other; what lies deeper stands at this depth."""
NESTING_MAX = 100
"""Of lists, quotes and looks of text as they are read; a list takes two."""
COLUMNS_MAX = 24
NARROW = 84
"""Characters of a line of text: a table whose cells need fewer is as wide as they are."""
CELL_MAX, WORD_MAX = 60, 13

_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no document of Word may hold (XML 1.0, section 2.2)."""
_WEB = re.compile(r"(?:https?://|mailto:)[^\s]+\Z", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ANCHOR = re.compile(r"""<a\s+(?:id|name)=["']([^"']+)["']\s*(?:/>|>\s*(?:</a>)?)|</a>""")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BOX = re.compile(r"\[([ xX])\][ \u00a0]")


def document_of(markdown: str, title: str) -> Document:
    """Return the tree of a document; one without a heading of level 1 begins with its title.

    Raises:
        Rejected: `document.too_large`.
    """
    if len(markdown) > CHARACTERS_MAX:
        raise Rejected(
            "document.too_large",
            f"The document has {len(markdown):,} characters; at most {CHARACTERS_MAX:,} "
            "are printed.",
            hint="Take it as Markdown, or print its parts.",
        )
    name = " ".join(_printable(title).split())[:TITLE_MAX] or "Document"
    tokens = _markdown().parse(_printable(markdown))
    blocks = _Reader(tokens).blocks()
    if not any(isinstance(each, Heading) and each.level == 1 for each in blocks):
        blocks = (Heading(1, (Run(name),)), *blocks)
    return Document(name, _bound(_levelled(blocks)))


def _printable(text: str) -> str:
    """Return a text with what would hide shown, and without what XML forbids."""
    return _NOT_IN_XML.sub("\ufffd", visible(text))


class _Reader:
    """Walks the tokens once, from the first to the last."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def blocks(self, end: str = "") -> tuple[Block, ...]:
        """Return the blocks up to the token `end`, which is passed over."""
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.type == end:
                break
            found += self._block(token)
        return tuple(found)

    def _block(self, token: Token) -> Iterable[Block]:
        match token.type:
            case "heading_open":
                return self._heading(int(token.tag[1]))
            case "paragraph_open":
                return list(_paragraphs(_inline(self._inside("paragraph_close"))))
            case "fence" | "code_block":
                words = token.info.split()
                return [Code(token.content.rstrip("\n"), words[0] if words else "")]
            case "hr":
                return [Rule()]
            case "html_block":
                return list(_paragraphs(_html(token.content.strip())))
            case "table_open":
                return self._table()
            case "bullet_list_open" | "ordered_list_open":
                return self._list(token)
            case "blockquote_open":
                return self._quote()
            case _:
                return []

    def _inside(self, end: str) -> Token | None:
        """Return the inline token before `end`, and go behind that."""
        found = None
        while self._tokens[self._at].type != end:
            found = self._tokens[self._at]
            self._at += 1
        self._at += 1
        return found

    def _heading(self, level: int) -> Iterator[Block]:
        pieces = list(_inline(self._inside("heading_close")))
        runs = _joined(each for each in pieces if isinstance(each, Run))
        anchors = tuple(each for each in pieces if isinstance(each, str))
        yield Heading(level, runs, anchors)
        yield from (each for each in pieces if isinstance(each, Picture))

    def _quote(self) -> Iterator[Block]:
        blocks = self._deeper("blockquote_close")
        return iter((Quote(blocks),)) if self._depth < DEPTH_MAX else iter(blocks)

    def _deeper(self, end: str) -> tuple[Block, ...]:
        self._depth += 1
        blocks = self.blocks(end)
        self._depth -= 1
        return blocks

    def _list(self, opening: Token) -> Iterable[Block]:
        end = opening.type.replace("open", "close")
        start = opening.attrGet("start")
        items: list[Item] = []
        tight = True
        while self._tokens[self._at].type != end:
            self._at += 1  # list_item_open
            first = self._tokens[self._at]
            tight = tight and (first.type != "paragraph_open" or first.hidden)
            items.append(_item(self._deeper("list_item_close")))
        self._at += 1
        if self._depth >= DEPTH_MAX:
            return [block for item in items for block in item.blocks]
        first_number = 1 if start is None else int(start)
        number = first_number if opening.type.startswith("ordered") else None
        return [Listing(tuple(items), number, tight)]

    def _table(self) -> Iterable[Block]:
        rows: list[list[Runs]] = []
        aligns: list[Align] = []
        while (token := self._tokens[self._at]).type != "table_close":
            self._at += 1
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "th_open":
                aligns.append(_align(str(token.attrGet("style") or "")))
            elif token.type == "inline":
                pieces = _inline(token)
                rows[-1].append(_joined(map(_as_run, pieces)))
        self._at += 1
        if len(aligns) > COLUMNS_MAX:
            return [Paragraph(_joined(_in_a_line(row))) for row in rows]
        head, *body = (tuple(row) for row in rows)
        return [Table(head, tuple(body), tuple(aligns), _widths(rows))]


def _in_a_line(row: Sequence[Runs]) -> Iterator[Run]:
    for number, cell in enumerate(row):
        if number:
            yield Run(" | ")
        yield from cell


def _align(style: str) -> Align:
    if "right" in style:
        return "right"
    return "center" if "center" in style else "left"


def _widths(rows: Sequence[Sequence[Runs]]) -> tuple[float, ...]:
    """Share the line among columns by what stands in them; () where all of it fits anyway.

    Each column has room for its longest word, within a bound; the rest is shared by need.
    """
    columns = [[plain(cell) for cell in column] for column in zip(*rows, strict=True)]
    if sum(max(map(len, column)) for column in columns) <= NARROW:
        return ()
    words = [
        min(max((len(word) for cell in column for word in cell.split()), default=0), WORD_MAX) + 1
        for column in columns
    ]
    # The mean of the mean and the longest: one long cell doesn't starve the other columns.
    needs = [
        sum(map(len, column)) / len(column) + min(max(map(len, column)), CELL_MAX)
        for column in columns
    ]
    left = max(NARROW - sum(words), 0)
    shares = (word + left * need / sum(needs) for word, need in zip(words, needs, strict=True))
    return tuple(round(share, 1) for share in shares)


def _item(blocks: tuple[Block, ...]) -> Item:
    """Take the box off an entry that begins with one."""
    first = blocks[0] if blocks else None
    if isinstance(first, Paragraph) and first.runs and not first.runs[0].code:
        box = _BOX.match(first.runs[0].text)
        if box:
            head = msgspec.structs.replace(first.runs[0], text=first.runs[0].text[box.end() :])
            rest = Paragraph(_joined([head, *first.runs[1:]]), first.anchors)
            return Item((rest, *blocks[1:]), box[1] != " ")
    return Item(blocks)


Piece = Run | Picture | str
"""What an inline token comes to; a string is an anchor."""


def _inline(token: Token | None) -> Iterator[Piece]:
    look: dict[str, Any] = {}
    for child in (token.children or ()) if token else ():
        match child.type:
            case "text" | "text_special":
                yield Run(child.content, **look)
            case "code_inline":
                yield Run(child.content, **{**look, "code": True})
            case "softbreak":
                yield Run(" ", **look)
            case "hardbreak":
                yield Run("\n", **look)
            case "image":
                yield Picture(str(child.attrGet("src") or ""), child.content)
            case "html_inline":
                yield from _html(child.content, look)
            case "link_open":
                look |= _goal(str(child.attrGet("href") or ""))
            case "link_close":
                look = {name: value for name, value in look.items() if name not in {"href", "to"}}
            case _:
                look = _look(look, child.type)


_LOOKS = {"strong": "strong", "em": "emphasis", "s": "struck"}


def _look(look: dict[str, Any], kind: str) -> dict[str, Any]:
    name, _, end = kind.rpartition("_")
    word = _LOOKS.get(name)
    if word is None:
        return look
    if end == "open":
        return {**look, word: True}
    return {each: value for each, value in look.items() if each != word}


def _goal(href: str) -> dict[str, str]:
    """Say where a link leads: a relative one leads nowhere once the document is on its own."""
    if _WEB.match(href):
        return {"href": href}
    return {"to": unescape(href[1:])} if len(href) > 1 and href.startswith("#") else {}


def _html(text: str, look: dict[str, Any] | None = None) -> Iterator[Piece]:
    """Read the three bits of HTML that documents use; all others are text like any other."""
    rest = _COMMENT.sub("", text)
    at = 0
    for found in _ANCHOR.finditer(rest):
        yield from _shown(rest[at : found.start()], look)
        if found[1]:
            yield found[1]
        at = found.end()
    yield from _shown(rest[at:], look)


def _shown(text: str, look: dict[str, Any] | None) -> Iterator[Run]:
    if text:
        yield Run(_BREAK.sub("\n", text), **(look or {}))


def _as_run(piece: Piece) -> Run:
    """Return what a piece is inside of a cell, where no drawing has room."""
    if isinstance(piece, Run):
        return piece
    return Run(picture_words(piece.alt)) if isinstance(piece, Picture) else Run("")


def picture_words(alt: str) -> str:
    """Return what stands where a drawing isn't shown."""
    return f"[drawing: {alt}]" if alt else "[drawing]"


def _paragraphs(pieces: Iterable[Piece]) -> Iterator[Block]:
    """Cut a paragraph at its drawings."""
    for is_picture, group in groupby(pieces, key=lambda each: isinstance(each, Picture)):
        found = list(group)
        if is_picture:
            yield from (each for each in found if isinstance(each, Picture))
            continue
        runs = _trimmed(_joined(each for each in found if isinstance(each, Run)))
        anchors = tuple(each for each in found if isinstance(each, str))
        if runs or anchors:
            yield Paragraph(runs, anchors)


def _joined(runs: Iterable[Run]) -> Runs:
    """Make one run of neighbours that look the same."""
    found: list[Run] = []
    for run in runs:
        if found and found[-1].look == run.look:
            found[-1] = msgspec.structs.replace(run, text=found[-1].text + run.text)
        elif run.text:
            found.append(run)
    return tuple(found)


def _trimmed(runs: Runs) -> Runs:
    """Leave out the blanks that a drawing or an anchor beside the text has left at its ends."""
    if not runs:
        return runs
    first = msgspec.structs.replace(runs[0], text=runs[0].text.lstrip())
    last = (first, *runs[1:])[-1]
    if not last.code:
        last = msgspec.structs.replace(last, text=last.text.rstrip())
    return _joined((first, *runs[1:-1], last) if len(runs) > 1 else (last,))


def _levelled(blocks: Iterable[Block]) -> Iterator[Block]:
    """Close gaps between heading levels, so that the outline has none."""
    last = 0
    for block in blocks:
        if isinstance(block, Heading):
            last = min(block.level, last + 1)
            block = Heading(last, block.runs, block.anchors)
        yield block


def _bound(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Give each heading an anchor of its own, and keep only links that lead somewhere."""
    return _Binder().bound(tuple(blocks))


class _Binder:
    def __init__(self) -> None:
        self._used_anchors: set[str] = set()

    def bound(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        placed = tuple(self._placed(block) for block in blocks)
        return tuple(_linked(block, self._used_anchors) for block in placed)

    def _placed(self, block: Block) -> Block:
        """Give anchors out, each once, in the order of the document."""
        match block:
            case Heading(level, runs, anchors):
                return Heading(level, runs, self._free((*anchors, _slug(plain(runs)))))
            case Paragraph(runs, anchors):
                return Paragraph(runs, self._free(anchors))
            case Listing() | Quote():
                return with_blocks(block, self._placed)
            case _:
                return block

    def _free(self, anchors: Iterable[str]) -> tuple[str, ...]:
        found = []
        for anchor in anchors:
            if anchor and anchor not in self._used_anchors:
                self._used_anchors.add(anchor)
                found.append(anchor)
        return tuple(found)


def _linked(block: Block, known: set[str]) -> Block:
    return with_runs(
        block,
        lambda runs: _joined(
            msgspec.structs.replace(run, to="") if run.to not in known else run for run in runs
        ),
    )


def _slug(text: str) -> str:
    """Return the anchor of a heading as web pages of repositories have it."""
    words = re.sub(r"[^\w\s-]", "", text.lower()).split()
    return "-".join(words)


@cache
def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": True, "maxNesting": NESTING_MAX}).enable(
        ["table", "strikethrough"]
    )
    reader.validateLink = _any_link  # type: ignore[method-assign]
    return reader


def _any_link(url: str) -> bool:
    """Accept every link in the parser: `_goal` decides where it may lead."""
    return bool(url)
