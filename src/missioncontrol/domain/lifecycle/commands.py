"""What can be asked of an agent's life, and what those who run it report."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.declaration import SCALE_MAX, Declaration
from missioncontrol.domain.elevation import Mode
from missioncontrol.domain.lifecycle.events import Next, Source


class AddAgent(msgspec.Struct, frozen=True):
    """Take an agent in; one that is there already is only replaced where that is wanted."""

    declared: Declaration
    source: Source
    replace: bool = False


REASON_MAX = 2_000
DRAIN_SECONDS = 600.0
"""Time that an agent has to end its work where no other is given."""

DRAIN_SECONDS_MAX = 7 * 86_400.0

Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why; stored permanently.")]


class Steering(msgspec.Struct, frozen=True, kw_only=True):
    """What people, and the parts that watch over agents, have one agent do."""

    name: str = ""  # of the agent; its stream says it too


class StartAgent(Steering, frozen=True):
    """Start it; it works once it has shown that it can."""

    reason: Reason = ""


class StopAgent(Steering, frozen=True):
    """Stop it from now on; what it works on is interrupted and done again later."""

    reason: Reason = ""


class DrainAgent(Steering, frozen=True):
    """Drain it: it ends its work and begins nothing new; then it stops, or starts again."""

    reason: Reason = ""
    seconds_max: Annotated[
        float,
        Meta(ge=0, le=DRAIN_SECONDS_MAX, description="After that time the rest is interrupted."),
    ] = DRAIN_SECONDS
    then: Next = "stop"


class ScaleAgent(Steering, frozen=True):
    """Set how many steps it works on at once."""

    scale: Annotated[int, Meta(ge=1, le=SCALE_MAX, description="Steps at once.")]
    reason: Reason = ""


class RemoveAgent(Steering, frozen=True):
    """Forget it; it must not be at work."""

    reason: Reason = ""


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
Turn = StartAgent | StopAgent | DrainAgent | ScaleAgent
LifeCommand = AddAgent | Turn | RemoveAgent | Elevating | Report
