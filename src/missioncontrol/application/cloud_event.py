"""An event as programs outside receive it, under the names of CloudEvents 1.0."""

from datetime import UTC, datetime

import msgspec

from missioncontrol.domain.envelope import Recorded

SOURCE = "mission-control"
TYPE_PREFIX = "mission."


class CloudEvent(msgspec.Struct, frozen=True):
    """See https://github.com/cloudevents/spec; names that it does not know are our extensions."""

    id: str  # the position in the log, which is where a reader goes on after it
    source: str
    type: str  # `mission.` and the lasting name of the event
    subject: str  # its stream
    time: str  # RFC 3339, in UTC
    data: msgspec.Raw  # the bytes as hashed
    position: int
    version: int  # its place in its stream
    schema: int
    actor: str
    hash: str  # SHA-256, hexadecimal
    onbehalf: str = ""
    cause: int = 0  # the position of the event that led to this one
    correlation: str = ""
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def cloud_event(row: Recorded) -> bytes:
    """Return an event as JSON, in one line."""
    moment = datetime.fromtimestamp(row.time / 1_000_000, UTC)
    return msgspec.json.encode(
        CloudEvent(
            id=str(row.position),
            source=SOURCE,
            type=TYPE_PREFIX + row.type,
            subject=row.stream,
            time=moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            data=msgspec.Raw(row.body),
            position=row.position,
            version=row.version,
            schema=row.schema,
            actor=row.actor,
            hash=row.hash.hex(),
            onbehalf=row.on_behalf,
            cause=row.cause,
            correlation=row.correlation,
        )
    )
