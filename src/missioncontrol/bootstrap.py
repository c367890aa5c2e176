"""Where the parts meet: a home is opened for reading, or held by an engine."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from missioncontrol.adapters.agents.command import CARD, CommandAgent
from missioncontrol.adapters.agents.functions import FunctionAgent
from missioncontrol.adapters.agents.program import ProgramAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.adapters.signing import FileHeads
from missioncontrol.adapters.workflow_files.reading import read_all
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.execution import Execution, Governance
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import Missions
from missioncontrol.application.office import PROGRAMS_OWN, Office
from missioncontrol.application.operations import Operations
from missioncontrol.application.repeats import Repeats
from missioncontrol.application.runs import Runs
from missioncontrol.application.schedules import SCHEDULES_MAX, Schedules
from missioncontrol.application.scope import Scopes
from missioncontrol.application.starting import ScheduledStart
from missioncontrol.application.workflows import Workflows
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.errors import Corrupt, NotFound
from missioncontrol.domain.execution import PLANNER
from missioncontrol.domain.run.events import Outcome
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.secrets import Scrubber, secret_values
from missioncontrol.projections.board import Board
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.patience import Patience
from missioncontrol.runtime.projector import Projector
from missioncontrol.runtime.recovery import recover
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.runtime.scheduler import Scheduler
from missioncontrol.settings import (
    COMMANDS_PASSED_ON,
    MODEL_NAME,
    MODEL_VARIABLES,
    PASSED_ON,
    Settings,
)
from missioncontrol.specialists.cards import CARDS
from missioncontrol.specialists.catalogue import CLASSES

FUNCTIONS = PROGRAMS_OWN
"""The agent that calls plain Python functions."""

AGENT_CARDS = {**CARDS, CARD.name: CARD}
"""What a workflow file may name."""

TROUBLES_MAX = 100
RUNS_REMEMBERED = 1_000
"""Newest runs whose beginnings count for the rate limits of those who began them."""


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
        self.troubles: list[str] = []
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
        self.functions = FunctionAgent()
        self.cards = agent_cards(environment.get(MODEL_NAME, "").strip())
        self.registry = Registry(
            [
                Registered(FUNCTIONS, self.functions),
                *specialists(home, self.artifacts, settings, environment, self.cards),
                commands(home, self.artifacts, environment, scrubber),
            ],
            concurrency=settings.concurrency,
        )
        self._govern()
        self.output = Output(self.output_store, scrub=scrubber.text)
        self.engine = Engine(
            self.journal,
            self.execution,
            self.registry,
            self.artifacts,
            self.output,
            self.operations,
            scrub=scrubber.bytes,
        )
        self.projector = Projector(Board(self.tables))
        self.patience = Patience(self.approvals, self.clock)
        self.scheduler = Scheduler(self.schedules, self.clock, report=self._note_trouble)

    def _govern(self) -> None:
        """Set up everything that people and rules speak through."""
        expressions = CelExpressions()
        self.approvals = Approvals(self.journal, self.ids)
        self.budgets = Budgets(self.journal, GenaiPrices())
        governance = Governance(
            Scopes(expressions), self.approvals, self.budgets, self.registry.card
        )
        self.execution = Execution(self.journal, self.artifacts, self.ids, governance)
        self.operations = Operations(self.journal)
        self.missions = Missions(
            self.journal,
            self.execution,
            self.ids,
            self.operations,
            planning=self.cards[PLANNER].spending,
        )
        self.workflows = Workflows(
            self.journal, read=read_all, expressions=expressions, cards=self.cards
        )
        self.runs = Runs(self.workflows, self.execution, self.ids, self.operations)
        self.repeats = Repeats(self.journal, self.execution, self.ids, self.operations)
        self.starter = ScheduledStart(self.journal, self.runs, self.execution, self.operations)
        self.schedules = Schedules(self.journal, CronCalendar(), self.starter)
        self.execution.scheduled_run_ended = self._tell_schedule
        self.office = Office(
            self.journal,
            self.execution,
            self.workflows,
            self.runs,
            self.repeats,
            self.approvals,
            self.budgets,
            self.schedules,
            self.operations,
        )

    def _tell_schedule(self, run: Run, outcome: Outcome) -> None:
        self.schedules.run_settled(run.id, run.schedule, outcome, self.clock.now())

    def _note_trouble(self, schedule: str, error: Exception) -> None:
        self.troubles.append(f"Schedule {schedule!r} broke off: {error}")
        del self.troubles[:-TROUBLES_MAX]

    async def open(self) -> list[str]:
        """Bring the past to rest and start the engine; return the runs that can be resumed.

        Raises:
            Corrupt: `log.cut`, where the log is shorter than it is known to have been.
        """
        self.heads.ready()
        await self._refuse_a_cut_log()
        await self.projector.catch_up(self.store)
        self.engine.listeners.extend((self.projector.take, self.patience.take))
        await self.operations.open()
        for row in reversed(self.tables.runs(limit=RUNS_REMEMBERED)):
            self.operations.rates.note("actor", row.author, row.created)
        await self.engine.open()
        unsettled = self.tables.unsettled()
        resumable = await recover(unsettled, self.journal, self.execution, end_orphans)
        rows = self.tables.all_listed("schedule", is_open=True, limit=SCHEDULES_MAX)
        await self.schedules.open(row.id.removeprefix("schedule-") for row in rows)
        while await self.approvals.expire(self.clock.now()):
            pass  # One after the other, what came due while nobody was here.
        await self.journal.durable()
        self.home.sweep()
        for run in unsettled:
            self.journal.forget(run)
        return resumable

    async def work(self) -> None:
        """Let runs be carried out here: what is asked for begins at once, and time comes in.

        Without it, what is asked for is only recorded, for an engine that comes later.
        """
        self.office.adopt = self.starter.adopt = self.engine.adopt
        self.office.cancel = self._cancel
        self.starter.stop = lambda run, reason: self._cancel(run, reason, "engine")
        await self.patience.start()

    def _cancel(self, run: str, reason: str, actor: str) -> None:
        self.engine.cancel(run, reason, actor=actor)

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
            await self.scheduler.stop()
            await self.patience.stop()
            if self.engine.committing is not None:  # It was opened, so the log was found whole.
                await self.engine.close()
                self.projector.save()
                await self._sign()
        finally:
            self.store.close()
            self.tables.close()
            self.output_store.close()
            self.home.release()


def agent_cards(model: str) -> dict[str, AgentCard]:
    """Return what the agents of a home take and give, where `model` plans, if it is named."""
    planner = CARDS[PLANNER]
    spending = planner.spending
    if spending is not None:
        spending = msgspec.structs.replace(spending, model=model) if model else None
    return {**AGENT_CARDS, PLANNER: msgspec.structs.replace(planner, spending=spending)}


def specialists(
    home: Home,
    artifacts: FolderArtifactStore,
    settings: Settings,
    environment: Mapping[str, str],
    cards: Mapping[str, AgentCard],
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
            cards[name],
        )
        for name in CLASSES
    ]


def commands(
    home: Home,
    artifacts: FolderArtifactStore,
    environment: Mapping[str, str],
    scrubber: Scrubber,
) -> Registered:
    """Return the agent that runs programs."""
    seen = {name: environment[name] for name in COMMANDS_PASSED_ON if name in environment}
    agent = CommandAgent(
        scratch=home.scratch, artifacts=artifacts, environment=seen, scrub=scrubber.text
    )
    return Registered(CARD.name, agent, card=CARD)


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
