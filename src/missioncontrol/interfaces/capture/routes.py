"""The addresses at which the libraries of Segment and PostHog send events, with a write key."""

import asyncio
import binascii
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar import HttpMethod, Request, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.capture import answers, posthog, segment
from missioncontrol.interfaces.capture.faults import Malformed, TooSlow, too_large
from missioncontrol.interfaces.capture.intake import AcceptedEvents, Intake
from missioncontrol.interfaces.capture.moments import sent_at
from missioncontrol.interfaces.capture_paths import (
    POSTHOG,
    POSTHOG_CONFIG,
    POSTHOG_FLAGS,
    POSTHOG_RESULTS,
    SEGMENT,
    SEGMENT_SETTINGS,
)
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs

# The body of a request: as long as it may be, in time, and unpacked to JSON.

BYTES_MAX = 8 * 1024 * 1024
"""As it is sent, and unpacked: the largest batches of the libraries have six."""

SECONDS_MAX = 30.0
GZIP = b"\x1f\x8b"
FORM = b"application/x-www-form-urlencoded"
WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""The window bits that state to zlib which header comes first."""


class Unpackable(MissionControlError):
    """It is packed in a way that is not known here."""

    status = 415


async def body_of(stream: AsyncIterator[bytes], hold: Callable[[int], None]) -> bytes:
    """Return a body as it comes in; `hold` receives the length of each part.

    Raises:
        TooLarge: `capture.too_large`.
        TooSlow: `capture.too_slow`.
    """
    parts, size = [], 0
    try:
        async with asyncio.timeout(SECONDS_MAX):
            async for part in stream:
                hold(len(part))
                parts.append(part)
                size += len(part)
                if size > BYTES_MAX:
                    raise too_large("The request", BYTES_MAX)
    except TimeoutError:
        raise TooSlow("capture.too_slow", "The request did not come in time.") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpacked(body: bytes, *, encoding: str, kind: bytes, compression: str) -> bytes:
    """Return the JSON of a body.

    Args:
        body: as it came.
        encoding: its `Content-Encoding`.
        kind: its media type.
        compression: what PostHog's library says in the address of how it packed it.

    Raises:
        Unpackable: `capture.packed`.
        Malformed: `capture.malformed`: it is not packed as it says.
        TooLarge: `capture.too_large`: it would become larger than it may.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity"):
        if encoding not in WINDOWS:
            raise _unknown(encoding)
        body = _inflated(body, WINDOWS[encoding])
    if kind == FORM or body[:5] == b"data=":
        body, compression = _form(body, compression)
    if compression == "lz64":
        raise _unknown(compression)
    if body[:2] == GZIP:
        return _inflated(body, WINDOWS["gzip"])
    return _plain(body) if compression == "base64" else body


def _form(body: bytes, compression: str) -> tuple[bytes, str]:
    """Return what a form holds in `data`, and how that is packed."""
    if body.lstrip()[:1] in (b"{", b"["):
        raise _no_form("The body is JSON, and its head says that it is a form.")
    fields = dict(each.partition(b"=")[::2] for each in body.split(b"&", 20))
    stated = unquote_to_bytes(fields.get(b"compression", b"")).decode("latin-1")
    if body and b"data" not in fields:
        raise _no_form("The body is a form without `data`.")
    # What stood for a blank in a form stands for itself in base64.
    return _plain(unquote_to_bytes(fields.get(b"data", b""))), stated or compression


def _no_form(reason: str) -> Malformed:
    """Refuse a body with the form type, which programs such as curl send by default."""
    hint = "Send JSON, with Content-Type: application/json."
    return Malformed("capture.malformed", reason, hint=hint)


def _plain(text: bytes) -> bytes:
    """Return what base64 stands for; JSON and gzip stand for themselves."""
    text = text.strip()
    if text[:1] in (b"{", b"[", b"") or text[:2] == GZIP:
        return text
    text = text.replace(b" ", b"+").replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    try:
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("capture.malformed", f"The body is no base64: {error}.") from None


def _inflated(body: bytes, window: int) -> bytes:
    unpacker = zlib.decompressobj(window)
    try:
        content = unpacker.decompress(body, BYTES_MAX + 1)
    except zlib.error as error:
        raise Malformed("capture.malformed", f"The body can't be unpacked: {error}.") from None
    if len(content) > BYTES_MAX:
        raise too_large("What was packed", BYTES_MAX)
    if not unpacker.eof or unpacker.unused_data:
        raise Malformed("capture.malformed", "The packed body does not end where it should.")
    return content


