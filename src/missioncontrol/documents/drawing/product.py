"""Draws a product that is still to be built, from the design in its plan."""

from collections.abc import Iterator

from missioncontrol.documents.drawing.material import Material
from missioncontrol.documents.figures import counted
from missioncontrol.domain.plan import Component
from missioncontrol.domain.product_design import Entity, Interface, ProductDesign
from missioncontrol.drawing.model import Edge, Graph, Group, Link, Node, NodeKind, Row

WAYS_MAX, TABLES_MAX, ROWS_MAX = 16, 24, 14
KINDS: dict[str, NodeKind] = {
    "module": "module",
    "interface": "interface",
    "store": "store",
    "service": "service",
    "external": "external",
}
RUNS_INSIDE, RUNS_BESIDE, RUNS_OUTSIDE = "inside", "beside", "outside"


def flow(design: ProductDesign) -> Graph:
    """Draw who uses which way in, which tables that touches, and the task that builds it."""
    ways = [each for each in design.interfaces if each.kind not in {"event", "screen"}][:WAYS_MAX]
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    for user in design.users:
        name = f"who {user.name}"
        nodes[name] = Node(name, user.name.capitalize(), "actor", "", ", ".join(user.jobs), rank=0)
    for way in ways:
        name = f"in {way.name}"
        nodes[name] = Node(name, way.name, "entry", way.kind, way.purpose, "new", rank=1)
        for who in _users_of(way, design):
            edges[f"who {who}", name] = Edge(f"who {who}", name, "", "planned")
        for entity in way.entities:
            table = f"table {entity}"
            nodes[table] = Node(table, entity, "table", "", "", "new", rank=2)
            edges[name, table] = Edge(name, table, "", "planned")
    known = [edge for edge in edges.values() if edge.source in nodes and edge.target in nodes]
    left = len([e for e in design.interfaces if e.kind not in {"event", "screen"}]) - len(ways)
    more = f" {counted(left, 'more way')} in are listed under Design." if left > 0 else ""
    people = ", ".join(each.name for each in design.users[:3])
    text = (
        f"{counted(len(ways), 'way')} into {design.name} for {people}, and the tables that each of"
        f" them reads or writes.{more}"
    )
    return Graph("Product flow", text, tuple(nodes.values()), tuple(known), direction="right")


def _users_of(way: Interface, design: ProductDesign) -> Iterator[str]:
    """Yield the users of a way in: those whose jobs or names it speaks of, else the first."""
    text = f"{way.name} {way.purpose}".lower()
    found = [
        user.name
        for user in design.users
        if user.name in text or any(job.split()[0] in text for job in user.jobs)
    ]
    yield from found or [user.name for user in design.users[:1]]


def data_model(design: ProductDesign) -> Graph | str:
    """Draw the tables with their columns and references."""
    if not design.entities:
        return "This product stores nothing."
    shown = design.entities[:TABLES_MAX]
    known = {each.name for each in shown}
    edges = tuple(
        Edge(source, target, field, "planned")
        for source, field, target in design.relations()
        if source in known and target in known and source != target
    )
    text = (
        f"{counted(len(design.entities), 'table')} of {design.name} as planned, with"
        f" {counted(len(edges), 'reference')}."
    )
    return Graph("Data model", text, tuple(map(_table, shown)), edges, direction="right")


def _table(entity: Entity) -> Node:
    rows = tuple(
        Row(
            field.name,
            field.type,
            "key" if field.key == "primary" else "reference" if field.references else "",
        )
        for field in entity.fields[:ROWS_MAX]
    )
    return Node(entity.name, entity.table, "table", "", entity.purpose, "new", rows=rows)


def deployment(design: ProductDesign, material: Material) -> Graph:
    """Draw the parts by where they run: in the product, beside it, or elsewhere."""
    parts = material.plan.architecture.components
    nodes = tuple(_part(each) for each in parts)
    known = {node.id for node in nodes}
    edges = tuple(
        Edge(each.source, each.target, each.label, "planned")
        for each in material.plan.architecture.relations
        if each.source in known and each.target in known
    )
    titles = {
        RUNS_INSIDE: f"{design.name}, one deployment",
        RUNS_BESIDE: "Beside it, with data",
        RUNS_OUTSIDE: "Run by others",
    }
    used = {node.group for node in nodes}
    groups = tuple(Group(name, title) for name, title in titles.items() if name in used)
    stages = {each.name: each.text for each in design.deployment.stages}
    text = f"On a single host: {stages.get('single host', '')}".strip()
    return Graph("Deployment", text, nodes, edges, groups, "right")


def _part(part: Component) -> Node:
    where = {"store": RUNS_BESIDE, "external": RUNS_OUTSIDE}.get(part.kind, RUNS_INSIDE)
    kind = KINDS.get(part.kind, "module")
    return Node(part.id, part.name, kind, "", part.detail, "new", Link("row", part.id), where)
