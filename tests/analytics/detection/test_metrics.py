"""What is watched of a product: of days that are over, and of people who have had the same time."""

from datetime import UTC, date, datetime

from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.detection.metrics import KnownEvent, WatchedMetric, watched_metrics
from missioncontrol.analytics.questions import Funnel, Retention, Trend
from missioncontrol.domain.product.states import Product

SHOP = Product("shop", "Shop")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).replace(tzinfo=None)
LONG_AGO = date(2026, 9, 14)
NAMES = tuple(
    KnownEvent(each, LONG_AGO)
    for each in ("page_viewed", "signup", "onboarding_complete", "first_key_action", "invite")
)


def by_metric(
    names: tuple[KnownEvent, ...] = NAMES, setting: Setting | None = None
) -> dict[str, list[WatchedMetric]]:
    found: dict[str, list[WatchedMetric]] = {}
    for each in watched_metrics(SHOP, names, setting or Setting(NOON)):
        found.setdefault(each.metric, []).append(each)
    return found


def test_the_day_that_is_not_over_is_in_no_question_but_of_who_comes_back() -> None:
    for metric, found in by_metric().items():
        for each in found:
            assert each.question.range.until <= date(2026, 11, 22), metric


def test_the_last_day_is_that_of_the_products_zone() -> None:
    late = datetime(2026, 11, 23, 2, tzinfo=UTC).replace(tzinfo=None)
    found = by_metric(setting=Setting(late, zone="America/New_York"))
    assert found["active.dau"][0].question.range.until == date(2026, 11, 21)


def test_everybody_of_a_day_has_had_the_same_time_to_convert() -> None:
    day, week = by_metric()["conversion.onboarding_complete"]
    assert isinstance(day.question, Funnel)
    assert day.question.steps[1].within == 86_400
    assert day.question.range.until == date(2026, 11, 21)
    assert week.question.range.until == date(2026, 11, 15)


def test_a_midnight_is_the_end_of_the_day_before() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)
    day, _ = by_metric(setting=Setting(midnight))["conversion.onboarding_complete"]
    assert day.question.range.until == date(2026, 11, 21)


def test_every_step_is_watched_and_who_comes_back_after_1_7_and_30_days() -> None:
    found = by_metric()
    assert {"conversion.first_key_action", "conversion.invite", "events.page_viewed"} <= set(found)
    retained = [found[f"retention.day_{day}"][0] for day in (1, 7, 30)]
    assert all(isinstance(each.question, Retention) for each in retained)
    assert len({each.question for each in retained}) == 1


def test_the_first_day_of_the_data_is_left_out() -> None:
    lately = tuple(KnownEvent(each.name, date(2026, 10, 20)) for each in NAMES)
    assert by_metric(lately)["active.dau"][0].question.range.since == date(2026, 10, 21)


def test_what_is_new_counts_from_its_second_day_and_what_goes_wrong_from_the_first_of_all() -> None:
    names = (
        *NAMES,
        KnownEvent("search", date(2026, 11, 1)),
        KnownEvent("sync_failed", date(2026, 11, 20)),
    )
    found = by_metric(names)
    assert found["events.search"][0].question.range.since == date(2026, 11, 2)
    assert found["events.sync_failed"][0].question.range.since == LONG_AGO
    assert found["events.sync_failed"][0].better == "down"


def test_many_events_are_asked_in_few_questions_of_no_more_series_than_may_be() -> None:
    names = (*NAMES, *(KnownEvent(f"event {each}", LONG_AGO) for each in range(60)))
    found = by_metric(names)
    events = [each[0] for metric, each in found.items() if metric.startswith("events.")]
    assert len(events) == 20
    questions = {each.question for each in events}
    assert len(questions) == 4
    assert all(isinstance(each, Trend) and len(each.series) <= 10 for each in questions)


def test_causes_make_no_loops() -> None:
    follows = {each.metric: each.follows for each in watched_metrics(SHOP, NAMES, Setting(NOON))}

    def reaches(metric: str, seen: tuple[str, ...] = ()) -> bool:
        return metric in seen or any(
            reaches(each, (*seen, metric)) for each in follows.get(metric, ())
        )

    assert not any(map(reaches, follows))


def test_of_a_product_without_events_or_steps_what_there_is_is_watched() -> None:
    assert watched_metrics(SHOP, (), Setting(NOON)) == ()
    assert watched_metrics(SHOP, (KnownEvent("play", date(2026, 11, 23)),), Setting(NOON)) == ()
    assert set(by_metric((KnownEvent("play", LONG_AGO),))) == {"active.dau", "events.play"}
