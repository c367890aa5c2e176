"""Durations and money in a file, and what a run is given."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.definition import Definition, Input, inputs_of
from missioncontrol.domain.definition.definition import InputType
from missioncontrol.domain.definition.quantities import (
    cost_in_words,
    cost_of,
    duration_in_words,
    seconds_of,
)
from missioncontrol.domain.errors import Rejected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10s", 10),
        ("5m", 300),
        ("2h", 7200),
        ("3d", 259_200),
        ("1w", 604_800),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("500ms", 0.5),
        ("1.5h", 5400),
        (90, 90),
        (0.25, 0.25),
    ],
)
def test_durations_are_read_as_seconds(value: Any, seconds: float) -> None:
    assert seconds_of(value) == seconds


@pytest.mark.parametrize(
    "value", ["", "10", "ten", "-1s", "1h1h", "1x", 0, -3, True, None, [], "11y", 1e300, "99999w"]
)
def test_what_is_no_duration_is_refused_in_words(value: Any) -> None:
    assert isinstance(seconds_of(value), str)


@given(st.floats(min_value=1e-6, max_value=3e8) | st.integers(1, 300_000_000).map(float))
def test_a_duration_that_is_written_is_read_as_the_same_seconds(seconds: float) -> None:
    assert seconds_of(duration_in_words(seconds)) == seconds


@pytest.mark.parametrize(
    ("value", "cost"),
    [
        ("2.00 USD", 2_000_000),
        ("$2", 2_000_000),
        (2.0, 2_000_000),
        (2, 2_000_000),
        ("0.000001", 1),
        (0.1, 100_000),
        (1e-06, 1),
        (0, 0),
        ("1000000000", 10**15),
    ],
)
def test_money_is_read_exactly(value: Any, cost: int) -> None:
    assert cost_of(value) == cost


@pytest.mark.parametrize(
    "value", ["", "two", "-1", "€2", "2 EUR", 1e-7, float("nan"), True, None, 2e9, "1e3"]
)
def test_what_is_no_money_is_refused_in_words(value: Any) -> None:
    assert isinstance(cost_of(value), str)


@given(st.integers(0, 10**15))
def test_money_that_is_written_is_read_as_the_same_amount(cost: int) -> None:
    assert cost_of(cost_in_words(cost)) == cost


ASKED = Definition(
    "tidy",
    inputs={
        "tag": Input("string", pattern=r"v\d+"),
        "count": Input("integer", default=3, required=False),
        "mode": Input("string", default="a", enum=("a", "b"), required=False),
        "note": Input("string", required=False),
        "parts": Input("list", required=False),
        "any": Input("any", required=False),
    },
)


def test_defaults_fill_in_and_what_may_be_left_out_is_null() -> None:
    assert inputs_of(ASKED, {"tag": "v1"}) == {
        "tag": "v1",
        "count": 3,
        "mode": "a",
        "note": None,
        "parts": None,
        "any": None,
    }


def test_null_counts_as_not_given() -> None:
    assert inputs_of(ASKED, {"tag": "v1", "count": None})["count"] == 3


def test_a_text_is_read_as_the_type_that_is_asked_for() -> None:
    texts = {"tag": "v1", "count": "7", "parts": '["a", 1]', "note": "7", "any": "7"}
    found = inputs_of(ASKED, texts)
    assert (found["count"], found["parts"], found["note"], found["any"]) == (7, ["a", 1], "7", "7")


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    with pytest.raises(Rejected) as refused:
        inputs_of(ASKED, {"count": "x", "mode": "c", "nota": 1, "parts": "{}", "tag": "vv"})
    assert refused.value.code == "run.bad_inputs"
    assert refused.value.reason == (
        "These inputs don't fit 'tidy'. 'nota': there is no such input (did you mean 'note'?); "
        "'tag': 'vv' does not match the pattern v\\d+; "
        "'count': it is the text 'x', not an integer; on a command line it is written 'count=3'; "
        "'mode': it is the text 'c', and may be \"a\" or \"b\"; "
        "'parts': it is the text '{}', not a list; on a command line it is written "
        '\'parts=["a","b"]\'.'
    )


@pytest.mark.parametrize(
    ("kind", "text", "written"),
    [
        ("list", "a,b", """'x=["a","b"]'"""),
        ("list", "[a, b]", """'x=["a","b"]'"""),
        ("list", "one", """'x=["one"]'"""),
        ("list", "", """'x=["a","b"]'"""),
        ("object", "a=1", """'x={"key":"value"}'"""),
        ("number", "half", "'x=2.5'"),
        ("boolean", "yes", "'x=true'"),
    ],
)
def test_how_a_command_line_gives_it_is_shown_where_a_text_does_not_fit(
    kind: InputType, text: str, written: str
) -> None:
    asks = Definition("tidy", inputs={"x": Input(kind)})
    with pytest.raises(Rejected) as refused:
        inputs_of(asks, {"x": text})
    assert refused.value.reason.endswith(f"; on a command line it is written {written}.")
    assert inputs_of(asks, {"x": msgspec.json.decode(written.strip("'")[2:])})


def test_the_whole_text_must_match_a_pattern() -> None:
    for text in ("v1x", "xv1", "v1\n", ""):
        with pytest.raises(Rejected):
            inputs_of(ASKED, {"tag": text})


def test_true_is_no_integer_and_one_is_no_boolean() -> None:
    asked = Definition("x", inputs={"n": Input("integer"), "b": Input("boolean", enum=(True,))})
    for given_ in ({"n": True, "b": True}, {"n": 1, "b": 1}, {"n": 1, "b": False}):
        with pytest.raises(Rejected):
            inputs_of(asked, given_)
    assert inputs_of(asked, {"n": "1", "b": "true"}) == {"n": 1, "b": True}


def test_a_missing_input_is_told() -> None:
    with pytest.raises(Rejected, match="'tag': it is missing"):
        inputs_of(ASKED, {})


def test_a_text_that_is_too_long_is_not_compared_with_a_pattern() -> None:
    with pytest.raises(Rejected, match="it has 10,001 characters; at most 10,000 fit"):
        inputs_of(ASKED, {"tag": "v" * 10_001})
