"""Where the parts meet: a home is opened for reading, or held by an engine."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from missioncontrol.adapters.agents.functions import FunctionAgent
from missioncontrol.adapters.agents.program import ProgramAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.adapters.signing import FileHeads
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import Missions
from missioncontrol.domain.errors import Corrupt, NotFound
from missioncontrol.domain.secrets import Scrubber, secret_values
from missioncontrol.projections.board import Board
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.projector import Projector
from missioncontrol.runtime.recovery import recover
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.settings import MODEL_VARIABLES, PASSED_ON, Settings
from missioncontrol.specialists.catalogue import CLASSES

FUNCTIONS = "function"
"""The agent that calls plain Python functions."""


class Reading:
    """A home opened for reading: any number of processes may do so, also beside an engine."""

    def __init__(self, home: Home) -> None:
        """Open what is there.

        Raises:
            NotFound: `home.empty`, where nothing was ever recorded.
        """
        if not home.exists:
            raise NotFound(
                "home.empty",
                f"Nothing is recorded in {str(home.root)!r} yet.",
                hint="`mission run GOAL --repo PATH` begins; --home names another directory.",
            )
        self.home = home
        self.store = SqliteEventStore(home.log, writable=False)
        self.tables = SqliteReadTables(home.rows, writable=False)
        self.output = SqliteOutputStore(home.output, writable=False)
        self.artifacts = FolderArtifactStore(home.artifacts)
        self.heads = FileHeads(home.heads, home.key)

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        self.tables.close()
        self.output.close()


class Holding:
    """A home held by this process, with its engine at work."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        """The home is locked already."""
        self.settings = settings
        self.home = Home(settings.home)
        self.home.hold()
        try:
            self._build(environment)
        except BaseException:
            self.home.release()
            raise

    def _build(self, environment: Mapping[str, str]) -> None:
        home, settings = self.home, self.settings
        scrubber = Scrubber(secret_values(environment))
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.store = SqliteEventStore(home.log, writable=True)
        self.tables = SqliteReadTables(home.rows, writable=True)
        self.output_store = SqliteOutputStore(home.output, writable=True)
        self.artifacts = FolderArtifactStore(home.artifacts)
        self.heads = FileHeads(home.heads, home.key)
        self.journal = Journal(self.store, self.clock, scrub=scrubber.bytes)
        self.execution = Execution(self.journal, self.artifacts, self.ids)
        self.missions = Missions(self.journal, self.execution, self.ids)
        self.functions = FunctionAgent()
        self.registry = Registry(
            [
                Registered(FUNCTIONS, self.functions),
                *specialists(home, self.artifacts, settings, environment),
            ],
            concurrency=settings.concurrency,
        )
        self.output = Output(self.output_store, scrub=scrubber.text)
        self.engine = Engine(
            self.journal,
            self.execution,
            self.registry,
            self.artifacts,
            self.output,
            scrub=scrubber.bytes,
        )
        self.projector = Projector(Board(self.tables))

    async def open(self) -> list[str]:
        """Bring the past to rest and start the engine; return the runs that can be resumed.

        Raises:
            Corrupt: `log.cut`, where the log is shorter than it is known to have been.
        """
        self.heads.ready()
        await self._refuse_a_cut_log()
        await self.projector.catch_up(self.store)
        self.engine.listeners.append(self.projector.take)
        await self.engine.open()
        unsettled = self.tables.unsettled()
        resumable = await recover(unsettled, self.journal, self.execution, end_orphans)
        await self.journal.durable()
        self.home.sweep()
        for run in unsettled:
            self.journal.forget(run)
        return resumable

    async def _sign(self) -> None:
        head = await self.store.head()
        if head.position and self.engine.failure is None:
            self.heads.sign(head, self.clock.now())

    async def _refuse_a_cut_log(self) -> None:
        newest, head = self.heads.newest(), await self.store.head()
        if newest is not None and newest.position > head.position:
            raise Corrupt(
                "log.cut",
                f"The log in {str(self.home.root)!r} ends at event {head.position}; when it was "
                f"last closed it had {newest.position}.",
                hint="Restore log.db from a backup; going on would bury the loss.",
            )

    async def close(self) -> None:
        """Stop the engine, sign the end of the log, and let the home go."""
        try:
            if self.engine.committing is not None:  # It was opened, so the log was found whole.
                await self.engine.close()
                self.projector.save()
                await self._sign()
        finally:
            self.store.close()
            self.tables.close()
            self.output_store.close()
            self.home.release()


def specialists(
    home: Home,
    artifacts: FolderArtifactStore,
    settings: Settings,
    environment: Mapping[str, str],
) -> list[Registered]:
    """Return the built-in specialists, each as a program of its own."""
    seen = {name: environment[name] for name in PASSED_ON if name in environment}
    model = {name: environment[name] for name in MODEL_VARIABLES if name in environment}
    return [
        Registered(
            name,
            ProgramAgent(
                # -P keeps the working directory off the module path: the repository must not
                # be able to stand in for a module of ours.
                [sys.executable, "-P", "-m", "missioncontrol.worker", name],
                scratch=home.scratch,
                artifacts=artifacts,
                environment={**seen, **model} if name == "planner" else seen,
            ),
            settings.specialist_concurrency,
        )
        for name in CLASSES
    ]


@asynccontextmanager
async def holding(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Holding]:
    """Hold a home with an engine at work.

    Raises:
        Unavailable: `home.held`, naming the process that holds it, or `home.unusable`.
    """
    control = Holding(settings, environment)
    try:
        await control.open()
        yield control
    finally:
        await control.close()
