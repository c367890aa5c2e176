"""Who starts next: steps take turns by what they need, and calls for items wait for a place."""

from collections.abc import Callable, Iterable, Iterator

from missioncontrol.domain.step import Slot

Queue = tuple[str, tuple[Slot, ...]]
"""What a ready step needs to start: a place of its agent, and these slots."""


def any_number(_: object) -> int:
    """Say that there is room for as many as there are."""
    return 1_000_000_000


def in_turn(
    queues: dict[Queue, list[str]],
    limit: int,
    room: Callable[[str], int],
    slot_room: Callable[[Slot], int],
) -> list[str]:
    """Return at most `limit` members, one of each queue after the other, as places allow."""
    occupied = _Allocation(room, slot_room)
    chosen: list[str] = []
    turns = {queue: iter(keys) for queue, keys in queues.items()}
    while turns and len(chosen) < limit:
        for queue in list(turns):
            key = next(turns[queue], None) if occupied.leaves_room(*queue) else None
            if key is None:
                del turns[queue]
                continue
            chosen.append(key)
            occupied.take(*queue)
            if len(chosen) == limit:
                break
    return chosen


class _Allocation:
    """Places that were given out in this turn, on top of those that were in use before."""

    def __init__(self, room: Callable[[str], int], slot_room: Callable[[Slot], int]) -> None:
        self._room = room
        self._slot_room = slot_room
        self._agents: dict[str, int] = {}
        self._slots: dict[str, int] = {}  # by key: steps may give the same one other limits

    def leaves_room(self, agent: str, slots: Iterable[Slot]) -> bool:
        if self._room(agent) <= self._agents.get(agent, 0):
            return False
        return all(self._slot_room(slot) > self._slots.get(slot.key, 0) for slot in slots)

    def take(self, agent: str, slots: Iterable[Slot]) -> None:
        self._agents[agent] = self._agents.get(agent, 0) + 1
        for slot in slots:
            self._slots[slot.key] = self._slots.get(slot.key, 0) + 1


class Crowd:
    """Calls for the items of one step: those that may go on, and those that wait for a place."""

    __slots__ = ("inside", "limit", "waiting")

    def __init__(self, limit: int) -> None:
        """At most `limit` go on at once."""
        self.limit = limit
        self.inside: dict[str, None] = {}
        self.waiting: dict[str, None] = {}

    def leave(self, key: str) -> None:
        """Give the place of `key` up."""
        self.waiting.pop(key, None)
        self.inside.pop(key, None)

    def admit(self) -> Iterator[str]:
        """Yield those that get a place now, in the order of their arrival."""
        while self.waiting and len(self.inside) < self.limit:
            key = next(iter(self.waiting))
            del self.waiting[key]
            self.inside[key] = None
            yield key
