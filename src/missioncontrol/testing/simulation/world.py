"""A world: workflows, runs, agents, people, and engines that die now and then, from one seed."""

import asyncio
import selectors
from random import Random
from typing import Any

from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.step import Spending
from missioncontrol.ports.agent import Assignment
from missioncontrol.testing.simulation.disk import Crash, Disk, Fate, Plan
from missioncontrol.testing.simulation.drawing import another, workflows
from missioncontrol.testing.simulation.engine_setup import CONCURRENCY, SimulatedEngine
from missioncontrol.testing.simulation.inspector import Inspector
from missioncontrol.testing.simulation.lives import DECLARED, Lives, ScriptedKind, a_workshop
from missioncontrol.testing.simulation.people import People
from missioncontrol.testing.simulation.rules import Violation, hold
from missioncontrol.testing.simulation.script import PLACES, ScriptedAgents
from missioncontrol.testing.simulation.state_checks import compare_beliefs, compare_replays, judge

# An event loop whose time jumps to the next thing that is due.


class Deadlock(RuntimeError):
    """Nothing is due, or the same again and again: in the real world this would be for ever."""


ROUNDS_MAX = 8_000
"""A loop that turns more often goes on for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: the time it was to wait passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.rounds += 1
        if self.rounds > ROUNDS_MAX:
            raise Deadlock("something goes round and round")
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Deadlock("nothing is due and nothing will ever be")
        # A step below a microsecond can vanish beside a large time, and time would stand still.
        self.now += max(0.000_001, timeout)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """Runs hours of waiting in no time, the same way each time."""

    def __init__(self) -> None:
        """Time begins at 0."""
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the beginning of this world."""
        return self._jumping.now


class LoopClock:
    """The clock port on a loop's time."""

    def __init__(self, loop: JumpingLoop, start: float = 1_600_000_000.0) -> None:
        """The world begins at `start`, else on 13 September 2020, 12:26:40 UTC."""
        self._loop = loop
        self._start = start

    def now(self) -> float:
        """See `Clock.now`."""
        return self._start + self._loop.time()


DAYS = 86_400.0
BEGINNINGS = (
    1_600_000_000.0,
    1_600_041_000.0,  # ten minutes before the end of 13 September 2020, UTC
    1_600_041_500.0,
    1_601_509_800.0,  # ten minutes before the end of that month
)
"""Seconds since the epoch; days and months end in some worlds."""

LIFETIME_MAX = 60 * DAYS
CRASHES_MAX = 3
WORDS = (
    "calls",
    "items",
    "conditions",
    "handlers",
    "repeats",
    "slots",
    "limits",
    "money",
    "approvals",
    "schedules",
    "stop",
)
"""What a world may hold; each has about half of them."""

SMALL = frozenset({"items", "conditions", "money", "approvals"})
"""What a world holds that is lived many times over."""


