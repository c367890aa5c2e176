"""Tools for runs: how they stand, what waits in them, following them, and ending them."""

import asyncio
import time
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field

from missioncontrol.application.queries.runs import RunDetail
from missioncontrol.client.shapes import ENDED, Status
from missioncontrol.domain.status import RunWord
from missioncontrol.mcp.bounds import Cursor, Limit, bounded
from missioncontrol.mcp.server import Ctx, client_of

FOLLOW_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.5
WAITING_MAX = 50
SETTLED = ("succeeded", "failed", "cancelled", "skipped", "blocked")
"""States of steps that have ended."""

Run = Annotated[str, Field(max_length=300, description="Id of a run, such as run-….")]
Because = Literal["ended", "needs a person", "stuck", "halted", "the time is over"]


class Standing(TypedDict):
    """How a run stands."""

    run: str
    mission: str
    status: RunWord
    reason: str  # why it stands so, where that is not plain
    action: str  # the command that makes it go on
    verdict: str  # the same in a sentence
    asks: int  # approvals and questions that wait for a person
    steps_done: int
    steps: int


class Followed(Standing):
    """How a run stands when following it was over, and why it was."""

    because: Because


async def list_runs(
    ctx: Ctx,
    status: Status | None = None,
    mission: str = "",
    needs_person: bool = False,
    limit: Limit = 20,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List runs, newest first; `needs_person` chooses those that wait for a person to act."""
    async with client_of(ctx) as client:
        chosen: tuple[Status, ...] = (status,) if status else ()
        asked = client.runs.list(status=chosen, mission=mission, attention=needs_person)
        return bounded(await asked.page(cursor, limit))


async def show_run(ctx: Ctx, run: Run, limit: Limit = 50, cursor: Cursor = "") -> dict[str, Any]:
    """Show a run in full: how it stands, a page of its steps, and what of it waits for a person."""
    async with client_of(ctx) as client:
        found = await client.runs.get(run)
        steps = await client.runs.steps(run).page(cursor, limit)
        approvals = await client.approvals.list(run=run).page(limit=WAITING_MAX)
        questions = await client.approvals.questions(run=run).page(limit=WAITING_MAX)
    waits = {"approvals": approvals.items, "questions": questions.items}
    return bounded({"run": found, "steps": steps, "waits": waits})


async def run_status(ctx: Ctx, run: Run) -> Standing:
    """Say how a run stands, in a few words."""
    async with client_of(ctx) as client:
        return standing_of(await client.runs.get(run))


async def follow_run(
    ctx: Ctx,
    run: Run,
    seconds_max: Annotated[float, Field(ge=0, le=FOLLOW_SECONDS_MAX)] = 60.0,
) -> Followed:
    """Follow a run until it ends, needs a person, is stuck, or `seconds_max` are over.

    Cancelling this call ends the following and not the run; `cancel_run` ends a run.
    """
    latest = time.monotonic() + seconds_max
    reported = -1
    async with client_of(ctx) as client:
        while True:
            found = await client.runs.get(run)
            standing = standing_of(found)
            if standing["steps_done"] > reported:
                reported = standing["steps_done"]
                await ctx.report_progress(reported, standing["steps"], standing["verdict"])
            if because := _why_over(found, is_late=time.monotonic() >= latest):
                return Followed(because=because, **standing)
            await asyncio.sleep(LOOK_SECONDS)


async def cancel_run(
    ctx: Ctx, run: Run, reason: Annotated[str, Field(min_length=1, max_length=2_000)]
) -> Standing:
    """End a run: nothing of it starts any more, and what is at work is ended. It is final."""
    async with client_of(ctx) as client:
        await client.runs.cancel(run, reason)
        return standing_of(await client.runs.get(run))


def standing_of(run: RunDetail) -> Standing:
    """Say how a run stands, in a few words."""
    return Standing(
        run=run.run,
        mission=run.mission,
        status=run.status,
        reason=run.reason,
        action=run.action,
        verdict=run.verdict,
        asks=run.asks,
        steps_done=sum(run.states.get(state, 0) for state in SETTLED),
        steps=run.steps,
    )


def _why_over(run: RunDetail, *, is_late: bool) -> Because | None:
    """Return why a run is not followed any further, or None."""
    if run.status in ENDED:
        return "ended"
    if run.asks or run.status == "waiting":
        return "needs a person"
    if run.status == "stuck":
        return "stuck"
    if run.halt is not None:
        return "halted"
    return "the time is over" if is_late else None
