"""Who does the work: how each agent stands, how loaded it is, what it did, and its life so far."""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

import msgspec

from missioncontrol.application.agents import stream_of
from missioncontrol.application.queries.agent_lives import lives
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.queries.measures import AgentDone, Window, done_by_agents
from missioncontrol.application.queries.run_outcome import PROGRAM
from missioncontrol.application.read_model import READ_AT_ONCE, Present
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.elevation import Elevation, ElevationRequest
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.lifecycle.decide import unknown
from missioncontrol.domain.lifecycle.events import Source
from missioncontrol.domain.lifecycle.states import AgentLife, reason_of
from missioncontrol.domain.register import decode

HISTORY_MAX = 200
VERSION = PROGRAM.rpartition(" ")[2]
"""Of what is a part of the program."""

WORK_MAX = 100


class AtWork(msgspec.Struct, frozen=True):
    """An attempt that an agent works on."""

    run: str
    workflow: str
    since: float


class AgentView(msgspec.Struct, frozen=True):
    """An agent. Times are seconds since the epoch; None where there is none."""

    name: str
    kind: str
    status: str  # idle, active, starting, blocked, draining, stopped, failed or lost
    at_work: int
    scale: int  # attempts that it takes at once
    since: float | None
    heard: float | None  # when an attempt of it last began, used something or ended
    version: str
    said: str
    why: str  # in a sentence why it takes no steps; empty where it does
    until: float | None  # when that changes by itself
    source: Source
    model: str
    location: str
    description: str
    capabilities: list[str]
    effects: tuple[str, ...]
    risks: tuple[str, ...]
    measures: AgentDone
    elevation: Elevation | None  # a wider mode that is in force now
    elevation_asked: ElevationRequest | None  # one that waits for another person's yes
    stuck: list[str]  # runs that are stuck because of it, the oldest, at most 100


class AgentHistoryEntry(msgspec.Struct, frozen=True):
    """Something that happened to an agent."""

    event: str
    time: float
    actor: str
    data: dict[str, Any]


class AgentDetail(msgspec.Struct, frozen=True):
    """An agent with all that is declared of it, and its life."""

    agent: AgentView
    declared: dict[str, Any]
    work: list[AtWork]
    days: list[AgentDone]  # what it did on each of the last days, the oldest first
    history: list[AgentHistoryEntry]  # the newest first
    version: int  # of its stream; 0 where the log says nothing of it
    modes: dict[str, str]  # wider modes that can be asked for, and what each opens
    standing: dict[str, str]  # those that it has at all times, and by which setting


async def agents(
    present: Present, instruments: Instruments, now: float, *, hours: int = 24
) -> list[AgentView]:
    """Return all agents that are not removed, by name, with what they did in the last hours."""
    await instruments.measuring.behind()
    done = done_by_agents(
        instruments, Window.last(hours, now), scales=_scales(lives(present, instruments))
    )
    at_work = Counter(each.agent for each in instruments.measuring.at_work)
    last_seen = instruments.measuring.tables.heard()
    return [
        _view(
            life,
            at_work[life.name],
            last_seen.get(life.name, 0),
            done.get(life.name),
            now,
            present.statuses.held_by(life.name),
        )
        for life in lives(present, instruments)
    ]


async def agent_detail(
    present: Present, instruments: Instruments, name: str, now: float
) -> AgentDetail:
    """Return one agent.

    Raises:
        NotFound: `agent.unknown`.
    """
    life = life_of(present, instruments, name)
    [view] = [each for each in await agents(present, instruments, now) if each.name == life.name]
    history, version = await _history(present, name)
    card = _card(instruments, life)
    return AgentDetail(
        view,
        in_full(life.declared),
        _work(instruments, name),
        [_of_day(instruments, name, day, life.declared.scale, now) for day in range(13, -1, -1)],
        history,
        version,
        card.elevations if card is not None else {},
        card.standing if card is not None else {},
    )


def _card(instruments: Instruments, life: AgentLife) -> AgentCard | None:
    """Return what an agent takes and does; None where no one declares it, or its kind is gone."""
    if life.source == "built_in":
        return None
    try:
        return instruments.card(life.declared)
    except MissionControlError:
        return None


def life_of(present: Present, instruments: Instruments, name: str) -> AgentLife:
    """Return what is true of one agent.

    Raises:
        NotFound: `agent.unknown`.
    """
    found = {life.name: life for life in lives(present, instruments)}
    if name not in found:
        raise unknown(name, found)
    return found[name]


def _scales(found: Iterable[AgentLife]) -> dict[str, int]:
    return {life.name: life.declared.scale for life in found}


def _view(
    life: AgentLife,
    at_work: int,
    last_seen: int,
    done: AgentDone | None,
    now: float,
    stuck: list[str],
) -> AgentView:
    declared, given, wish = life.declared, life.elevation, life.wish
    return AgentView(
        name=life.name,
        kind=declared.kind,
        status=life.status(at_work),
        at_work=at_work,
        scale=declared.scale,
        since=life.since or None,
        heard=last_seen / 1_000_000 if last_seen else None,
        version=life.version or (VERSION if life.source == "built_in" else ""),
        said=life.said,
        why=reason_of(life),
        until=life.due,
        source=life.source,
        model=declared.model,
        location=declared.location,
        description=declared.description,
        capabilities=[each.name for each in declared.capabilities],
        effects=declared.effects,
        risks=declared.risks,
        measures=done or AgentDone(agent=life.name, utilisation=0.0),
        elevation=given if given is not None and given.is_in_force(now) else None,
        elevation_asked=wish if wish is not None and now < wish.lapses else None,
        stuck=stuck[:WORK_MAX],
    )


def _work(instruments: Instruments, name: str) -> list[AtWork]:
    found = sorted(
        (each for each in instruments.measuring.at_work if each.agent == name),
        key=lambda each: each.at,
    )
    return [AtWork(each.run, each.workflow, each.at / 1_000_000) for each in found[:WORK_MAX]]


def _of_day(
    instruments: Instruments, name: str, days_ago: int, scale: int, now: float
) -> AgentDone:
    window = Window.day(days_ago, now)
    done = done_by_agents(instruments, window, scales={name: scale})
    return done.get(name) or AgentDone(agent=name, since=window.begins, until=window.ends)


async def _history(present: Present, name: str) -> tuple[list[AgentHistoryEntry], int]:
    newest: deque[AgentHistoryEntry] = deque(maxlen=HISTORY_MAX)
    version = 0
    while rows := await present.store.read_stream(
        stream_of(name), after=version, limit=READ_AT_ONCE
    ):
        for row in rows:
            event = decode(row.type, row.schema, row.body)
            newest.append(
                AgentHistoryEntry(row.type, row.time / 1_000_000, row.actor, in_full(event))
            )
        version = rows[-1].version
    return list(newest)[::-1], version
