"""A stopped clock, ids that count, and a log that can be made to fail."""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.journal import Journal
from missioncontrol.application.missions import Missions
from missioncontrol.application.operations import Operations
from missioncontrol.application.repeats import Repeats
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.ports.event_store import Append, Head
from missioncontrol.testing.governed_execution import governed

T = TypeVar("T")
NOW = 1_790_000_000.0


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on an event loop of its own."""
    return asyncio.run(work)


class StandingClock:
    """Shows the same time until it is set."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time


class CountingIds:
    """Ids in the order of their birth, and no chance at all."""

    def __init__(self) -> None:
        self.count = 0

    def new(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}"

    def jitter(self) -> float:
        return 0.0


class ObservedStore(MemoryEventStore):
    """Remembers each append, and fails the next one on request."""

    def __init__(self) -> None:
        super().__init__()
        self.appends: list[list[Append]] = []
        self.trouble: Exception | None = None

    async def append(self, appends: Sequence[Append]) -> Head:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.appends.append(list(appends))
        return await super().append(appends)


class Office:
    """Journal, execution and missions over one log in memory."""

    def __init__(
        self,
        directory: Path,
        *,
        secrets: Sequence[str] = (),
        cards: dict[str, AgentCard] | None = None,
    ) -> None:
        self.store = ObservedStore()
        self.clock = StandingClock()
        self.ids = CountingIds()
        self.artifacts = FolderArtifactStore(directory / "artifacts")
        scrub = Scrubber(secrets).bytes if secrets else None
        self.journal = Journal(self.store, self.clock, scrub=scrub)
        self.cards = cards if cards is not None else {}
        self.execution = governed(self.journal, self.artifacts, self.ids, cards=self.cards)
        self.approvals = self.execution.governance.approvals
        self.budgets = self.execution.governance.budgets
        self.operations = Operations(self.journal)
        self.missions = Missions(self.journal, self.execution, self.ids, self.operations)
        self.repeats = Repeats(self.journal, self.execution, self.ids, self.operations)

    def types(self, stream: str) -> list[str]:
        """Return the types of what is stored in a stream."""
        return [event.type for event in run(self.store.read_stream(stream))]
