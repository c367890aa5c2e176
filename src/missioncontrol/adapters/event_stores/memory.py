"""An event log in memory: same promises as the others, except that it ends with its process."""

from collections.abc import Sequence

from missioncontrol.adapters.event_stores.refusals import conflict, unstorable
from missioncontrol.domain.envelope import GENESIS, Recorded, chain
from missioncontrol.ports.event_store import Append, Head


class MemoryEventStore:
    """For simulations and tests."""

    def __init__(self) -> None:
        """Begin with an empty log."""
        self._log: list[Recorded] = []
        self._streams: dict[str, list[Recorded]] = {}

    async def append(self, appends: Sequence[Append]) -> Head:
        """See `EventStore.append`."""
        self._refuse_conflicts(appends)
        try:
            recorded = self._laid_out(appends)
        except (UnicodeEncodeError, OverflowError, TypeError) as error:
            raise unstorable(error, appends) from None
        for event in recorded:
            self._log.append(event)
            self._streams.setdefault(event.stream, []).append(event)
        return self._head()

    def _laid_out(self, appends: Sequence[Append]) -> list[Recorded]:
        """Return the events as they will be stored; nothing is stored yet."""
        head = self._head()
        place, previous = head.position, head.hash
        recorded: list[Recorded] = []
        for append in appends:
            for version, event in enumerate(append.events, start=append.expected + 1):
                place += 1
                fields = (
                    place,
                    append.stream,
                    version,
                    event.type,
                    event.schema,
                    event.time,
                    event.actor,
                    event.on_behalf,
                    event.cause,
                    event.correlation,
                    event.body,
                )
                previous = chain(previous, *fields)
                recorded.append(Recorded(*fields, previous))
        return recorded

    def _refuse_conflicts(self, appends: Sequence[Append]) -> None:
        reached: dict[str, int] = {}
        for append in appends:
            present = reached.get(append.stream, len(self._streams.get(append.stream, ())))
            if present != append.expected:
                raise conflict(append.stream, present, append.expected)
            reached[append.stream] = append.expected + len(append.events)

    def _head(self) -> Head:
        return Head(self._log[-1].position, self._log[-1].hash) if self._log else Head(0, GENESIS)

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        """See `EventStore.read_stream`."""
        return self._streams.get(stream, [])[after : after + limit]

    async def read(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See `EventStore.read`."""
        return self._log[after : after + limit]

    async def head(self) -> Head:
        """See `EventStore.head`."""
        return self._head()

    async def protections(self) -> list[str]:
        """See `EventStore.protections`: memory needs no protection."""
        return []