def _unknown(encoding: str) -> Unpackable:
    return Unpackable(
        "capture.packed",
        f"A body packed as {encoding[:40]!r} is not read here.",
        hint="gzip, deflate and base64 are, or nothing at all.",
    )


AnyRequest = Request[Any, Any, Any]
Answering = Callable[[AnyRequest, Intake], Awaitable[Any]]

AT_ONCE_BYTES = 32 * 1024
"""A body of so many bytes is read before a thread would have begun to."""

NO_FLAGS = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
}
CONFIG = {
    "supportedCompression": ["gzip", "gzip-js"],
    "hasFeatureFlags": False,
    "sessionRecording": False,
    "surveys": False,
    "heatmaps": False,
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "siteApps": [],
    "isAuthenticated": False,
    "toolbarParams": {},
}
"""The settings of PostHog's library for browsers besides sending events: all off."""

POST: Any = [HttpMethod.POST, HttpMethod.OPTIONS]
GET: Any = [HttpMethod.GET, HttpMethod.OPTIONS]
OPEN: dict[str, Any] = {
    "include_in_schema": False,
    "request_max_body_size": None,  # `bodies` has bounds of its own
    "status_code": 200,
}


@route(list(SEGMENT), http_method=POST, **OPEN, **needs("nothing"))
async def take_segment(request: AnyRequest, console: NamedDependency[Console]) -> Response[bytes]:
    """Keep what Segment's libraries send."""
    return await _answered(request, console, _segment)


@route(list(POSTHOG), http_method=POST, **OPEN, **needs("nothing"))
async def take_posthog(request: AnyRequest, console: NamedDependency[Console]) -> Response[bytes]:
    """Keep what PostHog's libraries send."""
    return await _answered(request, console, _posthog)


@route(POSTHOG_RESULTS, http_method=POST, **OPEN, **needs("nothing"))
async def take_posthog_by_id(
    request: AnyRequest, console: NamedDependency[Console]
) -> Response[bytes]:
    """Keep what PostHog's libraries send in their newer form."""
    return await _answered(request, console, _posthog_by_id)


@route(list(POSTHOG_FLAGS), http_method=POST, **OPEN, **needs("nothing"))
async def answer_flags(request: AnyRequest, console: NamedDependency[Console]) -> Response[bytes]:
    """Say that there are no feature flags: libraries ask before they send the first event."""
    return await _answered(request, console, _flags)


@route(f"{POSTHOG_CONFIG}{{key:str}}/config", http_method=GET, **OPEN, **needs("nothing"))
async def answer_config(
    request: AnyRequest, console: NamedDependency[Console], key: FromPath[str]
) -> Response[bytes]:
    """Say how PostHog's library for browsers is to behave."""

    async def config(_: AnyRequest, intake: Intake) -> Any:
        await intake.source(key)
        return {**CONFIG, "token": key}

    return await _answered(request, console, config)


@route(f"{SEGMENT_SETTINGS}{{key:str}}/settings", http_method=GET, **OPEN, **needs("nothing"))
async def answer_settings(
    request: AnyRequest, console: NamedDependency[Console], key: FromPath[str]
) -> Response[bytes]:
    """Say to Segment's library for browsers that all it does is send events here."""

    async def settings(_: AnyRequest, intake: Intake) -> Any:
        await intake.source(key)
        forwarded = request.headers.get("x-forwarded-proto", "")
        protocol = forwarded if forwarded in ("http", "https") else request.url.scheme
        here = {"apiHost": f"{request.headers.get('host', '')}/v1", "protocol": protocol}
        return {"integrations": {"Segment.io": {"apiKey": key, **here}}, "plan": {}}

    return await _answered(request, console, settings)


async def _answered(request: AnyRequest, console: Console, answering: Answering) -> Response[bytes]:
    headers = answers.headers_for(request.headers.get("origin", ""))
    if request.method == "OPTIONS":
        return answers.preflight(headers, request.headers.get("access-control-request-headers", ""))
    try:
        answer = await answering(request, intake_of(request, console))
        return answers.answer(answer, headers)
    except MissionControlError as error:
        return answers.refusal(error, headers, getattr(request.state, "request_id", ""))


