"""Answers what is asked of a repository with the events it makes true, or refuses it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import person
from missioncontrol.domain.repository.commands import (
    AddTask,
    AdoptRepository,
    DropTask,
    EditTask,
    FinishTask,
    RepositoryCommand,
    RunTasks,
    ScopeTask,
    SignDocument,
    StartTask,
    TakeDocument,
    Version,
)
from missioncontrol.domain.repository.events import (
    Digests,
    ProcessChanged,
    RepositoryAdopted,
    RepositoryEvent,
    RepositoryTaskAdded,
    RepositoryTaskDone,
    RepositoryTaskDropped,
    RepositoryTaskEdited,
    RepositoryTaskStarted,
    TaskDocumentSigned,
    TaskDocumentTaken,
    Who,
)
from missioncontrol.domain.repository.gates import Reason, gate, incomplete, review, signs_alone
from missioncontrol.domain.repository.process import Process, fault_of
from missioncontrol.domain.repository.states import (
    DocumentState,
    Done,
    Dropped,
    Repository,
    RepositoryTask,
    Started,
)
from missioncontrol.domain.repository.task_holds import (
    looked_up,
    refuse_run,
    scoped,
    tasks_run,
    with_scopes,
)
from missioncontrol.domain.visible import suspicious

TASKS_MAX = 9_999
VERSIONS_MAX = 1_000
TITLE_MAX = 200
BRIEF_MAX = 20_000
ACCEPTANCE_MAX = 50
POINT_MAX = 1_000
REASON_MAX = 2_000
PATH_MAX = 4_096
CHARACTERS_MAX = 400_000
SLUG_MAX = 48
replace = msgspec.structs.replace
ID = re.compile(r"repository-[0-9a-z]{14}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def decide(
    command: RepositoryCommand, state: Repository | None, now: float
) -> list[RepositoryEvent]:
    """Answer `command`.

    Raises:
        NotFound: `repository.unknown`, `repository.unknown_task`.
        Rejected: `repository.bad_input`, `repository.bad_process`, `repository.too_many`,
            `repository.over`, `repository.other_version`, `repository.incomplete`,
            `repository.may_not_sign`, `repository.bad_scope`, `repository.no_scope`, or
            `repository.gate` with all reasons why it does not hold.
        Conflict: `repository.at_work`, `repository.scope_taken`.
    """
    del now
    if isinstance(command, AdoptRepository):
        return _adopted(command, state)
    if state is None:
        raise unknown("")
    match command:
        case AddTask():
            return _added(command, state)
        case EditTask():
            return _edited(command, state)
        case TakeDocument():
            return _accept_document(command, state)
        case SignDocument():
            return _signed(command, state)
        case StartTask():
            return _started(command, state)
        case FinishTask():
            return _done(command, state)
        case DropTask():
            return _dropped(command, state)
        case ScopeTask():
            _refuse_bad("reason", command.reason, REASON_MAX)
            return [*scoped(command, _open(state, command.task), state.id)]
        case RunTasks():
            return _run(command, state)


def unknown(stream: str) -> NotFound:
    """Say that a repository was not adopted here."""
    named = f"The repository {stream!r}" if stream else "This repository"
    return NotFound(
        "repository.unknown",
        f"{named} has no record in this home.",
        hint="`mission repo init --apply` begins one; with --home or --server, elsewhere.",
    )


def slug_of(title: str) -> str:
    """Return the words of a title as a part of a path."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:SLUG_MAX]
        if len(longer) > SLUG_MAX:
            break
        slug = longer
    return slug or "task"


def _adopted(command: AdoptRepository, state: Repository | None) -> list[RepositoryEvent]:
    if not ID.fullmatch(command.repository):
        raise Rejected(
            "repository.bad_input", f"{command.repository[:80]!r} is no repository's id."
        )
    if not 0 < len(command.path) <= PATH_MAX:
        raise Rejected("repository.bad_input", "The path of the checkout is empty or too long.")
    if fault := fault_of(command.process):
        raise Rejected(
            "repository.bad_process",
            f"The process can't hold: {fault}.",
            hint="Mend `.mission/sop.toml`.",
        )
    if state is None:
        return [RepositoryAdopted(command.repository, command.path, command.process)]
    if state.process != command.process:
        return [ProcessChanged(command.repository, command.process)]
    return []


