"""Below a spent cap nothing starts, and what reports its usage late is cut where a cap ends."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import missioncontrol as mc
from missioncontrol.adapters.agents.command import CARD, CommandAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.application.budgets import CapChange
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.budget.scopes import WORKSPACE, Cap, Period, Scope
from missioncontrol.domain.run.states import Failed, Run
from missioncontrol.domain.step import Amount, Retry, Spending, Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.runtime.registry import Registered
from tests.runtime.workshop import Hand, Workshop, run, workshop
from tests.sandboxes import OpenBelow

FUNCTION = "function"
LOCAL = AgentCard("surveyor", "1", effects=("reads_files",))
MODEL = "gpt-4o"
USED = Usage(input_tokens=900, cost=9)


class Spender:
    """Reports its usage without asking first, and counts how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    async def perform(self, _: Assignment, line: Line) -> Any:
        self.calls += 1
        line.usage(USED, model=MODEL)
        await asyncio.sleep(0)
        return Work()


def agents(spender: Spender) -> list[Registered]:
    hand = Hand(spender.perform)
    return [
        Registered(FUNCTION, hand),
        Registered(CARD.name, hand, card=CARD),
        Registered(LOCAL.name, hand, card=LOCAL),
    ]


def cap(shop: Workshop, scope: Scope, tokens: int, period: Period = "total") -> None:
    shop.budgets.set_cap(
        Cap(scope, period, Amount(tokens=tokens)), actor="carol", reason="So much."
    )


async def rest_of(shop: Workshop, step: Step, name: str) -> Run:
    shop.begin(step, run=name)
    return await shop.engine.rested(name)


def reason_of(state: Run) -> str:
    assert state.status == "halted", state.status
    assert state.halt is not None
    return state.halt.reason


STEPS = {
    "function": Step("s", FUNCTION),
    "reporting command": Step("s", CARD.name, inputs={"argv": ["x"], "reports": True}),
    "plain command": Step("s", CARD.name, inputs={"argv": ["x"]}),
    "by call": Step("s", FUNCTION, spending=Spending(MODEL, by_call=True)),
    "declared as free": Step("s", FUNCTION, spending=Spending(MODEL, stated=Amount(0, 0))),
}


SCOPES: list[tuple[Scope, Period]] = [
    (WORKSPACE, "total"),
    (WORKSPACE, "day"),
    (WORKSPACE, "month"),
    (Scope("workflow", "w"), "total"),
    (Scope("workflow", "w"), "day"),
    (Scope("agent", FUNCTION), "day"),
    (Scope("agent", CARD.name), "total"),
    (Scope("model", MODEL), "total"),
]


def is_below(kind: str, scope: Scope) -> bool:
    """Whether a step is below a cap; a plain command names no model and can report none."""
    if scope.kind == "agent":
        return scope.name == STEPS[kind].agent
    return scope.kind != "model" or kind != "plain command"


@pytest.mark.parametrize(
    ("kind", "scope", "period"),
    [(kind, *each) for kind in STEPS for each in SCOPES if is_below(kind, each[0])],
)
def test_nothing_starts_below_a_spent_cap_whatever_the_step_declares(
    tmp_path: Path, kind: str, scope: Scope, period: Period
) -> None:
    step = STEPS[kind]

    async def story() -> None:
        spender = Spender()
        async with workshop(tmp_path, *agents(spender)) as shop:
            cap(shop, scope, 800, period)
            by = STEPS["reporting command"] if step.agent == CARD.name else STEPS["function"]
            first = await rest_of(shop, by, "run-1")
            assert spender.calls == 1
            assert first.usage.tokens == USED.tokens
            assert "went beyond" in reason_of(first)
            second = await rest_of(shop, step, "run-2")
            assert spender.calls == 1
            assert second.usage.tokens == 0
            assert "mission budget set" in reason_of(second) or "model:" in reason_of(second)

    run(story())


