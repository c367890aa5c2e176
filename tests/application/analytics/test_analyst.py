"""Questions are answered once, as long as nothing has happened since."""

import asyncio
from datetime import date, datetime, timedelta

import pytest

from missioncontrol.analytics.answers import FunnelAnswer
from missioncontrol.analytics.calendar import DAYS_MAX
from missioncontrol.analytics.questions import Cell, Range, Segment
from missioncontrol.application.analytics import analyst
from missioncontrol.application.analytics.analyst import AS_OF_SECONDS
from missioncontrol.application.analytics.inspector import Inspector
from missioncontrol.application.analytics.known_events import Events
from missioncontrol.domain.cohorts import SaveCohort, id_of
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.product.commands import AddSource, ChangeExclusions, ChangeProduct
from tests.application.analytics.worlds import FUNNEL, NOON, WEEK, World, event, world
from tests.application.parts import run

ANN, BEN = event("ann", "signup"), event("ben", "signup")
ORDER = event("ann", "order", 1.0)


async def reached(made: World, **changes: object) -> list[int]:
    """Return how many reached each step."""
    question = FUNNEL
    for name, value in changes.items():
        question = type(question)(**{**_fields(question), name: value})  # type: ignore[arg-type]
    answer = await made.analyst.answer(question)
    assert isinstance(answer, FunnelAnswer)
    return [step.reached for step in answer.steps]


def _fields(question: object) -> dict[str, object]:
    return {name: getattr(question, name) for name in question.__struct_fields__}  # type: ignore[attr-defined]


def test_an_answer_names_its_definition_moment_and_position() -> None:
    async def check() -> None:
        async with world((ANN, BEN, ORDER)) as made:
            answer = await made.analyst.answer(FUNNEL)
            assert answer.definition == "funnel 1"
            assert answer.as_of == "2026-11-23T12:00:00Z"
            assert answer.position == made.warehouse.position()
            assert await reached(made) == [2, 1]

    run(check())


def test_the_same_question_is_worked_out_once_until_something_happens() -> None:
    async def check() -> None:
        async with world((ANN, ORDER)) as made:
            first, second = await asyncio.gather(reached(made), reached(made))
            assert first == second == [1, 1]
            assert await reached(made) == first
            assert len(made.warehouse.asked) == 1
            made.keep(BEN)
            assert await reached(made) == [2, 1]
            assert len(made.warehouse.asked) == 2
            made.clock.time += AS_OF_SECONDS
            await reached(made)
            assert len(made.warehouse.asked) == 3

    run(check())


def test_the_people_behind_a_count_are_as_many_as_the_count() -> None:
    async def check() -> None:
        async with world((ANN, BEN, ORDER)) as made:
            answer = await made.analyst.answer(FUNNEL)
            as_of = datetime.fromisoformat(answer.as_of)
            found = await made.analyst.members(FUNNEL, Cell(step=0), as_of=as_of, limit=1)
            assert found.total == 2
            assert len(found.members) == 1
            assert found.cursor
            rest = await made.analyst.members(
                FUNNEL, Cell(step=0), as_of=as_of, limit=1, cursor=found.cursor
            )
            labels = {each.label for each in (*found.members, *rest.members)}
            assert labels == {"ann", "ben"}
            assert rest.cursor is None

    run(check())


def test_what_happened_after_the_moment_that_is_asked_of_does_not_exist() -> None:
    async def check() -> None:
        async with world((ANN, ORDER)) as made:
            then = datetime(2026, 11, 20, 12, 30)  # noqa: DTZ001 - moments are UTC
            answer = await made.analyst.answer(FUNNEL, as_of=then)
            assert isinstance(answer, FunnelAnswer)
            assert [step.reached for step in answer.steps] == [1, 0]
            assert [step.pending for step in answer.steps] == [0, 1]

    run(check())


def test_what_does_not_count_is_left_out_of_every_answer_from_then_on() -> None:
    async def check() -> None:
        inside = event("cy", "signup", source="office")
        tester = event("dee@example.com", "signup")
        bot = event("eve", "signup", is_bot=True)
        async with world((ANN, inside, tester, bot)) as made:
            assert await reached(made) == [3, 0]
            source = AddSource("shop", "office", is_internal=True)
            await made.do(source)
            assert await reached(made) == [2, 0]
            without = ChangeExclusions("shop", people=("*@EXAMPLE.com",), bots=False)
            await made.do(without)
            assert await reached(made) == [2, 0]

    run(check())


def test_a_saved_cohort_is_who_its_segment_means_now() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:
            segment = {"did": [{"pattern": {"event": "order"}}]}
            asked = SaveCohort("shop", id_of("Buyers"), "Buyers", segment=segment)
            cohort = await made.do(asked)
            buyers = Segment(cohorts=(cohort.id,))
            assert await reached(made, segment=buyers) == [0, 0]
            made.keep(ORDER)
            assert await reached(made, segment=buyers) == [1, 1]

    run(check())


def test_a_cohort_of_a_count_stays_who_it_was() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:
            answer = await made.analyst.answer(FUNNEL)
            asked = SaveCohort(
                "shop",
                "then",
                "Then",
                question={"measure": "funnel", **_plain()},
                cell={"step": 0},
                as_of=answer.as_of,
            )
            await made.do(asked)
            then = Segment(cohorts=("then",))
            assert await reached(made, segment=then) == [2, 0]
            made.clock.time += 86_400
            made.keep(event("cy", "signup", 80.0))
            assert await reached(made, segment=then) == [2, 0]

    run(check())


