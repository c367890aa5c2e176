"""Resolves `{{ }}` in texts of Argo."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from missioncontrol.adapters.workflow_files.argo.parts import Part, handed_back
from missioncontrol.adapters.workflow_files.foreign.cel import Unclear, Value, member, quoted
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling, as_text_template

Parts = list[str | Filling]
"""A text, with a filling where a value is put in."""

PARTS_MAX = 1_000
LENGTH_MAX = 200_000
"""Parameters may be made of parameters; what they come to must not grow without end."""

_HOLE = re.compile(r"\{\{([^{}]*)\}\}")
WHY = {
    "workflow": "Argo knows it, and nothing here does.",
    "pod": "There is no pod here.",
    "node": "There is no pod here.",
    "retries": "A step does not know here how often it was tried.",
    "lastRetry": "A step does not know here how it failed before.",
    "tasks": "That task hands back nothing of the kind here.",
    "steps": "That step hands back nothing of the kind here.",
    "inputs": "The template is given nothing of that name.",
    "outputs": "Files of a container are not stored here.",
    "item": "An item is known only in what is done for it.",
    "cronworkflow": "A schedule is no part of a workflow here.",
}


def no_task(_name: str) -> Part | None:
    """Find no task: there is none before."""
    return None


class Binding(msgspec.Struct):
    """What a parameter of a template was given; it is read once something asks for it."""

    text: Node  # with names that mean something in `scope`
    scope: "Scope"
    names: tuple[Node, ...]  # where the parameter is named
    parts: Parts | None = None  # once they were read: a parameter may be named very often

    def read(self, listing: LeftOut) -> Parts:
        """Return the text, and say that it is carried over."""
        if self.parts is None:
            self.parts = self._read(listing)
        return self.parts

    def _read(self, listing: LeftOut) -> Parts:
        for node in self.names:
            node.carry()
        parts = self.scope.filled(self.text.text)
        lost = unclear_in(parts)
        if lost is not None:
            listing.leave(self.text, lost.why)
        else:
            list_lost_values(parts, self.text.carry(), listing)
        return parts


class Scope(msgspec.Struct):
    """What names stand for in one use of one template."""

    inputs: Mapping[str, Value]  # of the workflow, by the parameter's name
    listing: LeftOut
    bound: dict[str, Binding | Parts] = {}  # parameters of the template
    earlier: Callable[[str], Part | None] = no_task  # finds a task that this one waits for
    has_items: bool = False
    status: Value | None = None  # of the whole workflow, where it has ended

    def filled(self, text: str) -> Parts:
        """Split `text` at its names; what a parameter is bound to stands in its place."""
        parts: Parts = []
        at = 0
        for found in _HOLE.finditer(text):
            if found.start() > at:
                parts.append(text[at : found.start()])
            parts += self._named(found[1].strip(), found.start())
            at = found.end()
        if at < len(text):
            parts.append(text[at:])
        if len(parts) > PARTS_MAX or sum(map(_length, parts)) > LENGTH_MAX:
            why = "With its parameters filled in it is longer than any argument may be."
            return [Filling("...", None, why)]
        return parts

    def _named(self, expression: str, offset: int) -> Parts:
        bound = re.fullmatch(r"inputs\.parameters\.(.+)", expression)
        if bound and bound[1] in self.bound:
            parts = self.bound[bound[1]]
            parts = parts.read(self.listing) if isinstance(parts, Binding) else parts
            return [_moved(part, offset) for part in parts]
        try:
            value = self._value(expression)
        except Unclear as unclear:
            why = f"`{{{{{expression}}}}}` has no value here. {unclear}"
            return [Filling(expression, None, why, offset=offset)]
        is_number = value.source == "run.id"
        remark = f"`{{{{{expression}}}}}` is the number of the run here." if is_number else ""
        return [Filling(expression, value, remark, offset=offset)]

    def _value(self, expression: str) -> Value:
        path = expression.split(".")
        match path:
            case ["workflow", "parameters", name] if name in self.inputs:
                return self.inputs[name]
            case ["workflow", "name" | "uid"]:
                return Value("run.id", "string")
            case ["workflow", "status"] if self.status is not None:
                return self.status
            case ["item", *names] if self.has_items and len(names) < 2:
                return Value(member("item", names[0]) if names else "item")
            case ["tasks" | "steps", name, *names] if (part := self.earlier(name)) is not None:
                return handed_back(part, names)
        if expression[:1] == "=":
            raise Unclear("Its language is not that of conditions here.")
        raise Unclear(WHY.get(path[0], "It is not known."))


def _length(part: str | Filling) -> int:
    return len(part) if isinstance(part, str) else 0


def _moved(part: str | Filling, offset: int) -> str | Filling:
    return part if isinstance(part, str) else msgspec.structs.replace(part, offset=offset)


def unclear_in(parts: Sequence[str | Filling]) -> Filling | None:
    """Return the first place that has no value."""
    lost = (part for part in parts if isinstance(part, Filling) and part.value is None)
    return next(lost, None)


def list_lost_values(parts: Sequence[str | Filling], node: Node, listing: LeftOut) -> None:
    """List what values mean no more, though they are carried over."""
    for part in parts:
        if isinstance(part, Filling) and part.value is not None and part.why:
            listing.note(node, part.why, line_in(node, part.offset))


def line_in(node: Node, offset: int) -> int:
    """Return the line of the file on which the character at `offset` of a text stands."""
    return node.text_line + (node.text.count("\n", 0, offset) if node.style == "|" else 0)


def template_of(parts: Sequence[str | Filling]) -> str:
    """Return a text of ours; every place in it has a value."""
    values = (part if isinstance(part, str) else part.value for part in parts)
    return as_text_template([value for value in values if value is not None])


def text_of(parts: Sequence[str | Filling]) -> Value:
    """Return the one expression that a text comes to.

    Raises:
        Unclear: a place in it has no value.
    """
    lost = unclear_in(parts)
    if lost is not None:
        raise Unclear(lost.why)
    fillings = [part for part in parts if isinstance(part, Filling)]
    if not fillings:
        text = "".join(str(part) for part in parts)
        return Value(quoted(text), "string", (text,))
    if len(parts) == 1 and fillings[0].value is not None:
        return fillings[0].value
    sources = [
        quoted(part) if isinstance(part, str) else _as_text(part.value)
        for part in parts
        if isinstance(part, str) or part.value is not None
    ]
    return Value(" + ".join(sources), "string", tight=False)


def _as_text(value: Value | None) -> str:
    assert value is not None, "what is lost was refused before"
    return value.guarded if value.kind == "string" else f"string({value.source})"
