"""How runs stand as of now, for the verbs that print it."""

from typing import Any

from missioncontrol.application.operations import operation_of
from missioncontrol.application.queries.runs import status_with_mission
from missioncontrol.application.statuses import Statuses, statuses_of
from missioncontrol.cli.names import board
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.domain.run.states import Run
from missioncontrol.projections.run_index import Board


async def statuses_now(reading: AnyReading, rows: Board, run: str = "") -> Statuses:
    """Return how all runs of a home stand; `run` is the one that is asked about, if it is one."""
    holder = reading.home.holder()
    is_at_work = holder is not None and (not run or holder.may_work_on(run))
    return statuses_of(rows, await operation_of(reading.store), has_engine=is_at_work)


async def current_status(reading: AnyReading, run: Run) -> dict[str, Any]:
    """Return how a run stands, and its mission where it is the newest one of it."""
    rows = await board(reading.tables, reading.store)
    statuses = await statuses_now(reading, rows, run.id)
    mission = statuses.mission_status(run.id, run.mission)
    return status_with_mission(statuses.of_run(run), mission)
