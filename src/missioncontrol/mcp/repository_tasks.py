"""Tools for the tasks of a repository: how they stand, what they say, and a person's signature."""

from itertools import islice
from typing import Annotated, Any, TypedDict

import msgspec
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from missioncontrol.adapters.changes import top_of
from missioncontrol.adapters.repositories import locate
from missioncontrol.adapters.repository_files import RepositoryFiles
from missioncontrol.adapters.sop_file import PLACE, read_sop
from missioncontrol.client.repositories import PREFIX
from missioncontrol.documents.task_status import standing_of
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.process import Role
from missioncontrol.domain.repository.states import Repository, RepositoryTask
from missioncontrol.domain.visible import visible
from missioncontrol.mcp.bounds import Limit, Offset, Part, bounded, part_of
from missioncontrol.mcp.elicitation import refuse_unasked
from missioncontrol.mcp.missions import Key
from missioncontrol.mcp.server import Ctx, client_of, reach_of

OfRepository = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4_096,
        description="The id in its .mission/sop.toml, or the path of a checkout where this server "
        "runs.",
    ),
]
Number = Annotated[int, Field(ge=1, le=2**31, description="Number of the task.")]
REASON_MAX = 4_000
FILES = "`mission repo sync` in a checkout writes its files, and takes in what was edited there."


class Consent(BaseModel):
    """What a person is asked who may sign."""

    sign: bool = Field(description="Yes, I have read it and agree to exactly this text.")
    reason: str = Field(default="", max_length=REASON_MAX, description="A word with it, if any.")


class Document(msgspec.Struct, frozen=True):
    """The newest version of a document that a person is asked to sign."""

    repository: str
    place: str
    version: int
    author: str
    digest: str
    text: str


class Changed(TypedDict):
    """What became of a task."""

    repository: str
    task: int
    is_new: bool  # False: it was so before
    words: str


class Signed(TypedDict):
    """What came of asking the person."""

    task: int
    document: str
    role: str
    digest: str
    told: bool  # whether the person's yes was sent to the home
    words: str


async def list_tasks(
    ctx: Ctx,
    repository: OfRepository,
    over: Annotated[bool, Field(description="Also those that are done or dropped.")] = False,
    limit: Limit = 50,
    after: Annotated[int, Field(ge=0, description="`next` of the page before.")] = 0,
) -> dict[str, Any]:
    """List the tasks of a repository: the phase of each, what holds it up, and who can help."""
    state = await _state(ctx, repository)
    later = (state.tasks[number] for number in sorted(state.tasks) if number > after)
    found = (standing_of(each, state.process) for each in later)
    chosen = [*islice((each for each in found if over or each.phase is not None), limit + 1)]
    more = chosen[limit - 1].task if len(chosen) > limit else None
    return bounded({"repository": state.id, "items": chosen[:limit], "next": more})


async def show_task(ctx: Ctx, repository: OfRepository, task: Number) -> dict[str, Any]:
    """Show a task: brief, documents with versions, digests and signatures, and how it stands."""
    state = await _state(ctx, repository)
    found = _task(state, task)
    return bounded({"task": found, "standing": standing_of(found, state.process)})


async def read_task(
    ctx: Ctx, repository: OfRepository, task: Number, document: TaskDocument, offset: Offset = 0
) -> Part:
    """Read the newest version of a document of a task that the record has, a part at a time."""
    found = await _document(ctx, await _state(ctx, repository), task, document)
    return part_of(found.text, offset)


async def add_task(
    ctx: Ctx,
    repository: OfRepository,
    title: Annotated[str, Field(min_length=1, max_length=300)],
    brief: Annotated[str, Field(max_length=20_000, description="What is wanted, and why.")] = "",
    key: Key = "",
) -> Changed:
    """Add a task to a repository; its documents begin with what the process asks of them."""
    id_ = await _id(ctx, repository)
    async with client_of(ctx) as client:
        answer = (await client.repositories.add(id_, title, brief=brief, key=key)).answer
    folder = f"tasks/{answer['task']:04}-{answer['slug']}"
    words = f"It is in the record. {FILES} They go to {folder}."
    return Changed(repository=id_, task=answer["task"], is_new=answer["is_new"], words=words)


