"""Lays a graph out in layers: where boxes, frames, arrows and their words go. Deterministic."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from missioncontrol.drawing import coordinates, crossings, layers, text
from missioncontrol.drawing.model import Edge, Graph, Group, Node

Point = tuple[float, float]

LABEL_MAX, NOTE_MAX, WORDS_MAX = 216.0, 216.0, 190.0
PADDING, LINE, ROW = 12.0, 15.0, 17.0
BOX_MIN = 74.0
GAP, LAYER_GAP, BEND = 20.0, 38.0, 12.0
LANE_GAP, FRAME, FRAME_HEAD = 40.0, 12.0, 20.0
LABEL_ROW, LABEL_ROWS_MAX = 14.0, 4
STUB = 9.0
"""The last piece of an arrow, straight so that its head can be seen."""

ACROSS_MAX = (1_240.0, 960.0, 720.0)
"""Pixels of a layer; a wider one is broken into several. A drawing that becomes wider than
`WIDTH_WANTED` by the arrows that pass is tried again with less."""

WIDTH_WANTED = 1_320.0

ROWS_MAX = 14
"""Rows of a box that are drawn; the others are counted."""


class Box(msgspec.Struct, frozen=True):
    """A node with its corner, its size and its words as they fit."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    note: str
    rows_left_out: int = 0


class Wire(msgspec.Struct, frozen=True):
    """An arrow as its points, from tail to head, and where its words stand."""

    edge: Edge
    points: tuple[Point, ...]
    label: str = ""  # "" where there is no room; the edge still has it
    label_at: Point = (0.0, 0.0)  # the left end of its base line


class Frame(msgspec.Struct, frozen=True):
    """A group with its box."""

    group: Group
    x: float
    y: float
    width: float
    height: float


class Layout(msgspec.Struct, frozen=True):
    """A graph with places for everything, from 0,0 to `width`,`height`."""

    graph: Graph
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    frames: tuple[Frame, ...]
    width: float
    height: float
    crossings: int


def laid_out(graph: Graph) -> Layout:
    """Place everything in `graph`; the same graph gives the same places."""
    found = _Work(graph, ACROSS_MAX[0]).done()
    for across in ACROSS_MAX[1:]:
        if found.width <= WIDTH_WANTED or graph.direction != "down":
            break
        tried = _Work(graph, across).done()
        found = tried if tried.width < found.width else found
    return found


def sized(node: Node) -> Box:
    """Return the box of a node at 0,0."""
    lines = text.wrapped(node.label, LABEL_MAX, 2)
    note = text.cut(node.note, NOTE_MAX, text.SMALL) if node.note else ""
    shown = node.rows[:ROWS_MAX]
    words = [
        *(text.width(line) for line in lines),
        text.width(note, text.SMALL),
        *(
            text.width(row.name, text.SMALL) + text.width(row.kind, text.SMALL) + 34
            for row in shown
        ),
    ]
    left = len(node.rows) - len(shown)
    high = 2 * 8 + LINE * len(lines) + (LINE - 1) * bool(note)
    high += (ROW * (len(shown) + bool(left)) + 7) if shown else 0
    high += 7 if node.kind == "store" else 0
    mark = 18.0 if node.mark in ("new", "changed") else 0.0
    room = min(max(words) + 2 * PADDING + mark, LABEL_MAX + 2 * PADDING + mark + 60)
    return Box(node, 0, 0, round(max(room, BOX_MIN)), round(high), lines, note, left)


