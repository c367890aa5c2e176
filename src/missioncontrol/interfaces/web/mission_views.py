"""The parts of a mission's page that bring values of their own, one module each."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Request

from missioncontrol.application.queries import documents as documents_query
from missioncontrol.application.queries import runs
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.outcome import is_checked
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web import (
    blueprint_view,
    decisions_view,
    design_view,
    documents_view,
    mission_overview,
    places_view,
    plan_memory,
    trace_view,
)
from missioncontrol.interfaces.web.mission_tabs import Place
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.queries.share import ShareFilters, shares

AnyRequest = Request[Principal, Any, Any]
Values = Callable[[AnyRequest, Console, RunReport], Awaitable[dict[str, Any]]]

RUNS_SHOWN = 50


async def _report(_: AnyRequest, console: Console, story: RunReport) -> dict[str, Any]:
    filters = ShareFilters(story.state.id)
    return {"links": await shares((console.present, console.now), filters)}


async def _findings(_: AnyRequest, console: Console, story: RunReport) -> dict[str, Any]:
    del console
    tasks = story.reading.record.tasks
    unchecked = sum(one.state == "succeeded" and not is_checked(one) for one in tasks)
    return {"pit": story.reading.cockpit, "unchecked": unchecked}


async def _artifacts(_: AnyRequest, console: Console, story: RunReport) -> dict[str, Any]:
    del console, story
    return {}


async def _activity(_: AnyRequest, console: Console, story: RunReport) -> dict[str, Any]:
    choice = RunChoice(mission=story.mission.id)
    found = runs.list_runs(console.present, choice, limit=RUNS_SHOWN)
    return {"runs_shown": found, "runs_left_out": len(story.mission.runs) - len(found)}


VIEWS: Mapping[Place, Values] = {
    Place("overview"): mission_overview.values,
    Place("plan", "list"): plan_memory.values,
    Place("plan", "graph"): plan_memory.values,
    Place("plan", "requirements"): places_view.values,
    Place("plan", "trace"): trace_view.values,
    Place("decisions"): decisions_view.values,
    Place("documents"): documents_view.values,
    Place("documents", "report"): _report,
    Place("documents", "findings"): _findings,
    Place("documents", "artifacts"): _artifacts,
    Place("documents", "product"): design_view.values,
    Place("documents", "diagrams"): blueprint_view.values,
    Place("activity"): _activity,
}


async def values(
    place: Place, request: AnyRequest, console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what a part needs besides the values of the page."""
    found = await VIEWS[place](request, console, story)
    if place.tab == "documents" and place.part:
        found["documents"] = await documents_query.documents(console.present.store, story.state.id)
    return found
