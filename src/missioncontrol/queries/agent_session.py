"""Queries of sessions of agent programs: those we started, and those people did."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from missioncontrol.application.agent_sessions import AGENT_SESSIONS, STREAM
from missioncontrol.application.queries.questions import questions
from missioncontrol.application.queries.rows import newest_rows
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader, opened
from missioncontrol.application.work_index import WorkItem
from missioncontrol.declarations import Column, ItemQuery, ListQuery, Query, Target, Terminal
from missioncontrol.documents.figures import moment
from missioncontrol.domain.agent_session import (
    TITLES,
    WAITS,
    AgentSession,
    AgentSessions,
    Program,
    Status,
    Wait,
    refuse_adoption,
    unknown,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.lifecycle.states import AgentLife, Removed
from missioncontrol.domain.money import dollars, tokens
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.ports.agent_sessions import Activity, Doing
from missioncontrol.ports.read_tables import RunChoice

DAY = 86_400.0
RUNS_MAX = 100
AGENTS_MAX = 2_000
TASKS_MAX = 50
KINDS: dict[str, Program] = {"claude": "claude", "codex": "codex"}
"""Kinds of declared agents whose attempts are sessions of a program."""

IN_FLIGHT = RunChoice(statuses=("running", "waiting", "cancelling"))
TONES = {"working": "ok", "waiting": "ask", "lost": "bad"}


class AgentSessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session of an agent program. Times are seconds since the epoch; 0 where not known."""

    id: str
    program: Program
    origin: Literal["outside", "run"]  # whether a person or a run of ours started it
    person: str  # who started it; of a run, its author
    machine: str
    directory: str
    branch: str
    version: str
    title: str
    status: Status
    since: float  # it stands so
    wait: Wait | None  # what it waits for
    text: str  # of the permission or question
    started: float
    last: float  # when it last did anything
    doing: str  # the tool that it used last, and on what
    recent: tuple[Doing, ...]
    model: str
    turns: int  # prompts of its person
    input_tokens: int
    output_tokens: int
    cost: int | None  # micro-dollars; None where not known
    run: str  # that it is a step of
    step: str
    agent: str  # of ours
    can_adopt: bool
    why: str  # the caller can't adopt it
    continued_by: tuple[str, ...] = ()  # agents that could continue it, once it is over
    task: str = ""  # the key of the task whose work it is

    @property
    def name(self) -> str:
        """By what people know it."""
        return self.title or f"A session of {TITLES[self.program]}"

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in ("ended", "lost")

    @property
    def standing(self) -> str:
        """How it stands, in words."""
        if self.status != "waiting" or self.wait is None:
            return self.status.capitalize()
        who = self.person.removeprefix("user:")
        return f"Waiting on {who} for {WAITS[self.wait]}"


class SessionFilters(msgspec.Struct, frozen=True):
    """Which sessions are wanted."""

    status: Annotated[Status | None, Meta(description="Only sessions that stand so.")] = None
    all: Annotated[bool, Meta(description="Also those that ended more than a day ago.")] = False


async def sessions(reader: Reader, filters: SessionFilters) -> list[AgentSessionView]:
    """Return the sessions that fit: what waits first, then what was active last."""
    found = [*_outside(await _known(reader), reader), *await _of_runs(reader.present)]
    since = reader.now - DAY
    chosen = (
        each
        for each in found
        if (filters.all or not each.is_over or each.since > since)
        and filters.status in (None, each.status)
    )
    return sorted(chosen, key=place_of)


ORDER: dict[Status, int] = {"waiting": 0, "working": 1, "lost": 2, "ended": 3}


def place_of(row: AgentSessionView) -> tuple[int, float, str]:
    """Return where a session stands in the list."""
    return ORDER[row.status], -row.last, row.id


async def session(reader: Reader, id_: str) -> AgentSessionView:
    """Return one session, by its id or a beginning that only one has.

    Raises:
        NotFound: `agent_session.unknown`.
    """
    found = await sessions(reader, SessionFilters(all=True))
    matching = [each for each in found if each.id == id_] or [
        each for each in found if id_ and each.id.startswith(id_)
    ]
    if len(matching) != 1:
        raise unknown(id_)
    return matching[0]


