"""The drawings of a report: within its page, each box leading to its words, task or decision."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from missioncontrol.documents.anchors import Places
from missioncontrol.documents.drawing.blueprint import BlueprintText, blueprint_text
from missioncontrol.documents.drawing.diagrams import Diagram, Place, diagrams, places
from missioncontrol.documents.drawing.material import Material
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.record import MissionRecord
from missioncontrol.drawing.model import Link, word_of
from missioncontrol.drawing.svg import Style, svg

STYLE = Path(__file__).parent.parent / "templates" / "drawing.css"
LEFT_TO_THE_PLAN = frozenset({"tasks"})
"""The report draws the plan with its own states."""


class Shown(NamedTuple):
    """A diagram in the report."""

    kind: str
    title: str
    said: str
    svg: Markup | None
    rows: tuple[tuple[str, Place, str], ...]  # id, box, and where it leads in the report


class Drawings(NamedTuple):
    """All drawings, with their sentences."""

    shown: tuple[Shown, ...]
    missing: tuple[Diagram, ...]  # that a specialist has looked for, and that has nothing to draw
    text: BlueprintText
    word_of: Callable[..., str] = word_of

    @property
    def draws_modules(self) -> bool:
        """Whether the modules are among them, which an artifact shows too."""
        return any(each.kind == "as-is" for each in self.shown)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        text = self.text
        return not (self.shown or text.foundation or text.shape or text.operating)


def report_drawings(record: MissionRecord, where: Places, read_artifact: ReadArtifact) -> Drawings:
    """Return what the report shows; the same record gives the same drawings."""
    material = Material(record, read_artifact)
    found = [each for each in diagrams(material) if each.kind not in LEFT_TO_THE_PLAN]
    shown = tuple(_shown(each, material, where) for each in found if each.graph is not None)
    looked = material.blueprint is not None
    missing = tuple(each for each in found if each.graph is None and looked)
    return Drawings(shown, missing, blueprint_text(material))


@cache
def style() -> str:
    """Return the rules for drawings inside a page."""
    return STYLE.read_text(encoding="utf-8")


def _shown(found: Diagram, material: Material, where: Places) -> Shown:
    assert found.graph is not None
    rows = tuple(
        (f"box-{found.kind}-{number}", place, _place(place.node.link, where))
        for number, place in enumerate(places(found, material), start=1)
    )
    by_link: dict[Link, str] = {}
    for name, place, there in rows:
        if place.node.link is not None:
            by_link.setdefault(place.node.link, there or name)

    def href(link: Link) -> str:
        return f"#{by_link[link]}" if link in by_link else ""

    written = svg(found.graph, Style(is_file=False, href=href, prefix=f"drawing-{found.kind}"))
    # Every text in it was escaped where it was written.
    picture = Markup(written)  # noqa: S704
    return Shown(found.kind, found.title, found.said, picture, rows)


def _place(link: Link | None, where: Places) -> str:
    """Return the id of the task, decision or requirement; "" for code, which has a row."""
    if link is None:
        return ""
    known = {
        "task": where.tasks,
        "decision": where.decisions,
        "requirement": where.requirements,
    }
    return known.get(link.to, {}).get(link.key, "")
