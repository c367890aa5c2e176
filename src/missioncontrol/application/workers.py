"""Workers as the rest of the house knows them: what they offer, and what they say too late."""

from collections.abc import AsyncIterator, Callable

import msgspec

from missioncontrol.application.agents import Agents
from missioncontrol.application.asks import PROGRAMS_OWN
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import ENGINE, READ_AT_ONCE, Journal
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import SCALE_MAX, Capability, Declaration, Limits
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.lifecycle.commands import LoseAgent, ReportReady, StartAgent
from missioncontrol.domain.lifecycle.states import AgentLife, Failed, Lost, Ready
from missioncontrol.domain.register import Event, decode
from missioncontrol.domain.run.commands import ReportUsage
from missioncontrol.domain.run.events import (
    AttemptInterrupted,
    Failure,
    StepFailed,
    StepStarted,
    UsageReported,
)
from missioncontrol.domain.run.states import Run, Working
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.ports.output_store import OutputStore
from missioncontrol.ports.wire import Done, Refused, Used
from missioncontrol.ports.workers import (
    ANYWHERE,
    KIND,
    Introduction,
    Lease,
    Numbered,
    Workforce,
    agent_there,
    is_remote,
    location_of,
)

ABSENT = "worker.absent"
LINES_AT_ONCE = 5_000
LATE_MAX = 1_000
"""Lost attempts that may report more usage late, and are in memory at once."""


class Workers:
    """Declares what workers offer, and follows whether they report."""

    def __init__(
        self,
        agents: Agents,
        force: Workforce,
        journal: Journal,
        execution: Execution,
        *,
        is_settling: Callable[[], bool],
    ) -> None:
        """`is_settling` tells whether workers may still be on their way to a new engine."""
        self._agents = agents
        self._force = force
        self._journal = journal
        self._execution = execution
        self._is_settling = is_settling
        self._covered: dict[Lease, Usage] = {}  # what is left of estimates of lost attempts
        self._seen_here: set[str] = set()  # agents that a worker of this engine carried out
        force.joined = self.join
        force.late = self.take_late
        force.changed = self.follow

    # What they offer.

    async def join(self, who: Introduction) -> None:
        """Declare the agents that a worker offers here, and start those that waited for it."""
        for offer in who.offers:
            if not self._is_known(offer.card, who.name):
                await self._declare(offer.card, who)
        self.follow()
        for life in list(self._agents.lives()):
            standing = life.standing
            waits = isinstance(standing, Failed) and standing.code == ABSENT
            if waits and self._is_offered(life):
                start = StartAgent(f"Worker {who.name!r} came.", name=life.name)
                await self._agents.change(start, actor=ENGINE)

    def _is_known(self, card: AgentCard, worker: str) -> bool:
        """Whether just this agent is declared by another source than a worker."""
        return any(
            is_remote(life.declared)
            and life.source != "worker"
            and agent_there(life.declared) == card.name
            and location_of(life.declared) in (worker, ANYWHERE)
            for life in self._agents.lives()
        )

    async def _declare(self, card: AgentCard, who: Introduction) -> None:
        """Declare an agent under its own name, or with the worker's before it."""
        lives = {life.name: life for life in self._agents.lives()}
        name = card.name
        if name in lives and lives[name].source != "worker":
            name = f"{who.name}-{card.name}"
        known = lives.get(name)
        location = who.name
        if known is not None and known.source != "worker":
            return  # Another agent has the longer name.
        if known is not None and location_of(known.declared) != who.name:
            location = ANYWHERE  # Several workers carry it out.
        scale = min(SCALE_MAX, self._force.scale(card.name, location))
        declared = _declaration(name, card, location, scale)
        await self._agents.declare(declared, "worker", replace=True)
        if known is None:
            start = StartAgent(f"Worker {who.name!r} offers it.", name=name)
            await self._agents.change(start, actor=ENGINE)

    # Whether they report.

    def follow(self) -> None:
        """Mark agents as lost whose workers are silent, and as ready again when one reports."""
        if not self._is_settling():
            self._execution.tool_permissions.take_back_left()
        for life in list(self._agents.lives()):
            if not is_remote(life.declared):
                continue
            is_alive = self._is_offered(life)
            if is_alive:
                self._seen_here.add(life.name)
            may_lose = life.name in self._seen_here or not self._is_settling()
            if is_alive and isinstance(life.standing, Lost):
                self._agents.report(life.name, ReportReady(life.version, life.said))
            elif not is_alive and may_lose and isinstance(life.standing, Ready):
                reason = f"No worker that runs it is connected at {life.declared.location!r}."
                self._agents.report(life.name, LoseAgent(reason))

    def _is_offered(self, life: AgentLife) -> bool:
        declared = life.declared
        return is_remote(declared) and self._force.offers(
            agent_there(declared), location_of(declared)
        )

    # What outlasts an engine.

    def may_return(self, run: Run, working: Working) -> bool:
        """Whether an attempt may still be at work elsewhere, for the next engine to take up."""
        if run.cancel_reason is not None:
            return False
        if any(step.agent == PROGRAMS_OWN for step in run.steps.values()):
            return False  # Its own program resumes it, and admits no workers.
        try:
            life = self._agents.life(working.agent)
        except NotFound:
            return False
        return is_remote(life.declared) and isinstance(life.standing, Ready)

    async def count_usages(self, lease: Lease) -> int:
        """Return how often the log tells of usage that an attempt reported."""
        counted = await self._read_usage(lease)
        return counted.in_time + counted.late

    async def _events(self, run: str) -> AsyncIterator[Event]:
        """Yield what the log tells of a run."""
        after = 0
        while True:
            rows = await self._journal.store.read_stream(run, after=after, limit=READ_AT_ONCE)
            for row in rows:
                yield decode(row.type, row.schema, row.body)
                after = row.version
            if len(rows) < READ_AT_ONCE:
                return

    # What comes too late.

    async def take_late(self, worker: str, lease: Lease, numbered: Numbered) -> bool:
        """Refuse a message of an attempt that lost its lease, and record that.

        What it used was used all the same, and counts, once. A worker that can't have had the
        attempt is not listened to: False.
        """
        message = numbered.message
        if not isinstance(message, Done | Refused | Used):
            return False
        is_here = lease.run in self._journal.runs
        try:
            run = await self._journal.load_run(lease.run)
            holder = run.working.get(lease.step)
            is_held = holder is not None and holder.fence == lease.fence
            if is_held or not await self._was_at(worker, lease):
                return False  # Who holds it says so by itself.
            await self._record_late(lease, message, numbered.usage)
        except MissionControlError:
            return False  # There is no such run or step; nothing can be recorded of it.
        else:
            return True
        finally:
            if not is_here:
                self._journal.forget(lease.run)

    async def _was_at(self, worker: str, lease: Lease) -> bool:
        """Whether an attempt was given out under that fence, to an agent of that worker."""
        async for event in self._events(lease.run):
            if isinstance(event, StepStarted) and event.fence == lease.fence:
                declared = self._agents.life(event.agent).declared
                is_there = location_of(declared) in (worker, ANYWHERE)
                return event.step == lease.step and is_remote(declared) and is_there
        return False

    async def _record_late(self, lease: Lease, message: Done | Refused | Used, usage: int) -> None:
        where = (lease.run, lease.step, lease.fence)
        match message:
            case Used():
                await self._journal.durable()
                await self._charge_late(lease, message, usage)
            case Done():
                self._execution.success(*where, message.work)
            case Refused():
                failure = Failure(message.code, message.reason, message.hint)
                self._execution.failure(*where, failure)

    async def _charge_late(self, lease: Lease, message: Used, number: int) -> None:
        """Charge what an attempt used beyond what its loss was charged with, once.

        What was covered is written down as well, with no usage: messages are known by their count.
        """
        counted = await self._read_usage(lease)
        if number <= counted.in_time + counted.late:
            return
        # After a restart it is unknown how much of the estimate earlier reports used up: rather
        # charge a part of it twice than lose later usage.
        left = self._covered.pop(lease, counted.estimate if not counted.late else NO_USAGE)
        more, self._covered[lease] = _beyond(message.usage, left)
        while len(self._covered) > LATE_MAX:
            del self._covered[next(iter(self._covered))]
        if more == NO_USAGE:
            report = ReportUsage(lease.step, lease.fence, NO_USAGE, message.model)
            self._execution.tell(lease.run, report)
        else:
            self._execution.usage(lease.run, lease.step, lease.fence, more, message.model)

    async def _read_usage(self, lease: Lease) -> "_ReportedUsage":
        """Read from the log the reported usage of an attempt, and what its loss cost."""
        in_time, late, estimate, has_ended = 0, 0, NO_USAGE, False
        async for event in self._events(lease.run):
            if getattr(event, "fence", None) != lease.fence:
                continue
            match event:
                case UsageReported(estimated=True) if not has_ended:
                    estimate += event.usage
                case UsageReported(estimated=False):
                    late, in_time = late + has_ended, in_time + (not has_ended)
                    estimate = estimate if has_ended else NO_USAGE  # That was of an earlier call.
                case AttemptInterrupted() | StepFailed():
                    has_ended = True
                case _:
                    pass
        return _ReportedUsage(in_time, late, estimate if has_ended else NO_USAGE)


