"""The status of a run or a mission: one word, the reason, and the action that makes it go on.

The log of a run says what it could do next (`Progress`). Whether that happens depends on the
agents, on what people were asked and on how far the workspace may work (`Conditions`).
`status_of_run` joins the two, and every surface prints, filters and counts by its word.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Literal, get_args

import msgspec

from missioncontrol.domain.lifecycle.states import (
    AgentLife,
    Draining,
    Failed,
    Lost,
    Ready,
    Removed,
    Resting,
    Starting,
    reason_of,
)
from missioncontrol.domain.operation import Operation, Stage
from missioncontrol.domain.run.states import Run

RunWord = Literal[
    "queued",
    "running",
    "waiting",
    "stuck",
    "halted",
    "cancelling",
    "succeeded",
    "failed",
    "cancelled",
]
RUN_WORDS: tuple[RunWord, ...] = get_args(RunWord)
WORDS: dict[str, str] = {
    "queued": "Queued",
    "running": "Running",
    "waiting": "Waiting",
    "stuck": "Stuck",
    "halted": "Stuck",
    "cancelling": "Cancelling",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "planning": "Planned",
    "planned": "Planned",
    "ready_to_build": "Ready to build",
    "building": "Building",
    "in_review": "In review",
    "done": "Done",
}
"""Each word as people read it, on every surface.

The log tells more apart than people need to: a mission is planned while its plan is made, and a run
that a cap or a rule has halted is stuck; the reason says by what.
"""


def alike(word: str) -> tuple[str, ...]:
    """Return all words that people read as this one, so that a filter by one takes all."""
    title = WORDS.get(word)
    return tuple(each for each in WORDS if WORDS[each] == title) or (word,)


def titles_of(words: Iterable[str]) -> dict[str, str]:
    """Return the first word for each title, with the title, in the order of `words`."""
    first = {WORDS[word]: word for word in reversed(tuple(words))}
    return {word: WORDS[word] for word in words if first[WORDS[word]] == word}


MissionWord = Literal[
    "planning",
    "planned",
    "ready_to_build",
    "building",
    "in_review",
    "waiting",
    "stuck",
    "halted",
    "cancelling",
    "failed",
    "cancelled",
    "done",
]
MISSION_WORDS: tuple[MissionWord, ...] = get_args(MissionWord)
MISSION_OPEN = frozenset({"planning", "building", "in_review", "waiting", "stuck", "halted"})
"""Words of missions of which a run has not ended and is not about to."""

ENDED = frozenset({"succeeded", "failed", "cancelled"})
OPEN: tuple[RunWord, ...] = ("queued", "running", "waiting", "stuck", "halted")
"""Words of runs that have not ended and are not about to."""

NEEDS_ACTION = frozenset({"waiting", "stuck", "halted"})
"""Words of runs that go on only after a person has acted."""

REFINED = frozenset({"queued", "running", "waiting"})
"""Words of a run's own log that conditions may change."""

STEPS_MAX = 20
"""Steps of one kind that are stored of a run for its status."""

NAMED_MAX = 3
"""Steps or agents that a reason names; the rest is counted."""

START_ENGINE = "mission up"
NO_ENGINE = f"No engine is running: start one with `{START_ENGINE}`."


class Queued(msgspec.Struct, frozen=True, array_like=True):
    """Steps that may start as soon as their agent takes them."""

    agent: str
    step: str  # one of them
    count: int
    capabilities: tuple[str, ...] = ()  # other agents with one of these may take them


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A step that waits for a person, and since when."""

    step: str
    id: str  # of the approval or question
    since: float


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run could do next, as its own log says it. Bounded, and small enough for a row."""

    word: RunWord = "queued"
    working: tuple[str, ...] = ()  # the first steps at work
    working_count: int = 0
    agents: tuple[str, ...] = ()  # of those steps, each once
    queued: tuple[Queued, ...] = ()  # by agent; also those that are tried again later
    held: tuple[Asked, ...] = ()
    is_due: bool = False  # the engine has something to decide
    reason: str = ""  # why it is halted or was cancelled


class Ask(msgspec.Struct, frozen=True):
    """An open approval or question of a run."""

    kind: Literal["approval", "question"]
    id: str
    step: str
    to: tuple[str, ...]  # empty is any person
    since: float
    title: str = ""


