"""The blueprint in words: technical foundation, project shape and operating model, with sources."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.documents.drawing.material import Folder, Material, Stone
from missioncontrol.documents.drawing.structure import changed_paths
from missioncontrol.documents.figures import counted
from missioncontrol.domain.product_design import ProductDesign

DEPENDENCIES_MAX, FOLDERS_MAX, PRACTICES_MAX = 24, 30, 40
HOLDS = {
    "test": "tests",
    "document": "documents",
    "generated": "generated files",
    "vendored": "vendored files",
    "binary": "binary files",
}
TOPICS = {
    "test": "Tests",
    "check": "Checks",
    "hook": "Hooks",
    "review": "Review",
    "contribute": "Contributing",
    "changes": "Changes",
    "release": "Release",
    "security": "Security",
}


class Statement(msgspec.Struct, frozen=True):
    """One thing that is known, and where it stands."""

    topic: str
    text: str  # may hold code between backticks
    source: str  # `path:line`, or a place in the plan such as `decision D2`
    by_plan: bool = False  # it will be so by the plan, and is not yet


class Level(msgspec.Struct, frozen=True):
    """A directory in the project's tree."""

    path: str
    depth: int
    name: str
    holds: str
    changes: int  # files below it that the plan expects to change
    is_file: bool = False


class BlueprintText(msgspec.Struct, frozen=True):
    """The three parts; each with a sentence where nothing is known."""

    foundation: tuple[Statement, ...]
    shape: tuple[Level, ...]
    operating: tuple[Statement, ...]
    left_out: tuple[str, ...]
    missing: str = ""  # why there is none at all


def blueprint_text(material: Material) -> BlueprintText:
    """Return what is known of the repository and what the plan makes of it."""
    if material.plan.design:
        return _of_product(material.plan.design)
    missing = ""
    if material.blueprint is None:
        missing = "No surveyor has read this repository in this run, so only the plan speaks here."
    left = material.blueprint.left_out if material.blueprint else ()
    return BlueprintText(
        tuple(_foundation(material)),
        tuple(_shape(material)),
        tuple(_operating(material)),
        left,
        missing,
    )


def _of_product(design: ProductDesign) -> BlueprintText:
    """Return the three parts of a product that is still to be built."""
    return BlueprintText(
        tuple(_planned_foundation(design)),
        tuple(_planned_shape(design)),
        tuple(_planned_operation(design)),
        (),
    )


def _planned_foundation(design: ProductDesign) -> Iterator[Statement]:
    for each in design.stack:
        others = ", ".join(name for name, _ in each.alternatives)
        instead = f" Instead of: {others}." if others else ""
        source = "named by the goal" if each.source.basis == "goal" else each.source.words
        text = f"{each.choice}. {each.reason}{instead}"
        yield Statement(each.part, text, source, by_plan=True)
    for entity in design.entities:
        names = ", ".join(field.name for field in entity.fields)
        source = "the goal" if entity.source.basis == "goal" else entity.source.words
        yield Statement("Table", f"`{entity.table}`: {names}", source, by_plan=True)


def _planned_shape(design: ProductDesign) -> Iterator[Level]:
    for path, depth, file in design.tree():
        name = path.rstrip("/").rpartition("/")[2]
        is_file = file is not None and not path.endswith("/")
        yield Level(path, depth, name, file.purpose if file else "", 0, is_file)


def _planned_operation(design: ProductDesign) -> Iterator[Statement]:
    for stage in design.deployment.stages:
        yield Statement(stage.name.capitalize(), stage.text, "deployment", by_plan=True)
    for need in design.deployment.needs:
        yield Statement("Takes to run", need, "deployment", by_plan=True)
    for cost in design.deployment.cost_drivers:
        yield Statement("Costs", cost, "deployment", by_plan=True)
    for each in design.failures:
        text = (
            f"When {each.when[:1].lower()}{each.when[1:]}: {each.then[:1].lower()}{each.then[1:]}."
        )
        yield Statement("Failure", text, design.kind_title, by_plan=True)
    for milestone in design.milestones:
        text = f"{milestone.title}: {milestone.shows}"
        yield Statement("Milestone", text, counted(len(milestone.tasks), "task"), by_plan=True)