def _added(command: AddTask, state: Repository) -> list[RepositoryEvent]:
    _refuse_bad_words(command.title, command.brief, command.acceptance)
    if len(state.tasks) >= TASKS_MAX:
        raise Rejected("repository.too_many", f"There are {TASKS_MAX:,} tasks here already.")
    number, slug = len(state.tasks) + 1, slug_of(command.title)
    added = RepositoryTaskAdded(
        state.id, number, slug, command.title, command.by, command.brief, command.acceptance
    )
    return [added, *(_version(state.id, number, 1, each, command.by) for each in command.documents)]


def _edited(command: EditTask, state: Repository) -> list[RepositoryEvent]:
    task = _open(state, command.task)
    stated = {name: getattr(command, name) for name in ("title", "brief", "acceptance")}
    changed: dict[str, Any] = {
        name: value
        for name, value in stated.items()
        if value is not None and value != getattr(task, name)
    }
    now = replace(task, **changed)
    _refuse_bad_words(now.title, now.brief, now.acceptance)
    return [RepositoryTaskEdited(state.id, task.number, command.by, **changed)] if changed else []


def _refuse_bad_words(title: str, brief: str, acceptance: Sequence[str]) -> None:
    _refuse_bad("title", title, TITLE_MAX, least=1)
    _refuse_bad("brief", brief, BRIEF_MAX)
    if not title.isprintable() or suspicious(title):
        raise Rejected("repository.bad_input", "The title is one line with nothing hidden in it.")
    if len(acceptance) > ACCEPTANCE_MAX:
        raise Rejected(
            "repository.bad_input",
            f"There are {len(acceptance)} points of acceptance; at most {ACCEPTANCE_MAX} fit.",
        )
    for each in acceptance:
        _refuse_bad("acceptance", each, POINT_MAX, least=1)


def _accept_document(command: TakeDocument, state: Repository) -> list[RepositoryEvent]:
    task, version = _task(state, command.task), command.version
    before = task.documents.get(version.kind)
    if before is not None and before.digest == version.digest:
        return []
    if version.kind not in state.process.documents:
        raise Rejected("repository.bad_input", f"Tasks of this repository have no {version.kind}.")
    if not _DIGEST.fullmatch(version.digest) or version.characters > CHARACTERS_MAX:
        raise Rejected(
            "repository.bad_input",
            f"{task.place(version.kind)} has {version.characters:,} characters; "
            f"at most {CHARACTERS_MAX:,} are stored.",
        )
    number = before.version + 1 if before else 1
    if number > VERSIONS_MAX:
        place = task.place(version.kind)
        raise Rejected("repository.too_many", f"{place} has {VERSIONS_MAX:,} versions already.")
    return [
        _version(
            state.id,
            task.number,
            number,
            version,
            command.author,
            command.base,
            command.given,
            command.conflicts,
        )
    ]


def _signed(command: SignDocument, state: Repository) -> list[RepositoryEvent]:
    task, process, kind = _open(state, command.task), state.process, command.kind
    _refuse_bad("reason", command.reason, REASON_MAX)
    place = task.place(kind)
    document = task.documents.get(kind)
    if document is None:
        raise Rejected("repository.incomplete", f"There is no {place}.")
    _refuse_other_version(document, command, place)
    asked = process.rule(kind).signed_by
    if command.role not in asked:
        roles = ", ".join(asked) or "no role"
        reason = f"{kind} is signed by {roles}, not by {command.role}."
        raise Rejected("repository.may_not_sign", reason)
    if not person(command.by.name) or not process.may_sign(command.role, command.by.name):
        names = ", ".join(process.roles.get(command.role, ()))
        raise Rejected(
            "repository.may_not_sign",
            f"{command.by.name!r} may not sign for {command.role}: {names or 'people'} may.",
            hint="`.mission/sop.toml` declares who may.",
        )
    _refuse_alone(document, command, process)
    needs = process.rule(kind).needs
    reasons = incomplete(document, kind, process)
    reasons += [Reason("absent", f"there is no {n}", n) for n in needs if n not in task.documents]
    if reasons:
        raise Rejected("repository.incomplete", f"{place} can't be signed: {words_of(reasons)}.")
    rests_on: Digests = {need: task.documents[need].digest for need in needs}
    before = document.signatures.get(command.role)
    if before and (before.digest, before.rests_on, before.by) == (
        document.digest,
        rests_on,
        command.by,
    ):
        return []
    return [
        TaskDocumentSigned(
            state.id,
            task.number,
            kind,
            command.role,
            document.digest,
            rests_on,
            command.by,
            command.reason,
        )
    ]


