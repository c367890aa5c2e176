"""Writes the technical outline: where the change plugs in, parts, decisions, order of work."""

from collections.abc import Iterator

from missioncontrol.domain.graph import in_order
from missioncontrol.domain.plan import Component, Decision
from missioncontrol.specialists.writer.concerns import concerns
from missioncontrol.specialists.writer.markdown import cell, code, joined, sentence, table
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.place_facts import listed
from missioncontrol.specialists.writer.places import Place
from missioncontrol.specialists.writer.specification import sources
from missioncontrol.specialists.writer.uses import Use

USES_MAX = 12
HOWS = {
    "subclass": "derives from",
    "assignment": "creates or assigns",
    "call": "calls",
}


def outline(material: Material) -> str:
    """Return outline.md."""
    return joined(
        [
            [f"# Technical outline: {material.plan.title}", ""],
            _plugs_in(material),
            _components(material),
            _decisions(material),
            concerns(material),
            _order(material),
            sources(material),
        ]
    )


def _plugs_in(material: Material) -> Iterator[str]:
    places = material.scene.standing("changed")
    if not places:
        yield "No file of code answers to this goal, so everything below is new."
        yield ""
        return
    yield "## Where the change plugs in"
    yield ""
    for place in places:
        names = ", ".join(f"{code(each.title)} ({each.start}-{each.end})" for each in place.parts)
        yield f"- {code(place.path)}: {names or f'{place.lines} lines'}"
    yield ""
    yield from _call_sites(material)


def _call_sites(material: Material) -> Iterator[str]:
    """List the lines of the product that a change of these places reaches."""
    rows = [
        [code(use.place), f"{HOWS[use.how]} {code(use.name)}", code(use.text)]
        for place in material.scene.standing("changed")
        for use in _reaching(place)
    ]
    if rows:
        yield "Lines of the product that derive from it, create it or call it:"
        yield ""
        yield from table(["line", "what it does", "code"], rows)
        yield ""


def _reaching(place: Place) -> list[Use]:
    found = [use for use in place.uses if use.is_product and use.how not in {"import", "mention"}]
    derived = [use for use in found if use.how == "subclass"]
    rest = [use for use in found if use not in derived and use.path != place.path]
    lines: dict[str, Use] = {}
    for use in (*derived, *rest):
        lines.setdefault(use.place, use)
    return list(lines.values())[:USES_MAX]


def _components(material: Material) -> Iterator[str]:
    model = material.plan.architecture
    if not model.components:
        return
    yield "## Parts"
    yield ""
    order = {"new": 0, "changed": 1, "unchanged": 2}
    yield from table(
        ["part", "kind", "change", "where", "what it is"],
        (
            [
                each.name,
                each.kind,
                material.plan.change_of(each),
                code(each.path) if each.path else "",
                each.detail,
            ]
            for each in sorted(model.components, key=lambda each: order[each.change])
        ),
    )
    yield ""
    names = {each.id: each for each in model.components}
    for relation in model.relations:
        ends = f"{_name(names[relation.source])} → {_name(names[relation.target])}"
        yield f"- {ends}: {relation.label}"
    yield ""


def _name(component: Component) -> str:
    return code(component.path) if component.path else cell(component.name)


def _decisions(material: Material) -> Iterator[str]:
    if not material.plan.decisions:
        return
    yield "## Decisions"
    yield ""
    for each in material.plan.decisions:
        yield from _decision(each, material)


def _decision(decision: Decision, material: Material) -> Iterator[str]:
    shaped = [code(task.key) for task in material.plan.tasks() if decision.id in task.decisions]
    yield f"### {decision.id} · {decision.title}"
    yield ""
    yield f"- Choice: {sentence(decision.choice)}"
    yield f"- Reason: {sentence(decision.reason)}"
    yield f"- Gives up: {sentence(decision.tradeoff)}"
    for option in decision.alternatives:
        yield f"- Not chosen: {option.title.rstrip('.')}. {sentence(option.tradeoff)}"
    if shaped:
        yield f"- Shapes: {', '.join(shaped)}"
    yield ""


def _order(material: Material) -> Iterator[str]:
    tasks = {task.key: task for task in material.plan.tasks()}
    handed = in_order({key: task.needs for key, task in tasks.items()})
    builders = [tasks[key] for key in handed if tasks[key].is_change]
    if not builders:
        return
    yield "## Order of work"
    yield ""
    for number, task in enumerate(builders, 1):
        after = [need for need in task.needs if tasks[need].is_change]
        informing = [need for need in task.needs if not tasks[need].is_change]
        words = f"after {listed(after)}" if after else "can start at once"
        informed = f", informed by {listed(informing)}" if informing else ""
        yield f"{number}. {code(task.key)} · {sentence(task.title)} {words.capitalize()}{informed}."
    yield ""
