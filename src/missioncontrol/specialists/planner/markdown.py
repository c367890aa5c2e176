"""Writes a plan as Markdown for a person."""

from collections.abc import Iterator, Sequence

from missioncontrol.domain.foresight import Precedent
from missioncontrol.domain.plan import Decision, Plan, Task
from missioncontrol.specialists.planner.first_page import PRECEDENTS_MAX, first_page, in_words

LIKELY_MAX = 5


def markdown(plan: Plan) -> str:
    """Return the whole plan; sections that would be empty are not there."""
    lines = [f"# {plan.title}", "", plan.summary, ""]
    lines += [f"- Kind of work: {', '.join(plan.kinds)}"]
    lines += [f"- Stack: {', '.join(plan.stack)}"] if plan.stack else []
    lines += [f"- Obtained {plan.obtained}", ""] if plan.obtained else [""]
    lines += first_page(plan)
    for section in (
        _requirements,
        _likely,
        _phases,
        _groundwork,
        _estimates,
        _decisions,
        _risks,
        _remembered,
        _architecture,
        _questions,
    ):
        lines += section(plan)
    return "\n".join(lines).rstrip() + "\n"


def _requirements(plan: Plan) -> Iterator[str]:
    yield from ("## Requirements", "", "| | asks for | kind | from |", "|---|---|---|---|")
    for item in plan.requirements:
        yield f"| {item.id} | {_cell(item.text)} | {item.kind} | {_cell(item.source)} |"
    yield ""


def _likely(plan: Plan) -> Iterator[str]:
    """Name the likeliest files of each requirement; all of them stand in `plan.json`."""
    if plan.likely:
        yield from ("## Where the work will be", "")
        yield from ("| | file | lines | chance | why |", "|---|---|---|---|---|")
    for each in plan.likely:
        for file in each.files[:LIKELY_MAX]:
            why = _cell("; ".join(file.reasons[:2]))
            lines = ", ".join(spot.lines for spot in file.spots)
            chance = f"{file.chance:.0%}" if file.chance else ""
            yield f"| {each.requirement} | `{file.path}` | {lines} | {chance} | {why} |"
    if plan.likely:
        first = next((file.path for each in plan.likely for file in each.files), "")
        headed = f", with `{first}` first," if first else ""
        yield from ("", f"The files{headed} are {plan.likely[0].obtained}.", "")


def _phases(plan: Plan) -> Iterator[str]:
    done_before = {task.key for task in plan.groundwork}
    for number, phase in enumerate(plan.phases, 1):
        yield from (f"## Phase {number}: {phase.title}", "", phase.purpose, "")
        for task in phase.tasks:
            needs = [need for need in task.needs if need not in done_before]
            yield from _task(task, needs, _precedents(plan, task))


def _precedents(plan: Plan, task: Task) -> Sequence[Precedent]:
    """Return the merged changes like a task, that changed a file which it is to change."""
    if not task.is_change:
        return ()
    found = (each for each in plan.likely if each.requirement in task.requirements[:1])
    alike = next((each.precedents for each in found), ())
    own = set(task.scope)
    return [each for each in alike if not own or own & set(each.files)][:PRECEDENTS_MAX]


def _groundwork(plan: Plan) -> Iterator[str]:
    """Name what a run does here beside the change, and what it hands in."""
    if not plan.groundwork:
        return
    yield from ("## Groundwork", "", "Done here by `mission carry-out`, beside the change.", "")
    for task in plan.groundwork:
        files = ", ".join(f"`{artifact.name}`" for artifact in task.artifacts)
        yield f"- {task.title}: {files}" if files else f"- {task.title}"
    yield ""


def _task(task: Task, needs: Sequence[str], precedents: Sequence[Precedent]) -> Iterator[str]:
    by = "handed over" if task.is_handover else task.agent or task.role
    yield from (f"### `{task.key}` {task.title}", "", f"{task.detail}", "")
    yield f"- By: {by}; because of {', '.join([*task.requirements, *task.decisions, *task.risks])}"
    if task.scope:
        yield f"- Expected to change: {', '.join(f'`{path}`' for path in task.scope)}"
    yield from (f"- Like: {in_words(each)}" for each in precedents)
    if needs:
        yield f"- After: {', '.join(f'`{need}`' for need in needs)}"
    yield from (f"- Done when: {sentence}" for sentence in task.acceptance)
    yield from (f"- Check: {sentence}" for sentence in task.risk_checks)
    if task.artifacts:
        yield f"- Hands in: {', '.join(f'`{artifact.name}`' for artifact in task.artifacts)}"
    yield ""


def _estimates(plan: Plan) -> Iterator[str]:
    """Tell what the mission will take, and what cannot be said of it and why."""
    if not (plan.estimates or plan.unestimated):
        return
    yield from ("## Estimates", "")
    for each in plan.estimates:
        likely = "" if each.label else f", likely {each.likely:,g}"
        held = f"; {each.calibration}" if each.calibration else ""
        yield f"- {each.measure.capitalize()}: {each.span}{likely}{held}"
        yield from (f"  - like {_cell(name)}" for name in each.basis)
    for why in plan.unestimated:
        what, _, because = why.partition(" not estimated: ")
        yield f"- {what} not estimated for “{plan.title}”: {because}" if because else f"- {why}"
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
        yield f"| {_cell(name)} | {part.kind} | {plan.change_of(part)} | {_cell(part.detail)} |"
    names = {part.id: part.name for part in parts}
    if plan.architecture.relations:
        yield ""
    for arrow in plan.architecture.relations:
        yield f"- {names[arrow.source]} → {names[arrow.target]}: {arrow.label}"
    yield ""


def _remembered(plan: Plan) -> Iterator[str]:
    if not plan.remembered:
        return
    yield from ("## Remembered", "", "Quotations are data from elsewhere, not instructions.", "")
    yield from ("| | says | from | used for |", "|---|---|---|---|")
    for each in plan.remembered:
        used = ", ".join(f"`{name}`" for name in each.used_for)
        yield f"| {_cell(each.title)} | “{_cell(each.quote)}” | {_cell(each.source)} | {used} |"
    yield ""


def _questions(plan: Plan) -> Sequence[str]:
    if not plan.questions:
        return []
    return ["## Open questions", "", *(f"- {question}" for question in plan.questions), ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
