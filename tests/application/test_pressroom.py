"""Files are printed a few at a time, in turn for all users, once each, without starvation."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from missioncontrol.application.render_queue import (
    AT_ONCE,
    WAITING_EACH_MAX,
    WAITING_MAX,
    Busy,
    RenderQueue,
    order_of,
)
from missioncontrol.domain.errors import Rejected


class Press:
    """Prints nothing before it is released; remembers what it printed, in order."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.printed: list[str] = []

    def of(self, name: str) -> Callable[[], bytes]:
        def make() -> bytes:
            self.gate.wait()
            self.printed.append(name)
            return name.encode()

        return make


async def held(room: RenderQueue, press: Press, *names: str) -> list[asyncio.Task[bytes]]:
    """Ask for files named `asker/key`, and return once all of them wait or are at work."""
    tasks = [
        asyncio.create_task(room.printed(name, name.partition("/")[0], press.of(name)))
        for name in names
    ]
    await asyncio.sleep(0)
    return tasks


def test_the_same_order_is_printed_once_and_then_kept() -> None:
    async def check() -> None:
        room, press = RenderQueue(), Press()
        tasks = [*await held(room, press, "ann/1"), *await held(room, press, "ann/1")]
        press.gate.set()
        assert await asyncio.gather(*tasks) == [b"ann/1"] * 2
        assert await room.printed("ann/1", "bob", press.of("again")) == b"ann/1"
        assert press.printed == ["ann/1"]

    asyncio.run(check())


def test_everybody_has_a_turn_before_anybody_has_the_next() -> None:
    async def check() -> None:
        room, press = RenderQueue(), Press()
        tasks = await held(room, press, "ann/1", "ann/2", "ann/3", "ann/4", "ann/5", "bob/1")
        assert len(press.printed) == 0
        press.gate.set()
        await asyncio.gather(*tasks)
        assert press.printed.index("bob/1") <= AT_ONCE + 1 < press.printed.index("ann/5")

    asyncio.run(check())


def test_who_asks_for_too_much_hears_so_at_once_and_nobody_else_does() -> None:
    async def check() -> None:
        room, press = RenderQueue(), Press()
        mine = [f"ann/{number}" for number in range(AT_ONCE + WAITING_EACH_MAX)]
        tasks = await held(room, press, *mine)
        with pytest.raises(Busy) as refused:
            await room.printed("ann/more", "ann", press.of("more"))
        assert (refused.value.code, refused.value.status) == ("printing.too_many", 429)
        assert int(refused.value.headers["retry-after"]) > 0
        tasks += await held(room, press, "bob/1")
        press.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(check())


def test_the_row_of_all_is_bounded() -> None:
    async def check() -> None:
        room, press = RenderQueue(), Press()
        names = [f"u{number % 8}/{number}" for number in range(AT_ONCE + WAITING_MAX)]
        tasks = await held(room, press, *names)
        with pytest.raises(Busy) as refused:
            await room.printed("late/1", "late", press.of("late"))
        assert (refused.value.code, refused.value.status) == ("printing.busy", 503)
        press.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(check())


def test_who_waited_long_enough_hears_so_and_finds_it_made_later() -> None:
    async def check() -> None:
        room, press = RenderQueue(patience=0.01), Press()
        with pytest.raises(Busy) as refused:
            await room.printed("one", "ann", press.of("one"))
        assert refused.value.status == 503
        assert "stored for your next request" in refused.value.reason
        [task] = room._tasks
        press.gate.set()
        await task
        assert await room.printed("one", "ann", press.of("never")) == b"one"

    asyncio.run(check())


def test_what_fails_is_told_and_is_not_kept() -> None:
    def failing() -> bytes:
        raise Rejected("document.unprinted", "It can't be printed.")

    async def check() -> None:
        room = RenderQueue()
        with pytest.raises(Rejected):
            await room.printed("one", "ann", failing)
        assert await room.printed("one", "ann", lambda: b"now") == b"now"

    asyncio.run(check())


def test_what_is_kept_is_bounded_by_its_bytes() -> None:
    async def check() -> None:
        room, press = RenderQueue(cache_bytes_max=10), Press()
        press.gate.set()
        for name in ("first", "other", "third"):
            await room.printed(name, "ann", press.of(name))
        await room.printed("first", "ann", press.of("first"))
        await room.printed("first", "ann", press.of("first"))
        assert press.printed == ["first", "other", "third", "first"]

    asyncio.run(check())


def test_an_order_is_the_digest_of_what_it_is_made_of() -> None:
    assert order_of("pdf", "a") == order_of("pdf", "a") != order_of("docx", "a")
