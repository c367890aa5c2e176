"""What a document is made of, whatever it is printed as: a small tree of blocks and runs."""

from collections.abc import Callable
from typing import Literal

import msgspec

Align = Literal["left", "center", "right"]


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of text that looks the same from end to end."""

    text: str  # a line feed breaks the line
    strong: bool = False
    emphasis: bool = False
    struck: bool = False
    code: bool = False
    href: str = ""  # an address on the web
    to: str = ""  # the anchor of a place in the same document

    @property
    def look(self) -> tuple[object, ...]:
        """Everything but the text: neighbours with the same look are one run."""
        return msgspec.structs.astuple(self)[1:]


Runs = tuple[Run, ...]


class Heading(msgspec.Struct, frozen=True, tag="heading", tag_field="is"):
    """A heading; levels begin at 1 and never skip one on their way down."""

    level: int
    runs: Runs
    anchors: tuple[str, ...] = ()


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph", tag_field="is"):
    """Lines of text, or nothing but anchors."""

    runs: Runs
    anchors: tuple[str, ...] = ()


class Code(msgspec.Struct, frozen=True, tag="code", tag_field="is"):
    """Text to be shown as it is, line by line."""

    text: str
    language: str = ""


class Rule(msgspec.Struct, frozen=True, tag="rule", tag_field="is"):
    """A line across the page."""


class Picture(msgspec.Struct, frozen=True, tag="picture", tag_field="is"):
    """A drawing, or, where none was handed over for its path, what it would have shown."""

    path: str
    alt: str


class Table(msgspec.Struct, frozen=True, tag="table", tag_field="is"):
    """A head and rows of as many cells as the head has."""

    head: tuple[Runs, ...]
    rows: tuple[tuple[Runs, ...], ...]
    aligns: tuple[Align, ...]
    widths: tuple[float, ...]  # shares of the line; empty where the cells need less than that


class Item(msgspec.Struct, frozen=True):
    """An entry of a list; `done` tells whether its box is ticked, where it has one."""

    blocks: tuple["Block", ...]
    done: bool | None = None


class Listing(msgspec.Struct, frozen=True, tag="list", tag_field="is"):
    """Entries, numbered from `start` where that is given."""

    items: tuple[Item, ...]
    start: int | None = None
    tight: bool = True


class Quote(msgspec.Struct, frozen=True, tag="quote", tag_field="is"):
    """A quotation."""

    blocks: tuple["Block", ...]


Block = Heading | Paragraph | Code | Rule | Picture | Table | Listing | Quote


class Document(msgspec.Struct, frozen=True):
    """A whole document with the name that readers and programs know it by."""

    title: str
    blocks: tuple[Block, ...]
    language: str = "en"


def plain(runs: Runs) -> str:
    """Return the text of runs without their looks."""
    return "".join(run.text for run in runs)


def with_runs(block: Block, change: Callable[[Runs], Runs]) -> Block:
    """Return `block` with all of its text changed, that of the blocks inside of it too."""
    match block:
        case Heading(level, runs, anchors):
            return Heading(level, change(runs), anchors)
        case Paragraph(runs, anchors):
            return Paragraph(change(runs), anchors)
        case Table(head, rows, aligns, widths):
            body = tuple(tuple(map(change, row)) for row in rows)
            return Table(tuple(map(change, head)), body, aligns, widths)
        case Listing() | Quote():
            return with_blocks(block, lambda each: with_runs(each, change))
        case _:
            return block


def with_blocks(block: Listing | Quote, change: Callable[[Block], Block]) -> Block:
    """Return `block` with each of the blocks inside of it changed."""
    if isinstance(block, Quote):
        return Quote(tuple(map(change, block.blocks)))
    items = tuple(Item(tuple(map(change, each.blocks)), each.done) for each in block.items)
    return Listing(items, block.start, block.tight)
