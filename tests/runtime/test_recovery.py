"""An engine ends in the middle, and the next one goes on from there."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import missioncontrol as mc
from missioncontrol.adapters.processes import start_time
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.read_context import ReadContext
from missioncontrol.app.settings import Settings
from missioncontrol.application.audit import verify
from missioncontrol.application.missions import Goal
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.run.states import INTERRUPTIONS_MAX, Failed, Succeeded
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.runtime.recovery import only_waits
from missioncontrol.runtime.registry import Registered
from tests.runtime.workshop import Hand, run, workshop

LIMITS = {"plan_seconds_max": 60.0, "task_seconds_max": 30.0}


def hand(key: str, *needs: str, retry: Retry | None = None) -> Step:
    return Step(key, "hand", needs, retry=retry or Retry())


class Worker:
    """Counts what it does, and does not come back from the steps in `stuck`."""

    def __init__(self, *stuck: str) -> None:
        self.stuck = set(stuck)
        self.done: list[str] = []
        self.keys: list[str] = []
        self.begun = asyncio.Event()

    async def perform(self, assignment: Assignment, _: Line) -> Work:
        self.done.append(assignment.step)
        self.keys.append(assignment.key)
        if assignment.step in self.stuck:
            self.begun.set()
            await asyncio.sleep(60)
        return Work(output=f"{assignment.step} by attempt {assignment.attempt}")


def test_a_run_goes_on_in_the_next_engine_without_repeating_what_is_done(tmp_path: Path) -> None:
    steps = (hand("a"), hand("b", "a"), hand("c", "b"))

    async def story() -> None:
        first = Worker("b")
        async with workshop(tmp_path, hand=first.perform) as shop:
            shop.begin(*steps)
            await first.begun.wait()
        second = Worker()
        async with workshop(tmp_path, hand=second.perform) as shop:
            assert shop.resumable == ["run-1"]
            shop.resume("run-1")
            ended = await shop.engine.settled("run-1")
            assert ended.status == "succeeded"
            assert first.done == ["a", "b"]
            assert second.done == ["b", "c"]
            assert first.keys[1] == second.keys[0]
            assert ended.states["a"] == Succeeded(Work(output="a by attempt 1"))
            types = await shop.types()
            assert types.count("attempt_interrupted") == 1
            assert types.count("run_resumed") == 1
            assert (await verify(shop.store, [])).is_intact

    run(story())


def test_a_resting_step_is_tried_again_by_the_next_engine(tmp_path: Path) -> None:
    async def fails(_: Assignment, __: Line) -> Work:
        raise AttemptFailed("x", "Not yet.")

    async def story() -> None:
        async with workshop(tmp_path, hand=fails) as shop:
            shop.begin(hand("a", retry=Retry(attempts=2, wait_seconds=0.3)))
            await asyncio.sleep(0.05)
        worker = Worker()
        async with workshop(tmp_path, hand=worker.perform) as shop:
            shop.resume("run-1")
            ended = await shop.engine.settled("run-1")
            assert ended.states["a"] == Succeeded(Work(output="a by attempt 2"))

    run(story())


def test_the_time_of_a_run_goes_on_while_no_engine_does(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker("a")
        async with workshop(tmp_path, hand=worker.perform) as shop:
            shop.begin(hand("a"), seconds_max=0.4)
            await worker.begun.wait()
        await asyncio.sleep(0.4)
        async with workshop(tmp_path, hand=worker.perform) as shop:
            shop.resume("run-1")
            ended = await shop.engine.settled("run-1")
            assert ended.status == "failed"
            assert "0.4 s" in (ended.cancel_reason or "")

    run(story())


def test_a_run_that_was_being_cancelled_is_cancelled_by_the_next_engine(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker("a")
        async with workshop(tmp_path, hand=worker.perform) as shop:
            shop.begin(hand("a"), hand("b", "a"))
            await worker.begun.wait()
            shop.execution.cancel("run-1", "Enough.", actor="test")
        async with workshop(tmp_path, hand=worker.perform) as shop:
            assert shop.resumable == []
            row = shop.tables.run("run-1")
            assert row is not None
            assert row.status == "cancelled"
            await shop.journal.load_run("run-1")
            with pytest.raises(Rejected):
                shop.resume("run-1")

    run(story())


def test_a_step_that_takes_its_engine_down_every_time_is_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker("a")
        async with workshop(tmp_path, hand=worker.perform) as shop:
            shop.begin(hand("a"))
            await worker.begun.wait()
            shop.engine.drop(MemoryError("The process was killed."))
        for _ in range(INTERRUPTIONS_MAX):
            worker.begun.clear()
            async with workshop(tmp_path, hand=worker.perform) as shop:
                shop.resume("run-1")
                await worker.begun.wait()
                shop.engine.drop(MemoryError("The process was killed."))
        async with workshop(tmp_path, hand=worker.perform) as shop:
            assert shop.resumable == []
            state = (await shop.journal.load_run("run-1")).states["a"]
            assert isinstance(state, Failed)
            assert state.failure.code == "step.interrupted_too_often"

    run(story())


def forget_rows(root: Path) -> None:
    for file in root.glob("rows.db*"):
        file.unlink()


def test_rows_that_are_behind_catch_up_when_the_home_is_opened(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker()
        async with workshop(tmp_path, hand=worker.perform) as shop:
            await shop.finish(hand("a"))
            before = shop.tables.run("run-1")
        forget_rows(tmp_path)
        async with workshop(tmp_path, hand=worker.perform) as shop:
            assert shop.tables.run("run-1") == before

    run(story())


# A process that is killed.

ENGINE = """
import asyncio, os, pathlib, sys
from missioncontrol.domain.step import Step
from missioncontrol.runtime.registry import Registered
from tests.runtime.programs import a_program
from tests.runtime.workshop import workshop
root = pathlib.Path(sys.argv[1])
async def story():
    agent = Registered("program", a_program(root, '''
step = order["assignment"]["step"]
with open(root_path := order["assignment"]["run_inputs"]["log"], "a") as file:
    file.write(step + "\\\\n")
if step == "b" and not os.path.exists(root_path + ".second"):
    child = subprocess.Popen(["sleep", "60"])
    pathlib.Path(root_path + ".pids").write_text(f"{os.getpid()} {child.pid}")
    pathlib.Path(root_path + ".ready").write_text("x")
    time.sleep(60)
done(output=step)
'''))
    async with workshop(root, agent) as shop:
        if shop.resumable:
            shop.resume("run-1")
        else:
            chain = [("a", ()), ("b", ("a",)), ("c", ("b",))]
            steps = [Step(key, "program", needs) for key, needs in chain]
            shop.begin(*steps, inputs={"log": str(root / "log")})
        print((await shop.engine.settled("run-1")).status, flush=True)
