"""The OpenAPI document of the API: what the handlers say, and once what holds for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.di import Provide
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag

from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.media_types import OTHERS
from missioncontrol.interfaces.api.problems import MEDIA_TYPE, Problem
from missioncontrol.interfaces.api.resources import RESOURCES, api_router, name_of
from missioncontrol.interfaces.request import IDEMPOTENCY_KEY, KEY_MAX
from missioncontrol.interfaces.sign_in.guard import NEEDED, needs

SAFE = frozenset({"get", "head"})
PERMISSION = "x-permission"
UNRELEASED = "unreleased"

ABOUT = """\
Everything that a page of the console does is done by these. Send a token as
`Authorization: Bearer TOKEN`; make one under Settings, Tokens, or with
`mission user token new NAME`.

- Lists come in pages: `items`, and `next`, the `cursor` of the page after. It is empty at the end.
- Times are seconds since the epoch.
- A refusal is a problem (RFC 9457) with a `code` that stays the same between releases.
- What is asked for with an `Idempotency-Key` is done once, however often it is asked for.
- `ETag` names the state of a resource: `If-None-Match` asks for what differs from it, `If-Match`
  changes it only where it is as you saw it.
"""

REFUSALS = {
    "400": "The request is malformed.",
    "401": "No user is signed in, or the token is invalid.",
    "403": "The caller may not do this.",
    "404": "There is no such thing.",
    "405": "This is not done here; `Allow` says what is.",
    "406": "`Accept` takes nothing that is answered here.",
    "409": "It does not fit how things are now.",
    "412": "It is not as `If-Match` says any more.",
    "413": "The request is too long.",
    "415": "The body is of another type.",
    "422": "A rule forbids it, or the values do not fit.",
    "429": "Too many requests; `Retry-After` says when to come again.",
    "500": "The request failed; internal details are not shown.",
    "503": "Not now; the same request may succeed later.",
}
"""What any operation may be refused with, as a problem."""

DECLARING = "missioncontrol.surfaces.http"
"""The module that makes the routes of declared operations, of all resources."""

OF_CHANGES = frozenset({"409", "412", "413", "415"})
"""Refusals that requests which only read never receive."""

MATCHING = {
    "name": "if-none-match",
    "in": "header",
    "description": "An `ETag` of it that is known; 304 where that is how it is now.",
    "schema": {"type": "string"},
    "required": False,
}
KEY = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "description": "A name for this request; asked again under it, it is not done again.",
    "schema": {"type": "string", "maxLength": KEY_MAX, "pattern": "^[ -~]*$"},
    "required": False,
}


@get(
    "/api/openapi.json",
    summary="The OpenAPI document",
    include_in_schema=False,
    **needs("read"),
)
async def get_document(request: Request[Principal, Any, Any]) -> Response[bytes]:
    """Return the document that describes the API, OpenAPI 3.1."""
    content = await asyncio.to_thread(encoded, request.app.state.version)
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-cache"})


@cache
def document(version: str) -> dict[str, Any]:
    """Return the document as plain values of JSON."""
    found: dict[str, Any] = msgspec.json.decode(encoded(version))
    return found


@cache
def encoded(version: str) -> bytes:
    """Return the document as JSON. Making it takes a moment; it is made once."""
    app = _described(version or UNRELEASED)
    made: dict[str, Any] = app.openapi_schema.to_schema()
    handlers = {(path, method): handler for path, method, handler in _handlers(app)}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            _complete(operation, method, handlers[path, method])
    _leave_out_ellipses(made)
    responses = {f"Refused{status}": _refused(words) for status, words in REFUSALS.items()}
    made["components"]["responses"] = responses
    made["components"]["schemas"].setdefault("Problem", _problem_schema())
    return msgspec.json.encode(made)


def _described(version: str) -> Litestar:
    """Return an application that serves no requests; it only describes the resources."""
    config = OpenAPIConfig(
        title="Mission Control",
        version=version,
        description=ABOUT,
        use_handler_docstrings=True,
        operation_id_creator=_operation_ids(),
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}
        ),
        tags=[Tag(name_of(each), (each.__doc__ or "").strip()) for each in RESOURCES],
    )
    return Litestar(
        [api_router()],
        dependencies={name: Provide(_giver()) for name in ("console", "present", "principal")},
        openapi_config=config,
        logging_config=None,
    )


def _giver() -> Callable[[], Awaitable[None]]:
    """Return one that stands for what gives handlers something; each of them is its own."""

    async def nothing() -> None:
        pass

    return nothing


def _operation_ids() -> Callable[[HTTPRouteHandler, str, list[Any]], str]:
    """Return what names operations: `get_run`; where that says too little, `schedules_pause`."""
    used: set[str] = set()

    def name(handler: HTTPRouteHandler, method: str, path: list[Any]) -> str:
        operation, module = handler.handler_name, handler.fn.__module__
        last = str(path[-1]) if path else ""
        resource = str(path[2]) if module == DECLARING else module.rpartition(".")[2]
        if len(handler.paths) > 1 and not operation.startswith(last):
            operation = f"{resource}_{last}"  # One handler of several verbs, in whatever order.
        elif "_" not in operation or (operation in used and method != "HEAD"):
            operation = f"{resource}_{operation}"
        if method == "HEAD" or operation in used:
            operation += "_head" if method == "HEAD" else f"_{last}"
        used.add(operation)
        return operation

    return name


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            yield route.path_format, method.lower(), handler


def _complete(operation: dict[str, Any], method: str, handler: HTTPRouteHandler) -> None:
    """Say of an operation what it needs, and what it may be refused with."""
    _leave_out_optional_body(operation)
    needed = handler.opt[NEEDED]
    operation[PERMISSION] = needed
    operation["security"] = [] if needed == "nothing" else [{"token": []}]
    changes = method not in SAFE and needed != "read"
    parameters = operation.setdefault("parameters", [])
    if changes:
        parameters.append(KEY)
    if "304" in operation["responses"]:
        parameters.append(MATCHING)
    for response in operation["responses"].values():
        _leave_to_its_type(response)
        if "content" in response and len(OTHERS.get(handler.handler_name, ())) > 0:
            response["content"] = _of_types(response["content"], OTHERS[handler.handler_name])
        for header in response.get("headers", {}).values():
            header.setdefault("schema", {"type": "string"})  # The specification wants one.
    for status in REFUSALS:
        if method not in SAFE or status not in OF_CHANGES:
            operation["responses"][status] = {"$ref": f"#/components/responses/Refused{status}"}


def _leave_out_optional_body(operation: dict[str, Any]) -> None:
    """State that a body may be missing, where its schema takes null."""
    body = operation.get("requestBody", {})
    for content in body.get("content", {}).values():
        if {"type": "null"} in content.get("schema", {}).get("oneOf", ()):
            body["required"] = False


def _of_types(content: dict[str, Any], types: tuple[str, ...]) -> dict[str, Any]:
    """Return content of these types; an entry that is already there for one of them stays."""
    return {each: content.get(each, {}) for each in types}


def _leave_out_ellipses(value: Any) -> None:
    """Say of each tuple of any length what its items are; as it comes, they may be anything."""
    parts = value.values() if isinstance(value, dict) else value
    for part in parts if isinstance(value, dict | list) else ():
        _leave_out_ellipses(part)
    if isinstance(value, dict) and len(value.get("oneOf", ())) == 2 and value["oneOf"][1] == {}:
        value |= value.pop("oneOf")[0]


def _leave_to_its_type(response: dict[str, Any]) -> None:
    """Say of content that is no JSON what type it has, and nothing more."""
    for media_type, content in response.get("content", {}).items():
        if not media_type.endswith("json"):
            content.pop("schema", None)


def _refused(words: str) -> dict[str, Any]:
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": words, "content": {MEDIA_TYPE: shape}}


def _problem_schema() -> dict[str, Any]:
    found = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    schema: dict[str, Any] = found[1]["Problem"]
    return schema


HANDLERS: list[Any] = [get_document]
