"""What people say is measured, as the office takes it."""

from typing import Any

import pytest

from missioncontrol.application.analytics.product_service import (
    ProductAsked,
    RemovalAsked,
    RemovalFinished,
    SavedAsked,
    SourceAsked,
)
from missioncontrol.domain.cohorts import Panel
from missioncontrol.domain.errors import MissionControlError
from tests.application.analytics.worlds import ACTOR, FUNNEL, World, world
from tests.application.parts import run

QUESTION = {
    "measure": "funnel",
    "product": "shop",
    "range": {"since": "2026-11-17", "until": "2026-11-23"},
    "steps": [{"pattern": {"event": "signup"}}],
}
SEGMENT = {"where": [{"property": "plan", "values": ["team"]}]}
NOW = "2026-11-23T12:00:00Z"


async def ask(made: World, ask: Any) -> dict[str, Any]:
    desk = made.desk
    match ask:
        case ProductAsked():
            return await desk.product(ask, actor=ACTOR)
        case SourceAsked():
            return await desk.source(ask, actor=ACTOR)
        case RemovalAsked():
            return await desk.removal(ask, actor=ACTOR)
        case RemovalFinished():
            return await desk.finished(ask, actor=ACTOR)
    return await desk.saved(ask, actor=ACTOR)


def test_a_key_is_told_once_and_only_its_digest_is_kept() -> None:
    async def check() -> None:
        async with world() as made:
            key = (await ask(made, SourceAsked("add", "shop", "web")))["key"]
            found = await made.shelf.source(key)
            assert found is not None
            assert found.source == "web"
            assert (await made.shelf.find("shop")).sources["web"].name == "web"
            other = (await ask(made, SourceAsked("renew", "shop", "web")))["key"]
            assert await made.shelf.source(key) is None
            assert "key" not in await ask(made, SourceAsked("change", "shop", "web", "Site"))
            await ask(made, SourceAsked("revoke", "shop", "web"))
            assert await made.shelf.source(other) is None
            assert await made.shelf.source("x" * 1_000) is None

    run(check())


def test_ids_of_what_is_saved_are_made_of_its_name() -> None:
    async def check() -> None:
        async with world() as made:
            for name, id_ in (("Team plans, EU", "team-plans-eu"), ("★", "saved")):
                saved = await ask(made, SavedAsked("cohort", "shop", name=name, segment=SEGMENT))
                assert saved["id"] == id_
            names = [each.name for each in await made.shelf.cohorts("shop")]
            assert names == ["Team plans, EU", "★"]
            panels = (Panel("Orders", QUESTION),)
            await ask(made, SavedAsked("dashboard", "shop", name="Daily", panels=panels))
            assert (await made.shelf.dashboard("shop", "daily")).panels == panels
            await ask(made, SavedAsked("remove_dashboard", "shop", "daily"))
            assert await made.shelf.dashboards("shop") == []
            await ask(made, SavedAsked("remove_cohort", "shop", "saved"))
            assert len(await made.shelf.cohorts("shop")) == 1

    run(check())


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (ProductAsked("add", "shop"), "product.exists"),
        (ProductAsked("add", "b", zone="Atlantis"), "analytics.bad_zone"),
        (ProductAsked("measure", "shop", activation=({"pattern": 1},)), "saved.bad_input"),
        (SourceAsked("add", "mission-control", "web"), "product.built_in"),
        (RemovalAsked("forgotten", "shop", "forgetting-1"), "product.no_forgetting"),
        (RemovalAsked("forget", "shop", "forgetting-of-ann"), "product.bad_input"),
        (RemovalFinished("shop", "forgetting-1", 1, 1), "permission.undeclared"),
        (RemovalAsked("clear", "none"), "product.unknown"),
        (SavedAsked("cohort", "none", name="A", segment=SEGMENT), "product.unknown"),
        (SavedAsked("cohort", "shop", name="A"), "saved.bad_input"),
        (SavedAsked("cohort", "shop", name="A", segment={"where": 1}), "saved.bad_input"),
        (SavedAsked("cohort", "shop", name="A", segment={"cohorts": ["b"]}), "saved.bad_input"),
        (SavedAsked("cohort", "shop", name="A", question=QUESTION), "saved.bad_input"),
        (
            SavedAsked("cohort", "shop", name="A", question=QUESTION, as_of="2026-11-23"),
            "saved.bad_input",
        ),
        (
            SavedAsked("dashboard", "shop", name="A", panels=(Panel("B", {"measure": "x"}),)),
            "saved.bad_input",
        ),
        (SavedAsked("remove_cohort", "shop", "none"), "cohort.unknown"),
        (SavedAsked("remove_dashboard", "shop", "none"), "dashboard.unknown"),
    ],
)
def test_what_does_not_fit_is_refused(asked: Any, code: str) -> None:
    async def check() -> None:
        async with world() as made:
            with pytest.raises(MissionControlError) as no:
                await ask(made, asked)
            assert no.value.code == code

    run(check())


def test_readers_are_told_what_is_not_there() -> None:
    async def check() -> None:
        async with world() as made:
            assert [each.slug for each in await made.shelf.all()] == ["shop", "mission-control"]
            for missing in (
                made.shelf.find("none"),
                made.shelf.cohorts("none"),
                made.shelf.cohort("shop", "none"),
                made.shelf.dashboard("shop", "none"),
            ):
                with pytest.raises(MissionControlError):
                    await missing
            assert FUNNEL.product == "shop"

    run(check())
