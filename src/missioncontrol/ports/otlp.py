"""The messages of OTLP that are spoken here, as OTLP/JSON writes them (opentelemetry-proto 1.x).

Ids are hexadecimal and 64-bit numbers may be texts: that is what sets OTLP/JSON apart from the
usual JSON of protocol buffers. What is not listed is ignored when it arrives.
"""

from typing import Any

import msgspec

INTERNAL, CLIENT = 1, 3
"""The kinds of a span without a network in between, and of one that calls a service."""

UNSET, ERROR = 0, 2
"""The codes of a status; 1 is for people who checked."""

DEPTH_MAX = 32
"""Levels of values within values that are looked at."""

TOO_DEEP = "…"
DIGITS_MAX = 20
SEVERITY_WARNING, SEVERITY_ERROR = 13, 17
"""From these numbers on a record of a log is one."""


class Message(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The common shape."""


class ArrayValue(Message, frozen=True):
    """A list of values."""

    values: tuple["Value", ...] = ()


class KeyValueList(Message, frozen=True):
    """Values by name."""

    values: tuple["KeyValue", ...] = ()


class Value(Message, frozen=True):
    """Exactly one of these is set, or none."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: str | None = None  # base64; shown, and never looked into


class KeyValue(Message, frozen=True):
    """An attribute."""

    key: str = ""
    value: Value | None = None


Attributes = tuple[KeyValue, ...]


class Resource(Message, frozen=True):
    """Who tells it."""

    attributes: Attributes = ()


class Scope(Message, frozen=True):
    """Which part of the program tells it."""

    name: str = ""
    version: str = ""


class Status(Message, frozen=True):
    """How it ended."""

    message: str = ""
    code: int = UNSET


class SpanEvent(Message, frozen=True):
    """Something that happened at one moment of a span."""

    time_unix_nano: int | str = 0
    name: str = ""
    attributes: Attributes = ()


class SpanLink(Message, frozen=True):
    """Another span that this one has to do with."""

    trace_id: str = ""
    span_id: str = ""


class Span(Message, frozen=True):
    """Work from its beginning to its end."""

    trace_id: str = ""
    span_id: str = ""
    trace_state: str = ""
    parent_span_id: str = ""
    name: str = ""
    kind: int = 0
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: Attributes = ()
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanLink, ...] = ()
    status: Status = Status()


class ScopeSpans(Message, frozen=True):
    """Spans of one scope."""

    scope: Scope = Scope()
    spans: tuple[Span, ...] = ()
    schema_url: str = ""


class ResourceSpans(Message, frozen=True):
    """Spans of one resource."""

    resource: Resource = Resource()
    scope_spans: tuple[ScopeSpans, ...] = ()
    schema_url: str = ""


class Traces(Message, frozen=True):
    """The body of `POST /v1/traces`."""

    resource_spans: tuple[ResourceSpans, ...] = ()


class LogRecord(Message, frozen=True):
    """One line of a log."""

    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    severity_number: int = 0
    severity_text: str = ""
    body: Value | None = None
    attributes: Attributes = ()
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class ScopeLogs(Message, frozen=True):
    """Lines of one scope."""

    scope: Scope = Scope()
    log_records: tuple[LogRecord, ...] = ()
    schema_url: str = ""


class ResourceLogs(Message, frozen=True):
    """Lines of one resource."""

    resource: Resource = Resource()
    scope_logs: tuple[ScopeLogs, ...] = ()
    schema_url: str = ""


class Logs(Message, frozen=True):
    """The body of `POST /v1/logs`."""

    resource_logs: tuple[ResourceLogs, ...] = ()


def attribute(key: str, value: str | int) -> KeyValue:
    """Return an attribute; whole numbers are written as texts."""
    held = Value(string_value=value) if isinstance(value, str) else Value(int_value=str(value))
    return KeyValue(key, held)


def plain(value: Value | None, depth: int = 0) -> Any:
    """Return what a value holds, as JSON has it; None where it holds nothing.

    What lies more than `DEPTH_MAX` levels deep is returned as `TOO_DEEP`.
    """
    if value is None:
        return None
    if depth > DEPTH_MAX:
        return TOO_DEEP
    if value.array_value is not None:
        return [plain(each, depth + 1) for each in value.array_value.values]
    if value.kvlist_value is not None:
        return {each.key: plain(each.value, depth + 1) for each in value.kvlist_value.values}
    if value.int_value is not None:
        return whole(value.int_value)
    for held in (value.string_value, value.bool_value, value.double_value, value.bytes_value):
        if held is not None:
            return held
    return None


def whole(number: int | str) -> int:
    """Return a number that may be written as a text; 0 where it is none of 64 bits."""
    if isinstance(number, str):
        digits = number.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX
        number = int(number) if is_number else 0
    return number if abs(number) < 2**64 else 0
