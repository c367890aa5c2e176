"""Runs of saved workflows: what they are given is checked, and they begin at a fixed version."""

import posixpath
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from missioncontrol.application.execution import Execution
from missioncontrol.application.operations import Operations
from missioncontrol.application.workflows import Workflows
from missioncontrol.domain.definition import Definition, inputs_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step
from missioncontrol.ports.ids import Ids

Trigger = Literal["manual", "api", "schedule", "webhook", "agent"]


class Prepared(msgspec.Struct, frozen=True):
    """A run that could begin: nothing of it is recorded yet."""

    definition: Definition
    steps: tuple[Step, ...]
    inputs: dict[str, Any]


class Origin(msgspec.Struct, frozen=True):
    """Who or what began a run."""

    actor: str
    on_behalf: str = ""
    trigger: Trigger = "manual"
    schedule: str = ""
    slot: float = 0.0  # the moment of the schedule, seconds since the epoch
    mission: str = ""


class Runs:
    """The service that begins runs of workflows."""

    def __init__(
        self, workflows: Workflows, execution: Execution, ids: Ids, operations: Operations
    ) -> None:
        """All four are shared with the engine."""
        self._workflows = workflows
        self._execution = execution
        self._ids = ids
        self._operations = operations

    def refuse_to_begin(self, actor: str) -> None:
        """Refuse a run that could not begin now; raises as `Operations.refuse_to_begin`."""
        self._operations.refuse_to_begin(actor)

    async def prepare(
        self, workflow: str, version: int | None, given: Mapping[str, Any]
    ) -> Prepared:
        """Find the workflow, check what it is given, and make its steps; records nothing.

        Texts for inputs of other types are read as those types ask.

        Raises:
            NotFound: `workflow.unknown` or `workflow.unknown_version`.
            Rejected: `run.bad_inputs`, naming each fault, `run.relative_path`, or
                `workflow.malformed`, where the workflow no longer fits the agents that are here.
        """
        definition, steps = await self._workflows.ready(workflow, version)
        inputs = inputs_of(definition, given)
        return Prepared(definition, steps, anchored(definition, inputs))

    async def changed_inputs(self, run: Run, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Return all inputs of a fork: those of `run`, with `changed` ones in their place.

        Raises:
            NotFound, Rejected: as `prepare`; `run.bad_inputs` where a run has no saved workflow and
                so no inputs that could be changed.
        """
        if not changed:
            return dict(run.inputs)
        if not run.version:
            raise Rejected(
                "run.bad_inputs",
                f"Run {run.id!r} is of no saved workflow; its inputs can't be changed.",
                hint="Fork it without --input, or start again.",
            )
        found = await self._workflows.get(run.workflow, run.version)
        definition = found.definition
        given = {**run.inputs, **changed}
        return anchored(definition, inputs_of(definition, given))

    def begin(self, prepared: Prepared, origin: Origin) -> str:
        """Bring the run into being and return its id; a run too dear for a cap is halted at once.

        Raises:
            Unavailable: `operation.stopped`.
        """
        self._operations.refuse_new_run(origin.actor)
        definition = prepared.definition
        run = self._ids.new("run")
        create = CreateRun(
            run,
            definition.name,
            prepared.steps,
            definition.concurrency,
            definition.seconds_max,
            prepared.inputs,
            trigger=origin.trigger,
            version=definition.version,
            author=origin.actor,
            on_behalf=origin.on_behalf,
            outputs=dict(definition.outputs),
            budget=definition.budget,
            schedule=origin.schedule,
            slot=origin.slot,
            mission=origin.mission,
        )
        self._execution.create(create, actor=origin.actor, on_behalf=origin.on_behalf)
        return run


def anchored(definition: Definition, inputs: dict[str, Any], base: str = "") -> dict[str, Any]:
    """Return `inputs` with every path absolute: an engine has a directory of its own."""
    found = dict(inputs)
    for name, asked in definition.inputs.items():
        value = found.get(name)
        if asked.type != "path" or not isinstance(value, str) or posixpath.isabs(value):
            continue
        if not base:
            raise Rejected(
                "run.relative_path",
                f"Input {name!r} is the relative path {value!r}, and it is not known to what.",
                hint="Give an absolute path.",
            )
        found[name] = posixpath.normpath(posixpath.join(base, value))
    return found
