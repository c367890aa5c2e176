"""Saved workflows, read from the record that the console keeps at hand."""

from collections.abc import Callable, Mapping
from typing import Any

from missioncontrol.application.agents import Cards
from missioncontrol.application.read_model import Present
from missioncontrol.application.scope import Scopes
from missioncontrol.application.workflows import (
    WORKFLOW,
    WORKFLOWS,
    Aside,
    Library,
    Read,
    at_once,
)
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition import Definition, Fault, Malformed
from missioncontrol.domain.workflow_library import LISTING, Listing, SavedWorkflow, stream_of
from missioncontrol.ports.calendar import Calendar
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.expressions import Expressions


class Shelf(Library):
    """Saved workflows, read from the record that the console keeps at hand."""

    def __init__(
        self,
        present: Present,
        *,
        read: Read,
        expressions: Expressions,
        cards: Cards,
        calendar: Calendar,
        clock: Clock,
        schema: Callable[[], dict[str, Any]],
        aside: Aside = at_once,
    ) -> None:
        """`cards` follows the agents of the record; `schema` tells what a file may say."""
        super().__init__(
            present.store, read=read, expressions=expressions, cards=cards, aside=aside
        )
        self.present = present
        self.calendar = calendar
        self.clock = clock
        self.schema = schema
        self.scopes = Scopes(expressions)  # what runs hand back is worked out by it
        self._followed = cards
        self._followed_to = -1

    async def _saved(self, name: str) -> SavedWorkflow | None:
        saved: SavedWorkflow | None = await self.present.find(WORKFLOW, stream_of(name))
        return saved

    async def _list(self) -> Listing | None:
        listing: Listing | None = await self.present.find(WORKFLOWS, LISTING)
        return listing

    def cards(self) -> Mapping[str, AgentCard]:
        """Return what all agents take and give now; those that left are gone from it."""
        if self._followed_to != self.present.position:
            for life in self.present.board.listed("agent"):
                self._followed.follow(life)
            self._followed_to = self.present.position
        return self._followed

    async def version_of(self, name: str) -> int:
        """Return the newest version of a workflow, 0 where there is none."""
        saved = await self._saved(name)
        return saved.version if saved else 0

    async def faults(self, text: str, filename: str) -> tuple[Definition | None, list[Fault]]:
        """Return what a text defines, or everything that keeps it from being saved."""
        self.cards()
        try:
            return await self.check(text, filename), []
        except Malformed as error:
            return None, list(error.faults)

    async def compared(self, function: Callable[..., Any], size: int, *args: Any) -> Any:
        """Return what `function` makes of texts of `size` characters; aside where that is much."""
        return await self._worked_out(size, function, *args)
