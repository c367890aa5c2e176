"""Runs of a server: begun, watched, ended, repeated and compared."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.application.queries.replay import ReplayMoment, RunEventLine, TimelineRow
from missioncontrol.application.queries.runs import RunCosts, RunDetail, RunGraph, RunItem
from missioncontrol.application.queries.steps import StepDetail, StepItem
from missioncontrol.client.events import Events
from missioncontrol.client.line import Line, Listed, path_of, too_long
from missioncontrol.client.shapes import ENDED, Begun, RunCounts, Status

SETTLED = "mission.run_settled"


class Runs:
    """`client.runs`."""

    def __init__(self, line: Line, events: Events) -> None:
        """It asks through `line`, and waits by the events."""
        self._line = line
        self._events = events

    def list(
        self,
        *,
        status: Status | Sequence[Status] = (),
        workflow: str = "",
        mission: str = "",
        author: str = "",
        trigger: str = "",
        schedule: str = "",
        since: float | None = None,
        until: float | None = None,
        text: str = "",
        attention: bool | None = None,
    ) -> Listed[RunItem]:
        """Return runs, newest first. Times are seconds since the epoch, of their beginning.

        `attention` chooses those that are halted, or ask a person something.
        """
        return self._line.listed(
            "/runs",
            RunItem,
            status=status,
            workflow=workflow,
            mission=mission,
            author=author,
            trigger=trigger,
            schedule=schedule,
            since=since,
            until=until,
            text=text,
            attention=attention,
        )

    def counts(self) -> RunCounts:
        """Return how many runs there are of each status, and how many need a person."""
        return self._line.get("/run-counts", RunCounts)

    def get(self, run: str, *, at: int | None = None) -> RunDetail:
        """Return a run but for its steps, as of now or of a position of the log.

        Raises:
            NotFound: `run.unknown`.
        """
        return self._line.get(path_of("runs", run), RunDetail, at=at)

    def steps(self, run: str, *, state: Sequence[str] = (), text: str = "") -> Listed[StepItem]:
        """Return the steps of a run, each followed by those that it became."""
        return self._line.listed(path_of("runs", run, "steps"), StepItem, state=state, text=text)

    def step(self, run: str, step: str) -> StepDetail:
        """Return all that is known of a step.

        Raises:
            NotFound: `run.unknown` or `step.unknown`.
        """
        return self._line.get(path_of("runs", run, "steps", step), StepDetail)

    def events(self, run: str, *, step: str = "") -> Listed[RunEventLine]:
        """Return what happened in a run, in order, a line each."""
        return self._line.listed(path_of("runs", run, "events"), RunEventLine, step=step)

    def graph(self, run: str, *, at: int | None = None) -> RunGraph:
        """Return all steps of a run with what each needs, at most 10,000."""
        return self._line.get(path_of("runs", run, "graph"), RunGraph, at=at)

    def timeline(self, run: str) -> Listed[TimelineRow]:
        """Return when each step waited and worked."""
        return self._line.listed(path_of("runs", run, "timeline"), TimelineRow)

    def costs(self, run: str) -> RunCosts:
        """Return tokens and money by agent, by model and by step."""
        return self._line.get(path_of("runs", run, "costs"), RunCosts)

    def moment(self, run: str, at: int) -> ReplayMoment:
        """Return a run as it stood after a position of the log."""
        return self._line.get(path_of("runs", run, "replay"), ReplayMoment, at=at)

    def start(
        self,
        workflow: str,
        *,
        version: int | None = None,
        inputs: Mapping[str, Any] = {},
        key: str = "",
    ) -> Begun:
        """Begin a run of a saved workflow, by default of its newest version; return at once.

        Raises:
            NotFound: `workflow.unknown`.
            Rejected: where the inputs do not fit.
            Unavailable: `operation.stopped` or `operation.rate_limited`.
        """
        body = {"workflow": workflow, "version": version, "inputs": dict(inputs)}
        return self._line.post("/runs", Begun, body, key=key)

    def cancel(self, run: str, reason: str = "", *, key: str = "") -> Begun:
        """End a run: nothing of it starts any more, and what is at work is ended.

        Raises:
            Conflict: `run.settled`.
        """
        return self._line.post(path_of("runs", run, "cancel"), Begun, {"reason": reason}, key=key)

    def resume(self, run: str, *, key: str = "") -> Begun:
        """Take a run up again that was halted or left."""
        return self._line.post(path_of("runs", run, "resume"), Begun, key=key)

    def retry(self, run: str, step: str = "", *, key: str = "") -> Begun:
        """Begin a run that keeps the results of one that has ended, and does the rest again.

        `step` and all that follows from it are done again; by default all that did not succeed.
        """
        return self._line.post(path_of("runs", run, "retry"), Begun, {"step": step}, key=key)

    def fork(self, run: str, step: str, inputs: Mapping[str, Any] = {}, *, key: str = "") -> Begun:
        """Begin a run at a step of one that has ended, with other inputs."""
        body = {"step": step, "inputs": dict(inputs)}
        return self._line.post(path_of("runs", run, "fork"), Begun, body, key=key)

    def wait(self, run: str, *, seconds_max: float = 3_600.0) -> RunDetail:
        """Return a run once it has ended, told by its events.

        Raises:
            NotFound: `run.unknown`.
            Unavailable: `client.too_long`.
        """
        latest = time.monotonic() + seconds_max
        place = self._events.head().position
        found = self.get(run)
        if found.status in ENDED:
            return found
        for event in self._events.heard(place, {"run": run}):
            if event is not None and event.type == SETTLED:
                break
            if time.monotonic() > latest:
                raise too_long(f"Run {run!r} did not end", seconds_max)
        return self.get(run)
