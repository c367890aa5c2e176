"""Queries of links to reports."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.read_model import Present
from missioncontrol.application.shares import SHARES, STREAM
from missioncontrol.declarations import BY_PEOPLE, Column, ListQuery, Query, Target, Terminal
from missioncontrol.domain.approval.states import moment
from missioncontrol.domain.share import NO_SHARES


class ShareView(msgspec.Struct, frozen=True):
    """A link that holds, without the secret that opens it."""

    id: str
    mission: str
    run: str
    made: float  # seconds since the epoch
    until: float
    note: str


class ShareFilters(msgspec.Struct, frozen=True):
    """Which links are wanted; what is empty chooses all."""

    run: Annotated[str, Meta(max_length=100, description="Only those of this run.")] = ""


async def shares(source: tuple[Present, float], filters: ShareFilters) -> Sequence[ShareView]:
    """Return the links that hold, the newest first."""
    present, now = source
    known = await present.find(SHARES, STREAM) or NO_SHARES
    return [
        ShareView(
            each.share.share,
            each.share.mission,
            each.share.run,
            each.at,
            each.share.until,
            each.share.note,
        )
        for each in known.holding(now)
        if filters.run in ("", each.share.run)
    ]


SHARE = Target(
    noun="share",
    path="/shares",
    command="document share",
    help="as `mission document share list` prints it",
)

LIST = ListQuery(
    name="share.list",
    title="List links to reports",
    text="List the links that hold, the newest first, without the secrets that open them.",
    surfaces=BY_PEOPLE,
    target=SHARE,
    filters=ShareFilters,
    source=attrgetter("present", "now"),
    find=shares,
    row=ShareView,
    key=lambda row: (-row.made, row.id),
    kinds=(float, str),
    columns=(
        Column("id", 9),
        Column("run"),
        Column("until", text=lambda until: f"until {moment(until)}"),
        Column("note"),
    ),
    terminal=Terminal(
        metavars={"run": "RUN"},
        resolve={"run": "run"},
        empty="No link to a report holds; `mission document share new RUN` makes one.",
    ),
)

QUERIES: tuple[Query, ...] = (LIST,)
