"""Agents as people and the engine use them: declared, started, scaled, drained, stopped, lost."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.budgets import Budgets
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import ENGINE, Journal
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.budget.scopes import Cap, Scope
from missioncontrol.domain.declaration import (
    RISKS,
    Declaration,
    as_declared,
    refuse_bad_declaration,
)
from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.lifecycle.commands import (
    AddAgent,
    Elevating,
    LifeCommand,
    Reason,
    RemoveAgent,
    Report,
    StartAgent,
    StopAgent,
    Turn,
)
from missioncontrol.domain.lifecycle.decide import decide, unknown
from missioncontrol.domain.lifecycle.events import Event, LifeEvent, Source
from missioncontrol.domain.lifecycle.evolve import evolve
from missioncontrol.domain.lifecycle.states import AgentLife, Failed, Ready, Removed

PREFIX = "agent-"
AGENTS_MAX = 1_000
"""Of one home, removed ones left out."""

PEOPLES: tuple[Source, ...] = ("command", "file")
"""What people of this home have declared; no package takes it from them."""


def stream_of(name: str) -> str:
    """Return the stream that holds the life of the agent `name`."""
    return PREFIX + name


LIFE: Concept[AgentLife, LifeCommand, LifeEvent] = Concept(
    decide, evolve, lambda stream: unknown(stream.removeprefix(PREFIX))
)


class ReplaceAgent(msgspec.Struct, frozen=True):
    """Replace the declaration of an agent, with the fields of `agents.toml`."""

    name: Annotated[str, Meta(min_length=1, max_length=60, description="By which steps name it.")]
    declared: Annotated[
        dict[str, Any], Meta(description="As in `agents.toml`: kind, model, settings, limits …")
    ]
    reason: Reason = ""


class DeclareAgent(ReplaceAgent, frozen=True):
    """Declare another agent."""

    start: Annotated[
        bool, Meta(description="Whether it starts work at once, if its health check passes.")
    ] = True


class AgentNow(msgspec.Struct, frozen=True):
    """How an agent stands after a change."""

    name: str
    status: str


class Agents:
    """The way in for people who run agents, and for those who watch over them."""

    read: Callable[[str, Mapping[str, Any]], Declaration]
    """Reads what `agents.toml` says of an agent; set where people declare agents."""

    def __init__(
        self,
        journal: Journal,
        budgets: Budgets,
        built_in: Mapping[str, Declaration],
        card: Callable[[Declaration], AgentCard],
    ) -> None:
        """`built_in` work from the beginning. `card` refuses what its kind can't understand."""
        self.listeners: list[Callable[[str], None]] = []
        """Called with the name of an agent whose life took a turn."""
        self.at_work: Callable[[str], int] = lambda name: 0
        self.settle: Callable[[str], Awaitable[None]] = _at_once
        """Returns when an agent has shown whether it works, where no other part watches it."""
        self._journal = journal
        self._budgets = budgets
        self._built_in = built_in
        self._card = card
        self._names: set[str] = set()

    async def open(self, names: Iterable[str]) -> None:
        """Read the lives of all agents that were ever declared or asked anything of."""
        for name in names:
            await self._journal.find(LIFE, stream_of(name))
            self._names.add(name)

    def life(self, name: str) -> AgentLife:
        """Return what is true of an agent now.

        Raises:
            NotFound: `agent.unknown`.
        """
        found: AgentLife | None = self._journal.others.get(stream_of(name))
        if found is not None and not isinstance(found.standing, Removed):
            return found
        if name not in self._built_in:
            raise unknown(name, (life.name for life in self.lives()))
        return AgentLife(self._built_in[name], "built_in", Ready(), 0.0)

    def known(self, name: str) -> AgentLife | None:
        """Return what the log says of an agent, whether or not it is removed."""
        found: AgentLife | None = self._journal.others.get(stream_of(name))
        return found

    def lives(self) -> Iterator[AgentLife]:
        """Return what is true of every agent that is not removed, by name."""
        for name in sorted({*self._built_in, *self._names}):
            found: AgentLife | None = self._journal.others.get(stream_of(name))
            if found is None or not isinstance(found.standing, Removed):
                yield self.life(name)

    async def add(self, command: DeclareAgent, *, actor: str) -> AgentNow:
        """Declare another agent; start it if that is wanted.

        Raises:
            Rejected: `agent.exists`, `agent.malformed`, and as `declare`.
        """
        declared = self.read(command.name, command.declared)
        await self.declare(declared, "command", replace=False, actor=actor)
        if command.start:
            return await self.change(StartAgent(command.reason, name=command.name), actor=actor)
        return await self._settled(command.name)

    async def replace(self, command: ReplaceAgent, *, actor: str) -> AgentNow:
        """Replace the declaration of an agent; it starts again unless it is stopped.

        Raises:
            NotFound: `agent.unknown`.
            Rejected: `agent.malformed`, and as `declare`.
        """
        self.life(command.name)
        declared = self.read(command.name, command.declared)
        await self.declare(declared, "command", replace=True, actor=actor)
        return await self._settled(command.name)

    async def change(self, command: Turn, *, actor: str) -> AgentNow:
        """Start, stop, drain or scale an agent.

        Raises:
            Rejected, NotFound: see `domain.lifecycle.decide.decide`.
        """
        self._handle(command.name, command, actor)
        return await self._settled(command.name)

    async def remove(self, command: RemoveAgent, *, actor: str) -> None:
        """Remove an agent that is stopped.

        Raises:
            Rejected, NotFound: as `change`.
        """
        self._handle(command.name, command, actor)

    async def _settled(self, name: str) -> AgentNow:
        await self.settle(name)
        return AgentNow(name, self.life(name).status(self.at_work(name)))

    async def keep_to(
        self, declared: Iterable[Declaration], source: Source, *, unread: Iterable[str] = ()
    ) -> dict[str, str]:
        """Make exactly these the agents of a file, or of packages; new ones are started.

        Those that could not be read stay as they are. Returns the names of those that were
        refused, each with the reason; they don't stop the others from working.
        """
        names, refused = set[str](), dict[str, str]()
        for each in declared:
            name = str(each.name)  # A package may say anything.
            is_new = name not in {life.name for life in self.lives()}
            try:
                self._refuse_second(name, source, names)
                await self.declare(each, source, replace=True)
            except MissionControlError as error:
                refused[name] = str(error)
            else:
                if is_new:
                    self._handle(name, StartAgent("It is declared."), ENGINE)
            names.add(name)
        names.update(unread)
        gone = "It is declared no longer."
        for life in list(self.lives()):
            if life.source == source and life.name not in names:
                self._handle(life.name, StopAgent(gone), ENGINE)
                self._handle(life.name, RemoveAgent(gone), ENGINE)
        return refused

    def _refuse_second(self, name: str, source: Source, names: set[str]) -> None:
        """Refuse a package's declaration of an agent that is declared elsewhere.

        Else the two would take turns, and with each start of an engine the agent be another.
        """
        if source != "package":
            return
        known = self.known(name)
        is_theirs = (
            known is not None
            and known.source in PEOPLES
            and not isinstance(known.standing, Removed)
        )
        if name in names or is_theirs:
            who = "another package" if name in names else "a user here"
            raise Rejected(
                "agent.exists",
                f"Agent {name!r} is declared by {who} already, and stays so.",
                hint="One of the two has to choose another name.",
            )

    async def declare(
        self, declared: Declaration, source: Source, *, replace: bool, actor: str = ENGINE
    ) -> None:
        """Take an agent in, or another declaration of it; what is so already changes nothing.

        Raises:
            Rejected: `agent.too_many`, those of a bad declaration and of its kind.
        """
        declared = as_declared(declared)
        refuse_bad_declaration(declared)  # Before its kind receives unknown words.
        card = self._card(declared)
        _refuse_idleness(declared, card)
        # One that was removed long ago is not at hand, and its stream goes on.
        known = await self._journal.find(LIFE, stream_of(declared.name))
        _refuse_standing(declared, card, self._standing(known))
        if declared.name in self._built_in:
            known = self.life(declared.name)
        elif known is None and len(list(self.lives())) >= AGENTS_MAX:
            raise Rejected(
                "agent.too_many",
                f"There are {AGENTS_MAX:,} agents here already.",
                hint="`mission agent remove` makes room.",
            )
        if known is not None and declared.name in self._built_in:
            self._ensure(declared.name)
        self._names.add(declared.name)
        events = self._journal.tell(
            LIFE, stream_of(declared.name), AddAgent(declared, source, replace), actor=actor
        )
        if events and declared.budget is not None:
            cap = Cap(Scope("agent", declared.name), "total", declared.budget)
            self._budgets.set_cap(cap, actor=actor, reason="It is declared so.")
        self._notify_all(declared.name)

    def card(self, name: str) -> AgentCard:
        """Return what an agent takes, hands back and does.

        Raises:
            NotFound: `agent.unknown`.
            Rejected: those of its kind.
        """
        return self._card(self.life(name).declared)

    def elevated(self, name: str) -> Elevated | None:
        """Return the wider mode that an attempt of an agent has which begins now."""
        life: AgentLife | None = self._journal.others.get(stream_of(name))
        return life.elevated(self._journal.clock.now()) if life is not None else None

    def elevate(self, name: str, command: Elevating, *, actor: str) -> AgentLife:
        """Do what a person says about a wider mode of an agent; return how it stands then."""
        self._handle(name, command, actor)
        return self.life(name)

    def pending(self) -> Sequence[tuple[str, Any]]:
        """Return the events that were decided and are not in the log yet, with their streams."""
        return self._journal.pending

    def refuse_failed(self, names: Iterable[str]) -> None:
        """Refuse new work for an agent that did not show that it works.

        Raises:
            Rejected: `agent.failed`.
        """
        for name in names:
            known = self.known(name)
            if known is not None and isinstance(known.standing, Failed):
                again = f"`mission agent start {name}` tries again."
                raise Rejected(
                    "agent.failed",
                    f"Agent {name!r} failed its proof: {known.standing.reason}",
                    hint=f"{known.standing.hint} {again}".lstrip(),
                )

    def report(self, name: str, report: Report) -> list[Event]:
        """Take in what those who watch over an agent found."""
        return self._handle(name, report, ENGINE)

    def _handle(self, name: str, command: LifeCommand, actor: str) -> list[Any]:
        self.life(name)  # Raises where no agent has this name.
        self._ensure(name)
        events = self._journal.tell(LIFE, stream_of(name), command, actor=actor)
        if events:
            self._notify_all(name)
        return events

    def _standing(self, known: AgentLife | None) -> Collection[str]:
        """Return the modes that an agent had at all times as it was declared before."""
        if known is None or isinstance(known.standing, Removed):
            return ()
        try:
            return self._card(known.declared).standing
        except MissionControlError:
            return ()  # Its package is gone.

    def _notify_all(self, name: str) -> None:
        for listener in self.listeners:
            listener(name)

    def _ensure(self, name: str) -> None:
        """Begin the stream of an agent that is a part of the program."""
        if name in self._built_in and stream_of(name) not in self._journal.others:
            add = AddAgent(self._built_in[name], "built_in")
            self._journal.tell(LIFE, stream_of(name), add)
            self._names.add(name)


