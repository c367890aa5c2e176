"""Missions of a server: begun, watched, steered, and reported."""

from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.application.queries.estimates import Estimate
from missioncontrol.client.calls import Call, content, path_of, post
from missioncontrol.client.made.mission import MissionRequests
from missioncontrol.client.resource import L, requested
from missioncontrol.client.shapes import (
    DiagramForm,
    PackForm,
    Report,
    StartedRun,
)


class Missions(MissionRequests[L]):
    """`client.missions`."""

    @requested
    def diagram(
        self, mission: str, kind: str, form: DiagramForm = "svg", *, run: str = ""
    ) -> Call[bytes]:
        """Return a diagram as a file."""
        return content(path_of("missions", mission, "diagrams", kind), format=form, run=run)

    @requested
    def pack(
        self, mission: str, task: str = "", form: PackForm = "md", *, run: str = ""
    ) -> Call[bytes]:
        """Return what an agent or a person needs to do one task, by default all of the work.

        Raises:
            NotFound: `pack.unknown`.
        """
        return content(path_of("missions", mission, "pack"), task=task, format=form, run=run)

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
