"""Several workspaces behind one address: `/w/NAME/...` leads to the console of one of them.

Each has its own gate, with its own users, sessions, tokens and limits. A request reaches the gate
of the workspace in its path with the cookies of that workspace alone, and nothing below the gate
knows of others. Pages for all workspaces stand outside, and show of each what its session may see.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from missioncontrol.domain.principal import Principal
from missioncontrol.domain.workspace import is_name
from missioncontrol.interfaces.base_path import BASE, FIND_WORKSPACES, PREFIX, headers_based
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.listeners import App, Receive, Scope, Send
from missioncontrol.interfaces.sign_in.people import Caller, cookies_of
from missioncontrol.ports.access_store import Outcome

OF_COOKIES = ("", "-oidc")
"""How the names of the cookies of a workspace end."""


class ServedWorkspace(NamedTuple):
    """A workspace that answers."""

    name: str
    console: Console
    gate: App
    hosts: tuple[str, ...]

    @property
    def base(self) -> str:
        """How its addresses begin."""
        return PREFIX + self.name


class SignedIn(NamedTuple):
    """A workspace in which the sender of a request has a valid session."""

    workspace: ServedWorkspace
    principal: Principal
    secret: str  # of the session


class Choice(NamedTuple):
    """One entry of the switcher."""

    title: str
    action: str  # what choosing it does
    href: str
    icon: str
    is_current: bool = False
    start: str = ""  # the command that starts the engine of the current one, where it is down


class WorkspaceRouter:
    """Passes each request to the gate of its workspace, or to the pages for all of them."""

    def __init__(self) -> None:
        """Serve nothing before `shared` and `served` are filled."""
        self.served: dict[str, ServedWorkspace] = {}
        self.faults: dict[str, str] = {}  # by the name of a workspace that can't be served
        self.shared: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection, as ASGI says."""
        name, path = parted(scope["path"]) if scope["type"] == "http" else ("", "")
        found = self.served.get(name)
        if found is None or not path:
            await self.shared(scope, receive, send)
            return

        async def pass_on(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = headers_based(message.get("headers", ()), found.base)
                message = {**message, "headers": headers}
            await send(message)

        await found.gate(self._own(scope, path, found), receive, pass_on)

    def _own(self, scope: Scope, path: str, to: ServedWorkspace) -> Scope:
        """Return a request as a workspace sees it: its path, its cookies and a state of its own."""
        kept = {to.console.people.cookie + end for end in OF_COOKIES}
        headers = [each for each in scope["headers"] if each[0].lower() != b"cookie"]
        cookies = _cookies(scope)
        own = "; ".join(f"{name}={value}" for name, value in cookies.items() if name in kept)
        if own:
            headers.append((b"cookie", own.encode("latin-1")))
        find = partial(self.choices, cookies, to.name)
        state = {BASE: to.base, FIND_WORKSPACES: find}
        others = {key: value for key, value in scope.items() if key != "raw_path"}
        return {**others, "path": path, "root_path": "", "headers": headers, "state": state}

    async def signed_in(self, cookies: Mapping[str, str], caller: Caller) -> list[SignedIn]:
        """Return the workspaces in which one of these cookies is a valid session, by name."""
        found = []
        for _, each in sorted(self.served.items()):
            people = each.console.people
            secret = cookies.get(people.cookie, "")
            principal = await people.by_session(secret, caller) if secret else None
            if principal is not None:
                found.append(SignedIn(each, principal, secret))
        return found

    async def choices(self, cookies: Mapping[str, str], current: str) -> tuple[Choice, ...]:
        """Return what the switcher of a workspace offers to the sender of a request."""
        mine = await self.signed_in(cookies, Caller(""))
        return (
            Choice("All workspaces", "Show all workspaces", PREFIX, "home"),
            *[await _choice(each, is_current=each.name == current) for each, _, _ in mine],
            Choice(
                "Another workspace",
                "Sign in to another workspace",
                f"{PREFIX}?sign-in=1",
                "user",
            ),
        )


async def _choice(workspace: ServedWorkspace, *, is_current: bool) -> Choice:
    line = workspace.console.line
    start = line.start if is_current and not line.is_open else ""
    access, href = await workspace.console.people.access(), f"{workspace.base}/"
    name = access.workspace or workspace.name
    return Choice(name, f"Switch to {name}", href, "flag", is_current, start)


class NoAccounts:
    """Who may come to the pages for all workspaces as a user: none.

    They know people by the sessions of workspaces. A token is valid in its workspace alone.
    """

    cookie = ""

    def __init__(self, router: WorkspaceRouter) -> None:
        """`router` has the workspaces."""
        self._router = router

    def knows(self, cookies: Mapping[str, str]) -> bool:
        """Whether one of these cookies is that of a session in a workspace."""
        return any(each.console.people.knows(cookies) for each in self._router.served.values())

    async def by_session(self, secret: str, caller: Caller) -> Principal | None:
        """Return None."""
        return None

    async def by_token(self, text: str, caller: Caller) -> Principal | None:
        """Return None."""
        return None

    def csrf(self, secret: str) -> str:
        """Return nothing: there is no session."""
        return ""

    def note(self, user: str, way: str, outcome: Outcome, caller: Caller) -> None:
        """Record nothing: each workspace records who came to it."""


def parted(path: str) -> tuple[str, str]:
    """Return the workspace in a path and the path within; empty where it names none.

    A path is taken as it is: `/w/a/../b/` leads to the path `/../b/` of workspace a.
    """
    if not path.startswith(PREFIX):
        return "", ""
    name, slash, rest = path.removeprefix(PREFIX).partition("/")
    return (name, slash + rest) if is_name(name) else ("", "")


def _cookies(scope: Scope) -> dict[str, str]:
    values = [value for name, value in scope["headers"] if name.lower() == b"cookie"]
    return cookies_of({b"cookie": b"; ".join(values)})
