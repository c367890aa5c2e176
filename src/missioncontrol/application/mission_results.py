"""Gathers what a run that has ended left, from the log, for what is remembered."""

from typing import Any

import msgspec

from missioncontrol.application.event_timeline import EventTimeline, timeline_of
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.events import RunCreated
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.domain.work import Work
from missioncontrol.knowledge.ended_run import EndedRun, EndedStep
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.event_store import EventStore

LORE = "lore.json"
"""The artifact of the planner that holds what the repository's documents say."""

LORE_BYTES_MAX = 1_000_000
READ_AT_ONCE = 5_000


async def ended_run(
    store: EventStore, artifacts: ArtifactStore, settled: Recorded
) -> EndedRun | None:
    """Return the run that `settled` ended, or None where its beginning is missing.

    Raises:
        Corrupt: `log.damaged`.
    """
    first = await store.read_stream(settled.stream, limit=1)
    created = decode(first[0].type, first[0].schema, first[0].body) if first else None
    if not isinstance(created, RunCreated):
        return None
    rows = await _until(store, settled)
    state: Run | None = None
    for row, event in rows:
        state = evolve(state, event, row.time / 1_000_000)
    assert state is not None
    timeline = timeline_of(settled.stream, rows)
    output = _plan_output(state)
    return EndedRun(
        state.mission,
        state.id,
        str(state.inputs.get("title", "")),
        str(state.inputs.get("goal", "")),
        str(state.inputs.get("repository", "")),
        str(output.get("commit", "")),
        settled.time / 1_000_000,
        settled.position,
        state.outcome or "",
        _plan(output),
        tuple(step for key in state.steps if (step := _step(key, state, timeline)) is not None),
        created.workflow,
        _lore(state, artifacts),
    )


async def _until(store: EventStore, settled: Recorded) -> list[tuple[Recorded, Any]]:
    found: list[tuple[Recorded, Any]] = []
    while rows := await store.read_stream(settled.stream, after=len(found), limit=READ_AT_ONCE):
        for row in rows:
            if row.position > settled.position:
                return found
            found.append((row, decode(row.type, row.schema, row.body)))
    return found


def _plan_output(run: Run) -> dict[str, Any]:
    state = run.states.get(PLAN_STEP)
    output = state.work.output if isinstance(state, Succeeded) else None
    return output if isinstance(output, dict) else {}


def _plan(output: dict[str, Any]) -> Plan | None:
    try:
        return msgspec.convert(output["plan"], Plan) if "plan" in output else None
    except msgspec.ValidationError:
        return None  # Accepted by another release, whose plans this one can't read.


def _step(key: str, run: Run, timeline: EventTimeline) -> EndedStep | None:
    state = run.states.get(key)
    if state is None or (isinstance(state, Succeeded) and state.kept_from):
        return None
    attempts = timeline.attempts_of(key)
    last = attempts[-1] if attempts else None
    failure = state.failure if isinstance(state, Failed) else None
    return EndedStep(
        key,
        type(state).__name__.lower(),
        state.work if isinstance(state, Succeeded) else Work(),
        failure.code if failure else "",
        failure.reason if failure else "",
        failure.hint if failure else "",
        last.ended - last.started if last is not None and last.ended is not None else 0.0,
        tuple(each.reason for each in attempts[:-1] if each.outcome == "failed" and each.reason),
        last.settled_position or last.position if last is not None else 0,
    )


def _lore(run: Run, artifacts: ArtifactStore) -> tuple[dict[str, Any], ...]:
    """Return what the planner found in documents; nothing where it is gone or can't be read."""
    state = run.states.get(PLAN_STEP)
    refs = state.work.artifacts if isinstance(state, Succeeded) and not state.kept_from else ()
    ref = next((each for each in refs if each.name == LORE), None)
    if ref is None or ref.size > LORE_BYTES_MAX:
        return ()
    try:
        return msgspec.json.decode(artifacts.get(ref.digest), type=tuple[dict[str, Any], ...])
    except (MissionControlError, msgspec.DecodeError, OSError):
        return ()
