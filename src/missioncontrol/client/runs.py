"""Runs of a server: what is declared of them, and waiting for the end of one."""

import time

from missioncontrol.application.cloud_event import CloudEvent
from missioncontrol.application.queries.runs import RunDetail
from missioncontrol.client.calls import (
    Call,
    Script,
    get,
    path_of,
    persisted,
    too_long,
)
from missioncontrol.client.events import followed, head
from missioncontrol.client.made.run import RunRequests
from missioncontrol.client.resource import L, carried_out
from missioncontrol.client.shapes import ENDED

SETTLED = "mission.run_settled"


class Runs(RunRequests[L]):
    """`client.runs`."""

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
