"""The store of sign-ins beside the log: as digests, for a time, and never without bound."""

import stat
from pathlib import Path

import pytest

from missioncontrol.adapters.access import sqlite as module
from missioncontrol.adapters.access.sqlite import SqliteAccess
from missioncontrol.domain.errors import Corrupt
from missioncontrol.ports.access_store import Arrival, Session, Use


@pytest.fixture
def store(tmp_path: Path) -> SqliteAccess:
    return SqliteAccess(tmp_path / "access.db")


def session(key: str, user: str = "alice", seen: float = 1.0) -> Session:
    return Session(key, user, "password", 1.0, seen, 100.0, "192.0.2.1", "Firefox")


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "access.db"
    path.touch(0o644)
    store = SqliteAccess(path)
    store.keep_password("alice", "hash")
    for file in tmp_path.iterdir():
        assert not stat.S_IMODE(file.stat().st_mode) & 0o077, file


def test_a_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "access.db").write_bytes(b"no database" * 100)
    with pytest.raises(Corrupt) as no:
        SqliteAccess(tmp_path / "access.db")
    assert no.value.code == "access.damaged"


def test_a_home_keeps_its_id(tmp_path: Path) -> None:
    first = SqliteAccess(tmp_path / "access.db")
    assert first.home_id() == SqliteAccess(tmp_path / "access.db").home_id()
    assert len(first.home_id()) == 8


def test_passwords_are_kept_changed_and_dropped(store: SqliteAccess) -> None:
    assert store.password("alice") is None
    store.keep_password("alice", "one")
    store.keep_password("alice", "two")
    assert store.password("alice") == "two"
    assert store.with_password() == {"alice"}
    store.keep_password("alice", None)
    assert store.with_password() == frozenset()


def test_sessions_are_found_seen_and_ended(store: SqliteAccess) -> None:
    store.begin("d1", session("s1"))
    store.begin("d2", session("s2", seen=2.0))
    store.begin("d3", session("s3", "bob"))
    store.touch("d1", 3.0)
    assert store.session("d1") == session("s1", seen=3.0)
    assert store.session("other") is None
    assert [each.id for each in store.sessions("alice")] == ["s1", "s2"]
    assert [each.id for each in store.sessions()] == ["s1", "s2", "s3"]
    assert store.end(session="s1", user="bob") == 0
    assert store.end(session="s3") == 1
    assert store.end(user="alice", but="s2") == 1
    assert [each.id for each in store.sessions()] == ["s2"]


def test_the_longest_unused_session_gives_way(
    store: SqliteAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SESSIONS_OF_ONE_MAX", 2)
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    for number in range(4):
        store.begin(f"a{number}", session(f"a{number}", seen=float(number)))
    assert [each.id for each in store.sessions()] == ["a3", "a2"]
    for number in range(2):
        store.begin(f"b{number}", session(f"b{number}", "bob", seen=10.0 + number))
    assert [each.id for each in store.sessions()] == ["b1", "b0", "a3"]


def test_a_link_is_used_once_and_in_time(
    store: SqliteAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep_link("one", "root", 10.0)
    store.keep_link("old", "root", 10.0)
    assert store.use_link("one", 9.0) == "root"
    assert store.use_link("one", 9.0) is None
    assert store.use_link("old", 10.0) is None
    monkeypatch.setattr(module, "LINKS_MAX", 2)
    for number in range(3):
        store.keep_link(f"l{number}", "root", 20.0 + number)
    assert store.use_link("l0", 1.0) is None
    assert store.use_link("l1", 1.0) == "root"


def test_failures_are_counted_forgiven_and_bounded(
    store: SqliteAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.failures("user", "alice") == (0, 0.0)
    for at in (1.0, 2.0, 3.0):
        store.count_failure("user", "alice", at)
    store.count_failure("address", "alice", 1.0)
    assert store.failures("user", "alice") == (3, 3.0)
    store.forgive("user", "alice", 2)
    assert store.failures("user", "alice")[0] == 1
    store.forgive("user", "alice", 5)
    assert store.failures("user", "alice")[0] == 0
    store.forgive("address", "alice")
    assert store.failures("address", "alice") == (0, 0.0)
    monkeypatch.setattr(module, "FAILURES_MAX", 2)
    for number in range(3):
        store.count_failure("address", str(number), 10.0 + number)
    assert [store.failures("address", str(number))[0] for number in range(3)] == [0, 1, 1]


def test_what_is_over_is_swept(store: SqliteAccess) -> None:
    store.begin("idle", session("idle", seen=1.0))
    store.begin("used", session("used", seen=90.0))
    store.keep_link("l", "root", 50.0)
    store.count_failure("user", "alice", 1.0)
    store.sweep(60.0, 30.0)
    assert [each.id for each in store.sessions()] == ["used"]
    store.sweep(100.0, 30.0)
    assert store.sessions() == []
    store.sweep(module.FAILURES_SECONDS_MAX + 2.0, 30.0)
    assert store.failures("user", "alice") == (0, 0.0)


def test_arrivals_are_paged_and_bounded(
    store: SqliteAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ARRIVALS_MAX", 3)
    assert store.arrivals() == []
    for number in range(5):
        store.note_arrival(Arrival(0, float(number), "alice", "link", "in", "192.0.2.1", "x"))
    assert [each.time for each in store.arrivals()] == [4.0, 3.0, 2.0]
    (second,) = store.arrivals(before=store.arrivals()[0].number, limit=1)
    assert second.time == 3.0


def test_uses_of_tokens_are_kept_while_the_tokens_are(store: SqliteAccess) -> None:
    store.note_use("a", Use(1.0, "192.0.2.1"))
    store.note_use("a", Use(2.0, "192.0.2.2"))
    store.note_use("b", Use(1.0, "192.0.2.1"))
    assert store.uses()["a"] == Use(2.0, "192.0.2.2")
    store.forget_uses(frozenset({"b"}))
    assert set(store.uses()) == {"b"}
