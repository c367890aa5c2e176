"""Writes the execution pack as Markdown for Codex, Claude Code or a person."""

from collections.abc import Iterable, Iterator

from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.markdown import block, code, joined, sentence
from missioncontrol.specialists.writer.pack import Pack, Packed, Reading

NAMES_MAX = 12


def pack_text(pack: Pack) -> str:
    """Return execution-pack.md."""
    return joined(
        [
            _head(pack),
            _requirements(pack),
            _commands(pack),
            _tasks(pack),
            _decisions(pack),
            _risks(pack),
            _keep_out(pack),
            _section("Done when", pack.done),
            _section("Open questions", pack.questions),
            _section("Not known", pack.gaps),
            _code(pack),
            _section("Obtained", pack.obtained),
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
    budget = pack.budget
    yield f"{budget.tokens:,} of at most {budget.tokens_max:,} tokens, counting {budget.rule}."
    if budget.tokens > budget.tokens_max:
        yield "Over budget even without any excerpt: nothing else was cut."
    if budget.dropped:
        names = ", ".join(code(each) for each in budget.dropped[:NAMES_MAX])
        more = len(budget.dropped) - NAMES_MAX
        yield (
            f"Dropped for lack of room, least relevant first: {len(budget.dropped)} excerpts: "
            f"{names}{f' and {more} more' if more > 0 else ''}."
        )
    yield ""


def _requirements(pack: Pack) -> Iterator[str]:
    yield "## Requirements"
    yield ""
    for each in pack.requirements:
        yield f"- **{each.id}** ({each.kind}) {sentence(each.text)} Source: {each.source or 'none'}"
    yield ""


def _commands(pack: Pack) -> Iterator[str]:
    yield "## Commands"
    yield ""
    if not pack.commands:
        yield "The project names no command to build or test it."
    for each in pack.commands:
        yield f"- {each.purpose}: {code(each.command)}, from {each.source}; {_verified(each)}"
    yield ""


def _verified(command: Command) -> str:
    if command.verified:
        return f"verified, it was run before any change: {command.result}"
    return (
        f"tried here and not verified: {command.result}"
        if command.result
        else "not verified, it was not run"
    )


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


def _decisions(pack: Pack) -> Iterator[str]:
    if not pack.decisions:
        return
    yield "## Decisions taken"
    yield ""
    for each in pack.decisions:
        yield f"- **{each.id} {each.title}**: {sentence(each.choice)} {sentence(each.reason)}"
        yield f"  - Gives up: {sentence(each.tradeoff)}"
        for option in each.alternatives:
            yield f"  - Not taken: {sentence(option.title)} {sentence(option.tradeoff)}"
    yield ""


def _risks(pack: Pack) -> Iterator[str]:
    if not pack.risks:
        return
    yield "## Risks"
    yield ""
    for each in pack.risks:
        because = f" {sentence(each.because)}" if each.because else ""
        yield f"- **{each.id}** {sentence(each.title)}{because} Answer: {sentence(each.mitigation)}"
    yield ""


def _keep_out(pack: Pack) -> Iterator[str]:
    if not pack.keep_out:
        return
    yield "## Do not touch"
    yield ""
    for each in pack.keep_out:
        yield f"- {each.what} ({each.why})"
    yield ""


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    found = list(items)
    if not found:
        return
    yield f"## {title}"
    yield ""
    for text in found:
        yield f"- {sentence(text)}"
    yield ""


def _code(pack: Pack) -> Iterator[str]:
    if not pack.code:
        return
    yield "## Code to read first"
    yield ""
    for each in pack.code:
        yield from reading_text(each)


def reading_text(reading: Reading) -> Iterator[str]:
    """Yield one excerpt with its place, its reason and the tasks that need it."""
    yield f"### {reading.id} {code(reading.title)}, {code(reading.place)}"
    yield ""
    yield f"For {_keys(reading.tasks)}. {sentence(reading.why)}"
    yield ""
    yield from block(reading.text.split("\n"), reading.language)
    if reading.more:
        yield f"(goes on up to line {reading.end + reading.more})"
    yield ""
