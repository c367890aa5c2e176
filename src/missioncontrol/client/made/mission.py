"""The mission methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.asks import MissionNow
from missioncontrol.application.studio import DocumentSignature
from missioncontrol.client import requests
from missioncontrol.client.calls import Call
from missioncontrol.client.resource import L, Resource, requested


class MissionRequests(Resource[L]):
    """What is declared of the noun mission."""

    @requested
    def answer(self, mission: str, answers: Sequence[str], *, key: str = "") -> Call[MissionNow]:
        """Answer questions of a plan; a new run plans the mission again with the answers.

        Nothing else is carried out until a person approves the new plan. Answers given before stay.
        """
        return requests.operation("mission.answer", mission, {"answers": answers}, key=key)

    @requested
    def build(self, mission: str, builder: str, *, key: str = "") -> Call[MissionNow]:
        """Have an agent build the tasks that the plan leaves to a builder.

        The plan and the results there are stay; a new run builds the changes one after another and
        tests them.
        """
        return requests.operation("mission.build", mission, {"builder": builder}, key=key)

    @requested
    def sign(
        self,
        mission: str,
        document: Literal[
            "prd", "design", "plan", "pack", "adrs", "test-plan", "release-notes", "brief"
        ],
        version: int,
        *,
        key: str = "",
    ) -> Call[DocumentSignature]:
        """Sign the newest version of a document of a mission.

        The signature holds for the text of that version alone; an edit needs a new one.
        """
        return requests.operation(
            "mission.sign", mission, {"document": document, "version": version}, key=key
        )
