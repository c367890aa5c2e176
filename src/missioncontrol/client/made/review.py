"""The review methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from typing import Literal

from missioncontrol.application.reviews import ReviewNow
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.queries.review import ReviewPage


class ReviewRequests(Resource[L]):
    """Requests of the operations and queries of review."""

    @requested
    def get(self, review: str) -> Call[ReviewPage]:
        """Return the newest change of a work item or a run.

        Its files, the comments on its lines, its rounds, and what can be decided about it.
        """
        return requests.item("review.get", review)

    @requested
    def comment(
        self,
        review: str,
        text: str,
        digest: str,
        *,
        path: str = "",
        line: int = 0,
        side: Literal["new", "old"] = "new",
        key: str = "",
    ) -> Call[ReviewNow]:
        """Comment on a line of a change, on a file, or on all of it.

        The comment stays with the change over further rounds.
        """
        return requests.operation(
            "review.comment",
            review,
            {"text": text, "digest": digest, "path": path, "line": line, "side": side},
            key=key,
        )

    @requested
    def resolve(self, review: str, comment: int, *, key: str = "") -> Call[ReviewNow]:
        """Take a comment as settled; it goes to no builder.

        That is for people who may approve: a model may comment, and settles nothing.
        """
        return requests.operation("review.resolve", review, {"comment": comment}, key=key)

    @requested
    def reopen(self, review: str, comment: int, *, key: str = "") -> Call[ReviewNow]:
        """Take a comment as open again."""
        return requests.operation("review.reopen", review, {"comment": comment}, key=key)

    @requested
    def request_changes(
        self, review: str, digest: str, *, text: str = "", key: str = ""
    ) -> Call[ReviewNow]:
        """Have the builder mend what the open comments say.

        They become findings of the next round of a task; where its run has ended, a new run begins
        with them.
        """
        return requests.operation(
            "review.request_changes", review, {"digest": digest, "text": text}, key=key
        )

    @requested
    def approve(
        self, review: str, digest: str, reason: str = "", *, typed: str = "", key: str = ""
    ) -> Call[ReviewNow]:
        """Approve the step that waits for it, such as the merge, for the change as it was shown."""
        return requests.operation(
            "review.approve", review, {"digest": digest, "reason": reason, "typed": typed}, key=key
        )
