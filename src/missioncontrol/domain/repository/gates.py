"""Gates: claims about the documents of a task, each with its reason where it does not hold."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from missioncontrol.domain.person import Known, known_as
from missioncontrol.domain.repository.documents import TASK_DOCUMENTS, TaskDocument
from missioncontrol.domain.repository.events import Who
from missioncontrol.domain.repository.process import Phase, PhaseRule, Process, Role
from missioncontrol.domain.repository.states import (
    DocumentState,
    Done,
    Dropped,
    RepositoryTask,
    Started,
)

Lack = Literal["absent", "incomplete", "unsigned", "own", "stale", "same_person"]
SHOWN_MAX = 5
"""Open places that a reason names."""


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a gate does not hold."""

    lack: Lack
    words: str
    document: TaskDocument | None = None
    role: Role | None = None  # who can help; anybody who may change the document where it is None


def incomplete(document: DocumentState, kind: TaskDocument, process: Process) -> list[Reason]:
    """Say what a text lacks: a heading, text below one, or the decision of what was left open."""
    outline, found = document.outline, []
    for heading in process.rule(kind).headings:
        if heading.lower() in outline.filled:
            continue
        has = "has no text" if heading.lower() in outline.empty else "is not there"
        found.append(Reason("incomplete", f"`{heading}` {has} in {kind}", kind))
    if outline.unsettled:
        named = ", ".join(outline.unsettled[:SHOWN_MAX])
        more = len(outline.unsettled) - SHOWN_MAX
        tail = f" and {more} more" if more > 0 else ""
        found.append(Reason("incomplete", f"{kind} leaves open: {named}{tail}", kind))
    return found


def lacks(task: RepositoryTask, kind: TaskDocument, process: Process) -> list[Reason]:
    """Say why a document does not hold: absent, incomplete, not signed as it must be, or stale."""
    document = task.documents.get(kind)
    if document is None:
        return [Reason("absent", f"there is no {kind}", kind)]
    found = incomplete(document, kind, process)
    rule = process.rule(kind)
    for role in rule.signed_by:
        found += _unsigned(task, document, kind, role, process)
    if rule.signed_by and not process.own and not found and _is_own(document, rule.signed_by):
        words = f"only its author {document.author.name} signed {kind}; another person has to"
        found.append(Reason("own", words, kind, rule.signed_by[0]))
    return found


def signs_alone(
    document: DocumentState, role: Role, by: Who, rule: PhaseRule, process: Process
) -> bool:
    """Whether only the author could have signed a document once `by` signs it for `role`.

    `lacks` counts a document only where another person signed it too. So an author may sign for
    one of several roles, as long as another role is left to another person.
    """
    if process.own or not is_same(document.author, by):
        return False
    others = [each for each in rule.signed_by if each != role]
    return not any(_others_may_sign(document, each, process) for each in others)


def _others_may_sign(document: DocumentState, role: Role, process: Process) -> bool:
    """Whether a person other than its author signed a document for a role, or still can."""
    signature = document.signatures.get(role)
    if signature is not None and signature.digest == document.digest:
        return not is_same(document.author, signature.by)
    named = process.roles.get(role, ())
    return not named or any(not is_same(document.author, Who(name)) for name in named)


def gate(task: RepositoryTask, phase: Phase, process: Process) -> list[Reason]:
    """Say why a phase can't begin; nothing where it can."""
    return [reason for kind in process.rule(phase).needs for reason in lacks(task, kind, process)]


def review(task: RepositoryTask, process: Process, by: Who) -> list[Reason]:
    """Return the reasons why a user can't mark a task as done."""
    found = gate(task, "review", process)
    if isinstance(task.stage, Started) and not process.own and is_same(task.stage.by, by):
        words = f"{task.stage.by.name} started it, and another person has to review it"
        found.append(Reason("same_person", words))
    return found


def phase_of(task: RepositoryTask, process: Process) -> Phase | None:
    """Return the phase that a task is in; None where it is over."""
    match task.stage:
        case Done() | Dropped():
            return None
        case Started():
            return "review" if not gate(task, "review", process) else "implementation"
    return next(
        (kind for kind in process.documents if lacks(task, kind, process)), "implementation"
    )


def held_up(task: RepositoryTask, process: Process) -> list[Reason]:
    """Say what holds a task up in its phase."""
    phase = phase_of(task, process)
    if phase in TASK_DOCUMENTS:
        return lacks(task, phase, process)
    if phase == "implementation":
        return gate(task, "review" if isinstance(task.stage, Started) else phase, process)
    return []


def is_same(one: Who, other: Who) -> bool:
    """Whether two names are one person, as far as that is known."""
    return _known(one).is_also(_known(other))


def _known(who: Who) -> Known:
    return known_as([who.name], who.os_user)


def _unsigned(
    task: RepositoryTask, document: DocumentState, kind: TaskDocument, role: Role, process: Process
) -> list[Reason]:
    signature = document.signatures.get(role)
    if signature is None:
        return [Reason("unsigned", f"{kind} has no signature for {role}", kind, role)]
    if signature.digest != document.digest:
        words = f"{kind} was changed after {signature.by.name} signed it for {role}"
        return [Reason("stale", words, kind, role)]
    if not process.may_sign(role, signature.by.name):
        words = f"{signature.by.name}, who signed {kind}, may not sign for {role} any more"
        return [Reason("unsigned", words, kind, role)]
    moved = [
        need
        for need in process.rule(kind).needs
        if need not in task.documents or signature.rests_on.get(need) != task.documents[need].digest
    ]
    if moved:
        words = f"{' and '.join(moved)} changed after {signature.by.name} signed {kind} for {role}"
        return [Reason("stale", words, kind, role)]
    return []


def _is_own(document: DocumentState, roles: Iterable[Role]) -> bool:
    signers = [document.signatures[role].by for role in roles if role in document.signatures]
    return all(is_same(document.author, each) for each in signers)
