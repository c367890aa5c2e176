"""The execution pack as a document: the writer's pack for builders, word for word."""

from collections.abc import Iterator, Sequence

from missioncontrol.documents.markup import plain
from missioncontrol.documents.pack import TITLE, revised, scope_lines
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, named
from missioncontrol.documents.studio.model import Listing, Quoted, Section
from missioncontrol.domain.building import PACK


def sections(of: Material) -> Iterator[Section]:
    """Yield the pack's own sections; those of the plan where nothing is packed yet."""
    text = of.text(PACK)
    if not text:
        yield from _from_plan(of)
        return
    source = of.held(PACK)
    rest: list[str] = []
    for number, (line, part) in enumerate(revised(of.record.rescoped, text, "", of.source)):
        lines = part.split("\n")
        head = lines[0].startswith("#")
        level = len(lines[0]) - len(lines[0].lstrip("#")) if head else 0
        heading = lines[0].lstrip("#").strip() if head else ""
        body = "\n".join(lines[1:] if head else lines).strip()
        at = f"{source.key}:{line}" if line else f"since:{heading}"
        if heading == TITLE:
            # The scopes of people follow below, each line with its source.
            items = [text[2:] for text in lines if text.startswith("- ")]
            rest = items[len(of.record.scopes) :]
            continue
        if number == 0 and level == 1:
            yield (
                Section("goal", "Goal", (Quoted(body, (source,)),))
                if body
                else Section("goal", "Goal", ())
            )
        else:
            quoted = (Quoted(body, (source,)),) if body else ()
            yield Section(at, heading or "Goal", quoted, max(level, 2))
    yield from _scopes_since(of, rest)


def _scopes_since(of: Material, rest: Sequence[str]) -> Iterator[Section]:
    """Yield the scopes that people gave tasks after the writer had packed them.

    `rest` says which of their files nothing is shown of, and what made room for others.
    """
    if not of.record.scopes:
        return
    tasks = {task.key: task for task in of.plan.tasks()}
    lines = zip(of.record.scopes, scope_lines(of.record.scopes), strict=True)
    statements = tuple(of.say(ended(line), of.scope(tasks[one.task])) for one, line in lines)
    more = tuple(of.say(line, of.whole_plan) for line in rest)
    yield Section("scopes", TITLE, (Listing((*statements, *more)),))


def _from_plan(of: Material) -> Iterator[Section]:
    if not of.plan.design:  # The tasks of a new product need no code to be packed.
        missing = parts.untried(of, "No execution pack is written", "writer")
        yield from parts.section("missing", "Not packed yet", parts.paragraph(missing))
    for one in of.changes:
        task = one.task
        source = of.task(task)
        yield from parts.section(
            f"task-{task.key}",
            f"{plain(task.title)} ({code(task.key)})",
            parts.paragraph(
                of.say(ended(task.detail), source),
                of.say(f"Comes after {named(task.needs)}.", source) if task.needs else None,
            ),
            Listing(tuple(of.say(ended(text), source) for text in task.acceptance), "box"),
        )
