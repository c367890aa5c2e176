"""The filter bar of the cockpit: product, days, comparison and segment that an address says."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from missioncontrol.analytics.calendar import DAYS_MAX, zone_of
from missioncontrol.analytics.questions import DAYS_USUAL, WHERE_MAX, Did, Range, Segment
from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.domain.cohorts import Cohort
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.states import Product
from missioncontrol.interfaces.web.cockpit_conditions import (
    ANY,
    condition,
    deed,
    deed_shown,
    deed_text,
)
from missioncontrol.interfaces.web.cockpit_view import before_shown

PRESETS = (7, 14, DAYS_USUAL, 56, 91, 182, 364, 728, 1_820)
"""Whole weeks: a range from today on back has as many of each weekday."""

TEXT_MAX = 200


class Parameters(Protocol):
    """What an address says, each name as often as it stands there."""

    def get(self, key: str, default: Any, /) -> Any:
        """Return the value of a name."""
        ...

    def getall(self, key: str, default: Any, /) -> Any:
        """Return all values of a name."""
        ...


class AddressParameters:
    """What an address would say, had it been written by hand."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        """`known` holds the values of each name."""
        self._known = known

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the first value of a name."""
        return next(iter(self._known.get(key, ())), default)

    def getall(self, key: str, default: Any = None, /) -> Any:
        """Return all values of a name."""
        return self._known.get(key, default)


class Bar(msgspec.Struct, frozen=True):
    """What the bar says, as a page is asked for."""

    product: Product
    products: tuple[Product, ...]
    range: Range
    days: int  # of a range that ends today; 0 where its days are given
    is_compared: bool
    is_absolute: bool  # changes are shown as numbers and points, not in per cent
    where: tuple[str, ...]  # conditions as they are written
    did: tuple[str, ...]  # what people did, or did not, as it is written
    cohorts: tuple[str, ...]  # ids of saved cohorts
    saved: tuple[Cohort, ...]  # those to choose from
    segment: Segment
    today: date

    @property
    def length(self) -> int:
        """How many days are asked for."""
        return (self.range.until - self.range.since).days + 1

    @property
    def is_over(self) -> bool:
        """Whether the last day is before today."""
        return self.range.until < self.today

    @property
    def presets(self) -> tuple[int, ...]:
        """How many days up to today one can choose: what is chosen is one of them."""
        more = (self.days,) if self.days and self.days not in PRESETS else ()
        return tuple(sorted(PRESETS + more))

    @property
    def before_shown(self) -> str:
        """The days that these are compared with, in words."""
        return before_shown(self.range)

    def pairs(self, **changes: str) -> list[tuple[str, str]]:
        """Return what an address has to say for this bar; an empty change takes its part away."""
        found = [("product", self.product.slug)]
        if self.days:
            found += [("days", str(self.days))] if self.days != DAYS_USUAL else []
        else:
            found += [("since", str(self.range.since)), ("until", str(self.range.until))]
        found += [] if self.is_compared else [("compare", "none")]
        found += [("as", "absolute")] if self.is_absolute else []
        found += [("where", each) for each in self.where]
        found += [("did", each) for each in self.did]
        found += [("cohort", each) for each in self.cohorts]
        unchanged = [pair for pair in found if pair[0] not in changes]
        return unchanged + [(name, value) for name, value in changes.items() if value]

    def url(self, path: str = "/cockpit", **changes: str) -> str:
        """Return the address of a page of the cockpit by this bar."""
        return f"{path}?{urlencode(self.pairs(**changes))}"

    def without(self, name: str, value: str) -> str:
        """Return this bar's address without one of its conditions or cohorts."""
        return f"?{urlencode([pair for pair in self.pairs() if pair != (name, value)])}"

    @property
    def whose(self) -> str:
        """Return of whom it is asked, in words; "" of everybody."""
        deeds = [f"people who {deed_shown(each, self.length)}" for each in self.did]
        cohorts = [self.shown("cohort", each) for each in self.cohorts]
        return "".join(f", {each}" for each in (*self.where, *deeds, *cohorts))

    def shown(self, name: str, value: str) -> str:
        """Return a condition, a deed or a cohort of this bar in words."""
        if name == "did":
            return f"People who {deed_shown(value, self.length)}"
        if name == "cohort":
            return "Cohort " + next((each.name for each in self.saved if each.id == value), value)
        return value


