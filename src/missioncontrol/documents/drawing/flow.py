"""Draws the product flow: actors, their entry points, what those reach, and requirements."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from missioncontrol.documents.drawing import product
from missioncontrol.documents.drawing.material import Entry, Material
from missioncontrol.documents.drawing.structure import changed_paths, part_node, relation_words
from missioncontrol.documents.figures import counted
from missioncontrol.domain.plan import Requirement
from missioncontrol.drawing.layers import forward, layered
from missioncontrol.drawing.model import Edge, Graph, Link, Node

TITLE = "Product flow"
PLACES_MAX, ENTRIES_MAX, PER_PLACE_MAX, HOPS_MAX = 14, 14, 4, 6
FILES_PER_REQUIREMENT_MAX = 4
REQUIREMENTS_MAX = 24
COMERS = {
    "command": "someone at a terminal",
    "route": "an HTTP client",
    "container": "who runs the container",
    "plugin": "a program that loads it as a plugin",
}
_ROLES = re.compile(
    r"\b(users?|admins?|administrators?|operators?|customers?|developers?|visitors?|clients?|"
    r"editors?|reviewers?|maintainers?|callers?|authors?|guests?|members?|owners?)\b",
    re.IGNORECASE,
)
FIRST_TEXT_MAX = 80
RANK = {"command": 0, "route": 1, "container": 2, "plugin": 2, "import": 3}


def flow(material: Material) -> Graph | str:
    """Return the drawing: actors, ways in, places that change, and the requirements they serve."""
    plan = material.plan
    if plan.design:
        return product.flow(plan.design)
    if not plan.requirements:
        return "The plan has no requirement, so there is no flow to draw."
    places = _places(material)
    served = {place: _served(place, material) for place in places}
    ways, missing = _ways(material, [node for node in places.values() if node.mark == "changed"])
    entries = {entry.name: entry for entry, _, _ in ways}
    ranks = _ranks(material, places, has_entries=bool(entries))
    actors = {name: _comer(entry, material) for name, entry in entries.items()}
    asks = plan.requirements[:REQUIREMENTS_MAX]
    people = list(_people(asks))
    nodes = [
        *(Node(f"who {name}", name, "actor") for name in dict.fromkeys(actors.values())),
        *(node for node, _ in people),
        *(_entry_node(entry) for entry in entries.values()),
        *places.values(),
        *(_ask_node(each, material) for each in asks),
        *_more(len(plan.requirements) - len(asks)),
    ]
    nodes = [msgspec.structs.replace(node, rank=_rank(node, ranks)) for node in nodes]
    edges = [
        *(Edge(f"who {who}", f"in {name}") for name, who in actors.items()),
        *(
            Edge(f"in {entry.name}", place, _through(trail), because=" → ".join(trail))
            for entry, place, trail in ways
        ),
        *(
            Edge(each.source, each.target, relation_words(each), "planned")
            for each in plan.architecture.relations
            if each.source in places and each.target in places
        ),
        *(Edge(place, ask, "serves", "planned") for place, asks in served.items() for ask in asks),
        *(edge for _, found in people for edge in found),
    ]
    once = {node.id: node for node in nodes}
    edges = [edge for edge in edges if edge.source in once and edge.target in once]
    return Graph(
        TITLE,
        _summary(material, places, ways, missing),
        tuple(once.values()),
        tuple(dict.fromkeys(edges)),
        direction="right",
    )


def _more(left: int) -> Iterator[Node]:
    if left > 0:
        detail = "They stand in the list of requirements; a drawing has no room for them."
        yield Node("ask …", f"{left} more requirements", "more", "", detail)


def _ranks(material: Material, places: Mapping[str, Node], *, has_entries: bool) -> dict[str, int]:
    """Map places to their columns: what is built on comes behind what is built on it."""
    pairs = [
        (each.source, each.target)
        for each in material.plan.architecture.relations
        if each.source in places and each.target in places
    ]
    names = list(places)
    first = 2 if has_entries else 1
    found = layered(names, forward(names, pairs))
    return {name: first + place for name, place in found.items()}


def _rank(node: Node, ranks: Mapping[str, int]) -> int:
    if node.kind in ("ask", "more"):
        return max(ranks.values(), default=1) + 1
    return {"actor": 0, "entry": 1}.get(node.kind, ranks.get(node.id, 1))


def _places(material: Material) -> dict[str, Node]:
    """Return what the plan adds or changes, tests aside, by the ids of its parts or its path."""
    found = {
        part.id: part_node(part, material)
        for part in material.plan.architecture.components
        if part.kind not in ("test", "document")
        and (part.change != "unchanged" or part.path in changed_paths(material))
    }
    known = {part.path for part in material.plan.architecture.components if part.path}
    wanted = changed_paths(material) - known
    for likely in material.plan.likely:
        wanted |= {file.path for file in likely.files[:1]} - known
    modules = {each.path for each in material.structure.modules} if material.structure else None
    for path in sorted(wanted):
        if modules is None or path in modules:
            detail = _likely_because(path, material)
            found[path] = Node(path, path, "module", "", detail, "changed", Link("code", path))
    return dict(list(found.items())[:PLACES_MAX])


def _likely_because(path: str, material: Material) -> str:
    for likely in material.plan.likely:
        for file in likely.files:
            if file.path == path and file.reasons:
                return f"For {likely.requirement}: {'; '.join(file.reasons[:3])}."
    return ""


def _served(place: str, material: Material) -> list[str]:
    """Return the requirements that a place serves, by where the plan expects their work."""
    plan = material.plan
    part = next((each for each in plan.architecture.components if each.id == place), None)
    path = part.path if part else place
    found = [
        likely.requirement
        for likely in plan.likely
        if path and path in {file.path for file in likely.files[:FILES_PER_REQUIREMENT_MAX]}
    ]
    for task in material.changes:
        if path and path in task.scope:
            found += task.requirements[:1]
    if part and not found:
        found += [each.id for each in plan.requirements if each.text and each.text in part.detail]
    if not found and len(plan.requirements) == 1:
        found = [plan.requirements[0].id]
    known = {each.id for each in plan.requirements}
    return [f"ask {name}" for name in dict.fromkeys(found) if name in known]


def _ways(
    material: Material, places: Sequence[Node]
) -> tuple[list[tuple[Entry, str, list[str]]], int]:
    """Return entries with a place that they reach and the modules on the way; and how many more.

    The way is made of import statements: it says that the code is reached, not in which case.
    """
    blueprint, structure = material.blueprint, material.structure
    if blueprint is None:
        return [], 0
    needs: dict[str, list[str]] = {}
    for each in structure.imports if structure else ():
        if each.when != "typing":
            needs.setdefault(each.source, []).append(each.target)
    found: list[tuple[Entry, str, list[str]]] = []
    missing = 0
    for place in places:
        path = place.link.key if place.link and place.link.to == "code" else ""
        back = _trails_to(path, needs) if path else {}
        near = [
            (len(back[entry.module]), RANK.get(entry.kind, 4), entry.name, entry)
            for entry in blueprint.entries
            if entry.module in back and len(back[entry.module]) <= HOPS_MAX
        ]
        if not near:
            near = [(1, 3, own.name, own) for own in _itself(path, blueprint.entries)]
            back |= {path: [path]}
        near.sort(key=lambda each: (each[1] == 3, *each[:3]))
        missing += max(len(near) - PER_PLACE_MAX, 0)
        found += [(each[3], place.id, back[each[3].module]) for each in near[:PER_PLACE_MAX]]
    names = list(dict.fromkeys(entry.name for entry, _, _ in found))[:ENTRIES_MAX]
    return [each for each in found if each[0].name in names], missing


def _itself(path: str, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield a module of a published package as an entry point: its users import it by name."""
    name = path.removesuffix(".py").removeprefix("src/").replace("/", ".").removesuffix(".__init__")
    tops = {each.name.partition(".")[0] for each in entries if each.kind == "import"}
    is_public = not any(part.startswith("_") for part in name.split("."))
    if path.endswith(".py") and is_public and name.partition(".")[0] in tops:
        yield Entry(name, "import", name, path, 1, path)


