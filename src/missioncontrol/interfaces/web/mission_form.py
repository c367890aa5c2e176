"""The form of a new mission: what was typed, what does not fit, and what it may take."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request

from missioncontrol.application.new_repository import new_directory
from missioncontrol.application.queries.costs import ledger_of
from missioncontrol.application.queries.estimates import estimate
from missioncontrol.application.queries.missions import around
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.templates import Templates, built_in
from missioncontrol.domain.budget.balances import standings
from missioncontrol.domain.budget.scopes import RUNS, WORKSPACE
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.lifecycle.states import AgentLife, Removed
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.money import micro_dollars
from missioncontrol.domain.planners import LOCAL, MODEL
from missioncontrol.domain.scaffold_stack import BY_THE_GOAL, STACKS
from missioncontrol.domain.template import FilledGoal, Template
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import (
    PLAN_SECONDS,
    TASK_SECONDS,
    Budget,
    MissionAsked,
)
from missioncontrol.interfaces.web import formats

AGENTS_MAX = 500
TOKENS_DIGITS_MAX = 15
PLANNERS = (
    ("", "Configured model, otherwise the local planner"),
    (LOCAL, "Local planner, without a model"),
    (MODEL, "Configured model"),
    ("codex", "Codex"),
    ("claude-code", "Claude Code"),
    ("opencode", "opencode"),
)
"""Who can plan without being declared, and the label of each."""
SCAFFOLDS = (
    ("", "Create no repository"),
    (BY_THE_GOAL, "Create its repository in the stack that fits the goal"),
    *((key, f"Create it in {title}") for key, title in STACKS.items()),
)
"""Whether the repository of a new product is created, and in which stack."""
ANSWER = "a."
"""How the fields of answers are called: a.NAME."""


class Typed(msgspec.Struct, frozen=True):
    """What stands in the fields, as it was typed."""

    template: str = ""  # the key of the one whose questions stand in place of the goal
    answers: dict[str, str] = {}
    goal: str = ""
    repository: str = ""
    title: str = ""
    context: str = ""
    constraints: str = ""
    far: str = "execute"
    memory: str = "on"  # off: plan as if nothing were remembered
    patterns: str = "on"  # off: plan as if nothing had been learned from a repository
    planner: str = ""  # empty: the configured model, else the local planner
    builder: str = ""
    scaffold: str = ""  # empty: none, `auto`, or the name of a stack
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


def of_template(found: Template | None) -> Typed:
    """Return the form as it asks what a template asks."""
    if found is None:
        return Typed()
    given = {question.name: question.default for question in found.question}
    return Typed(found.key, given)


def of_mission(found: Mission, answers: Sequence[str] = (), *, scaffold: str = "") -> Typed:
    """Return the form as an older mission fills it, with answers to questions of its plan.

    With `scaffold`, it creates the repository of the product, called like it.
    """
    given = [each.strip() for each in answers if each.strip()]
    design = found.plan.design if found.plan else None
    return Typed(
        scaffold=scaffold,
        goal=found.goal,
        repository=str(Path.home() / design.name) if scaffold and design else found.repository,
        title=found.title,
        context=found.context,
        constraints="\n".join([*found.constraints, *given]),
    )


async def typed_in(request: Request[Any, Any, Any]) -> Typed:
    """Return the form as the user typed it."""
    form = await request.form()
    given = {name: form.get(name) for name in Typed.__struct_fields__}
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    plain: dict[str, Any] = {name: value.replace("\r\n", "\n") for name, value in texts.items()}
    answers = {
        name.removeprefix(ANSWER): value.replace("\r\n", "\n")
        for name, value in form.items()
        if name.startswith(ANSWER) and isinstance(value, str)
    }
    return Typed(**{**plain, "answers": answers})


def parse_mission(typed: Typed) -> tuple[MissionAsked | None, dict[str, str]]:
    """Return what is asked for, or what does not fit, by field."""
    errors: dict[str, str] = {}
    if not typed.goal.strip() and not typed.template:
        errors["goal"] = "Describe what to achieve."
    cost = _read(errors, "cost", typed.cost, lambda text: micro_dollars(text, "The budget"))
    tokens = _read(errors, "tokens", typed.tokens, _tokens)
    if errors:
        return None, errors
    asked = {
        "goal": None if typed.template else typed.goal.strip(),
        "template": typed.template,
        "answers": typed.answers if typed.template else {},
        "repository": typed.repository.strip(),
        "title": typed.title.strip(),
        "context": typed.context,
        "constraints": tuple(line.strip() for line in typed.constraints.splitlines()),
        "builder": typed.builder,
        "scaffold": typed.scaffold,
        "execute": typed.far != "plan",
        "memory": typed.memory != "off",
        "patterns": typed.patterns != "off",
        "planner": typed.planner,
        "budget": Budget(cost, tokens),
    }
    try:
        return msgspec.convert(asked, MissionAsked, from_attributes=True), {}
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].rstrip("`").partition("[")[0]
        return None, {field: f"{error}."}


def errors_of(error: Rejected) -> dict[str, str]:
    """Return a refusal beside the field that it is about."""
    asked = re.search(r"answer to '([a-z0-9_]+)'", error.reason)
    if error.code.startswith("template.") and asked:
        return {ANSWER + asked[1]: f"{error.reason} {error.hint}".strip()}
    field = {"repository": "repository", "money": "cost"}.get(error.code.partition(".")[0], "")
    if not field:
        reason = error.reason.lower()
        names = ("repository", "constraint", "builder", "goal")
        if error.code == "mission.no_planner":
            return {"planner": f"{error.reason} {error.hint}".strip()}
        field = next((name for name in names if name in reason), "goal")
    field = "constraints" if field == "constraint" else field
    return {field: f"{error.reason} {error.hint}".strip()}


async def values(
    console: Console, typed: Typed, *, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return all that the form shows."""
    present = console.present
    estimated = await estimate(
        present,
        repository=typed.repository.strip(),
        execute=typed.far != "plan",
        builder=typed.builder,
    )
    return {
        "values": typed,
        "errors": errors or {},
        "faults": list((errors or {}).values()),
        "templates": await asyncio.to_thread(_templates, console),
        "asked": await asyncio.to_thread(template_of, console, typed.template),
        "made": await asyncio.to_thread(_made, console, typed),
        "known": around(present).repositories,
        "builders": _builders(console),
        "planners": PLANNERS,
        "told": estimated,
        "limits": Limits(),
        "bounds": await _bounds(console),
        "place": await asyncio.to_thread(_place, typed),
        "scaffolds": SCAFFOLDS,
    }


