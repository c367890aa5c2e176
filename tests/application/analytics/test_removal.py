"""People and events are removed, and the log says that they were."""

from datetime import datetime
from typing import Any

import pytest

from missioncontrol.application.analytics.alerts import (
    WATCHER,
    AlertAsked,
    AlertReader,
    AlertService,
    FindingsTaken,
)
from missioncontrol.application.analytics.container import AnalyticsContainer
from missioncontrol.application.analytics.digests import DigestService, DigestTaken
from missioncontrol.application.analytics.product_service import new_removal_id
from missioncontrol.application.analytics.products import source_of
from missioncontrol.application.analytics.removal import clear, finish, forget
from missioncontrol.application.analytics.views import kpis, product_view
from missioncontrol.domain.alert import Reading
from missioncontrol.domain.cohorts import Panel, SaveCohort, SaveDashboard, id_of
from missioncontrol.domain.digest import DigestWritten
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.product.commands import (
    AddProduct,
    AddSource,
    BeginForgetting,
    ChangeExclusions,
    ClearEvents,
    ConfirmForgotten,
    FinishRemoval,
    RemovalCommand,
    RevokeSource,
)
from missioncontrol.domain.product.events import (
    EventsCleared,
    ForgettingBegun,
    PersonForgotten,
    ProductAdded,
)
from missioncontrol.domain.register import decode
from tests.application.analytics.worlds import ACTOR, DAY, WEEK, World, event, world
from tests.application.parts import run

ANN = event("ann@example.com", "signup")
BEN = event("ben", "signup")


async def told(made: World) -> list[Any]:
    """Return the log."""
    await made.journal.commit()
    rows = await made.journal.store.read(after=0, limit=1_000)
    assert not any(b"ann" in row.body for row in rows)
    return [decode(row.type, row.schema, row.body) for row in rows]


def test_a_removal_is_written_down_before_and_after_without_a_name() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:

            async def tell(ask: RemovalCommand) -> Any:
                return await made.do(ask)

            gone = await forget(made.analyst, "shop", "ann@example.com", tell, reason="asked")
            assert (gone.events, gone.ids) == (1, 1)
            added, begun, done = await told(made)
            assert isinstance(added, ProductAdded)
            assert isinstance(begun, ForgettingBegun)
            assert (begun.forgetting, begun.reason) == (gone.forgetting, "asked")
            assert done == PersonForgotten("shop", gone.forgetting, 1, 1)

            with pytest.raises(NotFound):
                await forget(made.analyst, "shop", "nobody", tell)
            assert (await made.shelf.find("shop")).forgetting == ()
            assert (await made.shelf.find("shop")).forgotten == 1

            with pytest.raises(NotFound):
                await forget(made.analyst, "none", "ben", tell)
            assert (await clear(made.analyst, "shop", tell, reason="anew")).events == 1
            assert (await told(made))[-1] == EventsCleared("shop", "anew")

    run(check())


def test_a_product_is_told_without_the_digests_of_its_keys_and_with_its_figures() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:
            await made.do(AddSource("shop", "web"))
            product = await made.shelf.find("shop")
            source_of(product, "web")
            with pytest.raises(NotFound):
                source_of(product, "none")
            view = product_view(product)
            assert [each.id for each in view.sources] == ["web"]
            assert not hasattr(view.sources[0], "digest")
            found = {each.key: each for each in await kpis(made.analyst, "shop", WEEK)}
            assert found["activated_users"].value == 0
            assert found["activated_users"].before is None  # There is no data of the days before.
            alone = await kpis(made.analyst, "shop", WEEK, compared=False)
            assert {each.before for each in alone} == {None}

    run(check())


def test_it_is_confirmed_once_no_file_holds_a_word_of_theirs() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:
            done: list[Any] = []

            async def tell(ask: RemovalCommand) -> Any:
                done.append(type(ask))
                return await made.do(ask)

            def tidy(now: datetime) -> int:
                done.append("tidy")
                assert now.timestamp() == made.clock.now()
                return 0

            made.warehouse.tidy = tidy  # type: ignore[method-assign]
            await forget(made.analyst, "shop", "ann@example.com", tell)
            await clear(made.analyst, "shop", tell)
            assert done == [BeginForgetting, "tidy", ConfirmForgotten, ClearEvents, "tidy"]

    run(check())


