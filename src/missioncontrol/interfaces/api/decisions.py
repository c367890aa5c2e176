"""Decisions as a resource of the API: recorded, judged, replaced, linked, exchanged as files."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from missioncontrol.application.decision_files import FILES_MAX, DecisionFile, Import
from missioncontrol.application.decision_views import DecisionChoice, DecisionLine, line_of
from missioncontrol.application.decisions import PATH_MAX, DecisionAsked, DecisionsImported
from missioncontrol.application.present import Present
from missioncontrol.application.queries import decisions as queries
from missioncontrol.application.queries.decisions import DecisionPage
from missioncontrol.domain.decision import ID_MAX, LINK_MAX, LINKS_MAX, REASON_MAX
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    listed,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.interfaces.api.paging import LIMIT, Cursor, Limit, Page, page_of
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs

AnyRequest = Request[Principal, Any, Any]
Status = Literal["proposed", "accepted", "rejected", "deprecated", "superseded"]
Words = Annotated[
    str, QueryParameter(max_length=300, description="Text in its id, title, choice or reason.")
]
Mission = Annotated[str, QueryParameter(max_length=ID_MAX, description="Whose plan brought it.")]
About = Annotated[str, QueryParameter(max_length=LINK_MAX, description="A file it is about.")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_MAX)]
Link = Annotated[str, msgspec.Meta(min_length=1, max_length=LINK_MAX)]
Links = Annotated[tuple[Link, ...], msgspec.Meta(max_length=LINKS_MAX)]


class NewDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision to be recorded."""

    text: DecisionText
    status: Literal["proposed", "accepted"] = "proposed"
    supersedes: Annotated[tuple[Id, ...], msgspec.Meta(max_length=LINKS_MAX)] = ()
    tasks: Links = ()  # <mission>/<key>
    files: Links = ()  # relative to the repository


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a decision is accepted, rejected or deprecated."""

    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] = ""


class Replaced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What takes a decision's place."""

    by: Id
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] = ""


class Linked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a decision has to do with."""

    tasks: Links = ()
    files: Links = ()
    remove: bool = False  # these links are taken back


class FilesBrought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files of decisions: MADR 2 to 4, or in Nygard's form."""

    files: Annotated[tuple[DecisionFile, ...], msgspec.Meta(max_length=FILES_MAX)]
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # that they are in
    apply: bool = False  # else nothing changes, and the answer says what would


class DecisionNow(msgspec.Struct, frozen=True):
    """A decision after a change."""

    id: str
    status: str


def id_of(address: str) -> str:
    """Return the id that an address means: `mission-x:D1` is decision D1 of that mission's plan."""
    return address.replace(":", "/", 1)


def address_of(id_: str) -> str:
    """Return an id as it stands in addresses."""
    return id_.replace("/", ":", 1)


@get("/decisions", summary="List decisions", responses=KNOWN, **needs("read"))
async def list_decisions(
    request: AnyRequest,
    present: NamedDependency[Present],
    status: FromQuery[Status | None] = None,
    text: Words = "",
    mission: Mission = "",
    file: About = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response[Page[DecisionLine]]:
    """Return decisions, those that changed last first: of the log, and of the newest 1,000 plans.

    Those of plans are proposed until somebody accepts or rejects them.
    """
    choice = DecisionChoice(status or "", text, mission, file=file)
    found = [line_of(each) for each in await queries.decisions(present, choice)]
    return listed(request, page_of(found, cursor, limit, place_of, float, str, int, str))


def place_of(line: DecisionLine) -> tuple[float, str, int, str]:
    """Return where a decision stands in the list."""
    return (-line.updated, line.mission, -line.number, line.id)


@post(
    "/decisions",
    status_code=201,
    summary="Record a decision",
    responses={201: ResponseSpec(DecisionNow, description="It is in the log.")},
    **needs("operate"),
)
async def record_decision(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewDecision]
) -> Response[DecisionNow]:
    """Put a decision into the log; what it supersedes is superseded at once."""
    ask = DecisionAsked(
        "record",
        text=data.text,
        status=data.status,
        supersedes=data.supersedes,
        tasks=data.tasks,
        files=data.files,
    )
    made = msgspec.convert(await console.ask(request, ask), DecisionNow)
    headers = {"Location": f"/api/v1/decisions/{address_of(made.id)}"}
    return Response(made, status_code=201, headers=headers)


@post("/decisions/import", status_code=200, summary="Import decisions", **needs("operate"))
async def import_decisions(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[FilesBrought]
) -> Import:
    """Read files of decisions, and say of each what is new, changed, and what was not understood.

    Only with `apply` the log changes. The same files again change nothing.
    """
    if not data.apply:
        return await queries.tried(console.present, data.files, data.repository)
    answer = await console.ask(request, DecisionsImported(data.files, data.repository))
    return msgspec.convert(answer, Import)


