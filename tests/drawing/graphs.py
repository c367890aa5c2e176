"""Graphs by seed, for tests that hold for every one of them."""

import random
from typing import Literal

from missioncontrol.drawing.model import (
    Edge,
    Graph,
    Group,
    Mark,
    Node,
    NodeKind,
    Row,
    Stroke,
)

KINDS: tuple[NodeKind, ...] = (
    "module",
    "store",
    "actor",
    "entry",
    "ask",
    "external",
    "test",
    "service",
)
MARKS: tuple[Mark, ...] = ("", "", "new", "changed", "goal", "cycle")
STROKES: tuple[Stroke, ...] = ("plain", "planned", "loose", "cycle")

DIRECTIONS: tuple[Literal["down", "right"], ...] = ("down", "right")


def graph_of(seed: int, *, nodes: int = 0) -> Graph:
    """Return a graph; cycles, loose nodes, groups, rows and long words are among them."""
    chance = random.Random(seed)
    count = nodes or chance.randrange(1, 40)
    groups = tuple(Group(f"g{n}", f"Group {n}") for n in range(chance.choice((0, 0, 2, 4))))
    made = tuple(
        Node(
            f"n{n}",
            "word " * chance.randrange(1, 12) + str(n),
            chance.choice(KINDS),
            note=chance.choice(("", "a note")),
            mark=chance.choice(MARKS),
            group=chance.choice(groups).id if groups and chance.random() < 0.7 else "",
            rows=tuple(Row(f"column_{k}", "text") for k in range(chance.choice((0, 0, 0, 3, 20)))),
        )
        for n in range(count)
    )
    edges = tuple(
        Edge(
            f"n{chance.randrange(count)}",
            f"n{chance.randrange(count)}",
            chance.choice(("", "", "imports it")),
            chance.choice(STROKES),
        )
        for _ in range(chance.randrange(count * 2))
    )
    direction: Literal["down", "right"] = chance.choice(DIRECTIONS)
    return Graph(f"Graph {seed}", "What it shows.", made, edges, groups, direction)
