"""Workflows of plain Python functions, as the public package offers them."""

import asyncio
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import missioncontrol as mc
from missioncontrol import embedded
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.ports.agent import AttemptFailed
from tests.runtime.workshop import run


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    release = mc.Workflow("release")

    @release.step()
    async def build(step: mc.StepContext) -> str:
        return "wheel"

    @release.step(needs=[build], retry=mc.Retry(attempts=3))
    async def publish(step: mc.StepContext) -> str:
        return f"published {step.results['build']}"

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            result = await engine.run(release)
            assert result.outputs["publish"] == "published wheel"
            assert (result.status, result.errors) == ("succeeded", {})

    run(story())


def test_the_example_in_the_docstring_is_python() -> None:
    text = inspect.getdoc(embedded) or ""
    body = text.partition("Example::\n")[2]
    assert "await" in body
    assert compile(f"async def example():\n{body}", "example", "exec")


def test_a_step_sees_inputs_attempt_key_and_results(tmp_path: Path) -> None:
    seen: list[tuple[Any, ...]] = []
    workflow = mc.Workflow("w")

    async def first(step: mc.StepContext) -> Any:
        step.log("working")
        seen.append((step.inputs, step.attempt, step.key.endswith("/one"), step.results))
        if step.attempt == 1:
            raise ValueError("not yet")
        return {"n": 1}

    async def second(step: mc.StepContext) -> Any:
        seen.append((step.inputs, step.attempt, step.key.endswith("/two"), step.results))

    workflow.add("one", first, inputs={"a": 1}, retry=mc.Retry(2, wait_seconds=0.0))
    workflow.add("two", second, needs=["one"])

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            await engine.run(workflow, {"a": 0, "b": 2})

    run(story())
    assert seen == [
        ({"a": 1, "b": 2}, 1, True, {}),
        ({"a": 1, "b": 2}, 2, True, {}),
        ({"a": 0, "b": 2}, 1, True, {"one": {"n": 1}}),
    ]


def test_a_need_may_be_the_function_whatever_its_step_is_called(tmp_path: Path) -> None:
    workflow = mc.Workflow("w")

    @workflow.step("build-it")
    async def build(_: mc.StepContext) -> int:
        return 1

    @workflow.step(needs=[build])
    async def test(step: mc.StepContext) -> Any:
        return step.results

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            assert (await engine.run(workflow)).outputs["test"] == {"build-it": 1}

    run(story())


def test_what_a_dependant_gets_is_its_own(tmp_path: Path) -> None:
    workflow = mc.Workflow("w")

    @workflow.step()
    async def a(_: mc.StepContext) -> Any:
        return {"list": [1], "pair": (1, 2)}

    @workflow.step(needs=["a"])
    async def b(step: mc.StepContext) -> Any:
        step.results["a"]["list"].append(2)

    @workflow.step(needs=["b", "a"])
    async def c(step: mc.StepContext) -> Any:
        return step.results["a"]

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            result = await engine.run(workflow)
            assert result.outputs["c"] == {"list": [1], "pair": [1, 2]}

    run(story())


def test_a_failed_step_is_an_error_of_the_result(tmp_path: Path) -> None:
    workflow = mc.Workflow("w")

    @workflow.step()
    async def a(_: mc.StepContext) -> None:
        raise ValueError("no number")

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            result = await engine.run(workflow)
            assert result.status == "failed"
            assert "no number" in result.errors["a"]

    run(story())


def test_a_step_has_a_name_of_its_own() -> None:
    workflow = mc.Workflow("w")

    async def a(_: mc.StepContext) -> None:
        return None

    workflow.add("a", a)
    with pytest.raises(Rejected) as no:
        workflow.add("a", a)
    assert no.value.code == "workflow.duplicate_step"


def test_a_workflow_that_cannot_run_leaves_no_trace(tmp_path: Path) -> None:
    workflow = mc.Workflow("w")

    async def a(_: mc.StepContext) -> None:
        return None

    workflow.add("a", a, needs=["b"])

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            with pytest.raises(Rejected) as no:
                await engine.start(workflow)
            assert no.value.code == "workflow.unknown_need"
        assert not (tmp_path / "heads.jsonl").exists()

    run(story())


@pytest.mark.parametrize(
    "inputs",
    [{"x": object()}, {"x": "\udcff"}, {"x": {("a", "b"): 1}}],
    ids=["object", "text", "key"],
)
def test_inputs_that_are_no_json_are_refused_before_anything_begins(
    tmp_path: Path, inputs: dict[str, Any]
) -> None:
    workflow = mc.Workflow("w")

    @workflow.step()
    async def a(_: mc.StepContext) -> int:
        return 1

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            with pytest.raises(Rejected):
                await engine.start(workflow, inputs)
            assert (await engine.run(workflow)).status == "succeeded"

    run(story())


