"""Queries of decisions: those of the log, and those of plans that are untouched."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.decision_files import DecisionFile, Import, intended
from missioncontrol.application.decision_views import (
    DecisionLine,
    DecisionView,
    all_decisions,
    decision_of,
    exported,
    line_of,
)
from missioncontrol.application.decisions import DECISIONS, STREAM
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import READ_AT_ONCE, Present
from missioncontrol.declarations import Column, ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.domain.decision import (
    ID_MAX,
    LINK_MAX,
    DecisionLog,
    Status,
)
from missioncontrol.domain.register import decode
from missioncontrol.projections.plan_decisions import PlannedRow
from missioncontrol.queries.decision_format import lines_of

PLANS_MAX = 1_000
"""Missions whose plans are looked at, the newest."""

TONES = {"proposed": "ask", "accepted": "ok", "rejected": "bad", "deprecated": "held"}
"""How each status looks in lists."""

EVENT_WORDS = {
    "decision_recorded": "recorded",
    "decision_revised": "revised by its file",
    "decision_accepted": "accepted",
    "decision_rejected": "rejected",
    "decision_deprecated": "deprecated",
    "decision_superseded": "superseded",
    "decision_linked": "linked",
    "decision_unlinked": "unlinked",
}


class DecisionFilters(msgspec.Struct, frozen=True):
    """Which decisions are wanted; what is empty chooses all."""

    status: Status | None = None
    text: Annotated[
        str, Meta(max_length=300, description="Text in its id, title, choice or reason.")
    ] = ""
    mission: Annotated[str, Meta(max_length=ID_MAX, description="Whose plan brought it.")] = ""
    file: Annotated[str, Meta(max_length=LINK_MAX, description="A file it is about.")] = ""

    def takes(self, decision: DecisionView) -> bool:
        """Whether a decision is one of them."""
        texts = (decision.id, decision.title, decision.choice, decision.text.reason)
        wanted = self.text.casefold()
        return (
            self.status in (None, decision.status)
            and self.mission in ("", decision.mission)
            and (not self.file or self.file.removeprefix("./") in decision.files)
            and (not wanted or any(wanted in each.casefold() for each in texts))
        )


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


async def decisions(present: Present, filters: DecisionFilters) -> list[DecisionView]:
    """Return the decisions that fit, those that changed last first."""
    found = all_decisions(await log_of(present), planned(present))
    return [each for each in found if filters.takes(each)]


async def decision_lines(present: Present, filters: DecisionFilters) -> list[DecisionLine]:
    """Return what `decisions` returns, without the texts."""
    return [line_of(each) for each in await decisions(present, filters)]


async def decision(present: Present, id_: str) -> DecisionPage:
    """Return one decision.

    Raises:
        NotFound: `decision.unknown`.
    """
    found = decision_of(await log_of(present), planned(present), id_)
    return DecisionPage(found, await _history(present, found.id) if found.number else [])


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
                        EVENT_WORDS.get(row.type, row.type),
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


def place_of(line: DecisionLine) -> tuple[float, str, int, str]:
    """Return where a decision stands in the list."""
    return (-line.updated, line.mission, -line.number, line.id)


DECISION = Target(
    noun="decision",
    path="/decisions",
    help="D7, or MISSION/D1 for one of a plan",
    to_path=lambda id_: id_.replace("/", ":", 1),  # An id with a slash is one segment of a path.
    from_path=lambda part: part.replace(":", "/", 1),
)

LIST = ListQuery(
    name="decision.list",
    title="List decisions",
    text="List decisions, those that changed last first: of the log, and of the newest 1,000 "
    "plans.\n\nThose of plans are proposed until a person accepts or rejects them.",
    target=DECISION,
    filters=DecisionFilters,
    find=decision_lines,
    row=DecisionLine,
    key=place_of,
    kinds=(float, str, int, str),
    columns=(Column("id", 6), Column("status", 10, TONES), Column("date", 11), Column("title")),
    tool=True,
    terminal=Terminal(
        metavars={"mission": "RUN", "text": "Q", "file": "PATH"},
        resolve={"mission": "mission"},
        empty="No decisions yet. `mission decision record TITLE` puts one into the log.",
    ),
)

GET = ItemQuery(
    name="decision.get",
    title="Get a decision",
    text="Return a decision in full, and what happened to it.\n\nIn an address the id of one of "
    "a plan, `mission-x/D1`, is written `mission-x:D1`.",
    target=DECISION,
    find=decision,
    returns=DecisionPage,
    tool=True,
    terminal=Terminal(
        verb="show",
        lines=lambda page, width: lines_of(page.decision, width),
        json=lambda page: page.decision,
    ),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
