"""Writing SQL for the warehouse: values are parameters, and pieces are named.

What somebody typed never becomes a part of the text of a statement: every value, and every name of
a property, is a parameter. Properties are reached by JSON pointers, whose only special characters
are `/` and `~`; in a JSON path a name could have a meaning.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from missioncontrol.ports.warehouse import Statement

NUMERALS = "[0-9eE.+-]+"
"""Of what a text is made that is a number: DuckDB and Python would also read `1_000` and `inf`."""


class Parameters:
    """The values of a statement, in the order in which they were mentioned.

    `product` is the placeholder of the product's slug, which every view is read for. What is
    mentioned has to stand in the statement: DuckDB refuses values that it has no use for.
    """

    def __init__(self, product: str) -> None:
        """Begin a statement about a product."""
        self.values: dict[str, Any] = {}
        self._names: dict[tuple[type, object], str] = {}
        self.product = self.text(product)

    def text(self, value: str) -> str:
        """Return a placeholder for a text."""
        return f"${self._name(value)}"

    def number(self, value: float) -> str:
        """Return a placeholder for a number, whole or not."""
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
        """Return a statement with all that was mentioned."""
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
    """Return a property as text, NULL where it is missing or null.

    Strings are as they are, numbers and everything else as JSON has them: `2.5`, `true`, `[1,2]`.
    """
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string({properties}, {parameters.text(pointer)})"


def number_of(properties: str, name: str, parameters: Parameters) -> str:
    """Return a property as a finite DOUBLE: JSON numbers and texts that are one, else NULL."""
    text = property_of(properties, name, parameters)
    return (
        f"CASE WHEN regexp_full_match({text}, '{NUMERALS}')"
        f" AND isfinite(TRY_CAST({text} AS DOUBLE)) THEN TRY_CAST({text} AS DOUBLE) END"
    )


def joined(conditions: Iterable[str], word: str = "AND", *, none: str = "true") -> str:
    """Return conditions as one, in brackets: `none` where there is no condition."""
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
    """Return where an event stands in the order (happened, received), as one HUGEINT."""
    return f"(epoch_us({alias}.happened)::HUGEINT * {1 << SEQ_BITS} + {alias}.seq)"


def micros_in(order: str) -> str:
    """Return the moment of such a place, in microseconds since the epoch."""
    return f"({order} >> {SEQ_BITS})::BIGINT"


def seq_in(order: str) -> str:
    """Return which in the order received it is."""
    return f"({order} & {(1 << SEQ_BITS) - 1})::BIGINT"


def number_in(begins: Sequence[datetime], moment: str, parameters: Parameters) -> str:
    """Return how many of the periods that begin at `begins` are over at a moment.

    `moment`, microseconds since the epoch as SQL, is not before the first of them; after the last
    the number is theirs less one.
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
    """Return from where to where periods are of one length."""
    lengths = [after - each for each, after in pairwise(found)]
    edges = [each for each in range(1, len(lengths)) if lengths[each] != lengths[each - 1]]
    return list(zip([0, *edges], [*edges, len(lengths)], strict=True))
