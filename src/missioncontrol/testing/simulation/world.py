"""A world: runs, agents, people and an engine that dies now and then, all from one seed."""

import asyncio
import contextlib
import random
from collections.abc import Sequence

import msgspec

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.application.audit import verify
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal, fold_run
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.work import NO_USAGE, Usage, Work
from missioncontrol.ports.agent import Assignment, ProcessHandle
from missioncontrol.ports.event_store import Append, Head
from missioncontrol.projections.board import Board
from missioncontrol.runtime.engine import Engine
from missioncontrol.runtime.output import Output
from missioncontrol.runtime.projector import Projector, follow
from missioncontrol.runtime.recovery import recover
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.testing.simulation.inspector import Inspector, Violation
from missioncontrol.testing.simulation.loop import JumpingLoop, LoopClock
from missioncontrol.testing.simulation.script import AGENT, ScriptedAgent, random_steps

HOURS = 3600.0
CRASHES_MAX = 4


class Crash(BaseException):
    """The process ends here, as with `kill -9`."""


class Plan(msgspec.Struct, frozen=True):
    """When the engine dies: at which commits, before (False) or after (True) they are durable."""

    crashes: dict[int, bool]


class _Disk(MemoryEventStore):
    """The log that survives its engines, watched at every commit."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.inspector = Inspector()
        self.commits = 0
        self._plan = plan

    async def append(self, appends: Sequence[Append]) -> Head:
        self.commits += 1
        fate = self._plan.crashes.get(self.commits)
        if fate is False:
            raise Crash
        before = (await self.head()).position
        head = await super().append(appends)
        for event in await self.read(after=before, limit=1_000_000):
            self.inspector.read(event)
        if fate is True:
            raise Crash
        return head

    def everything(self) -> list[Recorded]:
        return list(self._log)


class _Ids:
    """Ids and chance from the dice."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._count = 0

    def new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count:06}"

    def jitter(self) -> float:
        return self._dice.random()


