"""Draws what an item of memory shares with others: the item, what is shared, the others."""

from collections.abc import Sequence
from typing import NamedTuple

from missioncontrol.application.queries.memory import ItemDetail, NearView
from missioncontrol.documents.figures import counted
from missioncontrol.drawing import text

SHOWN_MAX = 12
ROW, TOP, WIDTH = 44, 22, 1062
SHARED_MAX = 10
PADDING = 10


class Dot(NamedTuple):
    """A box of the drawing."""

    x: int
    y: int
    width: int
    text: str
    kind: str
    href: str  # "" where it leads nowhere

    @property
    def shown(self) -> str:
        """As much of its text as there is room for."""
        return text.cut(self.text, self.width - 2 * PADDING)


class Line(NamedTuple):
    """A line between two boxes, as a path."""

    d: str


class Drawing(NamedTuple):
    """All of it, in pixels; `said` describes it for screen readers."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    said: str
    left_out: int


LEFT, MIDDLE, RIGHT = (1, 290), (360, 280), (710, 350)


def drawing(detail: ItemDetail) -> Drawing | None:
    """Return the link graph of an item; None where it shares nothing with others."""
    near = detail.near[:SHOWN_MAX]
    shared = _shared(near)[:SHARED_MAX]
    if not near or not shared:
        return None
    rows = max(len(near), len(shared))
    height = rows * ROW + 2 * TOP
    own = Dot(LEFT[0], height // 2, LEFT[1], detail.item.title, detail.item.kind, "")
    middle = [
        Dot(MIDDLE[0], _y(number, len(shared), height), MIDDLE[1], name, "shared", "")
        for number, name in enumerate(shared)
    ]
    others = [
        Dot(
            RIGHT[0],
            _y(number, len(near), height),
            RIGHT[1],
            each.item.title,
            each.item.kind,
            f"/memory/{each.item.id}",
        )
        for number, each in enumerate(near)
    ]
    by_name = {dot.text: dot for dot in middle}
    lines = [_line(own, dot) for dot in middle]
    for each, dot in zip(near, others, strict=True):
        lines += [_line(by_name[name], dot) for name in _names(each) if name in by_name]
    things = counted(len(shared), "file or mission", "files or missions")
    names = f"“{detail.item.title}” shares {things} with {counted(len(near), 'item')}."
    left_out = len(detail.near) - len(near)
    return Drawing(WIDTH, height, (own, *middle, *others), tuple(lines), names, left_out)


def _names(near: NearView) -> tuple[str, ...]:
    return (*near.files, *(("the same mission",) if near.is_same_mission else ()))


def _shared(near: Sequence[NearView]) -> list[str]:
    """Return what is shared, most often first."""
    counts: dict[str, int] = {}
    for each in near:
        for name in _names(each):
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))


def _y(number: int, count: int, height: int) -> int:
    return round(height * (number + 0.5) / count)


def _line(one: Dot, other: Dot) -> Line:
    start, end = one.x + one.width, other.x
    bend = (end - start) // 2
    return Line(f"M{start} {one.y}C{start + bend} {one.y} {end - bend} {other.y} {end} {other.y}")
