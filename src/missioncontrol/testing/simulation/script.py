"""What the people and agents of a simulated world do, drawn from its seed."""

import asyncio
import random
from collections.abc import Callable

from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line

AGENT = "scripted"


def random_steps(dice: random.Random) -> tuple[Step, ...]:
    """Draw a workflow of 1 to 12 steps that need earlier ones."""
    count = dice.randint(1, 12)
    keys = [f"s{number}" for number in range(count)]
    return tuple(_random_step(dice, key, keys[:number]) for number, key in enumerate(keys))


def _random_step(dice: random.Random, key: str, earlier: list[str]) -> Step:
    needs = tuple(dice.sample(earlier, min(len(earlier), dice.choice((0, 1, 1, 2, 3)))))
    return Step(
        key,
        AGENT,
        needs=needs,
        runs_after=dice.choice(("success", "success", "success", "any")),
        retry=Retry(attempts=dice.choice((1, 2, 3)), wait_seconds=dice.choice((0.0, 1.0, 30.0))),
        seconds_max=dice.choice((0.0, 5.0, 60.0)),
        heartbeat_seconds_max=10.0,  # without it, an agent that fell silent would hold its run
    )


class ScriptedAgent:
    """Works, reports, fails, hangs, falls silent, or clings on, as the dice say."""

    def __init__(self, dice: random.Random, witness: Callable[[Assignment], None]) -> None:
        """`witness` is asked to judge every assignment before any work is done on it."""
        self._dice = dice
        self._witness = witness

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        self._witness(assignment)
        mood = self._dice.choices(
            ("well", "slow", "badly", "hopeless", "silent", "clinging"), (60, 12, 14, 4, 6, 4)
        )[0]
        if mood == "silent":
            await asyncio.sleep(100_000)
        if mood == "clinging":
            await _cling(self._dice.choice((1.0, 40.0)))
        if mood == "slow":
            for done in range(self._dice.randint(2, 8)):
                await asyncio.sleep(self._dice.uniform(0.5, 9.0))
                line.progress(done, 8)
        if self._dice.random() < 0.3:
            tokens = self._dice.randint(1, 1000)
            line.usage(Usage(input_tokens=tokens, output_tokens=tokens // 3, cost=tokens * 7))
        await asyncio.sleep(self._dice.choice((0.0, 0.0, 0.01, 2.0)))
        if mood in ("badly", "hopeless"):
            raise AttemptFailed("scripted", "As the dice say.", retryable=mood == "badly")
        line.log("info", f"{assignment.step} done")
        return Work(summary="done", output={"by": assignment.fence})


async def _cling(seconds: float) -> None:
    """Go on for a while after being told to stop, as badly written agents do."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 30.0 + seconds
    while loop.time() < end:
        try:
            await asyncio.sleep(end - loop.time())
        except asyncio.CancelledError:
            end = min(end, loop.time() + seconds)
