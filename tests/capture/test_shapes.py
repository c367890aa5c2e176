"""What becomes of the shapes in which libraries send events, without a server."""

import base64
import gzip
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.capture import posthog, segment
from missioncontrol.interfaces.capture.batches import mended, split_batch
from missioncontrol.interfaces.capture.faults import Fault, Malformed, TooLarge, Unfit
from missioncontrol.interfaces.capture.ids import MadeIds
from missioncontrol.interfaces.capture.intake import sorted_out
from missioncontrol.interfaces.capture.moments import HOUR, SECOND, corrected, moment
from missioncontrol.interfaces.capture.origin import Origin, is_bot
from missioncontrol.interfaces.capture.routes import BYTES_MAX, unpacked
from missioncontrol.ports.warehouse import Captured

NOON = 1_795_176_000 * SECOND  # 2026-11-20, 12:00 UTC
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"


def origin(received: int = NOON, sent: int | None = None, agent: str = "") -> Origin:
    return Origin("web", received, sent, agent, MadeIds(received))


def by_segment(kind: str = "batch", **body: Any) -> tuple[list[Captured], list[Fault]]:
    """Return the accepted events of a body, and the faults."""
    sent = segment.read(msgspec.json.encode(body), kind)
    comes = origin(sent=sent.sent)
    return sorted_out(sent.events, lambda each, at: segment.captured(each, sent, at), comes)


def by_posthog(body: Any, **came: Any) -> tuple[list[Captured], list[Fault]]:
    """Return the accepted events of a body, and the faults."""
    sent = posthog.read(msgspec.json.encode(body))
    return sorted_out(sent.events, posthog.captured, origin(**{"sent": sent.sent, **came}))


def one(found: tuple[list[Captured], list[Fault]]) -> Captured:
    [event], faults = found
    assert faults == []
    return event


def properties(event: Captured) -> Any:
    return msgspec.json.decode(event.properties)


# Segment.


def test_a_track_call_is_an_event_with_its_properties() -> None:
    event = one(
        by_segment(
            "track",
            event="Order Completed",
            userId=42,
            anonymousId="device",
            messageId="m-1",
            properties={"total": 9.5},
            context={
                "library": {"name": "analytics.js", "version": "2.1"},
                "ip": "192.0.2.7",
                "userAgent": CHROME,
                "traits": {"plan": "pro"},
                "sessionId": 77,
            },
        )
    )
    assert (event.id, event.name, event.user) == ("m-1", "Order Completed", "42")
    assert (event.anonymous, event.session, event.source) == ("device", "77", "web")
    assert properties(event) == {
        "total": 9.5,
        "context": {"library": {"name": "analytics.js", "version": "2.1"}},
    }
    assert b"192.0.2.7" not in event.properties
    assert msgspec.json.decode(event.person) == {"plan": "pro"}
    assert not event.is_bot
    assert event.happened == event.received == NOON


def test_page_and_screen_are_events_that_say_which_one_it_was() -> None:
    for kind in ("page", "screen"):
        event = one(by_segment(kind, userId="u", name="Pricing", properties={"path": "/pricing"}))
        assert event.name == kind
        assert properties(event) == {"name": "Pricing", "path": "/pricing"}


def test_identify_group_and_alias_only_tell_who_somebody_is() -> None:
    record = one(by_segment("identify", userId="u", anonymousId="d", traits={"plan": "pro"}))
    assert (record.name, record.user, record.anonymous) == ("", "u", "d")
    assert msgspec.json.decode(record.person) == {"plan": "pro"}
    group = one(by_segment("group", userId="u", groupId="acme", traits={"size": 3}))
    assert (group.name, group.group) == ("", "group:acme")
    assert msgspec.json.decode(group.person) == {"size": 3}
    alias = one(by_segment("alias", userId="new", previousId="old"))
    assert (alias.name, alias.user, alias.alias) == ("", "new", "old")


