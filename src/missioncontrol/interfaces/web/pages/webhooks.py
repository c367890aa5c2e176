"""Settings: webhooks, the addresses that receive events."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import answered, moved, page
from missioncontrol.operations.webhook import (
    ADD,
    PAUSE,
    REDELIVER,
    REMOVE,
    RENEW_SECRET,
    RESUME,
    TEST,
    WebhookMade,
)
from missioncontrol.queries import webhook as queries
from missioncontrol.queries.webhook import WebhookView
from missioncontrol.surfaces.paging import LIMIT, Cursor, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False}
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}
HOME = "/settings/webhooks"


@get(HOME, **PAGE, **needs("govern"))
async def show_webhooks(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show all webhooks and how they fare."""
    found = await queries.webhooks(console.deliveries)
    return page(
        request,
        "settings/webhooks.html",
        title="Webhooks · Settings",
        area="settings",
        verdict=_verdict(found),
        hooks=found,
        made=None,
    )


def _verdict(hooks: list[WebhookView]) -> str:
    if not hooks:
        return "No address receives events."
    dead = sum(hook.dead for hook in hooks)
    silent = sum(not hook.is_paused and not hook.has_secret for hook in hooks)
    addresses = "1 address is" if len(hooks) == 1 else f"{len(hooks)} addresses are"
    if dead:
        letters = "1 event" if dead == 1 else f"{dead:,} events"
        return f"{addresses} notified of events; {letters} could not be delivered."
    if silent:
        return f"{addresses} to be notified of events, {silent} without a secret."
    return f"{addresses} notified of events."


@post(HOME, **DONE, **needs("govern"))
async def add_webhook(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Add a webhook, and show its secret this once."""
    form = await request.form()
    types = tuple(str(form.get("types", "")).replace(",", " ").split())
    fields = {each: str(form.get(each, "")) for each in ("name", "url")}
    return await _shown(request, await console.run(request, ADD, **fields, types=types))


@post(HOME + "/{name:str}/secret", **DONE, **needs("govern"))
async def make_secret(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Sign with another secret, and show it this once."""
    return await _shown(request, await console.run(request, RENEW_SECRET, name))


async def _shown(request: AnyRequest, made: WebhookMade) -> Response[str]:
    return await answered(
        request,
        "settings/webhooks.html",
        "made",
        title=f"Secret of {made.name}",
        area="settings",
        back=(f"{HOME}/{quote(made.name, safe='')}", made.name),
        made=made,
    )


@get(HOME + "/{name:str}", **PAGE, **needs("govern"))
async def show_webhook(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    cursor: Cursor = "",
) -> Response[str]:
    """Show one webhook and its failed deliveries."""
    hook = await queries.webhook(console.deliveries, name)
    place = place_of(cursor, int)
    before = place[0] if place else None
    found = await queries.dead_letters(console.deliveries, name, before=before, limit=LIMIT + 1)
    return page(
        request,
        "settings/webhook.html",
        title=f"{name} · Webhooks",
        area="settings",
        hook=hook,
        trial=None,
        letters=found[:LIMIT],
        next=cursor_of(found[LIMIT - 1].position) if len(found) > LIMIT else "",
    )


@post(HOME + "/{name:str}/pause", **DONE, **needs("govern"))
async def pause_webhook(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Tell it nothing for now."""
    await console.run(request, PAUSE, name)
    return moved(request, f"{HOME}/{quote(name, safe='')}")


@post(HOME + "/{name:str}/resume", **DONE, **needs("govern"))
async def resume_webhook(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Tell it again."""
    await console.run(request, RESUME, name)
    return moved(request, f"{HOME}/{quote(name, safe='')}")


@post(HOME + "/{name:str}/test", **DONE, **needs("govern"))
async def test_webhook(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Send it one event at once, and show what it answered."""
    trial = await console.run(request, TEST, name)
    return await answered(
        request,
        "settings/webhook.html",
        "trial",
        title=f"Test of {name}",
        area="settings",
        back=(f"{HOME}/{quote(name, safe='')}", name),
        trial=trial,
    )


@post(HOME + "/{name:str}/remove", **DONE, **needs("govern"))
async def remove_webhook(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Tell it nothing any more."""
    await console.run(request, REMOVE, name)
    return moved(request, HOME)


@post(HOME + "/{name:str}/redeliver", **DONE, **needs("govern"))
async def redeliver(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Try one event, or all that could not be delivered, once more."""
    event = str((await request.form()).get("event", ""))
    if event and (not event.isdecimal() or len(event) > 16):
        raise Rejected("webhook.bad_event", f"{event[:40]!r} is no position of an event.")
    await console.run(request, REDELIVER, name, event=int(event) if event else None)
    return moved(request, f"{HOME}/{quote(name, safe='')}")


HANDLERS: list[Any] = [
    show_webhooks,
    add_webhook,
    make_secret,
    show_webhook,
    pause_webhook,
    resume_webhook,
    test_webhook,
    remove_webhook,
    redeliver,
]
