"""Watches a run that an engine in another process carries out, by reading the log."""

import asyncio
import contextlib
import time

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Holder
from missioncontrol.application.journal import Entry, fold_run
from missioncontrol.cli.current_status import statuses_now
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.names import board
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.cli.output import note
from missioncontrol.cli.progress_log import ProgressLog
from missioncontrol.cli.views import QuietView, View, choose
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import RunCreated, RunSettled
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.status import progress_of, status_of_run
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.output_store import OutputLine

LOOK_SECONDS = 0.2
QUIET_SECONDS = 1.0
"""A run that waits for a person has done so for this long: it may be about to go on."""

BEHIND_SECONDS = 0.3
"""Only older output is shown: an engine stores output of agents up to 0.1 s after its time, and
an event that came after it must be shown after it."""

READ_AT_ONCE = 1_000


def follow(
    desk: Desk, run: str, title: str = "", *, quiet: bool = False, as_json: bool
) -> Run | None:
    """Show what happens to `run` until it ends or waits; None where Ctrl-C left it alone."""
    holder = desk.home.holder()
    note(f"{run} is carried out by {_who(holder)}.\n")
    reading = desk.open()
    clock = SystemClock()
    view = QuietView() if quiet else choose(ProgressLog(title), clock, as_json=as_json)
    try:
        return asyncio.run(_watch(desk, reading, run, view, clock))
    except KeyboardInterrupt:
        note(f"{run} goes on; `mission runs cancel {run}` ends it.\n")
        return None
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            view.close()
        reading.close()


def _who(holder: Holder | None) -> str:
    if holder is None:
        return "no process now"
    return f"process {holder.pid}" if holder.pid else holder.command


async def _watch(desk: Desk, reading: AnyReading, run: str, view: View, clock: Clock) -> Run:
    telling = _OrderedFeed(reading, run)
    await telling.begin()
    state: Run | None = None
    while True:
        if await telling.look():
            state = None
        telling.show(view, until=clock.now() - BEHIND_SECONDS)
        if telling.has_more:
            continue
        if state is None and (telling.has_ended or telling.quiet_seconds > QUIET_SECONDS):
            state, _ = await fold_run(reading.store, run)
        if state is not None and (state.is_settled or await _rests(desk, reading, state)):
            break
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(LOOK_SECONDS)  # The last output is recorded just after the end.
    await telling.look()
    while telling.has_more:
        await telling.look()
    telling.show(view)
    return state


class _TimedEntry(msgspec.Struct, frozen=True):
    """An event, or a line of output, and when it was."""

    time: float  # seconds since the epoch; that of an event is never before the one before it
    what: Entry | OutputLine


class _OrderedFeed:
    """What becomes known of a run and its mission, brought into the order in which it was."""

    def __init__(self, reading: AnyReading, run: str) -> None:
        """Nothing is known before `begin`."""
        self._reading = reading
        self._run = run
        self._first = 0  # position of what is reported first
        self._versions: dict[str, int] = {run: 0}  # of each stream, up to which it is known
        self._line = 0
        self._latest = 0.0
        self._entries: list[_TimedEntry] = []
        self._quiet_since = time.monotonic()
        self.has_more = False
        self.has_ended = False

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing has happened."""
        return time.monotonic() - self._quiet_since

    async def begin(self) -> None:
        """Find the mission, if there is one; its events before this run are not shown again."""
        for row in await self._reading.store.read_stream(self._run, limit=1):
            created = decode(row.type, row.schema, row.body)
            if isinstance(created, RunCreated) and created.mission:
                self._versions[created.mission] = 0
                self._first = row.position - 1  # A mission comes into being just before its run.

    async def look(self) -> bool:
        """Read what is new; return whether anything happened. Output is no such event."""
        head = (await self._reading.store.head()).position
        pages = [await self._page(stream, head) for stream in tuple(self._versions)]
        # Where there is more of one stream, the other waits for it.
        ends = [page[-1].position for page in pages if len(page) == READ_AT_ONCE]
        rows = [row for page in pages for row in page if row.position <= min(ends, default=head)]
        for row in sorted(rows, key=lambda row: row.position):
            self._take(row)
        if rows:
            self._quiet_since = time.monotonic()
        lines = self._reading.output.read(self._run, after=self._line, limit=READ_AT_ONCE)
        self._entries.extend(_TimedEntry(line.time / 1_000_000, line) for line in lines)
        self._line = lines[-1].sequence if lines else self._line
        self.has_more = bool(ends) or len(lines) == READ_AT_ONCE
        return bool(rows)

    async def _page(self, stream: str, head: int) -> list[Recorded]:
        after = self._versions[stream]
        rows = await self._reading.store.read_stream(stream, after=after, limit=READ_AT_ONCE)
        return [row for row in rows if row.position <= head]

    def _take(self, row: Recorded) -> None:
        self._versions[row.stream] = row.version
        if row.position < self._first:
            return
        event = decode(row.type, row.schema, row.body)
        self.has_ended = self.has_ended or isinstance(event, RunSettled)
        self._latest = max(self._latest, row.time / 1_000_000)
        self._entries.append(
            _TimedEntry(self._latest, Entry(row.stream, event, row.time, row.position))
        )

    def show(self, view: View, *, until: float = float("inf")) -> None:
        """Show what was up to `until`, in order."""
        self._entries.sort(key=lambda entry: entry.time)
        ripe = [entry.what for entry in self._entries if entry.time <= until]
        del self._entries[: len(ripe)]
        for what in ripe:
            if isinstance(what, Entry):
                view.take([what])
            else:
                view.on_output(what)


async def _rests(desk: Desk, reading: AnyReading, run: Run) -> bool:
    """Whether a run goes no further before a person has done something."""
    if run.status in ("waiting", "halted") or desk.home.holder() is None:
        return True
    if run.working:
        return False
    rows = await board(reading.tables, reading.store)
    around = (await statuses_now(reading, rows)).around.lasting
    return status_of_run(run.id, progress_of(run), around).word == "stuck"
