"""Where other processes of this machine ask the engine of a home, and how it knows them."""

import asyncio
from contextlib import suppress
from typing import Protocol

from missioncontrol.adapters.ancestry import ANCESTRY
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.app.execute import Executor
from missioncontrol.app.settings import Settings
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.callers import Callers
from missioncontrol.application.journal import fold_run
from missioncontrol.application.office import Office
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.run.states import Run
from missioncontrol.interfaces.control import ControlServer
from missioncontrol.interfaces.local_socket import socket_path


class EngineParts(Protocol):
    """The parts of an engine that the port needs."""

    settings: Settings
    home: Home
    store: SqliteEventStore
    command_bus: Office
    executor: Executor
    approvals: Approvals


class ControlPort:
    """Listens for other processes, and looks after what steps leave running."""

    def __init__(self, parts: EngineParts) -> None:
        """Nothing is listened to before `listen`."""
        self._parts = parts
        self._server: ControlServer | None = None
        self._reaping: asyncio.Task[None] | None = None

    def adopt(self) -> None:
        """Make orphans of steps children of this process, where the process is ours alone."""
        if self._parts.settings.owns_process:
            ANCESTRY.adopt()
            self._reaping = asyncio.create_task(ANCESTRY.reap())

    async def listen(self, run: str = "") -> None:
        """Answer other processes of this machine from now on; `run` is all that is worked on here.

        Raises:
            Unavailable: `control.unheard`.
        """
        parts = self._parts
        office = parts.command_bus
        vouches, os_user = office.access.vouches, parts.approvals.os_user
        callers = Callers(parts.executor.perform, ANCESTRY, self._find_run, vouches, os_user)
        self._server = server = ControlServer(callers.perform)
        path = socket_path(parts.home.root)
        await server.open(path)
        parts.home.announce(socket=str(path), token=server.token, run=run)

    async def _find_run(self, run: str) -> Run | None:
        with suppress(NotFound):
            return (await fold_run(self._parts.store, run))[0] if run else None
        return None

    async def fall_silent(self) -> None:
        """Answer no more; callers wait until the home is free."""
        if self._server is None:
            return
        with suppress(OSError):
            self._parts.home.announce(socket="", token="")
        await self._server.close()

    async def close(self) -> None:
        """End what steps have left running, so that nothing outlives the engine that knows it."""
        if self._reaping is not None:
            self._reaping.cancel()
            await ANCESTRY.end_descendants()
