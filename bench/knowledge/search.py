"""How often the search of knowledge finds the source that answers, and finds nothing if none does.

Peers are FTS5 as it comes, and what searched memory before: FTS5 with a stemmer and field weights.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.knowledge.corpus import Asked, passages, questions
from bench.knowledge.large import large
from bench.measure import Measure
from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.knowledge.search import search
from missioncontrol.knowledge.terms import STOP_WORDS
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.knowledge_index import Choice, Passage
from missioncontrol.ports.memory_index import Taken

FIRST = 5
Find = Callable[[str], Sequence[str]]

RECALL_MIN, MRR_MIN, NONE_MIN = 0.9, 0.82, 0.9
"""The floor on the held-out half; a test holds it as well."""


def knowledge(folder: Path) -> Iterator[Measure]:
    """Score the held-out half of the questions; weights and thresholds know the other only."""
    known = passages()
    tuned_on, held_out = questions()
    with closing(indexed(known, folder / "knowledge.db")) as index, closing(_plain(known)) as plain:
        ours, tuned = (scores(half, finder(index)) for half in (held_out, tuned_on))
        default = scores(held_out, lambda text: _default(plain, text))
        before = scores(held_out, lambda text: _before(plain, text))
    for figure, value in ours.items():
        yield Measure(
            measure=f"knowledge {figure}",
            value=value,
            unit="share",
            reference="FTS5 with its own BM25",
            reference_value=default[figure],
            more={
                "before": round(before[figure], 4),
                "on_the_half_it_was_tuned_on": round(tuned[figure], 4),
                "questions": len(held_out),
                "sources": len({each.source for each in known}),
                "passages": len(known),
            },
        )
    yield from large(folder)


def indexed(known: Sequence[Passage], path: Path | None) -> SqliteMemoryIndex:
    """Return an index of these passages."""
    sources: dict[str, list[Passage]] = {}
    for each in known:
        sources.setdefault(each.source, []).append(each)
    index = SqliteMemoryIndex(path)
    index.take([], [], Head(1, bytes(32)), others=Taken(sources))
    return index


def finder(index: SqliteMemoryIndex) -> Find:
    """Return what finds the ids of sources, best first."""
    return lambda text: [hit.id for hit in search(index, text, Choice(), now=1.0, limit=FIRST).hits]


def scores(asked: Sequence[Asked], find: Find) -> dict[str, float]:
    """Return recall@5 and MRR@5 of what has an answer, and how often the rest finds nothing."""
    found = [(each.answer, list(find(each.text))[:FIRST]) for each in asked]
    ranks = [
        1 / (names.index(answer) + 1) if answer in names else 0.0
        for answer, names in found
        if answer
    ]
    empty = [not names for answer, names in found if not answer]
    return {
        "recall@5": sum(rank > 0 for rank in ranks) / len(ranks),
        "MRR@5": sum(ranks) / len(ranks),
        "nothing found where nothing answers": sum(empty) / len(empty),
    }


def _plain(known: Sequence[Passage]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE plain USING fts5 (source UNINDEXED, text)")
    connection.execute(
        "CREATE VIRTUAL TABLE stemmed USING fts5 (source UNINDEXED, title, text, tags, "
        "tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    rows = [(p.source, f"{p.title}\n{p.section}\n{p.text}", " ".join(p.tags)) for p in known]
    connection.executemany("INSERT INTO plain VALUES (?, ?)", [row[:2] for row in rows])
    fields = [(p.source, f"{p.title}\n{p.section}", p.text, " ".join(p.tags)) for p in known]
    connection.executemany("INSERT INTO stemmed VALUES (?, ?, ?, ?)", fields)
    return connection


def _default(plain: sqlite3.Connection, text: str) -> list[str]:
    match = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", text))
    rows = plain.execute("SELECT source FROM plain WHERE plain MATCH ? ORDER BY rank", (match,))
    return _distinct(rows)


def _before(plain: sqlite3.Connection, text: str) -> list[str]:
    words = [word for word in re.findall(r"\w+", text) if word.lower() not in STOP_WORDS]
    match = " OR ".join(f'"{word}"' for word in words) or '""'
    sql = "SELECT source FROM stemmed WHERE stemmed MATCH ? ORDER BY bm25(stemmed, 0, 1, 0.5, 2)"
    return _distinct(plain.execute(sql, (match,)))


def _distinct(rows: sqlite3.Cursor) -> list[str]:
    found: dict[str, None] = {}
    for (source,) in rows:
        found.setdefault(source)
        if len(found) == FIRST:
            break
    return list(found)
