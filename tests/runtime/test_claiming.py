"""Steps that ask for a capability are done by any agent that has it and has room."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.commands import ClaimStep, CreateRun
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import ApprovalRule, Spending, Step
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.runtime.registry import Registered
from tests.runtime.workshop import Hand, Workshop, run, workshop


async def quick(assignment: Assignment, _: Line) -> Work:
    await asyncio.sleep(0.01)
    return Work(output=assignment.agent)


def able(name: str, concurrency: int = 1, **more: Any) -> Registered:
    declared = more.pop("declared", None)
    card = AgentCard(name, capabilities=("write",), **more)
    return Registered(name, Hand(quick), concurrency, card, declared)


def steps(count: int, **more: Any) -> tuple[Step, ...]:
    return tuple(Step(f"s{n}", "ann", capability="write", **more) for n in range(count))


async def done(shop: Workshop, *made: Step) -> Run:
    shop.execution.create(CreateRun("run-1", "w", made, 64, 0.0, {}), actor="alice")
    shop.engine.adopt("run-1")
    return await shop.engine.settled("run-1")


def workers(ended: Run) -> set[str]:
    return {state.work.output for state in ended.states.values()}  # type: ignore[union-attr]


def test_whoever_has_room_takes_part(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, able("ann"), able("bea"), able("cid", 2)) as shop:
            assert workers(await done(shop, *steps(8))) == {"ann", "bea", "cid"}

    run(story())


def test_a_stopped_agent_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, able("ann"), able("bea")) as shop:
            shop.registry.close("ann")
            assert workers(await done(shop, *steps(3))) == {"bea"}

    run(story())


@pytest.mark.parametrize(
    "other",
    [
        {"inputs": Shape("object", {"n": Shape("integer")}, open=False)},
        {"spending": Spending("dear", 1_000, 1_000)},
        {"declared": Declaration("bea", "scripted", risks=("irreversible",))},
    ],
)
def test_who_would_do_something_else_takes_no_part(tmp_path: Path, other: dict[str, Any]) -> None:
    async def story() -> None:
        takes = Shape("object", {"m": Shape("integer", required=False)}, open=False)
        bea = able("bea", **{"inputs": takes, **other})
        async with workshop(tmp_path, able("ann", inputs=takes), bea) as shop:
            assert workers(await done(shop, *steps(3))) == {"ann"}

    run(story())


def test_what_was_approved_for_one_agent_is_not_handed_to_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, able("ann"), able("bea")) as shop:
            made = steps(1, approval=ApprovalRule(), risk="write")
            shop.execution.create(CreateRun("run-1", "w", made, 64, 0.0, {}), actor="alice")
            with pytest.raises(Rejected) as refused:
                shop.execution.tell("run-1", ClaimStep("s0", "bea"))
            assert refused.value.code == "run.not_claimable"

    run(story())
