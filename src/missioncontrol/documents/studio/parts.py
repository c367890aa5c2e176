"""Sections that several documents share: risks, questions, tests, estimates, decisions, places."""

from collections.abc import Iterator
from typing import Any

from missioncontrol.documents.command_line import typed_words
from missioncontrol.documents.drawing.diagrams import diagram
from missioncontrol.documents.figures import counted, grouped, lasting, money
from missioncontrol.documents.markup import marked_paths, plain
from missioncontrol.documents.pack import scope_lines
from missioncontrol.documents.record import TaskRecord
from missioncontrol.documents.studio.material import (
    EMPTY,
    Material,
    code,
    ended,
    named,
    short,
    together,
)
from missioncontrol.documents.studio.model import (
    Block,
    Diagram,
    Listing,
    Paragraph,
    Row,
    Section,
    Source,
    Statement,
    Table,
)
from missioncontrol.domain.coverage_gaps import owner_of
from missioncontrol.domain.estimates import Estimate
from missioncontrol.domain.plan import Decision, Task
from missioncontrol.domain.work import Finding

PLACES_MAX = 8
FEW_PLACES = 3
FINDINGS_MAX = 12
"""Files for one requirement, for a constraint, and findings, that a document lists."""

FEW_CASES = 2
"""Comparable changes or runs that an estimate names."""


def section(key: str, title: str, *blocks: Block | None, level: int = 2) -> Iterator[Section]:
    """Yield a section with what there is of its blocks; none where there is nothing."""
    full = tuple(block for block in blocks if block is not None and _has_content(block))
    if full:
        yield Section(key, title, full, level)


def paragraph(*statements: Statement | None) -> Paragraph | None:
    """Return a paragraph of what is there."""
    found = tuple(each for each in statements if each is not None)
    return Paragraph(found) if found else None


def risks(of: Material) -> Iterator[Section]:
    """Yield what may go wrong and what is done about it."""
    rows = tuple(_risk_rows(of))
    if not rows:
        return
    owned = any(_owners(of).values())
    columns = ("Risk", "Likelihood, impact", "Because", "What is done about it")
    named_too = (*columns, "Owner")
    yield from section("risks", "Risks", Table(named_too if owned else columns, rows))


def _risk_rows(of: Material) -> Iterator[Row]:
    owners = _owners(of)
    owned = any(owners.values())
    for each in of.plan.risks:
        cells = [
            f"{each.id} {each.title}",
            f"{each.likelihood}, {each.impact}",
            each.because,
            each.mitigation,
        ]
        yield of.row([*cells, owners[each.id]] if owned else cells, of.risk(each))


def _owners(of: Material) -> dict[str, str]:
    """Return who sees to each risk: whom a person named, or whom the plan does."""
    return {each.id: owner_of(each, of.record.owners) for each in of.plan.risks}


def drawing(of: Material, kind: str) -> Diagram | None:
    """Return a diagram of the mission, or None where there is nothing to draw."""
    found = diagram(of.drawable, kind)
    if found.graph is None:
        return None
    name = DRAWN_FROM.get(kind, "")
    source = of.held(name) if name in of.artifacts else of.whole_plan
    return Diagram(kind, of.say(marked_paths(ended(f"{found.title}: {found.said}")), source))


DRAWN_FROM = {
    "flow": "blueprint.json",
    "as-is": "architecture.json",
    "deployment": "blueprint.json",
    "data-model": "blueprint.json",
}


def questions(of: Material) -> Iterator[Section]:
    """Yield what the goal leaves open."""
    found = of.plan.questions
    if not found:
        return
    whose = together([code(one.task.key) for one in of.changes[:4]])
    lead = None
    if whose:
        many = "answers" if len(found) > 1 else "an answer"
        lead = paragraph(
            of.say(
                f"The goal leaves open what {whose} {'need' if ' and ' in whose else 'needs'} "
                f"{many} to:",
                of.goal,
                of.whole_plan,
            )
        )
    items = tuple(of.say(text, of.question(n)) for n, text in enumerate(found, start=1))
    yield from section("questions", "Open questions", lead, Listing(items, "number"))


def baseline(of: Material) -> Iterator[Statement]:
    """Yield how the tests ended before any change, as far as it is known."""
    proofs = {one.task.key for one, _ in of.reading.proofs}
    for one in of.record.tasks:
        if one.task.role != "tester" or one.task.key in proofs or one.state != "succeeded":
            continue
        words = of.part("tests.json") if one.task.key == _owner(of, "tests.json") else None
        data = words if isinstance(words, dict) else one.work.output
        if isinstance(data, dict):
            yield from _test_statements(of, one, data)


def _owner(of: Material, name: str) -> str:
    return of.artifacts[name][0].task.key if name in of.artifacts else ""


