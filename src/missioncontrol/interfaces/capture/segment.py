"""Events in the shape of Segment's specification: https://segment.com/docs/connections/spec."""

from typing import Any

import msgspec

from missioncontrol.interfaces.capture.batches import Reader
from missioncontrol.interfaces.capture.faults import Malformed, Unfit, format_value
from missioncontrol.interfaces.capture.ids import Id, encode_traits, id_of, is_person_id, name_of
from missioncontrol.interfaces.capture.moments import Moment, corrected, sent_at
from missioncontrol.interfaces.capture.origin import Origin, is_bot
from missioncontrol.ports.warehouse import Captured

GROUP = "group:"
LEFT_OUT = frozenset({"ip", "userAgent", "userAgentData", "traits", "sessionId"})
"""Context left out: an address is personal, and the rest is stored in another place."""

NOTHING: dict[str, Any] = {}

_encode = msgspec.json.Encoder().encode


class Event(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """One call of a library."""

    type: str | None = None
    event: str | None = None
    message_id: Id = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    name: str | None = None
    category: str | None = None
    timestamp: Moment = None
    original_timestamp: Moment = None
    sent_at: Moment = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    write_key: str | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    batch: list[Any] | None = None
    write_key: str | None = None
    sent_at: Moment = None
    context: dict[str, Any] | None = None


class _Batch(_Envelope, rename="camel"):
    batch: list[Event] | None = None


class _Loose(_Envelope, rename="camel"):
    batch: list[msgspec.Raw] | None = None


class Sent(msgspec.Struct):
    """What one request holds."""

    key: str
    events: list[Event | Unfit]
    sent: int | None
    context: dict[str, Any]  # of all of them
    kind: str  # of all of them; empty where each says its own


READER: Reader[_Envelope, Event] = Reader(_Batch, _Loose, Event)


def read(text: bytes, kind: str) -> Sent:
    """Read the body of a request; `kind` is what its address takes.

    Raises:
        Malformed: `capture.malformed`.
        TooLarge: `capture.too_many`.
    """
    if kind != "batch":
        event = READER.one(text)
        return Sent(event.write_key or "", [event], None, NOTHING, kind)
    envelope, events = READER.batch(text)
    if events is None:
        raise Malformed("capture.malformed", "The body has no list `batch`.")
    key, context = envelope.write_key or "", envelope.context or NOTHING
    return Sent(key, events, sent_at(envelope.sent_at), context, "")


def captured(event: Event, sent: Sent, origin: Origin) -> Captured:
    """Return an event in its stored form.

    Raises:
        Unfit: it can't be.
    """
    kind = sent.kind or event.type or ""
    user, anonymous = _who(event)
    context = event.context or NOTHING
    if sent.context:
        context = {**sent.context, **context}
    stated = event.timestamp if event.original_timestamp is None else event.original_timestamp
    clock = origin.sent if event.sent_at is None else sent_at(event.sent_at)
    happened = corrected(stated, received=origin.received, sent=clock)
    id_ = id_of(event.message_id, "messageId")
    agent = context.get("userAgent")
    traits = context.get("traits")
    known: dict[str, Any] = traits if isinstance(traits, dict) else NOTHING
    name = group = alias = ""
    properties = b"{}"
    match kind:
        case "track":
            name = name_of(event.event or "")
            properties = _encode(_stored_properties(event.properties or NOTHING, context))
        case "page" | "screen":
            name = kind
            properties = _encode(_stored_properties(_viewed(event), context))
        case "identify":
            known = event.traits or known
        case "group":
            group, known = _group(event), event.traits or NOTHING
        case "alias":
            alias = _previous(event, user)
        case _:
            raise Unfit("capture.bad_type", f"There is no type {format_value(kind)} of event.")
    return Captured(
        id_ or origin.made.of(event, has_moment=stated is not None),
        name,
        happened,
        origin.received,
        origin.source,
        user,
        anonymous,
        _session(context),
        properties,
        encode_traits(known),
        alias=alias,
        group=group,
        is_bot=is_bot(agent if isinstance(agent, str) else origin.agent),
    )


def _who(event: Event) -> tuple[str, str]:
    user, anonymous = id_of(event.user_id, "userId"), id_of(event.anonymous_id, "anonymousId")
    if not (user or anonymous):
        raise Unfit("capture.nobody", "The event has neither a userId nor an anonymousId.")
    if user and anonymous and not is_person_id(user):
        user = ""
    return user, anonymous


def _stored_properties(properties: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Return properties with the stored part of the context, under a name of its own."""
    rest = context
    if not LEFT_OUT.isdisjoint(context):
        rest = {key: value for key, value in context.items() if key not in LEFT_OUT}
    if not rest or "context" in properties:
        return properties
    return {**properties, "context": rest}


def _viewed(event: Event) -> dict[str, Any]:
    found = {"name": event.name, "category": event.category}
    fields = {key: value for key, value in found.items() if value is not None}
    return {**fields, **(event.properties or NOTHING)}


def _group(event: Event) -> str:
    group = id_of(event.group_id, "groupId")
    if not group:
        raise Unfit("capture.no_group", "The event names no group: it has no groupId.")
    return GROUP + group


def _previous(event: Event, user: str) -> str:
    previous = id_of(event.previous_id, "previousId")
    if not (user and previous):
        raise Unfit("capture.no_alias", "An alias needs a previousId and a userId.")
    if not (is_person_id(user) and is_person_id(previous)):
        reason = (
            f"{format_value(previous)} and {format_value(user)} are not both ids of one person."
        )
        raise Unfit("capture.no_alias", reason)
    return previous


def _session(context: dict[str, Any]) -> str:
    found = context.get("sessionId")
    if found is None or not isinstance(found, str | int):
        return ""
    return id_of(found, "sessionId")
