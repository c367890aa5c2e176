"""The diagrams and the blueprint of a mission, as pages and the API tell of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.application.read_model import Present
from missioncontrol.application.render_queue import order_of, render_queue_of
from missioncontrol.documents.drawing.blueprint import BlueprintText, blueprint_text
from missioncontrol.documents.drawing.diagrams import (
    Diagram,
    Place,
    diagram,
    diagrams,
    drawn,
    file_svg,
    mermaid_text,
    places,
)
from missioncontrol.documents.drawing.material import Material
from missioncontrol.documents.printing.diagrams import png_of

AT_HAND_MAX = 16
"""Blueprints in the cache; one is some hundred kB."""

Form = Literal["json", "svg", "png", "mermaid"]
MEDIA_TYPES: dict[Form, str] = {
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "mermaid": "text/vnd.mermaid",
}
ENDINGS: dict[Form, str] = {"json": "json", "svg": "svg", "png": "png", "mermaid": "mmd"}


class DiagramLine(msgspec.Struct, frozen=True):
    """A diagram in a list."""

    kind: str
    title: str
    said: str  # what it shows and leaves out; where there is nothing to draw, why
    nodes: int  # 0 where there is nothing to draw
    edges: int


class BlueprintView(msgspec.Struct, frozen=True):
    """The blueprint of a mission, in words and in diagrams."""

    mission: str
    run: str
    text: BlueprintText
    diagrams: tuple[Diagram, ...]
    places: dict[str, tuple[Place, ...]]  # the boxes of each kind of diagram, in words


_at_hand: "WeakKeyDictionary[Present, OrderedDict[tuple[str, str], BlueprintView]]" = (
    WeakKeyDictionary()
)


async def blueprint(present: Present, story: RunReport) -> BlueprintView:
    """Return the blueprint of a run; it is made again only where the run has gone on."""
    cache = _at_hand.setdefault(present, OrderedDict())
    key = story.state.id, story.version
    found = cache.get(key)
    if found is None:
        found = await asyncio.to_thread(_made, story, present.artifacts.get)
        cache[key] = found
        while len(cache) > AT_HAND_MAX:
            cache.popitem(last=False)
    cache.move_to_end(key)
    return found


def _made(story: RunReport, read: Callable[[str], bytes]) -> BlueprintView:
    material = Material(story.reading.record, read)
    found = diagrams(material)
    words = {each.kind: tuple(places(each, material)) for each in found}
    return BlueprintView(story.mission.id, story.state.id, blueprint_text(material), found, words)


def lines(view: BlueprintView) -> list[DiagramLine]:
    """Return the diagrams as lines of a list."""
    return [
        DiagramLine(
            each.kind,
            each.title,
            each.said,
            len(each.graph.nodes) if each.graph else 0,
            len(each.graph.edges) if each.graph else 0,
        )
        for each in view.diagrams
    ]


async def file_of(present: Present, story: RunReport, kind: str, form: Form, asker: str) -> bytes:
    """Return a diagram as a file; a PNG is printed in the row of `asker`.

    Raises:
        Busy: as `Pressroom.printed`.
        NotFound: `diagram.unknown`; `diagram.empty`, where there is nothing to draw.
    """

    def made() -> bytes:
        return _file(story, present.artifacts.get, kind, form)

    if form == "png":
        key = order_of("diagram", kind, story.state.id, story.version)
        return await render_queue_of(present).printed(key, asker, made)
    return await asyncio.to_thread(made)


def _file(story: RunReport, read: Callable[[str], bytes], kind: str, form: Form) -> bytes:
    found = diagram(Material(story.reading.record, read), kind)
    if form == "json":
        return msgspec.json.encode(found)
    graph = drawn(found)
    if form == "mermaid":
        return mermaid_text(graph).encode()
    svg = file_svg(graph)
    return png_of(svg) if form == "png" else svg.encode()
