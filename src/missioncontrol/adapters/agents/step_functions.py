"""Async functions as agents, for workflows written in Python."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line

StepFunction = Callable[["StepContext"], Awaitable[Any]]


class StepContext:
    """The argument of a step's function."""

    __slots__ = ("assignment", "line")

    def __init__(self, assignment: Assignment, line: Line) -> None:
        """`line` reports to the engine while the function runs."""
        self.assignment = assignment
        self.line = line

    @property
    def inputs(self) -> dict[str, Any]:
        """A copy of the run's inputs, overridden by the step's own."""
        return deepcopy({**self.assignment.run_inputs, **self.assignment.inputs})

    @property
    def results(self) -> dict[str, Any]:
        """A copy of the results of the steps that this one needs, by step key."""
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
        """Reserve the most that a model call can use, before the call.

        Raises:
            AttemptFailed: `budget.exceeded` or `budget.unknown_price`.
        """
        await self.line.admit(model, input_tokens=input_tokens, output_tokens=output_tokens)

    def usage(
        self, model: str, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0
    ) -> None:
        """Report the usage of a model call; the cost follows from the price of `model`.

        `input_tokens` include those read from a cache.
        """
        self.line.usage(Usage(input_tokens, cached_tokens, output_tokens), model=model)


class FunctionAgent:
    """Finds the function of a step and awaits it."""

    def __init__(self) -> None:
        self._functions: dict[str, dict[str, StepFunction]] = {}

    def add(self, workflow: str, functions: dict[str, StepFunction]) -> None:
        """Register the functions of a workflow, by step key."""
        self._functions[workflow] = functions

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        try:
            function = self._functions[assignment.workflow][assignment.step]
        except KeyError:
            raise AttemptFailed(
                "function.unknown",
                f"Workflow {assignment.workflow!r} has no function for {assignment.step!r} here.",
                hint="Pass the workflow to `Engine` before its runs are resumed.",
                retryable=False,
            ) from None
        result = await function(StepContext(assignment, line))
        return result if type(result) is Work else Work(output=result)
