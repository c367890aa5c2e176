"""OTLP over HTTP on loopback: `POST /v1/traces` and `POST /v1/logs`, and `GET /metrics` beside."""

import asyncio
import logging
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from missioncontrol.interfaces.listeners import Receive, Scope, Send
from missioncontrol.interfaces.metrics import Metrics
from missioncontrol.interfaces.telemetry.http import (
    Answer,
    Headers,
    LoopbackServer,
    TooLarge,
    bearer,
    body_of,
    headers_of,
    is_local_host,
    media_type_of,
)
from missioncontrol.interfaces.telemetry.keys import Keys, Teller
from missioncontrol.interfaces.telemetry.otlp_reader import (
    JSON,
    PROTOBUF,
    WINDOWS,
    Inflated,
    TooHeavy,
    Unpackable,
    Unreadable,
    read_logs,
    read_traces,
    reads_protobuf,
    unpacked,
)
from missioncontrol.interfaces.telemetry.receiver import Receiver
from missioncontrol.ports.agent import Assignment

TRACES, LOGS = "/v1/traces", "/v1/logs"
METRICS = "/metrics"
REJECTED = {TRACES: "rejectedSpans", LOGS: "rejectedLogRecords"}
REASON = "They are about no run that is known here, have no valid ids, or are too many."
UNSUPPORTED_PATHS = {
    "/v1/metrics": "Metrics of tools are not accepted: set OTEL_METRICS_EXPORTER=none.",
    "/v1/profiles": "Profiles of tools are not accepted.",
}

_LOG = logging.getLogger(__name__)


