"""The model of a drawing: nodes, edges and groups, with their meaning and their links."""

from typing import Literal

import msgspec

NodeKind = Literal[
    "module",
    "folder",
    "interface",
    "store",
    "service",
    "external",
    "test",
    "document",
    "actor",
    "entry",
    "ask",
    "task",
    "decision",
    "table",
    "file",
    "job",
    "more",
]
"""What a node stands for; it says which shape and which word the node gets. `more` stands for
nodes that have no room."""

Mark = Literal["", "new", "changed", "goal", "cycle"]
"""`new` and `changed` by the plan; `goal`: the goal is about it; `cycle`: it is part of one."""

Stroke = Literal["plain", "planned", "cycle", "loose"]
"""`planned`: it is not there yet; `cycle`: it closes a circle; `loose`: not while loading."""

Aim = Literal["code", "task", "decision", "requirement", "row"]
WORDS: dict[NodeKind, str] = {
    "entry": "entry point",
    "ask": "requirement",
    "external": "outside system",
    "folder": "directory",
    "more": "left out",
}


class Link(msgspec.Struct, frozen=True):
    """Where a node leads: code by path and line, the others by their key."""

    to: Aim
    key: str
    line: int = 0

    def __str__(self) -> str:
        """As `path:line` for code, else the key."""
        return f"{self.key}:{self.line}" if self.line else self.key


class Row(msgspec.Struct, frozen=True):
    """A line inside a node, such as a column of a table."""

    name: str
    kind: str = ""
    mark: Literal["", "key", "reference"] = ""


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One box."""

    id: str
    label: str
    kind: NodeKind
    note: str = ""  # a second line
    detail: str = ""  # a sentence for who points at it or reads the table
    mark: Mark = ""
    link: Link | None = None
    group: str = ""  # id of the group it stands in
    rows: tuple[Row, ...] = ()
    rank: int | None = None  # the layer it belongs to, where the graph says that itself


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """One arrow."""

    source: str
    target: str
    label: str = ""
    stroke: Stroke = "plain"
    because: str = ""  # what shows it, such as `src/app.py:41`


class Group(msgspec.Struct, frozen=True):
    """A box around nodes."""

    id: str
    title: str


class Graph(msgspec.Struct, frozen=True):
    """Everything that a drawing shows."""

    title: str
    said: str  # a sentence or two: what it shows, and what it leaves out
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    groups: tuple[Group, ...] = ()
    direction: Literal["down", "right"] = "down"

    def node(self, name: str) -> Node | None:
        """Return the node of that id."""
        return next((node for node in self.nodes if node.id == name), None)


def word_of(node: Node) -> str:
    """Return what a node is, in words, with its mark."""
    word = WORDS.get(node.kind, node.kind)
    return f"{node.mark} {word}" if node.mark in ("new", "changed") else word
