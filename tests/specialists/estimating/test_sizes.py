"""How likely each size of a change is, and the range that is derived from it."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.specialists.estimating.past import Ask, Changes, PastChange, Piece
from missioncontrol.specialists.estimating.ranges import SHARE
from missioncontrol.specialists.estimating.sizes import (
    BEFORE_MIN,
    SizeEstimates,
    narrow,
    read_learned,
)


def change(number: int, subject: str, files: int, lines: int | None = 10) -> PastChange:
    pieces = tuple(Piece(f"m{n}.py", lines) for n in range(files))
    return PastChange(f"{number:040x}", Ask(subject), pieces)


def history(*files: int, subject: str = "Mend the session cookie") -> Changes:
    return Changes(change(number, subject, each) for number, each in enumerate(files))


def likely(changes: Changes, ask: Ask) -> float:
    chances = SizeEstimates(changes, "files").chances(ask) or []
    return sum(level * chance for level, chance in enumerate(chances, 1))


CHANCES = st.lists(st.floats(0.001, 1), min_size=1, max_size=16).map(
    lambda drawn: [each / sum(drawn) for each in drawn]
)


@given(CHANCES)
def test_a_range_holds_eight_of_ten_and_its_middle(chances: Sequence[float]) -> None:
    low, middle, high = narrow(chances)
    assert 1 <= low <= middle <= high <= len(chances)
    assert sum(chances[low - 1 : high]) >= SHARE - 1e-9


@given(CHANCES)
def test_neither_end_of_a_range_can_be_left_out(chances: Sequence[float]) -> None:
    low, _, high = narrow(chances)
    inside = sum(chances[low - 1 : high])
    if low < high:
        assert inside - max(chances[low - 1], chances[high - 1]) < 0.875


def test_the_chances_of_all_sizes_are_one() -> None:
    chances = SizeEstimates(history(*[1, 2, 5] * 20), "files").chances(Ask("Mend the url routing"))
    assert sum(chances or []) == pytest.approx(1)


def test_a_repository_of_large_changes_foresees_large_ones() -> None:
    ask = Ask("Sort the url routing")
    assert likely(history(*[6, 7, 8] * 20), ask) > 2 * likely(history(*[1, 1, 2] * 20), ask)


def test_the_changes_that_are_like_an_ask_count_more_than_the_others() -> None:
    mixed = Changes(
        change(n, "Rename the session cookie", 6) if n % 3 == 0 else change(n, "Sort urls", 1)
        for n in range(90)
    )
    assert likely(mixed, Ask("Rename the session cookie")) > 2 * likely(mixed, Ask("Sort urls"))


def test_a_goal_that_asks_for_several_things_is_larger() -> None:
    usual = history(*[1, 2, 3] * 20)
    assert likely(usual, Ask("Add a cache and a timeout", 40)) > likely(usual, Ask("Tidy a test"))


def test_nothing_newer_is_looked_at_when_a_change_is_foreseen() -> None:
    chance = random.Random(3)
    sizes = [chance.randint(1, 6) for _ in range(80)]
    other = [9] * 30 + sizes[30:]
    ask = Ask("Mend the session cookie")
    first, second = (SizeEstimates(history(*each), "files") for each in (sizes, other))
    assert first.chances(ask, before=29) == second.chances(ask, before=29)
    assert first.chances(ask) != second.chances(ask)


def test_too_few_changes_foresee_nothing() -> None:
    ask = Ask("Mend the session cookie")
    assert SizeEstimates(history(*[1] * (BEFORE_MIN - 1)), "files").chances(ask) is None
    assert SizeEstimates(history(*[1] * BEFORE_MIN), "files").chances(ask)


def test_lines_that_were_not_counted_foresee_nothing() -> None:
    uncounted = Changes(change(n, "Mend the cookie", 1, None) for n in range(50))
    assert SizeEstimates(uncounted, "lines").chances(Ask("Mend the cookie")) is None


def test_what_is_shipped_says_what_it_was_learned_from() -> None:
    assert "logistic regression" in read_learned().learned_from
