"""What the people of a simulated world do: begin and end runs, decide, pay, and stop everything."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from random import Random
from typing import Any, Literal

import msgspec

from missioncontrol.application.asks import (
    BeginRun,
    CancelRun,
    ChangeLimit,
    ForkRun,
    ResumeRun,
    RetryRun,
    SaveWorkflow,
    StartAll,
    StopAll,
)
from missioncontrol.application.budgets import CapChange
from missioncontrol.domain.budget.balances import Standing
from missioncontrol.domain.budget.scopes import Kind, Period, Scope
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.operation import Stage
from missioncontrol.domain.price_list import SetPrice
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.schedule.commands import (
    AddSchedule,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    StartByHand,
)
from missioncontrol.domain.schedule.events import Misfire, Policy
from missioncontrol.domain.work import Usage, Work
from missioncontrol.testing.simulation.approvers import Approvers
from missioncontrol.testing.simulation.drawing import ROOT, Data, text_of
from missioncontrol.testing.simulation.engine_setup import SimulatedEngine
from missioncontrol.testing.simulation.prices import CHATTY, MYSTERY, STEADY
from missioncontrol.testing.simulation.rules import hold
from missioncontrol.testing.simulation.rules.runs import RunBook
from missioncontrol.testing.simulation.script import ALIAS

# Reports that come twice or long after the fact, as from a network that doubles messages.


async def echo(house: SimulatedEngine, dice: Random) -> None:
    """Report once more for an attempt of the past."""
    known = _past(house, dice)
    if not known:
        return
    run, fence = dice.choice(known)
    step = run.attempts[fence]
    try:
        state = await house.journal.load_run(run.id)
        holder = state.working.get(step)
        if holder is None or holder.fence != fence:
            kind = _report(house, dice, run.id, step, fence)
            await house.journal.durable()
            hold((fence, kind) in run.refused, f"a late {kind} of {step} is refused and recorded")
    except MissionControlError:
        return
    finally:
        if run.id in house.journal.runs and house.journal.runs[run.id].is_settled:
            house.journal.forget(run.id)


def _past(house: SimulatedEngine, dice: Random) -> list[tuple[RunBook, int]]:
    """Return attempts that have ended; often those whose step is worked on once more just now."""
    books = house.disk.inspector.books
    ended = [
        (run, fence)
        for run in books.runs.values()
        for fence, step in run.attempts.items()
        if run.working.get(step) != fence
    ]
    again = [(run, fence) for run, fence in ended if run.attempts[fence] in run.working]
    return again if again and dice.random() < 0.7 else ended


def _report(house: SimulatedEngine, dice: Random, run: str, step: str, fence: int) -> str:
    """Report something, and return what."""
    execution = house.execution
    kind = dice.choice(("success", "success", "failure", "cancelled", "usage"))
    match kind:
        case "success":
            execution.success(run, step, fence, Work(summary="an echo", output={"n": 9}))
        case "failure":
            execution.failure(run, step, fence, Failure("scripted", "An echo."))
        case "cancelled":
            execution.cancelled(run, step, fence)
        case _:
            execution.usage(run, step, fence, Usage(10, 0, 10, 0, None), STEADY)
    return kind


BOSS, OPERATOR = "boss", "operator"
AUTHORS = ("erin", "erin", "erin", "alice")
RUNS_MAX = 12
MINUTES_MAX = 600
"""Until everything has to have ended once everybody wants it to."""

Limited = Literal["agent", "actor", "workspace"]
STEERING = {"pause": PauseSchedule, "resume": ResumeSchedule, "remove": RemoveSchedule}

PLENTY = 10**12
UNITS = ("cost", "tokens")
SPENDERS: tuple[tuple[Kind, str], ...] = (
    ("workspace", ""),
    ("workflow", ROOT),
    ("agent", "metered"),
    ("agent", "caller"),
    ("agent", "stranger"),
    ("model", STEADY),
    ("model", ALIAS),
    ("model", CHATTY),
    ("model", MYSTERY),
    ("run", ""),
)


class People:
    """Everybody who asks for something. They outlive engines and ask the one that there is."""

    def __init__(
        self, dice: Random, words: frozenset[str], files: list[Data], spare: list[Data]
    ) -> None:
        """`files` are the workflows that they save first, and `spare` versions that come later.

        `words` says what they may do.
        """
        self.dice = dice
        self.spare = spare
        self.words = words
        self.approvers = Approvers(dice)
        self.wishes: list[tuple[Any, str]] = [
            (SaveWorkflow(text_of(file), f"{file['name']}.json"), "erin") for file in files
        ]
        if "money" in words:
            self.wishes += [(self._cap(), BOSS) for _ in range(dice.choice((0, 0, 1, 2)))]
        self.wishes += [self._begin() for _ in range(dice.randint(1, 3))]
        if "schedules" in words:
            names = ("often", "seldom")[: dice.choice((1, 2))]
            self.wishes += [self._schedule(name) for name in names]
        self._helped: set[str] = set()
        self.stops = dice.choice((1, 1, 2)) if "stop" in words else 0
        self.patience = dice.choice((0, 40))  # looks until an agent clings

    def at_work(self, house: SimulatedEngine) -> list[Coroutine[Any, Any, None]]:
        """Return what they do while an engine lives, until it is cancelled."""
        return [
            self._send_requests(house),
            self._wander(house),
            self._decide(house),
            self._operate(house),
        ]

    async def _send_requests(self, house: SimulatedEngine) -> None:
        """Ask for all that was wanted from the beginning; what a crash swallowed is asked again."""
        while self.wishes:
            what, actor = self.wishes[0]
            answer = await house.ask(what, actor)
            if not house.journal.is_open:
                return
            refused = isinstance(what, SaveWorkflow) and isinstance(answer, Exception)
            hold(not refused, f"what was drawn is refused: {answer}")
            self.wishes.pop(0)
            await asyncio.sleep(self.dice.choice((0.0, 0.0, 1.0)))

    async def _decide(self, house: SimulatedEngine) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(1.0, 120.0))
            await self.approvers.look(house)

    # What they ask for.

    def _begin(self) -> tuple[Any, str]:
        inputs: Data = {}
        if self.dice.random() < 0.5:
            inputs = {"tag": self.dice.choice("ab"), "size": self.dice.randint(0, 5)}
        return BeginRun(ROOT, inputs=inputs), self.dice.choice(AUTHORS)

    def _cap(self) -> CapChange:
        kind, name = self.dice.choice(SPENDERS)
        is_default = (kind, name) == ("run", "")
        period: Period = "total" if is_default else self.dice.choice(("total", "day", "month"))
        reason = "They have to." if self.dice.random() < 0.95 else " "
        amounts = {
            "cost": self.dice.choice((0, 15_000, 60_000, 400_000, 5_000_000, None)),
            "tokens": self.dice.choice((0, 2_000, 9_000, 60_000, 5_000_000, None)),
        }
        units = self.dice.choice((("cost",), ("tokens",), ("tokens",), UNITS))
        change = CapChange(Scope(kind, name), reason, period)
        return msgspec.structs.replace(change, **{unit: amounts[unit] for unit in units})

    def _schedule(self, name: str) -> tuple[Any, str]:
        misfire: Misfire = self.dice.choice(("skip", "latest", "all"))
        policy = Policy(
            misfire,
            catch_up=self.dice.choice((1, 3)) if misfire == "all" else 0,
            window_seconds=0.0 if misfire == "skip" else self.dice.choice((0.0, 1800.0)),
            overlap=self.dice.choice(("skip", "queue", "cancel", "allow")),
            jitter_seconds=self.dice.choice((0.0, 0.0, 20.0)),
        )
        cron = self.dice.choice(("*/5 * * * *", "*/10 * * * *", "*/2 * * * *"))
        add = AddSchedule(name, ROOT, cron, policy=policy, reason="It is to be done.")
        return add, self.dice.choice(AUTHORS)

    # What comes to their minds.

    async def _wander(self, house: SimulatedEngine) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(0.1, 40.0))
            if self.dice.random() < 0.1:
                await house.disk.in_the_middle()
            if self.dice.random() < 0.4:
                await echo(house, self.dice)
                continue
            ask = self._idea(house)
            if ask is not None:
                await house.ask(*ask)

    def _idea(self, house: SimulatedEngine) -> tuple[Any, str] | None:
        """Return a command of a person for now, and who sends it."""
        books = house.disk.inspector.books
        going = [name for name, run in books.runs.items() if not run.outcome]
        ended = [name for name, run in books.runs.items() if run.outcome]
        ideas: list[tuple[Any, str]] = []
        if going:
            run = self.dice.choice(going)
            if self.dice.random() < 0.5:
                run = max(going, key=lambda name: len(books.runs[name].working))
            ideas += [(ResumeRun(run), BOSS)] if books.runs[run].halted else []
            if self.dice.random() < 0.15 * (1 + len(books.runs[run].working)):
                ideas.append((CancelRun(run, "A user asked."), self.dice.choice(AUTHORS)))
        if "repeats" in self.words and ended and len(books.runs) < RUNS_MAX:
            old = self.dice.choice(ended if self.dice.random() < 0.9 else [*ended, *going])
            ideas.append((self._again(house, old), self.dice.choice(AUTHORS)))
        if len(books.runs) < RUNS_MAX and self.dice.random() < 0.1:
            ideas.append(self._begin())
        if self.spare and self.dice.random() < 0.1:
            ideas.append((SaveWorkflow(text_of(self.spare.pop()), "drawn.json"), "erin"))
        for word, idea in (
            ("money", self._about_money),
            ("limits", self._about_limits),
            ("schedules", self._about_schedules),
        ):
            if word in self.words and self.dice.random() < 0.4:
                ideas.append(idea(house))
        return self.dice.choice(ideas) if ideas else None

    def _again(self, house: SimulatedEngine, run: str) -> Any:
        steps = house.disk.inspector.books.runs[run].steps
        step = self.dice.choice(sorted(steps))
        if self.dice.random() < 0.5:
            return RetryRun(run, self.dice.choice(("", step)))
        inputs: Data = {} if self.dice.random() < 0.4 else {"size": self.dice.randint(0, 5)}
        return ForkRun(run, step, inputs)

    def _about_money(self, house: SimulatedEngine) -> tuple[Any, str]:
        caps = house.budgets.caps()
        if self.dice.random() < 0.3:
            return self._price(), BOSS
        if caps and self.dice.random() < 0.5:
            return self._raised(self.dice.choice(caps), self.dice.choice((2, 10))), BOSS
        return self._cap(), BOSS

    def _price(self) -> SetPrice:
        return SetPrice(
            MYSTERY,
            Decimal(self.dice.choice(("1", "2.5"))),
            Decimal(self.dice.choice(("4", "10"))),
            "The invoice says so.",
        )

    def _raised(self, cap: Standing, times: int) -> CapChange:
        assert cap.limit is not None, "what is raised is a cap"
        amount = cap.limit.amount
        raised = {
            unit: min(getattr(amount, unit) * times + 1000, PLENTY)
            for unit in UNITS
            if getattr(amount, unit) is not None
        }
        return CapChange(cap.scope, "It is worth more.", cap.period, **raised)

    def _about_limits(self, _: SimulatedEngine) -> tuple[Any, str]:
        limited: tuple[tuple[Limited, str], ...] = (
            ("agent", "worker"),
            ("agent", "metered"),
            ("workspace", ""),
            ("actor", "erin"),
        )
        kind, name = self.dice.choice(limited)
        starts = self.dice.choice((None, 1, 2, 5))
        seconds = self.dice.choice((5.0, 60.0))
        return ChangeLimit(kind, name, "Not so fast.", starts, seconds), OPERATOR

    def _about_schedules(self, house: SimulatedEngine) -> tuple[Any, str]:
        names = [name.removeprefix("schedule-") for name in house.disk.inspector.books.schedules]
        if not names:
            return self._schedule("often")
        verb = self.dice.choice(("pause", "resume", "resume", "run", "run", "remove", "add"))
        name = self.dice.choice(names)
        if verb == "add":
            return self._schedule(name)
        forced = self.dice.random() < 0.3
        author, reason = self.dice.choice(AUTHORS), "A user asked."
        if verb == "run":
            return StartByHand(name, reason, forced), author
        return STEERING[verb](name, reason), author

    # When it gets dangerous.

    async def _operate(self, house: SimulatedEngine) -> None:
        """Stop everything in the middle of it, and come back in stages."""
        if house.operations.present.stage != "all":
            await self._come_back(house)
        while self.stops:
            await asyncio.sleep(self.dice.uniform(0.5, 30.0))
            if self._is_dangerous(house):
                await asyncio.sleep(self.dice.choice((0.0, 0.1, 2.0)))
                if self.dice.random() < 0.5:
                    await house.disk.in_the_middle()
                self.stops -= 1
                await house.ask(StopAll("It does harm."), OPERATOR)
                if self.dice.random() < 0.3:
                    house.disk.is_doomed = True
                await self._come_back(house)

    def _is_dangerous(self, house: SimulatedEngine) -> bool:
        """Whether it is a good moment for a stop: amid much, or amid something stubborn."""
        books = house.disk.inspector.books
        at_work = [(run.id, fence) for run, _, fence in books.working()]
        if self.patience > 0 and not books.clinging.intersection(at_work):
            self.patience -= 1
            return False
        return len(at_work) >= self.dice.choice((0, 1, 2))

    async def _come_back(self, house: SimulatedEngine) -> None:
        stages: list[Stage] = ["drain", "paused"]
        self.dice.shuffle(stages)
        for stage in [*stages[: self.dice.choice((0, 1, 2))], "all"]:
            await asyncio.sleep(self.dice.choice((0.0, 0.5, 5.0, 20.0, 200.0)))
            await house.ask(StartAll(stage, "It is looked after."), OPERATOR)

    # When everybody wants to go home.

    async def wind_up(
        self, house: SimulatedEngine, *others: Callable[[SimulatedEngine], Awaitable[None]]
    ) -> None:
        """Take away whatever is in the way, and wait until every run has ended.

        `others` look after what else may be in the way, once a minute.

        Raises:
            Violation: a run does not end although nothing is in its way.
        """
        self.approvers.is_late = True
        await house.ask(StartAll("all", "The day is over."), OPERATOR)
        for kind, name in list(house.operations.present.limits):
            limit: Any = kind
            await house.ask(ChangeLimit(limit, name, "The day is over."), OPERATOR)
        for name in list(house.disk.inspector.books.schedules):
            remove = RemoveSchedule(name.removeprefix("schedule-"), "The day is over.")
            await house.ask(remove, OPERATOR)
        for _ in range(MINUTES_MAX):
            await self._pay(house)
            await self.approvers.look(house)
            for look in others:
                await look(house)
            await asyncio.sleep(60.0)
            runs = house.disk.inspector.books.runs.values()
            left = [run for run in runs if not run.outcome]
            if not left:
                return
        states = {run.id: (run.halted, run.state) for run in left}
        hold(False, f"runs never end: {states}")

    async def _pay(self, house: SimulatedEngine) -> None:
        """Raise every cap that holds something up, and take up what was halted."""
        halted = [r.id for r in house.disk.inspector.books.runs.values() if r.halted]
        if not halted:
            return
        await house.ask(self._price(), BOSS)
        for cap in house.budgets.caps():
            await house.ask(self._raised(cap, 100_000), BOSS)
        for run in halted:
            code = house.disk.inspector.books.runs[run].halted
            if run in self._helped and code.startswith("budget.unknown"):
                # What its workflow leaves open, a person can't supply.
                await house.ask(CancelRun(run, "Its needs are unknown."), BOSS)
            self._helped.add(run)
            await house.ask(ResumeRun(run), BOSS)