def test_the_cap_of_a_run_holds_for_its_next_step(tmp_path: Path) -> None:
    async def story() -> None:
        spender = Spender()
        async with workshop(tmp_path, *agents(spender)) as shop:
            cap(shop, Scope("run"), USED.tokens)
            shop.begin(Step("a", FUNCTION), Step("b", FUNCTION, needs=("a",)))
            state = await shop.engine.rested("run-1")
            assert spender.calls == 1
            assert "is spent: 900 tokens so far" in reason_of(state)

    run(story())


def test_a_cap_of_zero_refuses_what_may_report_and_lets_plain_commands_run(tmp_path: Path) -> None:
    async def story() -> None:
        spender = Spender()
        async with workshop(tmp_path, *agents(spender)) as shop:
            cap(shop, WORKSPACE, 0)
            assert "nothing may be spent" in reason_of(
                await rest_of(shop, STEPS["function"], "run-1")
            )
            assert "nothing may be spent" in reason_of(
                await rest_of(shop, STEPS["reporting command"], "run-2")
            )
            assert spender.calls == 0
            shop.begin(STEPS["plain command"], run="run-3")
            await shop.engine.rested("run-3")
            assert spender.calls == 1

    run(story())


def test_built_in_specialists_that_call_no_model_start_below_a_spent_cap(tmp_path: Path) -> None:
    async def quiet(_: Assignment, __: Line) -> Any:
        return Work()

    async def story() -> None:
        spender = Spender()
        local = Registered(LOCAL.name, Hand(quiet), card=LOCAL)
        async with workshop(tmp_path, *agents(spender)[:2], local) as shop:
            cap(shop, WORKSPACE, 800)
            await rest_of(shop, STEPS["function"], "run-1")
            state = await rest_of(shop, Step("s", LOCAL.name), "run-2")
            assert state.outcome == "succeeded"

    run(story())


def test_the_advice_of_a_refusal_lets_the_halted_run_go_on(tmp_path: Path) -> None:
    async def story() -> None:
        spender = Spender()
        async with workshop(tmp_path, *agents(spender)) as shop:
            cap(shop, Scope("workflow", "w"), 1_000)
            for name in ("run-1", "run-2"):
                state = await rest_of(shop, STEPS["function"], name)
            for _ in range(2):  # Its first attempt is cut, so that it is advised once more.
                more = int(reason_of(state).split("--tokens +")[1].split()[0])
                whole = Scope("workflow", "w")
                change = CapChange(whole, "So.", tokens=more, above_spent=("tokens",))
                shop.budgets.change_cap(change, actor="carol")
                shop.execution.resume("run-2", actor="carol")
                shop.engine.adopt("run-2")
                state = await shop.engine.rested("run-2")
                if state.is_settled:
                    break
            assert state.outcome == "succeeded"

    run(story())


def until(holds: Callable[[], bool]) -> Any:
    async def wait() -> None:
        while not holds():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)

    return wait()


def test_the_program_that_reports_beyond_a_cap_is_killed(tmp_path: Path) -> None:
    usage = {"type": "usage", "model": MODEL, "usage": {"input_tokens": 900, "cost": 9}}
    pid = tmp_path / "pid"
    program = (
        f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid()));"
        f"print({json.dumps(usage)!r}, flush=True); time.sleep(60)"
    )
    (tmp_path / "scratch").mkdir()
    command = CommandAgent(
        scratch=tmp_path / "scratch",
        artifacts=FolderArtifactStore(tmp_path / "kept"),
        environment={"PATH": os.environ["PATH"]},
        scrub=str,
        sandbox=OpenBelow(tmp_path),
    )
    step = Step("s", CARD.name, inputs={"argv": [sys.executable, "-c", program], "reports": True})

    async def story() -> None:
        async with workshop(tmp_path, Registered(CARD.name, command, card=CARD)) as shop:
            cap(shop, WORKSPACE, 800)
            state = await rest_of(shop, step, "run-1")
            assert "the workspace" in reason_of(state)
            assert state.usage.tokens == 900
            assert not psutil.pid_exists(int(pid.read_text()))

    run(story())


class Script:
    """An agent that does what a function says, and counts how often it was asked."""

    def __init__(self, perform: Callable[[Line], Awaitable[Any]]) -> None:
        self._perform = perform
        self.calls = 0

    async def perform(self, _: Assignment, line: Line) -> Any:
        self.calls += 1
        await self._perform(line)
        return Work()


