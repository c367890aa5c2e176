"""Concurrent commands share a commit, and no caller gets an answer before it."""

import asyncio
from pathlib import Path

import pytest

from missioncontrol.application import journal as module
from missioncontrol.application.journal import Journal, fold_mission, fold_run
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.mission import CreateMission, StartMission
from missioncontrol.domain.run.commands import (
    CancelRun,
    CreateRun,
    ReportSuccess,
    StartSteps,
)
from missioncontrol.domain.run.events import RunCreated, RunSettled, StepSucceeded
from missioncontrol.domain.run.states import Succeeded
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Work
from tests.application.parts import NOW, ObservedStore, Office, StandingClock, run

SECRET = 'hunter2 "quoted" hunter2'


def a_journal(*secrets: str) -> Journal:
    scrub = Scrubber(secrets).bytes if secrets else None
    return Journal(ObservedStore(), StandingClock(), scrub=scrub)


def store_of(journal: Journal) -> ObservedStore:
    assert isinstance(journal.store, ObservedStore)
    return journal.store


def create(name: str = "run-1", *keys: str) -> CreateRun:
    return CreateRun(name, "release", tuple(Step(key, "hand") for key in keys or ("a",)), 100)


def test_commands_before_a_commit_share_one_append() -> None:
    async def story() -> None:
        journal = a_journal()
        for number in range(20):
            journal.handle_run(f"run-{number}", create(f"run-{number}"))
            journal.handle_run(f"run-{number}", StartSteps(("a",)))
        assert journal.has_pending
        assert await journal.store.read() == []
        entries = await journal.commit()
        assert not journal.has_pending
        assert len(store_of(journal).appends) == 1
        assert len(await journal.store.read()) == 60
        assert [entry.position for entry in entries] == list(range(1, 61))

    run(story())


def test_entries_carry_what_is_stored_at_their_positions() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("run-1", create())
        await journal.commit()
        journal.handle_mission("mission-1", CreateMission("mission-1", "t", "g"), actor="jo")
        journal.handle_run("run-1", StartSteps(("a",)), actor="jo", cause=1)
        entries = await journal.commit()
        stored = await journal.store.read(after=1)
        assert [(e.position, e.stream, e.time) for e in entries] == [
            (s.position, s.stream, s.time) for s in stored
        ]
        assert {s.time for s in stored} == {int(NOW * 1_000_000)}
        assert {s.actor for s in stored} == {"jo"}
        assert [s.cause for s in stored] == [0, 1, 1]
        assert [s.correlation for s in stored] == ["mission-1", "run-1", "run-1"]

    run(story())


def test_nothing_is_told_of_a_command_that_changes_nothing() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("run-1", create())
        journal.handle_run("run-1", CancelRun("Enough."))
        journal.handle_mission("mission-1", CreateMission("mission-1", "t", "g"))
        journal.handle_mission("mission-1", StartMission("run-1"))
        await journal.commit()
        assert journal.handle_run("run-1", CancelRun("Enough.")) == []
        assert journal.handle_mission("mission-1", StartMission("run-1")) == []
        assert not journal.has_pending
        assert await journal.commit() == []

    run(story())


def test_a_refused_command_leaves_no_trace() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("run-1", create())
        with pytest.raises(Rejected):
            journal.handle_run("run-1", create())
        with pytest.raises(NotFound):
            journal.handle_run("run-2", StartSteps(("a",)))
        await journal.commit()
        assert len(await journal.store.read()) == 1

    run(story())


