"""How much is stored of each product: counted with each commit, not by looking through all."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from missioncontrol.adapters.queries import queries
from missioncontrol.ports.warehouse import EVENT_BYTES, Captured, Used

SQL = queries("missioncontrol.adapters.warehouses.duckdb", "usage.sql")
NOTHING = Used(0, 0)


class Usage:
    """What is stored, as the file says it; the one thread that writes changes it, others read."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """Know nothing before `read`."""
        self._connection = connection
        self._used: dict[str, Used] = {}

    def read(self) -> None:
        """Have at hand what the file has; a file of an earlier release is looked through once."""
        [(is_counted,)] = self._connection.execute(SQL["is_counted"]).fetchall()
        if not is_counted:
            self._connection.execute(SQL["count_all"], {"each": EVENT_BYTES})
        rows = self._connection.execute(SQL["used"]).fetchall()
        self._used = {product: Used(events, size) for product, events, size in rows}

    def of(self, product: str) -> Used:
        """Return how much is stored of a product."""
        return self._used.get(product, NOTHING)

    def add(self, product: str, events: Sequence[Captured]) -> None:
        """Count events of a product that are stored in this transaction."""
        before = self.of(product)
        after = Used(before.events + len(events), before.bytes + sum(map(size_of, events)))
        name = "change" if product in self._used else "add"
        self._connection.execute(
            SQL[name], {"product": product, "events": after.events, "bytes": after.bytes}
        )
        self._used[product] = after

    def count(self, product: str) -> None:
        """Count all of a product again, in a transaction that removes some of it."""
        run = self._connection.execute
        run(SQL["drop"], {"product": product})
        run(SQL["count"], {"product": product, "each": EVENT_BYTES})


def size_of(event: Captured) -> int:
    """Return what an event counts for, in bytes."""
    return EVENT_BYTES + len(event.properties) + len(event.person) + len(event.once)
