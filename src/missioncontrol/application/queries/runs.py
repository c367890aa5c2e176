"""What the console tells about runs: the list, one run in full, its graph and its costs."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from missioncontrol.application.journal import unknown_run
from missioncontrol.application.queries.reasons import (
    Reason,
    in_a_sentence,
    parse_reason,
    sentence,
    without_commands,
)
from missioncontrol.application.read_model import Present
from missioncontrol.application.scope import Scopes
from missioncontrol.application.views import head_of, state_name, usage_view
from missioncontrol.domain.run.needs_outcome import tolerated
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.domain.status import (
    NAMED_MAX,
    RUN_WORDS,
    RunWord,
    Status,
    progress_of,
    status_of_run,
)
from missioncontrol.domain.step import is_own
from missioncontrol.domain.work import Bill, Usage
from missioncontrol.ports.read_tables import RunChoice, RunRow


class RunItem(msgspec.Struct, frozen=True):
    """A run in a list."""

    id: str
    title: str  # of its mission; else the name of its workflow
    mission: str
    workflow: str
    version: int  # of the workflow; 0 where it is not a saved one
    status: RunWord
    asks: int  # open approvals and questions: how often it waits for a person
    created: float  # seconds since the epoch
    started: float  # 0 where it did not happen
    ended: float
    steps: int  # of the workflow itself, or tasks of the mission: not what they became
    succeeded: int  # of these
    failed: int
    blocked: int
    cancelled: int
    skipped: int
    input_tokens: int
    output_tokens: int
    cost: int  # micro-dollars, as far as prices were known
    unpriced: int  # reports whose price was not known
    author: str
    trigger: str
    schedule: str
    origin: str  # the run that this one repeats or forks
    reason: str = ""  # why it stands so, where that is not plain
    action: str = ""  # the command that makes it go on
    waiting_on: tuple[str, ...] = ()  # who or what it waits for
    waiting_since: float = 0.0  # seconds since the epoch; 0 where it is not known
    mission_status: str = ""  # of its mission, where it is the newest run of one
    estimated_tokens: int = 0  # those of all tokens that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of `cost`
    label: str = ""  # its inputs in a few words: what tells it apart from its like


class UsageView(msgspec.Struct, frozen=True):
    """Tokens and money that were used."""

    input_tokens: int  # cached ones, read and written, included
    cached_tokens: int
    output_tokens: int  # reasoning ones included
    reasoning_tokens: int
    cache_write_tokens: int
    cost: int  # micro-dollars, as far as prices are known
    unpriced_tokens: int  # those whose price is not known
    is_priced: bool  # whether all prices are known
    estimated_tokens: int = 0  # those of all tokens that were not measured
    estimated_cost: int = 0  # micro-dollars, that part of `cost`


class RunDetail(msgspec.Struct, frozen=True):
    """A run in full, but for its steps."""

    run: str
    title: str
    label: str  # its inputs in a few words: what tells it apart from its like
    verdict: str  # how it stands, in a sentence
    failure: "RunFailure | None"  # why it failed, where a step of it did
    position: int  # of the last event that it had
    revision: int  # how many events it had
    mission: str
    workflow: str
    version: int  # of the workflow
    status: RunWord
    reason: str  # why it stands so, where that is not plain
    action: str  # the command that makes it go on
    waiting_on: tuple[str, ...]  # who or what it waits for
    waiting_since: float  # seconds since the epoch; 0 where it is not known
    asks: int
    created: float
    started: float | None
    ended: float | None
    author: str
    on_behalf: str
    os_user: str
    trigger: str
    schedule: str
    slot: float
    retry_of: str
    fork_of: str
    forked_at: str
    cancel_reason: str | None
    halt: dict[str, Any] | None  # code and reason, where nothing more starts
    concurrency: int
    budget: dict[str, Any] | None
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None  # what it hands back; None where it has not succeeded
    usage: UsageView
    steps: int  # all, also those that steps became
    states: dict[str, int]  # how many steps are in each state
    own_states: dict[str, int]  # the same, of the workflow's own steps
    working: list[str]  # steps at work, at most 200
    approvals: list[str]  # that were ever asked for, at most 200, the last ones
    mission_status: str = ""  # of its mission, where it is the newest run of one


class RunFailure(msgspec.Struct, frozen=True):
    """The step that a run failed for, in parts that can be shown apart."""

    step: str
    title: str
    reason: str  # in full
    command: str  # what was run, where the step runs a command
    said: str  # its last words


class GraphNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step in the graph."""

    key: str
    state: str
    title: str = ""
    agent: str = ""
    calls: str = ""
    needs: tuple[str, ...] = ()
    parent: str = ""
    attempt: int = 0
    cost: int = 0
    started: float = 0.0
    ended: float = 0.0
    gone: bool = False  # it failed and the run goes on
    index: int = -1  # place of its item


