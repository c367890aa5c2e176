"""What may be asked: one module for each noun, which lists its queries in `QUERIES`."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from missioncontrol.declarations import Query

NOUNS = (
    "decision",
    "run",
    "artifact",
    "trace",
    "audit",
    "event",
    "log",
    "webhook",
    "user",
    "token",
    "memory",
    "share",
    "retention",
    "template",
    "knowledge",
    "inbox",
    "notification",
    "work_item",
    "board",
    "review",
    "agent",
    "mission",
    "document",
    "agent_session",
    "workspace",
    "product",
    "schedule",
    "price",
    "gateway_key",
    "workflow",
    "budget",
    "operation",
    "alert",
)
"""Nouns whose queries are declared. Their modules are imported on first use."""


def of_noun(noun: str) -> "tuple[Query, ...]":
    """Return the queries of a noun, in the order in which help names them."""
    if noun not in NOUNS:
        return ()
    found: tuple[Query, ...] = import_module(f"{__name__}.{noun}").QUERIES
    return found


def find(name: str) -> "Query | None":
    """Return the query of that name, `decision.list`, or None where there is none."""
    return next((each for each in of_noun(name.partition(".")[0]) if each.name == name), None)


def every() -> "tuple[Query, ...]":
    """Return all queries."""
    return tuple(each for noun in NOUNS for each in of_noun(noun))
