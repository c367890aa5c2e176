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
from missioncontrol.cli.output import colour, columns, note, print_json, print_text
from missioncontrol.declarations import ROWS_MAX, Declared, ItemQuery, ListQuery, Operation
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.surfaces import cli as surface
from missioncontrol.surfaces import remote
from missioncontrol.surfaces.paging import LIMIT_MAX, Page

if TYPE_CHECKING:
    from missioncontrol.application.read_model import Present
    from missioncontrol.application.reader import Reader

R = TypeVar("R")


def run(arguments: argparse.Namespace) -> int:
    """Run the declared command that was parsed; return the exit code."""
    desk = Desk(arguments, os.environ)
    try:
        match surface.declared_by(arguments):
            case ListQuery() as query:
                _print_list(arguments, desk, query)
            case ItemQuery() as query:
                _print_item(arguments, desk, query)
            case Operation() as operation:
                _execute(arguments, desk, operation)
            case declared:
                raise TypeError(declared.name)
        return SUCCEEDED
    finally:
        desk.close()


def rows_of(
    desk: Desk,
    query: ListQuery[Any, R],
    given: Mapping[str, Any],
    target: str = "",
    *,
    limit: int = ROWS_MAX,
) -> Sequence[R]:
    """Return the rows of a list that fit, at most `limit`.

    `target` is the id of what the rows are parts of.

    Raises:
        MissionControlError: as the query, or as the server.
    """
    if desk.line is None:
        filters = query.asked(target, given)
        return _read_here(desk, lambda reader: query.found(reader, filters, limit))[:limit]
    request = remote.of_list(query, given, target)
    kind = Page[query.row]  # type: ignore[name-defined]
    rows: list[R] = []
    cursor = ""
    while True:
        size = min(LIMIT_MAX, limit - len(rows))
        page = desk.line.get(request.path, kind, **request.query, cursor=cursor, limit=size)
        rows += page.items
        if not page.next or len(rows) >= limit:
            return rows
        cursor = page.next


def item_of(desk: Desk, query: ItemQuery[R], id_: str, given: Mapping[str, Any] = {}) -> R:
    """Return one thing.

    Raises:
        MissionControlError: as the query, or as the server.
    """
    if desk.line is None:
        return _read_here(desk, lambda reader: query.found(reader, id_, given))
    request = remote.of_item(query, id_, given)
    return desk.line.get(request.path, request.kind, **request.query)


def found_here(desk: Desk, find: Callable[["Present"], Awaitable[R]]) -> R:
    """Return what is found in the data directory of this machine, as of now."""
    return _read_here(desk, lambda reader: find(reader.present))


def _read_here(desk: Desk, find: Callable[["Reader"], Awaitable[R]]) -> R:
    """Return what is found here. The log is opened only for a query that reads it."""

    async def found() -> R:
        work = find(desk.reader)
        if "present" in vars(desk):
            await desk.present.catch_up()
        return await work

    return asyncio.run(found())


def _target(arguments: argparse.Namespace, desk: Desk, declared: Declared) -> str:
    return surface.target_of(declared, arguments, lambda kind, text: resolved(desk, kind, text))


def _given(arguments: argparse.Namespace, desk: Desk, declared: Declared) -> dict[str, Any]:
    return surface.given_by(declared, arguments, lambda kind, text: resolved(desk, kind, text))


def _execute(arguments: argparse.Namespace, desk: Desk, operation: Operation[Any, Any]) -> None:
    target, given = _target(arguments, desk, operation), _given(arguments, desk, operation)
    answer = executed(desk, operation, target, given)
    if arguments.json:
        shown = operation.terminal.json(answer) if operation.terminal.json else answer
        print_json({"id": target} if answer is None else msgspec.to_builtins(shown))
        return
    for name in operation.shown_once:  # Alone, so that another program can take it.
        print_text(visible(f"{getattr(answer, name)}\n"))
    write = note if operation.shown_once else print_text
    write(visible(surface.done_text(operation, target, answer)) + "\n")


def executed(
    desk: Desk, operation: Operation[Any, Any], target: str, given: Mapping[str, Any]
) -> Any:
    """Execute an operation, and return what callers are answered.

    Raises:
        MissionControlError: as `Desk.execute`.
    """
    named = operation.named.resolve if operation.named is not None else None
    if named is not None and desk.line is None:
        target = _read_here(desk, lambda reader: named(reader, target))
    made = desk.execute(operation, target, given)
    if operation.shows is None or desk.line is not None:
        return made  # A server has looked it up.
    id_ = operation.made(target, made) if operation.creates is not None else target
    return item_of(desk, operation.shows, id_)


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
    target, given = _target(arguments, desk, query), _given(arguments, desk, query)
    limit = arguments.limit if query.terminal.rows else ROWS_MAX
    _refuse_limit(query, limit)
    found = rows_of(desk, query, given, target, limit=limit)
    if arguments.json:
        plain = query.terminal.json or msgspec.to_builtins
        print_json([plain(each) for each in found])
        return
    lines = query.terminal.lines
    for each in found:
        if lines is not None:
            print_text(visible("\n".join(lines(each, columns()))) + "\n")
        else:
            print_text(surface.line_of(query, each, columns(), colour) + "\n")
    if not found:
        print_text(f"{_nothing(desk, query, given)}\n")


def _refuse_limit(query: ListQuery[Any, Any], limit: int) -> None:
    """Refuse a number of rows that no command prints.

    Raises:
        Rejected: `list.bad_limit`.
    """
    if query.terminal.rows and not 1 <= limit <= surface.ROWS_LISTED_MAX:
        reason = f"--limit is {limit}; it must be 1 to {surface.ROWS_LISTED_MAX}."
        raise Rejected("list.bad_limit", reason)


def _nothing(desk: Desk, query: ListQuery[Any, Any], given: Mapping[str, Any]) -> str:
    """Return what is printed for a list without rows. A long list is not counted for it."""
    if given and query.find is None:
        return f"None of the {query.target.plural} fits. {query.terminal.empty}"
    everything = len(rows_of(desk, query, {})) if given and query.named is None else 0
    there = f"None of {everything:,} {query.target.plural} fits." if everything else ""
    return there or query.terminal.empty


def _print_item(arguments: argparse.Namespace, desk: Desk, query: ItemQuery[Any]) -> None:
    given, terminal = _given(arguments, desk, query), query.terminal
    found = item_of(desk, query, _target(arguments, desk, query), given)
    if arguments.json or terminal.lines is None:
        print_json(msgspec.to_builtins(terminal.json(found) if terminal.json else found))
        return
    print_text(visible("\n".join(terminal.lines(found, columns()))) + "\n")