def test_what_a_batch_says_once_holds_for_each_of_its_events() -> None:
    accepted, faults = by_segment(
        sentAt="2026-11-20T13:00:00Z",
        context={"app": {"name": "shop"}},
        batch=[
            {"type": "track", "event": "a", "userId": "u", "timestamp": "2026-11-20T12:59:30Z"},
            {"type": "track", "event": "b", "userId": "u", "context": {"locale": "de"}},
        ],
    )
    assert faults == []
    # The sender's clock is an hour ahead, and the first happened half a minute before.
    assert accepted[0].happened == NOON - 30 * SECOND
    assert accepted[1].happened == NOON
    assert properties(accepted[1]) == {"context": {"app": {"name": "shop"}, "locale": "de"}}


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "track", "userId": "u"}, "capture.no_name"),
        ({"type": "track", "event": " \u0000", "userId": "u", "messageId": "m"}, None),
        ({"type": "track", "event": "a"}, "capture.nobody"),
        ({"type": "track", "event": "a", "userId": "", "anonymousId": None}, "capture.nobody"),
        ({"type": "walk", "userId": "u"}, "capture.bad_type"),
        ({"userId": "u", "event": "a"}, "capture.bad_type"),
        ({"type": "track", "event": 5, "userId": "u"}, "capture.malformed"),
        ({"type": "track", "event": "a", "userId": {"id": 1}}, "capture.malformed"),
        ({"type": "track", "event": "a", "userId": True}, "capture.malformed"),
        ({"type": "track", "event": "a", "userId": "u", "properties": []}, "capture.malformed"),
        ({"type": "track", "event": "a", "userId": "u", "context": "c"}, "capture.malformed"),
        ({"type": "track", "event": "a", "userId": "u", "timestamp": "soon"}, "capture.bad_time"),
        ({"type": "track", "event": "a", "userId": "u", "timestamp": -1}, "capture.bad_time"),
        ({"type": "track", "event": "a" * 401, "userId": "u"}, "capture.too_long"),
        ({"type": "track", "event": "a", "userId": "u" * 401}, "capture.too_long"),
        ({"type": "group", "userId": "u"}, "capture.no_group"),
        ({"type": "alias", "userId": "u"}, "capture.no_alias"),
        ({"type": "alias", "userId": "u", "previousId": "null"}, "capture.no_alias"),
        ("text", "capture.malformed"),
        (None, "capture.malformed"),
        ([], "capture.malformed"),
        (7, "capture.malformed"),
    ],
)
def test_a_bad_event_is_told_by_its_position_and_the_others_are_kept(
    event: Any, code: str | None
) -> None:
    good = {"type": "track", "event": "a", "userId": "u"}
    accepted, faults = by_segment(batch=[good, event, {**good, "messageId": "last"}])
    if code is None:
        assert [each.name for each in accepted] == ["a", "\N{REPLACEMENT CHARACTER}", "a"]
        return
    assert [each.id for each in accepted][1:] == ["last"]
    assert [(each.position, each.code) for each in faults] == [(1, code)]


# PostHog.


def test_an_event_of_posthog_is_kept_without_what_is_personal_or_said_elsewhere() -> None:
    event = one(
        by_posthog(
            {
                "event": "$pageview",
                "uuid": "019a-1",
                "properties": {
                    "distinct_id": "u",
                    "token": "key",
                    "$ip": "192.0.2.7",
                    "$session_id": "s-1",
                    "$raw_user_agent": CHROME,
                    "$current_url": "https://shop.example/",
                    "$set": {"plan": "pro"},
                    "$set_once": {"from": "ad"},
                },
            }
        )
    )
    assert (event.id, event.name, event.session) == ("019a-1", "$pageview", "s-1")
    assert properties(event) == {"$current_url": "https://shop.example/"}
    assert (event.user, event.anonymous) == ("", "u")
    assert (event.person, event.once) == (b'{"plan":"pro"}', b'{"from":"ad"}')


def test_posthogs_ways_to_say_who_somebody_is() -> None:
    found = one(
        by_posthog(
            {
                "event": "$identify",
                "distinct_id": "u",
                "properties": {"$anon_distinct_id": "d"},
                "$set": {"plan": "pro"},
                "$set_once": {"from": "ad"},
            }
        )
    )
    assert (found.name, found.user, found.anonymous) == ("", "u", "d")
    assert (found.person, found.once) == (b'{"plan":"pro"}', b'{"from":"ad"}')
    payload = {"event": "$create_alias", "distinct_id": "u", "properties": {"alias": "other"}}
    assert (one(by_posthog(payload)).user, one(by_posthog(payload)).alias) == ("u", "other")
    payload = {"event": "$set", "distinct_id": "u", "properties": {"$set": {"a": 1}}}
    assert (one(by_posthog(payload)).name, one(by_posthog(payload)).person) == ("", b'{"a":1}')
    group = {"$group_type": "company", "$group_key": 5, "$group_set": {"size": 3}}
    found = one(by_posthog({"event": "$groupidentify", "distinct_id": "u", "properties": group}))
    assert (found.name, found.group, found.person) == ("", "company:5", b'{"size":3}')


