"""Workers on other machines: their server, their leases, and attempts that outlive an engine."""

from typing import TYPE_CHECKING, Protocol

from missioncontrol.adapters.agents.remote.hub import Hub
from missioncontrol.adapters.agents.workshops import Workshops
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.workers.tokens import TokenFile
from missioncontrol.app.settings import Settings
from missioncontrol.application.agents import Agents
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.workers import Workers, count_lines
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.ports.workers import Lease
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.output import Output

if TYPE_CHECKING:
    from missioncontrol.interfaces.workers import WorkerServer


class WorkerParts(Protocol):
    """The parts of an engine that remote workers need."""

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


class RemoteWorkers:
    """The workers of one data directory; they can connect after `open`."""

    def __init__(self, parts: WorkerParts) -> None:
        """Start with no registered workers."""
        self._parts = parts
        self._settings = parts.settings
        self.server: WorkerServer | None = None
        self.in_flight: dict[tuple[str, str], int] = {}
        """Fences of attempts of the last engine that may come back, by run and step."""
        self.hub = Hub(
            parts.home.root / "incoming",
            parts.artifacts,
            durable=self._durable,
            gateway=lambda: parts.workshops.gateway,
            lease_seconds=parts.settings.lease_seconds,
        )
        self.workers = Workers(
            parts.agents,
            self.hub,
            parts.journal,
            parts.execution,
            is_settling=lambda: self.hub.is_settling,
        )

    @property
    def is_wanted(self) -> bool:
        """Whether the settings name a port for workers."""
        return self._settings.workers_port is not None

    async def may_return(self, run: Run, step: str, working: Working) -> bool:
        """Whether a worker may return with an attempt of the last engine; if so, expect it."""
        if not self.is_wanted or not self.workers.may_return(run, working):
            return False
        lease = Lease(run.id, step, working.fence)
        lines = count_lines(self._parts.output_store, run.id, step, working)
        self.hub.expect(lease, await self.workers.count_usages(lease), lines)
        self._parts.engine.expect(run.id, working.fence)
        self.in_flight[run.id, step] = working.fence
        return True

    def outlasts(self, run: str, step: str) -> bool:
        """Whether the engine is closing and an attempt continues on its worker."""
        state = self._parts.journal.runs.get(run)
        working = state.working.get(step) if state is not None else None
        if state is None or working is None or self.hub.is_open:
            return False
        return self.is_wanted and self.workers.may_return(state, working)

    async def open(self) -> None:
        """Listen for workers, where the settings name a port; call it once runs are recovered.

        Raises:
            Unavailable: `worker.unheard`.
        """
        if self._settings.workers_port is None:
            return
        from missioncontrol.interfaces.workers import WorkerServer

        self.server = WorkerServer(self.hub, TokenFile(self._parts.home.workers).who)
        await self.server.open(self._settings.workers_port, self._settings.workers_address)

    async def close(self) -> None:
        """Accept no more workers; their attempts continue and report to the next engine."""
        await self.hub.close()
        if self.server is not None:
            await self.server.close()

    async def _durable(self) -> None:
        """Return once all events and output so far are on disk."""
        self._parts.output.flush()
        await self._parts.journal.durable()
