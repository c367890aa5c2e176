"""What the words of the measures mean: data with a version, printed beside every value."""

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Unit = Literal["share", "seconds", "rounds", "dollars"]


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one measure counts, divided by what, and what becomes of the edges."""

    version: int
    title: str
    unit: Unit
    says: str
    counts: str
    of: str
    edges: tuple[str, ...]
    baseline: str = ""  # what it is held against


@cache
def definitions() -> dict[str, Definition]:
    """Return what all measures mean, in their order."""
    text = files(__package__).joinpath("definitions.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=dict[str, Definition])
