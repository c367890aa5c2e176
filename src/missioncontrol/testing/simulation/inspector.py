"""Judges a log by rules of its own: it shares no code with the deciders that wrote it."""

from typing import Any

from missioncontrol.domain.envelope import Recorded
from missioncontrol.testing.simulation.prices import ALIASES, RATES
from missioncontrol.testing.simulation.rules import Violation, hold
from missioncontrol.testing.simulation.rules.between import Books
from missioncontrol.testing.simulation.rules.costs import Costs
from missioncontrol.testing.simulation.rules.expressions import Unreadable
from missioncontrol.testing.simulation.rules.promptness import Promptness
from missioncontrol.testing.simulation.rules.runs import RunBook


class Inspector:
    """Reads every event once, in order, and refuses what breaks an invariant."""

    def __init__(self, places: dict[str, int], concurrency: int) -> None:
        """Nothing has been read; see `Books` for what is known of the engine beforehand."""
        self.books = Books(Costs(RATES, ALIASES), places, concurrency)
        self.promptness = Promptness(self.books)
        self.position = 0

    def read(self, event: Recorded) -> None:
        """Take the next event in.

        Raises:
            Violation: naming the event and the rule that it breaks.
        """
        self.position += 1
        try:
            hold(event.position == self.position, "positions have no gaps")
            self._take(event)
        except (Violation, Unreadable, LookupError, TypeError, ValueError) as error:
            where = f"event {event.position}, {event.type} of {event.stream}: {event.body!r}"
            raise Violation(f"{type(error).__name__}: {error}; but {where}") from error

    def _take(self, event: Recorded) -> None:
        books, kind, stream = self.books, event.type, event.stream
        data, at = event.data, event.time / 1_000_000
        due = books.halt_due[0]
        is_next = (kind, stream) == ("run_halted", due) or kind == "ledger_opened"
        hold(not due or is_next, f"{due} is halted at once")
        if kind == "run_created":
            books.run_created(data, event.actor, at)
        elif stream in books.runs:
            self._note_end(books.runs[stream], kind, data)
            books.run_event(books.runs[stream], kind, data, at)
        elif stream.startswith("ledger-"):
            books.ledger_event(kind, data, at)
        elif stream.startswith("approval-"):
            books.approval_event(stream, kind, data, at, event.actor)
        elif stream.startswith("schedule-"):
            books.schedule_event(stream, kind, data, at)
        elif stream.startswith("agent-"):
            books.life_event(stream.removeprefix("agent-"), kind, data, at)
        elif stream == "operation":
            books.operation_event(kind, data, at)
        elif kind == "workflow_saved":
            books.versions[data["definition"]["name"]] = event.version
        elif kind == "price_set":
            books.costs.price_set(data)
        self.promptness.note(kind, at)

    def _note_end(self, run: RunBook, kind: str, data: dict[str, Any]) -> None:
        """Tell the lives of agents how an attempt ended that was at work."""
        ends = kind in ("step_succeeded", "attempt_failed", "step_failed")
        if ends and run.working.get(data["step"]) == data.get("fence"):
            code = data.get("failure", {}).get("code", "")
            self.books.lives.attempt_ended(run.steps[data["step"]]["agent"], code)

    def commit_begins(self, at: float) -> None:
        """Look at what should have happened before this transaction; raises as `read`."""
        try:
            self.promptness.look(at)
        except Violation as error:
            raise Violation(f"{error}, after event {self.position} and by {at}") from error

    def commit_ended(self) -> None:
        """Look at what has to be true between two transactions.

        Raises:
            Violation: naming the position and the rule that is broken.
        """
        try:
            self.books.commit_ended()
        except (Violation, Unreadable, LookupError, TypeError, ValueError) as error:
            message = f"{type(error).__name__}: {error}"
            raise Violation(f"{message}, after event {self.position}") from error

    def engine_began(self) -> None:
        """Take note that another engine takes over."""
        self.books.operation.engine_began()
        self.books.ledger.engine_began()
        self.books.is_recovering = True
        self.promptness.engine_ended()

    def engine_closes(self) -> None:
        """Expect nothing to be in time any more."""
        self.promptness.engine_ended()

    def engine_is_open(self, at: float) -> None:
        """Take note that the past has been brought to rest by `at` (seconds since the epoch)."""
        self.books.is_recovering = False
        self.promptness.engine_is_open(at)
