"""Writes a laid-out graph as SVG that can be read aloud, walked by keyboard, printed and themed.

On a page it has classes only: the style sheet of the page colours it, and a strict content policy
allows it. As a file it brings its colours as attributes, and those of the dark theme as a style.
"""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise

import msgspec

from missioncontrol.domain.visible import visible
from missioncontrol.drawing import text
from missioncontrol.drawing.layout import (
    LINE,
    PADDING,
    ROW,
    Box,
    Frame,
    Layout,
    Point,
    Wire,
    laid_out,
)
from missioncontrol.drawing.model import Graph, Link, Node, word_of
from missioncontrol.drawing.palette import DARK, LIGHT, Palette

NAMESPACE = "http://www.w3.org/2000/svg"
MARGIN = 20.0
WIDTH_MIN = 560.0
TITLE = 15.0
"""Pixels of the font of the title."""

Href = Callable[[Link], str]
"""Returns the address that a link leads to; "" where it leads nowhere here."""

SANS = "Inter, system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif"
SIGNS = {"new": "+", "changed": "~"}
LEGEND = {
    "new": "+ new by the plan",
    "changed": "~ changed by the plan",
    "goal": "holds what the goal is about",
    "cycle": "part of an import cycle",
}
STROKES = {
    "planned": "not there yet",
    "loose": "not while loading",
    "cycle": "closes a circle",
}


class Style(msgspec.Struct, frozen=True):
    """How a drawing is written."""

    is_file: bool = True
    href: Href = lambda link: ""
    prefix: str = "d"  # of ids, so that a page can hold several drawings


def svg(graph: Graph, style: Style | None = None) -> str:
    """Return a graph as SVG; the same graph gives the same text."""
    return written(laid_out(graph), style or Style())


def written(layout: Layout, style: Style) -> str:
    """Return a layout as SVG."""
    return _Writing(layout, style).text()


def _looks(palette: Palette) -> dict[str, dict[str, str]]:
    """Return the attributes of each class in one theme."""
    p = palette
    return {
        "d-page": {"fill": p.page},
        "d-frame": {"fill": p.frame, "stroke": p.frame_line},
        "d-head": {"fill": p.note},
        "d-title": {"fill": p.text},
        "d-box": {"fill": p.box, "stroke": p.line},
        "d-new": {"stroke": p.new},
        "d-changed": {"stroke": p.changed},
        "d-goal": {"stroke": p.goal, "fill": p.goal_fill},
        "d-cycle": {"stroke": p.cycle},
        "d-sign": {"fill": p.box, "stroke": p.new},
        "d-sign-changed": {"fill": p.box, "stroke": p.changed},
        "d-sign-t": {"fill": p.new},
        "d-sign-t-changed": {"fill": p.changed},
        "d-line": {"stroke": p.line},
        "d-name": {"fill": p.text},
        "d-note": {"fill": p.note},
        "d-wire": {"stroke": p.wire},
        "d-wire-planned": {"stroke": p.new},
        "d-wire-loose": {"stroke": p.wire},
        "d-wire-cycle": {"stroke": p.cycle},
        "d-tip": {"fill": p.wire},
        "d-tip-planned": {"fill": p.new},
        "d-tip-loose": {"fill": p.wire},
        "d-tip-cycle": {"fill": p.cycle},
        "d-said": {"fill": p.note, "stroke": p.page},
    }


_FIXED: dict[str, dict[str, str]] = {
    "d-frame": {"stroke-width": "1"},
    "d-title": {"font-size": "15", "font-weight": "600"},
    "d-head": {"font-size": "11", "font-weight": "600"},
    "d-box": {"stroke-width": "1"},
    "d-new": {"stroke-width": "2.5"},
    "d-changed": {"stroke-width": "2.5", "stroke-dasharray": "7 3"},
    "d-goal": {"stroke-width": "2"},
    "d-cycle": {"stroke-width": "1.5", "stroke-dasharray": "3 2"},
    "d-name": {"font-size": "12", "font-weight": "500"},
    "d-note": {"font-size": "11"},
    "d-sign-t": {"font-size": "12", "font-weight": "700"},
    "d-sign-t-changed": {"font-size": "12", "font-weight": "700"},
    "d-line": {"fill": "none"},
    "d-wire": {"fill": "none", "stroke-width": "1.1"},
    "d-wire-planned": {"fill": "none", "stroke-width": "1.6", "stroke-dasharray": "6 3"},
    "d-wire-loose": {"fill": "none", "stroke-width": "1.1", "stroke-dasharray": "2 3"},
    "d-wire-cycle": {"fill": "none", "stroke-width": "1.5"},
    "d-said": {"font-size": "11", "paint-order": "stroke", "stroke-width": "4"},
}
"""What is the same in both themes; shapes and dashes carry what colours say."""