class _Work:
    """One layout on its way. `across` runs along a layer, `deep` from one layer to the next."""

    def __init__(self, graph: Graph, across_max: float) -> None:
        self.graph = graph
        self.across_max = across_max
        self.is_down = graph.direction == "down"
        self.boxes = {node.id: sized(node) for node in graph.nodes}
        known = self.boxes
        self.edges = [
            each
            for each in graph.edges
            if each.source in known and each.target in known and each.source != each.target
        ]
        self.layer: dict[str, int] = {}
        self.slots = crossings.Slots()
        self.slot_of: dict[str, int] = {}
        self.bends: list[bool] = []
        self.sizes: list[float] = []
        self.trails: list[list[int]] = []
        self.centre: list[float] = []

    def done(self) -> Layout:
        self._layers()
        self._fill()
        left = crossings.put_in_order(self.slots)
        self.centre = coordinates.placed(
            self.slots, self.sizes, self.bends, gap=GAP, lane_gap=LANE_GAP + self._lead()
        )
        return self._placed(left)

    def _lead(self) -> float:
        """Return what stands before a lane: sideways, the heads of frames do."""
        return 0.0 if self.is_down or not self.graph.groups else FRAME_HEAD

    def across(self, box: Box) -> float:
        return box.width if self.is_down else box.height

    def deep(self, box: Box) -> float:
        return box.height if self.is_down else box.width

    def _layers(self) -> None:
        nodes = [node.id for node in self.graph.nodes]
        pairs = [(edge.source, edge.target) for edge in self.edges]
        fixed = {node.id: node.rank for node in self.graph.nodes if node.rank is not None}
        ahead = layers.forward(nodes, pairs)
        layer = layers.layered(nodes, ahead, fixed)
        alone = set(nodes) - {name for pair in pairs for name in pair}
        if alone and len(alone) < len(nodes) and not fixed:
            # Nodes without edges go below the rest, where no arrow has to pass them.
            last = max(layer.values()) + 1
            layer |= dict.fromkeys((node for node in nodes if node in alone), last)
        widths = {name: self.across(box) + GAP for name, box in self.boxes.items()}
        if not fixed:
            groups = {node.id: node.group for node in self.graph.nodes}
            layer = layers.broken(layer, ahead, widths, self.across_max, groups)
        self.layer = layer

    def _fill(self) -> None:
        lanes = {group.id: number for number, group in enumerate(self.graph.groups, start=1)}
        lane = {node.id: lanes.get(node.group, 0) for node in self.graph.nodes}
        for node in self.graph.nodes:
            slot = self._slot(self.layer[node.id], lane[node.id], self.across(self.boxes[node.id]))
            self.slot_of[node.id] = slot
        for edge in self.edges:
            self.trails.append(self._trail(edge, lane))

    def _slot(self, layer: int, lane: int, size: float, *, is_bend: bool = False) -> int:
        self.sizes.append(size)
        self.bends.append(is_bend)
        return self.slots.add(layer, lane)

    def _trail(self, edge: Edge, lane: Mapping[str, int]) -> list[int]:
        """Return the slots that an arrow passes, from its upper end down."""
        first, last = self.upper_first(edge)
        top, bottom = self.layer[first], self.layer[last]
        passed = [self.slot_of[first]]
        passed += [
            self._slot(number, lane[last], BEND, is_bend=True) for number in range(top + 1, bottom)
        ]
        passed.append(self.slot_of[last])
        if top != bottom:
            for upper, lower in pairwise(passed):
                self.slots.tie(upper, lower)
        return passed

    def upper_first(self, edge: Edge) -> tuple[str, str]:
        """Return the ends of an arrow, the one in the upper layer first."""
        upward = self.layer[edge.source] > self.layer[edge.target]
        return (edge.target, edge.source) if upward else (edge.source, edge.target)

    def _placed(self, left: int) -> Layout:
        depths = _Depths(self)
        boxes: dict[str, Box] = {}
        for name, box in self.boxes.items():
            at = self.centre[self.slot_of[name]] - self.across(box) / 2
            down = depths.top[self.layer[name]]
            x, y = (at, down) if self.is_down else (down, at)
            boxes[name] = msgspec.structs.replace(box, x=x, y=y)
        frames = self._frames(boxes)
        wires = _Wires(self, boxes, depths).drawn()
        return _shifted(self.graph, tuple(boxes.values()), wires, frames, left)

    def _frames(self, boxes: Mapping[str, Box]) -> tuple[Frame, ...]:
        found = []
        for group in self.graph.groups:
            inside = [box for box in boxes.values() if box.node.group == group.id]
            if not inside:
                continue
            x = min(box.x for box in inside) - FRAME
            y = min(box.y for box in inside) - FRAME_HEAD - 4
            right = max(box.x + box.width for box in inside) + FRAME
            bottom = max(box.y + box.height for box in inside) + FRAME
            words = text.width(group.title, text.SMALL, bold=True) + 2 * FRAME
            found.append(Frame(group, x, y, max(right - x, words), bottom - y))
        return tuple(found)


