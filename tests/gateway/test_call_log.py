"""What every call log promises, and what the file does besides."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from missioncontrol.adapters.call_logs import sqlite as adapter
from missioncontrol.adapters.call_logs.sqlite import DAY, SqliteCallLog
from missioncontrol.domain.work import Usage
from missioncontrol.ports.call_log import Call, CallQuery, Retention, ToolCall

NOW = 1_790_000_000_000_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteCallLog]:
    keeper = SqliteCallLog(tmp_path / "calls.db")
    yield keeper
    keeper.close()


def call(number: int, **more: object) -> Call:
    head = Call(f"call-{number}", NOW + number, "key", "chat", "answered", 200, asked="gpt-5")
    return msgspec.structs.replace(head, **more)


def ids(log: SqliteCallLog, **query: object) -> list[str]:
    return [found.call.id for found in log.find(CallQuery(**query))]  # type: ignore[arg-type]


def test_a_call_comes_back_as_it_was_written(log: SqliteCallLog) -> None:
    whole = call(
        1,
        run="run-1",
        usage=Usage(10, 5, 3, 1, 77, 2),
        is_estimated=True,
        seconds=1.5,
        offered=("shell",),
        prompt="Frage é漢🙂\0",
        answer="Antwort",
        called=(ToolCall("shell", '{"cmd": '),),
    )
    log.write([whole, call(2)])
    [second, first] = log.find(CallQuery())
    assert log.read(first.number) == whole
    assert log.read(second.number) == call(2)
    assert first.call.prompt == first.call.answer == ""
    assert first.call.usage == whole.usage
    assert log.read(99) is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"run": "run-1"}, [3, 2]),
        ({"run": "run-1", "step": "b"}, [3]),
        ({"agent": "coder"}, [4, 2]),
        ({"agent": "coder", "run": "run-1"}, [2]),
        ({"model": "gpt-5-2025"}, [3]),
        ({"model": "gpt-5"}, [4, 3, 2, 1]),
        ({"since": NOW + 3}, [4, 3]),
        ({"until": NOW + 3}, [2, 1]),
        ({"agent": "coder", "until": NOW + 3}, [2]),
        ({"before": 3}, [2, 1]),
        ({"limit": 2}, [4, 3]),
        ({"limit": -1}, []),
        ({"run": "run-2"}, []),
    ],
)
def test_calls_are_found_by_what_is_known_of_them(
    log: SqliteCallLog, query: dict[str, object], expected: list[int]
) -> None:
    log.write(
        [
            call(1),
            call(2, run="run-1", step="a", agent="coder"),
            call(3, run="run-1", step="b", agent="tester", model="gpt-5-2025"),
            call(4, agent="coder"),
        ]
    )
    assert ids(log, **query) == [f"call-{number}" for number in expected]


def test_a_batch_is_written_whole_or_not_at_all(log: SqliteCallLog) -> None:
    with pytest.raises(UnicodeEncodeError):
        log.write([call(1), call(2, prompt="\ud800")])
    assert ids(log) == []
    log.write([call(3)])
    assert ids(log) == ["call-3"]


def test_old_calls_go_a_few_at_a_time(log: SqliteCallLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "PRUNED_AT_ONCE", 2)
    log.write([call(number, time=NOW - number * DAY, prompt="x") for number in range(6)])
    gone = []
    while dropped := log.prune(Retention(days=2.5), NOW):
        gone.append(dropped)
    assert gone == [2, 1]
    assert ids(log) == ["call-2", "call-1", "call-0"]
    count = log._connection.execute("SELECT count(*) FROM contents").fetchone()
    assert count == (3,)


def test_the_oldest_calls_go_where_there_is_no_room(
    log: SqliteCallLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PRUNED_AT_ONCE", 3)
    log.write([call(number, prompt="x" * 50_000) for number in range(20)])
    while log.prune(Retention(days=9, bytes_max=500_000), NOW):
        pass
    remaining = ids(log)
    assert 3 < len(remaining) < 12
    assert remaining[0] == "call-19"
    assert log._size() <= 500_000


def test_what_was_written_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    for number in (1, 2):
        log = SqliteCallLog(tmp_path / "calls.db")
        log.write([call(number)])
        log.close()
    log = SqliteCallLog(tmp_path / "calls.db")
    assert ids(log) == ["call-2", "call-1"]
    log.close()
