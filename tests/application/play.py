"""A run of a workflow file without an engine: a script says what each attempt comes to."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.definition import Definition, compiled, faults, inputs_of
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Failed, Run, StepState, Succeeded
from missioncontrol.domain.step import Spending, Step
from missioncontrol.domain.work import Work
from tests.application.parts import Office, run

OBJECT = Shape("object")
CARDS = {
    card.name: card
    for card in (
        AgentCard("hand", "1", inputs=OBJECT),
        AgentCard("maker", "1", inputs=OBJECT, risk="write"),
        AgentCard("thinker", "1", inputs=OBJECT, spending=Spending("", 600, 400)),
        AgentCard("spender", "1", inputs=OBJECT, effects=("calls_model",)),
        AgentCard("picky", "1", inputs=Shape("object", {"n": Shape("integer")}, open=False)),
    )
}
EXPRESSIONS = CelExpressions()
BROKEN = Failure("agent.crashed", "It broke.")

Script = Mapping[str, Any]
"""What attempts at a step come to, by its key: one thing for all of them, or a `Turns`."""


class Turns(list[Any]):
    """What one attempt after the other comes to; the last holds for all that follow."""


class Play:
    """One run, moved on by hand."""

    def __init__(
        self,
        directory: Path,
        text: str,
        script: Script | None = None,
        *,
        saved: Iterable[str] = (),
        given: Mapping[str, Any] | None = None,
        author: str = "alice",
        checked: bool = True,
    ) -> None:
        """`saved` are files of workflows that this one may call.

        With `checked` false, steps that can never run are no reason to refuse the file.
        """
        self.command_bus = Office(directory, cards=dict(CARDS))
        self.script = dict(script or {})
        self.done: list[str] = []  # keys of steps in the order of their attempts' ends
        self.given: dict[str, Any] = {}  # the inputs of the last attempt at each step
        definition, steps = prepared(text, saved, checked=checked)
        self.definition = definition
        self._turns: dict[str, int] = {}
        self.name = self.command_bus.ids.new("run")
        create = CreateRun(
            self.name,
            definition.name,
            steps,
            definition.concurrency,
            definition.seconds_max,
            inputs_of(definition, given or {}),
            version=definition.version or 1,
            author=author,
            outputs=dict(definition.outputs),
            budget=definition.budget,
        )
        self.command_bus.execution.create(create, actor=author)

    @property
    def run(self) -> Run:
        """The run that is played."""
        return self.command_bus.journal.runs[self.name]

    def state(self, key: str) -> StepState:
        """How a step stands."""
        return self.run.states[key]

    def ends(self) -> dict[str, str]:
        """Return how every step stands, in one word each."""
        return {key: type(state).__name__.lower() for key, state in self.run.states.items()}

    def output(self, key: str) -> Any:
        """Return what a step that succeeded has handed back."""
        state = self.state(key)
        assert isinstance(state, Succeeded), state
        return state.work.output

    def failure(self, key: str) -> Failure:
        """Return why a step has failed."""
        state = self.state(key)
        assert isinstance(state, Failed), state
        return state.failure

    # Moving on.

    def go(self) -> "Play":
        """Go on until nothing moves by itself."""
        while self.start() or self.end():
            pass
        return self

    def start(self) -> list[str]:
        """Work out and start what may start; a step that rests is waited for."""
        self._wait_for_rest()
        self.command_bus.execution.look(self.run)
        now = self.command_bus.clock.now()
        keys = tuple(self.run.startable(now, 10_000))
        return list(self.command_bus.execution.start(self.name, keys)) if keys else []

    def end(self, key: str = "") -> bool:
        """End the oldest attempt, or that at `key`, as its script says."""
        if not self.run.working:
            return False
        key = key or next(iter(self.run.working))
        fence = self.run.working[key].fence
        self.given[key] = self.run.inputs_of.get(key, self.run.steps[key].inputs)
        result = self._result(key)
        self.done.append(key)
        if isinstance(result, Failure):
            self.command_bus.execution.failure(self.name, key, fence, result)
        else:
            work = result if isinstance(result, Work) else Work(output=result)
            self.command_bus.execution.success(self.name, key, fence, work)
        return True

    def _result(self, key: str) -> Any:
        result = self.script.get(key)
        if isinstance(result, Turns):
            turn = self._turns.get(key, 0)
            self._turns[key] = turn + 1
            result = result[min(turn, len(result) - 1)]
        return result(self.given[key]) if callable(result) else result

    def _wait_for_rest(self) -> None:
        run = self.run
        if run.resting and not (run.ready or run.due or run.working):
            self.command_bus.clock.time = max(each.retry_at for each in run.resting.values())

    def wait(self, seconds: float) -> None:
        """Advance the clock, and expire approvals that are due."""
        self.command_bus.clock.time += seconds
        run(self.command_bus.approvals.expire(self.command_bus.clock.now()))

    def again(self, step: str = "") -> "Play":
        """Retry the run that has ended, as a new one that is played from now on."""
        self.settle()
        self.name = run(self.command_bus.repeats.retry(self.name, step, actor="alice"))
        self.done.clear()
        return self

    def fork(self, step: str, inputs: Mapping[str, Any]) -> "Play":
        """Begin a new run at a step of the one that has ended, and play that from now on."""
        self.settle()
        self.name = run(self.command_bus.repeats.fork(self.name, step, inputs, actor="alice"))
        self.done.clear()
        return self

    def settle(self) -> None:
        """Write down all that was decided."""
        run(self.command_bus.journal.commit())

    def cancel(self) -> "Play":
        """Cancel the run; attempts in progress end at once."""
        working = dict(self.run.working)
        self.command_bus.execution.cancel(self.name, "Enough.", actor="carol")
        for key, attempt in working.items():
            self.command_bus.execution.cancelled(self.name, key, attempt.fence)
        return self

    # People.

    def asked(self, key: str) -> str:
        """Return the approval that a step waits for."""
        return self.run.held[key].approval

    def say(self, verb: str, key: str, actor: str = "bob", **more: Any) -> "Play":
        """Decide as a person about a step that waits, and go on."""
        method = getattr(self.command_bus.approvals, verb)
        run(method(self.asked(key), actor=actor, reason="So it is.", **more))
        return self.go()


def prepared(
    text: str, saved: Iterable[str] = (), *, checked: bool = True
) -> tuple[Definition, tuple[Step, ...]]:
    """Return what a file without faults defines, and the steps of a run of it."""
    library: dict[tuple[str, int | None], Definition] = {}
    for number, each in enumerate(saved, 1):
        called = msgspec.structs.replace(_checked(each, library), version=number)
        library[called.name, None] = library[called.name, number] = called
    definition = _checked(text, library, all_run=checked)
    find = lambda name, version: library.get((name, version))  # noqa: E731
    return definition, compiled(definition, cards=CARDS, library=find)


def _checked(
    text: str, library: dict[tuple[str, int | None], Definition], *, all_run: bool = True
) -> Definition:
    definition, marks, found = read_all(text, "play.yaml")
    find = lambda name, version: library.get((name, version))  # noqa: E731
    wrong = faults(definition, marks, CARDS, EXPRESSIONS, find, found=found)
    messages = [fault.describe("play.yaml") for fault in wrong]
    assert not [each for each in messages if all_run or "can never run" not in each], messages
    return definition
