"""Where the parts meet: a home is opened for reading, or held by an engine."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from missioncontrol.adapters import orphans, worktrees
from missioncontrol.adapters.agent_files import agent_file, declaration
from missioncontrol.adapters.agent_sessions.spool import spool_of
from missioncontrol.adapters.agent_sessions.watcher import SessionWatcher, roots_of
from missioncontrol.adapters.agents.consultation import Consultants
from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.adapters.agents.outside_session import CARD as RECORDER_CARD
from missioncontrol.adapters.agents.outside_session import LocalSessions, OutsideSession
from missioncontrol.adapters.agents.remote.kind import WorkerKind
from missioncontrol.adapters.agents.step_functions import FunctionAgent
from missioncontrol.adapters.agents.workshops import workshops_of
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.console_file import console_settings
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.expressions.lazy import LazyExpressions
from missioncontrol.adapters.heads_file import FileHeads
from missioncontrol.adapters.heads_targets import SentFile, heads_target
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.network_addresses import refuse_inside
from missioncontrol.adapters.os_user import os_user
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.adapters.processes import end_orphans
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.adapters.session_stores.sqlite import SqliteActivityStore
from missioncontrol.adapters.workspaces_file import WorkspacesFile, root_of
from missioncontrol.app.builtin_agents import FUNCTIONS, agent_cards, built_in, programs
from missioncontrol.app.control_port import ControlPort
from missioncontrol.app.execute import Executor
from missioncontrol.app.followers import MemoryFollower, SearchFollower
from missioncontrol.app.new_workspace import begin
from missioncontrol.app.remote_workers import RemoteWorkers
from missioncontrol.app.servers import OptionalServers
from missioncontrol.app.session_watch import SessionWatch
from missioncontrol.app.settings import MODEL_NAME, Settings, sandbox_of
from missioncontrol.application.actuals import PastRuns
from missioncontrol.application.agent_sessions import (
    ReportSessions,
    SessionService,
    SessionsKnown,
)
from missioncontrol.application.agents import AGENTS_MAX, Agents, Cards
from missioncontrol.application.analytics.alerts import WATCHER
from missioncontrol.application.analytics.digests import DigestTaken
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.audit import contradiction
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.execution import Execution, Governance
from missioncontrol.application.gateway_keys import GatewayKeys
from missioncontrol.application.journal import Entry, Journal
from missioncontrol.application.learning import Taught
from missioncontrol.application.missions import Before, Missions
from missioncontrol.application.model_calls import charge_interrupted
from missioncontrol.application.office import Office
from missioncontrol.application.operations import Operations
from missioncontrol.application.queries.run_outcome import PROGRAM
from missioncontrol.application.repeats import Repeats
from missioncontrol.application.runs import Runs
from missioncontrol.application.schedules import SCHEDULES_MAX, Schedules
from missioncontrol.application.scope import Scopes
from missioncontrol.application.studio import Studio
from missioncontrol.application.webhooks import WebhookService
from missioncontrol.application.workflow_starter import ScheduledStart
from missioncontrol.application.workflows import Workflows
from missioncontrol.confinement import available_confinement
from missioncontrol.domain.agent_session import RECORDER
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.definition import Definition, Fault, Marks
from missioncontrol.domain.errors import Corrupt, Rejected
from missioncontrol.domain.execution import PLANNER
from missioncontrol.domain.run.events import Outcome, RunSettled
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.secrets import Scrubber, secret_values
from missioncontrol.domain.status import conditions, progress_of, status_of_run
from missioncontrol.ports.console_settings import ConsoleSettings
from missioncontrol.ports.log_heads import SignedHead
from missioncontrol.projections.run_index import Board
from missioncontrol.projections.work_items import ITEM
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.expiry import ApprovalTimeouts
from missioncontrol.runtime.indexer import Indexer
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.projector import Projector
from missioncontrol.runtime.recovery import recover
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.runtime.retention_worker import Keeper
from missioncontrol.runtime.scheduler import Scheduler
from missioncontrol.runtime.signed_heads import HeadForwarder, HeadSigner
from missioncontrol.runtime.stall_detector import StuckSteps
from missioncontrol.runtime.supervisor import Supervisor

TROUBLES_MAX = 100
QUESTIONS_MAX = 10_000
RUNS_REMEMBERED = 1_000
"""Newest runs whose beginnings count for the rate limits of those who began them."""


REPOSITORIES_MAX = 10_000
"""Among which one is found by its name."""


class EngineContext:
    """A home held by this process, with its engine at work."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        """The home is locked already."""
        self.settings = settings
        self.confinement = available_confinement(environment)
        self.troubles: list[str] = []
        self.trouble_listeners: list[Callable[[str], None]] = []
        self._removals: set[asyncio.Task[None]] = set()
        self.home = Home(settings.home)
        self.home.hold()
        try:
            self._build(environment)
        except BaseException:
            self.home.release()
            raise

    def _build(self, environment: Mapping[str, str]) -> None:
        home, settings = self.home, self.settings
        self.environment = environment
        if not self.confinement.is_available:
            self.note_trouble(self.confinement.statement())
        self.scrubber = scrubber = Scrubber(secret_values(environment))
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.store = SqliteEventStore(home.log, writable=True)
        self.tables = SqliteReadTables(home.rows, writable=True)
        self.output_store = SqliteOutputStore(home.output, writable=True)
        self.artifacts = FolderArtifactStore(home.artifacts)
        self.heads = FileHeads(home.heads, home.key)
        self.activities = SqliteActivityStore(home.sessions, writable=True, scrub=scrubber.bytes)
        self.journal = Journal(self.store, self.clock, scrub=scrubber.bytes)
        self.functions = FunctionAgent()
        cards = agent_cards(environment.get(MODEL_NAME, "").strip())
        self.kinds = Kinds()
        self.cards = Cards({**cards, RECORDER: RECORDER_CARD}, self.kinds.card)
        self.sandbox = sandbox = sandbox_of(self.confinement, home.root)
        self.workshops = workshops_of(home.root, self.artifacts, environment, scrubber, sandbox)
        self.consulting = Consultants(
            lambda name: self.registry.find(name),
            self.kinds,
            self.workshops,
            environment.get(MODEL_NAME, "").strip(),
        )
        known = programs(self, self.cards, self._take_digest)
        recorder = OutsideSession(
            roots_of(environment),
            home.root / "worktrees",
            self.activities,
            lambda session: self.command_bus.sessions.is_over(session),
            lambda *session: self.command_bus.sessions.is_adopted(*session),
            scrubber.text,
        )
        recording = Registered(RECORDER, recorder, card=RECORDER_CARD)
        own = [Registered(FUNCTIONS, self.functions), recording]
        self.registry = Registry([*own, *known], concurrency=settings.concurrency)
        self._govern(built_in(cards, settings))
        self.execution.handoff.scrub = scrubber.file
        self.executor = Executor(self.command_bus)
        self.command_bus.studio = Studio(
            self.journal,
            self.output_store,
            self.artifacts,
            program=PROGRAM,
            scrub=scrubber.text,
        )
        self.command_bus.is_confined = self.confinement.is_available
        self.command_bus.specs.sign = self.heads.attest
        self.command_bus.repositories.artifacts = self.artifacts
        self.command_bus.reviews.artifacts = self.artifacts
        self.command_bus.patterns.artifacts = self.artifacts
        self.command_bus.patterns.scrub = scrubber.text
        self.command_bus.repositories.scrub = scrubber.text
        self.output = Output(self.output_store, scrub=scrubber.text)
        self.engine = Engine(
            self.journal,
            self.execution,
            self.registry,
            self.artifacts,
            self.output,
            self.operations,
            scrub=scrubber.file,
        )
        board = Board(self.tables)
        self.projector = Projector(board, self.journal.runs)
        self.command_bus.work_items.rows = lambda: board.work
        self.command_bus.work_items.repositories = lambda: [
            each.id for each in board.listed("repository", limit=REPOSITORIES_MAX)
        ]
        self.command_bus.work_items.stored = lambda: self.tables.changed_listed(ITEM)
        self.patience = ApprovalTimeouts(self.approvals, self.clock)
        self.scheduler = Scheduler(self.schedules, self.clock, report=self._note_broken)
        self.supervisor = Supervisor(
            self.agents,
            self.registry,
            self.kinds,
            self.workshops,
            self.clock,
            end_work=self.engine.end_work,
            feed=self.engine.feed_all,
            report=self._note_unwatched,
        )
        spool = spool_of(environment)
        watcher = SessionWatcher(roots_of(environment), spool, self.clock.now, scrub=scrubber.text)
        self.session_watch = SessionWatch(watcher, self._report_sessions, self.note_trouble)
        self.stuck = StuckSteps(
            self.journal, self.execution, self.agents, report=self._note_unwatched
        )
        self.servers = OptionalServers(self)
        self.control = ControlPort(self)
        self.agents.at_work = self.registry.leased
        self.agents.settle = self.supervisor.settle
        self.remote_workers = RemoteWorkers(self)
        self.supervisor.remote = WorkerKind(self.remote_workers.hub)
        if self.remote_workers.is_wanted:
            self.command_bus.workforce = self.remote_workers.hub
            self.engine.outlasts = self.remote_workers.workers.may_return
            self.execution.tool_permissions.outlasts = self.remote_workers.outlasts
        self.agents.listeners.append(self._follow_card)
        self.search_follower = SearchFollower(home)
        self.memory_follower = MemoryFollower(home)
        taught = Taught(self.journal)
        self.missions.prior = Before(self.memory_follower, self.missions.prior, taught)
        self.command_bus.memory.known = self.memory_follower
        self.command_bus.memory.forgotten = self.execution.forgetting.note
        self.keeper = Keeper(
            self.command_bus.retention,
            self.output_store,
            has_ended=self._has_ended,
            report=self._note_unkept,
        )
        self.indexer = Indexer(self._take_portion, report=self._note_unfollowed)
        self.signer = HeadSigner(
            self.store,
            self.heads,
            self.clock,
            signed=self._forward,
            report=self._note_unsigned,
        )
        self.forwarder: HeadForwarder | None = None
        if settings.heads_to is not None:
            self.forwarder = HeadForwarder(
                heads_target(settings.heads_to, home),
                SentFile(home.heads_sent, settings.heads_to),
                self.clock,
                differs=self._differs_from,
                report=self.note_trouble,
            )

    def _govern(self, built_in: Mapping[str, Declaration]) -> None:
        """Set up everything that people and rules speak through."""
        expressions = LazyExpressions()
        self.approvals = Approvals(
            self.journal, self.ids, os_user=os_user(), cards=self.registry.card
        )
        self.budgets = Budgets(self.journal, GenaiPrices())
        governance = Governance(
            Scopes(expressions), self.approvals, self.budgets, self.registry.card
        )
        self.execution = Execution(self.journal, self.artifacts, self.ids, governance)
        self.operations = Operations(self.journal)
        self.keys = GatewayKeys(self.journal)
        self.agents = Agents(self.journal, self.budgets, built_in, self.kinds.card)
        self.agents.read = lambda name, words: declaration(name, words, base=self.home.root)
        self.execution.elevated = self.agents.elevated
        self.missions = Missions(
            self.journal,
            self.execution,
            self.ids,
            self.operations,
            planning=self.cards[PLANNER].spending,
            prior=PastRuns(self.store, self.tables),
        )
        self.workflows = Workflows(
            self.journal,
            read=_read_all,
            expressions=expressions,
            cards=self.cards,
            aside=asyncio.to_thread,
        )
        self.runs = Runs(self.workflows, self.execution, self.ids, self.operations)
        self.repeats = Repeats(
            self.journal,
            self.execution,
            self.ids,
            self.operations,
            prior=lambda: self.missions.prior,
        )
        self.starter = ScheduledStart(self.journal, self.runs, self.execution, self.operations)
        self.schedules = Schedules(self.journal, CronCalendar(), self.starter)
        self.execution.scheduled_run_ended = self._notify_schedule
        self.command_bus = Office(
            self.journal,
            self.execution,
            self.missions,
            self.workflows,
            self.runs,
            self.repeats,
            self.approvals,
            self.budgets,
            self.schedules,
            self.operations,
            self.agents,
            self.keys,
            WebhookService(self.journal, self._refuse_url),
        )
        self.command_bus.sessions = SessionService(
            self.journal,
            self.execution,
            self.ids,
            self.activities,
            LocalSessions(
                roots_of(self.environment), self.home.root / "worktrees", self.scrubber.bytes
            ),
            self.command_bus,
            self.artifacts,
            refuse_new_run=self.operations.refuse_new_run,
            adopt=lambda run: self.command_bus.adopt(run),
            now=self.clock.now,
        )
        self._find_root()

    def _find_root(self) -> None:
        root = root_of(self.home.root)
        if root is None:
            return
        file = WorkspacesFile(root)
        self.command_bus.workspaces.list = file
        self.command_bus.workspaces.begin = lambda name, person: begin(
            file.home(name), person, os_user()
        )

    async def _refuse_url(self, url: str) -> None:
        """Refuse a URL inside of this network, unless the owner of the home allows those."""
        if not self._console_settings().webhooks_inside:
            await refuse_inside(url)

    def _console_settings(self) -> ConsoleSettings:
        return console_settings(self.home.root / "console.toml")

    async def _report_sessions(self, command: ReportSessions) -> SessionsKnown:
        return await self.command_bus.sessions.report(command, actor=f"user:{os_user()}")

    async def _take_digest(self, digest: DigestTaken) -> None:
        await self.command_bus.do(digest, WATCHER)

    def _notify_schedule(self, run: Run, outcome: Outcome) -> None:
        self.schedules.run_settled(run.id, run.schedule, outcome, self.clock.now())

    def _note_broken(self, schedule: str, error: Exception) -> None:
        self.note_trouble(f"Schedule {schedule!r} broke off: {error}")

    def _note_unwatched(self, agent: str, error: Exception) -> None:
        self.note_trouble(f"The watch over agent {agent!r} broke off: {error}")

    def _follow_card(self, name: str) -> None:
        life = self.agents.known(name)
        if life is not None:
            self.cards.follow(life)

    def _is_stuck(self, run: Run) -> bool:
        around = conditions(self.agents.lives(), (), self.operations.present).lasting
        return status_of_run(run.id, progress_of(run), around).word == "stuck"

    def _has_ended(self, run: str) -> bool:
        row = self.tables.run(run)
        return row is not None and bool(row.ended)

    def _note_unkept(self, error: Exception) -> None:
        self.note_trouble(f"The bound of the output is not enforced: {error}")

    def _take_portion(self) -> bool:
        """Give both indexes that follow the log a few more events, on a thread of theirs."""
        more = self.search_follower.take_portion()
        return self.memory_follower.take_portion() or more

    def _note_unfollowed(self, error: Exception) -> None:
        memory = getattr(error, "code", "").startswith("memory.")
        index = "memory" if memory else "search"
        self.note_trouble(f"The {index} index does not follow the log: {error}")

    def _forward(self, head: SignedHead) -> None:
        if self.forwarder is not None:
            self.forwarder.take(head)

    async def _start_forwarding(self) -> None:
        """Send signed heads to their target, unless that has heads of another log."""
        if self.forwarder is None:
            return
        target = self.forwarder.target
        with suppress(OSError):  # It is reported when something is sent.
            if fault := await self._differs_from(await target.newest()):
                raise Corrupt(
                    "heads.contradict",
                    fault,
                    hint=f"Keep {target.name} as evidence. Where the log was restored from a "
                    "backup, name a new file with --heads-to.",
                )
        self.forwarder.start(await asyncio.to_thread(self.heads.all))

    async def _differs_from(self, newest: SignedHead | None) -> str:
        """Describe how the log contradicts the newest head stored elsewhere, if it does."""
        fault = await contradiction(newest, self.store) if newest is not None else None
        return f"The external heads are not of this log. {fault.problem}" if fault else ""

    def _note_unsigned(self, error: Exception) -> None:
        self.note_trouble(f"The end of the log can't be signed: {error}")

    def note_trouble(self, trouble: str) -> None:
        """Report something that went wrong beside the work to the listeners."""
        self.troubles.append(trouble)
        del self.troubles[:-TROUBLES_MAX]
        for listener in self.trouble_listeners:
            listener(trouble)

    async def open(self) -> list[str]:
        """Bring the past to rest and start the engine; return the runs that can be resumed.

        Raises:
            Corrupt: `log.cut` or `log.rewritten`, where the log is not the one that was signed.
        """
        self.control.adopt()
        self.heads.ready()
        signed = await self._refuse_a_log_that_differs()
        await self.projector.catch_up(self.store)
        self.engine.listeners.extend((self.projector.take, self.patience.take, self.indexer.take))
        self.engine.listeners.append(self.supervisor.take)
        self.engine.listeners.append(self.signer.take)
        self.signer.start(signed)
        await self._start_forwarding()
        self.engine.is_stuck = self._is_stuck
        await self.operations.open()
        for row in reversed(self.tables.runs(limit=RUNS_REMEMBERED)):
            self.operations.rates.note("actor", row.author, row.created)
        await self.engine.open()
        unsettled = self.tables.unsettled()
        agents = self.tables.all_listed("agent", is_open=True, limit=AGENTS_MAX)
        await self.agents.open(row.id.removeprefix("agent-") for row in agents)
        resumable = await recover(
            unsettled, self.journal, self.execution, end_orphans, self.remote_workers.may_return
        )
        rows = self.tables.all_listed("schedule", is_open=True, limit=SCHEDULES_MAX)
        await self.schedules.open(row.id.removeprefix("schedule-") for row in rows)
        await self._take_declared_in()
        for life in self.agents.lives():
            self.cards.follow(life)
        await self.keys.open()
        charge_interrupted(self.budgets)
        await self._take_questions_back()
        while await self.approvals.expire(self.clock.now()):
            pass  # One after the other, what came due while no engine ran.
        await self.journal.durable()
        self.home.sweep()
        await orphans.sweep(self.home.root)
        trees = self.home.root / "worktrees"
        await worktrees.sweep(trees, self.scrubber.text, unsettled=resumable)
        self.engine.listeners.append(self._take_ends)
        for run in unsettled:
            self.journal.forget(run)
        return resumable

    def _take_ends(self, entries: Sequence[Entry]) -> None:
        """Remove the trees that interrupted attempts of runs left behind which have ended."""
        trees = self.home.root / "worktrees"
        for entry in entries:
            if isinstance(entry.event, RunSettled):
                removal = worktrees.remove_settled(trees, entry.stream, self.scrubber.text)
                task = asyncio.get_running_loop().create_task(removal)
                self._removals.add(task)
                task.add_done_callback(self._removals.discard)

    async def _take_declared_in(self) -> None:
        """Make the agents of the file, and of packages, match their present declarations.

        What is wrong with one of them keeps neither the others nor the engine from work.
        """
        try:
            file = agent_file(self.home.agents)
        except Rejected as fault:
            self.note_trouble(str(fault))
        else:
            for fault_of_one in file.faults.values():
                self.note_trouble(f"{self.home.agents}: {fault_of_one}")
            refused = await self.agents.keep_to(file.declared, "file", unread=file.faults)
            for why in refused.values():
                self.note_trouble(f"{self.home.agents}: {why}")
        offered = self.kinds.declared()
        # The agents that a package which is broken now had declared are unknown: all stay.
        lives = self.agents.lives() if self.kinds.broken else ()
        unread = [life.name for life in lives if life.source == "package"]
        refused = await self.agents.keep_to(offered, "package", unread=unread)
        for why in refused.values():
            self.note_trouble(f"An agent of a package: {why}")
        for name, why in self.kinds.broken.items():
            self.note_trouble(f"The package that offers agents as {name!r} is broken: {why}")

    async def _take_questions_back(self) -> None:
        """Withdraw what attempts of earlier engines asked, unless they may ask it again."""
        for kind in ("question", "approval"):
            for row in self.tables.all_listed(kind, is_open=True, limit=QUESTIONS_MAX):
                await self.execution.tool_permissions.take_up(row.id, self.remote_workers.in_flight)

    async def work(self) -> None:
        """Carry out runs here: requested work begins at once, and time events arrive.

        Without it, what is asked for is only recorded, for an engine that comes later.
        """
        self.command_bus.adopt = self.starter.adopt = self.engine.adopt
        self.command_bus.cancel = self._cancel
        self.starter.stop = lambda run, reason: self._cancel(run, reason, "engine")
        await self.servers.open()
        if self.remote_workers.is_wanted:
            await self.remote_workers.hub.open()
        await self.supervisor.start()
        await self.stuck.start()
        if self._console_settings().watch_sessions:
            self.session_watch.start()
        await self.keeper.start()
        await self.patience.start()
        await self.indexer.start()

    async def listen(self, run: str = "") -> None:
        """Answer other processes of this machine from now on; `run` is all that is worked on here.

        Raises:
            Unavailable: `control.unheard`.
        """
        await self.control.listen(run)

    def _cancel(self, run: str, reason: str, actor: str) -> None:
        self.engine.cancel(run, reason, actor=actor)

    async def _refuse_a_log_that_differs(self) -> int:
        """Return the position of the newest signed head, once the log is found to hold it."""
        newest = self.heads.newest()
        if newest is None:
            return 0
        if fault := await contradiction(newest, self.store):
            raise Corrupt(
                fault.code,
                f"The log in {str(self.home.root)!r} is not the one that was signed. "
                f"{fault.problem}",
                hint="Restore log.db from a backup; going on would bury the loss.",
            )
        return newest.position

    async def close(self) -> None:
        """Stop the engine, sign the end of the log, and release the home."""
        try:
            await self.control.fall_silent()
            await self.scheduler.stop()
            await self.stuck.stop()
            await self.session_watch.stop()
            await self.keeper.stop()
            await self.servers.close()
            await self.remote_workers.close()
            await self.supervisor.stop()
            await self.patience.stop()
            await self.indexer.stop()
            await self.signer.stop()
            if self.engine.committing is not None:  # It was opened, so the log was found whole.
                await self.engine.close()
                await self.servers.end()
                if self.engine.failure is None:
                    await self.projector.finish(self.store)
                    await self.signer.sign()
                else:
                    self.projector.save()
                if self.forwarder is not None:
                    await self.forwarder.close()
            if self._removals:
                await asyncio.wait(self._removals)
            await self.control.close()
        finally:
            self.search_follower.close()
            self.memory_follower.close()
            self.store.close()
            self.tables.close()
            self.output_store.close()
            self.activities.close()
            self.home.release()


def _read_all(text: str, filename: str) -> tuple[Definition, Marks, list[Fault]]:
    """Read a workflow file; what reading takes is loaded with the first one."""
    from missioncontrol.adapters.workflow_files.reader import read_all

    return read_all(text, filename)


@asynccontextmanager
async def holding(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[EngineContext]:
    """Hold a home with an engine at work.

    Raises:
        Unavailable: `home.held`, naming the process that holds it, or `home.unusable`.
    """
    control = EngineContext(settings, environment)
    try:
        await control.open()
        yield control
    finally:
        await control.close()
