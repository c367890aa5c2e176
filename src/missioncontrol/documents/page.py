"""The report as one HTML file: nothing is loaded, nothing runs, every number is a link."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from missioncontrol.documents import figures
from missioncontrol.documents.changes import Diff, diff, is_unproven
from missioncontrol.documents.drawing.report_drawings import Drawings, report_drawings
from missioncontrol.documents.drawing.report_drawings import style as drawing_style
from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.markup import shortened, spans, visible
from missioncontrol.documents.prose import prose
from missioncontrol.documents.record import TaskRecord
from missioncontrol.documents.report_data import Reading
from missioncontrol.documents.statements import evidence_sentence, result_name, result_place
from missioncontrol.domain.status import WORDS

CODE = Markup("<code>{}</code>")
TEMPLATES = Path(__file__).with_name("templates")
PREVIEW_MAX = 40_000
"""Characters of one document that the page shows."""
PREVIEWS_MAX = 400_000
"""Characters of all documents together."""
PICTURE_MAX = 1_000_000
PICTURES_MAX = 3
MODULES = "modules.svg"
"""The artifact that shows what the blueprint draws."""

STATE_WORDS = {"handed_over": WORDS["ready_to_build"]}
STANDING_WORDS = {
    "done": "tasks done",
    "uncovered": "no task",
    "handed_over": WORDS["ready_to_build"].lower(),
}
GLYPHS = {
    "succeeded": "st-succeeded",
    "done": "st-succeeded",
    "failed": "st-failed",
    "blocked": "st-blocked",
    "uncovered": "st-blocked",
    "handed_over": "st-approval",
    "running": "st-running",
    "cancelled": "st-cancelled",
}
LOG_TONES = {"success": "ok", "warning": "ask", "error": "bad"}
GRAVEST_STATE = (
    "failed",
    "blocked",
    "cancelled",
    "running",
    "waiting",
    "handed_over",
    "succeeded",
)


class Section(msgspec.Struct, frozen=True):
    """An entry of the page's table of contents."""

    place: str
    title: str
    count: int | None = None
    tone: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A drawing as a data address, or why it is not shown."""

    exhibit: Exhibit
    data: str
    fault: str = ""


class Preview(msgspec.Struct, frozen=True):
    """The beginning of a document, or why it is not shown."""

    exhibit: Exhibit
    html: Any = ""
    left_out: int = 0
    fault: str = ""


def html_page(reading: Reading, read_artifact: ReadArtifact) -> str:
    """Return the page; the same reading gives the same bytes."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8") + drawing_style()
    drawings = report_drawings(reading.record, reading.where, read_artifact)
    shown, left_out = _previews(reading, read_artifact)
    changed = reading.changes
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            reading=reading,
            record=reading.record,
            plan=reading.plan,
            tally=reading.tally,
            where=reading.where,
            overall=overall(reading),
            sections=_sections(reading, drawings),
            drawings=drawings,
            names={part.id: part.name for part in reading.plan.architecture.components},
            tones=LOG_TONES,
            pictures=_pictures(reading, read_artifact, drawings),
            changes=changed,
            diff=diff(changed, read_artifact) if changed is not None else Diff(),
            previews=shown,
            previews_left_out=left_out,
            # Both are files of ours.
            style=Markup(style),  # noqa: S704
            style_hash=_csp_hash(style),
            icons=Markup((TEMPLATES / "icons.svg").read_text(encoding="utf-8")),  # noqa: S704
        )
    )


def overall(reading: Reading) -> str:
    """Return the state that the verdict is shown in; never the green one while work is open."""
    status, count = reading.record.status, reading.tally
    if status == "succeeded" and count.tasks:
        is_open = any(map(is_unproven, reading.record.tasks))
        if is_open or count.unfinished or count.checked < count.succeeded:
            return "blocked"
        return "handed_over" if count.handed_over else "succeeded"
    return {"queued": "waiting", "succeeded": "blocked"}.get(status, status)


@cache
def _environment() -> Environment:
    # Text is escaped once it is visible; `finalize` runs before the escaping.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": figures.moment,
        "clock": figures.clock,
        "lasting": figures.lasting,
        "grouped": figures.grouped,
        "counted": figures.counted,
        "size": figures.size,
        "money": figures.money,
        "in_unit": figures.in_unit,
        "glyph": lambda state: GLYPHS.get(state, "st-waiting"),
        "state_word": lambda state: STATE_WORDS.get(state, state.capitalize()),
        "standing_word": lambda standing: STANDING_WORDS.get(standing, standing),
        "phase_state": phase_state,
        "worked": worked,
        "serving": _serving,
        "shortened": shortened,
        "ticked": ticked,
        "evidence_sentence": evidence_sentence,
        "result_place": result_place,
        "result_name": result_name,
    }
    return environment


