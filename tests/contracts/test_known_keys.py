"""Known keys are exactly those that were added, however many and in whichever part."""

from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.adapters.warehouses.duckdb import known_keys
from missioncontrol.adapters.warehouses.duckdb.known_keys import KnownKeys, spill

EDGE = 1 << 63
KEYS = st.integers(-EDGE, EDGE - 1) | st.sampled_from(
    [-EDGE, -EDGE + 1, -1, 0, 1, 1 << 32, -(1 << 32), EDGE - 1, 5 + (7 << 32), 5 + (8 << 32)]
)


@given(
    sorted_=st.sets(KEYS),
    added=st.lists(st.sets(KEYS, max_size=40), max_size=4),
    asked=st.sets(KEYS),
)
def test_known_is_what_was_added(sorted_: set[int], added: list[set[int]], asked: set[int]) -> None:
    found = KnownKeys(array("q", sorted(sorted_)))
    everything = set(sorted_)
    for keys in added:
        assert found.add(sorted(keys - everything))
        everything |= keys
    assert everything <= set(found.suspects(everything))
    # A key is mistaken for another only where half of it, and nearly all the rest, is the same.
    unknown = {key for key in asked - everything if key >> 32 not in {k >> 32 for k in everything}}
    assert [key for key in found.suspects(unknown) if key >> 32 & known_keys.HALF > 1] == []


def spread(count: int) -> list[int]:
    """Return so many keys, as evenly spread as digests are."""
    return [number * 0x9E37_79B9_7F4A_7C15 % (1 << 64) - EDGE for number in range(1, count + 1)]


def test_a_table_takes_no_more_than_it_has_room_for() -> None:
    keys = spread(200_000)
    found = KnownKeys()
    assert found.add(keys[:150_000])
    assert not found.add(keys[150_000:])
    assert found.suspects(keys[140_000:160_000]) == keys[140_000:150_000]
    assert found.suspects([key ^ (0x5555 << 40) for key in keys[::7]]) == []


@pytest.mark.parametrize("count", [0, 100, 300_000])
def test_keys_that_are_put_by_are_read_as_they_came(tmp_path: Path, count: int) -> None:
    keys = array("q", sorted(spread(count)))
    for folder in (None, tmp_path):
        pieces = (keys[since : since + 70_000].tobytes() for since in range(0, count, 70_000))
        assert list(spill(pieces, folder)) == list(keys)
    assert list(tmp_path.iterdir()) == []
