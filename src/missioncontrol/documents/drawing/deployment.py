"""Draws how the product is delivered and run, as its files say, with what the plan adds."""

from collections.abc import Iterator, Mapping, Sequence

from missioncontrol.documents.drawing import product
from missioncontrol.documents.drawing.material import Blueprint, Material, Unit
from missioncontrol.documents.drawing.structure import part_node
from missioncontrol.documents.figures import counted
from missioncontrol.drawing.model import Edge, Graph, Group, Link, Node, NodeKind

TITLE = "Deployment"
UNITS_MAX = 48
KINDS: Mapping[str, NodeKind] = {
    "image": "module",
    "service": "service",
    "store": "store",
    "process": "service",
    "function": "service",
    "platform": "external",
    "job": "job",
    "package": "module",
    "outside": "external",
}
FIRST = ("service", "store", "process", "function", "image", "package", "platform", "job")
BROUGHT = frozenset({"store", "service", "external"})


def deployment(material: Material) -> Graph | str:
    """Return the drawing, or the sentence that says what was looked for in vain."""
    if material.plan.design:
        return product.deployment(material.plan.design, material)
    blueprint = material.blueprint
    if blueprint is None:
        return "No surveyor has read the deployment files of this repository in this run."
    units = _chosen(blueprint.units)
    added = list(_added(material))
    if not units and not added:
        return f"Nothing says how this is run. {_looked_for(blueprint)}"
    nodes = [_unit_node(unit) for unit in units]
    known = {node.id for node in nodes}
    edges = [
        Edge(tie.source, tie.target, tie.label, because=f"{tie.path}:{tie.line}")
        for tie in blueprint.ties
        if tie.source in known and tie.target in known
    ]
    main = _main(units)
    for node in added:
        nodes.append(node)
        if main is not None:
            edges.append(Edge(main.id, node.id, "would need", "planned"))
    left = len(blueprint.units) - len(units)
    if left > 0:
        nodes.append(Node("…", f"{left} more", "more", "", "Beyond what one drawing can hold."))
    groups = _groups(nodes, units)
    return Graph(TITLE, _summary(blueprint, added), tuple(nodes), tuple(edges), groups, "right")


def _chosen(units: Sequence[Unit]) -> list[Unit]:
    """Keep what runs before what it needs, where there are too many for one drawing."""
    rank = {kind: place for place, kind in enumerate(FIRST)}
    chosen = sorted(units, key=lambda unit: rank.get(unit.kind, len(rank)))[:UNITS_MAX]
    chosen_ids = {unit.id for unit in chosen}
    return [unit for unit in units if unit.id in chosen_ids]


def _unit_node(unit: Unit) -> Node:
    note = unit.kind if unit.kind not in ("outside", "platform") else ""
    where = f"{unit.path}:{unit.line}" if unit.line else unit.path
    note = f"{note}, {where}" if note else where
    link = Link("code", unit.path, unit.line)
    kind = KINDS.get(unit.kind, "module")
    return Node(unit.id, unit.name, kind, note, unit.detail, "", link, unit.group)


def _added(material: Material) -> Iterator[Node]:
    """Yield what the plan brings in from outside."""
    for part in material.plan.architecture.components:
        if part.change == "new" and part.kind in BROUGHT:
            yield part_node(part, material)


def _main(units: Sequence[Unit]) -> Unit | None:
    for kind in ("service", "process", "function", "image", "package"):
        for unit in units:
            if unit.kind == kind:
                return unit
    return None


def _groups(nodes: Sequence[Node], units: Sequence[Unit]) -> tuple[Group, ...]:
    names = list(dict.fromkeys(unit.group for unit in units if unit.group))
    return tuple(Group(name, name) for name in names) if 0 < len(names) <= 12 else ()


def _looked_for(blueprint: Blueprint) -> str:
    what = blueprint.looked_for[0] if blueprint.looked_for else "Deployment files"
    return f"{what} were looked for."


def _summary(blueprint: Blueprint, added: Sequence[Node]) -> str:
    files = list(dict.fromkeys(blueprint.deployment_files))
    if files:
        shown = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
        summary = f"Read from {shown}."
    else:
        homes = [unit for unit in blueprint.units if unit.kind == "package"]
        jobs = [unit for unit in blueprint.units if unit.kind == "job"]
        how = [
            f"{unit.name} is delivered as a {unit.detail} ({unit.path}:{unit.line})"
            for unit in homes[:2]
        ]
        how += [f"CI has {counted(len(jobs), 'job')}"] if jobs else []
        where = f"{'; '.join(how)}. " if how else ""
        summary = f"{where}No file says on which machines it runs. {_looked_for(blueprint)}"
    if added:
        summary += (
            f" By the plan it would also need: {', '.join(node.label for node in added)} (+)."
        )
    return summary