def _refuse_standing(declared: Declaration, card: AgentCard, known: Collection[str]) -> None:
    """Refuse a declaration that opens at all times what an elevation opens for a time.

    One that did so before may go on: an agent that works for its users is not disabled.

    Raises:
        Rejected: `agent.standing_elevation`.
    """
    for mode, setting in card.standing.items():
        if mode not in known:
            raise Rejected(
                "agent.standing_elevation",
                f"Agent {declared.name!r} would have {mode} at all times by `{setting}`, without "
                "a reason, an end and a second person.",
                hint=f"Declare it without, and where it is needed: mission agent elevate "
                f"{declared.name} --to {mode} --reason TEXT --for 2h",
            )


def _refuse_idleness(declared: Declaration, card: AgentCard) -> None:
    """Refuse an agent that may do no step of the tier that its own work has.

    Raises:
        Rejected: `agent.no_risk`.
    """
    if RISKS.index(card.risk) > max(map(RISKS.index, declared.risks)):
        raise Rejected(
            "agent.no_risk",
            f"What agent {declared.name!r} does is of tier {card.risk}, and it may do only "
            f"{' and '.join(declared.risks)}, so it could do nothing.",
            hint=f"Add {card.risk} to its `risks`, or say by `effects` what its work does.",
        )


async def _at_once(_: str) -> None:
    pass


class Cards(Mapping[str, AgentCard]):
    """What all agents take and give now, for those who check and carry out workflows."""

    def __init__(
        self, built_in: Mapping[str, AgentCard], card: Callable[[Declaration], AgentCard]
    ) -> None:
        """Only the built-in ones are known before `follow`."""
        self._built_in = built_in
        self._declared: dict[str, AgentCard] = {}
        self._card = card

    def follow(self, life: AgentLife) -> None:
        """Take in what an agent is declared as now."""
        if life.name in self._built_in:
            return
        if isinstance(life.standing, Removed):
            self._declared.pop(life.name, None)
            return
        try:
            card = self._card(life.declared)
        except MissionControlError:
            self._declared.pop(life.name, None)  # Its package is gone; it can't be started either.
            return
        self._declared[life.name] = msgspec.structs.replace(card, version=life.version)

    def __getitem__(self, name: str) -> AgentCard:
        """Return the card of an agent."""
        return self._declared[name] if name in self._declared else self._built_in[name]

    def __iter__(self) -> Iterator[str]:
        """Return all names, built-in ones first."""
        yield from self._built_in
        yield from sorted(self._declared)

    def __len__(self) -> int:
        """Count the agents."""
        return len(self._built_in) + len(self._declared)
