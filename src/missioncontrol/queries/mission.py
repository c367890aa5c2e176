"""What declared operations call a mission."""

from typing import Any

from missioncontrol.application.reader import Reader
from missioncontrol.declarations import Target
from missioncontrol.domain.errors import NotFound


async def _named(reader: Reader, text: str) -> str:
    """Return the id of the mission that a text means: its own, or that of one of its runs."""
    if not text.startswith("run-"):
        return text
    row = reader.present.board.run(text)
    if row is None or not row.mission:
        raise NotFound("mission.unknown", f"Run {text[:100]!r} belongs to no mission.")
    return row.mission


MISSION = Target(
    noun="mission",
    path="/missions",
    command="runs plan",
    metavar="MISSION",
    help="the mission, or one of its runs",
    resolve=_named,
)
"""The lists of missions are older than declarations; `interfaces.api.missions` has their routes."""

QUERIES: tuple[Any, ...] = ()
