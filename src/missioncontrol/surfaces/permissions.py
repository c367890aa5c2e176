"""The permission that a route declares; `interfaces.sign_in.guard` enforces it."""

from typing import Any, Literal

from missioncontrol.domain.permission import Permission

NEEDED = "permission"

Needed = Permission | Literal["nothing", "sign_in"]
"""`nothing`: open to all, signed in or not. `sign_in`: any caller that signed in."""


def needs(permission: Needed) -> dict[str, Any]:
    """Return the options of a route that needs `permission`: `@get("/runs", **needs("read"))`."""
    return {"opt": {NEEDED: permission}}
