"""The permission that a route declares; `interfaces.sign_in.guard` enforces it."""

from typing import Any, Literal

from missioncontrol.domain.principal import Needed as SignedIn

NEEDED = "permission"

Needed = SignedIn | Literal["nothing"]
"""`nothing`: open to all, signed in or not."""


def needs(permission: Needed) -> dict[str, Any]:
    """Return the options of a route that needs `permission`: `@get("/runs", **needs("read"))`."""
    return {"opt": {NEEDED: permission}}
