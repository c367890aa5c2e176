"""A product with a source, in a house or in processes of its own, and what came in there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx

from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.ports.warehouse import Captured
from tests.console.doors import Door, closed_door
from tests.console.house_process import HouseProcess

SHOP = {"slug": "shop", "name": "Web shop", "zone": "UTC"}
SOURCE = {"id": "web", "name": "Web", "kind": "browser"}
ALL = 100_000


class Shop:
    """A product behind the gate of a console, and an anonymous client."""

    def __init__(self, door: Door, client: httpx.AsyncClient, key: str) -> None:
        self.door, self.client, self.key = door, client, key
        self.console = door.house.console

    async def kept(self) -> list[Captured]:
        """Return what came in, in that order."""
        analyst = await self.console.analytics.analyst()
        found = await analyst.aside(lambda: analyst.warehouse.exported("shop", limit=ALL))
        return [each.event for each in found]

    async def batch(self, *events: Any, **more: Any) -> httpx.Response:
        """Send events as Segment's libraries do."""
        body = {"batch": list(events), "writeKey": self.key, **more}
        return await self.client.post("/v1/batch", json=body)


@asynccontextmanager
async def shop(root: Path) -> AsyncIterator[Shop]:
    """Open a shop behind its gate."""
    async with closed_door(root) as door:
        async with door.house.client("admin") as admin:
            assert (await admin.post("/api/v1/products", json=SHOP)).status_code == 201
            made = await admin.post("/api/v1/products/shop/sources", json=SOURCE)
        async with door.client() as client:
            yield Shop(door, client, made.json()["key"])


def key_of(house: HouseProcess, source: str = "web") -> str:
    """Create a product with a source; return its write key."""
    with house.client() as client:
        client.post("/products", json=SHOP)
        asked = {**SOURCE, "id": source, "kind": "server"}  # Its aliases are accepted.
        made = client.post("/products/shop/sources", json=asked)
        assert made.status_code == 201, made.text
        key: str = made.json()["key"]
        return key


def kept(house: HouseProcess) -> list[Captured]:
    """Return what came in, in that order, from the process that owns it."""
    with closing(SharedWarehouse(house.home.analytics)) as warehouse:
        return [each.event for each in warehouse.exported("shop", limit=ALL)]
