"""Checks that what steps are given is what agents and called workflows take."""

from typing import Any

from missioncontrol.domain.agent import AgentCard, Shape, fits, misfit
from missioncontrol.domain.definition.definition import Definition, Input, StepDefinition
from missioncontrol.domain.definition.fault import Faults, Place, quoted
from missioncontrol.domain.definition.shapes import Shapes, closed
from missioncontrol.domain.definition.templates import is_template
from missioncontrol.domain.definition.tier import COMMAND
from missioncontrol.domain.definition.values import misfit_of_input, shape_of

_IN_QUOTES = "Put it in quotes."


class Feeding:
    """Compares the inputs of one step after the other with what is asked for."""

    def __init__(self, shapes: Shapes, faults: Faults) -> None:
        """What is found is added to `faults`."""
        self._shapes = shapes
        self._faults = faults

    def check_agent(self, key: str, step: StepDefinition, card: AgentCard) -> None:
        """Check what a step gives its agent."""
        taker = f"Agent {card.name!r}"
        self._fields(key, step, card.inputs, taker, card.from_run)
        if card.kind == card.name == COMMAND:
            self._check_texts(key, step)

    def check_call(self, key: str, step: StepDefinition, called: Definition) -> None:
        """Check what a step gives the workflow that it calls."""
        want = closed({name: shape_of(each) for name, each in called.inputs.items()})
        self._fields(key, step, want, f"Workflow {called.name!r}", ())
        place: Place = ("steps", key, "with")
        for name, asked in called.inputs.items():
            if name not in step.inputs:
                self._check_default(name, asked, called.name, place)
            elif not is_template(step.inputs[name]):
                self._check_plain(step.inputs[name], asked, (*place, name))

    def _check_texts(self, key: str, step: StepDefinition) -> None:
        """Check that arguments and variables of a program can be texts."""
        place: Place = ("steps", key, "with")
        arguments, variables = step.inputs.get("argv"), step.inputs.get("env")
        if isinstance(arguments, list):
            for index, value in enumerate(arguments):
                self._check_text(value, key, (*place, "argv", index))
        if isinstance(variables, dict):
            for name, value in variables.items():
                self._check_text(value, key, (*place, "env", name))

    def _check_text(self, value: Any, key: str, place: Place) -> None:
        # A whole number is written as it stands; YAML may have changed any other value.
        have = self._shapes.of_value(value, key)
        is_number = have.kind == "number" and not is_template(value)
        if have.kind in ("boolean", "null", "list", "object") or is_number:
            wraps = "Write ${{ string(…) }}" if have.kind == "boolean" else "Take a part of it"
            hint = f"{wraps}, or hand it over with `stdin`." if is_template(value) else _IN_QUOTES
            words = {"null": "empty", "list": "a list", "object": "an object"}
            described = words.get(have.kind, f"a {have.kind}")
            self._faults.add(place, f"A program takes texts, and this is {described}.", hint)

    def _check_plain(self, value: Any, asked: Input, place: Place) -> None:
        if misfit(value, shape_of(asked)):
            return  # It was reported already.
        problem = misfit_of_input(value, asked)
        if problem:
            self._faults.add(place, f"The called workflow can't take this: {problem}.")
        elif _is_relative(value, asked):
            self._faults.add(
                place,
                f"{quoted(value)} is a relative path, and a call has no directory to begin at.",
                "Give an absolute path, or hand one on from `inputs`.",
            )

    def _check_default(self, name: str, asked: Input, called: str, place: Place) -> None:
        if _is_relative(asked.default, asked):
            self._faults.add(
                place,
                f"Input {name!r} of workflow {called!r} is {quoted(str(asked.default))} by "
                "default, a relative path, and a call has no directory to begin at.",
                f"Give it: `with: {{{name}: …}}`.",
            )

    def _fields(
        self, key: str, step: StepDefinition, want: Shape, taker: str, from_run: tuple[str, ...]
    ) -> None:
        place: Place = ("steps", key, "with")
        known = self._shapes.definition.inputs
        for name, field in want.fields.items():
            if name in step.inputs:
                continue
            if name in from_run and name in known:
                problem = fits(shape_of(known[name]), field, f"inputs.{name}")
                if problem:
                    self._faults.add(place, f"{taker} takes it from there: {problem}.")
            elif field.required:
                self._missing(name, place, taker, is_shared=name in from_run)
        for name, value in step.inputs.items():
            if name in want.fields:
                self._feed(value, want.fields[name], key, (*place, name), taker)
            elif not want.open:
                nothing = f"{taker} takes nothing."
                what = f"input of {taker[0].lower()}{taker[1:]} called"
                self._faults.unknown(
                    (*place, name),
                    what,
                    name,
                    want.fields,
                    nothing,
                )

    def _missing(self, name: str, place: Place, taker: str, *, is_shared: bool) -> None:
        hint = f"Give it: `with: {{{name}: …}}`"
        shared = f", or add an input {name!r} to the workflow" if is_shared else ""
        self._faults.add(place, f"{taker} needs {name!r}.", f"{hint}{shared}.")

    def _feed(self, value: Any, want: Shape, key: str, place: Place, taker: str) -> None:
        """Compare a value with what is wanted, part by part, so that each fault has its line."""
        if value is None and (not want.required or want.kind in ("any", "null")):
            return
        if isinstance(value, dict) and want.kind == "object":
            self._feed_fields(value, want, key, place, taker)
        elif isinstance(value, list) and want.kind == "list" and want.items is not None:
            for index, item in enumerate(value):
                self._feed(item, want.items, key, (*place, index), taker)
        else:
            have = is_template(value)
            problem = fits(self._shapes.of_value(value, key), want) if have else misfit(value, want)
            if problem:
                self._faults.add(place, f"{taker} can't take this: {problem}.")

    def _feed_fields(
        self, value: dict[str, Any], want: Shape, key: str, place: Place, taker: str
    ) -> None:
        for name, field in want.fields.items():
            if name in value:
                self._feed(value[name], field, key, (*place, name), taker)
            elif field.required:
                self._faults.add(place, f"{taker} needs {name!r} in it.")
        if not want.open:
            for name in value:
                if name not in want.fields:
                    self._faults.unknown((*place, name), "part called", name, want.fields)


def _is_relative(value: Any, asked: Input) -> bool:
    return asked.type == "path" and isinstance(value, str) and not value.startswith("/")
