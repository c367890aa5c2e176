"""The packs of a new product: what it takes to build it, or one task of it."""

from collections.abc import Iterator

from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.product_design import ProductDesign
from missioncontrol.specialists.greenfield.markdown import details, tree_lines

WHOLE = "execution-pack.md"


def packs(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield name, title and text of each pack: the whole one, then one for each task."""
    if plan.design is None:
        return
    tasks = [task for phase in plan.phases for task in phase.tasks]
    lines = [*_head(plan, plan.design), "## Tasks, in this order", ""]
    for task in tasks:
        lines += _task(plan, task, level="###")
    lines += ["## Design", "", *details(plan, plan.design)]
    yield WHOLE, f"Execution pack: {plan.title}", _text(lines)
    for task in tasks:
        text = [*_head(plan, plan.design), *_task(plan, task, level="##"), *_beside(plan, task)]
        yield f"packs/{task.key}.md", f"Pack: {task.title}", _text(text)


def _head(plan: Plan, design: ProductDesign) -> Iterator[str]:
    yield from (f"# {design.kind_title} “{design.name}”", "", "## Goal", "")
    yield from (*(f"> {line}" for line in plan.goal.splitlines()), "")
    yield from (f"- {each.part}: {each.choice}" for each in design.stack)
    yield from (f"- Not in it: {each.text}" for each in design.non_goals)
    for question in design.questions:
        answer = question.answer or f"{question.default} (assumed)"
        yield f"- {question.text} {answer}"
    yield ""


def _task(plan: Plan, task: Task, *, level: str) -> Iterator[str]:
    yield from (f"{level} {task.title} (`{task.key}`)", "", task.detail, "")
    yield from (f"- Done when: {each}" for each in task.acceptance)
    yield from (f"- File: `{path}`" for path in task.scope)
    yield from (f"- After: `{need}`" for need in task.needs)
    risks = {each.id: each for each in plan.risks}
    yield from (
        f"- Risk: {risks[k].title}. {risks[k].mitigation}" for k in task.risks if k in risks
    )
    yield ""


def _beside(plan: Plan, task: Task) -> Iterator[str]:
    """Yield what a task is built beside: the tables of the product and the tree of its files."""
    design = plan.design
    assert design is not None, "only the plan of a new product has packs"
    yield from ("## Tables", "")
    for entity in design.entities:
        columns = ", ".join(
            f"{f.name}{' → ' + f.references if f.references else ''}" for f in entity.fields
        )
        yield f"- `{entity.table}`: {columns}"
    yield from ("", "## Files", "", "```text", *tree_lines(design), "```", "")


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
