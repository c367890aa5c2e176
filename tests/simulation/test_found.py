"""What worlds have found, each as a short story."""

import asyncio
import json
from typing import Any

import pytest

from missioncontrol.application.approvals import Spoken
from missioncontrol.application.asks import BeginRun, CancelRun, SaveWorkflow, StartAll, StopAll
from missioncontrol.domain.schedule.commands import AddSchedule, RemoveSchedule, StartByHand
from missioncontrol.ports.agent import Assignment, AttemptFailed
from tests.simulation.stories import SlowDisk, Story

OUTPUT = {"n": 1, "good": True, "items": []}


def workflow(**more: Any) -> SaveWorkflow:
    file = {"name": "short", "steps": {"only": {"agent": "worker"}}, **more}
    return SaveWorkflow(json.dumps(file), "short.json")


async def done(_: Assignment) -> dict[str, Any]:
    return OUTPUT


def test_nothing_begins_before_all_that_was_stopped_has_let_go() -> None:
    async def stubborn(assignment: Assignment) -> dict[str, Any]:
        if assignment.run == "run-000001" and assignment.fence == 1:
            try:
                await asyncio.sleep(1000.0)
            except asyncio.CancelledError:
                await asyncio.sleep(10.0)
        return OUTPUT

    story = Story(stubborn)

    async def tell() -> None:
        house = await story.house()
        steps = {"only": {"agent": "worker", "concurrency": {"key": "deploy", "limit": 1}}}
        await house.command_bus.do(workflow(steps=steps), "erin")
        runs = [(await house.command_bus.do(BeginRun("short"), "erin"))["run"] for _ in range(2)]
        await asyncio.sleep(5.0)
        await house.command_bus.do(StopAll("It does harm."), "operator")
        await house.command_bus.do(StartAll("all"), "operator")
        for run in runs:
            assert (await house.engine.settled(run)).status == "succeeded"
        await house.close()

    story.run(tell)
    assert story.times("step_started") == pytest.approx([0.0, 15.0, 15.0], abs=0.1)


def test_a_run_whose_time_is_over_starts_nothing_when_an_engine_takes_it_up() -> None:
    async def fails(_: Assignment) -> None:
        raise AttemptFailed("scripted", "It does not work yet.")

    story = Story(fails)

    async def tell() -> None:
        house = await story.house()
        retry = {"attempts": 2, "wait": "50s"}
        steps = {"only": {"agent": "worker", "retry": retry}}
        await house.command_bus.do(workflow(timeout="1m", steps=steps), "erin")
        begun = await house.command_bus.do(BeginRun("short"), "erin")
        await asyncio.sleep(1.0)
        await house.close()
        await asyncio.sleep(100.0)
        house = await story.house()
        assert (await house.engine.settled(begun["run"])).status == "failed"
        await house.close()

    story.run(tell)
    assert len(story.times("step_started")) == 1


def test_all_that_another_release_would_do_is_asked_anew_at_once() -> None:
    story = Story(done)

    async def tell() -> None:
        house = await story.house()
        only = {"agent": "worker", "effects": ["deploys"], "for_each": [1, 2, 3]}
        await house.command_bus.do(workflow(concurrency=1, steps={"only": only}), "erin")
        await house.command_bus.do(BeginRun("short"), "erin")
        await house.command_bus.do(StopAll("Nobody looks after it."), "operator")
        for approval in house.approvals.pending():
            yes = Spoken("approve", approval.id, "alice", "So it is.")
            await house.command_bus.do(yes, "alice")
        await house.close()
        house = await story.house(release="2")
        await house.command_bus.do(StartAll("all"), "operator")
        await asyncio.sleep(1.0)
        assert len(house.approvals.pending()) == 3
        await house.close()

    story.run(tell)
    assert story.times("step_started") == []


def test_a_schedule_that_is_gone_twice_still_learns_how_its_run_ended() -> None:
    story = Story(done)

    async def tell() -> None:
        house = await story.house()
        only = {"agent": "worker", "effects": ["deploys"]}  # It waits for a person.
        await house.command_bus.do(workflow(steps={"only": only}), "erin")
        add = AddSchedule("often", "short", "*/5 * * * *")
        await house.do(add, "erin")
        run = (await house.do(StartByHand("often"), "erin"))["run"]
        await house.do(RemoveSchedule("often"), "erin")
        await house.do(add, "erin")
        await house.do(RemoveSchedule("often"), "erin")
        await house.close()
        house = await story.house()
        await house.command_bus.do(CancelRun(run, "Nobody needs it."), "erin")
        await house.close()

    story.run(tell)
    assert len(story.times("schedule_run_ended")) == 1


def test_a_version_that_is_on_its_way_to_the_disk_can_be_run() -> None:
    story = Story(done, disk=SlowDisk)

    async def tell() -> None:
        house = await story.house()
        saving = asyncio.ensure_future(house.command_bus.do(workflow(), "erin"))
        await asyncio.sleep(0.5)
        begun = await house.command_bus.do(BeginRun("short"), "erin")
        assert (await house.engine.settled(begun["run"])).status == "succeeded"
        assert (await saving)["version"] == 1
        await house.close()

    story.run(tell)
