"""What waits for a person on a server: approvals and questions, and how they are answered."""

from collections.abc import Mapping
from typing import Any, Literal

from missioncontrol.application.queries.approvals import ApprovalView
from missioncontrol.application.queries.questions import QuestionView
from missioncontrol.client.calls import Call, Pages, get, pages, path_of, post
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.projections.approvals import ApprovalRow


class Approvals(Resource[L]):
    """`client.approvals`."""

    @listed
    def list(self, state: Literal["open", "all"] = "open", *, run: str = "") -> Pages[ApprovalRow]:
        """Return what waits for a person by urgency; with `all` every one, newest first.

        With `run`, only what waits of that run.
        """
        return pages("/approvals", ApprovalRow, state=state, run=run)

    @requested
    def get(self, approval: str) -> Call[ApprovalView]:
        """Return exactly what would run, why a person is asked, and who may answer.

        Raises:
            NotFound: `approval.unknown`.
        """
        return get(path_of("approvals", approval), ApprovalView)

    @requested
    def approve(
        self, approval: str, *, digest: str, reason: str, key: str = ""
    ) -> Call[ApprovalView]:
        """Agree to exactly what was shown: `digest` is that of the approval that was read.

        Raises:
            Rejected: `approval.by_author`, and others where something else is asked by now.
            Conflict: `approval.settled`.
        """
        return self._post_decision(approval, "approve", {"digest": digest, "reason": reason}, key)

    @requested
    def reject(self, approval: str, *, reason: str, key: str = "") -> Call[ApprovalView]:
        """Say no, finally: the step fails."""
        return self._post_decision(approval, "reject", {"reason": reason}, key)

    @requested
    def request_changes(
        self, approval: str, *, inputs: Mapping[str, Any], reason: str, key: str = ""
    ) -> Call[ApprovalView]:
        """Ask for other inputs; another person then decides about exactly those."""
        body = {"inputs": dict(inputs), "reason": reason}
        return self._post_decision(approval, "request-changes", body, key)

    @requested
    def defer(
        self, approval: str, *, until: float, reason: str, key: str = ""
    ) -> Call[ApprovalView]:
        """Put the answer off until a time, in seconds since the epoch."""
        return self._post_decision(approval, "defer", {"until": until, "reason": reason}, key)

    @requested
    def delegate(self, approval: str, *, to: str, reason: str, key: str = "") -> Call[ApprovalView]:
        """Delegate the decision to another person."""
        return self._post_decision(approval, "delegate", {"to": to, "reason": reason}, key)

    @requested
    def withdraw(self, approval: str, *, reason: str, key: str = "") -> Call[ApprovalView]:
        """Take the question back, as its author."""
        return self._post_decision(approval, "withdraw", {"reason": reason}, key)

    @listed
    def questions(self, *, run: str = "") -> Pages[QuestionView]:
        """Return what steps ask people now, the oldest first; with `run`, only steps of that."""
        return pages("/questions", QuestionView, run=run)

    @requested
    def answer(self, question: str, answer: Any, *, key: str = "") -> Call[QuestionView]:
        """Answer a question of a step, in the form that it asks for."""
        path = path_of("questions", question, "answer")
        return post(path, QuestionView, {"answer": answer}, key=key)

    def _post_decision(
        self, approval: str, verb: str, body: dict[str, Any], key: str
    ) -> Call[ApprovalView]:
        return post(path_of("approvals", approval, verb), ApprovalView, body, key=key)
