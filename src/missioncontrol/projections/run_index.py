"""Folds the log into the rows of missions and runs."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from missioncontrol.domain import mission as m
from missioncontrol.domain import waivers as w
from missioncontrol.domain.building import NOTHING_CHANGED
from missioncontrol.domain.register import Event
from missioncontrol.domain.run import events as r
from missioncontrol.domain.run.label import label_of
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.status import ENDED, progress_of
from missioncontrol.domain.step import is_own
from missioncontrol.ports.read_tables import (
    ListedRow,
    MissionRow,
    ReadTables,
    RunChoice,
    RunRow,
)
from missioncontrol.projections.lists import LISTS
from missioncontrol.projections.work_items import WorkItems


class Board:
    """Rows that changed since they were last saved, over those that are stored.

    The engine saves them now and then; a reader folds what the stored rows have not seen yet on
    top of them and saves nothing, so that both see the same.
    """

    def __init__(self, tables: ReadTables) -> None:
        """Follow the log from where `tables` stands."""
        self._tables = tables
        self.position = tables.position()
        self.runs: dict[str, RunRow] = {}
        self.missions: dict[str, MissionRow] = {}
        self.others: dict[str, ListedRow] = {}
        self.work = WorkItems(tables.listed, self.run)
        self.stale: set[str] = set()
        """Open runs of which more is folded than their `progress` says; see `know`."""

    def restart(self) -> None:
        """Throw all rows away and begin before the first event."""
        self._tables.clear()
        self.runs.clear()
        self.missions.clear()
        self.others.clear()
        self.work.restart()
        self.stale.clear()
        self.position = 0

    def apply(self, stream: str, event: Event, at: float, position: int) -> None:
        """Fold one event in; events that were folded already change nothing."""
        if position <= self.position:
            return
        self.position = position
        kind = type(event)
        self.work.apply(stream, event, at)
        if kind is r.StepStarted or kind is r.StepReadied:
            self.stale.add(stream)
            return  # Half of all events, and successes are most of the others: neither costs a
        if kind is r.StepSucceeded:  # look at the other cases.
            self._count_success(stream, event)
            return
        match event:
            case r.ProcessStarted() | r.ReportRefused():
                return
            case r.RunCreated():
                self.runs[stream] = _new_run(event, at)
                self.stale.add(stream)
            case m.MissionCreated():
                self.missions[stream] = MissionRow(
                    stream, event.title, event.goal, event.repository, "created", at, at
                )
                self._change_listed(stream, event, at)
            case m.PlanAccepted() | m.MissionStarted() | m.MissionSettled() | w.Event():
                self._change_mission(stream, event, at)
            case _ if type(event) in LISTS:
                self._change_listed(stream, event, at)
            case _ if isinstance(event, r.Event):
                self._change_run(stream, event, at)
            case _:
                return  # Nothing that a list shows.

    def _change_mission(self, stream: str, event: m.Event | w.Event, at: float) -> None:
        row = self.missions.get(stream) or self._tables.mission(stream)
        assert row is not None, f"mission {stream} changes before it is created"
        self.missions[stream] = row
        row.updated = at
        match event:
            case m.PlanAccepted():
                self._change_listed(stream, event, at)
                row.requirements = len(event.plan.requirements)
                row.tasks = sum(1 for _ in event.plan.tasks())
                row.handed_over = sum(task.is_handover for task in event.plan.tasks())
            case m.MissionStarted():
                row.run, row.status = event.run, "running"
            case m.MissionSettled():
                if event.run == row.run:
                    row.status = event.outcome
            case w.MissionCompleted():
                row.status = "completed"
            case w.WaiverWithdrawn():
                row.status = "succeeded" if row.status == "completed" else row.status
            case _:
                pass

    def _count_success(self, stream: str, event: Any) -> None:
        """Count a step that succeeded, but none of those that a step became: see `RunRow.steps`."""
        self.stale.add(stream)
        if is_own(event.step):
            self._run(stream).succeeded += 1
        if any(each.rule == NOTHING_CHANGED for each in event.work.findings):
            self._run(stream).unchanged += 1

    def _run(self, stream: str) -> RunRow:
        """Return the row of a run, to be changed."""
        row = self.runs.get(stream)
        if row is None:
            row = self._tables.run(stream)
            assert row is not None, f"run {stream} changes before it is created"
            self.runs[stream] = row
        return row

    def know(self, run: Run) -> None:
        """Store in its row what an open run could do next, from its state."""
        self.stale.discard(run.id)
        row = self._run(run.id)
        if row.status not in ENDED and not run.is_settled:
            progress = progress_of(run)
            row.status, row.progress = progress.word, msgspec.json.encode(progress).decode()

    def _change_run(self, stream: str, event: Event, at: float) -> None:
        row = self._run(stream)
        self.stale.add(stream)
        match event:
            case r.RunStarted():
                row.started, row.status = at, "running"
            case r.StepsAdded():
                row.steps += len(event.steps)
            case r.UsageReported():
                row.input_tokens += event.usage.input_tokens
                row.output_tokens += event.usage.output_tokens
                row.cost += event.usage.cost or 0
                row.unpriced += event.usage.cost is None
                if event.estimated:
                    row.estimated_tokens += event.usage.tokens
                    row.estimated_cost += event.usage.cost or 0
            case r.RunResumed():
                row.status = "running" if row.started else "queued"
            case r.RunSettled():
                row.ended, row.status, row.progress = at, event.outcome, ""
                self.stale.discard(stream)
            case _:
                _count_ends(row, event)

    def _change_listed(self, stream: str, event: Event, at: float) -> None:
        fold = LISTS[type(event)]
        stored = self.others.get(stream) or self._tables.listed(fold.kind, stream)
        row = fold.apply(fold.read(stored.body) if stored is not None else None, event, at)
        self.others[stream] = ListedRow(fold.kind, stream, fold.is_open(row), fold.write(row))

    def listed(self, kind: str, *, is_open: bool = False, limit: int = 1000) -> list[Any]:
        """Return the rows of a kind as of now, by id, the last first."""
        rows = {row.id: row for row in self._tables.all_listed(kind, is_open=is_open, limit=limit)}
        rows.update({row.id: row for row in self.others.values() if row.kind == kind})
        chosen = [row for row in rows.values() if row.is_open >= is_open]
        read = next(fold.read for fold in LISTS.values() if fold.kind == kind)
        return [read(row.body) for row in sorted(chosen, key=lambda row: row.id, reverse=True)][
            :limit
        ]

    def run(self, run: str) -> RunRow | None:
        """Return one run's row as of now."""
        return self.runs.get(run) or self._tables.run(run)

    def mission(self, mission: str) -> MissionRow | None:
        """Return one mission's row as of now."""
        return self.missions.get(mission) or self._tables.mission(mission)

    def chosen_runs(self, choice: RunChoice, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """Return those runs of `choice` that are older than the run `before`, newest first."""
        room = limit + len(self.runs)  # Any of those that are stored may have changed since.
        stored = self._tables.chosen_runs(choice, before=before, limit=room)
        changed = (
            row
            for row in self.runs.values()
            if (not before or row.id < before) and choice.takes(row, self.title_of(row))
        )
        found = [*changed, *(row for row in stored if row.id not in self.runs)]
        return sorted(found, key=lambda row: row.id, reverse=True)[:limit]

    def title_of(self, row: RunRow) -> str:
        """Return the title of a run's mission; empty where it has none."""
        mission = self.mission(row.mission) if row.mission else None
        return mission.title if mission is not None else ""

    def run_counts(self) -> Counter[str]:
        """Return how many runs there are of each status now."""
        counts = Counter(self._tables.run_counts())
        for row in self.runs.values():
            counts[row.status] += 1
            stored = self._tables.run(row.id)
            if stored is not None:
                counts[stored.status] -= 1
        return +counts

    def save(self) -> None:
        """Store what changed, and where the log stood."""
        others = [*self.others.values(), *self.work.changed()]
        for row in others:
            row.position = self.position
        self._tables.save(self.position, self.runs.values(), self.missions.values(), others)
        self.others.clear()
        self.work.clear()
        self.runs.clear()
        self.missions.clear()


def _count_ends(row: RunRow, event: Event) -> None:
    match event:
        case r.StepFailed():
            row.failed += is_own(event.step)
        case r.StepSkipped():
            row.skipped += is_own(event.step)
        case r.RunHalted():
            row.status = "halted"
        case r.StepsBlocked():
            row.blocked += _own(event.steps)
        case r.StepCancelled():
            row.cancelled += is_own(event.step)
        case r.StepsCancelled():
            row.cancelled += _own(event.steps)
        case r.CancelRequested():
            row.status = "cancelling"
        case _:
            pass


def _own(steps: Iterable[str]) -> int:
    return sum(map(is_own, steps))


def _new_run(event: r.RunCreated, at: float) -> RunRow:
    return RunRow(
        event.run,
        event.mission,
        event.workflow,
        "queued",
        at,
        steps=len(event.steps),
        succeeded=_own(event.kept),
        version=event.version,
        author=event.author,
        trigger=event.trigger,
        schedule=event.schedule,
        origin=event.retry_of or event.fork_of,
        label=label_of(event),
    )
