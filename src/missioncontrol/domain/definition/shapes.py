"""What values look like before a workflow runs: of inputs, of outputs, and of expressions."""

import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

from missioncontrol.domain.agent import ANYTHING, AgentCard, Kind, Shape, at
from missioncontrol.domain.definition.calls import Calls
from missioncontrol.domain.definition.definition import Definition, StepDefinition
from missioncontrol.domain.definition.templates import MARK, references_in
from missioncontrol.domain.definition.tier import chosen_card
from missioncontrol.domain.definition.values import shape_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import pieces

TEXT = Shape("string")
WHOLE = Shape("integer")


def closed(fields: Mapping[str, Shape]) -> Shape:
    """Return an object that has these fields and no others."""
    return Shape("object", dict(fields), open=False)


ARTIFACT = closed({"name": TEXT, "digest": TEXT, "size": WHOLE, "media_type": TEXT})
RUN = closed({"id": TEXT, "workflow": TEXT, "version": WHOLE, "author": TEXT, "trigger": TEXT})
MEMBERS = ("output", "state", "error", "findings", "artifacts")
"""What an expression can ask of a step."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_INDEX = r"\[\s*(?:'[^'\\]*'|\"[^\"\\]*\"|[0-9]+)\s*\]"
_WORD = re.compile(_NAME, re.ASCII)
RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"}
    | {"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)
"""Words that CEL keeps for itself; the compiler says where one can stand."""

_CHAIN = re.compile(rf"\s*{_NAME}(?:\s*\.\s*{_NAME}|\s*{_INDEX})*\s*", re.ASCII)


Path = tuple[str | int, ...]


class Checker(Protocol):
    """Knows expressions without running anything; see `ports.expressions.Expressions`."""

    def fault(self, source: str) -> str:
        """Say why `source` does not compile, or return an empty text."""
        ...

    def kind(self, source: str) -> str:
        """Return the type of what it gives."""
        ...

    def item_paths(self, source: str) -> tuple[tuple[Path, ...], ...]:
        """Return the chains that begin with a variable, or with an item of a list."""
        ...

    def missing_members(self, source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return members accessed on the expression's result that it lacks, and what it has."""
        ...

    def evaluate(self, source: str, names: Mapping[str, Any], standing: Any) -> Any:
        """Work it out."""
        ...


