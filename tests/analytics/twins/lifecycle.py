"""Who is new, returning, resurrecting or dormant, person by person and period by period."""

from datetime import date

from missioncontrol.analytics.questions import Cell, Lifecycle
from tests.analytics.twins.days import day_on, periods, previous, whole
from tests.analytics.twins.filtering import counted, matches_activity
from tests.analytics.worlds import PEOPLE, World

STATES = ("new", "returning", "resurrecting", "dormant")


def told(question: Lifecycle, world: World) -> dict[str, tuple[list[float], float]]:
    """Return the values and the total of each line."""
    found = {}
    for state in STATES:
        each = [_who(question, world, state, first) for first in _periods(question, world)]
        found[state] = ([float(len(people)) for people in each], float(len(set().union(*each))))
    return found


def active(question: Lifecycle, world: World) -> list[float]:
    """Return how many are active in each period."""
    return [
        float(sum(any(_on(days, each)) for each in _seen(question, world).values()))
        for days in _periods(question, world).values()
    ]


def members(question: Lifecycle, cell: Cell, world: World) -> list[int]:
    firsts = [date.fromisoformat(cell.bucket)] if cell.bucket else _periods(question, world)
    return sorted(set().union(*(_who(question, world, cell.series, each) for each in firsts)))


def _periods(question: Lifecycle, world: World) -> dict[date, list[date]]:
    return periods(question.range, question.by, world.setting)


def _who(question: Lifecycle, world: World, state: str, first: date) -> set[int]:
    days = _periods(question, world)[first]
    before = whole(previous(first, question.by, world.setting), question.by, world.setting)
    found = set()
    for person, seen in _seen(question, world).items():
        is_here, was_here = any(_on(days, seen)), any(_on(before, seen))
        ever = any(each < days[0] for each in seen)
        if is_here:
            mine = "new" if not ever else "returning" if was_here else "resurrecting"
        else:
            mine = "dormant" if was_here else ""
        if mine == state:
            found.add(person)
    return found


def _on(days: list[date], seen: set[date]) -> list[bool]:
    return [day in seen for day in days]


def _seen(question: Lifecycle, world: World) -> dict[int, set[date]]:
    """Return the days on which everybody did something."""
    found: dict[int, set[date]] = {person: set() for person in PEOPLE}
    for event in counted(question, world):
        if matches_activity(question.pattern, event, world):
            found[event.person].add(day_on(event.happened, world.setting))
    return found
