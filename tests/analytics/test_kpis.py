"""Key figures are read out of answers, and compared with what is like them."""

from datetime import date, timedelta

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    FunnelAnswer,
    FunnelGroup,
    Line,
    StepCount,
)
from missioncontrol.analytics.definition import stamp
from missioncontrol.analytics.kpis import activation_of, kpi_of, kpi_questions, stamp_of
from missioncontrol.analytics.questions import Active, Cell, Funnel, Range
from missioncontrol.domain.product.states import OWN, KeyMeasures, Product

SHOP = Product("shop", "Shop")
DAYS = Range(date(2026, 11, 10), date(2026, 11, 12))
ABOUT = {"question": "q", "as_of": "2026-11-12T12:00:00Z", "zone": "UTC", "position": 1}


def steps(*reached: int) -> tuple[StepCount, ...]:
    first = reached[0]
    return tuple(
        StepCount(f"s{n}", each, 0, 0, each / first if first else None, None, None, None)
        for n, each in enumerate(reached)
    )


def funnel(whole: tuple[int, ...], *days: tuple[int, ...]) -> FunnelAnswer:
    trend = tuple(FunnelGroup(f"2026-11-{10 + n}", steps(*each)) for n, each in enumerate(days))
    return FunnelAnswer(definition="funnel 1", steps=steps(*whole), trend=trend, **ABOUT)  # type: ignore[arg-type]


def test_a_product_without_words_of_its_own_is_measured_by_the_definitions() -> None:
    usual = activation_of(SHOP)
    assert [each.pattern.event for each in usual.steps] == [
        *("signup", "onboarding_complete", "first_key_action", "invite")
    ]
    assert [each.within for each in usual.steps] == [None, 604_800, 604_800, 1_209_600]
    assert usual.activated_at == 2
    own = activation_of(Product(OWN, "Mission Control"))
    assert own.steps[0].pattern.event == "mission_created"
    custom = KeyMeasures(({"pattern": {"event": "a"}}, {"pattern": {"event": "b"}}), 1, ("c",), "d")
    mine = activation_of(Product("shop", "Shop", measures=custom))
    assert (mine.activated_at, mine.actions, mine.active) == (0, ("c",), "d")
    last = activation_of(Product("shop", "Shop", measures=KeyMeasures(custom.activation)))
    assert last.activated_at == 1


def test_figures_of_a_product_that_says_itself_what_counts_name_that_beside_the_version() -> None:
    usual = {each.definition for each in kpi_questions(SHOP, DAYS)}
    assert usual == {stamp("kpis")}
    first = KeyMeasures(({"pattern": {"event": "a"}}, {"pattern": {"event": "b"}}))
    other = KeyMeasures(first.activation, active="a")
    stamps = [stamp_of(Product("shop", "Shop", measures=each)) for each in (first, other)]
    assert all(each.startswith(f"{stamp('kpis')} of ") for each in stamps)
    assert len({*stamps}) == 2
    (users, *_) = kpi_questions(Product("shop", "Shop", measures=first), DAYS)
    assert (users.definition, users.parameters) == (
        stamps[0],
        "a > b; activated at step 2; active by any event",
    )


def test_activation_is_told_at_its_step_with_a_line_by_day() -> None:
    users, rate, *_ = kpi_questions(SHOP, DAYS)
    assert isinstance(users.question, Funnel)
    assert isinstance(users.before, Funnel)
    assert users.before.range == Range(date(2026, 11, 3), date(2026, 11, 5))
    answer = funnel((10, 8, 4, 1), (6, 5, 3, 1), (4, 3, 1, 0), (0, 0, 0, 0))
    before = funnel((10, 8, 5, 1))
    kpi = kpi_of(users, answer, before)
    assert (kpi.value, kpi.before, kpi.change) == (4.0, 5.0, -0.2)
    assert kpi.line == (3.0, 1.0, 0.0)
    assert kpi.cell == Cell(step=2)
    share = kpi_of(rate, answer, before)
    assert (share.value, share.unit) == (0.4, "share")
    assert share.line == (0.5, 0.25, None)
    alone = kpi_of(users, answer)
    assert (alone.before, alone.change) == (None, None)


def active(values: tuple[float, ...], before: tuple[float, ...], *complete: bool) -> ActiveAnswer:
    first = date(2026, 11, 10)
    weeks = timedelta(weeks=-(-len(values) // 7))
    days = [first + timedelta(days=n) for n in range(len(values))]
    buckets, earlier = map(str, days), (str(day - weeks) for day in days if before)
    lines = tuple(Line(key, key, values, None, before=before) for key in ("dau", "wau"))
    return ActiveAnswer(
        definition="active 1",
        buckets=tuple(buckets),
        buckets_before=tuple(earlier),
        complete=complete,
        lines=lines,
        **ABOUT,  # type: ignore[arg-type]
    )


def test_active_people_are_those_of_the_last_day_that_is_over_against_that_weekday() -> None:
    *_, dau, wau = kpi_questions(SHOP, DAYS)
    assert isinstance(dau.question, Active)
    long = tuple(float(n) for n in range(1, 11))
    kpi = kpi_of(dau, active(long, tuple(range(-10, 0)), *[True] * 9, False))
    assert (kpi.value, kpi.before, kpi.against) == (9.0, 2.0, "the week before")
    assert kpi.cell == Cell(bucket="2026-11-18", series="dau")
    short = kpi_of(wau, active((5.0, 6.0, 7.0), (2.0, 3.0, 4.0), True, True, True))
    assert (short.value, short.before) == (7.0, 4.0)
    apart = kpi_of(wau, active((5.0,) * 8, (2.0,) * 8, *[True] * 7, False))
    assert apart.before is None, "of a day between those compared nothing is known"
    none = kpi_of(dau, active((5.0,), (), False))
    assert (none.value, none.before, none.cell) == (None, None, None)