class _ReportedUsage(msgspec.Struct, frozen=True):
    """What the log tells of the usage of an attempt."""

    in_time: int  # reports before it was lost
    late: int  # and after that
    estimate: Usage  # what was charged when it was lost


def _beyond(usage: Usage, covered: Usage) -> tuple[Usage, Usage]:
    """Return what of a usage was not charged yet, and what is left of what was."""
    least = min(usage.tokens, covered.tokens)
    put_in = max(usage.input_tokens - least, 0)
    out = usage.tokens - least - put_in
    cost, paid = usage.cost, covered.cost or 0
    if cost is None and usage.tokens == least:
        cost = 0  # All of its tokens were charged, with what they cost.
    more = NO_USAGE
    if put_in or out or max((cost or 0) - paid, 0):
        more = Usage(put_in, output_tokens=out, cost=None if cost is None else max(cost - paid, 0))
    left = Usage(covered.tokens - least, cost=max(paid - (cost or 0), 0))
    return more, left


def count_lines(store: OutputStore, run: str, step: str, working: Working) -> int:
    """Return how many lines of an attempt are stored.

    An attempt that was interrupted and one of an earlier round may have had the same number; what
    they reported was reported before.
    """
    count, after, since = 0, 0, int(working.since * 1_000_000)
    while lines := store.read(run, step=step, after=after, limit=LINES_AT_ONCE):
        count += sum(line.attempt == working.attempt and line.time >= since for line in lines)
        after = lines[-1].sequence
    return count


def _declaration(name: str, card: AgentCard, location: str, scale: int) -> Declaration:
    most = card.spending
    limits = Limits()
    if most is not None:
        limits = Limits(
            input_tokens=most.input_tokens,
            output_tokens=most.output_tokens,
            by_call=most.by_call,
        )
    return Declaration(
        name,
        KIND,
        settings={"agent": card.name},
        description=card.description,
        capabilities=tuple(map(Capability, card.capabilities)),
        inputs=card.inputs,
        output=card.output,
        effects=card.effects,
        model=most.model if most is not None else "",
        location=location,
        scale=scale,
        limits=limits,
    )