class _Ids:
    """Ids and chance from the dice."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._count = 0

    def new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count:06}"

    def jitter(self) -> float:
        return self._dice.random()


class World:
    """Everything that a seed decides."""

    def __init__(
        self,
        seed: int,
        plan: Plan | None = None,
        *,
        small: bool = False,
        words: frozenset[str] | None = None,
        lives: bool = False,
    ) -> None:
        """Draw everything; `plan` replaces the troubles that the seed would draw.

        A `small` world has a few minutes and few features; `words` says which ones it has.
        With `lives` its agents are declared, fall ill, rest, and are stopped and drained.
        """
        self.dice = dice = Random(seed)  # noqa: S311 - a simulation wants to be predictable
        drawn_words = frozenset(word for word in WORDS if dice.random() < 0.55)
        chosen = words if words is not None else drawn_words
        self.words = chosen & SMALL if small else chosen
        drawn = _fates(dice)
        inspector = Inspector(dict(PLACES), CONCURRENCY)
        self.disk = Disk(plan or Plan(drawn), inspector, dice, slow=dice.random() < 0.4)
        self.loop = JumpingLoop()
        self.loop.set_exception_handler(self._note_problem)
        self.clock = LoopClock(self.loop, dice.choice(BEGINNINGS))
        self.ids = _Ids(dice)
        self.tables = MemoryReadTables()
        files = workflows(dice, self.words)
        spare = [another(dice, self.words, files)] if dice.random() < 0.4 else []
        self.people = People(dice, self.words, files, spare)
        self.busy_seconds = 120.0 if small else dice.choice((300.0, 1200.0, 3600.0))
        self.restarts = [] if small else sorted(dice.uniform(0, self.busy_seconds) for _ in "12")
        self.restarts = self.restarts[: dice.choice((0, 0, 1, 2))]
        self.ledger_events_max = dice.choice((10_000, 10_000, 25))
        self.starts = 0
        self.lives = Lives(seed) if lives else None
        self.problems: list[BaseException] = []
        self._seen: list[tuple[str, int, bytes]] = []
        self._engine: SimulatedEngine | None = None
        self._agents: ScriptedAgents | None = None

    def live(self) -> None:
        """Run the world until every run has ended, and judge what happened.

        Raises:
            Violation: an invariant was broken.
            Deadlock: something would have waited for ever.
        """
        life = self.loop.create_task(self._live())
        self.loop.call_later(LIFETIME_MAX, life.cancel)
        try:
            self.loop.run_until_complete(life)
        finally:
            left = self._bury()
            if left:
                self.loop.run_until_complete(asyncio.wait(left))
            self.loop.close()
        if self.problems:
            raise self.problems[0]

    async def _live(self) -> None:
        while not await self._live_once():
            left = self._bury()
            if left:
                await asyncio.wait(left)
            await asyncio.sleep(self.dice.choice((0.0, 0.0, 1.0, 30.0, 400.0, 4000.0)))
        await compare_replays(self.disk, self._seen)
        await judge(self.disk, self.tables)

    def _bury(self) -> "list[asyncio.Task[object]]":
        """End what the dead engine left in this loop, without a word from it."""
        if self._engine is not None:
            self._engine.drop(Crash())
        if self._agents is not None:
            self._agents.is_alive = False
        living = asyncio.current_task(self.loop)
        left = [task for task in asyncio.all_tasks(self.loop) if task is not living]
        left.sort(key=lambda task: int(task.get_name().rpartition("-")[2]))
        for task in left:
            task.cancel()
            task.add_done_callback(_look_away)
        return left

    async def _live_once(self) -> bool:
        """Live one engine's life; return whether it got to the end of all runs."""
        self.starts += 1
        self.disk.engine_began()
        if self.dice.random() < 0.3:
            self.disk.inspector.books.release = f"1.{self.starts}"  # Other agents from now on.
        self._agents = ScriptedAgents(
            self.dice, self._watch, self._watch_call, self._note_clinging, self.problems.append
        )
        house = self._engine = SimulatedEngine(
            self.disk,
            self.tables,
            self.clock,
            self.ids,
            self._agents,
            ledger_events_max=self.ledger_events_max,
            release=self.disk.inspector.books.release,
        )
        if self.lives is not None:
            self._agents.lives = self.lives
            house.watch(DECLARED, ScriptedKind(self.lives, self._agents, house.cards), a_workshop)
        try:
            await house.open()
            return await self._go_on(house)
        except (Crash, Unavailable):
            if self.problems:
                raise self.problems[0] from None
            return False

    async def _go_on(self, house: SimulatedEngine) -> bool:
        """Run people and timers until the engine dies or is closed, or no work remains."""
        crowd = [asyncio.ensure_future(each) for each in self.people.at_work(house)]
        crowd.append(asyncio.ensure_future(self._audit(house)))
        if self.lives is not None:
            crowd.append(asyncio.ensure_future(self.lives.wander(house)))
        story = asyncio.ensure_future(self._advance(house, crowd))
        for task in crowd:
            task.add_done_callback(self._note_end)
            task.add_done_callback(lambda _: self.problems and story.cancel())
        await asyncio.wait((story, house.death), return_when=asyncio.FIRST_COMPLETED)
        if self.problems:
            raise self.problems[0]
        if house.engine.failure is not None:
            raise house.engine.failure
        if not story.done():
            house.death.result()
        return story.result()

    async def _advance(self, house: SimulatedEngine, crowd: "list[asyncio.Task[None]]") -> bool:
        """Return whether all runs have ended; else the engine was closed in good order."""
        now = self.loop.time()
        if self.restarts and self.restarts[0] > now:
            await asyncio.sleep(self.restarts.pop(0) - now)
            await self._close(house)
            return False
        await asyncio.sleep(max(0.0, self.busy_seconds - now))
        for task in crowd:
            task.cancel()
        looks = [self.lives.wind_up] if self.lives is not None else []
        await self.people.wind_up(house, *looks)
        await self._compare(house)
        await self._close(house)
        hold(not house.troubles, f"{house.troubles}")
        return True

    async def _close(self, house: SimulatedEngine) -> None:
        """Close the engine in good order; all reports of agents are on disk then."""
        self.disk.inspector.engine_closes()
        await house.close()
        assert self._agents is not None
        reported = self.disk.inspector.books.reported_by
        for (run, fence), tokens in self._agents.told.items():
            hold(reported.get((run, fence), 0) >= tokens, f"{run}@{fence} used {tokens} tokens")

    async def _audit(self, house: SimulatedEngine) -> None:
        """Compare what the engine believes with its log now and then."""
        while True:
            await asyncio.sleep(self.dice.uniform(5.0, 200.0))
            await self._compare(house)

    async def _compare(self, house: SimulatedEngine) -> None:
        while house.journal.has_pending or self.disk.is_busy:  # noqa: ASYNC110 - no signal
            await asyncio.sleep(0.001)
        for run, (position, picture) in (await compare_beliefs(house)).items():
            self._seen.append((run, position, picture))

    # What those at work see.

    def _watch(self, assignment: Assignment) -> None:
        """Refuse work that begins before its lease and its causes are on disk, or not as shown."""
        books = self.disk.inspector.books
        run = books.runs.get(assignment.run)
        key = assignment.step
        held = run is not None and run.working.get(key) == assignment.fence
        self._hold(held, f"{key} works before its lease is durable")
        assert run is not None
        for need, upstream in assignment.upstream.items():
            self._hold(run.state[need] == upstream.state, f"{key} saw {need} {upstream.state}")
        self._hold(dict(assignment.inputs) == run.inputs_of(key), f"{key} works on other inputs")
        self._hold(books.operation.may_dispatch, f"{key} begins while everything is stopped")

    def _watch_call(self, assignment: Assignment, call: Spending) -> None:
        """Refuse a model call whose worst case is not on disk."""
        books = self.disk.inspector.books
        prefix = f"{assignment.run}/{assignment.step}@{assignment.fence}/"
        live = [each for each in books.ledger.live.values() if each.name.startswith(prefix)]
        worst = books.costs.worst({"model": call.model, **_counted(call)})
        amounts = [each.amount for each in live]
        self._hold(amounts == [worst], f"{prefix} is called with {amounts} set aside, not {worst}")

    def _hold(self, truth: object, rule: str) -> None:
        """Note a broken rule: an agent that raises would only have failed."""
        if not truth:
            self.problems.append(Violation(rule))
            raise Crash

    def _note_clinging(self, run: str, fence: int) -> None:
        self.disk.inspector.books.clinging.add((run, fence))

    def _note_end(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not isinstance(error, Crash | Unavailable):
            self.problems.append(error)

    def _note_problem(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Record errors that no caller sees, as in a timer."""
        error = context.get("exception")
        if not isinstance(error, Crash | Unavailable):
            self.problems.append(error or Violation(str(context["message"])))

    def log(self) -> list[Recorded]:
        """Return the whole log."""
        return self.disk.everything()


def _fates(dice: Random) -> dict[int, Fate]:
    fates: tuple[Fate, ...] = ("lost", "kept", "kept", "lost", "refused")
    if dice.random() < 0.05:
        often = range(dice.randint(6, 20), 60, dice.randint(2, 5))
        return dict.fromkeys(often, fates[1])
    return {
        dice.randint(1, dice.choice((20, 60, 200))): dice.choice(fates)
        for _ in range(dice.randint(0, CRASHES_MAX))
    }


def _counted(call: Spending) -> dict[str, int]:
    return {"input_tokens": call.input_tokens, "output_tokens": call.output_tokens}


def _look_away(task: "asyncio.Task[object]") -> None:
    """Retrieve the result of a buried task, so that asyncio does not warn of it."""
    if not task.cancelled():
        task.exception()
