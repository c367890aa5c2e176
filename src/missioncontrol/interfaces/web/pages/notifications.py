"""Settings: where new items of an inbox are sent: by mail, into a chat, or to a browser."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.declarations import ALL
from missioncontrol.domain.inbox import KINDS
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import answered, moved, page
from missioncontrol.operations.notification import ADD, REMOVE, TEST
from missioncontrol.queries import notification as queries
from missioncontrol.queries.notification import NotificationView

AnyRequest = Request[Principal, Any, Any]
TEMPLATE = "settings/notifications.html"
PLACE = "/settings/notifications"


@get(PLACE, include_in_schema=False, **needs("sign_in"))
async def show_notifications(
    request: AnyRequest, console: NamedDependency[Console]
) -> Response[str]:
    """Show where the items of the signed-in person are sent; all of them to who governs."""
    found = await queries.notifications(console.reader(request.user), ALL)
    return page(
        request,
        TEMPLATE,
        title="Notifications · Settings",
        area="settings",
        verdict=_verdict(found),
        found=found,
        trial=None,
        can_mail=console.notifier.can_mail,
        push_key=console.notifier.pusher.public_key() if console.notifier.pusher else "",
    )


def _verdict(found: list[NotificationView]) -> str:
    if not found:
        return "New items of your inbox are sent nowhere."
    failing = sum(bool(each.trouble) for each in found)
    places = "1 address" if len(found) == 1 else f"{len(found)} addresses"
    if failing:
        return f"New items are sent to {places}; {failing} did not take the last message."
    return f"New items are sent to {places}."


@post(PLACE, include_in_schema=False, status_code=200, **needs("sign_in"))
async def add_notification(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Send new items there from now on."""
    form = {str(k): str(v) for k, v in (await request.form()).items()}
    person = "" if form.get("whose") == "all" else request.user.name
    kinds = tuple(kind for kind in KINDS if form.get(f"kind-{kind}") == "on")
    given = {name: form.get(name, "").strip() for name in ("name", "way", "to")}
    await console.run(request, ADD, **given, person=person, kinds=kinds)
    return moved(request, PLACE)


@post(PLACE + "/{name:str}/test", include_in_schema=False, status_code=200, **needs("sign_in"))
async def test_notification(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Send a message at once, and show what came of it."""
    trial = await console.run(request, TEST, name)
    return await answered(
        request,
        TEMPLATE,
        "trial",
        title=f"Test of {name}",
        area="settings",
        back=(PLACE, "Notifications"),
        trial=trial,
        name=name,
    )


@post(PLACE + "/{name:str}/remove", include_in_schema=False, status_code=200, **needs("sign_in"))
async def remove_notification(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[Any]:
    """Send nothing there any more."""
    await console.run(request, REMOVE, name)
    return moved(request, PLACE)


HANDLERS: list[Any] = [
    show_notifications,
    add_notification,
    test_notification,
    remove_notification,
]
