"""Fields of an operation or a query that stand in the address of its route."""

import asyncio
from typing import Any

import msgspec
import pytest

from missioncontrol.declarations import ItemQuery, ListQuery, Operation, Portion, Target
from missioncontrol.domain.errors import Rejected
from missioncontrol.surfaces import remote

PRODUCT = Target(noun="source", path="/products", parameter="product", field="product", help="")


class ChangeSource(msgspec.Struct, frozen=True):
    """Change a source of a product."""

    product: str
    source: str
    text: str
    run: str = ""


class Filters(msgspec.Struct, frozen=True):
    """Which source, of which run."""

    source: str
    run: str = ""


async def find(source: Any, id_: str, filters: Filters) -> list[str]:
    del source
    return [id_, filters.source, filters.run]


CHANGE: Operation[ChangeSource, None] = Operation(
    name="source.change",
    title="Change a source",
    text="Change a source.",
    command=ChangeSource,
    returns=type(None),
    permission="operate",
    handle=lambda office, command, actor: find(office, actor, Filters(command.source)),
    target=PRODUCT,
    path="sources/{source}",
    in_query=("run",),
)

GET = ItemQuery(
    name="source.get",
    title="Get a source",
    text="Return a source.",
    target=PRODUCT,
    path="sources/{source}",
    options=Filters,
    find=find,
    returns=list[str],
    source=lambda reader: reader,
)


def test_fields_stand_in_the_path_the_query_and_the_body() -> None:
    made = remote.of_operation(CHANGE, "shop", {"source": "a/b", "text": "new", "run": "run-1"})
    assert made.path == "/products/shop/sources/a%2Fb"
    assert (made.query, made.body) == ({"run": "run-1"}, {"text": "new"})
    assert CHANGE.sent.__struct_fields__ == ("text",)
    assert CHANGE.build("shop", {"source": "a", "text": "b"}) == ChangeSource("shop", "a", "b")


def test_one_thing_is_asked_for_with_what_its_address_says() -> None:
    made = remote.of_item(GET, "shop", {"source": "web", "run": ""})
    assert (made.path, made.query) == ("/products/shop/sources/web", {})
    reader: Any = None

    async def found() -> list[str]:
        return await GET.found(reader, "shop", {"source": "web"})

    assert asyncio.run(found()) == ["shop", "web", ""]
    with pytest.raises(Rejected):
        remote.of_item(GET, "shop", {"run": "run-1"})


def rows(stopped: tuple[int] | None, *found: int) -> ListQuery[Any, int]:
    async def find_after(source: Any, filters: Any, place: Any, limit: int) -> Portion[int]:
        return Portion(found, stopped)

    return ListQuery(
        name="number.list",
        title="List numbers",
        text="Return numbers.",
        target=Target(noun="number", path="/numbers", help=""),
        filters=Filters,
        find=find_after,  # type: ignore[arg-type]
        find_after=find_after,
        row=int,
        key=lambda row: (row,),
        kinds=(int,),
        source=lambda reader: reader,
    )


@pytest.mark.parametrize(
    ("stopped", "found", "expected"),
    [
        (None, (1, 2), Portion([1, 2])),
        (None, (1, 2, 3), Portion([1, 2], (2,))),
        ((9,), (1,), Portion([1], (9,))),
        ((9,), (), Portion([], (9,))),
    ],
)
def test_a_page_goes_on_where_the_search_for_its_rows_stopped(
    stopped: tuple[int] | None, found: tuple[int, ...], expected: Portion[int]
) -> None:
    reader: Any = None
    query = rows(stopped, *found)

    async def found_part() -> Portion[int]:
        return await query.portion(reader, Filters("web"), None, 2)

    part = asyncio.run(found_part())
    assert (list(part.rows), part.stopped) == (list(expected.rows), expected.stopped)
