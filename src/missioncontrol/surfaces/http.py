"""Routes of declared operations and queries: functions with the signatures that Litestar reads."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeAlias

from litestar import Request, Response, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.handlers import route
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from missioncontrol import operations, queries
from missioncontrol.declarations import Declared, ItemQuery, ListQuery, Operation, Query
from missioncontrol.domain.principal import Principal
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    listed,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.fields import Field, fields_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, page_of, place_of
from missioncontrol.surfaces.permissions import needs

ROOT = "/api/v1"

AnyRequest: TypeAlias = Request[Principal, Any, Any]
Parameters = Mapping[str, tuple[Any, Any]]
"""By name: the annotation and the default, or `NEEDED`."""


def _of(generic: Any, kind: Any) -> Any:
    """Return a generic type of a type that is known at run time only."""
    return generic[kind]


NEEDED = inspect.Parameter.empty
LOCATION = [ResponseHeader(name="Location", documentation_only=True, description="Its address.")]
GIVEN = {
    "request": (AnyRequest, NEEDED),
    # The console of `interfaces.console`, which stands above this.
    "console": (_of(NamedDependency, Any), NEEDED),
}


def handlers_of(noun: str) -> list[Any]:
    """Return the routes of a noun's queries and operations."""
    found = [_query(each) for each in queries.of_noun(noun) if "http" in each.surfaces]
    found += [_operation(each) for each in operations.of_noun(noun) if "http" in each.surfaces]
    return found


def _path(declared: Declared) -> str:
    return re.sub(r"{(\w+)}", r"{\1:str}", declared.pattern)


