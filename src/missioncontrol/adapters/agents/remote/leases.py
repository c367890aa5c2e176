"""Which worker has which attempt: compared with what each of them says that it holds."""

from collections import OrderedDict
from collections.abc import Iterator

from missioncontrol.adapters.agents.remote.attempt import RemoteAttempt, StoredProgress
from missioncontrol.adapters.agents.remote.roster import Worker
from missioncontrol.ports.workers import Given, Lease, Orders, Poll

MISSED_MAX = 2
"""Polls in a row that do not name a lease until the worker has lost it."""

REMEMBERED = 10_000
"""Leases whose end was taken in, so that it is not taken for a late one when it is told again."""


class Leases:
    """All attempts that workers have, are to have, or may come back with."""

    def __init__(self) -> None:
        """Nobody has anything."""
        self.assigned: dict[Lease, RemoteAttempt] = {}
        self.returning: dict[Lease, StoredProgress] = {}
        """What engines before this one gave out, with what they took in of it."""
        self._ended: OrderedDict[Lease, None] = OrderedDict()

    def drop(self, held: RemoteAttempt) -> None:
        """Let an attempt go; one whose end its worker told is remembered for a while."""
        del self.assigned[held.lease]
        if held.has_ended:
            self.remember(held.lease)

    def remember(self, lease: Lease) -> None:
        """Take note that the end of an attempt was taken in; the next time nothing follows."""
        self._ended[lease] = None
        while len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)

    def has_ended(self, lease: Lease) -> bool:
        """Whether the end of an attempt was taken in here."""
        return lease in self._ended

    def all(self) -> list[RemoteAttempt]:
        """Return all attempts, oldest first."""
        return list(self.assigned.values())

    def of(self, worker: str) -> list[RemoteAttempt]:
        """Return the attempts that a worker has."""
        return [each for each in self.all() if each.worker == worker]

    def compare(self, worker: Worker, poll: Poll) -> None:
        """Take in what a worker says that it holds, and what it asks."""
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
        """Return what differs between what a worker holds and what it is to hold."""
        ending = {each.lease for each in poll.holds if each.is_ending}
        found = [self.assigned.get(each.lease) for each in poll.holds]
        ours = [each for each in found if each is not None and each.worker == worker.who.name]
        numbers = {each.lease: {q.number for q in each.questions} for each in poll.holds}
        return Orders(
            give=tuple(self._to_give(worker)),
            cancel=tuple(e.lease for e in ours if e.is_recalled and e.lease not in ending),
            lost=tuple(self._strange(worker, poll)),
            answers=tuple(
                answer
                for each in ours
                for number, answer in each.answers.items()
                if number in numbers[each.lease]
            ),
            drain=worker.is_to_drain and not poll.is_draining,
        )

    def _strange(self, worker: Worker, poll: Poll) -> Iterator[Lease]:
        """Return what a worker holds and must not go on with."""
        for each in poll.holds:
            held = self.assigned.get(each.lease)
            is_theirs = held is not None and held.worker == worker.who.name
            is_known = each.lease in self.returning or each.lease in self._ended
            if not (each.is_ending or is_theirs or is_known):
                yield each.lease

    def _to_give(self, worker: Worker) -> Iterator[Given]:
        """Return what a worker is to begin, what it may not have heard of yet included."""
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
    """Think about a lease that a worker was given and does not name."""
    held.missed += 1
    if held.is_confirmed and held.missed >= MISSED_MAX:
        held.give_up(held.lost(f"Worker {held.worker!r} no longer knows of it."))
    elif not held.is_confirmed and held.is_recalled:
        held.give_up(held.lost("It never began."))
    # Else it is given again: the answer was lost, and nothing was begun.