def _test_statements(of: Material, one: TaskRecord, data: dict[str, Any]) -> Iterator[Statement]:
    source = of.tested(one)
    words = data.get("command")
    has_one = isinstance(words, list) and bool(words)
    command = code(typed_words([*map(str, words or ())], data)) if has_one else ""
    origin = f" (from {code(str(data['source']))})" if data.get("source") else ""
    counts = _counts(one, data)
    status = str(data.get("status", ""))
    if not command:
        yield of.say(f"{of.subject} has no test command that could be found.", source)
    elif status == "could_not_start":
        yield of.say(
            f"Before any change, {command}{origin} could not start here: "
            f"{ended(short(str(data.get('reason', '')), 300))}",
            source,
        )
    elif counts:
        took = data.get("seconds")
        lasted = f" in {lasting(float(took))}" if isinstance(took, int | float) else ""
        yield of.say(f"Before any change, {command}{origin} gave {counts}{lasted}.", source)
    else:
        yield of.say(
            f"Before any change, {command}{origin} ended as {status.replace('_', ' ')}"
            f"{': ' + short(str(data['reason']), 200) if data.get('reason') else ''}.",
            source,
        )
    yield from _failures(of, data, source)


def _failures(of: Material, data: dict[str, Any], source: Source) -> Iterator[Statement]:
    failures = [each for each in data.get("failures") or () if isinstance(each, dict)]
    names = [f"{each.get('group', '')}.{each.get('name', '')}".strip(".") for each in failures]
    if names:
        verb = "fails" if len(names) == 1 else "fail"
        yield of.say(f"{named(names)} {verb} already, whatever the change does.", source)
    python = data.get("python")
    missing = python.get("not_installed") if isinstance(python, dict) else None
    if isinstance(python, dict) and isinstance(missing, list) and missing:
        yield of.say(
            f"{named(map(str, missing), most=8)} {'is' if len(missing) == 1 else 'are'} declared "
            f"and not installed for Python {python.get('version', '')} there.",
            source,
        )


def _counts(one: TaskRecord, data: dict[str, Any]) -> str:
    counts = data.get("counts")
    if not isinstance(counts, dict) or not any(counts.values()):
        output = one.work.output if isinstance(one.work.output, dict) else {}
        counts = output.get("counts")
    if not isinstance(counts, dict) or not any(counts.values()):
        return ""
    words = [
        f"{grouped(counts[name])} {name if name != 'errors' else 'with errors'}"
        for name in ("passed", "failed", "errors", "skipped")
        if isinstance(counts.get(name), int) and (counts[name] or name == "passed")
    ]
    return together(words)


def estimates(of: Material, *, whole: bool = False) -> Block | None:
    """Return what the work will take; `whole` leaves out what concerns single tasks."""
    rows = tuple(
        of.row(
            [
                _taskplain(of, each.task),
                _likely(each),
                _range(each),
                _basis(each),
            ],
            of.whole_plan,
        )
        for each in of.plan.estimates
        if not (whole and each.task)
    )
    return Table(("What", "Likely", "Eight of ten times", "From"), rows) if rows else None


def unestimated(of: Material) -> Block | None:
    """Return what is not estimated, and why."""
    items = tuple(
        of.say(f"For {of.subject}, {ended(each[:1].lower() + each[1:])}", of.whole_plan)
        for each in of.plan.unestimated
    )
    return Listing(items) if items else None


def _range(each: Estimate) -> str:
    return "" if each.label else f"{amount(each, each.low)} to {amount(each, each.high)}"


def _likely(each: Estimate) -> str:
    """Return what is likeliest, with what it counts and from when to when."""
    if each.label:
        return each.label
    words = amount(each, each.likely)
    match each.measure:
        case "cost":
            return f"{words} for models"
        case "seconds":
            # Not working hours: from the first step to the last, or while an agent is at the task.
            return f"{words} {'at work' if each.task else 'from its first step to its end'}"
        case "hours":
            return f"{words} {'hour' if words == '1' else 'hours'} of a person"
        case _:
            return f"{words} {each.measure.removesuffix('s') if words == '1' else each.measure}"


def amount(each: Estimate, value: float) -> str:
    """Return an estimated value as a person writes it."""
    match each.measure:
        case "cost":
            return money(round(value))
        case "seconds":
            return lasting(value)
        case "hours":
            return f"{value:.1f}".removesuffix(".0")
        case _:
            return grouped(round(value))


def _basis(each: Estimate) -> str:
    held = f"; {each.calibration}" if each.calibration else ""
    few = [short(one, 120) for one in each.basis[:FEW_CASES]]
    if not few:
        return held[2:]
    many = counted(each.comparables, "comparable case")
    named_all = len(few) >= each.comparables
    return f"{many}{': ' if named_all else ', such as '}{'; '.join(few)}{held}"


