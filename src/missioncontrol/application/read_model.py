"""All that a home's record says now, for readers that are not the engine: rows, runs, states.

The engine saves its rows every 50 ms. A reader looks at the saved rows in one view, and folds what
the log has had since on top of them; states of runs and other streams stay in memory, brought
up by what their streams have had since.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from missioncontrol.application.concept import Concept
from missioncontrol.application.event_timeline import Chronicles
from missioncontrol.application.journal import unknown_run
from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.application.replays import Replays
from missioncontrol.application.statuses import Statuses, statuses_of
from missioncontrol.application.work_index import WorkIndex, WorkItem
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.operation import OPEN
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.output_store import FollowedOutput
from missioncontrol.ports.read_tables import ReadTables
from missioncontrol.projections.run_index import Board

READ_AT_ONCE = 2_000
FOLDED_AT_ONCE = 500
"""Events of a run, before others have a turn: some ten milliseconds."""

STEPS_AT_HAND_MAX = 30_000
"""Steps of all runs that are in memory together; some 2 KB each."""

STREAMS_AT_HAND_MAX = 2_000

STEPS_LOOKED_UP_MAX = 2_000
"""Steps of a run that is folded for its status alone: the row of a larger one is saved 50 ms after
its last event, and says it then."""

S = TypeVar("S")


class FreshTables(ReadTables, Protocol):
    """Rows of which a reader has one view until it asks for a newer one."""

    def refresh(self) -> None:
        """See what was saved since."""
        ...


class FoldedRun:
    """A run, as far as its events were folded."""

    def __init__(self) -> None:
        """None was, yet."""
        self.state: Run | None = None
        self.version = 0

    @property
    def steps(self) -> int:
        """How many steps it has by now."""
        return len(self.state.steps) if self.state is not None else 0

    def take(self, rows: Iterable[Recorded]) -> None:
        """Fold the next events of its stream in; what is not the next of them changes nothing."""
        for row in rows:
            if row.version == self.version + 1:
                event: Any = decode(row.type, row.schema, row.body)
                self.state = evolve(self.state, event, row.time / 1_000_000)
                self.version = row.version


class Present:
    """The record of one home as of now. All of it happens in one event loop."""

    def __init__(
        self,
        store: EventStore,
        tables: FreshTables,
        output: FollowedOutput,
        artifacts: ArtifactStore,
    ) -> None:
        """Nothing is read before it is asked for."""
        self.store = store
        self.tables = tables
        self.output = output
        self.artifacts = artifacts
        self.board = Board(tables)
        self._saved = self.board.position
        self.has_engine: Callable[[], bool] = lambda: True
        self._operation = OPEN
        self._statuses: tuple[int, bool, Statuses] | None = None
        self.work = WorkIndex()
        self.chronicles = Chronicles(store)
        self.replays = Replays(store)
        self._turn = asyncio.Lock()
        self._runs: OrderedDict[str, FoldedRun] = OrderedDict()
        self._others: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    @property
    def position(self) -> int:
        """How far the rows follow the log."""
        return self.board.position

    async def catch_up(self) -> int:
        """Bring `board` up to the log; return the position of its last event.

        It costs two small reads where nothing has happened since.
        """
        async with self._turn:
            end = (await self.store.head()).position
            if end == self.board.position and not self._were_saved(end):
                return end
            self.tables.refresh()
            # What was folded over the older view may stand in the newer one already.
            self.board = board = Board(self.tables)
            self._saved = board.position
            while rows := await self.store.read(after=board.position, limit=READ_AT_ONCE):
                for row in rows:
                    event = decode(row.type, row.schema, row.body)
                    board.apply(row.stream, event, row.time / 1_000_000, row.position)
                if len(rows) < READ_AT_ONCE:
                    break
                await asyncio.sleep(0)
            await self._know_stale()
            self._operation = await self.find(OPERATION, STREAM) or OPEN
            self._statuses = None
            return board.position

    async def _know_stale(self) -> None:
        """Update the rows of open runs with what those could do next."""
        for name in tuple(self.board.stale):
            row = self.board.run(name)
            if name in self._runs or (row is not None and row.steps <= STEPS_LOOKED_UP_MAX):
                self.board.know(await self.run(name))

    @property
    def statuses(self) -> Statuses:
        """The status of every run as of now; worked out once for each position."""
        known, has_engine = self._statuses, self.has_engine()
        if known is None or known[:2] != (self.board.position, has_engine):
            found = statuses_of(self.board, self._operation, has_engine=has_engine)
            known = self._statuses = (self.board.position, has_engine, found)
        return known[2]

    @property
    def work_items(self) -> Sequence[WorkItem]:
        """All work items as of now, in the order of a list; worked out once for each position."""
        return self.work.items(self.board, self.tables, self.statuses)

    def _were_saved(self, end: int) -> bool:
        """Whether rows were saved since the view was opened, which then has less than it could.

        The last rows are saved a moment after the last event, without a signal: a client that
        reads the saved rows alone would else see older ones until something happens again.
        """
        if self._saved == end:
            return False
        self.tables.refresh()
        return self.tables.position() != self._saved

    async def run(self, run: str) -> Run:
        """Return the run as of now. It stays in memory and changes later; copy what must not.

        Raises:
            NotFound: `run.unknown`.
        """
        if not run.startswith("run-"):
            raise unknown_run(run)  # Other streams are no runs, even if requested as such.
        cached = self._runs.get(run) or FoldedRun()
        while True:
            rows = await self.store.read_stream(run, after=cached.version, limit=FOLDED_AT_ONCE)
            cached.take(rows)
            if len(rows) < FOLDED_AT_ONCE:
                break
            self._keep(run, cached)  # Who asks meanwhile goes on with this one.
            await asyncio.sleep(0)  # A run of a hundred thousand events must not block others.
        if cached.state is None:
            raise unknown_run(run)
        self._keep(run, cached)
        return cached.state

    def grow(self, rows: Iterable[Recorded]) -> None:
        """Apply events that were read from the log for another query to the loaded runs."""
        for row in rows:
            cached = self._runs.get(row.stream)
            if cached is not None:
                cached.take((row,))

    def _keep(self, run: str, cached: "FoldedRun") -> None:
        self._runs[run] = cached
        self._runs.move_to_end(run)
        steps = sum(each.steps for each in self._runs.values())
        while steps > STEPS_AT_HAND_MAX and len(self._runs) > 1:
            _, oldest = self._runs.popitem(last=False)
            steps -= oldest.steps

    async def find(self, concept: Concept[S, Any, Any], stream: str) -> S | None:
        """Return what any other stream says now, or None where the log holds nothing of it."""
        state, version = self._others.pop(stream, (None, 0))
        while rows := await self.store.read_stream(stream, after=version, limit=READ_AT_ONCE):
            for row in rows:
                event = decode(row.type, row.schema, row.body)
                state = concept.evolve(state, event, row.time / 1_000_000)
                version = row.version
        if state is None:
            return None
        self._others[stream] = (state, version)
        while len(self._others) > STREAMS_AT_HAND_MAX:
            self._others.popitem(last=False)
        found: S = state
        return found

    async def load(self, concept: Concept[S, Any, Any], stream: str) -> S:
        """Return what a stream says now.

        Raises:
            NotFound: as `concept.unknown` says.
        """
        state = await self.find(concept, stream)
        if state is None:
            raise concept.unknown(stream)
        return state
