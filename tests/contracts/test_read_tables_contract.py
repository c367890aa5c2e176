"""What every keeper of rows promises."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.ports.read_tables import ListedRow, MissionRow, ReadTables, RunChoice, RunRow

KEEPERS = ["memory", "sqlite"]


@pytest.fixture(params=KEEPERS)
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadTables]:
    if request.param == "memory":
        yield MemoryReadTables()
        return
    keeper = SqliteReadTables(tmp_path / "rows.db", writable=True)
    yield keeper
    keeper.close()


def run(name: str, status: str = "running") -> RunRow:
    return RunRow(name, "mission-1", "release", status, 1.5, 2.5, 3.5, 4, 5, 6, 7, 8, 9, 10, 11, 12)


def mission(name: str, title: str = "Search") -> MissionRow:
    return MissionRow(name, title, "Make it fast.", "/repo", "running", 1.5, 2.5, "run-1", 3, 4)


def test_there_is_nothing_at_first(tables: ReadTables) -> None:
    assert tables.position() == 0
    assert (tables.run("run-1"), tables.mission("mission-1")) == (None, None)
    assert (tables.runs(), tables.missions(), tables.unsettled(), tables.find("")) == (
        [],
        [],
        [],
        [],
    )


def test_rows_come_back_as_they_were(tables: ReadTables) -> None:
    tables.save(7, [run("run-1")], [mission("mission-1")])
    assert tables.position() == 7
    assert tables.run("run-1") == run("run-1")
    assert tables.mission("mission-1") == mission("mission-1")


def test_a_row_is_replaced_and_the_others_stay(tables: ReadTables) -> None:
    tables.save(1, [run("run-1"), run("run-2")], [mission("mission-1")])
    tables.save(2, [run("run-1", "failed")], [mission("mission-1", "Other")])
    assert tables.run("run-1") == run("run-1", "failed")
    assert tables.run("run-2") == run("run-2")
    assert tables.mission("mission-1") == mission("mission-1", "Other")
    assert tables.position() == 2


def test_lists_are_newest_first_and_paged(tables: ReadTables) -> None:
    names = [f"run-{letter}" for letter in "abcde"]
    tables.save(1, map(run, names), [mission(name.replace("run", "mission")) for name in names])
    assert [row.id for row in tables.runs(limit=2)] == ["run-e", "run-d"]
    assert [row.id for row in tables.runs(before="run-d", limit=2)] == ["run-c", "run-b"]
    assert [row.id for row in tables.missions(limit=2)] == ["mission-e", "mission-d"]
    assert [row.id for row in tables.missions(before="mission-b")] == ["mission-a"]


def test_runs_that_have_not_ended_are_named_oldest_first(tables: ReadTables) -> None:
    kinds = ["running", "succeeded", "queued", "failed", "cancelling", "cancelled"]
    tables.save(1, [run(f"run-{place}", kind) for place, kind in enumerate(kinds)], [])
    assert tables.unsettled() == ["run-0", "run-2", "run-4"]
    tables.save(2, [run("run-2", "succeeded")], [])
    assert tables.unsettled() == ["run-0", "run-4"]


def test_ids_are_found_by_how_they_begin(tables: ReadTables) -> None:
    tables.save(1, [run("run-ab1"), run("run-ab2"), run("run-b")], [mission("mission-ab")])
    assert tables.find("run-ab") == ["run-ab1", "run-ab2"]
    assert tables.find("run-ab", limit=1) == ["run-ab1"]
    assert tables.find("mission-") == ["mission-ab"]
    assert tables.find("nobody") == []
    assert tables.find("%") == []


def test_rows_that_were_saved_since_are_told_apart(tables: ReadTables) -> None:
    first = [ListedRow("item", name, True, b"{}", 3) for name in ("a", "b")]
    tables.save(3, [], [], [*first, ListedRow("other", "a", True, b"{}", 3)])
    tables.save(5, [], [], [ListedRow("item", "b", False, b"[]", 5)])
    assert [row.id for row in tables.changed_listed("item", after=3)] == ["b"]
    assert {row.id for row in tables.changed_listed("item")} == {"a", "b"}
    assert tables.changed_listed("item", after=5) == []


def test_clearing_goes_back_to_the_beginning(tables: ReadTables) -> None:
    tables.save(7, [run("run-1")], [mission("mission-1")])
    tables.clear()
    assert (tables.position(), tables.runs(), tables.missions()) == (0, [], [])


def test_rows_that_were_handed_over_are_the_keepers_own(tables: ReadTables) -> None:
    given = run("run-1")
    tables.save(1, [given], [])
    given.status = "failed"
    found = tables.run("run-1")
    assert found == run("run-1")
    found.status = "failed"
    assert tables.run("run-1") == run("run-1")


def test_a_save_that_fails_changes_nothing(tmp_path: Path) -> None:
    tables = SqliteReadTables(tmp_path / "rows.db", writable=True)
    tables.save(1, [run("run-1")], [])
    bad = run("run-2")
    bad.status = None  # type: ignore[assignment]
    with pytest.raises(sqlite3.Error):
        tables.save(2, [run("run-1", "failed"), bad], [])
    assert tables.position() == 1
    assert tables.run("run-1") == run("run-1")
    tables.close()


def test_rows_are_there_after_reopening_and_for_readers(tmp_path: Path) -> None:
    writer = SqliteReadTables(tmp_path / "rows.db", writable=True)
    writer.save(7, [run("run-1")], [])
    reader = SqliteReadTables(tmp_path / "rows.db", writable=False)
    assert (reader.position(), reader.run("run-1")) == (7, run("run-1"))
    writer.save(8, [run("run-1", "failed")], [])
    assert (reader.position(), reader.run("run-1")) == (7, run("run-1")), "rows and position agree"
    reader.close()
    later = SqliteReadTables(tmp_path / "rows.db", writable=False)
    assert (later.position(), later.run("run-1")) == (8, run("run-1", "failed"))
    later.close()
    writer.close()
    again = SqliteReadTables(tmp_path / "rows.db", writable=True)
    assert again.position() == 8
    again.close()


def test_a_reader_without_rows_finds_none_and_makes_no_file(tmp_path: Path) -> None:
    reader = SqliteReadTables(tmp_path / "rows.db", writable=False)
    assert (reader.position(), reader.runs()) == (0, [])
    reader.close()
    assert list(tmp_path.iterdir()) == []


def chosen(tables: ReadTables, choice: RunChoice, **page: Any) -> list[str]:
    return [row.id for row in tables.chosen_runs(choice, **page)]


def test_runs_are_chosen_by_what_they_are(tables: ReadTables) -> None:
    rows = [run(f"run-{number}") for number in range(5)]
    rows[0].workflow, rows[1].mission, rows[2].author = "other", "mission-2", "user:bo"
    rows[3].trigger, rows[4].schedule = "schedule", "nightly"
    rows[0].status, rows[1].status = "failed", "halted"
    tables.save(1, rows, [])
    assert chosen(tables, RunChoice(workflow="other")) == ["run-0"]
    assert chosen(tables, RunChoice(mission="mission-2")) == ["run-1"]
    assert chosen(tables, RunChoice(author="user:bo")) == ["run-2"]
    assert chosen(tables, RunChoice(trigger="schedule")) == ["run-3"]
    assert chosen(tables, RunChoice(schedule="nightly")) == ["run-4"]
    assert chosen(tables, RunChoice(statuses=("failed", "halted"))) == ["run-1", "run-0"]
    assert chosen(tables, RunChoice(asked=frozenset({"run-3", "run-none"}))) == ["run-3", "run-1"]
    assert chosen(tables, RunChoice(asked=frozenset())) == ["run-1"]
    assert chosen(tables, RunChoice(workflow="other", statuses=("halted",))) == []
    assert tables.run_counts() == {"failed": 1, "halted": 1, "running": 3}


def test_runs_are_chosen_by_time_and_paged(tables: ReadTables) -> None:
    rows = [run(f"run-{number}") for number in range(6)]
    for number, row in enumerate(rows):
        row.created = float(number)
    tables.save(1, rows, [])
    choice = RunChoice(since=1.0, until=5.0)
    assert chosen(tables, choice) == ["run-4", "run-3", "run-2", "run-1"]
    assert chosen(tables, choice, limit=2) == ["run-4", "run-3"]
    assert chosen(tables, choice, before="run-3", limit=2) == ["run-2", "run-1"]


def test_runs_are_chosen_by_words_in_any_case_and_language(tables: ReadTables) -> None:
    rows = [run("run-ab1"), run("run-cd2"), run("run-ef3")]
    rows[0].mission, rows[1].mission, rows[2].mission = "mission-a", "mission-none", ""
    rows[2].workflow = "Straße %"
    tables.save(1, rows, [mission("mission-a", "ÖFFNEN der Tür")])
    assert chosen(tables, RunChoice(text="öffnen")) == ["run-ab1"]
    assert chosen(tables, RunChoice(text="AB1")) == ["run-ab1"]
    assert chosen(tables, RunChoice(text="STRASSE")) == ["run-ef3"]
    assert chosen(tables, RunChoice(text="%")) == ["run-ef3"]
    assert chosen(tables, RunChoice(text="release")) == ["run-cd2", "run-ab1"]


@pytest.mark.parametrize("seed", range(20))
def test_both_keepers_choose_the_same_runs(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    memory, sqlite = MemoryReadTables(), SqliteReadTables(tmp_path / "rows.db", writable=True)
    rows = [run(f"run-{number:02}") for number in range(40)]
    for row in rows:
        row.status = chance.choice(["running", "failed", "halted", "succeeded"])
        row.workflow = chance.choice(["build", "Release"])
        row.mission = chance.choice(["", "mission-1", "mission-2"])
        row.created = chance.choice([1.0, 2.0, 3.0])
    for keeper in (memory, sqlite):
        keeper.save(1, rows, [mission("mission-1", "Build it"), mission("mission-2")])
    for _ in range(30):
        choice = RunChoice(
            statuses=tuple(chance.sample(["failed", "halted", "queued"], chance.randint(0, 2))),
            workflow=chance.choice(["", "build", "Release"]),
            mission=chance.choice(["", "", "mission-1"]),
            since=chance.choice([0.0, 2.0]),
            until=chance.choice([3.0, RunChoice().until]),
            text=chance.choice(["", "BUILD", "run-1"]),
            asked=chance.choice([None, None, frozenset({"run-03", "run-17"})]),
        )
        page = {"before": chance.choice(["", "run-20"]), "limit": chance.choice([3, 100])}
        assert chosen(memory, choice, **page) == chosen(sqlite, choice, **page), choice
    assert memory.run_counts() == sqlite.run_counts()
    sqlite.close()
