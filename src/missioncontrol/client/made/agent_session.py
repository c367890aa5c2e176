"""The agent_session methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from typing import Literal

from missioncontrol.application.agent_sessions import Adopted
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.queries.agent_session import AgentSessionView


class AgentSessionRequests(Resource[L]):
    """Requests of the operations and queries of agent_session."""

    @listed
    def list(
        self,
        *,
        status: Literal["working", "waiting", "ended", "lost"] | None = None,
        all: bool = False,
    ) -> Pages[AgentSessionView]:
        """List sessions of Claude Code and Codex.

        Those that runs of ours started, and those that people started elsewhere and `mission agent
        watch` reports: what each does now, and what it waits for. What waits comes first, then what
        was active last.
        """
        return requests.pages("agent_session.list", {"status": status, "all": all})

    @requested
    def get(self, session: str) -> Call[AgentSessionView]:
        """Return a session: where it works, what it did last, waits for and used."""
        return requests.item("agent_session.get", session)

    @requested
    def adopt(
        self,
        session: str,
        *,
        mission: str = "",
        builder: str = "",
        instruction: str = "",
        task: str = "",
        reviewer: str = "",
        key: str = "",
    ) -> Call[Adopted]:
        """Make a session that a person started a step of a run.

        The run is one of the named mission, or of a new one that is called after the first prompt.
        Its transcript becomes the output of the step; what it used is charged; what it changed
        since it began is stored as a patch and as a commit in its repository. Rules were not
        enforced before the adoption.

        With an agent of its program, the session is continued here once it is over: the agent
        resumes its conversation in a tree that begins with what its checkout holds, under the rules
        of any other step. The checkout is only read. With a task of its repository, its work is
        that of the task: it is tested, inspected and merged as the repository says.
        """
        return requests.operation(
            "agent_session.adopt",
            session,
            {
                "mission": mission,
                "builder": builder,
                "instruction": instruction,
                "task": task,
                "reviewer": reviewer,
            },
            key=key,
        )
