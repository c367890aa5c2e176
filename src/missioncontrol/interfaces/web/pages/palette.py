"""The frame's own parts: the navigation as it changes, and what the command palette offers."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from missioncontrol.application.inbox.items import InboxItem
from missioncontrol.application.inbox.reader import items_of
from missioncontrol.application.inbox.reader import needs as needs_of
from missioncontrol.application.queries.actions import ACTIONS, Action, Choice
from missioncontrol.application.queries.commands import palette as palette_of
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.visible import visible
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.inbox_view import ICONS
from missioncontrol.interfaces.web.rendering import frame, workspaces
from missioncontrol.interfaces.web.words import Look, look_of
from missioncontrol.surfaces.palette import declared_actions

NEEDED_SHOWN = 5
Area = Annotated[str, QueryParameter(max_length=40)]


class Offered(msgspec.Struct, frozen=True):
    """What the user may do now, and how the states of its targets look."""

    actions: list[Action]
    choices: dict[str, list[Choice]]
    looks: dict[str, Look]
    needed: list[Action]  # what needs the person, from the inbox


@get("/shell", include_in_schema=False, **needs("read"))
async def shell(request: Request[Principal, Any, Any], area: Area = "") -> Response[str]:
    """Return the navigation with its counts as of now."""
    return await frame(request, area)


@get("/palette", include_in_schema=False, **needs("read"))
async def palette(
    request: Request[Principal, Any, Any],
    principal: NamedDependency[Principal],
    console: NamedDependency[Console],
) -> Offered:
    """Return all that the signed-in user may do now."""
    found = await palette_of(
        console.present, console.shelf, console.instruments, principal, ACTIONS + declared_actions()
    )
    items = await items_of(console.present, console.owner, principal, console.now)
    needed = [_of_item(each) for each in needs_of(items)[:NEEDED_SHOWN]]
    states = {choice.state for each in found.choices.values() for choice in each if choice.state}
    others = [each for each in await workspaces(request) if not each.is_current]
    switches = [
        Action(f"switch.{each.href}", each.action, "Workspaces", each.icon, href=each.href)
        for each in others
    ]
    looks = {state: look_of(state) for state in states}
    return Offered([*found.actions, *switches], found.choices, looks, needed)


def _of_item(item: InboxItem) -> Action:
    """Return the way to an item of the inbox: the decision is made there, before its text."""
    verb = item.first.title if item.first else "Open"
    title = f"{verb}: {visible(item.title)}"
    href = f"/inbox/{quote(item.id)}"
    return Action(f"inbox:{item.id}", title, "Needs you", ICONS[item.kind], href)


HANDLERS: list[Any] = [shell, palette]
