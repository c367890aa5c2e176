"""Queries of the trace of a mission: all of it, and whether anything is lacking."""

from missioncontrol.application.queries import run_outcome
from missioncontrol.application.read_model import Present
from missioncontrol.declarations import EVERYWHERE, ItemQuery, Query, Surface, Target
from missioncontrol.documents.traceability.report import (
    CheckSummary,
    TraceSummary,
    summarize_check,
    summarize_trace,
)
from missioncontrol.queries.mission import MISSION, OfRun

NO_COMMAND: frozenset[Surface] = EVERYWHERE - {"cli"}
"""`mission runs trace` also looks at a plan in a file."""


async def trace(present: Present, mission: str, of: OfRun) -> TraceSummary:
    """Return the trace of a mission; raises as `run_outcome.load_run_report`."""
    found = (await run_outcome.load_run_report(present, mission, of.run)).reading
    return summarize_trace(found.record, found.trace)


async def check(present: Present, mission: str, of: OfRun) -> CheckSummary:
    """Return what a trace comes to; raises as `run_outcome.load_run_report`."""
    found = (await run_outcome.load_run_report(present, mission, of.run)).reading
    return summarize_check(found.record, found.trace)


TRACE = Target(
    noun="trace",
    path="/trace",
    within=MISSION,
    help="the trace of a mission",
    is_single=True,
    resource="traces",
)

GET = ItemQuery(
    name="trace.get",
    title="Get a trace",
    text="Return what leads from the goal to the evidence: graph, matrix, gaps, waivers, owners."
    "\n\nEach edge says why its target exists, and so what its source covers.",
    target=TRACE,
    options=OfRun,
    find=trace,
    returns=TraceSummary,
    surfaces=NO_COMMAND,
)

CHECK = ItemQuery(
    name="trace.check",
    title="Check a trace",
    text="Return every gap, and what keeps the mission from being completed.\n\n"
    "Gaps that are waived are among them.",
    target=TRACE,
    path="check",
    options=OfRun,
    find=check,
    returns=CheckSummary,
    surfaces=NO_COMMAND,
)

QUERIES: tuple[Query, ...] = (GET, CHECK)
