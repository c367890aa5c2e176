"""Gathers what the record says of a run of tasks into its manifest."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from missioncontrol.application.approvals import APPROVAL
from missioncontrol.application.event_timeline import Attempt, EventTimeline, timeline_of
from missioncontrol.application.journal import READ_AT_ONCE, fold
from missioncontrol.application.records import folded
from missioncontrol.documents.run_manifest import (
    FORM,
    Acting,
    Agreed,
    Chained,
    Command,
    Done,
    Evidence,
    File,
    Heartbeats,
    Merged,
    Noted,
    Resume,
    RunManifest,
    Spent,
    TaskDone,
    Tests,
    Try,
    sealed,
)
from missioncontrol.domain.approval.states import Approval, Decided
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.register import decode
from missioncontrol.domain.repository.events import RepositoryTasksRun
from missioncontrol.domain.repository.states import Repository
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Failed, Held, Run, SettledState, Succeeded, Working
from missioncontrol.domain.work import CommandRan, TestsRan, Usage, Work
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.output_store import OutputStore

LINES_MAX = 100_000
"""Of output, that is looked through for signs of life."""

KEY = re.compile(r"task-(?P<task>\d+)(?:#(?P<round>\d+))?(?:/(?P<name>[^/]+))?")


async def manifest_of(
    store: EventStore,
    output: OutputStore,
    state: Repository,
    begun: RepositoryTasksRun,
    lives: Mapping[str, AgentLife],
) -> RunManifest:
    """Return what the record says of a run of tasks, up to now.

    Raises:
        NotFound: `run.unknown`.
    """
    rows = await _rows(store, begun.run)
    run = folded(begun.run, rows)
    timeline = timeline_of(begun.run, rows)
    activity = _heartbeats(output, begun.run)
    steps = tuple(
        _done(key, run, timeline, activity)
        for key in run.steps
        if "/" in key and KEY.fullmatch(key)
    )
    last = rows[-1][0]
    open_steps = tuple(
        key for key, each in run.states.items() if not isinstance(each, SettledState) and "/" in key
    )
    return sealed(
        RunManifest(
            FORM,
            begun.run,
            state.id,
            f"{run.workflow}@{run.version}",
            run.status,
            run.author,
            begun.into,
            run.created_at,
            run.settled_at,
            tuple(_task(number, begun, state, run) for number in begun.tasks),
            tuple(_acting(begun, lives)),
            steps,
            tuple([await _agreed(store, approval) for approval in run.approvals]),
            _spent(run.usage),
            Resume(open_steps, "" if run.is_settled else f"mission runs resume {begun.run}"),
            Chained(begun.run, len(rows), rows[0][0].position, last.position, last.hash.hex()),
        )
    )


async def list_started_runs(store: EventStore, repository: str) -> list[RepositoryTasksRun]:
    """Return the runs of tasks of a repository, the oldest first."""
    found: list[RepositoryTasksRun] = []
    for row, event in await _rows(store, repository):
        del row
        if isinstance(event, RepositoryTasksRun):
            found.append(event)
    return found


async def run_of(store: EventStore, run: str) -> Run:
    """Return a run as the record has it."""
    return folded(run, await _rows(store, run))


async def _rows(store: EventStore, stream: str) -> list[tuple[Recorded, Any]]:
    found: list[tuple[Recorded, Any]] = []
    while rows := await store.read_stream(stream, after=len(found), limit=READ_AT_ONCE):
        found += [(row, decode(row.type, row.schema, row.body)) for row in rows]
    return found


def _heartbeats(output: OutputStore, run: str) -> dict[str, Heartbeats]:
    found: dict[str, Heartbeats] = {}
    for line in output.read(run, limit=LINES_MAX):
        at = line.time / 1_000_000
        before = found.get(line.step, Heartbeats(0, at, at))
        found[line.step] = Heartbeats(before.lines + 1, before.first, at)
    return found


def _done(key: str, run: Run, timeline: EventTimeline, activity: Mapping[str, Heartbeats]) -> Done:
    place = KEY.fullmatch(key)
    assert place is not None, "only such keys are asked for"
    state = run.states[key]
    work = state.work if isinstance(state, Succeeded) else Work()
    reports = [each for each in work.evidence if isinstance(each, TestsRan)]
    report = reports[-1] if reports else None
    return Done(
        key,
        int(place["task"]),
        int(place["round"] or 1),
        place["name"] or "",
        run.steps[key].agent,
        type(state).__name__.lower(),
        state.failure.reason if isinstance(state, Failed) else "",
        tuple(map(_try, timeline.attempts_of(key))),
        activity.get(key, Heartbeats(0, 0.0, 0.0)),
        tuple(
            Command(each.argv, each.exit_code, each.seconds)
            for each in work.evidence
            if isinstance(each, CommandRan)
        ),
        Tests(report.passed, report.failed, report.errors, report.skipped) if report else None,
        tuple(File(each.name, each.digest, each.size) for each in work.artifacts),
    )


def _try(attempt: Attempt) -> Try:
    return Try(
        attempt.number,
        attempt.fence,
        attempt.agent,
        attempt.started,
        attempt.ended,
        attempt.outcome,
        attempt.reason,
        _spent(attempt.usage),
        tuple(each.pid for each in attempt.processes),
        attempt.position,
        attempt.settled_position,
    )


def _spent(usage: Usage) -> Spent:
    return Spent(usage.input_tokens, usage.output_tokens, usage.cost)


def _task(number: int, begun: RepositoryTasksRun, state: Repository, run: Run) -> TaskDone:
    task, key = state.tasks[number], f"task-{number}"
    given = run.inputs.get("tasks", {}).get(str(number), {})
    rounds = _rounds(key, run)
    builds = (_output(f"{each}/build", run) for each in reversed(rounds))
    merges = (_output(f"{each}/merge", run) for each in reversed(rounds))
    merge = next((each for each in merges if each), None)
    merged = _merged(merge) if merge else None
    failure = _failure(key, run)
    found = failure.detail if failure.code == "repeat.exhausted" and failure.detail else {}
    return TaskDone(
        number,
        task.title,
        task.folder,
        given.get("documents", {}),
        begun.scopes.get(number, ()),
        _word(key, rounds, merged, run),
        len(rounds),
        next((str(each["commit"]) for each in builds if each.get("commit")), ""),
        merged,
        failure.reason,
        failure.hint,
        tuple(msgspec.convert(found.get("findings", []), list[Noted])),
        found.get("findings_left_out", 0),
        tuple(msgspec.convert(found.get("evidence", []), list[Evidence])),
    )


def _failure(key: str, run: Run) -> Failure:
    """Return why a step failed; one without words where it did not."""
    state = run.states[key]
    return state.failure if isinstance(state, Failed) else Failure("", "")


def _rounds(key: str, run: Run) -> list[str]:
    """Return what the keys of the steps of each round begin with, in order."""
    found = [key] if f"{key}/manage" in run.steps else []
    number = 2
    while f"{key}#{number}/manage" in run.steps:
        found.append(f"{key}#{number}")
        number += 1
    return found


def _output(key: str, run: Run) -> dict[str, Any]:
    state = run.states.get(key)
    output = state.work.output if isinstance(state, Succeeded) else None
    return output if isinstance(output, dict) else {}


def _merged(output: Mapping[str, Any]) -> Merged:
    return Merged(
        str(output.get("state", "")),
        str(output.get("into", "")),
        str(output.get("commit", "")),
        str(output.get("onto", "")),
        bool(output.get("rebased")),
        str(output.get("reason", "")),
    )


def _word(key: str, rounds: Iterable[str], merged: Merged | None, run: Run) -> str:
    if merged and merged.state == "merged":
        return "merged"
    state = run.states[key]
    if isinstance(state, SettledState):
        return type(state).__name__.lower()
    parts = tuple(f"{each}/" for each in rounds)
    mine = [each for name, each in run.states.items() if name.startswith(parts)]
    if any(isinstance(each, Working) for each in mine):
        return "working"
    return "held" if any(isinstance(each, Held) for each in mine) else "waiting"


def _acting(begun: RepositoryTasksRun, lives: Mapping[str, AgentLife]) -> Iterable[Acting]:
    own = {"tester": "tester", "reviewer": "inspector"}
    for part, name in begun.agents.items():
        agent = own.get(part, name) if name == "local" else name
        life = lives.get(agent)
        if life is None:
            yield Acting(part, agent, "specialist", "", "")
        else:
            yield Acting(part, agent, life.declared.kind, life.version, life.declared.model)


async def _agreed(store: EventStore, approval: str) -> Agreed:
    state: Approval | None
    state, _ = await fold(store, APPROVAL, approval)
    if state is None:
        raise NotFound("approval.unknown", f"There is no approval {approval!r}.")
    standing = state.standing
    if isinstance(standing, Decided):
        decision = standing.outcome, standing.by, standing.reason, standing.at
        return Agreed(approval, state.step, state.digest, *decision)
    word = type(standing).__name__.lower()
    return Agreed(approval, state.step, state.digest, word, "", "", state.requested)
