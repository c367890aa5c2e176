"""Writes a group of batches in one commit: deduplicate, resolve people, store, and count."""

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from hashlib import blake2b
from itertools import chain
from operator import methodcaller
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from arro3.core import RecordBatchReader
from duckdb import DuckDBPyConnection

from missioncontrol.adapters.queries import queries
from missioncontrol.adapters.warehouses.duckdb import database_file, profiles
from missioncontrol.adapters.warehouses.duckdb.database_file import (
    BYTES,
    FLAG,
    TEXT,
    WHOLE,
    Columns,
    registered,
    table,
)
from missioncontrol.adapters.warehouses.duckdb.identities import Identities, is_made
from missioncontrol.adapters.warehouses.duckdb.known_keys import KnownKeys, spill
from missioncontrol.adapters.warehouses.duckdb.policies import Policies, Rules
from missioncontrol.adapters.warehouses.duckdb.usage import Usage, weighed
from missioncontrol.ports.warehouse import Captured, Foreseen, Stored

SQL = queries("missioncontrol.adapters.warehouses.duckdb", "queries.sql")
RECENT = 1_000_000
"""The newest events, searched first for duplicates, because repetitions mostly follow soon."""

BUFFER_OF = methodcaller("buffer")
"""Returns the memory of an Arrow array; the typing stubs lack the method."""

LAST_UPDATES_MAX = 100_000
"""People whose last profile change is cached: an equal one changes nothing."""


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """A new event with its key and its person."""

    product: str
    event: Captured
    key: int
    person: int  # as known at this place of the batch
    moves: int  # merges of people before this place
    counts: bool