def _plain() -> dict[str, object]:
    steps = [{"pattern": {"event": "signup"}}]
    return {
        "product": "shop",
        "range": {"since": "2026-11-17", "until": "2026-11-23"},
        "steps": steps,
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product": "other"}, "product.unknown"),
        ({"segment": Segment(cohorts=("nobody",))}, "cohort.unknown"),
        ({"range": Range(FUNNEL.range.since, FUNNEL.range.since + timedelta(DAYS_MAX))}, "bad_"),
        ({"steps": ()}, "analytics.bad_"),
    ],
)
def test_what_can_not_be_asked_is_refused_every_time(changes: dict[str, object], code: str) -> None:
    async def check() -> None:
        async with world((ANN,)) as made:
            for _ in range(2):
                with pytest.raises(MissionControlError) as no:
                    await reached(made, **changes)
                assert code in no.value.code

    run(check())


def test_a_product_keeps_its_own_calendar() -> None:
    async def check() -> None:
        async with world() as made:
            change = ChangeProduct("shop", zone="Europe/Zurich", week_starts="sunday")
            await made.do(change)
            setting = await made.analyst.setting("shop")
            assert (setting.zone, setting.week_starts) == ("Europe/Zurich", "sunday")
            assert setting.as_of.timestamp() is not None
            assert made.clock.time == NOON + 3 * 86_400
            bad = ChangeProduct("shop", zone="Atlantis")
            with pytest.raises(Rejected):
                await made.do(bad)
            with pytest.raises(NotFound):
                await made.analyst.setting("other")

    run(check())


def test_the_events_of_a_product_are_looked_up_once_until_something_comes_in() -> None:
    async def check() -> None:
        async with world((event("ann", "visit"), event("ann", "order", 1.0))) as made:
            first, second = await asyncio.gather(*(made.analyst.events("shop") for _ in range(2)))
            assert first is second
            assert first.names == ("order", "visit")
            assert [step.pattern.event for step in first.opening] == ["visit", "order"]
            assert len(made.warehouse.asked) == 2
            made.keep(event("ann", "signup", 2.0))
            later = await made.analyst.events("shop")
            assert ("signup" in later.names, later.opening) == (True, ())

    run(check())


def test_of_a_product_that_has_been_silent_for_long_the_newest_days_are_looked_up() -> None:
    async def check() -> None:
        old = [event("ann", "visit", -2_400.0), event("ann", "order", -2_399.0)]
        older = event("ann", "signup", -2_400.0 - 71 * 24)
        async with world((*old, older)) as made:
            found = await made.analyst.events("shop")
            assert (found.names, found.newest) == (("order", "visit"), date(2026, 8, 12))
            assert [step.pattern.event for step in found.opening] == ["visit", "order"]
            summary = await Inspector(made.analyst, made.clock).summary("shop", WEEK)
            assert summary.verdict.text == "The newest events are of 12 Aug 2026"
            assert await made.analyst.opening("shop") == found.opening
            made.keep(event("ann", "login", 1.0))
            assert (await made.analyst.events("shop")).names == ("login",)
        async with world() as made:
            assert await made.analyst.events("shop") == Events()

    run(check())


def test_a_large_product_is_looked_at_anew_every_few_seconds_and_after_a_change_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(analyst, "LARGE_EVENTS", 2)

    async def check() -> None:
        async with world((ANN, ORDER)) as made:
            assert await reached(made) == [1, 1]
            made.keep(BEN)
            assert await reached(made) == [1, 1]
            made.clock.time += analyst.HELD_SECONDS
            assert await reached(made) == [2, 1]
            made.keep(event("eve", "signup"))
            assert await reached(made) == [2, 1]
            await made.do(ChangeExclusions("shop", people=("ann",)))
            assert await reached(made) == [2, 0]

    run(check())


def test_a_question_about_now_stays_answered_while_others_ask_what_day_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(analyst, "LARGE_EVENTS", 2)

    async def check() -> None:
        async with world((ANN, ORDER)) as made:
            for number in range(5):
                assert await reached(made) == [1, 1]
                made.keep(event(f"late-{number}", "signup"))
                made.clock.time += 1
                await made.analyst.setting("shop")
            assert len(made.warehouse.asked) == 1
            made.clock.time += analyst.HELD_SECONDS
            assert await reached(made) == [6, 1]

    run(check())


def test_a_cohort_of_a_large_product_is_worked_out_anew_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(analyst, "LARGE_EVENTS", 2)

    async def check() -> None:
        async with world((ANN, ORDER)) as made:
            segment = {"did": [{"pattern": {"event": "order"}, "within_days": 30}]}
            asked = SaveCohort("shop", id_of("Buyers"), "Buyers", segment=segment)
            cohort = await made.do(asked)
            buyers = Segment(cohorts=(cohort.id,))
            assert await reached(made, segment=buyers) == [1, 1]
            assert await reached(made, segment=buyers) == [1, 1]
            worked_out = len(made.warehouse.asked)
            for each in (BEN, event("ben", "order", 1.0)):
                made.keep(each)
                assert await reached(made, segment=buyers) == [1, 1]
            assert len(made.warehouse.asked) == worked_out
            made.clock.time += analyst.HELD_SECONDS
            assert await reached(made, segment=buyers) == [2, 2]

    run(check())


def test_what_nobody_waits_for_lets_who_opened_a_page_of_a_large_product_ask_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(analyst, "LARGE_EVENTS", 2)

    async def check() -> None:
        async with world((ANN, ORDER)) as made:
            assert (await made.analyst.opened("shop"), await made.analyst.opened("other")) == (2, 0)
            looking = asyncio.ensure_future(made.analyst.findings("shop"))
            await asyncio.sleep(0.02)
            assert made.warehouse.asked == [], "the page has not asked yet"
            assert await reached(made) == [1, 1]
            assert len(made.warehouse.asked) == 1
            await looking
            assert len(made.warehouse.asked) > 1

    run(check())
