"""Steps on other machines: what workers are given and say, and what outlasts an engine."""

from typing import TYPE_CHECKING, Protocol

from missioncontrol.adapters.agents.remote.hub import Hub
from missioncontrol.adapters.agents.workshops import Workshops
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.workers.tokens import TokenFile
from missioncontrol.application.agents import Agents
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.workers import Workers, lines_told
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.ports.workers import Lease
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.output import Output
from missioncontrol.settings import Settings

if TYPE_CHECKING:
    from missioncontrol.interfaces.workers import WorkerServer


class House(Protocol):
    """The parts of a home that workers have to do with."""

    settings: Settings
    home: Home
    artifacts: FolderArtifactStore
    output_store: SqliteOutputStore
    journal: Journal
    execution: Execution
    agents: Agents
    workshops: Workshops
    output: Output
    engine: Engine


class Elsewhere:
    """The workers of a home; nobody is let in before `open`."""

    def __init__(self, house: House) -> None:
        """Nobody is heard yet."""
        self._house = house
        self._settings = house.settings
        self.server: WorkerServer | None = None
        self.going_on: dict[tuple[str, str], int] = {}
        """Fences of attempts of the last engine that may come back, by run and step."""
        self.hub = Hub(
            house.home.root / "incoming",
            house.artifacts,
            durable=self._durable,
            gateway=lambda: house.workshops.gateway,
            lease_seconds=house.settings.lease_seconds,
        )
        self.workers = Workers(
            house.agents,
            self.hub,
            house.journal,
            house.execution,
            is_settling=lambda: self.hub.is_settling,
        )

    @property
    def is_wanted(self) -> bool:
        """Whether the settings let workers in at all."""
        return self._settings.workers_port is not None

    async def may_return(self, run: Run, step: str, working: Working) -> bool:
        """Whether a worker may come back with an attempt of the last engine; then expect it."""
        if not self.is_wanted or not self.workers.may_return(run, working):
            return False
        lease = Lease(run.id, step, working.fence)
        lines = lines_told(self._house.output_store, run.id, step, working)
        self.hub.expect(lease, await self.workers.usages_told(lease), lines)
        self._house.engine.expect(run.id, working.fence)
        self.going_on[run.id, step] = working.fence
        return True

    def outlasts(self, run: str, step: str) -> bool:
        """Whether the engine closes, and an attempt goes on without it."""
        state = self._house.journal.runs.get(run)
        working = state.working.get(step) if state is not None else None
        if state is None or working is None or self.hub.is_open:
            return False
        return self.is_wanted and self.workers.may_return(state, working)

    async def open(self) -> None:
        """Listen for workers, where the settings say so; runs that go on are taken up by now.

        Raises:
            Unavailable: `worker.unheard`.
        """
        if self._settings.workers_port is None:
            return
        from missioncontrol.interfaces.workers import WorkerServer

        self.server = WorkerServer(self.hub, TokenFile(self._house.home.workers).who)
        await self.server.open(self._settings.workers_port, self._settings.workers_address)

    async def close(self) -> None:
        """Let no worker in any more; what they hold goes on, and comes to the next engine."""
        await self.hub.close()
        if self.server is not None:
            await self.server.close()

    async def _durable(self) -> None:
        """Return once all that was told so far is on disk, output with it."""
        self._house.output.flush()
        await self._house.journal.durable()