async def bar_of(shelf: ProductReader, query: Parameters, now: float) -> Bar:
    """Read the bar out of an address; days are those of the product's zone.

    Raises:
        NotFound: `product.unknown`.
        Rejected: `analytics.bad_range`, `analytics.bad_condition`.
    """
    products = tuple(await shelf.all())
    slug = str(query.get("product", "") or "")
    product = await shelf.find(slug) if slug else _usual(products)
    today = datetime.fromtimestamp(now, UTC).astimezone(zone_of(product.zone)).date()
    range_, days = range_of(query, today)
    where, did = _texts(query, "where"), _deeds(query)
    cohorts = _texts(query, "cohort")
    length = (range_.until - range_.since).days + 1
    deeds = tuple(deed(each, length) for each in did)
    return Bar(
        product,
        products,
        range_,
        days,
        query.get("compare", "") != "none",
        query.get("as", "") == "absolute",
        where,
        tuple(_written(each, one, length) for each, one in zip(did, deeds, strict=True)),
        cohorts,
        tuple(await shelf.cohorts(product.slug)),
        Segment(tuple(map(condition, where)), deeds, cohorts),
        today,
    )


async def bar_or_fault(
    shelf: ProductReader, query: Parameters, now: float
) -> tuple[Bar, Rejected | None]:
    """Return what the bar says; else a bar of the product alone, and what did not fit.

    Raises:
        NotFound: `product.unknown`.
    """
    try:
        return await bar_of(shelf, query, now), None
    except Rejected as error:
        alone = AddressParameters({"product": [str(query.get("product", "") or "")]})
        return await bar_of(shelf, alone, now), error


def range_of(query: Parameters, today: date) -> tuple[Range, int]:
    """Return the days that an address asks for, and how many up to today where it says so.

    Raises:
        Rejected: `analytics.bad_range`.
    """
    since, until = query.get("since", ""), query.get("until", "")
    if since:
        found = Range(_day(since), _day(until) if until else today)
        return _bounded(found), 0
    days = query.get("days", "") or str(DAYS_USUAL)
    if not (re.fullmatch("[0-9]{1,5}", days) and 1 <= int(days) <= DAYS_MAX):
        raise _bad_range(f"{days[:20]!r} is not 1 to {DAYS_MAX:,} days.")
    return Range(today - timedelta(days=int(days) - 1), today), int(days)


def _usual(products: Sequence[Product]) -> Product:
    return next((each for each in products if not each.is_own), products[0])


def _texts(query: Parameters, name: str) -> tuple[str, ...]:
    found = dict.fromkeys(str(each)[:TEXT_MAX].strip() for each in query.getall(name, []))
    return tuple(each for each in found if each)[:WHERE_MAX]


def _deeds(query: Parameters) -> tuple[str, ...]:
    """Return what people did: as it is written, and as the fields of a form say it."""
    found = list(_texts(query, "did"))
    name = str(query.get("deed", "") or "").strip()[:TEXT_MAX]
    if name:
        often = str(query.get("times", "") or "1").strip()
        length = str(query.get("in", "") or "range").strip()
        if not (often.isdecimal() and len(often) < 7):
            reason = f"{often[:20]!r} is no number of times."
            raise Rejected("analytics.bad_condition", reason, hint="Ask for at least 1.")
        sign = "!" if query.get("who", "") == "not" else ""
        name = f"\\{name}" if name[0] in "!\\" or (name[0] == ANY and name != ANY) else name
        found.append(f"{sign}{name} x{often} in {length}")
    return tuple(dict.fromkeys(found))


def _written(text: str, found: Did, length: int) -> str:
    """Return a deed in full: what goes with the range says so, also when the range changes."""
    is_of_range = not re.search(r" in [0-9]+d\s*$", text)
    return deed_text(found, length if is_of_range else None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _bad_range(f"{text[:20]!r} is no day such as 2026-11-01.") from None


def _bounded(found: Range) -> Range:
    days = (found.until - found.since).days + 1
    if not 1 <= days <= DAYS_MAX:
        raise _bad_range(f"From {found.since} to {found.until} is {days} days.")
    return found


def _bad_range(reason: str) -> Rejected:
    return Rejected(
        "analytics.bad_range", reason, hint=f"Ask for 1 to {DAYS_MAX:,} days at a time."
    )
