"""Is everything all right? What waits for a person, what runs, what failed, and what it costs."""

from typing import Literal

import msgspec

from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.application.queries.costs import CapView, scope_view
from missioncontrol.application.queries.elevations import wishes
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.measures import Health, health
from missioncontrol.application.queries.reasons import without_commands
from missioncontrol.application.queries.runs import RunItem, run_item
from missioncontrol.application.queries.schedules import ScheduleView, schedules
from missioncontrol.application.read_model import Present
from missioncontrol.documents.figures import counted
from missioncontrol.domain.budget.scopes import WORKSPACE
from missioncontrol.domain.elevation import ANSWER_SECONDS_MAX, ElevationRequest
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.operation import OPEN, Operation
from missioncontrol.domain.person import Known, known_as
from missioncontrol.domain.question import Question
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.status import ENDED, Status
from missioncontrol.domain.status import OPEN as OPEN_WORDS
from missioncontrol.ports.read_tables import RunChoice, RunRow
from missioncontrol.projections.approvals import ApprovalRow, state_at

Tone = Literal["", "ok", "live", "ask", "held", "bad"]

SHOWN_WAITING = 8
SHOWN_LIVE = 10
SHOWN_ENDED = 8
SHOWN_NEXT = 6
ROWS_MAX = 1_000
"""Runs, and things that wait, that are looked at for one overview."""

DAY = 86_400.0
LOOKED_BACK = 7 * DAY
"""How far back a failure without a retry is still reported."""

LIVE = (*OPEN_WORDS, "cancelling")
ILL = ("blocked", "failed", "lost")
"""Statuses of agents that should work and can't."""


class Waiting(msgspec.Struct, frozen=True):
    """Something that goes on when a person says so."""

    kind: Literal["approval", "question", "elevation", "halted", "stuck"]
    id: str  # of the approval or question; the run that is held up; the agent that is elevated
    title: str
    detail: str
    run: str  # "" where it is of none
    since: float  # seconds since the epoch
    tone: Tone
    is_own: bool = False  # requested by the caller, so another person has to answer


class LiveRun(msgspec.Struct, frozen=True):
    """A run that has not ended."""

    run: RunItem
    parts: tuple[tuple[str, int], ...]  # how many of its steps are in each state
    agents: tuple[str, ...]  # at work for it
    cap: int | None  # micro-dollars that it may cost; None where there is no such cap


class Upcoming(msgspec.Struct, frozen=True):
    """When a schedule begins a run next."""

    schedule: str
    workflow: str
    at: float  # seconds since the epoch


class Point(msgspec.Struct, frozen=True):
    """One thing that has to be in order for the rest to be."""

    name: str
    tone: Tone
    text: str
    href: str = ""


class Overview(msgspec.Struct, frozen=True):
    """All of it, at one moment."""

    verdict: str
    detail: str
    tone: Tone
    is_empty: bool  # nothing was ever asked for here
    position: int
    waiting: tuple[Waiting, ...]  # the most urgent
    waiting_count: int
    own_count: int  # of those: requested by the caller, so another person has to answer
    live: tuple[LiveRun, ...]  # by attention
    live_count: int
    queued: int
    failed: tuple[RunItem, ...]  # in the last days, without a retry
    failed_count: int
    failed_today: int  # in the last 24 hours
    ended_today: int
    ended: tuple[RunItem, ...]  # the newest
    today: CapView  # what the workspace spent
    month: CapView
    measures: Health  # agents by status, the last 24 hours, and what is out of the ordinary
    next: tuple[Upcoming, ...]
    health: tuple[Point, ...]


async def overview(
    present: Present, instruments: Instruments, now: float, *, actor: str, is_engine_there: bool
) -> Overview:
    """Return how everything stands at `now`, in seconds since the epoch, for `actor`."""
    operation = await present.find(OPERATION, STREAM) or OPEN
    measured = await health(present, instruments, now)
    _, month, today = await scope_view(present, instruments, WORKSPACE, now)
    waits, failed = _waiting(present, now, actor), _failed(present, now)
    own = sum(each.is_own for each in waits)
    ended = _ended(present, now - DAY)
    counts = present.statuses.counts()
    stuck = tuple(present.statuses.stuck().values())
    live_count = sum(counts.get(status, 0) for status in LIVE)
    planned = schedules(present, instruments, now)
    wording = _OverviewFacts(
        operation,
        is_engine_there,
        not sum(counts.values()),
        len(waits) - own,
        own,
        len(failed),
        live_count,
        measured,
        stuck,
    )
    return Overview(
        verdict=wording.verdict(),
        detail=wording.detail(),
        tone=wording.tone(),
        is_empty=wording.is_empty,
        position=present.position,
        waiting=tuple(waits[:SHOWN_WAITING]),
        waiting_count=len(waits),
        own_count=own,
        live=tuple([await _live(present, each) for each in _live_items(present)]),
        live_count=live_count,
        queued=counts.get("queued", 0),
        failed=_items(present, failed, SHOWN_WAITING),
        failed_count=len(failed),
        failed_today=sum(each.status == "failed" for each in ended),
        ended_today=len(ended),
        ended=_items(present, ended, SHOWN_ENDED),
        today=today,
        month=month,
        measures=measured,
        next=_next(planned),
        health=wording.health(present.position, planned),
    )


