"""Writes the execution pack, and that of one task, as Markdown for agents and people."""

from collections.abc import Iterable, Iterator, Sequence

from missioncontrol.domain.plan import Decision, Risk
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.markdown import block, code, joined, sentence
from missioncontrol.specialists.writer.pack import (
    Budget,
    FileToKnow,
    KeepOut,
    Pack,
    Packed,
    Reading,
    TaskPack,
    TaskPart,
)

NAMES_MAX = 12
PARTS: tuple[tuple[TaskPart, str], ...] = (
    ("change", "Change"),
    ("test", "Test"),
    ("read", "Read"),
)
SPOTS_MAX, KNOWERS_MAX = 6, 2


def pack_text(pack: Pack) -> str:
    """Return execution-pack.md."""
    return joined(
        [
            _head(pack),
            _requirements(pack),
            commands_text(pack.commands),
            _tasks(pack),
            decisions_text(pack.decisions),
            risks_text(pack.risks),
            keep_out_text(pack.keep_out),
            section("Done when", pack.done),
            section("Open questions", pack.questions),
            section("Not known", pack.gaps),
            code_text(pack.code),
            section("Obtained", pack.obtained),
        ]
    )


def _head(pack: Pack) -> Iterator[str]:
    yield f"# Execution pack: {pack.title}"
    yield ""
    for line in pack.goal.strip().splitlines():
        yield f"> {line}"
    yield ""
    if pack.context.strip():
        yield f"Context: {sentence(pack.context)}"
        yield ""
    yield from budget_text(pack.budget)
    if pack.tasks:
        yield ""
        packs = ", ".join(f"`packs/{task.key}.md`" for task in pack.tasks)
        yield f"Beside this one: {packs}."
    yield ""


def budget_text(budget: Budget) -> Iterator[str]:
    """Yield how large the pack is, how large it may be, and what had no room."""
    yield f"{budget.tokens:,} of at most {budget.tokens_max:,} tokens, counting {budget.rule}."
    if budget.tokens > budget.tokens_max:
        yield "Over budget even without any excerpt and with texts cut: nothing else was."
    if budget.cut:
        yield f"Texts are cut to {budget.cut} characters, so that it fits; the plan has them whole."
    if budget.dropped:
        names = ", ".join(code(each) for each in budget.dropped[:NAMES_MAX])
        more = len(budget.dropped) - NAMES_MAX
        yield (
            f"Dropped for lack of room, least relevant first: {len(budget.dropped)} excerpts: "
            f"{names}{f' and {more} more' if more > 0 else ''}."
        )


def _requirements(pack: Pack) -> Iterator[str]:
    yield "## Requirements"
    yield ""
    for each in pack.requirements:
        yield f"- **{each.id}** ({each.kind}) {sentence(each.text)} Source: {each.source or 'none'}"
    yield ""


def commands_text(commands: Sequence[Command]) -> Iterator[str]:
    """Yield the commands that ended well here, those that fail, and those that did not run."""
    yield "## Commands"
    yield ""
    headings = {
        "verified": "Run here, in a copy, before any change:",
        "fails": "Run here as well, and failing before any change:",
        "not verified": "Named by the project and not verified:",
    }
    for standing, heading in headings.items():
        group = [each for each in commands if _standing(each) == standing]
        yield from ([heading, ""] if group else ())
        for each in group:
            ending = _ended(each) if each.ran else each.result or "it was not run"
            yield f"- {each.purpose}: {code(each.line)}, from {each.source}; {standing}: {ending}"
        yield from ([""] if group else ())
    if not commands:
        yield "The project names no command to build or test it."
        yield ""


def _standing(command: Command) -> str:
    if command.fails:
        return "fails"
    return "verified" if command.verified else "not verified"


def _ended(command: Command) -> str:
    status = f"exit status {command.exit_code}" if command.exit_code is not None else ""
    took = f" after {command.seconds:.1f} s" if status and command.seconds is not None else ""
    where = f" ({command.evidence})" if command.evidence else ""
    return "; ".join(filter(None, (status + took, command.result))) + where


def _tasks(pack: Pack) -> Iterator[str]:
    yield "## Tasks, in this order"
    yield ""
    if not pack.tasks:
        yield "No task is handed over."
        yield ""
    for number, task in enumerate(pack.tasks, 1):
        yield from _task(number, task)


def _task(number: int, task: Packed) -> Iterator[str]:
    yield f"### {number}. {task.title} ({code(task.key)})"
    yield ""
    yield sentence(task.detail)
    yield ""
    behind = [*task.requirements, *task.decisions, *task.risks]
    after = f" After {_keys(task.after)}." if task.after else ""
    yield f"Serves {', '.join(behind)}.{after}"
    yield ""
    for text in task.acceptance:
        yield f"- [ ] {sentence(text)}"
    for text in task.risk_checks:
        yield f"- [ ] Check: {sentence(text)}"
    if task.read:
        yield f"- Read first: {', '.join(task.read)} (below)"
    for each in task.beside:
        yield f"- Read in the repository: {code(each.place)} ({each.why})"
    yield ""


def _keys(keys: Iterable[str]) -> str:
    return ", ".join(code(key) for key in keys)


def decisions_text(decisions: Sequence[Decision]) -> Iterator[str]:
    """Yield what is decided already, what it gives up, and what was not chosen."""
    if not decisions:
        return
    yield "## Decisions made"
    yield ""
    for each in decisions:
        yield f"- **{each.id} {each.title}**: {sentence(each.choice)} {sentence(each.reason)}"
        yield f"  - Gives up: {sentence(each.tradeoff)}"
        for option in each.alternatives:
            yield f"  - Not chosen: {sentence(option.title)} {sentence(option.tradeoff)}"
    yield ""


