"""How lines are looked up in the file: by which index, between which numbers."""

import sqlite3
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from missioncontrol.adapters.output_stores.line_filter import words_of
from missioncontrol.adapters.queries import queries
from missioncontrol.ports.output_store import LineQuery

THREES_MAX = 100
"""Threes of letters that one question asks the index for; the lines it finds are read anyway."""

SLACK = 120_000_000
"""Lines are stored in the order of their arrival, and have the time at which they were written:
so many microseconds may lie between the two where they come from another machine."""

_SQL = queries("missioncontrol.adapters.output_stores", "queries.sql")
_COLUMNS = "id, run, step, attempt, time, level, message, sequence, agent"


class Finding:
    """Turns what is wanted into a statement that reads little more than that."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Ask `connection` where things stand."""
        self._connection = connection

    def statement(
        self, query: LineQuery, *, oldest: bool, limit: int
    ) -> tuple[str, dict[str, Any]]:
        """Return a statement and its values; it may yield lines that do not fit in their text."""
        values = {
            "run": query.run,
            "step": query.step,
            "agent": query.agent,
            "level": query.level,
            "since": query.since,
            "until": query.until or 2**62,
            "limit": -1 if query.text else limit,
        }
        values["after"], values["before"] = self._bounds(query)
        order = "" if oldest else " DESC"
        question = " ".join(threes_in(words_of(query.text)))
        if question:
            return _searched(query, order), {**values, "question": question}
        return self._listed(query, order, values), values

    def _listed(self, query: LineQuery, order: str, values: dict[str, Any]) -> str:
        if query.run and not query.step:
            values["after"] = self._sequence(query.run, values["after"] + 1) - 1
            values["before"] = self._sequence(query.run, values["before"])
            key = "sequence"  # It grows with the number, and the index of the run has it in order.
        else:
            key = "id"
        terms = [f"{key} > :after AND {key} < :before", *_terms(query)]
        return (
            f"SELECT {_COLUMNS} FROM lines WHERE {' AND '.join(terms)} "  # noqa: S608 - constants
            f"ORDER BY {key}{order} LIMIT :limit"
        )

    def _bounds(self, query: LineQuery) -> tuple[int, int]:
        """Return the numbers between which all lines are that fit, both exclusive."""
        last = int(self._one(_SQL["last"]) or 0)
        after, before = query.after, min(query.before or last + 1, last + 1)
        if query.since:
            after = max(after, self._number_at(query.since - SLACK, last) - 1)
        if query.until:
            before = min(before, self._number_at(query.until + SLACK, last))
        if query.run:
            first, end = self._connection.execute(_SQL["ends_of_run"], (query.run,)).fetchone()
            after, before = max(after, (first or 1) - 1), min(before, (end or 0) + 1)
        return after, before

    def _number_at(self, time: int, last: int) -> int:
        """Return the number of the first line that was written at `time` or later."""
        return _first(1, last + 1, lambda number: self._time_at(number) >= time)

    def _time_at(self, number: int) -> int:
        return int(self._one(_SQL["time_at"], number) or 0)

    def _sequence(self, run: str, number: int) -> int:
        """Return the sequence of the first line of `run` with that number or a later one."""
        written = int(self._one("SELECT written FROM counts WHERE run = ?", run) or 0)
        find = "SELECT id FROM lines WHERE run = ? AND sequence = ?"
        return _first(
            1, written + 1, lambda sequence: (self._one(find, run, sequence) or 0) >= number
        )

    def _one(self, statement: str, *values: Any) -> Any:
        row = self._connection.execute(statement, values).fetchone()
        return row[0] if row else None


def _first(low: int, high: int, is_there: Callable[[int], bool]) -> int:
    """Return the first number in low..high from which on `is_there`; `high` where it never is."""
    while low < high:
        middle = (low + high) // 2
        if is_there(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _terms(query: LineQuery) -> Iterable[str]:
    if query.run:
        yield "run = :run"
    if query.step:
        yield "step = :step"
    if query.agent:
        yield "agent = :agent AND agent <> ''"
    if query.level:
        yield "level = :level"
        if query.level != "info":
            yield "level <> 'info'"  # The index has this condition; a query must repeat it.
    if query.since:
        yield "time >= :since"
    if query.until:
        yield "time < :until"


def _searched(query: LineQuery, order: str) -> str:
    terms = ["letters MATCH :question AND letters.rowid > :after AND letters.rowid < :before"]
    terms += [f"lines.{term}" for term in _terms(query)]
    columns = ", ".join(f"lines.{name}" for name in _COLUMNS.split(", "))
    return (
        f"SELECT {columns} FROM letters CROSS JOIN lines ON lines.id = letters.rowid "  # noqa: S608 - constants
        f"WHERE {' AND '.join(terms)} ORDER BY letters.rowid{order}"
    )


def threes_in(words: list[str]) -> list[str]:
    """Return letters of `words`, three by three and quoted; a shorter word has none."""
    threes = (word[at : at + 3] for word in words for at in range(0, len(word) - 2, 3))
    quoted = ('"' + three.replace('"', '""') + '"' for three in threes)
    return list(islice(quoted, THREES_MAX))
