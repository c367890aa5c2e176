"""What the event log promises because it is a file: reopening, other processes, trouble."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from missioncontrol.adapters.event_stores import sqlite as adapter
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.domain.errors import Conflict, Corrupt, MissionControlError, Unavailable
from missioncontrol.ports.event_store import Append, Head
from tests.contracts.events import an_event, append, assert_chained, everything, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., SqliteEventStore]]:
    stores: list[SqliteEventStore] = []

    def open_(*, writable: bool = True) -> SqliteEventStore:
        stores.append(SqliteEventStore(path, writable=writable))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


Open = Callable[..., SqliteEventStore]


def test_a_reopened_log_goes_on_where_it_ended(opened: Open) -> None:
    first = opened()
    head = run(first.append([append("a", 0, 3)]))
    first.close()
    second = opened()
    assert run(second.head()) == head
    run(second.append([append("a", 3, 2), append("b", 0)]))
    assert_chained(run(everything(second)))
    with pytest.raises(Conflict):
        run(second.append([append("a", 3)]))


def test_the_file_waits_for_the_disk_at_every_commit(opened: Open) -> None:
    connection = opened().connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_many_streams_are_remembered_in_bounds_and_the_others_asked_for(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "STREAMS_REMEMBERED", 2)
    store = opened()
    for number in range(6):
        run(store.append([append(f"run-{number}", 0, 2)]))
    for number in range(6):
        run(store.append([append(f"run-{number}", 2)]))
    assert_chained(run(everything(store)))


# Readers.


def test_a_reader_sees_what_was_committed_after_it_opened(opened: Open) -> None:
    writer, reader = opened(), opened(writable=False)
    run(writer.append([append("a", 0, 2)]))
    assert run(reader.head()) == run(writer.head())
    assert run(everything(reader)) == run(everything(writer))


def test_a_reader_can_write_nothing(opened: Open) -> None:
    run(opened().append([append("a", 0)]))
    reader = opened(writable=False)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.connection.execute("DELETE FROM events")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.connection.execute("DROP TRIGGER events_are_never_deleted")


def test_a_reader_makes_no_file(opened: Open, path: Path) -> None:
    with pytest.raises(Unavailable) as no:
        opened(writable=False)
    assert no.value.code == "log.unreadable"
    assert str(path) in no.value.reason
    assert not path.exists()


READER = """
    import sqlite3, sys
    from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
    import asyncio
    store = SqliteEventStore(__import__("pathlib").Path(sys.argv[1]), writable=False)
    async def watch():
        seen, reads = 0, 0
        print("ready", flush=True)
        while seen < 200:
            rows = await store.read(after=seen)
            assert [row.position for row in rows] == list(range(seen + 1, seen + len(rows) + 1))
            assert (seen + len(rows)) % 4 == 0, "half an append was seen"
            seen += len(rows)
            reads += 1
        print(seen, flush=True)
    asyncio.run(watch())
    store.close()
