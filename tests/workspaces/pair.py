"""Two workspaces behind one router, with engines at work, in one event loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from missioncontrol.domain.principal import Permission
from missioncontrol.interfaces.app import copy_for
from missioncontrol.interfaces.sign_in.gate import Gate
from missioncontrol.interfaces.web.pages.workspaces import application
from missioncontrol.interfaces.workspaces import NoAccounts, ServedWorkspace, WorkspaceRouter
from missioncontrol.ports.console_settings import ConsoleSettings, Limits
from tests.console.doors import BROWSER, Door
from tests.console.houses import ORIGIN, House, console_house

ROOM = ConsoleSettings(limits=Limits(1e6, 1_000_000, 1e6, 1_000_000))


class Pair:
    """The workspaces `sales` and `ops`, and clients of both."""

    def __init__(self, sales: House, ops: House) -> None:
        self.router = WorkspaceRouter()
        self.app = sales.app
        # As in the program: one application for all, each with a state of its own.
        ops.app = copy_for(sales.app, ops.console)
        self.doors = {"sales": Door(sales, ROOM), "ops": Door(ops, ROOM)}
        for name, door in self.doors.items():
            served = ServedWorkspace(name, door.house.console, door.gate, ())
            self.router.served[name] = served
        self.router.shared = Gate(application(self.router), NoAccounts(self.router), ROOM)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Return an anonymous client of the whole console."""
        transport = httpx.ASGITransport(app=self.router, client=("127.0.0.1", 4711))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, **options)

    async def token(self, name: str) -> dict[str, str]:
        """Return the header of a token of the owner that may do everything in a workspace."""
        scopes: tuple[Permission, ...] = (
            "read",
            "audit",
            "operate",
            "approve",
            "stop",
            "govern",
            "administer",
        )
        return {"authorization": f"Bearer {await self.doors[name].token(*scopes)}"}

    async def sign_in(self, client: httpx.AsyncClient, name: str, user: str = "ada") -> None:
        """Sign a browser in to a workspace as an admin with a password."""
        door = self.doors[name]
        if (await door.people.access()).user(user) is None:
            await door.add(user, "admin")
        form = {"name": user, "password": "correct horse battery", "next": "/"}
        headers = {"origin": ORIGIN, **BROWSER}
        answer = await client.post(f"/w/{name}/sign-in", data=form, headers=headers)
        assert answer.status_code == 303, answer.text

    def cookie(self, name: str) -> str:
        """Return the name of the cookie of a session in a workspace."""
        return self.doors[name].people.cookie


@asynccontextmanager
async def pair(root: Path) -> AsyncIterator[Pair]:
    """Open both workspaces."""
    (root / "a").mkdir()
    (root / "b").mkdir()
    async with console_house(root / "a") as sales, console_house(root / "b") as ops:
        yield Pair(sales, ops)
