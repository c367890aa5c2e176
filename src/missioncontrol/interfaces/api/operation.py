"""How far all work may go, as a resource of the API: emergency stop, stages, limits, health."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from missioncontrol.application.asks import ChangeLimit, StartAll, StopAll
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.queries.operation import Limited, OperationView, operation
from missioncontrol.surfaces.conditional import CHANGED, IfMatch, refuse_stale, tag_of
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Kind = Annotated[Limited, QueryParameter(description="What is limited.")]
Named = Annotated[
    str, QueryParameter(max_length=300, description="The agent or person; none of the workspace.")
]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]


class Stopped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why everything is stopped."""

    reason: Why


class Started(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far to go on."""

    stage: Literal["paused", "drain", "all"]
    reason: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class NewLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often something may start."""

    kind: Limited
    starts: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    reason: Why
    name: Annotated[str, msgspec.Meta(max_length=300)] = ""  # of the agent or person
    seconds: Annotated[float, msgspec.Meta(ge=1, le=31 * 86_400)] = 60.0


async def _refuse_stale(present: Present, if_match: str) -> None:
    if if_match:
        refuse_stale(if_match, tag_of(await operation(present)), "The workspace")


@post("/operation/stop", status_code=200, summary="Emergency stop", **needs("stop"))
async def stop(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[Stopped]
) -> OperationView:
    """End every attempt at work, and start nothing before a person resumes work."""
    await console.ask(request, StopAll(data.reason))
    return await operation(console.present)


@post("/operation/start", status_code=200, summary="Go on", responses=CHANGED, **needs("govern"))
async def start(
    request: AnyRequest,
    console: NamedDependency[Console],
    data: JSONBody[Started],
    if_match: IfMatch = "",
) -> OperationView:
    """Go on as far as a stage allows: `paused` plans, `drain` ends what has begun, `all` works."""
    await _refuse_stale(console.present, if_match)
    await console.ask(request, StartAll(data.stage, data.reason))
    return await operation(console.present)


@put("/limits", summary="Set a rate limit", responses=CHANGED, **needs("govern"))
async def set_limit(
    request: AnyRequest,
    console: NamedDependency[Console],
    data: JSONBody[NewLimit],
    if_match: IfMatch = "",
) -> OperationView:
    """Bound how often attempts of an agent, runs of a person, or attempts at all may start."""
    await _refuse_stale(console.present, if_match)
    ask = ChangeLimit(data.kind, data.name, data.reason, data.starts, data.seconds)
    await console.ask(request, ask)
    return await operation(console.present)


@delete("/limits", status_code=200, summary="Remove a rate limit", **needs("govern"))
async def remove_limit(
    request: AnyRequest,
    console: NamedDependency[Console],
    kind: Kind,
    name: Named = "",
    reason: Because = "",
) -> OperationView:
    """Take a bound away."""
    await console.ask(request, ChangeLimit(kind, name, reason))
    return await operation(console.present)


HANDLERS: list[Any] = [*handlers_of("operation"), stop, start, set_limit, remove_limit]
