"""Elevations where steps are carried out: who begins with one, and when it ends by itself."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.agents import Agents
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.elevations import Elevations, ElevationWished
from missioncontrol.application.journal import Journal
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step
from missioncontrol.runtime.expiry import ElevationExpiry
from tests.application.parts import Office

CODER = Declaration("coder", "scripted")
WIDE = Declaration("coder", "scripted", {"network": True})
ASK = ElevationWished("ask", "coder", "It installs.", ("network",), seconds=600.0)


def card(declared: Declaration) -> AgentCard:
    standing = {"network": "network = true"} if declared.settings.get("network") else {}
    return msgspec.structs.replace(
        card_of(declared), elevations={"network": "opens it"}, standing=standing
    )


class Place:
    """Agents over a log in memory, and the clock that is set by the test."""

    def __init__(self) -> None:
        self.time = 1_790_000_000.0
        self.journal = Journal(MemoryEventStore(), self)
        budgets = Budgets(self.journal, GenaiPrices())
        self.agents = Agents(self.journal, budgets, {}, card)
        self.elevations = Elevations(self.agents, "root")

    def now(self) -> float:
        return self.time

    async def add(self, declared: Declaration = CODER, *, replace: bool = False) -> None:
        await self.agents.declare(declared, "command", replace=replace, actor="user:ann")

    async def give(self, seconds: float = 600.0) -> None:
        ask = msgspec.structs.replace(ASK, seconds=seconds)
        life = await self.elevations.take(ask, actor="user:ann")
        assert life.wish is not None
        yes = ElevationWished("approve", "coder", elevation=life.wish.id)
        await self.elevations.take(yes, actor="user:ben")


def test_only_an_attempt_that_writes_and_begins_in_time_has_it(tmp_path: Path) -> None:
    office = Office(tmp_path)
    wider = Elevated("elevation-1", ("network",), (), 5.0)
    office.execution.elevated = lambda agent: wider if agent == "coder" else None
    steps = (
        Step("reads", "coder"),
        Step("writes", "coder", risk="write"),
        Step("other", "hand", risk="write"),
        Step("later", "coder", risk="write"),
    )
    office.execution.tell("run-1", CreateRun("run-1", "w", steps, 10))
    office.execution.start("run-1", ("reads", "writes", "other"))
    office.execution.elevated = lambda agent: None
    office.execution.start("run-1", ("later",))
    assert office.journal.runs["run-1"].elevated == {"writes": wider}


def test_it_ends_by_itself_though_the_clock_is_set_back() -> None:
    async def story() -> None:
        place = Place()
        await place.add()
        lapsing = ElevationExpiry(place.agents, place)
        place.agents.listeners.append(lambda name: lapsing.follow(place.agents.life(name)))
        await place.give(0.05)
        assert place.agents.elevated("coder") is not None
        place.time -= 3_600.0
        assert place.agents.elevated("coder") is None
        while place.agents.life("coder").elevation is not None:  # noqa: ASYNC110 - a timer ends it
            await asyncio.sleep(0.01)
        lapsing.stop()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_what_ended_while_nothing_was_at_work_is_told_at_the_next_start() -> None:
    async def story() -> None:
        place = Place()
        await place.add()
        await place.give()
        place.time += 601.0
        assert place.agents.elevated("coder") is None
        lapsing = ElevationExpiry(place.agents, place)
        lapsing.follow(place.agents.life("coder"))
        lapsing.follow(place.agents.life("coder"))
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert place.agents.life("coder").elevation is None

    asyncio.run(story())


def test_a_new_declaration_opens_nothing_at_all_times_and_an_old_one_goes_on() -> None:
    async def story() -> None:
        place = Place()
        with pytest.raises(Rejected) as refused:
            await place.add(WIDE)
        assert refused.value.code == "agent.standing_elevation"
        assert "mission agent elevate coder --to network" in refused.value.hint
        # An older release took it in, and a file or a package declares it at each start.
        place.agents._card = card_of
        await place.add(WIDE)
        place.agents._card = card
        await place.agents.declare(WIDE, "command", replace=True)
        await place.add(msgspec.structs.replace(WIDE, model="m"), replace=True)
        await place.add(CODER, replace=True)
        with pytest.raises(Rejected):
            await place.add(WIDE, replace=True)

    asyncio.run(story())


def test_a_mode_that_would_change_nothing_is_refused() -> None:
    async def story() -> None:
        place = Place()
        await place.add()
        ask = msgspec.structs.replace(ASK, modes=("full",))
        with pytest.raises(Rejected) as refused:
            await place.elevations.take(ask, actor="user:ann")
        assert refused.value.code == "elevation.no_mode"
        assert refused.value.hint == "It has network."

    asyncio.run(story())


def test_who_is_at_work_when_it_is_given_is_not_counted_twice() -> None:
    async def story() -> None:
        place = Place()
        await place.add()
        life = await place.elevations.take(ASK, actor="user:ann")
        assert life.wish is not None
        yes = ElevationWished("approve", "coder", elevation=life.wish.id)
        answers = await asyncio.gather(
            *(place.elevations.take(yes, actor=f"user:p{n}") for n in range(8))
        )
        assert {each.elevation.by for each in answers if each.elevation} == {"user:p0"}

    asyncio.run(story())
