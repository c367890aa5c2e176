"""Events for tests of the warehouse, and a plain telling of who is who."""

from typing import Any

import msgspec

from missioncontrol.ports.warehouse import Captured

NOON = 1_790_000_000_000_000
MINUTE = 60_000_000


def captured(
    id_: object, name: str = "opened", *, minutes: float = 0, source: str = "web", **more: Any
) -> Captured:
    """Return an event so many minutes after noon; objects in `more` become JSON."""
    moment = NOON + int(minutes * MINUTE)
    for key, value in more.items():
        more[key] = msgspec.json.encode(value) if isinstance(value, dict) else value
    return Captured(str(id_), name, moment, more.pop("received", moment), source, **more)


class People:
    """The identities of people, updated event by event without any thought for speed."""

    def __init__(self) -> None:
        self.person_of: dict[str, int] = {}
        self.labels: dict[int, str] = {}
        self.named: set[int] = set()
        self.properties: dict[int, dict[str, Any]] = {}
        self.events: list[tuple[str, int]] = []
        self.known: set[str] = set()

    def tell(self, event: Captured) -> None:
        if event.id in self.known:
            return
        self.known.add(event.id)
        person = self._who(event.user, event.anonymous)
        if event.alias:
            other = self.person_of.get(event.alias)
            if other is None:
                self.person_of[event.alias] = person
            elif other != person:
                if person not in self.named and other in self.named:
                    person, other = other, person
                self._merge(other, person)
        self.events.append((event.id, person))
        known = self.properties[person]
        for name, value in msgspec.json.decode(event.once or b"{}").items():
            known.setdefault(name, value)
        known.update(msgspec.json.decode(event.person or b"{}"))

    def _who(self, user: str, anonymous: str) -> int:
        mine, device = self.person_of.get(user), self.person_of.get(anonymous)
        if not user:
            return device if device is not None else self._new(anonymous)
        if mine is None:
            is_free = anonymous and device is not None and device not in self.named
            mine = device if is_free and device is not None else self._new(user)
            self.person_of[user] = mine
        if mine not in self.named:
            self.named.add(mine)
            self.labels[mine] = user
        if anonymous:
            device = self.person_of.setdefault(anonymous, mine)
            if device != mine and device not in self.named:
                self._merge(device, mine)
        return mine

    def _new(self, id_: str) -> int:
        person = len(self.labels) + 1
        self.person_of[id_] = person
        self.labels[person] = id_
        self.properties[person] = {}
        return person

    def _merge(self, old: int, new: int) -> None:
        self.person_of = {
            id_: new if person == old else person for id_, person in self.person_of.items()
        }
        self.events = [(id_, new if person == old else person) for id_, person in self.events]
        self.properties[new] = {**self.properties[old], **self.properties[new]}

    def groups(self) -> set[frozenset[str]]:
        """Return the events that one person did, of everybody."""
        found: dict[int, set[str]] = {}
        for id_, person in self.events:
            found.setdefault(person, set()).add(id_)
        return {frozenset(ids) for ids in found.values()}

    def seen(self) -> dict[str, dict[str, Any]]:
        """Return what is known of everybody who did something, by their label."""
        return {self.labels[person]: self.properties[person] for _, person in self.events}
