"""Missions of a server: begun, watched, steered, and told of in a report."""

from collections.abc import Sequence
from typing import Any

from missioncontrol.application.queries.estimates import Estimate
from missioncontrol.application.queries.missions import MissionLine, MissionView, PlanView
from missioncontrol.application.queries.runs import RunItem
from missioncontrol.client.line import Line, Listed, path_of
from missioncontrol.client.shapes import Begun, Report


class Missions:
    """`client.missions`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(
        self,
        *,
        status: str = "",
        text: str = "",
        repository: str = "",
        since: float | None = None,
    ) -> Listed[MissionLine]:
        """Return missions, newest first; `since` chooses those that changed then or later.

        `status` is created, running, succeeded, failed or cancelled.
        """
        return self._line.listed(
            "/missions", MissionLine, status=status, text=text, repository=repository, since=since
        )

    def get(self, mission: str, *, run: str = "") -> MissionView:
        """Return a mission in full, by its newest run or another one of it.

        Raises:
            NotFound: `mission.unknown`.
        """
        return self._line.get(path_of("missions", mission), MissionView, run=run)

    def plan(self, mission: str, *, run: str = "") -> PlanView:
        """Return phases, tasks, requirements, risks and decisions, as they were accepted."""
        return self._line.get(path_of("missions", mission, "plan"), PlanView, run=run)

    def runs(self, mission: str) -> Listed[RunItem]:
        """Return the runs of a mission, newest first."""
        return self._line.listed(path_of("missions", mission, "runs"), RunItem)

    def report(self, mission: str, form: Report = "html", *, run: str = "") -> bytes:
        """Return the report of a run of the mission as it stands, as a file."""
        return self._line.content(path_of("missions", mission, "report"), format=form, run=run)

    def estimate(
        self, *, repository: str = "", execute: bool = True, builder: str = ""
    ) -> Estimate:
        """Return what missions took that were asked for like this one. Nothing is begun."""
        body = {"repository": repository, "execute": execute, "builder": builder}
        return self._line.post("/missions/estimate", Estimate, body)

    def create(
        self,
        goal: str,
        *,
        repository: str = "",
        title: str = "",
        context: str = "",
        constraints: Sequence[str] = (),
        builder: str = "",
        execute: bool = True,
        concurrency: int = 4,
        cost_max: int | None = None,
        tokens_max: int | None = None,
        key: str = "",
    ) -> Begun:
        """Plan a goal and, unless `execute` is false, carry the plan out; return at once.

        `repository` is an absolute path on the server's machine, `cost_max` in micro-dollars.

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
            "execute": execute,
            "concurrency": concurrency,
        }
        if cost_max is not None or tokens_max is not None:
            body["budget"] = {"cost": cost_max, "tokens": tokens_max}
        return self._line.post("/missions", Begun, body, key=key)

    def run(self, mission: str, *, key: str = "") -> Begun:
        """Carry out what was to be planned only."""
        return self._line.post(path_of("missions", mission, "run"), Begun, key=key)

    def cancel(self, mission: str, reason: str = "", *, key: str = "") -> Begun:
        """End its newest run."""
        path = path_of("missions", mission, "cancel")
        return self._line.post(path, Begun, {"reason": reason}, key=key)

    def resume(self, mission: str, *, key: str = "") -> Begun:
        """Take its newest run up again, where it is halted or was left."""
        return self._line.post(path_of("missions", mission, "resume"), Begun, key=key)

    def retry(self, mission: str, task: str = "", *, key: str = "") -> Begun:
        """Do a task again, by default all that did not succeed, with all that follows from it."""
        return self._line.post(
            path_of("missions", mission, "retry"), Begun, {"task": task}, key=key
        )

    def fork(self, mission: str, task: str, *, key: str = "") -> Begun:
        """Begin a run of the mission at one of its tasks; results before that stay."""
        return self._line.post(path_of("missions", mission, "fork"), Begun, {"task": task}, key=key)
