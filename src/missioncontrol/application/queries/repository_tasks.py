"""One task of a repository: its documents, who signed what, gates, runs and their rounds."""

import msgspec

from missioncontrol.application.queries.repositories import (
    RunSummary,
    TaskItem,
    item_of,
    row_in,
    run_summaries,
    state_of,
    task_of,
)
from missioncontrol.application.queries.task_rounds import RoundRow, rounds_of
from missioncontrol.application.read_model import Present
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.repository.commands import SignDocument
from missioncontrol.domain.repository.decide import decide
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.events import Ground, Who
from missioncontrol.domain.repository.gates import Reason, gate, lacks
from missioncontrol.domain.repository.process import Phase, Process, Role
from missioncontrol.domain.repository.states import DocumentState, Repository, RepositoryTask


class SignatureView(msgspec.Struct, frozen=True):
    """Who signed a document in a role, and whether it still holds."""

    role: Role
    by: str  # "" where there is none
    at: float
    holds: bool
    why: str  # it does not hold
    objection: str  # why the caller can't sign now; "" where they can, or no caller is given


class DocumentView(msgspec.Struct, frozen=True):
    """A document of a task as the record has it."""

    kind: TaskDocument
    place: str
    version: int
    digest: str  # SHA-256 of the text, by which it is stored
    author: str
    at: float
    conflicts: int  # places of the last merge that a person has to look at
    lacks: list[str]
    signatures: list[SignatureView]


class GateView(msgspec.Struct, frozen=True):
    """Whether a phase can begin."""

    phase: Phase
    needs: tuple[TaskDocument, ...]
    holds: bool
    why: list[str]  # it does not


class TaskView(msgspec.Struct, frozen=True):
    """One task with all there is to know."""

    repository: str
    item: TaskItem
    brief: str
    by: str
    at: float
    documents: list[DocumentView]
    gates: list[GateView]
    scope: tuple[str, ...]
    ground: Ground | None  # who stated which files it is to change; None where none are stated
    runs: list[RunSummary]  # the newest first
    rounds: list[RoundRow]  # of the newest run


async def task_view(
    present: Present, repository: str, number: int, now: float, *, actor: str = ""
) -> TaskView:
    """Return one task; with `actor`, each signature says why they can't give it.

    Raises:
        NotFound: `repository.unknown`, `repository.unknown_task`.
    """
    state = await state_of(present, repository)
    task = task_of(state, number)
    runs = run_summaries(
        present, [each for each in row_in(present, state).runs if number in each.tasks]
    )
    return TaskView(
        repository=state.id,
        item=item_of(present, task, state.process),
        brief=task.brief,
        by=task.by.name,
        at=task.at,
        documents=[
            _document(task, kind, document, state, now, actor)
            for kind, document in task.documents.items()
        ],
        gates=[_gate(task, phase, state.process) for phase in state.process.phases],
        scope=task.scope.patterns if task.scope else (),
        ground=task.scope.ground if task.scope else None,
        runs=runs,
        rounds=await _rounds(present, runs, number),
    )


async def _rounds(present: Present, runs: list[RunSummary], number: int) -> list[RoundRow]:
    if not runs:
        return []
    try:
        return rounds_of(await present.run(runs[0].run), number)
    except NotFound:
        return []  # Its events went with a restored backup; the task says which run it was.


def _gate(task: RepositoryTask, phase: Phase, process: Process) -> GateView:
    why = [reason.words for reason in gate(task, phase, process)]
    return GateView(phase, process.rule(phase).needs, not why, why)


def _document(
    task: RepositoryTask,
    kind: TaskDocument,
    document: DocumentState,
    state: Repository,
    now: float,
    actor: str,
) -> DocumentView:
    reasons = lacks(task, kind, state.process)
    return DocumentView(
        kind=kind,
        place=task.place(kind),
        version=document.version,
        digest=document.digest,
        author=document.author.name,
        at=document.at,
        conflicts=document.conflicts,
        lacks=[reason.words for reason in reasons],
        signatures=[
            _signature(task, kind, role, document, reasons, state, now, actor)
            for role in state.process.rule(kind).signed_by
        ],
    )


def _signature(
    task: RepositoryTask,
    kind: TaskDocument,
    role: Role,
    document: DocumentState,
    reasons: list[Reason],
    state: Repository,
    now: float,
    actor: str,
) -> SignatureView:
    given = document.signatures.get(role)
    why = next((r.words for r in reasons if r.role == role and r.lack != "own"), "")
    objection = ""
    if actor:
        sign = SignDocument(task.number, kind, role, document.digest, Who(actor))
        objection = _objection(sign, state, now)
    return SignatureView(
        role,
        given.by.name if given else "",
        given.at if given else 0.0,
        given is not None and not why,
        why,
        objection,
    )


def _objection(sign: SignDocument, state: Repository, now: float) -> str:
    """Return why a user can't sign, by the rules that decide about it."""
    try:
        events = decide(sign, state, now)
    except MissionControlError as refusal:
        return refusal.reason
    return "" if events else "You have signed it."
