"""The graph of a mission's trace: what each thing is there for, from the goal to the tests."""

from typing import Literal

import msgspec

NodeKind = Literal[
    "goal",
    "sentence",
    "constraint",
    "background",
    "requirement",
    "entity",
    "interface",
    "metric",
    "task",
    "decision",
    "component",
    "risk",
    "artifact",
    "diff",
    "file",
    "test",
]
COLUMNS: tuple[tuple[NodeKind, ...], ...] = (
    ("goal",),
    ("sentence", "constraint", "background"),
    ("requirement",),
    ("entity", "interface", "metric"),
    ("task",),
    ("decision", "risk", "component"),
    ("artifact", "diff"),
    ("file",),
    ("test",),
)
"""From left to right: what stands in a column explains what stands to its right."""

TITLE_MAX = 160
DETAIL_MAX = 600
FILES_MAX = 1_000
"""Files in the graph; the first named ones are shown, and the rest is counted."""


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing in the trace."""

    id: str
    kind: NodeKind
    name: str  # its short name: R3, K1, the key of a task, a path
    title: str
    detail: str = ""
    state: str = ""  # of a task; `gap` where a gap is about it, `waived` where that is waived


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why `target` exists, or what `source` covers."""

    source: str
    target: str
    why: str


class TraceGraph(msgspec.Struct, frozen=True):
    """The trace as nodes and edges, both in a lasting order."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: int = 0  # files


class Draft:
    """The graph while it is put together: the first word about a thing counts."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str], Edge] = {}
        self.tied: set[str] = set()
        self.files = 0
        self.left_out: set[str] = set()

    def add(
        self, node: str, kind: NodeKind, name: str, title: str, detail: str = "", state: str = ""
    ) -> str:
        """Add a node, unless it is there, and return its id."""
        if node not in self.nodes:
            words = (_cut(name, TITLE_MAX), _cut(title, TITLE_MAX), _cut(detail, DETAIL_MAX))
            self.nodes[node] = Node(node, kind, *words, state)
        return node

    def file(self, path: str, detail: str = "", *, kind: Literal["file", "test"] = "file") -> str:
        """Add a file, and return its id; "" where there are too many."""
        node = f"file:{path}"
        if node in self.nodes:
            return node
        if self.files >= FILES_MAX:
            self.left_out.add(node)
            return ""
        self.files += 1
        return self.add(node, kind, path.rpartition("/")[2], path, detail)

    def tie(self, source: str, target: str, why: str) -> None:
        """Say why `target` exists; both have to be there."""
        if source in self.nodes and target in self.nodes and source != target:
            self.edges.setdefault((source, target), Edge(source, target, _cut(why, DETAIL_MAX)))
            self.tied.add(target)

    def is_tied(self, node: str) -> bool:
        """Whether anything explains a node."""
        return node in self.tied


def with_states(graph: TraceGraph, states: dict[str, str]) -> TraceGraph:
    """Return the graph with other states for some of its nodes."""
    nodes = tuple(
        msgspec.structs.replace(node, state=states[node.id]) if node.id in states else node
        for node in graph.nodes
    )
    return msgspec.structs.replace(graph, nodes=nodes)


def finished(draft: Draft) -> TraceGraph:
    """Return the graph, its nodes column by column."""
    place = {kind: n for n, column in enumerate(COLUMNS) for kind in column}
    nodes = sorted(draft.nodes.values(), key=lambda node: place[node.kind])
    return TraceGraph(tuple(nodes), tuple(draft.edges.values()), len(draft.left_out))


def reached(graph: TraceGraph, start: str, *, up: bool) -> tuple[Edge, ...]:
    """Return the edges over which `start` is reached, or that it reaches, the nearest first."""
    ways: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        ways.setdefault(edge.target if up else edge.source, []).append(edge)
    found: list[Edge] = []
    seen, todo = {start}, [start]
    for node in todo:
        for edge in ways.get(node, ()):
            found.append(edge)
            other = edge.source if up else edge.target
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return tuple(found)


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
