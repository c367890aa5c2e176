"""What can be asked of an agent's life, and what those who run it report."""

import msgspec

from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.lifecycle.events import Next, Source


class AddAgent(msgspec.Struct, frozen=True):
    """Take an agent in; one that is there already is only replaced where that is wanted."""

    declared: Declaration
    source: Source
    replace: bool = False


class StartAgent(msgspec.Struct, frozen=True):
    """Let it work, once it has shown that it can."""

    reason: str = ""


class StopAgent(msgspec.Struct, frozen=True):
    """Let it work no more, from now on; what it works on is interrupted and done again later."""

    reason: str


class DrainAgent(msgspec.Struct, frozen=True):
    """Let it end what it works on and begin nothing new; then it stops, or starts again."""

    reason: str
    seconds_max: float
    then: Next = "stop"


class ScaleAgent(msgspec.Struct, frozen=True):
    """Let it work on so many steps at once."""

    scale: int
    reason: str = ""


class RemoveAgent(msgspec.Struct, frozen=True):
    """Forget it; it must not be at work."""

    reason: str = ""


class ReportReady(msgspec.Struct, frozen=True):
    """It has shown that it works."""

    version: str = ""
    said: str = ""


class ReportUnfit(msgspec.Struct, frozen=True):
    """It does not work."""

    code: str
    reason: str
    hint: str = ""


class RestAgent(msgspec.Struct, frozen=True):
    """Let it begin nothing for a while, twice as long each time: it keeps failing."""

    reason: str
    seconds: float
    has_worked: bool = False  # it did something well since it last rested


class ReportDrained(msgspec.Struct, frozen=True):
    """Nothing of it is at work any more, or its time to end is over."""


class LoseAgent(msgspec.Struct, frozen=True):
    """Nothing is heard from where it runs."""

    reason: str


Report = ReportReady | ReportUnfit | RestAgent | ReportDrained | LoseAgent
LifeCommand = AddAgent | StartAgent | StopAgent | DrainAgent | ScaleAgent | RemoveAgent | Report
