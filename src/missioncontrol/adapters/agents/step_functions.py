"""Plain async functions as agents: for workflows written in Python."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line

StepFunction = Callable[["StepContext"], Awaitable[Any]]


class StepContext:
    """What a step's function is given."""

    __slots__ = ("assignment", "line")

    def __init__(self, assignment: Assignment, line: Line) -> None:
        """`line` reports to the engine while the function works."""
        self.assignment = assignment
        self.line = line

    @property
    def inputs(self) -> dict[str, Any]:
        """The run's inputs, with the step's own over them; a copy, yours to change."""
        return deepcopy({**self.assignment.run_inputs, **self.assignment.inputs})

    @property
    def results(self) -> dict[str, Any]:
        """What the steps that this one needs have returned, by their keys; a copy."""
        return {key: deepcopy(up.work.output) for key, up in self.assignment.upstream.items()}

    @property
    def attempt(self) -> int:
        """1 for the first."""
        return self.assignment.attempt

    @property
    def key(self) -> str:
        """The idempotency key: the same for every attempt at this step of this run."""
        return self.assignment.key

    def log(self, message: str) -> None:
        """Add a line to the output."""
        self.line.log("info", message)

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Set aside the most that a model call can use, before it is made.

        Raises:
            AttemptFailed: `budget.exceeded` or `budget.unknown_price`.
        """
        await self.line.admit(model, input_tokens=input_tokens, output_tokens=output_tokens)

    def usage(
        self, model: str, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0
    ) -> None:
        """Tell what a model call did use; what it cost follows from the price of `model`.

        `input_tokens` include those that were read from a cache.
        """
        self.line.usage(Usage(input_tokens, cached_tokens, output_tokens), model=model)


class FunctionAgent:
    """Finds the function of a step and awaits it."""

    def __init__(self) -> None:
        """Knows no functions yet."""
        self._functions: dict[str, dict[str, StepFunction]] = {}

    def add(self, workflow: str, functions: dict[str, StepFunction]) -> None:
        """Take in the functions of a workflow, by step key."""
        self._functions[workflow] = functions

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        try:
            function = self._functions[assignment.workflow][assignment.step]
        except KeyError:
            raise AttemptFailed(
                "function.unknown",
                f"Workflow {assignment.workflow!r} has no function for {assignment.step!r} here.",
                hint="Hand the workflow to `Engine` before its runs are resumed.",
                retryable=False,
            ) from None
        result = await function(StepContext(assignment, line))
        return result if type(result) is Work else Work(output=result)
