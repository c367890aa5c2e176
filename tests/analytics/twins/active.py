"""Who is active, day by day and person by person."""

from datetime import date, timedelta

from missioncontrol.analytics.calendar import start_of, zone_of
from missioncontrol.analytics.questions import Active, Cell
from tests.analytics.twins.days import before_by, day_on, days_of
from tests.analytics.twins.filtering import counted, matches_activity
from tests.analytics.worlds import World

DAYS = {"dau": 1, "wau": 7, "mau": 30}
Told = dict[str, tuple[list[float | None], float | None]]


def told(question: Active, world: World, *, before: bool = False) -> Told:
    """Return the values and the total of each line."""
    days, seen = _days(question, before), _seen(question, world)
    found: Told = {}
    for key in DAYS:
        each = [_active(seen, key, [day]) for day in days]
        found[key] = ([float(len(people)) for people in each], float(len(set().union(*each))))
    shares: list[float | None] = []
    over = [0.0, 0.0]
    for at, day in enumerate(days):
        dau, mau = found["dau"][0][at] or 0.0, found["mau"][0][at] or 0.0
        shares.append(dau / mau if mau else None)
        if is_over(day, world):
            over = [over[0] + dau, over[1] + mau]
    found["stickiness"] = (shares, over[0] / over[1] if over[1] else None)
    return found


def members(question: Active, cell: Cell, world: World) -> list[int]:
    days = _days(question, cell.before)
    if cell.bucket:
        days = [date.fromisoformat(cell.bucket)]
    return sorted(_active(_seen(question, world), cell.series, days))


def is_over(day: date, world: World) -> bool:
    after = start_of(day + timedelta(days=1), zone_of(world.setting.zone))
    return after <= world.setting.as_of


def _days(question: Active, before: bool) -> list[date]:
    days = days_of(question.range)
    return [day - before_by(question.range) for day in days] if before else days


def _seen(question: Active, world: World) -> set[tuple[int, date]]:
    """Return who did something on which day."""
    return {
        (event.person, day_on(event.happened, world.setting))
        for event in counted(question, world)
        if matches_activity(question.pattern, event, world)
    }


def _active(seen: set[tuple[int, date]], key: str, days: list[date]) -> set[int]:
    wanted = {day - timedelta(days=back) for day in days for back in range(DAYS[key])}
    return {person for person, day in seen if day in wanted}
