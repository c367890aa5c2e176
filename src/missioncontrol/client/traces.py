"""Traces of missions on a server: what leads to what, what is lacking, and what may lack."""

from missioncontrol.client.calls import Call, change, path_of, post
from missioncontrol.client.made.trace import TraceRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.client.shapes import TraceChanged


class Traces(TraceRequests[L]):
    """`client.traces`."""

    @requested
    def waive(
        self, mission: str, gap: str, reason: str, *, digest: str = "", key: str = ""
    ) -> Call[TraceChanged]:
        """Waive a gap of the newest run; `digest` is that of the gap that was looked at.

        Raises:
            NotFound: `gap.unknown`; Conflict: `gap.changed`; Rejected: `mission.no_plan`.
        """
        body = {"gap": gap, "reason": reason, "digest": digest}
        return post(path_of("missions", mission, "waivers"), TraceChanged, body, key=key)

    @requested
    def withdraw(self, mission: str, gap: str, reason: str, *, key: str = "") -> Call[TraceChanged]:
        """Take a waiver back; a mission that stood on it is not completed any more.

        Raises:
            NotFound: `waiver.unknown`.
        """
        path = path_of("missions", mission, "waivers", "withdraw")
        return post(path, TraceChanged, {"gap": gap, "reason": reason}, key=key)

    @requested
    def assign(self, mission: str, risk: str, owner: str) -> Call[TraceChanged]:
        """Name who sees to a risk of the plan.

        Raises:
            NotFound: `risk.unknown`.
        """
        path = path_of("missions", mission, "risks", risk, "owner")
        return change("PUT", path, TraceChanged, {"owner": owner})
