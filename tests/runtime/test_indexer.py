"""The search index follows the log beside an engine, and never stands in its way."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.asks import StopAll
from missioncontrol.domain.errors import Unavailable
from missioncontrol.runtime import indexer
from missioncontrol.runtime.indexer import Indexer
from tests.runtime.workshop import run


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(indexer, "LATE_SECONDS", 0.02)
    monkeypatch.setattr(indexer, "TROUBLE_SECONDS", 0.01)


async def until(holds: Callable[[], bool]) -> None:
    while True:
        if holds():
            return
        await asyncio.sleep(0.005)


class Portions:
    """Work that comes in portions; some of them are set to fail."""

    def __init__(self, *portions: bool | Exception) -> None:
        self.left = list(portions)
        self.threads: list[str] = []

    def take(self) -> bool:
        self.threads.append(threading.current_thread().name)
        portion = self.left.pop(0) if self.left else False
        if isinstance(portion, Exception):
            raise portion
        return portion


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("search-index")]


def test_all_that_is_there_is_taken_in_on_a_thread_that_then_ends() -> None:
    async def story() -> None:
        portions = Portions(True, True, False)
        follower = Indexer(portions.take, report=pytest.fail)  # type: ignore[arg-type]
        await follower.start()
        await until(lambda: len(portions.threads) == 3)
        assert {name.rpartition("_")[0] for name in portions.threads} == {"search-index"}
        await until(lambda: threads() == [])
        follower.take(())
        await until(lambda: len(portions.threads) == 4)
        await follower.stop()
        await until(lambda: threads() == [])

    run(story())


def test_what_stands_in_the_way_is_told_and_does_not_last() -> None:
    async def story() -> None:
        reported: list[Exception] = []
        portions = Portions(Unavailable("search.unwritable", "Full."), RuntimeError("odd"), False)
        follower = Indexer(portions.take, report=reported.append)
        await follower.start()
        for count in (1, 2, 3):
            await until(lambda count=count: len(portions.threads) == count)  # type: ignore[misc]
            follower.take(())
        await follower.stop()
        assert [str(error) for error in reported] == ["Full.", "odd"]

    run(story())


def test_an_engine_that_is_never_quiet_is_followed_all_the_same() -> None:
    async def story() -> None:
        portions = Portions()
        follower = Indexer(portions.take, report=pytest.fail)  # type: ignore[arg-type]
        await follower.start()
        while not portions.threads:
            follower.take(())
            await asyncio.sleep(0)
        await follower.stop()

    run(story())


def test_stopping_waits_for_the_portion_at_hand() -> None:
    async def story() -> None:
        begun, over, ended = threading.Event(), threading.Event(), []

        def portion() -> bool:
            begun.set()
            over.wait(4)
            ended.append(True)
            return True

        follower = Indexer(portion, report=pytest.fail)  # type: ignore[arg-type]
        await follower.start()
        await until(begun.is_set)
        asyncio.get_running_loop().call_later(0.02, over.set)
        await follower.stop()
        assert ended == [True]

    run(story())


# With a real home.


def reached(home: Home) -> int:
    if not home.search.exists():
        return 0
    index = SqliteSearchIndex(home.search)
    try:
        return index.reached().position
    finally:
        index.close()


async def stopped(held: EngineContext) -> int:
    """Record one event, and return where the log ends then."""
    await held.command_bus.do(StopAll("smoke"), "user:alice")
    return (await held.store.head()).position


def test_an_engine_at_work_keeps_the_index_up_to_date(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(Settings(tmp_path / "home"), {}) as held:
            await held.work()
            end = await stopped(held)
            await until(lambda: reached(held.home) == end > 0)
            assert held.troubles == []
        await until(lambda: threads() == [])
        left = {path.name for path in (tmp_path / "home").glob("search.*")}
        assert left == {"search.db", "search.lock"}

    run(story())


def test_a_home_that_is_held_for_one_change_is_not_indexed(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(Settings(tmp_path / "home"), {}) as held:
            await stopped(held)
            await asyncio.sleep(0.05)
            assert not held.home.search.exists()

    run(story())


def test_the_turn_is_left_to_who_searches(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(Settings(tmp_path / "home"), {}) as held:
            other = SqliteSearchIndex(held.home.search)
            with other.turn() as mine:
                assert mine
                await held.work()
                await stopped(held)
                await asyncio.sleep(0.1)
                assert other.reached().position == 0
            end = (await held.store.head()).position
            held.indexer.take(())
            await until(lambda: other.reached().position == end)
            other.close()
            assert held.troubles == []

    run(story())


def test_an_index_that_cannot_be_written_stops_no_work_and_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with holding(Settings(tmp_path / "home"), {}) as held:
            held.home.search.with_suffix(".lock").mkdir()
            notes: list[str] = []
            held.trouble_listeners.append(notes.append)
            await held.work()
            await stopped(held)
            await until(lambda: bool(notes))
            assert notes[0].startswith("The search index does not follow the log: The search index")
            assert (held.troubles, held.engine.failure) == (notes, None)

    run(story())
