"""How often what bears on a question is among the first five items, beside plain search."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.harness import percentile
from bench.measure import Measure
from bench.memory.histories import Corpus, Question, corpus, keywords
from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.domain.memory import Item
from missioncontrol.knowledge.recall import searched
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.memory_index import Wanted

FIRST = 5
Find = Callable[[Question], Sequence[str]]


def recall(folder: Path) -> Iterator[Measure]:
    """Score the later half of the questions; the weights know the earlier half only."""
    known = corpus()
    with closing(SqliteMemoryIndex(folder / "memory.db")) as index, closing(_plain(known)) as plain:
        index.take(known.items, [], Head(1, bytes(32)))
        seconds: list[float] = []
        ours = _scored(known.held_out, lambda asked: _ours(index, asked, seconds))
        plainly: list[float] = []
        bm25 = _scored(known.held_out, lambda asked: _bm25(plain, asked, plainly))
        like = _scored(known.held_out, lambda asked: _like(plain, asked))
        tuned = _scored(known.tuned_on, lambda asked: _ours(index, asked, []))
    for figure in ours:
        yield Measure(
            measure=f"memory {figure}",
            value=ours[figure],
            unit="share",
            reference="BM25 on all text as one field, of the same repository",
            reference_value=bm25[figure],
            more={
                "like": round(like[figure], 4),
                "on_the_half_it_was_tuned_on": round(tuned[figure], 4),
                "questions": len(known.held_out),
                "items": len(known.items),
            },
        )
    yield Measure(
        measure="memory p95 of one search",
        value=percentile(seconds, 0.95) * 1000,
        unit="ms",
        reference="the same question to that",
        reference_value=percentile(plainly, 0.95) * 1000,
        better="lower",
    )


def _scored(questions: Sequence[Question], find: Find) -> dict[str, float]:
    """Return recall@5, hit@5 and MRR@5, each the mean over the questions.

    Where more than five items answer, all five places can be right: recall@5 is the share of the
    answers that had room.
    """
    recalls, hits, ranks = [], [], []
    for asked in questions:
        found = list(find(asked))[:FIRST]
        right = [name in asked.answers for name in found]
        recalls.append(sum(right) / min(FIRST, len(asked.answers)))
        hits.append(any(right))
        ranks.append(1 / (right.index(True) + 1) if any(right) else 0.0)
    count = len(questions)
    return {
        "recall@5": sum(recalls) / count,
        "hit@5": sum(hits) / count,
        "MRR@5": sum(ranks) / count,
    }


def _ours(index: SqliteMemoryIndex, asked: Question, seconds: list[float]) -> list[str]:
    begun = time.perf_counter()
    found = searched(
        index,
        asked.text,
        repository=asked.repository,
        wanted=Wanted(),
        now=asked.at,
        limit=FIRST,
    )
    seconds.append(time.perf_counter() - begun)
    return [match.item.id for match in found]


def _plain(known: Corpus) -> sqlite3.Connection:
    """Return all items as one text each, without weights, stems or ages."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE plain USING fts5 (id UNINDEXED, repository UNINDEXED, text)"
    )
    connection.execute("CREATE TABLE rows (id TEXT, repository TEXT, at REAL, text TEXT)")
    rows = [(item.id, item.repository, _text(item)) for item in known.items]
    connection.executemany("INSERT INTO plain VALUES (?, ?, ?)", rows)
    lower = [(i.id, i.repository, i.confirmed, _text(i).lower()) for i in known.items]
    connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", lower)
    return connection


def _text(item: Item) -> str:
    return "\n".join((item.title, item.text, *item.files))


def _bm25(plain: sqlite3.Connection, asked: Question, seconds: list[float]) -> list[str]:
    begun = time.perf_counter()
    quoted = (f'"{word}"' for word in keywords(asked.text))
    match = " OR ".join(quoted)
    rows = plain.execute(
        "SELECT id FROM plain WHERE plain MATCH ? AND repository = ? "
        "ORDER BY bm25(plain), id LIMIT ?",
        (match, asked.repository, FIRST),
    )
    found = [name for (name,) in rows]
    seconds.append(time.perf_counter() - begun)
    return found


def _like(plain: sqlite3.Connection, asked: Question) -> list[str]:
    """Count how many of the words an item says anywhere; the newest of those that say most."""
    words = keywords(asked.text)[:20]
    score = " + ".join(["(instr(text, ?) > 0)"] * len(words))
    rows = plain.execute(
        f"SELECT id FROM rows WHERE repository = ? ORDER BY {score} DESC, at DESC LIMIT ?",
        (asked.repository, *words, FIRST),
    )
    return [name for (name,) in rows]
