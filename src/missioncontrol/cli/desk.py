"""A home as the verbs need it: read here, and changed here or by the engine that holds it."""

import argparse
import asyncio
import os
import posixpath
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.home import Holder, Home
from missioncontrol.adapters.os_user import os_user
from missioncontrol.application.approvals import APPROVAL, unknown
from missioncontrol.application.budgets import LEDGER, Ended, last_ledger, read_ended, stream_of
from missioncontrol.application.journal import fold, fold_run
from missioncontrol.application.prices import PRICES
from missioncontrol.application.prices import STREAM as PRICE_STREAM
from missioncontrol.application.workflows import Library, Saved
from missioncontrol.cli import output
from missioncontrol.cli.identity import Identity, who_types
from missioncontrol.cli.names import board, find_run
from missioncontrol.cli.open_home import AnyReading, not_here, server_of
from missioncontrol.cli.places import settings_of
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.definition import Definition
from missioncontrol.domain.errors import MissionControlError, NotFound, Unavailable
from missioncontrol.domain.lifecycle.states import AgentLife, Ready
from missioncontrol.domain.price_list import PriceList
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.event_store import EventStore
from missioncontrol.projections.approvals import ApprovalRow
from missioncontrol.projections.run_index import Board

if TYPE_CHECKING:
    from missioncontrol.adapters.server_line import ServerLine
    from missioncontrol.app.container import EngineContext
    from missioncontrol.application.analytics.container import AnalyticsContainer
    from missioncontrol.application.memory import Memory
    from missioncontrol.application.queries.instruments import Instruments
    from missioncontrol.application.queries.patches import Diff
    from missioncontrol.application.read_model import Present
    from missioncontrol.application.reader import Reader
    from missioncontrol.cli.server import ServerHome
    from missioncontrol.declarations import Operation
    from missioncontrol.ports.access_store import Use
    from missioncontrol.ports.agent_sessions import ActivityStore
    from missioncontrol.ports.calendar import Calendar

STARTING_SECONDS_MAX = 10.0
"""An engine that has just locked its home listens after at most so long."""

LOOK_SECONDS = 0.05
COUNTED_AT_ONCE = 200_000
"""Events that a command counts before it tells measures; no process may have followed the log."""

CONSOLE = "http://127.0.0.1:8700"

PASSING = frozenset({"home.held", "home.released"})
"""Nothing was asked yet: another command line held the home for a moment, and took no asks."""


R = TypeVar("R")


class Errand(msgspec.Struct, frozen=True):
    """Something to be done by whatever engine holds the home, or by one that is made for it."""

    verb: str
    arguments: dict[str, Any]  # as another process is sent them
    here: Callable[["EngineContext"], Awaitable[Any]]


class Change(msgspec.Struct, frozen=True):
    """A declared operation that a command line asks for."""

    operation: Any
    target: str = ""
    given: Mapping[str, Any] = {}


async def _nowhere(held: "EngineContext") -> Any:
    raise AssertionError("a server executes it")


