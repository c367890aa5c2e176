"""What every page shows around its own content: what waits, what runs, and how far work may go."""

from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.application.queries.agent_lives import agent_count
from missioncontrol.application.queries.costs import ledger_of
from missioncontrol.application.queries.elevations import count_waiting
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.read_model import Present
from missioncontrol.domain.budget.balances import standings
from missioncontrol.domain.budget.scopes import WORKSPACE
from missioncontrol.domain.lifecycle.agent_count import AgentCount
from missioncontrol.domain.operation import Stage
from missioncontrol.domain.status import ENDED

SHOWN_MAX = 100
"""More of something than this is shown as `99+`."""

DAY = 86_400


class Shell(msgspec.Struct, frozen=True):
    """The frame's numbers at one position of the log; each is at most `SHOWN_MAX`."""

    position: int
    approvals: int  # that are open
    questions: int  # that are open
    elevations: int  # wider modes of agents that were asked for and have no answer
    runs: int  # that have not ended
    agents: AgentCount  # without a bound
    stage: Stage
    stage_since: float  # seconds since the epoch; 0 where it never changed
    stage_reason: str
    spent: int  # by the workspace, today in UTC: micro-dollars, as far as prices were known
    reserved: int
    cap: int | None  # of that day
    inbox: int = 0  # items that need the person who looks, at most `SHOWN_MAX`

    @property
    def waiting(self) -> int:
        """How many things wait for a person."""
        return self.approvals + self.questions + self.elevations


_known: "WeakKeyDictionary[Present, tuple[tuple[int, int, int], Shell]]" = WeakKeyDictionary()


async def shell_of(present: Present, instruments: Instruments) -> Shell:
    """Return the frame's numbers as of now. They are counted once for each position of the log."""
    now = instruments.now
    position = await present.catch_up()
    at = (position, instruments.measuring.position, int(now // DAY))
    known = _known.get(present)
    if known is not None and known[0] == at:
        return known[1]
    operation = await present.find(OPERATION, STREAM)
    today = standings(await ledger_of(present), WORKSPACE, now)[-1]
    found = Shell(
        position,
        _open(present, "approval"),
        _open(present, "question"),
        min(count_waiting(present), SHOWN_MAX),
        min(_live(present), SHOWN_MAX),
        agent_count(present, instruments),
        operation.stage if operation else "all",
        operation.since if operation else 0.0,
        operation.reason if operation else "",
        today.spent.cost,
        today.held.cost,
        today.limit.amount.cost if today.limit else None,
    )
    _known[present] = (at, found)
    return found


def last_shell(present: Present) -> Shell | None:
    """Return the numbers that were counted last, for a page that can't wait for new ones."""
    known = _known.get(present)
    return known[1] if known else None


def _open(present: Present, kind: str) -> int:
    stored = present.tables.all_listed(kind, is_open=True, limit=SHOWN_MAX)
    found = {row.id for row in stored}
    for row in present.board.others.values():
        if row.kind == kind:
            (found.add if row.is_open else found.discard)(row.id)
    return min(len(found), SHOWN_MAX)


def _live(present: Present) -> int:
    found = set(present.tables.unsettled())
    for run, row in present.board.runs.items():
        (found.discard if row.status in ENDED else found.add)(run)
    return len(found)