class RunGraph(msgspec.Struct, frozen=True):
    """All steps of a run, with what each needs."""

    run: str
    position: int
    status: str
    nodes: list[GraphNode]
    left_out: int = 0


class CostLine(msgspec.Struct, frozen=True):
    """What was used by one agent, model or step."""

    name: str
    usage: UsageView


class RunCosts(msgspec.Struct, frozen=True):
    """What a run cost, and who or what it was."""

    run: str
    total: UsageView
    by_agent: list[CostLine]
    by_model: list[CostLine]
    by_step: list[CostLine]  # the dearest
    steps_left_out: int


NODES_MAX = 10_000
LINES_MAX = 200


def list_runs(
    present: Present,
    choice: RunChoice,
    *,
    needs_attention: bool = False,
    before: str = "",
    limit: int = 50,
) -> list[RunItem]:
    """Return the runs of `choice` that are older than the run `before`, newest first."""
    rows = present.statuses.chosen(
        choice, needs_attention=needs_attention, before=before, limit=limit
    )
    return [run_item(present, row) for row in rows]


def run_item(present: Present, row: RunRow) -> RunItem:
    """Return the row of a run as a list shows it."""
    statuses = present.statuses
    found = statuses.of(row)
    values = msgspec.structs.asdict(row)
    del values["progress"], values["unchanged"]
    values |= status_with_mission(found, statuses.mission_status(row.id, row.mission))
    title = present.board.title_of(row) or row.workflow
    return RunItem(title=title, asks=0 if row.ended else statuses.asks(row.id), **values)


def status_with_mission(found: Status, mission: Status | None) -> dict[str, Any]:
    """Return how a run stands, with the word, reason and action of the mission it speaks for."""
    fields = status_fields(found)
    if mission is None:
        return fields
    more = {"mission_status": mission.word, "reason": mission.reason, "action": mission.action}
    return {**fields, **more}


def status_fields(found: Status) -> dict[str, Any]:
    """Return a status as the fields that lists and details of runs have for it."""
    return {
        "status": found.word,
        "reason": found.reason,
        "action": found.action,
        "waiting_on": found.on,
        "waiting_since": found.since,
    }


def run_counts(present: Present) -> dict[str, int]:
    """Return how many runs there are of each status, of all of them and of those that ask."""
    counts = present.statuses.counts()
    found: dict[str, int] = {word: counts[word] for word in RUN_WORDS}
    return {**found, "all": sum(counts.values()), "attention": present.statuses.attention()}


def own_status(run: Run) -> Status:
    """Return how a run stands by its own log alone, as of a moment that is past."""
    return status_of_run(run.id, progress_of(run))


async def run_state(present: Present, run: str, *, at: int | None = None) -> Run:
    """Return a run as of now, or as of position `at`; no other stream of the log is one.

    Raises:
        NotFound: `run.unknown`, also where it begins after `at`.
    """
    if not run.startswith("run-"):
        raise unknown_run(run, at)
    return await present.run(run) if at is None else await present.replays.at(run, at)


