"""What other processes ask of an engine: an embedded one answers as the command's engines do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import missioncontrol as mc
from missioncontrol.adapters.home import Home
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.interfaces.control import Ask, ask_engine
from tests.cli.command import mission
from tests.runtime.workshop import run

LARGE = "name: large\ninputs: {a: {type: string, default: x}}\nsteps:\n" + "".join(
    f'  s{n}: {{agent: command, effects: [reads_files], if: "inputs.a == string({n})",'
    f' with: {{argv: [echo, "${{{{ inputs.a + string({n}) }}}}"]}}}}\n'
    for n in range(400)
)


def napping(begin: Callable[[], None]) -> mc.Workflow:
    """Return a workflow of steps one after the other, each of which tells that it begins."""
    workflow = mc.Workflow("naps")

    async def nap(_: mc.StepContext) -> None:
        begin()
        await asyncio.sleep(0.05)

    for number in range(200):
        workflow.add(f"n{number}", nap, needs=[f"n{number - 1}"] if number else [])
    return workflow


@pytest.mark.journey
def test_an_emergency_stop_of_another_process_reaches_a_program(tmp_path: Path) -> None:
    async def story() -> None:
        count, begun, went_on = 0, 0, asyncio.Event()

        def begin() -> None:
            nonlocal begun
            begun += 1
            went_on.set()

        async with mc.Engine(tmp_path) as engine:
            name = await engine.start(napping(begin))
            stopped = await asyncio.to_thread(mission, tmp_path, "stop", "--reason", "smoke")
            assert stopped.returncode == 0, stopped.stderr
            count = begun
            assert 0 < count < 200
            went_on.clear()
            await asyncio.sleep(0.3)
            assert begun == count
            with pytest.raises(Unavailable) as no:
                await engine.start(napping(begin))
            assert no.value.code == "operation.stopped"
            on = await asyncio.to_thread(mission, tmp_path, "start", "--stage", "all")
            assert on.returncode == 0, on.stderr
            await asyncio.wait_for(went_on.wait(), 60)
            ended = await asyncio.to_thread(mission, tmp_path, "cancel", name, "--reason", "x")
            assert ended.returncode == 0, ended.stderr
            assert (await engine.wait(name)).status == "cancelled"

    asyncio.run(asyncio.wait_for(story(), 50))


@pytest.mark.journey
def test_a_mission_is_begun_and_an_approval_given_beside_a_program(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "ask.yaml"
    file.write_text(
        "name: ask\nsteps:\n  ship: {agent: command, risk: irreversible, with: {argv: [echo, x]}}\n"
    )

    async def beside(*arguments: str, code: int = 0) -> str:
        done = await asyncio.to_thread(mission, home, *arguments, env={"MISSION_ACTOR": "alice"})
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode()

    async def story() -> None:
        async with mc.Engine(home):
            await beside("workflow", "save", str(file))
            await beside("workflow", "run", "ask", "--wait", code=4)
            approval = (await beside("approvals", "list")).split()[0]
            await beside("approvals", "approve", approval, "--reason", "fine", "--as", "bob")
            assert "# " in await beside("plan", "Add a cache", "--context", "Python")

    asyncio.run(asyncio.wait_for(story(), 50))


def test_a_program_listens_only_while_its_engine_is_entered(tmp_path: Path) -> None:
    async def story() -> None:
        async with mc.Engine(tmp_path):
            holder = Home(tmp_path).holder()
            assert holder is not None
            stop = Ask(holder.token, "StopAll", {"reason": "smoke"}, "user:alice")
            answer = await asyncio.to_thread(ask_engine, holder.socket, stop)
            assert answer.code == ""
        assert Home(tmp_path).holder() is None
        with pytest.raises(Unavailable):
            await asyncio.to_thread(ask_engine, holder.socket, stop)

    run(story())


def test_a_program_that_may_not_listen_carries_out_its_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(asyncio, "start_server", refuse)
    workflow = mc.Workflow("w")

    @workflow.step()
    async def only(_: mc.StepContext) -> int:
        return 1

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            assert (await engine.run(workflow)).outputs == {"only": 1}

    run(story())


def test_a_program_whose_engine_cannot_be_entered_lets_the_home_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: EngineContext) -> None:
        raise RuntimeError("no")

    async def story() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(EngineContext, "work", broken)
            with pytest.raises(RuntimeError):
                await mc.Engine(tmp_path).__aenter__()
        async with mc.Engine(tmp_path):
            pass

    run(story())


# What is asked for.


def asked(tmp_path: Path, story: Callable[[EngineContext], Awaitable[None]]) -> None:
    async def live() -> None:
        async with holding(Settings(home=tmp_path), {}) as held:
            await held.work()
            await story(held)

    run(live())


@pytest.mark.parametrize("stream", ["budget-1", "operation", "mission-1", "", "run-1"])
@pytest.mark.parametrize("verb", ["run.cancel", "run.resume", "run.retry"])
def test_what_is_no_run_is_refused_as_one(tmp_path: Path, verb: str, stream: str) -> None:
    async def story(held: EngineContext) -> None:
        await held.executor.perform("StopAll", {"reason": "smoke"}, "user:alice")
        await held.executor.perform("StartAll", {"stage": "all"}, "user:alice")
        with pytest.raises(NotFound) as no:
            await held.executor.perform(verb, {"run": stream}, "user:alice")
        assert no.value.code == "run.unknown"
        assert held.journal.runs == {}

    asked(tmp_path, story)


@pytest.mark.parametrize(
    "changed",
    [{"concurrency": 0}, {"concurrency": 65}, {"task_seconds_max": 0}, {"goal": {"text": 1}}],
)
def test_a_mission_with_limits_that_cannot_be_is_refused(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    sound = {
        "goal": {"text": "Add a cache", "context": "Python"},
        "execute": False,
        "concurrency": 4,
        "plan_seconds_max": 60,
        "task_seconds_max": 60,
    }

    async def story(held: EngineContext) -> None:
        with pytest.raises(Rejected) as no:
            await held.executor.perform("BeginMission", {**sound, **changed}, "user:alice")
        assert no.value.code == "control.malformed"
        assert held.journal.missions == {}

    asked(tmp_path, story)


def test_nobody_waits_for_a_large_file_that_is_looked_at(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        save = {"text": LARGE, "file": "large.yaml"}
        saving = asyncio.ensure_future(held.executor.perform("SaveWorkflow", save, "user:alice"))
        await asyncio.sleep(0)
        await held.executor.perform("StopAll", {"reason": "smoke"}, "user:alice")
        assert not saving.done()
        assert (await saving)["version"] == 1

    asked(tmp_path, story)


def test_of_two_that_save_the_same_version_at_once_one_is_refused(tmp_path: Path) -> None:
    async def story(held: EngineContext) -> None:
        texts = (f"version: 1\n{LARGE}", f"version: 1\ndescription: other\n{LARGE}")
        done = await asyncio.gather(
            *(held.workflows.save(text, "x.yaml", actor="user:alice") for text in texts),
            return_exceptions=True,
        )
        refused = [each for each in done if isinstance(each, Rejected)]
        assert [each.code for each in refused] == ["workflow.bad_version"]
        assert (await held.workflows.listed())["large"].version == 1

    asked(tmp_path, story)
