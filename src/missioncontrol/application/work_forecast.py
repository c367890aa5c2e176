"""When missions will end: a range simulated from how fast earlier work of this workspace got done.

The cases are the times between one finished item and the next of a mission, by how many items were
left: the last ones go slower. A trial follows one mission as far as that got, and changes to
another now and then. Open missions count too: else the quick ones, which end first, would make
each range too early. The same estimator is tried on missions that have ended, each time with
what was known by then (decision 64).
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.work_index import WorkIndex
from missioncontrol.projections.work_rows import WorkRow, is_over

CASES_MIN = 20
MISSIONS_MIN = 3
"""Recorded times, and missions that these are of, below which no range is given."""

LENGTHS_MIN = 3.0
"""Times the length of the usual mission that the record has to go back: of a shorter one, only the
quick missions are known to their end."""

CHANGES = 0.03
"""How likely a trial changes to another mission with each item."""

DAY = 86_400.0
TRIALS = 200
SEED = 22
LOW, LIKELY, HIGH = 0.1, 0.5, 0.9
LEFT_MAX = 200
"""Open items of a mission beyond which no range is given: each is one step of every trial."""

PROBES = 3
"""How often the estimator is tried on a mission of usual length: at moments that lie apart equally,
whatever became of the mission, as people look at a forecast."""

PROBED_MAX = 60
"""Moments that it is tried at, spread over all there are."""

TESTS_MIN = 10
HELD_MIN = 0.6
"""Ranges that held less often are not shown; as made, eight of ten should hold."""

ITEMS_MIN = 4
"""Items of a mission below which it says nothing about others."""


class Span(msgspec.Struct, frozen=True):
    """How long something will take, in seconds: one of ten trials is shorter than `low`."""

    low: float
    likely: float
    high: float


class Grounds(msgspec.Struct, frozen=True):
    """What ranges are computed from, and how often they held."""

    cases: int  # recorded times between two finished items of a mission
    cases_min: int
    missions: int  # that these are of
    tested: int  # ranges that the same estimator made for missions that have ended
    held: int  # of these: the real end was within the range
    is_shown: bool
    why: str  # no range is shown


class Pace(msgspec.Struct, frozen=True):
    """How the items of a mission came and went. Times are seconds since the epoch."""

    created: tuple[float, ...]  # sorted
    ends: tuple[float, ...]  # of all that are over, sorted
    done: tuple[float, ...]  # of those that are done, sorted
    gaps: tuple[float, ...]  # seconds before each of `done`
    begun: float  # the first was begun; infinite where none was
    open: int
    total: int  # without what was cancelled
    cost: int

    @property
    def is_ended(self) -> bool:
        """Whether all of it is over."""
        return not self.open and len(self.done) >= ITEMS_MIN

    def left_at(self, moment: float) -> int:
        """Return how many items were open then."""
        return bisect_right(self.created, moment) - bisect_right(self.ends, moment)

    def walk_until(self, moment: float) -> "Walk":
        """Return the times between its items as they were known then."""
        return Walk(self.left_at(moment), self.gaps[: bisect_right(self.done, moment)][::-1])


def pace_of(rows: Iterable[WorkRow]) -> Pace:
    """Return how the items of a mission came and went."""
    known = [row for row in rows if not row.is_gone]
    over = [row for row in known if is_over(row)]
    done = sorted((_ended(row), row.created) for row in over if row.word == "done")
    stays = chain.from_iterable(row.stays for row in known)
    begun = min((s.since for s in stays if s.stage in ("building", "in_review")), default=math.inf)
    return Pace(
        tuple(sorted(row.created for row in known)),
        tuple(sorted(_ended(row) for row in over)),
        tuple(end for end, _ in done),
        tuple(_gaps(done, begun)),
        begun,
        len(known) - len(over),
        len(known) - len(over) + len(done),
        sum(row.cost for row in known),
    )


def _ended(row: WorkRow) -> float:
    return row.stays[-1].since if row.word == "done" and row.stays else row.since


def _gaps(done: Sequence[tuple[float, float]], begun: float) -> Iterator[float]:
    """Yield the seconds before each end; time in which there was no such item does not count."""
    before = begun
    for end, created in done:
        yield max(end - max(min(before, end), created), 0.0)
        before = end


class Walk(msgspec.Struct, frozen=True):
    """The times between the items of a mission as far as it got."""

    left: int  # items that are left after the last of them
    gaps: Sequence[float]  # the last one first

    def at(self, left: int) -> float:
        """Return the seconds to the next finished item while `left` others are left after it."""
        return self.gaps[left - self.left]


class Trials:
    """What trials walk through: at each number of items left, the missions that got beyond it."""

    def __init__(self, walks: Iterable[Walk], lengths: Sequence[float], history: float) -> None:
        """`lengths` are the seconds that ended missions took, `history` those on record."""
        known = sorted((each for each in walks if each.gaps), key=lambda e: (e.left, list(e.gaps)))
        self._lengths, self._history = lengths, history
        self.missions = len(known)
        self.cases = sum(len(each.gaps) for each in known)
        most = max((each.left + len(each.gaps) for each in known), default=0)
        self._at: list[list[Walk]] = [[] for _ in range(most)]
        for each in known:
            for left in range(each.left, each.left + len(each.gaps)):
                self._at[left].append(each)
        self._reached = [left for left, each in enumerate(self._at) if each]

    @property
    def objection(self) -> str:
        """Why there is no range yet; "" where there is enough."""
        if self.cases < CASES_MIN or len(self._lengths) < MISSIONS_MIN:
            return (
                f"A forecast needs {CASES_MIN} finished items and {MISSIONS_MIN} ended missions; "
                f"{self.cases} and {len(self._lengths)} are recorded."
            )
        usual = sorted(self._lengths)[len(self._lengths) // 2]
        if self._history < LENGTHS_MIN * usual:
            return (
                f"A forecast needs a record of {LENGTHS_MIN * usual / DAY:.1f} days, "
                f"{LENGTHS_MIN:.0f} times the usual mission; {self._history / DAY:.1f} are there."
            )
        return ""

    def walks(self, left: int) -> list[list[float]]:
        """Return, for 1 to `left` items, the sorted seconds that each trial took."""
        chance = random.Random(SEED).random  # noqa: S311 - trials, and the same each time
        columns: list[list[float]] = [[] for _ in range(left)]
        for _ in range(TRIALS):
            total, walk = 0.0, None
            for place in range(left):
                known = place if place < len(self._at) and self._at[place] else -1
                if known < 0:  # No mission had so many left; any other number stands for it.
                    known = self._reached[int(chance() * len(self._reached))]
                is_over = walk is None or not 0 <= known - walk.left < len(walk.gaps)
                if is_over or chance() < CHANGES:
                    walk = self._at[known][int(chance() * len(self._at[known]))]
                assert walk is not None
                total += walk.at(known)
                columns[place].append(total)
        for each in columns:
            each.sort()
        return columns


def span_of(walks: Sequence[float]) -> Span:
    """Return the range of sorted trials."""
    low, likely, high = (walks[int(share * (len(walks) - 1))] for share in (LOW, LIKELY, HIGH))
    return Span(low, likely, high)


class Forecasts:
    """Ranges for the missions of a workspace, at one position of its log."""

    def __init__(self) -> None:
        """Nothing is computed before it is asked for."""
        self._version = -1
        self.paces: dict[str, Pace] = {}
        self._tests: dict[tuple[str, float, int], bool] = {}
        self._spans: dict[int, Span] = {}
        self._longest = 0
        self.grounds = Grounds(0, CASES_MIN, 0, 0, 0, is_shown=False, why="")

    def follow(self, index: WorkIndex, now: float) -> None:
        """Take in what changed."""
        changed = index.changed_since(self._version)
        if changed is not None and not changed:
            return
        self._version = index.version
        epics = {index.rows[each].epic for each in changed or index.rows}
        is_same = True
        for id_ in epics & index.epics.keys():
            if index.epics[id_].kind == "product":
                continue
            rows = (index.rows[each] for each in index.epics[id_].children if each in index.rows)
            before, pace = self.paces.get(id_), pace_of(rows)
            self.paces[id_] = pace
            is_same &= before is not None and before.gaps == pace.gaps and before.open == pace.open
        if not is_same:
            self._simulate(now)

    def span(self, left: int) -> Span | None:
        """Return how long so many items will take; None where there is none."""
        return self._spans.get(left) if self.grounds.is_shown else None

    def objection(self, left: int) -> str:
        """Return why there is no range for so many open items; "" where there is one."""
        if not self.grounds.is_shown or self.span(left) is not None:
            return self.grounds.why
        return f"A forecast is made for up to {LEFT_MAX} open items; {left} are open."

    def _trials(self, moment: float) -> Trials:
        """Return the trials as they were known at a moment."""
        begun = [each for each in self.paces.values() if each.begun <= moment]
        lengths = [
            each.ends[-1] - each.begun
            for each in begun
            if each.is_ended and each.ends[-1] <= moment
        ]
        history = moment - min((each.begun for each in begun), default=moment)
        return Trials((each.walk_until(moment) for each in begun), lengths, history)

    def _simulate(self, now: float) -> None:
        trials = self._trials(now)
        wanted = {each.open for each in self.paces.values() if 0 < each.open <= LEFT_MAX}
        self._spans = {}
        if not trials.objection and wanted:
            walks = trials.walks(max(wanted))
            self._spans = {left: span_of(walks[left - 1]) for left in wanted}
        tests = self._tested() if self._spans else []
        held = sum(tests)
        why = trials.objection or _objection(len(tests), held)
        self.grounds = Grounds(
            trials.cases, CASES_MIN, trials.missions, len(tests), held, not why, why
        )

    def _tested(self) -> list[bool]:
        """Return whether each range held that would have been given for an ended mission."""
        known: dict[tuple[str, float, int], bool] = {}
        for id_, moment in self._probed():
            pace = self.paces[id_]
            left = pace.left_at(moment)
            if not 0 < left <= LEFT_MAX:
                continue
            held = self._tests.get((id_, moment, left))
            if held is None:
                held = self._held(moment, left, pace.ends[-1])
            if held is not None:
                known[id_, moment, left] = held
        self._tests = known
        return list(known.values())

    def _probed(self) -> list[tuple[str, float]]:
        """Return the moments to try the estimator at, and on which mission."""
        ended = {id_: each for id_, each in self.paces.items() if each.is_ended}
        if not ended:
            return []
        lengths = sorted(each.ends[-1] - each.begun for each in ended.values())
        usual = max(lengths[len(lengths) // 2], 1.0)
        step = 2.0 ** round(math.log2(usual / PROBES))
        first = min(each.begun for each in self.paces.values()) + LENGTHS_MIN * usual
        found = [
            (id_, number * step)
            for id_, each in ended.items()
            for number in range(
                math.ceil(max(each.begun, first) / step), int(each.ends[-1] / step) + 1
            )
        ]
        found.sort(key=lambda each: (each[1], each[0]))
        return found[:: -(-len(found) // PROBED_MAX) or 1]

    def _held(self, moment: float, left: int, end: float) -> bool | None:
        trials = self._trials(moment)
        if trials.objection:
            return None
        span = span_of(trials.walks(left)[-1])
        return span.low <= end - moment <= span.high


def _objection(tested: int, held: int) -> str:
    if tested >= TESTS_MIN and held < HELD_MIN * tested:
        return f"Only {held} of {tested} such ranges held in the past, so none is shown."
    return ""


_known: WeakKeyDictionary[WorkIndex, Forecasts] = WeakKeyDictionary()


def forecasts_of(index: WorkIndex, now: float) -> Forecasts:
    """Return the ranges for the missions of an index, brought up to it."""
    found = _known.get(index)
    if found is None:
        found = _known[index] = Forecasts()
    found.follow(index, now)
    return found
