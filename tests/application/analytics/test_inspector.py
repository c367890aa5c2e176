"""The changes of a product: of days that are over, by present state, and by author."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from missioncontrol.analytics.answers import TrendAnswer
from missioncontrol.analytics.detection.pipeline import find_changes
from missioncontrol.analytics.questions import (
    EVERYBODY,
    Did,
    Pattern,
    Range,
    Segment,
    Series,
    Trend,
    Where,
)
from missioncontrol.analytics.scope import NO_BEHAVIORAL_CHANGES
from missioncontrol.analytics.summary import Summary
from missioncontrol.application.analytics import inspector as inspector_module
from missioncontrol.application.analytics.alerts import WATCHER
from missioncontrol.application.analytics.digests import DigestService, DigestTaken
from missioncontrol.application.analytics.inspector import Inspector
from missioncontrol.application.analytics.views import kpis
from missioncontrol.application.authority import NotPermitted
from missioncontrol.domain.cohorts import SaveCohort
from missioncontrol.domain.digest import DigestWritten, Passage, Written
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.product.commands import ChangeKeyMeasures, ChangeProduct
from missioncontrol.ports.warehouse import Captured
from tests.application.analytics.worlds import ACTOR, FUNNEL, World, event, world
from tests.application.parts import run

TODAY = date(2026, 11, 23)
DAYS = Range(date(2026, 11, 17), TODAY)
EVENTS = (event("ann", "signup"), event("ben", "signup", properties={"plan": "team"}))
LATE = event("cid", "signup", 66.0)  # today


def inspector(made: World) -> Inspector:
    return Inspector(made.analyst, made.clock)


def test_a_summary_is_of_days_that_are_over_and_says_so() -> None:
    async def check() -> None:
        async with world((*EVENTS, LATE)) as made:
            summary = await inspector(made).summary("shop", DAYS)
            assert summary.as_of == "2026-11-23T00:00:00Z"
            assert summary.updated == "2026-11-23T12:00:00Z"
            assert summary.scope == (
                "Key figures between 17 and 22 Nov; changes up to 22 Nov, on days that are over. "
                "There is data since 20 Nov 2026, so nothing is compared with the days before."
            )
            assert summary.written_by == summary.not_written == ""
            today = await inspector(made).summary("shop", Range(TODAY, TODAY))
            assert today.scope.startswith("No day of these is over yet")
            with pytest.raises(Rejected):
                await inspector(made).summary("shop", Range(date(1, 1, 1), date(1, 1, 2)))
            assert today.verdict.text == "No day of these is over yet"

    run(check())


def test_figures_are_compared_only_with_days_that_are_in_the_data() -> None:
    async def check() -> None:
        flag = event("ann", "$feature_flag_called", 48.0)
        old = event("old", "signup", -168.0)  # in the week before, on its first day
        for events, is_within in (((*EVENTS, flag), False), ((*EVENTS, flag, old), True)):
            async with world(events) as made:
                days = Range(date(2026, 11, 20), date(2026, 11, 22))
                figures = {each.key: each for each in await kpis(made.analyst, "shop", days)}
                assert figures["dau"].value == 0, "a flag that is asked for makes nobody active"
                assert (figures["activated_users"].before is not None) is is_within
                assert (figures["dau"].data_since == "") is is_within
                series = (Series(Pattern("signup")),)
                asked = Trend(product="shop", range=days, series=series, compared=True)
                answer = await made.analyst.answer(asked)
                assert isinstance(answer, TrendAnswer)
                assert bool(answer.lines[0].before) is is_within
                assert (answer.data_since == "") is is_within

    run(check())


def test_a_past_range_is_told_by_its_own_days() -> None:
    async def check() -> None:
        async with world(EVENTS) as made:
            past = Range(date(2026, 11, 2), date(2026, 11, 8))
            summary = await inspector(made).summary("shop", past)
            assert summary.verdict.text == "Nothing was counted on these days"
            assert "yet" not in summary.scope

    run(check())


def test_it_is_of_the_segment_and_the_range_that_are_asked_for() -> None:
    async def check() -> None:
        async with world(EVENTS) as made:
            team = Segment((Where("plan", "is", ("team",)),))
            own = inspector(made)
            both, one = await own.summary("shop", DAYS), await own.summary("shop", DAYS, team)
            assert both.facts != one.facts
            assert "of the segment alone (plan is team)" in one.scope
            before = await own.found("shop", EVERYBODY, date(2026, 11, 18))
            assert before.as_of == datetime(2026, 11, 19, tzinfo=UTC).replace(tzinfo=None)

    run(check())


def test_who_is_chosen_by_what_they_did_has_not_stopped_doing_it() -> None:
    """Ten people order once each day: those who did not lately are no fall of orders."""

    async def check() -> None:
        async with world(daily("order")) as made:
            own = inspector(made)
            silent = Segment(did=(Did(Pattern("order"), 1, 28, negated=True),))
            summary = await own.summary("shop", DAYS, silent)
            assert not [each for each in summary.changed if each.metric]
            assert "(people who did not do order in 28 days)" in summary.scope
            assert summary.scope.endswith(NO_BEHAVIORAL_CHANGES)
            assert "stands out" not in summary.verdict.text
            setting = await made.analyst.setting("shop")
            product = await made.analyst.products.find("shop")
            ask, rows = made.analyst.answer, made.analyst.rows
            wrong = await find_changes(product, setting, ask, rows, segment=silent, is_sliced=False)
            assert wrong, "why nobody looks: the condition itself would be told as a fall"

    run(check())


def daily(name: str) -> tuple[Captured, ...]:
    """Return what ten people a day did once each, on each of 75 days."""
    return tuple(
        event(f"p{day}-{each}", name, 24.0 * (day - 70), properties={"n": each})
        for day in range(75)
        for each in range(10)
    )


ORDERED = {"pattern": {"event": "order"}, "at_least": 1, "days": 28}
BEHIND = {"question": msgspec.to_builtins(FUNNEL), "cell": {"step": 0}}


@pytest.mark.parametrize(
    ("fields", "is_looked_for"),
    [
        ({"segment": {"did": [{**ORDERED, "negated": True}]}}, False),
        ({**BEHIND, "as_of": "2026-11-20T00:00:00Z"}, False),
        ({**BEHIND, "as_of": "2026-09-01T00:00:00Z"}, True),
        ({"segment": {"where": [{"property": "n", "values": ["1"]}]}}, True),
    ],
)
def test_a_saved_cohort_of_what_people_did_is_told_like_the_deed(
    fields: dict[str, Any], is_looked_for: bool
) -> None:
    async def check() -> None:
        async with world(daily("order")) as made:
            asked = SaveCohort("shop", "some", "Some", **fields)
            await made.do(asked)
            some = Segment(cohorts=("some",))
            summary = await inspector(made).summary("shop", DAYS, some)
            assert summary.is_looked_for is is_looked_for
            assert summary.scope.endswith(NO_BEHAVIORAL_CHANGES) is not is_looked_for
            if not is_looked_for:
                assert not [each for each in summary.changed if each.metric]
                assert "stands out" not in summary.verdict.text
                assert not await made.analyst.findings("shop", some)

    run(check())


def test_a_cohort_that_is_saved_anew_is_looked_at_anew() -> None:
    async def check() -> None:
        async with world(daily("order")) as made:
            own, some = inspector(made), Segment(cohorts=("some",))
            everybody = {"where": [{"property": "n", "operator": "set"}]}
            for segment in (everybody, {"did": [{**ORDERED, "negated": True}]}):
                asked = SaveCohort("shop", "some", "Some", segment=segment)
                await made.do(asked)
                made.clock.time += 1.0
                assert (await own.found("shop", some)).at == made.clock.time

    run(check())


def test_where_nobody_began_the_summary_says_what_never_came() -> None:
    async def check() -> None:
        opened = msgspec.structs.replace(event("ann", "opened"), person=b'{"plan":"pro"}')
        async with world((opened, event("ann", "saved", 1.0))) as made:
            own = inspector(made)

            async def verdict(*where: Where) -> str:
                return (await own.summary("shop", DAYS, Segment(where))).verdict.text

            async def hint(*where: Where) -> str:
                return (await own.summary("shop", DAYS, Segment(where))).hint

            never = "No step of the activation funnel came in the newest 70 days of events"
            assert await hint() == f"{never}; choose from opened, saved"
            assert (await verdict()).startswith("Nothing stands out: WAU 1")
            plan = Where("plan", "is", ("pro",))
            assert await hint(plan) == "People do: ask for person.plan=pro"
            assert await verdict(plan) == "No event has plan=pro"
            assert await verdict(Where("size", "set")) == "No event has size?"
            pro = Where("plan", "is", ("pro",), "person")
            assert (await verdict(pro)).startswith("No activation started: WAU 1")

    run(check())


def test_what_was_found_is_told_again_until_something_comes_in_or_what_counts_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Both limits depend on the time that an inspection takes, which a busy machine makes long.
    monkeypatch.setattr(inspector_module, "WAIT_SECONDS_MAX", 600.0)
    monkeypatch.setattr(inspector_module, "REST_FACTOR", 0.0)

    async def check() -> None:
        async with world(EVENTS) as made:
            own = inspector(made)
            first = await own.found("shop")
            assert await own.found("shop") is first
            made.clock.time += 60.0
            assert await own.found("shop") is first  # Nothing has come in.
            made.keep(LATE)
            again = await own.found("shop")
            assert again.position > first.position
            await made.do(ChangeProduct("shop", zone="Asia/Tokyo"))
            elsewhere = await own.found("shop")
            assert elsewhere.as_of != again.as_of
            measured = ChangeKeyMeasures("shop", active="signup")
            await made.do(measured)
            assert await own.found("shop") is not elsewhere

    run(check())


def test_who_is_not_patient_gets_the_figures_at_once_and_the_rest_when_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspector_module, "WAIT_SECONDS_MAX", 0.01)

    async def check() -> None:
        async with world(EVENTS) as made:
            own, gate, found = inspector(made), asyncio.Event(), made.analyst.findings

            async def slow(*asked: Any, **more: Any) -> Any:
                await gate.wait()
                return await found(*asked, **more)

            monkeypatch.setattr(made.analyst, "findings", slow)
            soon = await own.summary("shop", DAYS, waits=False)
            assert (soon.is_looking, soon.updated) == (True, "")
            assert soon.verdict.text.startswith("Key figures alone: "), "nobody has looked yet"
            assert soon.as_of == "2026-11-23T00:00:00Z"
            gate.set()
            later = await own.summary("shop", DAYS)
            assert not later.is_looking
            assert later.changed == soon.changed  # The key figures of both are the same.
            gate.clear()
            made.clock.time += 86_400.0
            summary = await own.known("shop")
            assert summary is not None
            assert summary.as_of.date() == TODAY, "of the day before, until today's is there"
            assert await own.known("shop", EVERYBODY, date(2026, 11, 18)) is None
            assert await own.at_hand("shop") == summary
            monkeypatch.setattr(inspector_module, "WAIT_SECONDS_MAX", 60.0)
            assert await own.at_hand("shop", EVERYBODY, date(2026, 11, 18)) is None, "at once"
            gate.set()
            assert (await own.found("shop")).as_of.date() > TODAY

    run(check())


def test_what_took_long_is_known_again_when_a_console_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inspector_module, "WAIT_SECONDS_MAX", -1.0)  # Everything takes longer.

    async def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("it is looked for again")

    async def check() -> None:
        async with world(EVENTS) as made:
            first = await inspector(made).found("shop")
            position = made.warehouse.position()
            with monkeypatch.context() as meanwhile:
                meanwhile.setattr(made.analyst, "findings", never)
                assert await inspector(made).found("shop") == first
                assert made.warehouse.position() == position, "to keep it is no change"
            made.warehouse.keep_note("shop", "findings", '{"settings": 1}')
            assert await inspector(made).found("shop") == msgspec.structs.replace(
                first, took=(await inspector(made).found("shop")).took
            )
            measured = ChangeKeyMeasures("shop", active="signup")
            await made.do(measured)
            monkeypatch.setattr(made.analyst, "findings", never)
            with pytest.raises(AssertionError, match="again"):
                await inspector(made).found("shop")

    run(check())


def digest(summary: Summary, **changes: Any) -> DigestWritten:
    known: dict[str, Any] = {"facts": summary.facts, "text": "# Shop", "written_by": "model-1"}
    about = ("shop", "run-1", "2026-11-17", "2026-11-23")
    return DigestWritten(*about, **{**known, **changes})


def in_words(summary: Summary, headline: str) -> Written:
    """Return the same lines in the same words, but for the headline."""
    parts = {
        name: tuple(
            Passage(point.text.replace("\u2009", ","), (f"{name}-{number}",))
            for number, point in enumerate(getattr(summary, name), start=1)
        )
        for name in ("changed", "matters", "actions", "questions")
    }
    return Written(Passage(headline, ("headline",)), **parts)


def test_the_words_of_a_model_are_told_as_long_as_the_facts_are_the_same() -> None:
    async def check() -> None:
        async with world(EVENTS) as made:
            own, desk = inspector(made), DigestService(made.journal, made.desk.refuse_unknown)
            plain = await own.summary("shop", DAYS)
            headline = "A calm day: " + plain.verdict.text.partition(": ")[2]
            words = in_words(plain, headline)
            await desk.take(DigestTaken(digest(plain, written=words)), actor=WATCHER)
            worded = await own.summary("shop", DAYS)
            assert (worded.verdict.text, worded.written_by) == (headline, "model-1")
            assert worded.facts == plain.facts
            other = await own.summary("shop", Range(date(2026, 11, 18), TODAY))
            assert other.written_by == ""
            steps = enumerate(("signup", "onboarding_complete", "first_key_action"), start=1)
            made.keep(*(event("dan", name, float(hour)) for hour, name in steps))  # They come late.
            made.clock.time += 60.0
            assert (await own.summary("shop", DAYS)).written_by == ""

    run(check())


def test_words_that_do_not_hold_are_not_told_whoever_kept_them() -> None:
    async def check() -> None:
        async with world(EVENTS) as made:
            own, desk = inspector(made), DigestService(made.journal, made.desk.refuse_unknown)
            plain = await own.summary("shop", DAYS)
            wrong = digest(plain, written=in_words(plain, "5 people came."), reason="")
            await desk.take(DigestTaken(wrong), actor=WATCHER)
            assert await own.summary("shop", DAYS) == plain
            refused = digest(plain, written_by="", reason="model.late: It took too long.")
            await desk.take(DigestTaken(refused), actor=WATCHER)
            later = await own.summary("shop", DAYS)
            assert later.not_written == "model.late: It took too long."
            assert msgspec.structs.replace(later, not_written="") == plain

    run(check())


def test_only_a_run_hands_a_digest_in_and_of_a_product_that_there_is() -> None:
    async def check() -> None:
        async with world() as made:
            desk = DigestService(made.journal, made.desk.refuse_unknown)
            command = DigestTaken(DigestWritten("shop", "run-1", "", "", "f", "text"))
            with pytest.raises(NotPermitted):
                await desk.take(command, actor=ACTOR)
            elsewhere = msgspec.structs.replace(command.digest, product="none")
            with pytest.raises(NotFound):
                await desk.take(DigestTaken(elsewhere), actor=WATCHER)

    run(check())


def test_the_days_before_are_as_many_days_ago_by_the_clock_of_the_product() -> None:
    async def check() -> None:
        async with world() as made:
            zurich = ChangeProduct("shop", zone="Europe/Zurich")
            await made.do(zurich)
            made.clock.time = datetime(2026, 10, 28, 11, tzinfo=UTC).timestamp()
            days = Range(date(2026, 10, 22), date(2026, 10, 28))  # Clocks changed on the 25th.
            figures = await kpis(made.analyst, "shop", days)
            assert figures[0].as_of_before == "2026-10-21T10:00:00Z"

    run(check())
