"""What people say is measured, as the office takes it."""

from typing import Any

import pytest

from missioncontrol.domain.cohorts import (
    Panel,
    RemoveCohort,
    RemoveDashboard,
    SaveCohort,
    SaveDashboard,
    id_of,
)
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.product.commands import (
    AddProduct,
    AddSource,
    ChangeSource,
    ClearEvents,
    ConfirmForgotten,
    FinishRemoval,
    RenewSourceKey,
    RevokeSource,
)
from missioncontrol.operations.product import BEGIN_FORGETTING, MEASURE, AnyOperation
from tests.application.analytics.worlds import FUNNEL, world
from tests.application.parts import run

QUESTION = {
    "measure": "funnel",
    "product": "shop",
    "range": {"since": "2026-11-17", "until": "2026-11-23"},
    "steps": [{"pattern": {"event": "signup"}}],
}
SEGMENT = {"where": [{"property": "plan", "values": ["team"]}]}
NOW = "2026-11-23T12:00:00Z"


def test_a_key_is_told_once_and_only_its_digest_is_kept() -> None:
    async def check() -> None:
        async with world() as made:
            key = (await made.do(AddSource("shop", "web"))).key
            found = await made.shelf.source(key)
            assert found is not None
            assert found.source == "web"
            assert (await made.shelf.find("shop")).sources["web"].name == "web"
            other = (await made.do(RenewSourceKey("shop", "web"))).key
            assert await made.shelf.source(key) is None
            await made.do(ChangeSource("shop", "web", "Site"))
            await made.do(RevokeSource("shop", "web"))
            assert await made.shelf.source(other) is None
            assert await made.shelf.source("x" * 1_000) is None

    run(check())


def test_ids_of_what_is_saved_are_made_of_its_name() -> None:
    async def check() -> None:
        async with world() as made:
            for name, id_ in (("Team plans, EU", "team-plans-eu"), ("★", "saved")):
                saved = await made.do(SaveCohort("shop", id_of(name), name, segment=SEGMENT))
                assert saved.id == id_
            names = [each.name for each in await made.shelf.cohorts("shop")]
            assert names == ["Team plans, EU", "★"]
            panels = (Panel("Orders", QUESTION),)
            await made.do(SaveDashboard("shop", id_of("Daily"), "Daily", panels=panels))
            assert (await made.shelf.dashboard("shop", "daily")).panels == panels
            await made.do(RemoveDashboard("shop", "daily"))
            assert await made.shelf.dashboards("shop") == []
            await made.do(RemoveCohort("shop", "saved"))
            assert len(await made.shelf.cohorts("shop")) == 1

    run(check())


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (AddProduct("shop"), "product.exists"),
        (AddProduct("b", zone="Atlantis"), "analytics.bad_zone"),
        (AddSource("mission-control", "web"), "product.built_in"),
        (ConfirmForgotten("shop", "forgetting-1", 1, 1), "product.no_forgetting"),
        (FinishRemoval("shop", "forgetting-1", 1, 1), "permission.undeclared"),
        (ClearEvents("none"), "product.unknown"),
        (SaveCohort("none", id_of("A"), "A", segment=SEGMENT), "product.unknown"),
        (SaveCohort("shop", id_of("A"), "A"), "saved.bad_input"),
        (SaveCohort("shop", id_of("A"), "A", segment={"where": 1}), "saved.bad_input"),
        (SaveCohort("shop", id_of("A"), "A", segment={"cohorts": ["b"]}), "saved.bad_input"),
        (SaveCohort("shop", id_of("A"), "A", question=QUESTION), "saved.bad_input"),
        (
            SaveCohort("shop", id_of("A"), "A", question=QUESTION, as_of="2026-11-23"),
            "saved.bad_input",
        ),
        (
            SaveDashboard("shop", id_of("A"), "A", panels=(Panel("B", {"measure": "x"}),)),
            "saved.bad_input",
        ),
        (RemoveCohort("shop", "none"), "cohort.unknown"),
        (RemoveDashboard("shop", "none"), "dashboard.unknown"),
    ],
)
def test_what_does_not_fit_is_refused(asked: Any, code: str) -> None:
    async def check() -> None:
        async with world() as made:
            with pytest.raises(MissionControlError) as no:
                await made.do(asked)
            assert no.value.code == code

    run(check())


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        (BEGIN_FORGETTING, {"forgetting": "forgetting-of-ann"}),
        (MEASURE, {"activation": [{"pattern": 1}]}),
    ],
)
def test_what_is_malformed_is_refused_before_it_is_asked(
    operation: AnyOperation, given: dict[str, Any]
) -> None:
    with pytest.raises(Rejected) as no:
        operation.build("shop", given)
    assert no.value.code == "control.malformed"
    assert "ann" not in no.value.reason


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
