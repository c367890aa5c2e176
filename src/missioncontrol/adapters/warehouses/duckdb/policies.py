"""Counting policies of products, applied to the flags of stored events and people."""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
from duckdb import DuckDBPyConnection

from missioncontrol.adapters.queries import queries
from missioncontrol.adapters.warehouses.duckdb.database_file import WHOLE, registered, table
from missioncontrol.ports.warehouse import Captured, Policy

SQL = queries("missioncontrol.adapters.warehouses.duckdb", "policies.sql")
DAY = 86_400_000_000
NOTHING = Policy()
ALL, TOUCHED = "true", "person IN (SELECT person FROM touched)"

_decode = msgspec.json.Decoder(Policy).decode
_encode = msgspec.json.Encoder().encode


class Rules:
    """A policy in a form that is fast to check for each event."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.micros = None if policy.days is None else policy.days * DAY
        self.has_testers = bool(policy.people or policy.properties)
        self.public = frozenset(policy.public)
        self._bots = policy.bots
        self._sources = frozenset(policy.sources)

    def counts(self, event: Captured) -> bool:
        """Whether an event counts, if its person does."""
        is_hidden = (self._bots and event.is_bot) or event.source in self._sources
        return bool(event.name) and not is_hidden


class Policies:
    """The policies of all products; only the writer thread uses them."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        """Start empty; `read` loads the file."""
        self._connection = connection
        self._rules: dict[str, Rules] = {}
        self._default = Rules(NOTHING)
        self.testers: set[int] = set()

    def read(self) -> None:
        """Load policies and test people from the file."""
        rows = self._connection.execute(SQL["policies"]).fetchall()
        self._rules = {product: Rules(_decode(body)) for product, body in rows}
        testers = self._connection.execute(SQL["testers"]).fetchall()
        self.testers = {person for (person,) in testers}

    def of(self, product: str) -> Rules:
        """Return the rules of a product."""
        return self._rules.get(product, self._default)

    def products(self) -> dict[str, Policy]:
        """Return the policies that were set."""
        return {product: rules.policy for product, rules in self._rules.items()}

    def settle(self, product: str, policy: Policy) -> bool:
        """Apply a policy in the caller's transaction; return whether it was new."""
        before = self.of(product).policy
        if before == policy and product in self._rules:
            return False
        self._connection.execute(SQL["drop_policy"], {"product": product})
        body = _encode(policy).decode()
        self._connection.execute(SQL["keep_policy"], {"product": product, "body": body})
        self._rules[product] = Rules(policy)
        if _counting(before) == _counting(policy):
            return True
        self._mark(product, ALL)
        self._count(product, ALL)
        self.count_people(product)
        return True

    def count_people(self, product: str) -> None:
        """Update for all people of a product whether any of their events counts."""
        self._connection.execute(SQL["count_people"], {"product": product})

    def look_at(
        self, persons: Collection[int], moved: Collection[int], products: Iterable[str]
    ) -> None:
        """Update the flags of people whose profile changed or who were merged."""
        for product in products:
            if self.of(product).has_testers:
                with self._touched(persons):
                    turned = self._mark(product, TOUCHED)
                with self._touched({*turned, *moved}):
                    self._count(product, TOUCHED)
                    self._connection.execute(SQL["count_touched"], {"product": product})

    def _touched(self, persons: Collection[int]) -> AbstractContextManager[None]:
        people = table({"person": (WHOLE, list(persons))})
        return registered(self._connection, "touched", people)

    def _mark(self, product: str, which: str) -> list[int]:
        """Update who is a tester; return the people for whom that changed."""
        condition, values = _testing(self.of(product).policy)
        text = SQL["mark"].replace("/* tests */", condition).replace("/* which */", which)
        rows = self._connection.execute(text, {"product": product, **values}).fetchall()
        for person, is_test in rows:
            (self.testers.add if is_test else self.testers.discard)(person)
        return [person for person, _ in rows]

    def _count(self, product: str, which: str) -> None:
        """Update which events count."""
        policy = self.of(product).policy
        text = SQL["count"].replace("/* which */", which)
        self._connection.execute(
            text, {"product": product, "bots": policy.bots, "sources": list(policy.sources)}
        )


def _counting(policy: Policy) -> Policy:
    """Return a policy reduced to the fields that decide which events count."""
    return msgspec.structs.replace(policy, days=None, public=(), events_max=0, bytes_max=0)


def _testing(policy: Policy) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition for testers among `people_known`, with its values."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    likes = []
    for number, pattern in enumerate(policy.people):
        values[f"like{number}"] = _like(pattern)
        likes.append(f"id ILIKE $like{number} ESCAPE '\\'")
    if likes:
        is_like = " OR ".join(likes)
        parts.append(
            f"person IN (SELECT person FROM identities WHERE product = $product AND ({is_like}))"  # noqa: S608
        )
    for number, (name, value) in enumerate(policy.properties):
        values[f"path{number}"] = "/" + name.replace("~", "~0").replace("/", "~1")
        values[f"value{number}"] = value
        parts.append(f"json_extract_string(properties, $path{number}) = $value{number}")
    return (" OR ".join(f"coalesce({each}, false)" for each in parts) or "false"), values


def _like(pattern: str) -> str:
    for letter in "\\%_":
        pattern = pattern.replace(letter, "\\" + letter)
    return pattern.replace("*", "%").replace("?", "_")