def _dark_style() -> str:
    """Return the rules of the dark theme; on paper a drawing stays light."""
    rules = "".join(
        f".{name}{{{';'.join(f'{key}:{value}' for key, value in look.items())}}}"
        for name, look in _looks(DARK).items()
    )
    return f"<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style>"


class _Writing:
    """One drawing being written."""

    def __init__(self, layout: Layout, style: Style) -> None:
        self.layout = layout
        self.graph = layout.graph
        self.style = style
        self._light = _looks(LIGHT)
        self.legend = list(_legend(layout.graph))
        words = text.width(self.graph.title, TITLE, bold=True)
        self.width = round(max(layout.width, WIDTH_MIN if style.is_file else 0, words) + 2 * MARGIN)
        summary = self.graph.said if style.is_file else ""
        self.summary = (
            text.wrapped(summary, self.width - 2 * MARGIN, 6, text.SMALL) if summary else ()
        )
        self.head = 24 + 16 * len(self.summary) + 10 if style.is_file else 0
        rows = self._legend_rows()
        self.height = round(self.head + layout.height + 2 * MARGIN + 22 * len(rows))
        self.legend_rows = rows

    def text(self) -> str:
        graph, prefix = self.graph, self.style.prefix
        links = any(self._address(box.node) for box in self.layout.boxes)
        title, summary = self._plain(graph.title), self._plain(graph.said)
        role = "group" if links else "img"
        size = f'width="{self.width}" height="{self.height}"'
        size += f' viewBox="0 0 {self.width} {self.height}"'
        named = f'aria-labelledby="{prefix}-t {prefix}-d"{self._font()}'
        parts = [
            f'<svg xmlns="{NAMESPACE}" class="drawing" {size} role="{role}" {named}>',
            f'<title id="{prefix}-t">{title}</title><desc id="{prefix}-d">{summary}</desc>',
            *self._heading(),
            f'<g transform="translate({self._left():.1f} {MARGIN + self.head:.1f})">',
            *(self._frame(each) for each in self.layout.frames),
            *(self._wire(each) for each in self._faint_first()),
            *(self._box(each) for each in self.layout.boxes),
            *(self._label_text(each) for each in self.layout.wires if each.label),
            "</g>",
            *self._legend(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _left(self) -> float:
        if not self.style.is_file:
            return MARGIN
        return MARGIN + max((self.width - 2 * MARGIN - self.layout.width) / 2, 0)

    def _font(self) -> str:
        return f' font-family="{SANS}"' if self.style.is_file else ""

    @staticmethod
    def _plain(words: str) -> str:
        return escape(visible(words))

    def _look(self, *names: str) -> str:
        """Return the class, and as a file the attributes of the last class that says each."""
        attributes = f'class="{" ".join(names)}"'
        if not self.style.is_file:
            return attributes
        found: dict[str, str] = {}
        for name in names:
            found |= _FIXED.get(name, {}) | self._light.get(name, {})
        return attributes + "".join(f' {key}="{value}"' for key, value in found.items())

    def _heading(self) -> Iterator[str]:
        if not self.style.is_file:
            return
        yield _dark_style()
        size = f'width="{self.width}" height="{self.height}"'
        yield f"<rect {self._look('d-page')} {size}/>"
        title = self._plain(text.cut(self.graph.title, self.width - 2 * MARGIN, TITLE, bold=True))
        yield f'<text {self._look("d-title")} x="{MARGIN:.0f}" y="{MARGIN + 14:.0f}">{title}</text>'
        for number, line in enumerate(self.summary):
            y = MARGIN + 34 + number * 16
            words = self._plain(line)
            yield f'<text {self._look("d-note")} x="{MARGIN:.0f}" y="{y:.0f}">{words}</text>'

    def _frame(self, frame: Frame) -> str:
        place = _place(frame.x, frame.y, frame.width, frame.height)
        title = self._plain(text.cut(frame.group.title, frame.width - 16, text.SMALL, bold=True))
        return (
            f'<rect {self._look("d-frame")} {place} rx="6"/><text {self._look("d-head")} '
            f'x="{frame.x + 10:.1f}" y="{frame.y + 15:.1f}">{title}</text>'
        )

    def _faint_first(self) -> list[Wire]:
        weight = {"loose": 0, "plain": 1, "cycle": 2, "planned": 3}
        return sorted(self.layout.wires, key=lambda wire: weight[wire.edge.stroke])

    def _wire(self, wire: Wire) -> str:
        stroke = wire.edge.stroke
        name = "d-wire" if stroke == "plain" else f"d-wire-{stroke}"
        tip = "d-tip" if stroke == "plain" else f"d-tip-{stroke}"
        path = _path(wire.points, is_down=self.graph.direction == "down")
        head = _head(wire.points)
        why = "; ".join(part for part in (wire.edge.label, wire.edge.because) if part)
        title = f"<title>{self._plain(why)}</title>" if why else ""
        return (
            f'<g>{title}<path {self._look(name)} d="{path}"/>'
            f'<path {self._look(tip)} d="{head}"/></g>'
        )

    def _label_text(self, wire: Wire) -> str:
        x, y = wire.label_at
        words = self._plain(wire.label)
        return f'<text {self._look("d-said")} x="{x:.1f}" y="{y:.1f}">{words}</text>'

    def _address(self, node: Node) -> str:
        return self.style.href(node.link) if node.link is not None else ""

    def _box(self, box: Box) -> str:
        node = box.node
        words = ", ".join([node.label, word_of(node), *([node.note] if node.note else [])])
        tip = f"{words}. {node.detail}" if node.detail else words
        inside = "".join(
            [
                f"<title>{self._plain(tip)}</title>",
                self._shape(box),
                *self._words(box),
                *self._rows(box),
                self._sign(box),
            ]
        )
        address = self._address(node)
        if not address:
            return f'<g class="d-node">{inside}</g>'
        return f'<a class="d-node" href="{self._plain(address)}">{inside}</a>'

    def _shape(self, box: Box) -> str:
        node = box.node
        look = self._look("d-box", *([f"d-{node.mark}"] if node.mark else []))
        place = _place(box.x, box.y, box.width, box.height)
        x, y, wide, high = box.x, box.y, box.width, box.height
        if node.kind == "store" and not node.rows:
            arc = f"A{wide / 2:.1f} 6 0 0"
            body = (
                f"M{x:.1f} {y + 6:.1f}{arc} 1 {x + wide:.1f} {y + 6:.1f}V{y + high - 6:.1f}"
                f"{arc} 1 {x:.1f} {y + high - 6:.1f}Z"
            )
            lid = f"M{x:.1f} {y + 6:.1f}{arc} 0 {x + wide:.1f} {y + 6:.1f}"
            return f'<path {look} d="{body}"/><path {self._look("d-line")} d="{lid}"/>'
        if node.kind == "entry":
            point = f"H{x + wide - 9:.1f}L{x + wide:.1f} {y + high / 2:.1f}"
            body = f"M{x:.1f} {y:.1f}{point}L{x + wide - 9:.1f} {y + high:.1f}H{x:.1f}Z"
            return f'<path {look} d="{body}"/>'
        round_by = {"actor": high / 2, "ask": 11.0, "more": high / 2}.get(node.kind, 4.0)
        shape = f'<rect {look} {place} rx="{round_by:.1f}"/>'
        if node.kind == "external":
            inner = _place(x + 3, y + 3, wide - 6, high - 6)
            shape += f'<rect {self._look("d-line")} {inner} rx="2"/>'
        if node.kind in ("service", "job"):
            bar = f"M{x + 5:.1f} {y + 1:.1f}V{y + high - 1:.1f}"
            shape += f'<path {self._look("d-line")} d="{bar}"/>'
        return shape

    def _words(self, box: Box) -> Iterator[str]:
        middle = box.x + box.width / 2
        y = box.y + 8 + LINE - 4 + (7 if box.node.kind == "store" else 0)
        for line in box.lines:
            place = f'x="{middle:.1f}" y="{y:.1f}" text-anchor="middle"'
            yield f"<text {self._look('d-name')} {place}>{self._plain(line)}</text>"
            y += LINE
        if box.note:
            place = f'x="{middle:.1f}" y="{y - 1:.1f}" text-anchor="middle"'
            yield f"<text {self._look('d-note')} {place}>{self._plain(box.note)}</text>"

    def _rows(self, box: Box) -> Iterator[str]:
        if not box.node.rows:
            return
        count = len(box.node.rows) - box.rows_left_out
        at = box.y + box.height - 8 - ROW * (count + bool(box.rows_left_out))
        rule = f"M{box.x:.1f} {at - 2:.1f}H{box.x + box.width:.1f}"
        yield f'<path {self._look("d-line")} d="{rule}"/>'
        left, right = box.x + PADDING, box.x + box.width - PADDING
        for row in box.node.rows[:count]:
            at += ROW
            sign = {"key": "# ", "reference": "→ "}.get(row.mark, "")
            y = f'y="{at - 4:.1f}"'
            kind = text.cut(row.kind, box.width / 2, text.SMALL)
            room = box.width - 2 * PADDING - text.width(kind, text.SMALL) - 8
            name = self._plain(text.cut(sign + row.name, room, text.SMALL))
            yield f'<text {self._look("d-note", "d-name-s")} x="{left:.1f}" {y}>{name}</text>'
            if kind:
                end = f'x="{right:.1f}" {y} text-anchor="end"'
                yield f"<text {self._look('d-note')} {end}>{self._plain(kind)}</text>"
        if box.rows_left_out:
            y = f'y="{at + ROW - 4:.1f}"'
            words = f"and {box.rows_left_out} more"
            yield f'<text {self._look("d-note")} x="{left:.1f}" {y}>{words}</text>'

    def _sign(self, box: Box) -> str:
        """Draw + or ~ on the corner, so that no mark depends on its colour alone."""
        sign = SIGNS.get(box.node.mark, "")
        if not sign:
            return ""
        ending = "" if box.node.mark == "new" else "-changed"
        x, y = box.x + box.width - 4, box.y + 2
        place = f'x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle"'
        return (
            f'<circle {self._look(f"d-sign{ending}")} cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
            f"<text {self._look(f'd-sign-t{ending}')} {place}>{sign}</text>"
        )

    def _legend_rows(self) -> list[list[tuple[str, str, float]]]:
        rows: list[list[tuple[str, str, float]]] = []
        at = float(self.width)
        for name, words in self.legend:
            wide = 30 + text.width(words, text.SMALL) + 22
            if not rows or at + wide > self.width - MARGIN:
                rows.append([])
                at = MARGIN
            rows[-1].append((name, words, at))
            at += wide
        return rows

    def _legend(self) -> Iterator[str]:
        y = self.height - 22 * len(self.legend_rows)
        for row in self.legend_rows:
            for name, words, x in row:
                yield self._sample(name, x, y)
                place = f'x="{x + 30:.1f}" y="{y + 4:.1f}"'
                yield f"<text {self._look('d-note')} {place}>{words}</text>"
            y += 22

    def _sample(self, name: str, x: float, y: float) -> str:
        if name in LEGEND:
            place = _place(x, y - 7, 22, 13)
            return f'<rect {self._look("d-box", f"d-{name}")} {place} rx="3"/>'
        return f'<path {self._look(f"d-{name}")} d="M{x:.1f} {y:.1f}h22"/>'


def _legend(graph: Graph) -> Iterator[tuple[str, str]]:
    marks = {node.mark for node in graph.nodes}
    strokes = {edge.stroke for edge in graph.edges}
    yield from ((name, words) for name, words in LEGEND.items() if name in marks)
    yield from ((f"wire-{name}", words) for name, words in STROKES.items() if name in strokes)


def _place(x: float, y: float, width: float, height: float) -> str:
    return f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'


def _path(points: Sequence[Point], *, is_down: bool) -> str:
    """Bend smoothly in the gaps; everything else is straight."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x0 - x1) < 0.05 or abs(y0 - y1) < 0.05:
            path += f"L{x1:.1f} {y1:.1f}"
        elif is_down:
            half = (y0 + y1) / 2
            path += f"C{x0:.1f} {half:.1f} {x1:.1f} {half:.1f} {x1:.1f} {y1:.1f}"
        else:
            half = (x0 + x1) / 2
            path += f"C{half:.1f} {y0:.1f} {half:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return path


def _head(points: Sequence[Point]) -> str:
    """Return the arrow's head; arrows end along an axis."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    if abs(x0 - x1) <= abs(y0 - y1):
        back = -7.0 if y1 >= y0 else 7.0
        return f"M{x1:.1f} {y1:.1f}l-3.5 {back:.1f}h7z"
    back = -7.0 if x1 >= x0 else 7.0
    return f"M{x1:.1f} {y1:.1f}l{back:.1f} -3.5v7z"
