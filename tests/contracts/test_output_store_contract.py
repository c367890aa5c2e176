"""What every output store promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.adapters.output_stores import sqlite as adapter
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.ports.output_store import OutputLine, OutputStore

KEEPERS = ["memory", "sqlite"]


@pytest.fixture(params=KEEPERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OutputStore]:
    if request.param == "memory":
        yield MemoryOutputStore()
        return
    keeper = SqliteOutputStore(tmp_path / "output.db", writable=True)
    yield keeper
    keeper.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteOutputStore]:
    keeper = SqliteOutputStore(tmp_path / "output.db", writable=True)
    yield keeper
    keeper.close()


def line(message: str, *, run: str = "run-1", step: str = "a", time: int = 1) -> OutputLine:
    return OutputLine(run, step, 1, time, "info", message)


def messages(lines: list[OutputLine]) -> list[str]:
    return [said.message for said in lines]


def test_lines_come_back_in_order_with_all_that_was_given(store: OutputStore) -> None:
    store.write([line("one"), OutputLine("run-1", "b", 2, 7, "error", "zwö\n€🔑\x00")])
    assert store.read("run-1") == [
        OutputLine("run-1", "a", 1, 1, "info", "one", 1),
        OutputLine("run-1", "b", 2, 7, "error", "zwö\n€🔑\x00", 2),
    ]


def test_sequences_grow_within_a_run_through_many_writes(store: OutputStore) -> None:
    store.write([line("one"), line("other", run="run-2")])
    store.write([line("two"), line("three")])
    assert [said.sequence for said in store.read("run-1")] == [1, 2, 3]
    assert [said.sequence for said in store.read("run-2")] == [1]


def test_reading_goes_on_after_a_sequence_and_stops_at_the_limit(store: OutputStore) -> None:
    store.write([line(str(number)) for number in range(10)])
    assert messages(store.read("run-1", after=3, limit=4)) == ["3", "4", "5", "6"]
    assert store.read("run-1", after=10) == []


def test_one_step_can_be_read_alone(store: OutputStore) -> None:
    store.write([line("a1"), line("b1", step="b"), line("a2")])
    assert messages(store.read("run-1", step="b")) == ["b1"]
    assert messages(store.read("run-1", step="a", after=1)) == ["a2"]


def test_a_run_without_output_has_none(store: OutputStore) -> None:
    assert store.read("run-9") == []
    assert store.search("anything") == []
    assert store.left_out("run-9") == 0


def test_lines_past_the_bound_are_counted_and_not_kept(
    file: SqliteOutputStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "LINES_MAX", 3)
    file.write([line(str(number)) for number in range(2)])
    file.write([line(str(number)) for number in range(2, 7)])
    file.write([line("another", run="run-2")])
    assert messages(file.read("run-1")) == ["0", "1", "2"]
    assert file.left_out("run-1") == 4
    assert file.left_out("run-2") == 0


def test_a_long_line_is_cut(file: SqliteOutputStore) -> None:
    file.write([line("x" * (adapter.MESSAGE_MAX + 5))])
    assert len(file.read("run-1")[0].message) == adapter.MESSAGE_MAX


def test_the_bound_holds_through_reopening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "LINES_MAX", 3)
    for round_ in range(3):
        store = SqliteOutputStore(tmp_path / "output.db", writable=True)
        store.write([line(f"{round_}a"), line(f"{round_}b")])
        store.close()
    reader = SqliteOutputStore(tmp_path / "output.db", writable=False)
    assert [(said.sequence, said.message) for said in reader.read("run-1")] == [
        (1, "0a"),
        (2, "0b"),
        (3, "1a"),
    ]
    assert reader.left_out("run-1") == 3
    reader.close()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("The index was rebuilt in 3 s", "rebuilt"),
        ("The index was rebuilt in 3 s", "INDEX  3"),
        ("connection to db-3.example.org:5432 refused", "db-3.example.org:5432"),
        ("Die Prüfsumme stimmt nicht überein", "prüfsumme"),
        ("Échec de la connexion", "échec"),
        ("Ошибка подключения к базе данных", "ОШИБКА"),
        ("Σφάλμα σύνδεσης", "σύνδεσης"),
        ("数据库连接失败", "连接"),
        ("データベース接続エラー", "接続"),
        ("데이터베이스 연결에 실패했습니다", "연결"),
        ("การเชื่อมต่อล้มเหลว", "เชื่อมต่อ"),
        ('he said "no" twice', 'said "no"'),
    ],
)
def test_lines_are_found_by_their_words_in_any_language(
    store: OutputStore, message: str, words: str
) -> None:
    store.write([line("something else"), line(message)])
    assert messages(store.search(words)) == [message]


@pytest.mark.parametrize(
    "text", ["", "  ", "!!!", '"', "*", "NOT", "a AND", "(", "\x00", "message:x"]
)
def test_no_question_is_an_error(file: SqliteOutputStore, text: str) -> None:
    file.write([line("something else")])
    assert file.search(text) == []


def test_all_words_have_to_be_there(store: OutputStore) -> None:
    store.write([line("red green"), line("green blue")])
    assert messages(store.search("green red")) == ["red green"]
    assert store.search("red blue") == []


def test_the_newest_are_found_first_in_one_run_or_in_all(store: OutputStore) -> None:
    store.write([line("hit 1"), line("hit 2", run="run-2"), line("hit 3")])
    assert messages(store.search("hit")) == ["hit 3", "hit 2", "hit 1"]
    assert messages(store.search("hit", limit=2)) == ["hit 3", "hit 2"]
    assert messages(store.search("hit", run="run-1")) == ["hit 3", "hit 1"]


def test_text_that_no_file_can_hold_does_not_cost_the_lines_beside_it(
    file: SqliteOutputStore,
) -> None:
    file.write([line("before"), line("a name of \udcff bytes"), line("after")])
    kept = messages(file.read("run-1"))
    assert (kept[0], kept[2]) == ("before", "after")


def test_a_write_that_fails_writes_nothing_and_is_forgotten(file: SqliteOutputStore) -> None:
    file.write([line("one")])
    with pytest.raises(OverflowError):
        file.write([line("two"), line("bad", time=2**63)])
    file.write([line("three")])
    assert [(said.sequence, said.message) for said in file.read("run-1")] == [
        (1, "one"),
        (2, "three"),
    ]


def test_a_reader_of_a_home_without_output_finds_none_and_makes_no_file(tmp_path: Path) -> None:
    reader = SqliteOutputStore(tmp_path / "output.db", writable=False)
    assert (reader.read("run-1"), reader.search("x"), reader.left_out("run-1")) == ([], [], 0)
    reader.close()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_what_is_written_after_it_opened(tmp_path: Path) -> None:
    writer = SqliteOutputStore(tmp_path / "output.db", writable=True)
    reader = SqliteOutputStore(tmp_path / "output.db", writable=False)
    writer.write([line("one")])
    assert messages(reader.read("run-1")) == ["one"]
    writer.close()
    reader.close()
