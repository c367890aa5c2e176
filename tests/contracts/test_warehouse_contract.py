"""What every warehouse of events promises, owned by this process or asked over its socket."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from itertools import pairwise, permutations
from itertools import product as product_of
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.warehouses.duckdb import profiles
from missioncontrol.adapters.warehouses.duckdb.ingestion import Ingestion
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.ports.warehouse import (
    EVENT_BYTES,
    Captured,
    Forgotten,
    NoRoom,
    Policy,
    Statement,
    Stored,
    Used,
    Warehouse,
)
from tests.contracts.captures import NOON, People, captured

DAY = 24 * 60
MOMENT = datetime.fromisoformat("2026-01-02T03:04:05.000789")
KEEPERS = ["memory", "file", "line"]


@pytest.fixture(params=KEEPERS)
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    with ExitStack() as stack:
        if request.param == "memory":
            yield stack.enter_context(closing(DuckDbWarehouse(None)))
        elif request.param == "file":
            yield stack.enter_context(closing(DuckDbWarehouse(tmp_path / "events.duckdb")))
        else:
            owner = stack.enter_context(closing(SharedWarehouse(tmp_path)))
            owner.position()
            asker = stack.enter_context(closing(SharedWarehouse(tmp_path)))
            yield asker
            assert owner.is_owner
            assert not asker.is_owner


def names(warehouse: Warehouse, product: str = "shop") -> list[str]:
    sql = "SELECT name FROM counted WHERE product = $product ORDER BY seq"
    return [name for (name,) in warehouse.rows(Statement(sql, {"product": product}))]


def people(warehouse: Warehouse, product: str = "shop") -> dict[str, dict[str, Any]]:
    sql = "SELECT label, properties FROM people WHERE product = $product"
    rows = warehouse.rows(Statement(sql, {"product": product}))
    return {label: msgspec.json.decode(text) for label, text in rows}


def groups(warehouse: Warehouse) -> set[frozenset[str]]:
    sql = "SELECT person, list(properties->>'id') FROM counted GROUP BY person"
    return {frozenset(ids) for _, ids in warehouse.rows(Statement(sql))}


def test_a_new_warehouse_is_empty(warehouse: Warehouse) -> None:
    assert warehouse.position() == 0
    assert names(warehouse) == []
    assert people(warehouse) == {}


def test_what_was_stored_is_seen_in_the_order_received(warehouse: Warehouse) -> None:
    batch = [
        captured(1, "late", minutes=5, user="ann"),
        captured(2, "early", user="ann", session="s1", properties={"a": [1, "é"]}),
    ]
    assert warehouse.store("shop", batch) == Stored(stored=2, duplicates=0, position=1)
    sql = "SELECT product, name, happened, session, source, properties FROM counted ORDER BY seq"
    noon = datetime.fromtimestamp(NOON / 1e6, UTC).replace(tzinfo=None)
    late, early = warehouse.rows(Statement(sql))
    assert early == ("shop", "early", noon, "s1", "web", '{"a":[1,"é"]}')
    assert (late[1], late[3]) == ("late", None)
    assert warehouse.position() == 1


def test_an_event_is_stored_once_within_a_batch_and_over_batches(warehouse: Warehouse) -> None:
    first = [captured(1, "a", user="ann"), captured(1, "b", user="ann")]
    assert warehouse.store("shop", first) == Stored(1, 1, position=1)
    assert warehouse.store("shop", first) == Stored(0, 2, position=1)
    assert warehouse.store("other", first) == Stored(1, 1, position=2)
    assert names(warehouse) == ["a"]


def test_an_event_is_stored_once_when_batches_wait_together(warehouse: Warehouse) -> None:
    batches = [[captured(n, user="ann") for n in range(k, k + 50)] for k in range(0, 400, 10)]
    waiting = [warehouse.storing("shop", batch) for batch in batches]
    stored = [each.result() for each in waiting]
    assert sum(each.stored for each in stored) == 440
    assert sum(each.duplicates for each in stored) == 40 * 50 - 440
    assert len(names(warehouse)) == 440


def test_a_batch_that_does_not_fit_is_refused_whole_and_the_others_are_kept(
    warehouse: Warehouse,
) -> None:
    waiting = [
        warehouse.storing("shop", [captured(1, "a", user="ann")]),
        warehouse.storing(
            "shop", [captured(2, "b", user="bob"), captured(3, user="bob", properties=b"{no")]
        ),
        warehouse.storing("shop", [captured(4, "d", user="dan")]),
    ]
    assert waiting[0].result().stored == 1
    with pytest.raises(Rejected) as refused:
        waiting[1].result()
    assert refused.value.code == "analytics.unfit"
    assert waiting[2].result().stored == 1
    assert sorted(names(warehouse)) == ["a", "d"]
    assert warehouse.store("shop", [captured(2, "b", user="bob")]).stored == 1
    assert set(people(warehouse)) == {"ann", "bob", "dan"}


def test_a_device_becomes_the_user_who_is_seen_with_it(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, "visit", anonymous="d1", once={"from": "ad"})])
    assert people(warehouse) == {"d1": {"from": "ad"}}
    warehouse.store("shop", [captured(2, "login", user="ann", person={"plan": "pro"})])
    warehouse.store("shop", [captured(3, "signup", anonymous="d1", user="ann")])
    assert people(warehouse) == {"ann": {"from": "ad", "plan": "pro"}}
    warehouse.store("shop", [captured(4, "again", anonymous="d1")])
    sql = "SELECT count(*), count(DISTINCT person) FROM counted"
    assert warehouse.rows(Statement(sql)) == [(4, 1)]


def test_users_of_one_device_are_not_made_one(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, anonymous="d1", user="ann")])
    warehouse.store("shop", [captured(2, anonymous="d1", user="bob")])
    assert set(people(warehouse)) == {"ann", "bob"}


def test_an_alias_makes_two_users_one(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, user="ann", person={"a": 1, "b": 1})])
    warehouse.store("shop", [captured(2, user="old", person={"b": 2, "c": 2})])
    statement = Statement("SELECT person FROM counted")
    assert warehouse.save_cohort("shop", "all", statement) == 2
    warehouse.store("shop", [captured(3, "", user="ann", alias="old")])
    assert people(warehouse) == {"ann": {"a": 1, "b": 1, "c": 2}}
    assert warehouse.rows(Statement("SELECT count(*) FROM saved_cohorts")) == [(1,)]
    warehouse.store("shop", [captured(4, user="old")])
    assert warehouse.rows(Statement("SELECT count(DISTINCT person) FROM counted")) == [(1,)]


DEVICE = "0198a3f0-4c1e-7b52-9d1a-2f6b8c3e4d50"
OTHER = "0198A3F1-77AA-7C01-8E55-0A1B2C3D4E5F"


@pytest.mark.parametrize("public", [True, False])
def test_a_key_that_everybody_can_read_makes_no_two_users_one(
    warehouse: Warehouse, public: bool
) -> None:
    def event(id_: int, **who: Any) -> Captured:
        return captured(id_, properties={"id": str(id_)}, **who)

    warehouse.settle("shop", Policy(public=("web",) if public else ("other",)))
    warehouse.store("shop", [event(1, user="ann"), event(2, user="bob")])
    warehouse.store("shop", [event(3, anonymous=DEVICE), event(4, user="bob", alias="ann")])
    apart = {frozenset("1"), frozenset("24"), frozenset("3")}
    assert groups(warehouse) == (apart if public else {frozenset("124"), frozenset("3")})
    # A device is still its user's, whichever source claims it.
    warehouse.store("shop", [event(5, user="bob", alias=DEVICE)])
    assert frozenset("2345" if public else "12345") in groups(warehouse)
    aliases = {each.event.id: each.event.alias for each in warehouse.exported("shop")}
    assert (aliases["4"], aliases["5"]) == ("" if public else "ann", DEVICE)


ORDERS = permutations(("ann", "bob", "alias"))


@pytest.mark.parametrize("order", [pytest.param(each, id="-".join(each)) for each in ORDERS])
def test_an_alias_of_such_a_key_takes_no_user_over_who_comes_later(
    warehouse: Warehouse, order: tuple[str, ...]
) -> None:
    warehouse.settle("shop", Policy(public=("page",)))
    for number, what in enumerate(order):
        aliased = captured(number, user="bob", alias="ann", source="page")
        event = aliased if what == "alias" else captured(number, user=what)
        warehouse.store("shop", [event])
    assert set(people(warehouse)) == {"ann", "bob"}
    assert warehouse.forget("shop", "bob").ids == ("bob",)
    assert warehouse.store("shop", [captured(9, user="ann")]).stored == 1


def meet(user: str, device: str) -> dict[str, Any]:
    return {"user": user, "anonymous": device}


ATTACKS: dict[str, list[dict[str, Any]]] = {
    "a device that is called like somebody": [meet("mallory", "bob")],
    "which was seen before": [{"anonymous": "bob"}, meet("mallory", "bob")],
    "and comes by an alias": [{"anonymous": "bob"}, {"user": "mallory", "alias": "bob"}],
    "and the other way round": [
        {"user": "mallory"},
        {"anonymous": "bob"},
        {"user": "bob", "alias": "mallory"},
    ],
    "an alias in advance": [{"user": "mallory"}, {"user": "mallory", "alias": "bob"}],
    "by somebody who is nobody yet": [{"user": "mallory", "alias": "bob"}],
    "two by one device": [
        {"anonymous": DEVICE},
        {"user": DEVICE, "alias": "bob"},
        {"user": DEVICE, "alias": "mallory"},
        meet("mallory", DEVICE),
    ],
    "two by two devices": [
        {"anonymous": DEVICE},
        {"anonymous": OTHER},
        {"user": DEVICE, "alias": "bob"},
        {"user": OTHER, "alias": "mallory"},
        {"user": DEVICE, "alias": OTHER},
        meet(OTHER, DEVICE),
    ],
    "two in turn": [meet("bob", DEVICE), meet("mallory", DEVICE), meet("mallory", "bob")],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_key_that_everybody_can_read_claims_nobody_in_advance(
    warehouse: Warehouse, attack: str
) -> None:
    # A server that uses PostHog's library names a user as it does a device.
    first: dict[str, dict[str, Any]] = {"a": {}, "b": {"user": "bob"}, "c": {"anonymous": "bob"}}
    for product, at_once in product_of(first, (True, False)):
        shop = f"{product}-{at_once}"
        warehouse.settle(shop, Policy(public=("page",)))
        if first[product]:
            warehouse.store(shop, [captured("seen", source="server", **first[product])])
        sent = [captured(n, source="page", **who) for n, who in enumerate(ATTACKS[attack])]
        for batch in [sent] if at_once else [[each] for each in sent]:
            warehouse.store(shop, batch)
        later = [captured(f"of-{who}", source="server", user=who) for who in ("bob", "mallory")]
        warehouse.store(shop, later)
        assert "bob" not in warehouse.forget(shop, "mallory").ids
        assert warehouse.store(shop, [captured("again", source="server", user="bob")]).stored == 1


MADE = [
    DEVICE,
    OTHER,
    "5ac5cf3d-4a3c-4a3e-9b8f-1f7d0ccf4c0f",
    "18b5c3a1f2e4d6-0c9b8a7f6e5d4c-26031e51-1fa400-18b5c3a1f2f5a7",
    "9F2C4D6E8A0B1C3D5E7F9A0B1C2D3E4F",
]


@pytest.mark.parametrize("device", MADE)
def test_what_libraries_say_of_their_own_devices_holds_with_such_a_key(
    warehouse: Warehouse, device: str
) -> None:
    def event(id_: int, **who: Any) -> Captured:
        return captured(id_, source="page", properties={"id": str(id_)}, **who)

    warehouse.settle("shop", Policy(public=("page",)))
    warehouse.store("shop", [event(1, anonymous=device), event(2, user="ann", anonymous=device)])
    warehouse.store("shop", [event(3, user="ann"), event(4, anonymous=device)])
    assert groups(warehouse) == {frozenset("1234")}
    warehouse.clear("shop")
    warehouse.store("shop", [event(1, anonymous=device), event(2, user=device, alias="ann")])
    warehouse.store("shop", [event(3, user="ann", anonymous=device), event(4, user="ann")])
    assert groups(warehouse) == {frozenset("1234")}


def test_no_more_is_known_of_somebody_than_has_room(warehouse: Warehouse) -> None:
    for part in range(4):
        traits = {f"p{part}": "x" * 30_000, f"q{part}": part}
        warehouse.store("shop", [captured(part, user="ann", person=traits)])
    known = people(warehouse)["ann"]
    assert len(msgspec.json.encode(known)) <= profiles.BYTES_MAX
    assert {known[f"q{part}"] for part in range(4)} == {0, 1, 2, 3}


def test_what_is_told_later_holds_unless_it_was_told_once(warehouse: Warehouse) -> None:
    updates: list[dict[str, Any]] = [
        {"person": {"plan": "free", "seats": 1}, "once": {"from": "ad"}},
        {"person": {"plan": "pro"}, "once": {"from": "mail", "first": 2}},
        {"person": {"seats": None}},
        {"person": {"plan": "free"}},
        {"person": {"plan": "pro"}},
    ]
    for number, each in enumerate(updates):
        warehouse.store("shop", [captured(number, user="ann", **each)])
    assert people(warehouse) == {"ann": {"plan": "pro", "from": "ad", "first": 2}}


@pytest.mark.parametrize("size", [1, 3])
def test_what_a_user_said_holds_over_what_their_device_said(
    warehouse: Warehouse, size: int
) -> None:
    events = [
        captured(1, user="ann", person={"x": 1}),
        captured(2, anonymous="d1", person={"x": 2, "y": 2}),
        captured(3, user="ann", anonymous="d1"),
    ]
    for since in range(0, 3, size):
        warehouse.store("shop", events[since : since + size])
    assert people(warehouse) == {"ann": {"x": 1, "y": 2}}


def test_an_event_without_a_name_only_says_who_somebody_is(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, "", user="ann", person={"plan": "pro"})])
    assert (names(warehouse), people(warehouse)) == ([], {})
    warehouse.store("shop", [captured(2, "opened", user="ann")])
    assert people(warehouse) == {"ann": {"plan": "pro"}}


def test_properties_of_a_group_are_not_those_of_a_person(warehouse: Warehouse) -> None:
    event = captured(1, user="ann", group="company:acme", person={"size": 9})
    warehouse.store("shop", [event])
    assert people(warehouse) == {"ann": {}}
    assert warehouse.exported("shop")[0].event == event


POLICIES: list[tuple[Policy, str]] = [
    (Policy(), "abcdf"),
    (Policy(bots=False), "abcdef"),
    (Policy(sources=("office",)), "abcd"),
    (Policy(people=("*@TEST.example",)), "acdf"),
    (Policy(people=("ann", "c?l")), "bdf"),
    (Policy(people=("%", "_")), "abcdf"),
    (Policy(properties=(("role/~x", "tester"),)), "abdf"),
    (Policy(properties=(("paid", "true"),)), "abcf"),
]


@pytest.mark.parametrize(("policy", "left"), POLICIES)
@pytest.mark.parametrize("is_first", [True, False])
def test_what_does_not_count_is_left_out_before_and_after(
    warehouse: Warehouse, policy: Policy, left: str, *, is_first: bool
) -> None:
    batch = [
        captured(1, "a", user="ann"),
        captured(2, "b", user="bob@test.example"),
        captured(3, "c", user="cal", person={"role/~x": "tester"}),
        captured(4, "d", anonymous="dev", person={"paid": True}),
        captured(5, "e", user="eve", is_bot=True),
        captured(6, "f", user="fay", source="office"),
    ]
    if is_first:
        warehouse.settle("shop", policy)
    warehouse.store("shop", batch)
    warehouse.settle("shop", policy)
    assert "".join(names(warehouse)) == left
    assert {label[0] for label in people(warehouse)} == set(left)
    warehouse.settle("shop", Policy(bots=False))
    assert "".join(names(warehouse)) == "abcdef"
    assert len(people(warehouse)) == 6


def test_who_turns_out_to_be_a_tester_never_counted(warehouse: Warehouse) -> None:
    warehouse.settle("shop", Policy(people=("qa-*",)))
    warehouse.store("shop", [captured(1, "visit", anonymous="d1"), captured(2, user="ann")])
    assert names(warehouse) == ["visit", "opened"]
    warehouse.store("shop", [captured(3, "login", anonymous="d1", user="qa-7")])
    assert names(warehouse) == ["opened"]
    assert set(people(warehouse)) == {"ann"}
    warehouse.store("shop", [captured(4, "more", anonymous="d1")])
    assert names(warehouse) == ["opened"]


def test_a_person_is_forgotten_everywhere(warehouse: Warehouse) -> None:
    mine = [
        captured(1, "visit", anonymous="d1"),
        captured(2, "login", anonymous="d1", user="ann", person={"mail": "ann@x.example"}),
    ]
    warehouse.store("shop", [*mine, captured(3, "opened", user="bob")])
    warehouse.save_cohort("shop", "all", Statement("SELECT person FROM people"))
    gone = warehouse.forget("shop", "d1")
    assert (gone.events, gone.ids) == (2, ("ann", "d1"))
    assert (names(warehouse), set(people(warehouse))) == (["opened"], {"bob"})
    assert warehouse.rows(Statement("SELECT count(*) FROM saved_cohorts")) == [(1,)]
    again = warehouse.store("shop", [*mine, captured(9, user="ann"), captured(2, user="new")])
    assert (again.stored, again.duplicates, again.refused) == (0, 3, 1)
    assert warehouse.store("other", mine).stored == 2
    assert warehouse.forget("shop", "ann") == Forgotten(0, ())
    for product, person in (("shop", "cal"), ("blog", "ann")):
        with pytest.raises(NotFound) as unknown:
            warehouse.forget(product, person)
        assert unknown.value.code == "analytics.unknown_person"


def test_a_removal_is_kept_in_mind_until_the_log_says_what_came_of_it(
    warehouse: Warehouse,
) -> None:
    warehouse.store("shop", [captured(1, anonymous="d1", user="ann"), captured(2, user="bob")])
    for name, person in (("r1", "ann"), ("r2", "bob"), ("r3", "cal"), ("r4", "d1")):
        warehouse.intend("shop", name, person)
    assert warehouse.resume("blog", "r1") is None
    gone = warehouse.resume("shop", "r1")
    assert gone == Forgotten(1, ("ann", "d1"), 2)
    # A second process at the same removal gets its result too, and so does a repeated call.
    assert warehouse.forget("shop", "ann", "r1") == Forgotten(1, (), 2)
    assert warehouse.resume("shop", "r1") == Forgotten(1, (), 2)
    assert warehouse.forget("shop", "bob", "r2") == Forgotten(1, ("bob",), 1)
    assert warehouse.resume("shop", "r2") == Forgotten(1, (), 1)
    assert [warehouse.resume("shop", name) for name in ("r3", "r4")] == [Forgotten(0, ())] * 2
    warehouse.tidy(datetime(2026, 11, 23, tzinfo=UTC))
    assert warehouse.resume("shop", "r1") == Forgotten(1, (), 2)
    warehouse.settled("shop", "r1")
    assert warehouse.resume("shop", "r1") is None


def test_others_at_the_device_of_who_is_forgotten_stay(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, anonymous="d1", user="ann")])
    warehouse.store("shop", [captured(2, "b", anonymous="d1", user="bob")])
    warehouse.forget("shop", "ann")
    later = warehouse.store(
        "shop",
        [captured(3, "c", anonymous="d1", user="bob", alias="ann"), captured(4, anonymous="d1")],
    )
    assert (later.stored, later.refused) == (1, 1)
    assert (names(warehouse), set(people(warehouse))) == (["b", "c"], {"bob"})
    exported = [each.event for each in warehouse.exported("shop")]
    assert {(each.user, each.anonymous, each.alias) for each in exported} == {("bob", "", "")}


def test_how_much_is_stored_is_known_after_whatever_happens(warehouse: Warehouse) -> None:
    assert warehouse.used("shop") == Used(0, 0)
    ann = captured(1, user="ann", properties={"n": "a" * 50}, person={"x": 1}, once={"y": 2})
    bob = [captured(n, user="bob", minutes=-DAY * n) for n in (2, 3)]
    for batch in ([ann], bob, [ann, *bob]):
        warehouse.store("shop", batch)
    warehouse.store("blog", [ann])
    of_ann = EVENT_BYTES + len(ann.properties) + len(ann.person) + len(ann.once)
    of_bob = EVENT_BYTES + len(bob[0].properties)
    assert warehouse.used("shop") == Used(3, of_ann + 2 * of_bob)
    warehouse.forget("shop", "ann")
    assert warehouse.used("shop") == Used(2, 2 * of_bob)
    warehouse.settle("shop", Policy(days=1))
    warehouse.tidy(datetime.fromtimestamp(NOON / 1e6 - 1.5 * 86_400, UTC))
    assert warehouse.used("shop") == Used(1, of_bob)
    assert warehouse.used("blog") == Used(1, of_ann)
    warehouse.clear("shop")
    assert warehouse.used("shop") == Used(0, 0)
    warehouse.store("shop", [ann])
    assert warehouse.used("shop") == Used(1, of_ann)


def test_no_more_is_stored_of_a_product_than_has_room(warehouse: Warehouse) -> None:
    warehouse.settle("shop", Policy(events_max=3))
    warehouse.store("shop", [captured(n) for n in (1, 2)])
    with pytest.raises(NoRoom) as full:
        warehouse.store("shop", [captured(n) for n in (3, 4)])
    assert full.value.code == "analytics.no_room"
    assert "'shop' may have 3 events, and has 2" in full.value.reason
    assert "settings shop" in full.value.hint
    assert warehouse.store("shop", [captured(3)]).stored == 1
    assert warehouse.store("blog", [captured(n) for n in range(9)]).stored == 9
    warehouse.settle("shop", Policy(events_max=4, bytes_max=4 * EVENT_BYTES))
    with pytest.raises(NoRoom, match="0 MB"):
        warehouse.store("shop", [captured(4)])
    warehouse.settle("shop", Policy())
    assert warehouse.store("shop", [captured(4)]).stored == 1
    assert warehouse.used("shop").events == 4


def test_what_is_stored_is_acknowledged_again_where_there_is_no_room(warehouse: Warehouse) -> None:
    warehouse.settle("shop", Policy(events_max=3))
    assert warehouse.store("shop", [captured(n) for n in (1, 2, 3)]).stored == 3
    again = warehouse.store("shop", [captured(n) for n in (2, 3)])
    assert (again.stored, again.duplicates) == (0, 2)
    with pytest.raises(NoRoom, match="may have 3 events, and has 3"):
        warehouse.store("shop", [captured(3), captured(4, user="bob")])
    warehouse.settle("shop", Policy(events_max=2))  # Who lowers a limit loses nothing.
    assert warehouse.store("shop", [captured(1)]).duplicates == 1
    known = warehouse.storing("shop", [captured(2)])
    fresh = warehouse.storing("shop", [captured(5)])
    other = warehouse.storing("blog", [captured(5)])
    assert (known.result().duplicates, other.result().stored) == (1, 1)
    with pytest.raises(NoRoom):
        fresh.result()
    assert warehouse.used("shop").events == 3
    warehouse.settle("shop", Policy(events_max=4))
    assert warehouse.store("shop", [captured(4, user="bob")]).stored == 1


def test_what_is_older_than_is_kept_goes_and_is_not_taken(warehouse: Warehouse) -> None:
    old = captured(1, "old", user="ann", minutes=-40 * DAY)
    warehouse.store("shop", [old, captured(2, "new", user="bob")])
    now = datetime.fromtimestamp(NOON / 1e6, UTC)
    assert warehouse.tidy(now) == 0
    warehouse.settle("shop", Policy(days=30))
    assert warehouse.tidy(now) == 1
    assert (names(warehouse), set(people(warehouse))) == (["new"], {"bob"})
    late = captured(3, "old", user="ann", minutes=-40 * DAY, received=NOON)
    assert warehouse.store("shop", [late]).refused == 1


def test_a_product_is_cleared_without_touching_another(warehouse: Warehouse) -> None:
    for product in ("shop", "other"):
        warehouse.store(product, [captured(1, user="ann"), captured(2, user="bob")])
    warehouse.forget("shop", "bob")
    assert warehouse.clear("shop") == 1
    assert (names(warehouse), people(warehouse)) == ([], {})
    assert warehouse.store("shop", [captured(1, user="ann"), captured(2, user="bob")]).stored == 2
    assert len(names(warehouse, "other")) == 2


def test_what_somebody_told_of_a_group_goes_with_them(warehouse: Warehouse) -> None:
    def known_groups() -> list[tuple[object, ...]]:
        return warehouse.rows(Statement("SELECT name FROM groups_known ORDER BY name"))

    for number, (user, group) in enumerate([("ann", "f:a"), ("ann", "f:both"), ("bob", "f:both")]):
        traits = {"said": user}
        warehouse.store("shop", [captured(number, "", user=user, group=group, person=traits)])
    assert known_groups() == [("f:a",), ("f:both",)]
    warehouse.forget("shop", "ann")
    assert known_groups() == [("f:both",)]


def test_of_a_group_that_others_tell_of_their_words_stay_and_no_others(
    warehouse: Warehouse,
) -> None:
    statements: list[tuple[str, dict[str, object]]] = [
        ("bob", {"plan": "free", "size": 3}),
        ("ann", {"owner": "ann@example.com", "plan": "ann's own"}),
        ("cat", {"size": 9}),
    ]
    for number, (user, traits) in enumerate(statements):
        warehouse.store("shop", [captured(number, user=user, group="f:both", person=traits)])
    warehouse.store("other", [captured(9, user="ann", group="f:both", person={"owner": "ann"})])
    warehouse.forget("shop", "ann")
    sql = "SELECT product, properties FROM groups_known ORDER BY product"
    left = [
        (product, msgspec.json.decode(text)) for product, text in warehouse.rows(Statement(sql))
    ]
    assert left == [("other", {"owner": "ann"}), ("shop", {"plan": "free", "size": 9})]


def test_notes_go_with_whatever_is_removed_and_change_nothing(warehouse: Warehouse) -> None:
    def notes() -> list[tuple[object, ...]]:
        return warehouse.rows(Statement("SELECT product, name, text FROM notes ORDER BY ALL"))

    for product in ("shop", "other"):
        warehouse.store(product, [captured(1, user="ann"), captured(2, user="bob")])
    position = warehouse.position()
    for text in ("of yesterday", "of today"):
        warehouse.keep_note("shop", "findings", text)
    warehouse.keep_note("other", "findings", "of another")
    assert warehouse.position() == position
    assert notes() == [("other", "findings", "of another"), ("shop", "findings", "of today")]
    warehouse.forget("shop", "ann")
    assert notes() == [("other", "findings", "of another")]
    warehouse.clear("other")
    assert notes() == []


def test_a_cohort_is_whom_a_statement_finds(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, "buy", user="ann"), captured(2, "look", user="bob")])
    warehouse.store("other", [captured(1, "buy", user="cal")])
    buyers = Statement("SELECT person FROM counted WHERE name = $name", {"name": "buy"})
    assert warehouse.save_cohort("shop", "buyers", buyers) == 1
    assert warehouse.save_cohort("shop", "buyers", buyers) == 1
    sql = "SELECT c.cohort, p.label FROM saved_cohorts c JOIN people p USING (product, person)"
    assert warehouse.rows(Statement(sql)) == [("buyers", "ann")]
    warehouse.drop_cohort("shop", "buyers")
    assert warehouse.rows(Statement(sql)) == []
    with pytest.raises(Rejected):
        warehouse.save_cohort("shop", "buyers", Statement("DELETE FROM events"))


def test_what_is_given_out_can_be_taken_in_again(warehouse: Warehouse) -> None:
    batch = [
        captured(1, anonymous="d1", session="s", once={"from": "ad"}, is_bot=True),
        captured(2, "", anonymous="d1", user="ann", person={"plan": "pro"}),
        captured(3, user="ann", alias="old", properties={"n": 1.5, "t": "é\n"}, minutes=-3),
        captured(4, user="ann", group="company:acme", person={"size": 3}),
    ]
    warehouse.store("shop", batch)
    exported = warehouse.exported("shop", limit=3)
    exported += warehouse.exported("shop", after=exported[-1].seq, limit=3)
    assert [each.event for each in exported] == batch
    warehouse.store("copy", [each.event for each in exported])
    assert people(warehouse, "copy") == people(warehouse, "shop")
    assert names(warehouse, "copy") == names(warehouse, "shop")


def test_events_of_others_in_between_are_passed_over(warehouse: Warehouse) -> None:
    warehouse.store("shop", [captured(1, user="ann")])
    warehouse.store("other", [captured(n, user="ann") for n in range(500)])
    warehouse.store("shop", [captured(2, user="ann")])
    first = warehouse.exported("shop", limit=1)
    second = warehouse.exported("shop", after=first[-1].seq, limit=1)
    assert [each.event.id for each in (*first, *second)] == ["1", "2"]
    assert warehouse.exported("shop", after=second[-1].seq, limit=1) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events",
        "SELECT 1; DELETE FROM events",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY events TO '/tmp/events.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "INSTALL httpfs",
        "SET memory_limit = '9GB'",
        "no SQL",
        "SELECT $missing",
        "",
    ],
)
def test_a_statement_that_does_more_than_read_is_refused(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(Rejected) as refused:
        warehouse.rows(Statement(sql))
    assert refused.value.code == "analytics.unfit"


VALUES = [
    None,
    True,
    7,
    -(2**62),
    2**70,
    1.5,
    "é",
    b"\x00\xff",
    date(2026, 11, 23),
    MOMENT,
    ["a", "b"],
    [MOMENT],
    [date(2026, 1, 1), None],
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_values_come_as_they_went(warehouse: Warehouse, value: object) -> None:
    found = warehouse.rows(Statement("SELECT $value AS value, 1", {"value": value}))
    assert found == [(value, 1)]
    assert type(found[0][0]) is type(value)


def test_nested_values_are_the_same_in_another_process(warehouse: Warehouse) -> None:
    sql = "SELECT {'d': DATE '2026-01-02', 'l': [$moment::TIMESTAMP]}, 1.50::DECIMAL"
    [(found, number)] = warehouse.rows(Statement(sql, {"moment": MOMENT}))
    assert found == {"d": date(2026, 1, 2), "l": [MOMENT]}
    assert str(number) == "1.500"


def test_a_question_that_takes_too_long_is_ended() -> None:
    with closing(DuckDbWarehouse(None, seconds_max=0.2)) as warehouse:
        sql = "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range + b.range = 1"
        with pytest.raises(Unavailable) as slow:
            warehouse.rows(Statement(sql))
        assert slow.value.code == "analytics.slow"
        assert warehouse.rows(Statement("SELECT 1")) == [(1,)]


def begin_anew(storing: Ingestion) -> None:
    storing.reset()
    storing.forget_keys()


IDS = st.sampled_from(["", "a", "b", "c", "d"])
USERS = st.sampled_from(["", "u", "v", "w"])
TOLD = st.sampled_from([b"", b'{"x":1}', b'{"x":2,"y":1}', b'{"z":3}'])


@st.composite
def meetings(draw: st.DrawFn) -> list[Captured]:
    found = []
    for number in range(draw(st.integers(1, 12))):
        id_ = str(draw(st.integers(0, number)))
        user, anonymous = draw(USERS), draw(IDS)
        alias = draw(st.sampled_from(["", "", "", "u", "v", "a", "b"]))
        if not (user or anonymous):
            user = "u"
        if alias in (user, anonymous):
            alias = ""
        found.append(
            captured(
                id_,
                user=user,
                anonymous=anonymous,
                alias=alias,
                person=draw(TOLD),
                once=draw(TOLD),
                properties={"id": id_},
            )
        )
    return found


@given(events=meetings(), cuts=st.lists(st.integers(1, 11), max_size=4), is_fresh=st.booleans())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_who_is_who_does_not_depend_on_how_events_are_batched(
    events: list[Captured], cuts: list[int], *, is_fresh: bool
) -> None:
    oracle = People()
    for event in events:
        oracle.tell(event)
    with closing(DuckDbWarehouse(None, threads=1)) as warehouse:
        edges = [0, *sorted(cuts), len(events)]
        for since, until in pairwise(edges):
            warehouse.store("shop", events[since:until])
            if is_fresh:
                warehouse._writer.run(begin_anew)
        assert groups(warehouse) == oracle.groups()
        assert people(warehouse) == oracle.seen()