class _Depths:
    """Where each layer begins and ends, and the room for words in the gap behind it."""

    def __init__(self, work: _Work) -> None:
        count = max(work.layer.values(), default=-1) + 1
        thick = [0.0] * count
        for name, box in work.boxes.items():
            layer = work.layer[name]
            thick[layer] = max(thick[layer], work.deep(box))
        words = _words(work, count)
        crowd = _crowd(work, count)
        extra = (FRAME + FRAME_HEAD) / 2 if work.graph.groups else 0.0
        self.top: list[float] = []
        self.bottom: list[float] = []
        self.bent: list[float] = []  # where the bends of a gap end and its words begin
        at = 0.0
        for layer in range(count):
            self.top.append(at)
            self.bottom.append(at + thick[layer])
            self.bent.append(at + thick[layer] + LAYER_GAP + extra + min(crowd[layer], 46.0))
            at = self.bent[-1] + words[layer] + STUB


def _crowd(work: _Work, count: int) -> list[float]:
    """Return a little more room for gaps that many arrows pass."""
    passing = [0] * max(count, 1)
    for trail, edge in zip(work.trails, work.edges, strict=True):
        first, _ = work.upper_first(edge)
        for number in range(len(trail) - 1):
            passing[min(work.layer[first] + number, count - 1)] += 1
    return [max(number - 8, 0) * 1.6 for number in passing]


def _words(work: _Work, count: int) -> list[float]:
    """Return the room that the words of arrows need in the gap before each of their heads."""
    found = [0.0] * max(count, 1)
    number: dict[int, int] = defaultdict(int)
    for edge in work.edges:
        if not edge.label:
            continue
        _, last = work.upper_first(edge)
        gap = max(work.layer[last] - 1, 0)
        number[gap] += 1
        if work.is_down:
            found[gap] = LABEL_ROW * min(number[gap], LABEL_ROWS_MAX - 1) + 4
        else:
            found[gap] = max(found[gap], min(text.width(edge.label, text.SMALL), WORDS_MAX) + 12)
    return found


