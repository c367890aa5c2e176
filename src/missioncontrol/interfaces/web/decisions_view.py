"""Where the decisions of a mission's plan stand in the log of all decisions."""

from typing import Any
from urllib.parse import quote

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.traceability.report import list_risk_owners
from missioncontrol.domain.planned_decision import as_logged, planned_decisions
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.queries import decision as decisions
from missioncontrol.queries.decision import DECISION


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/decisions.html` shows besides the plan: an address for each id."""
    del request
    log = await decisions.log_of(console.present)
    known = log.decisions if log else {}
    planned = planned_decisions(story.mission.id, story.reading.plan)
    named = [as_logged(each, known).id for each in planned]
    return {
        "owners": {each.risk: each for each in list_risk_owners(story.reading.record)},
        "is_newest": story.state.id == story.mission.runs[-1],
        "in_log": {
            each.id: f"/decisions/{quote(DECISION.to_path(name), safe=':')}"
            for each, name in zip(story.reading.plan.decisions, named, strict=True)
        },
    }
