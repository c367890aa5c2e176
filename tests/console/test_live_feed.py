"""The messages to listeners, by topic and filter, and the fate of too many or broken ones."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application import live as feed
from missioncontrol.application.archive import WAITING_MAX, Archive
from missioncontrol.application.feed_listener import Place, Seats, place_in
from missioncontrol.application.log_verification import Verifying
from missioncontrol.application.run_watch import RunWatch
from missioncontrol.application.topics import FEED, EventFilter, Wanted, wanted
from missioncontrol.domain.errors import Corrupt, NotFound, Unavailable
from missioncontrol.interfaces import live as route
from tests.console.houses import House, console_house
from tests.console.streams import Message, Reader, begin, messages, served
from tests.console.test_live import busy


async def told(house: House, wants: Wanted, place: Place | None, count: int = 1) -> list[Message]:
    """Return the first messages of a listener from `place` on."""
    reader = Reader()
    async with aclosing(house.console.live.listen(wants, place)) as frames:
        async for frame in frames:
            reader.take(frame)
            if len(reader.messages) >= count:
                break
    return reader.messages


async def done(house: House, steps: int = 3) -> str:
    run = await begin(house, busy(steps, seconds=0))
    await house.held.engine.settled(run)
    return run


def of(message: Message) -> Any:
    return msgspec.json.decode(message.data)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (EventFilter(type="run_settled"), 1),
        (EventFilter(actor="user:alice"), 1),
        (EventFilter(agent="function", type="step_succeeded"), 3),
        (EventFilter(stream="run-none"), 0),
        (EventFilter(agent="nobody"), 0),
        (EventFilter(run="run-none"), 0),
    ],
)
def test_the_feed_has_the_events_that_fit_and_no_others(
    tmp_path: Path, chosen: EventFilter, expected: int
) -> None:
    async def listen() -> None:
        async with console_house(tmp_path) as house:
            await done(house)
            last = EventFilter(type="run_created")
            found: list[Message] = []
            for each in (chosen, last):
                reader = Reader()
                listening = house.console.live.listen(Wanted((FEED,), each), Place(0))
                async with aclosing(listening) as frames:
                    reader.take(await anext(frames))
                found += reader.messages
            agents = {of(each)["data"].get("agent") for each in found[:-1]}
            assert len(found) - 1 == expected, agents

    asyncio.run(listen())


def test_somebody_who_was_away_for_long_is_told_that_lists_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEHIND_MAX", 3)

    async def listen() -> None:
        async with console_house(tmp_path) as house:
            await done(house)
            head = (await house.held.store.head()).position
            [message] = await told(house, wanted(["runs", "events"]), Place(0))
            assert of(message)["runs"] == {"ids": [], "more": True}
            assert of(message)["events"] == {"events": [], "count": head, "last": head}
            assert message.id == str(head)

    asyncio.run(listen())


def test_a_run_of_a_mission_changes_its_mission_and_agents_have_less_to_do(tmp_path: Path) -> None:
    async def listen() -> None:
        async with console_house(tmp_path) as house:
            run = await done(house)
            [message] = await told(house, wanted(["missions", "agents", "runs"]), Place(0))
            assert of(message) == {
                "agents": {"ids": [], "load": True},
                "runs": {"ids": [run], "more": False},
            }

    asyncio.run(listen())


def test_whoever_knows_nothing_of_a_run_is_told_all_of_it_and_others_what_changed(
    tmp_path: Path,
) -> None:
    async def listen() -> None:
        async with console_house(tmp_path) as house:
            run = await done(house)
            wants = wanted([f"run:{run}", "strip"])
            [message] = await told(house, wants, None)
            whole = of(message)[f"run:{run}"]
            assert (whole["whole"], whole["added"], whole["total"]) == (True, 3, 3)
            assert whole["s"] == {f"s{n}": ["succeeded", 1] for n in range(3)}
            [message] = await told(house, wants, Place(whole["p"]))
            assert set(of(message)) == {"strip"}
            with pytest.raises(NotFound):
                await house.console.live.check(wanted(["run:run-none"]))

    asyncio.run(listen())


def test_a_place_of_another_log_counts_as_now(tmp_path: Path) -> None:
    async def listen() -> None:
        async with console_house(tmp_path) as house:
            await done(house)
            head = (await house.held.store.head()).position
            [message] = await told(house, wanted(["strip"]), Place(10**9))
            assert (message.id, of(message)["strip"]["position"]) == (str(head), head)

    asyncio.run(listen())


def test_what_was_added_to_a_run_is_counted_since_any_moment(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house:
            run = await house.console.present.run(await done(house))
            watch = RunWatch(run, 10)
            run.add(tuple(msgspec.structs.replace(run.steps["s0"], key=k) for k in ("x", "y")))
            watch.look(run, 20)
            since = watch.since(10)
            assert since is not None
            assert (since["added"], set(since["s"])) == (2, {"x", "y"})
            assert watch.since(20) is None
            assert watch.encoded_since(20) == b""
            assert watch.encoded_since(5) == watch.encoded_since(3)

    asyncio.run(look())


def test_a_feed_that_breaks_off_ends_its_listeners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def listen() -> None:
        async with console_house(tmp_path) as house:
            await done(house)
            listening = house.console.live.listen(wanted(["strip"]), None)
            async with aclosing(listening) as frames:
                await anext(frames)

                async def broken() -> Any:
                    raise Corrupt("log.damaged", "It is damaged.")

                monkeypatch.setattr(house.console.present.store, "head", broken)
                assert [frame async for frame in frames] == []
            assert house.console.live.listeners == 0

    asyncio.run(listen())
    assert "the live feed broke off" in caplog.text


def test_seats_have_an_end_for_each_and_for_all() -> None:
    seats = Seats(most=2, each=1)
    with seats.taken("a"), seats.taken("b"), pytest.raises(Unavailable, match="which is all"):
        seats.refuse_if_full("c")
    with seats.taken("a"), pytest.raises(Unavailable, match="session or token"):
        seats.refuse_if_full("a")
    seats.refuse_if_full("a")


@pytest.mark.parametrize("text", ["", "x", "-1", "1-", "1-x", "٣", "1" * 30])
def test_what_is_no_id_of_ours_is_none(text: str) -> None:
    assert place_in(text) is None


def test_a_stream_ends_when_its_listener_is_not_signed_in_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "LOOK_SECONDS", 0.0)

    async def listen() -> None:
        async with console_house(tmp_path) as house, served(house, "viewer") as client:
            await done(house)
            headers = {"Authorization": "Bearer mct_gone"}
            found = [each async for each in messages(client, "/live?topics=strip", headers=headers)]
            assert len(found) == 1

    asyncio.run(listen())


def test_a_search_waits_for_no_more_than_so_many_others(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            archive = house.console.archive
            archive._waiting = WAITING_MAX
            with pytest.raises(Unavailable):
                await archive.ask(lambda books: books.output.last())
            archive._waiting = 0
            assert await archive.ask(lambda books: books.output.last()) == 0

    asyncio.run(ask())


def test_a_verification_that_breaks_off_says_why_and_another_one_can_begin(tmp_path: Path) -> None:
    async def verify() -> None:
        async with console_house(tmp_path) as house:
            await done(house)

            def unreadable() -> Any:
                raise Unavailable("log.unreadable", "The disk is gone.")

            clock = house.console.instruments.clock
            verifying = Verifying(Archive(unreadable), clock)
            assert verifying.begin("user:alice", 5).state == "running"
            assert verifying.begin("user:bob", 5).by == "user:alice"
            found = await verifying.ended()
            assert (found.state, found.problem) == ("broken", "The disk is gone.")
            await house.console.verifying.close()
            house.console.verifying.begin("user:alice", 5)
            assert (await house.console.verifying.ended()).state == "broken"
            await house.console.verifying.close()

    asyncio.run(verify())


def test_who_waits_for_a_verification_is_told_how_it_is_and_when_it_changes(tmp_path: Path) -> None:
    async def listen() -> None:
        async with console_house(tmp_path) as house:
            await done(house)
            states: list[str] = []
            reader = Reader()
            wants = wanted(["verification", "runs"])
            async with aclosing(house.console.live.listen(wants, None)) as frames:
                async for frame in frames:
                    reader.take(frame)
                    found = [of(message) for message in reader.messages]
                    states = [each["verification"]["state"] for each in found]
                    if states == ["never"] and house.console.verifying.now.state == "never":
                        house.console.verifying.begin("user:alice", 5)
                    if states and states[-1] == "done":
                        break
            assert states[0] == "never"
            assert "by" not in found[-1]["verification"]  # Other roles than auditor see less.

    asyncio.run(listen())
