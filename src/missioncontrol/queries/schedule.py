"""Queries of schedules: the list, one with its past, and when an expression would fire."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.queries import schedules as views
from missioncontrol.application.queries.schedules import Preview, ScheduleDetail, ScheduleView
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.schedule.commands import Cron, Zone
from missioncontrol.queries.schedule_format import NEXT, detail_lines, list_lines


class ScheduleFilters(msgspec.Struct, frozen=True):
    """Which schedules are wanted."""

    removed: Annotated[bool, Meta(description="Those that were removed, too.")] = False


class Past(msgspec.Struct, frozen=True):
    """How much of the past of a schedule is wanted."""

    limit: Annotated[int, Meta(ge=1, le=views.PAST_MAX, description="How many events at most.")] = (
        50
    )


class Expression(msgspec.Struct, frozen=True):
    """A cron expression in a zone."""

    cron: Cron
    zone: Zone = "UTC"


async def schedules(reader: Reader, filters: ScheduleFilters) -> Sequence[ScheduleView]:
    """Return schedules by name."""
    return views.schedules(reader.present, reader.calendar, reader.now, removed=filters.removed)


async def schedule(reader: Reader, name: str, past: Past) -> ScheduleDetail:
    """Return one schedule.

    Raises:
        NotFound: `schedule.unknown`.
    """
    return await views.schedule_detail(
        reader.present, reader.calendar, name, reader.now, limit=past.limit
    )


async def preview(reader: Reader, _: str, asked: Expression) -> Preview:
    """Return when an expression fires.

    Raises:
        Rejected: `schedule.bad_cron`, `schedule.never_fires`, `schedule.bad_zone`.
    """
    return views.preview(reader.calendar, asked.cron, asked.zone, reader.now)


def plain(found: ScheduleView) -> dict[str, Any]:
    """Return a schedule as commands print it for programs: every field, and the next slots."""
    whole: dict[str, Any] = in_full(found)
    return {**whole, "next": whole["next"][:NEXT]}


def _plain_detail(found: ScheduleDetail) -> dict[str, Any]:
    return {**plain(found.schedule), "past": in_full(found.past[::-1])}


SCHEDULE = Target(
    noun="schedule",
    path="/schedules",
    field="name",
    parameter="name",
    metavar="NAME",
    help="as `mission schedule list` names it",
)

LIST = ListQuery(
    name="schedule.list",
    title="List schedules",
    text="List schedules by name, each with its next slot, its last run and its success rate.",
    target=SCHEDULE,
    filters=ScheduleFilters,
    source=opened,
    find=schedules,
    row=ScheduleView,
    key=lambda row: (row.id,),
    kinds=(str,),
    terminal=Terminal(
        names={"removed": "all"},
        lines=list_lines,
        json=plain,
        empty="Nothing is started by the clock. `mission schedule add --help` tells how.",
    ),
)

GET = ItemQuery(
    name="schedule.get",
    title="A schedule",
    text="Return a schedule with its next ten slots and what became of the ones before.",
    target=SCHEDULE,
    source=opened,
    find=schedule,
    options=Past,
    returns=ScheduleDetail,
    terminal=Terminal(
        verb="show", defaults={"limit": "20"}, lines=detail_lines, json=_plain_detail
    ),
)

PREVIEW = ItemQuery(
    name="schedule.preview",
    title="When a schedule would fire",
    text="Return the next ten slots of a cron expression in a zone.\n\nEach says what daylight "
    "saving does to it.",
    operation_id="schedules_preview",
    target=Target(
        noun="schedule",
        path="/schedule-preview",
        resource="schedules",
        help="an expression",
        is_single=True,
    ),
    source=lambda reader: reader,
    find=preview,
    options=Expression,
    returns=Preview,
    terminal=Terminal(names={"zone": "timezone"}, metavars={"cron": "EXPR", "zone": "AREA/CITY"}),
)

QUERIES: tuple[Query, ...] = (LIST, GET, PREVIEW)
