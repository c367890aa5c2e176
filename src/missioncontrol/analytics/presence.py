"""In which periods people were there, as bits, and how many were in each.

Whoever asks about windows that slide needs nobody twice and no event joined with a window: all that
a person did becomes one bit for each period, a window is the bits beside it laid over it, and only
then people are counted. Bits are in chunks of 90 periods, each with those before it into which its
windows reach back.
"""

from collections.abc import Mapping, Sequence

CHUNK = 90
"""Periods of a chunk: with 29 before it and the sign it fits a HUGEINT, 127 bits."""

HALF = CHUNK // 2
FIELD = 31
"""Bits between two periods that are counted by one sum: so many people fit, 2 billion."""

FIRST = HALF // 2 + 1  # periods of the lower field; the upper has the rest of the half
MASK = 1 | 1 << FIELD
"""A period of the lower field and, beside it, one of the upper."""


def chunks(periods: int) -> range:
    """Return the numbers of the chunks of so many periods."""
    return range((periods + CHUNK - 1) // CHUNK)


def ones(periods: int, chunk: int) -> str:
    """Return a bit for each period of a chunk that there is."""
    return f"((1::HUGEINT << {min(CHUNK, periods - chunk * CHUNK)}) - 1)"


def words(periods: int, reach: int, number: str) -> str:
    """Return the columns `w0, w1, ...` of a query by person: the bits of each chunk.

    `number` says in which period an event was: from 0, which is so many periods (`reach`) before
    the first that is asked for; -1 is in none. The lowest bit of a chunk is its own number less
    `reach`.
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
    """Return the query that counts who is there in each period, and over all.

    `lines` has for each line the columns of `source` that hold its bits, chunk by chunk: the
    lowest bit is the first period of the chunk. There is one row, with two columns for each line:
    how many people have any bit, and a list to be read by `counts`. With `spans` of periods there
    is the first of them for each span: how many have a bit in that.
    """
    columns = [column for found in lines.values() for column in found]
    halves = {name: bits for column in columns for name, bits in _halves(column).items()}
    cut = ", ".join(f"{bits} AS {name}" for name, bits in halves.items())
    # One row for each place in a half keeps the statement short: a column for each period would
    # take longer to plan than to work out where there are few people.
    sums = ", ".join(f"sum(({name} >> place) & {MASK}) AS {name}" for name in halves)
    apart: Sequence[range | None] = spans or (None,)
    anybody = {
        f"{line}_total{number}": _anybody(found, span)
        for line, found in lines.items()
        for number, span in enumerate(apart)
    }
    totals = ", ".join(f"count(*) FILTER ({each}) AS {name}" for name, each in anybody.items())
    told = []
    for line, found in lines.items():
        told += [f"coalesce(min({line}_total{each}), 0)" for each in range(len(apart))]
        told.append(f"coalesce(flatten([{_listed(found)}]), [])")
    return (
        f"SELECT {', '.join(told)} FROM (SELECT place, {totals}, {sums}"
        f" FROM (SELECT {', '.join(columns)}, {cut} FROM {source}), range({FIRST}) places(place)"
        " GROUP BY place)"
    )


def counts(sums: Sequence[int], periods: int) -> list[int]:
    """Return how many people there are in each period, from a list of `tally`."""
    found: list[int] = []
    for half in range(len(sums) // FIRST):
        both = sums[half * FIRST : (half + 1) * FIRST]
        found += [each & (1 << FIELD) - 1 for each in both]
        found += [each >> FIELD for each in both[: HALF - FIRST]]
    return found[:periods] or [0] * periods  # There is no list where nobody was there at all.


def _anybody(columns: Sequence[str], span: range | None) -> str:
    """Return whether somebody is there at all, or in a span of periods."""
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
    """Return the bits of both halves of a chunk, the upper ones of each moved up by the field."""
    found = {}
    for half in range(2):
        lower = f"({column} >> {half * HALF}) & {(1 << FIRST) - 1}"
        upper = f"({column} >> {half * HALF + FIRST}) & {(1 << HALF - FIRST) - 1}"
        found[f"{column}_{half}"] = f"({lower})::BIGINT | (({upper})::BIGINT << {FIELD})"
    return found


def _listed(columns: Sequence[str]) -> str:
    names = (name for column in columns for name in _halves(column))
    return ", ".join(f"list({name} ORDER BY place)" for name in names)