def test_what_broke_off_is_finished_and_the_log_says_it_once() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:
            house = AnalyticsContainer(made.shelf, made.clock, lambda: made.warehouse, lambda: True)

            async def finished(ask: Any) -> Any:
                done = FinishRemoval(ask.product, ask.forgetting, ask.events, ask.ids)
                return await made.desk.finish(done, actor=WATCHER)

            async def broken(ask: RemovalCommand) -> Any:
                if isinstance(ask, ConfirmForgotten):
                    raise Unavailable("engine.gone", "It was killed.")
                return await made.do(ask)

            with pytest.raises(Unavailable):
                await forget(made.analyst, "shop", "ann@example.com", broken)
            # An earlier release began one as well, without a record of whom it meant.
            await made.do(BeginForgetting("shop", new_removal_id()))
            assert len((await made.shelf.find("shop")).forgetting) == 2

            await house.tidy()
            assert len((await made.shelf.find("shop")).forgetting) == 2
            house.submit_removal = broken
            await house.tidy()
            assert len((await made.shelf.find("shop")).forgetting) == 2
            house.submit_removal = finished
            stale = await made.shelf.find("shop")
            await house.tidy()
            await house.tidy()
            await finish(made.analyst, stale, finished)
            shop = await made.shelf.find("shop")
            assert (shop.forgetting, shop.forgotten) == ((), 1)
            done = [each for each in await told(made) if isinstance(each, PersonForgotten)]
            assert [(each.events, each.ids) for each in done] == [(1, 1), (0, 0)]
            house.close()

    run(check())


def test_what_the_office_refuses_is_not_kept_in_mind() -> None:
    async def check() -> None:
        async with world((ANN,)) as made:
            names: list[str] = []

            async def refused(ask: Any) -> Any:
                names.append(ask.forgetting)
                raise Rejected("permission.missing", "You may not.")

            async def lost(ask: Any) -> Any:
                names.append(ask.forgetting)
                raise Unavailable("engine.gone", "It may have been written down.")

            for tell, error in ((refused, Rejected), (lost, Unavailable)):
                with pytest.raises(error):
                    await forget(made.analyst, "shop", "ann@example.com", tell)
            assert made.warehouse.resume("shop", names[0]) is None
            assert made.warehouse.resume("shop", names[1]) is not None

    run(check())


@pytest.mark.parametrize("reason", ["ann@example.com asked", "Asked by ANN@example.com."])
def test_a_reason_does_not_say_who_is_forgotten(reason: str) -> None:
    async def check() -> None:
        async with world((ANN, event("7", "signup"))) as made:

            async def tell(ask: RemovalCommand) -> Any:
                return await made.do(ask)

            for person, text in (("ann@example.com", reason), ("7", "User 7, by mail")):
                with pytest.raises(Rejected) as no:
                    await forget(made.analyst, "shop", person, tell, reason=text)
                assert no.value.code == "analytics.names_person"
            with pytest.raises(Rejected):
                await clear(made.analyst, "shop", tell, reason=reason)
            assert len(await told(made)) == 1
            assert (await forget(made.analyst, "shop", "7", tell, reason="Case 17.")).events == 1

    run(check())


def test_who_forgets_is_told_what_is_saved_with_an_id_of_theirs() -> None:
    async def check() -> None:
        async with world((ANN, BEN)) as made:
            await made.do(ChangeExclusions("shop", people=("BEN",)))
            where = {"of": "person", "property": "nick", "operator": "is", "values": ["ben"]}
            for name, segment in (("Bens", [where]), ("All", [])):
                saved = SaveCohort("shop", id_of(name), name, segment={"where": segment})
                await made.do(saved)

            async def tell(ask: RemovalCommand) -> Any:
                return await made.do(ask)

            gone = await forget(made.analyst, "shop", "ben", tell)
            assert gone.named_in == ("exclusions", "cohort bens")
            assert (await forget(made.analyst, "shop", "ann@example.com", tell)).named_in == ()

    run(check())


RANGE = {"since": "2026-11-17", "until": "2026-11-23"}


def condition(value: str) -> dict[str, Any]:
    where = {"of": "person", "property": "number", "operator": "is", "values": [value]}
    return {"where": [where]}


@pytest.mark.parametrize(
    ("person", "value"),
    [
        ("qa-7", "QA-7"),
        ("4711", "4711"),
        ("7", "7"),
        ("0198a3f0-4c1e-7b52-9d1a-2f6b8c3e4d50", "0198A3F0-4C1E-7B52-9D1A-2F6B8C3E4D50"),
        ("zoë", "ZOË"),
        ("auth0|5f7c8ec7c33c6c004bbafe82", "id=auth0|5f7c8ec7c33c6c004bbafe82"),
        ("cus_9s6XKzkNRiz8i3", "cus_9s6XKzkNRiz8i3,cus_other"),
    ],
)
def test_an_id_of_any_form_is_found_in_whatever_is_saved(person: str, value: str) -> None:
    async def check() -> None:
        async with world((event(person, "signup"), event("other", "signup"))) as made:
            segment = condition(value)
            question = {"measure": "active", "product": "shop", "range": RANGE, "segment": segment}
            asks: list[Any] = [
                SaveCohort("shop", id_of("One"), "One", segment=segment),
                SaveDashboard("shop", id_of("Two"), "Two", panels=(Panel("Who", question),)),
                SaveCohort("shop", id_of("None"), "None", segment=condition("somebody else")),
            ]
            for ask in asks:
                await made.do(ask)
            excluded = ChangeExclusions("shop", properties=(("id", value),))
            await made.do(excluded)

            async def tell(ask: RemovalCommand) -> Any:
                return await made.do(ask)

            found = (await forget(made.analyst, "shop", person, tell)).named_in
            assert found == ("exclusions", "cohort one", "dashboard two")
            assert (await forget(made.analyst, "shop", "other", tell)).named_in == ()

    run(check())


