"""Runs and missions that go on only after a person has acted: stuck, halted, failed, planned."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from missioncontrol.application.inbox.items import About, Waiting, part_of_id
from missioncontrol.application.inbox.requests import ITEMS_MAX, frees
from missioncontrol.application.queries.halts import Need, needs_in
from missioncontrol.application.queries.missions import MissionChoice, MissionLine, missions
from missioncontrol.application.read_model import Present
from missioncontrol.application.work_flow import SlowItem, roughly, slow_items
from missioncontrol.application.work_index import WorkItem
from missioncontrol.domain.money import plain_dollars
from missioncontrol.domain.person import person
from missioncontrol.domain.status import ENDED, WORDS, Closed, Status
from missioncontrol.domain.work_item.stages import STARTABLE
from missioncontrol.ports.read_tables import RunChoice, RunRow

LOOKED_BACK = 7 * 86_400.0
"""How far back a failure without a retry needs a person."""

PLANS_LOOKED_BACK = 30 * 86_400.0
PLANS_MAX = 200
PERIODS = {"total": "", "month": "monthly ", "day": "daily "}


def stuck(present: Present) -> list[Waiting]:
    """Return what keeps runs from going on, each cause once, with all runs that it holds up."""
    causes: dict[str, list[tuple[str, Status]]] = defaultdict(list)
    for run, status in present.statuses.stuck().items():
        causes[status.on[0] if status.on else ""].append((run, status))
    return [_stuck(present, cause, found) for cause, found in causes.items()]


def _stuck(present: Present, cause: str, found: list[tuple[str, Status]]) -> Waiting:
    run, status = found[0]
    around = present.statuses.around
    closed = around.closed.get(cause)
    title, action, kind = _cause(cause, closed, around.stage)
    count = len(found)
    runs = "1 run is" if count == 1 else f"{count:,} runs are"
    row = present.board.run(run)
    since = status.since or (row.created if row else 0.0)
    names = ", ".join(_title(present, each) for each, _ in found[:2])
    more = f" and {count - 2} more" if count > 2 else ""
    about = About(agent=cause if kind == "agent" else "", id=kind)
    if count == 1 and row is not None:
        about = About(
            agent=about.agent, id=kind, run=run, mission=row.mission, workflow=row.workflow
        )
    return Waiting(
        id=f"stuck:{kind}:{part_of_id(cause or 'workspace')}",
        kind="stuck",
        title=f"{runs} stuck: {title}",
        detail=f"Stuck · {names}{more}",
        about=about,
        href=f"/runs/{run}" if count == 1 else "/runs?status=stuck",
        since=since,
        group="now",
        tone="held",
        frees=frees(present, row) if count == 1 else f"{count:,} runs",
        who="any admin",
        count=count,
        title_of_action=action,
        may_act=bool(action),
    )


def _cause(cause: str, closed: Closed | None, stage: str) -> tuple[str, str, str]:
    """Return what is in the way, the action that frees it, and of what kind it is."""
    if stage in ("stopped", "paused") and cause == stage:
        what = "everything is stopped" if stage == "stopped" else "work is paused"
        return what, "Resume all work", "stage"
    if closed is None:
        who = f"agent {cause}" if cause else "the workspace"
        return f"a rate limit allows {who} no start", "Remove the rate limit", "limit"
    if closed.state == "lost":
        return f"{cause} is lost", "", "agent"
    verb = closed.state if closed.state.startswith("failed") else f"is {closed.state}"
    return f"{cause} {verb}", f"Start {cause}", "agent"


SLOW_MAX = 20


def slow(present: Present, now: float) -> list[Waiting]:
    """Return the items that are in their stage for longer than nine of ten that left it.

    An alert is the stay itself: there is one for each, and it is over when the item moves on.
    """
    assert present.work_items is not None  # They are brought up to the log.
    found = slow_items(present.work, now)[:SLOW_MAX]
    return [_slow(present.work.item(each.id), each) for each in found]


def _slow(item: WorkItem | None, found: SlowItem) -> Waiting:
    assert item is not None, f"{found.id} was just listed"
    stage = WORDS[found.stage]
    return Waiting(
        id=f"slow:{found.stage}:{part_of_id(found.id)}",
        kind="slow",
        title=f"{found.id} is slow: {found.title}",
        detail=f"{stage} for longer than {roughly(found.p90)}, the p90 of that stage",
        about=About(run=item.run, step=item.step, id=found.id),
        href=f"/board/items/{found.id}",
        since=found.entered,
        group="next",
        tone="held",
        frees=f"{len(item.blocks)} items" if len(item.blocks) > 1 else "",
        who="anyone who may operate",
        may_act=False,
    )


def halts(present: Present) -> list[Waiting]:
    """Return the caps that runs are halted for, each once, with all its runs."""
    rows = present.statuses.chosen(RunChoice(statuses=("halted",)), limit=ITEMS_MAX)
    by_need: dict[str, list[tuple[RunRow, Status, list[Need]]]] = defaultdict(list)
    for row in rows:
        status = present.statuses.of(row)
        needs = needs_in(status.reason)
        by_need[needs[0].key if len(needs) == 1 else row.id].append((row, status, needs))
    return [_halt(present, found) for found in by_need.values()]


def _halt(present: Present, found: list[tuple[RunRow, Status, list[Need]]]) -> Waiting:
    row, status, needs = found[-1]  # The oldest.
    count = len(found)
    title, action = _title(present, row.id), "Resume"
    if needs:
        title = _capped(present, needs[0])
        amounts = ", ".join(map(_amount, needs))
        action = f"Raise the cap to {amounts}" if len(needs) == 1 else "Raise the caps"
    else:
        title = f"{title} is halted"
    id_ = needs[0].key if len(needs) == 1 and needs[0].scope != "step" else row.id
    return Waiting(
        id=f"halt:{part_of_id(id_)}",
        kind="halt",
        title=title if count == 1 else f"{title}: {count:,} runs are halted",
        detail=f"Budget halt · {_title(present, row.id)}",
        about=About(run=row.id, mission=row.mission, workflow=row.workflow),
        href=f"/runs/{row.id}",
        since=status.since or row.started or row.created,
        group="now",
        tone="ask",
        frees=frees(present, row) if count == 1 else f"{count:,} runs",
        who="any admin",
        count=count,
        title_of_action=action,
    )


def _capped(present: Present, need: Need) -> str:
    if need.scope == "run":
        who = _title(present, need.name) if need.name else "A run"
    elif need.scope == "workspace":
        who = "The workspace"
    else:
        who = f"{need.scope.capitalize()} {need.name}".strip()
    return f"{who} reached its {PERIODS[need.period]}cap"


def _amount(need: Need) -> str:
    if need.unit == "cost":
        return f"${plain_dollars(need.amount)}"
    return f"{need.amount:,} tokens"


def _title(present: Present, run: str) -> str:
    row = present.board.run(run)
    if row is None:
        return run
    return present.board.title_of(row) or row.workflow or run


_failed_known: "WeakKeyDictionary[Present, tuple[tuple[Any, ...], list[Waiting]]]" = (
    WeakKeyDictionary()
)


def failed(present: Present, now: float) -> list[Waiting]:
    """Return runs that failed lately and were not retried, those of one workflow together.

    A later run of the same workflow or mission that succeeded settles it. They are read again once
    a run has come or ended, or a minute has passed: most events of a log change none of them.
    """
    counts = present.board.run_counts()
    ended = tuple(counts[status] for status in sorted(ENDED))
    key = (*ended, sum(counts.values()), int(now // 60))
    known = _failed_known.get(present)
    if known is None or known[0] != key:
        known = _failed_known[present] = (key, _failures(present, now))
    return known[1]


def _failures(present: Present, now: float) -> list[Waiting]:
    choice = RunChoice(statuses=("failed",), since=now - LOOKED_BACK)
    rows = present.board.chosen_runs(choice, limit=ITEMS_MAX)
    if not rows:
        return []
    after = RunChoice(since=min(row.created for row in rows))
    later = present.board.chosen_runs(after, limit=10 * ITEMS_MAX)
    retried = {row.origin for row in later}
    good = {_source(row): row.created for row in reversed(later) if row.status == "succeeded"}
    by_source: dict[str, list[RunRow]] = defaultdict(list)
    for row in rows:
        if row.id not in retried and row.created > good.get(_source(row), 0.0):
            by_source[_source(row)].append(row)
    return [_failed(present, source, found) for source, found in by_source.items()]


def _source(row: RunRow) -> str:
    return row.mission or (f"workflow.{row.workflow}" if row.workflow else row.id)


def _failed(present: Present, source: str, found: list[RunRow]) -> Waiting:
    row, count = found[0], len(found)  # The newest.
    times = "failed" if count == 1 else f"failed {count:,} times"
    where = f"{row.failed} of {row.steps} steps failed" if row.failed else "no step succeeded"
    return Waiting(
        id=f"failed:{part_of_id(source)}",
        kind="failed",
        title=f"{_title(present, row.id)} {times}",
        detail=f"Failed run · {where}",
        about=About(run=row.id, mission=row.mission, workflow=row.workflow),
        href=f"/runs/{row.id}",
        since=row.ended or row.created,
        group="next",
        tone="bad",
        frees=f"{row.failed + row.blocked} of {row.steps} steps of {_title(present, row.id)}",
        who="any operator",
        count=count,
    )


def plans(present: Present, now: float) -> list[Waiting]:
    """Return missions that a person can start, or of which tasks are for a person."""
    found: list[Waiting] = []
    for status in ("planned", "ready_to_build"):
        choice = MissionChoice(status, since=now - PLANS_LOOKED_BACK)
        lines, _ = missions(present, choice, limit=PLANS_MAX)
        if status == "planned":
            found += [_plan(present, line) for line in lines]
        else:
            found += [_own_tasks(present, line) for line in lines if line.handed_over]
    return found


def _plan(present: Present, line: MissionLine) -> Waiting:
    tasks = "1 task" if line.tasks == 1 else f"{line.tasks} tasks"
    return Waiting(
        id=f"plan:{line.id}",
        kind="plan",
        title=f"Start “{line.title}”",
        detail=f"Plan · {tasks}, nothing is carried out yet",
        about=About(mission=line.id, run=line.run, repository=line.repository),
        href=f"/missions/{line.id}",
        since=line.updated,
        group="next",
        tone="ask",
        frees=f"{tasks} of {line.title}",
        who="any operator",
        title_of_action="Start the mission",
    )


def _own_tasks(present: Present, line: MissionLine) -> Waiting:
    row = present.board.run(line.run) if line.run else None
    author = row.author if row else ""
    number = "1 task" if line.handed_over == 1 else f"{line.handed_over} tasks"

    def objection(actor: str) -> str:
        if not person(author) or person(actor) == person(author):
            return ""
        return f"{author.removeprefix('user:')} began the mission, and has its tasks."

    return Waiting(
        id=f"task:{line.id}",
        kind="task",
        title=f"Build “{line.title}”",
        detail=f"Task · {number} of {line.tasks} for people",
        about=About(mission=line.id, run=line.run, repository=line.repository),
        href=f"/missions/{line.id}?view=plan",
        since=line.updated,
        group="next",
        tone="ask",
        frees=f"{number} of {line.title}",
        who=author.removeprefix("user:") if person(author) else "any operator",
        may_act=False,
        objection=objection,
    )


def assigned(present: Present) -> list[Waiting]:
    """Return tasks of missions that people were given and that can begin, or were begun."""
    return [
        _assigned(item)
        for item in present.work_items
        if item.kind == "person_task" and item.assignee.startswith("user:") and _is_next(item)
    ]


def _is_next(item: WorkItem) -> bool:
    return (item.word in STARTABLE and not item.blocked_by) or item.word == "building"


def _assigned(item: WorkItem) -> Waiting:
    is_begun = item.word == "building"
    name = item.assignee.partition(":")[2]

    def objection(actor: str) -> str:
        return "" if person(actor) == person(item.assignee) else f"{name} has this task."

    mission, _, key = item.source.partition("/")
    return Waiting(
        id=f"task:{mission}:{part_of_id(key)}",
        kind="task",
        title=f"{'Finish' if is_begun else 'Start'} {item.title}",
        detail=f"Task of {name} · {item.epic} {item.epic_title}",
        about=About(mission=mission, id=item.id, run=item.run),
        href=f"/board/items/{item.id}",
        since=item.entered,
        group="next",
        tone="ask",
        frees=", ".join(item.blocks[:3]) or f"the end of {item.id}",
        who=name,
        actions=("finish",) if is_begun else ("start",),
        objection=objection,
    )


def runs_held_by(present: Present, item: Waiting) -> list[RunRow]:
    """Return the runs that an item of a cap or of a cause stands for, the oldest first."""
    return list(_held(present, item))


def _held(present: Present, item: Waiting) -> Iterable[RunRow]:
    if item.kind == "stuck":
        wanted = item.id.rpartition(":")[2]
        for run, status in present.statuses.stuck().items():
            row = present.board.run(run)
            if row is not None and part_of_id(status.on[0] if status.on else "workspace") == wanted:
                yield row
        return
    for row in reversed(present.statuses.chosen(RunChoice(statuses=("halted",)), limit=ITEMS_MAX)):
        needs = needs_in(present.statuses.of(row).reason)
        key = needs[0].key if len(needs) == 1 and needs[0].scope != "step" else row.id
        if f"halt:{part_of_id(key)}" == item.id:
            yield row
