"""Writes a graph as Mermaid text: a flowchart, or an entity relationship diagram of tables."""

import re
from collections.abc import Callable, Iterator

from missioncontrol.domain.visible import visible
from missioncontrol.drawing.model import Edge, Graph, Link, Node

SHAPES: dict[str, tuple[str, str]] = {
    "store": ("[(", ")]"),
    "actor": ("([", "])"),
    "entry": (">", "]"),
    "ask": ("(", ")"),
    "external": ("[[", "]]"),
    "decision": ("{{", "}}"),
    "more": ("([", "])"),
}
ARROWS = {"plain": "-->", "planned": "-.->", "loose": "-.->", "cycle": "==>"}
CLASSES = {
    "new": "stroke:#007142,stroke-width:3px",
    "changed": "stroke:#995c00,stroke-width:3px,stroke-dasharray:7 3",
    "goal": "stroke:#005db1,stroke-width:3px",
    "cycle": "stroke:#ae1320,stroke-dasharray:3 2",
}
SIGNS = {"new": "+ ", "changed": "~ "}
_PLAIN = re.compile(r"[^\w .,;:/+~()…-]")
_SAFE_ADDRESS = re.compile(r"[\w./#:?=&%~+-]+", re.ASCII)


def mermaid(graph: Graph, href: Callable[[Link], str] | None = None) -> str:
    """Return the text; every label is quoted so that nothing in it is syntax."""
    is_tables = bool(graph.nodes) and all(node.kind == "table" for node in graph.nodes)
    lines = _tables(graph) if is_tables else _flow(graph, href or (lambda link: ""))
    head, *rest = lines
    return "\n".join([head, *_title(graph), *rest]) + "\n"


def _title(graph: Graph) -> Iterator[str]:
    """Say what it is in comments, which every renderer skips."""
    yield f"  %% {_comment(graph.title)}"
    if graph.said:
        yield f"  %% {_comment(graph.said)}"


def _comment(words: str) -> str:
    return " ".join(visible(words).split()).replace("{", "(").replace("}", ")")


def _flow(graph: Graph, href: Callable[[Link], str]) -> Iterator[str]:
    keys = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    yield f"flowchart {'TB' if graph.direction == 'down' else 'LR'}"
    for number, group in enumerate(graph.groups):
        inside = [node for node in graph.nodes if node.group == group.id]
        if inside:
            yield f'  subgraph g{number}["{quoted(group.title)}"]'
            yield from (f"    {_node(node, keys[node.id])}" for node in inside)
            yield "  end"
    known = {group.id for group in graph.groups}
    for node in graph.nodes:
        if node.group not in known:
            yield f"  {_node(node, keys[node.id])}"
    for edge in graph.edges:
        if edge.source in keys and edge.target in keys:
            yield f"  {keys[edge.source]} {_arrow(edge)} {keys[edge.target]}"
    yield from _marks(graph, keys)
    for node in graph.nodes:
        address = href(node.link) if node.link else ""
        if address and _SAFE_ADDRESS.fullmatch(address):
            yield f'  click {keys[node.id]} href "{address}"'


def _node(node: Node, key: str) -> str:
    opening, closing = SHAPES.get(node.kind, ("[", "]"))
    words = SIGNS.get(node.mark, "") + node.label
    note = f"<br/>{quoted(node.note)}" if node.note else ""
    return f'{key}{opening}"{quoted(words)}{note}"{closing}'


def _arrow(edge: Edge) -> str:
    arrow = ARROWS[edge.stroke]
    return f'{arrow}|"{quoted(edge.label)}"|' if edge.label else arrow


def _marks(graph: Graph, keys: dict[str, str]) -> Iterator[str]:
    for mark, look in CLASSES.items():
        marked = [keys[node.id] for node in graph.nodes if node.mark == mark]
        if marked:
            yield f"  classDef {mark}Mark {look}"
            yield f"  class {','.join(marked)} {mark}Mark"


def quoted(words: str) -> str:
    """Return words that may stand between double quotes: what could be syntax is an entity."""
    line = " ".join(visible(words).split())
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", line) or "-"


def _tables(graph: Graph) -> Iterator[str]:
    names = {node.id: f"t{number}" for number, node in enumerate(graph.nodes)}
    yield "erDiagram"
    for node in graph.nodes:
        yield f'  {names[node.id]}["{quoted(node.label)}"] {{'
        for row in node.rows:
            mark = {"key": " PK", "reference": " FK"}.get(row.mark, "")
            yield f"    {_word(row.kind) or 'unknown'} {_word(row.name) or 'unnamed'}{mark}"
        yield "  }"
    for edge in graph.edges:
        if edge.source in names and edge.target in names:
            label = quoted(edge.label or "refers to")
            yield f'  {names[edge.source]} }}o--|| {names[edge.target]} : "{label}"'


def _word(words: str) -> str:
    """Return a word as the grammar takes it for types and names."""
    plain = re.sub(r"\W+", "_", visible(words), flags=re.ASCII).strip("_")
    return f"x{plain}" if plain[:1].isdigit() else plain
