"""What the words of the measures mean: versioned files, by which answers were worked out.

A file says what a measure counts, in which windows, divided by what, what becomes of the edges,
and the wording that people are shown beside each figure. When the meaning of anything in it
changes, its version does, and answers name it: `funnel 1`.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

MEASURES = ("funnel", "retention", "trend", "active", "lifecycle", "paths")
NAMES = (*MEASURES, "kpis", "anomalies")


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one measure means."""

    name: str
    version: int
    title: str
    says: str  # in a sentence
    windows: dict[str, str]
    denominators: dict[str, str]
    edges: dict[str, str]
    wording: dict[str, str]  # by the name of a figure: what is shown beside it
    defaults: dict[str, Any] = {}

    @property
    def stamp(self) -> str:
        """Its name and version, as answers have it."""
        return f"{self.name} {self.version}"


@cache
def definition(name: str) -> Definition:
    """Return what a measure means; `name` is one of `NAMES`."""
    text = files(f"{__package__}.definitions").joinpath(f"{name}.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=Definition)


def definitions() -> tuple[Definition, ...]:
    """Return what all measures mean."""
    return tuple(map(definition, NAMES))


def stamp(name: str) -> str:
    """Return by which definition an answer is worked out: `funnel 1`."""
    return definition(name).stamp
