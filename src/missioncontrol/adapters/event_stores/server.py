"""The event log of a server, read through its API."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.domain.envelope import Recorded
from missioncontrol.ports.event_store import Append, Head

ROWS_MAX = 5_000


class _Head(msgspec.Struct):
    position: int
    hash: str


class ServerEventStore:
    """Reads as `EventStore` promises; a log can't be written remotely."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    async def append(self, appends: Sequence[Append]) -> Head:
        """Refuse: the engine of the server writes."""
        raise AssertionError("the log of a server is written by its engine")

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        """See `EventStore.read_stream`."""
        return self._pages(f"/record/streams/{quote(stream, safe='')}", after, limit, "version")

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See `EventStore.read`."""
        return self._pages("/record/events", after, limit, "position")

    def _pages(self, path: str, after: int, limit: int, place: str) -> list[Recorded]:
        found: list[Recorded] = []
        while len(found) < limit:
            wanted = min(limit - len(found), ROWS_MAX)
            rows = self._line.get(path, list[Recorded], after=after, limit=wanted)
            found += rows
            if len(rows) < wanted:
                break
            after = getattr(rows[-1], place)
        return found

    async def head(self) -> Head:
        """See `EventStore.head`."""
        found = self._line.get("/record/head", _Head)
        return Head(found.position, bytes.fromhex(found.hash))

    async def protections(self) -> list[str]:
        """See `EventStore.protections`: only who has the file can look for its triggers."""
        return []

    def close(self) -> None:
        """Nothing is held."""