class Ingestion:
    """Writes on a connection from one thread; its caches equal the committed file."""

    def __init__(
        self, connection: DuckDBPyConnection, salt: bytes, path: Path | None = None
    ) -> None:
        """Load the caches; `path` is that of the file, None in memory."""
        self._salt = salt
        self._path = path
        self.identities = Identities(self.key)
        self._known: KnownKeys | None = None
        self._last_updates: dict[int, bytes] = {}
        self.seq = self.position = 0
        self.needs_compaction = False
        self.forgotten_ids: set[int] = set()
        self.use(connection)

    def use(self, connection: DuckDBPyConnection) -> None:
        """Use this connection from now on."""
        self.connection = connection
        self.policies = Policies(connection)
        self.usage = Usage(connection)
        self.reset()

    def key(self, product: str, id_: str) -> int:
        """Return the salted key of a product's id."""
        text = f"{product}\0{id_}".encode()
        digest = blake2b(text, digest_size=8, salt=self._salt).digest()
        return int.from_bytes(digest, sys.byteorder, signed=True)

    def reset(self) -> None:
        """Reload the caches from the file, as after a failed commit."""
        [row] = self.connection.execute(SQL["counters"]).fetchall()
        _, self.seq, person, self.position, self.needs_compaction = row
        self.identities.forget_all(person)
        self.policies.read()
        self.usage.read()
        self._last_updates.clear()
        gone = self.connection.execute(SQL["forgotten_ids"]).fetchall()
        self.forgotten_ids = {key for (key,) in gone}

    def forget_keys(self) -> None:
        """Drop the known keys; the next use reads them again."""
        self._known = None

    @contextmanager
    def change(self) -> Iterator[None]:
        """Make a change in one commit, undone if it fails.

        `position` grows after the commit, so that no answer from before it has the new number.
        """
        with self.commit():
            yield
            position = self.position + 1
            last = {"seq": self.seq, "person": self.identities.last_person, "position": position}
            self.connection.execute(SQL["count_on"], last)
        self.position = position

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Write in one commit, undone if it fails, what changes no answer."""
        self.connection.execute("BEGIN")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.TransactionException):  # A failed commit has ended it.
                self.connection.execute("ROLLBACK")
            self.reset()
            raise
        if self._path is not None:
            database_file.keep_private(self._path)

    def store(
        self, group: Sequence[tuple[str, Sequence[Captured]]], *, is_tight: bool = False
    ) -> list[Stored]:
        """Write the batches of a group in one commit, undone if it fails.

        Where it `is_tight`, check the limits of the product against the new events.

        Raises:
            NoRoom: `analytics.no_room`.
        """
        try:
            sorted_batches = self._sort_batches(group)
            new_events = [each for events, _, _ in sorted_batches for each in events]
            if is_tight:
                self._refuse_without_room(new_events)
        except BaseException:
            self.reset()  # The caches hold new people that will not be written.
            raise
        if new_events:
            with self.change():
                self._write(new_events)
            self._remember([each.key for each in new_events])
        return [Stored(len(new), known, self.position, gone) for new, known, gone in sorted_batches]

    def _refuse_without_room(self, new_events: Sequence[NewEvent]) -> None:
        for product in {each.product for each in new_events}:
            more = weighed([each.event for each in new_events if each.product == product])
            policy = self.policies.of(product).policy
            self.usage.refuse_without_room(product, policy, more)

    # Deduplication.

    def foresee(self, product: str, batch: Sequence[Captured]) -> Foreseen:
        keys = self._keys_of(product, batch)
        stored = self._stored_ids([(product, batch, keys)])
        rules = self.policies.of(product)
        known, refused = [], []
        for place, (event, key) in enumerate(zip(batch, keys, strict=True)):
            if key in stored and stored[key] in (event.id, None):
                known.append(place)
            elif self._accepted(product, event, rules) is None:
                refused.append(place)
        return Foreseen(tuple(known), tuple(refused))

    def _accepted(self, product: str, event: Captured, rules: Rules) -> Captured | None:
        """Return an event without forgotten ids; None where it must not be stored."""
        if rules.micros is not None and event.happened < event.received - rules.micros:
            return None
        return self._without_forgotten(product, event) if self.forgotten_ids else event

    def _sort_batches(
        self, group: Sequence[tuple[str, Sequence[Captured]]]
    ) -> list[tuple[list[NewEvent], int, int]]:
        """Return for each batch its new events, and the numbers of known and refused ones."""
        keyed = [(product, batch, self._keys_of(product, batch)) for product, batch in group]
        stored = self._stored_ids(keyed)
        self._load_identities(group)
        return [self._new_events(product, batch, keys, stored) for product, batch, keys in keyed]

    def _keys_of(self, product: str, batch: Sequence[Captured]) -> "array[int]":
        start, salt = f"{product}\0", self._salt
        digests = [
            blake2b((start + event.id).encode(), digest_size=8, salt=salt).digest()
            for event in batch
        ]
        keys = array("q", b"".join(digests))
        return keys

    def _stored_ids(
        self, keyed: Sequence[tuple[str, Sequence[Captured], "array[int]"]]
    ) -> dict[int, str | None]:
        """Return the stored ids by key; None for events of forgotten people."""
        known = self._known_keys()
        suspects = known.suspects(chain.from_iterable(keys for _, _, keys in keyed))
        if not suspects:
            return {}
        recent = max(0, self.seq - RECENT)
        found = self._ids_of(suspects, recent, self.seq)
        if older := [key for key in suspects if key not in found]:
            found |= self._ids_of(older, 0, recent)
            with self.lookup(key=(WHOLE, older)):
                rows = self.connection.execute(SQL["forgotten_of_keys"]).fetchall()
            found |= dict.fromkeys(key for (key,) in rows)
        return found

    def _ids_of(self, keys: Sequence[int], after: int, until: int) -> dict[int, str | None]:
        with self.lookup(key=(WHOLE, keys)):
            part = {"after": after, "until": until}
            rows = self.connection.execute(SQL["events_of_keys"], part).fetchall()
        return {self.key(product, id_): id_ for product, id_ in rows}

    def _new_events(
        self,
        product: str,
        batch: Sequence[Captured],
        keys: "array[int]",
        stored: dict[int, str | None],
    ) -> tuple[list[NewEvent], int, int]:
        rules = self.policies.of(product)
        person, moves = self.identities.person, self.identities.moves
        counts, public = rules.counts, rules.public
        is_open = rules.micros is None and not self.forgotten_ids
        new_events: list[NewEvent] = []
        known = refused = 0
        for event, key in zip(batch, keys, strict=True):
            if key in stored and stored[key] in (event.id, None):
                known += 1
                continue
            accepted = event if is_open else self._accepted(product, event, rules)
            if accepted is None:
                refused += 1
                continue
            if (
                accepted.alias or (accepted.user and accepted.anonymous)
            ) and accepted.source in public:
                accepted = self._without_untrusted_ids(product, accepted)
            stored[key] = event.id
            who = person(product, accepted.user, accepted.anonymous, accepted.alias)
            new_events.append(NewEvent(product, accepted, key, who, len(moves), counts(accepted)))
        return new_events, known, refused

    def _without_forgotten(self, product: str, event: Captured) -> Captured | None:
        """Return an event without forgotten ids; None if its own person is forgotten."""
        gone = self.forgotten_ids
        user, anonymous, alias = (
            "" if each and self.key(product, each) in gone else each
            for each in (event.user, event.anonymous, event.alias)
        )
        if (user, anonymous, alias) == (event.user, event.anonymous, event.alias):
            return event
        if user != event.user or not (user or anonymous):
            return None
        return msgspec.structs.replace(event, user=user, anonymous=anonymous, alias=alias)

    def _without_untrusted_ids(self, product: str, event: Captured) -> Captured:
        """Return an event of a public key without ids that could merge two users, now or later."""
        who, user, device, alias = self.identities, event.user, event.anonymous, event.alias
        if user and device and not (is_made(device) or who.is_same(product, user, device)):
            device = ""
        mine = user or device
        is_known = who.is_device(product, mine) or who.is_device(product, alias)
        if alias and not (is_known or who.is_same(product, mine, alias)):
            alias = ""
        if (device, alias) == (event.anonymous, event.alias):
            return event
        return msgspec.structs.replace(event, anonymous=device, alias=alias)

    def _load_identities(self, group: Iterable[tuple[str, Sequence[Captured]]]) -> None:
        """Load the people of all ids of a group into the cache."""
        self.identities.begin()
        missing: dict[int, tuple[str, str]] = {}
        for product, batch in group:
            ids = {event.user for event in batch}
            ids.update(event.anonymous for event in batch)
            ids.update(event.alias for event in batch)
            ids.discard("")
            for owner, id_, key in self.identities.missing(product, ids):
                missing[key] = (owner, id_)
        if not missing or not self.identities.last_person:
            return
        with self.lookup(key=(WHOLE, list(missing))):
            rows = self.connection.execute(SQL["identities_of_keys"]).fetchall()
        self.identities.learn(rows)

    def _known_keys(self) -> KnownKeys:
        if self._known is None:
            folder = None if self._path is None else self._path.parent
            self._known = _read_keys(self.connection, folder)
        return self._known

    def _remember(self, keys: Sequence[int]) -> None:
        """Add stored keys to the known ones."""
        if not self._known_keys().add(keys):
            self.forget_keys()  # The next use reads all keys from the file.

    # Writing.

    def _write(self, new_events: list[NewEvent]) -> None:
        first = self.seq
        final = self.identities.final
        persons = [final(each.person) for each in new_events]
        testers = self.policies.testers
        flags = [
            each.counts and person not in testers
            for each, person in zip(new_events, persons, strict=True)
        ]
        self._write_events(new_events, persons, flags)
        for product in {each.product for each in new_events}:
            self.usage.add(product, [each.event for each in new_events if each.product == product])
        self.seq += len(new_events)
        self._write_people(new_events, first)
        self._write_groups(new_events)
        self.connection.execute(SQL["count_people"], {"after": first})

    def _write_events(
        self, new_events: Sequence[NewEvent], persons: Sequence[int], flags: Sequence[bool]
    ) -> None:
        events = [each.event for each in new_events]
        none = b""
        rows: Columns = {
            "product": (TEXT, [each.product for each in new_events]),
            "seq": (WHOLE, range(self.seq + 1, self.seq + 1 + len(new_events))),
            "id": (TEXT, [each.id for each in events]),
            "key": (WHOLE, [each.key for each in new_events]),
            "name": (TEXT, [each.name for each in events]),
            "happened": (WHOLE, [each.happened for each in events]),
            "received": (WHOLE, [each.received for each in events]),
            "person": (WHOLE, persons),
            "session": (TEXT, [each.session for each in events]),
            "source": (TEXT, [each.source for each in events]),
            "properties": (BYTES, [each.properties for each in events]),
            "counts": (FLAG, flags),
            "is_bot": (FLAG, [each.is_bot for each in events]),
            "user_id": (TEXT, [each.user for each in events]),
            "anonymous_id": (TEXT, [each.anonymous for each in events]),
            "person_told": (BYTES, [each.person or none for each in events]),
            "once_told": (BYTES, [each.once or none for each in events]),
            "alias_told": (TEXT, [each.alias for each in events]),
            "group_told": (TEXT, [each.group for each in events]),
        }
        with registered(self.connection, "incoming", table(rows)):
            self.connection.execute(SQL["store"])

    def _write_people(self, new_events: Sequence[NewEvent], first: int) -> None:
        """Write new ids, merges of people, and changed profiles."""
        who, final = self.identities, self.identities.final
        changes = self._changes(new_events)
        if who.new_ids:
            ids: Columns = {
                "product": (TEXT, [each.product for each in who.new_ids]),
                "id": (TEXT, [each.id for each in who.new_ids]),
                "key": (WHOLE, [each.key for each in who.new_ids]),
                "person": (WHOLE, [final(each.person) for each in who.new_ids]),
            }
            with registered(self.connection, "incoming_ids", table(ids)):
                self.connection.execute(SQL["store_ids"])
        moved = {old: final(old) for old, _ in who.moves}
        updated = [each.person for each in changes if isinstance(each, profiles.ProfileUpdate)]
        changed = {*who.people, *updated, *chain.from_iterable(who.moves)}
        if not changed:
            return
        rows = self._people(changed)
        before = {old: rows[old].first_seq for old in moved if old in rows}
        for person, identity in who.people.items():
            profiles.identify(rows, person, identity, first + 1)
        for each in changes:
            if isinstance(each, profiles.ProfileUpdate):
                profiles.update(rows[each.person].properties, each.always, each.once)
            else:
                profiles.join(rows, *each)
        self._replace(changed, rows)
        if before:
            self._move({old: moved[old] for old in before}, min(before.values()))
        touched = {*rows, *(final(each.person) for each in who.new_ids)}
        products = {row.product for row in rows.values()}
        self.policies.look_at(touched, set(moved.values()), products)

    def _changes(
        self, new_events: Sequence[NewEvent]
    ) -> list[profiles.ProfileUpdate | tuple[int, int]]:
        """Return profile changes and merges of people in the order received.

        A change equal to the last one of the same person is left out.
        """
        moves, last = self.identities.moves, self._last_updates
        found: list[profiles.ProfileUpdate | tuple[int, int]] = []
        done = 0
        for each in new_events:
            while done < each.moves:
                found.append(moves[done])
                for person in moves[done]:
                    last.pop(person, None)
                done += 1
            event = each.event
            if (event.person or event.once) and not event.group:
                digest = blake2b(event.person + b"\0" + event.once, digest_size=16).digest()
                if last.get(each.person) != digest:
                    last[each.person] = digest
                    found.append(profiles.ProfileUpdate(each.person, event.person, event.once))
        if len(last) > LAST_UPDATES_MAX:
            last.clear()
        return found

    def _people(self, persons: Iterable[int]) -> dict[int, profiles.Person]:
        with self.lookup(person=(WHOLE, list(persons))):
            rows = self.connection.execute(SQL["people_of"]).fetchall()
        return {
            person: profiles.Person(product, label, is_named, profiles.decoded(properties), *rest)
            for person, product, label, is_named, properties, *rest in rows
        }

    def _replace(self, changed: Iterable[int], rows: dict[int, profiles.Person]) -> None:
        with self.lookup(person=(WHOLE, list(changed))):
            self.connection.execute(SQL["drop_people"])
        people = list(rows.values())
        columns: Columns = {
            "product": (TEXT, [each.product for each in people]),
            "person": (WHOLE, list(rows)),
            "label": (TEXT, [each.label for each in people]),
            "is_named": (FLAG, [each.is_named for each in people]),
            "properties": (BYTES, [profiles.encoded(each.properties) for each in people]),
            "is_counted": (FLAG, [each.is_counted for each in people]),
            "is_test": (FLAG, [each.is_test for each in people]),
            "first_seq": (WHOLE, [each.first_seq for each in people]),
        }
        with registered(self.connection, "incoming_people", table(columns)):
            self.connection.execute(SQL["store_people"])

    def _move(self, moved: dict[int, int], since: int) -> None:
        columns = {"old": (WHOLE, list(moved)), "new": (WHOLE, list(moved.values()))}
        with registered(self.connection, "moves", table(columns)):
            self.connection.execute(SQL["move_events"], {"since": since})
            for name in ("move_ids", "move_members", "drop_moved_members"):
                self.connection.execute(SQL[name])

    def _write_groups(self, new_events: Sequence[NewEvent]) -> None:
        of_groups = [each for each in new_events if each.event.group]
        if not of_groups:
            return
        with self.lookup(name=(TEXT, [each.event.group for each in of_groups])):
            rows = self.connection.execute(SQL["groups_of"]).fetchall()
        known = {(product, name): profiles.decoded(text) for product, name, text in rows}
        for each in of_groups:
            properties = known.setdefault((each.product, each.event.group), {})
            profiles.update(properties, each.event.person, each.event.once)
        self.keep_groups(known)

    def keep_groups(self, known: Mapping[tuple[str, str], dict[str, Any]]) -> None:
        """Store group properties, by product and name, in the caller's transaction."""
        columns: dict[str, tuple[Any, Sequence[Any]]] = {
            "product": (TEXT, [product for product, _ in known]),
            "name": (TEXT, [name for _, name in known]),
            "properties": (BYTES, [profiles.encoded(each) for each in known.values()]),
        }
        with registered(self.connection, "incoming_groups", table(columns)):
            self.connection.execute(SQL["drop_groups"])
            self.connection.execute(SQL["store_groups"])

    def lookup(self, **column: tuple[Any, Sequence[Any]]) -> AbstractContextManager[None]:
        """Provide a temporary table `wanted` with one column."""
        return registered(self.connection, "wanted", table(column))


def _read_keys(connection: DuckDBPyConnection, folder: Path | None) -> KnownKeys:
    """Return all keys of the file, sorted by DuckDB, which does not block other threads."""
    batches = RecordBatchReader.from_stream(connection.sql(SQL["keys"]))
    pieces = (BUFFER_OF(batch.column(0)) for batch in batches)
    return KnownKeys(spill(map(memoryview, pieces), folder))
