"""What queries read: the read model, the services beside it, and who asks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from missioncontrol.application.memory import Memory
from missioncontrol.application.present import Present
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.principal import Principal
from missioncontrol.ports.access_store import Use

T = TypeVar("T")


class Remembered(Protocol):
    """Answers questions about the memory of a data directory."""

    def __call__(self, question: Callable[[Memory], T]) -> Awaitable[T]:
        """Return what a question finds, as the log has it now."""
        ...


@dataclass(frozen=True)
class Reader:
    """One data directory, as one caller reads it; a query takes what it needs."""

    present: Present
    who: Principal
    owner: str  # the user of the operating system whose data directory it is
    now: Callable[[], float]
    uses: Callable[[], Mapping[str, Use]]  # when each token was used last
    cards: Callable[[], Mapping[str, AgentCard]]
    remembered: Remembered
    parts: Any  # of the console, or of the command line

    def __getattr__(self, name: str) -> Any:
        """Return a part that only a console has, such as its deliveries."""
        return getattr(self.parts, name)


def itself(reader: Reader) -> Any:
    """Return all of a reader: what a query `reads` that needs more than the read model."""
    return reader
