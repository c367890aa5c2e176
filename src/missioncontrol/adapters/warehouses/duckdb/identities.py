"""Identity resolution: which ids of users and devices belong to one person."""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

IDS_MAX = 400_000
"""Ids in the cache; beyond it the cache is cleared and filled from the file again."""

MADE = re.compile(r"(?i)[0-9a-f]+(-[0-9a-f]+){4}|[0-9a-f]{32}")
MADE_MIN = 32
"""Length of an id that a library generates at random, so that it can't be guessed."""

Key = Callable[[str, str], int]


def is_made(id_: str) -> bool:
    """Whether an id has the random form of those from Segment's and PostHog's libraries."""
    return len(id_) >= MADE_MIN and MADE.fullmatch(id_) is not None


class NewId(msgspec.Struct, frozen=True, gc=False):
    """An id seen for the first time."""

    product: str
    id: str
    key: int
    person: int


class IdentifiedPerson(msgspec.Struct, gc=False):
    """A person who is new or has a new label in this commit."""

    product: str
    label: str
    is_named: bool
    is_new: bool


class Identities:
    """Resolves the ids of each commit; only the writer thread uses it.

    Before the events of a commit, the caller loads the ids that `missing` returns and passes them
    to `learn`.
    """

    def __init__(self, key: Key) -> None:
        """`key` returns the salted key of a product's id."""
        self._key = key
        self._ids: dict[str, dict[str, int]] = {}
        self._count = 0
        self._devices: set[int] = set()  # cached people without a user id
        self._into: dict[int, int] = {}  # merged people and their successors
        self.last_person = 0
        self.new_ids: list[NewId] = []
        self.people: dict[int, IdentifiedPerson] = {}
        self.moves: list[tuple[int, int]] = []  # (old, new) people of this commit, in order

    def forget_all(self, last_person: int) -> None:
        """Clear the cache: the file was changed by other means, or a commit failed."""
        self._ids.clear()
        self._count = 0
        self._devices.clear()
        self._into.clear()
        self.last_person = last_person
        self.begin()

    def begin(self) -> None:
        """Start a commit."""
        if self._count > IDS_MAX:
            last = self.last_person
            self._count = 0
            self.forget_all(last)
        self.new_ids, self.people, self.moves = [], {}, []

    def missing(self, product: str, ids: Iterable[str]) -> list[tuple[str, str, int]]:
        """Return product, id and key of the ids that are not cached."""
        known = self._ids.setdefault(product, {})
        return [(product, each, self._key(product, each)) for each in ids if each not in known]

    def learn(self, rows: Sequence[tuple[str, str, int, bool]]) -> None:
        """Cache rows of the file: product, id, person, and whether a user id names the person."""
        for product, id_, person, is_named in rows:
            self._ids.setdefault(product, {})[id_] = person
            if not is_named:
                self._devices.add(person)
        self._count += len(rows)

    def person(self, product: str, user: str, anonymous: str, alias: str) -> int:
        """Return the person of an event, and connect the ids that it names together."""
        known = self._ids[product]
        if not (user and anonymous):
            found = known.get(user or anonymous)
            if found is None:
                found = self._new(product, user or anonymous, is_named=bool(user))
        else:
            found = known.get(user)
            if found is None or found != known.get(anonymous):
                found = self._met(product, user, anonymous)
        if found in self._into:
            found = self.final(found)
        if user and found in self._devices:
            self._name(product, found, user)
        return self._aliased(product, found, alias) if alias else found

    def is_same(self, product: str, one: str, other: str) -> bool:
        """Whether two ids are known to belong to one person."""
        mine = self.at_hand(product, one)
        return mine is not None and mine == self.at_hand(product, other)

    def is_device(self, product: str, id_: str) -> bool:
        """Whether an id is a random one of a device without a known user.

        An id of another form may become a user's later, even if a device uses it now.
        """
        return is_made(id_) and self.at_hand(product, id_) in self._devices

    def final(self, person: int) -> int:
        """Return the person after all merges."""
        into = self._into
        while person in into:
            person = into[person]
        return person

    def at_hand(self, product: str, id_: str) -> int | None:
        """Return the person of a cached id."""
        found = self._ids.get(product, {}).get(id_)
        return self.final(found) if found is not None else None

    def _met(self, product: str, user: str, anonymous: str) -> int:
        """Return the person of a user at a device, which is new, anonymous or another user's."""
        known = self._ids[product]
        mine, device = known.get(user), known.get(anonymous)
        if device is None:
            mine = self.final(mine) if mine is not None else self._new(product, user, is_named=True)
            self._join(product, anonymous, mine)
            return mine
        device = self.final(device)
        is_free = device in self._devices
        if mine is None:
            if not is_free:
                return self._new(product, user, is_named=True)
            self._join(product, user, device)
            return device
        mine = self.final(mine)
        if is_free and mine != device:
            self._move(device, mine)
        return mine

    def _aliased(self, product: str, person: int, alias: str) -> int:
        other = self.at_hand(product, alias)
        if other is None:
            self._join(product, alias, person)
        elif other != person:
            if person in self._devices and other not in self._devices:
                person, other = other, person
            self._move(other, person)
        return person

    def _new(self, product: str, id_: str, *, is_named: bool) -> int:
        self.last_person += 1
        person = self.last_person
        self.people[person] = IdentifiedPerson(product, id_, is_named, is_new=True)
        if not is_named:
            self._devices.add(person)
        self._join(product, id_, person)
        return person

    def _join(self, product: str, id_: str, person: int) -> None:
        self._ids[product][id_] = person
        self._count += 1
        self.new_ids.append(NewId(product, id_, self._key(product, id_), person))

    def _name(self, product: str, person: int, user: str) -> None:
        self._devices.discard(person)
        is_new = person in self.people and self.people[person].is_new
        self.people[person] = IdentifiedPerson(product, user, is_named=True, is_new=is_new)

    def _move(self, old: int, new: int) -> None:
        self._into[old] = new
        self.moves.append((old, new))
        self._devices.discard(old)
