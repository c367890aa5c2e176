"""An index that is built again from the record equals the one that followed it as it grew."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.application import memory as application
from missioncontrol.application.decisions import STREAM as DECISION_STREAM
from missioncontrol.application.memory import Memory
from missioncontrol.domain import decision, memory
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import Decision
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run.events import RunSettled
from missioncontrol.knowledge.ended_run import EndedRun
from missioncontrol.knowledge.harvest import harvested
from missioncontrol.knowledge.recall import searched
from missioncontrol.ports.event_store import Append, NewEvent
from missioncontrol.ports.memory_index import Wanted
from tests.domain.plans import a_plan
from tests.knowledge.test_harvest import after_tests, run

MISSIONS = range(3)
START = 1_700_000_000


def ended(number: int, at: float = 0.0, position: int = 0) -> EndedRun:
    """Return a run of one of three missions on two repositories."""
    choice = Decision("D1", f"How {number}", "This way", "It fits.", "It costs.")
    return run(
        after_tests("passed", seconds=at % 100),
        mission=f"mission-{number}",
        run=f"run-{number}",
        repository=f"/code-{number % 2}",
        plan=msgspec.structs.replace(a_plan(), decisions=(choice,)),
        at=at,
        position=position,
    )


ITEMS = tuple(dict.fromkeys(item.id for number in MISSIONS for item in harvested(ended(number))))


@pytest.fixture(scope="module", autouse=True)
def runs_as_told() -> Iterator[None]:
    """Derive the result of a run from its name; all else is read from the log."""

    async def found(store: object, artifacts: object, row: Recorded) -> EndedRun:
        del store, artifacts
        return ended(int(row.stream[-1]), row.time / 1_000_000, row.position)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "ended_run", found)
        yield


SETTLES = st.tuples(st.just("settle"), st.sampled_from(MISSIONS))
AMENDS = st.tuples(
    st.sampled_from(["correct", "expire", "forget", "add"]), st.integers(0, len(ITEMS) + 1)
)
DECIDES = st.tuples(
    st.sampled_from(["record", "accept", "deprecate", "revise", "supersede", "unlink"]),
    st.sampled_from(MISSIONS),
)
STORIES = st.lists(st.one_of(SETTLES, AMENDS, DECIDES), max_size=14)


class World:
    """A log to which whatever is allowed is appended."""

    def __init__(self) -> None:
        self.store = MemoryEventStore()
        self.versions: dict[str, int] = {}
        self.amendments: dict[str, memory.Amendment] = {}
        self.log: decision.DecisionLog | None = None
        self.now = float(START)

    async def live(self, story: Sequence[tuple[str, int]]) -> None:
        for verb, which in story:
            self.now += 86_400.0
            try:
                stream, events = self._events(verb, which)
            except MissionControlError:
                continue
            await self._append(stream, events)

    def _events(self, verb: str, which: int) -> tuple[str, list[Any]]:
        if verb == "settle":
            return f"run-{which}", [RunSettled("succeeded")]
        if verb in ("correct", "expire", "forget", "add"):
            item = ITEMS[which] if which < len(ITEMS) else f"memory-{which:020}"
            events = memory.decide(self._amends(verb, item), self.amendments.get(item), self.now)
            for event in events:
                self.amendments[item] = memory.evolve(self.amendments.get(item), event, self.now)
            return item, [*events]
        decided = decision.decide(self._decides(verb, which), self.log, self.now)
        for each in decided:
            self.log = decision.evolve(self.log, each, self.now)
        return DECISION_STREAM, [*decided]

    def _amends(self, verb: str, item: str) -> memory.MemoryCommand:
        match verb:
            case "add":
                return memory.AddMemory(item, f"Added {self.now}", "by a person")
            case "correct":
                return memory.CorrectMemory(item, f"Corrected {self.now}", "by a person")
            case "expire":
                return memory.ExpireMemory(item, self.now)
            case _:
                return memory.ForgetMemory(item)

    def _decides(self, verb: str, which: int) -> decision.DecisionCommand:
        name, text = f"mission-{which}/D1", DecisionText(f"How {which}", choice=f"At {self.now}")
        match verb:
            case "record":
                mission = f"mission-{which}"
                return decision.RecordDecision(
                    text, id=name, mission=mission, run=f"run-{which}", files=("a.py",)
                )
            case "accept":
                return decision.ChangeStatus(name, "accepted")
            case "deprecate":
                return decision.ChangeStatus(name, "deprecated")
            case "revise":
                return decision.ReviseDecision(name, text, "accepted", "")
            case "unlink":
                return decision.LinkDecision(name, files=("a.py",), remove=True)
            case _:
                return decision.Supersede(name, f"mission-{(which + 1) % len(MISSIONS)}/D1")

    async def _append(self, stream: str, events: list[Any]) -> None:
        if not events:
            return
        new = []
        for event in events:
            name, schema = NAMES[type(event)]
            body = msgspec.json.encode(event)
            new.append(
                NewEvent(name, schema, body, int(self.now * 1_000_000), "ann", "", 0, stream)
            )
        version = self.versions.get(stream, 0)
        await self.store.append([Append(stream, version, new)])
        self.versions[stream] = version + len(new)


def told(index: SqliteMemoryIndex, now: float) -> dict[str, Any]:
    """Return everything that a reader can see of what is remembered."""
    every = Wanted(with_expired=True)
    return {
        "listed": index.listed(every, now=now, before=None, limit=1_000),
        "found": searched(index, "pytest person way", wanted=every, now=now, limit=1_000),
        "silenced": index.silenced(now=now, limit=1_000),
        "amendments": [index.amendment(item) for item in ITEMS],
        "counts": index.item_counts(now=now),
    }


@given(story=STORIES, portions=st.lists(st.integers(1, 5), min_size=1, max_size=4))
@example(story=[("record", 0), ("accept", 0), ("settle", 0)], portions=[1])
@example(story=[("settle", 0), ("record", 0), ("accept", 0), ("settle", 0)], portions=[1, 2])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_in_whatever_portions_the_record_is_read_the_same_is_remembered(
    story: list[tuple[str, int]], portions: list[int]
) -> None:
    async def both() -> None:
        world = World()
        artifacts = FolderArtifactStore(Path("nowhere"))
        with closing(SqliteMemoryIndex(None)) as grown, closing(SqliteMemoryIndex(None)) as built:
            growing = Memory(world.store, artifacts, grown, now=lambda: world.now)
            cut = len(story) // 2
            await world.live(story[:cut])
            for limit in portions:
                await growing.follow(limit=limit)
            await world.live(story[cut:])
            while await growing.follow(limit=portions[0]):
                pass
            again = Memory(world.store, artifacts, built, now=lambda: world.now)
            while await again.follow(limit=1_000):
                pass
            assert told(grown, world.now) == told(built, world.now)

    asyncio.run(both())
