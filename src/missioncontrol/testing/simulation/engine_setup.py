"""One engine's life in a simulated world: the real parts, put together over what survives it."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from missioncontrol import operations
from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.app.execute import Executor
from missioncontrol.application.agents import Agents
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.budgets import LEDGER_EVENTS_MAX, Budgets
from missioncontrol.application.execution import Execution, Governance
from missioncontrol.application.gateway_keys import GatewayKeys
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import Missions
from missioncontrol.application.office import Office
from missioncontrol.application.operations import Operations
from missioncontrol.application.repeats import Repeats
from missioncontrol.application.runs import Runs
from missioncontrol.application.schedules import Schedules
from missioncontrol.application.scope import Scopes
from missioncontrol.application.webhooks import WebhookService
from missioncontrol.application.workflow_starter import ScheduledStart
from missioncontrol.application.workflows import Workflows
from missioncontrol.declarations import Operation
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.commands import ReportFailure
from missioncontrol.domain.run.decide import decide
from missioncontrol.domain.run.events import AttemptFailed, Failure, Outcome
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.agent import Agent, ProcessHandle
from missioncontrol.ports.agent_kind import AgentKind, Workshop
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.ids import Ids
from missioncontrol.projections.run_index import Board
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.expiry import ApprovalTimeouts
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.projector import Projector
from missioncontrol.runtime.recovery import only_waits, recover
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.runtime.scheduler import Scheduler
from missioncontrol.runtime.supervisor import Supervisor
from missioncontrol.testing.governed_execution import EXPRESSIONS
from missioncontrol.testing.simulation.disk import Disk
from missioncontrol.testing.simulation.prices import FewPrices
from missioncontrol.testing.simulation.rules import hold
from missioncontrol.testing.simulation.script import CARDS, PLACES

# Reports that cross a cancel on their way: the agent failed before it received it.


def hold_no_retry(books: Journal, run: str) -> None:
    """Ask what a failure of each attempt would become now, without recording it.

    An attempt that was asked to stop reports itself as cancelled, so agents in memory never
    send such a report; a worker on another machine does.

    Raises:
        Violation: a step would be tried again in a run that is being cancelled.
    """
    state = books.runs.get(run)
    if state is None or state.cancel_reason is None:
        return
    for step, working in state.working.items():
        report = ReportFailure(step, working.fence, Failure("scripted", "It crossed a cancel."))
        events = decide(report, state, books.clock.now())
        is_tried_again = any(isinstance(event, AttemptFailed) for event in events)
        hold(not is_tried_again, f"{step} is not tried again in a run that is being cancelled")


CONCURRENCY = 6
"""Attempts of all agents together."""

SCHEDULES_MAX = 100
AGENTS_MAX = 100
RUNS_REMEMBERED = 1_000
ENGINE_ACTOR = "engine"


@cache
def by_command() -> Mapping[type, Operation[Any, Any]]:
    """Return an operation for each command that has one."""
    return {each.command: each for each in operations.every()}


class SimulatedEngine:
    """All parts of an engine, as `app.container` puts them together, over a log in memory."""

    def __init__(
        self,
        disk: Disk,
        tables: MemoryReadTables,
        clock: Clock,
        ids: Ids,
        agents: Agent,
        *,
        ledger_events_max: int = LEDGER_EVENTS_MAX,
        release: str = "",
    ) -> None:
        """`disk` and `tables` outlive it; `release` is the version of all agents."""
        self.disk = disk
        self.tables = tables
        self.clock = clock
        self.troubles: list[str] = []
        self.journal = Journal(disk, clock)
        artifacts = MemoryArtifactStore()
        self.cards = {
            name: msgspec.structs.replace(card, version=release) for name, card in CARDS.items()
        }
        registered = [
            Registered(name, agents, PLACES[name], card) for name, card in self.cards.items()
        ]
        self.registry = Registry(registered, concurrency=CONCURRENCY)
        self.approvals = Approvals(self.journal, ids)
        self.budgets = Budgets(self.journal, FewPrices(), events_max=ledger_events_max)
        governance = Governance(
            Scopes(EXPRESSIONS), self.approvals, self.budgets, self.registry.card
        )
        self.execution = Execution(self.journal, artifacts, ids, governance)
        self.operations = Operations(self.journal)
        self.agents = Agents(self.journal, self.budgets, {}, card_of)
        self._set_up_services(ids)
        output = Output(MemoryOutputStore(), scrub=str)
        self.engine = Engine(
            self.journal, self.execution, self.registry, artifacts, output, self.operations
        )
        self.projector = Projector(Board(tables), self.journal.runs)
        self.patience = ApprovalTimeouts(self.approvals, clock)
        self.scheduler = Scheduler(self.schedules, clock, report=self._note_trouble)
        self.supervisor: Supervisor | None = None
        self._declared: tuple[Declaration, ...] = ()

    def watch(
        self,
        declared: tuple[Declaration, ...],
        kind: AgentKind,
        workshop: Callable[[Declaration], Workshop],
    ) -> None:
        """Use declared agents, with lives of their own; nothing is open yet."""
        self._declared = declared
        self.supervisor = Supervisor(
            self.agents,
            self.registry,
            {kind.name: kind},
            workshop,
            self.clock,
            end_work=self.engine.end_work,
            feed=self.engine.feed_all,
            report=self._note_trouble,
        )
        self.agents.at_work = self.registry.leased
        self.agents.settle = self.supervisor.settle

    def _set_up_services(self, ids: Ids) -> None:
        """Set up the services that people and schedules ask."""
        self.workflows = Workflows(
            self.journal, read=read_all, expressions=EXPRESSIONS, cards=self.cards
        )
        self.runs = Runs(self.workflows, self.execution, ids, self.operations)
        self.repeats = Repeats(self.journal, self.execution, ids, self.operations)
        self.starter = ScheduledStart(self.journal, self.runs, self.execution, self.operations)
        self.schedules = Schedules(self.journal, CronCalendar(), self.starter)
        self.execution.scheduled_run_ended = self._notify_schedule
        self.command_bus = Office(
            self.journal,
            self.execution,
            Missions(self.journal, self.execution, ids, self.operations),
            self.workflows,
            self.runs,
            self.repeats,
            self.approvals,
            self.budgets,
            self.schedules,
            self.operations,
            self.agents,
            GatewayKeys(self.journal),
            WebhookService(self.journal, _refuse_nothing),
        )

    def _notify_schedule(self, run: Run, outcome: Outcome) -> None:
        self.schedules.run_settled(run.id, run.schedule, outcome, self.clock.now())

    def _note_trouble(self, schedule: str, error: Exception) -> None:
        self.troubles.append(f"schedule {schedule!r} broke off: {error!r}")

    async def open(self) -> None:
        """Recover from the past, resume what has not ended, and start people and timers."""
        await self.projector.catch_up(self.disk)
        self.engine.listeners.extend((self.projector.take, self.patience.take))
        await self.operations.open()
        for row in reversed(self.tables.runs(limit=RUNS_REMEMBERED)):
            self.operations.rates.note("actor", row.author, row.created)
        await self.engine.open()
        unsettled = self.tables.unsettled()
        await recover(unsettled, self.journal, self.execution, _no_processes)
        rows = self.tables.all_listed("schedule", is_open=True, limit=SCHEDULES_MAX)
        await self.schedules.open(row.id.removeprefix("schedule-") for row in rows)
        await self._take_agents_in()
        await self.journal.durable()
        for run in unsettled:
            self.journal.forget(run)
        self.command_bus.adopt = self.starter.adopt = self.engine.adopt
        self.command_bus.cancel = self._cancel
        self.starter.stop = lambda run, reason: self._cancel(run, reason, ENGINE_ACTOR)
        await self.patience.start()
        await self.scheduler.start()
        if self.supervisor is not None:
            await self.supervisor.start()
        await self._take_up()
        self.disk.inspector.engine_is_open(self.clock.now())

    async def _take_agents_in(self) -> None:
        if self.supervisor is None:
            return
        self.engine.listeners.append(self.supervisor.take)
        rows = self.tables.all_listed("agent", is_open=True, limit=AGENTS_MAX)
        await self.agents.open(row.id.removeprefix("agent-") for row in rows)
        refused = await self.agents.keep_to(self._declared, "file")
        assert not refused, refused

    async def _take_up(self) -> None:
        for run in self.tables.unsettled():
            state = await self.journal.load_run(run)
            await self.approvals.open(held.approval for held in state.held.values())
            if state.is_settled:
                continue
            # What is halted stays so until a person resumes it.
            if state.halt is None and not only_waits(state):
                self.execution.resume(run, actor=ENGINE_ACTOR)
            self.engine.adopt(run)

    def _cancel(self, run: str, reason: str, actor: str) -> None:
        self.engine.cancel(run, reason, actor=actor)
        hold_no_retry(self.journal, run)

    async def ask(self, what: Any, actor: str) -> Any:
        """Ask as a person does; a refusal is an answer too, and comes back as one."""
        try:
            return await self.do(what, actor)
        except MissionControlError as refusal:
            return refusal

    async def do(self, what: Any, actor: str) -> Any:
        """Do what a person asks: the command of an operation, or a request for the office.

        Raises:
            MissionControlError: as the service.
        """
        operation = by_command().get(type(what))
        if operation is None:
            return await self.command_bus.do(what, actor)
        return await Executor(self.command_bus).execute(operation, what, actor)

    async def run(self, name: str, target: str, given: Mapping[str, Any], actor: str) -> Any:
        """Execute an operation as a person does; a refusal is an answer too."""
        operation = operations.find(name)
        assert operation is not None, name
        try:
            command = operation.build(target, given)
            return await Executor(self.command_bus).execute(operation, command, actor)
        except MissionControlError as refusal:
            return refusal

    @property
    def death(self) -> "asyncio.Task[None]":
        """Ends when the engine does."""
        assert self.engine.committing is not None, "the engine is not open"
        return self.engine.committing

    async def close(self) -> None:
        """Stop in good order."""
        await self.scheduler.stop()
        if self.supervisor is not None:
            await self.supervisor.stop()
        await self.patience.stop()
        await self.engine.close()
        await self.projector.finish(self.disk)

    def drop(self, error: BaseException) -> None:
        """Drop everything at once, as when the process ends."""
        self.engine.drop(error)
        self.projector.drop()


async def _refuse_nothing(_: str) -> None:
    pass


async def _no_processes(_: ProcessHandle) -> bool:
    return False
