"""Requests for declared operations and queries as values, for the client and the command line."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from missioncontrol.declarations import ItemQuery, ListQuery, Operation, Query, checked

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
    plain, others = msgspec.to_builtins(given), operation.in_path
    left = {name: value for name, value in plain.items() if name not in others}
    in_query = {name: value for name, value in left.items() if operation.takes_in_query(name)}
    body = {name: value for name, value in left.items() if name not in in_query}
    has_body = operation.sent.__struct_fields__ and not operation.in_address
    return Request(
        operation.method,
        operation.address(target, plain),
        operation.answer_type,
        query=_without_empty(in_query),
        body=body if has_body else None,
        headers={"if-match": if_match} if if_match else {},
    )


def of_item(query: ItemQuery[T], target: str, given: Mapping[str, Any] = {}) -> Request[T]:
    """Return the request for one thing, by its id; fields without a value are left out.

    Raises:
        Rejected: as `checked`.
    """
    path, rest = _asked(query, target, given)
    return Request("GET", path, query.returns, query=rest)


def of_list(query: ListQuery[Any, T], given: Mapping[str, Any], target: str = "") -> Request[T]:
    """Return the request for the first page of a list; fields without a value choose all.

    `target` is the id of what the rows are parts of.

    Raises:
        Rejected: as `checked`.
    """
    path, rest = _asked(query, target, given)
    return Request("GET", path, query.row, query=rest)


def _asked(query: Query, target: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the path of a query, and what stands in the query of its address."""
    filters = _without_empty(given)
    checked(query.name, filters, query.given)
    plain = msgspec.to_builtins(filters)
    rest = {name: value for name, value in plain.items() if name not in query.in_path}
    return query.address(target, plain), rest


def _without_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in (None, "", ())}
