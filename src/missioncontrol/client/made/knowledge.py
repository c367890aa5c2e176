"""The knowledge methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.client import requests
from missioncontrol.client.calls import Pages
from missioncontrol.client.resource import L, Resource, listed
from missioncontrol.knowledge.search import Hit


class KnowledgeRequests(Resource[L]):
    """Requests of the operations and queries of knowledge."""

    @listed
    def search(
        self,
        *,
        text: str = "",
        kinds: Literal["decision", "memory", "pattern", "document", "run", "mission"]
        | Sequence[Literal["decision", "memory", "pattern", "document", "run", "mission"]] = (),
        repository: str | None = None,
        mission: str = "",
        since: float = 0.0,
    ) -> Pages[Hit]:
        """Search decisions, memory, patterns, documents, runs and missions, best answer first.

        Each hit has the passage with the places of the words in it, its source, and the missions
        that quoted it.

        The score is the share of the question that the passage answers, 0 to 1. What answers too
        little is left out: a question that nothing answers finds nothing.
        """
        return requests.pages(
            "knowledge.search",
            {
                "text": text,
                "kinds": kinds,
                "repository": repository,
                "mission": mission,
                "since": since,
            },
        )
