"""What the plan of a mission used of what is remembered, and the plan as it is without it."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.exhibits import readable
from missioncontrol.documents.plan_changes import changes
from missioncontrol.domain.building import PACK
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.run.states import Succeeded
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web import plan_grounds, scope_form
from missioncontrol.interfaces.web.mission_overview import Changed, places_of

PLACES_MAX = 12
WITHOUT_MEMORY = "plan-without-memory.json"


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what the plan's view shows of memory, and of people's scopes for its tasks."""
    plan = story.reading.plan
    off = request.query_params.get("memory", "") == "off"
    artifact = _artifact(story)
    bare = await asyncio.to_thread(_plan, console, artifact) if artifact and off else None
    return {
        "remembered": plan.remembered,
        "has_bare": artifact is not None,
        "bare": bare,
        "bare_tasks": {task.key: task for task in bare.tasks()} if bare is not None else {},
        "bare_changes": changes(bare, plan) if bare is not None else (),
        "was_off": story.state.inputs.get("memory") is False,
        "grounds": plan_grounds.grounds(story),
        "places_of": _places(plan),
        "packed": _packed(story),
        "scoping": scope_form.form(story, request.query_params.get("scope", "")),
        "scopes": scope_form.latest_scopes(story),
        "is_newest": scope_form.is_newest(story),
        "absent": await asyncio.to_thread(scope_form.absent_of, story),
    }


def _packed(story: RunReport) -> set[str]:
    """Return the tasks that have an execution pack of their own."""
    has_pack = any(each.artifact.name == PACK for each in story.reading.exhibits)
    return {task.key for task in story.reading.plan.tasks() if task.is_change and has_pack}


def _places(plan: Plan) -> Callable[[str], list[Changed]]:
    """Return what names the places of a task."""
    found: dict[str, list[Changed]] = {}
    for each in places_of(plan):
        found.setdefault(each.task.key, []).append(each)
    return lambda task: found.get(task, [])[:PLACES_MAX]


def _artifact(story: RunReport) -> ArtifactRef | None:
    state = story.state.states.get(PLAN_STEP)
    refs = state.work.artifacts if isinstance(state, Succeeded) else ()
    return next((each for each in refs if each.name == WITHOUT_MEMORY), None)


def _plan(console: Console, artifact: ArtifactRef) -> Plan | None:
    content, _ = readable(artifact, console.present.artifacts.get)
    try:
        return msgspec.json.decode(content, type=Plan) if content else None
    except msgspec.DecodeError:
        return None
