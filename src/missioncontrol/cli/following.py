"""Watches a run that an engine in another process carries out, by reading the log."""

import asyncio
import contextlib
import time

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.application.journal import Entry, fold_run
from missioncontrol.bootstrap import Reading
from missioncontrol.cli.desk import Desk, operation_of
from missioncontrol.cli.output import note
from missioncontrol.cli.story import Story
from missioncontrol.cli.views import View, choose
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.states import Run

LOOK_SECONDS = 0.2
QUIET_SECONDS = 1.0
"""A run that waits for a person has done so for this long: it may be about to go on."""


def follow(desk: Desk, run: str, *, as_json: bool) -> Run | None:
    """Show what happens to `run` until it ends or waits; None where Ctrl-C left it alone."""
    holder = desk.home.holder()
    note(f"{run} is carried out by process {holder.pid if holder else 'another'}.\n")
    reading = Reading(desk.home)
    view = choose(Story(""), SystemClock(), as_json=as_json)
    try:
        return asyncio.run(_watch(desk, reading, run, view))
    except KeyboardInterrupt:
        note(f"{run} goes on; `mission cancel {run}` ends it.\n")
        return None
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            view.close()
        reading.close()


async def _watch(desk: Desk, reading: Reading, run: str, view: View) -> Run:
    version, quiet_since = 0, time.monotonic()
    state: Run | None = None
    while True:
        rows = await reading.store.read_stream(run, after=version, limit=1_000)
        entries = [
            Entry(row.stream, decode(row.type, row.schema, row.body), row.time, row.position)
            for row in rows
        ]
        if entries:
            version, quiet_since, state = rows[-1].version, time.monotonic(), None
            view.take(entries)
            continue
        if state is None:
            state, _ = await fold_run(reading.store, run)
        is_quiet = time.monotonic() - quiet_since > QUIET_SECONDS
        if state.is_settled or (is_quiet and await _rests(desk, reading, state)):
            return state
        await asyncio.sleep(LOOK_SECONDS)


async def _rests(desk: Desk, reading: Reading, run: Run) -> bool:
    """Whether a run goes no further before somebody has done something."""
    if run.status in ("waiting", "halted") or desk.home.holder() is None:
        return True
    return not run.working and not (await operation_of(reading.store)).may_dispatch