def test_an_id_is_found_among_the_words_of_names_and_notes() -> None:
    async def check() -> None:
        async with world((event("qa-7", "signup"), event("7", "signup"))) as made:
            someone = condition("somebody")
            asks: list[Any] = [
                SaveCohort("shop", id_of("Friends of qa-7"), "Friends of qa-7", segment=someone),
                SaveCohort("shop", id_of("Week 7 of qa-77"), "Week 7 of qa-77", segment=someone),
                SaveCohort(
                    "shop", id_of("More"), "More", note="As (QA-7) has it.", segment=someone
                ),
            ]
            for ask in asks:
                await made.do(ask)
            await made.do(AddSource("shop", "qa-7", "Test"))

            async def tell(ask: RemovalCommand) -> Any:
                return await made.do(ask)

            found = (await forget(made.analyst, "shop", "qa-7", tell)).named_in
            assert found == ("source qa-7", "cohort friends-of-qa-7", "cohort more")
            assert (await forget(made.analyst, "shop", "7", tell)).named_in == ()

    run(check())


MAIL = "ann@example.com"
WHERE = {"of": "person", "property": "mail", "operator": "is", "values": [MAIL]}
QUESTION = {"type": "active", "product": "shop", "segment": {"where": [WHERE]}}


@pytest.mark.parametrize(
    "ask",
    [
        ChangeExclusions("shop", people=(MAIL,)),
        ChangeExclusions("shop", properties=(("mail", MAIL),)),
        RevokeSource("shop", "web", reason=f"{MAIL} left"),
        SaveCohort("shop", id_of("Ann"), "Ann", segment={"where": [WHERE]}),
        SaveCohort("shop", id_of("Ann"), "Ann", note=f"asked by {MAIL}"),
        SaveDashboard("shop", id_of("Ann"), "Ann", panels=(Panel("Ann", QUESTION),)),
    ],
)
def test_no_address_of_anybody_comes_into_the_log(ask: Any) -> None:
    async def check() -> None:
        async with world() as made:
            with pytest.raises(Rejected) as no:
                await made.do(ask)
            assert no.value.code == "analytics.names_person"
            assert MAIL not in str(no.value.reason)
            pattern = ChangeExclusions("shop", people=("*@example.com", "qa-7"))
            await made.do(pattern)

    run(check())


def reading(text: str) -> Reading:
    """Return what is known of a change, with a slice that is called so."""
    return Reading(
        metric="events.error",
        title="Errors",
        unit="events",
        severity="warning",
        since=DAY,
        until=DAY,
        is_ongoing=True,
        is_down=False,
        is_good=False,
        observed=9.0,
        expected=3.0,
        low=2.0,
        high=4.0,
        impact=2.0,
        text="Errors rose.",
        figures=(),
        slices=(text,),
        question={},
        definition="anomalies 1",
        as_of="2026-11-23T00:00:00Z",
    )


def test_who_forgets_is_told_what_the_log_keeps_with_an_id_of_theirs() -> None:
    async def check() -> None:
        async with world((event("qa_7", "signup"), event("other", "signup"))) as made:
            alerts = AlertService(made.journal, made.desk.refuse_unknown)
            digests = DigestService(made.journal, made.desk.refuse_unknown)
            written = DigestWritten(
                "shop", "r-digest", "2026-11-01", "2026-11-07", "f" * 64, "# Shop: qa\\_7 rose"
            )
            await made.do(AddSource("shop", "app", "App"))
            revoked = RevokeSource("shop", "app", reason="QA_7 had the key")
            await made.do(revoked)
            await alerts.take(FindingsTaken("shop", (reading("qa_7"),)), actor=WATCHER)
            [alert] = await AlertReader(made.find).all("shop")
            noted = AlertAsked("acknowledge", "shop", alert.id, note="it is qa_7 alone")
            await alerts.take(noted, actor=ACTOR)
            await digests.take(DigestTaken(written), actor=WATCHER)
            for people in (("qa_7",), ()):  # It was removed again, and stays in the log.
                await made.do(ChangeExclusions("shop", people=people))
            await made.do(AddProduct("blog", name="Of qa_7"))

            async def tell(ask: RemovalCommand) -> Any:
                return await made.do(ask)

            gone = await forget(made.analyst, "shop", "qa_7", tell)
            assert (gone.events, gone.named_in) == (1, ())
            assert gone.in_log == (
                "source_revoked of 2026-11-23",
                "product_exclusions_changed of 2026-11-23",
                "alert_opened of 2026-11-23",
                "alert_acknowledged of 2026-11-23",
                "digest_written of 2026-11-23, with digest.md and digest.json of run r-digest",
            )
            assert (await forget(made.analyst, "shop", "other", tell)).in_log == ()

    run(check())
