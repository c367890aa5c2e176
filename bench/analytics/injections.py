"""A product as counts by day and platform, with one thing that goes wrong in it, or none."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import cos, exp, log, pi, sqrt
from random import Random
from typing import Any, Literal, TypeVar, get_args

import msgspec

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    AnyAnswer,
    Cohort,
    FunnelAnswer,
    FunnelGroup,
    Line,
    RetentionAnswer,
    RetentionCell,
    RetentionGroup,
    StepCount,
    TrendAnswer,
)
from missioncontrol.analytics.calendar import Setting
from missioncontrol.analytics.detection.attribution import Property, slices, slicings
from missioncontrol.analytics.detection.detector import detect
from missioncontrol.analytics.detection.findings import Finding
from missioncontrol.analytics.detection.metrics import KnownEvent, watched_metrics
from missioncontrol.analytics.questions import Active, AnyQuestion, Funnel, Retention, Trend, digest
from missioncontrol.domain.product.states import Product

PRODUCT = Product("shop", "Shop")
SETTING = Setting(datetime(2026, 11, 23, 9, tzinfo=UTC).replace(tzinfo=None))
TODAY = date(2026, 11, 23)
DAYS = 110

PLATFORMS = {"web": 0.5, "ios": 0.3, "android": 0.2}
WEEKDAYS = (1.08, 1.12, 1.1, 1.06, 0.98, 0.75, 0.82)
STEPS = {"onboarding_complete": 0.55, "first_key_action": 0.5, "invite": 0.4}
KEPT = {1: 0.45, 7: 0.3, 30: 0.18}
ACTIONS = {"page_viewed": 2.2, "key_action": 0.7, "search": 0.3, "export": 0.04, "error": 0.08}

Metric = Literal[
    "events.signup",
    "conversion.onboarding_complete",
    "conversion.first_key_action",
    "retention.day_1",
    "retention.day_7",
    "active.dau",
    "events.error",
    "events.search",
    "events.export",
]
METRICS: tuple[Metric, ...] = get_args(Metric)
DROPS, RISES = (-0.1, -0.15, -0.2, -0.35, -0.5, -0.8), (0.15, 0.25, 0.5, 1.0, 2.0)
SHARES = ("conversion.", "retention.")


Lines = TypeVar("Lines", TrendAnswer, ActiveAnswer)


class Injected(msgspec.Struct, frozen=True):
    """What goes wrong: by how much, when, and on which platform ("" is all)."""

    metric: Metric
    size: float
    since: date
    until: date
    platform: str = ""

    @property
    def effect(self) -> float:
        """How much of all it is."""
        return self.size * PLATFORMS.get(self.platform, 1.0)

    def times(self, metric: str, platform: str, day: date) -> float:
        """Return by how much something is multiplied."""
        is_hit = metric == self.metric and self.since <= day <= self.until
        return 1 + self.size if is_hit and self.platform in ("", platform) else 1.0


def injected(seed: int) -> Injected:
    """Return any one thing that may go wrong."""
    dice = Random(f"{seed} injected")
    metric = dice.choice(METRICS)
    is_share = metric.startswith(SHARES)
    size = dice.choice(DROPS if is_share or dice.random() < 0.5 else RISES)
    if metric.startswith("retention."):
        length, ago = dice.choice((5, 7, 10, 14)), dice.choice((0, 0, 3, 7))
        last = TODAY - timedelta(days=1 + int(metric.rpartition("_")[2]) + ago)
    else:
        length, ago = dice.choice((1, 2, 3, 5, 7, 10, 14)), dice.choice((0, 0, 0, 1, 3))
        last = TODAY - timedelta(days=(2 if is_share else 1) + ago)
    platform = dice.choice(("", "", *PLATFORMS))
    return Injected(metric, size, last - timedelta(days=length - 1), last, platform)


class World:
    """Counts by day; ten metrics and more follow from signups and who is active."""

    def __init__(self, seed: int, trouble: Injected | None) -> None:
        self._dice = Random(f"{seed} world")
        self._trouble = trouble
        choice = self._dice.choice
        self._signups, self._active = choice((80, 200, 600)), choice((500, 2_000, 8_000))
        self._growth, self._uneven = choice((0.0, 0.002, 0.005)), choice((0.02, 0.04, 0.07))
        self._weekdays = [each ** choice((0.3, 1.0, 2.0)) for each in WEEKDAYS]
        self.days = [TODAY - timedelta(days=DAYS - at) for at in range(DAYS)]
        self.counts: dict[tuple[str, str], list[int]] = {}
        self.kept: dict[tuple[str, int], list[int]] = {}
        for platform, share in PLATFORMS.items():
            self._fill(platform, share)

    def findings(self) -> tuple[Finding, ...]:
        """Return what is found in it, with the platforms that explain it."""
        names = [KnownEvent(each, self.days[0]) for each in ("signup", *STEPS, *ACTIONS)]
        metrics = watched_metrics(PRODUCT, names, SETTING)
        asked = {digest(each.question): each.question for each in metrics}
        found = detect(metrics, {key: self.answer(each) for key, each in asked.items()}, SETTING)
        return tuple(self._explained(each) for each in found)

    def chances(self) -> float:
        """Return how many times chance alone what went wrong is: its hits by their root."""
        trouble = self._trouble
        if trouble is None:
            return 0.0
        days = [at for at, day in enumerate(self.days) if trouble.since <= day <= trouble.until]
        kind, _, name = trouble.metric.partition(".")
        lines: list[list[int]] = [
            self.kept[each, int(name.removeprefix("day_"))]
            if kind == "retention"
            else self.counts[f"{name} of" if kind == "conversion" else name, each]
            for each in PLATFORMS
        ]
        usual = sum(line[at] for line in lines for at in days) / (1 + trouble.effect)
        return abs(trouble.effect) * sqrt(usual)

    def answer(self, question: AnyQuestion) -> AnyAnswer:
        """Answer what is watched and what explains it."""
        match question:
            case Funnel():
                return self._funnel(question)
            case Retention():
                return self._retention(question)
            case Trend():
                return self._trend(question)
            case Active():
                lines = (self._line("dau", "dau", question, list(PLATFORMS), None),)
                return self._lined(ActiveAnswer, question, lines)
            case _:
                raise AssertionError(question)

    def _explained(self, finding: Finding) -> Finding:
        asked = slicings(finding, [Property("platform", "event")])
        questions = [question for each in asked for question in (each.now, each.before)]
        answers = {digest(each): self.answer(each) for each in questions}
        return msgspec.structs.replace(finding, slices=slices(finding, asked, answers))

    def _fill(self, platform: str, share: float) -> None:
        for at, day in enumerate(self.days):
            usual = share * exp(self._growth * (at - DAYS)) * self._weekdays[day.weekday()]
            begun = self._many(usual * self._signups, "events.signup", platform, day)
            self._add("signup", platform, begun)
            for name, rate in STEPS.items():
                rate *= self._times(f"conversion.{name}", platform, day)
                done = self._part(begun, rate)
                self._add(f"{name} of", platform, done)
                self._add(name, platform, done)
                begun = done
            for after, rate in KEPT.items():
                rate *= self._times(f"retention.day_{after}", platform, day)
                signups = self.counts["signup", platform][at]
                self.kept.setdefault((platform, after), []).append(self._part(signups, rate))
            active = self._many(usual * self._active, "active.dau", platform, day)
            self._add("dau", platform, active)
            for name, often in ACTIONS.items():
                times = self._times(f"events.{name}", platform, day)
                self._add(name, platform, self._poisson(active * often * times))

    def _add(self, name: str, platform: str, count: int) -> None:
        self.counts.setdefault((name, platform), []).append(count)

    def _times(self, metric: str, platform: str, day: date) -> float:
        return self._trouble.times(metric, platform, day) if self._trouble else 1.0

    def _many(self, usual: float, metric: str, platform: str, day: date) -> int:
        uneven = exp(self._uneven * self._normal())
        return self._poisson(usual * uneven * self._times(metric, platform, day))

    def _poisson(self, mean: float) -> int:
        if mean > 30:
            return max(0, round(mean + sqrt(mean) * self._normal()))
        product, limit, count = self._dice.random(), exp(-mean), 0
        while product > limit:
            product *= self._dice.random()
            count += 1
        return count

    def _part(self, of: int, rate: float) -> int:
        spread = of * rate * (1 - rate)
        if spread > 25:
            return min(of, max(0, round(of * rate + sqrt(spread) * self._normal())))
        return sum(self._dice.random() < rate for _ in range(of))

    def _normal(self) -> float:
        first, second = 1 - self._dice.random(), self._dice.random()
        return sqrt(-2 * log(first)) * cos(2 * pi * second)

    def _at(self, question: AnyQuestion) -> slice:
        first = self.days[0]
        since = max((question.range.since - first).days, 0)
        return slice(since, (question.range.until - first).days + 1)

    def _sum(self, name: str, platforms: Sequence[str], at: slice) -> list[int]:
        lines = [self.counts[name, each][at] for each in platforms]
        return [sum(each) for each in zip(*lines, strict=True)]

    def _funnel(self, question: Funnel) -> FunnelAnswer:
        first, second = (each.pattern.event for each in question.steps)
        at = self._at(question)

        def steps(entered: int, done: int) -> tuple[StepCount, ...]:
            empty: dict[str, Any] = {
                "of_first": None,
                "of_before": None,
                "median": None,
                "median_step": None,
            }
            return tuple(
                StepCount(label=label, reached=reached, lost=0, pending=0, **empty)
                for label, reached in ((first, entered), (second, done))
            )

        def both(platforms: Sequence[str]) -> tuple[list[int], list[int]]:
            return self._sum(first, platforms, at), self._sum(f"{second} of", platforms, at)

        entered, done = both(list(PLATFORMS))
        groups = ((each, both([each])) for each in PLATFORMS)
        days = [each.isoformat() for each in self.days[at]]
        return FunnelAnswer(
            **_about(question),
            steps=steps(sum(entered), sum(done)),
            groups=tuple(FunnelGroup(key, steps(*map(sum, counts))) for key, counts in groups)
            if question.breakdown
            else (),
            trend=tuple(
                FunnelGroup(day, steps(*counts))
                for day, *counts in zip(days, entered, done, strict=True)
            ),
        )

    def _retention(self, question: Retention) -> RetentionAnswer:
        at = self._at(question)

        def cohorts(platforms: Sequence[str]) -> tuple[Cohort, ...]:
            sizes = self._sum("signup", platforms, at)
            return tuple(
                Cohort(
                    day.isoformat(),
                    size,
                    tuple(
                        self._kept(platforms, at.start + number, period)
                        for period in range(question.periods + 1)
                    ),
                )
                for number, (day, size) in enumerate(zip(self.days[at], sizes, strict=True))
            )

        groups = ((each, cohorts([each])) for each in PLATFORMS)
        return RetentionAnswer(
            **_about(question),
            labels=(),
            cohorts=cohorts(list(PLATFORMS)),
            overall=(),
            groups=tuple(RetentionGroup(key, each, ()) for key, each in groups)
            if question.breakdown
            else (),
        )

    def _kept(self, platforms: Sequence[str], day: int, period: int) -> RetentionCell:
        if period not in KEPT or self.days[day] + timedelta(days=period) >= TODAY:
            return RetentionCell(None, None)
        return RetentionCell(sum(self.kept[each, period][day] for each in platforms), None)

    def _trend(self, question: Trend) -> TrendAnswer:
        lines = [
            self._line(each.key, each.pattern.event or "dau", question, platforms, key)
            for each in question.series
            for key, platforms in self._apart(question)
        ]
        return self._lined(TrendAnswer, question, tuple(lines))

    def _apart(self, question: Trend) -> list[tuple[str | None, list[str]]]:
        if question.breakdown is None:
            return [(None, list(PLATFORMS))]
        return [(each, [each]) for each in PLATFORMS]

    def _line(
        self, key: str, name: str, question: AnyQuestion, of: Sequence[str], apart: str | None
    ) -> Line:
        values = self._sum(name, of, self._at(question))
        return Line(key, key, tuple(map(float, values)), float(sum(values)), apart)

    def _lined(self, kind: type[Lines], question: AnyQuestion, lines: tuple[Line, ...]) -> Lines:
        days = tuple(each.isoformat() for each in self.days[self._at(question)])
        return kind(**_about(question), buckets=days, complete=(True,) * len(days), lines=lines)


def _about(question: AnyQuestion) -> dict[str, Any]:
    return {
        "question": digest(question),
        "definition": "",
        "as_of": SETTING.as_of.isoformat() + "Z",
        "zone": "UTC",
        "position": 0,
    }
