"""Agents are watched over: proved, rested, drained and ended, each within its time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from missioncontrol import operations
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.agents import Agents, Cards
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.journal import Entry, Journal
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.lifecycle.commands import RemoveAgent, StopAgent
from missioncontrol.domain.lifecycle.states import Failed, Resting
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import AttemptFailed as FailedOnce
from missioncontrol.domain.run.events import Failure, StepStarted, StepSucceeded
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.runtime import supervisor as supervisors
from missioncontrol.runtime.breaker import FAILURES_MAX
from missioncontrol.runtime.registry import Registered, Registry
from missioncontrol.runtime.stall_detector import STUCK_SECONDS, StuckSteps
from missioncontrol.runtime.supervisor import Supervisor
from tests.runtime.workshop import workshop
from tests.sandboxes import OpenBelow

BUILT_IN = {"surveyor": Declaration("surveyor", "specialist", scale=2)}
HAND = Declaration("hand", "scripted", scale=3)


class Worker:
    async def perform(self, assignment: Assignment, line: Line) -> Work:
        return Work()


class ScriptedKind:
    """Proves as its script says."""

    name = "scripted"

    def __init__(self) -> None:
        self.proofs = 0
        self.answer: Callable[[], Proof] = lambda: Proof("1.0", "It answers.")
        self.seconds = 0.0

    def card(self, declared: Declaration) -> AgentCard:
        if declared.settings:
            raise Rejected("agent.bad_settings", f"{declared.name!r} takes no settings.")
        return card_of(declared)

    def make(self, declared: Declaration, workshop: Workshop) -> Worker:
        return Worker()

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        self.proofs += 1
        await asyncio.sleep(self.seconds)
        return self.answer()


class Place:
    """Agents, a registry and a supervisor over a log in memory."""

    def __init__(self, folder: Path, store: MemoryEventStore | None = None) -> None:
        self.kind = ScriptedKind()
        self.store = store or MemoryEventStore()
        self.journal = Journal(self.store, SystemClock())
        self.agents = Agents(
            self.journal, Budgets(self.journal, GenaiPrices()), BUILT_IN, self.kind.card
        )
        self.registry = Registry([Registered("surveyor", Worker(), 2)], concurrency=9)
        self.ended: list[str] = []
        self.troubles: list[Exception] = []
        self.fed = 0
        self.supervisor = Supervisor(
            self.agents,
            self.registry,
            {"scripted": self.kind},
            lambda declared: Workshop(
                folder, folder, folder, FolderArtifactStore(folder), dict, str, OpenBelow(folder)
            ),
            SystemClock(),
            end_work=self._end_work,
            feed=self._feed,
            report=lambda name, error: self.troubles.append(error),
        )

    async def _end_work(self, name: str, reason: str) -> None:
        self.ended.append(name)

    def _feed(self) -> None:
        self.fed += 1

    async def ask(self, verb: str, name: str = "hand", **more: Any) -> None:
        operation = operations.find(f"agent.{verb}")
        assert operation is not None
        office: Any = SimpleNamespace(agents=self.agents)
        await operation.handle(office, operation.build(name, more), "user:alice")

    async def add(self, declared: Declaration = HAND) -> None:
        await self.agents.declare(declared, "command", replace=False, actor="user:alice")
        await self.ask("start", declared.name)

    def status(self, name: str = "hand") -> str:
        return self.agents.life(name).status(self.registry.leased(name))

    async def until(self, status: str, name: str = "hand") -> None:
        for _ in range(400):
            if self.status(name) == status:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{name} is {self.status(name)}, not {status}")


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    found = Place(folder)
    await found.supervisor.start()
    yield found
    await found.supervisor.stop()
    assert found.troubles == []


def test_an_agent_takes_steps_once_it_is_proved(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            assert (p.status(), p.registry.room("hand")) == ("starting", 0)
            await p.until("idle")
            assert (p.registry.room("hand"), p.agents.life("hand").version) == (3, "1.0")
            assert p.fed > 0

    asyncio.run(story())


def test_start_twice_asks_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            p.kind.seconds = 0.02
            await p.add()
            await p.ask("start")
            await p.ask("start")
            await p.until("idle")
            await p.ask("start")
            assert p.kind.proofs == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (AttemptFailed("codex.absent", "It is not there.", hint="Install it."), "codex.absent"),
        (Rejected("secret.unknown", "There is no secret."), "secret.unknown"),
        (ZeroDivisionError("oops"), "agent.crashed"),
    ],
)
def test_an_agent_that_does_not_work_says_why(tmp_path: Path, raised: Exception, code: str) -> None:
    def answer() -> Proof:
        raise raised

    async def story() -> None:
        async with place(tmp_path) as p:
            p.kind.answer = answer
            await p.add()
            await p.until("failed")
            standing = p.agents.life("hand").standing
            assert isinstance(standing, Failed)
            assert standing.code == code
            assert p.registry.room("hand") == 0

    asyncio.run(story())


def test_an_agent_that_says_nothing_fails_at_its_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "PROBE_SECONDS_MAX", 0.05)

    async def story() -> None:
        async with place(tmp_path) as p:
            p.kind.seconds = 60.0
            await p.add()
            await p.until("failed")
            standing = p.agents.life("hand").standing
            assert isinstance(standing, Failed)
            assert standing.code == "agent.silent"

    asyncio.run(story())


def test_a_stopped_agent_takes_nothing_and_its_work_is_ended(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            p.registry.lease("hand", "run-1", 1)
            await p.ask("stop", reason="Enough.")
            await asyncio.sleep(0)
            assert (p.status(), p.registry.room("hand"), p.ended) == ("stopped", -1, ["hand"])
            await p.ask("stop", "surveyor", reason="Not now.")
            assert p.registry.room("surveyor") == 0
            await p.ask("start", "surveyor")
            assert p.registry.room("surveyor") == 2

    asyncio.run(story())


def test_a_drain_waits_for_what_is_at_work(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            p.registry.lease("hand", "run-1", 1)
            await p.ask("drain", seconds_max=60.0)
            await asyncio.sleep(0.02)
            assert (p.status(), p.registry.room("hand")) == ("draining", -1)
            p.registry.release("hand", "run-1", 1)
            await p.until("stopped")
            assert p.ended in ([], ["hand"])

    asyncio.run(story())


def test_a_drain_ends_what_has_not_ended_by_its_deadline(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            p.registry.lease("hand", "run-1", 1)
            await p.ask("restart", seconds_max=0.02)
            await p.until("active")
            assert p.ended == ["hand"]
            assert p.kind.proofs == 2

    asyncio.run(story())


def entry(event: Any, fence: int) -> list[Entry]:
    return [Entry(f"run-{fence}", event, 0, 0)]


def work_badly(p: Place, times: int, *, code: str = "http.down") -> None:
    for fence in range(times):
        p.supervisor.take(entry(StepStarted("only", 1, fence, "hand"), fence))
        failure = Failure(code, "Nothing answers.")
        p.supervisor.take(entry(FailedOnce("only", fence, failure, 0.0), fence))


def test_an_agent_that_keeps_failing_rests_and_is_asked_before_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "REST_SECONDS", 0.03)

    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            work_badly(p, FAILURES_MAX - 1)
            assert p.status() == "idle"
            work_badly(p, FAILURES_MAX)
            assert (p.status(), p.registry.room("hand")) == ("blocked", 0)
            assert isinstance(p.agents.life("hand").standing, Resting)
            await p.until("idle")
            assert p.kind.proofs == 2

    asyncio.run(story())


def test_one_that_is_back_from_a_rest_has_one_attempt_to_show_that_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisors, "REST_SECONDS", 0.01)

    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            work_badly(p, FAILURES_MAX)
            await p.until("idle")
            work_badly(p, 1)
            assert p.status() == "blocked"
            await p.until("idle")
            p.supervisor.take(entry(StepStarted("only", 1, 77, "hand"), 77))
            p.supervisor.take(entry(StepSucceeded("only", 77), 77))
            work_badly(p, FAILURES_MAX - 1)
            assert p.status() == "idle"

    asyncio.run(story())


def test_a_success_between_failures_lets_an_agent_go_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            for _ in range(3):
                work_badly(p, FAILURES_MAX - 1)
                p.supervisor.take(entry(StepStarted("only", 1, 77, "hand"), 77))
                p.supervisor.take(entry(StepSucceeded("only", 77), 77))
            assert p.status() == "idle"

    asyncio.run(story())


def test_a_budget_that_is_spent_is_no_fault_of_the_agent(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            work_badly(p, 3 * FAILURES_MAX, code="budget.exceeded")
            assert p.status() == "idle"

    asyncio.run(story())


def test_agents_stand_as_they_stood_when_the_engine_comes_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            await p.add(Declaration("other", "scripted"))
            await p.until("idle", "other")
            await p.ask("stop", "other", reason="Enough.")
            await p.ask("scale", scale=5)
            await p.journal.commit()
            again = Place(tmp_path, p.store)
            await again.agents.open(["hand", "other"])
            await again.supervisor.start()
            assert (again.registry.room("hand"), again.registry.room("other")) == (5, 0)
            assert again.kind.proofs == 0
            await again.supervisor.stop()

    asyncio.run(story())


def test_one_that_was_removed_can_be_declared_again_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.add()
            await p.until("idle")
            await p.ask("stop", reason="Enough.")
            await p.ask("remove")
            await p.journal.commit()
        again = Place(tmp_path, p.store)
        await again.agents.open([])
        await again.supervisor.start()
        await again.add(Declaration("hand", "scripted", scale=7))
        await again.until("idle")
        await again.journal.commit()
        assert again.registry.room("hand") == 7
        await again.supervisor.stop()

    asyncio.run(story())


def test_one_bad_declaration_of_a_file_keeps_no_other_from_work(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            bad = Declaration("bad", "scripted", settings={"x": 1})
            refused = await p.agents.keep_to([bad, HAND], "file", unread=["unread"])
            assert list(refused) == ["bad"]
            await p.until("idle")
            assert await p.agents.keep_to([], "file", unread=["hand"]) == {}
            assert p.status() == "idle"
            await p.agents.keep_to([], "file")
            with pytest.raises(NotFound):
                p.agents.life("hand")

    asyncio.run(story())


def test_a_package_takes_no_agent_from_the_people_here(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            await p.agents.keep_to([HAND], "file")
            theirs = [Declaration(name, "scripted", scale=9) for name in ("hand", "foot", "foot")]
            refused = await p.agents.keep_to(theirs, "package")
            assert "declared by a user here" in refused["hand"]
            assert "declared by another package" in refused["foot"]
            assert (p.agents.life("hand").source, p.agents.life("foot").source) == (
                "file",
                "package",
            )
            await p.agents.keep_to([], "package", unread=["foot"])
            assert p.agents.life("foot").declared.scale == 9

    asyncio.run(story())


def test_an_agent_that_could_do_nothing_is_not_declared(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            with pytest.raises(Rejected, match="of tier write, and it may do only read"):
                await p.add(
                    Declaration("h", "scripted", effects=("writes_files",), risks=("read",))
                )

    asyncio.run(story())


def test_what_a_log_could_not_tell_again_is_not_written_into_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            strange = Declaration("hand", "scripted", scale="2")  # type: ignore[arg-type]
            refused = await p.agents.keep_to([strange], "package")
            assert "Expected `int`, got `str`" in refused["hand"]
            assert not p.journal.has_pending

    asyncio.run(story())


def test_a_declaration_that_its_kind_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as p:
            with pytest.raises(Rejected):
                await p.add(Declaration("hand", "scripted", settings={"x": 1}))
            with pytest.raises(NotFound):
                p.agents.life("hand")
            assert not p.journal.has_pending

    asyncio.run(story())


def test_cards_follow_what_is_declared() -> None:
    kind = ScriptedKind()
    cards = Cards({"surveyor": AgentCard("surveyor")}, kind.card)
    journal = Journal(MemoryEventStore(), SystemClock())
    agents = Agents(journal, Budgets(journal, GenaiPrices()), BUILT_IN, kind.card)

    async def story() -> None:
        await agents.declare(HAND, "command", replace=False, actor="user:alice")
        cards.follow(agents.life("hand"))
        assert list(cards) == ["surveyor", "hand"]
        await agents.change(StopAgent(name="hand"), actor="user:alice")
        await agents.remove(RemoveAgent(name="hand"), actor="user:alice")
        assert [life.name for life in agents.lives()] == ["surveyor"]

    asyncio.run(story())


class Standing:
    """A clock that is set by the test."""

    def __init__(self) -> None:
        self.time = 1_790_000_000.0

    def now(self) -> float:
        return self.time


def test_a_step_that_waits_for_a_stopped_agent_is_told_of_once(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Standing()
        async with workshop(tmp_path, hand=never, clock=clock) as shop:
            agents = Agents(shop.journal, shop.budgets, BUILT_IN | {"hand": HAND}, card_of)
            stuck = StuckSteps(
                shop.journal, shop.execution, agents, report=lambda name, error: None
            )
            shop.registry.close("hand")
            await agents.change(StopAgent("A new version.", name="hand"), actor="user:alice")
            create = CreateRun("run-1", "w", (Step("only", "hand"),), 1, 0.0, {})
            shop.execution.create(create, actor="alice")
            shop.engine.adopt("run-1")
            for _ in range(4):
                stuck.look()
                clock.time += STUCK_SECONDS / 2
            run = shop.journal.runs["run-1"]
            assert run.stuck == {"only": "A new version."}
            await shop.journal.durable()
            rows = await shop.store.read_stream("run-1")
            assert [row.type for row in rows].count("step_stuck") == 1

    asyncio.run(story())


async def never(assignment: Assignment, line: Line) -> Work:
    raise AssertionError
