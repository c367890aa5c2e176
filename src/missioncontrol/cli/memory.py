"""`mission knowledge memory`: list, search, add to, correct and forget what is remembered."""

import argparse
import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from missioncontrol.application.memory import Memory
from missioncontrol.application.queries import memory as queries
from missioncontrol.application.queries.memory import ItemView, MatchView
from missioncontrol.cli.declarations import run
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.output import colour, columns, note, print_json, print_text
from missioncontrol.declarations import checked
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.visible import visible
from missioncontrol.knowledge.text import distinguishing_texts
from missioncontrol.operations.memory import checkout
from missioncontrol.queries.memory import MemoryFilters
from missioncontrol.surfaces.paging import LIMIT_MAX, Page

T = TypeVar("T")


def memory(arguments: argparse.Namespace) -> int:
    """Do what `mission knowledge memory VERB` was asked for."""
    by_hand = {"list": _look, "search": _look, "recall": _recall}.get(arguments.memory)
    if by_hand is None:
        code = run(arguments)
        if arguments.memory != "forget":
            return code
    desk = Desk(arguments, os.environ)
    try:
        if by_hand is not None:
            return by_hand(arguments, desk)
        if desk.line is None:
            _ask(desk, lambda _: None)  # An item reported as deleted must be gone from the index.
        return code
    finally:
        desk.close()


def _ask(desk: Desk, question: Callable[[Memory], T]) -> T:
    """Return what a question to the memory of this machine finds, as the log has it now."""
    desk.reading.close()  # Refuses a data directory where nothing was ever recorded.
    return asyncio.run(desk.remembered(question))


def _look(arguments: argparse.Namespace, desk: Desk) -> int:
    if not 1 <= arguments.limit <= LIMIT_MAX:
        raise Rejected(
            "memory.bad_limit", f"--limit is {arguments.limit}; it must be 1 to {LIMIT_MAX}."
        )
    given = {
        "kind": arguments.kind,
        "tag": arguments.tag,
        "file": arguments.file,
        "expired": arguments.expired,
        **({} if arguments.repo is None else {"repository": checkout(arguments.repo)}),
    }
    if arguments.memory == "search":
        matches = _found(desk, arguments.text, given, arguments.limit)
        return _print_found(
            arguments, matches, "Nothing that is remembered says any of these words."
        )
    items = _items(desk, given, arguments.limit)
    return _print_found(
        arguments, items, "Nothing is remembered yet; missions that end leave something."
    )


def _items(desk: Desk, given: dict[str, Any], limit: int) -> list[ItemView]:
    if desk.line is not None:
        return desk.line.get("/memory", Page[ItemView], **_query(given), limit=limit).items
    wanted = checked("memory.list", given, MemoryFilters).wanted
    return _ask(desk, lambda it: queries.items(it, wanted, before=None, limit=limit))


def _found(desk: Desk, text: str, given: dict[str, Any], limit: int) -> list[MatchView]:
    if desk.line is not None:
        asked = {"q": text, "limit": limit, **_query(given)}
        return desk.line.get("/memory/search", list[MatchView], **asked)
    wanted = checked("memory.list", given, MemoryFilters).wanted
    return _ask(desk, lambda it: queries.found(it, text, wanted, limit=limit))


def _query(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value}


def _print_found(arguments: argparse.Namespace, found: list[Any], nothing: str) -> int:
    if arguments.json:
        print_json(found)
        return SUCCEEDED
    apart = distinguishing_texts(
        each.item if isinstance(each, MatchView) else each for each in found
    )
    for each in found:
        print_text("".join(f"{visible(line)}\n" for line in _lines(each, apart)))
    if not found:
        note(f"{nothing}\n")
    return SUCCEEDED


def _lines(found: ItemView | MatchView, apart: Mapping[str, str]) -> Iterator[str]:
    item = found.item if isinstance(found, MatchView) else found
    mark = f" [{item.status}]" if item.status != "held" else ""
    yield colour(f"{item.kind}  {item.title}{mark}", "1")
    yield from wrapped(apart.get(item.id, ""), columns(), "    ", "    ")
    yield f"    {item.id} · {item.source}"
    if isinstance(found, MatchView):
        factors = [part for part in found.parts if part.name != "links"]
        links = [f" + links {part.value:.3g}" for part in found.parts if part.name == "links"]
        product = " * ".join(f"{part.name} {part.value:.3g}" for part in factors)
        yield f"    score {found.score:.3g} = {product}{''.join(links)}"
        yield from wrapped(found.parts[0].why, columns(), "    in ", "      ")


def _recall(arguments: argparse.Namespace, desk: Desk) -> int:
    goal, repository = arguments.goal, checkout(arguments.repo)
    if desk.line is not None:
        body = {"goal": goal, "repository": repository}
        found = desk.line.post("/memory/recall", body, list[Recalled])
    else:
        found = list(_ask(desk, lambda it: it.recalled(goal, repository)))
    if arguments.json:
        print_json(found)
        return SUCCEEDED
    for each in found:
        print_text(visible(colour(f"{each.kind}  {each.title}", "1") + f"\n    {each.source}\n"))
    if not found:
        note("Nothing that is remembered bears on this goal.\n")
    return SUCCEEDED
