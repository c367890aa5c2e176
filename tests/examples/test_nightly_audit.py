"""A schedule audits every night, and a night with new grave findings fails."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.app import container
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.schedule.commands import AddSchedule
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.domain.schedule.states import Schedule
from missioncontrol.operations.schedule import ADD
from tests.cli.command import repository
from tests.examples.shop import ALICE, SCRIPTS, Shop, failure, live, output

UNSAFE = "\n\ndef load(path):\n    import yaml\n\n    return yaml.load(open(path))\n"
NIGHTLY = "30 2 * * *"


class NightClock(SystemClock):
    """The time of day, as far ahead as a test sets it."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + NightClock.ahead


def until_half_past_two(now: float) -> float:
    """Seconds from `now` to the next 02:30 UTC."""
    here = dt.datetime.fromtimestamp(now, dt.UTC)
    slot = here.replace(hour=2, minute=30, second=0, microsecond=0)
    return (slot - here).total_seconds() % 86_400.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "SystemClock", NightClock)
    monkeypatch.setattr(NightClock, "ahead", 0.0)


async def night(shop: Shop) -> Run:
    """Set the time to just before the slot, and wait for the run that it begins."""
    held = shop.held
    NightClock.ahead += until_half_past_two(held.clock.now()) - 0.3
    held.schedules.changed()  # As a clock that was set: it is looked at again.
    while not (active := schedule(shop).active):  # noqa: ASYNC110 - the clock's answer
        await asyncio.sleep(0.02)
    return await held.engine.settled(active[-1])


def schedule(shop: Shop) -> Schedule:
    found = shop.held.schedules.get("nightly")
    assert found is not None
    return found


async def scheduled(shop: Shop, clone: Path, records: Path) -> None:
    await shop.save("nightly-audit")
    inputs = {"repository": str(clone), "records": str(records), "scripts": str(SCRIPTS)}
    policy = Policy("latest", window_seconds=6 * 3600.0)
    add = AddSchedule("nightly", "nightly-audit", NIGHTLY, inputs=inputs, policy=policy)
    await shop.held.executor.execute(ADD, add, ALICE)
    await shop.held.scheduler.start()


@pytest.mark.journey
@pytest.mark.usefixtures("clock")
def test_a_night_with_new_grave_findings_fails_until_they_are_accepted(tmp_path: Path) -> None:
    clone, records = repository(tmp_path / "tiny"), tmp_path / "records"

    async def story(shop: Shop) -> None:
        await scheduled(shop, clone, records)
        first = await night(shop)
        assert (first.trigger, first.schedule) == ("schedule", "nightly")
        assert shop.outputs(first) == {"new": 0, "new_grave": 0, "gone": 0, "known": 0}
        with (clone / "tiny" / "__init__.py").open("a") as file:
            file.write(UNSAFE)
        for _ in range(2):  # It is reported every night until something is done about it.
            worse = await night(shop)
            assert worse.status == "failed"
            assert worse.slot > first.slot
            assert "yaml.load builds any object" in failure(worse, "alarm").reason
        assert schedule(shop).failures_in_a_row == 2
        assert "(tiny/__init__.py:9)" in shop.file(worse, "compare", "new-findings.md")
        accepted = await shop.run(
            "nightly-audit", repository=str(clone), records=str(records), accept=True
        )
        assert shop.outputs(accepted)["new_grave"] == 1
        after = await night(shop)
        assert shop.outputs(after)["new"] == 0
        assert output(after, "compare")["json"]["known"] == shop.outputs(accepted)["new"]
        assert schedule(shop).failures_in_a_row == 0

    live(tmp_path / "home", story)
