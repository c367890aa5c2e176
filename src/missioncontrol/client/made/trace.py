"""The trace methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested
from missioncontrol.documents.traceability.report import CheckSummary, TraceSummary


class TraceRequests(Resource[L]):
    """Requests of the operations and queries of trace."""

    @requested
    def get(self, mission: str, *, run: str = "") -> Call[TraceSummary]:
        """Return what leads from the goal to the evidence: graph, matrix, gaps, waivers, owners.

        Each edge says why its target exists, and so what its source covers.
        """
        return requests.item("trace.get", mission, {"run": run})

    @requested
    def check(self, mission: str, *, run: str = "") -> Call[CheckSummary]:
        """Return every gap, and what keeps the mission from being completed.

        Gaps that are waived are among them.
        """
        return requests.item("trace.check", mission, {"run": run})
