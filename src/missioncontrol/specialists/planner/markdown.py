"""Writes a plan as Markdown for a person."""

from collections.abc import Iterator, Sequence

from missioncontrol.domain.plan import Decision, Phase, Plan, Task


def markdown(plan: Plan) -> str:
    """Return the whole plan; sections that would be empty are not there."""
    lines = [f"# {plan.title}", "", plan.summary, ""]
    lines += [f"- Kind of work: {', '.join(plan.kinds)}"]
    lines += [f"- Stack: {', '.join(plan.stack)}"] if plan.stack else []
    lines += [f"- Obtained {plan.obtained}", ""] if plan.obtained else [""]
    for section in (_requirements, _phases, _decisions, _risks, _architecture, _questions):
        lines += section(plan)
    return "\n".join(lines).rstrip() + "\n"


def _requirements(plan: Plan) -> Iterator[str]:
    yield from ("## Requirements", "", "| | asks for | kind | from |", "|---|---|---|---|")
    for item in plan.requirements:
        yield f"| {item.id} | {_cell(item.text)} | {item.kind} | {_cell(item.source)} |"
    yield ""


def _phases(plan: Plan) -> Iterator[str]:
    for number, phase in enumerate(plan.phases, 1):
        yield from _phase(number, phase)


def _phase(number: int, phase: Phase) -> Iterator[str]:
    yield from (f"## Phase {number}: {phase.title}", "", phase.purpose, "")
    for task in phase.tasks:
        yield from _task(task)


def _task(task: Task) -> Iterator[str]:
    by = "handed over" if task.is_handover else task.agent or task.role
    yield from (f"### `{task.key}` {task.title}", "", f"{task.detail}", "")
    yield f"- By: {by}; because of {', '.join([*task.requirements, *task.decisions, *task.risks])}"
    if task.needs:
        yield f"- After: {', '.join(f'`{need}`' for need in task.needs)}"
    yield from (f"- Done when: {sentence}" for sentence in task.acceptance)
    yield from (f"- Check: {sentence}" for sentence in task.risk_checks)
    if task.artifacts:
        yield f"- Hands in: {', '.join(f'`{artifact.name}`' for artifact in task.artifacts)}"
    yield ""


def _decisions(plan: Plan) -> Iterator[str]:
    if plan.decisions:
        yield from ("## Decisions", "")
    for decision in plan.decisions:
        yield from _decision(decision)


def _decision(decision: Decision) -> Iterator[str]:
    yield from (f"### {decision.id} {decision.title}", "")
    yield from (f"{decision.choice}", "", f"- Because: {decision.reason}")
    yield f"- Gives up: {decision.tradeoff}"
    yield from (
        f"- Instead of: {option.title}. {option.tradeoff}" for option in decision.alternatives
    )
    yield ""


def _risks(plan: Plan) -> Iterator[str]:
    if not plan.risks:
        return
    yield from ("## Risks", "", "| | risk | likelihood | impact | what is done | because |")
    yield "|---|---|---|---|---|---|"
    for risk in plan.risks:
        cells = [risk.title, risk.likelihood, risk.impact, risk.mitigation, risk.because]
        yield f"| {risk.id} | {' | '.join(map(_cell, cells))} |"
    yield ""


def _architecture(plan: Plan) -> Iterator[str]:
    parts = plan.architecture.components
    if not parts:
        return
    yield from ("## Architecture", "", "| part | kind | change | |", "|---|---|---|---|")
    for part in parts:
        name = f"`{part.path}`" if part.path else part.name
        yield f"| {_cell(name)} | {part.kind} | {part.change} | {_cell(part.detail)} |"
    names = {part.id: part.name for part in parts}
    if plan.architecture.relations:
        yield ""
    for arrow in plan.architecture.relations:
        yield f"- {names[arrow.source]} → {names[arrow.target]}: {arrow.label}"
    yield ""


def _questions(plan: Plan) -> Sequence[str]:
    if not plan.questions:
        return []
    return ["## Open questions", "", *(f"- {question}" for question in plan.questions), ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
