"""The record of a server: what agents said, whether the log is whole, and everything by words."""

import time
from collections.abc import Iterator
from pathlib import Path

from missioncontrol.application.queries.audit import HeadsView, RequestItem
from missioncontrol.application.queries.logs import LogLine, LogWindow
from missioncontrol.application.queries.search import SearchResults
from missioncontrol.application.verifying import Verification
from missioncontrol.client.line import Line, Listed, too_long
from missioncontrol.ports.search_index import RunHits

LOOK_SECONDS = 0.3
SILENT_SECONDS = 60.0


class Logs:
    """`client.logs`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def window(
        self,
        *,
        run: str = "",
        step: str = "",
        agent: str = "",
        level: str = "",
        text: str = "",
        before: int = 0,
        after: int = 0,
        oldest: bool = False,
        limit: int = 200,
    ) -> LogWindow:
        """Return lines, oldest first: the newest that fit, or with `oldest` the oldest.

        `before` and `after` are numbers of lines; 0 is no bound.
        """
        return self._line.get(
            "/logs",
            LogWindow,
            run=run,
            step=step,
            agent=agent,
            level=level,
            text=text,
            before=before,
            after=after,
            oldest=oldest,
            limit=limit,
        )

    def list(
        self, *, run: str = "", step: str = "", agent: str = "", level: str = "", text: str = ""
    ) -> Iterator[LogLine]:
        """Yield all lines that fit, oldest first, as far as somebody reads."""
        after = 0
        while True:
            window = self.window(
                run=run, step=step, agent=agent, level=level, text=text, after=after, oldest=True
            )
            yield from window.items
            after = window.looked_to or (window.items[-1].number if window.items else 0)
            if not window.has_more or not after:
                return


class Audit:
    """`client.audit`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def search(
        self,
        text: str = "",
        *,
        type: str = "",  # noqa: A002 - what the API calls it
        actor: str = "",
        workflow: str = "",
        agent: str = "",
        run: str = "",
    ) -> Listed[RunHits]:
        """Return the runs that have events that fit, each with how many, the newest first."""
        return self._line.listed(
            "/audit/runs",
            RunHits,
            text=text,
            type=type,
            actor=actor,
            workflow=workflow,
            agent=agent,
            run=run,
        )

    def verify(self, *, seconds_max: float = 600.0) -> Verification:
        """Walk over the whole log on the server, and return what was found.

        Raises:
            Unavailable: `client.too_long`.
        """
        latest = time.monotonic() + seconds_max
        found = self._line.post("/audit/verification", Verification)
        while found.state == "running":
            if time.monotonic() > latest:
                raise too_long("The log was not walked over", seconds_max)
            self._line.pause(LOOK_SECONDS)
            found = self._line.get("/audit/verification", Verification)
        return found

    def heads(self) -> HeadsView:
        """Return the signed statements about the end of the log, the newest first."""
        return self._line.get("/audit/heads", HeadsView)

    def requests(self, *, actor: str = "") -> Listed[RequestItem]:
        """Return who asked for changes: how they had signed in, and from where."""
        return self._line.listed("/audit/requests", RequestItem, actor=actor)

    def export(self, path: Path, *, after: int = 0) -> int:
        """Write the log to a file as JSON Lines, and return how many bytes that were.

        Nothing is left at `path` where the connection broke off.
        """
        return save(self._line, "/audit/export", path, after=after)


def save(line: Line, address: str, path: Path, **query: int) -> int:
    """Write what stands at an address to a file, as it comes; all of it or nothing."""
    size, partial = 0, path.with_name(path.name + ".part")
    try:
        with (
            line.streamed(address, headers={}, seconds_max=SILENT_SECONDS, **query) as answer,
            partial.open("wb") as file,
        ):
            for block in answer.iter_bytes():
                size += file.write(block)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return size


def search(line: Line, words: str) -> SearchResults:
    """Return the newest things whose names have these words, and events that say them."""
    return line.get("/search", SearchResults, q=words)
