"""What queries read: the parts of a console or of a command line, and who asks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from missioncontrol.application.memory import Memory
from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.ports.access_store import Use
from missioncontrol.ports.agent_sessions import ActivityStore
from missioncontrol.ports.calendar import Calendar
from missioncontrol.ports.workspaces import WorkspaceList

T = TypeVar("T")


class Remembered(Protocol):
    """Answers questions about the memory of a data directory."""

    def __call__(self, question: Callable[[Memory], T]) -> Awaitable[T]:
        """Return what a question finds, as the log has it now."""
        ...


class Reader:
    """One data directory, as one caller reads it; a query opens only the parts that it reads."""

    present: Present
    now: float  # seconds since the epoch
    calendar: Calendar
    owner: str  # the user of the operating system whose data directory it is
    uses: Callable[[], Mapping[str, Use]]  # when each token was used last
    remembered: Remembered
    activities: ActivityStore
    workspaces: WorkspaceList | None  # of its root, where it has one

    def __init__(self, parts: Any, who: Principal) -> None:
        """`parts` is a console or a desk of the command line."""
        self._parts = parts
        self.who = who

    def __getattr__(self, name: str) -> Any:
        """Return a part; some, such as the deliveries, only a console has."""
        return getattr(self._parts, name)


def opened(reader: Reader) -> Reader:
    """Return a reader whose log is opened, so that it is caught up before it is read."""
    assert reader.present is not None
    return reader
