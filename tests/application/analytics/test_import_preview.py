"""What a dry run counts, however many rows there are."""

import random
import tracemalloc

import pytest

from missioncontrol.application.analytics import import_preview
from missioncontrol.application.analytics.import_preview import ImportPreview

ROWS = 40_000
BYTES_MAX = 1024 * 1024
"""Of which the ids alone, held as numbers in a set, would take twice as much."""


def told(rows: list[tuple[str, bool]]) -> tuple[int, int, int]:
    """Return the same one row after the other, with all ids at hand."""
    seen: set[str] = set()
    new = duplicates = refused = 0
    for id_, is_refused in rows:
        if id_ in seen:
            duplicates += 1
        elif is_refused:
            refused += 1
        else:
            new += 1
            seen.add(id_)
    return new, duplicates, refused


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_counted_as_one_after_the_other(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(import_preview, "BUFFERED_ROWS_MAX", chance.choice([1, 2, 7, 300, 10_000]))
    ids = chance.choice([3, 200, 5_000])
    rows = [(f"e{chance.randrange(ids)}", chance.random() < 0.3) for _ in range(2_000)]
    with ImportPreview() as found:
        for id_, is_refused in rows:
            found.add(id_, is_refused=is_refused)
        assert found.totals() == told(rows)


def test_many_rows_take_no_more_memory_than_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_preview, "BUFFERED_ROWS_MAX", 1_000)
    tracemalloc.start()
    try:
        with ImportPreview() as found:
            for number in range(ROWS):
                found.add(f"event-{number // 2}", is_refused=False)
            assert found.totals() == (ROWS // 2, ROWS // 2, 0)
        assert tracemalloc.get_traced_memory()[1] < BYTES_MAX
    finally:
        tracemalloc.stop()