async def resolve(reader: Reader, id_: str) -> str:
    """Return the id of the session that a caller means.

    Raises:
        NotFound: `agent_session.unknown`.
    """
    opened(reader)
    await reader.present.catch_up()
    return (await session(reader, id_)).id


async def _known(reader: Reader) -> AgentSessions:
    return await reader.present.find(AGENT_SESSIONS, STREAM) or AgentSessions()


def _outside(known: AgentSessions, reader: Reader) -> Iterator[AgentSessionView]:
    rows = {each.session: each for each in reader.activities.all()}
    agents = _continuing(reader.present)
    tasks = {each.session: each.id for each in reader.present.work_items if each.session}
    for each in known.all.values():
        view = _view(each, rows.get(each.id), _objection(each, reader))
        yield msgspec.structs.replace(
            view, continued_by=agents[each.program], task=tasks.get(each.id, "")
        )


def _continuing(present: Present) -> dict[Program, tuple[str, ...]]:
    """Return the agents that can continue a session of a person, by its program."""
    lives: list[AgentLife] = newest_rows(present, "agent", limit=AGENTS_MAX)
    fit = [
        each.declared
        for each in lives
        if each.declared.location == "here" and not isinstance(each.standing, Removed)
    ]
    return {
        program: tuple(sorted(each.name for each in fit if each.kind == program))
        for program in TITLES
    }


def tasks_for(present: Present, directory: str) -> list[WorkItem]:
    """Return the tasks that a session in a directory can be the work of: no agent is at one."""
    found = []
    for each in present.work_items:
        epic = present.work.epics.get(each.epic_source)
        is_there = epic is not None and (directory + "/").startswith(epic.path.rstrip("/") + "/")
        if each.kind == "repository_task" and is_there and each.is_open and not each.working:
            found.append(each)
    return found[:TASKS_MAX]


def _objection(found: AgentSession, reader: Reader) -> str:
    """Return why the caller can't adopt a session; whether it changed anything is looked up then.

    "" where they can.
    """
    if not reader.who.may("operate"):
        return "Your roles don't have the permission 'operate'."
    try:
        refuse_adoption(
            found, reader.who.actor, may_others=reader.who.may("govern"), has_changes=True
        )
    except Rejected as refusal:
        return refusal.reason
    return ""


def _view(found: AgentSession, row: Activity | None, why: str) -> AgentSessionView:
    usage = row.usage if row is not None else None
    recent = row.recent if row is not None else ()
    return AgentSessionView(
        id=found.id,
        program=found.program,
        origin="outside",
        person=found.person,
        machine=found.machine,
        directory=found.directory,
        branch=(row.branch if row is not None else "") or found.branch,
        version=found.version,
        title=(row.title if row is not None else "") or found.title,
        status=found.status,
        since=found.since,
        wait=found.wait,
        text=found.text,
        started=found.started,
        last=max(row.last if row is not None else 0.0, found.started),
        doing=_doing(recent[-1]) if recent else "",
        recent=recent[::-1],
        model=row.model if row is not None else "",
        turns=row.turns if row is not None else 0,
        input_tokens=usage.input_tokens if usage is not None else 0,
        output_tokens=usage.output_tokens if usage is not None else 0,
        cost=usage.cost if usage is not None else None,
        run=found.run,
        step="session" if found.run else "",
        agent="",
        can_adopt=not why,
        why=why,
    )


def _doing(doing: Doing) -> str:
    return f"{doing.tool}: {doing.target}" if doing.target else doing.tool


