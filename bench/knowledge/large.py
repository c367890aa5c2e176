"""The search of 100,000 passages: how much of the processor each one takes."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.harness import percentile
from bench.knowledge.corpus import passages, questions
from bench.measure import Measure
from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.knowledge.search import search
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.knowledge_index import KINDS, Choice, Passage
from missioncontrol.ports.memory_index import Taken

PASSAGES = 100_000
AT_ONCE = 5_000
MILLISECONDS_MAX = 50.0

SHOWN = 50
"""Hits of one page."""

COMMON = ("run", "the tests of a run", "which task of the plan failed", "mission step run", "a")
"""Questions of words that are in a great part of all passages."""


def large(folder: Path) -> Iterator[Measure]:
    """Measure the search, of questions with rare words and of such with common ones."""
    with closing(SqliteMemoryIndex(folder / "large.db")) as index:
        begun = time.perf_counter()
        for number, portion in enumerate(_portions(), 1):
            index.take([], [], Head(number, bytes(32)), others=Taken(portion))
        seconds = time.perf_counter() - begun
        tuned_on, held_out = questions()
        asked = [each.text for each in (*tuned_on, *held_out)] + list(COMMON) * 5
        spent = [_milliseconds(index, text) for text in asked * 2]
    size = (folder / "large.db").stat().st_size
    yield Measure(
        measure="knowledge p95 of one search, CPU",
        value=percentile(spent, 0.95),
        unit="ms",
        reference="the median of the same searches",
        reference_value=percentile(spent, 0.5),
        better="lower",
        target=MILLISECONDS_MAX,
        target_of="value",
        more={
            "passages": PASSAGES,
            "most": round(max(spent), 1),
            "seconds_to_build": round(seconds, 1),
            "mebibytes": round(size / 2**20),
        },
    )


def _milliseconds(index: SqliteMemoryIndex, text: str) -> float:
    begun = time.process_time()
    search(index, text, Choice(), now=1.0, limit=SHOWN)
    return (time.process_time() - begun) * 1000


def _portions() -> Iterator[dict[str, Sequence[Passage]]]:
    """Yield passages of our own sentences, mixed, with words that only one of them has."""
    chance = random.Random(22)
    lines = [line for each in passages() for line in each.text.split("\n") if len(line) > 30]
    portion: dict[str, Sequence[Passage]] = {}
    for number in range(PASSAGES):
        kind = chance.choice(KINDS)
        text = f"{' '.join(chance.sample(lines, 3))[:800]} {number:x}z"
        title = " ".join(chance.choice(lines).split()[:8])
        source = f"{kind}:{number}"
        portion[source] = [Passage(kind, source, title, text, time=float(number))]
        if len(portion) == AT_ONCE:
            yield portion
            portion = {}
