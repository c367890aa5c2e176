"""Where things stand in a drawing, for any graph."""

from itertools import combinations, pairwise

import pytest

from missioncontrol.drawing.layers import forward, layered
from missioncontrol.drawing.layout import Box, Layout, Wire, laid_out
from missioncontrol.drawing.model import Edge, Graph, Group, Node
from missioncontrol.drawing.text import SMALL, width, wrapped
from tests.drawing.graphs import graph_of

SEEDS = range(60)
NEAR = 0.5


def overlap(a: Box, b: Box) -> bool:
    return (
        a.x + NEAR < b.x + b.width
        and b.x + NEAR < a.x + a.width
        and a.y + NEAR < b.y + b.height
        and b.y + NEAR < a.y + a.height
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_boxes_overlap(seed: int) -> None:
    placed = laid_out(graph_of(seed))
    assert not [(a.node.id, b.node.id) for a, b in combinations(placed.boxes, 2) if overlap(a, b)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_words_of_an_arrow_never_lie_on_a_box(seed: int) -> None:
    placed = laid_out(graph_of(seed))
    for wire in placed.wires:
        if wire.label:
            x, y = wire.label_at
            words = Box(placed.boxes[0].node, x, y - 9, width(wire.label, SMALL), 11, (), "")
            assert not [box.node.id for box in placed.boxes if overlap(words, box)]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_arrow_passes_no_box_but_those_it_joins(seed: int) -> None:
    placed = laid_out(graph_of(seed))
    for wire in placed.wires:
        ends = {wire.edge.source, wire.edge.target}
        for box in placed.boxes:
            if box.node.id not in ends:
                assert not any(within(box, point) for point in straight(wire))


def straight(wire: Wire) -> list[tuple[float, float]]:
    """Return points of the straight pieces; bends lie in gaps, where no box is."""
    found = []
    for (x0, y0), (x1, y1) in pairwise(wire.points):
        if abs(x0 - x1) < NEAR or abs(y0 - y1) < NEAR:
            found += [(x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8) for k in range(9)]
    return found


def within(box: Box, point: tuple[float, float]) -> bool:
    x, y = point
    return (
        box.x + NEAR < x < box.x + box.width - NEAR and box.y + NEAR < y < box.y + box.height - NEAR
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_lies_on_the_sheet(seed: int) -> None:
    placed = laid_out(graph_of(seed))
    for box in placed.boxes:
        assert -NEAR <= box.x <= box.x + box.width <= placed.width + NEAR
        assert -NEAR <= box.y <= box.y + box.height <= placed.height + NEAR


@pytest.mark.parametrize("seed", SEEDS)
def test_a_frame_holds_its_nodes_and_no_others(seed: int) -> None:
    placed = laid_out(graph_of(seed))
    for frame in placed.frames:
        around = Box(placed.boxes[0].node, frame.x, frame.y, frame.width, frame.height, (), "")
        held = {box.node.id for box in placed.boxes if overlap(around, box)}
        own = {box.node.id for box in placed.boxes if box.node.group == frame.group.id}
        assert held == own


@pytest.mark.parametrize("seed", range(12))
def test_the_same_graph_is_laid_out_the_same(seed: int) -> None:
    assert laid_out(graph_of(seed)) == laid_out(graph_of(seed))


def test_arrows_lead_down_unless_they_close_a_circle() -> None:
    nodes = ["a", "b", "c", "d"]
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "d")]
    ahead = forward(nodes, pairs)
    layer = layered(nodes, ahead)
    assert len(ahead) == 4
    assert all(layer[a] < layer[b] for a, b in ahead)
    assert len([pair for pair in ahead if pair not in pairs]) == 1


def test_a_tree_is_drawn_without_a_crossing() -> None:
    names = [f"n{n}" for n in range(31)]
    nodes = tuple(Node(name, name, "module") for name in names)
    edges = tuple(Edge(f"n{(n - 1) // 2}", f"n{n}") for n in reversed(range(1, 31)))
    assert laid_out(Graph("Tree", "", nodes, edges)).crossings == 0


def test_a_long_arrow_is_straight_where_there_is_room() -> None:
    chain = [f"n{n}" for n in range(6)]
    nodes = tuple(Node(name, name, "module") for name in chain)
    edges = (*(Edge(a, b) for a, b in pairwise(chain)), Edge("n0", "n5"))
    placed = laid_out(Graph("Chain", "", nodes, edges))
    (long,) = [wire for wire in placed.wires if wire.edge == Edge("n0", "n5")]
    passing = {round(x, 1) for x, _ in long.points[2:-2]}
    assert len(passing) == 1


def test_a_wide_layer_is_broken_into_rows() -> None:
    nodes = tuple(Node(f"n{n}", f"a module with a long name {n}", "module") for n in range(60))
    placed = laid_out(Graph("Wide", "", nodes))
    assert placed.width < 1_300
    assert len({box.y for box in placed.boxes}) > 4


def test_an_empty_graph_has_an_empty_layout() -> None:
    empty = Graph("Nothing", "", (), (), (Group("g", "Group"),))
    assert laid_out(empty) == Layout(empty, (), (), (), 0.0, 0.0, 0)


def test_edges_to_nowhere_and_to_itself_are_left_out() -> None:
    graph = Graph("One", "", (Node("a", "a", "module"),), (Edge("a", "b"), Edge("a", "a")))
    assert laid_out(graph).wires == ()


def test_scripts_without_blanks_are_broken_into_lines_and_no_line_begins_with_a_full_stop() -> None:
    title = "利用者のセッションを移行する。"
    lines = wrapped(title, width(title) - 1, 2)
    assert "".join(lines) == title
    assert lines[1] == "る。"
    assert wrapped("two words", width("two wor"), 2) == ("two", "words")
    assert wrapped("", 40, 2) == ("",)


def test_wide_letters_and_bold_ones_take_more_room() -> None:
    assert width("漢字", 10) >= 20
    assert width("한글", 10) >= 20
    assert width("①→", 10) >= 20
    assert width("😀", 10) > width("漢", 10)
    assert width("e\u0301") == width("e")
    assert width("name", bold=True) > width("name")
