"""The agent methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from missioncontrol.application.agent_runs import AgentRun
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested


class AgentRequests(Resource[L]):
    """What is declared of the noun agent."""

    @requested
    def run(
        self,
        name: str,
        instruction: str,
        *,
        repository: str = "",
        cost: float = 0.0,
        tokens: int = 0,
        key: str = "",
    ) -> Call[AgentRun]:
        """Have an agent do what an instruction says, in a run with one step.

        Caps, rate limits and approvals apply as for every other run. The change that it makes can
        be reviewed.
        """
        return requests.operation(
            "agent.run",
            name,
            {"instruction": instruction, "repository": repository, "cost": cost, "tokens": tokens},
            key=key,
        )
