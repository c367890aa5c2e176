"""Products, their sources, what counts, and who was forgotten."""

from typing import Any

import pytest

from missioncontrol.domain.errors import Corrupt, MissionControlError
from missioncontrol.domain.product.commands import (
    AddProduct,
    AddSource,
    BeginForgetting,
    ChangeExclusions,
    ChangeKeyMeasures,
    ChangeLimits,
    ChangeProduct,
    ChangeSource,
    ClearEvents,
    ConfirmForgotten,
    ProductCommand,
    RenewSourceKey,
    RevokeSource,
)
from missioncontrol.domain.product.decide import (
    FORGETTING_MAX,
    PRODUCTS_MAX,
    SOURCES_MAX,
    decide,
)
from missioncontrol.domain.product.events import (
    EventsCleared,
    ForgettingBegun,
    PersonForgotten,
    SourceChanged,
    SourceKeyRenewed,
)
from missioncontrol.domain.product.evolve import evolve
from missioncontrol.domain.product.states import OWN, Limits, Product, Products

DIGEST, OTHER = "ab" * 32, "cd" * 32
SHOP = AddProduct("shop", "Web shop", "Europe/Zurich", "sunday")
WEB = AddSource("shop", "web", "Site", "browser", DIGEST)


def told(*commands: ProductCommand) -> Products | None:
    """Return what all these commands make true."""
    state = None
    for command in commands:
        for event in decide(command, state, 1.0):
            state = evolve(state, event, 2.0)
    return state


def shop(*commands: ProductCommand) -> Product:
    """Return the shop after it was added and these were asked of it."""
    found = told(SHOP, *commands)
    assert found is not None
    return found.products["shop"]


def test_every_home_measures_its_own_log_before_anybody_adds_a_product() -> None:
    assert told() is None
    own = told(ChangeProduct(OWN, zone="Europe/Zurich"))
    assert own is not None
    assert own.products[OWN].is_own
    assert own.products[OWN].zone == "Europe/Zurich"


def test_a_product_has_the_calendar_it_was_added_with() -> None:
    found = shop()
    assert (found.name, found.zone, found.week_starts) == ("Web shop", "Europe/Zurich", "sunday")
    assert (found.added, found.is_own) == (2.0, False)


def test_a_product_and_a_source_without_a_name_are_called_by_their_id() -> None:
    found = told(AddProduct("b"), AddSource("b", "web", digest=DIGEST))
    assert found is not None
    assert (found.products["b"].name, found.products["b"].sources["web"].name) == ("b", "web")


def test_a_change_leaves_what_it_does_not_name() -> None:
    found = shop(ChangeProduct("shop", retention_days=400), ChangeProduct("shop", zone="UTC"))
    assert (found.name, found.zone, found.retention_days) == ("Web shop", "UTC", 400)
    people = ChangeExclusions("shop", people=("*@example.com",))
    plans = (("plan", "internal"),)
    found = shop(people, ChangeExclusions("shop", properties=plans, bots=False))
    assert found.exclusions.people == ("*@example.com",)
    assert found.exclusions.properties == plans
    assert not found.exclusions.bots
    measured = shop(ChangeKeyMeasures("shop", actions=("order",), active="view")).measures
    assert (measured.actions, measured.active, measured.activation) == (("order",), "view", ())
    assert shop(ChangeLimits("shop", events_max=5)).limits == Limits(events_max=5)


@pytest.mark.parametrize(
    "again",
    [
        ChangeProduct("shop", name="Web shop"),
        ChangeExclusions("shop", bots=True),
        ChangeKeyMeasures("shop", active=""),
        ChangeLimits("shop", events_max=100_000_000),
        ChangeSource("shop", "web", name="Site", is_internal=False),
    ],
)
def test_what_is_true_already_makes_nothing_true(again: ProductCommand) -> None:
    assert decide(again, told(SHOP, WEB), 1.0) == []


def test_events_come_with_the_key_of_a_source_until_it_is_revoked() -> None:
    source = shop(WEB).sources["web"]
    assert (source.digest, source.kind, source.added) == (DIGEST, "browser", 2.0)
    renewed = shop(WEB, RenewSourceKey("shop", "web", OTHER)).sources["web"]
    assert renewed.digest == OTHER
    internal = shop(WEB, ChangeSource("shop", "web", is_internal=True)).sources["web"]
    assert internal.is_internal
    assert internal.name == "Site"
    gone = shop(WEB, RevokeSource("shop", "web", "Old.")).sources["web"]
    assert gone.is_revoked
    state = told(SHOP, WEB, RevokeSource("shop", "web"))
    assert decide(RevokeSource("shop", "web"), state, 1.0) == []