def test_waiting_for_the_disk_ends_with_the_commit() -> None:
    async def story() -> None:
        journal = a_journal()
        woken: list[bool] = []
        journal.wake = lambda: woken.append(True)
        journal.handle_run("run-1", create())
        waiters = [asyncio.create_task(journal.durable()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(waiter.done() for waiter in waiters)
        assert woken
        await journal.commit()
        await asyncio.gather(*waiters)

    run(story())


def test_waiting_with_nothing_pending_ends_with_the_next_commit() -> None:
    async def story() -> None:
        journal = a_journal()
        waiter = asyncio.create_task(journal.durable())
        await asyncio.sleep(0)
        assert await journal.commit() == []
        await waiter
        assert store_of(journal).appends == []

    run(story())


def test_a_failed_commit_reaches_everybody_who_waits() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("run-1", create())
        waiters = [asyncio.create_task(journal.durable()) for _ in range(3)]
        given_up = asyncio.create_task(journal.durable())
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        store_of(journal).trouble = Unavailable("log.unwritable", "The disk is full.")
        with pytest.raises(Unavailable):
            await journal.commit()
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 3
        assert await journal.store.read() == []

    run(story())


def test_nobody_waits_for_a_journal_that_failed() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.fail(Unavailable("log.unwritable", "The disk is full."))
        with pytest.raises(Unavailable):
            await journal.durable()

    run(story())


def test_what_changed_since_the_last_commit_is_not_forgotten() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("run-1", create())
        journal.forget("run-1")
        assert "run-1" in journal.runs
        await journal.commit()
        journal.forget("run-1")
        assert "run-1" not in journal.runs

    run(story())


def test_who_gave_up_waiting_does_not_disturb_a_commit() -> None:
    async def story() -> None:
        journal = a_journal()
        given_up, waiter = (asyncio.create_task(journal.durable()) for _ in range(2))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0)
        await journal.commit()
        await waiter
        assert given_up.cancelled()

    run(story())


# Secrets.


def test_a_secret_is_neither_in_the_log_nor_in_the_state() -> None:
    async def story() -> None:
        journal = a_journal(SECRET)
        journal.handle_run("run-1", create())
        journal.handle_run("run-1", StartSteps(("a",)))
        work = Work(f"It is {SECRET}.", {"deep": [f"x{SECRET}y"]})
        events = journal.handle_run("run-1", ReportSuccess("a", 1, work))
        entries = await journal.commit()
        clean = Work("It is [secret].", {"deep": ["x[secret]y"]})
        assert events == [StepSucceeded("a", 1, clean), RunSettled("succeeded")]
        assert journal.runs["run-1"].states["a"] == Succeeded(clean)
        assert entries[-2].event == events[0]
        stored = b"".join(event.body for event in await journal.store.read())
        assert b"hunter2" not in stored
        folded, _ = await fold_run(journal.store, "run-1")
        assert folded.states == journal.runs["run-1"].states

    run(story())


def test_a_secret_in_a_goal_stays_out_of_the_mission() -> None:
    async def story() -> None:
        journal = a_journal(SECRET)
        command = CreateMission("mission-1", "t", f"Use {SECRET}", constraints=(SECRET,))
        journal.handle_mission("mission-1", command)
        await journal.commit()
        assert journal.missions["mission-1"].goal == "Use [secret]"
        assert journal.missions["mission-1"].constraints == ("[secret]",)
        (stored,) = await journal.store.read()
        assert b"hunter2" not in stored.body

    run(story())


@pytest.mark.parametrize(
    "secret",
    ["12345678", "workflow", "concurrency", "succeeded", "release-"],
)
def test_a_secret_that_looks_like_our_own_words_breaks_no_event(secret: str) -> None:
    async def story() -> None:
        journal = a_journal(secret)
        command = CreateRun(
            "run-1", "x", (Step("a", "hand"),), 1, inputs={"n": 12345678, "s": f"({secret})"}
        )
        (event,) = journal.handle_run("run-1", command)
        assert isinstance(event, RunCreated)
        assert event.inputs["s"] == "([secret])"
        journal.handle_run("run-1", StartSteps(("a",)))
        assert journal.handle_run("run-1", ReportSuccess("a", 1))[-1] == RunSettled("succeeded")
        await journal.commit()
        folded, _ = await fold_run(journal.store, "run-1")
        assert folded.status == "succeeded"

    run(story())


def test_a_command_that_cannot_be_written_leaves_the_journal_usable() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("run-1", create("run-1", "a", "b"))
        journal.handle_run("run-1", StartSteps(("a", "b")))
        unwritable = Work(output=object())
        with pytest.raises((TypeError, Rejected)):
            journal.handle_run("run-1", ReportSuccess("a", 1, unwritable))
        journal.handle_run("run-1", ReportSuccess("b", 2))
        entries = await journal.commit()
        stored = await journal.store.read()
        assert [entry.position for entry in entries] == [event.position for event in stored]
        assert journal.runs["run-1"].unsettled == 1

    run(story())


# Loading.


def test_a_run_is_folded_once_and_then_at_hand() -> None:
    async def story() -> None:
        first = a_journal()
        first.handle_run("run-1", create())
        first.handle_mission("mission-1", CreateMission("mission-1", "t", "g"))
        await first.commit()
        second = Journal(first.store, StandingClock())
        loaded = await second.load_run("run-1")
        assert await second.load_run("run-1") is loaded
        mission = await second.load_mission("mission-1")
        assert await second.load_mission("mission-1") is mission
        second.handle_run("run-1", StartSteps(("a",)))
        second.handle_mission("mission-1", StartMission("run-1"))
        await second.commit()
        second.forget("run-1")
        second.forget("mission-1")
        assert (await second.load_run("run-1")).status == "running"
        assert (await second.load_mission("mission-1")).status == "running"

    run(story())


def test_two_who_load_at_once_get_the_same_run() -> None:
    class SlowStore(ObservedStore):
        async def read_stream(self, stream: str, *, after: int = 0, limit: int = 1000):  # type: ignore[no-untyped-def]
            await asyncio.sleep(0)
            return await super().read_stream(stream, after=after, limit=limit)

    async def story() -> None:
        store = SlowStore()
        first = Journal(store, StandingClock())
        first.handle_run("run-1", create())
        first.handle_mission("mission-1", CreateMission("mission-1", "t", "g"))
        await first.commit()
        second = Journal(store, StandingClock())
        one, two = await asyncio.gather(second.load_run("run-1"), second.load_run("run-1"))
        assert one is two
        three, four = await asyncio.gather(
            second.load_mission("mission-1"), second.load_mission("mission-1")
        )
        assert three is four

    run(story())


def test_what_was_never_recorded_is_not_found() -> None:
    async def story() -> None:
        journal = a_journal()
        for load in (journal.load_run, journal.load_mission):
            with pytest.raises(NotFound) as no:
                await load("nobody")
            assert "'nobody'" in no.value.reason

    run(story())


def test_a_run_can_be_rebuilt_as_it_stood_at_any_position() -> None:
    async def story() -> None:
        journal = a_journal()
        journal.handle_run("other", create("other"))
        journal.handle_run("run-1", create())
        journal.handle_run("run-1", StartSteps(("a",)))
        journal.handle_run("run-1", ReportSuccess("a", 1))
        await journal.commit()
        statuses = [
            (await fold_run(journal.store, "run-1", until=position))[0].status
            for position in range(2, 7)
        ]
        assert statuses == ["queued", "running", "running", "running", "succeeded"]
        with pytest.raises(NotFound) as no:
            await fold_run(journal.store, "run-1", until=1)
        assert "at position 1" in no.value.reason

    run(story())


def test_long_streams_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        journal = a_journal()
        keys = tuple(f"s{number}" for number in range(10))
        journal.handle_run("run-1", create("run-1", *keys))
        for fence, key in enumerate(keys, start=1):
            journal.handle_run("run-1", StartSteps((key,)))
            journal.handle_run("run-1", ReportSuccess(key, fence))
        journal.handle_mission("mission-1", CreateMission("mission-1", "t", "g"))
        for number in range(10):
            journal.handle_mission("mission-1", StartMission(f"run-{number}"))
        await journal.commit()
        monkeypatch.setattr(module, "READ_AT_ONCE", 4)
        folded, version = await fold_run(journal.store, "run-1")
        assert (folded.status, version) == ("succeeded", 23)
        mission, version = await fold_mission(journal.store, "mission-1")
        assert (len(mission.runs), version) == (10, 11)

    run(story())


def test_what_is_held_is_what_a_replay_gives(tmp_path: Path) -> None:
    async def story() -> None:
        office = Office(tmp_path)
        office.execution.tell("run-1", create())
        office.execution.start("run-1", ("a",))
        output = {"pair": (1, 2), "numbers": {1: "one"}, "not": float("nan"), "deep": [(3,)]}
        office.execution.success("run-1", "a", 1, Work(output=output))
        await office.journal.commit()
        folded, _ = await fold_run(office.store, "run-1")
        held = office.journal.runs["run-1"].states["a"]
        assert repr(held) == repr(folded.states["a"])

    run(story())
