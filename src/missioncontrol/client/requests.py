"""The calls of declared operations and queries, by name; the modules of `client.made` use them."""

import secrets
from collections.abc import Mapping
from typing import Any

from missioncontrol import operations, queries
from missioncontrol.adapters.server_line import keyed
from missioncontrol.client.calls import Call, Page, Pages
from missioncontrol.declarations import ItemQuery, ListQuery
from missioncontrol.surfaces import remote


def operation(
    name: str, target: str, given: Mapping[str, Any], *, key: str = "", if_match: str = ""
) -> Call[Any]:
    """Return the call of an operation. It has a key, so it is done once however often it is sent.

    Raises:
        Rejected: where a value is out of bounds.
    """
    found = operations.find(name)
    assert found is not None, name
    made = remote.of_operation(found, target, given, if_match=if_match)
    headers = {**keyed(key or secrets.token_hex(16)), **made.headers}
    return Call(made.method, made.path, made.kind, made.query, made.body, headers)


def item(name: str, target: str = "", given: Mapping[str, Any] = {}) -> Call[Any]:
    """Return the call of a query for one thing.

    Raises:
        Rejected: where a value is out of bounds.
    """
    found = queries.find(name)
    assert isinstance(found, ItemQuery), name
    made = remote.of_item(found, target, given)
    return Call(made.method, made.path, made.kind, made.query)


def pages(name: str, given: Mapping[str, Any], target: str = "") -> Pages[Any]:
    """Return the first call of a query for a list; `target` is what the rows are parts of.

    Raises:
        Rejected: where a filter is out of bounds.
    """
    found = queries.find(name)
    assert isinstance(found, ListQuery), name
    made = remote.of_list(found, given, target)
    kind: Any = Page[found.row]  # type: ignore[name-defined]
    return Call(made.method, made.path, kind, made.query)
