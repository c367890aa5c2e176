"""Formulas come to what arithmetic says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.analytics.formulas import DEPTH_MAX, LENGTH_MAX, formula_of
from missioncontrol.domain.errors import Rejected
from tests.analytics.twins import formulas as twin

KEYS = ("A", "B", "long_key2")

OPERANDS = st.sampled_from((*KEYS, "0", "1", "2.5", ".5", "7."))
FORMULAS = st.recursive(
    OPERANDS,
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(("+", "-", " * ", "/")), parts).map("".join),
        parts.map("({})".format),
        parts.map("-{}".format),
    ),
    max_leaves=8,
).filter(lambda text: len(text) <= LENGTH_MAX)
VALUES = st.fixed_dictionaries(
    dict.fromkeys(KEYS, st.sampled_from((None, 0.0, 1.0, 2.0, 3.5, -1.0, 1e300)))
)


@given(text=FORMULAS, values=VALUES)
def test_a_formula_comes_to_what_arithmetic_says(
    text: str, values: dict[str, float | None]
) -> None:
    formula = formula_of(text, KEYS)
    asked = {key: values[key] for key in formula.keys}
    assert formula.value(asked) == twin.value(text, asked)


@pytest.mark.parametrize(
    "text",
    [
        "A +",
        "* A",
        "A B",
        "2A",
        "(A",
        "A)",
        "()",
        "A ** B",
        "A // B",
        "C",
        "A.b",
        "A; B",
        "1e5",
        "1.2.3",
        "ä",
        "__import__('os')",
        "(" * (DEPTH_MAX + 1) + "A" + ")" * (DEPTH_MAX + 1),
        "-" * 150 + "A",
        "A" + "+1" * LENGTH_MAX,
    ],
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as no:
        formula_of(text, KEYS)
    assert no.value.code == "analytics.bad_formula"
