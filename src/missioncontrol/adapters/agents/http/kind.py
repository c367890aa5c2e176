"""The kind `http`: sends inputs to a service as JSON, and returns its response."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

import msgspec

from missioncontrol.adapters.agents.attempt_process import run_to_completion
from missioncontrol.adapters.agents.http.client import (
    PAUSE_SECONDS_MAX,
    Answer,
    ServiceClient,
    attempt_headers,
    retry_after,
)
from missioncontrol.adapters.agents.http.settings import HttpSettings, http_settings
from missioncontrol.adapters.agents.kind_support import (
    admit_call,
    one_line,
    output_shape,
    program_environment,
    refuse_misfit,
)
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.domain.agent import AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

if TYPE_CHECKING:
    import ssl

CANCEL_SECONDS = 5.0
PROOF_SECONDS_MAX = 15.0
HINTS = {
    401: "Check the headers and the secret that the agent signs with.",
    403: "Check the headers and the secret that the agent signs with.",
    404: "Check the address of the agent.",
    405: "Check `method` in the settings of the agent.",
}


class HttpKind:
    """Makes agents of services over HTTP."""

    name = "http"

    def card(self, declared: Declaration) -> AgentCard:
        """Return the card. A service counts as writing unless its method is GET."""
        settings = http_settings(declared)
        does = "reads_network" if settings.method == "GET" else "writes_records"
        effects = declared.effects or (does,)
        card = card_of(declared)
        return msgspec.structs.replace(card, effects=effects, risk=tier(effects))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return HttpAgent(declared, http_settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Request the `health` path of the service, else its OPTIONS."""
        settings = http_settings(declared)
        brief = min(settings.seconds_max, PROOF_SECONDS_MAX)
        settings = msgspec.structs.replace(settings, tries=1, seconds_max=brief)
        method = "GET" if settings.health else "OPTIONS"
        url = urljoin(settings.url, settings.health) if settings.health else settings.url
        async with _client(settings, workshop) as client:
            answer = await client.request(method, url, b"", {})
        is_well = answer.is_success or (method == "OPTIONS" and answer.status in (405, 501))
        if not is_well:
            raise _refused(answer, workshop)
        report = f"{method} {url} answers with status {answer.status}."
        if round_trip and not settings.health:
            report += " Set its `health` path for a better check."
        return Proof(_version(answer), report)


class HttpAgent:
    """Sends requests to one service."""

    def __init__(self, declared: Declaration, settings: HttpSettings, workshop: Workshop) -> None:
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        settings = self._settings
        url, body = _request(settings, assignment.inputs)
        await admit_call(self._declared, line)
        try:
            async with (
                asyncio.timeout(settings.total_seconds_max),
                _client(settings, self._workshop) as client,
            ):
                about = attempt_headers(assignment)
                answer = await client.request(settings.method, url, body, about, line)
                if answer.status == 202 and "location" in answer.headers:
                    answer = await _Pending(client, settings, about, line).poll(answer)
        except TimeoutError:
            raise AttemptFailed(
                "http.late",
                f"{settings.url} had no answer after {settings.total_seconds_max:g} s in all.",
                hint="Raise `total_seconds_max` in the settings of the agent.",
            ) from None
        return self._work(answer, line)

    def _work(self, answer: Answer, line: Line) -> Work:
        if not answer.is_success:
            raise _refused(answer, self._workshop)
        output = self._output(answer)
        if self._settings.usage:
            _count(output, line, self._declared.model)
        refuse_misfit(
            output,
            output_shape(self._declared),
            code="http.bad_output",
            who=answer.url,
            scrub=self._workshop.scrub,
        )
        size = f"{len(answer.content):,} bytes"
        summary = f"{answer.url} answered with status {answer.status} and {size}."
        return Work(summary=summary, output=output)

    def _output(self, answer: Answer) -> Any:
        """Return JSON as its value, other text as a string, and an empty response as None."""
        if not answer.content.strip():
            return None
        if answer.media_type.startswith("text/"):
            return answer.text
        try:
            return msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, RecursionError):
            text = one_line(answer.text, self._workshop.scrub)
            raise AttemptFailed(
                "http.not_json",
                f"{answer.url} answered with {answer.media_type or 'no type'}, not JSON: {text}",
                hint="Have the service respond with JSON or text.",
                retryable=False,
            ) from None


