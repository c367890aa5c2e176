"""What a mission may need, before it begins: estimated from those that ended here only."""

import statistics
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from missioncontrol.application.read_model import Present
from missioncontrol.documents.figures import counted
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import RunCreated
from missioncontrol.ports.read_tables import MissionRow, RunRow

LOOKED_AT_MAX = 400
"""Missions that are looked at for ones that are alike."""

SAMPLES_MAX = 40
ENOUGH = 3
"""With fewer missions on the same repository, those on others count as well."""

KNOWN_MAX = 2_000
ENDED = ("succeeded", "failed")


class Spread(msgspec.Struct, frozen=True):
    """What a number was in the missions before."""

    least: float
    median: float
    most: float


class Estimate(msgspec.Struct, frozen=True):
    """What a mission may take, and what that is based on."""

    missions: int  # that were alike and have ended; 0 where there is no estimate
    same_repository: bool  # all of them were on the repository that is asked about
    basis: str  # in words
    seconds: Spread | None = None
    tasks: Spread | None = None
    tokens: Spread | None = None
    cost: Spread | None = None  # micro-dollars; None where prices were not known


class _Asked(msgspec.Struct, frozen=True):
    """How a mission was asked for."""

    execute: bool
    builder: str


_requests_by_run: "OrderedDict[str, _Asked]" = OrderedDict()
"""By run. How a run was asked for never changes, and ids are never used twice."""


async def estimate(
    present: Present, *, repository: str = "", execute: bool = True, builder: str = ""
) -> Estimate:
    """Return what missions took that were asked for like this one."""
    wanted = _Asked(execute, builder if execute else "")
    near: list[tuple[MissionRow, RunRow]] = []
    others: list[tuple[MissionRow, RunRow]] = []
    for row, run in _ended(present):
        alike = near if repository and row.repository == repository else others
        if len(alike) < SAMPLES_MAX and await _how(present, run.id) == wanted:
            alike.append((row, run))
        if len(near) == SAMPLES_MAX:
            break
    is_same = len(near) >= ENOUGH
    samples = near if is_same else [*near, *others][:SAMPLES_MAX]
    basis = _in_words(len(samples), wanted, is_same=is_same)
    if not samples:
        return Estimate(0, False, basis)
    runs = [run for _, run in samples]
    is_priced = not any(run.unpriced for run in runs)
    return Estimate(
        len(samples),
        is_same,
        basis,
        seconds=_spread([run.ended - run.started for run in runs]),
        tasks=_spread([row.tasks for row, _ in samples]),
        tokens=_spread([run.input_tokens + run.output_tokens for run in runs]),
        cost=_spread([run.cost for run in runs]) if is_priced else None,
    )


def _ended(present: Present) -> Iterator[tuple[MissionRow, RunRow]]:
    """Yield the newest missions that ended by themselves, each with its last run."""
    rows = {row.id: row for row in present.tables.missions(limit=LOOKED_AT_MAX)}
    rows |= present.board.missions
    for name in sorted(rows, reverse=True)[:LOOKED_AT_MAX]:
        row = rows[name]
        run = present.board.runs.get(row.run) or present.tables.run(row.run)
        if run is not None and run.status in ENDED and run.started and not run.origin:
            yield row, run


async def _how(present: Present, run: str) -> _Asked:
    known = _requests_by_run.get(run)
    if known is None:
        (first,) = await present.store.read_stream(run, limit=1)
        event = decode(first.type, first.schema, first.body)
        inputs = event.inputs if isinstance(event, RunCreated) else {}
        known = _Asked(bool(inputs.get("execute", True)), str(inputs.get("builder", "")))
        _requests_by_run[run] = known
        while len(_requests_by_run) > KNOWN_MAX:
            _requests_by_run.popitem(last=False)
    return known


def _in_words(number: int, wanted: _Asked, *, is_same: bool) -> str:
    how = "planned" if not wanted.execute else "carried out"
    who = f" with {wanted.builder} as builder" if wanted.builder else ""
    if not number:
        return f"No mission was {how}{who} here yet, so no estimate is available."
    where = "on this repository" if is_same else "in this home"
    verb = "was" if number == 1 else "were"
    return f"From {counted(number, 'mission')} that {verb} {how}{who} {where}."


def _spread(values: list[float] | list[int]) -> Spread:
    return Spread(min(values), statistics.median(values), max(values))
