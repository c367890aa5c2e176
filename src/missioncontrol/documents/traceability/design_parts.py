"""The parts of a new product in its trace: what asks for each, and which tasks work on it."""

import re
from collections.abc import Iterator

from missioncontrol.documents.traceability.graph import Draft
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.product_design import Entity, Interface, ProductDesign, Source

_UNGROUNDED = {
    "answer": "An answer to a question of the plan asks for it",
    "experience": "Products of this kind have it",
    "assumption": "The plan assumes it",
    "goal": "The goal asks for it",
}
"""Why a part exists that no requirement names, by its basis."""


def add_design(draft: Draft, plan: Plan) -> None:
    """Add the tables, interfaces and metrics of a product; its requirements and tasks are there."""
    design = plan.design
    if design is None:
        return
    tables = {each.name: f"entity:{each.table}" for each in design.entities}
    for entity in design.entities:
        fields = ", ".join(each.name for each in entity.fields)
        detail = f"{entity.purpose} Fields: {fields}."
        node = draft.add(tables[entity.name], "entity", entity.table, entity.table, detail)
        _explain(draft, plan, node, entity.source)
        for task in _working_on(plan, entity):
            draft.tie(node, f"task:{task.key}", f"{task.key} works on `{entity.table}`.")
    _add_interfaces(draft, plan, design, tables)
    for metric in design.metrics:
        node = draft.add(f"metric:{metric.id}", "metric", metric.id, metric.name, metric.measure)
        for entity, event in _reported(design, metric.events):
            draft.tie(tables[entity.name], node, f"Its event `{event}` is about {entity.name}.")
        _explain(draft, plan, node, metric.source)


def _add_interfaces(
    draft: Draft, plan: Plan, design: ProductDesign, tables: dict[str, str]
) -> None:
    for interface in design.interfaces:
        node = draft.add(
            f"interface:{interface.name}",
            "interface",
            interface.name,
            interface.name,
            " ".join((interface.purpose, *_refusals(interface))),
        )
        for name in interface.entities:
            draft.tie(tables[name], node, f"It is a way to `{tables[name].partition(':')[2]}`.")
        _explain(draft, plan, node, interface.source)
        for task in plan.tasks():
            if task.is_change and f"`{interface.name}`" in _text(task):
                draft.tie(node, f"task:{task.key}", f"{task.key} names `{interface.name}`.")


def _refusals(interface: Interface) -> Iterator[str]:
    if interface.failures:
        yield f"It refuses: {'; '.join(interface.failures)}."


def _explain(draft: Draft, plan: Plan, node: str, source: Source) -> None:
    """Tie a part that no other part explains to the requirements with its words, or to the goal."""
    if draft.is_tied(node):
        return
    words = _plain(source.words) if source.basis == "goal" else ""
    asking = [each for each in plan.requirements if words and words in _plain(each.text)]
    for each in asking:
        draft.tie(f"requirement:{each.id}", node, f"{each.id} asks for it: “{source.words}”.")
    if not asking:
        named = f": {source.words}" if source.words else ""
        draft.tie("goal", node, f"{_UNGROUNDED[source.basis]}{named}.")


def _working_on(plan: Plan, entity: Entity) -> Iterator[Task]:
    """Yield the changes whose words name a table, or the thing that it stores."""
    name = re.compile(rf"`{re.escape(entity.table)}`|\b{re.escape(entity.name)}s?\b", re.IGNORECASE)
    for task in plan.tasks():
        if task.is_change and name.search(_text(task)):
            yield task


def _reported(design: ProductDesign, events: tuple[str, ...]) -> Iterator[tuple[Entity, str]]:
    """Yield each event with the entity that its name begins with."""
    for event in events:
        for entity in design.entities:
            if event.startswith(f"{entity.name.replace(' ', '_')}_"):
                yield entity, event


def _text(task: Task) -> str:
    return " ".join((task.title, task.detail, *task.acceptance))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
