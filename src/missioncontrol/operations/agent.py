"""Operations on agents: declare, start, stop, scale, run on an instruction."""

import os
from types import NoneType
from typing import Any

from missioncontrol.application.agent_runs import AgentRun, RunAgent
from missioncontrol.application.agents import AgentNow, DeclareAgent, ReplaceAgent
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.lifecycle.commands import (
    DrainAgent,
    RemoveAgent,
    ScaleAgent,
    StartAgent,
    StopAgent,
)
from missioncontrol.queries.agent import AGENT, GET


def seconds_in(text: str) -> float:
    """Return the seconds of a time such as 10m.

    Raises:
        Rejected: `agent.bad_option`.
    """
    seconds = 0.0 if text in ("0", "0s") else seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected("agent.bad_option", f"{text[:60]!r} is no time.", hint=seconds)
    return seconds


TURN = Body("Turn", "Why an agent is to begin or end its work.")
ENDING = Body("Ending", "How an agent is to end its work.")
WITHIN = Terminal(
    names={"seconds_max": "within"},
    metavars={"seconds_max": "TIME"},
    parse={"seconds_max": seconds_in},
    defaults={"seconds_max": "10m"},
)

GOVERNED: dict[str, Any] = {
    "permission": "govern",
    "surfaces": BY_PEOPLE,
    "former": "AgentAsked",
}

STEERED: dict[str, Any] = {
    **GOVERNED,
    "returns": AgentNow,
    "handle": lambda office, command, actor: office.agents.change(command, actor=actor),
    "target": AGENT,
    "shows": GET,
}

ADD = Operation(
    **GOVERNED | {"surfaces": BY_PEOPLE - {"cli"}},  # There it has an option for each word.
    name="agent.add",
    title="Declare an agent",
    text="Declare an agent with the fields of `agents.toml`, and check that it works.",
    command=DeclareAgent,
    returns=AgentNow,
    handle=lambda office, command, actor: office.agents.add(command, actor=actor),
    creates=AGENT,
    shows=GET,
    body=Body("NewAgent", "An agent to be declared."),
)

CHANGE = Operation(
    **GOVERNED | {"surfaces": BY_PEOPLE - {"cli"}},  # `mission agent add --replace`
    name="agent.change",
    title="Change an agent",
    text="Replace the declaration of an agent; a working agent restarts with the new one.",
    command=ReplaceAgent,
    returns=AgentNow,
    handle=lambda office, command, actor: office.agents.replace(command, actor=actor),
    target=AGENT,
    method="PUT",
    shows=GET,
    unless_changed=GET,
    body=Body("ChangedAgent", "An agent as it is to be from now on."),
)

REMOVE = Operation(
    **GOVERNED,
    name="agent.remove",
    title="Remove an agent",
    text="Remove an agent that is stopped; its past stays in the log.",
    command=RemoveAgent,
    returns=NoneType,
    risk="end",
    handle=lambda office, command, actor: office.agents.remove(command, actor=actor),
    target=AGENT,
    method="DELETE",
    in_address=True,
    unless_changed=GET,
    terminal=Terminal(done="{id} is removed; its past stays in the log."),
)

START = Operation(
    **STEERED,
    name="agent.start",
    title="Start an agent",
    text="Start an agent, once its health check passes.",
    command=StartAgent,
    also=("resume",),
    body=TURN,
)

STOP = Operation(
    **STEERED,
    name="agent.stop",
    title="Stop an agent",
    text="End all that an agent works on; its steps are ready again.",
    command=StopAgent,
    body=TURN,
)

DRAIN = Operation(
    **STEERED,
    name="agent.drain",
    title="Drain an agent",
    text="Drain an agent: it finishes its current work and starts nothing new.",
    command=DrainAgent,
    fixed={"then": "stop"},
    also=("pause",),
    body=ENDING,
    terminal=WITHIN,
)

RESTART = Operation(
    **STEERED,
    name="agent.restart",
    title="Start an agent again",
    text="Restart an agent after its current work; its health check runs again.",
    command=DrainAgent,
    fixed={"then": "start"},
    body=ENDING,
    terminal=WITHIN,
)

SCALE = Operation(
    **STEERED,
    name="agent.scale",
    title="Scale an agent",
    text="Say how many steps an agent works on at once.",
    command=ScaleAgent,
    body=Body("Scale", "How much an agent is to work on at once."),
    terminal=Terminal(positional=("scale",), metavars={"scale": "N"}),
)

RUN = Operation(
    name="agent.run",
    title="Run an agent now",
    text="Have an agent do what an instruction says, in a run with one step.\n\nCaps, rate limits "
    "and approvals apply as for every other run. The change that it makes can be reviewed.",
    command=RunAgent,
    returns=AgentRun,
    permission="operate",
    handle=lambda office, command, actor: office.agent_runs.begin(command, actor=actor),
    target=AGENT,
    body=Body("AgentInstruction", "What an agent is to do, where, and for how much."),
    terminal=Terminal(
        positional=("instruction",),
        metavars={"repository": "DIR", "cost": "USD", "tokens": "N"},
        parse={"repository": os.path.abspath},
        names={"repository": "repo"},
        done="{run} begins.",
    ),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    ADD,
    CHANGE,
    START,
    STOP,
    RESTART,
    DRAIN,
    SCALE,
    REMOVE,
    RUN,
)
"""In the order in which help names them."""
