"""Decisions as a resource of the API: recorded, judged, replaced, linked, exchanged as files."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from missioncontrol.application.decision_files import FILES_MAX, DecisionFile, Import
from missioncontrol.application.decisions import PATH_MAX
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.operations.decision import IMPORT
from missioncontrol.queries import decision as queries
from missioncontrol.surfaces.http import handlers_of

AnyRequest = Request[Principal, Any, Any]


class FilesBrought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files of decisions: MADR 2 to 4, or in Nygard's form."""

    files: Annotated[tuple[DecisionFile, ...], msgspec.Meta(max_length=FILES_MAX)]
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # that they are in
    apply: bool = False  # else nothing changes, and the answer says what would


@post("/decisions/import", status_code=200, summary="Import decisions", **needs("operate"))
async def import_decisions(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[FilesBrought]
) -> Import:
    """Read files of decisions, and say of each what is new, changed, and what was not understood.

    Only with `apply` the log changes. The same files again change nothing.
    """
    if not data.apply:
        return await queries.tried(console.present, data.files, data.repository)
    return await console.run(request, IMPORT, files=data.files, repository=data.repository)


@get("/decisions/export", summary="Export decisions", **needs("read"))
async def export_decisions(
    present: NamedDependency[Present], plans: FromQuery[bool] = False
) -> list[DecisionFile]:
    """Return the log as files of MADR 4; importing them into another home gives the same log.

    `plans` adds the decisions of plans that people have not touched.
    """
    return await queries.files(present, plans=plans)


HANDLERS: list[Any] = [*handlers_of("decision"), import_decisions, export_decisions]