class _OverviewFacts(msgspec.Struct, frozen=True):
    """What the sentences of an overview are made from."""

    operation: Operation
    is_engine_there: bool
    is_empty: bool
    waiting: int  # for the caller
    own: int  # for another person, requested by the caller
    failed: int
    live: int
    measured: Health
    stuck: tuple[Status, ...]

    def verdict(self) -> str:
        """Return whether everything is all right, in a sentence or two."""
        if not self.is_engine_there:
            return "No engine is at work: nothing moves before one is."
        if self.operation.stage != "all":
            return _STAGES[self.operation.stage]
        if self.is_empty and not self.waiting and not self.own:
            return "Nothing has run here yet."
        if self.stuck:
            runs = "1 run is" if len(self.stuck) == 1 else f"{len(self.stuck):,} runs are"
            return f"{runs} stuck. {self.stuck[0].reason}"
        if self.waiting:
            verb = "thing waits" if self.waiting == 1 else "things wait"
            return f"{counted(self.waiting, verb, verb)} for you. {self._rest()}"
        if self.own:
            verb = (
                "thing that you asked for waits"
                if self.own == 1
                else ("things that you asked for wait")
            )
            return f"{counted(self.own, verb, verb)} for a teammate. {self._rest()}"
        if self.failed or self.measured.anomalies:
            return self._rest()
        runs = f"{counted(self.live, 'run')} at work" if self.live else "Nothing runs"
        return f"All is well. {runs}, and nothing waits for you."

    def _rest(self) -> str:
        if self.failed:
            verb = "was" if self.failed == 1 else "were"
            return f"{counted(self.failed, 'run')} failed in 7 days and {verb} not retried."
        odd = len(self.measured.anomalies)
        if odd:
            verb = "is" if odd == 1 else "are"
            return f"{counted(odd, 'thing')} {verb} out of the ordinary."
        return "Everything else is within its limits."

    def detail(self) -> str:
        """Return what stands behind the verdict."""
        is_more = self.live and (self.waiting or self.own or self.failed)
        parts = [f"{counted(self.live, 'run')} not ended"] if is_more else []
        if self.stuck:
            parts.insert(0, f"`{self.stuck[0].action}` resumes work")
        if self.own and self.waiting:
            parts.insert(0, f"{self.own} more that you asked for waits for a teammate")
        odd = [one for one in self.measured.anomalies if one.kind != "stuck"]
        parts += [one.text.rstrip(".") for one in odd[:2]]
        if self.operation.stage != "all" and self.operation.reason:
            parts.append(f"reason: {self.operation.reason[:200]}")
        text = "; ".join(parts)
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    def tone(self) -> Tone:
        """Return the tone of the verdict: never the good one while anything is not."""
        if not self.is_engine_there or self.operation.stage == "stopped":
            return "bad"
        if self.operation.stage != "all":
            return "held"
        if self.stuck:
            return "bad"
        if self.waiting:
            return "ask"
        if self.own:
            return "held"
        return "bad" if self.failed else "held" if self.measured.anomalies else "ok"

    def health(self, position: int, planned: list[ScheduleView]) -> tuple[Point, ...]:
        """Return what has to be in order for the rest to be."""
        stage, rate = self.operation.stage, self.measured.schedule_success_rate
        goes_on = stage == "all"
        engine = Point("Engine", "ok", "at work")
        if not self.is_engine_there:
            engine = Point("Engine", "bad", "none at work")
        success = "" if rate is None else f", {rate * 100:.0f} % succeed"
        return (
            engine,
            Point("Work", "ok" if goes_on else "held", "goes on" if goes_on else stage, "/agents"),
            Point("Event log", "", counted(position, "event"), "/events"),
            self._agents(),
            self._moving(),
            Point("Schedules", "", f"{len(planned)}{success}", "/schedules"),
        )

    def _moving(self) -> Point:
        if not self.stuck:
            return Point(
                "Runs", "ok" if self.live else "", f"{self.live} open, none stuck", "/runs"
            )
        first = self.stuck[0]
        cause = ", ".join(first.on[:2]) or "no agent"
        text = f"{len(self.stuck)} stuck: {cause}"
        return Point("Runs", "bad", text, "/runs?status=stuck")

    def _agents(self) -> Point:
        by_status = self.measured.agents
        ill = sum(by_status.get(status, 0) for status in ILL)
        able = by_status.get("idle", 0) + by_status.get("active", 0)
        tone: Tone = "bad" if ill else "ok" if able else ""
        return Point("Agents", tone, f"{able} of {sum(by_status.values())} ready", "/agents")


_STAGES = {
    "stopped": "Everything is stopped.",
    "paused": "Work is paused: runs wait for their turn, and no step starts.",
    "drain": "Work drains: what has begun goes on, and nothing new begins.",
}


