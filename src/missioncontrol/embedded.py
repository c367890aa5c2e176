"""The engine inside your own program: workflows of plain async functions, run and recorded.

Example::

    import missioncontrol as mc

    release = mc.Workflow("release")


    @release.step()
    async def build(step: mc.StepContext) -> str:
        return "wheel"


    @release.step(needs=[build], retry=mc.Retry(attempts=3))
    async def publish(step: mc.StepContext) -> str:
        return f"published {step.results['build']}"


    async with mc.Engine("./state") as engine:
        result = await engine.run(release)
        assert result.outputs["publish"] == "published wheel"
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from missioncontrol.adapters.agents.step_functions import StepContext, StepFunction
from missioncontrol.app.builtin_agents import FUNCTIONS
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.journal import fold_run
from missioncontrol.domain import workflow as definitions
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.domain.step import ONCE, Retry, Step

__all__ = ["Engine", "Retry", "RunResult", "StepContext", "Workflow"]


class Workflow:
    """Steps by name, each an async function."""

    def __init__(self, name: str, *, concurrency: int = 64, seconds_max: float = 0.0) -> None:
        """`concurrency` steps of one run work at once; `seconds_max` bounds a run, 0 doesn't."""
        self.name = name
        self.concurrency = concurrency
        self.seconds_max = seconds_max
        self.functions: dict[str, StepFunction] = {}
        self._steps: dict[str, Step] = {}
        self._sound: definitions.Workflow | None = None

    def step(
        self,
        key: str = "",
        *,
        needs: Iterable["str | StepFunction"] = (),
        **options: Any,
    ) -> Callable[[StepFunction], StepFunction]:
        """Decorate a function as the step `key`, by default its own name; see `add`."""

        def keep(function: StepFunction) -> StepFunction:
            self.add(key or function.__name__, function, needs=needs, **options)
            return function

        return keep

    def add(
        self,
        key: str,
        function: StepFunction,
        *,
        needs: Iterable["str | StepFunction"] = (),
        runs_after: Literal["success", "any"] = "success",
        inputs: Mapping[str, Any] | None = None,
        retry: Retry = ONCE,
        seconds_max: float = 0.0,
        heartbeat_seconds_max: float = 0.0,
    ) -> None:
        """Add a step that awaits `function(StepContext)`; what it returns must be JSON.

        Raises:
            Rejected: `workflow.duplicate_step`.
        """
        names = tuple(need if isinstance(need, str) else self._key_of(need) for need in needs)
        if key in self._steps:
            definitions.refuse_duplicate(self.name, key)
        self.functions[key] = function
        self._steps[key] = Step(
            key,
            FUNCTIONS,
            needs=names,
            runs_after=runs_after,
            inputs=dict(inputs or {}),
            retry=retry,
            seconds_max=seconds_max,
            heartbeat_seconds_max=heartbeat_seconds_max,
        )

    def _key_of(self, function: StepFunction) -> str:
        """Return the step that awaits `function`, or its own name where none does yet."""
        keys = (key for key, known in self.functions.items() if known is function)
        return next(keys, function.__name__)

    @property
    def definition(self) -> definitions.Workflow:
        """The workflow as it is recorded.

        Raises:
            Rejected: it can't be run; see `domain.workflow.sound`.
        """
        present = definitions.Workflow(
            self.name, tuple(self._steps.values()), self.concurrency, self.seconds_max
        )
        if present != self._sound:
            self._sound = definitions.sound(present)
        return present


class RunResult(msgspec.Struct, frozen=True):
    """How a run ended."""

    id: str
    status: str  # succeeded, failed, cancelled, halted
    outputs: dict[str, Any]  # of the steps that succeeded
    errors: dict[str, str]  # of the steps that failed
    reason: str = ""  # why it is halted


