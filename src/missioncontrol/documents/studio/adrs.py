"""The decisions of a mission as a set of records: context, options, outcome, consequences."""

from collections.abc import Iterator

from missioncontrol.documents.markup import plain
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.choices import open_choices, undecided_sections
from missioncontrol.documents.studio.material import Material, code, ended, named, short
from missioncontrol.documents.studio.model import Listing, Section, Source, Statement, Table
from missioncontrol.domain.plan import Decision
from missioncontrol.domain.planned_decision import as_logged, planned_decisions


def sections(of: Material) -> Iterator[Section]:
    """Yield a list of the decisions, and each of them."""
    choices = open_choices(of)
    if not of.plan.decisions and choices:
        yield from undecided_sections(of, choices)
        return
    if not of.plan.decisions:
        yield from parts.section(
            "none",
            "No decision",
            parts.paragraph(
                of.say(
                    f"The plan for “{short(of.record.title, 80)}” found no choice to make; "
                    "`mission decision record` writes one down.",
                    of.whole_plan,
                )
            ),
        )
        return
    rows = tuple(
        of.row([each.id, each.title, short(each.choice, 160)], of.decision(each))
        for each in of.plan.decisions
    )
    yield from parts.section("index", "Decisions", Table(("Id", "Question", "Decided"), rows))
    for each in of.plan.decisions:
        yield from _record(of, each)
    yield from undecided_sections(of, choices)


def _record(of: Material, each: Decision) -> Iterator[Section]:
    source = of.decision(each)
    yield from parts.section(
        f"adr-{each.id}",
        f"{each.id} · {plain(each.title)}",
        parts.paragraph(_status(of, each)),
    )
    yield from parts.section(
        f"adr-{each.id}-context",
        f"Context of {each.id}",
        parts.paragraph(*_context(of, each)),
        level=3,
    )
    yield from parts.section(
        f"adr-{each.id}-decided",
        f"Decided in {each.id}",
        parts.paragraph(
            of.say(ended(each.choice), source), of.say(f"Because: {ended(each.reason)}", source)
        ),
        Listing(tuple(_consequences(of, each))),
        level=3,
    )
    others = tuple(
        of.say(f"{ended(one.title)} {ended(one.tradeoff)}", source) for one in each.alternatives
    )
    yield from parts.section(
        f"adr-{each.id}-others", f"Rejected in {each.id}", Listing(others), level=3
    )


def _status(of: Material, each: Decision) -> Statement:
    """Say how far it is: as the log of decisions has it, or as the plan proposed it."""
    name = f"{of.record.mission}/{each.id}"
    planned = planned_decisions(of.record.mission, of.plan)
    in_log = next(as_logged(one, of.logged).id for one in planned if one.id == name)
    logged = of.logged.get(in_log)
    if logged is None:
        return of.say("Status: proposed with the plan.", of.whole_plan)
    source = Source(f"log:{each.id}", "decision", f"The log of decisions: {each.id}, {logged.date}")
    instead = f" by {logged.superseded_by}" if logged.superseded_by else ""
    return of.say(f"Status: {logged.status}{instead} since {logged.date}.", source)


def _context(of: Material, each: Decision) -> Iterator[Statement]:
    shaped = [one for one in of.changes if each.id in one.task.decisions]
    wanted = dict.fromkeys(name for one in shaped for name in one.task.requirements)
    found = [one for one in of.plan.requirements if one.id in wanted]
    for one in found[:3]:
        yield of.say(f"{one.id} asks: {ended(one.text)}", of.requirement(one))
    if not found:
        yield of.say(f"Asked: “{short(of.asked, 300)}”", of.goal)
    if each.files:
        yield of.say(f"It is about {named(each.files)}.", of.decision(each))


def _consequences(of: Material, each: Decision) -> Iterator[Statement]:
    source = of.decision(each)
    yield of.say(f"Gives up: {ended(each.tradeoff)}", source)
    for one in of.changes:
        if each.id in one.task.decisions:
            yield of.say(
                f"{code(one.task.key)} ({one.task.title}) has to keep to it.", of.task(one.task)
            )
