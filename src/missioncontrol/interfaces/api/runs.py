"""Runs as a resource of the API: what is declared of them, and how two compare."""

from typing import Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from missioncontrol.application.queries import run_comparison
from missioncontrol.application.read_model import Present
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, cursor_of, place_of


class ComparedPage(msgspec.Struct, frozen=True):
    """Two runs, and a part of their steps."""

    runs: run_comparison.ComparedRuns
    items: list[run_comparison.ComparedStep]
    next: str = ""


@get("/runs/{run:str}/compare/{other:str}", summary="Compare two runs", **needs("read"))
async def compare_runs(
    present: NamedDependency[Present],
    run: FromPath[str],
    other: FromPath[str],
    different: FromQuery[bool] = False,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> ComparedPage:
    """Return two runs step by step; `different` leaves out the steps that are the same."""
    place = place_of(cursor, int)
    both = await run_comparison.compared(present, run, other)
    found = run_comparison.compared_steps(
        both, only_different=different, after=int(place[0]) if place else -1, limit=limit + 1
    )
    more = cursor_of(found[limit - 1].place) if len(found) > limit else ""
    return ComparedPage(run_comparison.compare_runs(present, both), found[:limit], more)


HANDLERS: list[Any] = [
    *handlers_of("run"),
    compare_runs,
]
