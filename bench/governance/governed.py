"""A run that is held to a budget, item by item, and that stays on the disk to be read."""

import os
from pathlib import Path

from bench.engine.ours import AT_ONCE, Ours
from bench.worker import Answer, Job
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Amount, Spending, Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.runtime.registry import Registered

AGENT, WORKFLOW = "writer", "governed"
USED = Usage(400, 0, 100, cost=700)
MOST = Amount(1_000, 1_000)


class Writer:
    """Tells what it used, and does nothing else."""

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        line.usage(USED, model="bench")
        return Work("Written.", assignment.inputs["item"])


class Governed(Ours):
    """Our side, with a run of which every item is paid for."""

    def governed(self, job: Job) -> Answer:
        """Carry out one step for each of `job.steps` items, and leave the home behind."""
        home = self._new_home()
        return Answer(source=str(home), run=self._runner.run(_carried_out(home, job.steps)))


async def _carried_out(home: Path, items: int) -> str:
    async with holding(Settings(home, concurrency=AT_ONCE), os.environ) as control:
        control.registry.add(Registered(AGENT, Writer()))
        create = _run(control, items)
        control.execution.create(create, actor="bench")
        await control.work()
        control.engine.adopt(create.run)
        ended = await control.engine.settled(create.run)
    assert ended.status == "succeeded", ended.halt
    return create.run


def _run(control: EngineContext, items: int) -> CreateRun:
    whole = Step(
        "each",
        AGENT,
        inputs={"item": "${{ item }}"},
        has_templates=True,
        for_each=list(range(items)),
        concurrency=AT_ONCE,
        spending=Spending(stated=MOST),
    )
    budget = Amount((MOST.cost or 0) * items, (MOST.tokens or 0) * items)
    return CreateRun(
        control.ids.new("run"),
        WORKFLOW,
        (whole,),
        AT_ONCE,
        author="bench",
        budget=budget,
    )
