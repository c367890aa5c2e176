"""Sends spans to a receiver of OpenTelemetry, behind the engine's back and never in its way."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from missioncontrol.adapters.telemetry.encoding import MEDIA_TYPES, encoder, scrubbed
from missioncontrol.adapters.telemetry.settings import OtlpSettings
from missioncontrol.adapters.telemetry.spans import Spans
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.otlp import Span

if TYPE_CHECKING:
    import httpx

_LOG = logging.getLogger(__name__)

TRY_AGAIN = frozenset({429, 502, 503, 504})
"""The answers after which OTLP has everybody send the same again."""

ANSWER_BYTES_MAX = 64 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Happened(Protocol):
    """An event that has just become durable."""

    @property
    def stream(self) -> str: ...
    @property
    def event(self) -> Any: ...
    @property
    def time(self) -> int: ...


class Sent(msgspec.Struct):
    """How many spans became what."""

    sent: int = 0
    rejected: int = 0  # by the receiver, which took the others of their batch
    dropped: int = 0  # for too many waited, or no try went well
    tries: int = 0  # requests
    broken: int = 0  # events that could not be turned into spans


SENT = Sent.__struct_fields__


class OtlpExporter:
    """Follows the committed events of an engine and sends what they come to.

    Nothing that goes wrong here reaches the engine: what can't be sent is counted and let go.
    """

    def __init__(
        self,
        settings: OtlpSettings,
        *,
        secret: Callable[[str], str],
        scrub: Callable[[str], str],
        begun: Callable[[str], Run | None] = lambda _: None,
    ) -> None:
        """Nothing is sent before `open`.

        Args:
            settings: where spans go.
            secret: a secret by its name; raises `NotFound`. Asked before every batch.
            scrub: takes secrets out of a text.
            begun: a run that went on before this began to follow.
        """
        self.sent = Sent()
        self.trouble = ""
        """Why spans were lost, the last time."""
        self._settings = settings
        self._secret = secret
        self._scrub = scrub
        self._spans = Spans(begun)
        self._waiting: deque[Span] = deque()
        self._in_flight = 0
        self._has_some = asyncio.Event()
        self._closing = asyncio.Event()
        self._encode = encoder(settings.protocol)
        self._client: httpx.AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to send."""
        self._client = _client(self._settings)
        self._task = asyncio.create_task(self._send_all(), name="otlp")

    async def close(self) -> None:
        """Send what waits, for as long as the settings allow, and count the rest as dropped."""
        self._closing.set()
        self._has_some.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, self._settings.close_seconds)
        if self._client is not None:
            await self._client.aclose()
        self.sent.dropped += len(self._waiting) + self._in_flight
        self._in_flight = 0
        self._waiting.clear()

    @property
    def waiting(self) -> int:
        """How many spans wait or are being sent."""
        return len(self._waiting) + self._in_flight

    def counters(self) -> dict[str, Callable[[], float]]:
        """Return what became of spans, as metrics that only grow."""

        def count_of(field: str) -> Callable[[], float]:
            return lambda: float(getattr(self.sent, field))

        return {f"telemetry_spans_{each}_total": count_of(each) for each in SENT}

    def take(self, entries: Sequence[Happened]) -> None:
        """Follow a commit. It waits for nothing and never fails."""
        for entry in entries:
            try:
                span = self._spans.take(entry.stream, entry.event, entry.time)
            except Exception:  # noqa: BLE001 - the edge: telemetry follows, it never leads
                self.sent.broken += 1
                _LOG.exception("An event could not be turned into a span.")
            else:
                if span is not None:
                    self._add(span)

    def _add(self, span: Span) -> None:
        if self.waiting >= self._settings.spans_max:
            self._drop(1, "More spans waited than may.")
            return
        self._waiting.append(span)
        self._has_some.set()

    def _drop(self, count: int, trouble: str) -> None:
        self.sent.dropped += count
        self.trouble = self._scrub(trouble)

    async def _send_all(self) -> None:
        while self._waiting or not self._closing.is_set():
            await self._has_some.wait()
            if len(self._waiting) < self._settings.batch_max:
                await self._rest(self._settings.batch_seconds)
            size = min(len(self._waiting), self._settings.batch_max)
            batch = [self._waiting.popleft() for _ in range(size)]
            if not self._waiting and not self._closing.is_set():
                self._has_some.clear()
            if batch:
                await self._send(batch)

    async def _rest(self, seconds: float) -> None:
        """Wait, but not longer than until the engine closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _send(self, batch: list[Span]) -> None:
        """Send a batch, again and again within bounds; what is not taken then is dropped."""
        self._in_flight = len(batch)
        try:
            trouble = await self._try(batch)
        except Exception as error:  # noqa: BLE001 - the edge: the next batch may fare better
            trouble = f"Spans can't be sent: {type(error).__name__}: {error}"
        self._in_flight = 0
        if trouble:
            self._drop(len(batch), trouble)

    async def _try(self, batch: list[Span]) -> str:
        """Return why a batch was not taken; empty where it was."""
        body = await asyncio.to_thread(self._body, batch)
        trouble = ""
        for number in range(self._settings.tries_max):
            wait = await self._post(body, len(batch))
            if isinstance(wait, _Taken):
                return ""
            trouble = wait.trouble
            if not wait.again or self._closing.is_set():
                break
            if number + 1 < self._settings.tries_max:
                await self._rest(_wait_seconds(self._settings, number, wait.seconds))
        return trouble

    def _body(self, batch: list[Span]) -> bytes:
        return self._encode([scrubbed(span, self._scrub) for span in batch])

    async def _post(self, body: bytes, count: int) -> "_Taken | _NotTaken":
        import httpx

        assert self._client is not None
        self.sent.tries += 1
        try:
            headers = {name: self._secret(of) for name, of in self._settings.headers.items()}
            async with self._client.stream(
                "POST", self._settings.endpoint, content=body, headers=headers
            ) as answer:
                said = await _read(answer)
        except MissionControlError as error:
            return _NotTaken(str(error), again=isinstance(error, Unavailable))
        except httpx.HTTPError as error:
            where = self._settings.endpoint
            return _NotTaken(f"{where} can't be reached: {type(error).__name__}: {error}", True)
        if answer.is_success:
            rejected = min(_rejected(said, answer.headers), count)
            self.sent.rejected += rejected
            self.sent.sent += count - rejected
            return _Taken()
        again = answer.status_code in TRY_AGAIN
        trouble = f"{self._settings.endpoint} answered {answer.status_code}."
        return _NotTaken(trouble, again, _seconds(answer.headers.get("retry-after", "")))


class _Taken(msgspec.Struct):
    """The receiver has it."""


class _NotTaken(msgspec.Struct):
    """The receiver does not have it, or may not."""

    trouble: str
    again: bool
    seconds: float = 0.0  # that the receiver asks to wait


def _client(settings: OtlpSettings) -> "httpx.AsyncClient":
    import httpx

    return httpx.AsyncClient(
        timeout=settings.request_seconds,
        headers={"content-type": MEDIA_TYPES[settings.protocol], "user-agent": "missioncontrol"},
        # No proxy stands between this machine and itself, whatever the environment says.
        trust_env=urlsplit(settings.endpoint).hostname not in LOOPBACK,
    )


async def _read(answer: "httpx.Response") -> bytes:
    """Return what was answered; nothing of an answer that is too long."""
    said = bytearray()
    async for chunk in answer.aiter_bytes():
        said += chunk
        if len(said) > ANSWER_BYTES_MAX:
            return b""
    return bytes(said)


def _rejected(said: bytes, headers: Any) -> int:
    """Return how many spans a receiver says that it did not take; it may say so in JSON alone."""
    if not said or "json" not in headers.get("content-type", ""):
        return _rejected_plainly(said)
    try:
        found = msgspec.json.decode(said)["partialSuccess"]["rejectedSpans"]
        return max(0, int(found))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0


def _rejected_plainly(said: bytes) -> int:
    """Return the same of an answer in protocol buffers, where those can be read."""
    try:
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
    except ImportError:
        return 0
    try:
        answer = service.ExportTraceServiceResponse.FromString(said)
    except DecodeError:
        return 0
    rejected: int = answer.partial_success.rejected_spans
    return max(0, rejected)


def _wait_seconds(settings: OtlpSettings, number: int, asked: float) -> float:
    """Return how long to rest after failed try `number`, 0 for the first."""
    grown = settings.wait_seconds * 2**number
    spread: float = grown * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, keeps no secret
    return min(settings.wait_seconds_max, max(spread, asked))


def _seconds(retry_after: str) -> float:
    """Return the seconds that a header asks for; dates are not read, the own wait does as well."""
    text = retry_after.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
