"""Finds steps that wait for an agent that takes none, and says so where people look."""

import asyncio
import contextlib
from collections.abc import Callable

from missioncontrol.application.agents import Agents
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.lifecycle.states import reason_of
from missioncontrol.domain.run.commands import ReportStuck
from missioncontrol.domain.run.states import Run

LOOK_SECONDS = 30.0
STUCK_SECONDS = 300.0
"""How long a step waits before it is reported as stalled."""


class StuckSteps:
    """Looks through all runs now and then."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        agents: Agents,
        *,
        report: Callable[[str, Exception], None],
    ) -> None:
        """`report` is called for internal faults."""
        self._journal = journal
        self._execution = execution
        self._agents = agents
        self._report = report
        self._since: dict[tuple[str, str], float] = {}
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._loop = asyncio.get_running_loop().create_task(self._look_for_ever())

    async def stop(self) -> None:
        """Look no more."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the edge: it looks again next time
                self._report("", error)

    def look(self) -> None:
        """Tell of every step that has waited for too long since it was first seen to wait."""
        now = self._journal.clock.now()
        closed = self._closed()
        seen: dict[tuple[str, str], float] = {}
        for run in list(self._journal.runs.values()):
            for step, why in _waiting(run, closed):
                since = seen[run.id, step] = self._since.get((run.id, step), now)
                if now - since >= STUCK_SECONDS:
                    with contextlib.suppress(MissionControlError):
                        self._execution.tell(run.id, ReportStuck(step, why))
        self._since = seen

    def _closed(self) -> dict[str, str]:
        """Return the agents that take no steps, each with the reason."""
        return {
            life.name: reason_of(life) or f"It is {life.status(0)}."
            for life in self._agents.lives()
            if not life.may_begin
        }


def _waiting(run: Run, closed: dict[str, str]) -> list[tuple[str, str]]:
    """Return the steps of `run` that wait for one of these agents and are not yet reported."""
    if not closed or run.halt is not None or run.is_settled:
        return []
    return [
        (key, closed[run.steps[key].agent])
        for (agent, _), keys in run.queues.items()
        if agent in closed
        for key in keys
        if key not in run.stuck
    ]