async def run_detail(
    present: Present, run: str, scopes: Scopes | None = None, *, at: int | None = None
) -> RunDetail:
    """Return a run in full, as of now or as of position `at`.

    `scopes` works out what it hands back, where it has succeeded.

    Raises:
        NotFound: `run.unknown`, also where it begins after `at`.
    """
    state = await run_state(present, run, at=at)
    chronicle = await present.chronicles.of(run)
    moments = chronicle.moments
    if at is not None:
        moments = moments[: _count_until(moments, at)]
    row = present.board.run(run)
    title = (present.board.title_of(row) if row is not None else "") or state.workflow
    asks = present.statuses.asks(run) if at is None and not state.is_settled else len(state.held)
    standing = present.statuses.of_run(state) if at is None else own_status(state)
    position, revision = moments[-1].position, len(moments)
    found = detail_of(state, title, asks, position, revision, scopes, standing)
    if row is not None:
        found = msgspec.structs.replace(found, label=row.label)
    if at is not None or row is None or not row.mission:
        return found
    fields = status_with_mission(standing, present.statuses.mission_status(row.id, row.mission))
    return msgspec.structs.replace(found, **fields)


def _count_until(moments: list[Any], at: int) -> int:
    return bisect_right(moments, at, key=lambda moment: moment.position)


def detail_of(
    state: Run,
    title: str,
    asks: int,
    position: int,
    revision: int,
    scopes: Scopes | None,
    standing: Status,
) -> RunDetail:
    """Return a run that is at hand in full."""
    head = head_of(state) | status_fields(standing)
    del head["usage_by_agent"], head["usage_by_model"]
    head["usage"] = UsageView(**head["usage"])
    outputs = None
    if scopes is not None and state.status == "succeeded" and state.outputs:
        outputs = scopes.outputs(state).values
    return RunDetail(
        run=state.id,
        title=title,
        label="",
        verdict=verdict_of(state, standing),
        failure=failure_of(state),
        position=position,
        revision=revision,
        asks=asks,
        outputs=outputs,
        steps=len(state.steps),
        states=_counted(state.states.values()),
        own_states=_counted(each for key, each in state.states.items() if is_own(key)),
        working=list(state.working)[:LINES_MAX],
        approvals=state.approvals[-LINES_MAX:],
        **head,
    )


def _counted(states: Iterable[object]) -> dict[str, int]:
    """Return how many there are of each, by the word for it; a run has ten thousands of them."""
    return {kind.__name__.lower(): count for kind, count in Counter(map(type, states)).items()}