asyncio.run(story())
"""


def engine(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ENGINE), str(root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_after_a_kill_orphans_are_ended_and_completed_steps_stay(tmp_path: Path) -> None:
    first = engine(tmp_path)
    ready = tmp_path / "log.ready"
    while not ready.exists():
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    pids = [int(pid) for pid in (tmp_path / "log.pids").read_text().split()]
    assert [start_time(pid) is not None for pid in pids] == [True, True]
    (tmp_path / "log.second").write_text("x")
    try:
        second = engine(tmp_path)
        out, _ = second.communicate(timeout=30)
        assert out == "succeeded\n"
        assert [start_time(pid) for pid in pids] == [None, None]
    finally:
        for pid in pids:
            if start_time(pid) is not None:
                os.kill(pid, signal.SIGKILL)
    assert (tmp_path / "log").read_text().split() == ["a", "b", "b", "c"]


# Homes and their missions.


class Stuck:
    """Takes the place of the planner and never ends."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def perform(self, _: Assignment, __: Line) -> Work:
        self.begun.set()
        await asyncio.sleep(60)
        return Work()


def settings(root: Path) -> Settings:
    return Settings(root / "home")


async def begin_mission(control: EngineContext) -> tuple[str, str]:
    mission, name = control.missions.begin(
        Goal("Make search fast."), execute=True, concurrency=2, limits=LIMITS, actor="test"
    )
    planner = Stuck()
    control.registry.add(Registered("planner", planner))
    control.engine.adopt(name)
    await planner.begun.wait()
    return mission, name