def _waiting(present: Present, now: float, actor: str) -> list[Waiting]:
    """Return what waits for a person: what `actor` may answer, irreversible things, the oldest."""
    board = present.board
    approvals: list[ApprovalRow] = board.listed("approval", is_open=True, limit=ROWS_MAX)
    questions: list[Question] = board.listed("question", is_open=True, limit=ROWS_MAX)
    held = present.statuses.chosen(RunChoice(statuses=("halted", "stuck")), limit=ROWS_MAX)
    me = known_as((actor,), "")
    found = [_approval(row, me) for row in approvals if state_at(row, now) == "waiting"]
    found += [_question(each) for each in questions]
    found += [_elevation(life, wish, me) for life, wish in wishes(present, now)]
    found += [_held(run_item(present, row)) for row in held]
    return sorted(
        found,
        key=lambda each: (each.is_own, not each.detail.startswith("irreversible"), each.since),
    )


def _held(item: RunItem) -> Waiting:
    """Return a run that goes on only after a person has changed what is in the way."""
    since = item.waiting_since or item.created
    if item.status == "stuck":
        why = f"{item.reason} `{item.action}`"
        return Waiting("stuck", item.id, item.title, why, item.id, since, "bad")
    why = f"halted: {without_commands(item.reason)}"
    return Waiting("halted", item.id, item.title, why, item.id, since, "held")


def _approval(row: ApprovalRow, me: Known) -> Waiting:
    is_own = me.is_also(known_as((row.author,), ""))
    detail = f"{row.risk} · {row.workflow} · {row.step}" + (" · a teammate decides" * is_own)
    title = row.title or f"Approve {row.step}"
    tone: Tone = "held" if is_own else "ask"
    return Waiting("approval", row.id, title, detail, row.run, row.requested, tone, is_own)


def _question(question: Question) -> Waiting:
    asked = question.asked
    detail = f"question · {asked.step}"
    return Waiting(
        "question", asked.question, asked.title[:200], detail, asked.run, question.since, "ask"
    )


def _elevation(life: AgentLife, wish: ElevationRequest, me: Known) -> Waiting:
    is_own = me.is_also(known_as((wish.by,), wish.os_user))
    detail = f"wider mode · {life.name}" + (" · a teammate decides" * is_own)
    title = f"Grant {life.name} {' and '.join(wish.modes)}"
    tone: Tone = "held" if is_own else "ask"
    asked = wish.lapses - ANSWER_SECONDS_MAX
    return Waiting("elevation", life.name, title, detail, "", asked, tone, is_own)


def _live_items(present: Present) -> list[RunItem]:
    """Return the runs that have not ended, those that need a person first."""
    rows = present.statuses.chosen(RunChoice(statuses=LIVE), limit=ROWS_MAX)
    order = ("stuck", "halted", "waiting", "running", "cancelling", "queued")
    rank = {row.id: order.index(present.statuses.of(row).word) for row in rows}
    rows.sort(key=lambda row: (rank[row.id], row.created))
    return [run_item(present, row) for row in rows[:SHOWN_LIVE]]


async def _live(present: Present, item: RunItem) -> LiveRun:
    run: Run = await present.run(item.id)
    known = (item.succeeded, item.failed, item.blocked, item.cancelled, item.skipped)
    working = min(len(run.working), max(item.steps - sum(known), 0))
    waiting = max(item.steps - sum(known) - working, 0)
    names = ("succeeded", "failed", "blocked", "cancelled", "skipped", "working", "waiting")
    agents = dict.fromkeys(each.agent for each in run.working.values())
    cap = run.budget.cost if run.budget else None
    parts = tuple(zip(names, (*known, working, waiting), strict=True))
    return LiveRun(item, parts, tuple(agents), cap)


def _items(present: Present, rows: list[RunRow], limit: int) -> tuple[RunItem, ...]:
    return tuple(run_item(present, row) for row in rows[:limit])


def _ended(present: Present, since: float) -> list[RunRow]:
    """Return runs that began since then and have ended, the newest first."""
    rows = present.board.chosen_runs(RunChoice(since=since), limit=ROWS_MAX)
    return [row for row in rows if row.status in ENDED]


def _failed(present: Present, now: float) -> list[RunRow]:
    """Return runs that failed lately, but for those that were begun again."""
    choice = RunChoice(statuses=("failed",), since=now - LOOKED_BACK)
    failed = present.board.chosen_runs(choice, limit=ROWS_MAX)
    if not failed:
        return []
    after = RunChoice(since=failed[-1].created)
    again = {row.origin for row in present.board.chosen_runs(after, limit=ROWS_MAX)}
    return [row for row in failed if row.id not in again]


def _next(planned: list[ScheduleView]) -> tuple[Upcoming, ...]:
    found = [Upcoming(each.id, each.workflow, each.next[0].at) for each in planned if each.next]
    return tuple(sorted(found, key=lambda each: each.at)[:SHOWN_NEXT])
