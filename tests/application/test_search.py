"""Searching a log: the index is brought up to date, asked, and mended where that is needed."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.search_indexes import segment
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.application import search as searching
from missioncontrol.application.search import Found, Search
from missioncontrol.application.search_query import moment, parse_query
from missioncontrol.domain.errors import Corrupt, Rejected, Unavailable
from missioncontrol.ports.search_index import Query
from tests.application.spoken import BEGUN, SECOND, TALK, Line, append

NOW = BEGUN / 1_000_000 + 3_600
"""An hour after the log began."""


class Desk:
    """A log, its index, and the search over both."""

    def __init__(self, folder: Path) -> None:
        self.log, self.path = folder / "log.db", folder / "search.db"
        append(self.log, TALK)
        self.told: list[tuple[int, int]] = []
        self.open()

    def open(self) -> None:
        self.store = SqliteEventStore(self.log, writable=False)
        self.index = SqliteSearchIndex(self.path)
        self.search = Search(self.store, self.index, progress=self._take)

    def _take(self, indexed: int, log: int) -> None:
        self.told.append((indexed, log))

    def close(self) -> None:
        self.store.close()
        self.index.close()

    def found(self, **given: Any) -> Found:
        return asyncio.run(self.search.events(parse_query(NOW, **given)))

    def positions(self, **given: Any) -> list[int]:
        return [event.position for event in self.found(**given).events]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("given", "positions"),
    [
        ({}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"text": "GRÖSSE"}, [3]),
        ({"text": "磁盘"}, [9]),
        ({"text": "full the"}, [9]),
        ({"workflow": "release-check"}, [6, 5, 4, 3, 2, 1]),
        ({"workflow": "audit"}, [10, 9, 8, 7]),
        ({"agent": "command"}, [5, 4]),
        ({"actor": "engine", "run": "run-1"}, [6, 4, 3, 2]),
        ({"kind": "run_settled"}, [10, 6]),
        ({"since": "2026-09-21T14:13:28"}, [10, 9]),
        ({"until": "2026-09-21T14:13:20Z"}, [1]),
        ({"since": "2026-09-21", "until": "2026-09-21", "kind": "run_created"}, [8, 1]),
        ({"until": "2026-09-20"}, []),
        ({"since": "1h"}, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"since": "59m"}, []),
        ({"text": "tag", "kind": "approval_given", "actor": "bob", "agent": "command"}, [5]),
        ({"text": "tag", "workflow": "audit"}, []),
    ],
)
def test_only_what_fits_is_found_newest_first(
    desk: Desk, given: dict[str, str], positions: list[int]
) -> None:
    assert desk.positions(**given) == positions


def test_an_event_comes_with_its_data_and_what_it_belongs_to(desk: Desk) -> None:
    (event,) = desk.found(text="tag").events
    assert (event.type, event.actor, event.stream, event.version) == (
        "approval_given",
        "bob",
        "approval-1",
        2,
    )
    assert (event.run, event.workflow, event.agent) == ("run-1", "release-check", "command")
    assert event.time == BEGUN / 1_000_000 + 4
    assert event.data == {"by": "bob", "reason": "The tag is right."}


def test_pages_follow_each_other_while_the_log_grows(desk: Desk) -> None:
    first = asyncio.run(desk.search.events(Query(), limit=4))
    append(desk.log, TALK[1:3], time=BEGUN + 100 * SECOND)
    second = asyncio.run(desk.search.events(Query(), limit=4, before=first.next))
    last = asyncio.run(desk.search.events(Query(), limit=4, before=second.next))
    pages = [[event.position for event in page.events] for page in (first, second, last)]
    assert pages == [[10, 9, 8, 7], [6, 5, 4, 3], [2, 1]]
    assert last.next == 0
    assert desk.positions(text="größe") == [12, 3]


def test_runs_that_fit_are_counted(desk: Desk) -> None:
    found = asyncio.run(desk.search.runs(Query(actor="engine")))
    assert [(each.run, each.workflow, each.events, each.newest) for each in found.runs] == [
        ("run-2", "audit", 2, 10),
        ("run-1", "release-check", 4, 6),
    ]
    assert (found.next, found.counted_from) == (0, 1)
    first = asyncio.run(desk.search.runs(Query(), limit=1))
    rest = asyncio.run(desk.search.runs(Query(), limit=1, before=first.next))
    assert [each.run for each in (*first.runs, *rest.runs)] == ["run-2", "run-1"]
    assert rest.next == 0


def test_what_the_index_does_not_know_yet_is_indexed_first(desk: Desk) -> None:
    assert desk.found().reach == searching.Reach(10, 10)
    assert desk.told == [(10, 10)]
    append(desk.log, TALK[1:2])
    assert desk.found(kind="step_started").reach == searching.Reach(11, 11)
    assert desk.told == [(10, 10), (11, 11)]
    desk.found()
    assert len(desk.told) == 2, "nothing was left to do"


def replaced_log(desk: Desk, lines: list[Line]) -> None:
    desk.close()
    for path in desk.log.parent.glob("log.db*"):
        path.unlink()
    append(desk.log, lines)
    desk.open()


FRESH: Line = ("run-3", "noted", "dave", {"note": "It is fresh."})


@pytest.mark.parametrize("length", [1, 10, 14])
def test_an_index_of_another_log_is_built_again(desk: Desk, length: int) -> None:
    assert desk.positions(text="fresh") == []
    replaced_log(desk, [FRESH] * length)
    assert desk.positions(text="fresh") == list(range(length, 0, -1))
    assert desk.positions(text="tag") == []


def test_an_index_that_contradicts_the_log_is_built_again(desk: Desk) -> None:
    assert desk.positions(text="tag") == [5]
    with sqlite3.connect(desk.log) as other:
        other.execute("DROP TRIGGER events_are_never_updated")
        other.execute("UPDATE events SET body = ? WHERE position = 5", (b'{"reason":"Nothing."}',))
    other.close()
    assert desk.positions(text="tag") == []
    assert desk.positions(text="nothing") == [5]


def test_a_damaged_index_is_built_again_while_it_is_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "EVENTS_MAX", 5)
    assert desk.positions(text="tag") == [5]
    desk.index.close()
    with sqlite3.connect(desk.path) as other:
        other.execute("UPDATE parts SET content = zeroblob(9) WHERE part = 'rare'")
    other.close()
    desk.index = SqliteSearchIndex(desk.path)
    desk.search = Search(desk.store, desk.index)
    assert desk.positions(text="tag") == [5]


def test_a_damaged_index_that_another_process_holds_is_left_to_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "EVENTS_MAX", 5)
    desk.found()
    with sqlite3.connect(desk.path) as third:
        third.execute("UPDATE parts SET content = zeroblob(9) WHERE part = 'rare'")
    third.close()
    other = SqliteSearchIndex(desk.path)
    with other.turn(), pytest.raises(Unavailable) as caught:
        desk.found(text="tag")
    assert caught.value.code == "search.busy"
    other.close()


def test_a_damaged_log_is_told_and_not_blamed_on_the_index(desk: Desk) -> None:
    desk.close()
    content = desk.log.read_bytes()
    desk.log.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    desk.open()
    with pytest.raises(Corrupt) as caught:
        desk.found()
    assert caught.value.code == "log.damaged"


def test_while_another_process_indexes_what_is_there_is_searched(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.found()
    append(desk.log, TALK[2:3])
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)
    other = SqliteSearchIndex(desk.path)
    with other.turn():
        found = desk.found(text="größe")
    assert [event.position for event in found.events] == [3]
    assert (found.reach.indexed, found.reach.log) == (10, 11)
    assert "Another process" in found.reach.reason
    assert desk.positions(text="größe") == [11, 3]
    other.close()


def test_a_search_waits_a_moment_for_who_is_about_to_be_done(desk: Desk) -> None:
    other = SqliteSearchIndex(desk.path)
    claimed = threading.Event()

    def hold() -> None:
        with other.turn():
            claimed.set()
            time.sleep(0.1)

    holder = threading.Thread(target=hold)
    holder.start()
    claimed.wait()
    found = desk.found()
    holder.join()
    assert found.reach == searching.Reach(10, 10)
    other.close()


def test_an_index_of_another_log_is_not_searched_while_it_cannot_be_built(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.found()
    replaced_log(desk, [FRESH] * 10)
    monkeypatch.setattr(searching, "WAIT_SECONDS", 0.05)
    other = SqliteSearchIndex(desk.path)
    with other.turn(), pytest.raises(Unavailable) as caught:
        desk.found(text="fresh")
    assert caught.value.code == "search.busy"
    other.close()


def test_an_index_that_cannot_be_written_is_searched_as_far_as_it_goes(desk: Desk) -> None:
    desk.found()
    append(desk.log, TALK[2:3])
    lock = desk.path.with_suffix(".lock")
    lock.unlink()
    lock.mkdir()
    found = desk.found(text="größe")
    assert [event.position for event in found.events] == [3]
    assert "can't be written" in found.reach.reason


def test_an_index_on_a_full_disk_is_searched_as_far_as_it_goes(desk: Desk) -> None:
    desk.found()
    desk.index._connection.execute("PRAGMA max_page_count = 1")  # No page more than there are.
    append(desk.log, [("run-1", "noted", "dave", {"note": f"{'much ' * 50_000} tag"})])
    found = desk.found(text="tag")
    assert [event.position for event in found.events] == [5]
    assert (found.reach.indexed, found.reach.log) == (10, 11)
    assert "full" in found.reach.reason
    desk.index._connection.execute("PRAGMA max_page_count = 1000000")
    assert desk.positions(text="tag") == [11, 5]


def test_the_index_can_be_brought_up_in_small_portions(desk: Desk) -> None:
    portions = [asyncio.run(desk.search.follow(limit=4)) for _ in range(4)]
    assert portions == [True, True, False, False]
    assert desk.index.reached().position == 10


def test_following_leaves_the_turn_to_others_and_starts_over_on_another_log(desk: Desk) -> None:
    other = SqliteSearchIndex(desk.path)
    with other.turn():
        assert not asyncio.run(desk.search.follow())
    assert desk.index.reached().position == 0
    other.close()
    asyncio.run(desk.search.follow())
    replaced_log(desk, TALK[6:])
    asyncio.run(desk.search.follow())
    assert desk.index.reached().position == 4


def test_what_stands_in_the_way_of_following_is_told(desk: Desk) -> None:
    lock = desk.path.with_suffix(".lock")
    lock.unlink()
    lock.mkdir()
    with pytest.raises(Unavailable) as caught:
        asyncio.run(desk.search.follow())
    assert caught.value.code == "search.unwritable"


def test_a_log_can_be_searched_while_it_is_written(desk: Desk) -> None:
    writer = SqliteEventStore(desk.log, writable=True)
    assert desk.positions(text="磁盘") == [9]
    writer.close()


def test_names_that_no_event_has_are_told_with_those_there_are(desk: Desk) -> None:
    desk.found()
    query = parse_query(NOW, workflow="relase-check", kind="run_created", actor="mallory")
    assert desk.search.strangers(query) == {
        "actor": ["carol", "bob", "engine", "alice"],
        "workflow": ["audit", "release-check"],
    }


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ({"limit": 0}, "search.bad_limit"),
        ({"limit": 1001}, "search.bad_limit"),
        ({"before": 0}, "search.bad_position"),
        ({"before": -5}, "search.bad_position"),
    ],
)
def test_a_page_that_cannot_be_is_refused(desk: Desk, page: dict[str, Any], code: str) -> None:
    for look in (desk.search.events, desk.search.runs):
        with pytest.raises(Rejected) as caught:
            asyncio.run(look(Query(), **page))
        assert caught.value.code == code


def test_an_event_that_is_no_json_is_shown_as_the_text_that_it_is(desk: Desk) -> None:
    with sqlite3.connect(desk.log) as other:
        other.execute("DROP TRIGGER events_are_never_updated")
        other.execute("UPDATE events SET body = ? WHERE position = 4", (b"{torn \xff",))
    other.close()
    (event,) = desk.found(text="torn").events
    assert (event.position, event.data) == (4, "{torn \ufffd")


DAY = 86_400_000_000
AT_NOON = 1_769_860_800_000_000  # 2026-01-31 12:00 UTC


@pytest.mark.parametrize(
    ("text", "begins", "lasts"),
    [
        ("2026-01-31", AT_NOON - DAY // 2, DAY),
        ("2026-01-31T12", AT_NOON, DAY // 24),
        ("2026-01-31T12:00", AT_NOON, 60 * SECOND),
        ("2026-01-31 12:00:00", AT_NOON, SECOND),
        ("2026-01-31 12:00:00 UTC", AT_NOON, SECOND),
        ("2026-01-31T12:00:00Z", AT_NOON, SECOND),
        ("2026-01-31T12:00:00+02:00", AT_NOON - 7_200 * SECOND, SECOND),
        ("2026-01-31T12:00-0530", AT_NOON + 19_800 * SECOND, 60 * SECOND),
        ("2026-01-31T12:00:00.000001", AT_NOON + 1, 1),
        ("1969-12-31", -DAY, DAY),
        ("2h", int(NOW * 1e6) - 7_200 * SECOND, 0),
        ("3d", int(NOW * 1e6) - 3 * DAY, 0),
        ("1w1d", int(NOW * 1e6) - 8 * DAY, 0),
        ("1h30m5s10ms", int(NOW * 1e6) - 5_405_010_000, 0),
    ],
)
def test_times_are_read_as_people_write_them(text: str, begins: int, lasts: int) -> None:
    assert moment(text, NOW) == (begins, begins + lasts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "31.01.2026",
        "2026-01-31T25:00",
        "2026-01-31x12:00",
        "0001-01-01T00:00+14:00",
        "5",
        "-3d",
        "3 d",
        "1.5h",
        "٣d",
        "2h ago",
    ],
)
def test_what_is_no_time_is_refused_and_says_what_is_one(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_query(NOW, since=text)
    assert caught.value.code == "search.bad_time"
    assert "2026-01-31" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"workflow": ""}, "search.empty"),
        ({"run": ""}, "search.empty"),
        ({"text": ""}, "search.empty"),
        ({"text": " \u200b"}, "search.empty"),
        ({"text": "x" * 1001}, "search.bad_text"),
        ({"since": "1h", "until": "2h"}, "search.bad_time"),
        ({"since": "2026-02-01", "until": "2026-01-31"}, "search.bad_time"),
    ],
)
def test_what_cannot_be_asked_is_refused(given: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_query(NOW, **given)
    assert caught.value.code == code


def test_an_index_that_stays_wrong_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "fits", lambda *_: False)
    with pytest.raises(Corrupt) as caught:
        desk.found(text="tag")
    assert caught.value.code == "search.damaged"
