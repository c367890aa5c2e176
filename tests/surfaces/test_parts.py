"""Things that are parts of others: a page of a book, whose address names both."""

import argparse
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import pytest

from missioncontrol.declarations import ItemQuery, ListQuery, Operation, Target
from missioncontrol.domain.errors import Rejected
from missioncontrol.surfaces import cli, remote

Help = Annotated[str, msgspec.Meta(max_length=9, description="What is read.")]

BOOK = Target(noun="book", path="/books", help="a book", field="isbn", metavar="BOOK")
PAGE = Target(noun="page", path="/pages", help="its page", within=BOOK, metavar="PAGE")
COVER = Target(noun="cover", path="/cover", help="its cover", within=BOOK, is_single=True)


class AddPage(msgspec.Struct, frozen=True):
    """Add a page."""

    isbn: str
    text: Help


class TurnPage(msgspec.Struct, frozen=True):
    """Turn a page."""

    isbn: str
    id: str
    reason: str = ""


class PageFilters(msgspec.Struct, frozen=True):
    """Which pages of a book."""

    isbn: str
    text: Help = ""


class Made(msgspec.Struct, frozen=True):
    """A page."""

    id: str


async def found(*_: Any) -> Any:
    return Made("")


async def rows(_: Any, filters: PageFilters) -> Sequence[Made]:
    return [Made(filters.isbn)]


def operation(**values: Any) -> Operation[Any, Any]:
    about: dict[str, Any] = {"title": "Do", "text": "Do it.", "permission": "operate"}
    return Operation(**about, returns=Made, handle=found, **values)


ADD = operation(name="page.add", command=AddPage, creates=PAGE)
TURN = operation(name="book.turn", command=TurnPage, target=PAGE)
GET = ItemQuery(name="page.get", title="A", text="A", target=PAGE, find=found, returns=Made)
LOOK = ItemQuery(name="cover.get", title="A", text="A", target=COVER, find=found, returns=Made)
LIST = ListQuery(
    name="page.list",
    title="A",
    text="A",
    target=PAGE,
    filters=PageFilters,
    find=rows,
    row=Made,
    key=lambda row: (row.id,),
    kinds=(str,),
)


def test_routes_name_what_a_thing_is_part_of() -> None:
    assert TURN.route == "/books/{book}/pages/{page}/turn"
    assert ADD.route == LIST.route == "/books/{book}/pages"
    assert (GET.route, LOOK.route) == ("/books/{book}/pages/{page}", "/books/{book}/cover")
    assert (LOOK.named, ADD.named) == (BOOK, BOOK)


def test_a_client_asks_for_a_part_of_the_thing_that_the_name_begins_with() -> None:
    assert (TURN.resource, ADD.resource) == ("books", "pages")


def test_one_id_is_all_ids_that_an_address_names() -> None:
    assert TURN.build("a/7/b", {"reason": "on"}) == TurnPage("a", "7/b", "on")
    assert ADD.build("a", {"text": "x"}) == AddPage("a", "x")
    assert TURN.given.__struct_fields__ == ("reason",)
    asked = TURN.arguments("a/7", {"reason": "on"})
    assert asked == {"isbn": "a", "id": "7", "reason": "on"}
    assert TURN.understood(asked) == TurnPage("a", "7", "on")
    assert ADD.made("a", Made("7")) == "a/7"


def test_an_address_that_names_another_thing_is_refused() -> None:
    with pytest.raises(Rejected, match="'a' is not BOOK/PAGE"):
        TURN.build("a", {})
    with pytest.raises(Rejected, match="no book 'a/7'"):
        TURN.understood({"isbn": "a/7", "id": "8"})


def test_requests_have_the_ids_in_their_path_alone() -> None:
    sent = remote.of_operation(TURN, "a b/7", {"reason": "on"})
    assert (sent.path, sent.body) == ("/books/a%20b/pages/7/turn", {"reason": "on"})
    assert remote.of_item(LOOK, "a").path == "/books/a/cover"
    listed = remote.of_list(LIST, {"text": "x"}, "a")
    assert (listed.path, listed.query) == ("/books/a/pages", {"text": "x"})


def test_a_command_names_the_outer_thing_first() -> None:
    verbs = argparse.ArgumentParser()
    cli._add(verbs.add_subparsers(), argparse.ArgumentParser(add_help=False), TURN, int)
    parsed = verbs.parse_args(["turn", "a", "7"])
    assert cli.target_of(TURN, parsed, lambda _, text: text) == "a/7"
