"""What a product is asked first is what most of its people do, in the order in which they do it."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.event_discovery import (
    STEPS,
    WITHIN,
    lacks_usual,
    names_query,
    opening_query,
    steps_of,
)
from missioncontrol.analytics.questions import Pattern, Step
from missioncontrol.domain.product.states import OWN, KeyMeasures, Product
from tests.analytics.database import asked
from tests.analytics.twins import opening as twin
from tests.analytics.worlds import PRODUCT, Event, World, worlds

SHOP = Product(PRODUCT, "Shop")
NAMES = ("a", "b", "c", "d", "e", "f")
NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001  Moments of the warehouse are UTC.


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(pace="days", names=NAMES, events=40))
def test_an_opening_is_what_going_through_all_people_finds(world: World) -> None:
    rows = asked(world)
    found = [name for (name,) in rows(opening_query(PRODUCT, world.setting))]
    assert found == twin.opening(world, STEPS)
    assert [name for (name,) in rows(names_query(PRODUCT, world.setting))] == twin.names(world)


def test_an_opening_goes_by_what_people_do_first_and_not_by_how_often() -> None:
    done = [("visit", "order", "order", "order"), ("visit", "order"), ("visit",), ("order",)]
    events = [
        Event(10 * person + at, name, NOON.replace(hour=at), person)
        for person, names in enumerate(done)
        for at, name in enumerate(names)
    ]
    world = World(tuple(events), Setting(NOON), None, {}, {})  # type: ignore[arg-type]
    rows = asked(world)
    assert rows(names_query(PRODUCT, world.setting)) == [("order",), ("visit",)]
    steps = steps_of(rows(opening_query(PRODUCT, world.setting)))
    assert steps == (Step(Pattern("visit")), Step(Pattern("order"), WITHIN))


@pytest.mark.parametrize(
    ("product", "names", "lacks"),
    [
        (SHOP, ("visit", "order"), True),
        (SHOP, ("visit", "invite"), False),
        (SHOP, (), False),
        (msgspec.structs.replace(SHOP, slug=OWN), ("visit",), False),
        (
            msgspec.structs.replace(SHOP, measures=KeyMeasures(activation=({"pattern": {}},))),
            ("visit",),
            False,
        ),
    ],
)
def test_only_who_has_no_step_and_has_said_none_is_asked_otherwise(
    product: Product, names: tuple[str, ...], *, lacks: bool
) -> None:
    assert lacks_usual(product, names) is lacks
