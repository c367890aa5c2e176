"""What can be asked of an agent's life, and what those who run it report."""

import msgspec

from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Mode
from missioncontrol.domain.lifecycle.events import Next, Source


class AddAgent(msgspec.Struct, frozen=True):
    """Take an agent in; one that is there already is only replaced where that is wanted."""

    declared: Declaration
    source: Source
    replace: bool = False


class StartAgent(msgspec.Struct, frozen=True):
    """Start it; it works once it has shown that it can."""

    reason: str = ""


class StopAgent(msgspec.Struct, frozen=True):
    """Stop it from now on; what it works on is interrupted and done again later."""

    reason: str


class DrainAgent(msgspec.Struct, frozen=True):
    """Drain it: it ends its work and begins nothing new; then it stops, or starts again."""

    reason: str
    seconds_max: float
    then: Next = "stop"


class ScaleAgent(msgspec.Struct, frozen=True):
    """Set how many steps it works on at once."""

    scale: int
    reason: str = ""


class RemoveAgent(msgspec.Struct, frozen=True):
    """Forget it; it must not be at work."""

    reason: str = ""


class AskElevation(msgspec.Struct, frozen=True):
    """Ask for a wider mode for a time; another person has to approve it."""

    modes: tuple[Mode, ...]
    paths: tuple[str, ...]
    reason: str
    seconds: float
    by: str
    os_user: str = ""  # who gave the name, where nothing vouches for it


class ApproveElevation(msgspec.Struct, frozen=True):
    """Approve what another person asked for."""

    elevation: str
    by: str
    os_user: str = ""
    note: str = ""


class EndElevation(msgspec.Struct, frozen=True):
    """End or refuse it for all attempts that begin from now on; all of them without a name."""

    by: str
    elevation: str = ""
    reason: str = ""


class LapseElevation(msgspec.Struct, frozen=True):
    """Its time is over, as those who watch over agents have measured it."""

    elevation: str


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
    """Block it from beginning anything for a while, doubled each time: it keeps failing."""

    reason: str
    seconds: float
    has_worked: bool = False  # it did something well since it last rested


class ReportDrained(msgspec.Struct, frozen=True):
    """Nothing of it is at work any more, or its time to end is over."""


class LoseAgent(msgspec.Struct, frozen=True):
    """The place where it runs does not report."""

    reason: str


Elevating = AskElevation | ApproveElevation | EndElevation
Report = ReportReady | ReportUnfit | RestAgent | ReportDrained | LoseAgent | LapseElevation
LifeCommand = (
    AddAgent | StartAgent | StopAgent | DrainAgent | ScaleAgent | RemoveAgent | Elevating | Report
)
