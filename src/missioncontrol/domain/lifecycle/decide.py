"""Which events a command makes true of an agent's life, or why it is refused."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from typing import assert_never

from missioncontrol.domain.declaration import refuse_bad_declaration, refuse_bad_scale
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.lifecycle.commands import (
    DRAIN_SECONDS_MAX,
    REASON_MAX,
    AddAgent,
    ApproveElevation,
    AskElevation,
    DrainAgent,
    EndElevation,
    LapseElevation,
    LifeCommand,
    LoseAgent,
    RemoveAgent,
    ReportDrained,
    ReportReady,
    ReportUnfit,
    RestAgent,
    ScaleAgent,
    StartAgent,
    Steering,
    StopAgent,
)
from missioncontrol.domain.lifecycle.elevation_rules import (
    approved,
    ended,
    lapsed,
    request_elevation,
    undeclared,
)
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
    Starting,
    Stopped,
)

START_SECONDS_MAX = 60.0
REST_SECONDS_MAX = 3_600.0


def decide(command: LifeCommand, agent: AgentLife | None, now: float) -> list[LifeEvent]:
    """Answer `command` with the events it makes true. What is so already makes none.

    Raises:
        Rejected: `agent.exists`, `agent.not_stopped`, `agent.bad_time`, `agent.bad_reason`,
            `agent.built_in`, those of a bad declaration, and of `lifecycle.elevating`.
        NotFound: `agent.unknown`, `elevation.unknown`.
    """
    if isinstance(command, AddAgent):
        return _add(command, agent)
    if agent is None or isinstance(agent.standing, Removed):
        raise unknown(agent.name if agent is not None else "")
    if isinstance(command, Steering):
        _refuse_bad_reason(agent, command.reason)
    match command:
        case StartAgent():
            return _start(command, agent)
        case StopAgent():
            return _stop(command.reason or "A user stopped it.", agent)
        case DrainAgent():
            return _drain(command, agent, now)
        case ScaleAgent():
            refuse_bad_scale(agent.name, command.scale)
            if command.scale == agent.declared.scale:
                return []
            return [AgentScaled(command.scale, command.reason)]
        case RemoveAgent():
            return _remove(command, agent)
        case ReportReady():
            return _ready(command, agent)
        case ReportUnfit():
            if not isinstance(agent.standing, Starting):
                return []
            return [AgentFailed(command.code, command.reason, command.hint)]
        case RestAgent():
            return _rest(command, agent, now)
        case ReportDrained():
            return _drained(agent)
        case LoseAgent():
            if not isinstance(agent.standing, Ready | Starting | Draining):
                return []
            return [AgentLost(command.reason)]
        case AskElevation():
            return request_elevation(command, agent, now)
        case ApproveElevation():
            return approved(command, agent, now)
        case EndElevation():
            return ended(command, agent)
        case LapseElevation():
            return lapsed(command, agent)
        case _:
            assert_never(command)


def unknown(name: str, known: Iterable[str] = ()) -> NotFound:
    """Return the error for a name that no agent has; the nearest of `known` names is its hint."""
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "`mission agent list` names them."
    return NotFound("agent.unknown", f"There is no agent {name!r} here.", hint=hint)


def _add(command: AddAgent, agent: AgentLife | None) -> list[LifeEvent]:
    declared = command.declared
    refuse_bad_declaration(declared)
    if agent is None or isinstance(agent.standing, Removed):
        return [AgentAdded(declared, command.source, command.source == "built_in")]
    if agent.declared == declared and agent.source == command.source:
        return []
    if agent.source == "built_in":
        raise Rejected(
            "agent.built_in",
            f"{agent.name!r} is a part of the program and can't be declared again.",
            hint="Choose another name.",
        )
    if not command.replace:
        raise Rejected(
            "agent.exists",
            f"There is an agent {agent.name!r} already, of kind {agent.declared.kind}.",
            hint="`--replace` declares it again; `mission agent show` shows what it is now.",
        )
    changed = [AgentChanged(declared, command.source), *undeclared(agent, "Declared again.")]
    if isinstance(agent.standing, Stopped):
        return changed
    return [*changed, AgentStarting(START_SECONDS_MAX, "Declared again.")]


def _start(command: StartAgent, agent: AgentLife) -> list[LifeEvent]:
    match agent.standing:
        case Ready() | Starting():
            return []  # Start twice is start once.
    return _started(command.reason, agent)


def _started(reason: str, agent: AgentLife) -> list[LifeEvent]:
    """Start an agent, which then shows that it works; a part of the program does."""
    if agent.source == "built_in":
        return [AgentReady(agent.version)]
    return [AgentStarting(START_SECONDS_MAX, reason)]


def _stop(reason: str, agent: AgentLife) -> list[LifeEvent]:
    return [] if isinstance(agent.standing, Stopped) else [AgentStopped(reason)]


def _drain(command: DrainAgent, agent: AgentLife, now: float) -> list[LifeEvent]:
    if not 0 <= command.seconds_max <= DRAIN_SECONDS_MAX:
        raise Rejected(
            "agent.bad_time",
            f"Agent {agent.name!r} cannot be drained within {command.seconds_max:g} s.",
            hint="Give 0 seconds to 7 days.",
        )
    deadline = now + command.seconds_max
    usual = "It is started again." if command.then == "start" else "A user drained it."
    reason = command.reason or usual
    match agent.standing:
        case Ready() | Resting() | Draining() | Lost():
            return [AgentDraining(reason, deadline, command.then)]
        case Stopped() | Failed() | Starting() if command.then == "start":
            return _started(reason, agent)
        case Stopped():
            return []
    return [AgentStopped(reason)]  # It has nothing to end.


def _remove(command: RemoveAgent, agent: AgentLife) -> list[LifeEvent]:
    if agent.source == "built_in":
        raise Rejected(
            "agent.built_in",
            f"{agent.name!r} is a part of the program and can't be removed.",
            hint=f"`mission agent stop {agent.name}` keeps it from work.",
        )
    if not isinstance(agent.standing, Stopped | Failed | Lost):
        raise Rejected(
            "agent.not_stopped",
            f"Agent {agent.name!r} is not stopped.",
            hint=f"`mission agent stop {agent.name}` first, or drain it.",
        )
    return [*undeclared(agent, "It is removed."), AgentRemoved(command.reason)]


def _ready(command: ReportReady, agent: AgentLife) -> list[LifeEvent]:
    if not isinstance(agent.standing, Starting | Resting | Lost):
        return []  # It took too long, or it was stopped meanwhile.
    return [AgentReady(command.version, command.said)]


def _rest(command: RestAgent, agent: AgentLife, now: float) -> list[LifeEvent]:
    if not isinstance(agent.standing, Ready | Resting):
        return []
    times = 1 if command.has_worked else agent.rests + 1
    seconds = command.seconds * 2 ** min(times - 1, 10)
    until = now + min(seconds, REST_SECONDS_MAX) if math.isfinite(seconds) else now
    return [AgentRested(command.reason, until, times)]


def _drained(agent: AgentLife) -> list[LifeEvent]:
    if not isinstance(agent.standing, Draining):
        return []
    if agent.standing.then == "stop":
        return [AgentStopped(agent.standing.reason)]
    return _started(agent.standing.reason, agent)


def _refuse_bad_reason(agent: AgentLife, reason: str) -> None:
    if len(reason) > REASON_MAX:
        raise Rejected(
            "agent.bad_reason",
            f"The reason given for {agent.name!r} has {len(reason):,} characters; at most "
            f"{REASON_MAX:,} fit.",
            hint="Shorten it.",
        )
