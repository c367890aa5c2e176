"""What the console tells about the past of a run: its events in order, and any moment of it."""

from bisect import bisect_right

import msgspec

from missioncontrol.application.event_timeline import Attempt, EventTimeline, Moment, Span
from missioncontrol.application.journal import unknown_run
from missioncontrol.application.queries.runs import UsageView, own_status, run_state, verdict_of
from missioncontrol.application.queries.steps import family_of
from missioncontrol.application.read_model import Present
from missioncontrol.application.views import state_name, usage_view
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.run.states import Run, Working

INDEX_MAX = 50_000
"""Events of one run that a scrubber knows of; of a longer run they are the last ones."""


class RunEventLine(msgspec.Struct, frozen=True):
    """An event of a run, in a line."""

    position: int
    version: int  # place among the run's own events, 1 for the first
    time: float  # seconds since the epoch
    type: str
    step: str  # "" where it is about the run


class ReplayIndex(msgspec.Struct, frozen=True):
    """The events of a run for a scrubber, in columns: the same place in each is the same event."""

    run: str
    begins: float  # seconds since the epoch
    count: int  # of all events of the run
    left_out: int  # events before the first one here
    names: list[str]  # of types
    steps: list[str]  # the first is ""
    titles: list[str]  # of the same steps, "" where one has none
    positions: list[int]
    times: list[int]  # milliseconds since `begins`
    types: list[int]  # places in `names`
    about: list[int]  # places in `steps`


class ReplayMoment(msgspec.Struct, frozen=True):
    """A run as it stood after an event."""

    run: str
    at: int  # the position that was asked for
    position: int  # of the run's last event up to there
    version: int  # which one of the run's events that is
    count: int  # of all events of the run
    time: float
    type: str
    step: str
    status: str
    verdict: str
    usage: UsageView
    states: dict[str, str]  # of each step that was there
    attempts: dict[str, int]  # of those that were tried more than once
    working: dict[str, float]  # since when steps were at work


class TimelineRow(msgspec.Struct, frozen=True):
    """When a step waited and worked."""

    place: int
    step: str
    title: str
    agent: str
    depth: int
    state: str
    waited_from: float | None  # when all it needs had ended
    started: float | None
    ended: float | None
    attempts: list["TimelineBar"]


class TimelineBar(msgspec.Struct, frozen=True):
    """An attempt in a timeline."""

    number: int
    outcome: str
    started: float
    ended: float | None


async def run_events(
    present: Present, run: str, *, after: int = 0, step: str = "", limit: int = 50
) -> list[RunEventLine]:
    """Return events of a run after its event number `after`, those of one step where it is named.

    Raises:
        NotFound: `run.unknown`.
    """
    chronicle = await _timeline(present, run)
    found: list[RunEventLine] = []
    for moment in chronicle.moments[after:]:
        if not step or moment.step == step:
            found.append(RunEventLine(*msgspec.structs.astuple(moment)))
            if len(found) == limit:
                break
    return found


async def replay_index(present: Present, run: str) -> ReplayIndex:
    """Return where the events of a run are, for a scrubber.

    Raises:
        NotFound: `run.unknown`.
    """
    chronicle = await _timeline(present, run)
    moments = chronicle.moments[-INDEX_MAX:]
    names = {name: place for place, name in enumerate(dict.fromkeys(m.type for m in moments))}
    about = dict.fromkeys(m.step for m in moments)
    steps = {key: place for place, key in enumerate(dict.fromkeys(("", *about)))}
    begins = chronicle.moments[0].time
    known = (await run_state(present, run)).steps
    return ReplayIndex(
        run=run,
        begins=begins,
        count=len(chronicle.moments),
        left_out=len(chronicle.moments) - len(moments),
        names=list(names),
        steps=list(steps),
        titles=[known[key].title if key in known else "" for key in steps],
        positions=[m.position for m in moments],
        times=[round((m.time - begins) * 1_000) for m in moments],
        types=[names[m.type] for m in moments],
        about=[steps[m.step] for m in moments],
    )


