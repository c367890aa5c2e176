"""Holds a home and works on one run until it ends, waits for a person, or is left."""

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.journal import Entry, fold_run
from missioncontrol.cli.identity import identity
from missioncontrol.cli.places import settings_of
from missioncontrol.cli.progress_log import ProgressLog
from missioncontrol.cli.views import QuietView, View, choose
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.run.states import Run

RECONSIDER_SECONDS = 2.0
"""Between the first Ctrl-C, which stops the work, and the cancelling of the run.

A second one within that time leaves the run as it is, to be resumed."""

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Begin = Callable[[EngineContext], Awaitable[str]]
"""Creates or takes up a run in an engine and returns its id."""


def at_the_keys() -> str:
    """Return who pressed Ctrl-C, as the log names them."""
    return identity(None, os.environ).actor


def carry_out(
    arguments: argparse.Namespace, begin: Begin, title: str = "", *, quiet: bool = False
) -> tuple[str, Run | None]:
    """Hold the home, work on one run until it rests, and return it; None where it was left."""
    return asyncio.run(
        _work(settings_of(arguments), begin, title, quiet=quiet, as_json=arguments.json)
    )


async def _work(
    settings: Settings, begin: Begin, title: str, *, quiet: bool, as_json: bool
) -> tuple[str, Run | None]:
    async with holding(settings) as held:
        story = ProgressLog(title)
        view = QuietView() if quiet else choose(story, held.clock, as_json=as_json)
        watched: set[str] = set()
        try:
            _attach(held, view, watched)
            await held.work()
            name = await begin(held)
            state = held.journal.runs.get(name)
            if state is None:  # It ended in the commit that began it, and was unloaded.
                ended, _ = await fold_run(held.store, name)
                return name, ended
            story.know(state)
            watched |= {name, state.mission}
            held.engine.adopt(name)
            await held.journal.durable()
            view.notice(f"{name} in {held.home.root}")
            await _listen(held, name, view)
            return name, await _until_it_rests(held, name, view)
        finally:
            view.close()


async def _listen(held: EngineContext, name: str, view: View) -> None:
    """Allow others to cancel the run; where that can't be, Ctrl-C still does."""
    try:
        await held.listen(name)
    except Unavailable as error:
        view.notice(str(error))


def _attach(held: EngineContext, view: View, watched: set[str]) -> None:
    """Show what happens; once it is known which run is watched, that run's events alone."""

    def take(entries: Sequence[Entry]) -> None:
        view.take([entry for entry in entries if not watched or entry.stream in watched])

    held.engine.listeners.append(take)
    held.output.listeners.append(view.on_output)
    held.engine.progress_listeners.append(view.moved)


async def _until_it_rests(held: EngineContext, name: str, view: View) -> Run | None:
    """Wait until the run ends or needs a person, and listen to Ctrl-C meanwhile."""
    loop = asyncio.get_running_loop()
    interrupts: asyncio.Queue[int] = asyncio.Queue()
    # Under `nohup`, the end of the terminal is to be ignored.
    heeded = [n for n in ENDINGS if signal.getsignal(n) is not signal.SIG_IGN or n != signal.SIGHUP]
    for number in heeded:
        loop.add_signal_handler(number, interrupts.put_nowait, number)
    settled = asyncio.ensure_future(held.engine.rested(name))
    interrupted = asyncio.ensure_future(interrupts.get())
    try:
        await asyncio.wait({settled, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if settled.done():
            return settled.result()
        if interrupted.result() != signal.SIGINT:
            return None
        if await _reconsidered(held, name, view, interrupts):
            return None
        return await settled
    finally:
        settled.cancel()
        interrupted.cancel()
        for number in heeded:
            loop.remove_signal_handler(number)


async def _reconsidered(
    held: EngineContext, name: str, view: View, interrupts: "asyncio.Queue[int]"
) -> bool:
    """Stop the work, then cancel the run unless Ctrl-C comes again; say whether it did."""
    view.notice(
        f"Stopping. The run is cancelled in {RECONSIDER_SECONDS:g} s; "
        "Ctrl-C again leaves it to be resumed."
    )
    again = asyncio.ensure_future(interrupts.get())
    halting = asyncio.ensure_future(held.engine.halt(name, "Stopped with Ctrl-C."))
    try:
        await asyncio.wait({again}, timeout=RECONSIDER_SECONDS)
        await halting
        if again.done():
            return True
        state = held.journal.runs.get(name)
        if state is not None and not state.is_settled:
            held.engine.cancel(name, "Cancelled with Ctrl-C.", actor=at_the_keys())
        return False
    finally:
        again.cancel()
