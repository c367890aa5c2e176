"""What a person can do with a work item now, and the reason beforehand where they can't.

The reasons come from the rules that decide about it: nothing is refused here that is not refused
when it is asked for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from missioncontrol.application.repositories import REPOSITORY
from missioncontrol.application.work_index import WorkItem
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.principal import Permission
from missioncontrol.domain.repository.commands import DropTask, FinishTask, StartTask
from missioncontrol.domain.repository.decide import decide
from missioncontrol.domain.repository.events import Who
from missioncontrol.domain.repository.states import Repository
from missioncontrol.domain.status import ENDED
from missioncontrol.domain.work_item.changes import Facts, Verb, refuse
from missioncontrol.domain.work_item.stages import OVER, Stage
from missioncontrol.projections.work_rows import WorkRow
from missioncontrol.projections.work_runs import MERGED

if TYPE_CHECKING:
    from missioncontrol.application.read_model import Present

MoveVerb = Literal["start", "hand_to_builder", "stop", "retry", "finish", "drop"]


class Move(msgspec.Struct, frozen=True):
    """Something that can be done with an item."""

    verb: MoveVerb  # of the operation work_item.VERB
    to: Stage | None  # the column in which the item then stands; None leaves the board
    title: str
    text: str  # what follows from it
    refusal: str  # why it can't be done now; "" where it can
    permission: Permission


TITLES: dict[str, tuple[MoveVerb, str, str, Permission]] = {
    "start": ("start", "Start", "You do it", "operate"),
    "carry_out": ("start", "Carry out the plan", "Starts all tasks of the mission", "operate"),
    "acknowledge": ("start", "Acknowledge", "You look into it", "operate"),
    "build": ("hand_to_builder", "Hand to a builder", "Agents build, test and review", "operate"),
    "stop": ("stop", "Stop", "Its run is cancelled; it can begin again", "operate"),
    "put_back": ("stop", "Stop", "It can begin again", "operate"),
    "retry": ("retry", "Retry", "With everything that follows from it", "operate"),
    "finish": ("finish", "Done", "You have checked it", "approve"),
    "resolve": ("finish", "Resolve", "It is over", "approve"),
    "drop": ("drop", "Drop", "It is not going to be done", "operate"),
}
STAGE_OF: dict[str, Stage | None] = {
    "start": "building",
    "carry_out": "building",
    "acknowledge": "ready_to_build",
    "build": "building",
    "stop": "ready_to_build",
    "put_back": "ready_to_build",
    "retry": "ready_to_build",
    "finish": "done",
    "resolve": "done",
    "drop": None,
}


async def moves_of(
    present: "Present", row: WorkRow, item: WorkItem, actor: str, now: float
) -> list[Move]:
    """Return what can be done with an item, in the order of the columns."""
    if row.word in OVER and not (row.word == "cancelled" and row.kind == "task"):
        return []
    match row.kind:
        case "repository_task":
            state = await present.find(REPOSITORY, row.epic)
            return _of_repository(present, row, item, state, Who(actor), now) if state else []
        case "alert":
            return [_move("acknowledge", _seen(row)), _move("resolve", "")]
        case "task":
            return _of_mission(present, row, item)
        case "question":
            return [_move("finish", f"A person answers it: {item.address}.")]
    facts = Facts(row.id, row.key, row.kind, row.word, item.blocked_by)
    verbs: tuple[Verb, ...] = ("start", "finish", "drop")
    stop = _move("put_back", _refused("stop", facts))
    moves = [_move(verb, _refused(verb, facts)) for verb in verbs]
    return moves if stop.refusal else [stop, *moves]


def _move(name: str, refusal: str) -> Move:
    verb, title, text, permission = TITLES[name]
    return Move(verb, STAGE_OF[name], title, text, refusal, permission)


def _refusal(work: Callable[[], Any]) -> str:
    try:
        work()
    except MissionControlError as error:
        return error.reason
    return ""


def _refused(verb: Verb, facts: Facts) -> str:
    return _refusal(lambda: refuse(verb, facts))


def _seen(row: WorkRow) -> str:
    return "It is acknowledged already." if row.started_by else ""


def _of_repository(
    present: "Present", row: WorkRow, item: WorkItem, state: Repository, who: Who, now: float
) -> list[Move]:
    number = int(row.id.rpartition("/")[2])
    run = present.board.run(row.run) if row.run else None
    is_at_work = run is not None and run.status not in ENDED and row.reason != MERGED
    at_work = f"{row.run} carries it out." if is_at_work else ""
    blocked = f"Blocked by {', '.join(item.blocked_by)}." if item.blocked_by else ""

    def objection(command: Any) -> str:
        return _refusal(lambda: decide(command, state, now))

    start = objection(StartTask(number, who))
    build = "" if row.started_by and not at_work else start
    if not build and row.task is not None and row.task.scope is None:
        build = f"Its files are not declared: `mission task scope {number} --suggest`."
    return [
        *([_move("stop", "")] if is_at_work else []),
        _move("start", at_work or blocked or start),
        _move("build", at_work or blocked or build),
        _move("finish", at_work or objection(FinishTask(number, who))),
        _move("drop", at_work or objection(DropTask(number, who, "."))),
    ]


def _of_mission(present: "Present", row: WorkRow, item: WorkItem) -> list[Move]:
    facts = Facts(row.id, row.key, row.kind, row.word, item.blocked_by)
    run = present.board.run(row.run) if row.run else None
    moves = []
    if row.word in ("failed", "cancelled"):
        has_ended = run is None or run.status in ENDED
        moves.append(_move("retry", "" if has_ended else f"{row.run} has not ended."))
    elif row.run:
        moves.append(_move("start", _refused("start", facts)))
    else:
        moves.append(_move("carry_out", ""))
    if run is not None and run.status not in ENDED:
        moves.insert(0, _move("stop", ""))
    verbs: tuple[Verb, ...] = ("finish", "drop")
    return moves + [_move(each, _refused(each, facts)) for each in verbs]
