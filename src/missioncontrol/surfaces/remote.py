"""Requests for declared operations and queries as values, for the client and the command line."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec

from missioncontrol.declarations import Declared, ItemQuery, ListQuery, Operation, Query
from missioncontrol.surfaces.fields import fields_of

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
    plain = {name: value for name, value in given.items() if name not in operation.in_path}
    plain, in_address = msgspec.to_builtins(plain), operation.in_address
    return Request(
        operation.method,
        _path(operation, target, given),
        operation.answer_type,
        query={name: value for name, value in plain.items() if value not in (None, "")}
        if in_address
        else {},
        body=plain if operation.sent.__struct_fields__ and not in_address else None,
        headers={"if-match": if_match} if if_match else {},
    )


def of_item(query: ItemQuery[T], target: str, given: Mapping[str, Any] = {}) -> Request[T]:
    """Return the request for one thing, by its id.

    Raises:
        Rejected: as `checked`.
    """
    query.asked(target, _chosen(query, given))
    return Request("GET", _path(query, target, given), query.returns, query=_query(query, given))


def of_list(query: ListQuery[Any, T], given: Mapping[str, Any], target: str = "") -> Request[T]:
    """Return the request for the first page of a list; fields without a value choose all.

    `target` is the id of what the rows belong to, where they belong to one thing.

    Raises:
        Rejected: as `checked`.
    """
    query.asked(target, _chosen(query, given))
    return Request("GET", _path(query, target, given), query.row, query=_query(query, given))


def _chosen(query: Query, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says something: no field that has its default, or is empty."""
    usual = {each.name: each.default for each in fields_of(query.given) if not each.is_required}
    return {
        name: value
        for name, value in given.items()
        if value not in (None, (), []) and (name not in usual or value != usual[name])
    }


def _query(query: Query, given: Mapping[str, Any]) -> Any:
    """Return what stands in the query of the address."""
    chosen = _chosen(query, given).items()
    return msgspec.to_builtins({name: value for name, value in chosen if name not in query.in_path})


def _path(declared: Declared, target: str, given: Mapping[str, Any]) -> str:
    values = {name: str(given[name]) for name in declared.in_path}
    if declared.named is not None:
        values[declared.named.placeholder] = declared.named.to_path(target)
    path = declared.route
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path
