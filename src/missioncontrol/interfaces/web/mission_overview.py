"""The overview of a mission: what is next, what changes and where, how sure, how far, how much."""

import re
from collections.abc import Iterator
from math import log1p
from typing import Any, NamedTuple

from litestar import Request

from missioncontrol.application.execution import plan_of
from missioncontrol.application.queries.mission_stand import points_of, stand_of
from missioncontrol.application.queries.missions import standing
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.application.roadmap import ending_of
from missioncontrol.documents.cockpit.comparison import Compared
from missioncontrol.documents.plan_changes import changes
from missioncontrol.domain.estimates import LikelyFile, Precedent
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.mission_action import ActionKind, NextAction, next_action
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.run.states import Succeeded
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web.plan_grounds import BACKTEST_CHANGES, grounds
from missioncontrol.interfaces.web.roadmap_view import days_of, words_of_grounds

DRAWN_FROM = 0.02
"""The least part of the width that a range is drawn with."""

PATH_SHOWN = 8
PLACES_SHOWN = 8
SURE_SHOWN = 5
CHANGES_SHOWN = 40
TONES: dict[ActionKind, str] = {
    **dict.fromkeys(("approve", "answer", "answer_plan", "approve_plan"), "ask"),
    **dict.fromkeys(("unblock", "raise_cap", "resume"), "held"),
    "retry": "bad",
    "watch": "live",
    **dict.fromkeys(("read", "review"), "ok"),
}
"""The tone of each action; what is left to a person's liking has none."""

_NEW_TEST = ("A new test", "The new test", "A test", "Each of", "A case")
_IN_TEST = re.compile(r" in `(?P<path>[^`]+)`(?= fails)")


class Changed(NamedTuple):
    """A place that a task changes."""

    task: Task
    path: str
    lines: str  # `88-104`; "" where no lines are known
    line: int  # the first of them, or 0
    name: str  # what is defined there
    why: str
    chance: float  # 0 where that is not known
    precedent: Precedent | None  # a merged change like this one that changed the same file


class FirstTest(NamedTuple):
    """What is tested first: where, and what it shows."""

    path: str
    text: str


class Drawn(NamedTuple):
    """A range and what it came to, as parts of the width in per cent."""

    start: float
    width: float
    likely: float
    actual: float | None


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/overview.html` shows."""
    del request
    pit, plan = story.reading.cockpit, story.reading.plan
    places = list(places_of(plan))
    is_newest = story.state.id == story.mission.runs[-1]
    points = points_of(story)
    asked = tuple(each.text for each in points)
    path = [step for step in pit.path if not step.text.endswith(asked)] if asked else pit.path
    following = _next(story, console.present) if is_newest else None
    return {
        "pit": pit,
        "path_left_out": max(len(path) - PATH_SHOWN, 0),
        "path": path[:PATH_SHOWN],  # Questions have a panel of their own.
        "drawn": drawn,
        "changed": places[:PLACES_SHOWN],
        "places_left_out": max(len(places) - PLACES_SHOWN, 0),
        "sure": sorted(places, key=lambda each: -each.chance)[:SURE_SHOWN],
        "first_test": first_test(plan),
        "grounds": grounds(story),
        "backtest_changes": BACKTEST_CHANGES,
        "points": points,
        "open_points": [each for each in points if not each.answer],
        "is_newest": is_newest,
        "next": following,
        "expected_end": _expected_end(story, console) if is_newest else "",
        "tone_of_next": TONES.get(following.kind, "") if following else "",
        **await _by_answers(story, console.present),
    }


def _expected_end(story: RunReport, console: Console) -> str:
    """Return when a mission is expected to end, or why that is unknown; "" where it ended."""
    assert console.present.work_items is not None  # They are brought up to the log.
    found = ending_of(console.present.work, story.mission.id, console.now)
    if found is None:
        return ""
    if found.forecast is None:
        return f"No forecast of its end yet. {found.why}"
    return f"Expected to end {days_of(found.forecast)}. {words_of_grounds(found.grounds)}"


def _next(story: RunReport, present: Present) -> NextAction:
    return next_action(stand_of(story, present, standing(present, story.mission.id)))


def places_of(plan: Plan) -> Iterator[Changed]:
    """Yield the files that tasks are to change, task by task, the likeliest place of each first."""
    files = _likeliest(plan)
    for task in plan.tasks():
        if not task.is_change:
            continue
        precedents = plan.precedents(task)
        for path in task.scope:
            file = files.get(path)
            spot = file.spots[0] if file and file.spots else None
            yield Changed(
                task,
                path,
                spot.lines if spot else "",
                spot.line if spot else 0,
                spot.name if spot else "",
                file.reasons[0] if file and file.reasons else "",
                file.chance if file else 0.0,
                next((each for each in precedents if path in each.files), None),
            )


def _likeliest(plan: Plan) -> dict[str, LikelyFile]:
    found: dict[str, LikelyFile] = {}
    for each in plan.likely:
        for file in each.files:
            if file.path not in found or file.share > found[file.path].share:
                found[file.path] = file
    return found


def first_test(plan: Plan) -> FirstTest | None:
    """Return what is tested first, where the plan says so."""
    task = next((each for each in plan.tasks() if each.is_change and each.acceptance), None)
    if task is None:
        return None
    text = task.acceptance[0]
    named = _IN_TEST.search(text) if text.startswith(_NEW_TEST) else None
    return FirstTest(named["path"] if named else "", _IN_TEST.sub("", text, count=1))


async def _by_answers(story: RunReport, present: Present) -> dict[str, Any]:
    """Return what answers changed of the plan before them; nothing where there were none."""
    run, plan = story.state, story.reading.plan
    before: Plan | None = None
    if run.forked_at == PLAN_STEP and run.fork_of and story.mission.answers and plan.phases:
        planned = (await present.run(run.fork_of)).states.get(PLAN_STEP)
        before = plan_of(planned.work.output) if isinstance(planned, Succeeded) else None
    found = changes(before, plan) if before is not None else ()
    return {
        "by_answers": found[:CHANGES_SHOWN],
        "by_answers_left_out": max(len(found) - CHANGES_SHOWN, 0),
        "is_replanned": before is not None,
        "tasks_before": sum(1 for _ in before.tasks()) if before is not None else 0,
        "words_of_changes": plan.design.changes if plan.design else (),
    }


def drawn(one: Compared) -> Drawn:
    """Return where a range and its actual stand on a line from 0 to the most of them.

    The line is one of ratios: what is foreseen differs by factors.
    """
    most = log1p(max(one.high, one.low, one.actual or 0.0)) or 1.0
    start, end = log1p(one.low) / most, (log1p(one.high) / most if one.high >= one.low else 1.0)
    width = max(end - start, DRAWN_FROM)
    return Drawn(
        round(min(start, 1 - width) * 100, 2),
        round(width * 100, 2),
        round(log1p(one.expected) / most * 100, 2),
        None if one.actual is None else round(log1p(one.actual) / most * 100, 2),
    )
