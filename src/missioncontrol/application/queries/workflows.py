"""Saved workflows as the console shows them: lists, versions, differences, checks, and forms."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from missioncontrol.application.queries.shelf import Shelf
from missioncontrol.application.queries.workflow_inputs import InputField, fields_of
from missioncontrol.application.read_model import Present
from missioncontrol.domain.definition import (
    Definition,
    StepDefinition,
    plain,
)
from missioncontrol.domain.definition.plain import plain_step
from missioncontrol.domain.step import Risk
from missioncontrol.domain.workflow_library import (
    Listed,
)
from missioncontrol.ports.calendar import Calendar
from missioncontrol.ports.read_tables import RunChoice, RunRow
from missioncontrol.projections.schedules import ScheduleRow

RECENT = 20
"""Runs that the success rate of a workflow looks at."""

StepKind = Literal["command", "agent", "capability", "workflow"]


class RunGlance(msgspec.Struct, frozen=True):
    """A run in a line. Times are seconds since the epoch, 0 where there is none."""

    id: str
    status: str
    version: int
    created: float
    ended: float
    cost: int  # micro-dollars
    author: str
    trigger: str
    asks: int  # open approvals and questions: how often it waits for a person


class WorkflowItem(msgspec.Struct, frozen=True):
    """A workflow in a list."""

    name: str
    version: int  # the newest
    steps: int
    description: str
    saved_at: float
    last_run: RunGlance | None  # the one that began last
    running: int  # of the recent runs: those that have not ended
    recent: str  # of the recent runs that succeeded or failed: s or f, the newest last
    success_rate: float | None  # of these, 0 to 1; None where there is none
    next: float | None  # when a schedule begins it next
    schedules: tuple[str, ...]


class ScheduleGlance(msgspec.Struct, frozen=True):
    """A schedule that begins a workflow."""

    name: str
    cron: str
    words: str  # such as `At 02:30 every day`
    zone: str
    status: str
    next: float | None


class StepView(msgspec.Struct, frozen=True):
    """One step as it is drawn."""

    key: str
    title: str
    kind: StepKind
    who: str  # agent, capability or workflow
    tier: Risk
    needs: tuple[str, ...]  # with the steps whose failure it handles
    handles: tuple[str, ...]
    condition: str
    repeats: str  # what it is done for each of, or until when; empty for once
    approval: bool  # whether a person has to approve first
    said: dict[str, Any]  # all that its file says of it


class WorkflowView(msgspec.Struct, frozen=True):
    """A version of a workflow."""

    name: str
    version: int
    newest: int
    digest: str
    saved_at: float
    saved_by: str
    description: str
    definition: dict[str, Any]
    inputs: list[InputField]
    steps: list[StepView]
    source: str


# One look at many


async def workflows(
    shelf: Shelf, *, after: str = "", limit: int = 50, text: str = ""
) -> list[WorkflowItem]:
    """Return saved workflows by name, those after `after` that say `text`, in any case."""
    wanted = text.strip().casefold()
    listed = [
        each
        for name, each in (await shelf.listed()).items()
        if name > after and wanted in f"{name} {each.description}".casefold()
    ]
    plans = _schedules(shelf)
    now = shelf.clock.now()
    return [_item(shelf, each, plans.get(each.name, []), now) for each in listed[:limit]]


def _item(shelf: Shelf, listed: Listed, plans: list[ScheduleRow], now: float) -> WorkflowItem:
    runs = _runs(shelf.present, listed.name, RECENT)
    recent = "".join(
        row.status[0] for row in reversed(runs) if row.status in ("succeeded", "failed")
    )
    due = [at for plan in plans if (at := _next(shelf.calendar, plan, now)) is not None]
    return WorkflowItem(
        listed.name,
        listed.version,
        listed.steps,
        listed.description,
        listed.saved_at,
        _glance(shelf.present, runs[0]) if runs else None,
        sum(not row.ended for row in runs),
        recent,
        recent.count("s") / len(recent) if recent else None,
        min(due, default=None),
        tuple(plan.id for plan in plans),
    )


def runs_of(shelf: Shelf, name: str) -> list[RunGlance]:
    """Return the newest runs of a workflow, the newest first."""
    return [_glance(shelf.present, row) for row in _runs(shelf.present, name, RECENT)]


def _runs(present: Present, name: str, limit: int) -> list[RunRow]:
    stored = present.tables.chosen_runs(RunChoice(workflow=name), limit=limit)
    rows = {row.id: row for row in stored}
    rows |= {row.id: row for row in present.board.runs.values() if row.workflow == name}
    return sorted(rows.values(), key=lambda row: (row.created, row.id), reverse=True)[:limit]


def _glance(present: Present, row: RunRow) -> RunGlance:
    return RunGlance(
        row.id,
        present.statuses.of(row).word,
        row.version,
        row.created,
        row.ended,
        row.cost,
        row.author,
        row.trigger,
        0 if row.ended else present.statuses.asks(row.id),
    )


def schedules_of(shelf: Shelf, name: str) -> list[ScheduleGlance]:
    """Return the schedules that begin a workflow."""
    now = shelf.clock.now()
    return [
        ScheduleGlance(
            row.id,
            row.cron,
            shelf.calendar.in_words(row.cron),
            row.zone,
            row.status,
            _next(shelf.calendar, row, now),
        )
        for row in _schedules(shelf).get(name, [])
    ]


def _schedules(shelf: Shelf) -> dict[str, list[ScheduleRow]]:
    found: dict[str, list[ScheduleRow]] = {}
    for row in shelf.present.board.listed("schedule", is_open=True):
        found.setdefault(row.workflow, []).insert(0, row)
    return found


def _next(calendar: Calendar, row: ScheduleRow, now: float) -> float | None:
    if row.status != "active":
        return None
    return calendar.after(row.cron, row.zone, max(now, row.answered))


# One look at one


async def workflow(shelf: Shelf, name: str, version: int | None = None) -> WorkflowView:
    """Return a version of a workflow, the newest where none is named.

    Raises:
        NotFound: `workflow.unknown` or `workflow.unknown_version`.
    """
    found = await shelf.get(name, version)
    shelf.cards()
    definition = found.definition
    return WorkflowView(
        found.name,
        found.version,
        await shelf.version_of(name),
        found.digest,
        found.saved_at,
        found.saved_by,
        definition.description,
        plain(definition),
        fields_of(definition),
        steps_of(definition, await shelf.tiers(definition)),
        found.source,
    )


def steps_of(definition: Definition, tiers: Mapping[str, Risk]) -> list[StepView]:
    """Return the steps of a definition in the order of its file."""
    needs, handled = definition.needs(), definition.handled()
    return [
        StepView(
            key,
            step.title,
            _kind(step),
            step.workflow or step.agent or step.capability,
            tiers[key],
            needs[key],
            handled.get(key, ()),
            step.condition or "",
            _repeats(step),
            bool(step.approval) or (tiers[key] == "irreversible" and not step.workflow),
            plain_step(step),
        )
        for key, step in definition.steps.items()
    ]


def _kind(step: StepDefinition) -> StepKind:
    if step.workflow:
        return "workflow"
    if step.capability:
        return "capability"
    return "command" if step.agent == "command" else "agent"


def _repeats(step: StepDefinition) -> str:
    if step.repeat is not None:
        return f"until {step.repeat.until}, {step.repeat.times} times at most"
    if step.for_each is None:
        return ""
    is_list = isinstance(step.for_each, list | tuple)
    return f"for each of {len(step.for_each)}" if is_list else f"for each of {step.for_each}"
