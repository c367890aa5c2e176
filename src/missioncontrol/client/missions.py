"""Missions of a server: begun, watched, steered, and reported."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from missioncontrol.application.queries.diagrams import BlueprintView, DiagramLine
from missioncontrol.application.queries.estimates import Estimate
from missioncontrol.application.queries.missions import MissionLine, MissionView, PlanView
from missioncontrol.application.queries.runs import RunItem
from missioncontrol.application.queries.summaries import SummaryView
from missioncontrol.client.calls import Call, Pages, content, get, pages, path_of, post
from missioncontrol.client.made.mission import MissionRequests
from missioncontrol.client.resource import L, listed, requested
from missioncontrol.client.shapes import (
    DiagramForm,
    PackForm,
    PackLine,
    PlanLine,
    Report,
    StartedRun,
)

DiagramLines: TypeAlias = list[DiagramLine]
PackLines: TypeAlias = list[PackLine]


class Missions(MissionRequests[L]):
    """`client.missions`."""

    @listed
    def list(
        self,
        *,
        status: str = "",
        text: str = "",
        repository: str = "",
        since: float | None = None,
    ) -> Pages[MissionLine]:
        """Return missions, newest first; `since` chooses those that changed then or later.

        `status` is created, running, succeeded, completed, failed or cancelled.
        """
        return pages(
            "/missions", MissionLine, status=status, text=text, repository=repository, since=since
        )

    @requested
    def get(self, mission: str, *, run: str = "") -> Call[MissionView]:
        """Return a mission in full, by its newest run or another one of it.

        `likely` says for each requirement which places of the repository will change, and why.

        Raises:
            NotFound: `mission.unknown`.
        """
        return get(path_of("missions", mission), MissionView, run=run)

    @requested
    def plan(self, mission: str, *, run: str = "") -> Call[PlanView]:
        """Return phases, tasks, requirements, risks and decisions, as they were accepted."""
        return get(path_of("missions", mission, "plan"), PlanView, run=run)

    @requested
    def summary(self, mission: str, *, run: str = "") -> Call[SummaryView]:
        """Return what came of a mission, what proves it, what it took, and what was not done."""
        return get(path_of("missions", mission, "summary"), SummaryView, run=run)

    @requested
    def blueprint(self, mission: str, *, run: str = "") -> Call[BlueprintView]:
        """Return technical foundation, project shape, operating model, and diagrams as graphs."""
        return get(path_of("missions", mission, "blueprint"), BlueprintView, run=run)

    @requested
    def diagrams(self, mission: str, *, run: str = "") -> Call[DiagramLines]:
        """Return each kind of diagram with what it shows, or why there is nothing to draw."""
        return get(path_of("missions", mission, "diagrams"), DiagramLines, run=run)

    @requested
    def diagram(
        self, mission: str, kind: str, form: DiagramForm = "svg", *, run: str = ""
    ) -> Call[bytes]:
        """Return a diagram as a file."""
        return content(path_of("missions", mission, "diagrams", kind), format=form, run=run)

    @requested
    def packs(self, mission: str, *, run: str = "") -> Call[PackLines]:
        """Return the execution packs: the whole one, and one for each task handed over."""
        return get(path_of("missions", mission, "packs"), PackLines, run=run)

    @requested
    def pack(
        self, mission: str, task: str = "", form: PackForm = "md", *, run: str = ""
    ) -> Call[bytes]:
        """Return what an agent or a person needs to do one task, by default all of the work.

        Raises:
            NotFound: `pack.unknown`.
        """
        return content(path_of("missions", mission, "pack"), task=task, format=form, run=run)

    @listed
    def plans(self) -> Pages[PlanLine]:
        """Return the missions that have a plan, newest first, each with how much is in it."""
        return pages("/plans", PlanLine)

    @listed
    def runs(self, mission: str) -> Pages[RunItem]:
        """Return the runs of a mission, newest first."""
        return pages(path_of("missions", mission, "runs"), RunItem)

    @requested
    def report(self, mission: str, form: Report = "html", *, run: str = "") -> Call[bytes]:
        """Return the report of a run of the mission as it stands, as a file."""
        return content(path_of("missions", mission, "report"), format=form, run=run)

    @requested
    def estimate(
        self, *, repository: str = "", execute: bool = True, builder: str = ""
    ) -> Call[Estimate]:
        """Return what missions took that were asked for like this one. Nothing is begun."""
        body = {"repository": repository, "execute": execute, "builder": builder}
        return post("/missions/estimate", Estimate, body)

    @requested
    def create(
        self,
        goal: str,
        *,
        repository: str = "",
        title: str = "",
        context: str = "",
        constraints: Sequence[str] = (),
        builder: str = "",
        scaffold: str = "",
        execute: bool = True,
        concurrency: int = 4,
        cost_max: int | None = None,
        tokens_max: int | None = None,
        memory: bool = True,
        patterns: bool = True,
        planner: str = "",
        key: str = "",
    ) -> Call[StartedRun]:
        """Plan a goal and, unless `execute` is false, carry the plan out; return at once.

        `repository` is an absolute path on the server's machine, `cost_max` in micro-dollars.
        Without `memory` the planner receives nothing of what is remembered, without `patterns`
        nothing of what repositories taught. `planner` says who plans: `local`, `model`, or an
        agent; without it, the model that is configured, else our own rules. `scaffold` creates
        the repository of a new product in this stack, or by the goal where it is `auto`.

        Raises:
            Rejected: `mission.bad_input` or `repository.unusable`.
            Unavailable: `operation.stopped` or `operation.rate_limited`.
        """
        body: dict[str, Any] = {
            "goal": goal,
            "repository": repository,
            "title": title,
            "context": context,
            "constraints": list(constraints),
            "builder": builder,
            "scaffold": scaffold,
            "execute": execute,
            "concurrency": concurrency,
            "memory": memory,
            "patterns": patterns,
            "planner": planner,
        }
        if cost_max is not None or tokens_max is not None:
            body["budget"] = {"cost": cost_max, "tokens": tokens_max}
        return post("/missions", StartedRun, body, key=key)

    @requested
    def create_from(
        self,
        template: str,
        answers: Mapping[str, str],
        *,
        repository: str = "",
        builder: str = "",
        execute: bool = True,
        memory: bool = True,
        patterns: bool = True,
        key: str = "",
    ) -> Call[StartedRun]:
        """Begin a mission whose goal a template makes of answers to its questions.

        Raises:
            NotFound: `template.unknown`; Rejected: `template.bad_answer` and as `create`.
        """
        body = {
            "template": template,
            "answers": dict(answers),
            "repository": repository,
            "builder": builder,
            "execute": execute,
            "memory": memory,
            "patterns": patterns,
        }
        return post("/missions", StartedRun, body, key=key)

    @requested
    def run(self, mission: str, *, key: str = "") -> Call[StartedRun]:
        """Carry out what was to be planned only."""
        return post(path_of("missions", mission, "run"), StartedRun, key=key)

    @requested
    def cancel(self, mission: str, reason: str = "", *, key: str = "") -> Call[StartedRun]:
        """End its newest run."""
        path = path_of("missions", mission, "cancel")
        return post(path, StartedRun, {"reason": reason}, key=key)

    @requested
    def resume(self, mission: str, *, key: str = "") -> Call[StartedRun]:
        """Take its newest run up again, where it is halted or was left."""
        return post(path_of("missions", mission, "resume"), StartedRun, key=key)

    @requested
    def retry(self, mission: str, task: str = "", *, key: str = "") -> Call[StartedRun]:
        """Do a task again, by default all that did not succeed, with all that follows from it."""
        return post(path_of("missions", mission, "retry"), StartedRun, {"task": task}, key=key)

    @requested
    def fork(self, mission: str, task: str, *, key: str = "") -> Call[StartedRun]:
        """Begin a run of the mission at one of its tasks; results before that stay."""
        return post(path_of("missions", mission, "fork"), StartedRun, {"task": task}, key=key)
