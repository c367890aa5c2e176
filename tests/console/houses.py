"""A home with its engine at work, and the console on it, in one event loop."""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar
from litestar.datastructures import State

from missioncontrol.app.console_app import opened
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.domain.principal import Principal, Role, permissions_of
from missioncontrol.interfaces.app import build
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.origins import SAFE

ORIGIN = "http://127.0.0.1:8700"


def principal(*roles: Role, name: str = "alice") -> Principal:
    """Return a user who is signed in with these roles."""
    return Principal(
        f"user:{name}", roles, permissions_of(roles), "password", f"session-{name}", "127.0.0.1"
    )


class House:
    """The home, its engine, its console, and clients of it."""

    def __init__(self, held: EngineContext, console: Console, app: Litestar) -> None:
        self.held = held
        self.console = console
        self.app = app

    def client(self, *roles: Role, name: str = "alice") -> httpx.AsyncClient:
        """Return a client of a user with these roles; an anonymous one without roles."""
        who = principal(*roles, name=name) if roles else None

        async def let_in(scope: Any, receive: Any, send: Any) -> None:
            if who is not None and scope["method"] not in SAFE:
                await self.know(who)
            scope["user"] = who
            scope.setdefault("state", {})["request_id"] = secrets.token_hex(16)
            await self.app(scope, receive, send)

        return httpx.AsyncClient(transport=httpx.ASGITransport(app=let_in), base_url=ORIGIN)

    async def know(self, who: Principal) -> None:
        """Record in the log a user who is about to change something, as one who may."""
        office = self.held.command_bus
        if who.permissions <= await office.access.allowed(who.actor):
            return
        found = (await self.console.people.access()).user(who.name)
        operation = "user.change" if found else "user.add"
        roles = tuple(dict.fromkeys((*who.roles, *(found.roles if found else ()))))
        given = {"name": who.name, "roles": roles}
        await self.held.executor.perform(operation, given, f"user:{office.access.owner}")


@asynccontextmanager
async def console_house(
    root: Path, environment: Mapping[str, str] | None = None, **settings: Any
) -> AsyncIterator[House]:
    """Hold a home under `root` with an engine at work and a console on it, as `mission up` does."""
    async with holding(Settings(root / "home", **settings), environment or {}) as held:
        await held.work()
        await held.scheduler.start()
        await held.listen()
        with opened(held.home) as console, application(console) as app:
            yield House(held, console, app)


_FREE: list[Litestar] = []
"""Applications whose home is gone. To build one takes most of a second; its state is all it has."""


@contextmanager
def application(console: Console) -> Iterator[Litestar]:
    """Lend the application of a console: one of an earlier house, or a new one."""
    app = _FREE.pop() if _FREE else build(console)
    app.state = State({"console": console, "version": ""})
    try:
        yield app
    finally:
        app.state = State()
        _FREE.append(app)
