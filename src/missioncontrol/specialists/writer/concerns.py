"""What the facts raise for this change: public names, derived classes, reach, tests, co-change."""

from collections.abc import Iterator

from missioncontrol.domain.plan import Component
from missioncontrol.specialists.deprecation import deprecated_at
from missioncontrol.specialists.words import pattern
from missioncontrol.specialists.writer import quotes
from missioncontrol.specialists.writer.markdown import code, sentence
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.place_facts import changed_together, listed
from missioncontrol.specialists.writer.places import Place

ENTRY_FILES = ("__init__.py", "index.js", "index.ts", "mod.rs", "lib.rs")
REACH_MIN = 3
FINDINGS_MAX = 5


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
