"""Turns telemetry into lines to store: filtered by name, redacted by value, and cut."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.ports.agent import LogLevel
from missioncontrol.ports.otlp import (
    ERROR,
    SEVERITY_ERROR,
    SEVERITY_WARNING,
    Attributes,
    LogRecord,
    Span,
    plain,
    whole,
)

Scrub = Callable[[str], str]

NAME_MAX = 100
CONTENT_FACTOR = 10
EVENTS_SHOWN_MAX = 20
INFORMATIVE_KEYS = frozenset({"tool_name"})
PIECES = frozenset({"codex.sse_event", "codex.websocket_event"})
"""Events of Codex that come once for every few letters of an answer."""

COUNTS = frozenset({"input_token_count"})
"""By these an event is known that ends an answer."""

_SIMPLE = re.compile(r"[\w.:/@+%-]+")
_EVENT = re.compile(r"[A-Za-z][\w.:/-]{0,99}")
"""What a log calls an event; any other text may be content."""


class Line(msgspec.Struct, frozen=True):
    """The stored part of a span or of a log record."""

    time: int  # microseconds since the epoch; 0 where it was not given
    level: LogLevel
    message: str


class Filter:
    """Decides how much of a sender's telemetry is stored."""

    def __init__(self, policy: TelemetryPolicy, scrub: Scrub) -> None:
        """`scrub` takes secrets out of a text; it sees every text whole, before it is cut."""
        self._policy = policy
        self._scrub = scrub

    @property
    def is_full(self) -> bool:
        """Whether contents are stored as well."""
        return self._policy.contents == "full"

    def span(self, span: Span, service: str) -> Line:
        """Return the line of a span."""
        begun, ended = whole(span.start_time_unix_nano), whole(span.end_time_unix_nano)
        failed = span.status.code == ERROR
        parts = [
            f"{self._name(service) or 'telemetry'}: span",
            self._name(span.name) or "without a name",
            *([f"{(ended - begun) / 1e9:.3f} s"] if 0 < begun <= ended else []),
            *(["failed"] if failed else []),
            *self._pairs(span.attributes),
            *self._events(span),
        ]
        if self.is_full and span.status.message:
            parts.append(f"status={self._text(span.status.message)}")
        return Line(ended // 1_000, "error" if failed else "info", " ".join(parts))

    def record(self, record: LogRecord, service: str) -> Line:
        """Return the line of a record of a log."""
        time = whole(record.time_unix_nano) or whole(record.observed_time_unix_nano)
        parts = [
            f"{self._name(service) or 'telemetry'}: log",
            _event_of(record) or "without a name",
            *self._pairs(record.attributes),
        ]
        if self.is_full and record.body is not None:
            parts.append(f"body={self._text(plain(record.body))}")
        return Line(time // 1_000, _level(record.severity_number), " ".join(parts))

    def is_informative(self, span: Span) -> bool:
        """Whether a span deep inside a tool says anything about its models and tools."""
        keys = (each.key for each in span.attributes)
        return (
            self._policy.every_span
            or span.status.code == ERROR
            or any(key.startswith("gen_ai.") or key in INFORMATIVE_KEYS for key in keys)
        )

    def says(self, record: LogRecord) -> bool:
        """Whether a record says more than that another piece of an answer came."""
        if _event_of(record) not in PIECES or self._policy.every_span:
            return True
        return any(each.key in COUNTS for each in record.attributes)

    def _events(self, span: Span) -> Iterator[str]:
        """Yield the names of what happened in a span, with what its policy keeps of each."""
        for event in span.events[:EVENTS_SHOWN_MAX]:
            if _EVENT.fullmatch(event.name):
                yield f"· {self._name(event.name)}"
                yield from self._pairs(event.attributes)

    def _pairs(self, attributes: Attributes) -> Iterator[str]:
        allowed = [each for each in attributes if self._policy.keeps(each.key)]
        for each in allowed[: self._policy.attributes_max]:
            value = plain(each.value)
            if value is not None and each.key != "event.name":
                yield f"{self._name(each.key)}={self._text(value)}"

    def _name(self, text: str) -> str:
        """Return a name on one line."""
        return " ".join(_printable(self._scrub(text)).split())[:NAME_MAX]

    def _text(self, value: Any) -> str:
        """Return a value in one word, or as JSON."""
        clean = self._clean(value)
        text = clean if isinstance(clean, str) else msgspec.json.encode(clean).decode()
        most = self._policy.value_max * (CONTENT_FACTOR if self.is_full else 1)
        text = text if len(text) <= most else text[:most] + "…"
        return text if _SIMPLE.fullmatch(text) else _printable(msgspec.json.encode(text).decode())

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                return self._scrub(value)
            case list():
                return [self._clean(each) for each in value]
            case dict():
                return {self._scrub(key): self._clean(each) for key, each in value.items()}
            case _:
                return value


def _event_of(record: LogRecord) -> str:
    """Return what a record calls itself; any other text is left out, for it may be content.

    The attribute goes first: some libraries write a place in their source into the other one.
    """
    named = (plain(each.value) for each in record.attributes if each.key == "event.name")
    for name in (*named, record.event_name):
        if isinstance(name, str) and _EVENT.fullmatch(name):
            return name
    return ""


def _printable(text: str) -> str:
    """Return `text` without what a terminal would obey, or a reader not see."""
    return "".join(each if each.isprintable() else " " for each in text)


def _level(severity: int) -> LogLevel:
    if severity >= SEVERITY_ERROR:
        return "error"
    return "warning" if severity >= SEVERITY_WARNING else "info"
