"""Sends spans to an OpenTelemetry collector in the background, without slowing the engine."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from missioncontrol.adapters.telemetry.encoding import MEDIA_TYPES, encoder, scrubbed
from missioncontrol.adapters.telemetry.settings import OtlpSettings
from missioncontrol.adapters.telemetry.span_queue import Bookmark, Happened, SpanQueue
from missioncontrol.adapters.telemetry.spans import Spans
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.call_log import Call
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.otlp import Span

if TYPE_CHECKING:
    import httpx

_LOG = logging.getLogger(__name__)

RETRYABLE = frozenset({429, 502, 503, 504})
"""The status codes that OTLP defines as retryable."""

ANSWER_BYTES_MAX = 64 * 1024
DOUBLINGS_MAX = 10
"""Keeps the power small; `wait_seconds_max` bounds the wait long before."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sent(msgspec.Struct):
    """Counts of spans by outcome."""

    sent: int = 0
    rejected: int = 0  # refused by the receiver, while the rest of the batch was accepted
    dropped: int = 0  # lost with their batch, which the receiver refused
    tries: int = 0  # requests


SENT = Sent.__struct_fields__


class OtlpExporter:
    """Follows the committed events of an engine and sends their spans.

    Errors stay here and never reach the engine. Spans that can't be sent now are sent later, if
    necessary by the next engine and with the same ids; spans that a receiver refuses are dropped
    and counted.
    """

    def __init__(
        self,
        settings: OtlpSettings,
        *,
        secret: Callable[[str], str],
        scrub: Callable[[str], str],
        begun: Callable[[str], Run | None] = lambda _: None,
        log: EventStore | None = None,
        bookmark: Bookmark | None = None,
    ) -> None:
        """Create an exporter; `open` starts it.

        Args:
            settings: where and how to send spans.
            secret: returns a secret by name, or raises `NotFound`; called for every request.
            scrub: removes secrets from a text.
            begun: returns a run that started before this exporter.
            log: source of spans that did not fit, or that an earlier engine did not send.
            bookmark: stores up to which event of the log spans were sent.
        """
        self.sent = Sent()
        self.trouble = ""
        """The last reason why spans were not sent."""
        self._settings = settings
        self._secret = secret
        self._scrub = scrub
        self._spans = Spans(begun)
        self._queue = SpanQueue(self._spans, most=settings.spans_max, log=log, bookmark=bookmark)
        self._closing = asyncio.Event()
        self._encode = encoder(settings.protocol)
        self._client: httpx.AsyncClient | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start to send. `take` has to receive all commits from before this call on."""
        await self._queue.open()
        self._client = _client(self._settings)
        self._task = asyncio.create_task(self._send_all(), name="otlp")

    async def close(self) -> None:
        """Send queued spans within `close_seconds`; the log can restore the rest."""
        self._closing.set()
        self._queue.has_news.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, self._settings.close_seconds)
        if self._client is not None:
            await self._client.aclose()
        self._queue.close()

    @property
    def waiting(self) -> int:
        """The number of spans that are queued or being sent."""
        return len(self._queue)

    def counters(self) -> dict[str, Callable[[], float]]:
        """Return the metrics that only grow."""

        def count_of(field: str) -> Callable[[], float]:
            return lambda: float(getattr(self.sent, field))

        return {
            **{f"telemetry_spans_{each}_total": count_of(each) for each in SENT},
            "telemetry_spans_dropped_total": lambda: float(self.dropped),
            "telemetry_spans_broken_total": lambda: float(self._queue.broken),
        }

    def gauges(self) -> dict[str, Callable[[], float]]:
        """Return the metrics that rise and fall."""
        return {"telemetry_spans_waiting": lambda: float(self.waiting)}

    @property
    def dropped(self) -> int:
        """The number of lost spans: refused, or without room and not in the log."""
        return self.sent.dropped + self._queue.dropped

    def take(self, entries: Sequence[Happened]) -> None:
        """Process committed events, without blocking and without raising."""
        self._queue.take(entries)

    def call(self, call: Call) -> None:
        """Add the span of a completed model call, where it belongs to a run."""
        span = self._spans.call(call)
        if span is not None:
            self._queue.add(span)

    async def _send_all(self) -> None:
        while True:
            await self._catch_up()
            if not self._queue and self._closing.is_set():
                return
            await self._queue.has_news.wait()
            if len(self._queue) < self._settings.batch_max:
                await self._rest(self._settings.batch_seconds)
            batch = self._queue.first(self._settings.batch_max)
            if len(batch) == len(self._queue) and not self._closing.is_set():
                self._queue.has_news.clear()
            if batch and not await self._sent(batch):
                return

    async def _catch_up(self) -> None:
        try:
            await self._queue.catch_up()
        except MissionControlError as error:  # The log can't be read, perhaps only now.
            self._note(f"Spans can't be made: {error}")
            await self._rest(self._settings.wait_seconds_max)
            self._queue.has_news.set()

    async def _rest(self, seconds: float) -> None:
        """Wait until the time is over or the engine closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _note(self, trouble: str) -> None:
        """Log a problem, once while it stays the same."""
        trouble = self._scrub(trouble)
        if trouble != self.trouble:
            _LOG.warning("%s", trouble)
        self.trouble = trouble

    async def _sent(self, batch: list[Span]) -> bool:
        """Send a batch until it is accepted or refused; False where the engine closes first."""
        try:
            body = await asyncio.to_thread(self._body, batch)
            answer = await self._answered(body, len(batch))
        except Exception as error:  # noqa: BLE001 - the next batch may succeed
            answer = _Failed(f"Spans can't be sent: {type(error).__name__}: {error}", again=False)
        if isinstance(answer, _Failed):
            if answer.again:
                self._note(answer.trouble)
                return False
            self._note(f"{answer.trouble} Spans are lost.")
            self.sent.dropped += len(batch)
        self._queue.confirm(len(batch))
        return True

    async def _answered(self, body: bytes, count: int) -> "_Accepted | _Failed":
        """Send a body, with retries after growing waits while the failure is retryable."""
        for number in itertools.count():
            answer = await self._post(body, count)
            if isinstance(answer, _Accepted) or not answer.again or self._closing.is_set():
                return answer
            self._note(answer.trouble)
            await self._rest(_wait_seconds(self._settings, number, answer.seconds))
        raise AssertionError("counting has no end")

    def _body(self, batch: list[Span]) -> bytes:
        return self._encode([scrubbed(span, self._scrub) for span in batch])

    async def _post(self, body: bytes, count: int) -> "_Accepted | _Failed":
        import httpx

        assert self._client is not None
        self.sent.tries += 1
        try:
            secrets = self._settings.headers.items()
            headers = {name: self._secret(secret).strip() for name, secret in secrets}
            async with (
                asyncio.timeout(self._settings.request_seconds),
                self._client.stream(
                    "POST", self._settings.endpoint, content=body, headers=headers
                ) as answer,
            ):
                content = await _read(answer)
        except TimeoutError:
            where, seconds = self._settings.endpoint, self._settings.request_seconds
            return _Failed(f"{where} did not answer within {seconds:g} s.", again=True)
        except MissionControlError as error:
            return _Failed(str(error), again=True)  # The secret is missing; a user may add it.
        except httpx.HTTPError as error:
            where = self._settings.endpoint
            return _Failed(f"{where} can't be reached: {type(error).__name__}: {error}", True)
        if answer.is_success:
            rejected = min(_rejected(content, answer.headers), count)
            self.sent.rejected += rejected
            self.sent.sent += count - rejected
            return _Accepted()
        again = answer.status_code in RETRYABLE
        trouble = f"{self._settings.endpoint} answered {answer.status_code}."
        return _Failed(trouble, again, _seconds(answer.headers.get("retry-after", "")))


