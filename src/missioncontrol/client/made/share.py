"""The share methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.shares import ShareShown
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.queries.share import ShareView


class ShareRequests(Resource[L]):
    """Requests of the operations and queries of share."""

    @listed
    def list(self, *, run: str = "") -> Pages[ShareView]:
        """List the links that hold, the newest first, without the secrets that open them."""
        return requests.pages("share.list", {"run": run})

    @requested
    def make(
        self, run: str, *, seconds: float = 604800.0, note: str = "", key: str = ""
    ) -> Call[ShareShown]:
        """Return a link that shows the report of a run that has ended, as it stands now.

        Anyone with the link may look, without signing in, until it ends or is revoked; nothing else
        is reached with it.
        """
        return requests.operation(
            "share.make", "", {"run": run, "seconds": seconds, "note": note}, key=key
        )

    @requested
    def revoke(self, share: str, reason: str = "", *, key: str = "") -> Call[None]:
        """Make a link show nothing any more."""
        return requests.operation("share.revoke", share, {"reason": reason}, key=key)
