"""Signed heads reach a place outside of the data directory, whatever that place does meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.heads_targets import SentFile
from missioncontrol.ports.log_heads import HeadsSent, SignedHead
from missioncontrol.runtime import signed_heads
from missioncontrol.runtime.signed_heads import HeadForwarder
from tests.application.parts import StandingClock


class Place:
    """A target in memory that can be out of order."""

    name = "the vault"

    def __init__(self) -> None:
        self.heads: list[int] = []
        self.fault: Exception | None = None
        self.changed = asyncio.Event()

    async def newest(self) -> SignedHead | None:
        return head(self.heads[-1]) if self.heads else None

    async def send(self, heads: Sequence[SignedHead]) -> None:
        self.changed.set()
        if self.fault is not None:
            raise self.fault
        self.heads += [each.position for each in heads]


def head(position: int) -> SignedHead:
    return SignedHead(position, "00", "", "", "")


class Bench:
    def __init__(self, root: Path) -> None:
        self.place = Place()
        self.store = SentFile(root / "heads-sent.json", "the vault")
        self.reports: asyncio.Queue[str] = asyncio.Queue()
        self.fault = ""
        self.forwarder = HeadForwarder(
            self.place,
            self.store,
            StandingClock(),
            differs=self.differs,
            report=self.reports.put_nowait,
        )

    async def differs(self, newest: SignedHead | None) -> str:
        return self.fault if newest is not None else ""

    def sent(self) -> HeadsSent:
        sent = self.store.load()
        assert sent is not None
        return sent


def play(root: Path, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(30):
            await story(Bench(root))

    asyncio.run(whole())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_heads, "RETRY_SECONDS", (0.001,))


def test_what_the_place_lacks_is_sent_first_and_what_is_signed_follows(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.place.heads = [1, 2]
        bench.forwarder.start(map(head, range(1, 5)))
        bench.forwarder.take(head(5))
        await bench.forwarder.close()
        assert bench.place.heads == [1, 2, 3, 4, 5]
        assert (bench.sent().newest, bench.reports.empty()) == (head(5), True)

    play(tmp_path, story)


def test_a_place_out_of_order_is_reported_once_and_gets_everything_later(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.place.fault = OSError("the disk is full")
        bench.forwarder.start([])
        bench.forwarder.take(head(1))
        assert await bench.reports.get() == (
            "Signed heads do not reach the vault: the disk is full"
        )
        bench.place.changed.clear()
        await bench.place.changed.wait()
        assert (bench.sent().trouble, bench.sent().failing_since > 0) == ("the disk is full", True)
        bench.forwarder.take(head(2))
        bench.place.fault = None
        assert await bench.reports.get() == "Signed heads reach the vault again."
        await bench.forwarder.close()
        assert (bench.place.heads, bench.sent().trouble) == ([1, 2], "")

    play(tmp_path, story)


def test_the_queue_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        many = signed_heads.QUEUE_MAX + 10
        bench.forwarder.start(map(head, range(1, many + 1)))
        await bench.forwarder.close()
        assert (bench.place.heads[0], bench.place.heads[-1]) == (11, many)

    play(tmp_path, story)


def test_an_engine_that_ends_says_what_has_not_arrived(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.place.fault = OSError("gone")
        bench.forwarder.start([head(1)])
        await bench.reports.get()
        await bench.forwarder.close()
        assert "1 signed heads have not reached the vault" in await bench.reports.get()

    play(tmp_path, story)


def test_nothing_is_added_to_heads_of_another_log(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.place.heads = [7]
        bench.fault = "They are of another log."
        bench.forwarder.start([head(9)])
        assert "They are of another log." in await bench.reports.get()
        await bench.forwarder.close()
        assert bench.place.heads == [7]

    play(tmp_path, story)
