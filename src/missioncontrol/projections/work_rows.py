"""The rows of work items and of what they belong to, and how a row moves from stage to stage."""

from typing import Literal, Protocol

import msgspec

from missioncontrol.domain.repository.process import Process
from missioncontrol.domain.repository.states import RepositoryTask
from missioncontrol.domain.work_item.events import Kind, Priority
from missioncontrol.domain.work_item.stages import MICROS, OVER, Stage, Stay, Word

STAYS_MAX = 200
"""Stays of an item that its row names; the time of older ones is a sum for each stage."""

TITLE_MAX = 300

EpicKind = Literal["mission", "repository", "product"]


class WorkRow(msgspec.Struct, omit_defaults=True):
    """A work item as its events say it. Times are seconds since the epoch, 0 where there is none.

    Other items are named by their ids.
    """

    id: str  # MISSION/TASK, REPOSITORY/NUMBER, PRODUCT/ALERT, or that of a question
    key: str  # as people name it: M-12.3, SHOP-7, A-5, Q-9
    kind: Kind
    title: str
    created: float
    epic: str = ""  # the id of what it belongs to
    repository: str = ""  # path of the checkout, or what else is known of it
    word: Word = "planned"
    since: float = 0.0  # it has that word
    updated: float = 0.0
    stays: list[Stay] = []  # the oldest first
    past: dict[Stage, int] = {}  # microseconds of stays that are no longer named
    needs: tuple[str, ...] = ()  # by the plan: what has to be done first
    on: tuple[str, ...] = ()  # by people: likewise
    feeds: tuple[str, ...] = ()  # what needs it
    sees_failures: bool = False  # it goes on whatever its needs ended with
    agent: str = ""
    assignee: str = ""  # user:NAME or agent:NAME
    reviewer: str = ""  # the agent that reviews what is built
    started_by: str = ""
    run: str = ""
    step: str = ""
    asks: tuple[str, ...] = ()  # open approvals and questions
    is_halted: bool = False  # its run is halted
    reason: str = ""
    gates: tuple[str, ...] = ()  # why it can't begin, by the documents of its repository
    failed_need: str = ""
    attempts: int = 0
    cost: int = 0  # micro-dollars, as far as prices were known
    is_unpriced: bool = False
    worked: float = 0.0  # seconds of attempts that have ended
    working: float = 0.0  # the attempt at work began then
    passed: int = 0  # tests, else checks, of the last result
    failed: int = 0
    estimated_seconds: float = 0.0
    estimated_cost: int = 0
    hours: float = 0.0  # that a person needs, as people or the plan say
    priority: Priority = "normal"
    labels: tuple[str, ...] = ()
    due: str = ""
    parent: str = ""  # the id of the item that it is a part of
    task: RepositoryTask | None = None  # of a repository
    session: str = ""  # of a person, whose work it is
    session_of: str = ""  # that person
    session_waits: str = ""  # for what it waits
    is_gone: bool = False  # a newer plan has it no more


class EpicRow(msgspec.Struct, omit_defaults=True):
    """What items belong to: a mission, a repository, or a product for its alerts."""

    id: str
    key: str
    kind: EpicKind
    title: str
    created: float
    repository: str = ""
    children: list[str] = []
    next: int = 1  # the number of its next item
    run: str = ""  # of a mission: the newest
    steps: dict[str, str] = {}  # of that run, with their agents; a plan is accepted after them
    is_planned: bool = False  # the step that plans is over in that run
    path: str = ""
    process: Process | None = None


class Numbers(msgspec.Struct, omit_defaults=True):
    """What keys are made of: counted in the order of the log, so that they never change."""

    missions: int = 0
    questions: int = 0
    alerts: int = 0
    prefixes: dict[str, str] = {}  # letters of repositories, by their letters
    asks: dict[str, str] = {}  # open questions of items, with these
    sessions: dict[str, str] = {}  # sessions of people that are at work on items, with these


def stage_of(row: WorkRow) -> Stage:
    """Return the column that an item stands in."""
    return row.stays[-1].stage if row.stays else "planned"


def move(row: WorkRow, stage: Stage, word: Word, at: float, reason: str = "") -> None:
    """Put an item into a stage; it stays there where it is there already."""
    row.updated, row.reason = at, reason
    if not row.stays or row.stays[-1].stage != stage:
        row.stays = [*row.stays, Stay(stage, at)]
        _forget_oldest(row)
    if row.word != word or not row.since:
        row.word, row.since = word, at


def mark(row: WorkRow, word: Word, at: float, reason: str = "") -> None:
    """Say how an item ended; it keeps the stage in which it stopped."""
    move(row, stage_of(row), word, at, reason)
    rest(row, at)
    row.asks, row.is_halted = (), False


def begin_work(row: WorkRow, at: float) -> None:
    """Take note that an attempt began."""
    row.working = row.working or at


def rest(row: WorkRow, at: float) -> None:
    """Take note that no attempt is at work any more."""
    if row.working:
        row.worked += max(at - row.working, 0.0)
        row.working = 0.0


def is_over(row: WorkRow) -> bool:
    """Whether it is over for everyone."""
    return row.word in OVER or row.is_gone


def _forget_oldest(row: WorkRow) -> None:
    if len(row.stays) <= STAYS_MAX:
        return
    first, second = row.stays[:2]
    micros = round(second.since * MICROS) - round(first.since * MICROS)
    row.past = {**row.past, first.stage: row.past.get(first.stage, 0) + micros}
    row.stays = row.stays[1:]


def as_user(name: str) -> str:
    """Return a person or an agent in full; a plain name is that of a person."""
    return name if ":" in name or not name else f"user:{name}"


class Items(Protocol):
    """The rows that a fold reads and changes."""

    epics: dict[str, EpicRow]
    """Those that changed since they were last saved."""

    @property
    def numbers(self) -> Numbers:
        """What keys are made of, to be changed."""
        ...

    def add(self, row: WorkRow) -> WorkRow:
        """Take a new item in."""
        ...

    def item(self, id_: str) -> WorkRow | None:
        """Return an item, to be read or changed."""
        ...

    def epic(self, id_: str) -> EpicRow | None:
        """Return what items belong to, to be read or changed."""
        ...

    def look(self, row: WorkRow, at: float) -> None:
        """Put an item that has not begun where its needs allow it to be."""
        ...

    def look_at_dependants(self, row: WorkRow, at: float) -> None:
        """Put those that need an item which has ended where they may be now."""
        ...

    def leave_session(self, row: WorkRow) -> None:
        """Take note that no session of a person is at work on an item any more."""
        ...

    def end(self, row: WorkRow, at: float, reason: str = "") -> None:
        """Take an item as done."""
        ...

    def drop(self, row: WorkRow, at: float, reason: str) -> None:
        """Take an item as not to be done."""
        ...
