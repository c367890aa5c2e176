"""What an address of the cockpit says, what a form asks, and how answers are shown."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any, Literal, cast
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.analytics import answers
from missioncontrol.analytics.answers import (
    FunnelAnswer,
    LifecycleAnswer,
    Line,
    Node,
    PathsAnswer,
    RetentionAnswer,
    RetentionCell,
    StepCount,
    TrendAnswer,
)
from missioncontrol.analytics.calendar import days_before
from missioncontrol.analytics.questions import (
    AnyQuestion,
    Did,
    Funnel,
    Lifecycle,
    Paths,
    Pattern,
    Range,
    Retention,
    Segment,
    Series,
    Step,
    Trend,
    Where,
)
from missioncontrol.domain.alert import Alert, Reading
from missioncontrol.domain.cohorts import Cohort
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.product.states import Product
from missioncontrol.interfaces.web import cockpit_charts as charts
from missioncontrol.interfaces.web import cockpit_forms as forms
from missioncontrol.interfaces.web import cockpit_measures as measures
from missioncontrol.interfaces.web import cockpit_view as view
from missioncontrol.interfaces.web.cockpit_bar import AddressParameters, Bar, bar_of, range_of
from missioncontrol.interfaces.web.cockpit_conditions import (
    condition,
    deed,
    deed_text,
    pattern_of,
    pattern_text,
    written,
)
from missioncontrol.interfaces.web.pages.cockpit_explore import shorter_ways, why_long

TODAY = date(2026, 11, 23)
DAYS = Range(date(2026, 10, 27), TODAY)
SHOP = Product("shop", "Web shop")


def bar(*where: str) -> Bar:
    segment = Segment(tuple(map(condition, where)))
    return Bar(SHOP, (SHOP,), DAYS, 28, True, False, where, (), (), (), segment, TODAY)


@pytest.mark.parametrize(
    "text",
    ["plan=team", "plan!=free", "price>=10", "price<2", "page~docs", "page!~x", "plan?", "!plan?"],
)
def test_a_condition_reads_as_it_was_written(text: str) -> None:
    assert written(condition(text)) == text
    assert written(condition(f"person.{text}" if text[0] != "!" else "!person.plan?"))


def test_a_condition_takes_several_values_and_people() -> None:
    assert condition("person.country = CH|DE") == Where("country", "is", ("CH", "DE"), "person")
    for bad in ("", "plan", "=team"):
        with pytest.raises(Rejected, match="is no condition"):
            condition(bad)


@given(st.text(max_size=40))
def test_no_text_breaks_a_condition(text: str) -> None:
    try:
        found = condition(text)
    except Rejected:
        return
    assert condition(written(found)) == found


def test_days_end_today_or_stand_in_the_address() -> None:
    assert range_of(AddressParameters({}), TODAY) == (DAYS, 28)
    own = AddressParameters({"since": ["2026-01-01"], "until": ["2026-06-29"]})
    assert range_of(own, TODAY) == (Range(date(2026, 1, 1), date(2026, 6, 29)), 0)
    years = AddressParameters({"since": ["2019-01-01"], "until": ["2026-06-29"]})
    assert range_of(years, TODAY)[0] == Range(date(2019, 1, 1), date(2026, 6, 29))
    for bad in ({"since": ["1826-01-01"], "until": ["2026-06-30"]}, {"days": ["36601"]}):
        with pytest.raises(Rejected) as error:
            range_of(AddressParameters(bad), TODAY)
        assert error.value.code == "analytics.bad_range"


def test_days_to_choose_from_are_whole_weeks_beside_those_of_an_old_address() -> None:
    assert all(days % 7 == 0 for days in bar().presets)
    old = msgspec.structs.replace(
        bar(), days=30, range=range_of(AddressParameters({"days": ["30"]}), TODAY)[0]
    )
    assert set(old.presets) - set(bar().presets) == {30}
    assert ("days", "30") in old.pairs()
    assert bar().before_shown == "29 Sep\N{EN DASH}26 Oct"
    assert old.before_shown == "20 Sep\N{EN DASH}19 Oct", "five weeks before, on the same weekdays"


def test_an_address_says_only_what_was_chosen() -> None:
    assert bar().url() == "/cockpit?product=shop"
    assert bar("plan=team").url() == "/cockpit?product=shop&where=plan%3Dteam"
    assert bar("plan=team").without("where", "plan=team") == "?product=shop"


@pytest.mark.parametrize("measure", forms.KINDS)
def test_a_form_that_nobody_touched_asks_what_the_page_asks(measure: str) -> None:
    usual = forms.usual(measure, bar())
    assert isinstance(usual, forms.KINDS[measure])
    text = view.text_of(usual)
    assert forms.parse_question(measure, bar(), AddressParameters({"q": [text]})) == usual
    assert forms.question_in(text) == usual


def asked(measure: str, base: AnyQuestion | None = None, **fields: Any) -> Any:
    values = {name: [each] if isinstance(each, str) else each for name, each in fields.items()}
    start = {"q": [view.text_of(base)]} if base is not None else {}
    return forms.parse_question(
        measure, bar("plan=team"), AddressParameters({"asked": ["1"], **start, **values})
    )


def test_a_form_of_steps_is_a_funnel() -> None:
    found = asked(
        "funnel",
        step=["signup", "", "invite"],
        within=["", "", "2d"],
        total="30d",
        exclude=["left", "", "refund [price>=10]"],
        exclude_after=["1", "1", ""],
        exclude_before=["", "", "2"],
        breakdown="person.plan",
        touch="last",
        by="week",
    )
    assert [(each.pattern.event, each.within) for each in found.steps] == [
        ("signup", None),
        ("invite", 172_800.0),
    ]
    assert (found.within, found.by, found.breakdown.touch) == (2_592_000.0, "week", "last")
    assert [(each.pattern.event, each.after, each.before) for each in found.exclusions] == [
        ("left", 0, 1),
        ("refund", 0, 1),
    ]
    assert found.exclusions[1].pattern.where == (Where("price", "at_least", ("10",)),)
    assert found.segment.where == (Where("plan", "is", ("team",)),)


def test_a_form_keeps_what_it_has_no_field_for() -> None:
    special = Pattern("signup", (Where("page", "contains", ("docs",)),), "Sign-up from docs")
    base = Funnel(product="shop", range=DAYS, steps=(Step(special), Step(Pattern("invite"))))
    found = asked("funnel", base, step=["signup [page~docs]", "order"], within=["", "1h"])
    assert found.steps[0].pattern == special
    assert found.steps[1] == Step(Pattern("order"), 3_600.0)


def test_a_form_of_series_is_a_trend() -> None:
    found = asked(
        "trends",
        event=["signup", "invite", "x"],
        count=["people", "sum", ""],
        of=["", "price", ""],
        formula="A / B",
    )
    assert isinstance(found, Trend)
    assert [(each.count, each.property) for each in found.series] == [
        ("people", ""),
        ("sum", "price"),
    ]
    assert (found.formula, found.compared) == ("A / B", True)


def test_a_form_with_brackets_is_a_retention_by_brackets() -> None:
    found = asked("retention", start="signup", back="", brackets="1-3, 4-7", unit="day")
    assert isinstance(found, Retention)
    assert (found.mode, len(found.brackets), found.periods) == ("bracket", 2, 10)
    assert forms.brackets_text(found.brackets) == "1-3, 4-7"


def test_brackets_are_left_where_another_way_is_chosen() -> None:
    base = asked("retention", start="signup", back="", brackets="1-3", unit="day")
    found = asked("retention", base, start="signup", back="", brackets="1-3", mode="exact")
    assert (found.mode, found.brackets) == ("exact", ())


@pytest.mark.parametrize(
    ("measure", "fields"),
    [
        ("funnel", {"step": ["a", "b"], "within": ["", "soon"]}),
        ("funnel", {"step": ["a"], "order": "sideways"}),
        ("funnel", {"step": ["a", "b"], "exclude": "x", "exclude_after": "2"}),
        ("funnel", {"step": ["a", "b"], "exclude": "x", "exclude_before": "last"}),
        ("retention", {"brackets": "1 to 3"}),
        ("retention", {"periods": "many"}),
        ("retention", {"mode": "bracket", "brackets": ""}),
        ("paths", {"within": "never"}),
        ("trends", {"event": ["a"], "count": ["guess"]}),
    ],
)
def test_what_does_not_fit_is_said_with_its_value(measure: str, fields: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as error:
        asked(measure, **fields)
    assert error.value.code == "analytics.bad_question"


def test_an_address_without_a_question_is_refused() -> None:
    for text in ("", "{", '{"measure": "guess"}', "[]"):
        with pytest.raises(Rejected, match="contains no valid query"):
            forms.question_in(text)


def test_steps_tell_who_is_pending_and_what_fell() -> None:
    question = Funnel(
        product="shop", range=DAYS, steps=(Step(Pattern("a")), Step(Pattern("b"), 604_800.0))
    )

    def answer(reached: int) -> FunnelAnswer:
        steps = (
            StepCount("a", 100, 0, 0, 1.0, None, None, None),
            StepCount("b", reached, 90 - reached, 10, reached / 100, reached / 100, 60.0, 60.0),
        )
        return FunnelAnswer(
            question="",
            definition="funnel 1",
            as_of="2026-11-23T09:00:00Z",
            zone="UTC",
            position=1,
            steps=steps,
        )

    def earlier(reached: int) -> view.Earlier:
        before = msgspec.structs.replace(question, range=days_before(DAYS))
        return view.Earlier(before, answer(reached))

    first, second = view.steps_of(question, answer(40), earlier(60))
    assert (first.share, first.of_before, first.said) == (100.0, "", "")
    assert (second.share, second.waiting, second.fell) == (40.0, 10.0, True)
    assert second.said == "within 7 d · median 1 min"
    assert second.share_before is not None
    assert second.before is not None
    assert second.before.change is not None
    assert (second.share_before.text, second.before.change.text) == ("60.0 %", "\u221233.3 %")
    assert str(days_before(DAYS).since) in second.before.people
    step = view.steps_of(question, answer(40), earlier(60), is_absolute=True)[1]
    assert step.before is not None
    assert step.before.change is not None
    assert step.before.change.text == "\u221220"
    assert "step%22%3A1" in second.people
    assert not view.steps_of(question, answer(60), earlier(60))[1].fell


@pytest.mark.parametrize(
    ("now", "before", "is_share", "is_absolute", "text", "tone"),
    [
        (110.0, 100.0, False, False, "+10.0 %", "up"),
        (110.0, 100.0, False, True, "+10", "up"),
        (0.25, 0.32, True, False, "\u221221.9 %", "dn"),
        (0.25, 0.32, True, True, "\u22127.0 points", "dn"),
        (1_000.0, 1_001.0, False, True, "\u22121", ""),
        (5.0, 0.0, False, True, "+5", "up"),
        (7.0, 7.0, False, True, "0", ""),
    ],
)
def test_a_change_is_told_in_per_cent_or_as_a_number(
    now: float, before: float, is_share: bool, is_absolute: bool, text: str, tone: str
) -> None:
    change = view.change_of(now, before, is_share=is_share, is_absolute=is_absolute)
    assert change is not None
    assert (change.text, change.tone) == (text, tone)


def test_nothing_is_told_of_a_change_from_nothing_in_per_cent() -> None:
    assert view.change_of(5.0, 0.0, is_share=False) is None
    assert view.change_of(None, 1.0, is_share=True) is None


@pytest.mark.parametrize(
    "text",
    ["order x1 in 30d", "!order x3 in range", "* x1 in range", "\\!odd x2 in 7d", "a x3 x1 in 9d"],
)
def test_a_deed_reads_as_it_was_written(text: str) -> None:
    length = 30 if text.endswith("range") else None
    assert deed_text(deed(text, 30), length) == text


def test_a_deed_may_leave_out_all_but_the_event() -> None:
    assert deed("order", 30) == Did(Pattern("order"))
    assert deed("!order [price>=10] x2 in 14d", 30) == Did(
        Pattern("order", (Where("price", "at_least", ("10",)),)), 2, 14, negated=True
    )
    for bad in ("", "!"):
        with pytest.raises(Rejected, match="nothing that people do"):
            deed(bad, 30)


@given(st.text(max_size=40))
def test_no_text_breaks_a_deed(text: str) -> None:
    try:
        found = deed(text, 30)
    except Rejected:
        return
    assert deed(deed_text(found), 7) == found


class Shelf:
    """Products without a log."""

    async def all(self) -> list[Product]:
        return [SHOP]

    async def find(self, slug: str) -> Product:
        return SHOP

    async def cohorts(self, slug: str) -> list[Cohort]:
        return []


def read(**fields: str | list[str]) -> Bar:
    known = {name: [each] if isinstance(each, str) else each for name, each in fields.items()}
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC).timestamp()
    return asyncio.run(bar_of(cast("Any", Shelf()), AddressParameters(known), noon))


def test_fields_of_a_deed_become_a_part_of_the_address() -> None:
    found = read(did="signup x2 in 7d", deed="order", who="not", times="", **{"in": "range"})
    assert found.did == ("signup x2 in 7d", "!order x1 in range")
    assert found.segment.did[1] == Did(Pattern("order"), 1, 28, negated=True)
    assert read(did=list(found.did)) == found
    longer = read(did=list(found.did), days="90")
    assert longer.segment.did[1].days == 90
    assert found.shown("did", found.did[1]) == "People who did not order in these days"
    with pytest.raises(Rejected, match="no number of times"):
        read(deed="order", times="-1")


def test_how_changes_are_told_stands_in_the_address() -> None:
    found = read(**{"as": "absolute"})
    assert found.is_absolute
    assert found.url() == "/cockpit?product=shop&as=absolute"


def test_a_part_of_a_segment_is_taken_away_and_the_question_stays() -> None:
    segment = bar("plan=team", "price>=10")
    question = forms.usual("paths", segment)
    url = forms.without(question, segment, "where", "plan=team")
    asked_then = forms.question_in(parse_qs(urlsplit(url).query)["q"][0])
    assert asked_then.segment.where == (condition("price>=10"),)
    assert isinstance(asked_then, Paths)


@pytest.mark.parametrize(
    "text", ["order", "", "order [price>=10]", "order [plan?] [person.c=CH|DE]"]
)
def test_events_read_as_they_were_written(text: str) -> None:
    assert pattern_text(pattern_of(text)) == text


def test_what_an_event_is_called_stays_while_its_text_does() -> None:
    known = Pattern("a [b] c", label="Odd")
    assert pattern_of(pattern_text(known), known) == known


def test_only_the_periods_at_the_end_are_not_over() -> None:
    assert charts.open_from([False, True, True, False]) == 3
    assert charts.open_from([False, True]) is None
    assert charts.open_from([False, False]) == 0


def test_of_a_part_of_a_period_it_is_not_told_who_is_dormant() -> None:
    asked = Lifecycle(product="shop", range=DAYS)
    answer = LifecycleAnswer(
        question="",
        definition="lifecycle 1",
        as_of="2026-11-23T10:00:00Z",
        zone="UTC",
        position=1,
        buckets=("2026-10-19", "2026-10-26", "2026-11-23"),
        complete=(False, True, False),
        lines=(
            Line(key="new", label="New", values=(1.0, 2.0, 3.0), total=6.0),
            Line(key="dormant", label="Dormant", values=(9.0, 4.0, 99.0), total=112.0),
        ),
    )
    chart = charts.chart_of(asked, answer)
    assert chart.partial == (0, 2)
    assert [each.values for each in chart.lines] == [(1.0, 2.0, 3.0), (None, 4.0, None)]
    table = charts.table_of(asked, answer)
    assert [cells[1][0] for _, cells in table.rows[:3]] == ["unknown", "4", "unknown"]


def test_an_alert_marks_the_cohorts_and_the_period_that_it_is_about() -> None:
    asked = Retention(
        product="shop", range=DAYS, unit="week", start=Pattern("signup"), back=Pattern()
    )
    cells = tuple(
        RetentionCell(people, share) for people, share in ((4, 1.0), (2, 0.5), (None, None))
    )
    buckets = ("2026-10-26", "2026-11-02", "2026-11-09")
    answer = RetentionAnswer(
        question="",
        definition="retention 1",
        as_of="2026-11-23T10:00:00Z",
        zone="UTC",
        position=1,
        labels=("W0", "W1", "W2"),
        cohorts=tuple(answers.Cohort(each, 4, cells) for each in buckets),
        overall=(1.0, 0.5, None),
    )
    found = view.heat_of(asked, answer, view.marks_of([fallen("open"), fallen("resolved")]))
    assert [[mark.text for mark in row.marks] for row in found.rows] == [
        [],
        ["D7 retention fell for who began 3 Nov to 4 Nov 2026"],
        [],
    ]
    assert [cell.is_marked for cell in found.rows[1].cells] == [False, True, False]
    assert not any(cell.is_marked for cell in found.rows[0].cells)
    assert not view.heat_of(asked, answer).is_marked


def fallen(state: Literal["open", "resolved"]) -> Alert:
    reading = Reading(
        metric="retention.day_7",
        title="D7 retention",
        unit="share",
        severity="warning",
        since=date(2026, 11, 3),
        until=date(2026, 11, 4),
        is_ongoing=False,
        is_down=True,
        is_good=False,
        observed=0.2,
        expected=0.4,
        low=0.35,
        high=0.45,
        impact=10.0,
        text="",
        figures=(),
        slices=(),
        question={},
        definition="anomalies 2",
        as_of="2026-11-23T00:00:00Z",
    )
    return Alert("alert-1", "shop", reading, state, 0.0, 0.0)


def test_retention_begins_as_the_cockpit_shows_it() -> None:
    usual = forms.usual("retention", bar())
    assert isinstance(usual, Retention)
    assert usual.mode == "on_or_after"


def trend(*, compared: bool) -> tuple[Trend, TrendAnswer]:
    asked_for = Trend(
        product="shop", range=DAYS, series=(Series(Pattern("a")),), compared=compared, by="week"
    )
    before = {"before": (5.0, 10.0), "total_before": 15.0} if compared else {}
    line = Line("A", "a", (10.0, 5.0), 15.0, **before)  # type: ignore[arg-type]
    answer = TrendAnswer(
        question="",
        definition="trend 1",
        as_of="2026-11-23T09:00:00Z",
        zone="UTC",
        position=1,
        buckets=("2026-10-19", "2026-11-23"),
        complete=(True, False),
        lines=(line,),
        buckets_before=("2026-09-19", "2026-10-24") if compared else (),
    )
    return asked_for, answer


def test_the_table_behind_lines_has_what_was_before_and_who_they_were() -> None:
    table = charts.table_of(*trend(compared=True))
    assert table.columns == ["a", "a, before", "Change"]
    (first, now), (second, _), (_, total) = table.rows
    assert (first, second) == ("19 Oct", "23 Nov (not over)")
    assert [text for text, _ in now] == ["10", "5", "+100.0 %"]
    assert [text for text, _ in total] == ["15", "15", "+0.0 %"]
    assert "before%22%3Atrue" in now[1][1]
    assert "2026-09-19" in now[1][1]
    absolute = charts.table_of(*trend(compared=True), is_absolute=True)
    assert absolute.rows[0][1][2][0] == "+5"
    assert charts.table_of(*trend(compared=False)).columns == ["a"]


def test_what_is_expected_of_days_together_each_has_its_part_of_by_its_weekday() -> None:
    buckets = [f"2026-11-{day:02}" for day in range(2, 13)]
    values = (10.0, 30.0, 1.0, 1.0, 1.0, 1.0, 1.0, 80.0, 90.0, 1.0, 1.0)
    drawn = charts.ChartView(buckets, [charts.LineView("error", values)], "", "")
    days = (buckets, "2026-11-09", "2026-11-10", 36.0, 44.0)
    found = charts.expected_in(drawn, *days, is_sum=True)
    assert found.low == [None] * 7 + [9.0, 27.0] + [None] * 2
    assert found.high == [None] * 7 + [11.0, 33.0] + [None] * 2
    unknown = charts.expected_in(
        drawn, buckets, "2026-11-02", "2026-11-03", 36.0, 44.0, is_sum=True
    )
    assert unknown.low == [18.0, 18.0] + [None] * 9
    rates = charts.expected_in(drawn, *days)
    assert rates.low == [None] * 7 + [36.0, 36.0] + [None] * 2


def test_paths_go_through_as_many_events_as_have_names() -> None:
    asked_for = Paths(product="shop", range=DAYS, anchor=Pattern("a"))
    about = {"question": "", "definition": "", "as_of": "", "zone": "UTC", "position": 1}
    nodes = (Node(0, "a", 9, 0), Node(1, "b", 5, 5), Node(1, "", 2, 2), Node(2, "a", 2, 2))
    answer = PathsAnswer(**about, nodes=nodes, flows=())  # type: ignore[arg-type]
    assert charts.flows_of(asked_for, answer).said == "9 paths through 2 events and others."
    empty = msgspec.structs.replace(answer, nodes=())
    assert charts.flows_of(asked_for, empty).said == "There are no paths in these days."


def test_a_number_leads_to_the_one_series_in_which_it_stands() -> None:
    question = {"measure": "trend", "series": [{"key": "E0"}, {"key": "E1"}]}
    assert view.narrowed(question, {"line": "E1"})["series"] == [{"key": "E1"}]
    assert view.narrowed(question, {}) == question
    assert view.narrowed({"measure": "funnel"}, {"line": "dau"}) == {"measure": "funnel"}


def test_a_question_that_took_too_long_comes_with_shorter_ones() -> None:
    slow = Unavailable("analytics.slow", "The question took longer than 20 s.")
    question = Paths(product="shop", range=DAYS, anchor=Pattern())
    ways = dict(shorter_ways(question, slow))
    assert list(ways) == ["Query the last 7 days", "Query the last day", "Query 2 levels"]
    shorter = forms.question_in(parse_qs(urlsplit(ways["Query the last day"]).query)["q"][0])
    assert shorter.range == Range(TODAY, TODAY)
    assert "every event would start its own path" in why_long(question, slow)
    assert shorter_ways(question, None) == []
    assert why_long(question, Rejected("other", "No.")) == ""


def test_a_form_of_key_measures_says_what_is_its_own_and_no_more() -> None:
    form = measures.form_of(SHOP)
    assert not form.is_own
    nothing = {"activation": (), "activated_at": 0, "actions": (), "active": ""}
    assert measures.parse_measures(SHOP, form) == nothing
    sent = {"step": ["visit", "order [price>=10]", ""], "within": ["", "1d"], "activated_at": ["2"]}
    asked_for = measures.parse_measures(SHOP, measures.typed_in(AddressParameters(sent)))
    first, second = asked_for["activation"]
    assert (first.pattern.event, second.pattern.event) == ("visit", "order")
    assert (second.within, asked_for["activated_at"]) == (86_400.0, 2)
    empty = measures.typed_in(AddressParameters({}))
    assert measures.parse_measures(SHOP, empty)["activation"] == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"step": ["a", "b"], "within": ["", "soon"], "activated_at": ["1"]},
        {"step": ["a", "b"], "within": ["", "1d"], "activated_at": ["3"]},
        {"step": ["a"], "within": [""], "activated_at": [""]},
    ],
)
def test_key_measures_that_do_not_fit_are_refused(fields: dict[str, list[str]]) -> None:
    with pytest.raises(Rejected) as error:
        measures.parse_measures(SHOP, measures.typed_in(AddressParameters(fields)))
    assert error.value.code == "product.bad_input"