class _Wires:
    """Draws the arrows once boxes and layers stand."""

    def __init__(self, work: _Work, boxes: Mapping[str, Box], depths: _Depths) -> None:
        self.work = work
        self.boxes = boxes
        self.depths = depths
        self.ports = self._ports()
        self.occupied: list[tuple[float, float, float, float]] = []

    def drawn(self) -> tuple[Wire, ...]:
        return tuple(self._wire(number) for number in range(len(self.work.edges)))

    def _ports(self) -> dict[tuple[int, str], float]:
        """Spread the ends of arrows along the sides of their boxes, in the order they arrive."""
        sides: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
        work = self.work
        for number, edge in enumerate(work.edges):
            trail = work.trails[number]
            first, last = work.upper_first(edge)
            sides[first, "out"].append((work.centre[trail[1]], number))
            sides[last, "in"].append((work.centre[trail[-2]], number))
        ports: dict[tuple[int, str], float] = {}
        for (name, side), ends in sides.items():
            middle = work.centre[work.slot_of[name]]
            room = work.across(self.boxes[name]) * 0.7
            step = min(room / max(len(ends) - 1, 1), 14.0)
            for place, (_, number) in enumerate(sorted(ends)):
                ports[number, side] = middle + (place - (len(ends) - 1) / 2) * step
        return ports

    def _wire(self, number: int) -> Wire:
        work, depths = self.work, self.depths
        edge, trail = work.edges[number], work.trails[number]
        first, last = work.upper_first(edge)
        if work.layer[first] == work.layer[last]:
            return self._beside(edge, first, last)
        top = work.layer[first]
        begin, end = self.ports[number, "out"], self.ports[number, "in"]
        way: list[Point] = [(begin, depths.top[top] + work.deep(work.boxes[first]))]
        way.append((begin, depths.bottom[top]))
        for step, slot in enumerate(trail[1:], start=1):
            layer = top + step
            is_last = slot == trail[-1]
            at = end if is_last else work.centre[slot]
            way.append((at, depths.bent[layer - 1]))
            way.append((at, depths.top[layer] if is_last else depths.bottom[layer]))
        label, spot = self._label(edge, end, depths.bent[work.layer[last] - 1])
        points = tuple(point for place, point in enumerate(way) if point not in way[:place])
        points = points if work.is_down else tuple((y, x) for x, y in points)
        return Wire(edge, points if first == edge.source else points[::-1], label, spot)

    def _beside(self, edge: Edge, first: str, last: str) -> Wire:
        """Join two boxes of one layer through the gap behind it."""
        work = self.work
        a, b = (work.centre[work.slot_of[name]] for name in (first, last))
        deep_a, deep_b = (
            self.depths.top[work.layer[n]] + work.deep(work.boxes[n]) for n in (first, last)
        )
        dip = self.depths.bottom[work.layer[first]] + LAYER_GAP / 3
        way = [(a, deep_a), (a, dip), (b, dip), (b, deep_b)]
        return Wire(edge, tuple(way if work.is_down else [(y, x) for x, y in way]))

    def _label(self, edge: Edge, across: float, deep: float) -> tuple[str, Point]:
        """Return the words of an arrow and a free place beside its last straight piece."""
        if not edge.label:
            return "", (0.0, 0.0)
        words = text.cut(edge.label, WORDS_MAX, text.SMALL)
        wide = text.width(words, text.SMALL)
        for row in range(LABEL_ROWS_MAX if self.work.is_down else 2):
            if self.work.is_down:
                x, y = across + 5, deep + 9 + row * LABEL_ROW
            else:
                x, y = deep + 4, across - 4 + row * 15
            place = (x, y - 10, x + wide, y + 3)
            if not any(_meet(place, other) for other in self.occupied):
                self.occupied.append(place)
                return words, (x, y)
        return "", (0.0, 0.0)


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _shifted(
    graph: Graph,
    boxes: Sequence[Box],
    wires: Sequence[Wire],
    frames: Sequence[Frame],
    left: int,
) -> Layout:
    """Move everything so that the smallest place is 0,0."""
    corners = [
        *((each.x, each.y, each.x + each.width, each.y + each.height) for each in boxes),
        *((each.x, each.y, each.x + each.width, each.y + each.height) for each in frames),
        *((x, y, x, y) for wire in wires for x, y in wire.points),
        *(
            (*wire.label_at, wire.label_at[0] + text.width(wire.label, text.SMALL), 0.0)
            for wire in wires
            if wire.label
        ),
    ]
    if not corners:
        return Layout(graph, (), (), (), 0.0, 0.0, 0)
    x = min(corner[0] for corner in corners)
    y = min(min(corner[1] for corner in corners[: len(boxes) + len(frames)]), 0.0)
    wide = max(corner[2] for corner in corners) - x
    high = max(corner[3] for corner in corners) - y
    replace = msgspec.structs.replace

    def moved(point: Point) -> Point:
        return point[0] - x, point[1] - y

    return Layout(
        graph,
        tuple(replace(each, x=each.x - x, y=each.y - y) for each in boxes),
        tuple(
            replace(
                each,
                points=tuple(map(moved, each.points)),
                label_at=moved(each.label_at) if each.label else each.label_at,
            )
            for each in wires
        ),
        tuple(replace(each, x=each.x - x, y=each.y - y) for each in frames),
        wide,
        high,
        left,
    )
