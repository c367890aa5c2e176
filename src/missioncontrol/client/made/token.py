"""The token methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.access import TokenShown
from missioncontrol.application.queries.access import TokenView
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested


class TokenRequests(Resource[L]):
    """Requests of the operations and queries of token."""

    @listed
    def list(self, *, everybody: bool = False) -> Pages[TokenView]:
        """Return one's own tokens, or everybody's: what each may do, its end, and its last use."""
        return requests.pages("token.list", {"everybody": everybody})

    @requested
    def issue(
        self,
        name: str,
        *,
        scopes: Sequence[
            Literal["read", "audit", "operate", "approve", "stop", "govern", "administer"]
        ] = ("read",),
        seconds: float = 7776000.0,
        key: str = "",
    ) -> Call[TokenShown]:
        """Return a token that acts for the caller, as far as its scopes go, until it ends.

        It can never do more than its owner may at the time, nor more than what asks for it.
        """
        return requests.operation(
            "token.issue", "", {"name": name, "scopes": scopes, "seconds": seconds}, key=key
        )

    @requested
    def revoke(self, token: str, reason: str = "", *, key: str = "") -> Call[None]:
        """Make a token void at once: one's own, or anybody's for an admin."""
        return requests.operation("token.revoke", token, {"reason": reason}, key=key)
