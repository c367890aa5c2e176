"""What a run cost in tokens and money, line by line, with a sum that agrees."""

import msgspec

from missioncontrol.documents.record import AttemptRecord, MissionRecord
from missioncontrol.domain.money import of_which_estimated
from missioncontrol.domain.work import NO_USAGE, Usage


class Expense(msgspec.Struct, frozen=True):
    """The tokens and money of one attempt."""

    what: str
    who: str  # the planner or agent
    usage: Usage
    position: int  # of the event that tells of it
    task: str = ""  # its key; "" while planning


class Spending(msgspec.Struct, frozen=True):
    """All expenses of a run."""

    expenses: tuple[Expense, ...]  # only those that used something
    without: int  # attempts that used no tokens and no money
    total: Usage  # of planning and of all attempts
    recorded: Usage  # what the run itself tells
    differs: bool  # the run tells neither the whole nor the part without planning
    estimated: str = ""  # what the totals say of their estimated part; empty where there is none


def spending(record: MissionRecord) -> Spending:
    """Add up what planning and every attempt used."""
    planning = [_planning(attempt, record) for attempt in record.planning]
    working = [
        Expense(
            f"{one.task.title}, attempt {attempt.number}",
            attempt.agent,
            attempt.usage,
            attempt.settled_position or attempt.position,
            one.task.key,
        )
        for one in record.tasks
        if not one.kept_from
        for attempt in one.attempts
    ]
    work = _sum(working)
    total = _sum(planning) + work
    used = tuple(one for one in (*planning, *working) if one.usage != NO_USAGE)
    return Spending(
        expenses=used,
        without=len(planning) + len(working) - len(used),
        total=total,
        recorded=record.usage,
        differs=record.usage not in (total, work),
        estimated=of_which_estimated(record.estimated_tokens, record.estimated_cost),
    )


def _planning(attempt: AttemptRecord, record: MissionRecord) -> Expense:
    """Return what an attempt at planning used, as the run has it: with the workspace's prices."""
    models = dict.fromkeys(each.planner for each in record.plan_attempts)
    who = ", ".join(models) or attempt.agent
    position = attempt.settled_position or attempt.position
    return Expense(f"Planning, attempt {attempt.number}", who, attempt.usage, position)


def _sum(expenses: list[Expense]) -> Usage:
    return sum((one.usage for one in expenses), NO_USAGE)
