"""An engine in this process for the workflows under examples/, with real agents and programs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.approvals import Spoken
from missioncontrol.application.asks import BeginRun, ForkRun, SaveWorkflow
from missioncontrol.application.scope import Scopes
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Failed, Run, Succeeded

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "workflows"
SCRIPTS = EXAMPLES / "scripts"
ALICE, BOB = "user:alice", "user:bob"


class Shop:
    """One home that is held, and what a test asks of it."""

    def __init__(self, held: EngineContext) -> None:
        self.held = held

    async def save(self, *names: str) -> None:
        for name in names:
            text = (EXAMPLES / f"{name}.yaml").read_text("utf-8")
            await self.held.command_bus.do(SaveWorkflow(text, f"{name}.yaml"), ALICE)

    async def run(self, workflow: str, **inputs: Any) -> Run:
        """Run a workflow as alice until it ends or waits for a person."""
        given = {"scripts": str(SCRIPTS), **inputs}
        wanted = (await self.held.workflows.get(workflow, None)).definition.inputs
        given = {name: value for name, value in given.items() if name in wanted}
        answer = await self.held.command_bus.do(BeginRun(workflow, None, given), ALICE)
        return await self.held.engine.rested(answer["run"])

    async def fork(self, run: Run, step: str, **inputs: Any) -> Run:
        answer = await self.held.command_bus.do(ForkRun(run.id, step, inputs), ALICE)
        return await self.held.engine.rested(answer["run"])

    async def say(self, verb: Any, run: Run, step: str) -> Run:
        """Decide as bob about a step that waits, and continue the run."""
        spoken = Spoken(verb, run.held[step].approval, BOB, "I have looked at it.")
        await self.held.command_bus.do(spoken, BOB)
        return await self.held.engine.rested(run.id)

    def outputs(self, run: Run) -> dict[str, Any]:
        assert run.status == "succeeded", story_of(run)
        return Scopes(CelExpressions()).outputs(run).values

    def file(self, run: Run, step: str, name: str) -> str:
        state = run.states[step]
        assert isinstance(state, Succeeded), story_of(run)
        (digest,) = [ref.digest for ref in state.work.artifacts if ref.name == name]
        return self.held.artifacts.get(digest).decode()


def states(run: Run) -> dict[str, str]:
    """How each step of the workflow itself stands."""
    return {
        key: type(state).__name__.lower()
        for key, state in run.states.items()
        if not run.steps[key].parent
    }


def output(run: Run, step: str) -> Any:
    state = run.states[step]
    assert isinstance(state, Succeeded), story_of(run)
    return state.work.output


def failure(run: Run, step: str) -> Failure:
    state = run.states[step]
    assert isinstance(state, Failed), story_of(run)
    return state.failure


def story_of(run: Run) -> str:
    """What happened, for a test that fails."""
    return "\n".join(f"{key}: {state}" for key, state in run.states.items())


@asynccontextmanager
async def shop(home: Path) -> AsyncIterator[Shop]:
    async with holding(Settings(home)) as held:
        await held.work()
        yield Shop(held)


def live(home: Path, story: Callable[[Shop], Awaitable[None]]) -> None:
    """Run `story` in a home of its own."""

    async def whole() -> None:
        async with shop(home) as open_shop:
            await story(open_shop)

    asyncio.run(whole())
