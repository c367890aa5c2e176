"""What is known of the answer of a model so far, and whether its usage can be true."""

from typing import Any, Protocol

import msgspec

from missioncontrol.domain.work import Usage
from missioncontrol.ports.call_log import ToolCall

IMPLAUSIBLE = "usage.implausible"
COUNT_MAX = 2**53 - 1
"""No count is higher: every reader of JSON still has it exactly."""
TOKEN_BYTES_MAX = 128
"""No token of a known tokenizer is longer: the longest ones are rows of 128 spaces."""


class Wire(msgspec.Struct):
    """The fields that matter here; whatever else stands in an answer is skipped."""


class Details(Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


NO_DETAILS = Details()
RECORDED_MAX = 256 * 1024
"""Characters of an answer stored for the log; what follows is only counted."""
TOOLS_MAX = 256
"""Tool calls stored of an answer, and places at which it has text."""


class RecordedText:
    """The stored part of a text that comes in pieces."""

    __slots__ = ("is_cut", "pieces")

    def __init__(self) -> None:
        """Nothing has come."""
        self.pieces: list[str] = []
        self.is_cut = False  # there was more of it

    def __str__(self) -> str:
        """Return all of it."""
        return "".join(self.pieces)


class ReceivedAnswer:
    """What is known of an answer so far. It grows no further than its bounds."""

    __slots__ = (
        "_input_tokens",
        "cached_long",
        "called",
        "is_absurd",
        "is_done",
        "model",
        "recorded_max",
        "said",
        "usage",
        "words",
    )

    def __init__(self, *, stored_max: int = RECORDED_MAX) -> None:
        """Start empty. With `stored_max` 0 no content is stored."""
        self.recorded_max = stored_max
        self.model = ""
        self.usage: Usage | None = None
        self.said = 0  # bytes of text, reasoning and arguments: at least as many as tokens
        self.is_done = False  # the answer says by itself that it is whole
        self.is_absurd = False  # the reported usage is impossible
        self.cached_long = 0  # input tokens that were written to a cache for an hour
        self._input_tokens = 0
        self.words: dict[object, RecordedText] = {}  # text, by choice: several come side by side
        self.called: dict[
            object, tuple[str, RecordedText]
        ] = {}  # arguments with the names of tools

    @property
    def text(self) -> str:
        """The text, as far as it was stored."""
        return "\n".join(map(str, self.words.values()))

    @property
    def tools(self) -> tuple[ToolCall, ...]:
        """The tools that were called, as far as they were stored."""
        return tuple(ToolCall(name, str(text)) for name, text in self.called.values())

    @property
    def input_reported(self) -> int:
        """Input tokens as far as they were reported; 0 where they were not."""
        return self.usage.input_tokens if self.usage is not None else max(self._input_tokens, 0)

    def read(self, input_tokens: int) -> None:
        """Take in how much the model has read, before it says what it used in all."""
        self._input_tokens = input_tokens

    def tell(self, usage: Usage | None) -> None:
        """Record a reported usage, as `sound` returns it."""
        self.usage, self.is_absurd = usage, usage is None

    def say(self, text: str | None, place: object = 0) -> None:
        """Take in what the model says; `place` tells answers apart that come side by side."""
        if not text:
            return
        if place not in self.words and len(self.words) >= TOOLS_MAX:
            self.think(text)
            return
        self._count(text, self.words.setdefault(place, RecordedText()))

    def think(self, text: str | None) -> None:
        """Count reasoning, which is not stored."""
        if text:
            self.said += _bytes_of(text)

    def call(self, place: object, name: str | None, arguments: str | None) -> None:
        """Take in the name of a called tool, or more of its arguments."""
        known = self.called.get(place)
        if known is None:
            if len(self.called) >= TOOLS_MAX:
                self.think(arguments)
                return
            known = self.called[place] = (name or "", RecordedText())
        if arguments:
            self._count(arguments, known[1])

    def _count(self, text: str, stored: RecordedText) -> None:
        self.said += _bytes_of(text)
        if self.recorded_max > 0:
            stored.pieces.append(text[: self.recorded_max])
        stored.is_cut = stored.is_cut or len(text) > self.recorded_max
        self.recorded_max = max(0, self.recorded_max - len(text))


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


class Reader(Protocol):
    """Reads the answers of one API."""

    heard: ReceivedAnswer

    def event(self, data: bytes) -> None:
        """Read one event of a stream; what can't be read is counted as output."""
        ...

    def body(self, content: bytes) -> None:
        """Take in a whole answer that is not streamed."""
        ...


class SilentReader:
    """Reads what uses nothing, such as counting tokens."""

    def __init__(self, received: ReceivedAnswer) -> None:
        """Nothing will be read."""
        self.heard = received

    def event(self, data: bytes) -> None:
        """See `Reader.event`."""

    def body(self, content: bytes) -> None:
        """See `Reader.body`."""


def sound(
    input_tokens: int,
    output_tokens: int,
    *,
    cached: int | None = None,
    cache_write: int | None = None,
    reasoning: int | None = None,
) -> Usage | None:
    """Return the reported usage, of unknown cost; None where it can't be true.

    A part that is larger than its whole makes the whole larger.
    """
    parts = (input_tokens, output_tokens, cached or 0, cache_write or 0, reasoning or 0)
    if min(parts) < 0:
        return None
    return Usage(
        input_tokens=max(parts[0], parts[2] + parts[3]),
        cached_tokens=parts[2],
        output_tokens=max(parts[1], parts[4]),
        reasoning_tokens=parts[4],
        cost=None,
        cache_write_tokens=parts[3],
    )


def text_of(value: Any) -> str:
    """Return a text as it is, and anything else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()


def bounded_usage(usage: Usage, *, input_most: int, output_most: int) -> tuple[Usage, str]:
    """Return what is charged of a usage, and what of it can't be true; empty where all can be.

    `usage` keeps its parts within their wholes, see `heard.sound`. An input that can't be true
    gets no discount for what it says was cached.
    """
    input_most, output_most = min(input_most, COUNT_MAX), min(output_most, COUNT_MAX)
    doubts = [
        *_doubts("input", usage.input_tokens, input_most),
        *_doubts("output", usage.output_tokens, output_most),
    ]
    if usage.input_tokens > input_most:
        written = min(usage.cache_write_tokens, input_most)
        usage = msgspec.structs.replace(
            usage, input_tokens=input_most, cached_tokens=0, cache_write_tokens=written
        )
    output = min(usage.output_tokens, output_most)
    reasoning = min(usage.reasoning_tokens, output)
    usage = msgspec.structs.replace(usage, output_tokens=output, reasoning_tokens=reasoning)
    return usage, " ".join(doubts)


def shortfall(usage: Usage, received: ReceivedAnswer) -> str:
    """Return that an answer was longer than its reported usage; empty where it was not."""
    if usage.input_tokens and usage.output_tokens * TOKEN_BYTES_MAX >= received.said:
        return ""
    if not received.said:
        return ""  # Nothing was asked of the model, as where a response fails at once.
    used = f"{as_count(usage.input_tokens)} input and {as_count(usage.output_tokens)} output tokens"
    return f"The upstream gave {used} for an answer of {received.said:,} bytes."


def as_count(tokens: int) -> str:
    """Return a number for people; one that has thousands of digits is not written out."""
    return f"{tokens:,}" if tokens <= COUNT_MAX else "more than 2^53"


def _doubts(kind: str, used: int, most: int) -> list[str]:
    if used <= most:
        return []
    return [f"The upstream gave {as_count(used)} {kind} tokens; at most {most:,} are possible."]
