"""Saved workflows over a log on disk, with an engine that commits what is decided."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.application.journal import Journal
from missioncontrol.application.workflows import Library, Saved, Workflows
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition import Malformed
from missioncontrol.domain.secrets import Scrubber
from tests.application.parts import StandingClock, run

T = TypeVar("T")
CARDS = {"changer": AgentCard("changer", risk="write")}


class Shelf:
    """A home's workflows, with an engine that commits what is decided."""

    def __init__(self, path: Path, *secrets: str) -> None:
        self.store = SqliteEventStore(path / "log.db", writable=True)
        self.cards = dict(CARDS)
        self.secrets = secrets
        self.reopen()

    def reopen(self) -> None:
        """Begin with nothing in memory, as an engine that starts does."""
        scrub = Scrubber(self.secrets).bytes if self.secrets else None
        self.journal = Journal(self.store, StandingClock(), scrub=scrub)
        options = {"read": read_all, "expressions": CelExpressions(), "cards": self.cards}
        self.workflows = Workflows(self.journal, **options)  # type: ignore[arg-type]
        self.library = Library(self.store, **options)  # type: ignore[arg-type]

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work while whatever is decided is committed."""

        async def both() -> T:
            task = asyncio.ensure_future(work)
            while not task.done():
                await asyncio.sleep(0)
                await self.journal.commit()
            return task.result()

        return run(both())

    def save(self, text: str, actor: str = "alice") -> Saved:
        """Save a file."""
        return self.do(self.workflows.save(text, "tidy.yaml", actor=actor))

    def refusal(self, text: str) -> list[str]:
        """Return why a file can't be saved, and see that nothing was recorded."""
        before = run(self.store.head()).position
        with pytest.raises(Malformed) as refused:
            self.save(text)
        assert run(self.store.head()).position == before
        return refused.value.reason.split("\n")
