"""The registered workers: identity, last contact, capacity, and the attempts assigned to them."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from missioncontrol.adapters.agents.remote.attempt import RemoteAttempt, StoredProgress
from missioncontrol.domain.declaration import NAME
from missioncontrol.domain.errors import Conflict, NotFound, Rejected
from missioncontrol.ports.workers import (
    AGENTS_MAX,
    ANYWHERE,
    Given,
    Introduction,
    Lease,
    Orders,
    Poll,
    WorkerSeen,
)

WORKERS_MAX = 1_000
WORDS_MAX = 200
OFFER_BYTES_MAX = 1024 * 1024
FORGET_SECONDS = 86_400.0
"""Silence after which a worker is no longer listed."""
MISSED_MAX = 2
"""Polls in a row without a lease after which the worker has lost it."""
REMEMBERED = 10_000
"""Most ended leases that are remembered, to recognise a repeated report of the end."""


def _size(who: Introduction) -> int:
    """Return the size of a registration in bytes."""
    return len(msgspec.json.encode(who))


class Worker:
    """The last known state of a worker."""

    def __init__(self, who: Introduction, now: float) -> None:
        self.who = who
        self.last_contact = now
        self.room = 0
        self.is_draining = False  # as the worker reports
        self.is_to_drain = False  # as a user requested
        self.turn = 0  # of its newest poll; an older poll gets an empty answer
        self.news = asyncio.Event()

    def carries_out(self, agent: str, location: str) -> bool:
        """Whether the worker matches `location` and offers `agent`."""
        return location in (ANYWHERE, self.who.name) and self.scale_of(agent) > 0

    def scale_of(self, agent: str) -> int:
        """Return how many attempts of `agent` it runs at once."""
        return next((each.scale for each in self.who.offers if each.card.name == agent), 0)


class WorkerRegistry:
    """The registered workers by name."""

    def __init__(self, lease_seconds: float) -> None:
        """A worker is present if its last contact is at most `lease_seconds` ago."""
        self._lease_seconds = lease_seconds
        self._workers: dict[str, Worker] = {}

    def register(self, who: Introduction, now: float) -> Worker:
        """Register a worker, or update its registration.

        Raises:
            Conflict: `worker.exists`.
            Rejected: `worker.bad_offer` or `worker.too_many`.
        """
        known = self._workers.get(who.name)
        if known is not None and known.who.instance != who.instance and self.is_present(known, now):
            raise Conflict(
                "worker.exists",
                f"A worker {who.name!r} at {known.who.location} was connected "
                f"{now - known.last_contact:.0f} s ago.",
                hint="Each worker needs a token and a name of its own.",
            )
        self._refuse_bad(who)
        if known is None or known.who.instance != who.instance:
            known = self._workers[who.name] = Worker(who, now)
        known.who, known.last_contact = who, now
        return known

    def _refuse_bad(self, who: Introduction) -> None:
        words = (who.instance, who.version, who.location, who.platform)
        for name in (each.card.name for each in who.offers):
            if not NAME.fullmatch(name):
                raise Rejected(
                    "worker.bad_offer",
                    f"The worker {who.name!r} offers an agent called {name[:80]!r}.",
                    hint="Names are small letters, digits, `-` and `_`, begin with a letter and "
                    "have at most 60 characters.",
                )
        if any(len(each) > WORDS_MAX for each in words) or _size(who) > OFFER_BYTES_MAX:
            raise Rejected(
                "worker.bad_offer",
                f"The registration of worker {who.name!r} is too long.",
                hint=f"Its location, version and platform have {WORDS_MAX} characters at most, "
                f"the whole registration {OFFER_BYTES_MAX:,} bytes.",
            )
        names = {each.card.name for each in who.offers}
        scales = [who.scale, *(each.scale for each in who.offers)]
        if len(names) != len(who.offers) or len(names) > AGENTS_MAX or min(scales) < 1:
            raise Rejected(
                "worker.bad_offer",
                f"The worker {who.name!r} offers {len(who.offers)} agents with scales {scales}.",
                hint=f"At most {AGENTS_MAX}, each once, each with a scale of 1 or more.",
            )
        if who.name not in self._workers and len(self._workers) >= WORKERS_MAX:
            raise Rejected("worker.too_many", f"There are {WORKERS_MAX:,} workers already.")

    def known(self, name: str, instance: str) -> Worker:
        """Return a registered worker.

        Raises:
            NotFound: `worker.unknown`.
        """
        found = self._workers.get(name)
        if found is None or found.who.instance != instance:
            raise NotFound("worker.unknown", f"The worker {name!r} has not registered here.")
        return found

    def find(self, name: str) -> Worker | None:
        """Return the worker called `name`, or None."""
        return self._workers.get(name)

    def all(self) -> list[Worker]:
        """Return all workers, sorted by name."""
        return [self._workers[name] for name in sorted(self._workers)]

    def drop(self, name: str) -> None:
        """Remove a worker that has left."""
        self._workers.pop(name, None)

    def forget_old(self, now: float) -> None:
        """Remove workers after a long silence."""
        for name, worker in list(self._workers.items()):
            if now - worker.last_contact > FORGET_SECONDS:
                del self._workers[name]

    def is_present(self, worker: Worker, now: float) -> bool:
        """Whether the last contact of a worker is within the time of a lease."""
        return now - worker.last_contact <= self._lease_seconds

    def seen(self, worker: Worker, now: float, load: int) -> WorkerSeen:
        """Return the status of a worker for people."""
        is_draining = worker.is_draining or worker.is_to_drain
        status = "draining" if is_draining else "present"
        who = worker.who
        return WorkerSeen(
            who.name,
            who.location,
            who.platform,
            who.version,
            tuple(sorted(each.card.name for each in who.offers)),
            load,
            who.scale,
            max(0.0, now - worker.last_contact),
            status if self.is_present(worker, now) else "silent",
            {each.card.name: each.card.version for each in who.offers if each.card.version},
        )


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
