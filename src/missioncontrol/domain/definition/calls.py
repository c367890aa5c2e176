"""Which workflows a workflow calls, and how deep and how large it becomes with all of them."""

from collections.abc import Callable

import msgspec

from missioncontrol.domain.definition.definition import Definition, StepDefinition
from missioncontrol.domain.definition.fault import Faults, suggestion
from missioncontrol.domain.definition.value_reader import STEPS_MAX

Library = Callable[[str, int | None], Definition | None]
"""Finds a saved workflow by name and version; no version means the newest."""

DEPTH_MAX = 8
"""Calls within calls."""

LOOKED_AT_MAX = 50
"""Deeper ones are too deep anyway."""


class Extent(msgspec.Struct, frozen=True):
    """What a workflow amounts to with everything it calls."""

    steps: int
    depth: int  # 0 where it calls nothing
    circle: tuple[str, ...] = ()  # names from this workflow to the one that is being looked at


NOTHING = Extent(0, 0)


class Calls:
    """The workflows that one calls, found in a library."""

    def __init__(self, definition: Definition, library: Library) -> None:
        """Look at `definition`, which is not saved yet: it stands for the newest of its name."""
        self.definition = definition
        self._library = library
        self._extents: dict[tuple[str, int | None], Extent] = {}

    def called(self, step: StepDefinition) -> Definition | None:
        """Return the workflow that `step` calls, or None where it calls none or an unknown one."""
        return self.find(*step.call) if step.call else None

    def find(self, name: str, version: int | None) -> Definition | None:
        """Return a saved workflow, or the one that is being looked at."""
        if name == self.definition.name and version is None:
            return self.definition
        return self._library(name, version)

    def extent(self, step: StepDefinition) -> Extent:
        """Return what the workflow that `step` calls amounts to."""
        return self._extent(step, 1)

    def _extent(self, step: StepDefinition, depth: int) -> Extent:
        called = self.called(step)
        if step.call is None or called is None or depth > LOOKED_AT_MAX:
            return NOTHING
        if called is self.definition:
            return Extent(0, 0, (called.name,))
        if step.call not in self._extents:
            self._extents[step.call] = NOTHING  # for one that calls itself
            self._extents[step.call] = self._summed(called, depth)
        return self._extents[step.call]

    def _summed(self, called: Definition, depth: int) -> Extent:
        below = [self._extent(each, depth + 1) for each in called.steps.values() if each.call]
        circle = next((each.circle for each in below if each.circle), ())
        return Extent(
            len(called.steps) + sum(each.steps for each in below),
            1 + max((each.depth for each in below), default=0),
            (called.name, *circle) if circle else (),
        )


def check_calls(calls: Calls, workflows: tuple[str, ...], faults: Faults) -> None:
    """Take down calls of what is not there, in a circle, too deep, or of too much."""
    total = len(calls.definition.steps)
    for key, step in calls.definition.steps.items():
        if step.call is None:
            continue
        _check_call(key, step, calls, workflows, faults)
        total += calls.extent(step).steps
    if total > STEPS_MAX:
        faults.add(
            ("steps",),
            f"With the workflows that it calls there are {total:,} steps; at most {STEPS_MAX:,}.",
            "Split it, or use `for_each`.",
        )


def _check_call(
    key: str, step: StepDefinition, calls: Calls, workflows: tuple[str, ...], faults: Faults
) -> None:
    assert step.call is not None
    name, version = step.call
    place = ("steps", key, "workflow")
    extent = calls.extent(step)
    if calls.called(step) is None:
        newest = calls.find(name, None)
        if newest is None:
            known = suggestion(name, workflows)
            faults.add(
                place,
                f"No workflow {name!r} is saved.",
                f"Save it first: `mission workflow save FILE`. {known}".rstrip(),
            )
        else:
            faults.add(
                place,
                f"Workflow {name!r} has no version {version}.",
                f"Its newest is {newest.version}." if newest.version else "",
            )
    elif extent.circle:
        circle = " → ".join((calls.definition.name, *extent.circle))
        faults.add(
            place, f"Workflows call each other in a circle: {circle}.", "Take one call away."
        )
    elif extent.depth > DEPTH_MAX:
        faults.add(
            place,
            f"Calls are nested {extent.depth} deep from here; at most {DEPTH_MAX}.",
            "Call some of them from a higher place.",
        )
