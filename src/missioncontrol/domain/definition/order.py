"""Which steps of a workflow come before which, and the circles that forbid an order."""

from collections.abc import Mapping
from itertools import pairwise

from missioncontrol.domain.definition.definition import Definition
from missioncontrol.domain.definition.fault import Faults
from missioncontrol.domain.graph import find_cycle

CYCLES_MAX = 10
CYCLIC_STEPS_MAX = 2000
"""In a longer file with a cycle, only the cycle is reported: mend it first."""

Needs = Mapping[str, tuple[str, ...]]


class Order:
    """All that steps need, directly or through others."""

    def __init__(self, needs: Needs) -> None:
        """`needs` names steps of the workflow only."""
        self.needs = needs
        self.cycles = cycles(needs)
        self.steps = _free(needs)
        # One bit a step: sets of names would take gigabytes for a chain of ten thousand.
        self._bit = {key: 1 << place for place, key in enumerate(needs)}
        self._before: dict[str, int] = {}
        for key in self.steps:
            self._before[key] = self._gathered(key)

    def _gathered(self, key: str) -> int:
        before = 0
        for need in self.needs[key]:
            before |= self._bit[need] | self._before[need]
        return before

    def is_before(self, first: str, then: str) -> bool:
        """Whether `then` needs `first`, directly or through others."""
        if then not in self._before:
            self._before[then] = self._walked(then)
        return bool(self._before[then] & self._bit[first])

    def _walked(self, key: str) -> int:
        if len(self.needs) > CYCLIC_STEPS_MAX:
            return (1 << len(self.needs)) - 1
        found: set[str] = set()
        todo = [key]
        while todo:
            for need in self.needs[todo.pop()]:
                if need not in found:
                    found.add(need)
                    todo.append(need)
        return sum(self._bit[each] for each in found)


def _free(needs: Needs) -> list[str]:
    """Return the steps that are in no circle and behind none, each after what it needs."""
    waiting = {key: len(wanted) for key, wanted in needs.items()}
    followers: dict[str, list[str]] = {key: [] for key in needs}
    for key, wanted in needs.items():
        for need in wanted:
            followers[need].append(key)
    free = [key for key, count in waiting.items() if count == 0]
    for key in free:  # It grows while it is gone through.
        for follower in followers[key]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                free.append(follower)
    return free


def cycles(needs: Needs) -> list[list[str]]:
    """Return circles that share no step, each in order from its first step in `needs`."""
    left = dict(needs)
    found: list[list[str]] = []
    while len(found) < CYCLES_MAX and (cycle := find_cycle(left)):
        ring = cycle[:-1]
        first = min(range(len(ring)), key=lambda place: _place(needs, ring[place]))
        ring = ring[first:] + ring[:first]
        found.append([*ring, ring[0]])
        left = {key: wanted for key, wanted in left.items() if key not in ring}
    return found


def _place(needs: Needs, key: str) -> int:
    return list(needs).index(key)


def check_order(definition: Definition, order: Order, faults: Faults) -> None:
    """Take down circles of steps, each whole and in order."""
    for cycle in order.cycles:
        handled = [
            f"{key!r} waits for {need!r} because it handles its failure"
            for key, need in pairwise(cycle)
            if need not in definition.steps[key].needs
        ]
        reason = f" ({'; '.join(handled)})" if handled else ""
        first, second = cycle[:2]
        by_need = second in definition.steps[first].needs
        faults.add(
            ("steps", first, "needs") if by_need else ("steps", second, "on_failure"),
            f"Steps wait for each other in a circle: {' → '.join(cycle)}{reason}.",
            "Each step waits for the next: remove one of these dependencies.",
        )