class Made(msgspec.Struct, frozen=True):
    """What the answers come to so far: a goal, or what is still missing."""

    goal: FilledGoal | None = None
    missing: str = ""


def template_of(console: Console, key: str) -> Template | None:
    """Return the template that the form asks for; none where there is no such, or it is broken."""
    try:
        return Templates(console.home).get(key).template if key else None
    except (NotFound, Rejected):
        return None


def _templates(console: Console) -> list[Template]:
    try:
        return [each.template for each in Templates(console.home).all()]
    except Rejected:
        return [each.template for each in built_in()]  # The page of templates says what is wrong.


def _made(console: Console, typed: Typed) -> Made | None:
    if not typed.template:
        return None
    repository = typed.repository.strip()
    known = repository if repository.startswith("/") and Path(repository).is_dir() else ""
    try:
        return Made(Templates(console.home).filled(typed.template, typed.answers, known))
    except (NotFound, Rejected) as error:
        _, _, question = error.reason.partition(": ")
        is_open = error.code == "template.unanswered"
        return Made(missing=f"Unanswered: {question}" if is_open else error.reason)


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


def _place(typed: Typed) -> Place | None:
    """Look whether a repository can be worked on, or created."""
    text = typed.repository.strip()
    if not text:
        return None
    path = Path(text)
    if typed.scaffold:
        return _new_place(path)
    try:
        if not path.is_absolute() or not text.isprintable():
            return Place("bad", "The repository must be an absolute path on this machine.")
        if not path.is_dir():
            return Place("bad", "The directory does not exist.")
        is_under_git = (path / ".git").exists()
    except (OSError, ValueError):
        return Place("bad", "The directory is not readable.")
    if is_under_git:
        return Place("ok", "Git repository found.")
    if typed.builder:
        return Place("bad", "Not a git repository; a builder needs one.")
    return Place("held", "Not a git repository: no history to analyse.")


def _new_place(path: Path) -> Place:
    try:
        if not path.is_absolute():
            return Place("bad", "The repository must be an absolute path on this machine.")
        return Place("ok", f"The repository will be created in {new_directory(path)}.")
    except Rejected as error:
        return Place("bad", error.reason)


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
