"""Generates the events of the demo data, day by day in chronological order."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from math import cos, exp, log, pi, sqrt
from random import Random

import msgspec

from missioncontrol.analytics.demo_data.anomalies import LEAVES_ON, Trouble
from missioncontrol.analytics.demo_data.people import (
    ENGAGED,
    LIFETIME,
    PLATFORMS,
    Person,
    days_until_next,
    milestones,
    sign_up,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Captured

SEED, DAYS, USERS = 42, 90, 55_000
DAYS_MAX, USERS_MAX = 730, 1_000_000

GROWTH = 0.004  # more signups each day than the day before
SIGNUPS = (1.08, 1.12, 1.1, 1.06, 0.98, 0.8, 0.86)  # by weekday, Monday first
VISITS = (1.0, 1.0, 1.0, 0.98, 0.92, 0.62, 0.66)
UNEVEN = 0.04  # relative noise of a day besides chance
ERRORS = 0.06  # a visit

BOT_VISITS = 40
SECONDS, MICROS = 86_400, 1_000_000
DELAY = 250_000  # microseconds until an event is received

# Relative number of visits by hour of the day.
HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 8, 9, 9, 8, 7, 8, 9, 9, 8, 7, 6, 6, 6, 5, 4)

PAGES = ("home", "projects", "reports", "settings", "search")


def events(
    seed: int = SEED,
    days: int = DAYS,
    users: int = USERS,
    *,
    until: datetime,
    anomalies: bool = True,
    source: str = "seed",
) -> Iterator[Captured]:
    """Yield the events of `days` days before that of `until`, and of that day up to `until`.

    `until` is UTC without an offset. `users` includes people from before the first day. Without
    `anomalies` all days are usual.

    Raises:
        Rejected: `analytics.bad_seed`.
    """
    if not 1 <= days <= DAYS_MAX or not 1 <= users <= USERS_MAX:
        raise Rejected(
            "analytics.bad_seed",
            f"{users} people over {days} days is not 1 to {USERS_MAX} over 1 to {DAYS_MAX}.",
            hint="Choose fewer.",
        )
    return _World(seed, days, users, until, source, has_trouble=anomalies).events()


class _Happening(msgspec.Struct, frozen=True):
    """An action of a person on a day, before it becomes an event."""

    micros: int  # since midnight
    name: str
    person: Person
    session: str
    page: str = ""


class _World:
    """The state of the generator across days."""

    def __init__(
        self, seed: int, days: int, users: int, until: datetime, source: str, *, has_trouble: bool
    ) -> None:
        # Separate generators, so that anomalies do not change who signs up.
        self._signing = Random(f"{seed} signups")  # noqa: S311 - the same seed, the same events
        self._visiting = Random(f"{seed} visits")  # noqa: S311 - as above
        self._failing = Random(f"{seed} trouble")  # noqa: S311 - as above
        self._days, self._until, self._source = days, until, source
        self._today = until.date()
        self._first = self._today - timedelta(days=days)
        self._trouble = Trouble(days, PLATFORMS) if has_trouble else None
        self._prefix = f"{seed}-{self._today:%Y%m%d}-"
        self._written = self._people = 0
        self._coming: defaultdict[int, list[Person]] = defaultdict(list)
        self._later: defaultdict[int, list[_Happening]] = defaultdict(list)
        self._properties_cache: dict[tuple[str, str, str], bytes] = {}
        # The number of users stays constant, apart from growth.
        daily = users / (days + ENGAGED * LIFETIME)
        self._signups = [daily * exp(GROWTH * (day - days / 2)) for day in range(days + 1)]
        self._old = round(users - daily * days)

    def events(self) -> Iterator[Captured]:
        weekday = self._first.weekday()
        weekdays = [VISITS[(weekday + at) % 7] for at in range(7)]
        for _ in range(self._old):
            person = self._new_person(0, stays=True)
            self._coming[0 if self._visiting.random() < person.visits else 1].append(person)
        end = round((self._until - datetime.combine(self._today, datetime.min.time())) / _MICRO)
        first = (self._first - date(1970, 1, 1)).days
        for day in range(self._days + 1):
            midnight = (first + day) * SECONDS * MICROS
            happened = sorted(self._of_day(day, weekdays), key=_when)
            for each in happened if day < self._days else _before(happened, end):
                yield self._captured(day, midnight, each)

    def _of_day(self, day: int, weekdays: Sequence[float]) -> Iterator[_Happening]:
        date_ = self._first + timedelta(days=day)
        for person in self._coming.pop(day, ()):
            if day <= person.leaves:
                yield from self._visit(person, day)
                self._comes_again(person, day, weekdays)
        yield from self._bots(day)
        for _ in range(self._how_many(self._signups[day] * SIGNUPS[date_.weekday()])):
            yield from self._signup(day, weekdays)
        yield from self._later.pop(day, ())  # Last, as some reach a step on the day of signup.

    def _signup(self, day: int, weekdays: Sequence[float]) -> Iterator[_Happening]:
        person = self._new_person(day)
        micros = self._moment(self._signing)
        session = f"{person.user}-{day}"
        yield _Happening(micros, "page_viewed", person, session, "landing")
        micros += round(90 * MICROS * self._signing.random()) + MICROS
        yield _Happening(micros, "signup", person, session)
        self._comes_again(person, day, weekdays)
        self._come_to(person, day, micros)
        if self._trouble and self._failing.random() < self._trouble.leaving(day):
            person.leaves = min(person.leaves, day + LEAVES_ON - 1)

    def _come_to(self, person: Person, day: int, micros: int) -> None:
        """Schedule the activation steps of a person."""
        steps = milestones(person, self._signing)
        whens = (steps.onboarded, steps.acted, steps.invited)
        for name, after in zip(_STEPS, whens, strict=True):
            if after is None:
                return
            ahead, at = divmod(micros + round(after * MICROS), SECONDS * MICROS)
            if name == "onboarding_complete":
                if self._is_lost(person, day + ahead):
                    return
                person.has_onboarded = True
            if day + ahead <= self._days:
                session = f"{person.user}-{day + ahead}"
                happening = _Happening(at, name, person, session)
                self._later[day + ahead].append(happening)

    def _is_lost(self, person: Person, day: int) -> bool:
        trouble = self._trouble
        if trouble is None:
            return False
        return self._failing.random() < trouble.lost_onboarding(day, person.platform)

    def _visit(self, person: Person, day: int) -> Iterator[_Happening]:
        chance = self._visiting.random
        micros, session = self._moment(self._visiting), f"{person.user}-{day}"
        yield _Happening(micros, "page_viewed", person, session, PAGES[int(5 * chance())])
        kind = chance()
        if kind < 0.4:
            micros += int(240e6 * chance()) + 1
            yield _Happening(micros, "page_viewed", person, session, PAGES[int(5 * chance())])
        if kind > 0.3 and person.has_onboarded:
            micros += int(300e6 * chance()) + 1
            yield _Happening(micros, "key_action", person, session)
        limit = ERRORS * self._trouble.errors(day, person.platform) if self._trouble else ERRORS
        if chance() < limit:
            yield _Happening(micros + MICROS, "error", person, session)

    def _bots(self, day: int) -> Iterator[_Happening]:
        crawler = Person(0, "web", "", "US", "", 0.0, 0.0, is_bot=True)
        for _ in range(BOT_VISITS):
            yield _Happening(
                self._moment(self._visiting), "page_viewed", crawler, f"crawl-{day}", "landing"
            )

    def _new_person(self, day: int, *, stays: bool = False) -> Person:
        self._people += 1
        return sign_up(self._people, day, self._signing, stays=stays)

    def _comes_again(self, person: Person, day: int, weekdays: Sequence[float]) -> None:
        following = day + days_until_next(person, weekdays, day, self._visiting)
        if following <= min(person.leaves, self._days):
            self._coming[following].append(person)

    def _moment(self, random: Random) -> int:
        """Return a time of day, early enough for the visit to end on the same day."""
        at = random.random() * _HOURS[-1]
        return int((bisect(_HOURS, at) + random.random()) * 3_600 * MICROS)

    def _how_many(self, expected: float) -> int:
        """Return a random number of people around the expected one."""
        first, second = (1 - self._signing.random() for _ in range(2))
        usual = sqrt(-2 * log(first)) * cos(2 * pi * second)
        return max(0, round(expected + sqrt(expected + (UNEVEN * expected) ** 2) * usual))

    def _captured(self, day: int, midnight: int, happening: _Happening) -> Captured:
        person, page = happening.person, happening.page
        at = midnight + happening.micros
        self._written += 1
        is_landing, is_signup = page == "landing", happening.name == "signup"
        known = b""
        if not person.is_known and not is_landing:
            person.is_known, known = True, _known(person)
        return Captured(
            id=f"{self._prefix}{self._written:x}",
            name=happening.name,
            happened=at,
            received=at + DELAY,
            source=self._source,
            user="" if is_landing else person.user,
            anonymous=person.device if is_landing or is_signup else "",
            session=happening.session,
            properties=self._properties_of(person, day, page),
            person=known,
            is_bot=person.is_bot,
        )

    def _properties_of(self, person: Person, day: int, page: str) -> bytes:
        key = (person.platform, self._version(person, day), page)
        found = self._properties_cache.get(key)
        if found is None:
            properties = {"platform": key[0], "version": key[1]} | ({"page": page} if page else {})
            found = self._properties_cache[key] = msgspec.json.encode(properties)
        return found

    def _version(self, person: Person, day: int) -> str:
        """Return the app version on a day: a new one every 5 weeks, adopted within a week."""
        if person.platform == "android" and day >= self._days - 3:
            return "5.0.0"
        return f"4.{(day + 35 - person.number % 7) // 35}.0"


_STEPS = ("onboarding_complete", "first_key_action", "invite")
_MICRO = timedelta(microseconds=1)
_HOURS = [sum(HOURS[: at + 1]) for at in range(len(HOURS))]


def _when(happening: _Happening) -> int:
    return happening.micros


def _before(happened: Sequence[_Happening], end: int) -> Iterator[_Happening]:
    return (each for each in happened if each.micros < end)


def _known(person: Person) -> bytes:
    known = {"plan": person.plan, "country": person.country, "campaign": person.campaign}
    return msgspec.json.encode(known | {"platform": person.platform})
