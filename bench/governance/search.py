"""Audit search at one million events: each kind of question, alone and together, and the worst."""

import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.governance.spoken_log import (
    AGENTS,
    ARABIC,
    CHINESE,
    ENGLISH,
    GERMAN,
    PEOPLE,
    WORKFLOWS,
    write,
)
from bench.harness import percentile
from bench.measure import Measure, rounded
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.application.search import READ_AT_ONCE, Search
from missioncontrol.ports.search_index import Query

EVENTS = 1_000_000
QUESTIONS = 30  # of each kind
PAGE = 50
MS_MAX = 300.0
RATE_MIN = 40_000.0
SEED = 7

Ask = Callable[[random.Random], Query]

COMMON = [word for word in ENGLISH if len(word) > 2]
SHORT = [word for word in ENGLISH if len(word) < 3]

EVENT_SEARCHES: dict[str, Ask] = {
    "everything": lambda _: Query(),
    "common": lambda chance: Query(text=chance.choice(COMMON)),
    "rare": lambda chance: Query(text=f"tester/part-{chance.randrange(2000)}.json"),
    "digest": lambda chance: Query(text=f"{chance.randrange(16**6):06x}"),
    "nobody": lambda chance: Query(text=_unsaid(chance)),
    "phrase": lambda chance: Query(text=" ".join(chance.sample(COMMON, 3))),
    "german": lambda chance: Query(text=chance.choice(GERMAN).upper()),
    "arabic": lambda chance: Query(text=chance.choice(ARABIC)),
    "chinese": lambda chance: Query(text=chance.choice(CHINESE)[:2]),
    "two languages": lambda chance: Query(text=f"{chance.choice(GERMAN)} {chance.choice(CHINESE)}"),
    "short": lambda chance: Query(text=chance.choice(SHORT)),
    "short, nobody": lambda chance: Query(
        text="".join(chance.choices("qxzj%?!", k=chance.randint(1, 2)))
    ),
    "workflow": lambda chance: Query(workflow=chance.choice(WORKFLOWS)),
    "agent": lambda chance: Query(agent=chance.choice(AGENTS)),
    "actor": lambda chance: Query(actor=chance.choice(PEOPLE)),
    "kind": lambda chance: Query(kind=chance.choice(KINDS)),
    "time": lambda chance: Query(since=(since := _moment(chance)), until=since + 60_000_000),
    "fields": lambda chance: Query(
        workflow=chance.choice(WORKFLOWS), agent=chance.choice(AGENTS), kind=chance.choice(KINDS)
    ),
    "fields never together": lambda chance: Query(
        agent=chance.choice(AGENTS), kind="run_started", actor="engine"
    ),
    "rare text, common field": lambda chance: Query(
        text=f"v{chance.randrange(9)}.{chance.randrange(40)}.0", kind="run_created"
    ),
    "common text, rare field": lambda chance: Query(
        text=chance.choice(COMMON), kind="approval_rejected", workflow=chance.choice(WORKFLOWS)
    ),
    "common text, field without it": lambda chance: Query(
        text=chance.choice(COMMON[:20]), kind="process_started"
    ),
    "nobody, field and time": lambda chance: Query(
        text=_unsaid(chance), agent=chance.choice(AGENTS), since=_moment(chance)
    ),
}
KINDS = ("run_created", "step_started", "step_succeeded", "approval_given", "attempt_failed")

RUN_SEARCHES: dict[str, Ask] = {
    "runs": lambda _: Query(),
    "runs, common": lambda chance: Query(text=chance.choice(COMMON)),
    "runs, rare": EVENT_SEARCHES["rare"],
    "runs, chinese": EVENT_SEARCHES["chinese"],
    "runs, fields": EVENT_SEARCHES["fields"],
    "runs, short": EVENT_SEARCHES["short"],
    "runs, text and fields": lambda chance: Query(
        text=chance.choice(COMMON), agent=chance.choice(AGENTS)
    ),
}

BOUNDED = ("runs, short",)
"""Ends by its time at the latest, and says so: next to every event is counted."""

BEGUN = 1_767_225_600_000_000
LASTED = EVENTS * 489_000


