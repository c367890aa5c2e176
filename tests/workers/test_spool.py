"""The messages of a worker stay on its disk until the server has them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.adapters.workers import spool as spools
from missioncontrol.adapters.workers.spool import Spool
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, ProcessHandle
from missioncontrol.ports.wire import Done, LogMessage, Moved, Refused, Used
from missioncontrol.ports.workers import Given, Lease

GIVEN = Given(Lease("run-1", "a", 3), "smith", Assignment("run-1", "w", "a", 1, 3, "k", "smith"))


OPEN: list[Spool] = []


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """Close the files of all spools."""
    yield
    while OPEN:
        OPEN.pop().close()


def begun(folder: Path) -> Spool:
    OPEN.append(Spool.begin(folder / "lease", GIVEN))
    return OPEN[-1]


def found(folder: Path) -> Spool:
    spool = Spool.load(folder / "lease")
    assert spool is not None
    OPEN.append(spool)
    return spool


def numbers(spool: Spool) -> list[int]:
    return [each.number for each in spool.batch()]


def test_the_next_worker_finds_what_was_not_acknowledged_and_counts_on(tmp_path: Path) -> None:
    spool = begun(tmp_path)
    for message in (
        LogMessage("info", "one"),
        Used(Usage(1)),
        LogMessage("info", "three"),
        Used(Usage(2)),
    ):
        spool.add(message)
    spool.acknowledge(2)
    spool.close()
    again = found(tmp_path)
    assert again.given == GIVEN
    assert (again.heard, numbers(again)) == (2, [3, 4])
    again.add(Used(Usage(3)))
    assert [(each.number, each.usage) for each in again.batch()] == [(3, 0), (4, 2), (5, 3)]


def test_a_line_that_was_cut_is_left_out_and_the_next_one_stands_by_itself(tmp_path: Path) -> None:
    spool = begun(tmp_path)
    spool.add(LogMessage("info", "one"))
    spool.close()
    with (tmp_path / "lease/said.jsonl").open("ab") as file:
        file.write(b'{"number":2,"mess')
    again = found(tmp_path)
    again.add(Done(Work(output="two")))
    again.close()
    assert [each.message for each in found(tmp_path).batch()] == [
        LogMessage("info", "one"),
        Done(Work(output="two")),
    ]


def test_nothing_is_said_after_the_end(tmp_path: Path) -> None:
    spool = begun(tmp_path)
    spool.add(Done(Work()))
    spool.add(Refused("late", "Too late."))
    spool.add(LogMessage("info", "late"))
    assert numbers(spool) == [1]
    assert spool.ending == Done(Work())


def test_lines_beyond_the_bound_are_counted_and_usage_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "PENDING_BYTES_MAX", 300)
    spool = begun(tmp_path)
    for number in range(50):
        spool.add(LogMessage("info", f"line {number}"))
    spool.add(Used(Usage(1)))
    messages = [each.message for each in spool.batch()]
    assert isinstance(messages[-1], Used)
    assert "lines were dropped" in getattr(messages[-2], "message", "")
    assert len(messages) < 12


def test_progress_that_nobody_hears_is_not_kept_without_end(tmp_path: Path) -> None:
    spool = begun(tmp_path)
    for number in range(1_000):
        spool.add(Moved(number, 1_000))
    assert len(numbers(spool)) == spools.PROGRESS_MAX


def test_a_file_whose_lines_are_all_acknowledged_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "FILE_BYTES_MAX", 100)
    spool = begun(tmp_path)
    spool.add(Used(Usage(1)))
    spool.add(LogMessage("info", "x" * 200))
    spool.acknowledge(2)
    assert (tmp_path / "lease/said.jsonl").stat().st_size == 0
    spool.add(Used(Usage(2)))
    spool.close()
    assert [(each.number, each.usage) for each in found(tmp_path).batch()] == [(3, 2)]


def test_a_result_that_is_too_large_is_a_failure_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "MESSAGE_BYTES_MAX", 1_000)
    spool = begun(tmp_path)
    spool.add(Done(Work(output="x" * 2_000)))
    assert isinstance(spool.ending, Refused)
    assert spool.ending.code == "worker.too_large"
    assert numbers(spool) == [1]


def test_a_report_holds_a_bounded_part_of_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "BATCH_BYTES_MAX", 200)
    spool = begun(tmp_path)
    for _ in range(9):
        spool.add(LogMessage("info", "x" * 20))
    assert numbers(spool) == [1, 2]


def test_processes_are_on_disk_and_a_lease_that_never_began_is_nothing(tmp_path: Path) -> None:
    spool = begun(tmp_path)
    spool.record(ProcessHandle(7, 1.5, 7))
    assert found(tmp_path).processes() == [ProcessHandle(7, 1.5, 7)]
    (tmp_path / "empty").mkdir()
    assert Spool.load(tmp_path / "empty") is None
    spool.remove()
    assert not (tmp_path / "lease").exists()


def test_a_stream_that_is_never_all_heard_takes_no_more_and_more_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "FILE_BYTES_MAX", 2_000)
    spool = begun(tmp_path)
    for number in range(1, 1_001):
        spool.add(LogMessage("info", "a line"))
        if number % 10 == 0:
            spool.add(Used(Usage(1)))
        spool.acknowledge(spool.number - 1)
    assert (tmp_path / "lease/said.jsonl").stat().st_size < 4_000
    spool.close()
    again = found(tmp_path)
    again.add(LogMessage("info", "next"))
    again.add(Used(Usage(1)))
    dropped, used = again.batch()[-2:]
    assert (dropped.number, dropped.line, used.usage) == (1_101, 1_001, 101)


def test_a_message_that_nobody_could_read_is_not_kept(tmp_path: Path) -> None:
    spool = begun(tmp_path)
    with pytest.raises(AttemptFailed, match="can't be encoded as JSON"):
        spool.add(LogMessage("aloud", "hello"))  # type: ignore[arg-type]
    spool.add(LogMessage("info", "hello"))
    assert numbers(spool) == [1]
