"""Trace context as W3C writes it: which trace a run is, and which span each of its attempts is.

Nothing is stored: the ids follow from the id of the run, so each reader of the log finds the
same ones. The format is that of https://www.w3.org/TR/trace-context-2/.
"""

import hashlib
import re
from typing import Protocol

import msgspec

SAMPLED = 0x01
VENDOR = "mission"
"""Our key in `tracestate`; its value is the fence of the attempt."""

TRACESTATE_MAX = 512
"""Characters of a `tracestate` that are read; W3C asks for no more to be passed on."""

_TRACE = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


class TraceContext(msgspec.Struct, frozen=True):
    """A span somewhere, in lower-case hexadecimal."""

    trace: str  # 32 digits, not all of them 0
    span: str  # 16 digits, not all of them 0
    flags: int = SAMPLED

    def __str__(self) -> str:
        """Return it as the header `traceparent` and the variable TRACEPARENT have it."""
        return f"00-{self.trace}-{self.span}-{self.flags:02x}"


class Attempted(Protocol):
    """One attempt, such as an assignment."""

    @property
    def run(self) -> str: ...
    @property
    def fence(self) -> int: ...


def parse(traceparent: str) -> TraceContext | None:
    """Read a `traceparent`; None where it is malformed, which W3C has everybody ignore.

    A version that is not known yet is read as far as it is like the first one.
    """
    found = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or trace == _NO_TRACE or span == _NO_SPAN:
        return None
    return TraceContext(trace, span, int(flags, 16))


def is_trace(text: str) -> bool:
    """Whether `text` is the id of a trace, in lower-case hexadecimal."""
    return _TRACE.fullmatch(text) is not None and text != _NO_TRACE


def is_span(text: str) -> bool:
    """Whether `text` is the id of a span, in lower-case hexadecimal."""
    return _SPAN.fullmatch(text) is not None and text != _NO_SPAN


def trace_of(run: str) -> str:
    """Return the trace id of a run."""
    return _hexadecimal(16, "trace", run)


def run_span(run: str) -> str:
    """Return the id of the span that is the whole run."""
    return _hexadecimal(8, "run", run)


def attempt_span(run: str, fence: int) -> str:
    """Return the id of the span of one attempt; the fence tells attempts of a run apart."""
    return _hexadecimal(8, "attempt", run, str(fence))


def call_span(run: str, call: str) -> str:
    """Return the id of the span of one call of a model."""
    return _hexadecimal(8, "call", run, call)


def context_of(attempt: Attempted) -> TraceContext:
    """Return the context in which an attempt works: what it calls becomes a part of its span."""
    return TraceContext(trace_of(attempt.run), attempt_span(attempt.run, attempt.fence))


def traceparent(attempt: Attempted) -> str:
    """Return what an attempt sends in the header `traceparent`."""
    return str(context_of(attempt))


def tracestate(attempt: Attempted) -> str:
    """Return what an attempt sends in the header `tracestate`.

    Programs pass it on from span to span, so that one deep inside still names its attempt.
    """
    return f"{VENDOR}={attempt.fence}"


def trace_headers(attempt: Attempted) -> dict[str, str]:
    """Return the headers by which a service knows the span that calls it."""
    return {"traceparent": traceparent(attempt), "tracestate": tracestate(attempt)}


def trace_variables(attempt: Attempted) -> dict[str, str]:
    """Return the variables by which a program knows the span that started it."""
    return {name.upper(): value for name, value in trace_headers(attempt).items()}


def fence_in(state: str) -> int | None:
    """Return the fence that a `tracestate` names; None where it holds none of ours."""
    for member in state[:TRACESTATE_MAX].split(","):
        key, _, value = member.strip(" \t").partition("=")
        if key == VENDOR and value.isascii() and value.isdigit() and len(value) <= 18:
            return int(value)
    return None


def _hexadecimal(size: int, *parts: str) -> str:
    """Return so many bytes of a digest; one that is all zero would be no id at all."""
    text = "\0".join(("missioncontrol", *parts)).encode("utf-8", "replace")
    found = hashlib.sha256(text).digest()[:size]
    return found.hex() if any(found) else "1".rjust(size * 2, "0")
