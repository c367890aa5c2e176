"""Links of a server that show one report to their holders."""

from missioncontrol.application.queries.shares import ShareView
from missioncontrol.client.calls import Call, Pages, change, pages, path_of, post
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.client.shapes import ShareMade
from missioncontrol.domain.share import SECONDS_USUAL


class Shares(Resource[L]):
    """`client.shares`."""

    @listed
    def list(self, *, run: str = "") -> Pages[ShareView]:
        """Return the links that hold, the newest first, without their secrets."""
        return pages("/shares", ShareView, run=run)

    @requested
    def make(
        self, run: str, *, seconds: float = SECONDS_USUAL, note: str = "", key: str = ""
    ) -> Call[ShareMade]:
        """Return a link that shows the report of a run that has ended. It is shown this once.

        Raises:
            Rejected: `share.running`, `share.bad_time` and others.
        """
        body = {"run": run, "seconds": seconds, "note": note}
        return post("/shares", ShareMade, body, key=key)

    @requested
    def revoke(self, share: str, reason: str = "") -> Call[None]:
        """Revoke a link: it shows nothing any more."""
        query = {"reason": reason}
        return change("DELETE", path_of("shares", share), type(None), query=query)
