"""Everything a home can be asked to do, by name: the same for a terminal here and one elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec

from missioncontrol.application.approvals import Approvals, Spoken
from missioncontrol.application.budgets import Budgets, CapChange
from missioncontrol.application.execution import Execution
from missioncontrol.application.journal import Journal
from missioncontrol.application.operations import Operations
from missioncontrol.application.prices import PriceChange
from missioncontrol.application.repeats import Repeats
from missioncontrol.application.runs import Origin, Runs
from missioncontrol.application.schedules import Asked, Schedules
from missioncontrol.application.workflows import Workflows
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.operation import RemoveRateLimit, SetRateLimit, Stage
from missioncontrol.domain.person import is_name, person
from missioncontrol.domain.run.states import Run

PROGRAMS_OWN = "function"
"""The agent whose steps are functions of a program: only that program can carry them out."""


class BeginRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """Begin a run of a saved workflow."""

    workflow: str
    version: int | None = None
    inputs: dict[str, Any] = {}  # texts for inputs of other types are read as those types ask
    base: str = ""  # where relative paths begin
    on_behalf: str = ""


class ForkRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """Begin a run at a step of another one."""

    run: str
    step: str
    inputs: dict[str, Any] = {}
    base: str = ""


class RetryRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """Do a part of a run again."""

    run: str
    step: str = ""


class ResumeRun(msgspec.Struct, frozen=True):
    """Take a run up again."""

    run: str


class CancelRun(msgspec.Struct, frozen=True):
    """End a run."""

    run: str
    reason: str


class SaveWorkflow(msgspec.Struct, frozen=True):
    """Save the text of a workflow file."""

    text: str
    file: str  # its name, for faults


class StopAll(msgspec.Struct, frozen=True):
    """The emergency stop."""

    reason: str


class StartAll(msgspec.Struct, frozen=True, omit_defaults=True):
    """Go on as far as a stage allows."""

    stage: Stage
    reason: str = ""


class ChangeLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Bound how often something starts; without a number the bound is taken away."""

    kind: Literal["agent", "actor", "workspace"]
    name: str
    reason: str
    starts: int | None = None
    seconds: float = 60.0


