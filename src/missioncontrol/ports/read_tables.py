"""Rows for lists and overviews: folded from the log, and safe to throw away."""

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec


class RunRow(msgspec.Struct):
    """A run in a list."""

    id: str
    mission: str
    workflow: str
    status: str
    created: float  # seconds since the epoch
    started: float = 0.0  # 0 where it did not happen
    ended: float = 0.0
    steps: int = 0  # of the workflow itself, or tasks of the mission: not what they became
    succeeded: int = 0  # of these
    failed: int = 0
    blocked: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0  # micro-dollars, as far as prices were known
    unpriced: int = 0  # reports whose price was not known
    skipped: int = 0
    version: int = 0  # of the workflow
    author: str = ""
    trigger: str = "manual"
    schedule: str = ""
    origin: str = ""  # the run that this one repeats or forks
    progress: str = ""  # what it could do next, as JSON: see `domain.status`; "" once it has ended
    unchanged: int = 0  # proofs of a change that found none
    estimated_tokens: int = 0  # those of all tokens that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of `cost`
    label: str = ""  # its inputs in a few words: what tells it apart from its like


class MissionRow(msgspec.Struct):
    """A mission in a list."""

    id: str
    title: str
    goal: str
    repository: str
    status: str
    created: float
    updated: float
    run: str = ""  # the newest
    requirements: int = 0
    tasks: int = 0
    handed_over: int = 0  # of the tasks: those that people do


class ListedRow(msgspec.Struct):
    """Anything else in a list of its kind: an approval, a workflow, a schedule."""

    kind: str
    id: str
    is_open: bool  # whether a person may still have to do something about it
    body: bytes  # its row as JSON, as its projection folds it
    position: int = 0  # of the log when it was saved last


class RunChoice(msgspec.Struct, frozen=True):
    """Which runs are wanted; what is left empty chooses all."""

    statuses: tuple[str, ...] = ()
    workflow: str = ""
    mission: str = ""
    author: str = ""
    trigger: str = ""
    schedule: str = ""
    since: float = 0.0  # created then or later
    until: float = math.inf  # created before then
    text: str = ""  # in the id, the name of the workflow or the title of the mission, in any case
    asked: frozenset[str] | None = None  # only those that are halted, or one of these
    instead: Mapping[str, str] = {}  # statuses that hold in place of those in the rows, by id

    def takes(self, row: RunRow, title: str) -> bool:
        """Whether a run is one of them; `title` is that of its mission, or empty."""
        wanted = (
            (self.workflow, row.workflow),
            (self.mission, row.mission),
            (self.author, row.author),
            (self.trigger, row.trigger),
            (self.schedule, row.schedule),
        )
        return (
            all(one in ("", other) for one, other in wanted)
            and (not self.statuses or self.instead.get(row.id, row.status) in self.statuses)
            and self.since <= row.created < self.until
            and (self.asked is None or row.status == "halted" or row.id in self.asked)
            and self._is_text_in(row.id, row.workflow, title)
        )

    def _is_text_in(self, *texts: str) -> bool:
        text = self.text.casefold()
        return not text or any(text in each.casefold() for each in texts)


class ReadTables(Protocol):
    """Keeps the rows, and the position of the log that they stand for."""

    def position(self) -> int:
        """Return how far the rows have followed the log."""
        ...

    def run(self, run: str) -> RunRow | None:
        """Return one run's row."""
        ...

    def mission(self, mission: str) -> MissionRow | None:
        """Return one mission's row."""
        ...

    def save(
        self,
        position: int,
        runs: Iterable[RunRow],
        missions: Iterable[MissionRow],
        others: Iterable[ListedRow] = (),
    ) -> None:
        """Replace these rows and the position in one transaction."""
        ...

    def listed(self, kind: str, name: str) -> ListedRow | None:
        """Return the row of that kind with the id `name`."""
        ...

    def all_listed(
        self, kind: str, *, is_open: bool = False, before: str = "", limit: int = 1000
    ) -> list[ListedRow]:
        """Return rows of a kind by id, the last first; only open ones where asked."""
        ...

    def changed_listed(self, kind: str, *, after: int = 0) -> list[ListedRow]:
        """Return the rows of a kind that were saved at a later position than `after`."""
        ...

    def clear(self) -> None:
        """Throw every row away and go back to the beginning of the log."""
        ...

    def runs(self, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """Return runs, newest first, older than the run `before`."""
        ...

    def chosen_runs(self, choice: RunChoice, *, before: str = "", limit: int = 100) -> list[RunRow]:
        """Return those runs of `choice` that are older than the run `before`, newest first."""
        ...

    def run_counts(self) -> Mapping[str, int]:
        """Return how many runs there are of each status; none is left out."""
        ...

    def missions(self, *, before: str = "", limit: int = 100) -> list[MissionRow]:
        """Return missions, newest first, older than the mission `before`."""
        ...

    def unsettled(self) -> list[str]:
        """Return the ids of all runs that have not ended, oldest first."""
        ...

    def find(self, prefix: str, *, limit: int = 10) -> list[str]:
        """Return ids of runs and missions that begin with `prefix`."""
        ...
