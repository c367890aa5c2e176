"""Repositories whose work goes through gates, and their tasks, as resources of the API."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.queries import repositories as queries
from missioncontrol.application.queries.agent_lives import lives
from missioncontrol.application.queries.repositories import RepositoryView, TaskItem, Which
from missioncontrol.application.queries.repository_tasks import TaskView, task_view
from missioncontrol.application.read_model import Present
from missioncontrol.application.repositories import SignOffAsked
from missioncontrol.application.repository_measures import RepositoryMeasures, measure_repository
from missioncontrol.application.run_manifests import manifest_of
from missioncontrol.documents.run_manifest import RunManifest
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.repository.decide import REASON_MAX
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.process import Role
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.projections.repositories import RepositoryRow
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

AnyRequest = Request[Principal, Any, Any]
State = Annotated[
    Which,
    QueryParameter(name="state", description="`open`: what is in hand. `over`: done or dropped."),
]
Since = Annotated[
    float, QueryParameter(ge=0, description="Of what happened since then, seconds since the epoch.")
]


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A yes to exactly the text that was read."""

    kind: TaskDocument
    role: Role
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]  # of what was read
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX)] = ""


@get("/repositories", summary="List repositories", **needs("read"))
async def list_repositories(
    present: NamedDependency[Present], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[RepositoryRow]:
    """Return repositories whose tasks are stored here, the newest first."""
    return page_of_repositories(present, cursor, limit)


def page_of_repositories(present: Present, cursor: str, limit: int) -> Page[RepositoryRow]:
    """Return a page of them."""
    place = place_of(cursor, str)
    before = place[0] if place else ""
    found = queries.repositories(present, before=before, limit=limit + 1)
    more = cursor_of(found[limit - 1].id) if len(found) > limit else ""
    return Page(found[:limit], more)


@get("/repositories/{repository:str}", summary="A repository", **needs("read"))
async def get_repository(
    present: NamedDependency[Present], repository: FromPath[str]
) -> RepositoryView:
    """Return its process, which runs hold which files, and the runs that carried tasks out."""
    return await queries.repository_view(present, repository)


@get("/repositories/{repository:str}/tasks", summary="Tasks of a repository", **needs("read"))
async def list_tasks(
    present: NamedDependency[Present],
    repository: FromPath[str],
    which: State = "open",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[TaskItem]:
    """Return tasks by number: the phase of each, what holds it up, and who can help."""
    return await page_of_tasks(present, repository, which, cursor, limit)


async def page_of_tasks(
    present: Present, repository: str, which: Which, cursor: str, limit: int
) -> Page[TaskItem]:
    """Return a page of the tasks of a repository.

    Raises:
        NotFound: `repository.unknown`.
    """
    state = await queries.state_of(present, repository)
    place = place_of(cursor, int)
    after = place[0] if place else 0
    found = queries.page_of_tasks(present, state, which, after=after, limit=limit + 1)
    more = cursor_of(found[limit - 1].task) if len(found) > limit else ""
    return Page(found[:limit], more)


@get(
    "/repositories/{repository:str}/tasks/{task:int}",
    summary="A task of a repository",
    **needs("read"),
)
async def get_task(
    request: AnyRequest,
    console: NamedDependency[Console],
    repository: FromPath[str],
    task: FromPath[int],
) -> TaskView:
    """Return its documents with signatures, its gates, its scope, its runs and their rounds.

    A document is the artifact of its digest.
    """
    return await seen(request, console, repository, task)


async def seen(request: AnyRequest, console: Console, repository: str, task: int) -> TaskView:
    """Return a task as the signed-in user sees it.

    Raises:
        NotFound: `repository.unknown`, `repository.unknown_task`.
    """
    now, actor = console.instruments.now, request.user.actor
    return await task_view(console.present, repository, task, now, actor=actor)


@post(
    "/repositories/{repository:str}/tasks/{task:int}/signatures",
    status_code=200,
    summary="Sign a document",
    **needs("approve"),
)
async def sign_document(
    request: AnyRequest,
    console: NamedDependency[Console],
    repository: FromPath[str],
    task: FromPath[int],
    data: JSONBody[Signed],
) -> TaskView:
    """Agree to a document in a role, as it was read; refused where the record has another text."""
    details = data.kind, data.role, data.digest, data.reason
    await console.ask(request, SignOffAsked(repository, task, *details))
    return await seen(request, console, repository, task)


@get(
    "/repositories/{repository:str}/runs/{run:str}/manifest",
    summary="The manifest of a run of tasks",
    **needs("read"),
)
async def get_manifest(
    console: NamedDependency[Console], repository: FromPath[str], run: FromPath[str]
) -> RunManifest:
    """Return what `.runs/RUN/manifest.json` of a checkout says, as the record has it now."""
    present = console.present
    state = await queries.state_of(present, repository)
    begun = await queries.find_run_start(present, repository, run)
    known = {life.name: life for life in lives(present, console.instruments)}
    return await manifest_of(present.store, present.output, state, begun, known)


@get(
    "/repositories/{repository:str}/measures",
    summary="How work on a repository goes",
    **needs("read"),
)
async def get_measures(
    console: NamedDependency[Console], repository: FromPath[str], since: Since = 0.0
) -> RepositoryMeasures:
    """Return each measure with what it is of; one without a value says why there is none."""
    return await measures_of(console, repository, since)


async def measures_of(console: Console, repository: str, since: float = 0.0) -> RepositoryMeasures:
    """Measure a repository by the record and the history of its checkout.

    Raises:
        NotFound: `repository.unknown`.
        Unavailable: `guard.unreadable`, where the checkout is not there any more.
    """
    state = await queries.state_of(console.present, repository)
    history = console.instruments.histories(state.path)
    now = console.instruments.now
    return await measure_repository(console.present.store, state.id, history, now=now, since=since)


HANDLERS: list[Any] = [
    list_repositories,
    get_repository,
    list_tasks,
    get_task,
    sign_document,
    get_manifest,
    get_measures,
]
