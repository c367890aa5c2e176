"""The live feed: one message has everything up to its id, and nothing is missed or repeated."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec

from missioncontrol.application.feed_listener import Listener, Place, place_in
from missioncontrol.application.topics import wanted
from missioncontrol.application.views import state_name
from missioncontrol.embedded import Workflow
from missioncontrol.ports.output_store import OutputLine
from tests.console.houses import House, console_house
from tests.console.streams import Message, Reader, begin, messages, served

BREAKS = 100


def busy(steps: int, *, seconds: float = 0.004) -> Workflow:
    """Return a workflow in rows: each step needs the one ten before it."""
    flow = Workflow("busy", concurrency=8)

    async def work(step: Any) -> str:
        await asyncio.sleep(seconds)
        return "done"

    for number in range(steps):
        needs = [f"s{number - 10}"] if number >= 10 else []
        flow.add(f"s{number}", work, needs=needs)
    return flow


class Folded:
    """What a client of a run's deltas knows."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[str, int]] = {}
        self.rest: dict[str, Any] = {}

    def take(self, delta: dict[str, Any]) -> None:
        self.steps.update({key: (state, n) for key, (state, n) in delta["s"].items()})
        self.rest = delta


async def read_some(client: httpx.AsyncClient, path: str, last: str, bytes_max: int) -> Reader:
    """Read a stream and break it off somewhere; what arrived as a whole is in the reader."""
    reader = Reader(last)
    headers = {"Last-Event-ID": last} if last else {}
    with suppress(TimeoutError):
        async with asyncio.timeout(0.03), client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            async for chunk in answer.aiter_bytes():
                reader.take(chunk[:bytes_max])
                bytes_max -= len(chunk)
                if bytes_max <= 0:
                    break
    return reader


async def read_with_breaks(
    house: House, client: httpx.AsyncClient, path: str, run: str
) -> list[Message]:
    """Read until the run has ended and nothing is left to tell, and break off all the time."""
    chance, found, last, breaks = random.Random(7), list[Message](), "", 0
    while True:
        reader = await read_some(client, path, last, int(chance.expovariate(1 / 20_000)) + 1)
        found += reader.messages
        last, breaks = reader.id, breaks + 1
        state = await house.console.present.run(run)
        end = (await house.console.present.store.read_stream(run, limit=10_000))[-1].position
        if state.is_settled and breaks >= BREAKS and int(last or 0) >= end:
            return found


def test_a_client_whose_connection_breaks_a_hundred_times_knows_what_the_server_knows(
    tmp_path: Path,
) -> None:
    async def watch() -> None:
        async with console_house(tmp_path) as house, served(house, "viewer") as client:
            run = await begin(house, busy(200, seconds=0.02))
            folded = Folded()
            for message in await read_with_breaks(house, client, f"/live?topics=run:{run}", run):
                folded.take(msgspec.json.decode(message.data)[f"run:{run}"])
            state = await house.console.present.run(run)
            expected = {k: (state_name(s), state.tries.get(k, 0)) for k, s in state.states.items()}
            assert folded.steps == expected
            assert folded.rest["status"] == state.status == "succeeded"

    asyncio.run(watch())


def test_a_stream_of_events_that_breaks_a_hundred_times_has_no_gap_and_no_duplicate(
    tmp_path: Path,
) -> None:
    async def watch() -> None:
        async with console_house(tmp_path) as house, served(house, "viewer") as client:
            run = await begin(house, busy(200, seconds=0.02))
            path = f"/api/v1/events/stream?run={run}&after=0"
            found = await read_with_breaks(house, client, path, run)
            events = [msgspec.json.decode(message.data) for message in found]
            log = await house.console.present.store.read_stream(run, limit=10_000)
            assert [event["position"] for event in events] == [row.position for row in log]
            assert [event["hash"] for event in events] == [row.hash.hex() for row in log]
            assert [message.id for message in found] == [str(row.position) for row in log]

    asyncio.run(watch())


async def first_with(client: httpx.AsyncClient, path: str, topic: str) -> Any:
    """Return what the first message that has something about `topic` says about it."""
    async for message in messages(client, path):
        data = msgspec.json.decode(message.data)
        if topic in data:
            return data[topic]
    raise AssertionError(f"{path} ended without a word about {topic}")


def test_whoever_was_away_is_told_which_rows_changed(tmp_path: Path) -> None:
    async def watch() -> None:
        async with console_house(tmp_path) as house, served(house, "viewer") as client:
            run = await begin(house, busy(3))
            await house.held.engine.settled(run)
            runs = await first_with(client, "/live?topics=runs,strip&after=0", "runs")
            assert runs == {"ids": [run], "more": False}
            strip = await first_with(client, "/live?topics=runs,strip&after=0", "strip")
            assert strip["position"] == (await house.held.store.head()).position
            events = await first_with(
                client, "/live?topics=events&type=run_settled&after=0", "events"
            )
            assert [event["type"] for event in events["events"]] == ["run_settled"]

    asyncio.run(watch())


def test_what_agents_say_is_told_as_it_is_said_and_from_where_one_was(tmp_path: Path) -> None:
    def line(text: str) -> OutputLine:
        return OutputLine("run-1", "a", 1, 1, "info", text)

    async def watch() -> None:
        async with console_house(tmp_path) as house, served(house, "viewer") as client:
            house.held.output_store.write([line("before")])
            found: list[str] = []
            last = ""
            stream = messages(client, "/live?topics=logs:run-1", headers={"Last-Event-ID": "0-1"})
            house.held.output_store.write([line("one")])
            async for message in stream:
                last = message.id
                update = msgspec.json.decode(message.data)["logs:run-1"]
                found += [each["message"] for each in update["lines"]]
                if len(found) == 2:
                    break
                house.held.output_store.write([line("two")])
            assert found == ["one", "two"]
            assert place_in(last) == Place(int(last.partition("-")[0]), 3)

    asyncio.run(watch())


def test_a_listener_that_takes_nothing_is_let_go(tmp_path: Path) -> None:
    async def fill() -> None:
        listener = Listener(wanted(["runs"]))
        while not listener.is_over:
            listener.put(b"x" * 1_000)
        assert await listener.taken() == b""

    asyncio.run(fill())


def test_what_nobody_can_listen_to_is_refused(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            for path, status in (
                ("/live?topics=nothing", 422),
                ("/live?topics=run:", 422),
                ("/live?topics=run:run-none", 404),
                ("/live?topics=" + ",".join(f"run:run-{n}" for n in range(30)), 422),
                ("/api/v1/events/stream?after=-1", 400),
            ):
                assert (await client.get(path)).status_code == status, path
            headers = {"Last-Event-ID": "yesterday"}
            answer = await client.get("/api/v1/events/stream", headers=headers)
            assert answer.json()["code"] == "live.bad_id"

    asyncio.run(ask())
