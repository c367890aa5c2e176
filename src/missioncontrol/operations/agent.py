"""What may be done with an agent besides steering it: run it on an instruction."""

import os
from typing import Any

from missioncontrol.application.agent_runs import AgentRun, RunAgent
from missioncontrol.declarations import Body, Operation, Target, Terminal

AGENT = Target(
    noun="agent", path="/agents", metavar="NAME", help="the name of the agent", parameter="name"
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

OPERATIONS: tuple[Operation[Any, Any], ...] = (RUN,)
