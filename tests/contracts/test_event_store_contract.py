"""What every event log promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.domain.envelope import GENESIS
from missioncontrol.domain.errors import Conflict
from missioncontrol.ports.event_store import Append, EventStore, Head
from tests.contracts.events import an_event, append, assert_chained, everything, run

KEEPERS = ["memory", "sqlite", "sqlite on its thread"]


@pytest.fixture(params=KEEPERS)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EventStore]:
    if request.param == "memory":
        yield MemoryEventStore()
        return
    if request.param == "sqlite on its thread":
        slow = "missioncontrol.adapters.event_stores.sqlite.SLOW_COMMIT_SECONDS"
        monkeypatch.setattr(slow, 0.0)
    sqlite = SqliteEventStore(tmp_path / "log.db", writable=True)
    yield sqlite
    sqlite.close()


def test_an_empty_log_ends_at_its_beginning(store: EventStore) -> None:
    assert run(store.head()) == Head(0, GENESIS)
    assert run(store.read()) == []
    assert run(store.read_stream("run-1")) == []


def test_an_event_comes_back_with_all_that_was_given(store: EventStore) -> None:
    async def story() -> None:
        event = an_event('{"said":"ü"}'.encode())
        head = await store.append([Append("run-1", 0, [event])])
        (stored,) = await store.read()
        for name in event.__struct_fields__:
            assert getattr(stored, name) == getattr(event, name)
        assert (stored.position, stored.stream, stored.version) == (1, "run-1", 1)
        assert head == await store.head() == Head(1, stored.hash)

    run(story())


def test_several_streams_are_written_in_the_order_given(store: EventStore) -> None:
    async def story() -> None:
        await store.append([append("b", 0, 2), append("a", 0, 1), append("c", 0, 1)])
        events = await everything(store)
        places = [(event.stream, event.version) for event in events]
        assert places == [("b", 1), ("b", 2), ("a", 1), ("c", 1)]
        assert_chained(events)

    run(story())


def test_one_stream_may_be_appended_to_several_times_at_once(store: EventStore) -> None:
    async def story() -> None:
        await store.append([append("a", 0, 2), append("b", 0), append("a", 2, 3), append("a", 5)])
        assert [event.version for event in await store.read_stream("a")] == [1, 2, 3, 4, 5, 6]
        assert_chained(await everything(store))

    run(story())


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_an_append_to_a_stream_that_is_elsewhere_is_a_conflict(
    store: EventStore, expected: int
) -> None:
    async def story() -> None:
        await store.append([append("run-1", 0, 2)])
        with pytest.raises(Conflict) as no:
            await store.append([append("run-1", expected)])
        assert no.value.code == "log.conflict"
        assert "'run-1'" in no.value.reason
        assert "version 2" in no.value.reason
        assert str(expected) in no.value.reason

    run(story())


def test_a_conflict_in_one_stream_leaves_every_stream_as_it_was(store: EventStore) -> None:
    async def story() -> None:
        await store.append([append("a", 0, 2)])
        before = (await everything(store), await store.head())
        with pytest.raises(Conflict):
            await store.append([append("b", 0, 5), append("a", 1), append("c", 0)])
        assert (await everything(store), await store.head()) == before
        await store.append([append("b", 0), append("a", 2)])
        assert_chained(await everything(store))

    run(story())


def test_a_conflict_within_one_call_writes_nothing(store: EventStore) -> None:
    async def story() -> None:
        with pytest.raises(Conflict):
            await store.append([append("a", 0, 2), append("a", 0)])
        assert await store.read() == []

    run(story())


def test_appending_nothing_changes_nothing(store: EventStore) -> None:
    async def story() -> None:
        head = await store.append([append("a", 0)])
        assert await store.append([]) == head
        assert await store.append([Append("a", 1, [])]) == head

    run(story())


def test_pages_follow_each_other_without_gap_or_overlap(store: EventStore) -> None:
    async def story() -> None:
        for round_ in range(5):
            await store.append([append("a", round_ * 2, 2), append("b", round_)])
        whole = await everything(store)
        paged, after = [], 0
        while page := await store.read(after=after, limit=4):
            assert len(page) <= 4
            paged += page
            after = page[-1].position
        assert paged == whole
        stream, after = [], 0
        while page := await store.read_stream("a", after=after, limit=3):
            stream += page
            after = page[-1].version
        assert stream == [event for event in whole if event.stream == "a"]

    run(story())


def test_reading_past_the_end_is_empty(store: EventStore) -> None:
    async def story() -> None:
        await store.append([append("a", 0, 3)])
        assert await store.read(after=3) == []
        assert await store.read_stream("a", after=3) == []
        assert await store.read_stream("b") == []

    run(story())


def test_a_page_is_bounded_unless_told_otherwise(store: EventStore) -> None:
    async def story() -> None:
        await store.append([append("a", 0, 1_500)])
        assert len(await store.read()) == 1_000
        assert len(await store.read_stream("a")) == 1_000

    run(story())


def test_the_chain_goes_on_through_many_appends(store: EventStore) -> None:
    async def story() -> None:
        for number in range(50):
            await store.append([append("a", number), append(f"b{number}", 0, 3)])
        events = await everything(store)
        assert_chained(events)
        assert len(events) == 200
        assert await store.head() == Head(200, events[-1].hash)

    run(story())


def test_nothing_is_missing_that_should_protect_the_events(store: EventStore) -> None:
    assert run(store.protections()) == []
