"""The permission that a route needs, declared at the route; a route must declare one."""

from typing import TYPE_CHECKING, Any

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.principal import Permission, Principal
from missioncontrol.surfaces.permissions import NEEDED as NEEDED
from missioncontrol.surfaces.permissions import Needed as Needed
from missioncontrol.surfaces.permissions import needs as needs

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers.base import BaseRouteHandler


class NotSignedIn(MissionControlError):
    """The request carries nothing that says whose it is."""

    status = 401


class Forbidden(MissionControlError):
    """The caller may not do this."""

    status = 403


def permitted(
    connection: "ASGIConnection[Any, Principal | None, Any, Any]", handler: "BaseRouteHandler"
) -> None:
    """Refuse what the caller may not do. It guards every route of the console.

    Raises:
        NotSignedIn: `sign_in.needed`.
        Forbidden: `permission.missing`, or `permission.undeclared` where none is declared.
    """
    needed: Needed | None = handler.opt.get(NEEDED)
    if needed == "nothing":
        return
    principal: Principal | None = connection.scope.get("user")
    if principal is None:
        raise NotSignedIn(
            "sign_in.needed", "No user is signed in.", hint="Sign in, or send a token."
        )
    if needed == "sign_in":
        return
    if needed is None:
        raise Forbidden("permission.undeclared", "No user may do this.")
    refuse_without(principal, needed)


def refuse_without(principal: Principal, permission: Permission) -> None:
    """Refuse a caller who lacks a permission.

    Raises:
        Forbidden: `permission.missing`.
    """
    if not principal.may(permission):
        raise Forbidden(
            "permission.missing",
            f"{principal.name} may not do this: it needs the permission {permission!r}.",
            hint="An admin of this workspace gives roles.",
        )
