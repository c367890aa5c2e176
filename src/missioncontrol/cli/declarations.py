"""Runs declared operations and queries for one command line: here, in an engine, or on a server.

A list and a thing come from the same query wherever they are asked for: in this process over the
files of a data directory, or through the server's routes.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import colour, columns, print_json, print_text
from missioncontrol.declarations import ItemQuery, ListQuery, Operation, checked
from missioncontrol.domain.visible import visible
from missioncontrol.surfaces import cli as surface
from missioncontrol.surfaces import remote
from missioncontrol.surfaces.paging import LIMIT_MAX, Page

if TYPE_CHECKING:
    from missioncontrol.application.read_model import Present

R = TypeVar("R")


def run(arguments: argparse.Namespace) -> int:
    """Run the declared command that was parsed; return the exit code."""
    desk = Desk(arguments, os.environ)
    try:
        match surface.declared_by(arguments):
            case ListQuery() as query:
                _print_list(arguments, desk, query)
            case ItemQuery() as query:
                _print_item(
                    arguments, item_of(desk, query, arguments.id if query.named else ""), query
                )
            case Operation() as operation:
                answer = _executed(arguments, desk, operation)
                if answer is None:
                    answer = {"id": arguments.id} if operation.target is not None else {}
                _print_answer(arguments, answer, operation)
            case declared:
                raise TypeError(declared.name)
        return SUCCEEDED
    finally:
        desk.close()


def rows_of(desk: Desk, query: ListQuery[Any, R], given: Mapping[str, Any]) -> Sequence[R]:
    """Return all rows of a list that fit.

    Raises:
        MissionControlError: as the query, or as the server.
    """
    if desk.line is None:
        filters = checked(query.name, given, query.filters)
        return _found(desk, query.find, query.source, filters)
    request, kind = remote.of_list(query, given), Page[query.row]  # type: ignore[name-defined]
    rows: list[R] = []
    cursor = ""
    while True:
        page = desk.line.get(request.path, kind, **request.query, cursor=cursor, limit=LIMIT_MAX)
        rows += page.items
        if not page.next:
            return rows
        cursor = page.next


def item_of(desk: Desk, query: ItemQuery[R], id_: str) -> R:
    """Return one thing.

    Raises:
        MissionControlError: as the query, or as the server.
    """
    if desk.line is None:
        return _found(desk, query.find, query.source, id_)
    request = remote.of_item(query, id_)
    return desk.line.get(request.path, request.kind)


def _found(
    desk: Desk,
    find: Callable[[Any, Any], Awaitable[R]],
    source_of: Callable[[Any], Any],
    about: Any,
) -> R:
    """Return what a query finds here. The log is opened only for one that reads it."""
    source = source_of(desk)

    async def found() -> R:
        if "present" in vars(desk):
            await desk.present.catch_up()
        return await find(source, about)

    return asyncio.run(found())


def found_here(desk: Desk, find: Callable[["Present"], Awaitable[R]]) -> R:
    """Return what a query finds in the data directory of this machine, as of now."""

    async def found() -> R:
        await desk.present.catch_up()
        return await find(desk.present)

    return asyncio.run(found())


def _executed(arguments: argparse.Namespace, desk: Desk, operation: Operation[Any, Any]) -> Any:
    target = arguments.id if operation.target is not None else ""
    given = surface.given_by(operation, arguments, lambda kind, text: resolved(desk, kind, text))
    return desk.execute(operation, target, given)


def resolved(desk: Desk, kind: str, text: str) -> str:
    """Return the id of the thing that a person names: of a mission, by any of its runs.

    Raises:
        NotFound, Rejected: as `Desk.run`.
    """
    if kind not in ("run", "mission"):
        raise ValueError(f"nothing is known of how people name a {kind}")
    run = desk.run(text)
    row = desk.board.run(run) if kind == "mission" else None
    return run if kind == "run" else row.mission if row is not None else ""


def _print_list(arguments: argparse.Namespace, desk: Desk, query: ListQuery[Any, Any]) -> None:
    given = surface.given_by(query, arguments, lambda kind, text: resolved(desk, kind, text))
    found = rows_of(desk, query, given)
    if arguments.json:
        plain = query.terminal.json or msgspec.to_builtins
        print_json([plain(each) for each in found])
        return
    for each in found:
        print_text(surface.line_of(query, each, columns(), colour) + "\n")
    if not found:
        everything = len(rows_of(desk, query, {})) if given else 0
        there = f"None of {everything:,} {query.target.plural} fits." if everything else ""
        print_text(f"{there or query.terminal.empty}\n")


def _print_item(arguments: argparse.Namespace, found: Any, query: ItemQuery[Any]) -> None:
    terminal = query.terminal
    if arguments.json or terminal.lines is None:
        print_json(msgspec.to_builtins(terminal.json(found) if terminal.json else found))
        return
    print_text(visible("\n".join(terminal.lines(found, columns()))) + "\n")


def _print_answer(
    arguments: argparse.Namespace, answer: Any, operation: Operation[Any, Any]
) -> None:
    terminal = operation.terminal
    plain = msgspec.to_builtins(terminal.json(answer) if terminal.json else answer)
    if arguments.json:
        print_json(plain)
    else:
        print_text(visible(terminal.done.format_map(plain)) + "\n")
