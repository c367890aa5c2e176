"""The frame's own parts: the navigation as it changes, and what the command palette offers."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from missioncontrol.application.queries.actions import Action, Choice
from missioncontrol.application.queries.commands import palette as palette_of
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import frame, workspaces
from missioncontrol.interfaces.web.words import Look, look_of

Area = Annotated[str, QueryParameter(max_length=40)]


class Offered(msgspec.Struct, frozen=True):
    """What the user may do now, and how the states of its targets look."""

    actions: list[Action]
    choices: dict[str, list[Choice]]
    looks: dict[str, Look]


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
    now = console.shelf.clock.now()
    found = await palette_of(console.present, console.shelf, console.instruments, principal, now)
    states = {choice.state for each in found.choices.values() for choice in each if choice.state}
    others = [each for each in await workspaces(request) if not each.is_current]
    switches = [
        Action(f"switch.{each.href}", each.action, "Workspaces", each.icon, href=each.href)
        for each in others
    ]
    return Offered(
        [*found.actions, *switches], found.choices, {state: look_of(state) for state in states}
    )


HANDLERS: list[Any] = [shell, palette]