class Shapes:
    """Shapes of all that a definition names; what is not known is `any`."""

    def __init__(
        self,
        definition: Definition,
        cards: Mapping[str, AgentCard],
        expressions: Checker,
        calls: Calls,
        called: dict[tuple[str, int | None], Shape] | None = None,
    ) -> None:
        """`calls` finds called workflows; `called` has what is known of them already."""
        self.definition = definition
        self.inputs = closed({name: shape_of(each) for name, each in definition.inputs.items()})
        self._cards = cards
        self._expressions = expressions
        self._calls = calls
        self._called = {} if called is None else called
        self._rounds: dict[str, Shape] = {}

    def card_of(self, step: StepDefinition) -> AgentCard | None:
        """Return the card of the agent that does `step`, or None where none is known."""
        return chosen_card(step, self._cards)

    def round_of(self, key: str) -> Shape:
        """Return what one round, or one item, of a step hands back."""
        if key not in self._rounds:
            self._rounds[key] = ANYTHING  # for a step whose output would be made of itself
            self._rounds[key] = self._round_of(self.definition.steps[key])
        return self._rounds[key]

    def _round_of(self, step: StepDefinition) -> Shape:
        if not step.workflow:
            card = self.card_of(step)
            return card.output if card else ANYTHING
        called = self._calls.called(step)
        if called is None or step.call is None:
            return ANYTHING
        if step.call not in self._called:
            self._called[step.call] = ANYTHING  # for one that calls itself
            inside = Shapes(called, self._cards, self._expressions, self._calls, self._called)
            outputs = {name: inside.of_value(each, "") for name, each in called.outputs.items()}
            self._called[step.call] = closed(outputs)
        return self._called[step.call]

    def output_of(self, key: str) -> Shape:
        """Return what a step hands back in the end."""
        one = self.round_of(key)
        return one if self.definition.steps[key].for_each is None else Shape("list", items=one)

    def item_of(self, key: str) -> Shape:
        """Return what `item` is in a step that is done for each of a list."""
        source = self.definition.steps[key].for_each
        shape = self.of_source(source, key) if isinstance(source, str) else of_plain(source)
        return (shape.items or ANYTHING) if shape.kind == "list" else ANYTHING

    def of_value(self, value: Any, key: str) -> Shape:
        """Return what a plain value with templates becomes in step `key`; '' is the workflow."""
        match value:
            case str() if MARK in value:
                return self._of_text(value, key)
            case dict():
                return closed({name: self.of_value(each, key) for name, each in value.items()})
            case list():
                return Shape("list", items=joined([self.of_value(each, key) for each in value]))
            case _:
                return of_plain(value)

    def _of_text(self, text: str, key: str) -> Shape:
        try:
            found = pieces(text)
        except Rejected:
            return ANYTHING
        if len(found) == 1 and not isinstance(found[0], str):
            return self.of_source(found[0].text, key)
        return TEXT

    def of_source(self, source: str, key: str) -> Shape:
        """Return what CEL gives in step `key`."""
        path = chain(source)
        if path:
            return self.of_path(path, key) or ANYTHING
        if self._expressions.fault(source):
            return ANYTHING
        return Shape(cast(Kind, self._expressions.kind(source)))

    def of_path(self, path: tuple[str | int, ...], key: str) -> Shape | None:
        """Return what stands at the end of a chain of names, or None where there is nothing."""
        root, rest = path[0], path[1:]
        match root:
            case "inputs":
                return at(self.inputs, rest)
            case "run":
                return at(RUN, rest)
            case "index":
                return at(WHOLE, rest)
            case "steps":
                return self._of_step(rest)
            case "item" if key:
                return at(self.item_of(key), rest)
            case "output" | "previous" if key:
                return at(self.round_of(key), rest)
            case _:
                return ANYTHING

    def _of_step(self, path: tuple[str | int, ...]) -> Shape | None:
        if len(path) < 2 or path[0] not in self.definition.steps:
            return ANYTHING
        key, member, rest = str(path[0]), path[1], path[2:]
        match member:
            case "output":
                return at(self.output_of(key), rest)
            case "state" | "error":
                return at(TEXT, rest)
            case "findings":
                return at(Shape("list", items=ANYTHING), rest)
            case "artifacts":
                return at(ARTIFACT, rest[1:]) if rest else Shape("object")
            case _:
                return None


def chain(source: str) -> tuple[str | int, ...]:
    """Return the names and places that an expression consists of, if that is all it is."""
    if not _CHAIN.fullmatch(source):
        return ()
    found = references_in(source)
    return found[0].path if len(found) == 1 else ()


def is_plain_chain(source: str) -> bool:
    """Whether an expression is a chain of names that certainly compiles, without trying it."""
    return bool(chain(source)) and not RESERVED & set(_WORD.findall(source))


def of_plain(value: Any) -> Shape:
    """Return what a plain value looks like."""
    match value:
        case None:
            return Shape("null")
        case bool():
            return Shape("boolean")
        case str():
            return TEXT
        case int():
            return WHOLE
        case float():
            return Shape("number")
        case list():
            return Shape("list", items=joined([of_plain(each) for each in value]))
        case _:
            return closed({name: of_plain(each) for name, each in value.items()})


def joined(shapes: list[Shape]) -> Shape | None:
    """Return what all of several values look like; None where there are none."""
    if not shapes:
        return None
    first = shapes[0]
    if all(each == first for each in shapes):
        return first
    kinds = {each.kind for each in shapes}
    if kinds == {"integer", "number"}:
        return Shape("number")
    if kinds == {"object"}:
        return _joined_objects(shapes)
    return Shape(first.kind) if len(kinds) == 1 else ANYTHING


def _joined_objects(shapes: list[Shape]) -> Shape:
    fields: dict[str, Shape] = {}
    for name in dict.fromkeys(name for each in shapes for name in each.fields):
        having = [each.fields[name] for each in shapes if name in each.fields]
        field = joined(having) or ANYTHING
        is_sure = len(having) == len(shapes) and field.required
        fields[name] = Shape(
            field.kind, field.fields, field.items, is_sure, field.description, field.open
        )
    return Shape("object", fields, open=any(each.open for each in shapes))
