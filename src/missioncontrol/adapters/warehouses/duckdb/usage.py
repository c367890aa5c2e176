"""How much is stored of each product, updated with each commit instead of by scanning."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from missioncontrol.adapters.queries import queries
from missioncontrol.ports.warehouse import EVENT_BYTES, Captured, NoRoom, Policy, Used

SQL = queries("missioncontrol.adapters.warehouses.duckdb", "usage.sql")
NOTHING = Used(0, 0)


class Usage:
    """Usage by product; only the writer thread changes it, other threads read."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """Start empty; `read` loads the file."""
        self._connection = connection
        self._used: dict[str, Used] = {}

    def read(self) -> None:
        """Load the usage of the file; scan the events of a file that never counted it."""
        [(is_counted,)] = self._connection.execute(SQL["is_counted"]).fetchall()
        if not is_counted:
            self._connection.execute(SQL["count_all"], {"each": EVENT_BYTES})
        rows = self._connection.execute(SQL["used"]).fetchall()
        self._used = {product: Used(events, size) for product, events, size in rows}

    def of(self, product: str) -> Used:
        """Return how much is stored of a product."""
        return self._used.get(product, NOTHING)

    def has_room(self, product: str, policy: Policy, more: Used) -> bool:
        """Whether `more` fits within the limits of a product."""
        used = self.of(product)
        is_few = used.events + more.events <= policy.events_max
        return is_few and used.bytes + more.bytes <= policy.bytes_max

    def refuse_without_room(self, product: str, policy: Policy, more: Used) -> None:
        """Refuse events that exceed the limits of a product; an empty batch always passes.

        Raises:
            NoRoom: `analytics.no_room`.
        """
        if not more.events or self.has_room(product, policy, more):
            return
        used = self.of(product)
        most, stored = f"{policy.events_max:,} events", f"{used.events:,}"
        if used.events + more.events <= policy.events_max:
            most, stored = f"{policy.bytes_max / 1e6:,.0f} MB", f"{used.bytes / 1e6:,.1f} MB"
        raise NoRoom(
            "analytics.no_room",
            f"Product {product!r} may have {most}, and has {stored}: with these events it would"
            " have more.",
            hint=f"`mission analytics settings {product}` with --max-events or --max-megabytes"
            " gives it more room, with --keep-days it keeps less.",
        )

    def add(self, product: str, events: Sequence[Captured]) -> None:
        """Add events that this transaction stores to the usage of a product."""
        before, more = self.of(product), weighed(events)
        after = Used(before.events + more.events, before.bytes + more.bytes)
        name = "change" if product in self._used else "add"
        self._connection.execute(
            SQL[name], {"product": product, "events": after.events, "bytes": after.bytes}
        )
        self._used[product] = after

    def count(self, product: str) -> None:
        """Recount a product within a transaction that removes events."""
        run = self._connection.execute
        run(SQL["drop"], {"product": product})
        run(SQL["count"], {"product": product, "each": EVENT_BYTES})


def weighed(events: Sequence[Captured]) -> Used:
    """Return the usage of events."""
    return Used(len(events), sum(map(size_of, events)))


def size_of(event: Captured) -> int:
    """Return the bytes that an event counts for."""
    return EVENT_BYTES + len(event.properties) + len(event.person) + len(event.once)
