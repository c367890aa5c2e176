"""Sections of documents about a new product, from the design of its plan.

They take the place of those about code that is there: there is none to read, to test or to change.
"""

from collections.abc import Iterator

from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended
from missioncontrol.documents.studio.model import Code, Listing, Row, Section, Statement, Table
from missioncontrol.domain.product_design import Entity, Field, Interface, ProductDesign, Source

BASES = {
    "goal": "the goal",
    "answer": "an answer",
    "experience": "the catalogue",
    "assumption": "an assumption",
}


def wanted(of: Material, design: ProductDesign) -> Iterator[Section]:
    """Yield the users, the scope and the non-goals of the product."""
    users = tuple(
        _say(of, f"{each.name.capitalize()}: {', '.join(each.jobs)}.", each.source)
        for each in design.users
    )
    yield from parts.section("users", "Users and their jobs", Listing(users))
    scope = tuple(_say(of, ended(each.text), each.source) for each in design.scope)
    yield from parts.section("scope", "In the first version", Listing(scope))
    left = tuple(_say(of, ended(each.text), each.source) for each in design.non_goals)
    yield from parts.section("left-out", "Not in the first version", Listing(left))


def success(of: Material, design: ProductDesign) -> Iterator[Section]:
    """Yield the numbers that tell whether the product does its job, with their events."""
    rows = tuple(
        of.row(
            [
                f"{each.id} {each.name}",
                each.measure,
                each.target,
                ", ".join(map(code, each.events)) or "—",
                BASES[each.source.basis],
            ],
            of.whole_plan,
        )
        for each in design.metrics
    )
    columns = ("Metric", "Measured by", "Target", "Events", "Rests on")
    yield from parts.section("success", "How it is measured", Table(columns, rows))


def built(of: Material, design: ProductDesign) -> Iterator[Section]:
    """Yield what the product consists of: tables, interfaces, stack and files."""
    for entity in design.entities:
        table = Table(("Column", "Type", ""), tuple(_columns(of, entity)))
        note = parts.paragraph(_say(of, ended(entity.purpose), entity.source))
        yield from parts.section(f"table-{entity.table}", code(entity.table), note, table, level=3)
    rows = tuple(_interface(of, each) for each in design.interfaces if each.kind != "event")
    columns = ("Interface", "What it does", "Inputs", "Refused when")
    yield from parts.section("interfaces", "Interfaces", Table(columns, rows))
    stack = tuple(
        of.row(
            [each.part, each.choice, each.reason, "; ".join(_alternatives(each.alternatives))],
            of.whole_plan,
        )
        for each in design.stack
    )
    yield from parts.section("stack", "Stack", Table(("Part", "Choice", "Why", "Instead"), stack))
    if design.files:
        width = max(len(each.path) for each in design.files)
        text = "\n".join(f"{each.path:<{width}}  {each.purpose}" for each in design.files)
        caption = of.say(f"Files of {code(design.name)} as planned.", of.whole_plan)
        yield from parts.section("files", "Files", Code(caption, text, "text"))


def operated(of: Material, design: ProductDesign) -> Iterator[Section]:
    """Yield how the product runs, what that costs, and what it does when something fails."""
    stages = [
        of.say(f"{each.name.capitalize()}: {ended(each.text)}", of.whole_plan)
        for each in design.deployment.stages
    ]
    stages += [of.say(f"Needs: {ended(each)}", of.whole_plan) for each in design.deployment.needs]
    stages += [
        of.say(f"Costs: {ended(each)}", of.whole_plan) for each in design.deployment.cost_drivers
    ]
    yield from parts.section("operation", "How it runs", Listing(tuple(stages)))
    measures = tuple(
        of.row([each.threat, each.measure], of.whole_plan) for each in design.security
    ) + tuple(of.row([each.when, each.then], of.whole_plan) for each in design.failures)
    columns = ("Threat or failure", "What is done")
    yield from parts.section("security", "Security and failures", Table(columns, measures))
    shown = tuple(
        of.say(f"{each.title}: {ended(each.shows)}", of.whole_plan) for each in design.milestones
    )
    yield from parts.section("milestones", "Milestones, and what each shows", Listing(shown))


def _say(of: Material, text: str, source: Source) -> Statement:
    """Say something of the design; what the goal does not say names what it rests on."""
    if source.basis == "goal":
        return of.say(text, of.goal)
    return of.say(f"{text} ({BASES[source.basis]})", of.whole_plan)


def _columns(of: Material, entity: Entity) -> Iterator[Row]:
    for each in entity.fields:
        yield of.row([code(each.name), each.type_words, ", ".join(each.marks)], of.whole_plan)


def _interface(of: Material, each: Interface) -> Row:
    cells = [
        code(each.name),
        each.purpose,
        ", ".join(map(_input, each.inputs)) or "—",
        "; ".join(each.failures) or "—",
    ]
    return of.row(cells, of.whole_plan)


def _input(field: Field) -> str:
    return f"{code(field.name)}{' (optional)' if field.is_optional else ''}"


def _alternatives(found: tuple[tuple[str, str], ...]) -> Iterator[str]:
    return (f"{name}: {why}" for name, why in found)
