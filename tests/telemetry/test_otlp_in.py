"""Telemetry of others: whose it is, what of it is stored, and what is refused."""

import asyncio
import gzip
import zlib
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from missioncontrol.domain.run.events import RunCreated, RunResumed, RunSettled, StepStarted
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.domain.step import Step
from missioncontrol.domain.trace import attempt_span, run_span, trace_of
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.ports.agent import Assignment
from tests.telemetry.collector import run
from tests.telemetry.listening import (
    BUILD,
    KEY,
    NOW,
    PROMPT,
    RUN,
    SECRET,
    Listening,
    attributes,
    ended,
    listening,
    logs,
    span,
    traces,
)

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2026",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.cache_read.input_tokens": 20,
    "gen_ai.usage.output_tokens": 9,
    "gen_ai.input.messages": PROMPT,
    "gen_ai.tool.call.arguments": f'{{"command": "cat {SECRET}"}}',
}


def kept(body: Any, policy: TelemetryPolicy | None = None, path: str = "/v1/traces") -> Listening:
    async def story() -> Listening:
        async with listening(policy) as found:
            answer = await found.post(path, body)
            assert answer.status_code == 200, answer.text
            return found

    return run(story())


def test_a_span_becomes_a_line_of_its_step_without_its_contents() -> None:
    found = kept(traces(span(attributes=attributes(CHAT))))
    (line,) = found.lines
    assert (line.run, line.step, line.attempt, line.level) == (RUN, "build", 1, "info")
    assert line.time == NOW * 10**6 + 1_500_000
    assert line.message == (
        "codex: span chat gpt-5 1.500 s gen_ai.operation.name=chat gen_ai.request.model=gpt-5 "
        "gen_ai.response.model=gpt-5-2026 gen_ai.usage.input_tokens=120 "
        "gen_ai.usage.cache_read.input_tokens=20 gen_ai.usage.output_tokens=9"
    )


def test_contents_are_kept_where_the_policy_says_so_and_secrets_are_not() -> None:
    found = kept(traces(span(attributes=attributes(CHAT))), TelemetryPolicy("full"))
    assert PROMPT in found.said
    assert "cat [secret]" in found.said
    assert SECRET not in found.said


CODEX_TOOL_RESULT = {
    "event.name": "codex.tool_result",
    "tool_name": "shell",
    "call_id": "call_1",
    "arguments": f'{{"command": ["cat", "{PROMPT}"]}}',
    "output": f"the file says {SECRET}",
    "duration_ms": 12,
    "success": "true",
}


def test_a_log_of_codex_keeps_its_event_and_not_what_its_tools_were_told_and_said() -> None:
    record = {
        "timeUnixNano": str(NOW * 10**9),
        "severityNumber": 9,
        "body": {"stringValue": PROMPT},
        "traceId": trace_of(RUN).upper(),
        "spanId": attempt_span(RUN, 1),
        "attributes": attributes(CODEX_TOOL_RESULT),
    }
    found = kept(logs(record), path="/v1/logs")
    (line,) = found.lines
    assert line.step == "build"
    assert line.message == (
        "codex: log codex.tool_result tool_name=shell call_id=call_1 duration_ms=12 success=true"
    )


def test_the_same_log_in_full_has_all_but_secrets() -> None:
    record = {
        "eventName": "codex.tool_result",
        "severityNumber": 17,
        "body": {"stringValue": PROMPT},
        "traceId": trace_of(RUN),
        "attributes": attributes(CODEX_TOOL_RESULT),
    }
    found = kept(logs(record), TelemetryPolicy("full"), path="/v1/logs")
    assert found.lines[0].level == "error"
    assert found.lines[0].time == NOW * 10**6
    assert f'body="{PROMPT}"' in found.said
    assert 'output="the file says [secret]"' in found.said


def test_a_text_that_is_no_name_of_an_event_is_not_shown_as_one() -> None:
    fields = {"traceId": trace_of(RUN), "severityNumber": 13}
    found = kept(logs({**fields, "eventName": PROMPT}), path="/v1/logs")
    assert found.lines[0].message == "codex: log without a name"
    assert found.lines[0].level == "warning"


