"""Requests to one service: signed, retried if that is safe, redirected within one origin."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.adapters.agents.http.limits import address_of, is_public
from missioncontrol.adapters.agents.http.settings import HttpSettings
from missioncontrol.adapters.agents.kind_support import fill_template, one_line
from missioncontrol.domain.trace import trace_headers
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.clock import Clock

if TYPE_CHECKING:
    import httpx

REDIRECTS_MAX = 3
CONNECT_SECONDS = 10.0
PAUSE_SECONDS = 0.5
"""Before the second try; doubles with each further try."""

PAUSE_SECONDS_MAX = 300.0
"""Longest Retry-After that is honoured here; the step's own retries handle longer ones."""

BUSY = frozenset({408, 425, 429, 503})
"""Statuses that mean that nothing was done, so every request may be repeated."""

BROKEN = frozenset({500, 502, 504})
"""Statuses after which something may have been done."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})


_CHARSET = re.compile(r"charset=\"?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)


class Answer(msgspec.Struct, frozen=True):
    """The response of a service."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes
    url: str

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """The media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content, decoded by the charset of the response or UTF-8."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.content.decode(found[1] if found else "utf-8", "replace")
        except (LookupError, UnicodeError):
            return self.content.decode("utf-8", "replace")


class NoAnswer(Exception):
    """Raised when no response arrived."""

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        """`was_sent`: the service may have received and executed the request."""
        super().__init__(reason)
        self.reason = reason
        self.was_sent = was_sent


class ServiceClient:
    """Sends requests to the origin of one declared address, on behalf of one attempt."""

    def __init__(
        self,
        client: "httpx.AsyncClient",
        settings: HttpSettings,
        environment: Mapping[str, str],
        scrub: Scrub,
        clock: Clock,
    ) -> None:
        """`environment` has the values for headers and signature."""
        self._client = client
        self._settings = settings
        self._environment = environment
        self._scrub = scrub
        self._clock = clock

    async def request(
        self, method: str, url: str, body: bytes, about: Mapping[str, str], line: Line | None = None
    ) -> Answer:
        """Send a request, and repeat it while that is safe and allowed.

        Raises:
            AttemptFailed: `http.unreachable`, `http.late`, `http.busy`, `http.broken`,
                `http.redirected`, or as one request.
        """
        for number in range(1, self._settings.tries + 1):
            is_last = number == self._settings.tries
            pause = min(PAUSE_SECONDS * 2 ** (number - 1), PAUSE_SECONDS_MAX)
            try:
                answer = await self._follow(method, url, body, about)
            except NoAnswer as error:
                if is_last or (error.was_sent and not self._settings.may_repeat):
                    _refuse_unanswered(error)
                why = error.reason
            else:
                if not self._is_worth_another(answer):
                    return answer
                asked_pause = retry_after(answer, self._clock.now())
                if is_last or asked_pause > PAUSE_SECONDS_MAX:
                    self._refuse_busy(answer)
                pause = max(asked_pause, pause)
                why = f"status {answer.status}"
            if line is not None:
                line.log("warning", f"{method} {url}: {why}; retrying in {pause:g} s.")
            await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _follow(self, method: str, url: str, body: bytes, about: Mapping[str, str]) -> Answer:
        """Send a request, and follow redirects within the declared origin."""
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._send(method, url, body, about)
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return answer
            target = self.resolve(url, answer.headers["location"])
            if answer.status in (301, 302) and method not in ("GET", "HEAD"):
                reason = f"The service moved {url} to {target} by status {answer.status}."
                raise _redirected(reason, "Declare the new address.")
            if answer.status == 303:
                method, body = "GET", b""
            url = target
        raise _redirected(
            f"{url} redirects more than {REDIRECTS_MAX} times.", "Correct the service."
        )

    def resolve(self, base: str, location: str) -> str:
        """Return an absolute URL if it is in the declared origin.

        Raises:
            AttemptFailed: `http.redirected`.
        """
        try:
            target = urljoin(base, location)
            is_ours = _origin(target) == _origin(self._settings.url)
        except ValueError as error:
            reason = f"The service redirects to {one_line(location, self._scrub)}: {error}."
            raise _redirected(reason, "Correct the service.") from None
        if not is_ours:
            raise _redirected(
                f"The service redirects to another host: {one_line(target, self._scrub)}.",
                "Declare that host as the agent's address if it is the right one.",
            )
        return target

    async def _send(self, method: str, url: str, body: bytes, about: Mapping[str, str]) -> Answer:
        """Send one request to a checked address, and read the response within the limit."""
        import httpx

        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await address_of(host, port, private=self._settings.private)
        headers = {"Host": parts.netloc, **self._headers(body, about, parts.scheme, address)}
        request = self._client.build_request(
            method,
            httpx.URL(url).copy_with(host=address),
            content=body,
            headers=headers,
            # Check the certificate against the name, although we connect to the address.
            extensions={"sni_hostname": host} if parts.scheme == "https" else {},
        )
        try:
            async with asyncio.timeout(self._settings.seconds_max):
                return await self._read(await self._client.send(request, stream=True), url)
        except TimeoutError:
            limit = f"{self._settings.seconds_max:g} s"
            raise NoAnswer(f"{url} did not answer within {limit}", was_sent=True) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise _uncertified(url, error) from None
            raise NoAnswer(f"{url} cannot be reached: {error}", was_sent=False) from None
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            raise NoAnswer(f"{url} broke off: {words}", was_sent=True) from None

    def _headers(
        self, body: bytes, about: Mapping[str, str], scheme: str, address: str
    ) -> dict[str, str]:
        found = {"Accept": "application/json", "Accept-Encoding": "identity", **about}
        if body:
            found["Content-Type"] = "application/json"
        for name, template in self._settings.headers.items():
            place = f"The header {name!r}"
            value = fill_template(template, self._environment, code="http.no_variable", place=place)
            if value != template and scheme == "http" and is_public(address):
                raise AttemptFailed(
                    "http.insecure",
                    f"{place} holds a secret, and the connection to {address} is not encrypted.",
                    hint="Declare an https address.",
                    retryable=False,
                )
            found[name] = value
        return {**found, **self._signature(body)}

    def _signature(self, body: bytes) -> dict[str, str]:
        """Sign the time and the body, as `docs/guides/agents-by-protocol.md` describes."""
        variable = self._settings.signing_secret
        if not variable:
            return {}
        secret = fill_template(
            f"{{{variable}}}", self._environment, code="http.no_variable", place="The signature"
        )
        at = str(int(self._clock.now()))
        signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Mission-Timestamp": at, "Mission-Signature": f"v1={signed}"}

    async def _read(self, response: "httpx.Response", url: str) -> Answer:
        limit = self._settings.answer_bytes_max
        content = bytearray()
        try:
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > limit:
                    raise AttemptFailed(
                        "http.answer_too_large",
                        f"{url} answers with more than {limit:,} bytes.",
                        hint="Raise `answer_bytes_max`, or have the service return less.",
                        retryable=False,
                    )
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(content), url)

    def _is_worth_another(self, answer: Answer) -> bool:
        # A Retry-After header does not mean that nothing was done.
        is_safe = self._settings.may_repeat
        return answer.status in BUSY or (answer.status in BROKEN and is_safe)

    def _refuse_busy(self, answer: Answer) -> NoReturn:
        code = "http.busy" if answer.status in BUSY else "http.broken"
        text = one_line(answer.content.decode("utf-8", "replace"), self._scrub)
        raise AttemptFailed(
            code,
            f"{answer.url} answers with status {answer.status}: {text or 'no content'}.",
            hint="Try again later, or check the service.",
        )


def retry_after(answer: Answer, now: float) -> float:
    """Return the seconds that Retry-After asks for, as a date or a duration; 0 without it."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (TypeError, ValueError, IndexError):
        return 0.0


