"""What the console reads for an answer, in events, rows and messages: none of it grows unseen."""

import asyncio
import random
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from markupsafe import Markup

from missioncontrol.adapters.read_tables import sqlite as rows_file
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.adapters.search_indexes import segment
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.application import live as feed
from missioncontrol.application import read_model as presence
from missioncontrol.application.queries.steps import family_of
from missioncontrol.documents.event_words import CLAUSES, sentence, sentence_data
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import NotFound
from missioncontrol.interfaces import deflating
from missioncontrol.interfaces.deflating import BEGIN, Deflated
from missioncontrol.interfaces.web.rendering import _made_once
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.read_tables import RunChoice, RunRow
from missioncontrol.ports.search_index import Query, data_of
from tests.console.houses import House, console_house
from tests.console.streams import begin, served
from tests.console.test_live import busy


class Counting:
    """A log that counts what is read from it."""

    def __init__(self, store: EventStore) -> None:
        self.counts: Counter[str] = Counter()
        self._store = store

    async def read(self, **asked: Any) -> Sequence[Recorded]:
        found = await self._store.read(**asked)
        self.counts["log"] += len(found)
        return found

    async def read_stream(self, stream: str, **asked: Any) -> Sequence[Recorded]:
        found = await self._store.read_stream(stream, **asked)
        self.counts["stream"] += len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@asynccontextmanager
async def counted(tmp_path: Path) -> AsyncIterator[tuple[House, Counting]]:
    async with console_house(tmp_path) as house:
        counting = Counting(house.console.present.store)
        house.console.present.store = counting  # type: ignore[assignment]
        yield house, counting


async def settled(house: House, run: str) -> None:
    while not (await house.console.present.run(run)).is_settled:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def test_a_watched_run_is_read_from_the_log_and_not_from_its_stream_again(tmp_path: Path) -> None:
    async def watch() -> None:
        async with counted(tmp_path) as (house, counting):
            run = await begin(house, busy(60, seconds=0.0))
            present, live = house.console.present, house.console.live
            known = await present.run(run)
            counting.counts.clear()  # From here on it is only followed, by whichever reader.
            while (await house.held.journal.load_run(run)).status != "succeeded":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            while not known.is_settled:  # The journal is ahead of the log for a moment.
                await live._new_rows()
            assert (await present.run(run)) is known
            assert counting.counts["stream"] == 0 < counting.counts["log"]

    asyncio.run(watch())


def test_one_look_tells_all_that_happened_since_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "READ_AT_ONCE", 7)

    async def watch() -> None:
        async with console_house(tmp_path) as house:
            run = await begin(house, busy(80, seconds=0.0))
            live = house.console.live
            live._position = 0
            await settled(house, run)
            found = await live._new_rows()
            head = (await house.console.present.store.head()).position
            assert [row.position for row in found] == list(range(1, head + 1))
            monkeypatch.setattr(feed, "LOOK_EVENTS_MAX", 20)
            assert len(await live._new_rows()) == 21  # It is a bound, to a portion.

    asyncio.run(watch())


def test_a_long_run_is_folded_in_turns_with_others_and_once_for_all_who_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "FOLDED_AT_ONCE", 10)

    async def ask() -> None:
        async with counted(tmp_path) as (house, counting):
            run = await begin(house, busy(50, seconds=0.0))
            await settled(house, run)
            present = house.console.present
            before = await present.run(run)
            present._runs.clear()
            counting.counts.clear()
            turns = 0

            async def count_turns() -> None:
                nonlocal turns
                while True:
                    await asyncio.sleep(0)
                    turns += 1

            counter = asyncio.create_task(count_turns())
            first, second = await asyncio.gather(present.run(run), present.run(run))
            counter.cancel()
            total = len(await house.held.journal.store.read_stream(run, limit=10_000))
            assert first is second
            assert first.states == before.states
            assert turns >= total / 20 - 1
            assert counting.counts["stream"] <= total + 20
            with pytest.raises(NotFound):
                await present.run("run-none")

    asyncio.run(ask())


def test_a_stream_by_deflate_is_whole_and_a_message_is_packed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deflating._pack_cached.cache_clear()
    chance = random.Random(5)
    parts = [bytes(chance.choices(b"abc: \n", k=chance.randrange(3_000))) for _ in range(20)]
    monkeypatch.setattr(deflating, "CACHED_BYTES_MAX", 2_500)
    streams = [Deflated() for _ in range(30)]
    sent = [BEGIN + b"".join(map(stream.part, parts)) + stream.end() for stream in streams]
    assert {zlib.decompress(each) for each in sent} == {b"".join(parts)}
    small = {each for each in parts if len(each) <= 2_500}
    assert deflating._pack_cached.cache_info().misses == len(small)


