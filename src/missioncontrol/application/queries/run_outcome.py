"""What a run of a mission has come to, gathered once for everybody who looks at it."""

from collections import OrderedDict
from importlib import import_module
from weakref import WeakKeyDictionary

import msgspec

from missioncontrol.application.journal import MISSION
from missioncontrol.application.read_model import Present
from missioncontrol.application.records import gather
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.run.states import Run

_NAME = __name__.partition(".")[0]
PROGRAM = f"{_NAME} {import_module(_NAME).__version__}"
"""As `mission runs export` writes it, so that both make the same bytes."""

STORIES_AT_HAND_MAX = 24
"""A large one, of 500 tasks, takes some 5 MB."""


class RunReport(msgspec.Struct, frozen=True):
    """A mission, one of its runs, and what the report of that run says now."""

    mission: Mission  # stays in memory and changes later, like `state`
    state: Run
    reading: Reading
    length: int  # events of the run
    told: float  # when the newest event of the mission happened
    said: int  # lines of output

    @property
    def version(self) -> str:
        """What tells one state of a story from another one."""
        return f"{self.length}-{self.told * 1_000_000:.0f}-{self.said}"


_at_hand: "WeakKeyDictionary[Present, OrderedDict[str, RunReport]]" = WeakKeyDictionary()


async def load_run_report(present: Present, mission: str, run: str = "") -> RunReport:
    """Return what `run` of a mission has come to by now, by default its newest run.

    Gathering reads the whole stream of the run; it is done again only where that has grown.

    Raises:
        NotFound: `mission.unknown`; `run.unknown`, where the mission has no such run.
    """
    found = await mission_of(present, mission)
    name = run or (found.runs[-1] if found.runs else "")
    if name not in found.runs:
        raise NotFound("run.unknown", f"Mission {mission!r} has no run {name[:100]!r}.")
    cache = _at_hand.setdefault(present, OrderedDict())
    known = cache.get(name)
    if known is None or not await _is_whole(present, known, found):
        known = await _gathered(present, found, name)
    cache[name] = known
    cache.move_to_end(name)
    while len(cache) > STORIES_AT_HAND_MAX:
        cache.popitem(last=False)
    return known


async def mission_of(present: Present, mission: str) -> Mission:
    """Return a mission as the log has it. It stays in memory and changes later.

    Raises:
        NotFound: `mission.unknown`.
    """
    if not mission.startswith("mission-"):
        raise MISSION.unknown(mission)
    return await present.load(MISSION, mission)


async def _gathered(present: Present, found: Mission, run: str) -> RunReport:
    written = present.output.written(run)
    record = await gather(present.store, present.output, run, program=PROGRAM)
    length = max(event.version for event in record.events if event.stream == run)
    state = await present.run(run)
    return RunReport(found, state, Reading(record), length, found.updated_at, written)


async def _is_whole(present: Present, known: RunReport, found: Mission) -> bool:
    """Whether nothing has been added to what a story was gathered from."""
    run = known.reading.record.run
    if known.told != found.updated_at or known.said != present.output.written(run):
        return False
    if known.reading.record.ended is not None:
        return True  # What happened after the end of a run changes nothing of its story.
    return not await present.store.read_stream(run, after=known.length, limit=1)
