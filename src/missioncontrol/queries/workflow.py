"""Queries of saved workflows: all of them, and the versions of one."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

from missioncontrol.application.queries import workflow_versions, workflows
from missioncontrol.application.queries.shelf import Shelf
from missioncontrol.application.queries.workflow_versions import VersionItem
from missioncontrol.application.queries.workflows import WorkflowItem
from missioncontrol.declarations import SERVED, ListQuery, NoFilters, Query, Target

Place = tuple[Any, ...] | None

WORKFLOW = Target(
    noun="workflow", path="/workflows", field="name", parameter="name", help="its name"
)
VERSION = Target(
    noun="version",
    path="/versions",
    within=WORKFLOW,
    resource="workflows",
    help="the number of a version",
)


class OfWorkflow(msgspec.Struct, frozen=True):
    """The workflow whose versions are asked for."""

    name: str


async def listed(shelf: Shelf, _: NoFilters, place: Place, limit: int) -> Sequence[WorkflowItem]:
    """Return workflows by name, those after a place."""
    return await workflows.workflows(shelf, after=place[0] if place else "", limit=limit)


async def versions(
    shelf: Shelf, filters: OfWorkflow, place: Place, limit: int
) -> Sequence[VersionItem]:
    """Return versions of a workflow, the newest first, those before a place.

    Raises:
        NotFound: `workflow.unknown`.
    """
    before = place[0] if place else 0
    return await workflow_versions.versions(shelf, filters.name, before=before, limit=limit)


LIST = ListQuery(
    name="workflow.list",
    title="List workflows",
    text="Return saved workflows by name, with their last run, success rate and next slot.",
    surfaces=SERVED,  # The command line does not open these files.
    target=WORKFLOW,
    filters=NoFilters,
    source=attrgetter("shelf"),
    find_after=listed,
    row=WorkflowItem,
    key=lambda row: (row.name,),
    kinds=(str,),
)

VERSIONS = ListQuery(
    name="workflow.versions",
    operation_id="list_versions",
    title="List versions of a workflow",
    text="Return the versions of a workflow, the newest first.",
    surfaces=SERVED,
    target=VERSION,
    filters=OfWorkflow,
    source=attrgetter("shelf"),
    find_after=versions,
    row=VersionItem,
    key=lambda row: (row.version,),
    kinds=(int,),
)

QUERIES: tuple[Query, ...] = (LIST, VERSIONS)
