"""Fields of queries and operations that stand in the path of a route, or below one thing."""

import asyncio
from typing import Annotated, Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from missioncontrol.declarations import ItemQuery, ListQuery, Operation, Target
from missioncontrol.domain.errors import Rejected
from missioncontrol.surfaces import http, remote
from missioncontrol.surfaces.paging import Page


class Place(msgspec.Struct, frozen=True):
    """Which part is meant."""

    part: Annotated[str, msgspec.Meta(max_length=10, description="Its place.")]
    at: int | None = None


class Part(msgspec.Struct, frozen=True):
    """Which part of a machine is meant."""

    machine: str
    part: Annotated[str, msgspec.Meta(max_length=10, description="Its place.")]
    at: int | None = None


class Parts(msgspec.Struct, frozen=True):
    """Which parts of a machine are wanted."""

    machine: str
    colour: str = ""


class Row(msgspec.Struct, frozen=True):
    """A part."""

    name: str


MACHINE = Target(noun="machine", path="/machines", help="its name", field="machine")
PART_OF_ONE = Target(noun="part", path="/parts", help="its name", within=MACHINE)


async def part(source: Any, machine: str, place: Place) -> Row:
    del source
    return Row(f"{machine} {place.part} {place.at}")


async def paint(office: Any, command: Part) -> Row:
    del office
    return Row(command.part)


async def parts_after(source: Any, filters: Parts, place: Any, limit: int) -> list[Row]:
    del source
    names = [f"{filters.machine}-{filters.colour}-{number}" for number in range(5)]
    after = place[0] if place else ""
    return [Row(name) for name in names if name > after][:limit]


PART = ItemQuery(
    name="machine.part",
    title="Get a part",
    text="Return a part.",
    target=MACHINE,
    options=Place,
    path="parts/{part:path}",
    source=lambda reader: reader,
    find=part,
    returns=Row,
)

PARTS = ListQuery(
    name="machine.parts",
    title="List parts",
    text="List parts.",
    target=PART_OF_ONE,
    filters=Parts,
    source=lambda reader: reader,
    find_after=parts_after,
    row=Row,
    key=lambda row: (row.name,),
    kinds=(str,),
)

PAINT = Operation(
    name="machine.paint",
    title="Paint a part",
    text="Paint a part.",
    command=Part,
    returns=Row,
    permission="operate",
    handle=lambda office, command, actor: paint(office, command),
    target=MACHINE,
    path="parts/{part}/paint",
)


def test_a_query_below_a_thing_has_its_id_and_its_place_in_the_path() -> None:
    assert (PART.route, PARTS.route) == (
        "/machines/{machine}/parts/{part}",
        "/machines/{machine}/parts",
    )
    assert PART.given.__struct_fields__ == ("part", "at")
    assert PARTS.given.__struct_fields__ == ("colour",)
    found = remote.of_item(PART, "a b", {"part": "x/y", "at": 3})
    assert (found.path, found.query) == ("/machines/a%20b/parts/x%2Fy", {"at": 3})
    listed = remote.of_list(PARTS, {"colour": "red"}, "m")
    assert (listed.path, listed.query) == ("/machines/m/parts", {"colour": "red"})
    with pytest.raises(Rejected, match="at most 10 fit"):
        remote.of_item(PART, "m", {"part": "x" * 11})


def test_a_place_is_sent_in_the_path_and_not_in_the_body() -> None:
    found = remote.of_operation(PAINT, "m", {"part": "x", "at": 3})
    assert (found.path, found.body) == ("/machines/m/parts/x/paint", {"at": 3})
    assert PAINT.understood({"machine": "m", "part": "x", "at": 3}) == Part("m", "x", 3)
    assert not PAINT.needs_body


def test_routes_read_the_path_and_go_on_after_a_row_of_a_long_list() -> None:
    class Console:
        def reader(self, who: Any) -> None:
            del who

    app = Litestar(
        [http._query(PART), http._query(PARTS)],
        dependencies={"console": Provide(Console, sync_to_thread=False)},
        middleware=[_Signed],
    )
    with TestClient(app) as client:
        answer = client.get("/machines/m/parts/x/y?at=3")
        assert answer.json() == {"name": "m x/y 3"}
        first = client.get("/machines/m/parts?colour=red&limit=2").json()
        assert [each["name"] for each in first["items"]] == ["m-red-0", "m-red-1"]
        rest = client.get("/machines/m/parts", params={"colour": "red", "cursor": first["next"]})
        page = msgspec.convert(rest.json(), Page[Row])
        assert [each.name for each in page.items] == ["m-red-2", "m-red-3", "m-red-4"]
        assert page.next == ""


class _Signed:
    """Signs a caller in, as the gate does."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["user"] = None
        await self.app(scope, receive, send)


def test_a_long_list_is_read_up_to_a_limit() -> None:
    async def found() -> Any:
        reader: Any = None
        return await PARTS.found(reader, PARTS.asked("m", {"colour": "red"}), 2)

    assert [each.name for each in asyncio.run(found())] == ["m-red-0", "m-red-1"]
