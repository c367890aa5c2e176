"""Spans on their way to a receiver: real requests, and no way of theirs into the engine's."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

import missioncontrol as mc
from missioncontrol.adapters.telemetry.otlp import OtlpExporter
from missioncontrol.adapters.telemetry.settings import OtlpSettings, otlp_settings
from missioncontrol.adapters.telemetry.span_queue import Bookmark
from missioncontrol.adapters.telemetry.spans import SCHEMA
from missioncontrol.application.journal import Entry
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.register import Event
from missioncontrol.domain.run.events import (
    Failure,
    RunCreated,
    RunHalted,
    RunSettled,
    StepFailed,
    StepStarted,
)
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import Step
from missioncontrol.domain.trace import attempt_span, call_span, run_span, trace_of
from missioncontrol.ports.call_log import Call
from tests.telemetry.collector import Collector, collecting, run

SECRET = "sk-a-secret-that-nobody-may-see"
QUICK: dict[str, Any] = {"batch_seconds": 0.01, "wait_seconds": 0.01, "close_seconds": 3.0}


def exporter(endpoint: str, **more: Any) -> OtlpExporter:
    settings = OtlpSettings(endpoint + "/v1/traces", **{**QUICK, **more})
    return OtlpExporter(settings, secret=lambda name: f"Bearer {SECRET}", scrub=str)


def entries(name: str, reason: str = "It broke.") -> list[Entry]:
    """Return what happens in a run with one attempt, which fails."""
    events: tuple[Event, ...] = (
        RunCreated(name, "release", (Step("build", "coder"),), 1),
        StepStarted("build", 1, 1, "coder"),
        StepFailed("build", 1, Failure("tool.broke", reason)),
        RunSettled("failed"),
    )
    return [Entry(name, event, at * 1_000_000, at) for at, event in enumerate(events, 1)]


def export(collector: Collector, *names: str, **more: Any) -> OtlpExporter:
    async def story() -> OtlpExporter:
        sending = exporter(collector.url, **more)
        await sending.open()
        for name in names:
            sending.take(entries(name))
        await sending.close()
        return sending

    return run(story())


def test_spans_arrive_as_json_with_the_version_of_the_conventions() -> None:
    with collecting() as collector:
        sending = export(collector, "run-1", headers={"authorization": "otlp"})
    ((path, headers, body),) = collector.requests
    assert (path, headers["content-type"]) == ("/v1/traces", "application/json")
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert SCHEMA.encode() in body
    attempt, whole = collector.spans()
    assert attempt["parentSpanId"] == whole["spanId"] == run_span("run-1")
    assert attempt["traceId"] == whole["traceId"] == trace_of("run-1")
    assert attempt["startTimeUnixNano"] == "2000000000"
    assert attempt["status"] == {"code": 2, "message": "It broke."}
    assert attempt["attributes"]["mission.step.fence"] == "1"
    assert (sending.sent.sent, sending.waiting) == (2, 0)


def test_the_same_spans_arrive_as_protocol_buffers() -> None:
    with collecting() as collector:
        export(collector, "run-1", protocol="http/protobuf")
    ((_, headers, body),) = collector.requests
    assert headers["content-type"] == "application/x-protobuf"
    request = ExportTraceServiceRequest.FromString(body)
    (resource,) = request.resource_spans
    (scope,) = resource.scope_spans
    assert (resource.schema_url, scope.schema_url, scope.scope.name) == (
        SCHEMA,
        SCHEMA,
        "missioncontrol",
    )
    attempt, whole = scope.spans
    assert attempt.span_id.hex() == attempt_span("run-1", 1)
    assert attempt.parent_span_id == whole.span_id
    assert attempt.end_time_unix_nano == 3_000_000_000
    found = {each.key: each.value for each in attempt.attributes}
    assert found["mission.step.attempt"].int_value == 1
    assert found["error.type"].string_value == "tool.broke"


def test_moments_and_links_arrive_as_protocol_buffers_too() -> None:
    events: tuple[Event, ...] = (
        RunCreated("run-1", "release", (), 1, retry_of="run-0"),
        RunHalted("budget.exceeded", "Too dear."),
        RunSettled("cancelled"),
    )

    async def story(url: str) -> None:
        sending = exporter(url, protocol="http/protobuf")
        await sending.open()
        sending.take([Entry("run-1", event, at, at) for at, event in enumerate(events)])
        await sending.close()

    with collecting() as collector:
        run(story(collector.url))
    request = ExportTraceServiceRequest.FromString(collector.requests[0][2])
    (whole,) = request.resource_spans[0].scope_spans[0].spans
    assert [event.name for event in whole.events] == ["mission.run_halted"]
    assert whole.events[0].attributes[0].value.string_value == "budget.exceeded"
    assert [link.trace_id.hex() for link in whole.links] == [trace_of("run-0")]


def test_without_the_extra_json_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "opentelemetry.proto"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Unavailable) as no:
        exporter("http://127.0.0.1:1", protocol="http/protobuf")
    assert no.value.code == "telemetry.not_installed"
    with collecting((200, {}, b"thank you")) as collector:
        assert export(collector, "run-1").sent.sent == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_receiver_that_is_busy_is_asked_again(status: int) -> None:
    with collecting((status, {"retry-after": "0"}, b"later")) as collector:
        sending = run(_sent_before_close(collector, "run-1"))
    assert len(collector.requests) == 2
    assert (sending.sent.sent, sending.dropped) == (2, 0)


async def _sent_before_close(collector: Collector, name: str, **more: Any) -> OtlpExporter:
    """Wait for all tries; when the exporter closes it makes no more of them."""
    sending = exporter(collector.url, **more)
    await sending.open()
    sending.take(entries(name))
    while sending.waiting:  # noqa: ASYNC110 - an exporter has no done event
        await asyncio.sleep(0.005)
    await sending.close()
    return sending


def test_a_receiver_that_is_away_for_long_gets_everything_once_it_is_back() -> None:
    with collecting(*[(503, {}, b"")] * 12) as collector:
        sending = run(_sent_before_close(collector, "run-1", wait_seconds_max=0.01))
    assert len(collector.requests) == 13
    assert (sending.sent.sent, sending.dropped) == (2, 0)
    assert "answered 503" in sending.trouble


def test_a_receiver_that_says_no_is_not_asked_again() -> None:
    with collecting((400, {}, b"bad")) as collector:
        sending = run(_sent_before_close(collector, "run-1"))
    assert (len(collector.requests), sending.dropped) == (1, 2)
    assert sending.trouble.endswith("answered 400. Spans are lost.")


def test_a_redirection_is_not_followed() -> None:
    with collecting((307, {"location": "http://127.0.0.1:1/"}, b"")) as collector:
        sending = run(_sent_before_close(collector, "run-1"))
    assert (len(collector.requests), sending.dropped) == (1, 2)


PARTIAL = ExportTraceServiceResponse(
    partial_success=ExportTracePartialSuccess(rejected_spans=1)
).SerializeToString()


@pytest.mark.parametrize(
    ("kind", "body", "rejected"),
    [
        ("application/json", b'{"partialSuccess": {"rejectedSpans": "1"}}', 1),
        ("application/json", b'{"partialSuccess": {}}', 0),
        ("application/json", b"no json", 0),
        ("application/x-protobuf", PARTIAL, 1),
        ("text/plain", b"thank you", 0),
        ("text/plain", b"x" * 100_000, 0),
    ],
)
def test_spans_that_a_receiver_did_not_take_are_counted(
    kind: str, body: bytes, rejected: int
) -> None:
    with collecting((200, {"content-type": kind}, body)) as collector:
        sending = export(collector, "run-1")
    assert (sending.sent.sent, sending.sent.rejected) == (2 - rejected, rejected)


def test_more_spans_than_may_wait_are_dropped_and_counted() -> None:
    with collecting() as collector:
        sending = export(collector, "run-1", "run-2", "run-3", spans_max=4)
    assert (sending.sent.sent, sending.dropped) == (4, 2)


def test_many_spans_go_in_batches() -> None:
    with collecting() as collector:
        export(collector, *(f"run-{number}" for number in range(10)), batch_max=8)
    assert len(collector.requests) == 3
    assert len(collector.spans()) == 20


def test_closing_waits_no_longer_than_it_may_for_a_receiver_that_hangs() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def story() -> OtlpExporter:
        async with await asyncio.start_server(hang, "127.0.0.1", 0) as hanging:
            port = hanging.sockets[0].getsockname()[1]
            sending = exporter(f"http://127.0.0.1:{port}", close_seconds=0.05)
            await sending.open()
            sending.take(entries("run-1"))
            await sending.close()
            await asyncio.sleep(0.05)
            return sending

    sending = run(story())
    assert (sending.sent.sent, sending.dropped) == (0, 2)


def test_a_receiver_that_answers_letter_by_letter_holds_nothing_up() -> None:
    asked: list[bytes] = []

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
        if len(asked) > 1:
            writer.write(b"thank you")
        else:
            with contextlib.suppress(ConnectionError):
                while await reader.read(1):
                    pass
        writer.close()

    async def story() -> OtlpExporter:
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            sending = exporter(url, request_seconds=0.1)
            await sending.open()
            sending.take(entries("run-1"))
            while not sending.sent.sent:  # noqa: ASYNC110 - an exporter has no done event
                await asyncio.sleep(0.005)
            await sending.close()
            return sending

    sending = run(story())
    assert (len(asked), sending.sent.sent, sending.dropped) == (2, 2, 0)
    assert "did not answer within 0.1 s" in sending.trouble


def test_a_secret_is_taken_out_before_a_span_leaves() -> None:
    async def story(url: str) -> None:
        scrubber = Scrubber([])
        settings = OtlpSettings(url + "/v1/traces", **QUICK)
        sending = OtlpExporter(settings, secret=str, scrub=scrubber.text)
        await sending.open()
        sending.take(entries(f"run-{SECRET}", f"It broke with {SECRET} in its hands."))
        sending.take(entries("run-2", "x" * 490 + SECRET))
        scrubber.add([SECRET])  # It became known as one after the log was written.
        await sending.close()

    with collecting() as collector:
        run(story(collector.url))
    bodies = b"".join(body for _, _, body in collector.requests)
    assert b"It broke with [secret]" in bodies
    assert SECRET[:10].encode() not in bodies


def test_a_header_whose_secret_is_missing_keeps_spans_from_leaving() -> None:
    def missing(name: str) -> str:
        raise NotFound("secret.unknown", f"There is no secret {name!r}.")

    async def story(url: str) -> OtlpExporter:
        settings = OtlpSettings(url + "/v1/traces", {"authorization": "otlp"}, **QUICK)
        sending = OtlpExporter(settings, secret=missing, scrub=str)
        await sending.open()
        sending.take(entries("run-1"))
        await sending.close()
        return sending

    with collecting() as collector:
        sending = run(story(collector.url))
    assert (sending.dropped, collector.requests) == (2, [])
    assert "'otlp'" in sending.trouble


def test_what_can_not_be_turned_into_a_span_breaks_nothing() -> None:
    class Odd:
        @property
        def stream(self) -> str:
            raise RuntimeError

        event = time = stream

    async def story(url: str) -> OtlpExporter:
        sending = exporter(url)
        await sending.open()
        sending.take([Odd()])  # type: ignore[list-item]
        sending.take(entries("run-1"))
        await sending.close()
        return sending

    with collecting() as collector:
        sending = run(story(collector.url))
    assert (sending._queue.broken, sending.sent.sent) == (1, 2)


release = mc.Workflow("release")


@release.step()
async def build(_: mc.StepContext) -> str:
    return "wheel"


@release.step(needs=[build], retry=mc.Retry(attempts=2, wait_seconds=0.0))
async def publish(step: mc.StepContext) -> str:
    if step.attempt == 1:
        raise RuntimeError("not yet")
    return "done"


async def released(home: Path, sending: OtlpExporter) -> mc.RunResult:
    async with mc.Engine(home) as engine:
        engine._control.engine.listeners.append(sending.take)
        await sending.open()
        result = await engine.run(release)
    await sending.close()
    return result


def test_a_run_of_the_engine_becomes_a_tree_of_spans(tmp_path: Path) -> None:
    with collecting() as collector:
        result = run(released(tmp_path, exporter(collector.url)))
    spans = collector.spans()
    assert {span["traceId"] for span in spans} == {trace_of(result.id)}
    (whole,) = (span for span in spans if not span.get("parentSpanId"))
    assert whole["name"] == "invoke_workflow release"
    attempts = [span for span in spans if span is not whole]
    assert {span["parentSpanId"] for span in attempts} == {whole["spanId"]}
    assert [
        (span["attributes"]["mission.step.key"], span["attributes"]["mission.outcome"])
        for span in attempts
    ] == [("build", "succeeded"), ("publish", "failed"), ("publish", "succeeded")]
    begun, ended = int(whole["startTimeUnixNano"]), int(whole["endTimeUnixNano"])
    for span in attempts:
        assert begun <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) <= ended


def test_a_run_ends_well_where_nobody_receives_its_spans(tmp_path: Path) -> None:
    sending = exporter("http://127.0.0.1:1")
    result = run(released(tmp_path, sending))
    assert result.status == "succeeded"
    assert (sending.sent.sent, sending.dropped) == (0, 4)
    assert "can't be reached" in sending.trouble


@asynccontextmanager
async def telling(home: Path, url: str, **more: Any) -> AsyncIterator[tuple[Any, OtlpExporter]]:
    """Open an engine that tells its spans, with the log behind them."""
    async with mc.Engine(home) as engine:
        held = engine._control
        settings = OtlpSettings(url + "/v1/traces", **{**QUICK, **more})
        log, mark = held.journal.store, Bookmark(home / "told")
        sending = OtlpExporter(
            settings, secret=str, scrub=str, begun=held.journal.runs.get, log=log, bookmark=mark
        )
        held.engine.listeners.append(sending.take)
        await sending.open()
        yield engine, sending
        await sending.close()


def ids(collector: Collector) -> list[str]:
    return [span["spanId"] for span in collector.spans()]


def test_what_was_not_sent_before_the_end_is_sent_by_the_next_engine(tmp_path: Path) -> None:
    async def story(url: str) -> tuple[str, int]:
        async with telling(tmp_path, url) as (engine, sending):
            result = await engine.run(release)
        return result.id, sending.dropped

    name, dropped = run(story("http://127.0.0.1:1"))
    assert dropped == 0
    with collecting() as collector:
        other, _ = run(story(collector.url))
        sent = ids(collector)
        run(story(collector.url))
    assert len(sent) == 8
    assert {run_span(name), run_span(other)} < set(sent)
    assert len(ids(collector)) == len(set(ids(collector))) == 12


def test_spans_that_have_no_room_are_made_from_the_log_once_there_is_some(tmp_path: Path) -> None:
    async def story(url: str) -> OtlpExporter:
        async with telling(tmp_path, url, spans_max=1, wait_seconds_max=0.01) as (engine, sending):
            for _ in range(3):
                await engine.run(release)
            while sending.sent.sent < 12:  # noqa: ASYNC110 - an exporter has no done event
                await asyncio.sleep(0.005)
        return sending

    with collecting(*[(503, {}, b"")] * 5) as collector:
        sending = run(story(collector.url))
    sent = ids(collector)[5:]
    assert (sending.sent.sent, sending.dropped, len(sent), len(set(sent))) == (12, 0, 12, 12)
    first = next(span for span in collector.spans()[5:] if not span.get("parentSpanId"))
    assert first["attributes"]["gen_ai.workflow.name"] == "release"


def test_the_first_time_nothing_of_the_past_is_told(tmp_path: Path) -> None:
    async def before() -> None:
        async with mc.Engine(tmp_path) as engine:
            await engine.run(release)

    async def after(url: str) -> None:
        async with telling(tmp_path, url):
            pass

    run(before())
    with collecting() as collector:
        run(after(collector.url))
    assert collector.requests == []


def test_a_bookmark_that_can_not_be_read_is_none(tmp_path: Path) -> None:
    mark = Bookmark(tmp_path / "told")
    assert mark.read() is None
    for odd in (b"\xff", b"x", b"9" * 30):
        (tmp_path / "told").write_bytes(odd)
        assert mark.read() is None
    mark.write(7)
    assert mark.read() == 7


def test_a_call_of_a_model_is_a_span_below_its_attempt() -> None:
    done = Call(
        "call-1", 2_500_000, "coder", "responses", "answered", 200, run="run-1", step="build"
    )
    done = msgspec.structs.replace(done, asked="gpt-5", model="gpt-5-1", seconds=0.25)
    cut = msgspec.structs.replace(done, id="call-2", outcome="cut", code="budget", reason="Spent.")

    async def story(url: str) -> None:
        sending = exporter(url)
        await sending.open()
        begun, *more = entries("run-1")
        sending.call(done)  # The run is unknown yet.
        sending.take([begun, more[0]])
        for call in (done, cut, msgspec.structs.replace(done, id="call-3", step="test")):
            sending.call(call)
        await sending.close()

    with collecting() as collector:
        run(story(collector.url))
    one, other, beside = collector.spans()
    assert (one["name"], one["kind"]) == ("chat gpt-5", 3)
    assert (one["parentSpanId"], one["spanId"]) == (
        attempt_span("run-1", 1),
        call_span("run-1", "call-1"),
    )
    assert (one["startTimeUnixNano"], one["endTimeUnixNano"]) == ("2500000000", "2750000000")
    assert one["attributes"]["gen_ai.response.model"] == "gpt-5-1"
    assert (other["status"], other["attributes"]["error.type"]) == (
        {"code": 2, "message": "Spent."},
        "budget",
    )
    assert beside["parentSpanId"] == run_span("run-1")


def test_nothing_is_sent_unless_somebody_says_where() -> None:
    assert otlp_settings({}) is None
    assert otlp_settings({"MISSION_OTLP_ENDPOINT": " "}) is None


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:4318", "http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"],
)
def test_settings_come_from_the_environment(endpoint: str) -> None:
    settings = otlp_settings(
        {
            "MISSION_OTLP_ENDPOINT": endpoint,
            "MISSION_OTLP_HEADERS": "Authorization=otlp, x-team = team.name",
            "MISSION_OTLP_PROTOCOL": "http/protobuf",
        }
    )
    assert settings is not None
    assert settings.endpoint == "http://127.0.0.1:4318/v1/traces"
    assert settings.headers == {"authorization": "otlp", "x-team": "team.name"}
    assert settings.protocol == "http/protobuf"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ENDPOINT", "ftp://host", "telemetry.bad_endpoint"),
        ("ENDPOINT", "host:4318", "telemetry.bad_endpoint"),
        ("ENDPOINT", "http://host:notaport", "telemetry.bad_endpoint"),
        ("ENDPOINT", f"http://user:{SECRET}@host", "telemetry.bad_endpoint"),
        ("HEADERS", f"authorization=Bearer {SECRET}", "telemetry.bad_headers"),
        ("HEADERS", "authorization", "telemetry.bad_headers"),
        ("PROTOCOL", "grpc", "telemetry.bad_protocol"),
    ],
)
def test_a_bad_setting_is_refused_without_repeating_a_secret(
    name: str, value: str, code: str
) -> None:
    environment = {"MISSION_OTLP_ENDPOINT": "http://127.0.0.1:4318", f"MISSION_OTLP_{name}": value}
    with pytest.raises(Rejected) as no:
        otlp_settings(environment)
    assert no.value.code == code
    assert SECRET not in str(no.value)
