"""The gate: what every request goes through before the application sees it, and every answer after.

It identifies the caller. Each route states its permission, checked again by the office
that does it.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec

from missioncontrol.domain.access.states import Access
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.capture_paths import is_capture
from missioncontrol.interfaces.headers import with_security
from missioncontrol.interfaces.http_head import Heads
from missioncontrol.interfaces.listeners import Receive, Scope, Send
from missioncontrol.interfaces.problems import MEDIA_TYPE, Problem, problem_of
from missioncontrol.interfaces.sign_in.body import FORM, Body, too_large
from missioncontrol.interfaces.sign_in.masking import unmasked
from missioncontrol.interfaces.sign_in.origins import (
    SAFE,
    is_loopback,
    local_path,
    refuse_other_hosts,
    refuse_other_origins,
    sender,
)
from missioncontrol.interfaces.sign_in.people import Caller, cookies_of
from missioncontrol.interfaces.sign_in.refusals import (
    Buckets,
    Throttled,
    bad_csrf,
    for_people,
    unknown_token,
)
from missioncontrol.ports.access_store import Outcome
from missioncontrol.ports.console_settings import ConsoleSettings

SIGN_IN = "/sign-in"
CSRF_HEADER = b"x-csrf-token"
CSRF_FIELD = "csrf"
BEARER = "bearer "
LOOK_AGAIN_SECONDS = 10.0
"""An answer that lasts, such as a stream of events, goes on for so long without another look."""

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application, whatever it calls its scopes and messages."""

IsOfStep = Callable[[tuple[str, int], tuple[str, int]], bool]
"""Whether a program of a step is at the client's end of a connection, by addresses and ports."""


class Accounts(Protocol):
    """Who may come in; `sign_in.people.People` are those of one data directory."""

    @property
    def cookie(self) -> str:
        """The name of the cookie of a session."""
        ...

    def knows(self, cookies: Mapping[str, str]) -> bool:
        """Whether one of these cookies is that of a session here."""
        ...

    async def by_session(self, secret: str, caller: Caller) -> Principal | None:
        """Return who is signed in with that cookie, or None."""
        ...

    async def by_token(self, text: str, caller: Caller) -> Principal | None:
        """Return whose program carries that token, or None."""
        ...

    def csrf(self, secret: str) -> str:
        """Return what a page has to send with each change."""
        ...

    def note(self, user: str, way: str, outcome: Outcome, caller: Caller) -> None:
        """Record who came, or tried to."""
        ...


