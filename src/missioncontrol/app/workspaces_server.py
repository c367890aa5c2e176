"""An engine for each workspace below a root and one console for all, kept at work."""

import asyncio
from collections.abc import Callable, Mapping

from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.console_process import ConsoleProcess, Ready
from missioncontrol.app.engine_process import EngineProcess
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.workspace import Workspace, served

LOOK_SECONDS = 1.0
"""Between two looks at the file of the workspaces."""


class WorkspacesServer:
    """Keeps an engine for each workspace and one console for all at work."""

    def __init__(
        self,
        file: WorkspacesFile,
        console: ConsoleProcess,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """Start nothing before `run`. `say` takes lines for the person who looks on."""
        self._file = file
        self._console = console
        self._environment = environment
        self._say = say
        self._console.has_started = self._trust
        self._console.report = say
        self._console_process = 0
        self._engines: dict[str, EngineProcess] = {}
        self._starts: dict[str, int] = {}
        self._trouble = ""

    async def run(self, ended: asyncio.Event) -> None:
        """Serve until `ended`."""
        try:
            self._introduce(await self._console.open())
            while not ended.is_set():
                await self._look()
                await _wait(ended, LOOK_SECONDS)
        finally:
            await asyncio.gather(*(each.close() for each in self._engines.values()))
            await self._console.close()

    def _introduce(self, ready: Ready) -> None:
        self._say(f"Mission Control serves the workspaces in {self._file.root}; Ctrl-C ends it.")
        self._say(f"The console is at {ready.url}; this signs you in to all, once: {ready.link}")

    def _trust(self, console: int) -> None:
        self._console_process = console
        for each in self._engines.values():
            each.trust(console)

    async def _look(self) -> None:
        """Follow the file: start the engines of new workspaces, and end those of archived ones."""
        try:
            wanted = {each.name: each for each in served(self._file.read())}
        except Rejected as refusal:
            self._report(str(refusal))
            return
        self._report("")
        gone = [name for name in self._engines if name not in wanted]
        await asyncio.gather(*(self._engines.pop(name).close() for name in gone))
        for name, each in wanted.items():
            self._keep(each)
            if each.starts != self._starts.setdefault(name, each.starts):
                self._starts[name] = each.starts
                self._engines[name].start()

    def _keep(self, each: Workspace) -> None:
        if each.name not in self._engines:
            home = self._file.home(each.name).root
            self._engines[each.name] = EngineProcess(
                each.name, home, self._environment, self._say, self._console_process
            )

    def _report(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            self._say(trouble)
        self._trouble = trouble


async def _wait(ended: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return
