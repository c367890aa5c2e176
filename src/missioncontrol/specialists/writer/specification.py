"""Writes the specification: what is asked, what stands today, and when each requirement is met."""

from collections.abc import Iterator, Sequence

from missioncontrol.domain.plan import Requirement
from missioncontrol.specialists.uncovered_sentences import uncovered_sentences
from missioncontrol.specialists.writer.excerpts import excerpts, uses_in_words
from missioncontrol.specialists.writer.markdown import block, code, joined, sentence, table
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.parts import Part
from missioncontrol.specialists.writer.place_facts import around, listed
from missioncontrol.specialists.writer.places import Place
from missioncontrol.specialists.writer.requirements import (
    criteria,
    decisions_for,
    excluded,
    heading,
    places_of,
)
from missioncontrol.specialists.writer.uses import is_specific

EXCERPT_LINES = 20
EXCERPTS_MAX = 2
PLACES_WITH_EXCERPTS = 3
USES_MAX = 4
PARTS_SHOWN = 10


def specification(material: Material) -> str:
    """Return specification.md."""
    return joined(
        [
            _head(material),
            _request_section(material),
            _today(material),
            _wanted(material),
            _constraints(material),
            _out_of_scope(material),
            _questions(material),
            _risks(material),
            sources(material),
        ]
    )


def _head(material: Material) -> Iterator[str]:
    yield f"# Specification: {material.plan.title}"
    yield ""
    for line in material.brief.goal.strip().splitlines():
        yield f"> {line}"
    yield ""
    if material.brief.context.strip():
        yield f"Context given with the goal: {sentence(material.brief.context)}"
        yield ""


def _request_section(material: Material) -> Iterator[str]:
    yield "## What is asked"
    yield ""
    yield from table(
        ["id", "requirement", "kind", "source", "handed-over tasks"],
        (
            [
                each.id,
                each.text,
                each.kind,
                each.source or "the plan gives no source",
                _tasks(each, material),
            ]
            for each in material.plan.requirements
        ),
    )
    yield ""
    for text in uncovered_sentences([material.brief.goal], material.plan.requirements):
        yield f"- Also stated in the goal, and in no requirement of the plan: “{text}”"
    yield ""


def _tasks(requirement: Requirement, material: Material) -> str:
    keys = [code(each.key) for each in material.tasks_for(requirement) if each.is_change]
    return ", ".join(keys) or "none"


def _today(material: Material) -> Iterator[str]:
    if not material.scene.places:
        return
    yield "## What exists today where this reaches"
    yield ""
    for number, place in enumerate(material.scene.standing("changed")):
        yield from _place(place, material, number < PLACES_WITH_EXCERPTS)
    yield from _beside("Code that uses it", material.scene.standing("caller"))
    yield from _beside("Tests", material.scene.standing("test"))
    for command in filter(None, (material.suite,)):
        result = material.tests_result() if command.ran else command.result
        if result:
            yield f"{code(command.line)} ({command.source}) before any change: {result}."
            yield ""
    yield from _beside("Other files that the tasks name", material.scene.standing("other"))
    yield from _beside("Code nearby", material.scene.standing("related"))


def _place(place: Place, material: Material, with_excerpts: bool) -> Iterator[str]:
    yield f"### {code(place.path)}"
    yield ""
    yield f"{place.lines} lines of {place.language or 'text'}; {place.why}."
    yield ""
    yield from table(
        ["definition", "lines", "used"],
        (
            [code(part.title), f"{part.start}-{part.end}", _used(part, place)]
            for part in place.parts[:PARTS_SHOWN]
        ),
    )
    yield ""
    for found in around(place, material):
        yield f"- {found}"
    yield ""
    if with_excerpts:
        for shown in excerpts(place, material.scene, most=EXCERPTS_MAX, lines_max=EXCERPT_LINES):
            more = f" (goes on up to line {shown.end + shown.more})" if shown.more else ""
            yield f"{code(shown.title)}, {code(shown.place)}{more}:"
            yield ""
            yield from block(shown.lines, shown.language)
            yield ""


def _used(part: Part, place: Place) -> str:
    unused = "no line found that names it" if is_specific(part.name) else ""
    return uses_in_words(place, part.name, most=USES_MAX) or unused