async def start_task(ctx: Ctx, repository: OfRepository, task: Number) -> Changed:
    """Begin to implement a task; refused while its gate does not hold, with what is missing."""
    id_ = await _id(ctx, repository)
    async with client_of(ctx) as client:
        answer = (await client.repositories.start(id_, task)).answer
    words = f"Task {task} is started. {FILES}"
    return Changed(repository=id_, task=task, is_new=answer["is_new"], words=words)


async def _read(
    ctx: Ctx, repository: OfRepository, task: Number, document: TaskDocument
) -> Document:
    """Return what a person is asked to sign, where they may and can be asked here.

    Raises:
        Forbidden: `permission.missing`.
        Rejected: `approval.by_agent`, `mcp.no_elicitation`, `mcp.too_long`.
    """
    reach_of(ctx).refuse_agents_at_work()
    reach_of(ctx).refuse_without("approve", ctx)
    found = await _document(ctx, await _state(ctx, repository), task, document)
    elsewhere = f"A person reads {found.place} and signs with `mission task approve {task}`."
    refuse_unasked(ctx, found.text, hint=elsewhere)
    return found


def _consent(found: Annotated[Document, Resolve(_read)], role: Role) -> Elicit[Consent]:
    lines = [
        f"Do you sign this for {role}? {found.place}, version {found.version}, by {found.author}",
        f"SHA-256 {found.digest}",
    ]
    return Elicit("\n".join([*map(visible, lines), *map(visible, found.text.split("\n"))]), Consent)


async def sign_task(
    ctx: Ctx,
    repository: OfRepository,
    task: Number,
    document: TaskDocument,
    role: Role,
    found: Annotated[Document, Resolve(_read)],
    reply: Annotated[ElicitationResult[Consent], Resolve(_consent)],
) -> Signed:
    """Put a document before the person at this client, and tell their signature in a role.

    Only a person signs. A client that can't ask one is refused.
    """
    del repository
    is_yes = isinstance(reply, AcceptedElicitation) and reply.data.sign
    words = "The user of the client did not confirm, and nothing is signed."
    if isinstance(reply, AcceptedElicitation) and reply.data.sign:
        async with client_of(ctx) as client:
            signing = client.repositories.sign(
                found.repository,
                task,
                document,
                role,
                digest=found.digest,
                reason=reply.data.reason,
            )
            await signing
        words = f"{found.place} is signed for {role}. {FILES}"
    return Signed(
        task=task, document=document, role=role, digest=found.digest, told=is_yes, words=words
    )


async def _id(ctx: Ctx, repository: str) -> str:
    """Return the id of a repository that is named by it or by a checkout.

    Raises:
        Forbidden: `permission.missing`, where the caller names a directory.
        Rejected: see `locate`, `read_sop`; `guard.no_repository`.
    """
    if repository.startswith(PREFIX):
        return repository
    reach_of(ctx).refuse_without("operate", ctx)  # It reads any directory of this machine.
    root = await top_of(locate(repository))
    return read_sop(RepositoryFiles(root).read(PLACE)).id


async def _state(ctx: Ctx, repository: str) -> Repository:
    id_ = await _id(ctx, repository)
    async with client_of(ctx) as client:
        return await client.repositories.get(id_)


def _task(state: Repository, number: int) -> RepositoryTask:
    if number not in state.tasks:
        raise NotFound(
            "repository.unknown_task",
            f"There is no task {number} in {state.id}.",
            hint="`list_tasks` names them.",
        )
    return state.tasks[number]


async def _document(ctx: Ctx, state: Repository, number: int, kind: TaskDocument) -> Document:
    task = _task(state, number)
    newest = task.documents.get(kind)
    if newest is None:
        raise NotFound(
            "repository.no_document",
            f"Task {number} has no {kind}: the process of the repository has no such phase.",
        )
    async with client_of(ctx) as client:
        text = (await client.artifacts.content(newest.digest)).decode()
    fields = (state.id, task.place(kind), newest.version, newest.author.name, newest.digest)
    return Document(*fields, text)
