"""Workflow files in short, and what is wrong with them."""

from collections.abc import Mapping
from textwrap import dedent

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.reader import read, read_all
from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.definition import Definition, compiled, faults
from missioncontrol.domain.definition.calls import Library
from missioncontrol.domain.step import Spending, Step

TEXT = Shape("string")


def shape(**fields: Shape) -> Shape:
    """Return an object with these fields and no others."""
    return Shape("object", fields, open=False)


def maybe(kind: Shape) -> Shape:
    """Return a shape that may be left out."""
    return Shape(kind.kind, kind.fields, kind.items, required=False)


CARDS = {
    card.name: card
    for card in (
        AgentCard(
            "reader",
            capabilities=("read",),
            inputs=shape(
                path=Shape("path"),
                depth=maybe(Shape("integer")),
                tags=maybe(Shape("list", items=TEXT)),
            ),
            output=shape(
                names=Shape("list", items=TEXT),
                count=Shape("integer"),
                good=Shape("boolean"),
                rows=Shape("list", items=shape(name=TEXT, size=Shape("integer"))),
                any=Shape("any"),
            ),
            artifacts=("read.json",),
            from_run=("path",),
        ),
        AgentCard(
            "changer",
            capabilities=("change", "read"),
            inputs=Shape("object"),
            output=shape(changed=Shape("boolean")),
            risk="write",
        ),
        AgentCard(
            "thinker",
            capabilities=("think",),
            inputs=shape(question=TEXT),
            output=shape(answer=TEXT),
            spending=Spending("m", 1000, 500),
        ),
        AgentCard(
            "asker",
            inputs=shape(
                who=shape(name=TEXT, age=maybe(Shape("integer"))),
                more=maybe(Shape("object")),
                rows=maybe(Shape("list", items=shape(size=Shape("number")))),
            ),
        ),
        AgentCard("chooser", inputs=shape(form=Shape("string", enum=("json", "text")))),
        AgentCard("command", kind="command", inputs=Shape("object", {"argv": Shape("list")})),
    )
}
EXPRESSIONS = CelExpressions()


def file(text: str, name: str = "tidy") -> str:
    """Return a workflow file; without `steps:` at the beginning of a line, `text` is the steps."""
    body = dedent(text).strip("\n")
    if not any(line.startswith("steps:") for line in body.splitlines()):
        body = "steps:\n" + "\n".join(f"  {line}" for line in body.splitlines())
    return f"name: {name}\n{body}\n"


def library(*definitions: Definition) -> Library:
    """Return saved workflows; the last with a name is the newest."""
    found: dict[tuple[str, int | None], Definition] = {}
    for each in definitions:
        found[each.name, each.version] = found[each.name, None] = each
    return lambda name, version: found.get((name, version))


NOTHING = library()


def wrong(text: str, found: Library = NOTHING, cards: Mapping[str, AgentCard] = CARDS) -> list[str]:
    """Return what is wrong with a file: `LINE: thing: message hint`."""
    definition, marks, messages = read_all(text, "f.yaml")
    everything = faults(definition, marks, cards, EXPRESSIONS, found, found=messages)
    return [fault.describe("f").removeprefix("f:") for fault in everything]


def defined(text: str, name: str = "tidy", found: Library = NOTHING) -> Definition:
    """Return what a file without faults defines."""
    assert wrong(file(text, name), found) == []
    return read(file(text, name), "f.yaml")[0]


def steps(text: str, found: Library = NOTHING) -> dict[str, Step]:
    """Return the steps of a run of a file without faults."""
    made = compiled(defined(text, found=found), cards=CARDS, library=found)
    return {step.key: step for step in made}
