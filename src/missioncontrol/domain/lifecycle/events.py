"""What can happen in the life of an agent."""

from typing import Literal

import msgspec

from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Mode

Source = Literal["command", "file", "package", "built_in", "worker"]
"""Who declared it: a person by command, the file of agents, an installed package, ourselves, or
the worker that carries it out."""

Next = Literal["stop", "start"]

Ending = Literal["refused", "lapsed", "expired", "ended", "declared"]
"""Of an elevation: it was refused, had no answer, its time was over, a person ended it, the
agent was declared again or removed."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class AgentAdded(Event, frozen=True):
    """It may be started from now on."""

    declared: Declaration
    source: Source
    is_ready: bool = False  # a part of the program, which works as the program does


class AgentChanged(Event, frozen=True):
    """It is declared again; if it was at work it is started again as it is now."""

    declared: Declaration
    source: Source


class AgentStarting(Event, frozen=True):
    """It is asked to show that it works, and fails if it has not by then."""

    seconds_max: float
    reason: str = ""


class AgentReady(Event, frozen=True):
    """It may take steps."""

    version: str = ""  # as it says itself
    said: str = ""


class AgentFailed(Event, frozen=True):
    """It did not show that it works."""

    code: str
    reason: str
    hint: str = ""


class AgentRested(Event, frozen=True):
    """It begins nothing until then, and has to show that it works before it does again."""

    reason: str
    until: float  # seconds since the epoch
    times: int = 1  # how often in a row


class AgentDraining(Event, frozen=True):
    """It ends what it works on and begins nothing; at the deadline the rest is interrupted."""

    reason: str
    deadline: float  # seconds since the epoch
    then: Next = "stop"


class AgentStopped(Event, frozen=True):
    """It accepts no steps until it is started."""

    reason: str


class AgentLost(Event, frozen=True):
    """The place where it runs did not report."""

    reason: str


class AgentScaled(Event, frozen=True):
    """It works on so many steps at once."""

    scale: int
    reason: str = ""


class AgentRemoved(Event, frozen=True):
    """It is gone; its past stays in the log."""

    reason: str = ""


class ElevationAsked(Event, frozen=True):
    """A user asks for a wider mode, for so long."""

    elevation: str
    modes: tuple[Mode, ...]
    reason: str
    seconds: float
    by: str
    lapses: float  # seconds since the epoch; it can't be approved after that
    paths: tuple[str, ...] = ()
    os_user: str = ""  # of the operating system, where `by` is a name that this user gave


class ElevationGranted(Event, frozen=True):
    """Another person agrees: attempts that begin until then have the wider mode."""

    elevation: str
    modes: tuple[Mode, ...]
    reason: str  # why it was asked for
    until: float  # seconds since the epoch
    asked_by: str
    by: str
    paths: tuple[str, ...] = ()
    os_user: str = ""
    note: str = ""  # of who agreed


class ElevationEnded(Event, frozen=True):
    """No attempt that begins has it any more, or it was never agreed to."""

    elevation: str
    how: Ending
    reason: str = ""
    by: str = ""  # empty where no person ended it


LifeEvent = (
    AgentAdded
    | AgentChanged
    | AgentStarting
    | AgentReady
    | AgentFailed
    | AgentRested
    | AgentDraining
    | AgentStopped
    | AgentLost
    | AgentScaled
    | AgentRemoved
    | ElevationAsked
    | ElevationGranted
    | ElevationEnded
)

ELEVATION_EVENTS: dict[type, tuple[str, int]] = {
    ElevationAsked: ("elevation_asked", 1),
    ElevationGranted: ("elevation_granted", 1),
    ElevationEnded: ("elevation_ended", 1),
}
"""Those of wider modes, for which a person is asked."""

EVENTS: dict[type, tuple[str, int]] = {
    AgentAdded: ("agent_added", 1),
    AgentChanged: ("agent_changed", 1),
    AgentStarting: ("agent_starting", 1),
    AgentReady: ("agent_ready", 1),
    AgentFailed: ("agent_failed", 1),
    AgentRested: ("agent_rested", 1),
    AgentDraining: ("agent_draining", 1),
    AgentStopped: ("agent_stopped", 1),
    AgentLost: ("agent_lost", 1),
    AgentScaled: ("agent_scaled", 1),
    AgentRemoved: ("agent_removed", 1),
    **ELEVATION_EVENTS,
}
"""The lasting name and version of every event."""
