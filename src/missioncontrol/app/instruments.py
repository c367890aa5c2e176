"""Builds what readers of a home need besides its record."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.adapters.agents.schemas import shape_of
from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.measure_tables.sqlite import SqliteMeasureTables
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.adapters.source_trees import GitSources
from missioncontrol.adapters.task_history import GitTaskHistory
from missioncontrol.app.builtin_agents import AGENT_CARDS, built_in
from missioncontrol.app.settings import Settings
from missioncontrol.application.measure_refresh import PER_REQUEST_MAX, Measuring
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.read_model import Present
from missioncontrol.domain.agent import misfit


@contextmanager
def instruments(
    home: Home, present: Present, counted_at_once: int = PER_REQUEST_MAX
) -> Iterator[Instruments]:
    """Give out what a home's reader needs besides the record; its file is closed in the end.

    A request waits until `counted_at_once` events are counted, at most.
    """
    with closing(SqliteMeasureTables(home.measures if home.exists else None)) as tables:
        yield Instruments(
            SystemClock(),
            Measuring(present.store, tables, counted_at_once),
            CronCalendar(),
            GenaiPrices(),
            built_in(AGENT_CARDS, Settings(home.root)),
            card=Kinds().card,
            misfit=lambda answer, form: misfit(answer, shape_of(form)) or "",
            sources=GitSources(),
            histories=lambda path: GitTaskHistory(Path(path)),
        )