def test_who_was_forgotten_is_counted_and_never_named() -> None:
    begun = BeginForgetting("shop", "forgetting-1", "They asked.")
    assert decide(begun, told(SHOP), 1.0) == [
        ForgettingBegun("shop", "forgetting-1", "They asked.")
    ]
    assert shop(begun).forgetting == ("forgetting-1",)
    done = ConfirmForgotten("shop", "forgetting-1", 41, 3)
    assert decide(done, told(SHOP, begun), 1.0) == [PersonForgotten("shop", "forgetting-1", 41, 3)]
    found = shop(begun, done)
    assert (found.forgotten, found.forgetting) == (1, ())
    finished = shop(begun, ConfirmForgotten("shop", "forgetting-1", 0, 0))
    assert (finished.forgotten, finished.forgetting) == (0, ())


def test_events_may_be_cleared_as_often_as_somebody_wants() -> None:
    cleared = decide(ClearEvents("shop", "Anew."), told(SHOP), 1.0)
    assert cleared == [EventsCleared("shop", "Anew.")]
    assert shop(ClearEvents("shop")) == shop()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AddProduct("Shop", "Shop"), "product.bad_slug"),
        (AddProduct("", "Shop"), "product.bad_slug"),
        (AddProduct("-a", "Shop"), "product.bad_slug"),
        (AddProduct("b", "two\nlines"), "product.bad_input"),
        (AddProduct("b", "B", "z" * 65), "product.bad_input"),
        (SHOP, "product.exists"),
        (AddProduct(OWN, "Mine"), "product.exists"),
        (ChangeProduct("other", name="B"), "product.unknown"),
        (ChangeProduct("shop", name=" "), "product.bad_input"),
        (ChangeExclusions("shop", people=("*",)), "product.bad_input"),
        (ChangeExclusions("shop", properties=(("", "b"),)), "product.bad_input"),
        (ChangeExclusions("shop", properties=(("a", "b\n"),)), "product.bad_input"),
        (ChangeKeyMeasures("shop", activation=({"a": "b" * 17_000},)), "product.bad_input"),
        (ChangeKeyMeasures("shop", activated_at=1), "product.bad_input"),
        (ChangeKeyMeasures("shop", actions=("",)), "product.bad_input"),
        (ChangeKeyMeasures("shop", active="a" * 201), "product.bad_input"),
        (AddSource("shop", "Web", "Site", "browser", DIGEST), "product.bad_slug"),
        (AddSource(OWN, "b", "B", "browser", DIGEST), "product.built_in"),
        (WEB, "source.exists"),
        (ChangeSource("shop", "b", name="B"), "source.unknown"),
        (ChangeSource("shop", "web", name=""), "product.bad_input"),
        (RenewSourceKey("shop", "old", OTHER), "source.revoked"),
        (ConfirmForgotten("shop", "forgetting-1", 1, 1), "product.no_forgetting"),
        (ClearEvents(OWN), "product.built_in"),
        (BeginForgetting(OWN, "forgetting-1"), "product.built_in"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(command: Any, code: str) -> None:
    old = AddSource("shop", "old", "Old", "server", OTHER)
    with pytest.raises(MissionControlError) as no:
        decide(command, told(SHOP, WEB, old, RevokeSource("shop", "old")), 1.0)
    assert no.value.code == code


def test_products_sources_and_open_removals_are_bounded() -> None:
    many = [AddProduct(f"p{n}", "P") for n in range(PRODUCTS_MAX - 1)]
    sources = [AddSource("shop", f"s{n}", "S", "server", DIGEST) for n in range(SOURCES_MAX)]
    begun = [BeginForgetting("shop", f"f{n}") for n in range(FORGETTING_MAX)]
    for before, command, code in (
        (many, AddProduct("more", "M"), "product.too_many"),
        ([SHOP, *sources], WEB, "source.too_many"),
        ([SHOP, *begun], BeginForgetting("shop", "more"), "product.too_many"),
    ):
        with pytest.raises(MissionControlError) as no:
            decide(command, told(*before), 1.0)
        assert no.value.code == code


@pytest.mark.parametrize(
    "event", [SourceKeyRenewed("shop", "web", DIGEST), SourceChanged("other", "web", "B", False)]
)
def test_a_log_that_changes_what_was_never_added_is_damaged(event: Any) -> None:
    with pytest.raises(Corrupt):
        evolve(told(SHOP), event, 1.0)
