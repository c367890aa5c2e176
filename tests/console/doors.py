"""A house with its gate closed: clients come as strangers, and have to sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from missioncontrol.adapters.access.hashing import Argon2Hashes
from missioncontrol.domain.principal import Permission, Role
from missioncontrol.interfaces.sign_in.gate import Gate
from missioncontrol.ports.console_settings import ConsoleSettings
from tests.console.houses import ORIGIN, House, console_house

PASSWORD = "correct horse battery"
BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"}


class Door:
    """A house, its gate, and who comes to it."""

    def __init__(self, house: House, settings: ConsoleSettings) -> None:
        self.house = house
        self.people = house.console.people
        self.gate = Gate(house.app, self.people, settings)
        # As little effort as the library allows: the tests are about all else.
        self.people.hashes = Argon2Hashes(PasswordHasher(1, 8, 1))

    def client(self, *, address: str = "127.0.0.1", **options: Any) -> httpx.AsyncClient:
        """Return an anonymous client, such as a browser that was just opened."""
        transport = httpx.ASGITransport(app=self.gate, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, **options)

    async def add(self, name: str, *roles: Role, password: str = PASSWORD) -> None:
        """Let there be a user with these roles and a password."""
        perform, owner = self.house.held.executor.perform, f"user:{self.people.owner}"
        await perform("user.add", {"name": name, "roles": roles}, owner)
        await perform("user.set_password", {"name": name}, owner)
        await self.people.keep_password(name, password)

    async def token(self, *scopes: Permission) -> str:
        """Return a token of the owner."""
        given = {"name": "ci", "scopes": scopes}
        owner = f"user:{self.people.owner}"
        found = await self.house.held.executor.perform("token.issue", given, owner)
        token: str = found["token"]
        return token

    async def sign_in(
        self, client: httpx.AsyncClient, name: str, password: str = PASSWORD, there: str = "/"
    ) -> httpx.Response:
        """Type a name and a password."""
        form = {"name": name, "password": password, "next": there}
        return await client.post("/sign-in", data=form, headers={"origin": ORIGIN, **BROWSER})

    def csrf(self, client: httpx.AsyncClient) -> dict[str, str]:
        """Return the header that the pages of a client send with each change."""
        return {"x-csrf-token": self.people.csrf(client.cookies[self.people.cookie])}


@asynccontextmanager
async def closed_door(root: Path, settings: ConsoleSettings | None = None) -> AsyncIterator[Door]:
    """Open a house behind its gate."""
    async with console_house(root) as house:
        yield Door(house, settings or ConsoleSettings())