async def replay_moment(present: Present, run: str, at: int) -> ReplayMoment:
    """Return a run as it stood after position `at` of the log; nothing later changes that.

    Raises:
        NotFound: `run.unknown`.
        Rejected: `replay.before_run`, or `replay.after_log`.
    """
    chronicle = await _timeline(present, run)
    last = _last_until(chronicle, at)
    if at > present.position and at > chronicle.position:
        raise Rejected(
            "replay.after_log",
            f"`at` is {at}, and the log ends at position {present.position}.",
            hint="Give an earlier position; without one, now is shown.",
        )
    state = await run_state(present, run, at=at)
    return _moment(state, chronicle, last, at)


async def _timeline(present: Present, run: str) -> EventTimeline:
    if not run.startswith("run-"):
        raise unknown_run(run)
    return await present.chronicles.of(run)


def _last_until(chronicle: EventTimeline, at: int) -> Moment:
    place = bisect_right(chronicle.moments, at, key=lambda moment: moment.position)
    if not place:
        begins = chronicle.moments[0].position
        raise Rejected(
            "replay.before_run",
            f"`at` is {at}, and run {chronicle.run!r} begins at position {begins}.",
            hint=f"Give a position from {begins} on.",
        )
    return chronicle.moments[place - 1]


def _moment(state: Run, chronicle: EventTimeline, last: Moment, at: int) -> ReplayMoment:
    working = {key: each.since for key, each in state.states.items() if isinstance(each, Working)}
    return ReplayMoment(
        run=state.id,
        at=at,
        position=last.position,
        version=last.version,
        count=len(chronicle.moments),
        time=last.time,
        type=last.type,
        step=last.step,
        status=state.status,
        verdict=verdict_of(state, own_status(state)),
        usage=UsageView(**usage_view(state.usage, state.bill)),
        states={key: state_name(each) for key, each in state.states.items()},
        attempts={key: tries for key, tries in state.tries.items() if tries > 1},
        working=working,
    )


async def run_timeline(
    present: Present, run: str, *, after: int = -1, limit: int = 50
) -> list[TimelineRow]:
    """Return when the steps of a run waited and worked, in the order of its table.

    Raises:
        NotFound: `run.unknown`.
    """
    state = await run_state(present, run)
    chronicle = await present.chronicles.of(run)
    found: list[TimelineRow] = []
    for place, (key, depth) in enumerate(family_of(state).in_order()):
        if place > after:
            found.append(_row(state, chronicle, place, key, depth))
            if len(found) == limit:
                break
    return found


def _row(run: Run, chronicle: EventTimeline, place: int, key: str, depth: int) -> TimelineRow:
    step = run.steps[key]
    span = chronicle.spans.get(key) or Span()
    return TimelineRow(
        place,
        key,
        step.title,
        step.agent or step.calls,
        depth,
        state_name(run.states[key]),
        _free_since(run, chronicle, key),
        span.started,
        span.ended,
        [_bar(each) for each in chronicle.attempts_of(key)[-50:]],
    )


def _free_since(run: Run, chronicle: EventTimeline, key: str) -> float | None:
    """Return when all that a step needs had ended; None while it has not."""
    around = chronicle.spans.get(run.steps[key].parent)
    ends = [run.created_at if around is None else around.started or run.created_at]
    for need in run.steps[key].needs:
        span = chronicle.spans.get(need)
        is_reused = span is None and state_name(run.states[need]) == "succeeded"
        if is_reused:
            continue
        if span is None or span.ended is None:
            return None
        ends.append(span.ended)
    return max(ends)


def _bar(attempt: Attempt) -> TimelineBar:
    return TimelineBar(attempt.number, attempt.outcome, attempt.started, attempt.ended)
