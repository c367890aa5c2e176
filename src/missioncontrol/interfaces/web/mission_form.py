"""The form of a new mission: what was typed, what does not fit, and what it may take."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request

from missioncontrol.application.queries.costs import ledger_of
from missioncontrol.application.queries.estimates import estimate
from missioncontrol.application.queries.missions import around
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.domain.budget.scopes import RUNS, WORKSPACE
from missioncontrol.domain.budget.standing import standings
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.lifecycle.states import AgentLife, Removed
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.money import micro_dollars
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import (
    PLAN_SECONDS,
    TASK_SECONDS,
    Budget,
    MissionAsked,
)
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.goal_patterns import PATTERNS, pattern

AGENTS_MAX = 500
TOKENS_DIGITS_MAX = 15


class Typed(msgspec.Struct, frozen=True):
    """What stands in the fields, as it was typed."""

    goal: str = ""
    repository: str = ""
    title: str = ""
    context: str = ""
    constraints: str = ""
    far: str = "execute"
    builder: str = ""
    cost: str = ""
    tokens: str = ""


class Limits(msgspec.Struct, frozen=True):
    """Seconds that the parts of a mission get."""

    plan: float = PLAN_SECONDS
    task: float = TASK_SECONDS


class Place(msgspec.Struct, frozen=True):
    """What is known of a repository before anything begins."""

    tone: str
    text: str


def of_pattern(key: str) -> Typed:
    """Return the form as a pattern fills it."""
    found = pattern(key)
    return Typed(found.goal, constraints="\n".join(found.constraints)) if found else Typed()


def of_mission(found: Mission) -> Typed:
    """Return the form as an older mission fills it."""
    return Typed(
        found.goal,
        found.repository,
        found.title,
        found.context,
        "\n".join(found.constraints),
    )


async def typed_in(request: Request[Any, Any, Any]) -> Typed:
    """Return what somebody typed."""
    form = await request.form()
    given = {name: form.get(name) for name in Typed.__struct_fields__}
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    return Typed(**{name: value.replace("\r\n", "\n") for name, value in texts.items()})


def asked_of(typed: Typed) -> tuple[MissionAsked | None, dict[str, str]]:
    """Return what is asked for, or what does not fit, by field."""
    errors: dict[str, str] = {}
    if not typed.goal.strip():
        errors["goal"] = "Say in words what is to be achieved."
    cost = _read(errors, "cost", typed.cost, lambda text: micro_dollars(text, "The budget"))
    tokens = _read(errors, "tokens", typed.tokens, _tokens)
    if errors:
        return None, errors
    asked = {
        "goal": typed.goal.strip(),
        "repository": typed.repository.strip(),
        "title": typed.title.strip(),
        "context": typed.context,
        "constraints": tuple(line.strip() for line in typed.constraints.splitlines()),
        "builder": typed.builder,
        "execute": typed.far != "plan",
        "budget": Budget(cost, tokens),
    }
    try:
        return msgspec.convert(asked, MissionAsked, from_attributes=True), {}
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].rstrip("`").partition("[")[0]
        return None, {field: f"{error}."}


def errors_of(error: Rejected) -> dict[str, str]:
    """Return a refusal beside the field that it is about."""
    field = {"repository": "repository", "money": "cost"}.get(error.code.partition(".")[0], "")
    if not field:
        said = error.reason.lower()
        names = ("repository", "constraint", "builder", "goal")
        field = next((name for name in names if name in said), "goal")
    field = "constraints" if field == "constraint" else field
    return {field: f"{error.reason} {error.hint}".strip()}


async def values(
    console: Console, typed: Typed, *, errors: dict[str, str] | None = None, chosen: str = ""
) -> dict[str, Any]:
    """Return all that the form shows."""
    present = console.present
    told = await estimate(
        present,
        repository=typed.repository.strip(),
        execute=typed.far != "plan",
        builder=typed.builder,
    )
    return {
        "values": typed,
        "errors": errors or {},
        "faults": list((errors or {}).values()),
        "patterns": PATTERNS,
        "chosen": chosen,
        "known": around(present).repositories,
        "builders": _builders(console),
        "told": told,
        "limits": Limits(),
        "bounds": await _bounds(console),
        "place": await asyncio.to_thread(_place, typed.repository.strip(), typed.builder),
    }


def _builders(console: Console) -> list[tuple[str, str]]:
    lives: list[AgentLife] = newest_rows(console.present, "agent", limit=AGENTS_MAX)
    names = sorted(life.name for life in lives if not isinstance(life.standing, Removed))
    return [(name, name) for name in names]


async def _bounds(console: Console) -> str:
    """Return in words which caps hold whatever happens."""
    ledger = await ledger_of(console.present)
    now = formats.now()
    _, _, today = standings(ledger, WORKSPACE, now)
    limit = standings(ledger, RUNS, now)[0].limit
    parts = []
    if today.limit is not None and today.left.cost is not None:
        parts.append(f"{formats.money(max(today.left.cost, 0))} is left of today's cap.")
    if limit is not None and limit.amount.tokens is not None:
        parts.append(f"No run uses more than {formats.tokens(limit.amount.tokens)} tokens.")
    return " ".join(parts)


def _place(text: str, builder: str) -> Place | None:
    """Look whether a repository can be worked on."""
    if not text:
        return None
    path = Path(text)
    try:
        if not path.is_absolute() or not text.isprintable():
            return Place("bad", "The repository has to be a whole path on this machine.")
        if not path.is_dir():
            return Place("bad", "There is no such directory.")
        is_under_git = (path / ".git").exists()
    except (OSError, ValueError):
        return Place("bad", "That directory can't be looked at.")
    if is_under_git:
        return Place("ok", "A git repository is there.")
    if builder:
        return Place("bad", "It is no git repository, and a builder works in a tree of one.")
    return Place("held", "It is no git repository: there is no history to look at.")


def _read(errors: dict[str, str], field: str, text: str, read: Any) -> int | None:
    if not text.strip():
        return None
    try:
        found: int = read(text)
    except Rejected as error:
        errors[field] = f"{error.reason} {error.hint}".strip()
        return None
    return found


def _tokens(text: str) -> int:
    plain = text.strip().replace(" ", "").replace(",", "").replace("\u202f", "")
    if not plain.isascii() or not plain.isdecimal() or len(plain) > TOKENS_DIGITS_MAX:
        raise Rejected("mission.bad_input", f"{text[:40]!r} is no number of tokens.")
    return int(plain)