def test_a_run_is_cancelled_and_read_back(tmp_path: Path) -> None:
    workflow = mc.Workflow("w")
    begun = asyncio.Event()

    @workflow.step()
    async def a(_: mc.StepContext) -> None:
        begun.set()
        await asyncio.sleep(60)

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            name = await engine.start(workflow)
            await begun.wait()
            engine.cancel(name)
            assert (await engine.wait(name)).status == "cancelled"
            events = [event async for event in engine.events(name)]
            assert [event.type for event in events] == [
                "run_created",
                "run_started",
                "step_started",
                "cancel_requested",
                "step_cancelled",
                "run_settled",
            ]
            after = [event async for event in engine.events(name, after=4)]
            assert [event.version for event in after] == [5, 6]
            assert (await engine.state(name)).status == "cancelled"
            assert (await engine.state(name, at=events[2].position)).status == "running"

    run(story())


def test_a_run_is_resumed_by_the_next_engine(tmp_path: Path) -> None:
    done: list[str] = []
    stuck = True
    begun = asyncio.Event()
    workflow = mc.Workflow("w")

    @workflow.step()
    async def a(_: mc.StepContext) -> int:
        done.append("a")
        return 1

    @workflow.step(needs=[a])
    async def b(step: mc.StepContext) -> int:
        done.append("b")
        if stuck:
            begun.set()
            await asyncio.sleep(60)
        return int(step.results["a"]) + 1

    async def story() -> None:
        nonlocal stuck
        async with mc.Engine(tmp_path) as engine:
            name = await engine.start(workflow)
            await begun.wait()
        stuck = False
        async with mc.Engine(tmp_path, workflows=[workflow]) as engine:
            result = await engine.resume(name)
            assert result.outputs == {"a": 1, "b": 2}
            with pytest.raises(Rejected):
                await engine.resume(name)
            with pytest.raises(NotFound):
                await engine.resume("run-none")

    run(story())
    assert done == ["a", "b", "b"]


def test_a_resumed_run_whose_functions_are_not_at_hand_says_so(tmp_path: Path) -> None:
    workflow = mc.Workflow("w")
    begun = asyncio.Event()

    @workflow.step()
    async def a(_: mc.StepContext) -> None:
        begun.set()
        await asyncio.sleep(60)

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            name = await engine.start(workflow)
            await begun.wait()
        async with mc.Engine(tmp_path) as engine:
            result = await engine.resume(name)
            assert "has no function for 'a' here" in result.errors["a"]

    run(story())


def test_waiting_for_a_run_that_is_not_here_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            with pytest.raises(NotFound):
                await engine.wait("run-none")

    run(story())


def test_a_home_has_one_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with mc.Engine(tmp_path):
            with pytest.raises(Unavailable) as no:
                async with mc.Engine(tmp_path):
                    pass
            assert no.value.code == "home.held"
        async with mc.Engine(tmp_path):
            pass

    run(story())


def test_a_secret_of_the_environment_stays_out_of_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = 'canary-"0123456789"-ü'
    monkeypatch.setenv("CANARY_TOKEN", secret)
    workflow = mc.Workflow("w")

    @workflow.step()
    async def a(step: mc.StepContext) -> Any:
        step.log(f"using {secret} now")
        return {"said": secret}

    @workflow.step()
    async def b(_: mc.StepContext) -> Any:
        raise ValueError(f"{secret} was refused")

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            result = await engine.run(workflow, {"with": secret})
            assert result.outputs["a"] == {"said": "[secret]"}
            assert "[secret] was refused" in result.errors["b"]

    run(story())
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"0123456789" not in stored
    assert b"[secret]" in stored


def test_importing_the_package_loads_no_engine() -> None:
    code = "import sys, missioncontrol; print('asyncio' in sys.modules, missioncontrol.__version__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False 0.1.0\n"
    with pytest.raises(AttributeError):
        _ = mc.Nothing


def test_a_step_sets_its_model_calls_aside_and_tells_what_they_used(tmp_path: Path) -> None:
    workflow = mc.Workflow("talk")
    refused: list[str] = []

    @workflow.step()
    async def speak(step: mc.StepContext) -> None:
        await step.admit("gpt-5", input_tokens=1_000, output_tokens=500)
        step.usage("gpt-5", input_tokens=900, output_tokens=100, cached_tokens=400)
        try:
            await step.admit("gpt-5", input_tokens=3_000_000, output_tokens=1)
        except AttemptFailed as no:
            refused.append(no.code)

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            result = await engine.run(workflow)
            run = await engine.state(result.id)
            assert result.status == "succeeded"
            assert run.usage.tokens == 1_000
            assert run.usage_by_model["gpt-5"] == run.usage_by_agent["function"] == run.usage
            assert run.usage.cost is not None
            assert run.usage.cost > 0

    asyncio.run(story())
    assert refused == ["budget.exceeded"]