async def _of_runs(present: Present) -> list[AgentSessionView]:
    """Return the sessions that our own agents have open."""
    lives: list[AgentLife] = newest_rows(present, "agent", limit=AGENTS_MAX)
    programs = {life.name: life for life in lives if life.declared.kind in KINDS}
    rows = present.statuses.chosen(IN_FLIGHT, limit=RUNS_MAX) if programs else []
    asked = {(each.run, each.step) for each in questions(present)} if rows else set()
    found: list[AgentSessionView] = []
    for row in rows:
        run = await present.run(row.id)
        found += [
            _of_step(run, step, programs[state.agent], is_asking=(run.id, step) in asked)
            for step, state in run.working.items()
            if state.agent in programs
        ]
    return found


def _of_step(run: Run, step: str, life: AgentLife, *, is_asking: bool) -> AgentSessionView:
    state, declared = run.working[step], life.declared
    usage = run.usage_by_step.get(step, NO_USAGE)
    title = run.steps[step].title or step
    repository = run.inputs_of.get(step, {}).get("repository") or run.inputs.get("repository")
    return AgentSessionView(
        id=f"{run.id}:{step}:{state.fence}",
        program=KINDS[declared.kind],
        origin="run",
        person=run.author,
        machine="" if declared.location == "here" else declared.location,
        directory=repository if isinstance(repository, str) else "",
        branch="",
        version=life.version,
        title=title,
        status="waiting" if is_asking else "working",
        since=state.since,
        wait="question" if is_asking else None,
        text="",
        started=state.since,
        last=state.since,
        doing=title,
        recent=(),
        model=declared.model,
        turns=0,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost=usage.cost,
        run=run.id,
        step=step,
        agent=life.name,
        can_adopt=False,
        why="A run of ours started it.",
    )


def used(row: AgentSessionView) -> str:
    """Return what a session used, in words; "" where nothing is known."""
    count = row.input_tokens + row.output_tokens
    cost = f", {dollars(row.cost)}" if row.cost else ""
    return f"{tokens(count)}{cost}" if count else ""


def lines_of(row: AgentSessionView, _: int = 0) -> list[str]:
    """Return a session as text."""
    where = f"{row.machine}:{row.directory}" if row.machine else row.directory
    lines = [row.name, f"  {row.id}", f"  {row.standing} since {moment(row.since)}"]
    lines += [f"  {row.text}"] if row.text else []
    lines.append(f"  {TITLES[row.program]} {row.version}, started by {row.person}")
    lines.append(f"  {where}" + (f" on {row.branch}" if row.branch else ""))
    lines += [f"  {moment(each.at)} {each.tool}: {each.target}" for each in row.recent]
    lines += [f"  {used(row)}"] if used(row) else []
    lines += [f"  step {row.step} of {row.run}"] if row.run else []
    lines += [f"  the work of {row.task}"] if row.task else []
    return lines if row.can_adopt or row.run else [*lines, f"  not adopted: {row.why}"]


SESSION = Target(
    noun="agent_session",
    path="/agent-sessions",
    parameter="session",
    field="session",
    metavar="SESSION",
    help="as the list prints it, or its beginning",
    command="agent",
    resolve=resolve,
)

LIST = ListQuery(
    name="agent_session.list",
    title="List sessions of agent programs",
    text="List sessions of Claude Code and Codex.\n\nThose that runs of ours started, and those "
    "that people started elsewhere and `mission agent watch` reports: what each does now, and what "
    "it waits for. What waits comes first, then what was active last.",
    target=SESSION,
    filters=SessionFilters,
    source=opened,
    find=sessions,
    row=AgentSessionView,
    key=place_of,
    kinds=(int, float, str),
    columns=(
        Column("status", 8, TONES),
        Column("program", 7),
        Column("name", 40),
        Column("doing", 40),
        Column("last", 24, text=moment),
        Column("id"),
    ),
    tool=True,
    terminal=Terminal(verb="sessions", empty="No session of an agent program is known."),
)

GET = ItemQuery(
    name="agent_session.get",
    title="Get a session of an agent program",
    text="Return a session: where it works, what it did last, waits for and used.",
    target=SESSION,
    source=opened,
    find=session,
    returns=AgentSessionView,
    terminal=Terminal(verb="session", lines=lines_of),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
