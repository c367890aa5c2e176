"""Which module answers which kind of question."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Protocol, cast

from missioncontrol.analytics.answers import AnyAnswer
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
from missioncontrol.analytics.setting import Setting
from missioncontrol.ports.warehouse import Statement

Rows = Callable[[Statement], list[tuple[Any, ...]]]


class Measure(Protocol):
    """A module of `analytics/` that answers one kind of question."""

    def answer(
        self, question: Any, setting: Setting, rows: Rows, *, definition: str, position: int
    ) -> AnyAnswer:
        """Ask a question: `rows` carries out a statement.

        Raises:
            Rejected: the question can't be asked.
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
"""By the kind of question: the module, and the definition that answers name."""


@cache
def measure_of(kind: type[AnyQuestion]) -> Measure:
    """Return what answers a kind of question."""
    module, _ = MODULES[kind]
    return cast("Measure", import_module(f"missioncontrol.analytics.{module}"))


def stamp_of(kind: type[AnyQuestion]) -> str:
    """Return by which definition a kind of question is answered: `funnel 1`."""
    return stamp(MODULES[kind][1])