class Office:
    """The services of one home. Whoever may reach them asks through `perform`."""

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        workflows: Workflows,
        runs: Runs,
        repeats: Repeats,
        approvals: Approvals,
        budgets: Budgets,
        schedules: Schedules[Any],
        operations: Operations,
    ) -> None:
        """An engine that is at work sets `adopt` and `cancel`; without one, runs wait."""
        self.journal = journal
        self.execution = execution
        self.workflows = workflows
        self.runs = runs
        self.repeats = repeats
        self.approvals = approvals
        self.budgets = budgets
        self.schedules = schedules
        self.operations = operations
        self.adopt: Callable[[str], None] = lambda run: None
        self.cancel: Callable[[str, str, str], None] = self._cancel_here
        self._verbs: dict[type, Callable[[Any, str], Awaitable[Any]]] = {
            BeginRun: self._begin,
            ForkRun: self._fork,
            RetryRun: self._retry,
            ResumeRun: self._resume,
            CancelRun: self._cancel,
            SaveWorkflow: self._save,
            Spoken: self._speak,
            CapChange: self._change_cap,
            PriceChange: self._change_price,
            Asked: self._schedule,
            StopAll: self._stop,
            StartAll: self._start,
            ChangeLimit: self._limit,
        }
        self._asks = {kind.__name__: kind for kind in self._verbs}

    async def perform(self, verb: str, arguments: Mapping[str, Any], actor: str) -> Any:
        """Do what is asked, as plain values, and return the answer once it is on disk.

        Raises:
            Rejected: `actor.bad_name`, `control.unknown_verb` or `control.malformed`.
            MissionControlError: as the service that answers.
        """
        if not is_name(actor) or not person(actor):
            raise Rejected(
                "actor.bad_name",
                f"{ascii(actor)[:80]} is nobody who can ask for something.",
                hint="An actor is a person, such as user:alice, on one line with nothing hidden.",
            )
        kind: type[Any] | None = self._asks.get(verb)
        if kind is None:
            raise Rejected("control.unknown_verb", f"Nobody here knows {verb!r}.")
        try:
            ask = msgspec.convert(arguments, kind)
        except msgspec.ValidationError as error:
            raise Rejected("control.malformed", f"{verb} is malformed: {error}.") from None
        return await self.do(ask, actor)

    async def do(self, ask: Any, actor: str) -> Any:
        """Do what is asked, and return the answer as plain values once it is on disk."""
        answer = await self._verbs[type(ask)](ask, actor)
        await self.journal.durable()
        return msgspec.to_builtins(answer)

    # Runs.

    async def _begin(self, ask: BeginRun, actor: str) -> dict[str, Any]:
        prepared = await self.runs.prepare(ask.workflow, ask.version, ask.inputs, base=ask.base)
        return self._took_up(self.runs.begin(prepared, Origin(actor, ask.on_behalf)))

    async def _fork(self, ask: ForkRun, actor: str) -> dict[str, Any]:
        old = await self._run_of_ours(ask.run)
        inputs = await self.runs.changed_inputs(old, ask.inputs, base=ask.base)
        return self._took_up(await self.repeats.fork(ask.run, ask.step, inputs, actor=actor))

    async def _retry(self, ask: RetryRun, actor: str) -> dict[str, Any]:
        await self._run_of_ours(ask.run)
        return self._took_up(await self.repeats.retry(ask.run, ask.step, actor=actor))

    async def _resume(self, ask: ResumeRun, actor: str) -> dict[str, Any]:
        state = await self._run_of_ours(ask.run)
        await self.approvals.open(held.approval for held in state.held.values())
        self.execution.resume(ask.run, actor=actor)
        return self._took_up(ask.run)

    async def _run_of_ours(self, run: str) -> Run:
        """Load a run that can be carried out here.

        Raises:
            Rejected: `run.needs_its_program`.
        """
        state = await self.journal.load_run(run)
        if any(step.agent == PROGRAMS_OWN for step in state.steps.values()):
            raise Rejected(
                "run.needs_its_program",
                f"The steps of run {run!r} are functions of a program.",
                hint="Go on with it there: `await engine.resume(run)`.",
            )
        return state

    def _took_up(self, run: str) -> dict[str, Any]:
        """Let the engine carry a run out, and say how it stands."""
        state = self.journal.runs[run]
        self.adopt(run)
        return {"run": run, "status": state.status, "mission": state.mission}

    async def _cancel(self, ask: CancelRun, actor: str) -> dict[str, Any]:
        if ask.run not in self.journal.runs:
            state = await self.journal.load_run(ask.run)
            await self.approvals.open(held.approval for held in state.held.values())
        self.cancel(ask.run, ask.reason, actor)
        return {"run": ask.run, "status": self.journal.runs[ask.run].status}

    def _cancel_here(self, run: str, reason: str, actor: str) -> None:
        self.execution.cancel(run, reason, actor=actor)

    # Workflows and what governs them.

    async def _save(self, ask: SaveWorkflow, actor: str) -> Any:
        return await self.workflows.save(ask.text, ask.file, actor=actor)

    async def _speak(self, ask: Spoken, actor: str) -> dict[str, Any]:
        del actor  # What is said names its own speaker.
        state = await self.approvals.take(ask)
        return {"approval": state.id, "run": state.run, "step": state.step}

    async def _change_cap(self, ask: CapChange, actor: str) -> Any:
        return self.budgets.change_cap(ask, actor=actor)

    async def _change_price(self, ask: PriceChange, actor: str) -> Any:
        return self.budgets.prices.change(ask, actor=actor)

    async def _schedule(self, ask: Asked, actor: str) -> str:
        return await self.schedules.take(ask, actor=actor)

    # All work at once.

    async def _stop(self, ask: StopAll, actor: str) -> None:
        self.operations.stop(ask.reason, actor=actor)

    async def _start(self, ask: StartAll, actor: str) -> None:
        self.operations.start(ask.stage, ask.reason, actor=actor)

    async def _limit(self, ask: ChangeLimit, actor: str) -> None:
        if ask.starts is None:
            remove = RemoveRateLimit(ask.kind, ask.name, ask.reason)
            self.operations.remove_limit(remove, actor=actor)
        else:
            limit = SetRateLimit(ask.kind, ask.name, ask.starts, ask.seconds, ask.reason)
            self.operations.limit(limit, actor=actor)
