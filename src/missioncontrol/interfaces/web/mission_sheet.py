"""What the page of a mission shows, worked out before its template asks for anything."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from missioncontrol.application.queries import missions
from missioncontrol.application.queries.halts import needs_of
from missioncontrol.application.queries.missions import ArtifactLine, MissionView
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.documents.figures import counted
from missioncontrol.documents.page import ticked
from missioncontrol.documents.timeline import Timeline, timeline
from missioncontrol.documents.traceability.report import list_risk_owners
from missioncontrol.domain.run.states import Run
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.artifact_view import file_url, glyph_of, viewer_url
from missioncontrol.interfaces.web.codes import code_url
from missioncontrol.interfaces.web.drawings import radar
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.projections.approvals import ApprovalRow

VIEWS: dict[str, str] = {
    "now": "Now",
    "summary": "Summary",
    "plan": "Plan",
    "design": "Design",
    "places": "Places",
    "requirements": "Requirements",
    "trace": "Trace",
    "decisions": "Risks and decisions",
    "blueprint": "Blueprint",
    "documents": "Documents",
    "findings": "Findings",
    "artifacts": "Artifacts",
    "log": "Log",
    "cost": "Cost",
    "report": "Report",
}
OUTPUT_SHORT, OUTPUT_LONG = 14, 400
"""Lines of output that the first view shows, and the view of the log."""

SPENDERS_MAX = 5
OPEN_MAX = 1_000
TONES = {"success": "ok", "warning": "ask", "error": "bad"}


def opening(story: RunReport) -> str:
    """Return the view that a mission is opened with: what goes on, or else what came of it."""
    run = story.state
    if not run.is_settled or not story.reading.record.tasks:
        return "now"
    return "summary" if run.inputs.get("execute", True) else "plan"


def sheet(present: Present, story: RunReport, shown: str, *, as_list: bool) -> dict[str, Any]:
    """Return the values of the page's template, for the view that is shown."""
    view, reading, run = missions.view(story, present), story.reading, story.state
    lines = OUTPUT_LONG if shown == "log" else OUTPUT_SHORT if shown == "now" else 0
    return {
        "view": view,
        "reading": reading,
        "shown": shown,
        "as_list": as_list,
        "by_key": {task.key: task for task in view.tasks},
        "steps": run.steps,
        "phases": {phase.key: phase.title for phase in reading.plan.stages()},
        "anchors": reading.where,
        "is_ended": run.is_settled,
        "can": _can(story),
        "tabs": _tabs(view, story),
        "plan_note": _plan_note(view),
        "author": run.author.removeprefix("user:"),
        "builder": str(run.inputs.get("builder", "")),
        "took": _took(run),
        "cap": run.budget.cost if run.budget else None,
        "spenders": _spenders(run),
        "approvals": _approvals(present, run),
        "said": _last_lines(present, run.id, lines),
        "tones": TONES,
        "radar": radar(reading.plan.risks),
        "risk_owners": {each.risk: each.owner for each in list_risk_owners(reading.record)},
        "timeline": _timeline(story),
        "severities": _severities(view),
        "ticked": ticked,
        "glyph_of": glyph_of,
        "href_of": _viewer_of(view),
        "file_of": _file_of(view),
        "code_of": lambda path, line=0: code_url(story, path, line),
        "where_of": _place_of(view, story),
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
        self.raise_caps = self.resume and bool(needs_of(run.halt))
        self.carry_out = is_newest and is_done and is_planned_only
        self.retry = is_newest and run.is_settled and not is_done
        self.fork = is_newest and run.is_settled and len(run.steps) > 1


def _can(story: RunReport) -> Can:
    return Can(story)


def _tabs(view: MissionView, story: RunReport) -> list[tuple[str, str, int | None]]:
    plan = story.reading.plan
    counts: dict[str, int] = {
        "plan": len(view.tasks),
        "places": len({file.path for each in plan.likely for file in each.files}),
        "requirements": len(view.requirements),
        **({"trace": len(view.trace.gaps)} if view.trace.gaps else {}),
        "decisions": len(plan.risks) + len(plan.decisions),
        "findings": sum(view.findings.values()),
        "artifacts": len(view.artifacts),
    }
    absent = "places" if plan.design else "design"
    return [(key, title, counts.get(key)) for key, title in VIEWS.items() if key != absent]


def _timeline(story: RunReport) -> Timeline | None:
    """Return the timeline of the report, up to now where the run goes on."""
    record = story.reading.record
    if story.state.is_settled:
        return story.reading.timeline
    return timeline(msgspec.structs.replace(record, ended=formats.now()))


def _plan_note(view: MissionView) -> str:
    count = view.tally
    parts = [f"{count.succeeded} of {count.local} tasks done"] if count.tasks else []
    waiting = sum(task.state == "approval" for task in view.tasks)
    for number, words in (
        (count.running, "at work"),
        (waiting, "for your approval"),
        (count.failed, "failed"),
        (count.blocked, "blocked"),
        (count.handed_over, "handed over"),
    ):
        if number:
            parts.append(f"{number} {words}")
    return ", ".join(parts)


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


def _approvals(present: Present, run: Run) -> list[ApprovalRow]:
    if not run.held:
        return []
    rows: list[ApprovalRow] = newest_rows(present, "approval", limit=OPEN_MAX, is_open=True)
    return [row for row in rows if row.run == run.id]


def _last_lines(present: Present, run: str, limit: int) -> list[OutputLine]:
    """Return the last lines of output, the newest first."""
    if not limit:
        return []
    after = max(present.output.written(run) - limit, 0)
    return present.output.read(run, after=after, limit=limit)[::-1]


def _severities(view: MissionView) -> str:
    found = [f"{number} {level}" for level, number in view.findings.items() if number]
    return ", ".join(found) or counted(0, "finding")


def _viewer_of(view: MissionView) -> Callable[[ArtifactLine], str]:
    return lambda one: viewer_url(view.run, one.digest, one.task, one.name)


def _file_of(view: MissionView) -> Callable[[ArtifactLine], str]:
    return lambda one: file_url(view.run, one.digest, one.task, one.name)


def _place_of(view: MissionView, story: RunReport) -> Callable[[str], str]:
    """Return where a place of the report stands on this page."""
    base = f"/missions/{quote(view.id)}"
    tasks = {place: key for key, place in story.reading.where.tasks.items()}
    cockpit = ("execution-path", "not-done", "estimates", "evidence")
    whole = dict.fromkeys(cockpit, "summary")
    whole |= {"next-steps": "plan", "checks": "findings", "risks": "decisions"}
    whole |= {"changes": "artifacts", "record": "report"}
    stems = {
        "requirement": "requirements",
        "risk": "decisions",
        "decision": "decisions",
        "artifact": "artifacts",
        "finding": "findings",
    }

    def found(place: str) -> str:
        if place in tasks:
            return f"{base}?view=plan#task-{tasks[place]}"
        shown = whole.get(place) or stems.get(place.partition("-")[0])
        shown = shown or (place if place in VIEWS else "report")
        return f"{base}?view={shown}#{quote(place)}"

    return found