class _Pending:
    """Work that the service has accepted with status 202."""

    def __init__(
        self, client: ServiceClient, settings: HttpSettings, about: Mapping[str, str], line: Line
    ) -> None:
        self._client = client
        self._settings = settings
        self._about = about
        self._line = line

    async def poll(self, accepted: Answer) -> Answer:
        """Poll until the service responds with another status than 202."""
        answer, url, polls = accepted, accepted.url, 0
        try:
            while answer.status == 202:
                url = self._client.resolve(url, answer.headers.get("location", url))
                self._line.progress(polls, 0, f"waiting for {url}")
                await asyncio.sleep(self._pause(answer))
                answer = await self._client.request("GET", url, b"", self._about, self._line)
                polls += 1
        except asyncio.CancelledError:
            if self._settings.cancels:
                await run_to_completion(self._cancel(url))
            raise
        return answer

    def _pause(self, answer: Answer) -> float:
        pause = retry_after(answer, SystemClock().now())
        return min(pause, PAUSE_SECONDS_MAX) if pause else self._settings.poll_seconds

    async def _cancel(self, url: str) -> None:
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._client.request("DELETE", url, b"", self._about)
        except (TimeoutError, AttemptFailed) as error:
            self._line.log("warning", f"The work could not be cancelled at the service: {error}")


@asynccontextmanager
async def _client(settings: HttpSettings, workshop: Workshop) -> AsyncIterator[ServiceClient]:
    import httpx

    # Ignore proxies of the environment: behind one, addresses could not be checked.
    async with httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        verify=_certificates(settings),
        timeout=httpx.Timeout(None, connect=min(10.0, settings.seconds_max)),
    ) as client:
        yield ServiceClient(
            client, settings, program_environment(workshop), workshop.scrub, SystemClock()
        )


def _certificates(settings: HttpSettings) -> "ssl.SSLContext | bool":
    if not settings.ca_file:
        return True
    import ssl

    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise AttemptFailed(
            "http.bad_ca_file",
            f"The certificates in {settings.ca_file!r} cannot be read: {error}.",
            hint="Name a file with PEM certificates as `ca_file`.",
            retryable=False,
        ) from None


def _request(settings: HttpSettings, inputs: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return URL and body; a method without a body sends inputs in the query."""
    if settings.method in ("GET", "DELETE"):
        pairs = [
            (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
            for name, value in inputs.items()
            if value is not None
        ]
        mark = "&" if "?" in settings.url else "?"
        url, body = f"{settings.url}{mark}{urlencode(pairs)}" if pairs else settings.url, b""
    else:
        url, body = settings.url, msgspec.json.encode(dict(inputs))
    size = len(body) or len(url)
    if size > settings.request_bytes_max:
        raise AttemptFailed(
            "http.request_too_large",
            f"The inputs take {size:,} bytes; at most {settings.request_bytes_max:,} are sent.",
            hint="Raise `request_bytes_max`, or send the location of the data.",
            retryable=False,
        )
    return url, body


def _refused(answer: Answer, workshop: Workshop) -> AttemptFailed:
    text = one_line(answer.text, workshop.scrub)
    return AttemptFailed(
        "http.refused",
        f"{answer.url} answers with status {answer.status}: {text or 'no content'}.",
        hint=HINTS.get(answer.status, "Check the message of the service."),
        retryable=answer.status >= 500,
        detail={"status": answer.status},
    )


def _count(output: Any, line: Line, model: str) -> None:
    """Report the member `usage` of a response.

    Raises:
        AttemptFailed: `http.bad_usage`: skipping a report would hide costs.
    """
    reported = output.get("usage") if isinstance(output, dict) else None
    try:
        used = msgspec.convert(reported, Usage)
    except msgspec.ValidationError as error:
        raise AttemptFailed(
            "http.bad_usage",
            f"The response has no valid `usage`: {error}.",
            hint="It has input_tokens, cached_tokens, output_tokens, reasoning_tokens and cost "
            "in millionths of a dollar (null where it is not known).",
        ) from None
    is_priced = isinstance(reported, dict) and "cost" in reported
    used = used if is_priced else msgspec.structs.replace(used, cost=None)
    line.usage(used, model=model)


def _version(answer: Answer) -> str:
    """Return the `version` in the response, else the Server header."""
    try:
        content = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, RecursionError):
        content = None
    version = content.get("version") if isinstance(content, dict) else None
    return str(version)[:100] if version else answer.headers.get("server", "")[:100]
