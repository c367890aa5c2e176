"""Test plan: what proves each requirement, where tests are, what they gave, and what is not."""

from collections.abc import Iterator

from missioncontrol.documents.command_line import typed
from missioncontrol.documents.figures import counted
from missioncontrol.documents.markup import plain
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, named, short
from missioncontrol.documents.studio.model import Listing, Paragraph, Section, Statement
from missioncontrol.domain.plan import Requirement

FAR_MAX = 10


def sections(of: Material) -> Iterator[Section]:
    """Yield the sections, in order."""
    if not of.plan.design:
        yield from _today(of)
    yield from _commands(of)
    for each in of.plan.requirements:
        yield from _requirement(of, each)
    yield from _risks(of)
    yield from _reach(of)
    yield from _proofs(of)
    yield from _exit(of)


def _today(of: Material) -> Iterator[Section]:
    items = list(parts.baseline(of))
    unknown = parts.untried(of, f"How the tests of {of.subject} end today is not known", "tester")
    yield from parts.section(
        "today", "Before the change", Paragraph(tuple(items)) if items else parts.paragraph(unknown)
    )


def _commands(of: Material) -> Iterator[Section]:
    items = []
    for number, each in enumerate(of.rows("execution-pack.json", "commands")):
        result = str(each.get("result", "") or "not run here")
        if each.get("fails"):
            result = f"fails before any change, exit status {each.get('exit_code')}: {result}"
        items.append(
            of.say(
                f"{code(typed(str(each.get('command', '')), each.get('environment')))} "
                f"({each.get('purpose', '')}, from "
                f"{_source(str(each.get('source', '')))}): {ended(short(result, 300))}",
                of.held("execution-pack.json", "commands", number),
            )
        )
    yield from parts.section("commands", "Commands", Listing(tuple(items)))


def _source(text: str) -> str:
    """Set a place in a file as code; a source in words stays words."""
    return text if " " in text else code(text)


def _requirement(of: Material, each: Requirement) -> Iterator[Section]:
    proofs = tuple(
        of.say(f"{ended(text)} ({code(one.task.key)})", of.task(one.task), of.requirement(each))
        for one, text in of.criteria(each)
    )
    yield from parts.section(
        f"requirement-{each.id}",
        f"{each.id} · {plain(short(each.text, 100))}",
        Listing(proofs, "box"),
        parts.paragraph(*_near(of, each)),
    )


def _near(of: Material, each: Requirement) -> Iterator[Statement]:
    found = next((one for one in of.plan.likely if one.requirement == each.id), None)
    tests = dict.fromkeys(test for one in (found.files if found else ()) for test in one.tests)
    if tests:
        yield of.say(f"Nearest to it today: {named(tests, most=5)}.", of.whole_plan)
    parts_ = [
        part.path
        for part in of.plan.architecture.components
        if part.kind == "test" and part.change != "unchanged" and part.path
    ]
    if parts_ and len(of.plan.requirements) == 1:
        yield of.say(f"{named(parts_)} has to grow with it.", of.whole_plan)


def _risks(of: Material) -> Iterator[Section]:
    items = tuple(
        of.say(f"{each.id} {each.title}: {ended(each.mitigation)}", of.risk(each))
        for each in of.plan.risks
    )
    yield from parts.section("risks", "What is done about the risks", Listing(items))


def _reach(of: Material) -> Iterator[Section]:
    items = []
    for number, each in enumerate(of.rows("architecture.json", "goal")[:FAR_MAX]):
        path, tests = str(each.get("path", "")), each.get("tests") or []
        through = each.get("tests_through")
        if path not in of.touched:
            continue
        if tests:
            far = f"; {through} more reach it through others" if through else ""
            text = f"{code(path)} is imported by {named(map(str, tests))}{far}."
        else:
            far = f", {counted(int(through), 'test module')} only through others" if through else ""
            text = f"{code(path)} is imported by no test directly{far}."
        items.append(of.say(text, of.held("architecture.json", "goal", number)))
    yield from parts.section("reach", "What the present tests reach", Listing(tuple(items)))


def _proofs(of: Material) -> Iterator[Section]:
    items = []
    for one, ran in of.reading.proofs:
        counts = (
            f"{ran.passed} passed, {ran.failed} failed, {ran.errors} with errors, "
            f"{ran.skipped} skipped"
        )
        items.append(of.say(f"With the change: {counts} ({code(one.task.key)}).", of.tested(one)))
    yield from parts.section("proofs", "With the change", Listing(tuple(items)))


def _exit(of: Material) -> Iterator[Section]:
    items = [
        of.say(f"{ended(text)} ({code(one.task.key)})", of.task(one.task))
        for one in of.changes
        for text in one.task.risk_checks
    ]
    items += [
        of.say(ended(str(text)), of.held("execution-pack.json", "done", number))
        for number, text in enumerate(of.part("execution-pack.json", "done") or [])
        if isinstance(text, str)
    ]
    yield from parts.section("exit", "Done when", Listing(tuple(items), "box"))
