"""What follows from moving a schedule, before it is saved: its next slots, and what they meet."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from missioncontrol.application.roadmap import DAY, Roadmap, RoadmapSchedule
from missioncontrol.domain.schedule.decide import unknown_schedule
from missioncontrol.ports.calendar import Calendar

PREVIEWED = 10
COLLISIONS_MAX = 10


class Collision(msgspec.Struct, frozen=True):
    """Something else at the time of a slot."""

    at: float  # the slot
    kind: Literal["schedule", "due", "end"]
    name: str
    text: str


class MovePreview(msgspec.Struct, frozen=True):
    """What follows from moving a schedule, before it is saved."""

    schedule: str
    before: str  # its cron expression
    after: str
    words_before: str
    words: str
    zone: str
    workflow: str
    next_before: list[float]  # the next slots as they are
    next: list[float]  # and as they would be
    collisions: list[Collision]


def preview_of(road: Roadmap, calendar: Calendar, name: str, cron: str) -> MovePreview:
    """Return what follows from another cron expression of a schedule.

    Raises:
        NotFound: `schedule.unknown`.
        Rejected: `schedule.bad_cron`, `schedule.never_fires`.
    """
    found = next((each for each in road.schedules if each.id == name), None)
    if found is None:
        raise unknown_schedule(name)
    plain = calendar.check(cron, found.zone)
    slots = [e.at for e in calendar.preview(plain, found.zone, road.now, count=PREVIEWED)]
    return MovePreview(
        schedule=name,
        before=found.cron,
        after=plain,
        words_before=found.words,
        words=calendar.in_words(plain),
        zone=found.zone,
        workflow=found.workflow,
        next_before=found.next[:PREVIEWED],
        next=slots,
        collisions=list(_collisions(road, found, slots))[:COLLISIONS_MAX],
    )


def _collisions(
    road: Roadmap, moved: RoadmapSchedule, slots: Sequence[float]
) -> Iterator[Collision]:
    """Yield other slots within the time that the last run took, and ends and due dates of that day.

    A run of unknown length collides with what starts in the same minute.
    """
    for at in slots:
        for other in road.schedules:
            hit = next((each for each in other.next if _overlap(at, moved, each, other)), None)
            if other.id != moved.id and hit is not None:
                yield Collision(at, "schedule", other.id, f"{other.id} starts then")
        for epic in road.epics:
            if epic.due is not None and epic.open and epic.due.at - DAY <= at < epic.due.at:
                yield Collision(at, "due", epic.id, f"{epic.title} is due that day")
            elif epic.forecast is not None and at // DAY == epic.forecast.likely // DAY:
                yield Collision(at, "end", epic.id, f"{epic.title} ends that day")


def _overlap(at: float, moved: RoadmapSchedule, other_at: float, other: RoadmapSchedule) -> bool:
    return -max(other.seconds, 60.0) < other_at - at < max(moved.seconds, 60.0)
