"""Templates of missions as a resource of the API: what they ask, and what answers come to."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from missioncontrol.application.templates import Templates
from missioncontrol.domain.mission import PATH_MAX, TEXT_MAX
from missioncontrol.domain.template import FilledGoal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.http import handlers_of


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers to the questions of a template."""

    answers: dict[str, Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]] = {}
    repository: Annotated[str, msgspec.Meta(max_length=PATH_MAX)] = ""  # absolute path


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


HANDLERS: list[Any] = [*handlers_of("template"), fill_template]
