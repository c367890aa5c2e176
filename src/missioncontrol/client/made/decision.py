"""The decision methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.decision_views import DecisionLine
from missioncontrol.application.decisions import DecisionNow
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.queries.decision import DecisionPage


class DecisionRequests(Resource[L]):
    """Requests of the operations and queries of decision."""

    @listed
    def list(
        self,
        *,
        status: Literal["proposed", "accepted", "rejected", "deprecated", "superseded"]
        | None = None,
        text: str = "",
        mission: str = "",
        file: str = "",
    ) -> Pages[DecisionLine]:
        """List decisions, those that changed last first: of the log, and of the newest 1,000 plans.

        Those of plans are proposed until a person accepts or rejects them.
        """
        return requests.pages(
            "decision.list", {"status": status, "text": text, "mission": mission, "file": file}
        )

    @requested
    def get(self, decision: str) -> Call[DecisionPage]:
        """Return a decision in full, and what happened to it.

        In an address the id of one of a plan, `mission-x/D1`, is written `mission-x:D1`.
        """
        return requests.item("decision.get", decision)

    @requested
    def record(
        self,
        text: DecisionText,
        *,
        status: Literal["proposed", "accepted"] = "proposed",
        supersedes: Sequence[str] = (),
        tasks: Sequence[str] = (),
        files: Sequence[str] = (),
        key: str = "",
    ) -> Call[DecisionNow]:
        """Put a decision into the log; what it supersedes is superseded at once."""
        return requests.operation(
            "decision.record",
            "",
            {
                "text": text,
                "status": status,
                "supersedes": supersedes,
                "tasks": tasks,
                "files": files,
            },
            key=key,
        )

    @requested
    def accept(
        self, decision: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[DecisionNow]:
        """Accept a proposed decision."""
        return requests.operation(
            "decision.accept", decision, {"reason": reason}, key=key, if_match=if_match
        )

    @requested
    def reject(
        self, decision: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[DecisionNow]:
        """Reject a proposed decision."""
        return requests.operation(
            "decision.reject", decision, {"reason": reason}, key=key, if_match=if_match
        )

    @requested
    def deprecate(
        self, decision: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[DecisionNow]:
        """Deprecate an accepted decision, without another in its place."""
        return requests.operation(
            "decision.deprecate", decision, {"reason": reason}, key=key, if_match=if_match
        )

    @requested
    def supersede(
        self, decision: str, by: str, reason: str = "", *, key: str = "", if_match: str = ""
    ) -> Call[DecisionNow]:
        """Put another decision in its place.

        A cycle is refused.
        """
        return requests.operation(
            "decision.supersede", decision, {"by": by, "reason": reason}, key=key, if_match=if_match
        )

    @requested
    def link(
        self,
        decision: str,
        *,
        tasks: Sequence[str] = (),
        files: Sequence[str] = (),
        remove: bool = False,
        key: str = "",
        if_match: str = "",
    ) -> Call[DecisionNow]:
        """Say which tasks and files a decision has to do with, or take that back."""
        return requests.operation(
            "decision.link",
            decision,
            {"tasks": tasks, "files": files, "remove": remove},
            key=key,
            if_match=if_match,
        )
