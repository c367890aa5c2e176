"""What happens when a home is opened whose files are not what they were."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import missioncontrol as mc
from missioncontrol.adapters.read_tables.sqlite import SqliteReadTables
from missioncontrol.application.acceptance import REASON_MAX
from missioncontrol.domain.errors import Corrupt, Unavailable

workflow = mc.Workflow("w")


@workflow.step()
async def only(_: mc.StepContext) -> int:
    return 1


def run_once(home: Path) -> str:
    async def story() -> str:
        async with mc.Engine(home) as engine:
            return (await engine.run(workflow)).id

    return asyncio.run(story())


def rows(home: Path) -> list[str]:
    tables = SqliteReadTables(home / "rows.db", writable=False)
    try:
        return [row.id for row in tables.runs()]
    finally:
        tables.close()


def test_an_engine_refuses_a_log_that_lost_its_end_and_signs_nothing(tmp_path: Path) -> None:
    run_once(tmp_path)
    heads = (tmp_path / "heads.jsonl").read_bytes()
    (tmp_path / "log.db").unlink()
    with pytest.raises(Corrupt) as no:
        run_once(tmp_path)
    assert no.value.code == "log.cut"
    assert (tmp_path / "heads.jsonl").read_bytes() == heads


@pytest.mark.parametrize("content", [b"", b"this is no database" * 1000])
def test_rows_that_are_damaged_are_built_again_from_the_log(tmp_path: Path, content: bytes) -> None:
    first = run_once(tmp_path)
    (tmp_path / "rows.db").write_bytes(content)
    assert rows(tmp_path) == []
    second = run_once(tmp_path)
    assert rows(tmp_path) == [second, first]


def test_rows_of_another_shape_are_built_again_from_the_log(tmp_path: Path) -> None:
    first = run_once(tmp_path)
    with sqlite3.connect(tmp_path / "rows.db") as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    assert rows(tmp_path) == []
    assert rows(tmp_path) == []
    second = run_once(tmp_path)
    assert rows(tmp_path) == [second, first]


def test_rows_that_are_ahead_of_the_log_are_built_again(tmp_path: Path) -> None:
    first = run_once(tmp_path)
    with sqlite3.connect(tmp_path / "rows.db") as raw:
        raw.execute("UPDATE followed SET position = 1000000")
        raw.execute("UPDATE runs SET id = 'run-of-another-log'")
    raw.close()
    second = run_once(tmp_path)
    assert rows(tmp_path) == [second, first]


def test_a_home_is_its_owners_alone_whoever_made_the_directory(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    for home in (tmp_path / "new", shared):
        run_once(home)
        assert home.stat().st_mode & 0o777 == 0o700
        assert [
            p.name for p in home.iterdir() if p.stat().st_mode & 0o077 and p.suffix == ".db"
        ] == []


def test_what_a_killed_engine_left_half_done_is_swept_away(tmp_path: Path) -> None:
    run_once(tmp_path)
    left = [
        tmp_path / "engine.deadbeef",
        tmp_path / "artifacts/ab/.draft-1234",
        tmp_path / "scratch/run-killed/7/work/big",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    run_once(tmp_path)
    assert [path for path in left if path.exists()] == []
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_refused_second_engine_takes_nothing_from_the_first(tmp_path: Path) -> None:
    """Closing a file drops every lock that its process has on it, those of SQLite included."""
    mission = [sys.executable, "-m", "missioncontrol"]

    def other_process(*arguments: str) -> int:
        command = [*mission, *arguments, "--home", str(tmp_path)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    async def story() -> None:
        async with mc.Engine(tmp_path) as engine:
            await engine.run(workflow)
            with pytest.raises(Unavailable):
                await mc.Engine(tmp_path).__aenter__()
            assert other_process("list") == 0
            second = await engine.run(workflow)
            assert other_process("show", second.id) == 0

    asyncio.run(story())


def test_a_secret_at_the_cut_of_a_long_failure_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "correct-horse-battery")
    failing = mc.Workflow("failing")

    @failing.step()
    async def fails(_: mc.StepContext) -> None:
        raise ValueError("x" * (REASON_MAX - 60) + " correct-horse-battery and on" * 9)

    async def story() -> str:
        async with mc.Engine(tmp_path) as engine:
            return (await engine.run(failing)).errors["fails"]

    assert "correct" not in asyncio.run(story())