def test_a_mission_that_was_being_cancelled_ends_when_its_home_is_opened(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(settings(tmp_path), {}) as control:
            mission, name = await begin_mission(control)
            control.execution.cancel(name, "Enough.", actor="test")
        async with holding(settings(tmp_path), {}) as control:
            row = control.tables.mission(mission)
            assert row is not None
            assert row.status == "cancelled"

    run(story())


def test_a_mission_is_resumed_to_its_end_in_the_next_engine(tmp_path: Path) -> None:
    async def fails(_: Assignment, __: Line) -> Work:
        raise AttemptFailed("x", "No.", retryable=False)

    async def story() -> None:
        async with holding(settings(tmp_path), {}) as control:
            mission, name = await begin_mission(control)
        async with holding(settings(tmp_path), {}) as control:
            control.registry.add(Registered("planner", Hand(fails)))
            await control.journal.load_run(name)
            control.execution.resume(name, actor="test")
            control.engine.adopt(name)
            ended = await control.engine.settled(name)
            assert ended.status == "failed"
            row = control.tables.mission(mission)
            assert row is not None
            assert row.status == "failed"

    run(story())


def test_a_home_that_was_opened_says_which_runs_can_be_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(settings(tmp_path), {}) as control:
            _, name = await begin_mission(control)
        control = EngineContext(settings(tmp_path), {})
        try:
            assert await control.open() == [name]
            assert control.journal.runs == {}
        finally:
            await control.close()

    run(story())


def test_a_home_is_held_once_and_signed_when_it_is_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(settings(tmp_path), {}) as control:
            await begin_mission(control)
            with pytest.raises(Unavailable) as no:
                EngineContext(settings(tmp_path), {})
            assert no.value.code == "home.held"
        reading = ReadContext(control.home)
        try:
            verdict = await verify(reading.store, reading.heads.all(), reading.artifacts)
            assert verdict.is_intact
            assert verdict.heads == 1
        finally:
            reading.close()

    run(story())


def test_a_home_that_cannot_be_opened_is_let_go(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "log.db").write_bytes(b"not a log at all" * 100)
    for _ in range(2):
        with pytest.raises(Exception, match="damaged"):
            EngineContext(settings(tmp_path), {})


def test_an_empty_home_has_nothing_to_read(tmp_path: Path) -> None:
    from missioncontrol.adapters.home import Home

    with pytest.raises(NotFound) as no:
        ReadContext(Home(tmp_path / "home"))
    assert no.value.code == "home.empty"


def test_a_reader_looks_on_while_an_engine_works(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(settings(tmp_path), {}) as control:
            _, name = await begin_mission(control)
            reading = ReadContext(control.home)
            try:
                stored = await reading.store.read_stream(name)
                assert [event.type for event in stored][-1] == "step_started"
                assert stored[-1].data["step"] == PLAN_STEP
            finally:
                reading.close()

    run(story())


@pytest.mark.parametrize("waits", [True, False])
def test_a_run_that_waits_for_its_time_need_not_be_taken_up(tmp_path: Path, *, waits: bool) -> None:
    workflow, begun = mc.Workflow("w"), asyncio.Event()

    async def only(_: mc.StepContext) -> None:
        begun.set()
        if waits:
            raise ValueError("not yet")
        await asyncio.sleep(60)

    workflow.add("only", only, retry=mc.Retry(2, wait_seconds=60.0))

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            name = await engine.start(workflow)
            await begun.wait()
            await asyncio.sleep(0.1)  # The failure is reported, and the step rests.
        async with holding(Settings(tmp_path), {}) as held:
            assert only_waits(await held.journal.load_run(name)) is waits

    run(story())
