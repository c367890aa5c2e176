"""Checks expressions before a workflow runs: they compile, and what they name is there."""

import re
from collections.abc import Container, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from missioncontrol.domain.agent import at
from missioncontrol.domain.definition.definition import StepDefinition
from missioncontrol.domain.definition.fault import Faults, Place, quoted, suggestion
from missioncontrol.domain.definition.order import Order
from missioncontrol.domain.definition.shapes import (
    MEMBERS,
    RUN,
    Checker,
    Path,
    Shapes,
    chain,
    is_plain_chain,
)
from missioncontrol.domain.definition.templates import MARK, calls_in, references_in, texts_in
from missioncontrol.domain.definition.tier import COMMAND
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import (
    FUNCTIONS,
    Reference,
    Source,
    hyphenated,
    pieces,
)

_SINGLE = re.compile(
    r"(?:\$\{|(?<!\$)\{\{)\s*(?P<root>[a-z]+)(?:\.(?P<member>[A-Za-z_][\w-]*)[^{}]*|\s+)\}{1,2}"
)
"""What looks like an expression; a shell's own `${name}` has no dot and no space."""

STATES = ("succeeded", "failed", "skipped", "blocked", "cancelled")
_STATE = re.compile(r"[\w.\[\]'\"-]*?\bstate['\"\]]*\s*[!=]=\s*(['\"])(?P<word>[^'\"\\]*)\1")
_OTHER_NAMES = {
    "needs": "Write steps.KEY.output for what another step has handed back.",
    "jobs": "Write steps.KEY.output for what another step has handed back.",
    "tasks": "Write steps.KEY.output for what another step has handed back.",
    "matrix": "In a step with `for_each`, the present one is called `item`.",
    "workflow": "Write inputs.NAME for what the run was given, and run.workflow for its name.",
    "github": "Write inputs.NAME for what the run was given, and run.id for the run.",
    "env": "Write inputs.NAME for what the run was given.",
    "vars": "Write inputs.NAME for what the run was given.",
    "parameters": "Write inputs.NAME for what the run was given.",
    "secrets": "Secrets are no part of a workflow; an agent takes them from its surroundings.",
}


class Scope(msgspec.Struct, frozen=True):
    """Which names an expression may use where it stands."""

    step: str = ""  # '' stands for the workflow's own outputs, which may name every step
    item: bool = False
    previous: bool = False
    output: bool = False
    standing: bool = False  # always(), success() and failure()

    def names(self) -> tuple[str, ...]:
        """Return what it may begin with."""
        more = {
            "item": self.item,
            "index": self.item,
            "previous": self.previous,
            "output": self.output,
        }
        return ("inputs", "steps", "run", *(name for name, known in more.items() if known))


