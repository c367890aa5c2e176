"""What people say about approvals: in time, too late, all at once, or without having a say."""

import asyncio
from random import Random
from typing import Any

from missioncontrol.application.approvals import Spoken
from missioncontrol.application.asks import CancelRun
from missioncontrol.domain.approval.states import Approval
from missioncontrol.testing.simulation.drawing import PEOPLE
from missioncontrol.testing.simulation.engine_setup import SimulatedEngine
from missioncontrol.testing.simulation.rules import hold

FATES = {
    "yes": 40,
    "no": 8,
    "absent": 10,
    "changes": 12,
    "later": 8,
    "handed on": 8,
    "withdrawn": 4,
    "all at once": 16,
    "by themselves": 8,
    "at the last moment": 12,
}
SPELLINGS = ("{}", "user:{}", "user:{}")
WAIT_SECONDS = 7200.0
LOOK_SECONDS = 120.0
"""They look that often."""


class Approvers:
    """Look at what waits now and then, and treat each approval as the dice decided once."""

    def __init__(self, dice: Random) -> None:
        """Start without a look at any approval."""
        self._dice = dice
        self._fates: dict[str, str] = {}
        self.is_late = False  # from then on all people are present

    async def look(self, house: SimulatedEngine) -> None:
        """Say something about everything that waits."""
        for approval in house.approvals.pending():
            fate = self._fates.setdefault(approval.id, self._draw())
            await self._speak(house, approval, fate)

    def _draw(self) -> str:
        return self._dice.choices(list(FATES), list(FATES.values()))[0]

    async def _speak(  # noqa: C901 - a closed set of fates is one idea
        self, house: SimulatedEngine, approval: Approval, fate: str
    ) -> None:
        match fate:
            case "absent":
                if self.is_late and approval.expires - house.clock.now() > WAIT_SECONDS:
                    await house.ask(CancelRun(approval.run, "No decision was made."), "boss")
            case "no":
                await self._decide(house, approval, "reject", self._random_person())
            case "changes":
                inputs = {**approval.subject["inputs"], "size": self._dice.randint(10, 99)}
                who = self._random_person()
                await self._decide(house, approval, "request-changes", who, inputs=inputs)
            case "later":
                until = house.clock.now() + self._dice.choice((10.0, 60.0, 4000.0))
                await self._decide(house, approval, "defer", self._random_person(), until=until)
            case "handed on":
                giver, taker = self._dice.sample(PEOPLE, 2)
                await self._decide(house, approval, "delegate", giver, to=taker)
                if self._dice.random() < 0.5:
                    await self._decide(house, approval, "approve", giver)
            case "withdrawn":
                await self._decide(house, approval, "withdraw", approval.author)
            case "all at once":
                await self._burst(house, approval)
            case "by themselves":
                for name in (approval.author, *approval.edited_by, "agent:worker"):
                    await self._decide(house, approval, "approve", name)
                await self._decide(house, approval, "approve", "zoe", on_behalf=approval.author)
            case "at the last moment":
                await self._hurry(house, approval)
            case _:
                await self._agree(house, approval)
        if fate in ("later", "handed on", "by themselves", "changes"):
            self._fates[approval.id] = self._dice.choice(("yes", "yes", "all at once", "absent"))

    async def _agree(self, house: SimulatedEngine, approval: Approval) -> None:
        """Make people agree one by one, some of them twice, until it has its answer."""
        for name in self._dice.sample(PEOPLE, len(PEOPLE)):
            for _ in range(self._dice.choice((1, 1, 2))):
                await self._decide(house, approval, "approve", name)
            if self._dice.random() < 0.3:
                return  # The others look at it another time.

    async def _hurry(self, house: SimulatedEngine, approval: Approval) -> None:
        """Agree when the time is just over, or not quite."""
        left = approval.expires - house.clock.now()
        if left > WAIT_SECONDS:
            await self._agree(house, approval)
        elif 0 < left < LOOK_SECONDS:
            self._fates[approval.id] = "absent"
            await asyncio.sleep(left + self._dice.choice((-0.01, 0.0, 0.0, 0.0, 0.000_000_5)))
            names = self._dice.sample(PEOPLE, 3)
            await asyncio.gather(
                *(self._decide(house, approval, "approve", name) for name in names)
            )

    async def _burst(self, house: SimulatedEngine, approval: Approval) -> None:
        """Make several people decide in the same instant."""
        names = self._dice.sample(PEOPLE, 3)
        answers = [self._decide(house, approval, "approve", name) for name in names]
        if self._dice.random() < 0.3:
            answers.append(self._decide(house, approval, "reject", self._random_person()))
        if self._dice.random() < 0.3:
            inputs = {"size": 7}
            who = self._random_person()
            answers.append(self._decide(house, approval, "request-changes", who, inputs=inputs))
        self._dice.shuffle(answers)
        await asyncio.gather(*answers)

    def _random_person(self) -> str:
        return self._dice.choice(PEOPLE)

    async def _decide(
        self, house: SimulatedEngine, approval: Approval, verb: Any, who: str, **more: Any
    ) -> None:
        """Say it, now and then about something else than what is asked."""
        digest = self._dice.choice(("", approval.digest, approval.digest, "0" * 64))
        actor = who if ":" in who else self._dice.choice(SPELLINGS).format(who)
        spoken = Spoken(verb, approval.id, actor, "So it is.", digest, **more)
        answer = await house.ask(spoken, actor)
        is_bound = verb != "withdraw" and digest not in ("", approval.digest)
        hold(
            not is_bound or isinstance(answer, Exception),
            "an answer to something else than what is asked is refused",
        )
