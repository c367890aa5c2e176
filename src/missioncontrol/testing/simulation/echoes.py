"""Reports that come twice or long after the fact, as from a network that doubles messages."""

from random import Random

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.work import Usage, Work
from missioncontrol.testing.simulation.engine_setup import SimulatedEngine
from missioncontrol.testing.simulation.prices import STEADY
from missioncontrol.testing.simulation.rules.runs import RunBook
from missioncontrol.testing.simulation.rules.violation import hold


async def echo(house: SimulatedEngine, dice: Random) -> None:
    """Report once more for an attempt of the past."""
    known = _past(house, dice)
    if not known:
        return
    run, fence = dice.choice(known)
    step = run.attempts[fence]
    try:
        state = await house.journal.load_run(run.id)
        holder = state.working.get(step)
        if holder is None or holder.fence != fence:
            kind = _report(house, dice, run.id, step, fence)
            await house.journal.durable()
            hold((fence, kind) in run.refused, f"a late {kind} of {step} is refused and recorded")
    except MissionControlError:
        return
    finally:
        if run.id in house.journal.runs and house.journal.runs[run.id].is_settled:
            house.journal.forget(run.id)


def _past(house: SimulatedEngine, dice: Random) -> list[tuple[RunBook, int]]:
    """Return attempts that have ended; often those whose step is worked on once more just now."""
    books = house.disk.inspector.books
    ended = [
        (run, fence)
        for run in books.runs.values()
        for fence, step in run.attempts.items()
        if run.working.get(step) != fence
    ]
    again = [(run, fence) for run, fence in ended if run.attempts[fence] in run.working]
    return again if again and dice.random() < 0.7 else ended


def _report(house: SimulatedEngine, dice: Random, run: str, step: str, fence: int) -> str:
    """Report something, and return what."""
    execution = house.execution
    kind = dice.choice(("success", "success", "failure", "cancelled", "usage"))
    match kind:
        case "success":
            execution.success(run, step, fence, Work(summary="an echo", output={"n": 9}))
        case "failure":
            execution.failure(run, step, fence, Failure("scripted", "An echo."))
        case "cancelled":
            execution.cancelled(run, step, fence)
        case _:
            execution.usage(run, step, fence, Usage(10, 0, 10, 0, None), STEADY)
    return kind
