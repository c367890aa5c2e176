"""Questions to a product by command line: the count, its people, and the form of the answer."""

from datetime import date

import pytest

from missioncontrol.analytics.answers import Line, TrendAnswer
from missioncontrol.analytics.questions import (
    AnyQuestion,
    Breakdown,
    Cell,
    Exclusion,
    Funnel,
    Pattern,
    Trend,
)
from missioncontrol.analytics.tables import Changes, differs, table
from missioncontrol.cli.analytics_questions import cell_of, question_of
from missioncontrol.cli.arguments import parse
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.states import Product

SHOP, TODAY = Product("shop", "Shop"), date(2026, 11, 23)


def asked(*words: str) -> AnyQuestion:
    return question_of(parse(("analytics", *words)), SHOP, TODAY)


def test_steps_are_counted_from_1_as_they_are_shown() -> None:
    assert cell_of("step=2,state=lost", asked("funnel")) == Cell(step=1, state="lost")
    assert cell_of("series=dau,bucket=2026-11-01", asked("active")) == Cell(
        series="dau", bucket="2026-11-01"
    )


@pytest.mark.parametrize("text", ["step=0", "step=x", "step=-1", "state=odd", "step"])
def test_a_count_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="--people"):
        cell_of(text, asked("funnel"))


def test_a_funnel_leaves_out_who_did_something_between_two_steps() -> None:
    found = asked("funnel", "--exclude", "refund:1-3", "--exclude", "error")
    assert isinstance(found, Funnel)
    assert found.exclusions == (
        Exclusion(Pattern("refund"), 0, 2),
        Exclusion(Pattern("error"), 0, 3),
    )
    last = asked("funnel", "--breakdown", "person.plan", "--touch", "last")
    assert isinstance(last, Funnel)
    assert last.breakdown == Breakdown("plan", "person", "last")


@pytest.mark.parametrize("text", ["refund:3-2", "refund:0-2", "refund:1-5", ":1-2", ""])
def test_what_is_between_no_two_steps_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="--exclude"):
        asked("funnel", "--exclude", text)


def test_a_change_in_per_cent_or_as_a_number_asks_for_the_days_before() -> None:
    for words in (("--as", "percent"), ("--as", "absolute"), ("--compared",)):
        found = asked("trends", *words)
        assert isinstance(found, Trend)
        assert found.compared


@pytest.mark.parametrize(
    ("now", "before", "changes", "expected"),
    [
        (7.0, 8.0, "percent", -12.5),
        (7.0, 8.0, "absolute", -1.0),
        (0.3, 0.1, "absolute", 0.2),
        (7.0, 0.0, "percent", None),
        (7.0, 0.0, "absolute", 7.0),
        (7.0, None, "absolute", None),
        (None, 7.0, "percent", None),
    ],
)
def test_a_change_is_told_in_per_cent_or_as_a_number(
    now: float | None, before: float | None, changes: Changes, expected: float | None
) -> None:
    assert differs(now, before, changes) == expected


def test_a_table_has_a_column_of_changes_for_each_line_that_is_compared() -> None:
    line = Line("A", "Orders", (3.0, 5.0), 8.0, None, (4.0, 4.0), 8.0, 0.0, 0.0)
    answer = TrendAnswer(
        definition="trend 1",
        question="q",
        as_of="2026-11-23T12:00:00Z",
        zone="UTC",
        position=1,
        buckets=("2026-11-22", "2026-11-23"),
        complete=(True, False),
        lines=(line,),
    )
    assert "Orders, change" not in table(answer).columns
    found = table(answer, "percent")
    assert found.columns[-1] == "Orders, change in %"
    assert [row[-1] for row in found.rows] == [-25.0, 25.0, 0.0]
