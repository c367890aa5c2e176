"""Engineering plan: who does what in which order, what it takes, and what is done so far."""

from collections.abc import Iterator

from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.figures import counted
from missioncontrol.documents.markup import plain
from missioncontrol.documents.record import TaskRecord
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, named
from missioncontrol.documents.studio.model import Listing, Section, Statement, Table
from missioncontrol.domain.graph import find_cycle, in_order

STEPS_MAX = 20
PRACTICES_MAX = 15


def sections(of: Material) -> Iterator[Section]:
    """Yield the sections, in order."""
    yield from _standing(of)
    yield from _order(of)
    yield from _phases(of)
    yield from _work(of)
    yield from parts.section("effort", "Effort", parts.estimates(of), parts.unestimated(of))
    yield from parts.risks(of)
    yield from _evidence(of)
    yield from _next(of)
    yield from parts.section(
        "findings",
        "To mend in the files that it touches",
        parts.findings_about(of, of.touched),
    )
    yield from _practices(of)
    yield from _remembered(of)
    yield from parts.questions(of)


def _standing(of: Material) -> Iterator[Section]:
    yield from parts.section(
        "standing",
        "Where it stands",
        parts.paragraph(of.say(plain_text(of.reading.verdict), of.standing), *parts.baseline(of)),
    )


def _order(of: Material) -> Iterator[Section]:
    waves = _waves(of)
    items = []
    for wave in waves:
        names = named((one.task.key for one in wave), most=12)
        at_once = ", which need nothing of each other" if len(wave) > 1 else ""
        items.append(of.say(f"{names}{at_once}", *(of.task(one.task) for one in wave)))
    path = _longest(of)
    longest = None
    changes = {one.task.key for one in of.record.tasks if one.task.is_change}
    # Every mission has its groundwork in a row: only a chain of changes says something of this one.
    if len(path) > 2 and changes & set(path):
        longest = of.say(
            f"The longest chain is {' → '.join(code(key) for key in path)}: nothing makes the "
            "whole shorter than these, one after another.",
            of.whole_plan,
        )
    yield from parts.section(
        "order", "In which order", Listing(tuple(items), "number"), parts.paragraph(longest)
    )


def _waves(of: Material) -> list[list[TaskRecord]]:
    """Return the tasks in steps: those of one step wait for nothing but those before."""
    needs = {one.task.key: one.task.needs for one in of.record.tasks}
    if find_cycle(needs):
        return []
    depth: dict[str, int] = {}
    for key in in_order(needs):
        depth[key] = 1 + max((depth[need] for need in needs[key] if need in depth), default=0)
    waves: dict[int, list[TaskRecord]] = {}
    for one in of.record.tasks:
        waves.setdefault(depth[one.task.key], []).append(one)
    return [waves[number] for number in sorted(waves)]


def _longest(of: Material) -> list[str]:
    needs = {one.task.key: one.task.needs for one in of.record.tasks}
    if find_cycle(needs):
        return []
    best: dict[str, list[str]] = {}
    for key in in_order(needs):
        before = max((best[need] for need in needs[key] if need in best), key=len, default=[])
        best[key] = [*before, key]
    return max(best.values(), key=len, default=[])


def _phases(of: Material) -> Iterator[Section]:
    for phase, tasks in of.reading.phases:
        rows = tuple(
            of.row(
                [
                    code(one.task.key),
                    one.task.title,
                    one.task.agent or ("a builder" if one.task.is_change else one.task.role),
                    named(one.task.needs) or "nothing",
                    ", ".join((*one.task.requirements, *one.task.decisions, *one.task.risks)),
                    one.state.replace("_", " "),
                ],
                of.task(one.task),
            )
            for one in tasks
        )
        yield from parts.section(
            f"phase-{phase.key}",
            f"Phase: {plain(phase.title)}",
            parts.paragraph(of.say(ended(phase.purpose), of.whole_plan))
            if phase.purpose.strip()
            else None,
            Table(("Task", "What", "Who", "After", "For", "State"), rows),
        )


def _work(of: Material) -> Iterator[Section]:
    if of.changes:
        many = counted(len(of.changes), "task")
        verb = "changes" if len(of.changes) == 1 else "change"
        lead = of.say(f"{many} {verb} {of.subject}.", of.whole_plan)
        yield from parts.section("changes", "The changes, one by one", parts.paragraph(lead))
    for one in of.changes:
        task = one.task
        source = of.task(task)
        scope = of.say(f"Expected to change: {named(task.scope, most=12)}.", of.scope(task))
        checks = (*task.acceptance, *task.risk_checks)
        yield from parts.section(
            f"task-{task.key}",
            f"{plain(task.title)} ({code(task.key)})",
            parts.paragraph(of.say(ended(task.detail), source), scope if task.scope else None),
            Listing(tuple(of.say(ended(text), source) for text in checks), "box"),
            level=3,
        )


def _evidence(of: Material) -> Iterator[Section]:
    rows = tuple(
        of.row(
            [code(one.task.key), one.work.summary, _checked(one)],
            of.result(one),
        )
        for one in of.record.tasks
        if one.state == "succeeded"
    )
    yield from parts.section(
        "evidence", "Done, and how that was checked", Table(("Task", "Result", "Checks"), rows)
    )


def _checked(one: TaskRecord) -> str:
    held = sum(check.passed for check in one.checks)
    if not one.checks:
        return "none"
    return f"{held} of {counted(len(one.checks), 'check')} held"


def _next(of: Material) -> Iterator[Section]:
    steps = of.reading.next_steps
    items: list[Statement] = []
    for step in steps.advised[:STEPS_MAX]:
        one = of.reading.by_key.get(step.source)
        source = of.result(one) if one is not None else of.standing
        items.append(of.say(ended(f"{step.text} {step.detail}".strip()), source))
    waiting = [one for one in of.record.tasks if one.state == "waiting"]
    if waiting and not items:
        names = named((one.task.key for one in waiting), most=8)
        items.append(of.say(f"`mission execute {of.record.run}` begins {names}.", of.standing))
    yield from parts.section("next", "Next", Listing(tuple(items), "number"))


def _practices(of: Material) -> Iterator[Section]:
    items = []
    for number, each in enumerate(of.rows("blueprint.json", "practices")[:PRACTICES_MAX]):
        place, line = str(each.get("path", "")), each.get("line")
        where = code(f"{place}:{line}" if line else place)
        text = f"{str(each.get('text', '')).rstrip('.:')} ({where})."
        items.append(of.say(text, of.held("blueprint.json", "practices", number)))
    yield from parts.section(
        "practices", f"How work is done on {of.subject}", Listing(tuple(items))
    )


def _remembered(of: Material) -> Iterator[Section]:
    items = tuple(
        of.say(
            f"“{each.quote}” ({each.source}), used for {', '.join(each.used_for)}.",
            of.whole_plan,
        )
        for each in of.plan.remembered
    )
    yield from parts.section("remembered", "What earlier work taught it", Listing(items))
