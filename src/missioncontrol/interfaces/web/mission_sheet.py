"""What the page of a mission shows, worked out before its template asks for anything."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from missioncontrol.application.queries import missions
from missioncontrol.application.queries.mission_stand import stand_of
from missioncontrol.application.queries.missions import ArtifactLine, MissionView
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.documents.figures import counted
from missioncontrol.documents.page import ticked
from missioncontrol.documents.timeline import Timeline, timeline
from missioncontrol.domain.building import PATCH
from missioncontrol.domain.mission_action import verdict
from missioncontrol.domain.run.states import Run
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.artifact_view import file_url, glyph_of, viewer_url
from missioncontrol.interfaces.web.codes import code_url
from missioncontrol.interfaces.web.drawings import radar
from missioncontrol.interfaces.web.mission_tabs import PLAN_PARTS, PRODUCT, RESULTS, TABS, Place
from missioncontrol.ports.output_store import OutputLine

OUTPUT_LONG = 400
"""Lines of output that the log begins with."""

SPENDERS_MAX = 5
TONES = {"success": "ok", "warning": "ask", "error": "bad"}


def sheet(present: Present, story: RunReport, place: Place) -> dict[str, Any]:
    """Return the values of the page's template, for the part that is shown."""
    view, reading, run = missions.view(story, present), story.reading, story.state
    stand = stand_of(story, present, missions.standing(present, story.mission.id))
    return {
        "view": view,
        "reading": reading,
        "shown": place.tab,
        "part": place.part,
        "stand": stand,
        "closed_agents": present.statuses.around.closed,
        "verdict": verdict(stand),
        "by_key": {task.key: task for task in view.tasks},
        "steps": run.steps,
        "phases": {phase.key: phase.title for phase in reading.plan.stages()},
        "anchors": reading.where,
        "is_ended": run.is_settled,
        "can": _can(story),
        "tabs": _tabs(view, story),
        "plan_parts": PLAN_PARTS,
        "results": RESULTS,
        "product_parts": PRODUCT,
        "author": run.author.removeprefix("user:"),
        "builder": str(run.inputs.get("builder", "")),
        "took": _took(run),
        "cap": run.budget.cost if run.budget else None,
        "spenders": _spenders(run),
        "said": _last_lines(present, run.id, OUTPUT_LONG if place.tab == "activity" else 0),
        "tones": TONES,
        "radar": radar(reading.plan.risks),
        "timeline": _timeline(story),
        "severities": _severities(view),
        "ticked": ticked,
        "glyph_of": glyph_of,
        "href_of": _viewer_of(view),
        "file_of": _file_of(view),
        "code_of": lambda path, line=0: code_url(story, path, line),
        "where_of": _place_of(view, story),
        "patch": _patch_of(view),
        "is_run_newest": run.id == story.mission.runs[-1],
        "other_runs": _siblings(story),
    }


class Can:
    """What may be asked for, as the mission stands."""

    def __init__(self, story: RunReport) -> None:
        run = story.state
        is_newest = run.id == story.mission.runs[-1]
        is_planned_only = not run.inputs.get("execute", True)
        is_done = run.outcome == "succeeded"
        self.cancel = is_newest and not run.is_settled and run.cancel_reason is None
        self.resume = is_newest and run.status == "halted"
        has_work = any(not task.is_handover for task in story.reading.plan.tasks())
        self.carry_out = is_newest and is_done and is_planned_only and has_work
        self.retry = is_newest and run.is_settled and not is_done
        self.fork = is_newest and run.is_settled and len(run.steps) > 1
        plan = story.reading.plan
        self.answer = is_newest and run.is_settled and bool(plan.phases)
        self.build = self.answer and any(task.is_handover for task in plan.tasks())


def _can(story: RunReport) -> Can:
    return Can(story)


def _tabs(view: MissionView, story: RunReport) -> list[tuple[str, str, int | None]]:
    plan = story.reading.plan
    counts: dict[str, int] = {
        "plan": len(view.tasks),
        "decisions": len(plan.decisions) + len(plan.risks),
    }
    return [(key, title, counts.get(key) or None) for key, title in TABS.items()]


def _timeline(story: RunReport) -> Timeline | None:
    """Return the timeline of the report, up to now where the run goes on."""
    record = story.reading.record
    if story.state.is_settled:
        return story.reading.timeline
    return timeline(msgspec.structs.replace(record, ended=formats.now()))


def _took(run: Run) -> float | None:
    if run.settled_at is None or run.started_at is None:
        return None
    return run.settled_at - run.started_at


def _spenders(run: Run) -> list[tuple[str, int, int]]:
    """Return who used most: the agent, micro-dollars, tokens."""
    found = [
        (agent, run.bill_by_agent[agent].cost, usage.tokens)
        for agent, usage in run.usage_by_agent.items()
        if usage.tokens or run.bill_by_agent[agent].cost
    ]
    return sorted(found, key=lambda each: each[1:], reverse=True)[:SPENDERS_MAX]


def _last_lines(present: Present, run: str, limit: int) -> list[OutputLine]:
    """Return the last lines of output, the newest first."""
    if not limit:
        return []
    after = max(present.output.written(run) - limit, 0)
    return present.output.read(run, after=after, limit=limit)[::-1]


def _severities(view: MissionView) -> str:
    found = [f"{number} {level}" for level, number in view.findings.items() if number]
    return ", ".join(found) or counted(0, "finding")


def _patch_of(view: MissionView) -> ArtifactLine | None:
    """Return the change that agents made last; each goes on from the one before."""
    return next((each for each in reversed(view.artifacts) if each.name == PATCH), None)


def _siblings(story: RunReport) -> tuple[str, int]:
    """Return the newest run, and the place of the shown one among all, from 1."""
    runs = story.mission.runs
    return runs[-1], runs.index(story.state.id) + 1


def _viewer_of(view: MissionView) -> Callable[[ArtifactLine], str]:
    return lambda one: viewer_url(view.run, one.digest, one.task, one.name)


def _file_of(view: MissionView) -> Callable[[ArtifactLine], str]:
    return lambda one: file_url(view.run, one.digest, one.task, one.name)


def _place_of(view: MissionView, story: RunReport) -> Callable[[str], str]:
    """Return where a place of the report stands on this page."""
    base = f"/missions/{quote(view.id)}"
    tasks = {place: key for key, place in story.reading.where.tasks.items()}

    def found(place: str) -> str:
        if place in tasks:
            return f"{base}?view=plan#task-{tasks[place]}"
        query = _WHOLE.get(place) or _STEMS.get(place.partition("-")[0])
        return f"{base}?{query or 'view=documents&document=report'}#{quote(place)}"

    return found


_REQUIREMENTS = "view=plan&show=requirements"
_FINDINGS, _ARTIFACTS = "view=documents&document=findings", "view=documents&document=artifacts"
_WHOLE = {
    **dict.fromkeys(("execution-path", "not-done", "estimates", "cost"), "view=overview"),
    **dict.fromkeys(("next-steps", "plan"), "view=plan"),
    **dict.fromkeys(("evidence", "checks", "findings"), _FINDINGS),
    **dict.fromkeys(("risks", "decisions"), "view=decisions"),
    **dict.fromkeys(("changes", "artifacts"), _ARTIFACTS),
    "requirements": _REQUIREMENTS,
    "log": "view=activity",
}
"""Places of the report that are a part of this page; the record itself is in the report alone."""

_STEMS = {
    "requirement": _REQUIREMENTS,
    "risk": "view=decisions",
    "decision": "view=decisions",
    "artifact": _ARTIFACTS,
    "finding": _FINDINGS,
}
