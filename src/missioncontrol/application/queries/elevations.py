"""Wider modes of agents: those that wait for a person's yes, those in force, what each opens."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from missioncontrol.application.queries.rows import READ
from missioncontrol.application.read_model import Present
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.elevation import ANSWER_SECONDS_MAX, Elevation, ElevationRequest, Mode
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.lifecycle.commands import ApproveElevation
from missioncontrol.domain.lifecycle.elevation_rules import approved
from missioncontrol.domain.lifecycle.states import AgentLife, Removed

AGENTS_MAX = 2_000
MARKS = (b'"wish":', b'"elevation":')
"""What a row of an agent holds where there is something to tell: most hold neither, and are not
read for it."""


class ElevationView(msgspec.Struct, frozen=True):
    """A wider mode of an agent. Times are seconds since the epoch; 0 is never."""

    agent: str
    kind: str  # of the agent
    elevation: str
    state: Literal["waiting", "in_force"]
    modes: tuple[Mode, ...]
    opens: dict[str, str]  # what the agent can do by each mode, in words of its kind
    paths: tuple[str, ...]  # directories that may be written in
    reason: str
    seconds: float  # how long it lasts after its approval
    asked_by: str
    asked: float  # 0 where it is in force
    lapses: float  # it can't be approved after that; 0 where it is in force
    by: str  # who agreed; "" while it waits
    since: float  # the time of the approval; 0 while it waits
    until: float  # likewise: it ends
    objection: str  # why the caller can't approve it; "" where they can, or no caller is given
    objection_code: str


def elevations(
    present: Present, cards: Mapping[str, AgentCard], now: float, *, actor: str = ""
) -> list[ElevationView]:
    """Return those that wait for an answer, what lapses first before others; then those in force.

    With `actor`, each says why they could not agree to it.
    """
    found = [
        view for life in _concerned(present) for view in elevations_of(life, cards, now, actor)
    ]
    return sorted(found, key=urgency)


def elevations_of(
    life: AgentLife, cards: Mapping[str, AgentCard], now: float, actor: str = ""
) -> list[ElevationView]:
    """Return those of one agent, in the same order."""
    found = []
    if life.wish is not None and now < life.wish.lapses:
        found.append(_waiting(life, life.wish, cards, now, actor))
    if life.elevation is not None and life.elevation.is_in_force(now):
        found.append(_in_force(life, life.elevation, cards))
    return found


def urgency(view: ElevationView) -> tuple[bool, float, str]:
    """Return by what they are put in order."""
    return view.state == "in_force", view.lapses or view.until, view.agent


def count_waiting(present: Present) -> int:
    """Return how many were asked for and have no answer, as far as the log tells their end."""
    return sum(life.wish is not None for life in _concerned(present))


def wishes(present: Present, now: float) -> list[tuple[AgentLife, ElevationRequest]]:
    """Return what is asked for and waits, each with its agent."""
    return [
        (life, life.wish)
        for life in _concerned(present)
        if life.wish is not None and now < life.wish.lapses
    ]


def _concerned(present: Present) -> list[AgentLife]:
    """Return the agents of which anything is asked for or given."""
    stored = present.tables.all_listed("agent", is_open=True, limit=AGENTS_MAX)
    rows = {row.id: row for row in stored}
    rows.update({row.id: row for row in present.board.others.values() if row.kind == "agent"})
    marked = (row.body for row in rows.values() if any(mark in row.body for mark in MARKS))
    lives: list[AgentLife] = [READ["agent"](body) for body in marked]
    return [life for life in lives if not isinstance(life.standing, Removed)]


def _waiting(
    life: AgentLife, wish: ElevationRequest, cards: Mapping[str, AgentCard], now: float, actor: str
) -> ElevationView:
    objection = _objection(life, wish, actor, now) if actor else None
    return ElevationView(
        agent=life.name,
        kind=life.declared.kind,
        elevation=wish.id,
        state="waiting",
        modes=wish.modes,
        opens=_opens(life, wish.modes, cards),
        paths=wish.paths,
        reason=wish.reason,
        seconds=wish.seconds,
        asked_by=wish.by,
        asked=wish.lapses - ANSWER_SECONDS_MAX,
        lapses=wish.lapses,
        by="",
        since=0.0,
        until=0.0,
        objection=objection.reason if objection else "",
        objection_code=objection.code if objection else "",
    )


def _in_force(life: AgentLife, given: Elevation, cards: Mapping[str, AgentCard]) -> ElevationView:
    return ElevationView(
        agent=life.name,
        kind=life.declared.kind,
        elevation=given.id,
        state="in_force",
        modes=given.modes,
        opens=_opens(life, given.modes, cards),
        paths=given.paths,
        reason=given.reason,
        seconds=round(given.until - given.since, 3),  # Both are moments since the epoch.
        asked_by=given.asked_by,
        asked=0.0,
        lapses=0.0,
        by=given.by,
        since=given.since,
        until=given.until,
        objection="",
        objection_code="",
    )


def _opens(
    life: AgentLife, modes: tuple[Mode, ...], cards: Mapping[str, AgentCard]
) -> dict[str, str]:
    """Say what each mode opens; nothing where the package of the agent's kind is gone."""
    card = cards.get(life.name)
    known = card.elevations if card is not None else {}
    return {mode: known.get(mode, "") for mode in modes}


def _objection(
    life: AgentLife, wish: ElevationRequest, actor: str, now: float
) -> MissionControlError | None:
    """Return why `actor` could not agree at `now`, by the rules that decide about it."""
    try:
        approved(ApproveElevation(wish.id, actor), life, now)
    except MissionControlError as refusal:
        return refusal
    return None