def _refuse_alone(document: DocumentState, command: SignDocument, process: Process) -> None:
    """Refuse a signature that leaves the author of a version as the only one who signed it."""
    kind, role = command.kind, command.role
    if not signs_alone(document, role, command.by, process.rule(kind), process):
        return
    raise Rejected(
        "repository.may_not_sign",
        f"{command.by.name} wrote version {document.version} of {kind}, and with this signature "
        "the author would be its only signer.",
        hint=f"Another person signs it for {role}: `mission task approve {command.task} {kind} "
        f"--role {role}`. Where you work alone, say `own = true` in `.mission/sop.toml`, and "
        "`mission repo sync`.",
    )


def _refuse_other_version(document: DocumentState, command: SignDocument, place: str) -> None:
    if document.digest != command.digest:
        raise Rejected(
            "repository.other_version",
            f"Version {document.version} of {place} is in the record, and not what was read.",
            hint="`mission repo sync`, read it, and sign it then.",
        )


def _started(command: StartTask, state: Repository) -> list[RepositoryEvent]:
    task = _open(state, command.task)
    if isinstance(task.stage, Started):
        return []
    _refuse_closed("start", task, gate(task, "implementation", state.process))
    return [RepositoryTaskStarted(state.id, task.number, _digests(task), command.by)]


def _done(command: FinishTask, state: Repository) -> list[RepositoryEvent]:
    _refuse_bad("reason", command.reason, REASON_MAX)
    if isinstance(_task(state, command.task).stage, Done):
        return []
    task = _open(state, command.task)
    if not isinstance(task.stage, Started):
        raise Rejected(
            "repository.not_started",
            f"Task {task.number} was not started.",
            hint=f"`mission task start {task.number}` does that, once its gate holds.",
        )
    _refuse_closed("be done", task, review(task, state.process, command.by))
    digests = _digests(task)
    return [RepositoryTaskDone(state.id, task.number, digests, command.by, command.reason)]


def _dropped(command: DropTask, state: Repository) -> list[RepositoryEvent]:
    _refuse_bad("reason", command.reason, REASON_MAX, least=1)
    if isinstance(_task(state, command.task).stage, Dropped):
        return []
    task = _open(state, command.task)
    return [RepositoryTaskDropped(state.id, task.number, command.by, command.reason)]


def _run(command: RunTasks, state: Repository) -> list[RepositoryEvent]:
    tasks = [_open(state, number) for number in command.tasks]
    scopings = looked_up(command, tasks, state.id)
    tasks = with_scopes(tasks, scopings)
    refuse_run(command, tasks, state)
    begun = [
        event for task in tasks for event in _started(StartTask(task.number, command.by), state)
    ]
    return [*scopings, *begun, tasks_run(command, tasks, state.id)]


def words_of(reasons: Iterable[Reason]) -> str:
    """Return all reasons in one sentence."""
    return "; ".join(each.words for each in reasons)


def _refuse_closed(what: str, task: RepositoryTask, reasons: list[Reason]) -> None:
    if reasons:
        raise Rejected(
            "repository.gate",
            f"Task {task.number} can't {what}: {words_of(reasons)}.",
            hint="`mission repo status` says who can help.",
        )


def _task(state: Repository, number: int) -> RepositoryTask:
    task = state.tasks.get(number)
    if task is None:
        raise NotFound(
            "repository.unknown_task",
            f"There is no task {number} in this repository.",
            hint="`mission task list` names them.",
        )
    return task


def _open(state: Repository, number: int) -> RepositoryTask:
    task = _task(state, number)
    if isinstance(task.stage, Done | Dropped):
        end = "done" if isinstance(task.stage, Done) else "dropped"
        raise Rejected("repository.over", f"Task {number} is {end} already.")
    return task


def _digests(task: RepositoryTask) -> Digests:
    return {kind: document.digest for kind, document in task.documents.items()}


def _version(
    repository: str,
    task: int,
    number: int,
    version: Version,
    author: Who,
    base: str = "",
    given: str = "",
    conflicts: int = 0,
) -> TaskDocumentTaken:
    return TaskDocumentTaken(
        repository,
        task,
        version.kind,
        number,
        version.digest,
        version.characters,
        version.outline,
        author,
        base,
        given,
        conflicts,
    )


def _refuse_bad(name: str, text: str, most: int, *, least: int = 0) -> None:
    if not least <= len(text.strip()) or len(text) > most:
        raise Rejected(
            "repository.bad_input", f"`{name}` has {len(text):,} characters; {least} to {most:,}."
        )
