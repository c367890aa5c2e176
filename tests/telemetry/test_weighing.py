"""How much a body will become is known before it is read."""

import gzip
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from missioncontrol.interfaces.telemetry.otlp_reader import (
    LOGS,
    TRACES,
    Fields,
    json_is_heavy,
    protobuf_is_heavy,
)
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from tests.telemetry.collector import run
from tests.telemetry.listening import RUN, listening, span, traces


def filled(attributes: Any) -> None:
    """Add one attribute of each shape."""
    attributes.add(key="text").value.string_value = "t" * 300
    attributes.add(key="list").value.array_value.values.add(int_value=-1)
    attributes.add(key="map").value.kvlist_value.values.add(key="k").value.double_value = 1.5


def a_trace() -> Any:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add(schema_url="https://x")
    filled(resource.resource.attributes)
    resource.resource.entity_refs.add(type="service")
    scope = resource.scope_spans.add()
    scope.scope.name = "s"
    filled(scope.scope.attributes)
    for number in range(3):
        each = scope.spans.add(name="x", start_time_unix_nano=2**60, flags=257)
        filled(each.attributes)
        filled(each.events.add(time_unix_nano=number).attributes)
        filled(each.links.add(trace_id=b"t" * 16).attributes)
        each.status.code = 2
    return request


def a_log() -> Any:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    filled(resource.resource.attributes)
    for _ in range(3):
        record = resource.scope_logs.add().log_records.add(severity_number=9)
        record.body.kvlist_value.values.add(key="k").value.bool_value = True
        filled(record.attributes)
    return request


def messages_in(message: Any) -> int:
    """Count by the library itself, the outermost left out."""
    count = 0
    for field, value in message.ListFields():
        if field.message_type is not None:
            inner = value if hasattr(value, "add") else [value]
            count += sum(1 + messages_in(each) for each in inner)
    return count


@pytest.mark.parametrize(("request_", "fields"), [(a_trace(), TRACES), (a_log(), LOGS)])
def test_every_message_within_a_request_is_counted(request_: Any, fields: Fields) -> None:
    body, count = request_.SerializeToString(), messages_in(request_)
    assert not protobuf_is_heavy(body, fields, count)
    assert protobuf_is_heavy(body, fields, count - 1)


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\xff", b"\x0f", b"\x80" * 20, b"\x0d\x00"])
def test_what_can_not_be_made_out_is_for_its_reader_to_refuse(body: bytes) -> None:
    assert not protobuf_is_heavy(body, TRACES, 10)


def test_objects_and_lists_are_counted_and_those_in_strings_are_not() -> None:
    assert json_is_heavy(b'{"a": [{}, {}]}', 3)
    assert not json_is_heavy(b'{"a": [{}, {}]}', 4)
    assert not json_is_heavy(rb'{"a": "[{[{\"[{[\\"}', 1)


def field(number: int, content: bytes) -> bytes:
    size = len(content)
    parts = bytearray([number << 3 | 2])
    while size > 0x7F:
        parts.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(parts) + bytes([size]) + content


BOMBS = [
    (
        "application/json",
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 5_000 + b"{}]}]}]}",
    ),
    ("application/x-protobuf", field(1, field(2, b"\x12\x00" * 5_000))),
    ("application/x-protobuf", field(1, field(2, field(2, b"\x4a\x00" * 5_000)))),
]


@pytest.mark.parametrize(("kind", "bomb"), BOMBS)
def test_few_bytes_that_would_become_many_messages_are_refused(kind: str, bomb: bytes) -> None:
    async def story() -> None:
        async with listening(TelemetryPolicy(messages_max=4_000)) as found:
            answer = await found.post(
                "/v1/traces", gzip.compress(bomb), content_type=kind, content_encoding="gzip"
            )
            assert answer.status_code == 413
            assert "4,000 messages" in answer.text
            answer = await found.post("/v1/traces", traces(span()))
            assert (answer.status_code, found.lines[0].run) == (200, RUN)

    run(story())