class Desk:
    """One home, for as long as one command line works with it."""

    def __init__(self, arguments: argparse.Namespace, environment: Mapping[str, str]) -> None:
        """Nothing is opened before it is needed.

        Raises:
            Rejected: `home.bad_path`, `server.or_home`, `server.bad_url` or `server.no_token`.
        """
        self.settings = settings_of(arguments)
        self.environment = environment
        self._line: ServerLine | None = None
        self._opened = ExitStack()
        self.home: Home | ServerHome = Home(self.settings.home)
        if url := server_of(arguments, environment):
            from missioncontrol.cli import server

            self._line = server.line_to(url, environment)
            self.home = server.ServerHome(self._line)

    @cached_property
    def who(self) -> Identity:
        """Who types here; raises as `who_types`."""
        return who_types(self.environment, self._found)

    @property
    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return SystemClock().now()

    @property
    def calendar(self) -> "Calendar":
        """Computes when a schedule fires."""
        from missioncontrol.adapters.calendar import CronCalendar

        return CronCalendar()

    @property
    def actor(self) -> str:
        """Who types here, as the log names them."""
        return self.who.actor

    def _found(self, run: str) -> Run | None:
        try:
            return asyncio.run(fold_run(self.store, run))[0] if run.startswith("run-") else None
        except NotFound:
            return None

    # Changes.

    def as_caller(self, ask: Any) -> Any:
        """Return `ask` as this user may ask it: an agent names the person it acts for.

        Raises:
            Rejected: `actor.by_agent`, where only people may.
        """
        from missioncontrol.application.authority import refuse_agents

        if self._line is not None:
            return ask  # Who asks follows from the token, and what they may is looked up there.
        refuse_agents(ask, self.actor)
        behind = self.who.on_behalf
        return msgspec.structs.replace(ask, on_behalf=behind) if behind else ask

    def deliver(self, ask: Any) -> Any:
        """Send `ask` to the office, wherever its engine is; return the answer, once durable.

        Raises:
            MissionControlError: as the office, and as `as_caller`.
        """
        return self._delivered(self.errand(ask))

    def answer(self, ask: Any) -> dict[str, Any]:
        """Have a command or a declared change done; return the answer as plain values.

        Raises:
            MissionControlError: as `deliver` and `execute`.
        """
        if isinstance(ask, Change):
            found = self.execute(ask.operation, ask.target, ask.given)
            return dict(msgspec.to_builtins(found))
        return dict(self.deliver(ask))

    def errand(self, ask: Any) -> "Errand":
        """Return what is to be done, for an engine here or in another process.

        Raises:
            Rejected: as `as_caller` and `Operation.build`.
        """
        if isinstance(ask, Change):
            return self._change(ask)
        asked, actor = self.as_caller(ask), self.actor if self._line is None else ""
        arguments = msgspec.to_builtins(asked)
        return Errand(
            type(asked).__name__, arguments, lambda held: held.command_bus.do(asked, actor)
        )

    def execute(
        self, operation: "Operation[Any, Any]", target: str, given: Mapping[str, Any]
    ) -> Any:
        """Execute an operation, wherever the engine is; return its answer once durable.

        A server answers what the operation `shows`; see `cli.declarations.executed`.

        `target` is the id of what is changed, "" where nothing is; `given` are fields of the
        command.

        Raises:
            Rejected: as `Operation.build`; `actor.by_agent`, where only people may.
            MissionControlError: as `Executor.execute`.
        """
        if self._line is not None and "http" in operation.surfaces:
            from missioncontrol.surfaces import remote

            request = remote.of_operation(operation, target, given)
            sent = self._line.send(
                request.method, request.path, query=request.query, body=request.body
            )
            return self._line.read(sent, request.kind) if sent.content else None
        return operation.answered(self._delivered(self._change(Change(operation, target, given))))

    def _change(self, change: "Change") -> "Errand":
        operation = change.operation
        command = operation.build(change.target, change.given)
        arguments = operation.arguments(change.target, change.given)
        if self._line is not None:  # Its server knows who asks.
            return Errand(operation.name, arguments, _nowhere)
        from missioncontrol.application.authority import refuse_agent

        actor, behind = self.actor, self.who.on_behalf
        refuse_agent(actor, by_agents=operation.by_agents)
        arguments |= {"on_behalf": behind} if behind else {}
        return Errand(
            operation.name,
            arguments,
            lambda held: held.executor.execute(operation, command, actor, on_behalf=behind),
        )

    def _delivered(self, errand: "Errand") -> Any:
        end = time.monotonic() + STARTING_SECONDS_MAX
        while True:
            try:
                answer = self._answered(errand)
            except Unavailable as error:
                if error.code not in PASSING or time.monotonic() > end:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                self._forget_what_was_read()
                return answer

    def _answered(self, errand: "Errand") -> Any:
        holder = self.home.holder()
        if self._line is not None or (holder is not None and holder.socket):
            return self._ask_holder(errand)
        with self.directory.turn(STARTING_SECONDS_MAX):
            if self.home.holder() is not None:
                return self._ask_holder(errand)
            return asyncio.run(self._answer_here(errand))

    def anchored(
        self, workflow: str, version: int | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return inputs for a run whose relative paths begin in this directory.

        Raises:
            NotFound: `workflow.unknown` or `workflow.unknown_version`.
        """
        from missioncontrol.application.runs import anchored

        definition = asyncio.run(self.library.get(workflow, version)).definition
        return anchored(definition, {**_relative_defaults(definition), **given}, here())

    def anchored_again(self, run: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return changed inputs of a run, as `anchored`.

        Raises:
            NotFound: `run.unknown`.
        """
        from missioncontrol.application.runs import anchored

        state, _ = asyncio.run(fold_run(self.store, run))
        if not given or not state.version:  # The engine says why such inputs can't change.
            return dict(given)
        definition = asyncio.run(self.library.get(state.workflow, state.version)).definition
        return anchored(definition, dict(given), here())

    def save(self, text: str, file: str) -> Saved:
        """See `WorkflowDesk.save`; faults are found here, where all of them can be listed."""
        from missioncontrol.application.asks import SaveWorkflow

        asyncio.run(self.library.check(text, file))
        return msgspec.convert(self.deliver(SaveWorkflow(text, file)), Saved)

    async def _answer_here(self, errand: "Errand") -> Any:
        from missioncontrol.app.container import holding

        async with holding(self.settings, self.environment) as held:
            return await errand.here(held)

    def _ask_holder(self, errand: "Errand") -> Any:
        if self._line is not None:
            from missioncontrol.cli.server import send_command

            return send_command(self._line, errand.verb, errand.arguments)
        from missioncontrol.interfaces.control import Ask, ask_engine, refusal

        holder = self._listening()
        ask = Ask(holder.token, errand.verb, errand.arguments, self.actor)
        answer = ask_engine(holder.socket, ask)
        if answer.code:
            raise refusal(answer)
        return answer.data

    def console(self, named: str = "") -> str:
        """Return where people reach the console: as `named`, else where it answers now.

        Where none answers, the address is the one that `mission up` takes first.
        """
        holder = self.home.holder()
        return (named or (holder.console if holder else "") or CONSOLE).rstrip("/")

    @property
    def directory(self) -> Home:
        """The home, where it is a directory of this machine.

        Raises:
            Rejected: `server.not_here`.
        """
        if isinstance(self.home, Home):
            return self.home
        raise not_here(self.home.root)

    @property
    def line(self) -> "ServerLine | None":
        """The line to the server that takes the place of a directory, where one does."""
        return self._line

    @property
    def is_served(self) -> bool:
        """Whether an engine is at work that carries out whatever it is asked for."""
        holder = self.home.holder()
        return holder is not None and not holder.run

    def _listening(self) -> Holder:
        """Return the process that holds the home, once it listens.

        Raises:
            Unavailable: `home.starting`, or `home.released` where it has just ended.
        """
        end = time.monotonic() + STARTING_SECONDS_MAX
        while True:
            holder = self.home.holder()
            if holder is None:
                raise Unavailable(
                    "home.released",
                    "The engine that held this home has just ended.",
                    hint="Try again.",
                )
            if holder.socket:
                return holder
            if time.monotonic() > end:
                raise Unavailable(
                    "home.starting",
                    f"Process {holder.pid} ({holder.command}) holds this home and does not listen.",
                    hint="Wait for it to end, or end it.",
                )
            time.sleep(LOOK_SECONDS)

    # ReadContext.

    @cached_property
    def reading(self) -> AnyReading:
        """The home, opened for reading; raises `NotFound` (`home.empty`)."""
        return self.open()

    def open(self) -> AnyReading:
        """Open the home for reading once more; the caller closes it.

        Raises:
            NotFound: `home.empty`.
        """
        if isinstance(self.home, Home):
            from missioncontrol.app.read_context import ReadContext

            return ReadContext(self.home)
        from missioncontrol.cli.server import ServerReading

        assert self._line is not None
        return ServerReading(self._line.again())

    @cached_property
    def store(self) -> EventStore:
        """The log; an empty one where nothing was ever recorded."""
        return self.reading.store if self.home.exists else MemoryEventStore()

    @cached_property
    def present(self) -> "Present":
        """What queries read of a directory of this machine; catch it up before you read.

        Raises:
            Rejected: `server.not_here`.
        """
        from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
        from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
        from missioncontrol.adapters.read_tables.memory import MemoryReadTables
        from missioncontrol.app.read_context import ReadContext
        from missioncontrol.application.read_model import Present

        if not self.directory.exists:  # A list of what was never recorded is empty.
            return Present(
                MemoryEventStore(), MemoryReadTables(), MemoryOutputStore(), MemoryArtifactStore()
            )
        reading = self.reading
        assert isinstance(reading, ReadContext)
        found = Present(reading.store, reading.tables, reading.output, reading.artifacts)
        found.has_engine = lambda: self.home.holder() is not None
        return found

    @cached_property
    def instruments(self) -> "Instruments":
        """The calendar and the measures of a directory of this machine."""
        from missioncontrol.app.instruments import instruments

        opened = instruments(self.directory, self.present, COUNTED_AT_ONCE)
        return self._opened.enter_context(opened)

    @cached_property
    def analytics(self) -> "AnalyticsContainer":
        """The products of a directory of this machine, and its warehouse."""
        from missioncontrol.app.analytics import analytics

        present = self.present
        return self._opened.enter_context(
            closing(analytics(self.directory, present.store, present.find))
        )

    @property
    def reader(self) -> "Reader":
        """What queries read of a directory of this machine, as the user of the machine."""
        from missioncontrol.application.reader import Reader
        from missioncontrol.domain.principal import PERMISSIONS, Principal

        return Reader(self, Principal(self.actor, ("admin",), PERMISSIONS, "os", ""))

    @property
    def owner(self) -> str:
        """The user of the operating system whose data directory it is."""
        return os_user()

    def uses(self) -> "Mapping[str, Use]":
        """Return when each token was used last; only a console knows."""
        return {}

    @cached_property
    def activities(self) -> "ActivityStore":
        """What sessions of agent programs do now."""
        from missioncontrol.adapters.session_stores.sqlite import SqliteActivityStore

        return SqliteActivityStore(self.directory.sessions, writable=False)

    async def remembered(self, question: Callable[["Memory"], R]) -> R:
        """Return what a question to the memory finds, as the log has it now."""
        from missioncontrol.app.followers import memory

        with memory(self.directory) as found:
            if not await found.bring_up(seconds_max=30.0):
                output.note("Memory is not up to date yet: the log is long. Try again.\n")
            return question(found)

    @cached_property
    def board(self) -> Board:
        """All rows as of now."""
        return asyncio.run(board(self.reading.tables, self.reading.store))

    @property
    def library(self) -> Library:
        """See `WorkflowDesk.library`."""
        from missioncontrol.cli.workflow import library_of

        return library_of(self.store, self.cards)

    @cached_property
    def cards(self) -> Mapping[str, AgentCard]:
        """What the agents of this home take and hand back, the built-in ones with them."""
        from missioncontrol.adapters.agent_files import agent_file
        from missioncontrol.adapters.agents.kinds import Kinds
        from missioncontrol.app.builtin_agents import AGENT_CARDS
        from missioncontrol.application.agents import Cards

        cards = Cards(AGENT_CARDS, Kinds().card)
        for life in self.declared():
            cards.follow(life)
        # What the file says counts before an engine has read it.
        with suppress(MissionControlError):
            file = self.home.agents if isinstance(self.home, Home) else None
            for declared in agent_file(file).declared if file is not None else ():
                cards.follow(AgentLife(declared, "file", Ready(), 0.0))
        return cards

    def declared(self) -> "Sequence[AgentLife]":
        """Return the agents that people, files and packages declared here."""
        found: list[AgentLife] = (
            self.board.listed("agent", is_open=True) if self.home.exists else []
        )
        return found

    def run(self, text: str) -> str:
        """Return the id of the run that `text` means; see `names.find_run`."""
        return find_run(self.board, self.reading.tables, text)

    def ledger(self) -> Ledger | None:
        """See `BudgetDesk.ledger`."""

        async def read() -> Ledger | None:
            number = await last_ledger(self.store)
            return (await fold(self.store, LEDGER, stream_of(number)))[0] if number else None

        return asyncio.run(read())

    def ended(self, run: str) -> Ended | None:
        """See `BudgetDesk.ended`."""
        return asyncio.run(read_ended(self.store, run))

    def prices(self) -> PriceList:
        """See `BudgetDesk.prices`."""
        found, _ = asyncio.run(fold(self.store, PRICES, PRICE_STREAM))
        return found or PriceList()

    def known(self, kind: str) -> Collection[str]:
        """See `BudgetDesk.known`."""
        if kind == "agent":
            return self.cards
        return asyncio.run(self.library.listed()) if kind == "workflow" else ()

    def rows(self) -> "Sequence[ApprovalRow]":
        """See `ApprovalDesk.rows`."""
        return self.board.listed("approval", is_open=True) if self.home.exists else []

    def find(self, prefix: str) -> Sequence[str]:
        """See `ApprovalDesk.find`."""
        rows: list[ApprovalRow] = self.board.listed("approval", limit=100_000)
        return [row.id for row in rows if row.id.startswith(prefix)]

    def read(self, approval: str) -> Approval:
        """See `ApprovalDesk.read`."""
        state, _ = asyncio.run(fold(self.store, APPROVAL, approval))
        if state is None:
            raise unknown(approval)
        found: Approval = state
        return found

    def diffs(self, approval: Approval) -> "Sequence[Diff]":
        """See `ApprovalDesk.diffs`."""
        from missioncontrol.application.queries.patches import diffs_before, diffs_in

        inside = diffs_in(approval.subject.get("inputs"))
        run = self._found(approval.run)
        return [
            *inside,
            *(diffs_before(run, approval.step, self.reading.artifacts) if run else ()),
        ]

    def is_left(self, run: str) -> bool:
        """See `ApprovalDesk.is_left`."""
        holder = self.home.holder()
        if holder is not None and holder.may_work_on(run):
            return False
        state, _ = asyncio.run(fold_run(self.store, run))
        return not state.is_settled

    def _forget_what_was_read(self) -> None:
        """Look again: something has changed."""
        for name in ("board", "cards", "store", "instruments", "present", "reading"):
            found = self.__dict__.pop(name, None)
            if name == "reading" and found is not None:
                found.close()

    def close(self) -> None:
        """Close the files."""
        self._opened.close()
        self._forget_what_was_read()
        if self._line is not None:
            self._line.close()


def _relative_defaults(definition: Definition) -> dict[str, Any]:
    """Return the inputs that would begin where the engine is, unless a directory is given."""
    return {
        name: asked.default
        for name, asked in definition.inputs.items()
        if asked.type == "path"
        and isinstance(asked.default, str)
        and not posixpath.isabs(asked.default)
    }


def here() -> str:
    """Return the working directory of the user, where relative paths begin."""
    return os.getcwd()  # noqa: PTH109 - a text for another process