def _beside(title: str, places: Sequence[Place]) -> Iterator[str]:
    """List places in a line each."""
    if not places:
        return
    yield f"### {title}"
    yield ""
    for place in places:
        numbers = list(dict.fromkeys(str(use.line) for use in place.calls))[:USES_MAX]
        at = f" in line{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}" if numbers else ""
        parts = ", ".join(
            f"{code(part.title)} ({part.start}-{part.end})" for part in place.parts[:3]
        )
        yield f"- {code(place.path)}: {place.why}{at}. {f'There: {parts}.' if parts else ''}"
    yield ""


def _wanted(material: Material) -> Iterator[str]:
    if not material.asked:
        return
    yield "## Behaviour wanted"
    yield ""
    for requirement in material.asked:
        yield from _requirement(requirement, material)


def _requirement(requirement: Requirement, material: Material) -> Iterator[str]:
    yield f"### {heading(requirement)}"
    yield ""
    yield f"Asked in {requirement.source or 'the plan, without a source'}."
    yield ""
    for place in places_of(requirement, material):
        names = ", ".join(f"{code(part.title)} ({code(part.place)})" for part in place.parts[:4])
        yield f"- Today: {names}"
    for decision in decisions_for(requirement, material):
        yield f"- {decision.id} · {decision.title}: {sentence(decision.choice)}"
    for task in material.tasks_for(requirement):
        if task.is_change:
            yield f"- Task {code(task.key)}: {sentence(task.title)}"
    yield ""
    yield from _criteria(requirement, material)


def _criteria(requirement: Requirement, material: Material) -> Iterator[str]:
    found = list(criteria(requirement, material))
    if not found:
        yield "No task says when this is met."
        yield ""
        return
    yield "Met when:"
    yield ""
    if material.first_criterion and requirement.id == _first_changed(material):
        yield f"- [ ] {sentence(material.first_criterion)} ({code('tests.json')})"
    for text, task in found:
        yield f"- [ ] {sentence(text)} ({code(task.key)})"
    yield ""


def _first_changed(material: Material) -> str:
    """Return the requirement of the first change, which is what the tester tried."""
    changes = (task for task in material.plan.tasks() if task.is_change)
    return next((each for task in changes for each in task.requirements), "")


def _constraints(material: Material) -> Iterator[str]:
    if not material.constraints:
        return
    yield "## Constraints"
    yield ""
    for each in material.constraints:
        yield f"### {heading(each)}"
        yield ""
        yield f"Asked in {each.source or 'the plan, without a source'}."
        yield ""
        yield from _criteria(each, material)


def _out_of_scope(material: Material) -> Iterator[str]:
    found = excluded(material)
    if not found:
        return
    yield "## Out of scope"
    yield ""
    for each in found:
        yield f"- {sentence(each.text)} ({each.id}, {each.source or 'the plan'})"
    yield ""


def _questions(material: Material) -> Iterator[str]:
    if not (material.plan.questions or material.gaps):
        return
    yield "## Open questions"
    yield ""
    for number, question in enumerate(material.plan.questions, 1):
        yield f"{number}. {question}"
    yield ""
    for gap in material.gaps:
        yield f"- Not known: {sentence(gap)} What it would have shown is missing from this page."
    yield ""


def _risks(material: Material) -> Iterator[str]:
    if not material.plan.risks:
        return
    yield "## Risks"
    yield ""
    for risk in material.plan.risks:
        checked = [code(task.key) for task in material.builders if risk.id in task.risks]
        yield (
            f"- **{risk.id} · {risk.title}** (likelihood {risk.likelihood}, impact {risk.impact})"
        )
        if risk.because:
            yield f"  - Because: {sentence(risk.because)}"
        yield f"  - Answer: {sentence(risk.mitigation) or 'none is given.'}"
        yield f"  - Handled by: {', '.join(checked) or 'no handed-over task'}"
    yield ""


def sources(material: Material) -> Iterator[str]:
    """Say what a document was written from."""
    yield "## Written from"
    yield ""
    if material.plan.obtained:
        yield f"- The plan: {sentence(material.plan.obtained)}"
    for note in material.scene.notes:
        yield f"- {sentence(note)}"
    for key, delivered in sorted(material.upstream.items()):
        if delivered.work.summary:
            names = listed(sorted(delivered.files), most=6)
            summary = f"{sentence(delivered.work.summary)} {names}"
            yield f"- Task {code(key)} ({delivered.state}): {summary}"
    yield ""
