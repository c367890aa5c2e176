"""What a document is made of: sections of statements, each with the sources it follows from."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from missioncontrol.domain.document import DocumentKind

SOURCES_MAX = 4
"""Sources that one statement names; the first are the nearest."""

SourceKind = Literal[
    "goal",
    "context",
    "constraint",
    "requirement",
    "task",
    "decision",
    "risk",
    "question",
    "plan",
    "artifact",
    "code",
    "event",
    "tests",
    "memory",
    "person",
]


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a statement can be checked."""

    key: str  # the same for the same place, in every version: `R1`, `src/cart.py:14`
    kind: SourceKind
    text: str  # its description for readers
    digest: str = ""  # of the artifact that holds it
    pointer: str = ""  # JSON pointer or line in that artifact
    path: str = ""  # of the file, relative to the repository
    line: int = 0
    commit: str = ""
    position: int = 0  # of the event, in the log


class Statement(msgspec.Struct, frozen=True):
    """One thing that the document says, as Markdown of one line, with its sources."""

    text: str
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        """Refuse what nothing vouches for: such a statement is a fault of ours."""
        assert self.sources, f"no source for {self.text!r}"


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    """Statements that belong together."""

    statements: tuple[Statement, ...]


class Listing(msgspec.Struct, frozen=True, omit_defaults=True, tag="list"):
    """Statements one below the other."""

    items: tuple[Statement, ...]
    mark: Literal["dash", "number", "box"] = "dash"


class Row(msgspec.Struct, frozen=True):
    """One row of a table, which is one statement."""

    cells: tuple[str, ...]  # Markdown of one line each
    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        """See `Statement`."""
        assert self.sources, f"no source for {self.cells!r}"


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Statements with the same parts."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


class Code(msgspec.Struct, frozen=True, omit_defaults=True, tag="code"):
    """Lines of a file, as they stand there."""

    caption: Statement
    text: str
    language: str = ""


class Diagram(msgspec.Struct, frozen=True, tag="diagram"):
    """A drawing of this mission, by its key."""

    key: str
    caption: Statement


class Quoted(msgspec.Struct, frozen=True, tag="quoted"):
    """Markdown that a specialist wrote, word for word."""

    text: str
    sources: tuple[Source, ...]


Block = Paragraph | Listing | Table | Code | Diagram | Quoted


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """A heading, and what stands below it."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 2


class Document(msgspec.Struct, frozen=True):
    """A whole document."""

    kind: DocumentKind
    title: str
    mission: str
    run: str
    sections: tuple[Section, ...]

    def sources(self) -> dict[str, Source]:
        """Return all sources by their keys, in the order in which they are named first."""
        found: dict[str, Source] = {}
        for section in self.sections:
            for block in section.blocks:
                for source in sources_of(block):
                    found.setdefault(source.key, source)
        return found


def sources_of(block: Block) -> Iterator[Source]:
    """Yield the sources of a block, in reading order."""
    match block:
        case Paragraph():
            for statement in block.statements:
                yield from statement.sources
        case Listing():
            for statement in block.items:
                yield from statement.sources
        case Table():
            for row in block.rows:
                yield from row.sources
        case Code() | Diagram():
            yield from block.caption.sources
        case Quoted():
            yield from block.sources


def statements_of(document: Document) -> Iterator[tuple[str, tuple[Source, ...]]]:
    """Yield every statement with its sources; a row of a table is its cells put together."""
    for section in document.sections:
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield from ((each.text, each.sources) for each in block.statements)
                case Listing():
                    yield from ((each.text, each.sources) for each in block.items)
                case Table():
                    yield from ((" ".join(row.cells), row.sources) for row in block.rows)
                case Code() | Diagram():
                    yield block.caption.text, block.caption.sources
                case Quoted():
                    yield block.text, block.sources
