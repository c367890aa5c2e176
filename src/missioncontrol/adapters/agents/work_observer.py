"""An agent of which somebody is told what it handed in, before anybody else hears of it."""

from collections.abc import Awaitable, Callable

from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, Line

Observer = Callable[[Work], Awaitable[None]]


class ObservedAgent:
    """Does what another agent does, and tells of it."""

    def __init__(self, agent: Agent, tell: Observer) -> None:
        """What `tell` raises fails the attempt: what nobody was told of is not done."""
        self._agent = agent
        self._tell = tell

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        work = await self._agent.perform(assignment, line)
        await self._tell(work)
        return work
