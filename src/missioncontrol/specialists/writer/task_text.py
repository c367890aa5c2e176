"""Writes the pack of one task as Markdown, in the form that coding agents read as AGENTS.md."""

from collections.abc import Iterator

from missioncontrol.specialists.writer.markdown import block, code, joined, sentence
from missioncontrol.specialists.writer.pack_text import (
    budget_text,
    code_text,
    commands_text,
    decisions_text,
    keep_out_text,
    risks_text,
    section,
)
from missioncontrol.specialists.writer.task_pack import FileToKnow, Part, TaskPack

PARTS: tuple[tuple[Part, str], ...] = (
    ("change", "Change"),
    ("test", "Test"),
    ("read", "Read"),
)
SPOTS_MAX, KNOWERS_MAX = 6, 2


def task_pack_text(pack: TaskPack) -> str:
    """Return packs/TASK.md."""
    return joined(
        [
            _head(pack),
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


def _head(pack: TaskPack) -> Iterator[str]:
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
