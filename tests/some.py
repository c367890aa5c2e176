"""Cases of which the ordinary tests try some and the slow tests the rest."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def some(cases: Sequence[Any], *places: int) -> list[Any]:
    """Return all `cases` for `parametrize`; those at other `places` are slow.

    The chosen ones go each another way through the code: the rest are more data for the same ways.
    """
    return [case if place in places else slow(case) for place, case in enumerate(cases)]


def slow(case: Any) -> Any:
    """Return a case of `parametrize` that only the slow tests try."""
    values: Iterable[Any] = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)