class _Accepted(msgspec.Struct):
    """The receiver accepted the batch."""


class _Failed(msgspec.Struct):
    """The receiver did not confirm the batch."""

    trouble: str
    again: bool
    seconds: float = 0.0  # wait that the receiver requests


def _client(settings: OtlpSettings) -> "httpx.AsyncClient":
    import httpx

    return httpx.AsyncClient(
        timeout=settings.request_seconds,
        headers={"content-type": MEDIA_TYPES[settings.protocol], "user-agent": "missioncontrol"},
        # Proxy settings of the environment must not apply to loopback addresses.
        trust_env=urlsplit(settings.endpoint).hostname not in LOOPBACK,
    )


async def _read(answer: "httpx.Response") -> bytes:
    """Return the body of a response; nothing of one that is too long."""
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            return b""
    return bytes(content)


def _rejected(content: bytes, headers: Any) -> int:
    """Return how many spans the receiver rejected; its response may be JSON or protobuf."""
    if not content or "json" not in headers.get("content-type", ""):
        return _rejected_in_protobuf(content)
    try:
        found = msgspec.json.decode(content)["partialSuccess"]["rejectedSpans"]
        return max(0, int(found))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0


def _rejected_in_protobuf(content: bytes) -> int:
    """Return the rejected spans of a protobuf response, where the package is installed."""
    try:
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
    except ImportError:
        return 0
    try:
        answer = service.ExportTraceServiceResponse.FromString(content)
    except DecodeError:
        return 0
    rejected: int = answer.partial_success.rejected_spans
    return max(0, rejected)


def _wait_seconds(settings: OtlpSettings, number: int, asked: float) -> float:
    """Return the seconds to wait after failed attempt `number`, counted from 0."""
    grown = settings.wait_seconds * 2 ** min(number, DOUBLINGS_MAX)
    spread: float = grown * (0.5 + random.random() / 2)  # noqa: S311 - jitter, not security
    return min(settings.wait_seconds_max, max(spread, asked))


def _seconds(retry_after: str) -> float:
    """Return the seconds of a Retry-After header; for a date, the own wait is good enough."""
    text = retry_after.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
