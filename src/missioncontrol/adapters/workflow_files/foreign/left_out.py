"""The list of everything that an import did not carry over."""

import re
from collections.abc import Callable

import msgspec

from missioncontrol.adapters.workflow_files.foreign.nodes import Node

LEAVES_MAX = 8
"""More leaves of a left-out value than this are listed separately."""


class NotUnderstood(msgspec.Struct, frozen=True):
    """A part of the source file that is not, or not fully, carried over."""

    line: int  # of the source file, from 1
    thing: str  # where it stands, as `jobs.build.services`
    reason: str


class LeftOut:
    """Collects what is not carried over; the same thing is listed once."""

    def __init__(self) -> None:
        self._found: dict[NotUnderstood, None] = {}
        self._left: set[tuple[str, str]] = set()

    def leave(self, node: Node, reason: str) -> None:
        """List `node` with all its parts that are not listed yet."""
        if (node.path, reason) in self._left:
            return
        self._left.add((node.path, reason))
        inner = [leaf for leaf in node.leaves() if leaf is not node and leaf.fate != "listed"]
        node.fate = "listed"
        if len(inner) <= LEAVES_MAX:
            self._with_it(node, reason, inner)
            return
        self._add(node.line, node.path, reason)
        for child in (*node.entries.values(), *node.items):
            if child.fate != "listed":
                self.leave(child, f"It is part of `{node.path}` (line {node.line}).")

    def note(self, node: Node, reason: str, line: int = 0) -> None:
        """List a remark on `node`, which is itself carried over."""
        self._add(line or node.line, node.path, reason)

    def sweep(self, root: Node, reason_for: Callable[[Node], str]) -> None:
        """List all unread nodes; `reason_for` returns the reason for a topmost one."""
        todo = [root]
        while todo:
            node = todo.pop()
            if node.fate == "listed":
                continue
            if node is not root and all(each.fate == "unread" for each in node.below()):
                self.leave(node, reason_for(node))
            else:
                todo.extend((*node.entries.values(), *node.items))

    @property
    def entries(self) -> tuple[NotUnderstood, ...]:
        """The entries in the order of the source file."""
        return tuple(sorted(self._found, key=lambda each: (each.line, each.thing)))

    def _with_it(self, node: Node, reason: str, inner: list[Node]) -> None:
        for each in node.below():
            each.fate = "listed"
        start = len(node.path)
        names = [f"`{leaf.path[start:].lstrip('.')}` (line {leaf.line})" for leaf in inner]
        with_it = f" With it: {', '.join(names)}." if names else ""
        self._add(node.line, node.path, reason + with_it)

    def _add(self, line: int, thing: str, reason: str) -> None:
        self._found.setdefault(NotUnderstood(line, thing, reason))


TITLE_MAX = 300
DESCRIPTION_MAX = 20_000


def clean_prose(
    node: Node, listing: LeftOut, most: int = DESCRIPTION_MAX, text: str | None = None
) -> str:
    """Return the text of a node, or `text`, without control characters, cut to `most`."""
    original = (node.text if text is None else text).strip()
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", original).strip()
    if clean != original:
        listing.note(node, "It holds control characters, which are left out.")
    if len(clean) > most:
        listing.note(node, f"It is cut after {most:,} characters.")
    if clean:
        node.carry()
    return clean[:most].strip()
