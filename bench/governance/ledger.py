"""The ledger on a log of its own, and that log with nothing else: who admits, and what it costs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.worker import Answer, Job
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.budgets import Budgets, stream_of
from missioncontrol.application.journal import Journal
from missioncontrol.domain.budget.scopes import WORKSPACE, Cap, Scope, scopes_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Amount
from missioncontrol.ports.event_store import Append, NewEvent

RUN, FLOW = "run-1", "bench"
ONE = Amount(700, 1_000)


class Ledger:
    """Each job gets a fresh file; `job.steps` ask at once, and seven of ten may begin."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._runner = asyncio.Runner()
        self._bodies: list[NewEvent] = []
        self._commits = 1

    def admissions(self, job: Job) -> Answer:
        return self._runner.run(self._admit(job))

    def subject_stems(self, job: Job) -> Answer:
        """Append the events of the last admissions again, in as many commits."""
        return self._runner.run(self._append(job))

    def close(self) -> None:
        self._runner.close()

    async def _admit(self, job: Job) -> Answer:
        async with self._at_work(job) as (journal, budgets, commits):
            loop, start = asyncio.get_running_loop(), asyncio.Event()
            asking = [
                loop.create_task(_one(number, journal, budgets, start))
                for number in range(job.steps)
            ]
            await asyncio.sleep(0)
            commits.clear()
            begun = time.perf_counter()
            start.set()
            admitted = await asyncio.gather(*asking)
            elapsed = time.perf_counter() - begun
            rows = await journal.store.read_stream(stream_of(1), limit=10_000)
            self._commits = len(commits)
        self._bodies = [
            NewEvent(row.type, row.schema, row.body, row.time, row.actor, "", 0, row.correlation)
            for row in rows
            if row.type == "amount_reserved"
        ]
        held = budgets.standing(WORKSPACE)[0].held.cost
        assert held == sum(admitted) * (ONE.cost or 0) <= _cap(job), "the cap was passed"
        return Answer(elapsed, job.steps, count=sum(admitted))

    async def _append(self, job: Job) -> Answer:
        store = SqliteEventStore(self._file(), writable=True)
        size = -(-len(self._bodies) // self._commits)
        batches = [self._bodies[at : at + size] for at in range(0, len(self._bodies), size)]
        await store.append([Append("warm", 0, self._bodies[:1])])
        begun = time.perf_counter()
        for number, batch in enumerate(batches):
            await store.append([Append(stream_of(1), number * size, batch)])
        elapsed = time.perf_counter() - begun
        store.close()
        return Answer(elapsed, job.steps, count=len(batches))

    @asynccontextmanager
    async def _at_work(self, job: Job) -> AsyncIterator[tuple[Journal, Budgets, list[int]]]:
        """Yield budgets with one cap on them, and the sizes of the commits as they happen."""
        store, woken, commits = SqliteEventStore(self._file(), writable=True), asyncio.Event(), []
        journal = Journal(store, SystemClock())
        journal.wake = woken.set

        async def commit() -> None:
            while True:
                await woken.wait()
                woken.clear()
                commits.append(len(await journal.commit()))

        committing = asyncio.ensure_future(commit())
        budgets = Budgets(journal, GenaiPrices())
        await budgets.open()
        budgets.open_run(RUN, FLOW, Amount(_cap(job)))
        cap = Cap(Scope("workflow", FLOW), "day", Amount(_cap(job)))
        budgets.set_cap(cap, actor="bench", reason="To be measured.")
        await journal.durable()
        try:
            yield journal, budgets, commits
        finally:
            committing.cancel()
            store.close()

    def _file(self) -> Path:
        self._count += 1
        return self._folder / f"log-{self._count}.db"


def _cap(job: Job) -> int:
    return job.steps * 7 // 10 * (ONE.cost or 0)


async def _one(number: int, journal: Journal, budgets: Budgets, start: asyncio.Event) -> bool:
    scopes = scopes_of(RUN, FLOW, step=f"step-{number}", agent="writer")
    await start.wait()
    try:
        budgets.reserve(f"{RUN}/step-{number}@1", scopes, ONE)
    except Rejected:
        return False
    await journal.durable()
    return True
