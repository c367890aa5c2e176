"""Requests are written down, done once, and answered again as they were."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest

from missioncontrol.application.current_request import cause_now, current_request
from missioncontrol.application.journal import Journal
from missioncontrol.application.requests import REQUEST, Requests
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.domain.principal import Asking
from missioncontrol.domain.request import ANSWER_BYTES_MAX, RequestTaken, TakeRequest
from tests.application.parts import ObservedStore, StandingClock, run

KEY = Asking("k", (), "token", "token-1", "192.0.2.1", digest="aa")


@asynccontextmanager
async def a_journal() -> AsyncIterator[Journal]:
    """Make decisions durable again and again."""
    journal = Journal(ObservedStore(), StandingClock())

    async def commit_for_ever() -> None:
        while True:
            await asyncio.sleep(0)
            await journal.commit()

    committing = asyncio.create_task(commit_for_ever())
    try:
        yield journal
    finally:
        committing.cancel()
        with suppress(asyncio.CancelledError, MissionControlError):
            await committing


def told(answer: Any) -> Callable[[], Awaitable[Any]]:
    async def work() -> Any:
        return answer

    return work


async def types(journal: Journal) -> list[str]:
    return [row.type for row in await journal.store.read()]


@pytest.mark.parametrize("answer", [{"run": "run-1"}, ["a"], "text", 7])
def test_the_answer_is_told_again_and_the_work_not_done(answer: Any) -> None:
    async def story() -> None:
        async with a_journal() as journal:
            requests = Requests(journal)
            assert await requests.do("Do", KEY, "user:alice", told(answer)) == answer
            assert await requests.do("Do", KEY, "user:alice", told("again")) == answer
            assert await types(journal) == ["request_taken", "request_answered"]

    run(story())


def test_an_answer_of_nothing_is_told_again_as_nothing_much() -> None:
    async def story() -> None:
        async with a_journal() as journal:
            requests = Requests(journal)
            assert await requests.do("Do", KEY, "user:alice", told(None)) is None
            assert await requests.do("Do", KEY, "user:alice", told("again")) == {}

    run(story())


def test_an_answer_that_is_too_long_is_not_kept_and_the_repeat_says_so() -> None:
    async def story() -> None:
        async with a_journal() as journal:
            requests = Requests(journal)
            long = {"text": "x" * ANSWER_BYTES_MAX}
            assert await requests.do("Do", KEY, "user:alice", told(long)) == long
            with pytest.raises(Rejected) as no:
                await requests.do("Do", KEY, "user:alice", told("again"))
            assert no.value.code == "request.answer_not_kept"

    run(story())


def test_what_is_done_for_a_request_knows_it_and_what_comes_later_does_not() -> None:
    async def story() -> None:
        seen: list[Any] = []
        later: list[asyncio.Task[Any]] = []

        async def look_later() -> Any:
            await asyncio.sleep(0.01)
            return current_request(), cause_now()

        async def work() -> None:
            seen.append((current_request(), cause_now()))
            later.append(asyncio.create_task(look_later()))

        async with a_journal() as journal:
            await Requests(journal).do("Do", KEY, "user:alice", work)
            assert seen == [(KEY, 1)]
            assert await later[0] == (None, 0)
            assert (current_request(), cause_now()) == (None, 0)

    run(story())


def test_where_the_operating_system_vouches_a_request_is_known_and_nobody_is_signed_in() -> None:
    by_os = Asking("k", (), "os", "", "", digest="aa")
    seen: list[tuple[Any, int]] = []

    async def work() -> str:
        seen.append((current_request(), cause_now()))
        return "done"

    async def story() -> None:
        async with a_journal() as journal:
            requests = Requests(journal)
            for _ in range(2):
                assert await requests.do("Do", by_os, "user:alice", work) == "done"
        assert seen == [(None, 1)]

    run(story())


def test_who_asks_again_while_it_is_done_waits_for_the_answer_or_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        may_end, times = asyncio.Event(), 0

        async def work() -> int:
            nonlocal times
            times += 1
            await may_end.wait()
            return times

        async with a_journal() as journal:
            requests = Requests(journal)
            first = asyncio.create_task(requests.do("Do", KEY, "user:alice", work))
            await asyncio.sleep(0.01)
            monkeypatch.setattr("missioncontrol.application.requests.OPEN_SECONDS_MAX", 0.01)
            with pytest.raises(Rejected) as no:
                await requests.do("Do", KEY, "user:alice", work)
            assert no.value.code == "request.open"
            monkeypatch.setattr("missioncontrol.application.requests.OPEN_SECONDS_MAX", 60)
            second = asyncio.create_task(requests.do("Do", KEY, "user:alice", work))
            await asyncio.sleep(0)
            may_end.set()
            assert (await first, await second, times) == (1, 1, 1)

    run(story())


@pytest.mark.parametrize("does_first", [False, True])
def test_work_that_broke_off_is_done_again_only_where_nothing_came_of_it(does_first: bool) -> None:
    async def story() -> None:
        async with a_journal() as journal:
            requests = Requests(journal)
            other = msgspec.structs.replace(KEY, request="l")

            async def broken() -> None:
                if does_first:
                    request = RequestTaken("Other", "token", "token-1", "192.0.2.1")
                    journal.tell(REQUEST, "request-made-by-it", TakeRequest(request))
                raise RuntimeError("a fault")

            with pytest.raises(RuntimeError):
                await requests.do("Do", KEY, "user:alice", broken)
            await requests.do("Do", other, "user:alice", told(1))
            if not does_first:
                assert await requests.do("Do", KEY, "user:alice", told("done")) == "done"
                return
            with pytest.raises(Rejected) as no:
                await requests.do("Do", KEY, "user:alice", told("done"))
            assert no.value.code == "request.half_done"
            assert "event 2" in no.value.reason

    run(story())


def test_a_log_that_can_not_be_written_is_told_and_nothing_more_is_decided() -> None:
    async def story() -> None:
        async with a_journal() as journal:
            assert isinstance(journal.store, ObservedStore)
            journal.store.trouble = Unavailable("log.unwritable", "The disk is full.")

            async def work() -> None:
                await journal.durable()

            with pytest.raises(Unavailable):
                await Requests(journal).do("Do", KEY, "user:alice", work)
            assert await types(journal) == []

    run(story())


def test_the_position_of_an_event_is_known_before_it_is_on_disk() -> None:
    async def story() -> None:
        async with a_journal() as journal:
            requests = Requests(journal)
            other = Asking("l", (), "token", "token-1", "192.0.2.1", digest="aa")
            await asyncio.gather(
                requests.do("Do", KEY, "user:alice", told(1)),
                requests.do("Do", other, "user:bob", told(2)),
            )
            rows = await journal.store.read()
            positions = {row.stream: row.position for row in rows if row.type == "request_taken"}
            for row in rows:
                if row.type == "request_answered":
                    assert row.cause == positions[row.stream]
            assert journal.position == rows[-1].position

    run(story())
