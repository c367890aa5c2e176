"""Templates of missions as a resource of the API: what they ask, and what answers come to."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from missioncontrol.application.templates import TemplateFile, Templates
from missioncontrol.domain.mission import PATH_MAX, TEXT_MAX
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.template import FilledGoal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import KNOWN, listed
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, page_of


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers to the questions of a template."""

    answers: dict[str, Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]] = {}
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # absolute path


@get("/templates", summary="List templates", responses=KNOWN, **needs("read"))
async def list_templates(
    request: Request[Principal, Any, Any],
    console: NamedDependency[Console],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response[Page[TemplateFile]]:
    """Return the kinds of missions by key, those of this home in place of ours of the same key."""
    found = await asyncio.to_thread(Templates(console.home).all)
    found.sort(key=lambda each: each.template.key)
    page = page_of(found, cursor, limit, lambda each: (each.template.key,), str)
    return listed(request, page)


@get("/templates/{template:str}", summary="Get a template", **needs("read"))
async def get_template(console: NamedDependency[Console], template: FromPath[str]) -> TemplateFile:
    """Return the questions of a template, and the goal that waits for their answers."""
    return await asyncio.to_thread(Templates(console.home).get, template)


@post(
    "/templates/{template:str}/goal",
    status_code=200,
    summary="Fill a template in",
    **needs("operate"),
)
async def fill_template(
    console: NamedDependency[Console], template: FromPath[str], data: JSONBody[Answered]
) -> FilledGoal:
    """Return the goal that a template comes to with these answers; nothing is begun.

    A stack trace is looked up in the repository: `begins` names where in it the trace leads.
    """
    templates = Templates(console.home)
    return await asyncio.to_thread(templates.filled, template, data.answers, data.repository)


HANDLERS: list[Any] = [list_templates, get_template, fill_template]
