"""What a mission's page draws: the risk radar, where each risk has a place of its own."""

from collections.abc import Iterable
from typing import NamedTuple

from missioncontrol.domain.plan import Level, Risk

LEVELS: tuple[Level, ...] = ("low", "medium", "high")
CELL, LEFT, TOP, DOT = 76, 62, 6, 20
"""Pixels of a cell, of what stands left of and above them, and from one risk to the next."""

PER_ROW, PER_CELL = 3, 9
"""Risks beside each other in a cell, and those that have room in it."""


class Cell(NamedTuple):
    """A meeting of likelihood and impact."""

    x: int
    y: int
    zone: int  # 0 harmless, 1 to be watched, 2 grave
    left_out: int  # risks that have no room


class Dot(NamedTuple):
    """A risk in its cell."""

    x: int
    y: int
    risk: Risk


class Radar(NamedTuple):
    """Everything to be drawn."""

    size: int
    cells: tuple[Cell, ...]
    dots: tuple[Dot, ...]


def radar(risks: Iterable[Risk]) -> Radar:
    """Return risks by likelihood, to the right, and impact, upward."""
    by_cell: dict[tuple[Level, Level], list[Risk]] = {}
    for risk in risks:
        by_cell.setdefault((risk.likelihood, risk.impact), []).append(risk)
    cells, dots = [], []
    for column, likelihood in enumerate(LEVELS):
        for row, impact in enumerate(reversed(LEVELS)):
            inside = by_cell.get((likelihood, impact), [])
            x, y = LEFT + column * CELL, TOP + row * CELL
            zone = _ZONES[column + 2 - row]
            cells.append(Cell(x, y, zone, max(len(inside) - PER_CELL, 0)))
            dots += [_dot(x, y, place, risk) for place, risk in enumerate(inside[:PER_CELL])]
    return Radar(LEFT + 3 * CELL + TOP, tuple(cells), tuple(dots))


_ZONES = (0, 0, 1, 2, 2)
"""By the steps from the harmless corner."""


def _dot(x: int, y: int, place: int, risk: Risk) -> Dot:
    across, down = place % PER_ROW, place // PER_ROW
    return Dot(x + 18 + across * DOT, y + 18 + down * DOT, risk)
