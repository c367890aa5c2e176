"""Watches over agents: checks their health, rests, drains and ends them in time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

from missioncontrol.application.agents import Agents
from missioncontrol.application.journal import Entry
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.lifecycle.commands import (
    ReportDrained,
    ReportReady,
    ReportUnfit,
    RestAgent,
)
from missioncontrol.domain.lifecycle.states import (
    AgentLife,
    Draining,
    Ready,
    Resting,
    Starting,
)
from missioncontrol.ports.agent import Agent, AttemptFailed
from missioncontrol.ports.agent_kind import AgentKind, Proof, Workshop
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.workers import is_remote
from missioncontrol.runtime.breaker import Breaker
from missioncontrol.runtime.expiry import ElevationExpiry
from missioncontrol.runtime.registry import Registered, Registry

PROBE_SECONDS_MAX = 60.0
REST_SECONDS = 30.0
"""After the first row of failures; each further one is twice as long, up to an hour."""

DRAINED_LOOK_SECONDS = 0.1

EndWork = Callable[[str, str], Awaitable[None]]
"""Ends all attempts of an agent, for a reason; returns once they have stopped."""


class Supervisor:
    """Makes what runs here agree with what the log says of each agent."""

    def __init__(
        self,
        agents: Agents,
        registry: Registry,
        kinds: Mapping[str, AgentKind],
        workshop: Callable[[Declaration], Workshop],
        clock: Clock,
        *,
        end_work: EndWork,
        feed: Callable[[], None],
        report: Callable[[str, Exception], None],
    ) -> None:
        """`feed` makes steps look for an agent again; `report` is called for own faults."""
        self._agents = agents
        self._registry = registry
        self._kinds = kinds
        self._workshop = workshop
        self._clock = clock
        self._end_work = end_work
        self._feed = feed
        self._report = report
        self.remote: AgentKind | None = None
        """Makes and proves the agents that workers carry out."""
        self._breaker = Breaker()
        self._elevation_expiry = ElevationExpiry(agents, clock)
        self._tending: dict[str, asyncio.Task[None]] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Take every agent up from where it stands."""
        self._loop = asyncio.get_running_loop()
        self._agents.listeners.append(self.follow)
        for life in list(self._agents.lives()):
            self.follow(life.name)

    async def stop(self) -> None:
        """Stop watching; open health checks are repeated at the next start."""
        if self.follow in self._agents.listeners:
            self._agents.listeners.remove(self.follow)
        tasks = [*self._tending.values(), *self._ending.values()]
        self._tending.clear()
        self._elevation_expiry.stop()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def settle(self, name: str) -> None:
        """Check the health of an agent that is not watched."""
        if self._loop is None:
            life = self._agents.life(name)
            if isinstance(life.standing, Starting | Draining):
                await self._tend(life)

    def follow(self, name: str) -> None:
        """Do what the present standing of an agent asks for."""
        if self._loop is None:
            return
        tending = self._tending.pop(name, None)
        if tending is not None and tending is not asyncio.current_task():
            tending.cancel()
        try:
            life = self._agents.life(name)
        except NotFound:
            self._registry.remove(name)
            self._breaker.forget(name)
            self._elevation_expiry.forget(name)
            return
        self._elevation_expiry.follow(life)
        ending = self._ending.get(name)
        if life.may_begin and ending is None:
            self._start_agent(life)
            return
        self._registry.close(name, self._card(life))
        if isinstance(life.standing, Starting | Resting | Draining):
            self._tending[name] = self._loop.create_task(self._tend(life))
        elif ending is None and self._registry.leased(name):
            self._ending[name] = self._loop.create_task(self._end(life))

    async def _end(self, life: AgentLife) -> None:
        """End all that an agent works on; only then may it start again."""
        try:
            await self._end_work(life.name, f"The agent {life.name!r} is stopped.")
        except Exception as error:  # noqa: BLE001 - the edge: one agent must not stop the others
            self._report(life.name, error)
        finally:
            del self._ending[life.name]
        if self._agents.life(life.name).may_begin:
            self.follow(life.name)

    def _start_agent(self, life: AgentLife) -> None:
        if life.source == "built_in":
            self._registry.open(life.name, life.declared.scale)
        else:
            try:
                agent, card = self._made(life)
            except MissionControlError as error:
                self._agents.report(life.name, RestAgent(error.reason, REST_SECONDS))
                return
            self._registry.add(
                Registered(life.name, agent, life.declared.scale, card, life.declared)
            )
            self._breaker.watch(life.name)
        self._feed()

    def _card(self, life: AgentLife) -> AgentCard | None:
        kind = self._kinds.get(life.declared.kind)
        with contextlib.suppress(MissionControlError):
            return kind.card(life.declared) if kind is not None else None
        return None

    def _made(self, life: AgentLife) -> tuple[Agent, AgentCard]:
        card = self._kind(life.declared).card(life.declared)
        maker = self._maker(life.declared)
        return maker.make(life.declared, self._workshop(life.declared)), card

    def _maker(self, declared: Declaration) -> AgentKind:
        """Return what makes an agent and proves that it works, wherever it is carried out."""
        if self.remote is not None and is_remote(declared):
            return self.remote
        return self._kind(declared)

    def _kind(self, declared: Declaration) -> AgentKind:
        kind = self._kinds.get(declared.kind)
        if kind is None:
            raise NotFound(
                "agent.unknown_kind",
                f"Agent {declared.name!r} is of kind {declared.kind!r}, which is not known here.",
                hint=f"Known are {', '.join(sorted(self._kinds))}; a package may be missing.",
            )
        return kind

    async def _tend(self, life: AgentLife) -> None:
        try:
            match life.standing:
                case Starting():
                    await self._prove(life)
                case Resting(until=until):
                    await asyncio.sleep(max(0.0, until - self._clock.now()))
                    await self._prove_again(life)
                case Draining(deadline=deadline):
                    await self._drain(life, deadline)
        except Exception as error:  # noqa: BLE001 - the edge: one agent must not stop the others
            self._report(life.name, error)

    async def _prove(self, life: AgentLife) -> None:
        """Ask an agent whether it works, and tell the answer."""
        answer = await self._check_health(life.declared, PROBE_SECONDS_MAX)
        if isinstance(answer, Proof):
            self._agents.report(life.name, ReportReady(answer.version, answer.said))
        else:
            self._agents.report(life.name, answer)

    async def _prove_again(self, life: AgentLife) -> None:
        """Resume a resting agent if its health check passes, else continue its rest."""
        if life.source == "built_in":
            self._agents.report(life.name, ReportReady(life.version))
            return
        answer = await self._check_health(life.declared, PROBE_SECONDS_MAX)
        if isinstance(answer, Proof):
            self._agents.report(life.name, ReportReady(answer.version, answer.said))
        else:
            self._agents.report(life.name, RestAgent(answer.reason, REST_SECONDS))

    async def _check_health(self, declared: Declaration, seconds: float) -> Proof | ReportUnfit:
        try:
            async with asyncio.timeout(max(0.1, seconds)):
                kind, workshop = self._maker(declared), self._workshop(declared)
                return await kind.prove(declared, workshop, round_trip=False)
        except TimeoutError:
            return ReportUnfit(
                "agent.silent",
                f"Agent {declared.name!r} did not answer in time.",
                f"`mission agent test {declared.name}` shows what it does.",
            )
        except AttemptFailed as failure:
            return ReportUnfit(failure.code, failure.reason, failure.hint)
        except MissionControlError as error:
            return ReportUnfit(error.code, error.reason, error.hint)
        except Exception as error:  # noqa: BLE001 - the edge: an adapter may raise anything
            reason = f"The adapter {declared.kind!r} raised {type(error).__name__}: {error}"
            return ReportUnfit("agent.crashed", reason)

    async def _drain(self, life: AgentLife, deadline: float) -> None:
        while self._registry.leased(life.name):
            left = deadline - self._clock.now()
            if left <= 0:
                await self._end_work(life.name, "It did not end its work in time.")
                break
            await asyncio.sleep(min(left, DRAINED_LOOK_SECONDS))
        self._agents.report(life.name, ReportDrained())

    # What attempts tell.

    def take(self, entries: Sequence[Entry]) -> None:
        """Pause an agent that keeps failing."""
        for name, reason, has_worked in self._breaker.take(entries, self._agents.pending):
            life = self._agents.life(name)
            if isinstance(life.standing, Ready):
                self._agents.report(name, RestAgent(reason, REST_SECONDS, has_worked))
