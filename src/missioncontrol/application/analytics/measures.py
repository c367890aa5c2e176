"""The measures by kind of question."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.definition import stamp
from missioncontrol.analytics.questions import (
    Active,
    AnyQuestion,
    Cell,
    Funnel,
    Lifecycle,
    Paths,
    Retention,
    Trend,
)
from missioncontrol.ports.warehouse import Statement

Rows = Callable[[Statement], list[tuple[Any, ...]]]


class Measure(Protocol):
    """A module of `analytics/` that answers one kind of question."""

    def answer(
        self, question: Any, setting: Setting, rows: Rows, *, definition: str, position: int
    ) -> AnyAnswer:
        """Answer a question; `rows` runs a statement.

        Raises:
            Rejected: the question is not valid.
        """
        ...

    def members(self, question: Any, cell: Cell, setting: Setting) -> Statement:
        """Return the statement of `(person, happened)`, a row for each that a cell counts.

        Raises:
            Rejected: `analytics.bad_cell`: the answer has no such count.
        """
        ...


MODULES: dict[type, tuple[str, str]] = {
    Funnel: ("funnel", "funnel"),
    Retention: ("retention", "retention"),
    Trend: ("trends", "trend"),
    Active: ("active", "active"),
    Lifecycle: ("lifecycle", "lifecycle"),
    Paths: ("paths", "paths"),
}
"""By kind of question: the module, and the definition that its answers name."""


@cache
def measure_of(kind: type[AnyQuestion]) -> Measure:
    """Return the measure for a kind of question."""
    module, _ = MODULES[kind]
    return cast("Measure", import_module(f"missioncontrol.analytics.{module}"))


def stamp_of(kind: type[AnyQuestion]) -> str:
    """Return the definition of a kind of question, as `funnel 1`."""
    return stamp(MODULES[kind][1])