@get("/decisions/export", summary="Export decisions", **needs("read"))
async def export_decisions(
    present: NamedDependency[Present], plans: FromQuery[bool] = False
) -> list[DecisionFile]:
    """Return the log as files of MADR 4; importing them into another home gives the same log.

    `plans` adds the decisions of plans that nobody has touched.
    """
    return await queries.files(present, plans=plans)


@get("/decisions/{decision:str}", summary="Get a decision", responses=KNOWN, **needs("read"))
async def get_decision(
    request: AnyRequest, present: NamedDependency[Present], decision: FromPath[str]
) -> Response[DecisionPage]:
    """Return a decision in full, and what happened to it.

    Its address is its id; that of a plan, `mission-x/D1`, is written `mission-x:D1`.
    """
    found = await queries.decision(present, id_of(decision))
    return tagged(request, found, tag_of(found))


@post(
    "/decisions/{decision:str}/accept",
    status_code=200,
    summary="Accept",
    responses=CHANGED,
    **needs("operate"),
)
async def accept_decision(
    request: AnyRequest,
    console: NamedDependency[Console],
    decision: FromPath[str],
    data: JSONBody[Judged | None] = None,
    if_match: IfMatch = "",
) -> DecisionNow:
    """Let a proposed decision hold."""
    await _refuse_stale(console, decision, if_match)
    return await _judge(request, console, "accept", decision, data)


@post(
    "/decisions/{decision:str}/reject",
    status_code=200,
    summary="Reject",
    responses=CHANGED,
    **needs("operate"),
)
async def reject_decision(
    request: AnyRequest,
    console: NamedDependency[Console],
    decision: FromPath[str],
    data: JSONBody[Judged | None] = None,
    if_match: IfMatch = "",
) -> DecisionNow:
    """Say no to a proposed decision."""
    await _refuse_stale(console, decision, if_match)
    return await _judge(request, console, "reject", decision, data)


@post(
    "/decisions/{decision:str}/deprecate",
    status_code=200,
    summary="Deprecate",
    responses=CHANGED,
    **needs("operate"),
)
async def deprecate_decision(
    request: AnyRequest,
    console: NamedDependency[Console],
    decision: FromPath[str],
    data: JSONBody[Judged | None] = None,
    if_match: IfMatch = "",
) -> DecisionNow:
    """Say that a decision holds no more, without another in its place."""
    await _refuse_stale(console, decision, if_match)
    return await _judge(request, console, "deprecate", decision, data)


@post(
    "/decisions/{decision:str}/supersede",
    status_code=200,
    summary="Supersede",
    responses=CHANGED,
    **needs("operate"),
)
async def supersede_decision(
    request: AnyRequest,
    console: NamedDependency[Console],
    decision: FromPath[str],
    data: JSONBody[Replaced],
    if_match: IfMatch = "",
) -> DecisionNow:
    """Put another decision in its place; a circle is refused."""
    await _refuse_stale(console, decision, if_match)
    ask = DecisionAsked("supersede", id_of(decision), by=data.by, reason=data.reason)
    return msgspec.convert(await console.ask(request, ask), DecisionNow)


@post(
    "/decisions/{decision:str}/links",
    status_code=200,
    summary="Link",
    responses=CHANGED,
    **needs("operate"),
)
async def link_decision(
    request: AnyRequest,
    console: NamedDependency[Console],
    decision: FromPath[str],
    data: JSONBody[Linked],
    if_match: IfMatch = "",
) -> DecisionNow:
    """Say which tasks and files a decision has to do with, or take that back."""
    await _refuse_stale(console, decision, if_match)
    verb: Any = "unlink" if data.remove else "link"
    ask = DecisionAsked(verb, id_of(decision), tasks=data.tasks, files=data.files)
    return msgspec.convert(await console.ask(request, ask), DecisionNow)


async def _refuse_stale(console: Console, decision: str, if_match: str) -> None:
    if if_match:
        seen = await queries.decision(console.present, id_of(decision))
        refuse_stale(if_match, tag_of(seen), "The decision")


async def _judge(
    request: AnyRequest, console: Console, verb: Any, decision: str, data: Judged | None
) -> DecisionNow:
    ask = DecisionAsked(verb, id_of(decision), reason=data.reason if data else "")
    return msgspec.convert(await console.ask(request, ask), DecisionNow)


HANDLERS: list[Any] = [
    list_decisions,
    record_decision,
    import_decisions,
    export_decisions,
    get_decision,
    accept_decision,
    reject_decision,
    deprecate_decision,
    supersede_decision,
    link_decision,
]