def attempt_headers(assignment: Assignment) -> dict[str, str]:
    """Return the headers that identify an attempt to a service.

    Idempotency-Key is the same for every attempt at the step. Spans of the service become children
    of the attempt's span.
    """
    return {
        "Idempotency-Key": quote(assignment.key, safe=":/@"),
        "Mission-Run": quote(assignment.run),
        "Mission-Step": quote(assignment.step),
        "Mission-Attempt": str(assignment.attempt),
        **trace_headers(assignment),
    }


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, (parts.hostname or "").lower(), port


def _redirected(reason: str, hint: str) -> AttemptFailed:
    return AttemptFailed("http.redirected", reason, hint=hint, retryable=False)


def _uncertified(url: str, error: Exception) -> AttemptFailed:
    words = str(error).partition("verify failed: ")[2].partition(" (_ssl")[0] or str(error)
    return AttemptFailed(
        "http.bad_certificate",
        f"The certificate of {url} is not trusted: {words}.",
        hint="Correct it, or name the certificate of its issuer as `ca_file`.",
        retryable=False,
    )


def _refuse_unanswered(error: NoAnswer) -> NoReturn:
    if not error.was_sent:
        hint = "Start the service, or check its address."
        raise AttemptFailed("http.unreachable", f"{error.reason}.", hint=hint)
    raise AttemptFailed(
        "http.late",
        f"{error.reason}; the request may have been executed.",
        hint="Raise `seconds_max`, or set `repeatable` if the service honours Idempotency-Key.",
    )
