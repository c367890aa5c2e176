"""The record of a server: output of agents, integrity of the log, and everything by words."""

import time
from pathlib import Path

from missioncontrol.application.log_verification import Verification
from missioncontrol.application.queries.logs import LogLine, LogWindow
from missioncontrol.application.queries.search import SearchResults
from missioncontrol.client.calls import (
    Call,
    Item,
    Open,
    Pages,
    Pause,
    Script,
    StreamScript,
    get,
    pages,
    persisted,
    post,
    too_long,
    without_empty,
)
from missioncontrol.client.download import saved
from missioncontrol.client.made.audit import AuditRequests
from missioncontrol.client.made.log import LogRequests
from missioncontrol.client.resource import L, carried_out, listed, streamed
from missioncontrol.ports.search_index import RunHits

LOOK_SECONDS = 0.3
LINES = 200
SILENT_SECONDS = 60.0


class Logs(LogRequests[L]):
    """`client.logs`."""

    @streamed
    def list(
        self, *, run: str = "", step: str = "", agent: str = "", level: str = "", text: str = ""
    ) -> StreamScript[LogLine]:
        """Yield all lines that fit, oldest first, as far as the caller reads."""
        chosen = {"run": run, "step": step, "agent": agent, "level": level, "text": text}
        after = 0
        while True:
            asking = get("/logs", LogWindow, **chosen, after=after, oldest=True, limit=LINES)
            window = yield from persisted(asking)
            for line in window.items:
                yield Item(line)
            after = window.looked_to or (window.items[-1].number if window.items else 0)
            if not window.has_more or not after:
                return


class Audit(AuditRequests[L]):
    """`client.audit`."""

    @listed
    def search(
        self,
        text: str = "",
        *,
        type: str = "",  # noqa: A002 - what the API calls it
        actor: str = "",
        workflow: str = "",
        agent: str = "",
        run: str = "",
    ) -> Pages[RunHits]:
        """Return the runs that have events that fit, each with how many, the newest first."""
        return pages(
            "/audit/runs",
            RunHits,
            text=text,
            type=type,
            actor=actor,
            workflow=workflow,
            agent=agent,
            run=run,
        )

    @carried_out
    def verify(self, *, seconds_max: float = 600.0) -> Script[Verification]:
        """Walk over the whole log on the server, and return what was found.

        Raises:
            Unavailable: `client.too_long`.
        """
        latest = time.monotonic() + seconds_max
        found = yield from persisted(post("/audit/verification", Verification))
        while found.state == "running":
            if time.monotonic() > latest:
                raise too_long("The log was not walked over", seconds_max)
            yield Pause(LOOK_SECONDS)
            found = yield from persisted(get("/audit/verification", Verification))
        return found

    @carried_out
    def export(self, path: Path, *, after: int = 0) -> Script[int]:
        """Write the log to a file as JSON Lines, and return how many bytes that were.

        Nothing is left at `path` where the connection broke off.
        """
        address = Open("/audit/export", SILENT_SECONDS, without_empty({"after": after}))
        return (yield from saved(address, path))


def search(words: str) -> Call[SearchResults]:
    """Ask for the newest things whose names have these words, and events that say them."""
    return get("/search", SearchResults, q=words)
