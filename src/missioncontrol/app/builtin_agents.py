"""The agents that are a part of the program: what they are, and who carries their work out."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from missioncontrol.adapters.agents.command import CARD, CommandAgent
from missioncontrol.adapters.agents.program import Consulting, ObservedAgent, ProgramAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.home import Home
from missioncontrol.app.settings import COMMANDS_PASSED_ON, MODEL_VARIABLES, PASSED_ON, Settings
from missioncontrol.application.analytics.digests import CARD as REPORTER_CARD
from missioncontrol.application.analytics.digests import REPORTER, DigestTaken
from missioncontrol.application.asks import PROGRAMS_OWN
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Capability, Declaration
from missioncontrol.domain.digest import DigestWritten
from missioncontrol.domain.execution import PLANNER
from missioncontrol.domain.scaffolding import SCAFFOLDER
from missioncontrol.domain.secrets import HOME, Scrubber
from missioncontrol.domain.work import Work
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.runtime.registry import Registered
from missioncontrol.specialists.cards import CARDS
from missioncontrol.specialists.catalogue import CLASSES, RUNNING
from missioncontrol.specialists.ranking.facts_cache import FACTS_VARIABLE
from missioncontrol.specialists.tester.environment import ENVIRONMENTS_DIRECTORY, REGISTRIES_SWITCH
from missioncontrol.specialists.tester.environment import REGISTRY_SETTINGS as REGISTRIES

MERGER = "merger"
TESTER = "tester"
FUNCTIONS = PROGRAMS_OWN
"""The agent that calls plain Python functions."""

ASKING = (PLANNER, "writer", REPORTER)
"""Agents that ask the model, where one is configured."""

AGENT_CARDS = {**CARDS, REPORTER: REPORTER_CARD, CARD.name: CARD}
"""What a workflow file may name."""


def agent_cards(model: str) -> dict[str, AgentCard]:
    """Return what the agents of a home take and give, where `model` is asked, if it is named."""
    return {**AGENT_CARDS, **{name: _asking(AGENT_CARDS[name], model) for name in ASKING}}


def _asking(card: AgentCard, model: str) -> AgentCard:
    """Return the card of an agent that asks `model`, or none where it is not named."""
    spending = card.spending
    if spending is not None:
        spending = msgspec.structs.replace(spending, model=model) if model else None
    effects = tuple(each for each in card.effects if spending or each != "calls_model")
    return msgspec.structs.replace(card, spending=spending, effects=effects)


def built_in(cards: Mapping[str, AgentCard], settings: Settings) -> dict[str, Declaration]:
    """Return the agents that are a part of the program, as they would be declared."""
    scale = dict.fromkeys(CLASSES, settings.specialist_concurrency)
    return {
        card.name: Declaration(
            card.name,
            card.kind,
            description=card.description,
            capabilities=tuple(map(Capability, card.capabilities)),
            effects=card.effects,
            scale=scale.get(card.name, settings.concurrency),
        )
        for card in cards.values()
    }


class Engine(Protocol):
    """The parts of an engine that programs of its own are made of."""

    home: Home
    artifacts: FolderArtifactStore
    settings: Settings
    environment: Mapping[str, str]
    scrubber: Scrubber
    sandbox: Sandbox

    @property
    def consulting(self) -> Consulting:
        """Agents that planners may ask."""
        ...


def programs(
    engine: Engine,
    cards: Mapping[str, AgentCard],
    take: Callable[[DigestTaken], Awaitable[Any]],
) -> list[Registered]:
    """Return the agents that work as programs; `take` makes the office store a digest."""
    parts = engine.home, engine.artifacts, engine.settings, engine.environment, cards
    sandbox = engine.sandbox
    return [
        *specialists(*parts, sandbox, engine.consulting),
        commands(engine.home, engine.artifacts, engine.environment, engine.scrubber, sandbox),
        reporter(*parts, sandbox, take),
    ]


def specialists(
    home: Home,
    artifacts: FolderArtifactStore,
    settings: Settings,
    environment: Mapping[str, str],
    cards: Mapping[str, AgentCard],
    sandbox: Sandbox,
    consulting: Consulting | None = None,
) -> list[Registered]:
    """Return the built-in specialists, each as a program of its own."""
    seen = {name: environment[name] for name in PASSED_ON if name in environment}
    model = {name: environment[name] for name in MODEL_VARIABLES if name in environment}
    stored_facts = {FACTS_VARIABLE: str(home.facts_cache.absolute())}
    own = {name: seen | stored_facts | (model if name in ASKING else {}) for name in CLASSES}
    # They run programs that are not ours, which have no business with stored facts.
    own |= dict.fromkeys(RUNNING, seen)
    asked = {
        name: environment[name] for name in (REGISTRIES_SWITCH, *REGISTRIES) if name in environment
    }
    installing = asked | {ENVIRONMENTS_DIRECTORY: str(home.environments.absolute())}
    own[TESTER] = seen | installing
    own[PLANNER] |= installing  # It tries a plan before others improve it.
    reached: dict[str, tuple[Path, ...]] = dict.fromkeys(CLASSES, (home.facts_cache.parent,))
    reached |= dict.fromkeys(RUNNING, ())
    reached[TESTER] = (home.environments,)
    reached[PLANNER] = (home.facts_cache.parent, home.environments)
    return [
        Registered(
            name,
            ProgramAgent(
                # -P keeps the working directory off the module path: the repository must not
                # be able to stand in for a module of ours.
                [sys.executable, "-P", "-m", "missioncontrol.worker", name],
                scratch=home.scratch,
                artifacts=artifacts,
                environment=own[name],
                sandbox=sandbox,
                own=reached[name],
                # What they start can't be given what they lack: see `tester.running`.
                unix_sockets=name in RUNNING,
                moves_branches=name == MERGER,
                creates_repository=name == SCAFFOLDER,
                consulting=consulting if name == PLANNER else None,
            ),
            settings.specialist_concurrency,
            cards[name],
        )
        for name in CLASSES
    ]


def reporter(
    home: Home,
    artifacts: FolderArtifactStore,
    settings: Settings,
    environment: Mapping[str, str],
    cards: Mapping[str, AgentCard],
    sandbox: Sandbox,
    take: Callable[[DigestTaken], Awaitable[Any]],
) -> Registered:
    """Return the agent that writes digests of products; `take` makes the office store one."""
    passed_on = (*PASSED_ON, *MODEL_VARIABLES)
    seen = {name: environment[name] for name in passed_on if name in environment}
    seen[HOME] = str(home.root.absolute())
    program = ProgramAgent(
        [sys.executable, "-P", "-m", "missioncontrol.reporting_worker"],
        scratch=home.scratch,
        artifacts=artifacts,
        environment=seen,
        sandbox=sandbox,
        own=(home.analytics, *map(home.root.joinpath, ("log.db", "log.db-wal", "log.db-shm"))),
        # The process that has the events of products open answers others at a Unix socket.
        unix_sockets=True,
    )

    async def tell(work: Work) -> None:
        await take(DigestTaken(msgspec.convert(work.output, DigestWritten)))

    return Registered(
        REPORTER, ObservedAgent(program, tell), settings.specialist_concurrency, cards[REPORTER]
    )


def commands(
    home: Home,
    artifacts: FolderArtifactStore,
    environment: Mapping[str, str],
    scrubber: Scrubber,
    sandbox: Sandbox,
) -> Registered:
    """Return the agent that runs programs; what they ask of `mission` is asked of this home."""
    seen = {name: environment[name] for name in COMMANDS_PASSED_ON if name in environment}
    seen[HOME] = str(home.root.absolute())
    agent = CommandAgent(
        scratch=home.scratch,
        artifacts=artifacts,
        environment=seen,
        scrub=scrubber.text,
        sandbox=sandbox,
    )
    return Registered(CARD.name, agent, card=CARD)
