"""What most people do, and what of it they do first, person by person."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from missioncontrol.analytics.questions import EVERYBODY, Active, Range
from tests.analytics.twins.days import day_on, days_of
from tests.analytics.twins.filtering import TECHNICAL, counted
from tests.analytics.worlds import PRODUCT, Event, World


def names(world: World) -> list[str]:
    often = Counter(event.name for event in _lately(world))
    return sorted(often, key=lambda name: (-often[name], name))


def opening(world: World, steps: int) -> list[str]:
    firsts: dict[str, dict[int, datetime]] = defaultdict(dict)
    for event in sorted(_lately(world), key=lambda each: each.happened):
        if event.name in TECHNICAL:
            continue
        firsts[event.name].setdefault(event.person, event.happened)
    most = sorted(firsts, key=lambda name: (-len(firsts[name]), name))[:steps]

    def ahead(name: str) -> float:
        after = others = 0
        for person, moment in firsts[name].items():
            rivals = [firsts[each][person] for each in most if person in firsts[each]]
            others += len(rivals) - 1
            after += len(rivals) - 1 - sum(each < moment for each in rivals)
        return after / others if others else 0.0

    return sorted(most, key=lambda name: (-ahead(name), -len(firsts[name]), name))


def _lately(world: World) -> list[Event]:
    today = day_on(world.setting.as_of, world.setting)
    range_ = Range(today - timedelta(days=69), today)
    asked = Active(product=PRODUCT, range=range_, segment=EVERYBODY)
    days = set(days_of(range_))
    return [e for e in counted(asked, world) if day_on(e.happened, world.setting) in days]
