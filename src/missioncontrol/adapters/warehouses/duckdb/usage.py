"""How much is stored of each product: counted with each commit, not by looking through all."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from missioncontrol.adapters.queries import queries
from missioncontrol.ports.warehouse import EVENT_BYTES, Captured, NoRoom, Policy, Used

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

    def has_room(self, product: str, policy: Policy, more: Used) -> bool:
        """Whether a product may have so much more."""
        used = self.of(product)
        is_few = used.events + more.events <= policy.events_max
        return is_few and used.bytes + more.bytes <= policy.bytes_max

    def refuse_without_room(self, product: str, policy: Policy, more: Used) -> None:
        """Refuse what a product would have too much with; nothing is always taken.

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
            f"Product {product!r} may have {most}, and has {stored}: with these it would have"
            " more.",
            hint=f"`mission analytics settings {product}` with --max-events or --max-megabytes"
            " gives it more room, with --keep-days it keeps less.",
        )

    def add(self, product: str, events: Sequence[Captured]) -> None:
        """Count events of a product that are stored in this transaction."""
        before, more = self.of(product), weighed(events)
        after = Used(before.events + more.events, before.bytes + more.bytes)
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


def weighed(events: Sequence[Captured]) -> Used:
    """Return what events count for."""
    return Used(len(events), sum(map(size_of, events)))


def size_of(event: Captured) -> int:
    """Return what an event counts for, in bytes."""
    return EVENT_BYTES + len(event.properties) + len(event.person) + len(event.once)
