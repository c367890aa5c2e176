"""Reads the plain values of a workflow file into a definition, and finds every fault on the way."""

import math
import re
from typing import Any

from missioncontrol.domain.canonical import WHOLE_MAX
from missioncontrol.domain.definition import vocabulary
from missioncontrol.domain.definition.definition import (
    NAME,
    WORKFLOW_NAME,
    Definition,
    StepDefinition,
)
from missioncontrol.domain.definition.fault import Fault, Faults, Marks, Place
from missioncontrol.domain.definition.input_reading import read_input
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.definition.source_location import (
    Missing,
    Reader,
    Spot,
    fields,
    measured,
    text,
    whole,
    word,
)
from missioncontrol.domain.definition.step_reading import NAME_IN_WORDS, read_amount, read_step
from missioncontrol.domain.workflow import CONCURRENCY_MAX

VERSIONS_MAX = 1_000_000_000
INPUTS_MAX = 1000
STEPS_MAX = 10_000
"""Steps of a workflow, those of the workflows it calls included."""

DEPTH_MAX = 64
_SURROGATE = re.compile("[\ud800-\udfff]")
RESERVED = ("stop", "continue")
"""What `on_failure` means by these words is no step."""

WORKFLOW_NAME_IN_WORDS = "lower-case letters, digits and `-`, a letter first, at most 63"


def read(value: Any, marks: Marks) -> tuple[Definition, list[Fault]]:
    """Return what plain `value` defines, as far as it can be read, and all that is wrong with it.

    `marks` gives the line of each value. What could not be read is left out of the definition.
    """
    faults = Faults(marks)
    top = Spot(value, (), faults)
    if not _is_flat_enough(top):
        return Definition(), faults.in_order()
    parts = top.known_parts(vocabulary.WORKFLOW, "name: …, steps: {…}", vocabulary.OTHER_TERMS)
    if isinstance(value, dict):
        for key in _EXAMPLES.keys() - parts.keys():
            faults.add((), f"It has no `{key}`.", _EXAMPLES[key])
    return Definition(**fields(parts, _WORKFLOW)), faults.in_order()


_EXAMPLES = {
    "name": "Begin the file with `name: release-check`, for instance.",
    "steps": "Add `steps:` and under it, for instance, `survey: {agent: surveyor}`.",
}


def _is_flat_enough(top: Spot) -> bool:
    """Look for values that JSON can't hold for every reader; say whether all can be walked."""
    flat = True
    todo: list[tuple[Any, Place]] = [(top.value, ())]
    while todo:
        value, place = todo.pop()
        problem, hint = _problem(value, place)
        if problem:
            top.faults.add(place, problem, hint)
            flat = flat and len(place) <= DEPTH_MAX
        elif isinstance(value, dict):
            todo.extend((each, (*place, key)) for key, each in value.items())
        elif isinstance(value, list):
            todo.extend((each, (*place, index)) for index, each in enumerate(value))
    return flat


def _problem(value: Any, place: Place) -> tuple[str, str]:
    if len(place) > DEPTH_MAX:
        return f"It is nested more than {DEPTH_MAX} deep.", "Make it flatter."
    if isinstance(value, int) and not -WHOLE_MAX <= value <= WHOLE_MAX:
        return f"JSON holds no whole number beyond {WHOLE_MAX:,} exactly.", "Put it in quotes."
    if isinstance(value, float) and not math.isfinite(value):
        return "It is a number that JSON can't hold.", "Put it in quotes."
    texts = value if isinstance(value, dict) else [value] if isinstance(value, str) else []
    if any(_SURROGATE.search(each) for each in texts):
        return "It holds half of a character: a lone surrogate.", "Take it out."
    return "", ""


def _named(pattern: str, meaning: str, one: Reader[Any], most: int) -> Reader[dict[str, Any]]:
    """Read an object whose keys are names that the file gives."""

    def read_all(spot: Spot) -> dict[str, Any] | Missing:
        parts = spot.parts("NAME: …")
        if len(parts) > most:
            return spot.refuse(f"It has {len(parts):,} entries; at most {most:,} fit.")
        found = {}
        for key, part in parts.items():
            name = word(pattern, meaning)(Spot(key, part.place, part.faults))
            value = one(part)
            if not isinstance(name, Missing) and not isinstance(value, Missing):
                found[key] = value
        return found

    return read_all


def _read_output(spot: Spot) -> Any:
    return spot.value


def _read_steps(spot: Spot) -> dict[str, StepDefinition] | Missing:
    if isinstance(spot.value, list):
        return spot.refuse(
            "Steps are no list: each stands under a name of its own.",
            "Write `steps:` and under it `survey: {agent: surveyor}`, for instance.",
        )
    steps = _named(NAME, NAME_IN_WORDS, read_step, STEPS_MAX)(spot)
    if isinstance(spot.value, dict):
        if not spot.value:
            spot.refuse("There are no steps.", "Add one, such as `survey: {agent: surveyor}`.")
        for key in RESERVED:
            if key in spot.value:
                spot.under(key).refuse(
                    f"A step can't be called {key!r}: `on_failure` means something else by it.",
                    "Give it another name.",
                )
    return steps


_WORKFLOW: dict[str, tuple[str, Reader[Any]]] = {
    "name": ("name", word(WORKFLOW_NAME, WORKFLOW_NAME_IN_WORDS)),
    "version": ("version", whole(1, VERSIONS_MAX)),
    "description": ("description", text(20_000)),
    "inputs": ("inputs", _named(NAME, NAME_IN_WORDS, read_input, INPUTS_MAX)),
    "budget": ("budget", read_amount),
    "concurrency": ("concurrency", whole(1, CONCURRENCY_MAX)),
    "timeout": ("seconds_max", measured(seconds_of)),
    "outputs": ("outputs", _named(NAME, NAME_IN_WORDS, _read_output, INPUTS_MAX)),
    "steps": ("steps", _read_steps),
}
