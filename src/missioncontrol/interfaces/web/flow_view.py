"""What Flow and Workload show of the work items of the board."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from missioncontrol.application.work_flow import Flow, Wait
from missioncontrol.application.workload import Hour, Load, Workload
from missioncontrol.domain.work_item.stages import Stage
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.board_view import hours, name_of
from missioncontrol.queries.board import TITLES


def flow_verdict(found: Flow) -> tuple[str, str]:
    """Return what matters most about the flow of work, and the rest of the sentence."""
    if found.waits:
        first = found.waits[0]
        title, _, _ = freed_by(first)[:3]
        return title, f": {formats.count(first.count, 'item')}, {hours(first.seconds)} together."
    slow = max(found.stages, key=lambda each: each.p90, default=None)
    if slow is None or not slow.p90:
        return "Nothing has flowed yet", "."
    return (
        f"{TITLES[slow.stage]} takes longest",
        f": nine of ten items leave it in {hours(slow.p90)}.",
    )


def freed_by(wait: Wait) -> tuple[str, str, str, str, str]:
    """Return what items wait for in words, its tone and glyph, and where it is freed."""
    match wait.kind:
        case "agent":
            return (
                f"{wait.name} takes no steps",
                "held",
                "warn",
                f"/agents/{quote(wait.name)}",
                f"Open {wait.name}",
            )
        case "person":
            return (
                f"Items wait for {wait.name}",
                "ask",
                "approvals",
                "/board?status=waiting&view=list",
                "Show items",
            )
        case "failed":
            return (
                "Failed tasks wait for a retry",
                "bad",
                "st-failed",
                "/board?status=failed&view=list",
                "Show items",
            )
        case "others":
            return f"{wait.name} causes", "", "more", "/board?view=list", "Show items"
    return (
        f"{wait.name} blocks others",
        "",
        "lock",
        f"/board/items/{quote(wait.name)}",
        f"Open {wait.name}",
    )


HOUR = 3_600.0


class Band(NamedTuple):
    """The items of a stage over the days, as a part of a drawing 100 wide and 100 high."""

    stage: Stage
    title: str
    points: str
    last: int


def flow_chart(found: Flow) -> list[Band]:
    """Return the stages as bands upon each other, what is done at the bottom."""
    most = max((sum(each.counts.values()) for each in found.days), default=0) or 1
    base, bands = [0.0] * len(found.days), []
    step = 100.0 / max(len(found.days) - 1, 1)
    for stage in ("done", "waiting", "in_review", "building", "ready_to_build", "planned"):
        tops = [
            under + 100.0 * each.counts[stage] / most
            for under, each in zip(base, found.days, strict=True)
        ]
        upper = [f"{place * step:.2f},{100 - top:.2f}" for place, top in enumerate(tops)]
        lower = [f"{place * step:.2f},{100 - under:.2f}" for place, under in enumerate(base)]
        last = found.days[-1].counts[stage] if found.days else 0
        bands.append(Band(stage, TITLES[stage], " ".join([*upper, *reversed(lower)]), last))
        base = tops
    return bands


class Total(NamedTuple):
    """All agents together; the row below them."""

    queue: int
    seconds: float  # at work in the last 24 hours
    available: float  # of slots in that time
    busy: int
    slots: int
    cost: int


def total_of(agents: Sequence[Load]) -> Total:
    """Return the sums of the rows of agents."""
    hours = max((len(each.hours) for each in agents), default=0)
    return Total(
        sum(each.queue for each in agents),
        sum(hour.seconds for each in agents for hour in each.hours),
        sum(each.slots for each in agents) * hours * HOUR,
        sum(each.busy for each in agents),
        sum(each.slots for each in agents),
        sum(each.cost for each in agents),
    )


class Cell(NamedTuple):
    """An hour of a strip: its place and width in per cent, its height in 20, and its tone."""

    x: float
    width: float
    height: float
    tone: str


def strip(load: Load) -> list[Cell]:
    """Return the last 24 hours as small bars: of an agent its time, of a person what was done."""
    return bars(load.hours, load.slots)


def bars(worked: Sequence[Hour], slots: int) -> list[Cell]:
    """Return hours as small bars: time at work of `slots`, or without any what was done."""
    width = 100.0 / max(len(worked), 1)
    most = max((hour.done for hour in worked), default=0) or 1
    cells = []
    for place, hour in enumerate(worked):
        part = hour.seconds / (HOUR * slots) if slots else hour.done / most
        if part > 0 or hour.failed:
            height = round(max(min(part, 1.0) * 20, 2.0), 1)
            x = round(place * width, 2)
            cells.append(Cell(x, round(width * 0.86, 2), height, "bad" if hour.failed else "ok"))
    return cells


class Column(NamedTuple):
    """An hour of the chart of capacity, in a drawing 100 wide and 100 high."""

    x: float
    width: float
    height: float


class CapacityChart(NamedTuple):
    """Busy slots each hour, with the line of demand and that of all slots that take steps."""

    columns: list[Column]
    demand: str  # points of a line
    capacity: float  # height of that line
    most: float


def capacity_chart(found: Workload) -> CapacityChart:
    """Return the slots in use against demand and capacity."""
    peak = max((max(each.busy, each.demand) for each in found.hours), default=0.0)
    most = max(peak, found.slots, 1.0) * 1.1
    width = 100.0 / max(len(found.hours), 1)
    columns = [
        Column(round(place * width, 2), round(width * 0.84, 2), round(100 * each.busy / most, 2))
        for place, each in enumerate(found.hours)
    ]
    points = [
        f"{(place + 0.42) * width:.2f},{100 - 100 * each.demand / most:.2f}"
        for place, each in enumerate(found.hours)
    ]
    return CapacityChart(columns, " ".join(points), round(100 * found.slots / most, 2), most)


def load_verdict(found: Workload) -> tuple[str, str]:
    """Return what matters most about the workload, and the rest of the sentence."""
    wanted, slots = found.demand, found.slots
    if wanted > slots and found.agents:
        closed = [name_of(e.name) for e in found.agents if e.relief and e.relief.kind == "start"]
        while_ = f" while {closed[0]} takes no steps" if closed else ""
        since = next((h.at for h in reversed(found.hours) if h.demand <= slots), None)
        at = f" since {formats.moment(since + HOUR):%H:%M}" if since is not None else ""
        return (
            f"Demand is above capacity{at}",
            f": {wanted} items want one of {slots} slots{while_}.",
        )
    loads = (*found.agents, *found.people)
    stuck = max((e for e in loads if e.name), key=lambda each: each.stuck, default=None)
    if stuck is not None and stuck.stuck:
        count = formats.count(stuck.stuck, "stuck or failed item")
        return f"{name_of(stuck.name)} has {count}", "."
    most = max((e for e in loads if e.name), key=lambda each: each.queue, default=None)
    if most is not None and most.queue:
        return (
            f"{name_of(most.name)} has the longest queue",
            f": {formats.count(most.queue, 'item')}.",
        )
    return "No queue waits", f": {slots} slots are free for {wanted} items."
