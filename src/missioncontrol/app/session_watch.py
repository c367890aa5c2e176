"""Reports the sessions of the user whose engine this is, where `console.toml` says so."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from missioncontrol.adapters.agent_sessions.watcher import SessionWatcher
from missioncontrol.application.agent_sessions import ReportSessions, SessionsKnown

LOOK_SECONDS = 1.0

Report = Callable[[ReportSessions], Awaitable[SessionsKnown]]


class SessionWatch:
    """Looks each second, on a thread, and reports in the engine's loop."""

    def __init__(
        self, watcher: SessionWatcher, report: Report, trouble: Callable[[str], None]
    ) -> None:
        """`trouble` is called once with the reason of each fault."""
        self._watcher = watcher
        self._report = report
        self._trouble = trouble
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look until `stop`."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        known = await self._report(ReportSessions())
        fault = ""
        while True:
            try:
                rows = await asyncio.to_thread(self._watcher.look, known.open)
                known = await self._report(ReportSessions(tuple(rows)))
            except Exception as error:  # noqa: BLE001 - the edge: a fault here must not end it
                if str(error) != fault:
                    fault = str(error)
                    self._trouble(f"Sessions of agent programs are not reported: {error}")
            await asyncio.sleep(LOOK_SECONDS)
