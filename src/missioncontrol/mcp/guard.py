"""The tool that holds a change of a repository against its rules and specs."""

from typing import Annotated, Any

from pydantic import Field

from missioncontrol.adapters.changes import GitChanges, top_of
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.repositories import locate
from missioncontrol.adapters.signing import is_attested
from missioncontrol.application.change_guard import guard as guarded
from missioncontrol.mcp.bounds import bounded
from missioncontrol.mcp.server import Ctx, reach_of


async def guard(
    ctx: Ctx,
    repository: Annotated[str, Field(min_length=1, max_length=4_096, description="Its path.")],
    commits: Annotated[
        str, Field(max_length=500, description="A range A..B; empty: what is staged.")
    ] = "",
) -> dict[str, Any]:
    """Say which files of a change need a spec and have no current one, and what helps."""
    reach_of(ctx).refuse_without("operate", ctx)  # It reads any directory of this machine.
    root = await top_of(locate(repository))
    change = GitChanges.between(root, commits) if commits else GitChanges.staged(root)
    found = (await guarded(await change, is_attested, now=SystemClock().now())).verdict
    return bounded({"is_refused": found.is_refused, "verdict": found})