class World:
    """Everything that a seed decides."""

    def __init__(self, seed: int, plan: Plan | None = None) -> None:
        """Draw the runs and the troubles; `plan` replaces the crashes that the seed would draw."""
        self.dice = random.Random(seed)  # noqa: S311 - a simulation wants to be predictable
        drawn = {
            self.dice.randint(1, 60): self.dice.random() < 0.5
            for _ in range(self.dice.randint(0, CRASHES_MAX))
        }
        self.disk = _Disk(plan if plan is not None else Plan(drawn))
        self.loop = JumpingLoop()
        self.clock = LoopClock(self.loop)
        self.ids = _Ids(self.dice)
        self.tables = MemoryReadTables()
        self.artifacts = MemoryArtifactStore()
        self.wanted = [self._draw_run() for _ in range(self.dice.randint(1, 3))]
        self.cancels = {
            run.run: self.dice.uniform(0.0, 60.0) for run in self.wanted if self.dice.random() < 0.3
        }
        self.starts = 0
        self._engine: Engine | None = None
        self._believed: dict[str, object] = {}
        self._carried_out: set[str] = set()
        self._projector: Projector | None = None

    def _draw_run(self) -> CreateRun:
        name = self.ids.new("run")
        steps = random_steps(self.dice)
        seconds = self.dice.choice((0.0, 0.0, 0.0, 300.0))
        return CreateRun(name, "drawn", steps, self.dice.choice((1, 2, 5)), seconds)

    def live(self) -> None:
        """Let the world go on until every run has ended, and judge what happened.

        Raises:
            Violation: an invariant was broken.
            Deadlock: something would have waited for ever.
        """
        life = self.loop.create_task(self._live())
        self.loop.call_later(10_000 * HOURS, life.cancel)
        try:
            self.loop.run_until_complete(life)
        finally:
            left = self._bury()
            if left:
                self.loop.run_until_complete(asyncio.wait(left))
            self.loop.close()

    async def _live(self) -> None:
        while not await self._live_once():
            self._bury()
        await self._judge()

    def _bury(self) -> "list[asyncio.Task[object]]":
        """End what the dead engine left in this loop, without a word from it."""
        if self._engine is not None:
            self._engine.drop(Crash())
        if self._projector is not None:
            self._projector.drop()
        living = asyncio.current_task(self.loop)
        left = [task for task in asyncio.all_tasks(self.loop) if task is not living]
        for task in left:
            task.cancel()
            task.add_done_callback(_look_away)
        return left

    async def _live_once(self) -> bool:
        """One engine's life; returns whether it got to the end of all runs."""
        self.starts += 1
        journal = Journal(self.disk, self.clock)
        execution = Execution(journal, self.artifacts, self.ids)
        agent = ScriptedAgent(self.dice, self._witness)
        registry = Registry([Registered(AGENT, agent, 4)], concurrency=6)
        output = Output(MemoryOutputStore(), scrub=lambda text: text)
        engine = Engine(journal, execution, registry, self.artifacts, output)
        self._engine = engine
        self._carried_out = set()
        projector = self._projector = Projector(Board(self.tables))
        people = asyncio.ensure_future(self._people(engine, execution))
        try:
            await projector.catch_up(self.disk)
            engine.listeners.append(projector.take)
            await engine.open()
            await recover(self.tables.unsettled(), journal, execution, _no_processes)
            await self._take_up(journal, execution, engine)
            await self._wait_for_all(engine)
            await engine.close()
            projector.save()
        except Crash:
            return False
        else:
            return True
        finally:
            people.cancel()

    async def _take_up(self, journal: Journal, execution: Execution, engine: Engine) -> None:
        for wanted in self.wanted:
            try:
                run = await journal.load_run(wanted.run)
                if not run.is_settled:
                    execution.resume(wanted.run, actor="simulation")
                    self._carried_out.add(wanted.run)
            except MissionControlError:
                execution.tell(wanted.run, wanted)
                self._carried_out.add(wanted.run)
            engine.adopt(wanted.run)

    async def _wait_for_all(self, engine: Engine) -> None:
        """Wait for every run, or for the death of the engine."""
        assert engine.committing is not None
        ends = asyncio.ensure_future(self._all_ends(engine))
        ends.add_done_callback(_look_away)
        death = engine.committing
        await asyncio.wait((ends, death), return_when=asyncio.FIRST_COMPLETED)
        if death.done():
            ends.cancel()
            death.result()
        if engine.failure is not None:
            raise engine.failure
        await ends

    async def _all_ends(self, engine: Engine) -> None:
        for run in self.wanted:
            ended = _facts(await engine.settled(run.run))
            if run.run in self._carried_out:  # What the engine believed, not what it read.
                self._believed[run.run] = ended

    async def _people(self, engine: Engine, execution: Execution) -> None:
        """Cancel runs, and repeat or send late what agents have reported before."""
        while True:
            await asyncio.sleep(self.dice.uniform(0.1, 20.0))
            for run, at in list(self.cancels.items()):
                if self.loop.time() >= at and run in engine.journal.runs:
                    with contextlib.suppress(MissionControlError):
                        engine.cancel(run, "Somebody asked.", actor="simulation")
                        del self.cancels[run]
            await self._echo(execution, engine)

    async def _echo(self, execution: Execution, engine: Engine) -> None:
        """Report once more for an attempt of the past, as a network that doubles messages does."""
        started = [e for e in await self.disk.read(limit=100_000) if e.type == "step_started"]
        if not started or engine.failure is not None:
            return
        event = self.dice.choice(started)
        run = engine.journal.runs.get(event.stream)
        data = event.data
        holder = run.working.get(data["step"]) if run is not None else None
        if run is not None and (holder is None or holder.fence != data["fence"]):
            execution.success(event.stream, data["step"], data["fence"], Work(summary="an echo"))

    def _witness(self, assignment: Assignment) -> None:
        """Refuse work that begins before its lease and its causes are on disk."""
        run = self.disk.inspector.runs.get(assignment.run)
        if run is None or run.holder.get(assignment.step) != assignment.fence:
            raise Violation(f"{assignment.step} works before its lease is durable")
        for need, upstream in assignment.upstream.items():
            if run.state[need] != upstream.state:
                raise Violation(f"{assignment.step} was told that {need} {upstream.state}")

    async def _judge(self) -> None:
        for name, believed in self._believed.items():
            folded, _ = await fold_run(self.disk, name)
            if folded.usage != self._used(name):
                raise Violation(f"the usage of {name} is not the sum of its reports")
            if _facts(folded) != believed:
                raise Violation(f"{name} folded from the log differs from the one in memory")
            if not folded.is_settled:
                raise Violation(f"{name} never ended")
        verdict = await verify(self.disk, ())
        if not verdict.whole:
            raise Violation(verdict.problem)
        await self._compare_rows()

    async def _compare_rows(self) -> None:
        fresh = MemoryReadTables()
        board = Board(fresh)
        await follow(board, self.disk)
        board.save()
        if fresh.runs() != self.tables.runs() or fresh.position() != self.tables.position():
            raise Violation("rows rebuilt from the log differ from those kept alongside")

    def _used(self, run: str) -> Usage:
        reports = [e for e in self.log() if e.stream == run and e.type == "usage_reported"]
        return sum((Usage(**event.data["usage"]) for event in reports), NO_USAGE)

    def log(self) -> list[Recorded]:
        """Return the whole log."""
        return self.disk.everything()


def _facts(run: Run) -> object:
    """What never changes once a run has ended; what it cost may: a late attempt costs money too."""
    return (
        run.status,
        dict(run.states),
        run.tries,
        run.interruptions,
        list(run.ready),
        run.unsettled,
    )


async def _no_processes(_: ProcessHandle) -> bool:
    return False


def _look_away(task: "asyncio.Task[object]") -> None:
    """Take note of how a buried task ended, so that nobody warns of it."""
    if not task.cancelled():
        task.exception()