class Closed(msgspec.Struct, frozen=True):
    """An agent that takes no steps."""

    name: str
    state: str
    reason: str
    since: float
    is_lasting: bool = True  # it accepts none before a person acts


class Conditions(msgspec.Struct, frozen=True):
    """What decides, beside its own log, whether a run goes on."""

    closed: Mapping[str, Closed] = {}  # by name
    capabilities: frozenset[str] = frozenset()  # of declared agents that take steps
    barred: frozenset[str] = frozenset()  # agents that a rate limit allows no start; "" is all
    asks: Mapping[str, tuple[Ask, ...]] = {}  # by run
    stage: Stage = "all"
    stage_reason: str = ""
    stage_since: float = 0.0
    has_engine: bool = True

    @property
    def lasting(self) -> "Conditions":
        """The same without what ends by itself."""
        closed = {name: each for name, each in self.closed.items() if each.is_lasting}
        return msgspec.structs.replace(self, closed=closed)

    @property
    def are_usual(self) -> bool:
        """Whether every run is what its own log says."""
        return not (self.closed or self.asks or self.barred) and self.stage in ("all", "drain")


USUAL = Conditions()


REVIEWERS = frozenset({"reviewer", "inspector"})
"""Agents that look at what others made."""


PLANNERS = ("planner",)
"""The agents at work while a mission is planned, also where it has a plan from before."""


class MissionFacts(msgspec.Struct, frozen=True):
    """What a mission and the run that speaks for it say."""

    word: str  # of its own log: created, running, succeeded, completed, failed or cancelled
    run: str
    tasks: int  # of the plan
    handed_over: int  # of these: the ones that people do
    is_planned_only: bool = False  # the run made the plan and was to do nothing else
    is_unchanged: bool = False  # the code was to be changed, and no file was
    agents: tuple[str, ...] = ()  # at work


class Status(msgspec.Struct, frozen=True):
    """How something stands."""

    word: str
    reason: str = ""
    action: str = ""  # the command that makes it go on
    on: tuple[str, ...] = ()  # who or what it waits for
    since: float = 0.0  # seconds since the epoch; 0 where it is not known


def progress_of(run: Run) -> Progress:
    """Return what a run could do next. The cost does not depend on the number of its steps."""
    if run.is_settled:
        return Progress(run.status, reason=run.cancel_reason or "")
    first = dict(islice(run.working.items(), STEPS_MAX))
    return Progress(
        run.status,
        working=tuple(first),
        working_count=len(run.working),
        agents=tuple(dict.fromkeys(each.agent for each in first.values())),
        queued=tuple(islice(_queued(run), STEPS_MAX)),
        held=tuple(
            Asked(key, each.approval, each.since)
            for key, each in islice(run.held.items(), STEPS_MAX)
        ),
        is_due=bool(run.due),
        reason=run.halt.reason if run.halt else run.cancel_reason or "",
    )


def _queued(run: Run) -> Iterable[Queued]:
    """Yield the steps that wait for an agent, those of one agent together."""
    first: dict[str, str] = {}
    counts = Counter[str]()
    for (agent, _), keys in run.queues.items():
        if keys:
            first.setdefault(agent, next(iter(keys)))
            counts[agent] += len(keys)
    for key in run.resting:
        first.setdefault(run.steps[key].agent, key)
        counts[run.steps[key].agent] += 1
    for agent, step in first.items():
        capability = run.steps[step].capability if step in run.claimable else ""
        yield Queued(agent, step, counts[agent], (capability,) if capability else ())


def conditions(
    lives: Iterable[AgentLife],
    asks: Iterable[tuple[str, Ask]],
    operation: Operation,
    *,
    has_engine: bool = True,
) -> Conditions:
    """Return what decides whether runs go on; `asks` are open ones, each with its run."""
    known = list(lives)
    by_run: dict[str, tuple[Ask, ...]] = {}
    for run, ask in asks:
        by_run[run] = (*by_run.get(run, ()), ask)
    return Conditions(
        {life.name: closed for life in known if (closed := closed_of(life)) is not None},
        frozenset(
            each.name
            for life in known
            if isinstance(life.standing, Ready)
            for each in life.declared.capabilities
        ),
        frozenset(
            name
            for (kind, name), limit in operation.limits.items()
            if not limit.starts and kind in ("agent", "workspace")
        ),
        by_run,
        operation.stage,
        operation.reason,
        operation.since,
        has_engine,
    )


