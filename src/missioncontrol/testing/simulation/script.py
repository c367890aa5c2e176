"""What the agents of a simulated world do, drawn from its seed."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.testing.simulation.prices import CHATTY, MYSTERY, STEADY
from missioncontrol.testing.simulation.rules import Violation

OUTPUT = Shape(
    "object",
    {
        "n": Shape("integer"),
        "good": Shape("boolean"),
        "items": Shape("list", items=Shape("integer")),
    },
)
CARDS = {
    card.name: card
    for card in (
        AgentCard("worker", output=OUTPUT),
        AgentCard("metered", output=OUTPUT, spending=Spending(STEADY, 1000, 500)),
        AgentCard("caller", output=OUTPUT, spending=Spending(CHATTY, 4000, 2000, by_call=True)),
        AgentCard("stranger", output=OUTPUT, spending=Spending(MYSTERY, 800, 200)),
    )
}
PLACES = {"worker": 4, "metered": 3, "caller": 2, "stranger": 2}
"""How many attempts each of them may have at once."""

ALIAS = "steady-model-2020-09-01"
MOODS = {"well": 60, "slow": 12, "badly": 12, "hopeless": 3, "silent": 6, "clinging": 7}

Watch = Callable[[Assignment], None]
WatchCall = Callable[[Assignment, Spending], None]


class Health(Protocol):
    """Knows who is ill: whatever such an agent tries fails."""

    def is_ill(self, name: str) -> bool: ...


class ScriptedAgents:
    """Work, report, pay, lie, fail, hang, fall silent, or cling on, as the dice say."""

    def __init__(
        self,
        dice: Random,
        watch: Watch,
        watch_call: WatchCall,
        clings: Callable[[str, int], None],
        broken: Callable[[Exception], None],
    ) -> None:
        """`watch` judges every assignment before any work is done on it.

        So does `watch_call` with admitted model calls; `clings` is called with who will cling,
        and `broken` what should never happen.
        """
        self._dice = dice
        self._watch = watch
        self._watch_call = watch_call
        self._clings = clings
        self._broken = broken
        self.is_alive = True
        self.lives: Health | None = None
        self._at_work: dict[tuple[str, str], int] = {}  # fences; not of those who cling
        self._paid: set[tuple[str, str]] = set()  # those who have begun to
        self.told: dict[tuple[str, int], int] = {}  # tokens that attempts reported as used

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        self._watch(assignment)
        mood = self._dice.choices(list(MOODS), list(MOODS.values()))[0]
        if self.lives is not None and self.lives.is_ill(assignment.agent):
            mood = "badly"
        if mood == "clinging":
            self._clings(assignment.run, assignment.fence)
        place = (assignment.run, assignment.step)
        if place in self._at_work:
            self._broken(Violation(f"{place} is worked on twice at once"))
        self._at_work[place] = assignment.fence
        try:
            return await self._work(assignment, line, mood)
        except asyncio.CancelledError:
            if self.is_alive and mood == "slow" and place not in self._paid:
                self._pay(line, assignment, 0.5)  # The bill comes after the work was ended.
            raise
        except AttemptFailed:
            raise
        except Exception as error:
            self._broken(error)  # The engine would take it for the agent's own trouble.
            raise
        finally:
            self._paid.discard(place)
            self._release(assignment)

    def _release(self, assignment: Assignment) -> None:
        place = (assignment.run, assignment.step)
        if self._at_work.get(place) == assignment.fence:
            del self._at_work[place]

    async def _work(self, assignment: Assignment, line: Line, mood: str) -> Work:
        if mood == "silent":
            await asyncio.sleep(100_000)
        if mood == "clinging":
            await self._cling(assignment, self._dice.choice((1.0, 40.0)))
            mood = self._dice.choice(("well", "badly"))
        if mood == "slow":
            for done in range(self._dice.randint(2, 8)):
                await asyncio.sleep(self._dice.uniform(0.5, 9.0))
                line.progress(done, 8)
        self._paid.add((assignment.run, assignment.step))
        if assignment.agent == "caller":
            await self._call_models(assignment, line, CHATTY)
        elif assignment.agent == "metered" and self._dice.random() < 0.2:
            await self._call_models(assignment, line, STEADY)
        else:
            for _ in range(self._dice.choice((1, 1, 1, 2, 3))):
                self._pay(line, assignment, 0.9)
                await asyncio.sleep(self._dice.choice((0.0, 0.0, 1.0)))
        await asyncio.sleep(self._dice.choice((0.0, 0.0, 0.01, 2.0)))
        if mood in ("badly", "hopeless"):
            raise AttemptFailed("scripted", "As the dice say.", retryable=mood == "badly")
        line.log("info", f"{assignment.step} done")
        return Work(summary="done", output=self._output())

    def _output(self) -> dict[str, Any]:
        items = [self._dice.randint(0, 9) for _ in range(self._dice.choice((0, 1, 2, 3, 4)))]
        return {"n": self._dice.randint(0, 9), "good": self._dice.random() < 0.6, "items": items}

    def _pay(self, line: Line, assignment: Assignment, likely: float) -> None:
        """Report usage; now and then more than announced, or with none announced at all."""
        spending = CARDS[assignment.agent].spending
        if spending is None:
            if self._dice.random() < 0.04:
                self._report_usage(
                    line, assignment, Usage(input_tokens=300, output_tokens=30), STEADY
                )
            return
        if self._dice.random() < likely:
            most = 3 if self._dice.random() < 0.08 else 1
            self._report_usage(
                line, assignment, self._usage(spending, most), self._model(spending.model)
            )

    def _report_usage(self, line: Line, assignment: Assignment, usage: Usage, model: str) -> None:
        place = (assignment.run, assignment.fence)
        self.told[place] = self.told.get(place, 0) + usage.tokens
        line.usage(usage, model=model)

    def _usage(self, spending: Spending, most: int) -> Usage:
        put_in = self._dice.randint(0, spending.input_tokens * most)
        put_out = self._dice.randint(0, spending.output_tokens * most)
        cached, written = self._dice.randint(0, put_in // 2), self._dice.randint(0, put_in // 3)
        cost = self._dice.choice((None, None, None, 1, 20_000 if most > 1 else 2))
        return Usage(put_in, cached, put_out, self._dice.randint(0, put_out), cost, written)

    def _model(self, declared: str) -> str:
        """Return the name under which a model is reported."""
        spellings = {STEADY: (STEADY, ALIAS, ""), MYSTERY: (MYSTERY, "")}
        return self._dice.choice(spellings.get(declared, (declared, "")))

    async def _call_models(self, assignment: Assignment, line: Line, model: str) -> None:
        """Call a model a few times, and ask before; a liar does not."""
        most = CARDS[assignment.agent].spending or Spending()
        for _ in range(self._dice.randint(0, 4)):
            put_in = self._dice.randint(1, most.input_tokens)
            call = Spending(model, put_in, self._dice.randint(1, most.output_tokens))
            if self._dice.random() < 0.95:
                await line.admit(
                    call.model, input_tokens=call.input_tokens, output_tokens=call.output_tokens
                )
                self._watch_call(assignment, call)
            await asyncio.sleep(self._dice.choice((0.0, 0.5, 3.0)))
            if self._dice.random() < 0.9:
                most_times = 2 if self._dice.random() < 0.05 else 1
                self._report_usage(line, assignment, self._usage(call, most_times), model)
            await asyncio.sleep(0.0)

    async def _cling(self, assignment: Assignment, seconds: float) -> None:
        """Go on for a while after a request to stop, as badly written agents do."""
        loop = asyncio.get_running_loop()
        end = loop.time() + 30.0 + seconds
        while self.is_alive and loop.time() < end:
            try:
                await asyncio.sleep(end - loop.time())
            except asyncio.CancelledError:
                end = min(end, loop.time() + seconds)
                self._release(assignment)
