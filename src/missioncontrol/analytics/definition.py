"""Definitions of the measures, in versioned files.

A file defines what a measure counts, its windows, denominators and edge cases, and the wording
beside each figure. Its version grows with every change of meaning, and answers name it: `funnel 1`.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

MEASURES = ("funnel", "retention", "trend", "active", "lifecycle", "paths")
NAMES = (*MEASURES, "kpis", "anomalies")


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The definition of one measure."""

    name: str
    version: int
    title: str
    says: str  # the meaning in a sentence
    windows: dict[str, str]
    denominators: dict[str, str]
    edges: dict[str, str]
    wording: dict[str, str]  # the text beside a figure, by the figure's name
    defaults: dict[str, Any] = {}

    @property
    def stamp(self) -> str:
        """Name and version, as answers name it."""
        return f"{self.name} {self.version}"


@cache
def definition(name: str) -> Definition:
    """Return the definition of a measure; `name` is one of `NAMES`."""
    text = files(f"{__package__}.definitions").joinpath(f"{name}.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=Definition)


def definitions() -> tuple[Definition, ...]:
    """Return all definitions."""
    return tuple(map(definition, NAMES))


def stamp(name: str) -> str:
    """Return the stamp of a definition, as `funnel 1`."""
    return definition(name).stamp
