"""Is everything all right? What waits for a person, what runs, what failed, and what it costs."""

from typing import Literal

import msgspec

from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.application.queries.costs import CapView, scope_view
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.measures import Health, health
from missioncontrol.application.queries.runs import RunItem, run_item
from missioncontrol.application.queries.schedules import ScheduleView, schedules
from missioncontrol.application.read_model import Present
from missioncontrol.documents.figures import counted
from missioncontrol.domain.budget.scopes import WORKSPACE
from missioncontrol.domain.lifecycle.agent_count import AgentCount
from missioncontrol.domain.operation import OPEN, Operation
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.status import ENDED, Status
from missioncontrol.domain.status import OPEN as OPEN_WORDS
from missioncontrol.ports.read_tables import RunChoice, RunRow

Tone = Literal["", "ok", "live", "ask", "held", "bad"]

SHOWN_FAILED = 8
SHOWN_LIVE = 10
SHOWN_ENDED = 8
SHOWN_NEXT = 6
ROWS_MAX = 1_000
"""Runs that are looked at for one overview."""

DAY = 86_400.0
LOOKED_BACK = 7 * DAY
"""How far back a failure without a retry is still reported."""

LIVE = (*OPEN_WORDS, "cancelling")
ILL = ("blocked", "failed", "lost")
"""Statuses of agents that should work and can't."""


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
    stuck: dict[str, Status]  # runs that are stuck, by id, the oldest first
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
    present: Present,
    instruments: Instruments,
    now: float,
    *,
    needed: int,
    others: int,
    is_engine_there: bool,
) -> Overview:
    """Return how everything stands at `now`, in seconds since the epoch.

    `needed` items of the inbox need the person who looks, and `others` wait on others.
    """
    operation = await present.find(OPERATION, STREAM) or OPEN
    measured = await health(present, instruments, now)
    _, month, today = await scope_view(present, instruments, WORKSPACE, now)
    failed = _failed(present, now)
    ended = _ended(present, now - DAY)
    counts = present.statuses.counts()
    stuck = present.statuses.stuck()
    live_count = sum(counts.get(status, 0) for status in LIVE)
    planned = schedules(present, instruments.calendar, now)
    wording = _OverviewFacts(
        operation,
        is_engine_there,
        not sum(counts.values()),
        needed,
        others,
        len(failed),
        live_count,
        measured,
        tuple(stuck.values()),
    )
    return Overview(
        verdict=wording.verdict(),
        detail=wording.detail(),
        tone=wording.tone(),
        is_empty=wording.is_empty,
        position=present.position,
        stuck=stuck,
        live=tuple([await _live(present, each) for each in _live_items(present)]),
        live_count=live_count,
        queued=counts.get("queued", 0),
        failed=_items(present, failed, SHOWN_FAILED),
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
    needed: int  # items that need the caller
    others: int  # items that wait on others
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
        if self.is_empty and not self.needed and not self.others:
            return "Nothing has run here yet."
        if self.stuck:
            runs = "1 run is" if len(self.stuck) == 1 else f"{len(self.stuck):,} runs are"
            return f"{runs} stuck. {self.stuck[0].reason}"
        if self.needed:
            verb = "needs" if self.needed == 1 else "need"
            rest = "" if self.failed else f" {self._rest()}"  # A failed run is an item itself.
            return f"{counted(self.needed, 'item')} {verb} you.{rest}"
        if self.others:
            verb = "waits" if self.others == 1 else "wait"
            return f"{counted(self.others, 'item')} {verb} on others. {self._rest()}"
        if self.failed or self.measured.anomalies:
            return self._rest()
        runs = f"{counted(self.live, 'run')} at work" if self.live else "Nothing runs"
        return f"All is well. {runs}, and nothing needs you."

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
        is_more = self.live and (self.needed or self.others or self.failed)
        parts = [f"{counted(self.live, 'run')} not ended"] if is_more else []
        if self.others and self.needed:
            parts.insert(0, f"{counted(self.others, 'item')} on others")
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
        if self.needed:
            return "ask"
        if self.others:
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
        return Point("Agents", tone, AgentCount(by_status).words, "/agents")


_STAGES = {
    "stopped": "Everything is stopped.",
    "paused": "Work is paused: runs wait for their turn, and no step starts.",
    "drain": "Work drains: what has begun goes on, and nothing new begins.",
}


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
