"""The passages in the file of the index: stored with their terms, and found by them."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.adapters.queries import queries
from missioncontrol.knowledge.relevance import FIELDS, WEIGHTS
from missioncontrol.knowledge.terms import indexed
from missioncontrol.ports.knowledge_index import KINDS, Candidate, Choice, Kind, Passage, Use

LOOKED_AT_MAX = 4_000
"""Passages that one search looks at, by the rarest terms; more would cost more than 50 ms."""

NEAR_MAX = 4_000
"""Terms whose spelling is compared with that of a word that no passage says."""

LENGTH_APART = 2
"""How many letters two spellings of a word may differ in length."""

KIND_BITS = 3
UNLISTED = 7
"""In place of its kind, for a passage that only searches of memory find."""

NUMBERS: Mapping[Kind, int] = {kind: number for number, kind in enumerate(KINDS, 1)}
IS_ITEM = "xitem"
_SQL = queries("missioncontrol.adapters.memory_indexes", "queries.sql")
_passage = msgspec.json.Decoder(Passage).decode
_encode = msgspec.json.Encoder().encode

Row = tuple[Any, ...]


class PassageTables:
    """The tables of passages and terms; the owner of the connection begins and ends transactions.

    Counts are collected while passages are stored, and written by `save`.
    """

    def __init__(self, connection: Callable[[], sqlite3.Connection]) -> None:
        """`connection` returns the open file, which may be another one after each call."""
        self._open = connection
        self._terms: Counter[str] = Counter()
        self._sources: Counter[int] = Counter()
        self._size = [0, 0]

    def _execute(self, name: str, values: Any = (), **parts: str) -> sqlite3.Cursor:
        sql = _SQL[name].format(**parts) if parts else _SQL[name]
        return self._open().execute(sql, values)

    # Storing.

    def replace(self, source: str, passages: Sequence[Passage]) -> list[int]:
        """Store the passages of a source in place of those that it had; return their numbers."""
        self.drop(source)
        return [self._put(each, place == 0) for place, each in enumerate(passages)]

    def drop(self, source: str) -> list[int]:
        """Delete the passages of a source with all their words; return the numbers they had."""
        dropped = self._execute("passages_of", (source,)).fetchall()
        for place, (number, *fields) in enumerate(dropped):
            self._count(fields, -1)
            self._sources[number & UNLISTED] -= int(place == 0)
            self._execute("drop_words", (number,))
            self._execute("drop_passage", (number,))
        return [number for number, *_ in dropped]

    def _put(self, passage: Passage, is_first: bool) -> int:
        kind = NUMBERS[passage.kind] if passage.is_listed else UNLISTED
        last = int(self._execute("last_passage").fetchone()[0])
        number = ((last >> KIND_BITS) + 1 << KIND_BITS) | kind
        heading = f"{passage.title}\n{passage.section}" if passage.section else passage.title
        texts = (heading, passage.text, "\n".join(passage.files), "\n".join(passage.tags))
        fields = [indexed(text) for text in texts]
        scope = f"xk{kind} {IS_ITEM}" if passage.source == passage.item else f"xk{kind}"
        place = (passage.repository, passage.mission, passage.time, passage.expires)
        row = (number, passage.source, *place, _encode(passage))
        self._execute("put_passage", row)
        self._execute("put_words", (number, *fields, scope))
        self._count(fields, 1)
        self._sources[kind] += is_first
        return number

    def _count(self, fields: Iterable[str], sign: int) -> None:
        terms = " ".join(fields).split()
        self._size[0] += sign
        self._size[1] += sign * len(terms)
        self._terms.update(dict.fromkeys(terms, sign))

    def save(self) -> None:
        """Write the counts of what was stored since the last call."""
        connection = self._open()
        changed = [(term, count) for term, count in self._terms.items() if count]
        connection.executemany(_SQL["count_term"], changed)
        gone = [(term,) for term, count in changed if count < 0]
        connection.executemany(_SQL["drop_term"], gone)
        connection.executemany(_SQL["count_source"], self._sources.items())
        self._execute("resize", self._size)
        self.forget()

    def forget(self) -> None:
        """Forget counts that were not written."""
        self._terms.clear()
        self._sources.clear()
        self._size = [0, 0]

    # Looking.

    def sizes(self) -> tuple[int, int]:
        """See `KnowledgeIndex.sizes`."""
        passages, terms = self._execute("sizes").fetchone()
        return passages, terms

    def counts(self, terms: Iterable[str]) -> Mapping[str, int]:
        """See `KnowledgeIndex.counts`."""
        return dict(self._execute("terms", (_json(terms),)))

    def beginning(self, start: str, *, limit: int) -> list[str]:
        """See `KnowledgeIndex.beginning`."""
        rows = self._execute("beginning", (start, start + "\U0010ffff", limit))
        return [term for (term,) in rows]

    def near_terms(self, term: str) -> list[str]:
        """See `KnowledgeIndex.near_terms`."""
        bounds = (term[0], term[0] + "\U0010ffff")
        lengths = (len(term) - LENGTH_APART, len(term) + LENGTH_APART)
        rows = self._execute("near_terms", (*bounds, *lengths, NEAR_MAX))
        return [other for (other,) in rows]

    def source(self, name: str) -> list[Passage]:
        """See `KnowledgeIndex.source`."""
        found = [_passage(body) for (body,) in self._execute("source", (name,))]
        return [each for each in found if each.is_listed]

    def kinds(self) -> Mapping[Kind, int]:
        """See `KnowledgeIndex.kinds`."""
        found = dict(self._execute("kinds").fetchall())
        return {kind: found[number] for kind, number in NUMBERS.items() if number in found}

    def uses(self, items: Sequence[str]) -> Mapping[str, list[Use]]:
        """See `KnowledgeIndex.uses`."""
        found: dict[str, list[Use]] = {}
        for item, *use in self._execute("uses", (_json(items),)):
            found.setdefault(item, []).append(Use(*use))
        return found

    def newest(self, choice: Choice, *, now: float, limit: int) -> list[Passage]:
        """See `KnowledgeIndex.newest`."""
        wanted, values = _wanted(choice, now)
        kinds = choice.kinds or KINDS
        wanted += f" AND number & {UNLISTED} IN ({', '.join(str(NUMBERS[kind]) for kind in kinds)})"
        rows = self._execute("newest", values | {"limit": limit}, wanted=wanted)
        return [_passage(body) for (body,) in rows]

    def candidates(
        self, terms: Mapping[str, int], choice: Choice, *, now: float, each: int
    ) -> list[Candidate]:
        """See `KnowledgeIndex.candidates`."""
        wanted, values = _wanted(choice, now)
        joined = "CROSS JOIN passages ON passages.number = words.rowid"
        kinds = [NUMBERS[kind] for kind in choice.kinds or KINDS]
        # A scope in the expression would have bm25() count all passages of that kind.
        wanted += f" AND words.rowid & {UNLISTED} IN ({', '.join(map(str, kinds))})"
        scopes = [f"xk{kind}" for kind in kinds]
        numbers = self.best(terms, scopes, each, joined, wanted, values)
        rows = self._execute("found", (_json(numbers),))
        return [Candidate(_passage(body), tuple(fields)) for body, *fields in rows]

    def best(
        self,
        terms: Mapping[str, int],
        scopes: Sequence[str],
        each: int,
        joined: str,
        wanted: str,
        values: Mapping[str, Any],
    ) -> list[int]:
        """Return the numbers of at most `each` passages of a kind that say the rarest terms best.

        The cost of a search is that of the passages that say any of its terms. So terms that are
        in too many only choose among the newest, where no rarer term was given.
        """
        if not terms:
            return []
        rare = _rarest(terms)
        if rare:
            parts = {"weights": _WEIGHTS, "joined": joined, "wanted": wanted}
            given = {**values, "match": _match(rare, " OR "), "each": each}
            rows = self._execute("best", given, **parts)
            return [number for (number,) in rows]
        found: list[int] = []
        common = sorted(terms, key=lambda term: terms[term])[:3]
        for scope in scopes:
            for operator in (" AND ", " OR "):
                match = f"scope : {scope} AND ({_match(common, operator)})"
                given = {**values, "match": match, "each": each}
                rows = self._execute("newest_saying", given, joined=joined, wanted=wanted)
                newest = [number for (number,) in rows]
                found += newest
                if newest or len(common) == 1:
                    break
        return found

    def items(self, numbers: Sequence[int]) -> list[Row]:
        """Return the bodies of items with the terms that they are found by."""
        return self._execute("found_items", (_json(numbers),)).fetchall()


_WEIGHTS = ", ".join(f"{weight:g}" for weight in (*WEIGHTS, 0.0))
_FIELDS = " ".join(FIELDS)


def _rarest(terms: Mapping[str, int]) -> list[str]:
    """Return the terms that are in so few passages that all of these can be looked at."""
    chosen: list[str] = []
    left = LOOKED_AT_MAX
    for term in sorted(terms, key=lambda term: (terms[term], term)):
        left -= terms[term]
        if left < 0:
            break
        chosen.append(term)
    return chosen


def _match(terms: Iterable[str], operator: str) -> str:
    quoted = (f'"{term}"' for term in terms)
    return f"{{{_FIELDS}}} : ({operator.join(quoted)})"


def _wanted(choice: Choice, now: float) -> tuple[str, dict[str, Any]]:
    parts = ["(expires = 0 OR expires > :now)"]
    if choice.repository is not None:
        parts.append("repository = :repository")
    if choice.mission:
        parts.append("mission = :mission")
    if choice.since:
        parts.append("time >= :since")
    values = {name: getattr(choice, name) for name in ("repository", "mission", "since")}
    return " AND ".join(parts), values | {"now": now}


def _json(values: Iterable[Any]) -> str:
    return msgspec.json.encode(list(values)).decode()
