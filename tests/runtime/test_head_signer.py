"""The end of the log is signed while an engine works, and never twice."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.heads_file import FileHeads
from missioncontrol.application.journal import Entry, Journal
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import CancelRequested, RunSettled
from missioncontrol.domain.step import Step
from missioncontrol.ports.log_heads import SignedHead
from missioncontrol.runtime import signed_heads
from missioncontrol.runtime.signed_heads import HeadSigner
from tests.application.parts import StandingClock


class Bench:
    """A signer over a log in memory."""

    def __init__(self, root: Path) -> None:
        self.heads = FileHeads(root / "heads.jsonl", root / "key.pem")
        self.journal = Journal(MemoryEventStore(), StandingClock())
        self.signed: asyncio.Queue[SignedHead] = asyncio.Queue()
        self.troubles: asyncio.Queue[Exception] = asyncio.Queue()
        self.signer = HeadSigner(
            self.journal.store,
            self.heads,
            self.journal.clock,
            signed=self.signed.put_nowait,
            report=self.troubles.put_nowait,
        )

    async def commit(self, *events: Any) -> None:
        """Commit one event, and have the signer believe that it was these."""
        name = f"run-{self.journal.clock.now()}-{len(self.journal.runs)}"
        self.journal.handle_run(name, CreateRun(name, "w", (Step("a", "hand"),), 1))
        entries = await self.journal.commit()
        self.signer.take([Entry(name, event, 0, 0) for event in events] or entries)


def play(root: Path, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        bench = Bench(root)
        bench.signer.start(0)
        try:
            async with asyncio.timeout(30):
                await story(bench)
        finally:
            await bench.signer.stop()

    asyncio.run(whole())


def test_a_settlement_is_signed_without_waiting_for_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_heads, "SIGN_SECONDS", 3_600.0)

    async def story(bench: Bench) -> None:
        await bench.commit(RunSettled("succeeded"))
        assert (await bench.signed.get()).position == 1
        assert [head.position for head in bench.heads.all()] == [1]

    play(tmp_path, story)


def test_so_many_events_are_signed_without_waiting_for_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_heads, "SIGN_SECONDS", 3_600.0)

    async def story(bench: Bench) -> None:
        await bench.commit(*[CancelRequested("x")] * signed_heads.SIGN_EVENTS)
        assert (await bench.signed.get()).position == 1

    play(tmp_path, story)


def test_anything_else_is_signed_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_heads, "SIGN_SECONDS", 0.01)

    async def story(bench: Bench) -> None:
        await bench.commit()
        assert (await bench.signed.get()).position == 1

    play(tmp_path, story)


def test_an_end_that_is_signed_is_not_signed_again(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.commit()
        await bench.signer.sign()
        await bench.signer.sign()
        assert len(bench.heads.all()) == 1

    play(tmp_path, story)


def test_what_keeps_us_from_signing_is_reported_once_and_ends_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_heads, "SIGN_SECONDS", 0.01)

    async def story(bench: Bench) -> None:
        obstacle = tmp_path / "heads.jsonl"
        obstacle.mkdir()
        await bench.commit(RunSettled("succeeded"))
        assert isinstance(await bench.troubles.get(), OSError)
        obstacle.rmdir()
        assert (await bench.signed.get()).position == 1
        assert bench.troubles.empty()

    play(tmp_path, story)
