"""The design of a new product on its mission's page: users, data, interfaces, stack, deployment."""

from typing import Any

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.product_design import Source
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web.mission_form import SCAFFOLDS

BASES = {
    "goal": "goal",
    "answer": "answer",
    "experience": "catalogue",
    "assumption": "assumption",
}


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/design.html` shows."""
    del request, console
    return {
        "design": story.reading.plan.design,
        "basis_of": basis_of,
        "scaffolds": SCAFFOLDS[1:],
    }


def basis_of(source: Source) -> str:
    """Return what a part of the design rests on, in one word."""
    return BASES[source.basis]