@pytest.mark.parametrize("placeholder", ["null", "undefined", "anonymous", "[object Object]", "0"])
def test_what_stands_for_nobody_is_joined_with_nobody(placeholder: str) -> None:
    for who, before in (("u", placeholder), (placeholder, "d")):
        event = {
            "event": "$identify",
            "distinct_id": who,
            "properties": {"$anon_distinct_id": before},
        }
        assert one(by_posthog(event)).anonymous == ""
    [], [fault] = by_posthog(
        {"event": "$create_alias", "distinct_id": "u", "properties": {"alias": placeholder}}
    )
    assert fault.code == "capture.no_alias"


def test_posthogs_clock_is_corrected_as_posthog_does() -> None:
    event = {"event": "a", "distinct_id": "u", "timestamp": "2026-11-20T10:59:00Z"}
    sent = {"sent_at": "2026-11-20T11:00:00+00:00", "api_key": "k"}
    assert one(by_posthog({**sent, "batch": [event]})).happened == NOON - 60 * SECOND
    right = {**event, "properties": {"$ignore_sent_at": True}}
    assert one(by_posthog({**sent, "batch": [right]})).happened == NOON - HOUR - 60 * SECOND
    late = {"event": "a", "distinct_id": "u", "offset": 1_500}
    assert one(by_posthog({**sent, "batch": [late]})).happened == NOON - 1_500_000
    newer = {**event, "options": {"disable_skew_correction": True}}
    assert one(by_posthog({**sent, "batch": [newer]})).happened == NOON - HOUR - 60 * SECOND


@pytest.mark.parametrize(
    "event",
    [
        {"distinct_id": "u"},
        {"event": "a"},
        {"event": "a", "distinct_id": ["u"]},
        {"event": 1, "distinct_id": "u"},
        {"event": "a", "distinct_id": "u", "properties": 3},
        {"event": "a", "distinct_id": "u", "$set": "x"},
        {"event": "a", "distinct_id": "u", "timestamp": {}},
        {"event": "a", "distinct_id": "u", "offset": "x"},
        {"event": "$groupidentify", "distinct_id": "u"},
        {"event": "$create_alias", "distinct_id": "u"},
        "x",
        None,
    ],
)
def test_a_bad_event_of_posthog_leaves_the_others_as_they_are(event: Any) -> None:
    good = {"event": "a", "distinct_id": "u", "uuid": "1"}
    for body in ([event, good], {"batch": [event, good]}):
        accepted, faults = by_posthog(body)
        assert [each.id for each in accepted] == ["1"]
        assert [each.position for each in faults] == [0]


# Moments.


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20T12:00:00.000Z", NOON),
        ("2026-11-20T13:00:00+01:00", NOON),
        ("2026-11-20T12:00:00", NOON),
        ("2026-11-20 12:00:00", NOON),
        ("2026-11-20", NOON - 12 * HOUR),
        (1_795_176_000, NOON),
        (1_795_176_000_000, NOON),
        (1_795_176_000.5, NOON + SECOND // 2),
        ("", None),
        (None, None),
    ],
)
def test_moments_are_read_as_they_are_written(value: Any, at: int | None) -> None:
    assert moment(value) == at


@pytest.mark.parametrize("value", ["soon", "1969-12-31T23:59:59Z", "99999-01-01", 1e300, -5, "12"])
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(Unfit):
        moment(value)


def test_what_would_happen_far_from_now_happens_now() -> None:
    assert corrected("2999-01-01", received=NOON, sent=None) == NOON
    ahead = corrected("2026-11-20T14:00:00Z", received=NOON, sent=None)
    assert ahead == NOON + 2 * HOUR
    assert corrected("2026-11-20T12:00:00Z", received=NOON, sent=NOON - 2 * HOUR) == NOON + 2 * HOUR


