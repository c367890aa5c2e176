"""The agents that this engine can hand work to, their slots, and who takes a waiting step."""

from collections import Counter
from itertools import islice

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.domain.agent import AgentCard, fits
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.run.commands import ClaimStep
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Slot, Step
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line

UNLIMITED = 1_000_000
LOOKED_AT_ONCE = 1_000


class Registered(msgspec.Struct, frozen=True):
    """An agent under its name."""

    name: str
    agent: Agent
    concurrency: int = UNLIMITED
    card: AgentCard | None = None  # its inputs and outputs; None where none are declared
    declared: Declaration | None = None  # what it may do; None for what is a part of the program


class Absent:
    """Stands for an agent that is declared and not at work here."""

    def __init__(self, name: str) -> None:
        """`name` is the agent's."""
        self._name = name

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        del assignment, line
        raise AttemptFailed(
            "agent.stopped",
            f"The agent {self._name!r} is not at work here.",
            hint=f"`mission agent start {self._name}` starts it.",
        )


class Registry:
    """Agents by name, and the leases that are out.

    Free places are derived from the leases themselves; nothing is counted up and down, so nothing
    can be forgotten.
    """

    def __init__(self, agents: list[Registered], *, concurrency: int) -> None:
        """`concurrency` bounds the attempts of all agents together."""
        self._agents = {registered.name: registered for registered in agents}
        self._leases: dict[str, set[tuple[str, int]]] = {name: set() for name in self._agents}
        self._unknown: set[tuple[str, int]] = set()
        self._all: set[tuple[str, int]] = set()
        self._slots: dict[str, set[tuple[str, int]]] = {}
        self._concurrency = concurrency

    def add(self, registered: Registered) -> None:
        """Take one more agent in, or another one under the same name."""
        self._agents[registered.name] = registered
        self._leases.setdefault(registered.name, set())

    def open(self, name: str, concurrency: int) -> None:
        """Set how many attempts a known agent accepts at once from now on."""
        self._agents[name] = msgspec.structs.replace(self._agents[name], concurrency=concurrency)

    def close(self, name: str, card: AgentCard | None = None) -> None:
        """Close the agent called `name` for new attempts; its steps wait until it is open.

        `card` is what it takes and gives, where that was not known yet.
        """
        known = self._agents.get(name) or Registered(name, Absent(name))
        self.add(msgspec.structs.replace(known, concurrency=0, card=known.card or card))

    def remove(self, name: str) -> None:
        """Forget an agent: its steps fail, and say so."""
        self._agents.pop(name, None)

    def leased(self, name: str) -> int:
        """How many attempts of the agent called `name` are out."""
        return len(self._leases.get(name, ()))

    def able(self, capability: str) -> list[Registered]:
        """Return the agents that say they can do something, whether or not they have room."""
        return [
            each
            for each in self._agents.values()
            if each.card is not None and capability in each.card.capabilities
        ]

    def registered(self, name: str) -> Registered | None:
        """Return all that is known of the agent called `name`, if there is one."""
        return self._agents.get(name)

    def find(self, name: str) -> Agent | None:
        """Return the agent called `name`, if there is one."""
        registered = self._agents.get(name)
        return registered.agent if registered is not None else None

    def card(self, name: str) -> AgentCard | None:
        """Return what the agent called `name` takes and gives, as far as it is known."""
        registered = self._agents.get(name)
        return registered.card if registered is not None else None

    @property
    def names(self) -> list[str]:
        """The names of all agents."""
        return sorted(self._agents)

    @property
    def free(self) -> int:
        """How many attempts may start now, by any agent."""
        return self._concurrency - len(self._all)

    def room(self, name: str) -> int:
        """How many more attempts the agent called `name` may take now.

        An unknown one may take any number: they fail at once and say so.
        """
        registered = self._agents.get(name)
        if registered is None:
            return UNLIMITED
        return registered.concurrency - len(self._leases[name])

    def slot_room(self, slot: Slot) -> int:
        """How many more attempts may share `slot` now."""
        return slot.limit - len(self._slots.get(slot.key, ()))

    def lease(self, name: str, run: str, fence: int, slots: tuple[Slot, ...] = ()) -> None:
        """Note that an attempt has begun."""
        self._all.add((run, fence))
        self._leases.get(name, self._unknown).add((run, fence))
        for slot in slots:
            self._slots.setdefault(slot.key, set()).add((run, fence))

    def release(self, name: str, run: str, fence: int, slots: tuple[Slot, ...] = ()) -> None:
        """Note that an attempt has ended; saying so twice is saying so once."""
        self._all.discard((run, fence))
        self._leases.get(name, self._unknown).discard((run, fence))
        for slot in slots:
            holders = self._slots.get(slot.key, set())
            holders.discard((run, fence))
            if not holders:
                self._slots.pop(slot.key, None)


class Claiming:
    """Assigns steps to agents that can do them now."""

    def __init__(self, registry: Registry, execution: Execution) -> None:
        """Both are shared with the engine."""
        self._registry = registry
        self._execution = execution

    def claim(self, run: Run) -> None:
        """Hand the steps of `run` that wait for a place to agents that have one."""
        claimed: Counter[str] = Counter()
        waiting = (key for key in (*run.ready, *run.resting) if key in run.claimable)
        for key in islice(waiting, LOOKED_AT_ONCE):
            step = run.steps[key]
            if self._registry.room(step.agent) > claimed[step.agent]:
                claimed[step.agent] += 1
                continue
            other = self._other(step, claimed)
            if other:
                self._execution.tell(run.id, ClaimStep(key, other))
                claimed[other] += 1

    def _other(self, step: Step, claimed: Counter[str]) -> str:
        """Return the agent with most room that does what `step` asks for, or an empty text."""
        present = self._registry.registered(step.agent)
        able = [
            (self._registry.room(each.name) - claimed[each.name], each.name)
            for each in self._registry.able(step.capability)
            if each.name != step.agent and _may_stand_in(each, present, step)
        ]
        room, name = max(able, default=(0, ""))
        return name if room > 0 else ""


def _may_stand_in(other: Registered, present: Registered | None, step: Step) -> bool:
    """Whether `other` takes and hands back the same, at the same worst case, and may do it."""
    if other.declared is not None and step.risk not in other.declared.risks:
        return False
    if present is None or present.card is None or other.card is None:
        return False
    return (
        other.card.spending == present.card.spending
        and not fits(present.card.inputs, other.card.inputs)
        and not fits(other.card.output, present.card.output)
    )
