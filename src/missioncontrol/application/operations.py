"""The emergency stop, the staged return from it, and rate limits."""

from collections.abc import Callable

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold
from missioncontrol.application.rate_limits import Rates
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.errors import NotFound, Unavailable
from missioncontrol.domain.operation import (
    OPEN,
    EnterStage,
    Operation,
    OperationCommand,
    OperationEvent,
    RemoveRateLimit,
    SetRateLimit,
    Stage,
    StopEverything,
    decide,
    evolve,
)
from missioncontrol.ports.event_store import EventStore

STREAM = "operation"


def _unknown(_: str) -> NotFound:
    return NotFound("operation.unknown", "Nothing was ever stopped or limited here.")


OPERATION: Concept[Operation, OperationCommand, OperationEvent] = Concept(decide, evolve, _unknown)


def no_run_may_begin(why: str) -> Unavailable:
    """Say what is in the way of a new run, and how to go on."""
    return Unavailable(
        "operation.stopped",
        f"No run may begin: {why}",
        hint="`mission engine resume --stage all` resumes work.",
    )


async def operation_of(store: EventStore) -> Operation:
    """Return how far all work may go, as the log says it."""
    found, _ = await fold(store, OPERATION, STREAM)
    return found or OPEN


class Operations:
    """The way in for what holds for all work at once."""

    def __init__(self, journal: Journal) -> None:
        """Everything may work until `open` has read what the log says."""
        self._journal = journal
        self.rates = Rates()
        self.changed: Callable[[Operation], None] = lambda operation: None

    async def open(self) -> None:
        """Read what holds."""
        await self._journal.find(OPERATION, STREAM)
        self.rates.follow(self.present)

    @property
    def present(self) -> Operation:
        """What holds now."""
        found: Operation = self._journal.others.get(STREAM, OPEN)
        return found

    def stop(self, reason: str, *, actor: str) -> None:
        """Stop all new starts; the listeners end running work.

        Raises:
            Rejected: `operation.no_reason`.
        """
        self._handle(StopEverything(reason), actor)

    def start(self, stage: Stage, reason: str, *, actor: str) -> None:
        """Go on as far as `stage` allows."""
        self._handle(EnterStage(stage, reason), actor)

    def limit(self, limit: SetRateLimit, *, actor: str) -> None:
        """Bound how often something starts.

        Raises:
            Rejected: `operation.bad_limit` or `operation.no_reason`.
        """
        self._handle(limit, actor)

    def remove_limit(self, limit: RemoveRateLimit, *, actor: str) -> None:
        """Take a bound away.

        Raises:
            NotFound: `operation.unknown_limit`.
        """
        self._handle(limit, actor)

    def refuse_new_run(self, actor: str) -> None:
        """Refuse a new run where none may begin now; else it counts among those of `actor`.

        Raises:
            Unavailable: as `refuse_to_begin`.
        """
        self.refuse_to_begin(actor)
        self.rates.note("actor", actor, self._journal.clock.now())

    def refuse_to_begin(self, actor: str) -> None:
        """Refuse a run that could not begin now, before anything is stored for it.

        Raises:
            Unavailable: `operation.stopped`, saying what is in the way and how to go on, or
                `operation.rate_limited`, where `actor` has begun as many as they may.
        """
        if not self.present.may_begin:
            raise no_run_may_begin(self.why())
        now = self._journal.clock.now()
        limit = self.rates.limit("actor", actor)
        if limit is not None and self.rates.room("actor", actor, now) <= 0:
            runs = f"{limit.starts:,} run{'' if limit.starts == 1 else 's'}"
            raise Unavailable(
                "operation.rate_limited",
                f"{actor!r} has begun {runs} in the last {duration_in_words(limit.seconds)}, "
                "which is the limit.",
                hint="Try again later; `mission engine rate-limit list` shows the limits.",
            )

    def why(self) -> str:
        """Say in words what holds work up; empty where nothing does."""
        stage, reason = self.present.stage, self.present.reason
        words = {
            "stopped": "everything was stopped",
            "paused": "the workspace is paused",
            "drain": "the workspace only ends what it has begun",
            "all": "",
        }[stage]
        return f"{words} ({reason})." if words and reason else f"{words}." if words else ""

    def _handle(self, command: OperationCommand, actor: str) -> None:
        if self._journal.tell(OPERATION, STREAM, command, actor=actor):
            self.rates.follow(self.present)
            self.changed(self.present)
