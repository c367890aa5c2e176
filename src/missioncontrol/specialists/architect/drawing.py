"""Draws the layered modules as one self-contained SVG, legible in light and in dark."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from itertools import pairwise

import msgspec

from missioncontrol.specialists.architect.layout import BOX_HEIGHT, Bent, Layout, Point

MARGIN, GUTTER, HEAD, FOOT = 24.0, 66.0, 58.0, 34.0
WIDTH_MIN = 760.0

# The colours of the product's pages, written out because an image cannot see their style sheet.
STYLE = """
.page{fill:#fcfefd}.band{fill:#f2f5f4}.box{fill:#ffffff;stroke:#7f8985}
.goal{fill:#cee2ee;stroke:#005db1;stroke-width:2}.knot{stroke:#ae1320;stroke-width:1.5}
.name{fill:#18201d}.note{fill:#5d6764}.title{fill:#18201d}
.arrow{stroke:#7f8985}.arrow.goal-line{stroke:#005db1;fill:none}.arrow.knot-line{stroke:#ae1320}
.tip{fill:#7f8985}.tip-goal{fill:#005db1}.tip-knot{fill:#ae1320}
.arrow{fill:none;stroke-width:1;opacity:.75}.goal-line,.knot-line{stroke-width:1.4;opacity:1}
text{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:11px}
.title,.note{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
.title{font-size:15px;font-weight:600}
@media (prefers-color-scheme:dark){
.page{fill:#121615}.band{fill:#0c100f}.box{fill:#181e1c;stroke:#656e6b}
.goal{fill:#1e2a39;stroke:#72b7ff}.knot{stroke:#ff8981}
.name,.title{fill:#e9eeec}.note{fill:#8a9390}
.arrow{stroke:#656e6b}.arrow.goal-line{stroke:#72b7ff}.arrow.knot-line{stroke:#ff8981}
.tip{fill:#656e6b}.tip-goal{fill:#72b7ff}.tip-knot{fill:#ff8981}}
"""


class Picture(msgspec.Struct, frozen=True):
    """What is drawn, and what is said around it."""

    title: str
    note: str
    layout: Layout
    labels: Mapping[str, str]
    tips: Mapping[str, str]  # the words shown while pointing at a box
    goal: Collection[str]
    knotted: Collection[str]
    legend: Sequence[tuple[str, str]]  # class of the sample, words
    alone: int = -1  # the level that holds what imports nothing and is not imported


def svg(picture: Picture) -> str:
    """Return the drawing."""
    layout = picture.layout
    width = max(layout.width + 2 * MARGIN + GUTTER, WIDTH_MIN)
    height = layout.height + HEAD + FOOT + 2 * MARGIN
    left = MARGIN + GUTTER + (width - 2 * MARGIN - GUTTER - layout.width) / 2
    top = MARGIN + HEAD
    title, note = escape(picture.title), escape(picture.note)
    size = f'width="{width:.0f}" height="{height:.0f}"'
    frame = f'{size} viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-labelledby="t d"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        f'<title id="t">{title}</title><desc id="d">{note}</desc>',
        f"<style>{STYLE}</style>",
        _tips(),
        f'<rect class="page" {size} rx="8"/>',
        f'<text class="title" x="{MARGIN:.0f}" y="{MARGIN + 14:.0f}">{title}</text>',
        f'<text class="note" x="{MARGIN:.0f}" y="{MARGIN + 34:.0f}">{note}</text>',
        *_bands(picture, width, top),
        f'<g transform="translate({left:.1f} {top:.1f})">',
        *(_arrow(each, picture) for each in _faint_first(layout.arrows, picture)),
        *_boxes(picture),
        "</g>",
        *_legend(picture.legend, height - MARGIN),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _tips() -> str:
    return (
        "<defs>"
        + "".join(
            f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" '
            f'markerHeight="6" orient="auto-start-reverse"><path class="{name}" d="M0 1 7 4 0 7z"/>'
            "</marker>"
            for name in ("tip", "tip-goal", "tip-knot")
        )
        + "</defs>"
    )


def _bands(picture: Picture, width: float, top: float) -> list[str]:
    found = []
    for level, start, end in picture.layout.bands:
        y, high = top + start - 10, end - start + 20
        words = "alone" if level == picture.alone else f"layer {level}"
        found.append(
            f'<rect class="band" x="{MARGIN:.0f}" y="{y:.1f}" width="{width - 2 * MARGIN:.1f}" '
            f'height="{high:.1f}" rx="5"/><text class="note" x="{MARGIN + 10:.0f}" '
            f'y="{y + high / 2 + 4:.1f}">{words}</text>'
        )
    return found


def _faint_first(arrows: Sequence[Bent], picture: Picture) -> list[Bent]:
    weight = {"arrow": 0, "arrow goal-line": 1, "arrow knot-line": 2}
    return sorted(arrows, key=lambda each: (weight[_kind(each, picture)], each.source, each.target))


def _kind(arrow: Bent, picture: Picture) -> str:
    if arrow.source in picture.knotted and arrow.target in picture.knotted:
        return "arrow knot-line"
    if arrow.source in picture.goal or arrow.target in picture.goal:
        return "arrow goal-line"
    return "arrow"


def _arrow(arrow: Bent, picture: Picture) -> str:
    kind = _kind(arrow, picture)
    tip = {"arrow": "tip", "arrow goal-line": "tip-goal", "arrow knot-line": "tip-knot"}[kind]
    return f'<path class="{kind}" d="{_curve(arrow.points)}" marker-end="url(#{tip})"/>'


def _curve(points: Sequence[Point]) -> str:
    """Bend smoothly between points; a vertical piece stays straight."""
    if len(points) == 3:  # A dip below a row.
        (x0, y0), (x1, y1), (x2, y2) = points
        return f"M{x0:.1f} {y0:.1f}Q{x1:.1f} {2 * y1 - y0:.1f} {x2:.1f} {y2:.1f}"
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        path += f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    return path


def _boxes(picture: Picture) -> list[str]:
    found = []
    for box in picture.layout.boxes:
        classes = ["box"]
        classes += ["goal"] if box.node in picture.goal else []
        classes += ["knot"] if box.node in picture.knotted else []
        found.append(
            f'<g><title>{escape(picture.tips[box.node])}</title><rect class="{" ".join(classes)}" '
            f'x="{box.x - box.width / 2:.1f}" y="{box.y - BOX_HEIGHT / 2:.1f}" '
            f'width="{box.width:.1f}" height="{BOX_HEIGHT:.0f}" rx="4"/><text class="name" '
            f'x="{box.x:.1f}" y="{box.y + 4:.1f}" text-anchor="middle">'
            f"{escape(picture.labels[box.node])}</text></g>"
        )
    return found


def _legend(legend: Sequence[tuple[str, str]], y: float) -> list[str]:
    found = []
    x = MARGIN
    for sample, words in legend:
        if sample.startswith("arrow"):
            found.append(f'<path class="{sample}" d="M{x:.0f} {y - 4:.0f}h22"/>')
        else:
            place = f'x="{x:.0f}" y="{y - 11:.0f}" width="22" height="13" rx="3"'
            found.append(f'<rect class="{sample}" {place}/>')
        found.append(f'<text class="note" x="{x + 29:.0f}" y="{y:.0f}">{escape(words)}</text>')
        x += 29 + len(words) * 6.0 + 26
    return found
