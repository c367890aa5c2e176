"""What Home shows besides the overview: agents now, causes with what frees them, spend by hour."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from missioncontrol.application.inbox.items import InboxItem
from missioncontrol.application.queries.agent_lives import lives
from missioncontrol.application.queries.costs import CapView
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.measures import Hour
from missioncontrol.application.queries.overview import Overview
from missioncontrol.application.queries.runs import RunItem, run_item
from missioncontrol.application.read_model import Present
from missioncontrol.domain.lifecycle.states import reason_of
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.web import formats

AGENTS_SHOWN = 8
CAUSES_SHOWN = 4
DAY = 86_400.0
STARTABLE = frozenset({"stopped", "failed", "lost"})
"""Statuses of agents that a start may bring back."""

ORDER = ("active", "draining", "starting", "blocked", "failed", "lost", "stopped", "idle")


class AgentNow(NamedTuple):
    """What an agent does now. `since` is in seconds since the epoch; 0 where it does nothing."""

    name: str
    status: str
    task: str
    href: str
    since: float


def agents_now(present: Present, instruments: Instruments) -> list[AgentNow]:
    """Return the agents, those with stuck runs first, then those at work, idle ones last."""
    at_work = {each.agent: each for each in instruments.measuring.at_work}
    held: dict[str, int] = {}
    for each in present.statuses.stuck().values():
        for name in each.on:
            held[name] = held.get(name, 0) + 1
    found = []
    for life in lives(present, instruments):
        work, name = at_work.get(life.name), life.name
        title = _title(present, work.run) if work else ""
        stuck = formats.count(held[name], "stuck run") if name in held else ""
        found.append(
            AgentNow(
                name,
                life.status(work is not None),
                title or stuck or reason_of(life),
                f"/runs/{quote(work.run)}" if work else f"/agents/{quote(name)}",
                work.at / 1_000_000 if work else 0.0,
            )
        )
    return sorted(found, key=lambda one: (one.name not in held, ORDER.index(one.status), one.name))


def _title(present: Present, run: str) -> str:
    row = present.board.run(run)
    return run_item(present, row).title if row else ""


class Cause(NamedTuple):
    """Something that cannot go on by itself, and the button that frees it."""

    tone: str
    glyph: str
    title: str
    href: str
    detail: str
    since: float
    button: str
    url: str  # of the button
    is_post: bool  # the button acts; otherwise it opens what a person decides there


def causes(
    found: Overview,
    needed: Sequence[InboxItem],
    present: Present,
    who: Principal,
    agents: Sequence[AgentNow],
) -> list[Cause]:
    """Return what is stuck, halted or failed, each with what frees it, the oldest of each first."""
    startable = {one.name for one in agents if one.status in STARTABLE and who.may("govern")}
    stuck: dict[str, list[str]] = {}
    for run, status in found.stuck.items():
        stuck.setdefault(status.on[0] if status.on else "", []).append(run)
    held = [
        _of_stuck(name, runs, found, present, can_start=name in startable)
        for name, runs in stuck.items()
    ]
    halts = [_of_item(each) for each in needed if each.kind == "halt"]
    return [*held, *halts, *(_of_failed(run, can_retry=who.may("operate")) for run in found.failed)]


def _of_stuck(
    name: str, runs: Sequence[str], found: Overview, present: Present, *, can_start: bool
) -> Cause:
    status, title = found.stuck[runs[0]], _title(present, runs[0])
    detail = f"holds up {formats.count(len(runs), 'run')}" + (f": {title}" if title else "")
    href = f"/agents/{quote(name)}" if name else f"/runs/{runs[0]}"
    return Cause(
        "held",
        "st-blocked",
        status.reason,
        f"/runs/{runs[0]}",
        detail,
        status.since,
        f"Start {name}" if can_start else f"Open {name or 'run'}",
        f"{href}/start" if can_start else href,
        can_start,
    )


def _of_item(item: InboxItem) -> Cause:
    href = f"/inbox/{quote(item.id)}"
    return Cause(
        item.tone, "costs", item.title, href, item.detail, item.since, "Raise cap", href, False
    )


def _of_failed(run: RunItem, *, can_retry: bool) -> Cause:
    href = f"/missions/{run.mission}" if run.mission else f"/runs/{run.id}"
    return Cause(
        "bad",
        "st-failed",
        run.title,
        href,
        f"failed in {formats.count(run.failed, 'step')}",
        run.ended or run.created,
        "Retry" if can_retry else "Open run",
        f"/runs/{run.id}/retry" if can_retry else href,
        can_retry,
    )


class Spend(NamedTuple):
    """The money of today as a drawing 1000 wide and 92 high; places are in per cent of a day."""

    path: str
    forecast: str  # "" where none is known
    cap: float | None  # the height of the cap; None without one
    now: float


def spend_of(hours: Sequence[Hour], today: CapView, now: float) -> Spend:
    """Return today's spending in UTC, hour by hour, up to now and on to its forecast."""
    begin = now - now % DAY
    cap = today.cap.cost if today.cap and today.cap.cost is not None else None
    spent, forecast = today.spent.cost, today.forecast
    total, points = 0, [(0.0, 0)]
    for hour in (each for each in hours if each.at >= begin):
        total += hour.cost
        points.append((min(hour.at + 3_600.0, now) - begin, total))
    points = [*points[: max(len(points) - 1, 1)], (now - begin, spent)]
    top = max(spent, forecast or 0, cap or 0, 1, *(cost for _, cost in points))
    place = [(1_000 * at / DAY, _height(cost, top)) for at, cost in points]
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in place)
    x, y = place[-1]
    onwards = f"M{x:.1f} {y:.1f} L1000 {_height(forecast, top):.1f}" if forecast else ""
    return Spend(path, onwards, None if cap is None else _height(cap, top), x / 10)


def _height(cost: int, top: int) -> float:
    return 92 - 86 * cost / top
