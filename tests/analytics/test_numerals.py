"""Numerals of a text are classified by what they are, however they are written."""

import pytest

from missioncontrol.analytics.model_text import Numeral, numerals


def told(text: str) -> set[tuple[str, str]]:
    return {(each.kind, each.value) for each in numerals(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It fell from 64.10 % to 41.8%", {("share", "64.1"), ("share", "41.8")}),
        ("41.8 percent, 3 per cent", {("share", "41.8"), ("share", "3")}),
        ("3\u2009204 people, 1,203", {("number", "3204"), ("number", "1203")}),
        ("between 28 Oct and 3 November", {("day", "28 Oct"), ("day", "3 Nov")}),
        ("3 to 11 Nov, on the 5th of May", {("day", "3 Nov"), ("day", "11 Nov"), ("day", "5 May")}),
        ("2026-11-03 and Nov 4th", {("day", "3 Nov"), ("day", "4 Nov")}),
        ("3.2k of error_500", {("word", "3.2k"), ("word", "error_500")}),
        ("Twice as many, a third", {("word", "twice"), ("word", "third")}),
        ("one platform", set()),
        (
            "one in three, one percent",
            {("word", "one in"), ("word", "three"), ("word", "one percent")},
        ),
        (
            "\u00bd of \u0663 and \u2167",
            {("word", "\u00bd"), ("word", "\u0663"), ("word", "\u2167")},
        ),
        ("nothing to count", set()),
    ],
)
def test_each_numeral_is_found_as_what_it_is(text: str, expected: set[tuple[str, str]]) -> None:
    assert told(text) == expected


def test_a_share_is_no_number_and_another_month_no_same_day() -> None:
    assert not numerals("41.8 people") & numerals("41.8 %")
    assert not numerals("3 Nov") & numerals("3 Dec")
    assert Numeral("number", "41.8") in numerals("\N{MINUS SIGN}41.80 people")
