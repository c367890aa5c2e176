"""The cockpit of a mission as a resource of the API."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from missioncontrol.application.queries import run_outcome
from missioncontrol.application.queries.summaries import SummaryView, summary
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import KNOWN, tagged_late


@get(
    "/missions/{mission:str}/summary",
    summary="Get the cockpit of a mission",
    responses=KNOWN,
    **needs("read"),
)
async def get_summary(
    request: Request[Principal, Any, Any],
    present: NamedDependency[Present],
    mission: FromPath[str],
    run: FromQuery[str] = "",
) -> Response[SummaryView]:
    """Return what came of a mission, in its newest run or in `run`, and what comes next.

    With what proves it, what it took beside what was estimated, and what was not done and why.
    """
    story = await run_outcome.load_run_report(present, mission, run)
    return tagged_late(request, f'W/"{story.version}"', lambda: summary(story.reading))


HANDLERS: list[Any] = [get_summary]