def test_the_inside_of_a_tool_is_passed_over_unless_it_is_asked_for() -> None:
    outer = span(spanId="a" * 16, name="codex.exec", attributes=[])
    inner = span(spanId="b" * 16, parentSpanId="a" * 16, name="fs.read_file", attributes=[])
    failed = {**inner, "spanId": "c" * 16, "status": {"code": 2}}
    used = {**inner, "spanId": "d" * 16, "attributes": attributes({"tool_name": "shell"})}
    found = kept(traces(outer, inner, failed, used))
    assert [line.message.split()[2] for line in found.lines] == [
        "codex.exec",
        "fs.read_file",
        "fs.read_file",
    ]
    assert (found.receiver.heard.spans, found.receiver.heard.passed_over) == (3, 1)
    assert len(kept(traces(outer, inner), TelemetryPolicy(every_span=True)).lines) == 2


def test_the_pieces_of_an_answer_are_passed_over_and_its_end_is_not() -> None:
    piece = {"event.name": "codex.sse_event", "event.kind": "response.output_text.delta"}
    end = {**piece, "event.kind": "response.completed", "input_token_count": 100}
    records = [
        {"traceId": trace_of(RUN), "eventName": "event a/b.rs:7", "attributes": attributes(each)}
        for each in (piece, end)
    ]
    found = kept(logs(*records), path="/v1/logs")
    assert found.said == (
        "codex: log codex.sse_event event.kind=response.completed input_token_count=100"
    )
    assert found.receiver.heard.passed_over == 1
    assert len(kept(logs(*records), TelemetryPolicy(every_span=True), path="/v1/logs").lines) == 2


def test_what_a_failed_span_says_is_left_out_and_that_it_failed_is_not() -> None:
    events = [
        {"name": "exception", "attributes": attributes({"exception.type": "OSError"})},
        {"name": PROMPT},
    ]
    failed = span(status={"code": 2, "message": PROMPT}, events=events, attributes=[])
    found = kept(traces(failed))
    assert found.lines[0].level == "error"
    assert found.lines[0].message == (
        "codex: span chat gpt-5 1.500 s failed · exception exception.type=OSError"
    )
    assert f'status="{PROMPT}"' in kept(traces(failed), TelemetryPolicy("full")).said


def test_a_secret_is_found_before_a_value_is_cut() -> None:
    long = "x" * 190 + SECRET
    found = kept(
        traces(span(name=SECRET, attributes=attributes({"model": long, "source": "a\nb"})))
    )
    assert SECRET[:12] not in found.said
    assert 'source="a\\nb"' in found.said
    assert "\n" not in found.lines[0].message


def test_values_of_every_shape_are_shown() -> None:
    values = {"a": [1, "b c", True], "d": {"e": 1.5, SECRET: SECRET}, "f": 2**40}
    found = kept(traces(span(attributes=attributes(values))), TelemetryPolicy("full"))
    assert r'a="[1,\"b c\",true]"' in found.said
    assert r'd="{\"e\":1.5,\"[secret]\":\"[secret]\"}"' in found.said
    assert f"f={2**40}" in found.said


def test_attributes_are_as_many_as_may_be_and_more_can_be_allowed() -> None:
    policy = TelemetryPolicy(allowed=("mine",), attributes_max=2)
    fields = {"hidden": "x", "mine": "y", "model": "m", "source": "s"}
    assert kept(traces(span(attributes=attributes(fields))), policy).said.endswith("mine=y model=m")


# Whose it is.


