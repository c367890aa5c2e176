"""Presence of people in periods as bits, and the number of people in each period.

Sliding windows need neither a join of events with windows nor distinct counts: a person's events
become one bit for each period, a window combines neighboring bits, and only then people are
counted. Bits are in chunks of 90 periods, each with the earlier ones that its windows include.
"""

from collections.abc import Mapping, Sequence

CHUNK = 90
"""Periods of a chunk: with 29 earlier ones it fits into the 127 bits of a HUGEINT."""

HALF = CHUNK // 2
FIELD = 31
"""Bits of each of the two counts in one sum, which fit 2 billion people."""

FIRST = HALF // 2 + 1  # periods of the lower field; the upper has the rest of the half
MASK = 1 | 1 << FIELD
"""Selects a period of the lower field and one of the upper field."""


def chunks(periods: int) -> range:
    """Return the indexes of the chunks of `periods`."""
    return range((periods + CHUNK - 1) // CHUNK)


def ones(periods: int, chunk: int) -> str:
    """Return SQL with a bit for each existing period of a chunk."""
    return f"((1::HUGEINT << {min(CHUNK, periods - chunk * CHUNK)}) - 1)"


def words(periods: int, reach: int, number: str) -> str:
    """Return the columns `w0, w1, ...` of a query by person: the bits of each chunk.

    `number` is SQL for the period of an event, where 0 is `reach` periods before the first one of
    the question, and -1 is none. The lowest bit of a chunk is its first period less `reach`.
    """
    found = []
    for chunk in chunks(periods):
        first, after = chunk * CHUNK, min((chunk + 1) * CHUNK, periods) + reach
        bit = f"1::HUGEINT << ({number} - {first})"
        case = f"CASE WHEN {number} >= {first} AND {number} < {after} THEN {bit} END"
        found.append(f"coalesce(bit_or({case}), 0::HUGEINT) AS w{chunk}")
    return ", ".join(found)


def tally(
    lines: Mapping[str, Sequence[str]], source: str, spans: Sequence[range] | None = None
) -> str:
    """Return the query that counts people in each period, and in total.

    `lines` has for each line the columns of `source` with its bits, chunk by chunk, where the
    lowest bit is the first period of the chunk. The result is one row with two columns for each
    line: the number of people with any bit, and a list for `counts`. With `spans` of periods the
    first of these is repeated for each span and counts the people with a bit in it.
    """
    columns = [column for found in lines.values() for column in found]
    halves = {name: bits for column in columns for name, bits in _halves(column).items()}
    cut = ", ".join(f"{bits} AS {name}" for name, bits in halves.items())
    # One row for each place in a half keeps the statement short: with a column for each period,
    # planning would take longer than execution where there are few people.
    sums = ", ".join(f"sum(({name} >> place) & {MASK}) AS {name}" for name in halves)
    apart: Sequence[range | None] = spans or (None,)
    anybody = {
        f"{line}_total{number}": _anybody(found, span)
        for line, found in lines.items()
        for number, span in enumerate(apart)
    }
    totals = ", ".join(f"count(*) FILTER ({each}) AS {name}" for name, each in anybody.items())
    aggregates = []
    for line, found in lines.items():
        aggregates += [f"coalesce(min({line}_total{each}), 0)" for each in range(len(apart))]
        aggregates.append(f"coalesce(flatten([{_listed(found)}]), [])")
    return (
        f"SELECT {', '.join(aggregates)} FROM (SELECT place, {totals}, {sums}"
        f" FROM (SELECT {', '.join(columns)}, {cut} FROM {source}), range({FIRST}) places(place)"
        " GROUP BY place)"
    )


def counts(sums: Sequence[int], periods: int) -> list[int]:
    """Return the number of people in each period, from a list of `tally`."""
    found: list[int] = []
    for half in range(len(sums) // FIRST):
        both = sums[half * FIRST : (half + 1) * FIRST]
        found += [each & (1 << FIELD) - 1 for each in both]
        found += [each >> FIELD for each in both[: HALF - FIRST]]
    return found[:periods] or [0] * periods  # Without any people the list is empty.


def _anybody(columns: Sequence[str], span: range | None) -> str:
    """Return the condition that a person has any bit, or one in a span of periods."""
    if span is None:
        return " OR ".join(f"{each} <> 0" for each in columns)
    found = []
    for chunk, column in enumerate(columns):
        first, after = max(span.start, chunk * CHUNK), min(span.stop, (chunk + 1) * CHUNK)
        if first < after:
            bits = (1 << after - first) - 1 << first - chunk * CHUNK
            found.append(f"{column} & {bits}::HUGEINT <> 0")
    return " OR ".join(found)


def _halves(column: str) -> dict[str, str]:
    """Return the halves of a chunk, each with its upper periods shifted into the upper field."""
    found = {}
    for half in range(2):
        lower = f"({column} >> {half * HALF}) & {(1 << FIRST) - 1}"
        upper = f"({column} >> {half * HALF + FIRST}) & {(1 << HALF - FIRST) - 1}"
        found[f"{column}_{half}"] = f"({lower})::BIGINT | (({upper})::BIGINT << {FIELD})"
    return found


def _listed(columns: Sequence[str]) -> str:
    names = (name for column in columns for name in _halves(column))
    return ", ".join(f"list({name} ORDER BY place)" for name in names)
