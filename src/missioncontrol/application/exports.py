"""Exports of reports: noted once for each form, so that use can be measured."""

from typing import Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold_run
from missioncontrol.domain.export import (
    ExportEvent,
    Exports,
    NoteExport,
    decide,
    evolve,
    unknown,
)

PREFIX = "exports-"

EXPORTS: Concept[Exports, NoteExport, ExportEvent] = Concept(decide, evolve, unknown)


class ExportNoted(msgspec.Struct, frozen=True):
    """A user has exported the report of a run."""

    run: str
    form: str


def stream_of(mission: str) -> str:
    """Return the stream of the exports of a mission."""
    return PREFIX + mission


class ExportDesk:
    """Notes exports."""

    def __init__(self, journal: Journal) -> None:
        """What was noted before is read from the log."""
        self._journal = journal

    async def take(self, ask: ExportNoted, *, actor: str) -> dict[str, Any]:
        """Note it, where the run is of a mission and this form was not exported before.

        Raises:
            Rejected: `export.bad_form`; NotFound: `run.unknown`.
        """
        state, _ = await fold_run(self._journal.store, ask.run)
        if state.mission:
            stream = stream_of(state.mission)
            await self._journal.find(EXPORTS, stream)
            note = NoteExport(state.mission, ask.run, ask.form)
            self._journal.tell(EXPORTS, stream, note, actor=actor)
            self._journal.forget(stream)
        return {"run": ask.run, "form": ask.form}
