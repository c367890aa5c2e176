"""What is true of an agent now."""

import msgspec

from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated, Elevation, ElevationRequest, elevated_by
from missioncontrol.domain.lifecycle.events import Next, Source


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """It accepts no steps; that is how it begins, and what a user wanted."""

    reason: str = ""


class Starting(msgspec.Struct, frozen=True, tag="starting"):
    """It is being asked whether it works."""

    deadline: float  # seconds since the epoch


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """It takes steps: idle where it has none, active where it has some."""


class Resting(msgspec.Struct, frozen=True, tag="blocked"):
    """It failed too often and is left alone until then: `blocked` in lists."""

    reason: str
    until: float


class Draining(msgspec.Struct, frozen=True, tag="draining"):
    """It ends what it works on."""

    reason: str
    deadline: float
    then: Next


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """The place where it runs is silent; it is ready again when it reports."""

    reason: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It did not show that it works."""

    code: str
    reason: str
    hint: str


class Removed(msgspec.Struct, frozen=True, tag="removed"):
    """It is gone."""

    reason: str


Standing = Stopped | Starting | Ready | Resting | Draining | Lost | Failed | Removed


class AgentLife(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is true of an agent now."""

    declared: Declaration
    source: Source
    standing: Standing
    since: float  # it stands so, seconds since the epoch
    version: str = ""  # as it reported when it last was ready
    said: str = ""
    rests: int = 0  # how often in a row, the last time
    wish: ElevationRequest | None = None  # a wider mode that waits for an approval
    elevation: Elevation | None = None  # that was agreed to last, if nothing has ended it
    elevations: int = 0  # how many were ever asked for

    @property
    def name(self) -> str:
        """By which steps name it."""
        return self.declared.name

    @property
    def may_begin(self) -> bool:
        """Whether it takes steps now."""
        return isinstance(self.standing, Ready)

    @property
    def due(self) -> float | None:
        """When something happens to it by itself, in seconds since the epoch; None is never."""
        match self.standing:
            case Starting(deadline=at) | Draining(deadline=at) | Resting(until=at):
                return at
        return None

    def elevated(self, now: float) -> Elevated | None:
        """Return the wider mode that an attempt has which begins now, if there is one."""
        if self.elevation is None or not self.elevation.is_in_force(now):
            return None
        return elevated_by(self.elevation)

    def status(self, at_work: int) -> str:
        """Return how it stands in one word, where it works on so many steps now."""
        if isinstance(self.standing, Ready):
            return "active" if at_work else "idle"
        return _WORDS[type(self.standing)]


def reason_of(life: AgentLife) -> str:
    """Return in a sentence why an agent accepts no steps; empty if it does, or is unknown."""
    match life.standing:
        case Failed(reason=reason, hint=hint):
            return f"{reason} {hint}".rstrip()
        case Stopped(reason=reason) | Lost(reason=reason) | Resting(reason=reason):
            return reason
        case Draining(reason=reason):
            return reason
    return ""


_WORDS: dict[type, str] = {
    Stopped: "stopped",
    Starting: "starting",
    Resting: "blocked",
    Draining: "draining",
    Lost: "lost",
    Failed: "failed",
    Removed: "removed",
}