def million(folder: Path) -> Iterator[Measure]:
    """Write the log, index it, and ask."""
    log, path = folder / "spoken.db", folder / "search.db"
    _say(f"    writing {EVENTS:,} events …")
    write(log, EVENTS, SEED)
    yield from _indexed(log, path)
    store, index = SqliteEventStore(log, writable=False), SqliteSearchIndex(path)
    search = Search(store, index)
    bare = _bare(log)
    with asyncio.Runner() as runner:
        for name, ask in EVENT_SEARCHES.items():
            look = lambda query: runner.run(search.events(query, limit=PAGE)).events  # noqa: E731
            yield _asked(name, ask, look, bare)
        for name, ask in RUN_SEARCHES.items():
            look = lambda query: runner.run(search.runs(query, limit=PAGE)).runs  # noqa: E731
            yield _asked(name, ask, look, bare)
    store.close()
    index.close()


def _indexed(log: Path, path: Path) -> Iterator[Measure]:
    """Measure how quickly the index follows, beside reading the log alone, and how large it is."""
    store = SqliteEventStore(log, writable=False)
    reading = _rate(asyncio.run(_read_through(store)))
    index = SqliteSearchIndex(path)
    begun, worked = time.perf_counter(), time.process_time()
    asyncio.run(Search(store, index).bring_up())
    rate, busy = _rate(time.perf_counter() - begun), _rate(time.process_time() - worked)
    index.close()
    store.close()
    yield Measure(
        measure="governance.search.index",
        value=rate,
        unit="events/s",
        reference="reading the log alone",
        reference_value=reading,
        target=RATE_MIN,
        target_of="value",
        more={"events": EVENTS, "events_per_cpu_second": rounded(busy)},
    )
    yield Measure(
        measure="governance.search.size",
        value=path.stat().st_size / EVENTS,
        unit="bytes/event",
        reference="the log",
        reference_value=log.stat().st_size / EVENTS,
        better="lower",
        more={"events": EVENTS},
    )


async def _read_through(store: SqliteEventStore) -> float:
    begun = time.perf_counter()
    position = 0
    while rows := await store.read(after=position, limit=READ_AT_ONCE):
        position = rows[-1].position
    return time.perf_counter() - begun


def _rate(seconds: float) -> float:
    return EVENTS / seconds


def _asked(name: str, ask: Ask, look: Callable[[Query], list[Any]], bare: float) -> Measure:
    chance = random.Random(f"{SEED} {name}")
    samples, busy, hits = [], [], []
    for _ in range(QUESTIONS):
        query = ask(chance)
        begun, worked = time.perf_counter(), time.process_time()
        hits.append(len(look(query)))
        samples.append(1e3 * (time.perf_counter() - begun))
        busy.append(1e3 * (time.process_time() - worked))
    p50, p95 = (percentile(samples, part) for part in (0.5, 0.95))
    return Measure(
        measure=f"governance.search: {name}",
        value=p95,
        unit="ms",
        reference=f"bare SELECT of {PAGE} events",
        reference_value=bare,
        better="lower",
        target=None if name in BOUNDED else MS_MAX,
        target_of="value",
        more={
            "p50_ms": rounded(p50),
            "p95_ms": rounded(p95),
            "max_ms": rounded(max(samples)),
            "cpu_p95_ms": rounded(percentile(busy, 0.95)),  # what a machine at rest would take
            "questions": QUESTIONS,
            "hits_mean": rounded(sum(hits) / QUESTIONS),
            "events": EVENTS,
        },
    )


def _bare(log: Path) -> float:
    """Return the milliseconds that it takes to read a page of events by their positions."""
    connection = sqlite3.connect(log)
    chance = random.Random(SEED)
    samples = []
    for _ in range(100):
        places = [chance.randrange(1, EVENTS + 1) for _ in range(PAGE)]
        begun = time.perf_counter()
        for place in places:
            connection.execute("SELECT * FROM events WHERE position = ?", (place,)).fetchone()
        samples.append(1e3 * (time.perf_counter() - begun))
    connection.close()
    return percentile(samples, 0.5)


def _unsaid(chance: random.Random) -> str:
    """Return a word that no message has, of letters that stand side by side in many words."""
    return f"{chance.choice(COMMON)}{chance.choice(GERMAN)}".lower()


def _moment(chance: random.Random) -> int:
    return BEGUN + chance.randrange(LASTED)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
