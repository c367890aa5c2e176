"""Small sets of events in which everything collides: ties, repeats, late arrivals, borders of days.

A world is what the views of a warehouse hold, as plain Python, and the calendar by which it is
asked. There are few people, few names, few moments and few values, so that whatever can meet meets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from hypothesis import strategies as st

from missioncontrol.analytics.calendar import Setting, Weekday, start_of, zone_of
from missioncontrol.analytics.questions import Pattern, Range, Segment, Where

PRODUCT, OTHER = "shop", "another"
NAMES = ("a", "b", "c", "d")
PEOPLE = (1, 2, 3)
WEEKDAYS: tuple[Weekday, ...] = ("monday", "sunday", "saturday")

# Each with days on which its clocks change: over midnight, by half an hour, or never.
DAYS: dict[str, tuple[date, ...]] = {
    "UTC": (date(2026, 3, 1), date(2026, 1, 28)),
    "Europe/Zurich": (date(2026, 3, 29), date(2026, 10, 25), date(2026, 2, 27)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "Asia/Beirut": (date(2026, 3, 29), date(2026, 10, 25)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 30)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Kathmandu": (date(2026, 12, 28),),
}
MINUTE, DAY, TICK = timedelta(minutes=1), timedelta(days=1), timedelta(microseconds=1)

Pace = Literal["minutes", "days"]


class Event(NamedTuple):
    """One row of the view `counted`."""

    seq: int
    name: str
    happened: datetime
    person: int
    product: str = PRODUCT
    session: str | None = None
    source: str = "web"
    properties: Mapping[str, Any] = {}


@dataclass(frozen=True)
class World:
    """Events in the order received, what is known of people, cohorts, and how to ask."""

    events: tuple[Event, ...]
    setting: Setting
    range: Range
    people: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    cohorts: Mapping[str, frozenset[int]] = field(default_factory=dict)


VALUES = ("x", "y", "Xy", "", "3", "07", 3, 2.5, -1, True, None)
KEYS = ("k", "odd 'name\"")


def worlds(
    *,
    pace: Pace = "minutes",
    days: int = 12,
    events: int = 16,
    names: tuple[str, ...] = NAMES,
    sessions: bool = False,
) -> st.SearchStrategy[World]:
    """Return any small world.

    At the pace `minutes` all happens within twenty minutes, mostly around a midnight, and the range
    is one or two days. At the pace `days` it happens over `days` days and a few around them, mostly
    near midnights, and the range is any part of these days. The moment of asking is mostly after
    all, often on a border of days, often in the midst.
    """

    def made(seed: int, size: int) -> World:
        return _world(Random(seed), size, pace, days, names, sessions)

    # A world is as good as its seed, and made a hundred times quicker than drawn piece by piece;
    # with fewer events it is the same world without its last ones.
    return st.builds(made, st.integers(0, 2**32), st.just(events) | st.integers(0, events))


def _world(
    chance: Random, size: int, pace: Pace, days: int, names: tuple[str, ...], sessions: bool
) -> World:
    zone = chance.choice(sorted(DAYS))
    first = chance.choice(DAYS[zone]) - DAY * (chance.randint(0, 2) if pace == "days" else 0)
    moments = _moments(zone, first, pace, days)
    begins = [start_of(first + DAY * each, zone_of(zone)) for each in range(days + 3)]
    after = start_of(first + DAY * (days + 40), zone_of(zone))
    late = chance.choice(moments[len(moments) // 2 :] if pace == "minutes" else begins)
    as_of = chance.choice((after, late, late, chance.choice(moments)))
    since, until = (-1, 0) if pace == "minutes" else (0, days - 1)
    if chance.random() < 0.4:
        since, until = sorted((chance.randint(since, until), chance.randint(since, until)))
    people = {each: _properties(chance) for each in PEOPLE}
    setting = Setting(as_of, zone, chance.choice(WEEKDAYS))
    cohort = frozenset(each for each in PEOPLE if chance.random() < 0.5)
    found: list[Event] = []
    for seq in range(size):
        again = found and chance.random() < 0.1
        each = chance.choice(found) if again else _event(chance, moments, names, sessions)
        found.append(each._replace(seq=5 + 3 * seq))
    return World(
        events=tuple(found),
        setting=setting,
        range=Range(first + DAY * since, first + DAY * until),
        people=people,
        cohorts={"one": cohort, "none": frozenset()},
    )


def _event(
    chance: Random, moments: list[datetime], names: tuple[str, ...], sessions: bool
) -> Event:
    return Event(
        seq=0,
        name="$feature_flag_called" if chance.random() < 0.1 else chance.choice(names),
        happened=chance.choice(moments),
        person=chance.choice(PEOPLE),
        product=OTHER if chance.random() < 0.05 else PRODUCT,
        session=chance.choice((None, "s", "t")) if sessions else None,
        properties=_properties(chance),
    )


def _properties(chance: Random) -> Mapping[str, Any]:
    often: tuple[Mapping[str, Any], ...] = ({}, {"k": "x"}, {"k": "x"}, {"k": "y"})
    if chance.random() < 0.7:
        return chance.choice(often)
    return {chance.choice(KEYS): chance.choice(VALUES) for _ in range(2)}


def _moments(zone: str, first: date, pace: Pace, days: int) -> list[datetime]:
    if pace == "minutes":
        start = start_of(first, zone_of(zone)) - 5 * MINUTE
        return [start + each * MINUTE for each in range(20)]
    hours = [timedelta(0), -TICK, TICK, *(timedelta(hours=each) for each in (1, 2.5, 12, 23))]
    # Those of a week and more before are compared with, or lie between.
    near = (*range(-9, -5), *range(-2, days + 3))
    begins = (start_of(first + DAY * each, zone_of(zone)) for each in near)
    return [begin + more for begin in begins for more in hours]


WHERE = st.one_of(
    st.builds(
        Where,
        st.just("k"),
        st.sampled_from(("is", "is_not", "contains", "not_contains")),
        st.sampled_from((("x",), ("x", "y"), ("3", "true"), ("X",))),
        st.sampled_from(("event", "person")),
    ),
    st.builds(
        Where,
        st.sampled_from(("k", "odd 'name\"")),
        st.sampled_from(("set", "not_set")),
        of=st.sampled_from(("event", "person")),
    ),
    st.builds(
        Where,
        st.just("k"),
        st.sampled_from(("above", "at_least", "below", "at_most")),
        st.sampled_from((("3",), ("2.5",))),
        st.sampled_from(("event", "person")),
    ),
)


def patterns(names: tuple[str, ...] = NAMES) -> st.SearchStrategy[Pattern]:
    """Return what events may be meant by: mostly a name, now and then any, or with a condition."""
    bare = st.builds(Pattern, st.sampled_from(names))
    detailed = st.builds(
        Pattern,
        st.sampled_from(("", "", "$feature_flag_called", *names)),
        st.lists(WHERE, max_size=1).map(tuple),
    )
    return st.one_of(bare, bare, detailed)


def segments() -> st.SearchStrategy[Segment]:
    """Return whose events may count: mostly everybody's."""
    built = st.builds(
        Segment,
        st.lists(WHERE, max_size=1).map(tuple),
        cohorts=st.sampled_from(((), ("one",), ("one", "none"), ("unknown",))),
    )
    return st.one_of(st.just(Segment()), st.just(Segment()), built)