async def ended(tmp_path: Path, script: Script, tokens: int, **step: Any) -> Run:
    async with workshop(tmp_path, Registered(FUNCTION, Hand(script.perform))) as shop:
        cap(shop, WORKSPACE, tokens)
        return await rest_of(shop, Step("s", FUNCTION, **step), "run-1")


def test_a_call_beyond_the_limit_of_its_own_step_fails_the_step_once(tmp_path: Path) -> None:
    async def perform(line: Line) -> None:
        await line.admit(MODEL, input_tokens=500, output_tokens=0)
        line.usage(Usage(input_tokens=500, cost=9), model=MODEL)
        await line.admit(MODEL, input_tokens=5_000, output_tokens=0)

    script = Script(perform)
    limits = {"spending": Spending(MODEL, 1_000, 100), "retry": Retry(3, wait_seconds=0.0)}
    state = run(ended(tmp_path, script, 10_000_000, **limits))
    failed = state.states["s"]
    assert isinstance(failed, Failed)
    assert failed.failure.code == "budget.beyond_limit"
    assert (state.outcome, script.calls, state.usage.tokens) == ("failed", 1, 500)


def test_an_error_of_its_own_after_a_refused_call_counts_as_a_failure(tmp_path: Path) -> None:
    async def perform(line: Line) -> None:
        with suppress(AttemptFailed):
            await line.admit(MODEL, input_tokens=50_000, output_tokens=0)
        raise ValueError("a bug of its own")

    state = run(ended(tmp_path, Script(perform), 10_000))
    failed = state.states["s"]
    assert isinstance(failed, Failed)
    assert failed.failure.code == "agent.crashed"


@pytest.mark.parametrize(
    "error",
    [
        AttemptFailed("codex.budget_refused", "No.", retryable=False),
        RuntimeError("HTTP Error 402: Payment Required"),
        RuntimeError('{"error": {"code": "budget.exceeded"}}'),
    ],
)
def test_a_program_that_ends_for_a_refused_call_halts_the_run(
    tmp_path: Path, error: Exception
) -> None:
    async def perform(line: Line) -> None:
        with suppress(AttemptFailed):
            await line.admit(MODEL, input_tokens=50_000, output_tokens=0)
        await line.admit(MODEL, input_tokens=5, output_tokens=0)
        raise error

    assert "mission budget set" in reason_of(run(ended(tmp_path, Script(perform), 10_000)))


@pytest.mark.parametrize("code", ["worker.lost", "worker.restarted", "worker.left"])
def test_an_agent_of_this_process_can_not_claim_that_its_worker_was_lost(
    tmp_path: Path, code: str
) -> None:
    async def perform(_: Line) -> None:
        raise AttemptFailed(code, "I say so.", retryable=False)

    script = Script(perform)
    state = run(ended(tmp_path, script, 10_000))
    assert (state.outcome, script.calls) == ("failed", 1)


def test_a_python_function_is_not_called_below_a_spent_cap(tmp_path: Path) -> None:
    calls: list[int] = []
    flow = mc.Workflow("burn")

    @flow.step()
    async def spend(step: mc.StepContext) -> int:
        calls.append(1)
        if len(calls) == 1:
            step.usage("gpt-5", input_tokens=500_000, output_tokens=500_000)
            await asyncio.sleep(0)
        return 1

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            budgets = engine._control.budgets
            half = Cap(Scope("workflow", "burn"), "total", Amount(cost=500_000))
            budgets.set_cap(half, actor="ann", reason="Half a dollar.")
            first = await engine.run(flow)
            assert first.status == "halted"
            assert "workflow 'burn'" in first.reason
            second = await engine.run(flow)
            assert second.status == "halted"
            assert len(calls) == 1
            more = Cap(Scope("workflow", "burn"), "total", Amount(cost=50_000_000))
            budgets.set_cap(more, actor="ann", reason="It is worth it.")
            assert (await engine.resume(second.id)).status == "succeeded"

    run(story())