class Gate:
    """Authenticates and admits the requests of one home."""

    def __init__(
        self,
        app: Application,
        people: Accounts,
        settings: ConsoleSettings,
        *,
        is_of_step: IsOfStep = lambda _client, _server: False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Stand before `app`.

        It finds in each scope: `user`, a `Principal` or None; in `state`: `request_id`, `caller`,
        `is_secure`, and where the client has a cookie, `session` (its secret) and `csrf`.
        """
        self._app: Application = Heads(app)
        self._people = people
        self._settings = settings
        self._is_of_step = is_of_step
        self._now = now
        limits = settings.limits
        self._addresses = Buckets(limits.address_per_second, limits.address_burst)
        self._tokens = Buckets(limits.token_per_second, limits.token_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection, as ASGI says."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _first(scope["headers"])
        request = secrets.token_hex(16)
        address, is_secure = self._where_from(scope, headers)
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        state = scope.setdefault("state", {})
        state["request_id"], state["caller"] = request, Caller(address, agent)
        scope["user"] = None
        if is_capture(scope["path"]):
            await self._admit_write(scope, receive, send, is_secure=is_secure)
            return
        limits = self._settings.limits
        kind = _kind(headers)
        body = Body(receive, limits.body_bytes, limits.body_seconds, is_form=kind == FORM)
        answer = _Answer(
            scope,
            headers,
            send,
            body,
            request,
            is_secure=is_secure,
            is_still_let_in=lambda: self._is_still_admitted(scope, headers),
            now=self._now,
        )
        try:
            self._refuse_strange(scope, headers, address)
            await self._refuse_steps(scope, headers)
            await self._recognise(scope, headers, body)
        except MissionControlError as refusal:
            await answer.refuse(refusal)
            return
        if scope["user"] is None:
            body.is_a_strangers()
        await self._app(scope, body.receive, answer.pass_on)
        if body.failure is not None:
            await answer.refuse(body.failure)

    async def _admit_write(
        self, scope: Scope, receive: Receive, send: Send, *, is_secure: bool
    ) -> None:
        """Admit clients from any page, as often as they like, with a write key.

        No user is signed in there, whatever cookies come. How much is accepted, and from whom,
        is defined where the events are (`interfaces.capture`).
        """
        scope["state"]["is_secure"] = is_secure
        request: str = scope["state"]["request_id"]

        async def pass_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                secured = with_security(message.get("headers", ()), is_secure=is_secure)
                message = {**message, "headers": [*secured, (b"x-request-id", request.encode())]}
            await send(message)

        headers = _first(scope["headers"])
        try:
            refuse_other_hosts(headers.get(b"host", b"").decode("latin-1"), self._settings.hosts)
        except MissionControlError as refusal:
            problem = msgspec.json.encode(problem_of(refusal, request))
            fields = [(b"content-type", MEDIA_TYPE.encode())]
            fields.append((b"content-length", str(len(problem)).encode()))
            await pass_on({"type": "http.response.start", "status": 403, "headers": fields})
            await pass_on({"type": "http.response.body", "body": problem})
            return
        await self._app(scope, receive, pass_on)

    def _where_from(self, scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[str, bool]:
        """Return the address of the client, and whether it speaks TLS, by a proxy's word or not."""
        client = scope.get("client")
        address, is_secure = (client[0] if client else "local"), scope.get("scheme") == "https"
        if address in self._settings.proxies:
            # The last one is what our own proxy saw; those before are what the client says.
            forwarded = (
                headers.get(b"x-forwarded-for", b"").decode("latin-1").rpartition(",")[2].strip()
            )
            address = forwarded[:80] if forwarded else address
            is_secure |= headers.get(b"x-forwarded-proto", b"") == b"https"
        return address, is_secure

    def _refuse_strange(self, scope: Scope, headers: Mapping[bytes, bytes], address: str) -> None:
        host = headers.get(b"host", b"").decode("latin-1")
        refuse_other_hosts(host, self._settings.hosts)
        _refuse_often(self._addresses.take(sender(address), self._now()))
        refuse_other_origins(scope["method"], headers)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length[:20]) > self._settings.limits.body_bytes:
            raise too_large(self._settings.limits.body_bytes)

    async def _refuse_steps(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Refuse the program of a step that has found a session, or a way to sign in, of a person.

        With a token it may come. A proxy on this machine is who asks for all that it passes on.

        Raises:
            Forbidden: `session.by_step`.
        """
        client, server = scope.get("client"), scope.get("server")
        has_session = self._people.knows(cookies_of(headers))
        is_persons = has_session or scope["path"].startswith(SIGN_IN)
        if not is_persons or not client or not server or server[1] is None:
            return
        if await asyncio.to_thread(self._is_of_step, tuple(client[:2]), tuple(server[:2])):
            self._people.note("", "step", "refused", scope["state"]["caller"])
            raise for_people()

    async def _is_still_admitted(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        """Whether the caller is the same as before, with the same permissions."""
        before: Principal | None = scope["user"]
        if before is None:
            return True
        caller: Caller = scope["state"]["caller"]
        if secret := scope["state"].get("session", ""):
            found = await self._people.by_session(secret, caller)
        else:
            header = headers.get(b"authorization", b"").decode("latin-1")
            found = await self._people.by_token(header[len(BEARER) :].strip(), caller)
        return found is not None and found.permissions == before.permissions

    async def _recognise(self, scope: Scope, headers: Mapping[bytes, bytes], body: Body) -> None:
        """Say in `scope` who comes.

        Raises:
            NotSignedIn: `token.unknown`.
            Forbidden: `request.forged`.
            Throttled: `request.too_often`.
        """
        header = headers.get(b"authorization", b"").decode("latin-1")
        caller: Caller = scope["state"]["caller"]
        if header:
            found = None
            if header[: len(BEARER)].lower() == BEARER:
                found = await self._people.by_token(header[len(BEARER) :].strip(), caller)
            if found is None:
                raise unknown_token()
            _refuse_often(self._tokens.take(found.credential, self._now()))
            scope["user"] = found
            return
        secret = cookies_of(headers).get(self._people.cookie, "")
        who = await self._people.by_session(secret, caller) if secret else None
        if who is not None:
            await self._recognise_session(scope, headers, body, who, secret)

    async def _recognise_session(
        self,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        body: Body,
        who: Principal,
        secret: str,
    ) -> None:
        csrf = self._people.csrf(secret)
        if scope["method"] not in SAFE:
            token = headers.get(CSRF_HEADER, b"").decode("latin-1")
            if not token and _kind(headers) == FORM:
                token = await body.field(CSRF_FIELD)
            if not secrets.compare_digest(unmasked(token).encode(), csrf.encode()):
                raise bad_csrf()
        scope["user"] = who
        scope["state"]["session"], scope["state"]["csrf"] = secret, csrf


class _Answer:
    """The answer to one request, on its way out."""

    def __init__(
        self,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        send: Send,
        body: Body,
        request: str,
        *,
        is_secure: bool,
        is_still_let_in: Callable[[], Awaitable[bool]],
        now: Callable[[], float],
    ) -> None:
        self._is_still_admitted = is_still_let_in
        self._now = now
        self._looked = now()
        scope["state"]["is_secure"] = is_secure
        self._scope = scope
        self._headers = headers
        self._send = send
        self._body = body
        self._request = request
        self._is_secure = is_secure
        self._has_started = False
        self._is_ours = False  # what the application says is no part of it

    async def pass_on(self, message: Message) -> None:
        """Stand in for `send` of the application; its answer to half a body is not sent."""
        if self._body.failure is not None and not self._has_started:
            return
        if message["type"] != "http.response.start":
            await self._go_on(message)
            return
        if message["status"] == 401 and (where := self._sign_in()):
            self._is_ours = True
            await self._redirect(where)
            return
        await self._begin(message["status"], list(message.get("headers", ())))

    async def _go_on(self, message: Message) -> None:
        """Pass a part on; a streamed answer ends with the permission that it began with."""
        if self._is_ours:
            return
        now = self._now()
        if now - self._looked > LOOK_AGAIN_SECONDS and message.get("more_body", False):
            self._looked = now
            if not await self._is_still_admitted():
                self._is_ours = True
                await self._send({"type": "http.response.body", "body": b""})
                return
        await self._send(message)

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._has_started = True
        headers = with_security(headers, is_secure=self._is_secure)
        headers.append((b"x-request-id", self._request.encode()))
        if status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="Mission Control"'))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    def _sign_in(self) -> str:
        """Return where a person is sent who has to sign in first; empty for programs."""
        path = self._scope["path"]
        if self._scope["user"] is not None or path.startswith((SIGN_IN, "/api/v")):
            return ""
        is_part = b"hx-request" in self._headers
        if not is_part and b"text/html" not in self._headers.get(b"accept", b""):
            return ""
        if self._scope["method"] == "GET" and not is_part:
            query = self._scope.get("query_string", b"").decode("latin-1")
            there = quote(path) + (f"?{query}" if query else "")
        else:
            there = self._page()
        return f"{SIGN_IN}?next={quote(local_path(there), safe='')}"

    def _page(self) -> str:
        """Return the page that a part of a page, or a form, comes from."""
        named = self._headers.get(b"hx-current-url") or self._headers.get(b"referer", b"")
        try:
            parts = urlsplit(named.decode("latin-1"))
        except ValueError:
            return "/"
        return parts.path + (f"?{parts.query}" if parts.query else "")

    async def _redirect(self, where: str) -> None:
        is_part = b"hx-request" in self._headers
        name = b"hx-redirect" if is_part else b"location"
        headers = [(name, where.encode("latin-1")), (b"content-length", b"0")]
        await self._begin(200 if is_part else 303, headers)
        await self._send({"type": "http.response.body", "body": b""})

    async def refuse(self, refusal: MissionControlError) -> None:
        """Answer in place of the application, where it has not begun to."""
        if self._has_started:
            return
        self._is_ours = True
        problem = problem_of(refusal, self._request)
        body, kind = self._refusal_body(problem)
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        if isinstance(refusal, Throttled):
            headers += [(k.encode(), v.encode()) for k, v in refusal.headers.items()]
        if problem.status in (408, 413):
            headers.append((b"connection", b"close"))
        await self._begin(problem.status, headers)
        await self._send({"type": "http.response.body", "body": body})

    def _refusal_body(self, problem: Problem) -> tuple[bytes, bytes]:
        """Return the text of a refusal for the client, and its type."""
        if b"text/html" in self._headers.get(b"accept", b""):
            text = f"{problem.detail}\n{problem.hint}\n"
            return text.encode(), b"text/plain; charset=utf-8"
        return msgspec.json.encode(problem), MEDIA_TYPE.encode()


def refuse_exposure(address: str, settings: ConsoleSettings, access: Access) -> None:
    """Refuse to listen where others reach the console and no user could sign in.

    Raises:
        Unavailable: `console.exposed`.
    """
    if is_loopback(address):
        return
    has_users = any(user.password_changed for user in access.users.values())
    if not (has_users or settings.oidc):
        raise Unavailable(
            "console.exposed",
            f"On {address} others reach the console, and no user can sign in.",
            hint="`mission user add NAME --role admin` and `mission user invite NAME` first.",
        )
    if not settings.hosts:
        raise Unavailable(
            "console.exposed",
            f"On {address} others reach the console, and it has no name of its own.",
            hint='Name it in console.toml of the home: `hosts = ["mission.example.com"]`.',
        )


def _refuse_often(wait: float) -> None:
    if wait > 0:
        raise Throttled(
            "request.too_often", f"Too many requests. Try again in {wait:.1f} s.", seconds=wait
        )


def _kind(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the declared type of a body, without its parameters."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _first(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers by name. One that must not come twice counts as both together."""
    grouped: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        grouped.setdefault(name.lower(), []).append(value)
    return {key: (b"; " if key == b"cookie" else b", ").join(grouped[key]) for key in grouped}
