"""What Flow and Workload show of the work items of the board."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from missioncontrol.application.work_flow import Flow, Wait
from missioncontrol.application.workload import Load
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
    return (
        f"{wait.name} blocks others",
        "",
        "lock",
        f"/board/items/{quote(wait.name)}",
        f"Open {wait.name}",
    )


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


def load_verdict(found: Sequence[Load]) -> tuple[str, str]:
    """Return what matters most about the workload, and the rest of the sentence."""
    named = [each for each in found if each.name]
    stuck = max(named, key=lambda each: each.stuck, default=None)
    if stuck is not None and stuck.stuck:
        count = formats.count(stuck.stuck, "stuck or failed item")
        return f"{name_of(stuck.name)} has {count}", "."
    most = max(named, key=lambda each: each.queue, default=None)
    if most is not None:
        return (
            f"{name_of(most.name)} has the longest queue",
            f": {formats.count(most.queue, 'item')}.",
        )
    return "No queue waits", "."