def intake_of(request: AnyRequest, console: Console) -> Intake:
    """Return what all requests of this console share."""
    state = request.app.state
    if "intake" not in state:
        state["intake"] = Intake(console.analytics)
    found: Intake = state["intake"]
    return found


async def _segment(request: AnyRequest, intake: Intake) -> answers.CaptureReceipt:
    kind = SEGMENT[request.url.path.rstrip("/")]
    async with _Text(request, intake) as text:
        received = intake.received()
        sent = await _aside(text, lambda: segment.read(text, kind))
        keyed = await intake.source(_user(request) or sent.key)
        accepted = await intake.take(
            keyed,
            sent.events,
            lambda event, origin: segment.captured(event, sent, origin),
            received=received,
            sent=sent.sent,
            agent=_browser(request),
        )
    return answers.receipt_of(accepted)


async def _posthog(request: AnyRequest, intake: Intake) -> answers.CaptureReceipt:
    return answers.receipt_of(await _accept_events(request, intake))


async def _posthog_by_id(request: AnyRequest, intake: Intake) -> Any:
    return answers.results(await _accept_events(request, intake))


async def _accept_events(request: AnyRequest, intake: Intake) -> AcceptedEvents:
    async with _Text(request, intake) as text:
        received = intake.received()
        sent = await _aside(text, lambda: posthog.read(text))
        key = _bearer(request) or sent.key or request.query_params.get("token", "")
        return await intake.take(
            await intake.source(key),
            sent.events,
            posthog.captured,
            received=received,
            sent=sent.sent or _sent(request),
            agent=_browser(request),
        )


async def _flags(request: AnyRequest, intake: Intake) -> Any:
    async with _Text(request, intake) as text:
        key = posthog.read(text or b"{}").key or request.query_params.get("token", "")
        await intake.source(key)
    with_config = request.query_params.get("config") == "true" or "decide" in request.url.path
    return {**NO_FLAGS, **CONFIG} if with_config else NO_FLAGS


class _Text:
    """The JSON of a body, which counts as held until it is done with."""

    def __init__(self, request: AnyRequest, intake: Intake) -> None:
        self._request, self._intake = request, intake
        self._size = 0

    async def __aenter__(self) -> bytes:
        try:
            return await self._read()
        except BaseException:
            self._intake.hold(-self._size)
            raise

    async def _read(self) -> bytes:
        request = self._request
        body = await body_of(request.stream(), self._hold)
        headers = request.headers
        kind = headers.get("content-type", "").partition(";")[0].strip().lower().encode()
        encoding = headers.get("content-encoding", "")
        compression = request.query_params.get("compression", "")
        if not encoding and kind != FORM and body[:1] in (b"{", b"["):
            return body
        text = await asyncio.to_thread(
            unpacked, body, encoding=encoding, kind=kind, compression=compression
        )
        self._hold(len(text))
        return text

    def _hold(self, size: int) -> None:
        self._intake.hold(size)
        self._size += size

    async def __aexit__(self, *_: object) -> None:
        self._intake.hold(-self._size)


async def _aside(text: bytes, work: Callable[[], Any]) -> Any:
    """Do what takes long on a thread."""
    return work() if len(text) <= AT_ONCE_BYTES else await asyncio.to_thread(work)


def _user(request: AnyRequest) -> str:
    """Return the name in Basic authentication, which is the write key."""
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except ValueError:
        return "?"  # It is no valid key, and the body's does not count in its place.


def _bearer(request: AnyRequest) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _browser(request: AnyRequest) -> str:
    """Return what the browser of a page calls itself; empty where a program sends events."""
    headers = request.headers
    is_page = "origin" in headers or "sec-fetch-site" in headers
    return headers.get("user-agent", "") if is_page else ""


def _sent(request: AnyRequest) -> int | None:
    """Return when a request was sent, where only its address or its head says so."""
    stated = request.headers.get("posthog-request-timestamp")
    stamp = request.query_params.get("_", "")
    return sent_at(stated or (int(stamp) if stamp.isdigit() and len(stamp) < 15 else None))


HANDLERS: list[Any] = [
    take_segment,
    take_posthog,
    take_posthog_by_id,
    answer_flags,
    answer_config,
    answer_settings,
]
