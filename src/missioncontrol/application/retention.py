"""The service of retention: how much output is stored, and what is removed beyond it."""

from collections.abc import Callable, Iterable

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.retention import (
    BY_DEFAULT,
    RUNS_MAX,
    BoundOutput,
    RemoveOutput,
    Retention,
    RetentionCommand,
    RetentionEvent,
    decide,
    evolve,
)
from missioncontrol.ports.output_store import RunOutput, ShortenedOutput

STREAM = "retention"

RETENTION: Concept[Retention, RetentionCommand, RetentionEvent] = Concept(
    decide, evolve, lambda _: NotFound("retention.unknown", "No bound was set here.")
)


class RetentionService:
    """Sets the bound, and says which output has to go."""

    def __init__(self, journal: Journal) -> None:
        """What holds is read from the log when it is needed."""
        self._journal = journal

    async def bound(self, command: BoundOutput, *, actor: str) -> None:
        """Keep so many bytes from now on.

        Raises:
            Rejected: see `domain.retention.decide`.
        """
        await self._journal.find(RETENTION, STREAM)
        self._journal.tell(RETENTION, STREAM, command, actor=actor)

    async def excess(
        self, store: ShortenedOutput, *, has_ended: Callable[[str], bool]
    ) -> list[RunOutput]:
        """Return the oldest runs, of those that have ended, whose output has to go.

        The run with the newest output stays: numbers of lines never come twice.
        """
        found = await self._journal.find(RETENTION, STREAM) or BY_DEFAULT
        beyond = 0 if found.bytes is None else store.stored_bytes() - found.bytes
        if beyond <= 0:
            return []
        newest = store.newest_run()
        ended = (each for each in store.runs() if each.run != newest and has_ended(each.run))
        return list(_enough(ended, beyond))

    async def note(self, runs: list[RunOutput]) -> None:
        """Write down what is going to be removed; it is on disk when this returns."""
        names = tuple(each.run for each in runs)
        lines, size = sum(each.lines for each in runs), sum(each.bytes for each in runs)
        command = RemoveOutput(names, lines, size)
        self._journal.tell(RETENTION, STREAM, command, actor="engine")
        await self._journal.durable()


def _enough(runs: Iterable[RunOutput], beyond: int) -> Iterable[RunOutput]:
    """Yield runs until so many bytes are together, or as many as one event may name."""
    for count, each in enumerate(runs, 1):
        yield each
        beyond -= each.bytes
        if beyond <= 0 or count == RUNS_MAX:
            return