def closed_of(life: AgentLife) -> Closed | None:
    """Return why an agent takes no steps; None where it does, or is about to by itself."""
    match life.standing:
        case Ready() | Starting() | Removed():
            return None
        case Draining(then="start"):
            return None
    is_lasting = not isinstance(life.standing, Resting | Lost)
    return Closed(life.name, _state(life), reason_of(life), life.since, is_lasting)


def _state(life: AgentLife) -> str:
    match life.standing:
        case Failed():
            return "failed its proof"
        case Resting():
            return "resting after failures in a row"
        case Lost():
            return "lost"
    return life.status(0)


def status_of_run(run: str, progress: Progress, around: Conditions = USUAL) -> Status:
    """Return how a run stands.

    Work that goes on makes it running, whatever else waits. A run in which nothing moves is stuck
    where an agent, a limit or a stop is in the way, and waiting where only people are asked.
    """
    if progress.word not in REFINED:
        return _final(run, progress)
    asks = around.asks.get(run, ())
    asking = {ask.step for ask in asks}
    moving = progress.working_count - sum(step in asking for step in progress.working)
    obstacles = _obstacles(progress, around)
    if moving > 0:
        notes = (*_reasons(obstacles), *_request_sentences(progress, asks))
        return Status("running", _joined(*notes))
    if obstacles and not _may_move(progress, around):
        return _with_engine(_stuck(obstacles), around)
    if _may_move(progress, around):
        word = "queued" if progress.word == "queued" else "running"
        return _with_engine(Status(word, _next(progress)), around)
    if asks or progress.held:
        return _with_engine(_waiting(progress, asks), around)
    return _with_engine(Status(progress.word), around)


def status_of_mission(facts: MissionFacts, run: Status) -> Status:
    """Return how a mission stands; `run` is the status of the run that speaks for it.

    It is done only where its change is there, or where its kind of work has none.
    """
    match facts.word:
        case "created":
            return Status("planning")
        case "running":
            return _on_its_way(facts, run)
        case "completed":
            return Status("done")
        case "succeeded":
            return _carried_out(facts)
    return Status(facts.word, run.reason)


def _on_its_way(facts: MissionFacts, run: Status) -> Status:
    if run.word not in ("queued", "running"):
        return run
    is_review = bool(facts.agents) and REVIEWERS.issuperset(facts.agents)
    is_planning = not facts.tasks or facts.agents == PLANNERS
    word = "planning" if is_planning else "in_review" if is_review else "building"
    return msgspec.structs.replace(run, word=word)


def _carried_out(facts: MissionFacts) -> Status:
    """Return how a mission stands whose run did all that it was to do."""
    if facts.is_planned_only:
        action = f"mission execute {facts.run}"
        return Status("planned", "Nothing of the plan was carried out yet.", action)
    if facts.handed_over:
        are = "is" if facts.handed_over == 1 else "are"
        reason = f"{facts.handed_over} of {facts.tasks} tasks {are} for people and not done."
        return Status("ready_to_build", reason, f"mission runs pack {facts.run}")
    if facts.is_unchanged:
        action = f"mission runs retry {facts.run}"
        return Status("ready_to_build", "No file was changed.", action)
    return Status("done")


def _final(run: str, progress: Progress) -> Status:
    action = f"mission runs resume {run}" if progress.word == "halted" else ""
    return Status(progress.word, progress.reason, action)


def _may_move(progress: Progress, around: Conditions) -> bool:
    """Whether something of a run goes on without anybody's help."""
    if around.stage in ("stopped", "paused"):
        return False
    return progress.is_due or any(not _is_closed(each, around) for each in progress.queued)


def _is_closed(queued: Queued, around: Conditions) -> bool:
    if "" in around.barred or queued.agent in around.barred:
        return True
    if queued.agent not in around.closed:
        return False
    return not any(each in around.capabilities for each in queued.capabilities)


class _Obstacle(msgspec.Struct, frozen=True):
    reason: str
    action: str
    on: str
    since: float


def _obstacles(progress: Progress, around: Conditions) -> list[_Obstacle]:
    """Return what keeps steps of a run from starting, the gravest first."""
    if not (progress.queued or progress.is_due):
        return []
    if around.stage in ("stopped", "paused"):
        return [_of_stage(around)]
    return [_of_agent(each, around) for each in progress.queued if _is_closed(each, around)]