def places(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> list[tuple[str, int]]:
    async def story() -> list[tuple[str, int]]:
        async with listening() as found:
            found.happened(
                StepStarted("test", 1, 2, "tester"),
                ended("build", 1),
                StepStarted("build", 2, 3, "c"),
            )
            await found.post("/v1/traces", traces(*spans, resource=resource))
            return [(line.step, line.attempt) for line in found.lines]

    return run(story())


def test_a_span_deep_below_an_attempt_belongs_to_it() -> None:
    inner = span(spanId="b" * 16, parentSpanId="a" * 16)
    outer = span(spanId="a" * 16, parentSpanId=attempt_span(RUN, 2))
    assert places(inner, outer) == [("test", 1), ("test", 1)]


def test_a_span_whose_parent_came_before_belongs_where_that_did() -> None:
    async def story() -> list[str]:
        async with listening() as found:
            found.happened(StepStarted("test", 1, 2, "tester"))
            outer = span(spanId="a" * 16, parentSpanId=attempt_span(RUN, 2))
            await found.post("/v1/traces", traces(outer))
            await found.post("/v1/traces", traces(span(spanId="b" * 16, parentSpanId="a" * 16)))
            await found.post("/v1/logs", logs({"traceId": trace_of(RUN), "spanId": "b" * 16}))
            return [line.step for line in found.lines]

    assert run(story()) == ["test", "test", "test"]


def test_a_tracestate_names_the_attempt_where_parents_are_not_known() -> None:
    far = span(parentSpanId="c" * 16, traceState="x=1,mission=3")
    assert places(far) == [("build", 2)]


def test_a_resource_names_run_and_step_where_there_is_no_trace_context() -> None:
    stray = span(traceId="d" * 32, parentSpanId="")
    named = {"mission.run": RUN, "mission.step": "build"}
    assert places(stray, resource=named) == [("build", 2)]
    assert places(stray, resource={"mission.run": RUN, "mission.step": "none"}) == [("", 0)]
    assert places(stray, resource={"mission.run": "another"}) == []
    assert places(stray, resource={"mission.run": 7}) == []


def test_without_any_of_these_it_belongs_to_the_run_alone() -> None:
    assert places(span(parentSpanId="c" * 16)) == [("", 0)]


def test_a_span_belongs_to_the_only_attempt_at_work_unless_it_is_beside_it() -> None:
    far, beside = span(parentSpanId="c" * 16), span(parentSpanId=run_span(RUN))
    assert [line.step for line in kept(traces(far)).lines] == ["build"]
    assert [line.step for line in kept(traces(beside)).lines] == [""]


def test_parents_that_go_in_a_circle_end_the_search() -> None:
    one = span(spanId="a" * 16, parentSpanId="b" * 16)
    other = span(spanId="b" * 16, parentSpanId="a" * 16)
    assert places(one, other) == [("", 0), ("", 0)]


def test_the_key_of_an_attempt_says_whose_it_is_whatever_the_trace_says() -> None:
    async def story() -> Listening:
        async with listening() as found:
            found.happened(RunCreated("run-2", "w", (), 1), run="run-2")
            key = _key(found)
            stray = span(traceId=trace_of("run-2"), parentSpanId="")
            assert (await found.post("/v1/traces", traces(stray), key=key)).status_code == 200
            await found.post("/v1/logs", logs({"eventName": "codex.api_request"}), key=key)
            return found

    found = run(story())
    assert [(line.run, line.step, line.attempt) for line in found.lines] == [(RUN, "build", 1)] * 2


def _key(found: Listening, attempt: Assignment = BUILD) -> str:
    variables = found.server.variables(attempt)
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == found.url
    return variables["OTEL_EXPORTER_OTLP_HEADERS"].removeprefix("authorization=Bearer%20")


def test_a_run_that_is_gone_on_with_is_known_and_one_that_ended_stays_known() -> None:
    async def story() -> list[str]:
        async with listening() as found:
            found.happened(RunResumed(), run="run-2")
            found.happened(ended("x", 1), run="run-3")
            found.happened(RunSettled("succeeded"))
            for number, name in enumerate((RUN, "run-2", "run-3")):
                reported = span(traceId=trace_of(name), spanId=f"{number + 1:016x}")
                await found.post("/v1/traces", traces(reported))
            return [line.run for line in found.lines]

    assert run(story()) == [RUN, "run-2"]


def test_an_attempt_that_outlasts_its_engine_is_known() -> None:
    state = Run("run-2", "w", (Step("build", "coder"),), 0.0)
    state.working["build"] = Working(2, 7, "coder", 0.0)

    async def story() -> list[tuple[str, str, int]]:
        async with listening() as found:
            found.attribution._started_run = {"run-2": state}.get
            found.happened(RunResumed(), run="run-2")
            reported = span(traceId=trace_of("run-2"), parentSpanId=attempt_span("run-2", 7))
            await found.post("/v1/traces", traces(reported))
            return [(line.run, line.step, line.attempt) for line in found.lines]

    assert run(story()) == [("run-2", "build", 2)]


def test_what_is_about_nothing_known_is_dropped_counted_and_told() -> None:
    async def story() -> None:
        async with listening() as found:
            stray = span(traceId="d" * 32)
            answer = await found.post("/v1/traces", traces(stray, span()))
            assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
            plain = ExportTraceServiceRequest()
            plain.resource_spans.add().scope_spans.add().spans.add(
                trace_id=b"d" * 16, span_id=b"s" * 8
            )
            answer = await found.post(
                "/v1/traces", plain.SerializeToString(), content_type="application/x-protobuf"
            )
            reply = ExportTraceServiceResponse.FromString(answer.content)
            assert reply.partial_success.rejected_spans == 1
            assert "no run" in reply.partial_success.error_message
            answer = await found.post("/v1/logs", logs({"traceId": "d" * 32}))
            assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
            assert (len(found.lines), found.receiver.heard.unknown) == (1, 3)

    run(story())


@pytest.mark.parametrize(
    "ids",
    [
        {"traceId": "0" * 32},
        {"spanId": "0" * 16},
        {"traceId": "", "spanId": ""},
        {"traceId": "abc"},
        {"spanId": "z" * 16},
    ],
)
def test_a_span_without_valid_ids_is_rejected_by_itself(ids: dict[str, str]) -> None:
    async def story() -> None:
        async with listening() as found:
            bad = [span(**ids), span(**{"spanId": "b" * 16, **ids})]
            answer = await found.post("/v1/traces", traces(*bad, span()), key=_key(found))
            assert answer.json()["partialSuccess"]["rejectedSpans"] == "2"
            assert (len(found.lines), found.receiver.heard.malformed) == (1, 2)

    run(story())


def test_what_one_attempt_claims_hides_no_span_of_another_run() -> None:
    async def story() -> list[tuple[str, str]]:
        async with listening() as found:
            found.happened(
                RunCreated("run-2", "w", (Step("a", "c"), Step("b", "c")), 2),
                StepStarted("a", 1, 1, "c"),
                StepStarted("b", 1, 2, "c"),
                run="run-2",
            )
            reported = span(traceId=trace_of("run-2"), parentSpanId=attempt_span("run-2", 2))
            await found.post("/v1/traces", traces(reported), key=_key(found))
            await found.post("/v1/traces", traces(reported))
            below = {"traceId": trace_of("run-2"), "spanId": reported["spanId"]}
            await found.post("/v1/logs", logs(below))
            return [(line.run, line.step) for line in found.lines]

    assert run(story()) == [(RUN, "build"), ("run-2", "b"), ("run-2", "b")]


def test_what_another_attempt_of_the_run_claims_makes_no_span_a_repeated_one() -> None:
    async def story() -> list[str]:
        async with listening() as found:
            found.happened(StepStarted("test", 1, 2, "tester"))
            reported = span(parentSpanId=attempt_span(RUN, 2))
            await found.post("/v1/traces", traces(reported), key=_key(found))
            other = msgspec.structs.replace(BUILD, step="test", fence=2)
            await found.post("/v1/traces", traces(reported), key=_key(found, other))
            return [line.step for line in found.lines]

    assert run(story()) == ["build", "test"]


def test_a_span_that_is_sent_twice_is_kept_once() -> None:
    async def story() -> Listening:
        async with listening() as found:
            for _ in range(2):
                await found.post("/v1/traces", traces(span(attributes=attributes(CHAT))))
            return found

    found = run(story())
    assert (len(found.lines), found.receiver.heard.repeated) == (1, 1)


# What is refused.


def status(path: str, body: Any = b"{}", **more: Any) -> int:
    async def story() -> int:
        async with listening(more.pop("policy", None)) as found:
            return (await found.post(path, body, **more)).status_code

    return run(story())


@pytest.mark.parametrize(
    "key", ["", "wrong", "mct-", "mct-x.WyJydW4tMSIsMV0.AAAA", "mct-é", "mct-a.b"]
)
def test_without_a_key_of_ours_nothing_is_taken_in(key: str) -> None:
    assert (
        status("/v1/traces", traces(span()), authorization=f"Bearer {key}".strip().encode()) == 401
    )


def test_without_its_secret_part_or_with_another_signature_a_key_is_none() -> None:
    async def story() -> list[int]:
        async with listening() as found:
            key = _key(found)
            assert found.server.secret in key
            tried = [
                key.replace(found.server.secret, "[secret]"),
                key[:-2] + ("AA" if key[-2:] != "AA" else "BB"),
                key.rpartition(".")[0],
            ]
            return [(await found.post("/v1/traces", {}, key=each)).status_code for each in tried]

    assert run(story()) == [401] * 3


def test_a_key_is_known_also_where_its_blank_stands_as_in_the_variable() -> None:
    async def story() -> int:
        async with listening() as found:
            header = f"Bearer%20{_key(found)}"
            return (await found.post("/v1/traces", {}, authorization=header)).status_code

    assert run(story()) == 200


def test_the_key_of_another_process_is_none_of_ours() -> None:
    async def story() -> int:
        async with listening() as one, listening() as other:
            return (await one.post("/v1/traces", {}, key=_key(other))).status_code

    assert run(story()) == 401


@pytest.mark.parametrize(
    ("path", "body", "more", "expected"),
    [
        ("/v1/traces", b"not json", {}, 400),
        ("/v1/traces", b'{"resourceSpans": 7}', {}, 400),
        ("/v1/traces", b"[" * 100_000, {}, 400),
        ("/v1/logs", b"\xff\xff", {"content_type": "application/x-protobuf"}, 400),
        ("/v1/traces", b"{}", {"content_encoding": "gzip"}, 400),
        ("/v1/traces", gzip.compress(b"{}", mtime=0)[:-9], {"content_encoding": "gzip"}, 400),
        ("/v1/traces", gzip.compress(b"{}", mtime=0) + b"x", {"content_encoding": "gzip"}, 400),
        ("/v1/traces", b"{}", {"content_encoding": "deflate"}, 400),
        ("/v1/traces", b"{}", {"content_encoding": "br"}, 415),
        ("/v1/traces", b"{}", {"content_type": "text/plain"}, 415),
        ("/v1/metrics", b"{}", {}, 404),
        ("/elsewhere", b"{}", {}, 404),
        ("/v1/traces", b"{}", {"content_encoding": "identity"}, 200),
        ("/v1/traces", b"", {"content_type": "application/x-protobuf; x=y"}, 200),
    ],
)
def test_what_can_not_be_read_is_refused(
    path: str, body: bytes, more: dict[str, str], expected: int
) -> None:
    assert status(path, body, **more) == expected


def test_what_is_too_large_is_refused_also_where_it_is_so_only_when_unpacked() -> None:
    policy = TelemetryPolicy(bytes_max=1_000, inflated_bytes_max=5_000)
    assert status("/v1/traces", b"x" * 1_001, policy=policy) == 413
    bomb = gzip.compress(b" " * 5_001)
    assert status("/v1/traces", bomb, policy=policy, content_encoding="gzip") == 413
    small = gzip.compress(b" " * 4_000 + b"{}")
    assert status("/v1/traces", small, policy=policy, content_encoding="gzip") == 200


def test_more_than_may_be_is_left_out_and_counted() -> None:
    policy = TelemetryPolicy(items_max=3, lines_per_run_max=2)
    found = kept(traces(*(span(spanId=f"{n:016x}") for n in range(1, 6))), policy)
    assert (found.receiver.heard.spans, found.receiver.heard.beyond) == (2, 3)
    record = {"traceId": trace_of(RUN)}
    found = kept(logs(*[record] * 5), policy, path="/v1/logs")
    assert (found.receiver.heard.records, found.receiver.heard.beyond) == (2, 3)


def test_the_output_of_a_step_says_where_telemetry_is_kept_no_more() -> None:
    policy = TelemetryPolicy(lines_per_run_max=2)
    found = kept(traces(*(span(spanId=f"{n:016x}") for n in range(1, 6))), policy)
    *two, last = found.lines
    assert (len(two), last.step, last.level) == (2, "build", "warning")
    assert last.message == "telemetry: 2 lines of a run are stored; further lines are not."


@pytest.mark.parametrize("form", [zlib.compress, gzip.compress])
def test_what_exporters_pack_with_is_unpacked(form: Any) -> None:
    encoding = "gzip" if form is gzip.compress else "deflate"
    assert status("/v1/traces", form(b"{}"), content_encoding=encoding) == 200


def test_metrics_of_tools_are_refused_with_what_to_do_instead() -> None:
    async def story() -> str:
        async with listening() as found:
            return (await found.post("/v1/metrics", b"{}")).text

    assert "OTEL_METRICS_EXPORTER=none" in run(story())


def test_null_stands_for_what_is_not_set() -> None:
    assert "chat gpt-5" in kept(traces(span(events=None, status=None, traceState=None))).said


def test_values_deep_within_values_are_cut() -> None:
    value: Any = "at the bottom"
    for _ in range(100):
        value = [value]
    found = kept(traces(span(attributes=attributes({"a": value}))), TelemetryPolicy("full"))
    assert "at the bottom" not in found.said
    assert "…" in found.said


@pytest.mark.parametrize("time", [10**400, "1" * 30, -5, 0])
def test_a_time_that_is_none_spoils_nothing(time: Any) -> None:
    found = kept(traces(span(startTimeUnixNano=time, endTimeUnixNano=time)))
    assert found.lines[0].message.startswith("codex: span chat gpt-5 gen_ai.operation.name=chat")


def test_too_many_at_once_are_asked_to_come_later() -> None:
    assert status("/v1/traces", policy=TelemetryPolicy(requests_at_once=0)) == 503


def test_a_request_that_does_not_end_is_given_up() -> None:
    async def story() -> bytes:
        async with listening(TelemetryPolicy(request_seconds_max=0.05)) as found:
            reader, writer = await asyncio.open_connection("127.0.0.1", found.server.port)
            head = f"POST /v1/traces HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
            head += "content-type: application/json\r\ncontent-length: 9\r\n\r\n{"
            writer.write(head.encode())
            answer = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return answer

    assert b" 408 " in run(story())


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    found = kept(
        traces(span(name="a\x1b[2Jb", attributes=attributes({"model": "\u202ex\u009b1\x1b"})))
    )
    assert "a [2Jb" in found.said
    assert 'model=" x 1\\u001b"' in found.said


def test_a_refusal_has_the_format_of_the_request() -> None:
    async def story() -> tuple[Any, bytes]:
        async with listening() as found:
            one = await found.post("/v1/traces", b"[")
            other = await found.post("/v1/traces", b"\xff", content_type="application/x-protobuf")
            return one.json(), other.content

    problem, plain = run(story())
    assert "OTLP/JSON" in problem["message"]
    assert plain[:1] == b"\x12"
    assert b"protocol buffers" in plain


def test_variables_are_none_while_nobody_listens() -> None:
    async def story() -> None:
        async with listening() as found:
            pass
        assert found.server.variables(BUILD) == {}

    run(story())


def test_bounds_of_what_is_remembered_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "missioncontrol.interfaces.telemetry.attribution"
    for name, value in (("RUNS_MAX", 2), ("ATTEMPTS_MAX", 2), ("SPANS_MAX", 1)):
        monkeypatch.setattr(f"{where}.{name}", value)

    async def story() -> list[tuple[str, str]]:
        async with listening() as found:
            found.happened(RunResumed(), run="run-2")
            found.happened(*(StepStarted("test", n, n, "t") for n in (2, 3)), RunResumed())
            found.happened(RunResumed(), run="run-3")
            for number, name in enumerate((RUN, "run-2", "run-3"), 1):
                reported = span(
                    traceId=trace_of(name),
                    spanId=f"{number:016x}",
                    parentSpanId=attempt_span(name, 1),
                )
                await found.post("/v1/traces", traces(reported))
            return [(line.run, line.step) for line in found.lines]

    # The oldest run is forgotten, and of the other one its first attempt, which was at `build`.
    assert run(story()) == [(RUN, ""), ("run-3", "")]


def test_a_time_that_can_not_be_is_replaced_by_the_present_one() -> None:
    found = kept(traces(span(endTimeUnixNano="9" * 19)))
    assert found.lines[0].time == NOW * 10**6


def test_everything_of_a_record_arrives_from_protocol_buffers() -> None:
    plain = ExportLogsServiceRequest()
    resource = plain.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "codex"
    record = resource.scope_logs.add().log_records.add(
        trace_id=bytes.fromhex(trace_of(RUN)), event_name="codex.x", severity_number=13
    )
    record.body.kvlist_value.values.add(key="k").value.array_value.values.add(bool_value=True)
    record.attributes.add(key="b").value.bytes_value = b"\x01\xff"
    record.attributes.add(key="n")

    async def story() -> str:
        async with listening(TelemetryPolicy("full")) as found:
            body = zlib.compress(plain.SerializeToString(), wbits=31)
            answer = await found.post(
                "/v1/logs",
                body,
                content_type="application/x-protobuf",
                content_encoding="gzip",
            )
            assert (answer.status_code, answer.content) == (200, b"")
            return found.said

    assert run(story()) == r'codex: log codex.x b=01ff body="{\"k\":[true]}"'


def test_the_shared_key_is_no_part_of_what_is_shown() -> None:
    assert KEY not in kept(traces(span())).said
