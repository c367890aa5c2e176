"""Runs of a server: begun, watched, ended, repeated and compared."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from missioncontrol.application.cloud_event import CloudEvent
from missioncontrol.application.queries.replay import ReplayMoment, RunEventLine, TimelineRow
from missioncontrol.application.queries.runs import RunCosts, RunDetail, RunGraph, RunItem
from missioncontrol.application.queries.steps import StepDetail, StepItem
from missioncontrol.client.calls import (
    Call,
    Pages,
    Script,
    get,
    pages,
    path_of,
    persisted,
    post,
    too_long,
)
from missioncontrol.client.events import followed, head
from missioncontrol.client.resource import L, Resource, carried_out, listed, requested
from missioncontrol.client.shapes import ENDED, RunCounts, StartedRun, Status

SETTLED = "mission.run_settled"


class Runs(Resource[L]):
    """`client.runs`."""

    @listed
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
    ) -> Pages[RunItem]:
        """Return runs, newest first. Times are seconds since the epoch, of their beginning.

        `attention` chooses those that are waiting, stuck or halted, or ask a person something.
        """
        return pages(
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

    @requested
    def counts(self) -> Call[RunCounts]:
        """Return how many runs there are of each status, and how many need a person."""
        return get("/run-counts", RunCounts)

    @requested
    def get(self, run: str, *, at: int | None = None) -> Call[RunDetail]:
        """Return a run but for its steps, as of now or of a position of the log.

        Raises:
            NotFound: `run.unknown`.
        """
        return get(path_of("runs", run), RunDetail, at=at)

    @listed
    def steps(self, run: str, *, state: Sequence[str] = (), text: str = "") -> Pages[StepItem]:
        """Return the steps of a run, each followed by those that it became."""
        return pages(path_of("runs", run, "steps"), StepItem, state=state, text=text)

    @requested
    def step(self, run: str, step: str) -> Call[StepDetail]:
        """Return all that is known of a step.

        Raises:
            NotFound: `run.unknown` or `step.unknown`.
        """
        return get(path_of("runs", run, "steps", step), StepDetail)

    @listed
    def events(self, run: str, *, step: str = "") -> Pages[RunEventLine]:
        """Return what happened in a run, in order, a line each."""
        return pages(path_of("runs", run, "events"), RunEventLine, step=step)

    @requested
    def graph(self, run: str, *, at: int | None = None) -> Call[RunGraph]:
        """Return all steps of a run with what each needs, at most 10,000."""
        return get(path_of("runs", run, "graph"), RunGraph, at=at)

    @listed
    def timeline(self, run: str) -> Pages[TimelineRow]:
        """Return when each step waited and worked."""
        return pages(path_of("runs", run, "timeline"), TimelineRow)

    @requested
    def costs(self, run: str) -> Call[RunCosts]:
        """Return tokens and money by agent, by model and by step."""
        return get(path_of("runs", run, "costs"), RunCosts)

    @requested
    def moment(self, run: str, at: int) -> Call[ReplayMoment]:
        """Return a run as it stood after a position of the log."""
        return get(path_of("runs", run, "replay"), ReplayMoment, at=at)

    @requested
    def start(
        self,
        workflow: str,
        *,
        version: int | None = None,
        inputs: Mapping[str, Any] = {},
        key: str = "",
    ) -> Call[StartedRun]:
        """Begin a run of a saved workflow, by default of its newest version; return at once.

        Raises:
            NotFound: `workflow.unknown`.
            Rejected: where the inputs do not fit.
            Unavailable: `operation.stopped` or `operation.rate_limited`.
        """
        body = {"workflow": workflow, "version": version, "inputs": dict(inputs)}
        return post("/runs", StartedRun, body, key=key)

    @requested
    def cancel(self, run: str, reason: str = "", *, key: str = "") -> Call[StartedRun]:
        """End a run: nothing of it starts any more, and what is at work is ended.

        Raises:
            Conflict: `run.settled`.
        """
        return post(path_of("runs", run, "cancel"), StartedRun, {"reason": reason}, key=key)

    @requested
    def resume(self, run: str, *, key: str = "") -> Call[StartedRun]:
        """Take a run up again that was halted or left."""
        return post(path_of("runs", run, "resume"), StartedRun, key=key)

    @requested
    def retry(self, run: str, step: str = "", *, key: str = "") -> Call[StartedRun]:
        """Begin a run that keeps the results of one that has ended, and does the rest again.

        `step` and all that follows from it are done again; by default all that did not succeed.
        """
        return post(path_of("runs", run, "retry"), StartedRun, {"step": step}, key=key)

    @requested
    def fork(
        self, run: str, step: str, inputs: Mapping[str, Any] = {}, *, key: str = ""
    ) -> Call[StartedRun]:
        """Begin a run at a step of one that has ended, with other inputs."""
        body = {"step": step, "inputs": dict(inputs)}
        return post(path_of("runs", run, "fork"), StartedRun, body, key=key)

    @carried_out
    def wait(self, run: str, *, seconds_max: float = 3_600.0) -> Script[RunDetail]:
        """Return a run once it has ended, which its events show.

        Raises:
            NotFound: `run.unknown`.
            Unavailable: `client.too_long`.
        """
        latest = time.monotonic() + seconds_max
        place = (yield from persisted(head())).position
        found = yield from persisted(_run(run))
        if found.status in ENDED:
            return found

        def has_ended(event: CloudEvent | None) -> bool:
            if event is not None and event.type == SETTLED:
                return True
            if time.monotonic() > latest:
                raise too_long(f"Run {run!r} did not end", seconds_max)
            return False

        yield from followed(place, {"run": run}, has_ended)
        return (yield from persisted(_run(run)))


def _run(run: str) -> Call[RunDetail]:
    return get(path_of("runs", run), RunDetail)
