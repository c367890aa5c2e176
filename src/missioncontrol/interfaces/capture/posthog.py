"""Events in the shape in which PostHog's libraries send them: https://posthog.com/docs/api/capture."""

from typing import Any

import msgspec

from missioncontrol.interfaces.capture.batches import Reader
from missioncontrol.interfaces.capture.faults import Unfit
from missioncontrol.interfaces.capture.ids import Id, encode_traits, id_of, is_person_id, name_of
from missioncontrol.interfaces.capture.moments import Moment, corrected, sent_at
from missioncontrol.interfaces.capture.origin import Origin, is_bot
from missioncontrol.ports.warehouse import Captured

IDENTIFY, GROUPED = "$identify", "$groupidentify"
ALIASED = frozenset({"$create_alias", "$merge_dangerously"})
IDENTITY_EVENTS = frozenset({IDENTIFY, GROUPED, "$set", *ALIASED})
"""Events by these names are no actions: they only identify a person."""

LEFT_OUT = frozenset(
    {
        "$anon_distinct_id",
        "$geoip_disable",
        "$group_set",
        "$ignore_sent_at",
        "$insert_id",
        "$ip",
        "$is_identified",
        "$process_person_profile",
        "$raw_user_agent",
        "$session_id",
        "$set",
        "$set_once",
        "api_key",
        "distinct_id",
        "token",
    }
)
"""Properties left out: an address is personal, and the rest is stored in another place."""

NOTHING: dict[str, Any] = {}

_encode = msgspec.json.Encoder().encode


class Options(msgspec.Struct, omit_defaults=True):
    """What the newer form says beside the properties."""

    disable_skew_correction: bool | None = None
    process_person_profile: bool | None = None


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """One event."""

    event: str | None = None
    distinct_id: Id = None
    uuid: Id = None
    timestamp: Moment = None
    offset: int | float | None = None  # milliseconds since it happened
    properties: dict[str, Any] | None = None
    set: dict[str, Any] | None = msgspec.field(default=None, name="$set")
    set_once: dict[str, Any] | None = msgspec.field(default=None, name="$set_once")
    session_id: Id = None
    options: Options | None = None
    api_key: str | None = None
    token: str | None = None
    sent_at: Moment = None


class _Envelope(msgspec.Struct):
    batch: list[Any] | None = None
    api_key: str | None = None
    token: str | None = None
    sent_at: Moment = None


class _Batch(_Envelope):
    batch: list[Event] | None = None


class _Loose(_Envelope):
    batch: list[msgspec.Raw] | None = None


class Sent(msgspec.Struct):
    """What one request holds."""

    key: str
    events: list[Event | Unfit]
    sent: int | None


READER: Reader[_Envelope, Event] = Reader(_Batch, _Loose, Event)


def read(text: bytes) -> Sent:
    """Read the body of a request: one event, a list of them, or an envelope with one.

    Raises:
        Malformed: `capture.malformed`.
        TooLarge: `capture.too_many`.
    """
    if text.lstrip()[:1] == b"[":
        text = b'{"batch":' + text + b"}"
    envelope, events = READER.batch(text)
    if events is None:
        events = [READER.one(text)]
    key = envelope.api_key or envelope.token or next(filter(None, map(_key, events)), "")
    return Sent(key, events, sent_at(envelope.sent_at))


def _key(event: Event | Unfit) -> str:
    if isinstance(event, Unfit):
        return ""
    found = event.api_key or event.token or (event.properties or NOTHING).get("token")
    return found if isinstance(found, str) else ""


def captured(event: Event, origin: Origin) -> Captured:
    """Return an event in its stored form.

    Raises:
        Unfit: it can't be.
    """
    properties = event.properties or NOTHING
    name = name_of(event.event or "")
    who = id_of(event.distinct_id, "distinct_id") or _text(properties, "distinct_id")
    if not who:
        raise Unfit("capture.nobody", "The event has no distinct_id.")
    id_ = id_of(event.uuid, "uuid") or origin.made.of(event, has_moment=event.timestamp is not None)
    agent = properties.get("$raw_user_agent") or properties.get("$user_agent")
    always = _object(event.set, properties, "$set")
    once = _object(event.set_once, properties, "$set_once")
    user, anonymous, alias, group = _whose(name, who, properties)
    if name == GROUPED:
        always, once = _object(None, properties, "$group_set"), NOTHING
    return Captured(
        id_,
        "" if name in IDENTITY_EVENTS else name,
        _happened(event, properties, origin),
        origin.received,
        origin.source,
        user,
        anonymous,
        id_of(event.session_id, "session_id") or _text(properties, "$session_id"),
        b"{}" if name in IDENTITY_EVENTS else _encode(_stored_properties(properties)),
        encode_traits(always),
        encode_traits(once),
        alias,
        group,
        is_bot=is_bot(agent if isinstance(agent, str) else origin.agent),
    )


def _whose(name: str, who: str, properties: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return user, device, another id, and group.

    PostHog has one kind of id: it is a device's until it identifies a person. Two ids that
    were both identified become one person by an alias alone.
    """
    if name == IDENTIFY:
        before = _text(properties, "$anon_distinct_id")
        return who, before if before != who and _are_people(who, before) else "", "", ""
    if name in ALIASED:
        other = _text(properties, "alias")
        if not other or not _are_people(who, other):
            raise Unfit("capture.no_alias", "An alias needs two ids, each of one person.")
        return who, "", other, ""
    if name == GROUPED:
        kind, key = _text(properties, "$group_type"), _text(properties, "$group_key")
        if not (kind and key):
            raise Unfit("capture.no_group", "A group has a $group_type and a $group_key.")
        return "", who, "", f"{kind}:{key}"
    is_known = properties.get("$is_identified") is True or properties.get("$user_id") == who
    return (who, "", "", "") if is_known else ("", who, "", "")


def _are_people(*ids: str) -> bool:
    return all(map(is_person_id, ids))


def _happened(event: Event, properties: dict[str, Any], origin: Origin) -> int:
    if event.offset is not None:
        elapsed = max(0, min(int(event.offset * 1_000), origin.received))
        return origin.received - elapsed
    options = event.options
    is_right = properties.get("$ignore_sent_at") is True or (
        options is not None and options.disable_skew_correction is True
    )
    clock = origin.sent if event.sent_at is None else sent_at(event.sent_at)
    sent = None if is_right else clock
    return corrected(event.timestamp, received=origin.received, sent=sent)


def _stored_properties(properties: dict[str, Any]) -> dict[str, Any]:
    if LEFT_OUT.isdisjoint(properties):
        return properties
    return {key: value for key, value in properties.items() if key not in LEFT_OUT}


def _object(given: dict[str, Any] | None, properties: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the attributes of a person, beside the properties or among them."""
    found = properties.get(name)
    inside: dict[str, Any] = found if isinstance(found, dict) else NOTHING
    return {**inside, **given} if given else inside


def _text(properties: dict[str, Any], name: str) -> str:
    found = properties.get(name)
    if found is None or isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return id_of(found, name)
