"""The diagrams of a mission by their kinds: drawn, or the sentence that says why there is none."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from missioncontrol.documents.drawing import data_model, deployment, flow, structure, task_graph
from missioncontrol.documents.drawing.material import ARCHITECTURE, BLUEPRINT, Material
from missioncontrol.domain.errors import NotFound
from missioncontrol.drawing.mermaid import mermaid
from missioncontrol.drawing.model import Graph, Link, Node
from missioncontrol.drawing.svg import Style, svg


class Kind(NamedTuple):
    """One kind of diagram."""

    title: str
    draw: Callable[[Material], Graph | str]
    source: str  # the artifact it is read from, "" for the plan alone


KINDS: Mapping[str, Kind] = {
    "flow": Kind(flow.TITLE, flow.flow, BLUEPRINT),
    "as-is": Kind(structure.AS_IS, structure.as_is, ARCHITECTURE),
    "proposed": Kind(structure.PROPOSED, structure.proposed, ARCHITECTURE),
    "deployment": Kind(deployment.TITLE, deployment.deployment, BLUEPRINT),
    "data-model": Kind(data_model.TITLE, data_model.data_model, BLUEPRINT),
    "tasks": Kind(task_graph.TITLE, task_graph.tasks, ""),
}


class Diagram(msgspec.Struct, frozen=True):
    """A diagram, or why there is none."""

    kind: str
    title: str
    said: str  # what it shows and leaves out, or why there is no drawing
    graph: Graph | None


class Place(msgspec.Struct, frozen=True):
    """A box in words, for the table beside a drawing."""

    node: Node
    where: str  # `path:line`, the key of a task, or the id of a decision; "" where it leads nowhere
    excerpt: str = ""  # the lines of code that stand there
    leads_to: tuple[str, ...] = ()  # labels of the boxes that arrows lead to, with their words


ALIASES = {
    "product-flow": "flow",
    "architecture": "as-is",
    "architecture-as-is": "as-is",
    "architecture-as-proposed": "proposed",
    "as-proposed": "proposed",
    "deploy": "deployment",
    "data": "data-model",
    "er": "data-model",
    "erd": "data-model",
    "plan": "tasks",
}
"""Other names that people have for them."""


def _named(text: str) -> str:
    """Return the kind that people mean by a name.

    Raises:
        NotFound: `diagram.unknown`.
    """
    name = "-".join(text.lower().replace("_", " ").replace("-", " ").split())
    found = name if name in KINDS else ALIASES.get(name)
    if found is None:
        [near] = difflib.get_close_matches(name, [*KINDS, *ALIASES], 1) or [""]
        suggestion = f"Did you mean {near!r}? " if near else ""
        raise NotFound(
            "diagram.unknown",
            f"There is no diagram {text[:100]!r}.",
            hint=f"{suggestion}There are {', '.join(KINDS)}.",
        )
    return found


def diagram(material: Material, kind: str) -> Diagram:
    """Return the diagram of that kind.

    Raises:
        NotFound: `diagram.unknown`.
    """
    kind = _named(kind)
    known = KINDS[kind]
    drawn = known.draw(material)
    if isinstance(drawn, str):
        return Diagram(kind, known.title, drawn, None)
    return Diagram(kind, known.title, drawn.said, drawn)


def diagrams(material: Material) -> tuple[Diagram, ...]:
    """Return all diagrams in their order."""
    return tuple(diagram(material, kind) for kind in KINDS)


def drawn(found: Diagram) -> Graph:
    """Return the graph of a diagram.

    Raises:
        NotFound: `diagram.empty`, with the reason.
    """
    if found.graph is None:
        raise NotFound("diagram.empty", f"There is nothing to draw: {found.said}")
    return found.graph


def file_svg(graph: Graph) -> str:
    """Return a drawing as a file of its own; boxes lead to paths in the repository."""
    return svg(graph, Style(href=address))


def mermaid_text(graph: Graph) -> str:
    """Return a drawing as Mermaid text."""
    return mermaid(graph, address)


def address(link: Link) -> str:
    """Return where a link leads for who has the repository at hand: a path and a line."""
    if link.to != "code":
        return ""
    return quote(link.key) + (f"#L{link.line}" if link.line else "")


def places(found: Diagram, material: Material) -> Iterator[Place]:
    """Yield each box with what is known of it, in the order of the graph."""
    if found.graph is None:
        return
    labels = {node.id: node.label for node in found.graph.nodes}
    excerpts = _excerpts(material)
    for node in found.graph.nodes:
        out = tuple(
            f"{edge.label or 'to'} {labels[edge.target]}"
            + (f" ({edge.because})" if edge.because else "")
            for edge in found.graph.edges
            if edge.source == node.id and edge.target in labels
        )
        where = str(node.link) if node.link else ""
        yield Place(node, where, excerpts.get((where, node.label), ""), out)


def _excerpts(material: Material) -> dict[tuple[str, str], str]:
    """Map place and name to the lines of code in the survey."""
    blueprint = material.blueprint
    if blueprint is None:
        return {}
    found = {(f"{each.path}:{each.line}", each.name): each.excerpt for each in blueprint.units}
    return found | {
        (f"{each.path}:{each.line}", each.name): each.excerpt for each in blueprint.tables
    }
