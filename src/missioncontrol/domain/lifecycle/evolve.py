"""What an event makes of an agent's life."""

from typing import assert_never

from msgspec.structs import replace

from missioncontrol.domain.elevation import Elevation, ElevationRequest
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.lifecycle.events import (
    AgentAdded,
    AgentChanged,
    AgentDraining,
    AgentFailed,
    AgentLost,
    AgentReady,
    AgentRemoved,
    AgentRested,
    AgentScaled,
    AgentStarting,
    AgentStopped,
    ElevationAsked,
    ElevationEnded,
    ElevationGranted,
    LifeEvent,
)
from missioncontrol.domain.lifecycle.states import (
    AgentLife,
    Draining,
    Failed,
    Lost,
    Ready,
    Removed,
    Resting,
    Standing,
    Starting,
    Stopped,
)


def evolve(agent: AgentLife | None, event: LifeEvent, at: float) -> AgentLife:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    if isinstance(event, AgentAdded):
        standing: Standing = Ready() if event.is_ready else Stopped("It was not started yet.")
        # One that was removed and comes again counts its elevations on: an id is given once.
        asked = agent.elevations if agent is not None else 0
        return AgentLife(event.declared, event.source, standing, at, elevations=asked)
    if agent is None:
        raise Corrupt("agent.not_added", f"{type(event).__name__} comes before the agent is added.")
    match event:
        case AgentChanged():
            return replace(agent, declared=event.declared, source=event.source)
        case AgentScaled():
            return replace(agent, declared=replace(agent.declared, scale=event.scale))
        case AgentReady():
            return replace(
                agent,
                standing=Ready(),
                since=at,
                version=event.version,
                said=event.said,
            )
        case AgentRested():
            standing = Resting(event.reason, event.until)
            return replace(agent, standing=standing, since=at, rests=event.times)
        case ElevationAsked() | ElevationGranted() | ElevationEnded():
            return _elevate(agent, event, at)
        case _:
            return replace(agent, standing=_standing(event, at), since=at)


def _elevate(
    agent: AgentLife, event: ElevationAsked | ElevationGranted | ElevationEnded, at: float
) -> AgentLife:
    match event:
        case ElevationAsked():
            wish = ElevationRequest(
                event.elevation,
                event.modes,
                event.paths,
                event.reason,
                event.seconds,
                event.by,
                event.lapses,
                event.os_user,
            )
            return replace(agent, wish=wish, elevations=agent.elevations + 1)
        case ElevationGranted():
            given = Elevation(
                event.elevation,
                event.modes,
                event.paths,
                event.reason,
                event.asked_by,
                event.by,
                at,
                event.until,
            )
            return replace(agent, wish=None, elevation=given)
        case ElevationEnded():
            if agent.wish is not None and agent.wish.id == event.elevation:
                return replace(agent, wish=None)
            return replace(agent, elevation=None)
        case _:
            assert_never(event)


def _standing(
    event: AgentStarting | AgentFailed | AgentDraining | AgentStopped | AgentLost | AgentRemoved,
    at: float,
) -> Standing:
    match event:
        case AgentStarting():
            return Starting(at + event.seconds_max)
        case AgentFailed():
            return Failed(event.code, event.reason, event.hint)
        case AgentDraining():
            return Draining(event.reason, event.deadline, event.then)
        case AgentStopped():
            return Stopped(event.reason)
        case AgentLost():
            return Lost(event.reason)
        case AgentRemoved():
            return Removed(event.reason)
        case _:
            assert_never(event)
