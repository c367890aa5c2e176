"""The status of every run in a list: filtered, counted and named by one rule (`domain.status`)."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from missioncontrol.domain.operation import Operation
from missioncontrol.domain.question import Question
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.status import (
    ENDED,
    NEEDS_ACTION,
    REFINED,
    Ask,
    Conditions,
    MissionFacts,
    Progress,
    Status,
    conditions,
    progress_of,
    status_of_mission,
    status_of_run,
)
from missioncontrol.ports.read_tables import MissionRow, RunChoice, RunRow
from missioncontrol.projections.approvals import ApprovalRow
from missioncontrol.projections.run_index import Board

REQUESTS_MAX = 1_000
"""Open approvals, and open questions, that are looked through."""

OPEN_MAX = 10_000
"""Open runs whose rows are held against unusual conditions."""


class Statuses:
    """How all runs of a home stand, at one position of its log."""

    def __init__(self, board: Board, around: Conditions) -> None:
        """Nothing is worked out before it is asked for."""
        self._board = board
        self.around = around
        self._instead: dict[str, Status] | None = None

    def of(self, row: RunRow) -> Status:
        """Return how a run in a list stands."""
        if row.status in ENDED:
            return Status(row.status)
        return status_of_run(row.id, _progress(row), self.around)

    def of_run(self, run: Run) -> Status:
        """Return how a run at hand stands."""
        return status_of_run(run.id, progress_of(run), self.around)

    def asks(self, run: str) -> int:
        """Return how many open approvals and questions a run has."""
        return len(self.around.asks.get(run, ()))

    def of_mission(self, mission: MissionRow) -> Status:
        """Return how a mission stands by its newest run."""
        row = self._board.run(mission.run) if mission.run else None
        if row is None:
            return status_of_mission(_facts(mission, None), Status("queued"))
        return status_of_mission(_facts(mission, row), self.of(row))

    def mission_status(self, run: str, mission: str) -> Status | None:
        """Return how the mission stands that a run speaks for as its newest; None if it is none."""
        found = self._board.mission(mission) if mission else None
        return self.of_mission(found) if found is not None and found.run == run else None

    @property
    def instead(self) -> dict[str, Status]:
        """The open runs that conditions make something else than their rows say."""
        if self._instead is None:
            every = ((row, self.of(row)) for row in self._candidates())
            self._instead = {row.id: found for row, found in every if found.word != row.status}
        return self._instead

    def _candidates(self) -> Iterator[RunRow]:
        around = self.around
        if around.are_usual:
            return
        if not around.closed and not around.barred and around.stage in ("all", "drain"):
            rows = (self._board.run(run) for run in around.asks)
            yield from (row for row in rows if row is not None and row.status in REFINED)
            return
        choice = RunChoice(statuses=tuple(sorted(REFINED)))
        yield from self._board.chosen_runs(choice, limit=OPEN_MAX)

    def chosen(
        self,
        choice: RunChoice,
        *,
        needs_attention: bool = False,
        before: str = "",
        limit: int = 100,
    ) -> list[RunRow]:
        """Return the runs of `choice` that are older than the run `before`, newest first."""
        words = {run: found.word for run, found in self.instead.items()}
        choice = msgspec.structs.replace(choice, instead=words)
        if needs_attention:
            needy = (run for run, word in words.items() if word in NEEDS_ACTION)
            choice = msgspec.structs.replace(choice, asked=frozenset((*self.around.asks, *needy)))
        return self._board.chosen_runs(choice, before=before, limit=limit)

    def stuck(self) -> dict[str, Status]:
        """Return the runs that are stuck, by id, the oldest first."""
        found = ((run, each) for run, each in self.instead.items() if each.word == "stuck")
        return dict(sorted(found))

    def held_by(self, name: str) -> list[str]:
        """Return the runs that are stuck because of one agent."""
        return [run for run, each in self.stuck().items() if name in each.on]

    def counts(self) -> Counter[str]:
        """Return how many runs there are of each status."""
        counts = self._board.run_counts()
        for run, found in self.instead.items():
            row = self._board.run(run)
            if row is not None:
                counts[row.status] -= 1
                counts[found.word] += 1
        return +counts

    def attention(self) -> int:
        """Return how many open runs ask a person something, or go on only after someone acted."""
        counts = self.counts()
        asking = (self._board.run(run) for run in self.around.asks)
        open_ones = (row for row in asking if row is not None and row.status not in ENDED)
        more = sum(self.of(row).word not in NEEDS_ACTION for row in open_ones)
        return sum(counts[word] for word in NEEDS_ACTION) + more


def statuses_of(board: Board, operation: Operation, *, has_engine: bool) -> Statuses:
    """Return how all runs stand by the rows of `board`."""
    lives = board.listed("agent", is_open=True)
    return Statuses(
        board, conditions(lives, _open_requests(board), operation, has_engine=has_engine)
    )


def _open_requests(board: Board) -> Iterator[tuple[str, Ask]]:
    approvals: list[ApprovalRow] = board.listed("approval", is_open=True, limit=REQUESTS_MAX)
    for row in approvals:
        ask = Ask("approval", row.id, row.step, row.approvers, row.requested, row.title)
        yield row.run, ask
    questions: list[Question] = board.listed("question", is_open=True, limit=REQUESTS_MAX)
    for question in questions:
        asked = question.asked
        ask = Ask("question", asked.question, asked.step, asked.to, question.since, asked.title)
        yield asked.run, ask


def _facts(mission: MissionRow, row: RunRow | None) -> MissionFacts:
    return MissionFacts(
        mission.status,
        mission.run,
        mission.tasks,
        mission.handed_over,
        # A plan that is carried out brings its tasks in as steps.
        is_planned_only=mission.tasks > mission.handed_over and row is not None and row.steps == 1,
        is_unchanged=row is not None and bool(row.unchanged),
        agents=_progress(row).agents if row is not None and not row.ended else (),
    )


def _progress(row: RunRow) -> Progress:
    """Return what a run could do next; events that its row knows may be newer than that."""
    progress = msgspec.json.decode(row.progress, type=Progress) if row.progress else Progress()
    return msgspec.structs.replace(progress, word=row.status)
