"""What worlds have found, each as a short story."""

import asyncio
import json
from typing import Any

import pytest

from missioncontrol.application.office import BeginRun, SaveWorkflow, StartAll, StopAll
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
        await house.office.do(workflow(steps=steps), "erin")
        runs = [(await house.office.do(BeginRun("short"), "erin"))["run"] for _ in range(2)]
        await asyncio.sleep(5.0)
        await house.office.do(StopAll("It does harm."), "operator")
        await house.office.do(StartAll("all"), "operator")
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
        await house.office.do(workflow(timeout="1m", steps=steps), "erin")
        begun = await house.office.do(BeginRun("short"), "erin")
        await asyncio.sleep(1.0)
        await house.close()
        await asyncio.sleep(100.0)
        house = await story.house()
        assert (await house.engine.settled(begun["run"])).status == "failed"
        await house.close()

    story.run(tell)
    assert len(story.times("step_started")) == 1


def test_a_version_that_is_on_its_way_to_the_disk_can_be_run() -> None:
    story = Story(done, disk=SlowDisk)

    async def tell() -> None:
        house = await story.house()
        saving = asyncio.ensure_future(house.office.do(workflow(), "erin"))
        await asyncio.sleep(0.5)
        begun = await house.office.do(BeginRun("short"), "erin")
        assert (await house.engine.settled(begun["run"])).status == "succeeded"
        assert (await saving)["version"] == 1
        await house.close()

    story.run(tell)
