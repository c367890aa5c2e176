"""The export of a report is recorded once for each form."""

import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.exports import EXPORTS, ExportDesk, ExportNoted, stream_of
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step
from tests.application.parts import StandingClock, run

STEPS = (Step("plan", "planner"),)


def test_a_form_of_a_report_is_noted_once_and_runs_of_no_mission_never() -> None:
    async def check() -> None:
        journal = Journal(MemoryEventStore(), StandingClock())
        desk = ExportDesk(journal)
        journal.handle_run("run-1", CreateRun("run-1", "mission", STEPS, 1, mission="mission-1"))
        journal.handle_run("run-2", CreateRun("run-2", "release", STEPS, 1))
        await journal.commit()
        for noted in (("run-1", "pdf"), ("run-1", "pdf"), ("run-1", "zip"), ("run-2", "pdf")):
            await desk.take(ExportNoted(*noted), actor="user:alice")
            await journal.commit()
        found = await journal.find(EXPORTS, stream_of("mission-1"))
        assert found is not None
        assert found.taken == {("run-1", "pdf"), ("run-1", "zip")}
        with pytest.raises(NotFound):
            await desk.take(ExportNoted("run-9", "pdf"), actor="user:alice")
        with pytest.raises(Rejected):
            await desk.take(ExportNoted("run-1", "p d f"), actor="user:alice")

    run(check())
