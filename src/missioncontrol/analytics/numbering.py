"""Which period of a calendar an event is in, as a number that costs a comparison and a division.

Periods of a calendar are mostly of equal length, so that a number is a difference divided by a
length; where clocks change or months differ another stretch begins. Nothing is joined, and no zone
is looked up for each event.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from missioncontrol.analytics.sql import Parameters

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
