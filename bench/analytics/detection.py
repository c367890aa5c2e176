"""How many of the things that go wrong are found, how early, and how much is found that is not."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from bench.analytics.injections import TODAY, Injected, World, injected
from bench.measure import Measure
from missioncontrol.analytics.detection.findings import Finding

RUNS = range(100_000, 100_240)
"""Seeds that nothing was tuned on; limits were set by others, all below 100,000."""

CLEAN = range(110_000, 110_060)

SIZES = (("under 10 %", 0.1), ("10 to 20 %", 0.2), ("20 to 40 %", 0.4), ("over 40 %", 99.0))
ROUNDED = 1e-9
PLAIN = 6.0


class Found(msgspec.Struct, frozen=True):
    """What became of one thing that went wrong."""

    trouble: Injected
    hit: Finding | None
    alarms: tuple[Finding, ...]  # of other things, above info
    chances: float  # how many times chance alone it is

    @property
    def is_alert(self) -> bool:
        """Whether it was reported with a severity above info."""
        return self.hit is not None and self.hit.severity != "info"

    @property
    def explains(self) -> tuple[str, ...]:
        """The platforms that are reported as its explanation."""
        return tuple(each.value for each in self.hit.slices if each.explains) if self.hit else ()


def detection(runs: Iterable[int] = RUNS, clean: Iterable[int] = CLEAN) -> Iterator[Measure]:
    """Plant one fault in each of many products and none in others, and run the detection."""
    found = [found_in(seed) for seed in runs]
    alerts = [each for each in found if each.is_alert]
    alarms = sum(len(each.alarms) for each in found)
    limit = 0.0
    for name, until in SIZES:
        some = [each for each in found if limit - ROUNDED <= _size(each) < until - ROUNDED]
        limit = until
        if some:
            yield _recall(f"anomalies found, effect {name}", some)
    plain = [each for each in found if each.chances >= PLAIN and _size(each) >= SIZES[0][1]]
    yield _recall("anomalies found, 10 % and more, and 6 times chance and more", plain)
    yield _share(
        "anomalies: alerts that are of what went wrong",
        len(alerts) / max(len(alerts) + alarms, 1),
        {"alerts": len(alerts), "false_alarms": alarms, "injections": len(found)},
        target=0.95,
    )
    hits = [(each.trouble, each.hit) for each in found if each.hit is not None]
    starts = [abs((hit.since - trouble.since).days) for trouble, hit in hits]
    yield _share(
        "anomalies whose beginning is told to the day or one beside",
        sum(each <= 1 for each in starts) / max(len(starts), 1),
        {"within_two_days": round(sum(each <= 2 for each in starts) / max(len(starts), 1), 3)},
    )
    sliced = [each for each in found if each.hit is not None and each.trouble.platform]
    right = sum(each.trouble.platform in each.explains for each in sliced)
    wrong = sum(
        bool(each.explains) and each.trouble.platform not in each.explains for each in found
    )
    yield _share(
        "anomalies of one platform that are put down to it",
        right / max(len(sliced), 1),
        {"of": len(sliced), "put_down_to_another": wrong},
    )
    yield _false_alarms(clean)


def found_in(seed: int) -> Found:
    """Return what is found in a product in which one thing went wrong."""
    trouble = injected(seed)
    world = World(seed, trouble)
    findings = world.findings()
    hits = [each for each in findings if is_of(each, trouble)]
    alarms = [each for each in findings if each not in hits and each.severity != "info"]
    return Found(trouble, hits[0] if hits else None, tuple(alarms), world.chances())


def is_of(finding: Finding, trouble: Injected) -> bool:
    """Whether a finding is of what went wrong: the metric or what follows from it, days, sign."""
    metrics = (finding.metric, *(each.metric for each in finding.also))
    overlaps = finding.since <= trouble.until and trouble.since <= finding.until
    return trouble.metric in metrics and overlaps and finding.is_down == (trouble.size < 0)


def _size(found: Found) -> float:
    return abs(found.trouble.effect)


def _recall(name: str, some: list[Found]) -> Measure:
    hits = sum(each.hit is not None for each in some)
    alerts = sum(each.is_alert for each in some)
    more = {"injections": len(some), "above_info": round(alerts / len(some), 3)}
    return _share(name, hits / len(some), more)


def _false_alarms(clean: Iterable[int]) -> Measure:
    worlds = [World(seed, None).findings() for seed in clean]
    alarms = sum(each.severity != "info" for findings in worlds for each in findings)
    return Measure(
        measure="anomalies: alerts in products in which nothing went wrong",
        value=alarms,
        unit="alerts",
        reference="products looked at, one day each",
        reference_value=len(worlds),
        better="lower",
        target=0.05,
        more={"info": sum(map(len, worlds)) - alarms, "today": TODAY.isoformat()},
    )


def _share(
    name: str, value: float, more: Mapping[str, Any], target: float | None = None
) -> Measure:
    return Measure(
        measure=name,
        value=value,
        unit="share",
        reference="all",
        reference_value=1.0,
        target=target,
        more=dict(more),
    )
