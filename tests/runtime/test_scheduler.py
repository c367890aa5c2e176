"""The loop that follows the clock wakes in time, rests otherwise, and outlives what breaks."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.schedule.commands import AddSchedule, PauseSchedule, ResumeSchedule
from missioncontrol.domain.schedule.events import Policy, SlotFired, SlotSkipped
from missioncontrol.runtime.scheduler import RECHECK_SECONDS, REST_SECONDS, Scheduler
from missioncontrol.testing.simulation.world import Deadlock, JumpingLoop, LoopClock
from tests.application.scheduling import HOURLY, Home

HOUR = 3600.0


class Workshop:
    """A home with a scheduler at work, in a world whose time jumps."""

    def __init__(self) -> None:
        self.loop = JumpingLoop()
        self.home = Home()
        self.ahead = 0.0
        self.clock = LoopClock(self.loop)
        self.began = self.clock.now()
        self.home.clock = self  # type: ignore[assignment]
        self.home.start()
        self.broken: list[tuple[str, Exception]] = []
        self.tended: list[float] = []

    def now(self) -> float:
        return self.clock.now() + self.ahead

    def report(self, name: str, error: Exception) -> None:
        self.broken.append((name, error))

    async def begin(self) -> Scheduler:
        scheduler = Scheduler(self.home.schedules, self, report=self.report)
        await scheduler.start()
        return scheduler

    async def add(self, name: str = "nightly", cron: str = HOURLY, **policy: Any) -> None:
        wanted = AddSchedule(name, name, cron, policy=Policy(**policy))
        await self.home.schedules.add(wanted, actor="user:alice")

    async def fired(self, name: str = "nightly") -> list[tuple[float, float]]:
        """Each slot that fired, in seconds since the beginning, and how late."""
        await self.home.journal.commit()
        return [
            (event.slot - self.began, event.late_seconds)
            for event in await self.home.events(name)
            if isinstance(event, SlotFired)
        ]

    def live(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self.loop.run_until_complete(work)
        finally:
            self.loop.close()


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


def test_slots_fire_in_time_for_as_long_as_the_loop_works(workshop: Workshop) -> None:
    async def work() -> None:
        scheduler = await workshop.begin()
        await workshop.add(overlap="allow")
        await asyncio.sleep(24 * HOUR)
        await scheduler.stop()
        fired = await workshop.fired()
        first = fired[0][0]
        assert [slot for slot, _ in fired] == [first + number * HOUR for number in range(24)]
        assert max(late for _, late in fired) < 0.01
        await asyncio.sleep(5 * HOUR)
        assert len(await workshop.fired()) == 24

    workshop.live(work())


def test_without_schedules_nothing_ever_wakes_it(workshop: Workshop) -> None:
    async def work() -> None:
        scheduler = await workshop.begin()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await scheduler.stop()

    with pytest.raises(Deadlock):
        workshop.loop.run_until_complete(work())
    workshop.live(_end_all())


async def _end_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_a_pause_lets_it_sleep_and_the_end_of_it_wakes_it(workshop: Workshop) -> None:
    async def work() -> None:
        scheduler = await workshop.begin()
        await workshop.add(overlap="allow")
        await workshop.home.schedules.steer(PauseSchedule("nightly"), actor="user:bob")
        await asyncio.sleep(10 * HOUR)
        assert await workshop.fired() == []
        await workshop.home.schedules.steer(ResumeSchedule("nightly"), actor="user:bob")
        await asyncio.sleep(2 * HOUR)
        assert len(await workshop.fired()) == 2
        await scheduler.stop()

    workshop.live(work())


def test_the_end_of_a_run_starts_the_slot_that_waited_for_it_at_once(workshop: Workshop) -> None:
    async def work() -> None:
        scheduler = await workshop.begin()
        await workshop.add(overlap="queue")
        await asyncio.sleep(2.2 * HOUR)
        assert workshop.home.active() == ("run-1",)
        workshop.home.settle("run-1")
        await asyncio.sleep(0.1)
        assert workshop.home.active() == ("run-2",)
        await scheduler.stop()

    workshop.live(work())


@pytest.mark.parametrize("hours", [0.4, 30.0])
def test_a_clock_that_jumps_ahead_is_noticed_soon(workshop: Workshop, hours: float) -> None:
    async def work() -> None:
        await workshop.add(misfire="latest")
        scheduler = await workshop.begin()
        due = workshop.home.schedules.agenda["nightly"]
        await asyncio.sleep(due - workshop.now() - 0.2 * HOUR)  # The machine goes to sleep now.
        workshop.ahead += hours * HOUR
        await asyncio.sleep(RECHECK_SECONDS + 1)
        assert len(await workshop.fired()) == 1
        skipped = [e for e in await workshop.home.events() if isinstance(e, SlotSkipped)]
        assert len(skipped) == (0 if hours < 1 else 29)
        await scheduler.stop()

    workshop.live(work())


def test_a_clock_that_is_set_back_only_waits_longer(workshop: Workshop) -> None:
    async def work() -> None:
        await workshop.add(overlap="allow")
        scheduler = await workshop.begin()
        await asyncio.sleep(3 * HOUR)
        workshop.ahead -= 2 * HOUR
        await asyncio.sleep(1.9 * HOUR)
        assert len(await workshop.fired()) == 3
        await asyncio.sleep(1.1 * HOUR)
        assert len(await workshop.fired()) == 4
        await scheduler.stop()

    workshop.live(work())


def test_a_schedule_that_breaks_rests_and_keeps_no_other_from_its_slots(
    workshop: Workshop,
) -> None:
    async def work() -> None:
        await workshop.add("broken", misfire="latest")
        await workshop.add(overlap="allow")
        workshop.home.workflows.broken.add("broken")
        scheduler = await workshop.begin()
        await asyncio.sleep(HOUR)
        assert len(await workshop.fired()) == 1
        names = {name for name, _ in workshop.broken}
        assert names == {"broken"}
        assert 1 <= len(workshop.broken) <= HOUR / REST_SECONDS + 1
        workshop.home.workflows.broken.clear()
        await asyncio.sleep(REST_SECONDS + 1)
        assert len(await workshop.fired("broken")) == 1
        await scheduler.stop()

    workshop.live(work())


def test_nothing_is_started_any_more_once_the_log_can_not_be_written(workshop: Workshop) -> None:
    async def work() -> None:
        await workshop.add(overlap="allow")
        scheduler = await workshop.begin()
        workshop.home.journal.fail(Unavailable("log.unwritable", "The disk is full."))
        await asyncio.sleep(5 * HOUR)
        assert workshop.home.count == [0]
        await scheduler.stop()

    workshop.live(work())


def test_many_schedules_are_tended_by_one_sleep_each(workshop: Workshop) -> None:
    async def work() -> None:
        for number in range(100):
            await workshop.add(f"s{number}", jitter_seconds=600.0)
        scheduler = await workshop.begin()
        await asyncio.sleep(1.2 * HOUR)
        for number in range(100):
            ((_, late),) = await workshop.fired(f"s{number}")
            assert late < 0.1
        await scheduler.stop()
        await scheduler.stop()

    workshop.live(work())
