"""Webhooks as a resource of the API: external addresses that receive events."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.queries import webhooks as queries
from missioncontrol.application.queries.webhooks import DeadLetter, Trial, WebhookView
from missioncontrol.application.webhooks import WebhookAsked
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.webhook import NAME_MAX, TYPES_MAX, URL_MAX
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.request import key_of
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.paging import (
    LIMIT,
    Cursor,
    Limit,
    Page,
    cursor_of,
    page_of,
    place_of,
)

AnyRequest = Request[Principal, Any, Any]
Type = Annotated[str, msgspec.Meta(min_length=2, max_length=NAME_MAX)]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]
Event = Annotated[
    int | None, QueryParameter(ge=1, le=2**53, description="Position of one event; else all.")
]


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address that receives events."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
    url: Annotated[str, msgspec.Meta(min_length=8, max_length=URL_MAX)]
    types: Annotated[tuple[Type, ...], msgspec.Meta(max_length=TYPES_MAX)] = ()  # `*` for letters


class WebhookMade(msgspec.Struct, frozen=True):
    """A new webhook, or one with a new secret. The secret is shown this once."""

    name: str
    secret: str  # what messages are signed with: HMAC-SHA256, as Standard Webhooks says


class Tried(msgspec.Struct, frozen=True):
    """How many dead letters are tried once more."""

    count: int


@get("/webhooks", summary="List webhooks", **needs("govern"))
async def list_webhooks(
    console: NamedDependency[Console], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[WebhookView]:
    """Return webhooks by name, each with how it fares."""
    found = await queries.webhooks(console.deliveries)
    return page_of(found, cursor, limit, lambda it: (it.name,), str)


@post(
    "/webhooks",
    summary="Add a webhook",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="The webhook.")
    ],
    **needs("govern"),
)
async def add_webhook(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewWebhook]
) -> Response[WebhookMade]:
    """Tell an address of events from now on, each at least once.

    What it does not take is tried again for hours, and is a dead letter then.
    """
    ask = WebhookAsked("add", data.name, data.url, data.types)
    await console.ask(request, ask)
    made = WebhookMade(data.name, console.deliveries.new_secret(data.name, _once(request)))
    headers = {"location": f"/api/v1/webhooks/{data.name}", "cache-control": "no-store"}
    return Response(made, status_code=201, headers=headers)


@get("/webhooks/{name:str}", summary="Get a webhook", **needs("govern"))
async def get_webhook(console: NamedDependency[Console], name: FromPath[str]) -> WebhookView:
    """Return a webhook and how it fares."""
    return await queries.webhook(console.deliveries, name)


@post("/webhooks/{name:str}/secret", status_code=200, summary="Make a secret", **needs("govern"))
async def make_secret(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[WebhookMade]:
    """Sign with another secret from now on; it is shown this once."""
    await console.ask(request, WebhookAsked("secret", name))
    made = WebhookMade(name, console.deliveries.new_secret(name, _once(request)))
    return Response(made, headers={"cache-control": "no-store"})


@post("/webhooks/{name:str}/pause", status_code=200, summary="Pause a webhook", **needs("govern"))
async def pause_webhook(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    reason: Because = "",
) -> WebhookView:
    """Pause it: it receives nothing for now, and afterwards what happened meanwhile."""
    await console.ask(request, WebhookAsked("pause", name, reason=reason))
    return await queries.webhook(console.deliveries, name)


@post("/webhooks/{name:str}/resume", status_code=200, summary="Resume a webhook", **needs("govern"))
async def resume_webhook(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> WebhookView:
    """Tell it again."""
    await console.ask(request, WebhookAsked("resume", name))
    return await queries.webhook(console.deliveries, name)


@post("/webhooks/{name:str}/test", status_code=200, summary="Test a webhook", **needs("govern"))
async def test_webhook(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Trial:
    """Send it one event at once, signed as all are, and return what it answered."""
    await console.ask(request, WebhookAsked("test", name))
    return await queries.trial(console.deliveries, console.present, name)


@delete("/webhooks/{name:str}", summary="Remove a webhook", **needs("govern"))
async def remove_webhook(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    reason: Because = "",
) -> None:
    """Tell it nothing any more; what waits for it is thrown away."""
    await console.ask(request, WebhookAsked("remove", name, reason=reason))
    console.deliveries.store.forget(name)


@get("/webhooks/{name:str}/dead-letters", summary="List dead letters", **needs("govern"))
async def list_dead_letters(
    console: NamedDependency[Console],
    name: FromPath[str],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[DeadLetter]:
    """Return the events that could not be delivered to it, newest first."""
    place = place_of(cursor, int)
    before = place[0] if place else None
    found = await queries.dead_letters(console.deliveries, name, before=before, limit=limit + 1)
    more = cursor_of(found[limit - 1].position) if len(found) > limit else ""
    return Page(found[:limit], more)


@post(
    "/webhooks/{name:str}/dead-letters/redeliver",
    status_code=200,
    summary="Try dead letters once more",
    **needs("govern"),
)
async def redeliver(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    event: Event = None,
) -> Tried:
    """Deliver one dead letter, or all of them, again."""
    await console.ask(request, WebhookAsked("redeliver", name, position=event or 0))
    return Tried(await queries.again(console.deliveries, name, event))


def _once(request: AnyRequest) -> str:
    """Return who asks, and under which key; empty where the request has none."""
    key = key_of(request)
    return f"{request.user.actor}\n{key}" if key else ""


HANDLERS: list[Any] = [
    list_webhooks,
    add_webhook,
    get_webhook,
    make_secret,
    pause_webhook,
    resume_webhook,
    test_webhook,
    remove_webhook,
    list_dead_letters,
    redeliver,
]
