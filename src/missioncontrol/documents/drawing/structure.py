"""Draws the architecture: as the code has it, and as the plan would have it."""

from collections.abc import Collection, Iterable, Mapping

from missioncontrol.documents.drawing.material import Import, Material
from missioncontrol.documents.figures import counted
from missioncontrol.domain.plan import Component, Decision, Relation
from missioncontrol.drawing.model import Edge, Graph, Link, Mark, Node, NodeKind
from missioncontrol.drawing.modules import ImportFact, ModuleFact, module_graph

NEIGHBOURS_MAX = 18
PARTS_MAX = 40
KINDS: Mapping[str, NodeKind] = {
    "interface": "interface",
    "store": "store",
    "service": "service",
    "test": "test",
    "document": "document",
    "external": "external",
}
AS_IS, PROPOSED = "Architecture as it is", "Architecture as proposed"


def as_is(material: Material) -> Graph | str:
    """Return the modules and imports that the architect read, or why there is no drawing."""
    found = material.structure
    if found is None:
        return "No architect has read the modules of this repository in this run."
    if not found.modules:
        return "The architect found no module of a product in this repository."
    goal = {near.path for near in found.goal} | changed_paths(material)
    return module_graph(
        [ModuleFact(each.path, each.lines, each.fan_in, each.fan_out) for each in found.modules],
        [
            ImportFact(each.source, each.target, each.file, each.line)
            for each in found.imports
            if each.when == "load"
        ],
        goal,
        title=AS_IS,
    )


def changed_paths(material: Material) -> set[str]:
    """Return the files that the plan expects to change; of a new product none is there."""
    if material.plan.design is not None:
        return set()
    parts = material.plan.architecture.components
    paths = {part.path for part in parts if part.change == "changed" and part.path}
    return paths | {path for task in material.plan.tasks() for path in task.scope}


def proposed(material: Material) -> Graph | str:
    """Return what the plan adds and changes, amid the modules that would notice."""
    parts = material.plan.architecture.components[:PARTS_MAX]
    if not parts:
        return "The plan names no part of the architecture that it would add or change."
    nodes = {part.id: part_node(part, material) for part in parts}
    new = {part.id for part in parts if part.change == "new"}
    edges = [
        Edge(
            each.source,
            each.target,
            relation_words(each),
            "planned" if _touches(each, new) else "plain",
        )
        for each in material.plan.architecture.relations
        if each.source in nodes and each.target in nodes
    ]
    home = {part.path: part.id for part in parts if part.path}
    for path in sorted(changed_paths(material) - set(home)):
        if len(nodes) < PARTS_MAX:
            nodes[path] = _scoped(path, material)
            home[path] = path
    around = _around(material, home, {(edge.source, edge.target) for edge in edges})
    nodes |= {node.id: node for node in around[0]}
    return Graph(PROPOSED, _summary(nodes.values()), tuple(nodes.values()), (*edges, *around[1]))


def part_node(part: Component, material: Material) -> Node:
    """Return the box of a part of the plan's architecture, leading to its code or its task."""
    kind = KINDS.get(part.kind, "module")
    decided = [each.id for each in material.plan.decisions if _is_about(part, each)][:3]
    note: str = "" if kind == "module" else kind
    if decided:
        note = f"{note}, {', '.join(decided)}" if note else ", ".join(decided)
    link = Link("code", part.path) if part.path else _builder_of(part, material)
    if link is None and decided:
        link = Link("decision", decided[0])
    mark: Mark = "" if part.change == "unchanged" else part.change
    if not mark and part.path in changed_paths(material):
        mark = "changed"  # The plan names it as a neighbour, and a task expects to change it.
    return Node(part.id, part.name, kind, note, part.detail, mark, link)


def _is_about(part: Component, decision: Decision) -> bool:
    words = f"{decision.title} {decision.choice}"
    if part.path:
        return part.path in decision.files or part.path in words
    return part.name.lower() in decision.title.lower()


def relation_words(relation: Relation) -> str:
    """Return the words of an arrow; that one module imports another needs none."""
    return "" if relation.label == "imports" else relation.label.replace("`", "")


def _builder_of(part: Component, material: Material) -> Link | None:
    """Return the task that brings a part about: the one that names it, else the first change."""
    tasks = list(material.changes)
    named = [t for t in tasks if part.name.lower() in f"{t.title} {t.detail}".lower()]
    chosen = named or tasks
    return Link("task", chosen[0].key) if chosen else None


def _touches(edge: Relation, new: Collection[str]) -> bool:
    return edge.source in new or edge.target in new


def _scoped(path: str, material: Material) -> Node:
    tasks = [task for task in material.plan.tasks() if path in task.scope]
    named = ", ".join(f"“{task.title}”" for task in tasks[:3])
    reasons = [
        reason
        for likely in material.plan.likely
        for file in likely.files
        if file.path == path
        for reason in file.reasons[:2]
    ]
    why = f" Likely, because: {'; '.join(reasons)}." if reasons else ""
    detail = f"Expected to change by {named}.{why}" if named else why.strip()
    is_test = "test" in path.rpartition("/")[2].lower()
    return Node(
        path, path, "test" if is_test else "module", "", detail, "changed", Link("code", path)
    )


def _around(
    material: Material, home: Mapping[str, str], drawn: set[tuple[str, str]]
) -> tuple[list[Node], list[Edge]]:
    """Return modules that import what changes or that it imports, and the lines that say so."""
    found = material.structure
    if found is None:
        return [], []
    touched = {path for path in home if path in changed_paths(material)}
    needed = [
        each
        for each in found.imports
        if each.when == "load" and (each.source in touched or each.target in touched)
    ]
    near: dict[str, Import] = {}
    for each in needed:
        for path in (each.source, each.target):
            if path not in home:
                near.setdefault(path, each)
    # Who imports what changes comes first: those would notice.
    order = sorted(near, key=lambda path: (near[path].source != path, path))
    chosen = set(order[:NEIGHBOURS_MAX])
    nodes = [
        Node(path, path, "module", "", _stays(near[path]), "", Link("code", path))
        for path in order[:NEIGHBOURS_MAX]
    ]
    if len(order) > NEIGHBOURS_MAX:
        rest = ", ".join(order[NEIGHBOURS_MAX:][:20])
        count = len(order) - NEIGHBOURS_MAX
        nodes.append(Node("…", f"{count} more neighbours", "more", "", rest))
    ids = {**home, **{path: path for path in chosen}}
    edges: dict[tuple[str, str], Edge] = {}
    for each in needed:
        pair = ids.get(each.source, ""), ids.get(each.target, "")
        if all(pair) and pair not in drawn and pair[0] != pair[1]:
            because = f"{each.file}:{each.line} {each.text}".strip()
            edges.setdefault(pair, Edge(*pair, because=because))
    return nodes, list(edges.values())


def _stays(each: Import) -> str:
    return f"Stays as it is; {each.source} imports {each.target} ({each.file}:{each.line})."


def _summary(nodes: Iterable[Node]) -> str:
    listed = list(nodes)
    new = [node.label for node in listed if node.mark == "new"]
    changed = [node.label for node in listed if node.mark == "changed"]
    parts = []
    if new:
        parts.append(f"New (+): {', '.join(new)}.")
    if changed:
        shown = ", ".join(changed[:8]) + (
            f" and {len(changed) - 8} more" if len(changed) > 8 else ""
        )
        parts.append(f"Changed (~): {shown}.")
    left = len(listed) - len(new) - len(changed)
    if left:
        parts.append(f"{counted(left, 'box', 'boxes')} beside them as they are.")
    return " ".join(parts)
