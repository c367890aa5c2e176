"""Requests for declared operations and queries as values, for the client and the command line."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from missioncontrol.declarations import ItemQuery, ListQuery, Operation, Target, checked

T = TypeVar("T")


class Request(msgspec.Struct, Generic[T], frozen=True):
    """A request for a server, below the root of its API."""

    method: str
    path: str
    kind: type[T]  # of the answer; of a list: of its rows
    query: Mapping[str, Any] = {}
    body: Any = None
    headers: Mapping[str, str] = {}


def of_operation(
    operation: Operation[Any, T], target: str, given: Mapping[str, Any], *, if_match: str = ""
) -> Request[T]:
    """Return the request for a change; a value out of bounds is refused before it is sent.

    `target` is the id of what is changed, "" where nothing is.

    Raises:
        Rejected: as `Operation.build`.
    """
    operation.build(target, given)
    plain, in_address = msgspec.to_builtins(given), operation.in_address
    return Request(
        operation.method,
        _path(operation.route, operation.named, target),
        operation.answer_type,
        query={name: value for name, value in plain.items() if value not in (None, "")}
        if in_address
        else {},
        body=plain if operation.given.__struct_fields__ and not in_address else None,
        headers={"if-match": if_match} if if_match else {},
    )


def of_item(query: ItemQuery[T], target: str) -> Request[T]:
    """Return the request for one thing, by its id."""
    return Request("GET", _path(query.route, query.named, target), query.returns)


def of_list(query: ListQuery[Any, T], given: Mapping[str, Any]) -> Request[T]:
    """Return the request for the first page of a list; fields without a value choose all.

    Raises:
        Rejected: as `checked`.
    """
    filters = {name: value for name, value in given.items() if value not in (None, "", ())}
    checked(query.name, filters, query.filters)
    within = query.target.within
    id_ = within.join([filters.pop(each.field) for each in query.outer]) if within else ""
    path = _path(query.route, within, id_)
    return Request("GET", path, query.row, query=msgspec.to_builtins(filters))


def _path(route: str, target: Target | None, id_: str) -> str:
    return target.address(route, id_) if target is not None else route