@given(st.integers(0, 10**10), st.integers(0, 10**6), st.integers(0, 10**4))
def test_how_long_before_it_was_sent_is_what_counts(clock: int, before: int, way: int) -> None:
    """Whatever the sender's clock shows, an event is as old as it was when it was sent."""
    sent = clock * SECOND + before * SECOND
    received = NOON + way * SECOND
    claimed = clock
    found = corrected(claimed, received=received, sent=sent)
    assert found == received - before * SECOND


# Ids.


def test_made_ids_are_the_same_for_a_retry_and_differ_within_a_request() -> None:
    click = {"type": "track", "event": "click", "userId": "u", "timestamp": "2026-11-20T11:00:00Z"}
    first, _ = by_segment(batch=[click, click, {**click, "userId": "v"}])
    again, _ = by_segment(batch=[click, click, {**click, "userId": "v"}], sentAt="2026-11-20")
    assert [each.id for each in first] == [each.id for each in again]
    assert len({each.id for each in first}) == 3


def test_a_retry_of_a_single_event_is_known_though_it_was_sent_later() -> None:
    at = "2026-11-20T11:00:0"
    click = {"event": "click", "userId": "u", "timestamp": f"{at}0Z"}
    ids = {one(by_segment("track", **click, sentAt=f"{at}{n}Z")).id for n in (1, 5)}
    assert len(ids) == 1


def test_what_says_no_moment_can_happen_again_an_hour_later() -> None:
    event = posthog.Event(event="tick", distinct_id="cron")
    ids = [MadeIds(NOON + minutes * 60 * SECOND).of(event, has_moment=False) for minutes in (0, 59)]
    assert ids[0] == ids[1] != MadeIds(NOON + HOUR).of(event, has_moment=False)


# Bots.


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        (CHROME, False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/141.0", True),
        ("Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36", False),
        ("okhttp/4.12.0", False),
        ("", False),
    ],
)
def test_bots_are_known_by_what_they_call_themselves(agent: str, bot: bool) -> None:
    assert is_bot(agent) == bot
    record = one(by_segment("track", event="a", userId="u", context={"userAgent": agent}))
    assert record.is_bot == bot
    came = one(by_posthog({"event": "a", "distinct_id": "u"}, agent=agent))
    assert came.is_bot == bot


# Bodies.

JSON = b'{"event":"a","distinct_id":"u"}'


def packed_as(body: bytes, encoding: str = "", kind: bytes = b"", compression: str = "") -> bytes:
    return unpacked(body, encoding=encoding, kind=kind, compression=compression)


def test_bodies_are_unpacked_however_the_libraries_pack_them() -> None:
    form = b"application/x-www-form-urlencoded"
    coded = base64.b64encode(JSON)
    assert packed_as(JSON) == JSON
    assert packed_as(gzip.compress(JSON, mtime=0), "gzip") == JSON
    assert packed_as(zlib.compress(JSON), "deflate") == JSON
    assert (
        packed_as(gzip.compress(JSON, mtime=0), kind=b"text/plain", compression="gzip-js") == JSON
    )
    assert packed_as(b"data=" + coded.replace(b"=", b"%3D"), kind=form) == JSON
    assert packed_as(b"compression=base64&data=" + coded, kind=form) == JSON
    assert packed_as(b"data=" + base64.b64encode(gzip.compress(JSON, mtime=0)), kind=form) == JSON
    assert packed_as(b"data=" + coded, kind=b"text/plain") == JSON
    assert packed_as(coded, compression="base64") == JSON
    assert packed_as(b"data=%7B%22event%22%3A%22a%22%7D", kind=form) == b'{"event":"a"}'


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    bomb = gzip.compress(b"0" * (BYTES_MAX + 1))
    for encoding, compression in (("gzip", ""), ("", "gzip-js")):
        with pytest.raises(TooLarge):
            packed_as(bomb, encoding, compression=compression)


