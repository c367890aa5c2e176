"""The addresses at which the libraries of Segment and PostHog send events, with a write key."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.capture import answers, posthog, segment
from missioncontrol.interfaces.capture.bodies import FORM, body_of, unpacked
from missioncontrol.interfaces.capture.moments import sent_at
from missioncontrol.interfaces.capture.taking import Intake, Taken
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
async def say_flags(request: AnyRequest, console: NamedDependency[Console]) -> Response[bytes]:
    """Say that there are no feature flags: libraries ask before they send the first event."""
    return await _answered(request, console, _flags)


@route(f"{POSTHOG_CONFIG}{{key:str}}/config", http_method=GET, **OPEN, **needs("nothing"))
async def say_config(
    request: AnyRequest, console: NamedDependency[Console], key: FromPath[str]
) -> Response[bytes]:
    """Say how PostHog's library for browsers is to behave."""

    async def config(_: AnyRequest, intake: Intake) -> Any:
        await intake.source(key)
        return {**CONFIG, "token": key}

    return await _answered(request, console, config)


@route(f"{SEGMENT_SETTINGS}{{key:str}}/settings", http_method=GET, **OPEN, **needs("nothing"))
async def say_settings(
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


async def _segment(request: AnyRequest, intake: Intake) -> answers.Kept:
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
    return answers.kept(accepted)


async def _posthog(request: AnyRequest, intake: Intake) -> answers.Kept:
    return answers.kept(await _taken(request, intake))


async def _posthog_by_id(request: AnyRequest, intake: Intake) -> Any:
    return answers.results(await _taken(request, intake))


async def _taken(request: AnyRequest, intake: Intake) -> Taken:
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
    say_flags,
    say_config,
    say_settings,
]
