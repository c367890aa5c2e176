"""What people sign, build, judge and look into: sign-offs, tasks, decisions and alerts."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import msgspec

from missioncontrol.application.analytics.alerts import ALERTS
from missioncontrol.application.analytics.alerts import stream_of as alerts_of
from missioncontrol.application.analytics.products import PRODUCTS
from missioncontrol.application.analytics.products import STREAM as PRODUCTS_STREAM
from missioncontrol.application.decision_views import DecisionView, all_decisions
from missioncontrol.application.decisions import DECISIONS
from missioncontrol.application.decisions import STREAM as DECISIONS_STREAM
from missioncontrol.application.inbox.items import About, Group, Waiting, part_of_id
from missioncontrol.application.queries.repositories import repositories, state_of
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import Present
from missioncontrol.application.review_changes import REVIEWS
from missioncontrol.application.review_changes import STREAM as REVIEWS_STREAM
from missioncontrol.domain.alert import Alert
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.person import person
from missioncontrol.domain.product.states import OWN
from missioncontrol.domain.repository.commands import SignDocument
from missioncontrol.domain.repository.decide import decide
from missioncontrol.domain.repository.documents import TASK_DOCUMENTS, TaskDocument
from missioncontrol.domain.repository.events import Who
from missioncontrol.domain.repository.gates import lacks, phase_of, review
from missioncontrol.domain.repository.process import Role
from missioncontrol.domain.repository.states import (
    Done,
    Dropped,
    Repository,
    RepositoryTask,
    Started,
)
from missioncontrol.domain.review import Comment

REPOSITORIES_MAX = 200
TASKS_MAX = 500
"""Open tasks of one repository that are looked at."""

PLANS_MAX = 500
PRODUCTS_MAX = 100


async def tasks(present: Present, now: float) -> list[Waiting]:
    """Return sign-offs that are missing, and tasks of repositories with their owners."""
    found: list[Waiting] = []
    for row in repositories(present, limit=REPOSITORIES_MAX):
        if row.preparing or row.started:
            state = await state_of(present, row.id)
            for task in islice(_open_tasks(state), TASKS_MAX):
                found += _of_task(present, state, task, now)
    return found


def _open_tasks(state: Repository) -> Iterator[RepositoryTask]:
    for number in sorted(state.tasks):
        task = state.tasks[number]
        if not isinstance(task.stage, Done | Dropped):
            yield task


def _of_task(
    present: Present, state: Repository, task: RepositoryTask, now: float
) -> Iterator[Waiting]:
    phase = phase_of(task, state.process)
    if phase == "review":
        yield _review(state, task, now)
    elif isinstance(task.stage, Started):
        if not _is_at_work(present, task):
            yield _build(state, task)
    elif phase in TASK_DOCUMENTS:
        yield from _of_document(state, task, phase, now)
    elif phase == "implementation":
        yield _start(present, state, task)


def _of_document(
    state: Repository, task: RepositoryTask, kind: TaskDocument, now: float
) -> Iterator[Waiting]:
    reasons = lacks(task, kind, state.process)
    if any(reason.lack in ("absent", "incomplete") for reason in reasons):
        yield _write(state, task, kind)
        return
    for reason in reasons:
        if reason.role is not None and reason.lack in ("unsigned", "stale", "own"):
            yield _sign_off(state, task, kind, reason.role, now)


def _sign_off(
    state: Repository, task: RepositoryTask, kind: TaskDocument, role: Role, now: float
) -> Waiting:
    document = task.documents[kind]
    named = state.process.roles.get(role, ())

    def objection(actor: str) -> str:
        sign = SignDocument(task.number, kind, role, document.digest, Who(actor))
        return _refusal(sign, state, now)

    return Waiting(
        id=f"sign-off:{state.id}:{task.number}:{kind}:{role}",
        kind="sign-off",
        title=f"Sign off the {_document(kind)} of {task.title}",
        detail=f"Sign-off as {role} · {_repository(state)}, task {task.number}",
        about=About(repository=state.id, task=task.number, document=kind, role=role),
        href=f"/repositories/{state.id}/tasks/{task.number}",
        since=document.at,
        group="next",
        tone="ask",
        digest=document.digest,
        frees=f"the next phase of task {task.number}",
        who=", ".join(named) or f"any approver, for {role}",
        objection=objection,
    )


def _refusal(sign: SignDocument, state: Repository, now: float) -> str:
    try:
        events = decide(sign, state, now)
    except MissionControlError as refusal:
        return refusal.reason
    return "" if events else "You have signed it."


def _write(state: Repository, task: RepositoryTask, kind: TaskDocument) -> Waiting:
    document = task.documents.get(kind)
    verb = "Complete" if document else "Write"
    title = f"{verb} the {_document(kind)} of {task.title}"
    since = document.at if document else task.at
    return _own(state, task, title, task.by, since, "later", f"{kind} of the task")


def _start(present: Present, state: Repository, task: RepositoryTask) -> Waiting:
    since = max((each.at for each in task.documents.values()), default=task.at)
    id_ = f"{state.id}/{task.number}"
    row = present.work.rows.get(id_)
    assignee = row.assignee if row is not None and row.assignee.startswith("user:") else ""
    owner = Who(assignee) if assignee else task.by
    found = _own(state, task, f"Start {task.title}", owner, since, "next", "its implementation")
    about = msgspec.structs.replace(found.about, id=id_)
    return msgspec.structs.replace(found, about=about, actions=("start",), may_act=True)


def _build(state: Repository, task: RepositoryTask) -> Waiting:
    assert isinstance(task.stage, Started)
    by, at = task.stage.by, task.stage.at
    return _own(state, task, f"Build {task.title}", by, at, "next", "its review")


def _own(
    state: Repository,
    task: RepositoryTask,
    title: str,
    owner: Who,
    since: float,
    group: Group,
    frees: str,
) -> Waiting:
    name = owner.name.removeprefix("user:")

    def objection(actor: str) -> str:
        return "" if person(actor) == person(owner.name) else f"{name} is the owner of this task."

    return Waiting(
        id=f"task:{state.id}:{task.number}",
        kind="task",
        title=title,
        detail=f"Task of {name} · {_repository(state)}, task {task.number}",
        about=About(repository=state.id, task=task.number),
        href=f"/repositories/{state.id}/tasks/{task.number}",
        since=since,
        group=group,
        tone="ask",
        frees=frees,
        who=name,
        may_act=False,
        objection=objection,
    )


def _review(state: Repository, task: RepositoryTask, now: float) -> Waiting:
    since = task.stage.at if isinstance(task.stage, Started) else now

    def objection(actor: str) -> str:
        reasons = review(task, state.process, Who(actor))
        return f"{reasons[0].words}." if reasons else ""

    return Waiting(
        id=f"task:{state.id}:{task.number}",
        kind="task",
        title=f"Review {task.title}",
        detail=f"Task in review · {_repository(state)}, task {task.number}",
        about=About(repository=state.id, task=task.number),
        href=f"/repositories/{state.id}/tasks/{task.number}",
        since=since,
        group="next",
        tone="ask",
        frees=f"the end of task {task.number}",
        who="any approver except its builder",
        title_of_action="Mark as done",
        actions=("finish",),
        objection=objection,
    )


def _is_at_work(present: Present, task: RepositoryTask) -> bool:
    row = present.board.run(task.hold.run) if task.hold else None
    return row is not None and not row.ended


def _document(kind: TaskDocument) -> str:
    return {"prd": "PRD", "tasks": "task list", "spec": "spec", "plan": "action plan"}[kind]


def _repository(state: Repository) -> str:
    return state.path.rstrip("/").rpartition("/")[2] or state.path


async def comments(present: Present) -> list[Waiting]:
    """Return changes with comments that are open, and that no builder has yet."""
    state = await present.find(REVIEWS, REVIEWS_STREAM)
    found = state.reviews.items() if state is not None else ()
    new = {source: [each for each in review.open_ones if not each.sent] for source, review in found}
    return [_comments(present, source, each) for source, each in new.items() if each]


def _comments(present: Present, source: str, found: list[Comment]) -> Waiting:
    item = present.work.item(source)
    row = present.board.run(source) if item is None else None
    title = item.title if item is not None else (row and present.board.title_of(row)) or source
    count = "1 comment" if len(found) == 1 else f"{len(found)} comments"
    writers = {person(each.by) for each in found}
    key = item.id if item is not None else source

    def objection(actor: str) -> str:
        return "You wrote all of them." if writers == {person(actor)} else ""

    return Waiting(
        id=f"comment:{':'.join(map(part_of_id, source.split('/')))}",
        kind="comment",
        title=f"{count} on “{title}”",
        detail=f"Review · {key}, by {', '.join(sorted(writers))}",
        about=About(id=key, run=found[-1].run),
        href=f"/reviews/{key}",
        since=found[-1].at,
        group="next",
        tone="ask",
        frees="the next round of its builder",
        who="any operator",
        count=len(found),
        objection=objection,
    )


async def decisions(present: Present) -> list[Waiting]:
    """Return proposed decisions; those of one plan are one item."""
    log = await present.find(DECISIONS, DECISIONS_STREAM)
    rows = newest_rows(present, "planned", limit=PLANS_MAX, is_open=True)
    proposed = [each for each in all_decisions(log, rows) if each.status == "proposed"]
    by_mission: dict[str, list[DecisionView]] = defaultdict(list)
    for each in proposed:
        by_mission[each.mission].append(each)
    alone = [_decision(each) for each in by_mission.pop("", [])]
    return alone + [
        _of_plan(mission, found)
        for mission, found in by_mission.items()
        if not _is_over(present, mission)
    ]


def _is_over(present: Present, mission: str) -> bool:
    row = present.board.mission(mission)
    return row is not None and row.status in ("failed", "cancelled")


def _decision(decision: DecisionView) -> Waiting:
    return Waiting(
        id=f"decision:{':'.join(map(part_of_id, decision.id.split('/')))}",
        kind="decision",
        title=f"{decision.id}: {decision.title}",
        detail="Proposed decision" + (f" · {decision.choice}" if decision.choice else ""),
        about=About(id=decision.id, repository=decision.repository),
        href=f"/decisions/{decision.id.replace('/', ':')}",
        since=decision.updated,
        group="later",
        tone="ask",
        who="any operator",
    )


def _of_plan(mission: str, found: list[DecisionView]) -> Waiting:
    if len(found) == 1:
        return _decision(found[0])
    title = found[0].mission_title or mission
    return Waiting(
        id=f"decision:{mission}",
        kind="decision",
        title=f"{len(found)} decisions of {title}",
        detail="Proposed decisions of its plan",
        about=About(mission=mission, repository=found[0].repository),
        href=f"/missions/{mission}?view=decisions",
        since=max(each.updated for each in found),
        group="later",
        tone="ask",
        who="any operator",
        count=len(found),
        title_of_action=f"Accept all {len(found)}",
    )


async def proposed_of(present: Present, item: Waiting) -> list[DecisionView]:
    """Return the proposed decisions that an item stands for."""
    log = await present.find(DECISIONS, DECISIONS_STREAM)
    rows = newest_rows(present, "planned", limit=PLANS_MAX, is_open=True)
    return [
        each
        for each in all_decisions(log, rows)
        if each.status == "proposed"
        and (each.id == item.about.id or (not item.about.id and each.mission == item.about.mission))
    ]


async def alerts(present: Present) -> list[Waiting]:
    """Return the alerts of products that are not acknowledged."""
    products = await present.find(PRODUCTS, PRODUCTS_STREAM)
    names = {OWN: "Mission Control"}
    names |= {each.slug: each.name for each in products.products.values()} if products else {}
    found: list[Waiting] = []
    for slug, name in islice(names.items(), PRODUCTS_MAX):
        known = await present.find(ALERTS, alerts_of(slug))
        if known is not None:
            found += [_alert(each, name) for each in known.listed() if each.state == "open"]
    return found


def _alert(alert: Alert, product: str) -> Waiting:
    reading = alert.reading
    verb = "fell" if reading.is_down else "rose"
    is_critical = reading.severity == "critical"
    return Waiting(
        id=f"alert:{alert.product}:{alert.id}",
        kind="alert",
        title=f"{reading.title} {verb}",
        detail=f"Alert, {reading.severity} · {product}",
        about=About(product=alert.product, id=alert.id),
        href=f"/cockpit/alerts/{alert.id}?product={alert.product}",
        since=alert.opened,
        group="next" if is_critical else "later",
        tone="bad" if reading.is_good is not True else "ask",
        who="any operator",
    )
