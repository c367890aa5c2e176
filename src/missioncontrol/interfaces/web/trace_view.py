"""The trace of a mission: why each thing exists, what it covers, and where the chain is broken."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.traceability.graph import (
    COLUMNS,
    Edge,
    Node,
    NodeKind,
    TraceGraph,
    reached,
)
from missioncontrol.documents.traceability.report import matrix, summarize_check
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web.artifact_view import viewer_url
from missioncontrol.interfaces.web.codes import code_url

LISTED_MAX = 1_000
"""Nodes of one kind that the list names; the graph has them all."""

FOLDED_FROM = 24
"""With more, requirements, things of one kind and gaps stand in sections that are folded: pages
stay short on a phone, and a browser's search opens what it finds in them."""

GAPS_SHOWN = 8
"""Gaps that are shown before the others are folded."""

LED_MAX = 600
"""Nodes whose places the script receives beforehand."""

WAYS_MAX = 60
"""Reasons that are shown of one node, in each direction."""

NAMED_MAX = 4
"""Things in one cell of the matrix; the rest is counted."""

KINDS: dict[NodeKind, tuple[str, str]] = {
    "goal": ("Goal", "Goal"),
    "sentence": ("Sentence", "Sentences of the goal"),
    "constraint": ("Constraint", "Constraints"),
    "background": ("Background", "Background"),
    "requirement": ("Requirement", "Requirements"),
    "entity": ("Table", "Tables"),
    "interface": ("Interface", "Interfaces"),
    "metric": ("Metric", "Metrics"),
    "task": ("Task", "Tasks"),
    "decision": ("Decision", "Decisions"),
    "risk": ("Risk", "Risks"),
    "component": ("Component", "Components"),
    "artifact": ("Artifact", "Artifacts"),
    "diff": ("Change", "Changes of files"),
    "file": ("File", "Files"),
    "test": ("Test", "Tests"),
}
"""What one of a kind is called, and all of them."""

QUOTED_KINDS = frozenset({"goal", "sentence", "constraint", "background"})
"""Kinds of people's input: these are called by their words."""

_LED_KINDS = frozenset({"artifact", "component", "entity", "file", "interface", "metric", "test"})
"""Kinds whose page the script cannot tell from their name."""

HEADINGS = (
    "Goal",
    "Source",
    "Requirements",
    "Tables, interfaces, metrics",
    "Tasks",
    "Decisions, risks, parts",
    "Artifacts, changes",
    "Files",
    "Tests",
)
"""Over the columns of the graph."""


class Way(NamedTuple):
    """A reason, with the node at its other end."""

    node: Node
    why: str


class Fold(NamedTuple):
    """Things that stand together: of one phase, or all of them."""

    title: str  # "" where nothing is folded
    things: list[Any]
    gaps: int  # of the things, those with an open gap
    is_open: bool


