"""Writes metrics in the text format of Prometheus, version 0.0.4: counters, gauges, histograms."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SERIES_MAX = 2_000
"""Of one family; what would be one more is counted under `OTHER`."""

LABEL_MAX = 200
OTHER = "other"

Labels = tuple[str, ...]
SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    60.0,
    600.0,
)
"""Upper ends of the buckets of a histogram of times."""


class Family:
    """Numbers of one name, distinguished by their labels."""

    def __init__(self, kind: str, name: str, help_text: str, *labels: str) -> None:
        """`kind` is counter or gauge; `labels` are the names of the labels."""
        self.kind = kind
        self.name = name
        self.help = help_text
        self.labels = labels
        self._values: dict[Labels, int | float] = {}

    def add(self, value: float, *labels: str) -> None:
        """Count `value` more."""
        key = self._key(labels)
        self._values[key] = self._values.get(key, 0) + value

    def replace(self, values: Mapping[Labels, float]) -> None:
        """Replace all values with these."""
        self._values = {}
        for labels, value in values.items():
            self._values[self._key(labels)] = value

    def _key(self, labels: Labels) -> Labels:
        labels = tuple(label[:LABEL_MAX] for label in labels)
        if labels in self._values or len(self._values) < SERIES_MAX:
            return labels
        return tuple(OTHER for _ in labels)

    def lines(self) -> Iterable[str]:
        """Yield it as text."""
        yield from _head(self.name, self.help, self.kind)
        for labels, value in self._values.items():
            yield f"{self.name}{_labelled(self.labels, labels)} {_number(value)}"


class Histogram:
    """How often something took how long, in seconds."""

    def __init__(self, name: str, help_text: str, *, ends: tuple[float, ...] = SECONDS) -> None:
        """`ends` are the upper ends of its buckets, growing."""
        self.name = name
        self.help = help_text
        self._ends = ends
        self._counts = [0] * (len(ends) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one more; a clock that was set back makes it zero."""
        seconds = max(0.0, seconds)
        self._counts[bisect_left(self._ends, seconds)] += 1
        self._sum += seconds

    def lines(self) -> Iterable[str]:
        """Yield it as text; each bucket holds all that are shorter as well."""
        yield from _head(self.name, self.help, "histogram")
        below = 0
        for end, count in zip((*self._ends, None), self._counts, strict=True):
            below += count
            label = "+Inf" if end is None else _number(end)
            yield f'{self.name}_bucket{{le="{label}"}} {below}'
        yield f"{self.name}_sum {_number(self._sum)}"
        yield f"{self.name}_count {below}"


def _head(name: str, help_text: str, kind: str) -> tuple[str, str]:
    escaped = help_text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {escaped}", f"# TYPE {name} {kind}"


def _labelled(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return clean.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return repr(value) if isinstance(value, float) else str(value)
