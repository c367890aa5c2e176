"""Encodes spans as a request body, in OTLP/JSON or as protocol buffers.

JSON is the default because it needs no further package. Protocol buffers need the package
`opentelemetry-proto`, from the extra `telemetry`.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.adapters.telemetry.settings import Protocol
from missioncontrol.adapters.telemetry.spans import SCHEMA
from missioncontrol.extras import require_extra
from missioncontrol.ports.otlp import (
    Attributes,
    KeyValue,
    Resource,
    ResourceSpans,
    Scope,
    ScopeSpans,
    Span,
    Status,
    Traces,
    Value,
    attribute,
    whole,
)

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue as PlainKeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as PlainSpan

NAME = "missioncontrol"
TEXT_MAX = 500
"""Characters of one exported text."""

MEDIA_TYPES: dict[Protocol, str] = {
    "http/json": "application/json",
    "http/protobuf": "application/x-protobuf",
}

Encode = Callable[[Sequence[Span]], bytes]


def encoder(protocol: Protocol) -> Encode:
    """Return the encoder for a protocol.

    Raises:
        Unavailable: `telemetry.not_installed`.
    """
    if protocol == "http/json":
        return as_json
    require_extra(
        "telemetry",
        "Writing spans as protocol buffers",
        "opentelemetry.proto",
        code="telemetry.not_installed",
        otherwise="or set MISSION_OTLP_PROTOCOL to http/json",
    )
    return as_protobuf


def as_json(spans: Sequence[Span]) -> bytes:
    """Return a request body in OTLP/JSON."""
    return msgspec.json.encode(_traces(spans))


def _traces(spans: Sequence[Span]) -> Traces:
    """Wrap spans with the resource, the scope and the schema version."""
    release = version(NAME)
    service = (attribute("service.name", NAME), attribute("service.version", release))
    of_scope = ScopeSpans(Scope(NAME, release), tuple(spans), SCHEMA)
    return Traces((ResourceSpans(Resource(service), (of_scope,), SCHEMA),))


def scrubbed(span: Span, scrub: Callable[[str], str]) -> Span:
    """Return a span without secrets in any of its texts.

    The log was scrubbed when it was written; this removes secrets that became known since.
    """
    return msgspec.structs.replace(
        span,
        name=scrub(span.name),
        attributes=_scrubbed(span.attributes, scrub),
        events=tuple(
            msgspec.structs.replace(each, attributes=_scrubbed(each.attributes, scrub))
            for each in span.events
        ),
        status=Status(scrub(span.status.message)[:TEXT_MAX], span.status.code),
    )


def _scrubbed(attributes: Attributes, scrub: Callable[[str], str]) -> Attributes:
    return tuple(
        each
        if each.value is None or each.value.string_value is None
        else KeyValue(each.key, Value(string_value=scrub(each.value.string_value)[:TEXT_MAX]))
        for each in attributes
    )


def as_protobuf(spans: Sequence[Span]) -> bytes:
    """Return a request body as protocol buffers."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    traces = _traces(spans).resource_spans[0]
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add(schema_url=traces.schema_url)
    _add(resource.resource.attributes, traces.resource.attributes)
    of_scope = resource.scope_spans.add(schema_url=traces.schema_url)
    scope = traces.scope_spans[0].scope
    of_scope.scope.name, of_scope.scope.version = scope.name, scope.version
    for span in spans:
        _fill(of_scope.spans.add(), span)
    body: bytes = request.SerializeToString()
    return body


def _fill(plain: "PlainSpan", span: Span) -> None:
    plain.trace_id = bytes.fromhex(span.trace_id)
    plain.span_id = bytes.fromhex(span.span_id)
    plain.parent_span_id = bytes.fromhex(span.parent_span_id)
    plain.name = span.name
    plain.kind = span.kind  # type: ignore[assignment]
    plain.start_time_unix_nano = whole(span.start_time_unix_nano)
    plain.end_time_unix_nano = whole(span.end_time_unix_nano)
    plain.status.message = span.status.message
    plain.status.code = span.status.code  # type: ignore[assignment]
    _add(plain.attributes, span.attributes)
    for event in span.events:
        added = plain.events.add(time_unix_nano=whole(event.time_unix_nano), name=event.name)
        _add(added.attributes, event.attributes)
    for link in span.links:
        plain.links.add(trace_id=bytes.fromhex(link.trace_id), span_id=bytes.fromhex(link.span_id))


def _add(to: Any, attributes: Iterable[KeyValue]) -> None:
    """Add attributes to a repeated field; all values here are texts or integers."""
    for each in attributes:
        added: PlainKeyValue = to.add(key=each.key)
        value = each.value or Value()
        if value.int_value is not None:
            added.value.int_value = whole(value.int_value)
        else:
            added.value.string_value = value.string_value or ""
