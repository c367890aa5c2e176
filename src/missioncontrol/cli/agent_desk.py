"""A home as `mission agent` and `mission questions` need it."""

import asyncio
from collections.abc import Sequence

import msgspec

from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.adapters.agents.remote.kind import proof_of
from missioncontrol.adapters.agents.workshops import workshops_of
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.app.builtin_agents import AGENT_CARDS, built_in
from missioncontrol.app.settings import sandbox_of
from missioncontrol.cli.desk import Desk
from missioncontrol.confinement import available_confinement
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.lifecycle.states import AgentLife, Ready
from missioncontrol.domain.question import Question
from missioncontrol.domain.secrets import Scrubber, secret_values
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.agent_kind import Proof
from missioncontrol.ports.workers import WorkerSeen, WorkersListed, is_remote

PROOF_SECONDS_MAX = 120.0


class RosterDesk(Desk):
    """The same home, whose rows are agents."""

    def lives(self) -> Sequence[AgentLife]:
        """Return all agents that are not removed, by name, the built-in ones with them."""
        self._forget_what_was_read()
        parts = {
            name: AgentLife(declared, "built_in", Ready(), 0.0)
            for name, declared in built_in(AGENT_CARDS, self.settings).items()
        }
        found = {**parts, **{life.name: life for life in self.declared()}}
        return [found[name] for name in sorted(found)]

    def proof(self, declared: Declaration) -> Proof:
        """Ask an agent for its version, its sign-in and something harmless.

        Raises:
            AttemptFailed: it does not work.
        """
        if is_remote(declared):
            return proof_of(declared, self._workers())
        kinds = Kinds()
        if declared.kind not in kinds:
            return _part_of_the_program(declared)
        scrubber = Scrubber(secret_values(self.environment))
        home = self.directory
        home.make()
        workshops = workshops_of(
            home.root,
            FolderArtifactStore(home.artifacts),
            self.environment,
            scrubber,
            sandbox_of(available_confinement(self.environment), home.root),
        )

        async def prove() -> Proof:
            async with asyncio.timeout(PROOF_SECONDS_MAX):
                kind = kinds[declared.kind]
                return await kind.prove(declared, workshops(declared), round_trip=True)

        try:
            proof = asyncio.run(prove())
        except TimeoutError:
            raise AttemptFailed(
                "agent.silent",
                f"It did not answer within {PROOF_SECONDS_MAX:g} s.",
                hint="Look into what it waits for: a sign-in, the network, its settings.",
            ) from None
        except (AttemptFailed, MissionControlError):
            raise
        except Exception as error:
            # A package's adapter may raise anything.
            raise AttemptFailed(
                "agent.crashed",
                f"The adapter {declared.kind!r} raised {type(error).__name__}: {error}.",
                hint="Mend or remove the package that offers it.",
            ) from error
        # What the other side says of itself may be a secret that it was given.
        version, output = scrubber.text(proof.version), scrubber.text(proof.said)
        return msgspec.structs.replace(proof, version=version, said=output)

    def _workers(self) -> Sequence[WorkerSeen]:
        if self.home.holder() is None:
            return ()
        return msgspec.convert(self.deliver(WorkersListed()), list[WorkerSeen])

    def questions(self) -> Sequence[Question]:
        """Return what people are asked now, oldest first."""
        if not self.home.exists:
            return []
        rows: list[Question] = self.board.listed("question", is_open=True)
        return sorted(rows, key=lambda row: row.since)


def _part_of_the_program(declared: Declaration) -> Proof:
    if declared.name in AGENT_CARDS:
        version = AGENT_CARDS[declared.name].version
        return Proof(version, "It is a part of the program and works as the program does.")
    raise Rejected(
        "agent.unknown_kind",
        f"Agent {declared.name!r} is of kind {declared.kind!r}, which is not known here.",
        hint="The package that it came with may be missing.",
    )
