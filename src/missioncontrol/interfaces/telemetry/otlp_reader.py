"""Reads the body of a request in either format of OTLP, after a count of its messages."""

import re
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

import msgspec

from missioncontrol.ports.otlp import (
    ArrayValue,
    Attributes,
    KeyValue,
    KeyValueList,
    LogRecord,
    Logs,
    Resource,
    ResourceLogs,
    ResourceSpans,
    Scope,
    ScopeLogs,
    ScopeSpans,
    Span,
    SpanEvent,
    Status,
    Traces,
    Value,
)

Fields = Mapping[int, Any]
"""The fields of a message that hold messages, with theirs. Values hold values: the types loop."""
_VALUE: dict[int, Fields] = {}
_NAMED: Fields = {2: _VALUE}  # KeyValue
_VALUE.update({5: {1: _VALUE}, 6: {1: _NAMED}})  # AnyValue: a list of values, or of named ones
_RESOURCE: Fields = {1: _NAMED, 3: {}}
_SCOPE: Fields = {3: _NAMED}
_SPAN: Fields = {9: _NAMED, 11: {3: _NAMED}, 13: {4: _NAMED}, 15: {}}
_RECORD: Fields = {5: _VALUE, 6: _NAMED}
TRACES: Fields = {1: {1: _RESOURCE, 2: {1: _SCOPE, 2: _SPAN}}}
LOGS: Fields = {1: {1: _RESOURCE, 2: {1: _SCOPE, 2: _RECORD}}}
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
T = TypeVar("T", Traces, Logs)
JSON = "application/json"
PROTOBUF = "application/x-protobuf"
WINDOWS = {"gzip": 31, "deflate": 15}
"""The window bits that state to zlib which header comes first; exporters use these two."""


class Unreadable(Exception):
    """A body does not have its declared form; the text gives the reason."""


class Unpackable(Exception):
    """A body is packed in a way that is not known here; the text says which."""


class Inflated(Exception):
    """A body becomes larger than it may."""


class TooHeavy(Exception):
    """A body holds more messages than it may."""


@cache
def reads_protobuf() -> bool:
    """Whether protocol buffers can be read: the extra `telemetry` is installed."""
    return find_spec("opentelemetry.proto") is not None if find_spec("opentelemetry") else False


