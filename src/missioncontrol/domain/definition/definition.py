"""A workflow as its file defines it: inputs, limits and steps, before it is made ready to run."""

import re
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from missioncontrol.domain.step import (
    ONCE,
    Amount,
    ApprovalRule,
    Repeat,
    Retry,
    Risk,
    Slot,
)

WORKFLOW_NAME = r"[a-z][a-z0-9-]{0,62}"
NAME = r"[A-Za-z_][A-Za-z0-9_-]{0,63}"
"""Of a step, an input or an output."""

AGENT_NAME = r"[A-Za-z_][A-Za-z0-9_.:/-]{0,126}"
"""Of an agent, a capability or an effect."""

CALL = rf"({WORKFLOW_NAME})(?:@([1-9][0-9]{{0,8}}))?"
"""A workflow that a step calls, with or without the version it is to have."""

CONCURRENCY = 64

InputType = Literal["string", "integer", "number", "boolean", "path", "list", "object", "any"]


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that a run is given."""

    type: InputType = "string"
    description: str = ""
    default: Any | UnsetType = UNSET
    pattern: str = ""  # a regular expression that the whole text must match
    enum: tuple[Any, ...] = ()  # the only values that are allowed, if there are any
    required: bool = True


class Timeouts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The four time limits of a step in seconds; 0 is no limit."""

    queue: float = 0.0  # from being ready to starting
    run: float = 0.0  # of one attempt
    heartbeat: float = 0.0  # of silence in an attempt
    total: float = 0.0  # from being ready first, over all attempts


class StepDefinition(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a workflow file."""

    title: str = ""
    agent: str = ""
    capability: str = ""
    workflow: str = ""  # NAME or NAME@VERSION; just one of these three is given
    needs: tuple[str, ...] = ()
    inputs: dict[str, Any] = {}  # `with` in the file
    condition: str | None = None  # `if` in the file: CEL without `${{ }}` around it
    for_each: Any = None  # CEL without `${{ }}` around it, or a list of plain values
    risk: Risk | None = None
    effects: tuple[str, ...] = ()
    approval: ApprovalRule | None = None
    retry: Retry = ONCE
    timeout: Timeouts = Timeouts()
    concurrency: int = 0  # items at work at once
    slot: Slot | None = None  # `concurrency` in the file, where it has a key
    on_failure: str = "stop"  # stop, continue, or the step that handles it
    budget: Amount | None = None
    model: str = ""  # that it calls, where its agent does not say it
    repeat: Repeat | None = None
    artifacts: tuple[str, ...] = ()

    @property
    def handler(self) -> str:
        """The step that is there for the failure of this one, or an empty text."""
        return "" if self.on_failure in ("stop", "continue") else self.on_failure

    @property
    def call(self) -> tuple[str, int | None] | None:
        """Name and version of the workflow that it calls; no version means the newest."""
        found = re.fullmatch(CALL, self.workflow)
        return (found[1], int(found[2]) if found[2] else None) if found else None


class Definition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A workflow, in the words of its file."""

    name: str = ""
    version: int = 0  # 0 where the file names none
    description: str = ""
    inputs: dict[str, Input] = {}
    budget: Amount | None = None
    concurrency: int = CONCURRENCY
    seconds_max: float = 0.0  # of a whole run; 0 is no limit
    outputs: dict[str, Any] = {}
    steps: dict[str, StepDefinition] = {}

    def needs(self) -> dict[str, tuple[str, ...]]:
        """What each step waits for: its needs, then the steps whose failure it handles.

        Names of steps that are not there are left out.
        """
        found = {key: dict.fromkeys(step.needs) for key, step in self.steps.items()}
        for key, step in self.steps.items():
            if step.handler in found and step.handler != key:
                found[step.handler][key] = None
        return {
            key: tuple(need for need in needs if need in self.steps) for key, needs in found.items()
        }

    def handled(self) -> dict[str, tuple[str, ...]]:
        """For each step that is there for the failure of others: those others."""
        found: dict[str, list[str]] = {}
        for key, step in self.steps.items():
            if step.handler in self.steps and step.handler != key:
                found.setdefault(step.handler, []).append(key)
        return {key: tuple(others) for key, others in found.items()}
