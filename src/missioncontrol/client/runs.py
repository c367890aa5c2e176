"""Runs of a server: begun, watched, ended, repeated and compared."""

import time
from collections.abc import Mapping
from typing import Any

from missioncontrol.application.cloud_event import CloudEvent
from missioncontrol.application.queries.runs import RunDetail
from missioncontrol.client.calls import (
    Call,
    Script,
    get,
    path_of,
    persisted,
    post,
    too_long,
)
from missioncontrol.client.events import followed, head
from missioncontrol.client.made.run import RunRequests
from missioncontrol.client.resource import L, carried_out, requested
from missioncontrol.client.shapes import ENDED, StartedRun

SETTLED = "mission.run_settled"


class Runs(RunRequests[L]):
    """`client.runs`."""

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
