"""Writes the technical outline: where the change plugs in, parts, decisions, concerns, order."""

from collections.abc import Iterator

from missioncontrol.domain.graph import in_order
from missioncontrol.domain.plan import Component, Decision
from missioncontrol.specialists.symbols import deprecated_at
from missioncontrol.specialists.words import pattern
from missioncontrol.specialists.writer import quotes
from missioncontrol.specialists.writer.markdown import cell, code, joined, sentence, table
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.place_facts import changed_together, listed
from missioncontrol.specialists.writer.places import Place
from missioncontrol.specialists.writer.specification import sources
from missioncontrol.specialists.writer.uses import Use

ENTRY_FILES = ("__init__.py", "index.js", "index.ts", "mod.rs", "lib.rs")
REACH_MIN = 3
FINDINGS_MAX = 5
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


def concerns(material: Material) -> Iterator[str]:
    """Yield the section on what the facts raise; nothing where they raise nothing."""
    found = list(_all(material))
    if not found:
        return
    yield "## What the facts raise"
    yield ""
    for text in found:
        yield f"- {sentence(text)}"
    yield ""


def _all(material: Material) -> Iterator[str]:
    if material.scene.doubt:
        yield f"Doubt: {material.scene.doubt}"
    for place in material.scene.standing("changed"):
        yield from _compatibility(place)
        yield from _deprecated(place, material)
        yield from _reach(place, material)
        yield from _together(place, material)
        yield from _findings(place, material)
    yield from _data(material)
    yield from _dependencies(material)
    yield from _testing(material)


def _compatibility(place: Place) -> Iterator[str]:
    exported = {
        use.name: use.place
        for use in place.uses
        if use.how == "import" and use.path.rsplit("/", 1)[-1] in ENTRY_FILES and use.is_product
    }
    for name, line in sorted(exported.items()):
        yield f"Compatibility: {code(name)} is passed on by {code(line)}, so it is public"
    for part in place.parts:
        derived = [u.place for u in place.uses if u.name == part.name and u.how == "subclass"]
        if part.is_type and derived:
            yield (
                f"Compatibility: a method added to {code(part.title)} without a default breaks "
                f"what derives from it: {listed(derived)}, and classes outside this repository"
            )


def _deprecated(place: Place, material: Material) -> Iterator[str]:
    """Point at definitions of the plan that the code itself calls deprecated."""
    names = quotes.names(quotes.plan_texts(material.plan))
    lines = material.scene.texts.get(place.path, ())
    for part in place.parts:
        line = deprecated_at(lines, part.start) if part.name in names else 0
        if line:
            at = code(f"{place.path}:{line}")
            yield f"Doubt: the plan builds on {code(part.title)}, which {at} calls deprecated"


def _reach(place: Place, material: Material) -> Iterator[str]:
    near, source = material.near.get(place.path, ({}, ""))
    reaches = near.get("reaches")
    if isinstance(reaches, int) and reaches >= REACH_MIN:
        yield f"Reach: {reaches} modules need {code(place.path)} to run ({source})"
    cycles = near.get("cycles")
    if isinstance(cycles, list) and cycles:
        yield (
            f"Structure: {code(place.path)} is part of an import cycle ({source}/cycles); a new "
            "import at its top may fail depending on the order of imports"
        )
    if near and not near.get("tests") and not near.get("tests_through"):
        yield f"Testing: no test file reaches {code(place.path)} ({source})"


def _together(place: Place, material: Material) -> Iterator[str]:
    words = [
        f"{code(other)} ({count} times, history.json /pairs/{number})"
        for number, other, count in changed_together(place.path, material)
    ]
    if words:
        yield f"Co-change: commits that changed {code(place.path)} changed {', '.join(words)}"


def _findings(place: Place, material: Material) -> Iterator[str]:
    found = [
        (key, each)
        for key, each in material.findings.get(place.path, ())
        if each.severity in {"medium", "high", "critical"}
    ]
    for key, each in found[:FINDINGS_MAX]:
        at = f"{place.path}:{each.line}" if each.line else place.path
        remedy = f" {each.remedy}" if each.remedy else ""
        text = f"{sentence(each.title)}{remedy} ({each.severity}, `{key}`)"
        yield f"Before building on it: {code(at)} {text}"


def _data(material: Material) -> Iterator[str]:
    for component in material.plan.architecture.components:
        if component.kind == "store" and component.change != "unchanged":
            yield f"Data: {_part(component)} is {component.change}. {component.detail}"


def _part(component: Component) -> str:
    return code(component.path) if component.path else component.name


def _dependencies(material: Material) -> Iterator[str]:
    names = [
        each.name
        for each in material.plan.architecture.components
        if each.kind in {"store", "external", "service"}
    ]
    for name in names:
        for dependency, place in material.scene.dependencies:
            if pattern(name).search(dependency):
                yield f"Dependencies: {code(dependency)} is declared at {code(place)}"
                break


def _testing(material: Material) -> Iterator[str]:
    result = material.tests_result()
    for command in filter(None, (material.suite,)):
        if command.ran:
            yield f"Testing: {code(command.line)} showed {result} before any change"
        elif result:
            yield f"Testing: {code(command.line)} could not be shown to work here: {result}"
        else:
            yield f"Testing: {code(command.line)} ({code(command.source)}) was not run here"
