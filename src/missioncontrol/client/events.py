"""Events of a server: the stream of them, with no gap and no event twice, whatever breaks off."""

from collections.abc import Iterator, Mapping

import msgspec

from missioncontrol.application.cloud_event import CloudEvent
from missioncontrol.application.queries.events import EventDetail, EventItem
from missioncontrol.client.line import Line, Listed, is_passing, path_of
from missioncontrol.client.shapes import Head
from missioncontrol.domain.errors import MissionControlError, Unavailable

SILENT_SECONDS = 60.0
"""After so long without a sign of life, the connection counts as lost."""

LOST_MAX = 20
"""Connections in a row that may be lost before a single event came, with a wait between them."""

WAIT_SECONDS_MAX = 5.0
BUFFER_BYTES_MAX = 16 * 1024 * 1024


class Events:
    """`client.events`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def head(self) -> Head:
        """Return the position and the hash of the last event."""
        return self._line.get("/record/head", Head)

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
    ) -> Listed[EventItem]:
        """Return the events that fit all of what is asked for, newest first.

        `since` and `until` are dates or times, or such as `2h`; see the page of the API.
        """
        return self._line.listed(
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

    def get(self, position: int) -> EventDetail:
        """Return all that the log holds of one event.

        Raises:
            NotFound: `event.unknown`.
        """
        return self._line.get(path_of("events", position), EventDetail)

    def stream(
        self,
        *,
        after: int | None = None,
        run: str = "",
        stream: str = "",
        type: str = "",  # noqa: A002 - what the API calls it
        actor: str = "",
        agent: str = "",
    ) -> Iterator[CloudEvent]:
        """Yield events as they happen, for as long as somebody reads.

        `after` is a position of the log, 0 for all that ever happened; by default now. A connection
        that is lost is opened again where it was: no event is missing, and none comes twice.

        Raises:
            Unavailable: `server.silent`, where the server stays away.
            MissionControlError: as the server refuses.
        """
        chosen = {"run": run, "stream": stream, "type": type, "actor": actor, "agent": agent}
        last = self.head().position if after is None else after
        yield from (event for event in self.heard(last, chosen) if event is not None)

    def heard(self, last: int, chosen: Mapping[str, str]) -> Iterator[CloudEvent | None]:
        """Yield what comes after a position, and None for a sign of life without an event."""
        lost = 0
        while True:
            try:
                for event in self._connection(chosen, last):
                    last, lost = (event.position if event else last), 0
                    yield event
            except MissionControlError as refusal:
                if not is_passing(refusal) or lost >= LOST_MAX:
                    raise
            lost += 1
            self._line.pause(min(0.01 * 2**lost, WAIT_SECONDS_MAX))
            yield None

    def _connection(self, chosen: Mapping[str, str], last: int) -> Iterator[CloudEvent | None]:
        """Yield what one connection tells of what came after a position."""
        headers = {"last-event-id": str(last), "accept": "text/event-stream"}
        with self._line.streamed(
            "/events/stream", headers=headers, seconds_max=SILENT_SECONDS, **chosen
        ) as answer:
            for data in _messages(answer.iter_bytes()):
                event = msgspec.json.decode(data, type=CloudEvent) if data else None
                if event is None or event.position > last:
                    yield event


def _messages(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the data of each message of a stream that came whole; nothing for one without any.

    Raises:
        Unavailable: `server.strange`.
    """
    rest = b""
    for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        if len(rest) > BUFFER_BYTES_MAX:
            raise Unavailable("server.strange", "A message of the event stream has no end.")
        for block in blocks:
            lines = [line for line in block.split(b"\n") if line.startswith(b"data:")]
            yield b"\n".join(line[5:].removeprefix(b" ") for line in lines)
