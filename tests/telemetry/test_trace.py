"""Trace context: read and written as in W3C, and the same for a run in every process."""

import pytest

from missioncontrol.domain.trace import (
    SAMPLED,
    TraceContext,
    attempt_span,
    context_of,
    fence_in,
    parse,
    run_span,
    trace_headers,
    trace_of,
    trace_variables,
    traceparent,
)
from missioncontrol.ports.agent import Assignment

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ASSIGNMENT = Assignment("run-1", "w", "build", 2, 7, "run-1/build", "coder")


def test_the_example_of_the_standard_is_read_and_written() -> None:
    text = f"00-{TRACE}-{SPAN}-01"
    assert parse(text) == TraceContext(TRACE, SPAN, SAMPLED)
    assert str(TraceContext(TRACE, SPAN)) == text
    assert str(TraceContext(TRACE, SPAN, 0)) == f"00-{TRACE}-{SPAN}-00"


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert parse(f"cc-{TRACE}-{SPAN}-09-what-comes-later") == TraceContext(TRACE, SPAN, 9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TRACE,
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00_{TRACE}_{SPAN}_01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
    ],
)
def test_what_is_malformed_is_no_context(text: str) -> None:
    assert parse(text) is None


def test_ids_follow_from_the_run_and_are_all_different() -> None:
    assert trace_of("run-1") == trace_of("run-1") != trace_of("run-2")
    spans = {run_span("run-1"), *(attempt_span("run-1", fence) for fence in range(1_000))}
    assert len(spans) == 1_001
    assert attempt_span("run-1", 11) != attempt_span("run-11", 1)
    # A later release has to work out the same: spans that were sent before must be found.
    assert trace_of("run-1") == "8d06f3d40da5f23dc0dfaf8fb6445d06"


def test_a_run_with_half_a_letter_in_its_name_has_a_trace() -> None:
    assert parse(f"00-{trace_of(chr(0xD800))}-{run_span(chr(0xD800))}-01") is not None


def test_an_attempt_says_its_span_in_headers_and_in_variables() -> None:
    context = context_of(ASSIGNMENT)
    assert context == TraceContext(trace_of("run-1"), attempt_span("run-1", 7))
    assert parse(traceparent(ASSIGNMENT)) == context
    assert trace_headers(ASSIGNMENT) == {"traceparent": str(context), "tracestate": "mission=7"}
    assert trace_variables(ASSIGNMENT) == {"TRACEPARENT": str(context), "TRACESTATE": "mission=7"}


@pytest.mark.parametrize(
    ("state", "fence"),
    [
        ("mission=7", 7),
        ("other=1,\tmission=12 ,more=2", 12),
        ("", None),
        ("other=mission", None),
        ("mission=", None),
        ("mission=-1", None),
        ("mission=٣", None),
        ("mission=" + "9" * 19, None),
        ("x=1," * 200 + "mission=7", None),
    ],
)
def test_the_fence_is_found_in_a_tracestate(state: str, fence: int | None) -> None:
    assert fence_in(state) == fence
