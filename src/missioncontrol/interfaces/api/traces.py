"""The trace of a mission as a resource: graph, gaps, waivers, and who sees to its risks."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from missioncontrol.application.queries import run_outcome
from missioncontrol.application.tracing import TraceAsked
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.scope import FILES_MAX, PATH_MAX
from missioncontrol.domain.waivers import OWNER_MAX, REASON_MAX
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_MAX)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=PATH_MAX)]


class WaiverGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a gap may stand."""

    gap: Name  # its id
    reason: Reason
    digest: Annotated[str, msgspec.Meta(max_length=100)] = ""  # of the gap that was looked at


class WaiverWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a gap may not stand any more."""

    gap: Name
    reason: Reason


class OwnerGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sees to a risk."""

    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=OWNER_MAX)]


class ScopeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which files a task is expected to change."""

    files: Annotated[list[Path], msgspec.Meta(max_length=FILES_MAX)]
    """All of them, as seen from the top of the repository."""

    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] = ""


class TraceChanged(msgspec.Struct, frozen=True):
    """What has come of it."""

    mission: str
    run: str  # the newest, in which gaps are looked for
    status: str  # of the mission
    is_completed: bool
    subject: str  # the gap, the risk or the task
    is_new: bool  # false where it was so already
    absent: list[str] = []  # named files that do not lie in the repository


@post("/missions/{mission:str}/waivers", status_code=201, summary="Waive a gap", **needs("approve"))
async def waive_gap(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    data: JSONBody[WaiverGiven],
) -> Response[TraceChanged]:
    """Waive a gap of the newest run, as it is now; the waiver covers no later gap.

    Where nothing is lacking any more, the mission is completed at once. No waiver stands in for
    evidence that a task is done.
    """
    run = await newest_run(console, mission)
    ask = TraceAsked("waive", run, data.gap, data.reason, data.digest)
    changed = await _changed(request, console, ask)
    headers = {"Location": f"/api/v1/missions/{quote(changed.mission)}/trace/check"}
    return Response(changed, status_code=201, headers=headers)


@post(
    "/missions/{mission:str}/waivers/withdraw",
    status_code=200,
    summary="Withdraw a waiver",
    **needs("approve"),
)
async def withdraw_waiver(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    data: JSONBody[WaiverWithdrawal],
) -> TraceChanged:
    """Take a waiver back; a mission that stood on it is not completed any more."""
    run = await newest_run(console, mission)
    return await _changed(request, console, TraceAsked("withdraw", run, data.gap, data.reason))


@put(
    "/missions/{mission:str}/risks/{risk:str}/owner",
    summary="Name the owner of a risk",
    **needs("operate"),
)
async def assign_risk(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    risk: FromPath[str],
    data: JSONBody[OwnerGiven],
) -> TraceChanged:
    """Name who sees to a risk of the plan, in place of whom the plan names."""
    run = await newest_run(console, mission)
    return await _changed(request, console, TraceAsked("assign", run, risk, data.owner))


@put(
    "/missions/{mission:str}/tasks/{task:str}/scope",
    summary="Say which files a task is to change",
    **needs("operate"),
)
async def change_scope(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    task: FromPath[str],
    data: JSONBody[ScopeGiven],
) -> TraceChanged:
    """Set which files a task should change, in place of the planner's list.

    The trace, the drawings and all documents that are written from now on follow it.
    """
    run = await newest_run(console, mission)
    ask = TraceAsked("scope", run, task, data.reason, files=tuple(data.files))
    return await _changed(request, console, ask)


async def newest_run(console: Console, mission: str) -> str:
    """Return the newest run of a mission.

    Raises:
        NotFound: `mission.unknown`.
        Rejected: `run.unknown`, where it has none.
    """
    found = await run_outcome.mission_of(console.present, mission)
    if not found.runs:
        raise Rejected("run.unknown", f"Mission {mission[:100]!r} has no run yet.")
    return found.runs[-1]


async def _changed(request: AnyRequest, console: Console, ask: TraceAsked) -> TraceChanged:
    return msgspec.convert(await console.ask(request, ask), TraceChanged)


HANDLERS: list[Any] = [
    *handlers_of("trace"),
    waive_gap,
    withdraw_waiver,
    assign_risk,
    change_scope,
]
