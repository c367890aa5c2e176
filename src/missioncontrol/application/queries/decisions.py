"""Decisions for whoever reads: lists, one in full with what happened to it, and files of all."""

import msgspec

from missioncontrol.application.decision_files import DecisionFile, Import, intended
from missioncontrol.application.decision_views import (
    DecisionChoice,
    DecisionView,
    all_decisions,
    decision_of,
    exported,
)
from missioncontrol.application.decisions import DECISIONS, STREAM
from missioncontrol.application.present import READ_AT_ONCE, Present
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.domain.decision import DecisionLog
from missioncontrol.domain.register import decode
from missioncontrol.projections.planned import PlannedRow

PLANS_MAX = 1_000
"""Missions whose plans are looked at, the newest."""

WORDS = {
    "decision_recorded": "recorded",
    "decision_revised": "revised by its file",
    "decision_accepted": "accepted",
    "decision_rejected": "rejected",
    "decision_deprecated": "deprecated",
    "decision_superseded": "superseded",
    "decision_linked": "linked",
    "decision_unlinked": "taken off",
}


class DecisionStep(msgspec.Struct, frozen=True):
    """Something that happened to a decision."""

    position: int  # of the event
    time: float  # seconds since the epoch
    actor: str
    what: str  # recorded, accepted …
    reason: str
    detail: str  # what took its place, or what it was linked to


class DecisionPage(msgspec.Struct, frozen=True):
    """A decision in full, and what happened to it, the newest first."""

    decision: DecisionView
    history: list[DecisionStep]


async def decisions(present: Present, choice: DecisionChoice) -> list[DecisionView]:
    """Return the decisions of a choice, those that changed last first."""
    found = all_decisions(await log_of(present), planned(present))
    return [each for each in found if choice.takes(each)]


async def decision(present: Present, id_: str) -> DecisionPage:
    """Return one decision.

    Raises:
        NotFound: `decision.unknown`.
    """
    found = decision_of(await log_of(present), planned(present), id_)
    return DecisionPage(found, await _history(present, id_) if found.number else [])


async def tried(present: Present, files: tuple[DecisionFile, ...], repository: str) -> Import:
    """Return what importing files would come to; nothing changes."""
    log = await log_of(present) or DecisionLog({})
    return Import(intended(log, files, repository, now=present_day(log)).lines)


def present_day(log: DecisionLog) -> float:
    """Return a moment to try an import at: that of the newest change."""
    return max((each.updated for each in log.decisions.values()), default=0.0)


async def files(present: Present, *, plans: bool) -> list[DecisionFile]:
    """Return the files of all decisions."""
    rows = planned(present) if plans else []
    found = exported(await log_of(present), rows)
    return [DecisionFile(*each) for each in found.items()]


async def log_of(present: Present) -> DecisionLog | None:
    """Return the log of decisions as of now."""
    return await present.find(DECISIONS, STREAM)


def planned(present: Present) -> list[PlannedRow]:
    """Return the decisions of plans, those of the newest mission first."""
    return newest_rows(present, "planned", limit=PLANS_MAX, is_open=True)


async def _history(present: Present, id_: str) -> list[DecisionStep]:
    steps: list[DecisionStep] = []
    named, version = id_.encode(), 0
    while rows := await present.store.read_stream(STREAM, after=version, limit=READ_AT_ONCE):
        for row in rows:
            version = row.version
            if named not in row.body:
                continue
            event = decode(row.type, row.schema, row.body)
            if getattr(event, "id", "") == id_:
                steps.append(
                    DecisionStep(
                        row.position,
                        row.time / 1_000_000,
                        row.actor,
                        WORDS.get(row.type, row.type),
                        getattr(event, "reason", ""),
                        _detail(event),
                    )
                )
    return steps[::-1]


def _detail(event: object) -> str:
    if by := getattr(event, "by", ""):
        return f"by {by}"
    if type(event).__name__ in ("DecisionLinked", "DecisionUnlinked"):
        return ", ".join((*getattr(event, "tasks", ()), *getattr(event, "files", ())))
    return str(getattr(event, "source", ""))