class Looked(NamedTuple):
    """One node with all that leads to it and from it."""

    node: Node
    href: str  # where it is shown in full; "" where nowhere
    above: list[Way]  # why it exists, the nearest first
    below: list[Way]  # what it covers
    above_left_out: int
    below_left_out: int


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/trace.html` shows."""
    del console
    reading = story.reading
    graph = reading.trace_graph
    by_id = {node.id: node for node in graph.nodes}
    chosen = by_id.get(str(request.query_params.get("node", ""))[:600])
    return {
        "trace": summarize_check(reading.record, reading.trace),
        "graph": graph,
        "kinds": KINDS,
        "called": called,
        "node_groups": _groups(graph, story),
        "looked": _looked(chosen, graph, by_id, story) if chosen else None,
        "matrix_folds": _matrix_folds(story, chosen),
        "has_parts": reading.plan.design is not None,
        "gaps_shown": GAPS_SHOWN,
        "is_newest": story.state.id == story.mission.runs[-1],
        "named_max": NAMED_MAX,
        "node_data": {
            "url": f"/api/v1/missions/{quote(story.mission.id)}/trace?run={quote(story.state.id)}",
            "base": f"/missions/{quote(story.mission.id)}?run={quote(story.state.id)}",
            "columns": COLUMNS,
            "headings": HEADINGS,
            "kinds": {kind: one for kind, (one, _) in KINDS.items()},
            "chosen": chosen.id if chosen else "",
            "live": [f"run:{story.state.id}", "missions"],
            "hrefs": _hrefs(graph, story),
        },
    }


def _hrefs(graph: TraceGraph, story: RunReport) -> dict[str, str]:
    """Return where the script leads to that can't tell it from the kind and the name."""
    apart = [one for one in graph.nodes if one.kind in _LED_KINDS]
    found = {one.id: _href(one, story) for one in apart[:LED_MAX]}
    return {name: href for name, href in found.items() if href}


def _matrix_folds(story: RunReport, chosen: Node | None) -> list[Fold]:
    """Return the rows of the matrix by the phases that serve their requirements."""
    reading = story.reading
    rows = matrix(reading.record, reading.trace_graph, reading.trace)
    phases = _phases(story)
    named = {row.requirement.id: _phase_of([n.name for n in row.tasks], phases) for row in rows}
    looked = {chosen.id} if chosen else set()
    return _folded(
        rows,
        lambda row: named[row.requirement.id],
        lambda row: bool(row.gaps),
        lambda row: f"requirement:{row.requirement.id}" in looked,
    )


def _phases(story: RunReport) -> dict[str, str]:
    """Return the phase of each task, by its key, in the plan's order."""
    return {task.key: phase.title for phase in story.reading.plan.stages() for task in phase.tasks}


def _phase_of(keys: list[str], phases: dict[str, str]) -> str:
    """Return the last phase that works on something: the first ones look at all of it."""
    order = {key: number for number, key in enumerate(phases)}
    last = max((key for key in keys if key in order), key=lambda key: order[key], default="")
    return phases.get(last, "No phase")


def _folded(
    things: Sequence[Any],
    title: Callable[[Any], str],
    has_gap: Callable[[Any], bool],
    is_looked_at: Callable[[Any], bool],
) -> list[Fold]:
    """Return things by title; all together where they are few, and none where there is none."""
    if len(things) <= FOLDED_FROM:
        return [Fold("", list(things), 0, is_open=True)] if things else []
    found: dict[str, list[Any]] = {}
    for thing in things:
        found.setdefault(title(thing), []).append(thing)
    return [
        Fold(name, inside, sum(map(has_gap, inside)), any(map(is_looked_at, inside)))
        for name, inside in found.items()
    ]


def _groups(graph: TraceGraph, story: RunReport) -> list[tuple[str, list[Fold], int]]:
    """Return the nodes by kind: its name, those listed, folded where many, and how many not."""
    phases = _phases(story)
    found = []
    for kind, (_, many) in KINDS.items():
        nodes = [node for node in graph.nodes if node.kind == kind]
        folds = _folded(
            nodes[:LISTED_MAX],
            (lambda node: _phase_of([node.name], phases)) if kind == "task" else lambda _: "All",
            lambda node: node.state == "gap",
            lambda _: False,
        )
        if folds:
            found.append((many, folds, max(len(nodes) - LISTED_MAX, 0)))
    return found


def _looked(node: Node, graph: TraceGraph, by_id: dict[str, Node], story: RunReport) -> Looked:
    above = _once_each(by_id, ((edge.source, edge) for edge in reached(graph, node.id, up=True)))
    below = _once_each(by_id, ((edge.target, edge) for edge in reached(graph, node.id, up=False)))
    return Looked(
        node,
        _href(node, story),
        [_way(there, edge, by_id[edge.target], node) for there, edge in above[:WAYS_MAX]],
        [_way(there, edge, by_id[edge.source], node) for there, edge in below[:WAYS_MAX]],
        max(len(above) - WAYS_MAX, 0),
        max(len(below) - WAYS_MAX, 0),
    )


def _once_each(
    by_id: dict[str, Node], edges: Iterable[tuple[str, Edge]]
) -> list[tuple[Node, Edge]]:
    """Return the first edge to each node: there may be many ways to it."""
    found: dict[str, Edge] = {}
    for there, edge in edges:
        found.setdefault(there, edge)
    return [(by_id[there], edge) for there, edge in found.items()]


def called(node: Node) -> str:
    """Return what a node is called in a sentence: words by themselves, other things by name."""
    return f"“{node.title}”" if node.kind in QUOTED_KINDS else f"{KINDS[node.kind][0]} {node.name}"


def _way(there: Node, edge: Edge, here: Node, looked: Node) -> Way:
    """Return a reason; one that is not about the node that is looked at names what it is about."""
    is_plain = here.id == looked.id or here.kind in QUOTED_KINDS
    return Way(there, edge.why if is_plain else f"{here.name}: {edge.why}")


def _href(node: Node, story: RunReport) -> str:
    """Return where a node is shown in full on the mission's page."""
    base = f"/missions/{quote(story.mission.id)}?run={quote(story.state.id)}"
    where = story.reading.where
    match node.kind:
        case "task":
            return f"{base}&view=plan#task-{node.name}"
        case "requirement":
            return f"{base}&view=plan&show=requirements#{where.requirements.get(node.name, '')}"
        case "decision":
            return f"{base}&view=decisions#{where.decisions.get(node.name, '')}"
        case "risk":
            return f"{base}&view=decisions#{where.risks.get(node.name, '')}"
        case "artifact":
            return _viewer(node, story)
        case "file" | "test" if node.id.startswith("file:"):
            return _file(node.id.removeprefix("file:"), base, story)
        case "entity" | "interface" | "metric":
            return f"{base}&view=documents&document=product"
        case "component":
            return f"{base}&view=documents&document=diagrams#diagram-proposed"
    return ""


def _viewer(node: Node, story: RunReport) -> str:
    """Return where an artifact is shown."""
    for each in story.reading.exhibits:
        if node.id == f"artifact:{each.task}/{each.artifact.name}":
            artifact = each.artifact
            return viewer_url(story.state.id, artifact.digest, each.task, artifact.name)
    return ""


def _file(path: str, base: str, story: RunReport) -> str:
    """Return where a file is read, or else where the plan says why it is named."""
    if found := code_url(story, path):
        return found
    requirement = _sought_for(path, story)
    return f"{base}&view=plan&show=requirements#places-{requirement}" if requirement else ""


def _sought_for(path: str, story: RunReport) -> str:
    """Return the requirement for which a file is likely to change, "" where there is none."""
    for likely in story.reading.plan.likely:
        if any(file.path == path for file in likely.files):
            return likely.requirement
    return ""