class Expressing:
    """Looks at the expressions of one definition."""

    def __init__(
        self,
        shapes: Shapes,
        order: Order,
        checker: Checker,
        faults: Faults,
        unsure: Sequence[str] = (),
    ) -> None:
        """What is found is added to `faults`; of `unsure` steps it is not known what they need."""
        self._unsure = unsure
        self._shapes = shapes
        self._definition = shapes.definition
        self._order = order
        self._checker = checker
        self._faults = faults

    def check_value(self, value: Any, place: Place, scope: Scope) -> None:
        """Check every expression in a plain value with templates."""
        for where, source in self.sources(value, place):
            self.check(source, where, scope)
        for where, text in texts_in(value, place):
            self._check_braces(text, where, scope)

    def _check_braces(self, text: str, place: Place, scope: Scope) -> None:
        """Take down an expression that would stay a text, since its signs are not doubled.

        Within a longer text it may belong to another language: `${item.x}` is a template of
        JavaScript, and `{{ item }}` one of many programs.
        """
        if "{" not in text:
            return
        try:
            plain = [each for each in pieces(text) if isinstance(each, str)]
        except Rejected:
            return  # It was reported already.
        known: dict[str, Container[str]] = {
            "inputs": self._definition.inputs,
            "steps": self._definition.steps,
        }
        names = scope.names()
        for found in _SINGLE.finditer("\n".join(plain)):
            root, member = found["root"], found["member"]
            is_ours = found[0] == text.strip() or (found[0][0] == "{" and root in known)
            if is_ours and root in names and (root not in known or member in known[root]):
                message = f"{quoted(found[0])} is not worked out: it is a text."
                self._faults.add(place, message, _doubled(found[0]))

    def sources(self, value: Any, place: Place) -> Iterator[tuple[Place, str]]:
        """Yield the expressions in a value with their places; one without an end is a fault."""
        for where, text in texts_in(value, place):
            if MARK not in text:
                continue
            try:
                found = pieces(text)
            except Rejected as error:
                self._faults.add(where, error.reason, error.hint)
                continue
            yield from ((where, each.text) for each in found if isinstance(each, Source))

    def check(self, source: str, place: Place, scope: Scope) -> bool:
        """Check one expression; return whether it can be used."""
        if not source:
            self._faults.add(place, "The expression in ${{ }} is empty.", "Write one.")
            return False
        meant = self._hyphens(source, place)
        if meant:
            return False
        known = len(self._faults.found)
        for reference in references_in(source):
            self._check_reference(reference, source, place, scope)
        self._check_calls(source, place, scope)
        if len(self._faults.found) > known:
            return False
        if is_plain_chain(source):
            return True
        problem = self._checker.fault(source)
        if problem:
            hint = _doubled(source) if source.startswith("$") else ""
            message = f"{quoted(source)} does not compile: {problem.rstrip('.')}."
            self._faults.add(place, message, hint)
            return False
        for legs in self._checker.item_paths(source):
            if len(legs) > 1:
                self._check_item(legs, place, scope)
            else:
                self._check_known(legs[0], place, scope)
        for member, has in self._checker.missing_members(source):
            self._faults.unknown(place, "member of an object that is made here called", member, has)
        return len(self._faults.found) == known

    def _check_known(self, path: Path, place: Place, scope: Scope) -> None:
        """Check what is accessed through a variable; the name it stands for was looked at."""
        if path[0] == "steps" and len(path) > 2:
            self._check_member(str(path[1]), path, place, scope)
        elif path[0] == "inputs" and len(path) > 1:
            self._check_input(path, place)
        elif path[0] in ("item", "index", "output", "previous"):
            self._check_members(path, place, scope)

    def _check_item(self, legs: tuple[Path, ...], place: Place, scope: Scope) -> None:
        """Take down a member that no item of a list has, where macros go through the list."""
        shape = self._shapes.of_path(legs[0], scope.step)
        dotted = _dotted(legs[0])
        for leg in legs[1:]:
            if shape is None or shape.kind != "list" or shape.items is None:
                return  # Nothing is known of it, or its keys are gone through.
            shape, dotted = shape.items, f"{dotted}[]"
            for part in leg:
                below = at(shape, (part,))
                whole = dotted + _dotted(("", part))
                if below is None:
                    hint = suggestion(str(part), shape.fields, f"{dotted} is of type {shape.kind}.")
                    self._faults.add(place, f"{whole} is never there.", hint)
                    return
                shape, dotted = below, whole

    def _hyphens(self, source: str, place: Place) -> bool:
        """Take down names with hyphens behind a dot, which CEL reads as subtractions."""
        for reference in references_in(source):
            name, root = hyphenated(source, reference), reference.path[0]
            known = {
                "steps": self._definition.steps.keys(),
                "inputs": self._definition.inputs.keys(),
            }.get(str(root))
            if name and known is not None:
                if reference.path[1] in known and name not in known:
                    continue  # A subtraction after all.
                self._faults.add(
                    place,
                    f"{root}.{name} means {root}.{name.replace('-', ' minus ', 1)}.",
                    f"Write {root}['{name}'].",
                )
                return True
        return False

    def _check_calls(self, source: str, place: Place, scope: Scope) -> None:
        called = calls_in(source)
        if "cancelled" in called:
            self._faults.add(
                place,
                "There is no cancelled(): nothing starts after a cancel.",
                "Use always() or failure().",
            )
        for name in FUNCTIONS:
            if name in called and not scope.standing:
                self._faults.add(
                    place, f"{name}() says how needs have ended; it belongs into `if` alone."
                )

    def _check_reference(
        self, reference: Reference, source: str, place: Place, scope: Scope
    ) -> None:
        path = reference.path
        root = str(path[0])
        if root not in scope.names():
            self._unknown_root(root, place, scope)
        elif root == "steps":
            self._check_step(reference, source, place, scope)
        elif root == "inputs":
            self._check_input(path, place)
        elif root == "run" and len(path) > 1 and at(RUN, path[1:]) is None:
            self._faults.unknown(place, "value of `run` called", str(path[1]), RUN.fields)
        elif root in ("item", "index", "output", "previous"):
            self._check_members(path, place, scope)

    def _unknown_root(self, root: str, place: Place, scope: Scope) -> None:
        step = self._definition.steps.get(scope.step)
        hint = _OTHER_NAMES.get(root, "")
        if root in self._definition.inputs:
            hint = f"Write inputs.{root}."
        elif root in self._definition.steps:
            hint = f"Write steps.{root}.output."
        elif root in ("item", "index"):
            decided = step is not None and step.for_each is not None
            hint = (
                "It is decided once for all items; filter the list of `for_each` instead."
                if decided
                else "It is known in a step with `for_each`."
            )
        elif root == "previous":
            hint = "It is known in `with` of a step with `repeat`."
        elif root == "output":
            hint = "It is known in `until` of `repeat`; elsewhere write steps.KEY.output."
        self._faults.add(
            place,
            f"There is no {root!r} here.",
            hint or suggestion(root, (*scope.names(), "true", "false", "null")),
        )

    def _check_input(self, path: tuple[str | int, ...], place: Place) -> None:
        known = self._definition.inputs
        if len(path) > 1 and path[1] not in known:
            nothing = "The workflow has no inputs; add it under `inputs`."
            self._faults.unknown(place, "input", str(path[1]), known, nothing)
        elif at(self._shapes.inputs, path[1:]) is None:
            kind = known[str(path[1])].type
            self._faults.add(place, f"inputs.{path[1]} is of type {kind}: it has no parts.")

    def _check_members(self, path: tuple[str | int, ...], place: Place, scope: Scope) -> None:
        if len(path) > 1 and self._shapes.of_path(path, scope.step) is None:
            self._faults.add(
                place, f"{_dotted(path)} is never there.", self._parts_hint(path, scope)
            )

    def _check_step(self, reference: Reference, source: str, place: Place, scope: Scope) -> None:
        path = reference.path
        if len(path) == 1 or not isinstance(path[1], str):
            self._faults.add(place, "`steps` alone says nothing.", "Name one: steps.KEY.output.")
            return
        key = path[1]
        if key not in self._definition.steps:
            self._faults.unknown(place, "step", key, self._definition.steps)
        elif not self._is_there(key, place, scope):
            return
        elif len(path) == 2 and not chain(source):
            return  # It goes into a list, or gets a name, and its members are checked there.
        elif len(path) == 2:
            self._faults.add(
                place,
                f"steps.{key} alone says nothing.",
                f"Write steps.{key}.output, or .state, .error, .findings or .artifacts.",
            )
        else:
            self._check_member(key, path, place, scope)
            self._check_state(source[reference.at :], path, place)

    def _is_there(self, key: str, place: Place, scope: Scope) -> bool:
        """Take down the use of a step that may not have ended by then."""
        if not scope.step or self._order.is_before(key, scope.step):
            return True
        if key != scope.step and self._may_need_more(scope.step):
            return True
        if key == scope.step:
            self._faults.add(
                place,
                f"Step {key!r} can't use what it has not handed back yet.",
                "In a step with `repeat`, `previous` holds the output of the round before.",
            )
        elif self._order.is_before(scope.step, key):
            self._faults.add(place, f"Step {key!r} runs after this one: it needs it.")
        else:
            self._faults.add(
                place,
                f"Step {key!r} may not have ended by then: this step does not need it.",
                f"Add {key!r} to `needs`.",
            )
        return False

    def _may_need_more(self, key: str) -> bool:
        return any(each == key or self._order.is_before(each, key) for each in self._unsure)

    def _check_member(
        self, key: str, path: tuple[str | int, ...], place: Place, scope: Scope
    ) -> None:
        member = str(path[2])
        if member not in MEMBERS:
            self._faults.unknown(place, f"value of steps.{key} called", member, MEMBERS)
        elif member == "artifacts":
            self._check_artifact(key, path, place)
        elif self._shapes.of_path(path, scope.step) is None:
            self._faults.add(
                place, f"{_dotted(path)} is never there.", self._parts_hint(path, scope)
            )

    def _parts_hint(self, path: tuple[str | int, ...], scope: Scope) -> str:
        """Say which parts there are, from the last place on the way that is sure."""
        end = len(path) - 1
        while (shape := self._shapes.of_path(path[:end], scope.step)) is None:
            end -= 1  # The first name alone is always there.
        if shape.kind == "object":
            return suggestion(str(path[end]), shape.fields, f"{_dotted(path[:end])} has no parts.")
        words = {"list": "is a list; take one with [0], or use `for_each`"}
        return f"{_dotted(path[:end])} {words.get(shape.kind, f'is of type {shape.kind}')}."

    def _check_artifact(self, key: str, path: tuple[str | int, ...], place: Place) -> None:
        step = self._definition.steps[key]
        if step.for_each is not None or step.workflow:
            self._faults.add(
                place,
                f"Step {key!r} hands in no files of its own: the steps that it becomes do.",
                "Hand on what is needed in their output.",
            )
        elif len(path) > 3 and not self._hands_in(step, str(path[3])):
            self._faults.unknown(
                place,
                f"artifact of step {key!r} called",
                str(path[3]),
                self._files(step),
                f"Name it under `artifacts` of {key!r}.",
            )
        elif len(path) > 4 and self._shapes.of_path(path, "") is None:
            self._faults.add(
                place,
                f"{_dotted(path)} is never there.",
                "A file has a name, a digest, a size and a media_type.",
            )

    def _files(self, step: StepDefinition) -> tuple[str, ...]:
        card = self._shapes.card_of(step)
        return (*(card.artifacts if card else ()), *step.artifacts)

    def _hands_in(self, step: StepDefinition, name: str) -> bool:
        card = self._shapes.card_of(step)
        if name in self._files(step) or card is None:
            return True
        declared = step.inputs.get("artifacts", ()) if card.kind == COMMAND else ()
        patterns = declared if isinstance(declared, list | tuple) else (declared,)
        return any(
            MARK in each or fnmatchcase(name, each) for each in patterns if isinstance(each, str)
        )

    def _check_state(self, source: str, path: tuple[str | int, ...], place: Place) -> None:
        """Take down a comparison with a state that no step is ever in: it would just be false."""
        found = _STATE.match(source) if path[2:] == ("state",) else None
        if found and found["word"] not in STATES:
            self._faults.unknown(place, "state of a step called", found["word"], STATES)


def _doubled(text: str) -> str:
    return f"Write ${{{{ {text.strip('${} ')[:60]} }}}}."


def _dotted(path: tuple[str | int, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:]]
    return str(path[0]) + "".join(parts)
