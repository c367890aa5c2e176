"""Other views of the work items of the board: how they flow, when they end, and who has them."""

from datetime import UTC, datetime

from missioncontrol.application.reader import Reader, opened
from missioncontrol.application.roadmap import AFTER_DAYS, BEFORE_DAYS, DAY, Roadmap, roadmap_of
from missioncontrol.application.work_flow import Flow, flow_of, roughly
from missioncontrol.application.workload import Workload, workload_of
from missioncontrol.declarations import ItemQuery, Query, Target, Terminal
from missioncontrol.domain.status import WORDS


def _view(path: str) -> Target:
    return Target(noun="board", path=path, command="task board", help="the board", is_single=True)


async def flow(reader: Reader, _: str) -> Flow:
    """Return how work flows as of now."""
    assert reader.present.work_items is not None  # They are brought up to the log.
    return flow_of(reader.present.work, reader.now)


def _flow_lines(found: Flow, _: int) -> list[str]:
    lines = ["time in stage, last 28 days"]
    for each in found.stages:
        times = f"p50 {roughly(each.p50)}, p90 {roughly(each.p90)}"
        lines.append(f"  {WORDS[each.stage]:<15} {times if each.stays else 'nothing left it yet'}")
    lines += ["", "what items wait for"]
    for wait in found.waits:
        lines.append(f"  {wait.name:<20} {wait.count:>4}  {', '.join(wait.items[:5])}")
    if not found.waits:
        lines.append("  nothing")
    if found.slow:
        lines += ["", "longer in their stage than nine of ten that left it"]
        lines += [f"  {each.id:<10} {WORDS[each.stage]:<15} {each.title}" for each in found.slow]
    return lines


FLOW = ItemQuery(
    name="board.flow",
    title="How work flows",
    text="Return how work flows.\n\nThe median and the 90th percentile of the time in each stage "
    "in the last 28 days, what waits for what, which items are over the p90 of their stage, what "
    "came and went in each week, and how many items were where each day.",
    target=_view("/board/flow"),
    operation_id="get_flow",
    source=opened,
    find=flow,
    returns=Flow,
    terminal=Terminal(lines=_flow_lines),
)


async def roadmap(reader: Reader, _: str) -> Roadmap:
    """Return four weeks back and nine ahead."""
    now = reader.now
    return await roadmap_of(
        reader.present,
        reader.calendar,
        now,
        now - BEFORE_DAYS * DAY,
        now + AFTER_DAYS * DAY,
    )


def _roadmap_lines(found: Roadmap, _: int) -> list[str]:
    grounds = found.grounds
    held = f"; {grounds.held} of {grounds.tested} such ranges held" if grounds.tested else ""
    lines = [grounds.why or f"from {grounds.cases} finished items{held}", ""]
    for each in found.epics:
        due = f"  due {each.due.day}: {each.due.met.replace('_', ' ')}" if each.due else ""
        ends = "no forecast" if each.open else f"ended {_day(each.ended)}"
        if each.forecast is not None:
            ends = " to ".join(_day(at) for at in (each.forecast.low, each.forecast.high))
        lines.append(
            f"  {each.id:<8} {each.done}/{each.done + each.open:<5} {ends:<25} {each.title}{due}"
        )
    for schedule in found.schedules:
        following = _day(schedule.next[0]) if schedule.next else schedule.status
        lines.append(f"  {schedule.id:<20} {schedule.words}, {schedule.zone}: {following}")
    return lines


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


ROADMAP = ItemQuery(
    name="board.roadmap",
    title="The roadmap",
    text="Return missions with forecast ends and due dates, and schedules with their slots.\n\n"
    "It reaches from four weeks back to nine ahead. A forecast is a range that is simulated from "
    "how fast earlier items got done. `grounds` has the cases and how often such ranges held; with "
    "too few cases, or where they rarely held, there is no range, and `why` says so.",
    target=_view("/board/roadmap"),
    operation_id="get_roadmap",
    source=opened,
    find=roadmap,
    returns=Roadmap,
    terminal=Terminal(lines=_roadmap_lines),
)


async def workload(reader: Reader, _: str) -> Workload:
    """Return what everyone has to do as of now."""
    return await workload_of(reader.present, reader.instruments, reader.now)


def _workload_lines(found: Workload, _: int) -> list[str]:
    lines = [f"{found.demand} items want {found.slots} of {found.slots_all} slots", ""]
    for each in (*found.agents, *found.people):
        used = "" if each.utilisation is None else f"  {each.utilisation:.0%} used"
        slots = f"  {each.busy} of {each.slots} slots" if each.slots else ""
        name = each.name.partition(":")[2] or "not assigned"
        lines.append(
            f"  {name:<20} {each.at_work:>4} in work {each.queue:>5} in queue{slots}{used}"
        )
    return lines


WORKLOAD = ItemQuery(
    name="board.workload",
    title="Who has what to do",
    text="Return what agents and people work on, and their queues.\n\nWith the last 24 hours of "
    "each hour by hour, slots, utilisation and cost of agents, and capacity against demand.",
    target=_view("/board/workload"),
    operation_id="get_workload",
    source=opened,
    find=workload,
    returns=Workload,
    terminal=Terminal(lines=_workload_lines),
)

QUERIES: tuple[Query, ...] = (FLOW, ROADMAP, WORKLOAD)
