"""An agent whose work an observer receives before the engine does."""

from collections.abc import Awaitable, Callable

from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, Line

Observer = Callable[[Work], Awaitable[None]]


class ObservedAgent:
    """Performs as another agent does, and passes the work to an observer."""

    def __init__(self, agent: Agent, tell: Observer) -> None:
        """An exception from `tell` fails the attempt: work that was not observed is not done."""
        self._agent = agent
        self._notify = tell

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        work = await self._agent.perform(assignment, line)
        await self._notify(work)
        return work
