"""The two ways to a home: in this process, as its console would answer, or a server elsewhere."""

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import httpx

from missioncontrol.client import AsyncClient
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import PERMISSIONS, Asking, Permission, Principal
from missioncontrol.interfaces.app import build
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.engine_line import EngineLine, Holder
from missioncontrol.interfaces.listeners import App, Receive, Scope, Send
from missioncontrol.interfaces.sign_in.guard import refuse_without
from missioncontrol.interfaces.sign_in.people import Caller
from missioncontrol.mcp.server import Ctx

PRINCIPAL = "principal"
"""The name under which a request's state holds its authenticated caller."""

HERE = "http://127.0.0.1"
UNSENT = "in-process"
"""Stands where a token would: nothing is sent, and the value is never read."""

AGENT_MAX = 200
PROGRAM = "mission-mcp"


class Terminal:
    """Who has the terminal that the server was started in, or the agent at work that started it."""

    def __init__(self, actor: str, on_behalf: str = "", *, is_at_work: bool) -> None:
        """`on_behalf` is the person for whom an agent asks. `is_at_work`: in an agent's attempt."""
        self.actor, self.on_behalf, self.is_at_work = actor, on_behalf, is_at_work

    @property
    def principal(self) -> Principal:
        """The user of the terminal owns the home: the operating system vouches for them."""
        return Principal(self.actor, ("admin",), PERMISSIONS, "token", "terminal")

    def refuse_agents_at_work(self) -> None:
        """See `Reach`."""
        if self.is_at_work:
            raise Rejected(
                "approval.by_agent",
                "This server was started by an agent at work, and agents can't decide about "
                "approvals.",
                hint="A person decides, in a terminal of their own or on the console.",
            )


class TerminalLine(EngineLine):
    """Asks the engine as the command line does: the office itself looks at who it is."""

    def __init__(self, holder: Callable[[], Holder | None], who: Terminal) -> None:
        """`holder` says who holds the home now."""
        super().__init__(holder)
        self._who = who

    async def ask(
        self, verb: str, arguments: dict[str, Any], actor: str, asking: Asking | None
    ) -> Any:
        """See `EngineLine.ask`; an agent names whom it acts for.

        A request that the client gave a name is done once, whichever process asks for it again.
        """
        del actor
        behind = {"on_behalf": self._who.on_behalf} if self._who.on_behalf else {}
        is_named = asking is not None and bool(asking.digest)
        named = (
            Asking(asking.request, (), "os", "", "", asking.agent, asking.digest)
            if asking and is_named
            else None
        )
        return await super().ask(verb, {**arguments, **behind}, self._who.actor, named)


_BEARER: ContextVar[str] = ContextVar("bearer", default="")
"""The token of the request that is answered."""


class TokenLine(EngineLine):
    """Asks the engine for programs that came in by a token, which it shows."""

    def bearer(self) -> str:
        """See `EngineLine.bearer`."""
        return _BEARER.get()


class HomeReach:
    """Reaches a home of this machine through the application of its console, without a socket.

    So each call passes the same permissions, and asks the same office, as one over the API.
    """

    def __init__(self, console: Console, version: str, who: Terminal | None) -> None:
        """`who` has the terminal; None where everybody comes in by a door that knows them."""
        self._app: App = build(console, version=version)  # type: ignore[assignment]
        self._who = who

    def client(self, ctx: Ctx) -> AsyncClient:
        """See `Reach`."""
        signed = _SignedIn(self._app, self._principal(ctx), _program(ctx), self._bearer(ctx))
        return AsyncClient(HERE, UNSENT, transport=httpx.ASGITransport(signed))

    def refuse_without(self, permission: Permission, ctx: Ctx) -> None:
        """See `Reach`."""
        refuse_without(self._principal(ctx), permission)

    def refuse_agents_at_work(self) -> None:
        """See `Reach`."""
        if self._who is not None:
            self._who.refuse_agents_at_work()

    def _bearer(self, ctx: Ctx) -> str:
        request = ctx.request_context.request
        if self._who is not None or request is None:
            return ""
        return str(request.headers.get("authorization", "")).partition(" ")[2].strip()

    def _principal(self, ctx: Ctx) -> Principal:
        if self._who is not None:
            return self._who.principal
        request = ctx.request_context.request
        assert request is not None, "who comes in over HTTP comes with a request"
        found: Principal = request.scope["state"][PRINCIPAL]
        return found


class ServerReach:
    """Reaches a server with the token of the user who started this program."""

    def __init__(self, url: str, token: str, who: Terminal) -> None:
        """Nothing is asked yet."""
        self._url, self._token, self._who = url, token, who

    def client(self, ctx: Ctx) -> AsyncClient:
        """See `Reach`."""
        del ctx
        return AsyncClient(self._url, self._token)

    def refuse_without(self, permission: Permission, ctx: Ctx) -> None:
        """See `Reach`; this machine is that of the user who started the program."""

    def refuse_agents_at_work(self) -> None:
        """See `Reach`."""
        self._who.refuse_agents_at_work()


class _SignedIn:
    """Passes each request on as one of a signed-in user."""

    def __init__(self, app: App, principal: Principal, program: str, bearer: str) -> None:
        self._app, self._principal, self._program = app, principal, program
        self._bearer = bearer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = {
            "request_id": secrets.token_hex(16),
            "caller": Caller(self._principal.address, self._program),
            "is_secure": False,
        }
        remaining = [each for each in scope["headers"] if each[0] != b"user-agent"]
        headers = [*remaining, (b"user-agent", self._program.encode("latin-1", "replace"))]
        new_scope = {**scope, "headers": headers, "user": self._principal, "state": state}
        token = _BEARER.set(self._bearer)
        try:
            await self._app(new_scope, receive, send)
        finally:
            _BEARER.reset(token)


def _program(ctx: Ctx) -> str:
    """Return what asks, for the record of requests: this server, and its client by its own name."""
    params = ctx.session.client_params
    client = f" ({params.client_info.name} {params.client_info.version})" if params else ""
    return "".join(each for each in f"{PROGRAM}{client}" if each.isprintable())[:AGENT_MAX]
