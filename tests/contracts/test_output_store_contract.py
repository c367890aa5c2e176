"""What every output store promises."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from missioncontrol.adapters.output_stores import sqlite as adapter
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.output_stores.sqlite import SqliteOutputStore
from missioncontrol.ports.output_store import FollowedOutput, LineQuery, OutputLine, OutputStore

KEEPERS = ["memory", "sqlite"]


@pytest.fixture(params=KEEPERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FollowedOutput]:
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
    return [entry.message for entry in lines]


def test_the_output_of_a_run_is_removed_in_portions_and_counted(file: SqliteOutputStore) -> None:
    file.write([line(f"zwö {number}", run="run-1") for number in range(5)])
    file.write([line("beside it", run="run-2")])
    assert file.stored_bytes() == 5 * len("zwö 0".encode()) + len("beside it")
    assert [(each.run, each.lines) for each in file.runs()] == [("run-1", 5), ("run-2", 1)]
    assert file.newest_run() == "run-2"
    assert [file.remove("run-1", limit=3) for _ in range(3)] == [3, 2, 0]
    assert (file.written("run-1"), file.left_out("run-1")) == (0, 5)
    assert [each.run for each in file.runs()] == ["run-2"]
    assert file.stored_bytes() == len("beside it")
    assert file.search("zwö") == []
    assert messages(file.search("beside")) == ["beside it"]
    file.write([line("late", run="run-1")])
    assert (file.read("run-1"), file.left_out("run-1")) == ([], 6)


def test_a_file_of_an_earlier_release_is_measured_once(tmp_path: Path) -> None:
    path = tmp_path / "output.db"
    with closing(SqliteOutputStore(path, writable=True)) as old:
        old.write([line("four"), line("five!")])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE sizes")
    with closing(SqliteOutputStore(path, writable=True)) as new:
        assert new.stored_bytes() == 9
        new.write([line("!")])
        assert new.stored_bytes() == 10


def test_lines_come_back_in_order_with_all_that_was_given(store: OutputStore) -> None:
    store.write([line("one"), OutputLine("run-1", "b", 2, 7, "error", "zwö\n€🔑\x00")])
    assert store.read("run-1") == [
        OutputLine("run-1", "a", 1, 1, "info", "one", 1),
        OutputLine("run-1", "b", 2, 7, "error", "zwö\n€🔑\x00", 2),
    ]


def test_sequences_grow_within_a_run_through_many_writes(store: OutputStore) -> None:
    store.write([line("one"), line("other", run="run-2")])
    store.write([line("two"), line("three")])
    assert [entry.sequence for entry in store.read("run-1")] == [1, 2, 3]
    assert [entry.sequence for entry in store.read("run-2")] == [1]


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
    assert [(entry.sequence, entry.message) for entry in reader.read("run-1")] == [
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
    stored = messages(file.read("run-1"))
    assert (stored[0], stored[2]) == ("before", "after")


def test_a_write_that_fails_writes_nothing_and_is_forgotten(file: SqliteOutputStore) -> None:
    file.write([line("one")])
    with pytest.raises(OverflowError):
        file.write([line("two"), line("bad", time=2**63)])
    file.write([line("three")])
    assert [(entry.sequence, entry.message) for entry in file.read("run-1")] == [
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


def some_lines() -> list[OutputLine]:
    """Twelve lines of two runs, three agents and all levels, a second apart."""
    levels = ("info", "info", "warning", "error", "success", "info")
    return [
        OutputLine(
            f"run-{number % 2}",
            f"step-{number % 3}",
            1,
            (number + 1) * 1_000_000,
            levels[number % 6],
            f"Said number{number} — ünd",
            agent=f"agent-{number % 3}",
        )
        for number in range(12)
    ]


QUERIES = [
    LineQuery(),
    LineQuery(run="run-1"),
    LineQuery(run="run-1", after=3, before=9),
    LineQuery(run="run-1", step="step-1"),
    LineQuery(run="run-none"),
    LineQuery(step="step-2", run="run-0", level="warning"),
    LineQuery(agent="agent-1"),
    LineQuery(agent="agent-1", level="info", before=10),
    LineQuery(level="error"),
    LineQuery(level="info", after=2),
    LineQuery(since=4_000_000, until=8_000_000),
    LineQuery(run="run-0", since=4_000_000),
    LineQuery(text="NUMBER1"),
    LineQuery(text="number1 ÜND", run="run-1"),
    LineQuery(text="nd", level="warning"),
    LineQuery(text="number3", after=4),
    LineQuery(text="nobody"),
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("oldest", [False, True])
@pytest.mark.parametrize("limit", [2, 100])
def test_every_store_finds_the_same_lines(
    tmp_path: Path, query: LineQuery, *, oldest: bool, limit: int
) -> None:
    memory, file = MemoryOutputStore(), SqliteOutputStore(tmp_path / "o.db", writable=True)
    for keeper in (memory, file):
        keeper.write(some_lines())
    expected = memory.find(query, oldest=oldest, limit=limit)
    assert file.find(query, oldest=oldest, limit=limit) == expected
    file.close()


def test_lines_after_a_number_are_followed_in_order(store: FollowedOutput) -> None:
    assert (store.last(), store.tail(after=0)) == (0, [])
    store.write(some_lines())
    assert store.last() == 12
    assert [row.number for row in store.tail(after=7)] == [8, 9, 10, 11, 12]
    assert [row.number for row in store.tail(after=7, run="run-1")] == [8, 10, 12]
    assert [row.number for row in store.tail(after=0, limit=2)] == [11, 12]


def test_a_search_that_takes_too_long_says_how_far_it_came(file: SqliteOutputStore) -> None:
    file.write(some_lines())
    found = file.find(LineQuery(text="number"), seconds_max=0.0)
    assert ([row.number for row in found.lines], found.has_more) == ([12], True)
    assert found.looked_to == 12


OLD_SCHEMA = """
CREATE TABLE lines (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, sequence INTEGER NOT NULL, step TEXT NOT NULL,
  attempt INTEGER NOT NULL, time INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX lines_by_run ON lines (run, sequence);
CREATE TABLE counts (
  run TEXT PRIMARY KEY, written INTEGER NOT NULL, left_out INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE letters USING fts5 (
  message, content='lines', content_rowid='id', tokenize='trigram', detail='none'
);
CREATE TRIGGER lines_have_letters AFTER INSERT ON lines
BEGIN INSERT INTO letters (rowid, message) VALUES (NEW.id, NEW.message); END;
INSERT INTO lines VALUES (1, 'run-1', 1, 'a', 1, 7, 'info', 'an old line');
INSERT INTO counts VALUES ('run-1', 1, 0);
"""


@pytest.mark.parametrize("writable", [False, True])
def test_a_file_of_an_earlier_release_is_read_and_goes_on(
    tmp_path: Path, *, writable: bool
) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(OLD_SCHEMA)
    keeper = SqliteOutputStore(path, writable=writable)
    assert messages(keeper.read("run-1")) == ["an old line"]
    assert [row.number for row in keeper.find(LineQuery(text="old", run="run-1")).lines] == [1]
    assert keeper.find(LineQuery(agent="smith")).lines == []
    if writable:
        keeper.write([OutputLine("run-1", "a", 1, 8, "info", "new", agent="smith")])
        found = keeper.find(LineQuery(agent="smith")).lines
        assert [row.line.sequence for row in found] == [2]
    keeper.close()


def test_a_reader_sees_a_file_that_is_made_after_it(tmp_path: Path) -> None:
    path = tmp_path / "late.db"
    reader = SqliteOutputStore(path, writable=False)
    assert (reader.last(), reader.find(LineQuery()).lines) == (0, [])
    writer = SqliteOutputStore(path, writable=True)
    writer.write(some_lines())
    assert reader.last() == 12
    writer.close()
    reader.close()
