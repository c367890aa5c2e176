"""The shape of blueprint.json; every item names the file and line that it was read from."""

from typing import Literal

import msgspec

EXCERPT_LINES, EXCERPT_CHARACTERS = 6, 600

UnitKind = Literal[
    "image", "service", "store", "process", "function", "platform", "job", "package", "outside"
]
"""`platform` runs what is brought to it; `job` is one of CI; `outside` is not in the repository."""

TableKind = Literal["table", "model", "record"]
"""`table`: SQL says so; `model`: a class that a mapper keeps in one; `record`: a class of data."""

EntryKind = Literal["command", "route", "import", "plugin", "container"]


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that runs, keeps data, or is delivered."""

    id: str
    name: str
    kind: UnitKind
    path: str
    line: int
    detail: str = ""
    excerpt: str = ""
    group: str = ""  # the file or environment that it belongs to


class Tie(msgspec.Struct, frozen=True, omit_defaults=True):
    """One unit needs, starts or reaches another one."""

    source: str
    target: str
    label: str
    path: str
    line: int


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column or field."""

    name: str
    type: str = ""
    mark: Literal["", "key", "reference"] = ""
    line: int = 0


class Table(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table, or the class that stands for one."""

    name: str
    kind: TableKind
    path: str
    line: int
    columns: tuple[Column, ...] = ()
    how: str = ""  # such as `Django model`
    excerpt: str = ""


class Reference(msgspec.Struct, frozen=True):
    """A column that points at a row of a table."""

    source: str
    target: str
    column: str
    path: str
    line: int


class Practice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing about how people work on the repository."""

    topic: Literal[
        "check", "test", "hook", "release", "review", "contribute", "changes", "security"
    ]
    text: str
    path: str
    line: int = 0


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way in for who uses the product."""

    name: str
    kind: EntryKind
    target: str  # the module, function or command behind it
    path: str
    line: int
    module: str = ""  # path of the file behind it, where that is known


class Stone(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that the product stands on."""

    kind: Literal["language", "framework", "service", "tool", "dependency"]
    name: str
    detail: str  # a version, where one is asked for
    path: str
    line: int = 0
    word: str = ""  # the dependency, image or file that it is known by


class Folder(msgspec.Struct, frozen=True, omit_defaults=True):
    """A directory with what it holds."""

    path: str
    files: int
    lines: int
    holds: str  # in words: `code`, `tests`, …
    languages: tuple[str, ...] = ()


class Blueprint(msgspec.Struct, frozen=True):
    """Everything together."""

    name: str
    commit: str
    units: tuple[Unit, ...]
    ties: tuple[Tie, ...]
    tables: tuple[Table, ...]
    references: tuple[Reference, ...]
    practices: tuple[Practice, ...]
    entries: tuple[Entry, ...]
    foundation: tuple[Stone, ...]
    shape: tuple[Folder, ...]
    deployment_files: tuple[str, ...]  # that were read for units
    data_files: tuple[str, ...]  # that define a table, model or record
    looked_for: tuple[str, ...]  # in words, for who wonders why something is missing
    left_out: tuple[str, ...]


def excerpt_of(text: str, line: int, lines: int = EXCERPT_LINES) -> str:
    """Return a few lines of `text` from `line` on, bounded."""
    part = text.split("\n")[max(line - 1, 0) : max(line - 1, 0) + lines]
    return "\n".join(part).rstrip()[:EXCERPT_CHARACTERS]
