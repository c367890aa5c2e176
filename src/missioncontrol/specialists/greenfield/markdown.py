"""Writes the design of a new product as Markdown: one page first, then each part."""

from collections.abc import Iterator

from missioncontrol.domain.plan import Plan
from missioncontrol.domain.product_design import Entity, Interface, ProductDesign, Source
from missioncontrol.specialists.markdown import code, counted, table

QUESTIONS_MAX, RISKS_MAX = 3, 3
_BASIS = {"goal": "goal", "answer": "answer", "experience": "catalogue", "assumption": "assumed"}


def first_page(plan: Plan, design: ProductDesign) -> Iterator[str]:
    """Yield what a reader has to know before anything else."""
    yield from ("## In short", "")
    yield f"- {design.kind_title} `{design.name}`{_because(design.kind_source)}."
    for user in design.users:
        yield f"- {user.name.capitalize()}: {', '.join(user.jobs)}."
    stack = ", ".join(f"{each.choice} ({each.part.lower()})" for each in design.stack[:5])
    yield f"- Stack: {stack}."
    if design.milestones:
        first = design.milestones[0]
        yield f"- First to be shown: {first.shows}"
    yield from (f"- Watch: {each.title}. {each.mitigation}" for each in plan.risks[:RISKS_MAX])
    for question in design.questions[:QUESTIONS_MAX]:
        given = (
            f"answered: {question.answer}" if question.answer else f"assumed: {question.default}"
        )
        yield f"- Ask first: {question.text} ({given})"
    yield ""
    if design.changes:
        yield from ("## By your answers", "", *(f"- {each}" for each in design.changes), "")


def details(plan: Plan, design: ProductDesign) -> Iterator[str]:
    """Yield the parts of the design."""
    yield from _scope(design)
    yield from _metrics(design)
    yield from _entities(design)
    yield from _interfaces(design)
    yield from _components(plan)
    yield from _stack(design)
    yield from _files(design)
    yield from _deployment(design)
    yield from _security(design)
    yield from _milestones(design)
    yield from _questions(design)


def _because(source: Source) -> str:
    return (
        f" (the goal says “{source.words}”)" if source.words else " (assumed; say so if it is not)"
    )


def _scope(design: ProductDesign) -> Iterator[str]:
    yield from ("### Scope of the first version", "")
    yield from (f"- {each.text}" for each in design.scope)
    yield ""
    if design.non_goals:
        yield from ("### Not in it", "")
        yield from (f"- {each.text}" for each in design.non_goals)
        yield ""


def _metrics(design: ProductDesign) -> Iterator[str]:
    if not design.metrics:
        return
    rows = (
        (
            each.id,
            each.name,
            each.measure,
            each.target,
            ", ".join(map(code, each.events)),
        )
        for each in design.metrics
    )
    yield from ("### Success metrics", "")
    yield from table(("", "metric", "measure", "target", "events"), rows)
    yield ""


def _entities(design: ProductDesign) -> Iterator[str]:
    if design.entities:
        yield from ("### Data", "")
    for entity in design.entities:
        yield from _entity(entity)


def _entity(entity: Entity) -> Iterator[str]:
    yield from (
        f"#### `{entity.table}`",
        "",
        f"{entity.purpose} ({_BASIS[entity.source.basis]})",
        "",
    )
    rows = ((f"`{each.name}`", each.type_words, ", ".join(each.marks)) for each in entity.fields)
    yield from table(("column", "type", ""), rows)
    yield ""


def _interfaces(design: ProductDesign) -> Iterator[str]:
    shown = [each for each in design.interfaces if each.kind != "event"]
    if not shown:
        return
    rows = (
        (f"`{each.name}`", each.purpose, _inputs(each), "; ".join(each.failures)) for each in shown
    )
    yield from ("### Interfaces", "")
    yield from table(("interface", "purpose", "inputs", "refused when"), rows)
    yield ""


def _inputs(interface: Interface) -> str:
    return ", ".join(f"`{each.name}`{'?' if each.is_optional else ''}" for each in interface.inputs)


def _components(plan: Plan) -> Iterator[str]:
    names = {each.id: each.name for each in plan.architecture.components}
    yield from ("### Components", "")
    for part in plan.architecture.components:
        yield f"- **{part.name}** ({part.kind}): {part.detail}"
        for each in plan.architecture.relations:
            if each.source == part.id:
                yield f"  - {each.label} → {names[each.target]}"
    yield ""


def _stack(design: ProductDesign) -> Iterator[str]:
    rows = (
        (
            each.part,
            each.choice,
            each.reason,
            "; ".join(f"{name}: {why}" for name, why in each.alternatives),
        )
        for each in design.stack
    )
    yield from ("### Stack", "")
    yield from table(("part", "choice", "reason", "alternatives"), rows)
    yield ""


def _files(design: ProductDesign) -> Iterator[str]:
    yield from ("### Files", "", "```text", *tree_lines(design), "```", "")


def tree_lines(design: ProductDesign) -> Iterator[str]:
    """Yield the tree of files, indented, with the purpose of each."""
    for path, depth, file in design.tree():
        name = path.rstrip("/").rpartition("/")[2]
        end = "/" if file is None or path.endswith("/") else ""
        yield f"{'  ' * (depth - 1)}{name}{end}{f'  # {file.purpose}' if file else ''}"


def _deployment(design: ProductDesign) -> Iterator[str]:
    yield from ("### Deployment", "")
    yield from (f"- {each.name.capitalize()}: {each.text}" for each in design.deployment.stages)
    yield from (f"- Needs: {each}" for each in design.deployment.needs)
    yield from (f"- Costs: {each}" for each in design.deployment.cost_drivers)
    yield ""


def _security(design: ProductDesign) -> Iterator[str]:
    if not (design.security or design.failures):
        return
    yield from ("### Security and failures", "")
    yield from (f"- {each.threat} {each.measure}" for each in design.security)
    yield from (f"- When {_lower(each.when)}: {_lower(each.then)}" for each in design.failures)
    yield ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _milestones(design: ProductDesign) -> Iterator[str]:
    yield from ("### Milestones", "")
    for number, each in enumerate(design.milestones, 1):
        yield f"{number}. {each.title}: {each.shows} ({counted(len(each.tasks), 'task')})"
    yield ""


def _questions(design: ProductDesign) -> Iterator[str]:
    if design.questions:
        yield from ("### Questions", "", 'Answer them with `--answer "Q1=…"`.', "")
    for each in design.questions:
        yield f"- {each.id} {each.text} {each.why}"
        given = f"Answer: {each.answer}" if each.answer else f"Assumed: {each.default}"
        others = [option for option in each.options if option not in {each.answer, each.default}]
        yield f"  - {given}{f' Or: {chr(32).join(others)}' if others else ''}"
    yield ""
