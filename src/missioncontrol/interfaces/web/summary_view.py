"""The cockpit of a mission: what came of it, what proves it, what it took, and what comes next."""

from math import log1p
from typing import Any, NamedTuple

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.cockpit.comparison import Compared, figure
from missioncontrol.documents.outcome import is_checked
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.queries.share import ShareFilters, shares

DRAWN_FROM = 0.02
"""The least part of the width that a range is drawn with."""

PATH_SHOWN = 30


class Drawn(NamedTuple):
    """A range and what it came to, as parts of the width in per cent."""

    start: float
    width: float
    likely: float
    actual: float | None


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/summary.html` shows."""
    del request
    pit = story.reading.cockpit
    return {
        "pit": pit,
        "path_left_out": max(len(pit.path) - PATH_SHOWN, 0),
        "path": pit.path[:PATH_SHOWN],
        "drawn": drawn,
        "expected": {each.measure: each for each in pit.whole},
        "figure": figure,
        "links": await shares((console.present, console.now), ShareFilters(story.state.id)),
        "unchecked": sum(
            one.state == "succeeded" and not is_checked(one) for one in story.reading.record.tasks
        ),
    }


def drawn(one: Compared) -> Drawn:
    """Return where a range and its actual stand on a line from 0 to the most of them.

    The line is one of ratios: what is foreseen differs by factors.
    """
    most = log1p(max(one.high, one.low, one.actual or 0.0)) or 1.0
    start, end = log1p(one.low) / most, (log1p(one.high) / most if one.high >= one.low else 1.0)
    width = max(end - start, DRAWN_FROM)
    return Drawn(
        round(min(start, 1 - width) * 100, 2),
        round(width * 100, 2),
        round(log1p(one.expected) / most * 100, 2),
        None if one.actual is None else round(log1p(one.actual) / most * 100, 2),
    )
