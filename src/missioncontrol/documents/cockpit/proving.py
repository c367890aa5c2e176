"""The evidence table: for each task, what the engine checked, and the artifact that shows it."""

import msgspec

from missioncontrol.documents.exhibits import Exhibit
from missioncontrol.documents.outcome import is_checked
from missioncontrol.documents.places import Places, Sentence
from missioncontrol.documents.record import CheckRecord, MissionRecord, TaskRecord
from missioncontrol.documents.statements import evidence_sentence

EVIDENCE_MAX = 3
"""Pieces of evidence of one task that a row has room for."""


class Proof(msgspec.Struct, frozen=True):
    """One task, and what its being done rests on."""

    task: str
    title: str
    state: str
    is_checked: bool
    held: int
    checks: int
    failed: tuple[CheckRecord, ...]  # those that did not hold
    evidence: tuple[Sentence, ...]  # what was run or read
    exhibits: tuple[Exhibit, ...]
    facts: int  # that stand where the task says they do


def proofs(
    record: MissionRecord, exhibits: tuple[Exhibit, ...], where: Places
) -> tuple[Proof, ...]:
    """Return a row for each task that was begun; what was not begun has nothing to show."""
    return tuple(
        _proof(one, [each for each in exhibits if each.task == one.task.key], where)
        for one in record.tasks
        if one.state not in {"handed_over", "waiting", "blocked"}
    )


def _proof(one: TaskRecord, exhibits: list[Exhibit], where: Places) -> Proof:
    failed = tuple(check for check in one.checks if not check.passed)
    told = dict.fromkeys(evidence_sentence(each, one, where) for each in one.work.evidence)
    return Proof(
        one.task.key,
        one.task.title,
        one.state,
        is_checked(one),
        len(one.checks) - len(failed),
        len(one.checks),
        failed,
        tuple(told)[:EVIDENCE_MAX],
        tuple(exhibits),
        len(one.work.facts),
    )
