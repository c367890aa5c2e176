"""A value has one canonical form, and what has none is refused by name."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.canonical import WHOLE_MAX, canonical, digest
from missioncontrol.domain.errors import Rejected

# RFC 8785, appendix B: the bits of a double, and how it is written.
NUMBERS = """
0000000000000000 0
8000000000000000 0
0000000000000001 5e-324
8000000000000001 -5e-324
7fefffffffffffff 1.7976931348623157e+308
ffefffffffffffff -1.7976931348623157e+308
4340000000000000 9007199254740992
c340000000000000 -9007199254740992
4430000000000000 295147905179352830000
44b52d02c7e14af5 9.999999999999997e+22
44b52d02c7e14af6 1e+23
44b52d02c7e14af7 1.0000000000000001e+23
444b1ae4d6e2ef4e 999999999999999700000
444b1ae4d6e2ef4f 999999999999999900000
444b1ae4d6e2ef50 1e+21
3eb0c6f7a0b5ed8c 9.999999999999997e-7
3eb0c6f7a0b5ed8d 0.000001
41b3de4355555553 333333333.3333332
41b3de4355555554 333333333.33333325
41b3de4355555555 333333333.3333333
41b3de4355555556 333333333.3333334
41b3de4355555557 333333333.33333343
becbf647612f3696 -0.0000033333333333333333
43143ff3c1cb0959 1424953923781206.2
"""

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-WHOLE_MAX, WHOLE_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda part: st.lists(part) | st.dictionaries(st.text(st.characters(codec="utf-8")), part),
    max_leaves=10,
)


def refusal(value: Any) -> Rejected:
    with pytest.raises(Rejected) as no:
        canonical(value)
    assert no.value.hint
    return no.value


@pytest.mark.parametrize("line", NUMBERS.split("\n")[1:-1])
def test_numbers_are_written_as_in_the_appendix_of_the_standard(line: str) -> None:
    bits, written = line.split()
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number).decode() == written


def test_the_example_of_the_standard_comes_out_as_it_says() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical(value).decode() == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_their_utf_16_code_units() -> None:
    names = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical(names)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",  # By code points it would come after the Hebrew letter.
        "Hebrew Letter Dalet With Dagesh",
    ]


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_what_is_written_is_read_as_the_same_value(value: Any) -> None:
    read = json.loads(canonical(value), parse_int=float)  # As the standard has it: all are doubles.
    assert read == value
    assert canonical(read) == canonical(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(0, 9)), st.randoms())
def test_the_order_in_which_keys_came_makes_no_difference(value: Any, chance: Any) -> None:
    pairs = list(value.items())
    chance.shuffle(pairs)
    assert digest(dict(pairs)) == digest(value)


@settings(max_examples=60, deadline=None)
@given(PLAIN, PLAIN)
def test_values_that_differ_have_different_digests(one: Any, other: Any) -> None:
    same = canonical(one) == canonical(other)
    assert (digest(one) == digest(other)) == same
    assert same == (_typed(one) == _typed(other))


def _typed(value: Any) -> Any:
    """Tell true from 1, which Python holds for equal and JSON does not."""
    match value:
        case list():
            return [_typed(part) for part in value]
        case dict():
            return {key: _typed(part) for key, part in value.items()}
        case bool():
            return ("bool", value)
    return value


def test_a_tuple_is_a_list() -> None:
    assert digest({"argv": ("git", "push")}) == digest({"argv": ["git", "push"]})


@pytest.mark.parametrize(
    "number", [2**53, -(2**53), 2**53 + 1, 2**64, 10**5000], ids=int.bit_length
)
def test_a_whole_number_that_json_would_round_is_refused_and_not_rounded(number: int) -> None:
    no = refusal({"inputs": {"ids": [1, number]}})
    assert no.code == "canonical.unfit"
    assert no.reason.startswith("inputs.ids[1] is ")
    assert len(no.reason) < 200
    assert "text" in no.hint


def test_the_greatest_whole_number_that_json_keeps_is_kept() -> None:
    assert canonical([WHOLE_MAX, -WHOLE_MAX]) == b"[9007199254740991,-9007199254740991]"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (float("nan"), "The value"),
        ({"a": float("-inf")}, "a"),
        ({"a": {"b c": [b"bytes"]}}, "a.'b c'[0]"),
        ({"a": {1, 2}}, "a"),
        ({"a": [object()]}, "a[0]"),
        ({"a": {2: "two"}}, "a"),
        ({"a": {"\ud800": 1}}, "a"),
        (["ok", "\udfff"], "[1]"),
        ([None, True, 1, 0.5, "ok", [], {}, {"a": float("inf")}], "[7].a"),
    ],
)
def test_what_json_does_not_have_is_refused_by_its_place(value: Any, place: str) -> None:
    no = refusal(value)
    assert no.code == "canonical.unfit"
    assert no.reason.startswith(f"{place} is ")


def test_what_contains_itself_is_refused() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = [circle]
    assert refusal(circle).code == "canonical.too_deep"
    assert refusal([2**60, circle]).code == "canonical.unfit"
    assert refusal({"z": [circle], "a": 2**60}).code == "canonical.too_deep"