class Engine:
    """An engine that holds a home for as long as it is entered."""

    def __init__(
        self,
        home: str | Path,
        *,
        workflows: Iterable[Workflow] = (),
        concurrency: int = 1000,
    ) -> None:
        """`workflows` are those whose runs may be resumed; `concurrency` bounds all runs."""
        self._settings = Settings(Path(home).absolute(), concurrency=concurrency)
        self._workflows = list(workflows)
        self._stack = AsyncExitStack()
        self._held: EngineContext | None = None

    async def __aenter__(self) -> Self:
        """Lock the home, and accept requests of other processes of this machine.

        Raises:
            Unavailable: `home.held`, where another process holds it.
        """
        async with AsyncExitStack() as entering:
            held = await entering.enter_async_context(holding(self._settings))
            for workflow in self._workflows:
                held.functions.add(workflow.name, workflow.functions)
            await held.work()
            with suppress(
                Unavailable
            ):  # A program that may not listen runs its steps all the same.
                await held.listen()
            self._held, self._stack = held, entering.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop and release the home; runs that have not ended can be resumed."""
        await self._stack.aclose()

    @property
    def _control(self) -> EngineContext:
        assert self._held is not None, "enter the engine first: `async with Engine(home)`"
        return self._held

    async def start(self, workflow: Workflow, inputs: Mapping[str, Any] | None = None) -> str:
        """Begin a run and return its id once it is on disk.

        Raises:
            Rejected: the workflow can't be run, or `run.bad_inputs`.
            Unavailable: `operation.stopped`.
        """
        control, definition = self._control, workflow.definition
        values = _as_json(inputs or {})
        control.operations.refuse_new_run("python")
        control.functions.add(workflow.name, workflow.functions)
        run = control.ids.new("run")
        create = CreateRun(
            run,
            definition.name,
            definition.steps,
            definition.concurrency,
            definition.seconds_max,
            values,
            trigger="api",
        )
        control.execution.create(create, actor="python")
        control.engine.adopt(run)
        await control.journal.durable()
        return run

    async def wait(self, run: str) -> RunResult:
        """Return the result of a run that was started or resumed here, once it has ended.

        A run that met a cap comes back as `halted`, with the reason; raise the cap and `resume` it.
        """
        return _result(await self._control.engine.halted(run))

    async def run(self, workflow: Workflow, inputs: Mapping[str, Any] | None = None) -> RunResult:
        """Run `workflow` to its end."""
        return await self.wait(await self.start(workflow, inputs))

    async def resume(self, run: str) -> RunResult:
        """Take an unfinished run up again and run it to its end; completed steps keep results.

        Raises:
            NotFound: `run.unknown`.
            Rejected: `run.settled`.
        """
        control = self._control
        await control.journal.load_run(run)
        control.execution.resume(run, actor="python")
        control.engine.adopt(run)
        return await self.wait(run)

    def cancel(self, run: str, reason: str = "Asked for.") -> None:
        """End a run that works here.

        Raises:
            Rejected: `run.settled`.
        """
        self._control.engine.cancel(run, reason, actor="python")

    async def events(self, run: str, *, after: int = 0) -> AsyncIterator[Recorded]:
        """Yield the events of a run that are on disk, oldest first."""
        while True:
            rows = await self._control.store.read_stream(run, after=after)
            for row in rows:
                yield row
                after = row.version
            if not rows:
                return

    async def state(self, run: str, *, at: int | None = None) -> Run:
        """Rebuild a run from the log alone, as it stood after position `at`, by default now."""
        state, _ = await fold_run(self._control.store, run, until=at)
        return state


def _as_json(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as they will be read from the log."""
    try:
        return msgspec.json.decode(msgspec.json.encode(dict(inputs)), type=dict[str, Any])
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        reason = str(error).encode("utf-8", "replace").decode()
        raise Rejected(
            "run.bad_inputs",
            f"The inputs of the run can't be written as JSON: {reason}.",
            hint="Give numbers, strings, lists and objects with text as keys.",
        ) from None


def _result(run: Run) -> RunResult:
    outputs = {k: s.work.output for k, s in run.states.items() if isinstance(s, Succeeded)}
    errors = {k: s.failure.reason for k, s in run.states.items() if isinstance(s, Failed)}
    reason = run.halt.reason if run.halt is not None else ""
    return RunResult(run.id, run.status, outputs, errors, reason)
