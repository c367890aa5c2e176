"""Begins runs of workflows for schedules."""

from collections.abc import Callable, Mapping
from typing import Any

from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal, fold_run
from missioncontrol.application.operations import Operations
from missioncontrol.application.runs import Origin, Prepared, Runs
from missioncontrol.application.schedules import BY_HAND, Ending
from missioncontrol.application.task_way import refuse_by_hand
from missioncontrol.domain.errors import NotFound


class ScheduledStart:
    """Begins, ends and asks after the runs of schedules; keeps the promise of `Starter`."""

    def __init__(
        self, journal: Journal, runs: Runs, execution: Execution, operations: Operations
    ) -> None:
        """All four are shared with the engine, which sets `adopt` and `stop`."""
        self._journal = journal
        self._runs = runs
        self._execution = execution
        self._operations = operations
        self.adopt: Callable[[str], None] = lambda run: None
        self.stop: Callable[[str, str], None] = lambda run, reason: None

    def may_start(self) -> str:
        """See `Starter.may_start`."""
        return "" if self._operations.present.may_begin else self._operations.why()

    async def prepare(
        self, workflow: str, version: int | None, inputs: Mapping[str, Any]
    ) -> Prepared:
        """See `Starter.prepare`."""
        prepared = await self._runs.prepare(workflow, version, inputs)
        await refuse_by_hand(prepared, self._journal)
        return prepared

    def begin(
        self, prepared: Prepared, *, schedule: str, slot: float, actor: str, on_behalf: str = ""
    ) -> str:
        """See `Starter.begin`."""
        by_hand = slot == BY_HAND
        trigger: Any = "manual" if by_hand else "schedule"
        origin = Origin(actor, on_behalf, trigger, schedule, slot)
        run = self._runs.begin(prepared, origin)
        self.adopt(run)
        return run

    def cancel(self, run: str, reason: str) -> None:
        """See `Starter.cancel`."""
        if run not in self._journal.runs:
            raise NotFound("run.not_here", f"Run {run!r} is not at hand.")
        self.stop(run, reason)

    async def ended(self, run: str) -> Ending | None:
        """See `Starter.ended`."""
        state = self._journal.runs.get(run)
        if state is None:
            state, _ = await fold_run(self._journal.store, run)
        if state.outcome is None or state.settled_at is None:
            return None
        return Ending(state.outcome, state.settled_at)