def _of_stage(around: Conditions) -> _Obstacle:
    what = "Everything is stopped" if around.stage == "stopped" else "Work is paused"
    reason = f"{what}: {_sentence(around.stage_reason)}" if around.stage_reason else f"{what}."
    return _Obstacle(reason, "mission engine resume --stage all", around.stage, around.stage_since)


def _of_agent(queued: Queued, around: Conditions) -> _Obstacle:
    waits = f"{_waits(queued)} for {queued.agent}."
    closed = around.closed.get(queued.agent)
    if closed is None:
        limited = queued.agent if queued.agent in around.barred else ""
        who = f"agent {limited}" if limited else "the workspace"
        action = (
            f"mission engine rate-limit remove {f'agent {limited}' if limited else 'workspace'}"
        )
        return _Obstacle(f"A rate limit allows {who} no start. {waits}", action, queued.agent, 0.0)
    detail = f": {_sentence(closed.reason)}" if closed.reason else "."
    action = f"mission agent {'show' if closed.state == 'lost' else 'start'} {closed.name}"
    reason = f"{closed.name} is {closed.state}{detail} {waits}"
    if closed.state == "failed its proof":
        reason = f"{closed.name} {closed.state}{detail} {waits}"
    return _Obstacle(reason, action, closed.name, closed.since)


def _waits(queued: Queued) -> str:
    if queued.count == 1:
        return f"Step {queued.step} waits"
    return f"{queued.count:,} steps wait"


def _stuck(obstacles: Collection[_Obstacle]) -> Status:
    first, *_ = obstacles
    on = tuple(each.on for each in islice(obstacles, STEPS_MAX))
    return Status("stuck", _joined(*_reasons(obstacles)), first.action, on, first.since)


def _reasons(obstacles: Collection[_Obstacle]) -> list[str]:
    shown = [each.reason for each in islice(obstacles, NAMED_MAX)]
    left = len(obstacles) - len(shown)
    return [*shown, f"{left} more agents take no steps."] if left else shown


def _waiting(progress: Progress, asks: Collection[Ask]) -> Status:
    """Return that a run waits for people, and for whom."""
    every = _every_ask(progress, asks)
    on = tuple(dict.fromkeys(name for ask in every for name in ask.to))[:STEPS_MAX]
    first = every[0]
    command = "approvals" if first.kind == "approval" else "questions"
    action = f"mission {command} show {first.id}"
    reason = _joined(*_request_sentences(progress, asks))
    return Status("waiting", reason, action, on, first.since)


def _every_ask(progress: Progress, asks: Collection[Ask]) -> list[Ask]:
    """Return all that people are asked for a run, the oldest first."""
    known = {ask.id for ask in asks}
    held = (_held(each) for each in progress.held if each.id not in known)
    return sorted((*asks, *held), key=lambda ask: ask.since)


def _request_sentences(progress: Progress, asks: Collection[Ask]) -> list[str]:
    every = _every_ask(progress, asks)
    shown = [_request_sentence(ask) for ask in every[:NAMED_MAX]]
    left = len(every) - len(shown)
    return [*shown, f"{left} more wait for a person."] if left else shown


def _held(held: Asked) -> Ask:
    return Ask("approval", held.id, held.step, (), held.since)


def _request_sentence(ask: Ask) -> str:
    who = " or ".join(ask.to[:NAMED_MAX]) or "a person"
    if ask.kind == "approval":
        return f"Step {ask.step} waits for approval by {who}."
    title = f": {_sentence(ask.title)}" if ask.title else "."
    return f"Step {ask.step} waits for an answer by {who}{title}"


def _next(progress: Progress) -> str:
    if not progress.queued:
        return ""
    names = ", ".join(each.agent for each in progress.queued[:NAMED_MAX])
    count = sum(each.count for each in progress.queued)
    return f"{_steps(count)} {'waits' if count == 1 else 'wait'} for a free place of {names}."


def _with_engine(status: Status, around: Conditions) -> Status:
    """Say that no engine is running; the word stays, and so does an action that comes first."""
    if around.has_engine:
        return status
    reason = _joined(status.reason, NO_ENGINE)
    action = status.action or START_ENGINE
    return msgspec.structs.replace(status, reason=reason, action=action)


def _steps(count: int) -> str:
    return f"{count:,} step" if count == 1 else f"{count:,} steps"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return f"{text}." if text and text[-1].isalnum() else text
