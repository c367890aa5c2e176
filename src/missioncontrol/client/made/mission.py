"""The mission methods of clients; `python -m missioncontrol.surfaces.client` writes them."""

from collections.abc import Sequence
from typing import Literal

from missioncontrol.application.asks import MissionNow
from missioncontrol.application.queries.diagrams import BlueprintView, DiagramLine
from missioncontrol.application.queries.missions import MissionLine, MissionView, PlanView
from missioncontrol.application.queries.runs import RunItem
from missioncontrol.application.queries.summaries import SummaryView
from missioncontrol.application.studio import DocumentSignature
from missioncontrol.client import requests
from missioncontrol.client.calls import Call, Pages
from missioncontrol.client.resource import L, Resource, listed, requested
from missioncontrol.queries.mission import PackLine, PlanLine


class MissionRequests(Resource[L]):
    """Requests of the operations and queries of mission."""

    @listed
    def list(
        self,
        *,
        status: Literal[
            "planning",
            "planned",
            "ready_to_build",
            "building",
            "in_review",
            "waiting",
            "stuck",
            "halted",
            "cancelling",
            "failed",
            "cancelled",
            "done",
        ]
        | None = None,
        text: str = "",
        repository: str = "",
        since: float | None = None,
    ) -> Pages[MissionLine]:
        """Return missions, newest first.

        `since` chooses those that changed then or later.

        A page looks at 2,000 missions at most: one that chooses few of them may be short, or empty,
        and still have a `next`.
        """
        return requests.pages(
            "mission.list",
            {"status": status, "text": text, "repository": repository, "since": since},
        )

    @requested
    def get(self, mission: str, *, run: str = "") -> Call[MissionView]:
        """Return a mission in full: how it stands, tasks, requirements, what needs a person.

        The verdict and all that follows from it are those of its report. `likely` has for each
        requirement the places of the repository that will change, and why.
        """
        return requests.item("mission.get", mission, {"run": run})

    @requested
    def plan(self, mission: str, *, run: str = "") -> Call[PlanView]:
        """Return phases, tasks, requirements, risks, decisions and questions of a plan."""
        return requests.item("mission.plan", mission, {"run": run})

    @listed
    def plans(self) -> Pages[PlanLine]:
        """Return the missions that have a plan, newest first, each with how much is in it.

        A page of which some missions have none yet is short, and still has a `next`.
        """
        return requests.pages("mission.plans", {})

    @listed
    def runs(self, mission: str) -> Pages[RunItem]:
        """Return the runs of a mission, newest first."""
        return requests.pages("mission.runs", {}, mission)

    @requested
    def summary(self, mission: str, *, run: str = "") -> Call[SummaryView]:
        """Return what came of a mission, in its newest run or in `run`, and what comes next.

        With what proves it, what it took beside what was estimated, and what was not done and why.
        """
        return requests.item("mission.summary", mission, {"run": run})

    @requested
    def packs(self, mission: str, *, run: str = "") -> Call[Sequence[PackLine]]:
        """Return the execution packs: that of the mission, and one for each task of a builder.

        There are as many as the plan has tasks that change code, and one more.
        """
        return requests.item("mission.packs", mission, {"run": run})

    @requested
    def blueprint(self, mission: str, *, run: str = "") -> Call[BlueprintView]:
        """Return technical foundation, project shape, operating model, and diagrams as graphs.

        Each statement and each box names the file and line, the task or the decision behind it.
        """
        return requests.item("mission.blueprint", mission, {"run": run})

    @requested
    def diagrams(self, mission: str, *, run: str = "") -> Call[Sequence[DiagramLine]]:
        """Return each kind with what its drawing shows, or why there is nothing to draw."""
        return requests.item("mission.diagrams", mission, {"run": run})

    @requested
    def run(self, mission: str, *, key: str = "") -> Call[MissionNow]:
        """Carry out a mission that was only to be planned.

        The plan stays; a new run executes it.
        """
        return requests.operation("mission.run", mission, {}, key=key)

    @requested
    def cancel(self, mission: str, reason: str = "", *, key: str = "") -> Call[MissionNow]:
        """End its newest run: nothing of it starts any more, and what is at work is ended."""
        return requests.operation("mission.cancel", mission, {"reason": reason}, key=key)

    @requested
    def resume(self, mission: str, *, key: str = "") -> Call[MissionNow]:
        """Resume its newest run, where it is halted or no engine works on it."""
        return requests.operation("mission.resume", mission, {}, key=key)

    @requested
    def retry(self, mission: str, *, task: str = "", key: str = "") -> Call[MissionNow]:
        """Do a task again, by default all that did not succeed, with all that follows from it.

        A new run does that; it keeps the other results of the newest one.
        """
        return requests.operation("mission.retry", mission, {"task": task}, key=key)

    @requested
    def fork(self, mission: str, task: str, *, key: str = "") -> Call[MissionNow]:
        """Begin a run of the mission at one of its tasks; results before that stay."""
        return requests.operation("mission.fork", mission, {"task": task}, key=key)

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
