"""What a reader needs besides the record: measures, the calendar, prices, what is built in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from missioncontrol.application.measure_refresh import Measuring
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.calendar import Calendar
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.prices import Prices
from missioncontrol.ports.source_tree import SourceTree
from missioncontrol.ports.task_history import TaskHistory


@dataclass(frozen=True)
class Instruments:
    """Of one home."""

    clock: Clock
    measuring: Measuring
    calendar: Calendar
    prices: Prices
    built_in: Mapping[str, Declaration]
    card: Callable[[Declaration], AgentCard]
    """Returns what an agent takes and does; raises `Rejected` where its kind is not known here."""
    misfit: Callable[[Any, Mapping[str, Any]], str]
    """Says in words why an answer does not fit the JSON Schema of a form; empty where it does."""

    sources: SourceTree
    histories: Callable[[str], TaskHistory]
    """What became of the changes of tasks, of the checkout at a path."""

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self.clock.now()
