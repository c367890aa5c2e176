"""The verbs that work: plan, run, resume, cancel, retry."""

import argparse
import asyncio
import getpass
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from missioncontrol.adapters.home import Holder
from missioncontrol.application.journal import Entry
from missioncontrol.application.missions import Goal, title_of
from missioncontrol.bootstrap import FUNCTIONS, Holding, Reading, holding
from missioncontrol.cli import exit_codes
from missioncontrol.cli.names import board, find_run
from missioncontrol.cli.outcome import tell_outcome, tell_plan
from missioncontrol.cli.output import note, say, say_json
from missioncontrol.cli.places import home_of, repository_of, settings_of
from missioncontrol.cli.story import Story
from missioncontrol.cli.views import QuietView, View, choose
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.run.states import Run
from missioncontrol.interfaces.control import Ask, Cancel, ControlServer, ask_engine
from missioncontrol.settings import Settings

RECONSIDER_SECONDS = 2.0
"""Between the first Ctrl-C, which stops the work, and the cancelling of the run.

A second one within that time leaves the run as it is, to be resumed."""

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Begin = Callable[[Holding], Awaitable[str]]
"""Creates or takes up a run in an engine and returns its id."""


def actor() -> str:
    """Return who types here, as the log names them."""
    try:
        return f"user:{getpass.getuser()}"
    except (OSError, KeyError):
        return f"user:{os.getuid()}"


def goal_of(arguments: argparse.Namespace) -> Goal:
    """Return the goal that a command line states.

    Raises:
        Rejected: naming the argument that is wrong.
    """
    repository = repository_of(arguments)
    constraints = tuple(dict.fromkeys(text.strip() for text in arguments.constraint))
    return Goal(arguments.goal, repository, arguments.title, arguments.context, constraints)


def plan(arguments: argparse.Namespace) -> int:
    """Make a plan and print it."""
    goal = goal_of(arguments)
    run, state = _carry_out(arguments, _beginning(goal, 4, execute=False), goal, quiet=True)
    if state is None:
        return exit_codes.CANCELLED
    return tell_plan(settings_of(arguments), run, state, as_json=arguments.json)


def run(arguments: argparse.Namespace) -> int:
    """Plan a goal and carry the plan out."""
    goal = goal_of(arguments)
    if not 1 <= arguments.concurrency <= 64:
        raise Rejected(
            "mission.bad_input",
            f"--concurrency is {arguments.concurrency}; it must be 1 to 64.",
        )
    begin = _beginning(goal, arguments.concurrency, execute=True)
    return _conclude(arguments, *_carry_out(arguments, begin, goal))


def _beginning(goal: Goal, concurrency: int, *, execute: bool) -> Begin:
    async def begin(control: Holding) -> str:
        limits = {
            "plan_seconds_max": control.settings.plan_seconds_max,
            "task_seconds_max": control.settings.task_seconds_max,
        }
        _, name = control.missions.begin(
            goal, execute=execute, concurrency=concurrency, limits=limits, actor=actor()
        )
        return name

    return begin


def resume(arguments: argparse.Namespace) -> int:
    """Take an unfinished run up again."""

    async def begin(control: Holding) -> str:
        rows = await board(control.tables, control.store)
        name = find_run(rows, control.tables, arguments.run)
        state = await control.journal.load_run(name)
        if any(step.agent == FUNCTIONS for step in state.steps.values()):
            raise Rejected(
                "run.needs_its_program",
                f"The steps of run {name!r} are functions of a program.",
                hint="Resume it there: `await engine.resume(run)`.",
            )
        if state.mission:
            await control.journal.load_mission(state.mission)
        control.execution.resume(name, actor=actor())
        return name

    return _conclude(arguments, *_carry_out(arguments, begin, None))


def retry(arguments: argparse.Namespace) -> int:
    """Do a task again, and what follows from it, in a new run."""

    async def begin(control: Holding) -> str:
        rows = await board(control.tables, control.store)
        old = find_run(rows, control.tables, arguments.run)
        return await control.missions.retry(old, arguments.task, actor=actor())

    return _conclude(arguments, *_carry_out(arguments, begin, None))


def cancel(arguments: argparse.Namespace) -> int:
    """End a run, wherever its engine is."""
    home = home_of(arguments)
    reading = Reading(home)
    try:
        rows = asyncio.run(board(reading.tables, reading.store))
        name = find_run(rows, reading.tables, arguments.run)
    finally:
        reading.close()
    holder = home.holder()
    if holder is not None:
        _ask_to_cancel(holder, name)
    else:
        asyncio.run(_cancel_here(settings_of(arguments), name))
    if arguments.json:
        answer = {"run": name, "status": "cancelling" if holder else "cancelled"}
        say_json(answer)
    else:
        say(f"{name} is {'being cancelled' if holder else 'cancelled'}.\n")
    return exit_codes.SUCCEEDED