@pytest.mark.parametrize(
    ("body", "encoding", "compression"),
    [
        (b"nothing", "gzip", ""),
        (gzip.compress(JSON, mtime=0)[:-4], "gzip", ""),
        (gzip.compress(JSON, mtime=0) + b"x", "gzip", ""),
        (JSON, "br", ""),
        (b"N4Ig", "", "lz64"),
        (b"data=%%%", "", ""),
        (b"!!!", "", "base64"),
    ],
)
def test_what_is_not_packed_as_it_says_is_refused(
    body: bytes, encoding: str, compression: str
) -> None:
    with pytest.raises(MissionControlError) as refused:
        packed_as(body, encoding, compression=compression)
    assert refused.value.code in ("capture.malformed", "capture.packed")


# What can't be read as a whole.

GOOD = b'{"type":"track","event":"a","userId":"u","messageId":"good"}'


def raw(*events: bytes) -> tuple[list[Captured], list[Fault]]:
    sent = segment.read(b'{"batch":[' + b",".join(events) + b'],"writeKey":"k"}', "batch")
    assert sent.key == "k"
    return sorted_out(sent.events, lambda each, at: segment.captured(each, sent, at), origin())


@pytest.mark.parametrize(
    "bad",
    [
        b'{"type":"track","event":"a","userId":"u","properties":{"a":1e999}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"a":NaN}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"a":012}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"a":'
        + b"[" * 5_000
        + b"]" * 5_000
        + b"}}",
        b'{"type":"track","event":"a","userId":"u","properties":{"a":"\x01"}}',
        b'{"type":"track","event":"a","userId":"u","properties":{"a":"\\x"}}',
        b'{"type":"track","event":"a","userId":' + b"9" * 5_000 + b"}",
        b'{"type":"track" "event"}',
        b"{]",
    ],
)
def test_an_event_that_is_no_json_takes_no_other_with_it(bad: bytes) -> None:
    accepted, faults = raw(GOOD, bad, GOOD.replace(b"good", b"fine"))
    assert [each.id for each in accepted] == ["good", "fine"]
    assert [each.position for each in faults] == [1]


@pytest.mark.parametrize("bad", [b"{", b'"', b"[{", b'{"a":"b}'])
def test_where_nobody_can_say_what_ends_where_all_is_refused(bad: bytes) -> None:
    with pytest.raises(Malformed):
        raw(bad, GOOD)


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe", b"\\ud83d", b"\\ude00", b"\\ud83d\\u0041", b"\\uD83D x \\uDE00", b"\xed\xa0\xbd"],
)
def test_halves_of_letters_are_replaced_and_the_event_is_kept(text: bytes) -> None:
    part = b'{"type":"track","event":"a","userId":"u","properties":{"said":"' + text + b'"}}'
    accepted, faults = raw(part, GOOD)
    assert faults == []
    assert "\N{REPLACEMENT CHARACTER}" in properties(accepted[0])["said"]


@given(st.text(), st.sampled_from(["", "\\", '"', "\\ud83d", "\\\\ud83d", "\N{GRINNING FACE}"]))
def test_mending_changes_nothing_that_is_whole(text: str, more: str) -> None:
    whole = msgspec.json.encode({"a": text.encode("utf-8", "replace").decode() + more})
    assert mended(whole) == whole


Anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a,[]{}"\\:'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.lists(Anything, max_size=5), st.dictionaries(st.sampled_from("ab"), Anything))
def test_a_batch_is_taken_apart_where_its_events_part(
    events: list[Any], beside: dict[str, Any]
) -> None:
    whole = msgspec.json.encode({**beside, "batch": events, "z": {"batch": [1]}})
    found = split_batch(whole)
    assert found is not None
    assert msgspec.json.decode(found[0]) == {**beside, "batch": [], "z": {"batch": [1]}}
    assert [msgspec.json.decode(each) for each in found[1]] == events


def test_more_than_is_taken_at_once_is_refused() -> None:
    for body in (
        b'{"batch":[' + b",".join([b"{}"] * 10_001) + b"]}",
        b'{"batch":[' + b"0," * 700_000 + b"0]}",
        b'{"batch":[' + b"[]," * 250_000 + b"0]}",
    ):
        with pytest.raises(TooLarge):
            segment.read(body, "batch")


@given(st.binary(max_size=200))
def test_no_bytes_break_a_reader(body: bytes) -> None:
    for read in (posthog.read, lambda text: segment.read(text, "batch")):
        try:
            sent = read(body)
        except MissionControlError:
            continue
        assert isinstance(sent.events, list)