def test_a_viewer_may_have_the_feed_as_it_is_or_packed(tmp_path: Path) -> None:
    async def first(client: httpx.AsyncClient, path: str, coding: str) -> tuple[str, str]:
        headers = {"accept-encoding": coding}
        async with client.stream("GET", path, headers=headers) as answer:
            text = b""
            async for chunk in answer.aiter_bytes():
                text += chunk
                if b"data:" in text and text.endswith(b"\n\n"):
                    break
            return answer.headers.get("content-encoding", ""), text.decode()

    async def watch() -> None:
        async with console_house(tmp_path) as house, served(house, "viewer") as client:
            run = await begin(house, busy(20, seconds=0.0))
            await settled(house, run)
            path = f"/live?topics=run:{run}"
            plain, packed = [await first(client, path, c) for c in ("identity", "gzip, deflate")]
            assert (plain[0], packed[0]) == ("", "deflate")
            assert plain[1] == packed[1]
            assert (await first(client, path, "gzip"))[0] == ""

    asyncio.run(watch())


def event(position: int, kind: str, data: bytes) -> Recorded:
    hashed = position.to_bytes(32, "big")
    return Recorded(position, "s", position, kind, 1, position, "user:a", "", 0, "", data, hashed)


def test_a_search_reads_again_only_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "EVENTS_MAX", 50)
    index = SqliteSearchIndex(tmp_path / "search.db")
    events = [event(n, "told", b'{"title": "word%d and others"}' % n) for n in range(1, 231)]
    index.follow(events[:200])
    index.follow(events[200:220])
    asked: list[str] = []

    def found(text: str) -> list[int]:
        asked.clear()
        page = index.search(Query(text=text), before=None, limit=5, seconds_max=9)
        return [hit.position for hit in page.hits]

    index._connection.set_trace_callback(asked.append)
    assert found("nowhere") == []
    first = len(asked)
    assert found("absent") == []
    assert not [each for each in asked if "tail" in each or "parts" in each]
    assert len(asked) < first / 2
    index.follow(events[220:])  # What was added is found at once.
    assert found("word225") == [225]
    assert found("word205") == [205]
    assert found("word205") == [205]
    assert not [each for each in asked if "FROM names" in each]
    index.close()


def test_what_a_sentence_needs_is_all_that_is_read_of_an_event() -> None:
    values = [b'"x"', b"7", b"null", b'["a", "b"]', b'{"key": "k"}', b"[[1]]"]
    chance = random.Random(3)
    for kind, parts in CLAUSES.items():
        names = {name for part in parts for name in part.replace("}", "{").split("{")[1::2]}
        fields = [*names, "reason", "steps", "workflow"]
        body = b",".join(b'"%b":%b' % (n.encode(), chance.choice(values)) for n in fields)
        row = event(1, kind, b"{%b}" % body)
        assert sentence(kind, sentence_data(kind, row.body)) == sentence(kind, data_of(row))
    body = b'{"workflow": "w", "steps": [%b]}' % b",".join([b'{"key": "k"}'] * 1_000)
    assert "steps" not in sentence_data("run_created", body)
    for strange in (b"", b"[]", b'"x"', b"{", b"\xff"):
        assert sentence("run_created", sentence_data("run_created", strange)) == ""
    assert sentence_data("unheard_of", b"{}") is None


def test_runs_are_found_by_ascii_without_a_call_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def says(text: str, *places: str | None) -> bool:
        calls.append(text)
        return any(text in place.casefold() for place in places if place)

    monkeypatch.setattr(rows_file, "_contains", says)
    tables = SqliteReadTables(tmp_path / "rows.db", writable=True)
    names = ["Build"] * 50 + ["Straße", "Öffnen"]
    rows = [RunRow(f"run-{n:03}", "", name, "queued", 1.0) for n, name in enumerate(names)]
    tables.save(1, rows, [])
    assert len(tables.chosen_runs(RunChoice(text="BUILD"))) == 50
    assert [row.workflow for row in tables.chosen_runs(RunChoice(text="STRASSE"))] == ["Straße"]
    assert [row.workflow for row in tables.chosen_runs(RunChoice(text="ö"))] == ["Öffnen"]
    assert len(calls) <= 3 * 2
    tables.close()


def test_a_macro_makes_the_same_once_and_never_takes_text_for_markup() -> None:
    made: list[Any] = []

    def macro(*values: Any, **named: Any) -> Markup:
        made.append(values)
        return Markup("{} {}").format(values, named)

    once = _made_once(macro)
    assert once([("a", 1)], label="x") == once([("a", 1)], label="x")
    assert len(made) == 1
    assert once("<b>") != once(Markup("<b>"))
    assert once(("<b>",)) is not once((Markup("<b>"),))
    assert len(made) == 5


def test_the_order_of_a_runs_steps_is_worked_out_once_until_there_are_more(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            run = await begin(house, busy(5, seconds=0.0))
            await settled(house, run)
            state = await house.console.present.run(run)
            found = family_of(state)
            assert family_of(state) is found
            assert [key for key, _ in found.in_order()] == list(state.steps)
            step = state.steps["s0"]
            state.steps["s0b"] = type(step)("s0b", step.agent)
            assert "s0b" in [key for key, _ in family_of(state).in_order()]

    asyncio.run(ask())
