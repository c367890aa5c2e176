"""Operations on runs: begin, end, take up again, repeat."""

from typing import Any

from missioncontrol.application.asks import (
    BeginRun,
    CancelRun,
    ForkRun,
    RaiseCaps,
    ResumeRun,
    RetryRun,
    RunCancelled,
    StartedRun,
)
from missioncontrol.declarations import BY_PEOPLE, EVERYWHERE, Body, Operation, Terminal
from missioncontrol.queries.run import OF_A_RUN, RUN

FOLLOWED = EVERYWHERE - {"cli"}
"""Of what commands begin that follow a run to its end; these are written by hand."""

NO_ONE = {"on_behalf": ""}
"""An agent names the person it acts for beside the command."""

START = Operation(
    name="run.start",
    title="Start a run",
    text="Begin a run of a saved workflow and return its id at once; it goes on by itself.\n\n"
    "Relative paths among the inputs are refused: the engine has a directory of its own.",
    command=BeginRun,
    fixed=NO_ONE,
    returns=StartedRun,
    permission="operate",
    by_agents=True,
    surfaces=FOLLOWED,
    handle=lambda office, command, actor: office.run_desk.begin(command, actor),
    creates=RUN,
    body=Body("StartRun", "What to begin a run of."),
    former="BeginRun",
)

CANCEL = Operation(
    name="run.cancel",
    title="Cancel a run",
    text="End a run: nothing of it starts any more, and what is at work is ended.",
    command=CancelRun,
    fixed=NO_ONE,
    returns=RunCancelled,
    permission="operate",
    by_agents=True,
    risk="end",
    handle=lambda office, command, actor: office.run_desk.cancel(command, actor),
    target=RUN,
    body=Body("RunCancel", "Why a run is to end."),
    former="CancelRun",
    terminal=Terminal(
        resolve=OF_A_RUN,
        done=lambda answer: f"{answer.run} is {_cancelled(answer)}.",
    ),
)


def _cancelled(answer: RunCancelled) -> str:
    return "cancelled" if answer.status == "cancelled" else "being cancelled"


RESUME = Operation(
    name="run.resume",
    title="Resume a run",
    text="Take a run up again that was halted or left.",
    command=ResumeRun,
    fixed=NO_ONE,
    returns=StartedRun,
    permission="operate",
    by_agents=True,
    surfaces=FOLLOWED,
    handle=lambda office, command, actor: office.run_desk.resume(command, actor),
    target=RUN,
    former="ResumeRun",
)

RETRY = Operation(
    name="run.retry",
    title="Retry a run",
    text="Begin a new run that keeps the results of one that has ended, and does the rest again.",
    command=RetryRun,
    fixed=NO_ONE,
    returns=StartedRun,
    permission="operate",
    by_agents=True,
    surfaces=FOLLOWED,
    handle=lambda office, command, actor: office.run_desk.retry(command, actor),
    target=RUN,
    creates=RUN,
    body=Body(
        "RunRetry",
        "What to do again; by default all that did not succeed, with all that follows from it.",
    ),
    leading=("step",),
    former="RetryRun",
)

FORK = Operation(
    name="run.fork",
    title="Fork a run",
    text="Begin a new run at a step of one that has ended, with other inputs.",
    command=ForkRun,
    fixed=NO_ONE,
    returns=StartedRun,
    permission="operate",
    by_agents=True,
    surfaces=FOLLOWED,
    handle=lambda office, command, actor: office.run_desk.fork(command, actor),
    target=RUN,
    creates=RUN,
    body=Body("RunFork", "Where to rerun from, and the inputs that replace those of the run."),
    leading=("inputs",),
    former="ForkRun",
)

RAISE_CAPS = Operation(
    name="run.raise_caps",
    title="Raise the caps of a run",
    text="Change the caps that keep a run from going on, and take it up again.",
    command=RaiseCaps,
    returns=StartedRun,
    permission="govern",
    surfaces=BY_PEOPLE - {"http", "client", "cli"},
    handle=lambda office, command, actor: office.run_desk.raise_caps(command, actor),
    target=RUN,
    former="RaiseCaps",
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (START, CANCEL, RESUME, RETRY, FORK, RAISE_CAPS)
