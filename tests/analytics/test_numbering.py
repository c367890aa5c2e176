"""A moment has the number of the period that it is in."""

from bisect import bisect_right
from datetime import date, timedelta

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.analytics.calendar import period_after, period_of, start_of, zone_of
from missioncontrol.analytics.questions import Unit
from missioncontrol.analytics.sql import Parameters, micros, number_in
from tests.analytics.worlds import DAYS, TICK


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(DAYS)),
    st.dates(date(2025, 12, 1), date(2026, 12, 1)),
    st.sampled_from(("day", "week", "month")),
    st.integers(1, 40),
)
def test_a_moment_has_the_number_of_the_period_that_it_is_in(
    zone: str, day: date, unit: Unit, periods: int
) -> None:
    first = period_of(day, unit, "monday")
    begins = [
        start_of(period_after(first, unit, each), zone_of(zone)) for each in range(periods + 1)
    ]
    moments = [each + nudge for each in begins for nudge in (-TICK, 0 * TICK, timedelta(hours=23))]
    moments = [each for each in moments if each >= begins[0]]
    parameters = Parameters("shop")
    sql = (
        f"SELECT list({number_in(begins, 'us', parameters)} ORDER BY us), {parameters.product}"
        f" FROM (SELECT unnest({parameters.numbers(map(micros, moments))}) AS us)"
    )
    statement = parameters.statement(sql)
    (row,) = duckdb.execute(statement.sql, statement.parameters).fetchall()
    assert row[0] == [bisect_right(begins, each) - 1 for each in sorted(moments)]
