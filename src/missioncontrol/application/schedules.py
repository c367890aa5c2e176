"""Schedules: slots that come due become runs, or events that say why not."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from missioncontrol.application.concept import Concept
from missioncontrol.application.due import come_due, next_due, passed_by
from missioncontrol.application.journal import ENGINE, Journal
from missioncontrol.application.operations import no_run_may_begin
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.schedule.commands import (
    AddSchedule,
    ByPeople,
    ChangeSchedule,
    Due,
    EndRun,
    PauseSchedule,
    RemoveSchedule,
    ResumeSchedule,
    ScheduleCommand,
    SkipSlot,
    Start,
    StartByHand,
    StartQueued,
    TakeSlots,
)
from missioncontrol.domain.schedule.decide import decide, refuse_by_hand, unknown_schedule
from missioncontrol.domain.schedule.events import (
    Outcome,
    ScheduleEvent,
    SlotQueued,
)
from missioncontrol.domain.schedule.evolve import evolve
from missioncontrol.domain.schedule.slots import fires
from missioncontrol.domain.schedule.states import Schedule
from missioncontrol.ports.calendar import Calendar

P = TypeVar("P")

SCHEDULES_MAX = 1_000
"""Schedules of one home that were not removed."""

BY_HAND = 0.0
"""The slot of a run that no clock asked for."""

PREFIX = "schedule-"


def stream_of(name: str) -> str:
    """Return the stream that holds the events of the schedule `name`."""
    return PREFIX + name


SCHEDULE: Concept[Schedule, ScheduleCommand, ScheduleEvent] = Concept(
    decide, evolve, lambda stream: unknown_schedule(stream.removeprefix(PREFIX))
)


class Ending(msgspec.Struct, frozen=True):
    """How a run ended, and when."""

    outcome: Outcome
    at: float  # seconds since the epoch


class Starter(Protocol[P]):
    """Creates runs of workflows."""

    def may_start(self) -> str:
        """Return why nothing may start here now, such as an emergency stop; empty where it may."""
        ...

    async def prepare(self, workflow: str, version: int | None, inputs: Mapping[str, Any]) -> P:
        """Load what a run of `workflow` takes and check `inputs`; nothing is created.

        Raises:
            MissionControlError: there is no such workflow or version, or `inputs` don't fit.
        """
        ...

    def begin(
        self, prepared: P, *, schedule: str, slot: float, actor: str, on_behalf: str = ""
    ) -> str:
        """Create the run by `tell`s alone and return its id.

        `slot` is 0 for a start by hand; `actor` is the author of the run, `on_behalf` of
        a person where an agent asked.

        Raises:
            MissionControlError: the run was refused, such as by a budget; nothing was recorded.
        """
        ...

    def cancel(self, run: str, reason: str) -> None:
        """Ask for the end of a run.

        Raises:
            MissionControlError: it has ended, or it is not at hand.
        """
        ...

    async def ended(self, run: str) -> Ending | None:
        """Return how `run` ended, from the log if need be; None while it has not."""
        ...


class Added(msgspec.Struct, frozen=True):
    """A schedule that was added."""

    name: str


class ScheduledRun(msgspec.Struct, frozen=True):
    """A run that was started by hand."""

    schedule: str
    run: str


class Schedules(Generic[P]):
    """The way in for people who want schedules, for the clock, and for runs that have ended."""

    def __init__(self, journal: Journal, calendar: Calendar, starter: Starter[P]) -> None:
        """Nothing is known before `open`."""
        self.agenda: dict[str, float] = {}
        """When each schedule wants `tend`, in seconds since the epoch; 0 is at once."""
        self._journal = journal
        self._calendar = calendar
        self._starter = starter
        self._names: set[str] = set()  # those that were not removed
        self._is_beginning = False
        self._early: list[tuple[str, str, Ending]] = []  # ended before they were written down
        self.changed: Callable[[], None] = lambda: None
        """Called whenever the agenda may hold something sooner than before."""

    @property
    def is_open(self) -> bool:
        """Whether what is decided can still become durable."""
        return self._journal.is_open

    async def open(self, names: Iterable[str]) -> None:
        """Load these schedules, and learn which of their runs ended without a report to us."""
        for name in names:
            schedule = await self._journal.find(SCHEDULE, stream_of(name))
            if schedule is None:
                continue
            for run in schedule.active:
                ending = await self._starter.ended(run)
                if ending is not None:
                    self._end(name, run, ending)
            self._plan(name)

    def get(self, name: str) -> Schedule | None:
        """Return a schedule that is at hand: each that was not removed."""
        found: Schedule | None = self._journal.others.get(stream_of(name))
        return found

    # What people ask for.

    async def add(self, command: AddSchedule, *, actor: str) -> Added:
        """Begin a schedule; its first slot is the first one from now on.

        Raises:
            Rejected: `schedule.exists`, `schedule.bad_…`, `schedule.never_fires`,
                `schedule.too_many`.
            MissionControlError: see `Starter.prepare`.
        """
        name = command.name
        if len(self._names) >= SCHEDULES_MAX and name not in self._names:
            raise Rejected(
                "schedule.too_many",
                f"There are {len(self._names):,} schedules already; at most {SCHEDULES_MAX:,} fit.",
                hint="Remove some.",
            )
        cron = self._calendar.check(command.cron, command.zone)
        await self._journal.find(SCHEDULE, stream_of(name))
        await self._starter.prepare(command.workflow, command.version, command.inputs)
        self._change(replace(command, cron=cron, author=actor), actor)
        return Added(name)

    async def change(self, command: ChangeSchedule, *, actor: str) -> None:
        """Make a schedule start something else or at other times, in the name of the caller.

        Raises:
            NotFound: `schedule.unknown`.
            Rejected: `schedule.removed`, `schedule.bad_…`, `schedule.never_fires`.
            MissionControlError: see `Starter.prepare`.
        """
        cron = self._calendar.check(command.cron, command.zone)
        await self._load(command.name)
        await self._starter.prepare(command.workflow, command.version, command.inputs)
        due = self._passed(await self._load(command.name))
        self._change(replace(command, cron=cron, author=actor, due=due), actor)

    async def skip(self, command: SkipSlot, *, actor: str) -> None:
        """Skip the next slot without a run; `slot` is the one that the caller has seen.

        Raises:
            NotFound: `schedule.unknown`.
            Rejected: `schedule.removed`, `schedule.not_active`, `schedule.answered`, and
                `schedule.bad_slot`, where another one comes next.
        """
        schedule, slot = await self._load(command.name), command.slot
        following = self._calendar.after(schedule.cron, schedule.zone, schedule.answered)
        if schedule.is_active and slot > schedule.answered and slot != following:
            raise Rejected(
                "schedule.bad_slot",
                f"{slot:.0f} is not the next slot of schedule {command.name!r}.",
                hint="Only the next one can be skipped; pause the schedule for more.",
            )
        self._change(command, actor)

    async def steer(
        self, command: PauseSchedule | ResumeSchedule | RemoveSchedule, *, actor: str
    ) -> None:
        """Pause a schedule, resume it from now on, or end it.

        A pause drops what waits for its turn, and slots of a pause never fire, whatever the policy.
        Runs go on, and what a schedule did stays readable.

        Raises:
            NotFound: `schedule.unknown`.
            Rejected: `schedule.removed`, `schedule.bad_reason`.
        """
        due = self._passed(await self._load(command.name))
        self._change(replace(command, due=due), actor)

    async def run(self, command: StartByHand, *, actor: str) -> ScheduledRun:
        """Start a run now, also while the schedule is paused, and return its id.

        A run that has not ended refuses it, unless the schedule allows overlaps or `force` is
        set: by hand, nothing is queued or cancelled without a request for it.

        Raises:
            NotFound: `schedule.unknown`.
            Rejected: `schedule.removed`, `schedule.busy`, `schedule.bad_reason`.
            Unavailable: `operation.stopped`.
            MissionControlError: see `Starter`.
        """
        name = command.name
        schedule = await self._load(name)
        refuse_by_hand(schedule, force=command.force)
        prepared = await self._starter.prepare(schedule.workflow, schedule.version, schedule.inputs)
        # The world went on meanwhile.
        schedule = await self._load(name)
        # What would be refused once the run is there is refused before.
        decide(command, schedule, self._journal.clock.now())
        if why := self._starter.may_start():
            raise no_run_may_begin(why)
        run = self._begin(prepared, schedule, BY_HAND, actor, command.on_behalf)
        self._handle(name, replace(command, run=run), actor)
        self._handle_early()
        return ScheduledRun(name, run)

    # What the clock brings.

    async def tend(self, name: str) -> None:
        """Answer all slots of a schedule that are due, and start one that waited, if it may."""
        while await self._take(name) or await self._drain(name):
            pass
        self._plan(name)

    async def _take(self, name: str) -> bool:
        """Answer what is due up to the first slot that fires; return whether there was any."""
        schedule = self.get(name)
        if schedule is None or not schedule.is_active:
            return False
        due = self._due(schedule)
        if not due.slots:
            return False
        start, slot = Start(stopped=self._starter.may_start()), fires(schedule, due)
        if slot is not None:
            begin = await self._prepared(schedule)
            # The world went on meanwhile, and the slot may need another answer now.
            due = self._due(schedule)
            if self.get(name) is not schedule or fires(schedule, due) != slot:
                return True
            start = begin(slot)
        events = self._handle(name, TakeSlots(due, start), ENGINE)
        self._handle_early()
        if any(isinstance(event, SlotQueued) and event.why == "cancel" for event in events):
            self._cancel(schedule)
        return True

    async def _drain(self, name: str) -> bool:
        """Start the slot whose turn it is; return whether there was one."""
        schedule = self.get(name)
        queued = schedule.next_in_queue if schedule is not None else None
        if schedule is None or queued is None:
            return False
        begin = await self._prepared(schedule)
        if self.get(name) is schedule and schedule.next_in_queue == queued:
            self._handle(name, StartQueued(queued.slot, begin(queued.slot)), ENGINE)
            self._handle_early()
        return True

    async def _prepared(self, schedule: Schedule) -> Callable[[float], Start]:
        """Load what a run takes, and return what creates it for a slot, or says why it can't."""
        if stopped := self._starter.may_start():
            return lambda _: Start(stopped=stopped)
        try:
            prepared = await self._starter.prepare(
                schedule.workflow, schedule.version, schedule.inputs
            )
        except MissionControlError as error:
            refusal = str(error)
            return lambda _: Start(refusal=refusal)
        return lambda slot: self._start(prepared, schedule, slot)

    def _start(self, prepared: P, schedule: Schedule, slot: float) -> Start:
        if stopped := self._starter.may_start():
            return Start(stopped=stopped)
        try:
            return Start(self._begin(prepared, schedule, slot, schedule.author))
        except MissionControlError as error:
            return Start(refusal=str(error))

    def _cancel(self, schedule: Schedule) -> None:
        reason = f"Schedule {schedule.name!r} starts a newer run, and allows only one."
        for run in schedule.active:
            try:
                self._starter.cancel(run, reason)
            except MissionControlError:
                continue  # It has ended by itself, and will be reported.

    def _due(self, schedule: Schedule) -> Due:
        return come_due(self._calendar, schedule, self._journal.clock.now())

    def _passed(self, schedule: Schedule) -> Due:
        return passed_by(self._calendar, schedule, self._journal.clock.now())

    # What runs bring.

    def run_settled(self, run: str, schedule: str, outcome: Outcome, at: float) -> None:
        """Take note that a run of a schedule has ended, in the transaction in which it did.

        A schedule that is not at hand learns it when it is opened.
        """
        ending = Ending(outcome, at)
        if self._is_beginning:  # It may be this very run, which is not recorded yet.
            self._early.append((schedule, run, ending))
        else:
            self._end(schedule, run, ending)

    def _handle_early(self) -> None:
        early, self._early = self._early, []
        for name, run, ending in early:
            self._end(name, run, ending)

    def _end(self, name: str, run: str, ending: Ending) -> None:
        schedule = self.get(name)
        if schedule is None:
            return
        if self._handle(name, EndRun(run, ending.outcome, ending.at), ENGINE):
            self._plan(name)

    # The agenda.

    def _change(self, command: ByPeople, actor: str) -> None:
        """Handle what a person asks for, and plan when the schedule is due."""
        self._handle(command.name, command, actor)
        self._plan(command.name)

    def _plan(self, name: str) -> None:
        """Plan when the schedule is due next, and unload one that is over."""
        schedule = self.get(name)
        self.agenda.pop(name, None)
        if schedule is None:
            return
        if schedule.is_removed:
            self._names.discard(name)
            if not schedule.active:
                self._journal.forget(stream_of(name))
            return
        self._names.add(name)
        if schedule.next_in_queue is not None:
            self.agenda[name] = 0.0
        elif schedule.is_active and (due := next_due(self._calendar, schedule)) is not None:
            self.agenda[name] = due
        self.changed()

    # Small steps.

    def _begin(
        self, prepared: P, schedule: Schedule, slot: float, actor: str, on_behalf: str = ""
    ) -> str:
        self._is_beginning = True
        try:
            return self._starter.begin(
                prepared, schedule=schedule.name, slot=slot, actor=actor, on_behalf=on_behalf
            )
        except MissionControlError:
            self._handle_early()
            raise
        finally:
            self._is_beginning = False

    def _handle(self, name: str, command: ScheduleCommand, actor: str) -> list[Any]:
        schedule = self.get(name)
        on_behalf = schedule.author if schedule is not None and actor == ENGINE else ""
        return self._journal.tell(
            SCHEDULE, stream_of(name), command, actor=actor, on_behalf=on_behalf
        )

    async def _load(self, name: str) -> Schedule:
        return await self._journal.load(SCHEDULE, stream_of(name))