def _foundation(material: Material) -> Iterator[Statement]:
    found = material.blueprint
    if found is not None:
        wanted = {
            stone.name.lower(): stone.detail
            for stone in found.foundation
            if stone.kind == "dependency"
        }
        named: set[str] = set()
        for stone in found.foundation:
            if stone.kind == "dependency":
                continue
            named |= {stone.name.lower(), stone.word.lower()}
            text = _stone_words(stone, wanted.get(stone.word.lower(), ""))
            yield Statement(stone.kind.capitalize(), text, _where(stone.path, stone.line))
        needs = [
            stone
            for stone in found.foundation
            if stone.kind == "dependency" and stone.name.lower() not in named
        ]
        for stone in needs[:DEPENDENCIES_MAX]:
            text = f"`{stone.name}` {stone.detail}"
            yield Statement("Dependency", text, _where(stone.path, stone.line))
        if len(needs) > DEPENDENCIES_MAX:
            rest = needs[DEPENDENCIES_MAX:]
            names = ", ".join(f"`{stone.name}`" for stone in rest)
            yield Statement("Dependency", f"Also {names}", _where(rest[0].path, rest[0].line))
        yield from _stored(material)
    for part in material.plan.architecture.components:
        if part.change == "new" and part.kind in ("store", "service", "external"):
            decided = next(
                (d.id for d in material.plan.decisions if part.name.lower() in d.choice.lower()), ""
            )
            source = f"decision {decided}" if decided else f"component {part.id}"
            yield Statement("By the plan", f"{part.name}: {part.detail}", source, by_plan=True)


def _stone_words(stone: Stone, requested: str) -> str:
    known = f", as `{stone.word}`" if stone.word.lower() not in ("", stone.name.lower()) else ""
    return f"{stone.name} {stone.detail or requested}".strip() + known


def _stored(material: Material) -> Iterator[Statement]:
    found = material.blueprint
    assert found is not None
    tables = [table for table in found.tables if table.kind != "record"]
    for table in tables[:8]:
        columns = ", ".join(column.name for column in table.columns[:8])
        more = f" and {len(table.columns) - 8} more" if len(table.columns) > 8 else ""
        text = f"`{table.name}` ({table.how}): {columns}{more}"
        yield Statement("Table", text, _where(table.path, table.line))
    if len(tables) > 8:
        rest = ", ".join(f"`{table.name}`" for table in tables[8:40])
        yield Statement("Table", f"Also {rest}", _where(tables[8].path, tables[8].line))


def _shape(material: Material) -> Iterator[Level]:
    found = material.blueprint
    if found is None:
        return
    touched = changed_paths(material)
    for folder in found.shape[:FOLDERS_MAX]:
        depth = 0 if folder.path == "." else folder.path.count("/") + 1
        inside = [path for path in touched if folder.path == "." or _is_in(path, folder)]
        size = f"{counted(folder.files, 'file')}, {counted(folder.lines, 'line')}"
        holds = f"{size}, mostly {HOLDS.get(folder.holds, folder.holds)}"
        if folder.languages and folder.holds in ("code", "test"):
            holds += f" in {' and '.join(folder.languages)}"
        name = folder.path.rpartition("/")[2] if depth else "repository"
        yield Level(folder.path, depth, name, holds, len(inside))


def _is_in(path: str, folder: Folder) -> bool:
    return path.startswith(f"{folder.path}/")


def _operating(material: Material) -> Iterator[Statement]:
    found = material.blueprint
    if found is not None:
        order = list(TOPICS)
        known = [each for each in found.practices if each.topic in TOPICS]
        known.sort(key=lambda each: order.index(each.topic))
        for each in known[:PRACTICES_MAX]:
            yield Statement(TOPICS[each.topic], each.text, _where(each.path, each.line))
    yield from _hand_off(material)


def _hand_off(material: Material) -> Iterator[Statement]:
    """Yield who does what is left, who answers for risks, and who knows the code."""
    for task in material.plan.tasks():
        if task.is_handover:
            first = task.acceptance[0] if task.acceptance else ""
            text = f"“{task.title}” is handed over; done when: {first}"
            yield Statement("Hand-off", text, f"task {task.key}", by_plan=True)
        elif task.is_change:
            text = f"“{task.title}” is done by {task.agent}."
            yield Statement("Hand-off", text, f"task {task.key}", by_plan=True)
    for risk in material.plan.risks:
        if risk.owner:
            text = f"{risk.owner} sees to “{risk.title}”."
            yield Statement("Risk owner", text, f"risk {risk.id}", by_plan=True)
    yield from _knowers(material)


def _knowers(material: Material) -> Iterator[Statement]:
    for likely in material.plan.likely:
        for file in likely.files[:2]:
            if file.knowers:
                who = _listed([f"{one.name} ({one.commits})" for one in file.knowers[:3]])
                text = f"`{file.path}` is known by {who}, by commits."
                yield Statement("Reviewers", text, f"history of {file.path}")


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _where(path: str, line: int) -> str:
    return f"{path}:{line}" if line else path
