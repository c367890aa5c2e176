"""Decisions as they are shown: those of the log, and those of plans that have no change yet."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from missioncontrol.documents.madr.writer import files_of
from missioncontrol.domain.decision import DecisionLog, LoggedDecision, Status, day_of, unknown
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.planned_decision import as_logged
from missioncontrol.projections.plan_decisions import PlannedRow

Origin = Literal["log", "plan", "file"]


class DecisionLine(msgspec.Struct, frozen=True):
    """A decision in a list."""

    id: str
    number: int  # in the log; 0 for one of a plan that is still untouched
    title: str
    status: Status
    date: str  # of its last change, YYYY-MM-DD
    updated: float  # seconds since the epoch
    choice: str
    origin: Origin  # recorded here, brought by a plan, or read from a file
    mission: str  # whose plan brought it
    mission_title: str
    repository: str
    source: str  # the file it was read from
    superseded_by: str
    supersedes: tuple[str, ...]
    tasks: tuple[str, ...]  # <mission>/<key>
    files: tuple[str, ...]


class DecisionView(DecisionLine, frozen=True):
    """A decision in full."""

    text: DecisionText


def all_decisions(log: DecisionLog | None, rows: Iterable[PlannedRow]) -> list[DecisionView]:
    """Return all decisions, those that changed last first."""
    rows = list(rows)
    titles = {row.id: row.title for row in rows}
    known = log.decisions if log else {}
    found = [_of_log(each, titles) for each in known.values()]
    for row in rows:
        found += [view for view in _of_plan(row, known) if view.id not in known]
    return sorted(found, key=lambda each: (-each.updated, each.mission, -each.number, each.id))


def decision_of(log: DecisionLog | None, rows: Iterable[PlannedRow], id_: str) -> DecisionView:
    """Return one decision.

    Raises:
        NotFound: `decision.unknown`.
    """
    known = {each.id: each for each in all_decisions(log, rows)}
    found = known.get(id_) or known.get(id_.upper())  # People type d7.
    if found is None:
        raise unknown(id_)
    return found


def line_of(view: DecisionView) -> DecisionLine:
    """Return a decision as a list tells it."""
    return DecisionLine(*(getattr(view, name) for name in DecisionLine.__struct_fields__))


def exported(log: DecisionLog | None, rows: Iterable[PlannedRow] = ()) -> dict[str, str]:
    """Return the files of all decisions by name, those of plans in `rows` numbered onward."""
    known = dict(log.decisions) if log else {}
    number = max((each.number for each in known.values()), default=0)
    for row in sorted(rows, key=lambda each: each.id):
        for planned in [as_logged(each, known) for each in row.decisions]:
            if planned.id in known:
                continue
            number += 1
            known[planned.id] = LoggedDecision(
                planned.id,
                number,
                planned.text,
                "proposed",
                day_of(row.at),
                row.at,
                row.at,
                mission=row.id,
                repository=row.repository,
                tasks=planned.tasks,
                files=planned.files,
            )
    return files_of(known.values())


def _of_log(decision: LoggedDecision, titles: Mapping[str, str]) -> DecisionView:
    return DecisionView(
        decision.id,
        decision.number,
        decision.text.title,
        decision.status,
        decision.date,
        decision.updated,
        decision.text.choice,
        "plan" if decision.mission else "file" if decision.source else "log",
        decision.mission,
        titles.get(decision.mission, ""),
        decision.repository,
        decision.source,
        decision.superseded_by,
        decision.supersedes,
        decision.tasks,
        decision.files,
        decision.text,
    )


def _of_plan(row: PlannedRow, known: Mapping[str, LoggedDecision]) -> list[DecisionView]:
    return [
        DecisionView(
            planned.id,
            0,
            planned.text.title,
            "proposed",
            day_of(row.at),
            row.at,
            planned.text.choice,
            "plan",
            row.id,
            row.title,
            row.repository,
            "",
            "",
            (),
            planned.tasks,
            planned.files,
            planned.text,
        )
        for planned in (as_logged(each, known) for each in row.decisions)
    ]
