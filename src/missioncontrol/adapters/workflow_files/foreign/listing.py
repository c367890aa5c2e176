"""The exact list of what an import did not carry over."""

from collections.abc import Callable

import msgspec

from missioncontrol.adapters.workflow_files.foreign.marked import Node

LEAVES_MAX = 8
"""More of them in a left-out value are listed one by one instead of with it."""


class NotUnderstood(msgspec.Struct, frozen=True):
    """One thing of the source file that the imported file does not say, or not in full."""

    line: int  # of the source file, from 1
    thing: str  # where it stands, as `jobs.build.services`
    reason: str


class Listing:
    """Collects what was not understood; the same thing is listed once however often it is met."""

    def __init__(self) -> None:
        """Start with an empty list."""
        self._found: dict[NotUnderstood, None] = {}
        self._left: set[tuple[str, str]] = set()

    def leave(self, node: Node, reason: str) -> None:
        """List `node` with everything in it that is not listed already."""
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
        """List something about `node`, which is itself carried over; `line` is where it stands."""
        self._add(line or node.line, node.path, reason)

    def sweep(self, root: Node, reason_for: Callable[[Node], str]) -> None:
        """List all that nobody has read; `reason_for` says why, given the topmost node of it."""
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
        """What was listed, in the order of the source file."""
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
