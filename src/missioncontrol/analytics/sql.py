"""Building blocks of SQL for the warehouse: parameters, properties, periods and order.

User input never becomes part of the text of a statement: every value and every property name is a
parameter. Properties are addressed by JSON pointers, whose only special characters are `/` and `~`;
in a JSON path a name could be parsed as syntax.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from missioncontrol.analytics.questions import BREAKDOWN_MAX, OTHER
from missioncontrol.ports.warehouse import Statement

NUMERALS = "[0-9eE.+-]+"
"""The characters of a number; DuckDB and Python would also accept `1_000` and `inf`."""

Rows = Callable[[Statement], list[tuple[Any, ...]]]
"""Runs a statement and returns its rows."""


class Parameters:
    """Collects the values of a statement and returns placeholders for them.

    `product` is the placeholder of the product's slug, which every view needs. Every placeholder
    has to be used in the statement, because DuckDB refuses unused values.
    """

    def __init__(self, product: str) -> None:
        """Start a statement about a product."""
        self.values: dict[str, Any] = {}
        self._names: dict[tuple[type, object], str] = {}
        self.product = self.text(product)

    def text(self, value: str) -> str:
        """Return a placeholder for a text."""
        return f"${self._name(value)}"

    def number(self, value: float) -> str:
        """Return a placeholder for an integer or a float."""
        kind = "BIGINT" if isinstance(value, int) else "DOUBLE"
        return f"${self._name(value)}::{kind}"

    def moment(self, value: datetime) -> str:
        """Return a placeholder for a moment: UTC, without an offset."""
        return f"${self._name(value.isoformat())}::TIMESTAMP"

    def moments(self, values: Iterable[datetime]) -> str:
        """Return a placeholder for a list of moments."""
        return f"${self._new([each.isoformat() for each in values])}::TIMESTAMP[]"

    def texts(self, values: Iterable[str]) -> str:
        """Return a placeholder for a list of texts."""
        return f"${self._new(list(values))}::VARCHAR[]"

    def numbers(self, values: Iterable[int]) -> str:
        """Return a placeholder for a list of whole numbers."""
        return f"${self._new(list(values))}::BIGINT[]"

    def statement(self, sql: str) -> Statement:
        """Return a statement with the collected values."""
        return Statement(sql, self.values)

    def _name(self, value: str | float) -> str:
        key = (type(value), value)
        if key not in self._names:
            self._names[key] = self._new(value)
        return self._names[key]

    def _new(self, value: object) -> str:
        name = f"p{len(self.values) + 1}"
        self.values[name] = value
        return name


def property_of(properties: str, name: str, parameters: Parameters) -> str:
    """Return SQL for a property as text, NULL where it is missing or null.

    Strings are unquoted, other values in their JSON form: `2.5`, `true`, `[1,2]`.
    """
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string({properties}, {parameters.text(pointer)})"


def number_of(properties: str, name: str, parameters: Parameters) -> str:
    """Return SQL for a property as a finite DOUBLE; NULL where its text is not a number."""
    text = property_of(properties, name, parameters)
    return (
        f"CASE WHEN regexp_full_match({text}, '{NUMERALS}')"
        f" AND isfinite(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) END"
    )


def between(since: datetime, until: datetime, parameters: Parameters) -> str:
    """Return the condition that an event `e` is from `since` up to, but without, `until`."""
    return f"e.happened >= {parameters.moment(since)} AND e.happened < {parameters.moment(until)}"


def with_people(rows: str, parameters: Parameters) -> str:
    """Return a join of rows, by the name of a query or alias, with profiles as `known`."""
    return (
        f"LEFT JOIN people known ON known.product = {parameters.product}"
        f" AND known.person = {rows}.person"
    )


LISTED_KEY = f"CASE WHEN found IN (SELECT found FROM most) THEN found ELSE '{OTHER}' END"
"""The key of a breakdown value `found`: itself if the query `most` lists it, else `OTHER`."""

MOST = (
    f"SELECT found FROM valued GROUP BY found ORDER BY count(*) DESC, found LIMIT {BREAKDOWN_MAX}"
)
"""The listed breakdown values: those with most rows of the query `valued`."""


def valued_by_person(rows: str, name: str, parameters: Parameters) -> str:
    """Return the rows of a query with `found`, the value of a property of their person."""
    value = property_of("known.properties", name, parameters)
    return (
        f"SELECT {rows}.*, coalesce({value}, '') AS found"
        f" FROM {rows} {with_people(rows, parameters)}"
    )


def joined(conditions: Iterable[str], word: str = "AND", *, none: str = "true") -> str:
    """Return conditions joined by `word` in brackets, `none` where there are none."""
    found = [f"({each})" for each in conditions]
    if not found:
        return none
    return found[0] if len(found) == 1 else "(" + f" {word} ".join(found) + ")"


EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  Moments of the warehouse are UTC without an offset.
MICROSECOND = timedelta(microseconds=1)
SEQ_BITS = 40


def micros(moment: datetime) -> int:
    """Return a moment in microseconds since the epoch."""
    return (moment - EPOCH) // MICROSECOND


def order_of(alias: str) -> str:
    """Return SQL for the place of an event in the order (happened, received), as a HUGEINT."""
    return f"(epoch_us({alias}.happened)::HUGEINT * {1 << SEQ_BITS} + {alias}.seq)"


def micros_in(order: str) -> str:
    """Return SQL for the moment of such a place, in microseconds since the epoch."""
    return f"({order} >> {SEQ_BITS})::BIGINT"


def seq_in(order: str) -> str:
    """Return SQL for the `seq` of such a place."""
    return f"({order} & {(1 << SEQ_BITS) - 1})::BIGINT"


def number_in(begins: Sequence[datetime], moment: str, parameters: Parameters) -> str:
    """Return SQL for the index of the period that contains a moment.

    Calendar periods mostly have equal lengths, so the index is a difference divided by a length,
    with a new case where clocks change or months differ. This needs no join and no time zone lookup
    for each event.

    Args:
        begins: the starts of the periods, and the end of the last one.
        moment: SQL for microseconds since the epoch, not before the first start; from the end of
            the last period on, the index is the number of periods.
        parameters: those of the statement.
    """
    found = [micros(each) for each in begins]
    cases = [
        f"WHEN {moment} < {parameters.number(found[until])}"
        f" THEN {first} + ({moment} - {parameters.number(found[first])})"
        f" // {found[first + 1] - found[first]}"
        for first, until in _stretches(found)
    ]
    return f"(CASE {' '.join(cases)} ELSE {len(found) - 1} END)::INTEGER"


def _stretches(found: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last index of each run of periods of equal length."""
    lengths = [after - each for each, after in pairwise(found)]
    edges = [each for each in range(1, len(lengths)) if lengths[each] != lengths[each - 1]]
    return list(zip([0, *edges], [*edges, len(lengths)], strict=True))
