"""What a route needs, said where the route stands; `interfaces.sign_in.guard` holds it to that."""

from typing import Any, Literal

from missioncontrol.domain.permission import Permission

NEEDED = "permission"

Needed = Permission | Literal["nothing", "sign_in"]
"""`nothing`: for everybody, signed in or not. `sign_in`: for whoever is, whatever their roles."""


def needs(permission: Needed) -> dict[str, Any]:
    """Return the options of a route that needs `permission`: `@get("/runs", **needs("read"))`."""
    return {"opt": {NEEDED: permission}}
