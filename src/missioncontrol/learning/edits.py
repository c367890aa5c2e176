"""The result of a codemod: its edits, and the syntax of its variables."""

import re

import msgspec

VARIABLE = re.compile(r"\$(?P<rest>\$\$)?(?P<name>[A-Z][A-Z0-9_]*)")
"""`$A` stands for one node, `$$$A` for any number of arguments."""


class Edit(msgspec.Struct, frozen=True):
    """One place that was rewritten."""

    before: str
    after: str


class Rewritten(msgspec.Struct, frozen=True):
    """What became of a text."""

    text: str
    edits: tuple[Edit, ...]