class Refusal(Exception):
    """Raised where a request goes no further."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        """`headers` come with the answer; `_` in their names is `-`."""
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class TelemetryServer:
    """Answers on loopback. Telemetry needs a key; metrics are open to all users of the machine.

    It keeps the promise of `ports.telemetry.Telemetry`.
    """

    def __init__(
        self,
        receiver: Receiver | None,
        metrics: Metrics | None = None,
        *,
        shared_key: str = "",
    ) -> None:
        """Nothing listens yet.

        Args:
            receiver: accepts traces and logs; None where they are refused.
            metrics: what `GET /metrics` answers; None where it is not asked for.
            shared_key: of agents that we did not start; empty where they may tell nothing.
        """
        self._receiver = receiver
        self._metrics = metrics
        self._keys = Keys(shared_key)
        self._server = LoopbackServer(self._serve, name="telemetry")
        self._at_once = 0
        self._turn = asyncio.Lock()  # One request at a time is unpacked: it may become large.

    @property
    def port(self) -> int:
        """Where it listens; 0 where it does not."""
        return self._server.port

    @property
    def secret(self) -> str:
        """The part of every valid key; only programs that receive a key may see it."""
        return self._keys.common

    async def open(self, port: int = 0) -> int:
        """Listen on loopback, and return the port; 0 takes one that is free.

        Raises:
            OSError: the port is in use.
        """
        return await self._server.open(port)

    async def close(self) -> None:
        """Stop listening."""
        await self._server.close()

    def variables(self, assignment: Assignment) -> Mapping[str, str]:
        """See `ports.telemetry.Telemetry.variables`."""
        if not self.port or self._receiver is None:
            return {}
        key = self._keys.issue(assignment.run, assignment.fence)
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf" if reads_protobuf() else "http/json",
            "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={quote(f'Bearer {key}')}",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "none",
        }

    # What follows answers requests.

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = headers_of(scope)
        media_type = media_type_of(headers)
        try:
            answer = await self._answer(scope, headers, media_type, receive)
        except Refusal as no:
            answer = _no(no, media_type)
        except ConnectionError:
            return  # The sender left in the middle of its request.
        except Exception:  # noqa: BLE001 - the edge: one request brings nothing else down
            _LOG.exception("A request for telemetry could not be answered.")
            answer = _no(Refusal(500, "The request could not be processed."), media_type)
        await answer.give(send)

    async def _answer(
        self, scope: Scope, headers: Headers, media_type: str, receive: Receive
    ) -> Answer:
        path, method = scope["path"], scope["method"]
        if path == METRICS and method in ("GET", "HEAD") and self._metrics is not None:
            if not is_local_host(headers):
                raise Refusal(403, "Metrics are given to who asks by an address of this machine.")
            return Answer(200, self._metrics.text(), self._metrics.media_type)
        if path not in REJECTED or self._receiver is None:
            known = f"POST {TRACES} and {LOGS}, and GET {METRICS}"
            reason = UNSUPPORTED_PATHS.get(path, f"There is nothing here at {path[:200]}.")
            raise Refusal(404, f"{reason} Answered are {known}.")
        if method != "POST":
            raise Refusal(405, f"{path} takes POST alone.", allow="POST")
        teller = self._keys.find(bearer(headers))
        if teller is None:
            reason = "The key is missing or not known here: `authorization: Bearer KEY`."
            raise Refusal(401, reason, www_authenticate="Bearer")
        return await self._take(path, headers, media_type, teller, receive)

    async def _take(
        self, path: str, headers: Headers, media_type: str, teller: Teller, receive: Receive
    ) -> Answer:
        assert self._receiver is not None
        if media_type not in (JSON, PROTOBUF) or (media_type == PROTOBUF and not reads_protobuf()):
            known = f"{JSON} and {PROTOBUF}" if reads_protobuf() else JSON
            raise Refusal(415, f"The content type {media_type[:100]!r} is not read; {known} is.")
        if self._at_once >= self._receiver.policy.requests_at_once:
            raise Refusal(503, "Too many requests at once.", retry_after="1")
        self._at_once += 1
        try:
            return await self._accept(path, headers, media_type, teller, receive)
        finally:
            self._at_once -= 1

    async def _accept(
        self, path: str, headers: Headers, media_type: str, teller: Teller, receive: Receive
    ) -> Answer:
        assert self._receiver is not None
        policy = self._receiver.policy
        try:
            async with asyncio.timeout(policy.request_seconds_max):
                body = await body_of(receive, policy.bytes_max)
            encoding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
            async with self._turn:
                rejected = await self._store_items(path, body, encoding, media_type, teller)
        except TimeoutError:
            raise Refusal(408, "The request did not come to its end in time.") from None
        except TooLarge:
            raise Refusal(413, f"A request has at most {policy.bytes_max:,} bytes.") from None
        except Inflated:
            most = policy.inflated_bytes_max
            raise Refusal(413, f"A request has at most {most:,} bytes when unpacked.") from None
        except TooHeavy:
            most = policy.messages_max
            raise Refusal(413, f"A request has at most {most:,} messages within it.") from None
        except Unpackable as no:
            raise Refusal(415, str(no), accept_encoding=", ".join(WINDOWS)) from None
        except Unreadable as no:
            raise Refusal(400, str(no)) from None
        return _yes(path, media_type, rejected)

    async def _store_items(
        self, path: str, body: bytes, encoding: str, media_type: str, teller: Teller
    ) -> int:
        """Return how many of the items of a request are not stored.

        Raises:
            Inflated, TooHeavy, Unpackable, Unreadable: see `reading`.
        """
        assert self._receiver is not None
        policy = self._receiver.policy
        body = await asyncio.to_thread(unpacked, body, encoding, policy.inflated_bytes_max)
        if path == TRACES:
            traces = await asyncio.to_thread(read_traces, body, media_type, policy.messages_max)
            return await self._receiver.traces(traces, teller)
        logs = await asyncio.to_thread(read_logs, body, media_type, policy.messages_max)
        return await self._receiver.logs(logs, teller)


def _yes(path: str, media_type: str, rejected: int) -> Answer:
    """Answer that all but so many were accepted; both answers of OTLP have the same shape."""
    if media_type == JSON:
        partial = {REJECTED[path]: str(rejected), "errorMessage": REASON} if rejected else {}
        return Answer(200, msgspec.json.encode({"partialSuccess": partial}), JSON)
    partial_plain = _field(1, rejected) + _field(2, REASON.encode()) if rejected else b""
    return Answer(200, _field(1, partial_plain) if rejected else b"", PROTOBUF)


def _no(refusal: Refusal, media_type: str) -> Answer:
    """Say no as OTLP has it, in a `google.rpc.Status` of the format that was used."""
    if media_type == PROTOBUF:
        body = _field(2, refusal.reason.encode())
        return Answer(refusal.status, body, PROTOBUF, refusal.headers)
    return Answer(
        refusal.status, msgspec.json.encode({"message": refusal.reason}), JSON, refusal.headers
    )


def _field(number: int, value: int | bytes) -> bytes:
    """Return one field of a protocol buffer; these two answers need no library."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
