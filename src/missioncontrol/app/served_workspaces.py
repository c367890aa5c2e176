"""The consoles of several workspaces in one process, as the file of their root names them."""

import asyncio
import logging
import secrets
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from missioncontrol.adapters.connections import StepConnections
from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.served_console import Applications, ServedConsole, served_console
from missioncontrol.domain.errors import Conflict, MissionControlError, NotFound
from missioncontrol.domain.workspace import served
from missioncontrol.interfaces.sign_in.gate import Gate
from missioncontrol.interfaces.web.pages.workspaces import application
from missioncontrol.interfaces.workspaces import NoAccounts, ServedWorkspace, WorkspaceRouter
from missioncontrol.ports.console_settings import ConsoleSettings, Limits

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
RETRY_SECONDS = 15.0
"""Between two tries to open a workspace whose files are damaged. A new one is looked for at each
look: its engine makes its log within a second or two."""


class ServedWorkspaces:
    """Opens and closes consoles as workspaces are created, archived and restored."""

    def __init__(self, file: WorkspacesFile, *, supervisor: int, url: str, address: str) -> None:
        """`supervisor` is the process that started the engines and this one."""
        self.router = WorkspaceRouter()
        self.link = secrets.token_urlsafe(32)  # signs the owner in to each, once
        self._file = file
        self._supervisor = supervisor
        self._url = url
        self._address = address
        self._applications = Applications()
        self._shared = application(self.router)
        self._steps = StepConnections(self._engines)
        self._open: dict[str, AsyncExitStack] = {}
        self._settings: dict[str, ConsoleSettings] = {}
        self._linked: set[str] = set()
        self._tries: dict[str, float] = {}
        self._guard()

    def _engines(self) -> Iterator[int]:
        """Return the processes whose descendants are programs of steps."""
        yield self._supervisor
        for each in self.router.served.values():
            holder = self._file.home(each.name).holder()
            if holder is not None:
                yield holder.pid

    def _guard(self) -> None:
        """Put a gate before the pages for all; it admits the hosts that some workspace admits."""
        known = self._settings.values()
        settings = ConsoleSettings(
            hosts=tuple(dict.fromkeys(host for each in known for host in each.hosts)),
            proxies=tuple(dict.fromkeys(proxy for each in known for proxy in each.proxies)),
            limits=max((each.limits for each in known), key=_per_second, default=Limits()),
        )
        accounts = NoAccounts(self.router)
        is_of_step = self._steps.is_of_step
        self.router.shared = Gate(self._shared, accounts, settings, is_of_step=is_of_step)

    async def follow(self) -> None:
        """Follow the file of the workspaces until this is cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # One look that fails must not be the last one.
                LOG.exception("the workspaces can't be followed")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Open and close what the file says; what can't be opened takes none of the others down.

        Raises:
            Rejected: `workspace.bad_file`.
        """
        wanted = [each.name for each in served(self._file.read())]
        for name in [each for each in self._open if each not in wanted]:
            await self._close(name)
        for name in [each for each in self.router.faults if each not in wanted]:
            del self.router.faults[name]
        now = asyncio.get_running_loop().time()
        for name in wanted:
            if name not in self._open and self._tries.get(name, 0.0) <= now:
                await self._try(name, now)

    async def _try(self, name: str, now: float) -> None:
        stack = AsyncExitStack()
        try:
            found = await stack.enter_async_context(self._console(name))
            self._refuse_copy(name, found)
        except Exception as error:  # noqa: BLE001 - the edge: one must not take others down
            await stack.aclose()
            is_new = isinstance(error, NotFound)
            self._tries[name] = now + (0.0 if is_new else RETRY_SECONDS)
            self._report(name, error)
            if is_new:
                self.router.faults[name] = "Its engine is starting."
            return
        self._open[name], self._settings[name] = stack, found.settings
        self.router.faults.pop(name, None)
        if name not in self._linked:  # One that was archived and restored has it already.
            found.console.people.keep_link(self.link)
            self._linked.add(name)
        hosts = found.settings.hosts
        self.router.served[name] = ServedWorkspace(name, found.console, found.gate, hosts)
        self._guard()

    def _console(self, name: str) -> AbstractAsyncContextManager[ServedConsole]:
        return served_console(
            self._file.home(name),
            url=f"{self._url}/w/{name}",
            address=self._address,
            is_of_step=self._steps.is_of_step,
            build_app=self._applications,
        )

    def _refuse_copy(self, name: str, found: ServedConsole) -> None:
        """Refuse a copy of another workspace: a session of one would be valid in the other.

        Raises:
            Conflict: `workspace.copied`.
        """
        for each in self.router.served.values():
            if each.console.people.cookie == found.console.people.cookie:
                raise Conflict(
                    "workspace.copied",
                    f"{name!r} is a copy of {each.name!r}, with the same sessions.",
                    hint="Remove access.db from the copy; its people set new passwords.",
                )

    def _report(self, name: str, error: Exception) -> None:
        is_known = isinstance(error, MissionControlError)
        reason = str(error) if is_known else f"{type(error).__name__}: {error}"
        if self.router.faults.get(name) != reason and not isinstance(error, NotFound):
            LOG.warning("the workspace %s can't be opened: %s", name, reason)
        self.router.faults[name] = reason

    async def _close(self, name: str) -> None:
        self.router.served.pop(name, None)
        self._settings.pop(name, None)
        self._guard()
        await self._open.pop(name).aclose()

    async def close(self) -> None:
        """Close all."""
        for name in list(self._open):
            await self._close(name)

    async def end_streams(self) -> None:
        """End the streams of all pages, so that the server can end."""
        for each in self.router.served.values():
            await each.console.live.close()


def _per_second(limits: Limits) -> float:
    return limits.address_per_second
