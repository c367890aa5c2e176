"""Drawings as the press understands them: SVG without scripts, links and variables, and PNG."""

import math
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

import msgspec

from missioncontrol.documents.printing.fonts import folders, spelled
from missioncontrol.documents.printing.render_process import NotMade, Order, pressed
from missioncontrol.domain.errors import Rejected

CHARACTERS_MAX = 4_000_000
PIXELS_MAX = 8_000
"""Of a side of a PNG: what would be larger is made smaller."""
SIDE_MAX = 100_000.0
VARIABLES_DEPTH = 6
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_LEFT_OUT = frozenset({"script", "foreignObject", "image", "iframe", "audio", "video", "set"})
_LENGTH = re.compile(r"\s*(\d*\.?\d+)\s*(?:px)?\s*\Z")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*(?:\([^()]*\)[^()]*)*))?\)")
_DEFINED = re.compile(r"(--[\w-]+)\s*:\s*([^;{}]+)")
_LIGHT_DARK = re.compile(r"light-dark\(\s*((?:[^(),]|\([^()]*\))+),(?:[^()]|\([^()]*\))*\)")
_MIXED = re.compile(r"color-mix\([^,]*,\s*((?:[^(),%]|\([^()]*\))+?)\s*[\d.]*%?\s*,[^()]*\)")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

_PAGE = """#set page(width: auto, height: auto, margin: 0pt, fill: white)
#set document(date: none)
#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 0.75pt)
"""


class Drawing(msgspec.Struct, frozen=True):
    """An SVG that stands for itself, with its size in CSS pixels."""

    svg: str
    width: float
    height: float


def drawing_of(svg: str) -> Drawing:
    """Return `svg` in light colours, with nothing in it that runs, loads or needs a browser.

    Raises:
        Rejected: `drawing.unreadable`.
    """
    if len(svg) > CHARACTERS_MAX:
        raise _refused(f"it has more than {CHARACTERS_MAX:,} characters")
    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        raise _refused("it declares a document type")
    try:
        root = ET.fromstring(svg)  # noqa: S314 - no document type, so no entities
    except ET.ParseError as fault:
        raise _refused(str(fault)) from fault
    if _name(root) != "svg":
        raise _refused(f"its root is <{_name(root)}>")
    _plain(root, dict(_variables(root)))
    width, height = _size(root)
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    return Drawing(ET.tostring(root, encoding="unicode"), width, height)


def png_of(svg: str, scale: float = 2.0) -> bytes:
    """Return a drawing as PNG on white, `scale` pixels for each of its own.

    Raises:
        Rejected: `drawing.unreadable`, `drawing.undrawn`.
        Unavailable: it takes too long.
    """
    drawing = drawing_of(svg)
    scale = min(scale, PIXELS_MAX / drawing.width, PIXELS_MAX / drawing.height)
    inputs = {"svg": spelled(drawing.svg), "width": f"{drawing.width:g}"}
    try:
        return pressed(Order(_PAGE, inputs, "png", ppi=96 * scale, fonts=folders()))
    except NotMade as fault:
        raise Rejected("drawing.undrawn", f"The drawing can't be made a PNG: {fault}") from fault


def is_drawn(drawing: Drawing) -> bool:
    """Whether the press takes a drawing, so that one bad one costs no document."""
    try:
        pressed(Order(_PAGE, {"svg": drawing.svg, "width": "8"}, "png", ppi=10))
    except (NotMade, Rejected):
        return False
    return True


def drawings(images: Mapping[str, str]) -> dict[str, Drawing]:
    """Return the readable ones of `images`, by their paths."""
    found = {}
    for path, svg in images.items():
        try:
            found[path] = drawing_of(svg)
        except Rejected:
            continue  # Its words stand in its place.
    return found


def _refused(why: str) -> Rejected:
    return Rejected("drawing.unreadable", f"The drawing is no SVG that can be printed: {why}.")


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _plain(element: ET.Element, variables: Mapping[str, str]) -> None:
    """Take out what runs or loads, and put values where variables stand; below too."""
    for child in list(element):
        if not _name(child) or _name(child) in _LEFT_OUT or _name(child).startswith("animate"):
            element.remove(child)
        else:
            _plain(child, variables)
    for name in list(element.attrib):
        bare = name.rpartition("}")[2]
        value = element.attrib[name]
        if bare.startswith("on") or (bare == "href" and not value.startswith("#")):
            del element.attrib[name]
        else:
            element.attrib[name] = _valued(value, variables)
    if _name(element) == "style":
        element.text = _valued(_flat(element.text or ""), variables)


def _variables(root: ET.Element) -> Iterator[tuple[str, str]]:
    """Yield the variables that style sheets and the root set, in light colours."""
    for element in root.iter():
        if _name(element) == "style":
            yield from _DEFINED.findall(_flat(element.text or ""))
    yield from _DEFINED.findall(root.get("style", ""))


def _valued(text: str, variables: Mapping[str, str]) -> str:
    for _ in range(VARIABLES_DEPTH):
        changed = _VARIABLE.sub(lambda m: variables.get(m[1], m[2] or "currentColor").strip(), text)
        changed = _MIXED.sub(r"\1", _LIGHT_DARK.sub(r"\1", changed))
        if changed == text:
            break
        text = changed
    return text


def _flat(css: str) -> str:
    """Return style rules without those of other media and themes; paper is a medium of its own."""
    found = []
    rest = _CSS_COMMENT.sub("", css)
    while (start := rest.find("@")) >= 0:
        found.append(rest[:start])
        brace, semicolon = rest.find("{", start), rest.find(";", start)
        if brace < 0 or 0 <= semicolon < brace:
            rest = rest[semicolon + 1 :] if semicolon >= 0 else ""
            continue
        end = _closing(rest, brace)
        if re.match(r"@(?:layer|media\s+print)\b", rest[start:brace]):
            found.append(_flat(rest[brace + 1 : end]))
        rest = rest[end + 1 :]
    return "".join([*found, rest])


def _closing(text: str, opening: int) -> int:
    depth = 0
    for found in re.finditer("[{}]", text[opening:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return opening + found.start()
    return len(text)


def _size(root: ET.Element) -> tuple[float, float]:
    """Return width and height from the attributes, else from the box that is looked at."""
    box = [
        float(each) for each in re.findall(r"\d*\.?\d+(?:e[+-]?\d+)?", root.get("viewBox", ""))[-2:]
    ]
    sides = []
    for name, other in zip(("width", "height"), box or (300.0, 150.0), strict=False):
        length = _LENGTH.match(root.get(name, ""))
        sides.append(float(length[1]) if length else other)
    if len(sides) < 2 or not all(math.isfinite(each) and 0 < each <= SIDE_MAX for each in sides):
        raise _refused("it has no size")
    if "viewBox" not in root.attrib:
        root.set("viewBox", f"0 0 {sides[0]:g} {sides[1]:g}")
    return sides[0], sides[1]