def _ask_to_cancel(holder: Holder, name: str) -> None:
    if not holder.port:
        raise Unavailable(
            "home.starting",
            f"Process {holder.pid} holds this home and does not listen yet.",
            hint="Try again in a moment.",
        )
    ask = Ask(holder.token, "cancel", name, "Asked for with `mission cancel`.", actor())
    answer = ask_engine(holder.port, ask)
    if answer.code:
        raise Rejected(answer.code, answer.reason, hint=answer.hint)


async def _cancel_here(settings: Settings, name: str) -> None:
    async with holding(settings) as control:
        await _load(control, name)
        control.execution.cancel(name, "Asked for with `mission cancel`.", actor=actor())
        await control.journal.durable()


def _conclude(arguments: argparse.Namespace, name: str, state: Run | None) -> int:
    """Say how a run ended and where its report is."""
    if state is None:
        note(f"{name} was left as it is; `mission resume {name}` takes it up.\n")
        return exit_codes.CANCELLED
    return tell_outcome(settings_of(arguments), name, state, as_json=arguments.json)


def _carry_out(
    arguments: argparse.Namespace, begin: Begin, goal: Goal | None, *, quiet: bool = False
) -> tuple[str, Run | None]:
    """Hold the home, work on one run until it ends, and return it; None where it was left."""
    quiet = quiet and arguments.json
    return asyncio.run(
        _work(settings_of(arguments), begin, goal, quiet=quiet, as_json=arguments.json)
    )


async def _work(
    settings: Settings, begin: Begin, goal: Goal | None, *, quiet: bool, as_json: bool
) -> tuple[str, Run | None]:
    async with holding(settings) as control:
        story = Story((goal.title or title_of(goal.text)) if goal else "")
        view = QuietView() if quiet else choose(story, control.clock, as_json=as_json)
        server = ControlServer(_canceller(control))
        watched: set[str] = set()
        try:
            _attach(control, view, watched)
            name = await begin(control)
            watched |= {name, control.journal.runs[name].mission}
            control.engine.adopt(name)
            await control.journal.durable()
            view.notice(f"{name} in {control.home.root}")
            control.home.announce(port=await server.open(), token=server.token, run=name)
            return name, await _until_settled(control, name, view)
        finally:
            view.close()
            await server.close()


def _canceller(control: Holding) -> Cancel:
    async def cancel(run: str, reason: str, who: str) -> None:
        # It may be a run that an earlier engine left and that this one does not work on.
        if run not in control.journal.runs:
            await _load(control, run)
        control.engine.cancel(run, reason, actor=who)

    return cancel


async def _load(control: Holding, run: str) -> None:
    state = await control.journal.load_run(run)
    if state.mission:
        await control.journal.load_mission(state.mission)


def _attach(control: Holding, view: View, watched: set[str]) -> None:
    """Show what happens; once it is known which run is watched, that run's events alone."""

    def take(entries: Sequence[Entry]) -> None:
        view.take([entry for entry in entries if not watched or entry.stream in watched])

    control.engine.listeners.append(take)
    control.output.listeners.append(view.said)
    control.engine.progress_listeners.append(view.moved)


async def _until_settled(control: Holding, name: str, view: View) -> Run | None:
    """Wait for the end of the run, and listen to Ctrl-C meanwhile."""
    loop = asyncio.get_running_loop()
    interrupts: asyncio.Queue[int] = asyncio.Queue()
    # Under `nohup`, the end of the terminal is to be ignored.
    heeded = [n for n in ENDINGS if signal.getsignal(n) is not signal.SIG_IGN or n != signal.SIGHUP]
    for number in heeded:
        loop.add_signal_handler(number, interrupts.put_nowait, number)
    settled = asyncio.ensure_future(control.engine.settled(name))
    interrupted = asyncio.ensure_future(interrupts.get())
    try:
        await asyncio.wait({settled, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if settled.done():
            return settled.result()
        if interrupted.result() != signal.SIGINT:
            return None
        if await _reconsidered(control, name, view, interrupts):
            return None
        return await settled
    finally:
        settled.cancel()
        interrupted.cancel()
        for number in heeded:
            loop.remove_signal_handler(number)


async def _reconsidered(
    control: Holding, name: str, view: View, interrupts: "asyncio.Queue[int]"
) -> bool:
    """Stop the work, then cancel the run unless Ctrl-C comes again; say whether it did."""
    view.notice(
        f"Stopping. The run is cancelled in {RECONSIDER_SECONDS:g} s; "
        "Ctrl-C again leaves it to be resumed."
    )
    again = asyncio.ensure_future(interrupts.get())
    halting = asyncio.ensure_future(control.engine.halt(name, "Stopped with Ctrl-C."))
    try:
        await asyncio.wait({again}, timeout=RECONSIDER_SECONDS)
        await halting
        if again.done():
            return True
        state = control.journal.runs.get(name)
        if state is not None and not state.is_settled:
            control.engine.cancel(name, "Cancelled with Ctrl-C.", actor=actor())
        return False
    finally:
        again.cancel()
