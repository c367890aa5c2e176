"""Sends spans to a receiver of OpenTelemetry, behind the engine's back and never in its way."""

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

TRY_AGAIN = frozenset({429, 502, 503, 504})
"""The answers after which OTLP has everybody send the same again."""

ANSWER_BYTES_MAX = 64 * 1024
DOUBLINGS_MAX = 10
"""Of the wait between two tries; it is bound long before."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Sent(msgspec.Struct):
    """How many spans became what."""

    sent: int = 0
    rejected: int = 0  # by the receiver, which took the others of their batch
    dropped: int = 0  # with all of their batch, which the receiver refused
    tries: int = 0  # requests


SENT = Sent.__struct_fields__


class OtlpExporter:
    """Follows the committed events of an engine and sends what they come to.

    Nothing that goes wrong here reaches the engine. What can't be sent now is sent later, by the
    next engine if need be, with the same ids; what a receiver refuses is counted and let go.
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
        """Nothing is sent before `open`.

        Args:
            settings: where spans go.
            secret: a secret by its name; raises `NotFound`. Asked before every batch.
            scrub: takes secrets out of a text.
            begun: a run that went on before this began to follow.
            log: what spans are made from that had no room, or were not sent before the last end.
            bookmark: how far spans were sent, beside a log.
        """
        self.sent = Sent()
        self.trouble = ""
        """Why spans were not sent, the last time."""
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
        """Begin to send. Commits have to be told by `take` from before this on."""
        await self._queue.open()
        self._client = _client(self._settings)
        self._task = asyncio.create_task(self._send_all(), name="otlp")

    async def close(self) -> None:
        """Send what waits, for as long as the settings allow; the log keeps the rest."""
        self._closing.set()
        self._queue.has_news.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, self._settings.close_seconds)
        if self._client is not None:
            await self._client.aclose()
        self._queue.let_go()

    @property
    def waiting(self) -> int:
        """How many spans wait or are being sent."""
        return len(self._queue)

    def counters(self) -> dict[str, Callable[[], float]]:
        """Return what became of spans, as metrics that only grow."""

        def count_of(field: str) -> Callable[[], float]:
            return lambda: float(getattr(self.sent, field))

        return {
            **{f"telemetry_spans_{each}_total": count_of(each) for each in SENT},
            "telemetry_spans_dropped_total": lambda: float(self.dropped),
            "telemetry_spans_broken_total": lambda: float(self._queue.broken),
        }

    def gauges(self) -> dict[str, Callable[[], float]]:
        """Return what is true at a moment, as metrics."""
        return {"telemetry_spans_waiting": lambda: float(self.waiting)}

    @property
    def dropped(self) -> int:
        """How many spans were let go: nobody took them, or they had no room and stand in no log."""
        return self.sent.dropped + self._queue.dropped

    def take(self, entries: Sequence[Happened]) -> None:
        """Follow a commit. It waits for nothing and never fails."""
        self._queue.take(entries)

    def call(self, call: Call) -> None:
        """Take a call of a model that has ended, where it is of a run."""
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
        except MissionControlError as error:  # The log can't be read now, or never.
            self._note(f"Spans can't be made: {error}")
            await self._rest(self._settings.wait_seconds_max)
            self._queue.has_news.set()

    async def _rest(self, seconds: float) -> None:
        """Wait, but not longer than until the engine closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _note(self, trouble: str) -> None:
        """Say what is wrong, once for as long as it lasts."""
        trouble = self._scrub(trouble)
        if trouble != self.trouble:
            _LOG.warning("%s", trouble)
        self.trouble = trouble

    async def _sent(self, batch: list[Span]) -> bool:
        """Send a batch until it is taken or refused; False where the engine closes before that."""
        try:
            body = await asyncio.to_thread(self._body, batch)
            answer = await self._answered(body, len(batch))
        except Exception as error:  # noqa: BLE001 - the edge: the next batch may fare better
            answer = _Failed(f"Spans can't be sent: {type(error).__name__}: {error}", again=False)
        if isinstance(answer, _Failed):
            if answer.again:
                self._note(answer.trouble)
                return False
            self._note(f"{answer.trouble} Spans are lost.")
            self.sent.dropped += len(batch)
        self._queue.told(len(batch))
        return True

    async def _answered(self, body: bytes, count: int) -> "_Accepted | _Failed":
        """Send a body, again and again with growing waits while that may help."""
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
            told = self._settings.headers.items()
            headers = {name: self._secret(of).strip() for name, of in told}
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
            return _Failed(str(error), again=True)  # Nothing was sent; somebody may mend it.
        except httpx.HTTPError as error:
            where = self._settings.endpoint
            return _Failed(f"{where} can't be reached: {type(error).__name__}: {error}", True)
        if answer.is_success:
            rejected = min(_rejected(content, answer.headers), count)
            self.sent.rejected += rejected
            self.sent.sent += count - rejected
            return _Accepted()
        again = answer.status_code in TRY_AGAIN
        trouble = f"{self._settings.endpoint} answered {answer.status_code}."
        return _Failed(trouble, again, _seconds(answer.headers.get("retry-after", "")))


class _Accepted(msgspec.Struct):
    """The receiver has it."""


class _Failed(msgspec.Struct):
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
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            return b""
    return bytes(content)


def _rejected(content: bytes, headers: Any) -> int:
    """Return how many spans a receiver says that it did not take; it may say so in JSON alone."""
    if not content or "json" not in headers.get("content-type", ""):
        return _rejected_plainly(content)
    try:
        found = msgspec.json.decode(content)["partialSuccess"]["rejectedSpans"]
        return max(0, int(found))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0


def _rejected_plainly(content: bytes) -> int:
    """Return the same of an answer in protocol buffers, where those can be read."""
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
    """Return how long to rest after failed try `number`, 0 for the first."""
    grown = settings.wait_seconds * 2 ** min(number, DOUBLINGS_MAX)
    spread: float = grown * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, keeps no secret
    return min(settings.wait_seconds_max, max(spread, asked))


def _seconds(retry_after: str) -> float:
    """Return the seconds that a header asks for; dates are not read, the own wait does as well."""
    text = retry_after.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
