"""A home that starts runs by the clock, and can lose everything that is not on disk."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.journal import Journal
from missioncontrol.application.schedules import Ending, Schedules, stream_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.register import Event, decode
from missioncontrol.domain.run.commands import (
    CancelRun,
    CreateRun,
    ReportFailure,
    ReportSuccess,
    StartSteps,
)
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.schedule.commands import AddSchedule
from missioncontrol.domain.schedule.events import Outcome, Policy
from missioncontrol.domain.schedule.states import Schedule
from missioncontrol.domain.step import Step
from tests.application.parts import StandingClock

NOON = 1_790_078_400.0
"""Tuesday 22 September 2026, 12:00 UTC."""

HOURLY = "0 * * * *"


def hour(number: float) -> float:
    """So many hours after noon."""
    return NOON + number * 3600


class Workflows:
    """Starts runs of one step, of every workflow but those that are missing."""

    def __init__(self, journal: Journal, count: list[int]) -> None:
        self.journal = journal
        self.count = count  # shared by all lives of a home, so that no run comes twice
        self.missing: set[str] = set()
        self.broken: set[str] = set()  # those at which our own code breaks
        self.stop = ""
        self.refusal = ""
        self.preparing: asyncio.Event | None = None  # holds `prepare` up until it is set
        self.ends_at_once: Schedules[str] | None = None
        self.authors: dict[str, str] = {}

    def may_start(self) -> str:
        return self.stop

    async def prepare(self, workflow: str, version: int | None, inputs: Mapping[str, Any]) -> str:
        await asyncio.sleep(0)
        if self.preparing is not None:
            await self.preparing.wait()
        if workflow in self.broken:
            raise ZeroDivisionError
        if workflow in self.missing:
            raise NotFound("workflow.unknown", f"There is no workflow {workflow!r}.")
        return f"{workflow}@{version or 'newest'}"

    def begin(
        self, prepared: str, *, schedule: str, slot: float, actor: str, on_behalf: str = ""
    ) -> str:
        if self.refusal:
            raise Rejected("budget.exceeded", self.refusal)
        self.count[0] += 1
        run = f"run-{self.count[0]}"
        create = CreateRun(
            run, prepared, (Step("a", "hand"),), 1, inputs={"schedule": schedule, "slot": slot}
        )
        self.journal.handle_run(run, create, actor=actor, on_behalf=on_behalf)
        self.authors[run] = actor
        if self.ends_at_once is not None:
            self.journal.handle_run(run, CancelRun("Nothing to do."))
            self.ends_at_once.run_settled(run, schedule, "cancelled", slot)
        return run

    def cancel(self, run: str, reason: str) -> None:
        self.journal.handle_run(run, CancelRun(reason))

    async def ended(self, run: str) -> Ending | None:
        state = await self.journal.load_run(run)
        if state.outcome is None or state.settled_at is None:
            return None
        return Ending(state.outcome, state.settled_at)


class Home:
    """A persistent log, and the parts over it, which are created again at every start."""

    def __init__(self) -> None:
        self.store = MemoryEventStore()
        self.clock = StandingClock()
        self.clock.time = NOON
        self.count = [0]
        self.start()

    def start(self) -> None:
        """Begin a life with what is in the log; whatever was not committed is gone."""
        self.journal = Journal(self.store, self.clock)
        self.workflows = Workflows(self.journal, self.count)
        self.schedules = Schedules(self.journal, CronCalendar(), self.workflows)

    async def restart(self, *names: str) -> None:
        self.start()
        await self.schedules.open(names or ("nightly",))
        for run in {run for name in names or ("nightly",) for run in self.active(name)}:
            await self.journal.load_run(run)

    async def restart_after_commit(self, *names: str) -> None:
        await self.journal.commit()
        await self.restart(*names)

    async def add(
        self, policy: Policy | None = None, cron: str = HOURLY, name: str = "nightly"
    ) -> Schedule:
        wanted = AddSchedule(name, "audit", cron, policy=policy or Policy())
        await self.schedules.add(wanted, actor="user:alice")
        added = self.schedules.get(name)
        assert added is not None
        return added

    async def pass_to(self, moment: float) -> None:
        """Set the clock to `moment`, tend what is due, and make it durable."""
        self.clock.time = moment
        await self.tend()

    async def tend(self) -> None:
        now = self.clock.time
        for name in [name for name, at in self.schedules.agenda.items() if at <= now]:
            await self.schedules.tend(name)
        await self.journal.commit()

    def settle(self, run: str, outcome: Outcome = "succeeded", schedule: str = "nightly") -> None:
        """End a run, and notify its schedule in the same transaction."""
        journal = self.journal
        if (already := journal.runs[run].outcome) is not None:  # Cancelled for a newer slot.
            outcome = already
        elif outcome == "cancelled":
            journal.handle_run(run, CancelRun("Enough."))
        else:
            journal.handle_run(run, StartSteps(("a",)))
            fence = journal.runs[run].fence
            failure = Failure("x", "It broke.", retryable=False)
            journal.handle_run(
                run,
                ReportSuccess("a", fence)
                if outcome == "succeeded"
                else ReportFailure("a", fence, failure),
            )
        self.schedules.run_settled(run, schedule, outcome, journal.clock.now())

    def active(self, name: str = "nightly") -> tuple[str, ...]:
        schedule = self.schedules.get(name)
        return schedule.active if schedule is not None else ()

    async def events(self, name: str = "nightly") -> list[Event]:
        """What the log says about a schedule."""
        rows = await self.store.read_stream(stream_of(name), limit=1_000_000)
        return [decode(row.type, row.schema, row.body) for row in rows]

    async def runs(self) -> list[str]:
        """Every run that was created, in order."""
        log = await self.store.read(limit=1_000_000)
        return [row.stream for row in log if row.type == "run_created"]


def story(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` on an event loop of its own."""
    asyncio.run(work)
