"""What may be done: one module for each noun, which lists its operations in `OPERATIONS`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from missioncontrol.declarations import Operation

NOUNS = (
    "decision",
    "run",
    "webhook",
    "user",
    "token",
    "memory",
    "share",
    "retention",
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
)
"""Nouns whose operations are declared. Their modules are imported on first use."""


def of_noun(noun: str) -> "tuple[Operation[Any, Any], ...]":
    """Return the operations of a noun, in the order in which help names them."""
    if noun not in NOUNS:
        return ()
    found: tuple[Operation[Any, Any], ...] = import_module(f"{__name__}.{noun}").OPERATIONS
    return found


def find(name: str) -> "Operation[Any, Any] | None":
    """Return the operation of that name, `decision.accept`, or None where there is none."""
    return next((each for each in of_noun(name.partition(".")[0]) if each.name == name), None)


def every() -> "tuple[Operation[Any, Any], ...]":
    """Return all operations."""
    return tuple(each for noun in NOUNS for each in of_noun(noun))