def _are(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def verdict_of(run: Run, standing: Status) -> str:
    """Say how a run stands, in one sentence."""
    own = {key: each for key, each in run.states.items() if is_own(key)}
    done = sum(isinstance(each, Succeeded) for each in own.values())
    match standing.word:
        case "succeeded":
            return f"Succeeded: {done:,} of {_are(len(own), 'step')} done."
        case "failed":
            return f"Failed: {_why_failed(run)}"
        case "cancelled":
            return f"Cancelled with {done:,} of {_are(len(own), 'step')} done."
        case "cancelling":
            return f"Being cancelled: {_are(len(run.working), 'step')} still at work."
        case "halted":
            return f"Stuck: {sentence(_why_halted(run))}"
        case "queued":
            return "Queued: no step has started yet."
        case _:
            return _progress_sentence(run, done, len(own), standing)


def _progress_sentence(run: Run, done: int, steps: int, standing: Status) -> str:
    failed = sum(isinstance(each, Failed) for key, each in run.states.items() if is_own(key))
    bad = f", {failed:,} failed" if failed else ""
    so_far = f"{done:,} of {_are(steps, 'step')} done{bad}."
    match standing.word:
        case "waiting":
            on = " or ".join(standing.on[:NAMED_MAX]) or "a person"
            return f"Waiting on {on}: {so_far} {standing.reason}"
        case "stuck":
            return f"Stuck: {standing.reason} {so_far}"
    going = f"{done:,} of {_are(steps, 'step')} done, {len(run.working):,} at work{bad}."
    return f"Running: {going} {standing.reason}".rstrip()


def _why_halted(run: Run) -> str:
    return without_commands(run.halt.reason) if run.halt is not None else ""


def _why_failed(run: Run) -> str:
    bad = _failures(run)
    if not bad:
        return sentence(run.cancel_reason or "a step did not succeed")
    key, reason = bad[0]
    summary = in_a_sentence(_named(run, key), reason)
    return f"{summary} {_are(len(bad) - 1, 'more step')} failed." if len(bad) > 1 else summary


def _failures(run: Run) -> list[tuple[str, str]]:
    """Return the steps that a run failed for with their reasons, not those that they are part of.

    A step that became others fails with them; what it was made of tells more.
    """
    bad = [
        (key, each.failure.reason)
        for key, each in run.states.items()
        if isinstance(each, Failed) and not tolerated(run, key, each)
    ]
    parents = {run.steps[key].parent for key, _ in bad}
    return [each for each in bad if each[0] not in parents] or bad


def _named(run: Run, key: str) -> str:
    """Return a step's title in quotes, with its place where it is one of many alike."""
    step = run.steps[key]
    if not step.title:
        return key
    place = f" [{step.index}]" if step.index >= 0 else ""
    return f"“{step.title}{place}”"


def failure_of(run: Run) -> RunFailure | None:
    """Return why a run failed, in parts; None where it did not, or no step of it is to blame."""
    bad = _failures(run) if run.status == "failed" else []
    if not bad:
        return None
    key, reason = bad[0]
    parts: Reason = parse_reason(reason)
    return RunFailure(key, run.steps[key].title, reason, parts.command, parts.said)


async def run_graph(present: Present, run: str, *, at: int | None = None) -> RunGraph:
    """Return all steps of a run with what each needs, now or at position `at`; at most 10,000.

    Raises:
        NotFound: `run.unknown`.
    """
    state = await run_state(present, run, at=at)
    chronicle = await present.chronicles.of(run)
    keys = list(state.steps)
    spans = chronicle.spans if at is None else {}
    nodes = [_node(state, key, spans.get(key)) for key in keys[:NODES_MAX]]
    position = chronicle.position if at is None else at
    standing = present.statuses.of_run(state) if at is None else own_status(state)
    return RunGraph(run, position, standing.word, nodes, max(0, len(keys) - NODES_MAX))


def _node(run: Run, key: str, span: Any) -> GraphNode:
    step, state = run.steps[key], run.states[key]
    bill = run.bill_by_step.get(key)
    return GraphNode(
        key,
        state_name(state),
        title=step.title,
        agent=step.agent,
        calls=step.calls,
        needs=step.needs,
        parent=step.parent,
        attempt=run.tries.get(key, 0),
        cost=bill.cost if bill is not None else 0,
        started=(span.started or 0.0) if span is not None else 0.0,
        ended=(span.ended or 0.0) if span is not None else 0.0,
        gone=isinstance(state, Failed) and tolerated(run, key, state),
        index=step.index,
    )


async def run_costs(present: Present, run: str) -> RunCosts:
    """Return what a run used, by agent, by model and by step.

    Raises:
        NotFound: `run.unknown`.
    """
    state = await run_state(present, run)
    return RunCosts(
        run,
        _usage(state.usage, state.bill),
        _lines(state.usage_by_agent, state.bill_by_agent),
        _lines(state.usage_by_model, state.bill_by_model),
        _lines(state.usage_by_step, state.bill_by_step),
        max(0, len(state.usage_by_step) - LINES_MAX),
    )


def _usage(usage: Usage, bill: Bill) -> UsageView:
    return UsageView(**usage_view(usage, bill))


def _lines(usages: Mapping[str, Usage], bills: Mapping[str, Bill]) -> list[CostLine]:
    """Return the dearest first; where nothing has a price, those of most tokens."""
    names: Iterable[str] = sorted(
        usages, key=lambda name: (bills[name].cost, usages[name].tokens, name), reverse=True
    )
    return [CostLine(name, _usage(usages[name], bills[name])) for name in list(names)[:LINES_MAX]]