def _trails_to(path: str, needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Map each module that reaches `path` to a shortest way there, both ends included."""
    users: dict[str, list[str]] = {}
    for source in sorted(needs):
        for target in needs[source]:
            users.setdefault(target, []).append(source)
    trails = {path: [path]}
    todo = deque([path])
    while todo:
        at = todo.popleft()
        for user in users.get(at, ()):
            if user not in trails and len(trails[at]) <= HOPS_MAX:
                trails[user] = [user, *trails[at]]
                todo.append(user)
    return trails


def _through(trail: Sequence[str]) -> str:
    if len(trail) == 1:
        return "stands there"
    between = len(trail) - 2
    return "imports it" if not between else f"through {counted(between, 'module')}"


def _comer(entry: Entry, material: Material) -> str:
    if entry.kind == "import":
        return f"code that imports {entry.name.partition('.')[0]}"
    return COMERS.get(entry.kind, "another program")


def _people(asks: Sequence[Requirement]) -> Iterator[tuple[Node, list[Edge]]]:
    """Yield the actors of the requirements, joined to their requirements."""
    found: dict[str, list[str]] = {}
    for ask in asks:
        for word in dict.fromkeys(match.lower() for match in _ROLES.findall(ask.text)):
            found.setdefault(word.removesuffix("s"), []).append(ask.id)
    for word, names in found.items():
        node = Node(f"named {word}", f"{word}s", "actor", f"named in {', '.join(names[:3])}")
        yield node, [Edge(node.id, f"ask {name}", "asks for") for name in names]


def _entry_node(entry: Entry) -> Node:
    detail = f"{entry.kind}, leads to {entry.target}."
    note = f"{entry.path}:{entry.line}" if entry.line else entry.path
    link = Link("code", entry.path, entry.line)
    return Node(f"in {entry.name}", entry.name, "entry", note, detail, "", link)


def _ask_node(ask: Requirement, material: Material) -> Node:
    tasks = [task for task in material.changes if ask.id in task.requirements]
    detail = f"From the {ask.source}." if ask.source else ""
    if tasks:
        detail += f" Built by {', '.join(f'“{task.title}”' for task in tasks[:3])}."
    link = Link("requirement", ask.id)
    return Node(f"ask {ask.id}", ask.text, "ask", ask.id, detail.strip(), "", link)


def _summary(
    material: Material,
    places: Mapping[str, Node],
    ways: Sequence[tuple[Entry, str, list[str]]],
    missing: int,
) -> str:
    asks = counted(len(material.plan.requirements), "requirement")
    spots = counted(len(places), "place")
    if material.blueprint is None:
        return f"{asks} and {spots} of the plan; no survey has read the ways in yet."
    if not places:
        first = " ".join(material.plan.requirements[0].text.split())[:FIRST_TEXT_MAX]
        return f"{asks}, beginning with “{first}”; no module of the product changes for it."
    if not ways:
        reached = "no command, route or public name of the product reaches them by imports"
        first = next(iter(places.values())).label
        return f"{asks} and {spots} of the plan, {first} first; {reached}."
    count = len({entry.name for entry, _, _ in ways})
    verb = "is" if missing == 1 else "are"
    more = f" {counted(missing, 'more way')} in {verb} not drawn." if missing else ""
    return (
        f"{counted(count, 'way')} into the product that {'leads' if count == 1 else 'lead'} by "
        f"imports to what changes for {asks}, {next(iter(places.values())).label} first.{more}"
    )