def risks_text(risks: Sequence[Risk]) -> Iterator[str]:
    """Yield what may go wrong, and the answer to it."""
    if not risks:
        return
    yield "## Risks"
    yield ""
    for each in risks:
        because = f" {sentence(each.because)}" if each.because else ""
        yield f"- **{each.id}** {sentence(each.title)}{because} Answer: {sentence(each.mitigation)}"
    yield ""


def keep_out_text(listed: Sequence[KeepOut]) -> Iterator[str]:
    """Yield what is none of this work, and why."""
    if not listed:
        return
    yield "## Do not touch"
    yield ""
    for each in listed:
        yield f"- {each.what} ({each.why})"
    yield ""


def section(title: str, items: Iterable[str]) -> Iterator[str]:
    """Yield a heading with a list below it; nothing where the list is empty."""
    found = list(items)
    if not found:
        return
    yield f"## {title}"
    yield ""
    for text in found:
        yield f"- {sentence(text)}"
    yield ""


def code_text(readings: Sequence[Reading], *, name_tasks: bool = True) -> Iterator[str]:
    """Yield the excerpts."""
    if not readings:
        return
    yield "## Code to read first"
    yield ""
    for each in readings:
        yield from reading_text(each) if name_tasks else lines_of_reading(each)


def reading_text(reading: Reading) -> Iterator[str]:
    """Yield one excerpt with its place, its reason and the tasks that need it."""
    yield from lines_of_reading(reading, f"For {_keys(reading.tasks)}. ")


def lines_of_reading(reading: Reading, before: str = "") -> Iterator[str]:
    """Yield one excerpt with its place and its reason."""
    yield f"### {reading.id} {code(reading.title)}, {code(reading.place)}"
    yield ""
    yield f"{before}{sentence(reading.why)}"
    yield ""
    yield from block(reading.text.split("\n"), reading.language)
    if reading.more:
        last = reading.end + reading.more
        inside = ", ".join(reading.left_out)
        holds = f": {inside}" if inside else ""
        lines = f"lines {reading.end + 1} to {last}" if reading.more > 1 else f"line {last}"
        yield f"(goes on up to line {last}; {lines} of {code(reading.path)} left out here{holds})"
    yield ""


def task_pack_text(pack: TaskPack) -> str:
    """Return packs/TASK.md."""
    return joined(
        [
            _task_head(pack),
            _goal(pack),
            _requirement(pack),
            _acceptance(pack),
            _files(pack),
            commands_text(pack.commands),
            section("Constraints", pack.constraints),
            decisions_text(pack.decisions),
            risks_text(pack.risks),
            keep_out_text(pack.keep_out),
            section("Done when", pack.done),
            section("Open questions", pack.questions),
            code_text(pack.code, name_tasks=False),
            section("Obtained", pack.obtained),
        ]
    )


def _task_head(pack: TaskPack) -> Iterator[str]:
    yield f"# {pack.task.title}"
    yield ""
    yield f"Task {code(pack.task.key)}, {pack.number} of {pack.of} of “{pack.mission}”."
    if pack.task.after:
        keys = ", ".join(code(key) for key in pack.task.after)
        yield f"Begin when {keys} {'is' if len(pack.task.after) == 1 else 'are'} done."
    yield ""
    yield from budget_text(pack.budget)
    yield ""


def _goal(pack: TaskPack) -> Iterator[str]:
    yield "## Goal"
    yield ""
    for line in pack.goal.strip().splitlines():
        yield f"> {line}"
    yield ""
    yield sentence(pack.task.detail)
    yield ""
    if pack.context:
        yield "The context given with the goal:"
        yield ""
        yield from block(pack.context.splitlines(), "")
        yield ""


def _requirement(pack: TaskPack) -> Iterator[str]:
    if not pack.requirements:
        return
    yield "## Requirement"
    yield ""
    for each in pack.requirements:
        source = f" Source: {each.source}" if each.source else ""
        yield f"- **{each.id}** ({each.kind}) {sentence(each.text)}{source}"
    yield ""


def _acceptance(pack: TaskPack) -> Iterator[str]:
    yield "## Acceptance"
    yield ""
    for text in pack.task.acceptance:
        yield f"- [ ] {sentence(text)}"
    for text in pack.task.risk_checks:
        yield f"- [ ] Check: {sentence(text)}"
    yield ""


def _files(pack: TaskPack) -> Iterator[str]:
    if not pack.files and not pack.task.beside:
        return
    yield "## Files"
    yield ""
    for part, word in PARTS:
        for each in pack.files:
            if each.part == part:
                yield f"- {word} {code(each.path)}{_about(each)}"
    known = {each.path for each in pack.files}
    for beside in pack.task.beside:
        if beside.place.partition(":")[0] not in known:
            yield f"- Read {code(beside.place)}: {sentence(beside.why)}"
    yield ""


def _about(file: FileToKnow) -> str:
    text = f": {sentence('; '.join(file.why))}" if file.why else "."
    if file.spots:
        spots = ", ".join(
            f"{code(each.name)} ({each.label})" if each.name else each.label
            for each in file.spots[:SPOTS_MAX]
        )
        text += f" Look at {spots}."
    if file.excerpts:
        text += f" Shown below as {', '.join(file.excerpts)}."
    if file.knowers:
        people = ", ".join(
            f"{each.name} ({each.commits} commit{'s' if each.commits != 1 else ''})"
            for each in file.knowers[:KNOWERS_MAX]
        )
        text += f" Known to {people}."
    return text
