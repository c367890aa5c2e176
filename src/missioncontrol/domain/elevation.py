"""A wider mode of an agent: asked for with a reason, agreed to by another person, for a time."""

from typing import Literal

import msgspec

Mode = Literal["network", "outside", "full"]
"""Its commands reach the network; they write in named directories outside of their tree; they do
both, and write everywhere but in the data directory."""

MODES: tuple[Mode, ...] = ("network", "outside", "full")
SECONDS_MAX = 86_400.0
"""At once; for a longer time, a user asks again and the request is reviewed again."""

ANSWER_SECONDS_MAX = 86_400.0
"""An older request can't be approved: its reason may not hold any more."""

PATHS_MAX = 20
REASON_MAX = 2_000


class ElevationRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request for a wider mode, until another person has answered."""

    id: str
    modes: tuple[Mode, ...]
    paths: tuple[str, ...]  # directories that may be written in; only with `outside`
    reason: str
    seconds: float
    by: str
    lapses: float  # seconds since the epoch; it can't be approved after that
    os_user: str = ""  # of the operating system, where `by` is a name that this user gave


class Elevation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A wider mode that is agreed to. Times are seconds since the epoch."""

    id: str
    modes: tuple[Mode, ...]
    paths: tuple[str, ...]
    reason: str
    asked_by: str
    by: str  # who agreed
    since: float
    until: float

    def is_in_force(self, now: float) -> bool:
        """Whether an attempt that begins now has it.

        Where the clock was set back to before the approval, it has not: it is unknown then
        how long it lasts.
        """
        return self.since <= now < self.until


class Elevated(msgspec.Struct, frozen=True, omit_defaults=True):
    """The wider mode in which an attempt works."""

    id: str
    modes: tuple[Mode, ...]
    paths: tuple[str, ...] = ()
    until: float = 0.0  # of the elevation; an attempt that has begun ends later

    def opens(self, mode: Mode) -> bool:
        """Whether the attempt has `mode`; `full` is all of them."""
        return mode in self.modes or "full" in self.modes


def elevated_by(elevation: Elevation) -> Elevated:
    """Return what an attempt has by an elevation."""
    return Elevated(elevation.id, elevation.modes, elevation.paths, elevation.until)


def opens(elevated: Elevated | None, mode: Mode) -> bool:
    """Whether an attempt has `mode`, which may have no elevation."""
    return elevated is not None and elevated.opens(mode)
