"""Product requirements: the goal and its reasons, users, acceptance criteria and open questions."""

from collections.abc import Iterator

from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.coverage import Coverage
from missioncontrol.documents.markup import plain
from missioncontrol.documents.studio import parts, product
from missioncontrol.documents.studio.material import (
    Material,
    code,
    ended,
    named,
    short,
)
from missioncontrol.documents.studio.model import Listing, Paragraph, Section, Statement, Table

GOAL_MAX = 4_000
STANDINGS = {
    "done": "All tasks for it have succeeded.",
    "handed_over": "Its change is handed over and not made yet.",
    "uncovered": "No task serves it.",
    "waiting": "Its tasks have not begun.",
    "running": "Its tasks are at work.",
}


def sections(of: Material) -> Iterator[Section]:
    """Yield the sections, in order."""
    design = of.plan.design
    yield from _request_sections(of)
    yield from product.wanted(of, design) if design else _affected(of)
    yield from _requirements(of)
    yield from _limits(of)
    yield from _behaviour(of)
    if design:
        yield from product.success(of, design)
    else:
        yield from _left_out(of)
        yield from _success(of)
    yield from parts.risks(of)
    yield from parts.section(
        "effort", "Effort", parts.estimates(of, whole=True), parts.unestimated(of)
    )
    yield from parts.questions(of)


def _request_sections(of: Material) -> Iterator[Section]:
    yield from parts.section(
        "asked",
        "What is asked",
        parts.paragraph(
            of.say(f"“{' '.join(of.asked.split())[:GOAL_MAX]}”{of.shown}", of.goal),
            of.say(f"Given with it: “{short(of.record.context, 1_000)}”", of.context)
            if of.record.context.strip()
            else None,
        ),
        parts.paragraph(
            of.say(plain_text(of.reading.verdict), of.standing),
            *(
                of.say(f"Background that asks for nothing itself: “{short(text, 400)}”", of.goal)
                for text in of.plan.background
                if text in of.record.goal
            ),
        ),
    )


def _affected(of: Material) -> Iterator[Section]:
    items = [*_through_imports(of), *_public(of), *_knowers(of)]
    yield from parts.section("affected", "Whom it affects", Listing(tuple(items)))


def _through_imports(of: Material) -> Iterator[Statement]:
    for number, each in enumerate(of.rows("architecture.json", "goal")):
        path = str(each.get("path", ""))
        users = [str(one) for one in each.get("imported_by") or ()]
        if path not in of.touched or not users:
            continue
        reaches = each.get("reaches")
        whole = (
            f"; {reaches} modules need it in all"
            if isinstance(reaches, int) and (reaches > len(users))
            else ""
        )
        verb = "imports" if len(users) == 1 else "import"
        yield of.say(
            f"{named(users)} {verb} {code(path)}, which is about to change{whole}.",
            of.held("architecture.json", "goal", number),
        )


def _public(of: Material) -> Iterator[Statement]:
    for each in of.plan.risks:
        if "public" in each.because.lower():
            yield of.say(f"Those who call it from outside: {ended(each.because)}", of.risk(each))
    entries = of.rows("survey.json", "entry_points")
    for number, entry in enumerate(entries):
        target = str(entry.get("target", ""))
        if any(target and target in path for path in of.touched):
            yield of.say(
                f"A user of {code(str(entry.get('name', '')))}: it begins in {code(target)}, "
                "which the plan changes.",
                of.held("survey.json", "entry_points", number),
            )


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count:,} commits"


def _knowers(of: Material) -> Iterator[Statement]:
    for found in of.plan.likely:
        for each in found.files[:2]:
            if each.knowers:
                who = each.knowers[0]
                yield of.say(
                    f"{who.name} changed {code(each.path)} most ({_commits(who.commits)}), and is "
                    f"the one to ask about {found.requirement}.",
                    of.whole_plan,
                )


def _requirements(of: Material) -> Iterator[Section]:
    covered = of.reading.coverage
    if not covered:
        yield from parts.section(
            "requirements",
            "Requirements",
            parts.paragraph(
                of.say("No plan was accepted, so no requirement is written down.", of.standing)
            ),
        )
        return
    rows = tuple(
        of.row(
            [
                each.requirement.id,
                each.requirement.text,
                each.requirement.kind,
                STANDINGS.get(each.standing, f"A task for it is {each.standing}."),
            ],
            of.requirement(each.requirement),
        )
        for each in covered
    )
    table = Table(("Id", "Requirement", "Kind", "Standing"), rows)
    yield from parts.section("requirements", "Requirements", table)
    for each in covered:
        yield from _requirement(of, each)


def _requirement(of: Material, each: Coverage) -> Iterator[Section]:
    wanted = each.requirement
    source = of.requirement(wanted)
    origin = of.say(ended(f"From the {wanted.source}"), source) if wanted.source else None
    met = tuple(
        of.say(f"{ended(text)} ({code(one.task.key)})", of.task(one.task))
        for one, text in of.criteria(wanted)
    )
    choices = [each for each in of.plan.decisions if _is_shaped(of, each.id, wanted.id)]
    decided = None
    if choices:
        decided = of.say(
            f"Shaped by {', '.join(f'{one.id} ({one.title})' for one in choices)}.",
            *(of.decision(one) for one in choices),
        )
    yield from parts.section(
        f"requirement-{wanted.id}",
        f"{wanted.id} · {plain(short(wanted.text, 100))}",
        parts.paragraph(origin, decided),
        Listing(met, "box"),
        level=3,
    )


def _is_shaped(of: Material, decision: str, requirement: str) -> bool:
    return any(
        decision in one.task.decisions and requirement in one.task.requirements
        for one in of.changes
    )


def _limits(of: Material) -> Iterator[Section]:
    items = []
    for number, text in enumerate(of.record.constraints, start=1):
        sources = [of.constraint(number)]
        sources += [
            of.requirement(each)
            for each in of.plan.requirements
            if each.kind == "constraint" and text.strip()[:60] in (each.source, each.text)
        ]
        items.append(of.say(ended(text), *sources))
    yield from parts.section("constraints", "Constraints", Listing(tuple(items)))


def _behaviour(of: Material) -> Iterator[Section]:
    items = tuple(
        of.say(f"{each.title}: {ended(each.choice)} {ended(each.tradeoff)}", of.decision(each))
        for each in of.plan.decisions
    )
    yield from parts.section("behaviour", "What is decided, and what it costs", Listing(items))


def _left_out(of: Material) -> Iterator[Section]:
    items = tuple(
        of.say(f"{ended(other.title)} {ended(other.tradeoff)} ({each.id})", of.decision(each))
        for each in of.plan.decisions
        for other in each.alternatives
    )
    yield from parts.section("left-out", "Not part of this", Listing(items))


def _success(of: Material) -> Iterator[Section]:
    checks = tuple(
        of.say(f"{ended(text)} ({code(one.task.key)})", of.task(one.task))
        for one in of.changes
        for text in one.task.risk_checks
    )
    before = list(parts.baseline(of))
    unknown = (
        None if before else parts.untried(of, "The result of the tests today is unknown", "tester")
    )
    yield from parts.section(
        "success",
        "How it is measured",
        Listing(checks),
        Paragraph(tuple(before)) if before else parts.paragraph(unknown),
    )
