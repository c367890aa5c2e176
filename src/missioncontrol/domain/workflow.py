"""A workflow: named steps and the order in which they need each other."""

import math
from typing import NoReturn

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.graph import find_cycle
from missioncontrol.domain.step import Step, is_own, refuse_bad_limits

STEPS_MAX = 100_000
CONCURRENCY_MAX = 10_000


class Workflow(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run executes; a run keeps the copy that it started with."""

    name: str
    steps: tuple[Step, ...]
    concurrency: int = 64  # steps of one run that may work at once
    seconds_max: float = 0.0  # of a whole run; 0 is no limit


def sound(workflow: Workflow) -> Workflow:
    """Return `workflow` unchanged if a run of it can end.

    Raises:
        Rejected: `workflow.empty`, `workflow.too_long`, `workflow.duplicate_step`,
            `workflow.bad_step_name`, `workflow.unknown_need`, `workflow.cycle` (the whole circle in
            order), `workflow.bad_concurrency` or `step.bad_limit`.
    """
    _refuse_bad_size(workflow)
    known: dict[str, Step] = {}
    for step in workflow.steps:
        if step.key in known or not step.key:
            refuse_duplicate(workflow.name, step.key)
        if not is_own(step.key):
            raise Rejected(
                "workflow.bad_step_name",
                f"Step {step.key!r} of {workflow.name!r} has `/` or `[` in its name, which are "
                "for what a step becomes.",
                hint="Use another character.",
            )
        known[step.key] = step
    for step in workflow.steps:
        refuse_bad_limits(step)
        for need in step.needs:
            if need not in known:
                raise Rejected(
                    "workflow.unknown_need",
                    f"Step {step.key!r} needs {need!r}, which is no step of {workflow.name!r}.",
                    hint="Name a step of this workflow, or leave the need out.",
                )
    cycle = find_cycle({step.key: step.needs for step in workflow.steps})
    if cycle:
        raise Rejected(
            "workflow.cycle",
            f"Steps of {workflow.name!r} need each other in a circle: {' → '.join(cycle)}.",
            hint="Take one of these needs away.",
        )
    return workflow


def refuse_duplicate(workflow: str, step: str) -> NoReturn:
    """Refuse a step whose name is in use, or empty.

    Raises:
        Rejected: `workflow.duplicate_step`.
    """
    raise Rejected(
        "workflow.duplicate_step",
        f"Workflow {workflow!r} names step {step!r} more than once or not at all.",
        hint="Give every step a name of its own.",
    )


def _refuse_bad_size(workflow: Workflow) -> None:
    if not workflow.steps:
        raise Rejected(
            "workflow.empty", f"Workflow {workflow.name!r} has no steps.", hint="Add a step."
        )
    if len(workflow.steps) > STEPS_MAX:
        raise Rejected(
            "workflow.too_long",
            f"Workflow {workflow.name!r} has {len(workflow.steps):,} steps; at most {STEPS_MAX:,}.",
            hint="Split it.",
        )
    has_sound_end = 0 <= workflow.seconds_max < math.inf
    if not 1 <= workflow.concurrency <= CONCURRENCY_MAX or not has_sound_end:
        raise Rejected(
            "workflow.bad_concurrency",
            f"Workflow {workflow.name!r} sets concurrency to {workflow.concurrency} and "
            f"seconds_max to {workflow.seconds_max}.",
            hint=f"Concurrency is 1 to {CONCURRENCY_MAX:,}; seconds_max is finite; 0 is no limit.",
        )
