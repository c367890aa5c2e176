"""Designs to write scaffolds of: two of example goals, and one with odd names."""

import msgspec

from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.plan import Plan, Requirement
from missioncontrol.domain.product_design import (
    Entity,
    Field,
    Interface,
    ProductDesign,
    Source,
    StackChoice,
    SuccessMetric,
)
from missioncontrol.specialists.greenfield.composer import product_plan

SOURCE = Source("goal", "test")

TOOLS = (
    "Neighbours want to lend each other tools. Owners register a tool with a photo and say on which"
    " days it can be had; borrowers ask for it, the owner agrees, and both confirm when it changes"
    " hands. Who brings something back late twice cannot borrow for a month. Use Ruby on Rails and"
    " PostgreSQL, and send messages by e-mail only."
)
PRICES = (
    "Fetch the day-ahead electricity prices of five countries every afternoon, check them, and"
    " publish them with hourly averages by week and month as CSV and as a small JSON API. Missing"
    " hours and the days on which clocks change have to come out right, and when a source corrects"
    " its figures both versions are kept. Python, SQLite, and nothing that needs a server of its"
    " own."
)


def plan_of(goal: str) -> Plan:
    """Return the plan of a new product."""
    requirements = (Requirement("R1", goal),)
    return product_plan(
        Asked(goal),
        Plan(
            goal=goal,
            title=goal[:60],
            summary="A new product.",
            kinds=("new-service",),
            stack=(),
            phases=(),
            requirements=requirements,
        ),
    )


def odd_design() -> ProductDesign:
    """Return a design whose names are words of SQL, Python and TypeScript, and that has a cycle."""
    identity, created = Field("id", "integer", "primary"), Field("created_at", "timestamp")
    order = Entity(
        "order",
        "order",
        'A "purchase" of a group; it\'s \\ odd.',
        (
            identity,
            Field("group_id", "integer", "foreign", "group"),
            Field("parent_id", "integer", "foreign", "order"),
            Field("from", "text"),
            Field("class", "enum", values=("it's", "two")),
            Field("json", "json"),
            Field("fields", "text", is_optional=True),
            Field("schema", "text", is_unique=True),
            Field("model_dump", "boolean"),
            Field("default", "money"),
            Field("limit", "integer"),
            Field("date", "date", is_optional=True),
            Field("time", "timestamp"),
            Field("2nd Größe", "decimal", is_optional=True),
            Field("status", "enum", values=("open", "closed")),
            Field("db", "digest"),
            Field("body", "bytes"),
            Field("list", "point"),
            Field("str", "email", is_unique=True),
            Field("int", "url"),
            Field("values", "duration"),
            Field("self", "time"),
            created,
        ),
        SOURCE,
    )
    group = Entity(
        "group",
        "group",
        "Has a first order, as an order has a group.",
        (
            identity,
            Field("select", "text"),
            Field("order_id", "integer", "foreign", "order"),
            created,
        ),
        SOURCE,
    )
    event = Entity(
        "event",
        "events",
        "Would be in the way of the table of events.",
        (
            identity,
            Field("name", "text"),
            Field("owner_id", "integer", "foreign", "nobody"),
            created,
        ),
        SOURCE,
    )
    interfaces = (
        Interface(
            "POST /order", "route", "Request order.", SOURCE,
            (Field("from", "text"),), (), ("order",),
        ),
        Interface("GET /order/{id}", "route", "Show order.", SOURCE, (), (), ("order",)),
        Interface(
            "PATCH /order/{id}", "route", "Change order.", SOURCE,
            (Field("from", "text"), Field("class", "enum", values=("it's", "two"))), (), ("order",),
        ),
        Interface("DELETE /order/{id}", "route", "Delete order.", SOURCE, (), (), ("order",)),
        Interface(
            "POST /order/{id}/import", "route", "Import.", SOURCE,
            (Field("group_id", "integer", "foreign", "group"), Field("from", "timestamp")),
            ("the order is closed",), ("order",),
        ),
        Interface(
            "GET /lambda", "route", "Lambda.", SOURCE,
            (Field("from", "date"), Field("class", "text", is_optional=True)),
        ),
        Interface(
            "add event", "screen", "Add event.", SOURCE, (Field("name", "text"),), (), ("event",)
        ),
        Interface("class", "job", "Class.", SOURCE, (Field("yield", "boolean"),)),
        Interface("order_requested", "event", "Counted.", SOURCE),
    )  # fmt: skip
    metric = SuccessMetric(
        "M1", "Orders", "orders", "10", SOURCE, ("order_requested", "order_closed")
    )
    return ProductDesign(
        "Select", "json-api", "JSON API", SOURCE,
        metrics=(metric,), entities=(order, group, event), interfaces=interfaces,
    )  # fmt: skip


def sources() -> dict[str, Plan | ProductDesign]:
    """Return what scaffolds are written of, by name."""
    stack = (StackChoice("Database", "PostgreSQL", "", SOURCE),)
    odd = odd_design()
    served = msgspec.structs.replace(odd, stack=stack)
    return {"tools": plan_of(TOOLS), "prices": plan_of(PRICES), "odd": odd, "odd-served": served}