def worked(one: TaskRecord) -> float | None:
    """Return the seconds of all attempts at a task, or None while that is not known."""
    if not one.attempts or one.attempts[-1].ended is None:
        return None
    return sum((tried.ended or tried.started) - tried.started for tried in one.attempts)


def phase_state(tasks: tuple[TaskRecord, ...]) -> str:
    """Return the state of a phase: that of the task that is furthest from done."""
    states = {one.state for one in tasks}
    return next((state for state in GRAVEST_STATE if state in states), "waiting")


def ticked(text: Any) -> Markup:
    """Return `text` with what it marks by backticks as code."""
    pieces = (
        CODE.format(visible(piece)) if is_code else escape(visible(piece))
        for piece, is_code in spans(str(text))
    )
    return Markup("").join(pieces)


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _serving(tasks: tuple[TaskRecord, ...], kind: str, name: str) -> list[TaskRecord]:
    return [one for one in tasks if name in getattr(one.task, kind)]


def _csp_hash(style: str) -> str:
    digest = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _sections(reading: Reading, drawings: Drawings) -> tuple[Section, ...]:
    record, plan = reading.record, reading.plan
    waits, changed = len(reading.concerns), reading.changes
    return (
        Section("verdict", "Verdict"),
        Section("needs-a-person", "Needs a person", waits, "ask" if waits else ""),
        *_cockpit(reading),
        Section("plan", "Plan", len(record.tasks)),
        *([Section("changes", "Changes", len(changed.files))] if changed is not None else []),
        Section("timeline", "Timeline"),
        Section("requirements", "Requirements", len(plan.requirements)),
        Section("findings", "Findings", sum(reading.severities.values())),
        Section("risks", "Risks", len(plan.risks)),
        Section("decisions", "Decisions", len(plan.decisions)),
        Section("architecture", "Architecture", len(plan.architecture.components)),
        *([] if drawings.is_empty else [Section("blueprint", "Blueprint", len(drawings.shown))]),
        Section("next-steps", "Next steps", _steps(reading)),
        Section("artifacts", "Artifacts", len(reading.exhibits)),
        Section("cost", "Cost and tokens"),
        Section("how", "How obtained", len(reading.stated)),
        Section("record", "The record", len(record.events)),
    )


def _cockpit(reading: Reading) -> tuple[Section, ...]:
    pit = reading.cockpit
    has_estimates = pit.compared or pit.unestimated
    return (
        Section("execution-path", "Execution path", len(pit.path)),
        Section("not-done", "Not done", len(pit.undone)),
        *(
            [Section("estimates", "Estimated and actual", len(pit.compared))]
            if has_estimates
            else []
        ),
        Section("evidence", "Evidence", len(pit.proofs)),
    )


def _steps(reading: Reading) -> int:
    return len(reading.next_steps.advised) + len(reading.next_steps.handed_over)


def _pictures(
    reading: Reading, read_artifact: ReadArtifact, drawings: Drawings
) -> tuple[Picture, ...]:
    twice = {MODULES} if drawings.draws_modules else set()
    drawn = [
        one
        for one in reading.exhibits
        if one.artifact.media_type == "image/svg+xml" and one.artifact.name not in twice
    ]
    return tuple(_picture(one, read_artifact) for one in drawn[:PICTURES_MAX])


def _picture(exhibit: Exhibit, read_artifact: ReadArtifact) -> Picture:
    """As the source of an image, an SVG can neither run scripts nor load anything."""
    if exhibit.artifact.size > PICTURE_MAX:
        return Picture(exhibit, "", f"it has more than {figures.size(PICTURE_MAX)}")
    content, fault = readable(exhibit.artifact, read_artifact)
    encoded = base64.b64encode(content).decode()
    return Picture(exhibit, "" if fault else f"data:image/svg+xml;base64,{encoded}", fault)


def _previews(reading: Reading, read_artifact: ReadArtifact) -> tuple[tuple[Preview, ...], int]:
    """Return what is shown, within the bounds, and how many documents are not."""
    shown: list[Preview] = []
    room = PREVIEWS_MAX
    documents = [one for one in reading.exhibits if one.artifact.media_type == "text/markdown"]
    for exhibit in documents:
        if room <= 0:
            break
        content, fault = readable(exhibit.artifact, read_artifact)
        text = content.decode("utf-8", "replace")
        part = text[: min(PREVIEW_MAX, room)]
        room -= len(part)
        shown.append(Preview(exhibit, prose(part), len(text) - len(part), fault))
    return tuple(shown), len(documents) - len(shown)