def _taken(declared: Declared, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the id that a request names, "" where it names none, and what else it says.

    Raises:
        Rejected: as `Target.join`.
    """
    ids = [each.from_path(given.pop(each.placeholder)) for each in declared.chain]
    for name in declared.in_path:
        if isinstance(given[name], str):  # Litestar leaves a slash before the rest of a path.
            given[name] = given[name].removeprefix("/")
    return declared.named.join(ids) if declared.named else "", _without_none(given)


def _query(query: Query) -> Any:
    match query:
        case ListQuery():
            function = _list_function(query)
        case ItemQuery():
            function = _item_function(query)
        case _:
            raise TypeError(f"{query.name} is neither a list nor an item")
    return get(_path(query), summary=query.title, responses=KNOWN, **needs(query.permission))(
        function
    )


def _list_function(query: ListQuery[Any, Any]) -> Callable[..., Any]:
    async def answer(
        request: AnyRequest, console: Any, cursor: str, limit: int, **given: Any
    ) -> Any:
        filters = query.asked(*_taken(query, given))
        reader = console.reader(request.user)
        if query.find_after is not None:
            place = place_of(cursor, *query.kinds)
            part = await query.portion(reader, filters, place, limit)
            more = cursor_of(*part.stopped) if part.stopped else ""
            return listed(request, Page(list(part.rows), more))
        found = await query.found(reader, filters)
        return listed(request, page_of(found, cursor, limit, query.key, *query.kinds))

    paging = {"cursor": (Cursor, ""), "limit": (Limit, LIMIT)}
    parameters = GIVEN | _in_address(query) | paging
    returns = _of(Response, _of(Page, query.row))
    return _signed(answer, query.routine, query.text, parameters, returns)


def _in_address(declared: Declared) -> dict[str, tuple[Any, Any]]:
    """Return the parameters of what stands in the path and in the query: ids and fields."""
    found = {each.placeholder: (_of(FromPath, str), NEEDED) for each in declared.chain}
    for each in fields_of(declared.given):
        if each.name in declared.in_path:
            found[each.name] = (_of(FromPath, each.kind), NEEDED)
        elif not isinstance(declared, Operation) or declared.takes_in_query(each.name):
            found[each.name] = (_parameter(each), NEEDED if each.is_required else each.default)
    return found


def _parameter(field: Field) -> Any:
    """Return the annotation of a query parameter, with the bounds of the field."""
    if not field.description:
        return _of(FromQuery, field.annotation)
    bounds = field.bounds
    kind = field.kind | None if field.is_optional else field.kind
    parameter = QueryParameter(
        max_length=bounds.max_length,
        min_length=bounds.min_length,
        ge=bounds.ge,
        le=bounds.le,
        description=field.description,
    )
    return Annotated[kind, parameter]


def _without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _item_function(query: ItemQuery[Any]) -> Callable[..., Any]:
    async def answer(request: AnyRequest, console: Any, **given: Any) -> Any:
        found = await query.found(console.reader(request.user), *_taken(query, given))
        return tagged(request, found, tag_of(found))

    parameters = GIVEN | _in_address(query)
    returns = _of(Response, query.returns)
    return _signed(answer, query.routine, query.text, parameters, returns)


def _operation(operation: Operation[Any, Any]) -> Any:
    seen = operation.unless_changed
    parameters: dict[str, tuple[Any, Any]] = GIVEN | _in_address(operation)
    if operation.sent.__struct_fields__ and not operation.in_address:
        kind = operation.sent
        parameters["data"] = (
            (_of(JSONBody, kind), NEEDED)
            if operation.needs_body
            else (_of(JSONBody, kind | None), None)
        )
    if seen is not None:
        parameters["if_match"] = (IfMatch, "")
    responses = CHANGED if seen is not None else {}
    returns: Any = None if operation.answer_type is type(None) else operation.answer_type
    options: dict[str, Any] = {
        "status_code": 200 if returns is not None else 204,
        "responses": responses,
    }
    if operation.creates is not None:
        made = {"response_description": "It is made.", "response_headers": LOCATION}
        options = {"status_code": 201, **made}
    if operation.creates is not None or operation.shows is not None or operation.shown_once:
        returns = _of(Response, returns)
    function = _signed(_execute(operation), operation.routine, operation.text, parameters, returns)
    return route(
        _path(operation),
        http_method=[operation.method],
        summary=operation.title,
        **options,
        **needs(operation.permission),
    )(function)


def _execute(operation: Operation[Any, Any]) -> Callable[..., Awaitable[Any]]:
    named, seen, creates = operation.named, operation.unless_changed, operation.creates
    shows = operation.shows

    async def answer(
        request: AnyRequest, console: Any, data: Any = None, if_match: str = "", **given: Any
    ) -> Any:
        id_, values = _taken(operation, given)
        if named is not None and named.resolve is not None:
            id_ = await named.resolve(console.reader(request.user), id_)
        if if_match and seen is not None:
            asked = {name: values[name] for name in seen.given.__struct_fields__ if name in values}
            now = await seen.found(console.reader(request.user), id_, asked)
            refuse_stale(if_match, tag_of(now), f"The {seen.target.noun}")
        names = data.__struct_fields__ if data is not None else ()
        values |= {name: getattr(data, name) for name in names}
        made = await console.run(request, operation, id_, **values)
        headers = {"Cache-Control": "no-store"} if operation.shown_once else {}
        if creates is not None:
            id_ = operation.made(id_, made)
            headers["Location"] = f"{ROOT}{creates.address(creates.item_path, id_)}"
        if shows is not None:
            made = await shows.found(console.reader(request.user), id_)
            headers["ETag"] = tag_of(made)
        if not headers:
            return made
        return Response(made, status_code=201 if creates is not None else 200, headers=headers)

    return answer


def _signed(
    function: Callable[..., Any], name: str, text: str, parameters: Parameters, returns: Any
) -> Callable[..., Any]:
    """Return a function that Litestar sees as if its parameters had been written down."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    function.__annotations__ = {each: kind for each, (kind, _) in parameters.items()}
    function.__annotations__["return"] = returns
    shown = [
        inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for each, (kind, default) in parameters.items()
    ]
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        shown, return_annotation=returns
    )
    return function