def unpacked(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """Return a body without its compression.

    Raises:
        Unpackable: by something that is not known here.
        Unreadable: it is not compressed as it says.
        Inflated: it would become larger than that.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in WINDOWS:
        known = " and ".join(WINDOWS)
        raise Unpackable(f"The content encoding {encoding[:50]!r} is not read; {known} are.")
    unpacker = zlib.decompressobj(WINDOWS[encoding])
    try:
        content = unpacker.decompress(body, bytes_max)
        if unpacker.unconsumed_tail:
            raise Inflated
        if not unpacker.eof or unpacker.unused_data:
            raise Unreadable(f"The body is not one {encoding} stream from beginning to end.")
    except zlib.error as error:
        raise Unreadable(f"The body can't be unpacked: {error}.") from None
    return content


def read_traces(body: bytes, media_type: str, messages_max: int) -> Traces:
    """Read the body of `POST /v1/traces`.

    Raises:
        Unreadable: it is not in that format.
        TooHeavy: it holds more messages than that.
    """
    _refuse_heavy(body, media_type, TRACES, messages_max)
    if media_type == JSON:
        return _from_json(body, Traces)
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = _from_protobuf(body, ExportTraceServiceRequest)
    return Traces(tuple(_resource_spans(each) for each in request.resource_spans))


def read_logs(body: bytes, media_type: str, messages_max: int) -> Logs:
    """Read the body of `POST /v1/logs`.

    Raises:
        Unreadable: it is not in that format.
        TooHeavy: it holds more messages than that.
    """
    _refuse_heavy(body, media_type, LOGS, messages_max)
    if media_type == JSON:
        return _from_json(body, Logs)
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = _from_protobuf(body, ExportLogsServiceRequest)
    return Logs(tuple(_resource_logs(each) for each in request.resource_logs))


def _refuse_heavy(body: bytes, media_type: str, fields: Fields, most: int) -> None:
    if media_type == JSON:
        is_heavy = json_is_heavy(body, most)
    else:
        is_heavy = protobuf_is_heavy(body, fields, most)
    if is_heavy:
        raise TooHeavy


def _from_json(body: bytes, kind: type[T]) -> T:
    try:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError:
            # In the JSON of protocol buffers, null stands for whatever is not set.
            return msgspec.convert(_without_nulls(msgspec.json.decode(body)), kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"The body is not OTLP/JSON: {error}.") from None


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(of) for key, of in value.items() if of is not None}
        case list():
            return [_without_nulls(of) for of in value]
        case _:
            return value


def _from_protobuf(body: bytes, kind: Any) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise Unreadable(f"The body is not OTLP in protocol buffers: {error}.") from None


# What follows takes messages of `opentelemetry.proto`, which keep no types that can be checked.


def _resource_spans(plain: Any) -> ResourceSpans:
    return ResourceSpans(
        Resource(_attributes(plain.resource.attributes)),
        tuple(
            ScopeSpans(Scope(each.scope.name), tuple(map(_span, each.spans)))
            for each in plain.scope_spans
        ),
    )


def _resource_logs(plain: Any) -> ResourceLogs:
    return ResourceLogs(
        Resource(_attributes(plain.resource.attributes)),
        tuple(
            ScopeLogs(Scope(each.scope.name), tuple(map(_record, each.log_records)))
            for each in plain.scope_logs
        ),
    )


def _span(plain: Any) -> Span:
    return Span(
        trace_id=plain.trace_id.hex(),
        span_id=plain.span_id.hex(),
        trace_state=plain.trace_state,
        parent_span_id=plain.parent_span_id.hex(),
        name=plain.name,
        kind=plain.kind,
        start_time_unix_nano=plain.start_time_unix_nano,
        end_time_unix_nano=plain.end_time_unix_nano,
        attributes=_attributes(plain.attributes),
        events=tuple(
            SpanEvent(each.time_unix_nano, each.name, _attributes(each.attributes))
            for each in plain.events
        ),
        status=Status(plain.status.message, plain.status.code),
    )


def _record(plain: Any) -> LogRecord:
    return LogRecord(
        time_unix_nano=plain.time_unix_nano,
        observed_time_unix_nano=plain.observed_time_unix_nano,
        severity_number=plain.severity_number,
        severity_text=plain.severity_text,
        body=_value(plain.body) if plain.HasField("body") else None,
        attributes=_attributes(plain.attributes),
        trace_id=plain.trace_id.hex(),
        span_id=plain.span_id.hex(),
        event_name=plain.event_name,
    )


def _attributes(plain: Iterable[Any]) -> Attributes:
    return tuple(KeyValue(each.key, _value(each.value)) for each in plain)


def _value(plain: Any) -> Value:
    match plain.WhichOneof("value"):
        case "array_value":
            return Value(array_value=ArrayValue(tuple(map(_value, plain.array_value.values))))
        case "kvlist_value":
            return Value(kvlist_value=KeyValueList(_attributes(plain.kvlist_value.values)))
        case "bytes_value":
            return Value(bytes_value=plain.bytes_value.hex())
        case None:
            return Value()
        case kind:
            return Value(**{kind: getattr(plain, kind)})


def json_is_heavy(body: bytes, most: int) -> bool:
    """Whether a JSON text has more objects and lists than `most`; those in strings are none."""
    return _opened(body) > most and _opened(_STRING.sub(b"", body)) > most


def _opened(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def protobuf_is_heavy(body: bytes, fields: Fields, most: int) -> bool:
    """Whether a protocol buffer has more messages than `most`.

    What can't be read ends the count: the parser will report it.
    """
    count = 0
    open_: list[tuple[int, int, Fields]] = [(0, len(body), fields)]
    try:
        while open_:
            at, end, known = open_.pop()
            while at < end:
                tag, at = _varint(body, at)
                size, at = _size(body, at, tag & 7)
                inner = known.get(tag >> 3)
                if inner is not None:
                    count += 1
                    if count > most:
                        return True
                    open_.append((at, min(at + size, end), inner))
                at += size
    except (IndexError, ValueError):
        return False
    return False


def _size(body: bytes, at: int, kind: int) -> tuple[int, int]:
    """Return how long a field of a kind of the wire format is, and where it begins.

    Raises:
        ValueError: it is of no kind that there is.
        IndexError: the body ends before that.
    """
    match kind:
        case 2:
            return _varint(body, at)
        case 0:
            return 0, _varint(body, at)[1]
        case 1:
            return 8, at
        case 5:
            return 4, at
    raise ValueError(kind)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    byte = body[at]
    if byte < 0x80:
        return byte, at + 1
    found = shift = 0
    while shift < 70:
        byte = body[at]
        at += 1
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at
        shift += 7
    raise ValueError(found)