def _taskplain(of: Material, key: str) -> str:
    return f"{code(key)}" if key else "The whole plan"


def choices(of: Material, *, level: int = 3) -> Iterator[Section]:
    """Yield each decision with its trade-off and its rejected alternatives."""
    for each in of.plan.decisions:
        yield from section(
            f"decision-{each.id}",
            f"{each.id} · {plain(each.title)}",
            Paragraph((of.say(ended(each.choice), of.decision(each)),)),
            Listing(tuple(_weighed(of, each))),
            level=level,
        )


def _weighed(of: Material, each: Decision) -> Iterator[Statement]:
    source = of.decision(each)
    yield of.say(f"Because: {ended(each.reason)}", source)
    yield of.say(f"Gives up: {ended(each.tradeoff)}", source)
    for other in each.alternatives:
        yield of.say(f"Rejected: {ended(other.title)} {ended(other.tradeoff)}", source)
    shaped = [one.task.key for one in of.changes if each.id in one.task.decisions]
    if shaped:
        yield of.say(f"Shapes {named(shaped)}.", source)


def rescoped(of: Material) -> Iterator[tuple[Task, str]]:
    """Yield the tasks whose files people named, with those files."""
    tasks = {task.key: task for task in of.plan.tasks()}
    for one, line in zip(of.record.scopes, scope_lines(of.record.scopes), strict=True):
        yield tasks[one.task], f"Files to change of {line}"


def places(of: Material) -> Iterator[Section]:
    """Yield where the work of each requirement will be, with reasons."""
    for found in of.plan.likely:
        requirement = next((r for r in of.plan.requirements if r.id == found.requirement), None)
        if requirement is None or not found.files:
            continue
        most = FEW_PLACES if requirement.kind == "constraint" else PLACES_MAX
        rows = tuple(
            of.row(
                [
                    code(each.path),
                    "; ".join(each.reasons[:3]),
                    named(dict.fromkeys(filter(None, (spot.name for spot in each.spots))), most=4),
                    named(each.tests, most=2),
                    ", ".join(who.name for who in each.knowers[:2]),
                ],
                of.whole_plan,
                of.requirement(requirement),
            )
            for each in found.files[:most]
        )
        columns = ("File", "Why it", "Definitions", "Tested by", "Who knows it")
        yield from section(
            f"places-{found.requirement}",
            f"{found.requirement} · {plain(short(requirement.text, 80))}",
            table(columns, rows),
            level=3,
        )


def table(columns: tuple[str, ...], rows: tuple[Row, ...]) -> Table:
    """Return a table without the columns in which nothing stands."""
    full = [n for n, _ in enumerate(columns) if any(row.cells[n] != EMPTY for row in rows)]
    return Table(
        tuple(columns[n] for n in full),
        tuple(Row(tuple(row.cells[n] for n in full), row.sources) for row in rows),
    )


def findings_about(of: Material, paths: tuple[str, ...]) -> Block | None:
    """Return what the audit found in these files."""
    found: list[tuple[Finding, TaskRecord]] = [
        (each, one)
        for one in of.record.tasks
        if one.task.role == "auditor"
        for each in one.work.findings
        if each.path in paths
    ]
    items = tuple(
        of.say(
            f"{each.severity}: {each.title} in {code(f'{each.path}:{each.line}')}. "
            f"{ended(each.remedy)}".strip(),
            of.held("audit.sarif") if "audit.sarif" in of.artifacts else of.result(one),
        )
        for each, one in found[:FINDINGS_MAX]
    )
    return Listing(items) if items else None


def untried(of: Material, what: str, role: str) -> Statement:
    """Say in one sentence that something is not known, and what would tell it."""
    task = next((one for one in of.record.tasks if one.task.role == role), None)
    if task is None:
        return of.say(
            f"{what}: the plan for “{short(of.record.title, 80)}” has no task for a {role}.",
            of.whole_plan,
        )
    how = {
        "waiting": f"`mission execute {of.record.run}` makes",
        "failed": f"`mission runs retry {of.record.run} {task.task.key}` makes",
        "blocked": f"`mission runs retry {of.record.run}` makes",
    }.get(task.state, "")
    then = f"; {how} {code(task.task.key)} find it out" if how else ""
    state = task.state.replace("_", " ")
    return of.say(f"{what}: {code(task.task.key)} {_is(state)}{then}.", of.result(task))


def _is(state: str) -> str:
    return {"waiting": "has not run", "failed": "failed", "running": "is at work"}.get(
        state, f"is {state}"
    )


def _has_content(block: Block) -> bool:
    match block:
        case Listing():
            return bool(block.items)
        case Table():
            return bool(block.rows)
        case Paragraph():
            return bool(block.statements)
        case _:
            return True
