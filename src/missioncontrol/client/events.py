"""Events of a server: the stream of them, with no gap and no event twice, whatever breaks off."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from missioncontrol.application.cloud_event import CloudEvent
from missioncontrol.application.queries.events import EventItem
from missioncontrol.client.calls import (
    Call,
    Item,
    More,
    Open,
    Pages,
    Pause,
    StreamScript,
    get,
    is_passing,
    pages,
    persisted,
    without_empty,
)
from missioncontrol.client.made.event import EventRequests
from missioncontrol.client.resource import L, listed, requested, streamed
from missioncontrol.client.shapes import Head
from missioncontrol.domain.errors import MissionControlError, Unavailable

SILENT_SECONDS = 60.0
"""After so long without a sign of life, the connection counts as lost."""

LOST_MAX = 20
"""Connections in a row that may be lost before a single event came, with a wait between them."""

WAIT_SECONDS_MAX = 5.0
BUFFER_BYTES_MAX = 16 * 1024 * 1024


class Events(EventRequests[L]):
    """`client.events`."""

    @requested
    def head(self) -> Call[Head]:
        """Return the position and the hash of the last event."""
        return head()

    @listed
    def list(
        self,
        text: str = "",
        *,
        type: str = "",  # noqa: A002 - what the API calls it
        actor: str = "",
        workflow: str = "",
        agent: str = "",
        run: str = "",
        since: str = "",
        until: str = "",
    ) -> Pages[EventItem]:
        """Return the events that fit all of what is asked for, newest first.

        `since` and `until` are dates or times, or such as `2h`; see the page of the API.
        """
        return pages(
            "/events",
            EventItem,
            text=text,
            type=type,
            actor=actor,
            workflow=workflow,
            agent=agent,
            run=run,
            since=since,
            until=until,
        )

    @streamed
    def stream(
        self,
        *,
        after: int | None = None,
        run: str = "",
        stream: str = "",
        type: str = "",  # noqa: A002 - what the API calls it
        actor: str = "",
        agent: str = "",
    ) -> StreamScript[CloudEvent]:
        """Yield events as they happen, for as long as the caller reads.

        `after` is a position of the log, 0 for all that ever happened; by default now. A connection
        that is lost is opened again where it was: no event is missing, and none comes twice.

        Raises:
            Unavailable: `server.silent`, where the server stays away.
            MissionControlError: as the server refuses.
        """
        chosen = {"run": run, "stream": stream, "type": type, "actor": actor, "agent": agent}
        last = (yield from persisted(head())).position if after is None else after
        yield from followed(last, without_empty(chosen))


def head() -> Call[Head]:
    """Ask for the position and the hash of the last event."""
    return get("/record/head", Head)


def followed(
    last: int,
    chosen: Mapping[str, str],
    until: Callable[[CloudEvent | None], bool] = lambda _: False,
) -> StreamScript[CloudEvent]:
    """Tell what comes after a position, for ever or `until` something is so.

    It is asked at every event, and with None at every sign of life without one.
    """
    lost = 0
    while True:
        try:
            yield _opened(last, chosen)
            messages = Messages()
            while chunk := (yield More()):
                for place, data in messages.fed(chunk):
                    event = msgspec.json.decode(data, type=CloudEvent) if data else None
                    lost, is_new = 0, event is not None and event.position > last
                    last = max(last, place, event.position if event else 0)
                    if is_new and event is not None:
                        yield Item(event)
                    if (event is None or is_new) and until(event):
                        return
        except MissionControlError as refusal:
            if not is_passing(refusal) or lost >= LOST_MAX:
                raise
        lost += 1
        yield Pause(min(0.01 * 2**lost, WAIT_SECONDS_MAX))
        if until(None):
            return


def _opened(last: int, chosen: Mapping[str, str]) -> Open:
    headers = {"last-event-id": str(last), "accept": "text/event-stream"}
    return Open("/events/stream", SILENT_SECONDS, chosen, headers)


class Messages:
    """Server-sent events, put together from the pieces in which they come."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._rest = b""

    def fed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the id and the data of each message that came whole; 0 and nothing for none.

        Raises:
            Unavailable: `server.strange`.
        """
        *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
        if len(self._rest) > BUFFER_BYTES_MAX:
            raise Unavailable("server.strange", "A message of the event stream has no end.")
        for block in blocks:
            lines = block.split(b"\n")
            places = [line[3:].strip() for line in lines if line.startswith(b"id:")]
            place = int(places[-1]) if places and places[-1].isdigit() else 0
            data = [line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:")]
            yield place, b"\n".join(data)