"""


def program(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_another_process_reads_whole_appends_while_this_one_writes(
    opened: Open, path: Path
) -> None:
    store = opened()
    with program(READER, path) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(50):
            run(store.append([append("a", number * 2, 2), append(f"b{number}", 0, 2)]))
        out, errors = reader.communicate(timeout=5)
    assert (out, errors) == ("200\n", "")


def test_a_reader_in_this_process_never_sees_half_an_append(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "SLOW_COMMIT_SECONDS", 0.0)
    store = opened()
    seen: set[int] = set()

    async def story() -> None:
        writing = asyncio.create_task(store.append([append("a", 0, 30_000)]))
        while not writing.done():
            await asyncio.sleep(0)
            seen.add(len(await store.read_stream("a", after=0, limit=5)))
            if seen - {0} and not writing.done():
                assert (await store.head()).position == 30_000, "read before it was durable"
        await writing

    run(story())


# Conflicts between writers.


def test_the_slower_of_two_writers_is_told_and_can_decide_again(opened: Open) -> None:
    one, two = opened(), opened()
    run(one.append([append("a", 0, 2)]))
    with pytest.raises(Conflict):
        run(two.append([append("b", 0)]))
    assert len(run(everything(two))) == 2
    run(two.append([append("b", 0)]))
    assert_chained(run(everything(two)))


# Protections.


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


INSERT = (
    "INTO events VALUES ({position}, '{stream}', {version}, 'x', 1, 1, '', '', 0, '', x'7b7d', x'')"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'nobody' WHERE position = 2",
        "UPDATE OR REPLACE events SET position = 1 WHERE position = 2",
        "DELETE FROM events WHERE position = 2",
        "DELETE FROM events",
        "INSERT OR REPLACE " + INSERT.format(position=2, stream="a", version=2),
        "REPLACE " + INSERT.format(position=2, stream="z", version=1),
        "INSERT " + INSERT.format(position=0, stream="z", version=1),
        "INSERT OR IGNORE " + INSERT.format(position=1, stream="z", version=1),
        # A new place, but the stream's version of an event that stands: REPLACE deletes that one.
        "INSERT OR REPLACE " + INSERT.format(position=4, stream="a", version=2),
    ],
)
def test_stored_events_can_be_neither_changed_nor_removed(
    opened: Open, path: Path, statement: str
) -> None:
    store = opened()
    run(store.append([append("a", 0, 3)]))
    before = run(everything(store))
    with closing(raw(path)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(statement)
    assert run(everything(store)) == before


@pytest.mark.parametrize("name", adapter.TRIGGERS)
def test_a_missing_trigger_is_named_and_put_back_by_the_next_writer(
    opened: Open, path: Path, name: str
) -> None:
    opened().close()
    with closing(raw(path)) as other:
        other.execute(f"DROP TRIGGER {name}")
    assert run(opened(writable=False).protections()) == [f"trigger {name}"]
    assert run(opened().protections()) == []


def test_a_trigger_that_does_nothing_protects_nothing(opened: Open, path: Path) -> None:
    opened().close()
    with closing(raw(path)) as other:
        other.execute("DROP TRIGGER events_are_never_updated")
        other.execute(
            "CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events BEGIN SELECT 1; END"
        )
    assert run(opened(writable=False).protections()) == ["trigger events_are_never_updated"]


# Trouble.


def test_a_file_that_is_no_log_is_named(opened: Open, path: Path) -> None:
    path.write_bytes(b"This is a letter and not a database at all. " * 100)
    with pytest.raises(Corrupt) as no:
        opened()
    assert str(path) in no.value.reason
    reader = opened(writable=False)
    with pytest.raises(Corrupt):
        run(reader.read())


def test_a_directory_is_no_log(opened: Open, path: Path) -> None:
    path.mkdir()
    with pytest.raises(Unavailable) as no:
        opened()
    assert no.value.code == "log.unreadable"


def test_a_log_that_another_writer_blocks_is_unavailable_and_unchanged(
    opened: Open, path: Path
) -> None:
    store = opened()
    head = run(store.append([append("a", 0)]))
    store.connection.execute("PRAGMA busy_timeout = 20")
    with closing(raw(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as no:
            run(store.append([append("a", 1)]))
        other.execute("ROLLBACK")
    assert no.value.code == "log.unwritable"
    assert run(store.head()) == head
    run(store.append([append("a", 1)]))
    assert_chained(run(everything(store)))


def test_an_event_that_cannot_be_stored_leaves_the_log_usable(opened: Open) -> None:
    store = opened()
    too_late = an_event(time=2**63)
    with pytest.raises((OverflowError, MissionControlError)):
        run(store.append([append("a", 0), Append("b", 0, [too_late])]))
    assert run(store.head()).position == 0
    run(store.append([append("a", 0)]))
    assert_chained(run(everything(store)))


FULL = """
    import asyncio, os, pathlib, resource, signal, sys
    from missioncontrol.adapters.event_stores import sqlite as adapter
    from missioncontrol.domain.errors import Unavailable
    from missioncontrol.ports.event_store import Append, NewEvent
    path, adapter.SLOW_COMMIT_SECONDS = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    def event():
        return NewEvent("run_started", 1, b"x" * 4000, 1, "", "", 0, "")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = adapter.SqliteEventStore(path, writable=True)
    async def story():
        await store.append([Append("a", 0, [event()])])
        before = await store.head()
        wal = os.path.getsize(str(path) + "-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal, resource.RLIM_INFINITY))
        try:
            await store.append([Append("a", 1, [event()] * 2000), Append("b", 0, [event()])])
        except Unavailable as error:
            print(error.code)
        assert await store.head() == before
        assert len(await store.read()) == 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        await store.append([Append("a", 1, [event()])])
        print((await store.head()).position)
    asyncio.run(story())
    store.close()
"""


@pytest.mark.parametrize("slow_from", [1000.0, 0.0], ids=["on the loop", "on the thread"])
def test_a_full_disk_is_told_and_nothing_is_written(
    opened: Open, path: Path, slow_from: float
) -> None:
    with program(FULL, path, slow_from) as writer:
        out, errors = writer.communicate(timeout=5)
    assert (out, errors) == ("log.unwritable\n2\n", "")
    assert_chained(run(everything(opened(writable=False))))


KILLED = """
    import asyncio, pathlib, sys
    from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
    from missioncontrol.ports.event_store import Append, NewEvent
    store = SqliteEventStore(pathlib.Path(sys.argv[1]), writable=True)
    async def story():
        place = 0
        while True:
            events = [NewEvent("run_started", 1, b"{}", 1, "", "", 0, "")] * 3
            await store.append([Append("a", place, events)])
            place += 3
            print(place, flush=True)
    asyncio.run(story())
"""


def test_what_was_acknowledged_is_there_after_a_kill(opened: Open, path: Path) -> None:
    with program(KILLED, path) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    events = run(everything(opened()))
    assert_chained(events)
    assert len(events) >= acknowledged
    assert len(events) % 3 == 0


# Slow disks.


def test_slow_commits_go_to_a_thread_and_quick_ones_come_back(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    monkeypatch.setattr(adapter, "SLOW_COMMIT_SECONDS", 0.0)
    beats = 0

    async def story() -> Head:
        nonlocal beats
        writing = asyncio.create_task(store.append([append("a", 0, 20_000)]))
        while not writing.done():
            beats += 1
            await asyncio.sleep(0.001)
        return await writing

    assert run(story()).position == 20_000
    assert beats > 2
    monkeypatch.setattr(adapter, "SLOW_COMMIT_SECONDS", 1000.0)
    assert run(store.append([append("a", 20_000)])).position == 20_001


def test_conflicts_on_the_thread_are_told_as_well(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "SLOW_COMMIT_SECONDS", 0.0)
    one, two = opened(), opened()
    run(one.append([append("a", 0)]))
    for _ in range(2):
        with pytest.raises(Conflict):
            run(two.append([append("a", 0)]))
    assert len(run(everything(one))) == 1
