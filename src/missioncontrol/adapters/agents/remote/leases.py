"""Assigns attempts to workers, and compares the assignment with what workers report."""

from collections import OrderedDict
from collections.abc import Iterator

from missioncontrol.adapters.agents.remote.attempt import RemoteAttempt, StoredProgress
from missioncontrol.adapters.agents.remote.roster import Worker
from missioncontrol.ports.workers import Given, Lease, Orders, Poll

MISSED_MAX = 2
"""Polls in a row without a lease after which the worker has lost it."""

REMEMBERED = 10_000
"""Most ended leases that are remembered, to recognise a repeated report of the end."""


class Leases:
    """All attempts that workers have, will get, or may return with."""

    def __init__(self) -> None:
        """Start without attempts."""
        self.assigned: dict[Lease, RemoteAttempt] = {}
        self.returning: dict[Lease, StoredProgress] = {}
        """Attempts assigned by an earlier engine, with the progress that it stored."""
        self._ended: OrderedDict[Lease, None] = OrderedDict()

    def drop(self, held: RemoteAttempt) -> None:
        """Remove an attempt; remember it for a while if its worker reported the end."""
        del self.assigned[held.lease]
        if held.has_ended:
            self.remember(held.lease)

    def remember(self, lease: Lease) -> None:
        """Remember that the end of an attempt is processed, so a repetition has no effect."""
        self._ended[lease] = None
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    def has_ended(self, lease: Lease) -> bool:
        """Whether the end of an attempt is processed."""
        return lease in self._ended

    def all(self) -> list[RemoteAttempt]:
        """Return all attempts, oldest first."""
        return list(self.assigned.values())

    def of(self, worker: str) -> list[RemoteAttempt]:
        """Return the attempts of a worker."""
        return [each for each in self.all() if each.worker == worker]

    def compare(self, worker: Worker, poll: Poll) -> None:
        """Process the leases and questions that a worker reports."""
        for each in poll.holds:
            held = self.assigned.get(each.lease)
            if held is not None and held.is_at(worker.who.name):
                held.bind(worker.who.name, each.heard)
                held.ask(each, worker.news.set)
        named = {each.lease for each in poll.holds}
        for held in self.of(worker.who.name):
            if held.lease not in named:
                _miss(held)

    def orders(self, worker: Worker, poll: Poll) -> Orders:
        """Return the difference between the leases that a worker has and should have."""
        ending = {each.lease for each in poll.holds if each.is_ending}
        found = [self.assigned.get(each.lease) for each in poll.holds]
        ours = [each for each in found if each is not None and each.worker == worker.who.name]
        numbers = {each.lease: {q.number for q in each.questions} for each in poll.holds}
        return Orders(
            give=tuple(self._to_give(worker)),
            cancel=tuple(e.lease for e in ours if e.is_recalled and e.lease not in ending),
            lost=tuple(self._lost(worker, poll)),
            answers=tuple(
                answer
                for each in ours
                for number, answer in each.answers.items()
                if number in numbers[each.lease]
            ),
            drain=worker.is_to_drain and not poll.is_draining,
        )

    def _lost(self, worker: Worker, poll: Poll) -> Iterator[Lease]:
        """Yield the leases of a worker that it must not continue."""
        for each in poll.holds:
            held = self.assigned.get(each.lease)
            is_theirs = held is not None and held.worker == worker.who.name
            is_known = each.lease in self.returning or each.lease in self._ended
            if not (each.is_ending or is_theirs or is_known):
                yield each.lease

    def _to_give(self, worker: Worker) -> Iterator[Given]:
        """Yield the attempts that a worker should start, with those it may not know of yet."""
        unheard = [each for each in self.of(worker.who.name) if not each.is_confirmed]
        for held in unheard:
            if not held.is_recalled:
                yield Given(held.lease, held.agent, held.assignment)
        if worker.is_draining or worker.is_to_drain:
            return
        room = worker.room - len(unheard)
        for held in self.all():
            if room <= 0:
                return
            if self._may_take(worker, held):
                held.worker = worker.who.name
                room -= 1
                yield Given(held.lease, held.agent, held.assignment)

    def _may_take(self, worker: Worker, held: RemoteAttempt) -> bool:
        if held.worker or held.is_returning or held.is_recalled or held.result.done():
            return False
        if not worker.carries_out(held.agent, held.location):
            return False
        at_work = sum(each.agent == held.agent for each in self.of(worker.who.name))
        return at_work < worker.scale_of(held.agent)


def _miss(held: RemoteAttempt) -> None:
    """Handle a lease that is missing in the report of its worker."""
    held.missed += 1
    if held.is_confirmed and held.missed >= MISSED_MAX:
        held.fail(held.lost(f"Worker {held.worker!r} no longer knows of it."))
    elif not held.is_confirmed and held.is_recalled:
        held.fail(held.lost("It never started."))
    # Otherwise it is assigned again: the answer was lost, so nothing has started.
