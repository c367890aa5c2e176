"""Has agents carry tasks of a repository out: who does what, on which files, in one run."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from missioncontrol.application.agents import Agents
from missioncontrol.application.asks import CONCURRENCY_MAX
from missioncontrol.application.current_request import current_request
from missioncontrol.application.journal import Journal
from missioncontrol.application.repositories import REPOSITORY
from missioncontrol.application.rerun import describe_rerun
from missioncontrol.application.review_changes import Proposal
from missioncontrol.application.runs import Origin, Prepared, Runs
from missioncontrol.application.task_way import is_of_tasks
from missioncontrol.application.task_workflow import (
    ROUND,
    BranchUpdate,
    Cast,
    round_text,
    tasks_text,
)
from missioncontrol.application.workflows import Workflows
from missioncontrol.domain.agent import AgentCard, at
from missioncontrol.domain.agent_session import RECORDER
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.repository.commands import LookedUp, RunTasks
from missioncontrol.domain.repository.decide import decide
from missioncontrol.domain.repository.events import Part, SessionAtWork, Who
from missioncontrol.domain.repository.process import MergeRule
from missioncontrol.domain.repository.scopes import Overlap, as_globs, waits
from missioncontrol.domain.repository.states import Repository, RepositoryTask, Started
from missioncontrol.domain.repository.task_holds import looked_up, with_scopes
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Amount

replace = msgspec.structs.replace

LOCAL = "local"
"""Who stands for what is a part of the program: the tester, and the inspector as the reviewer."""

BUILDS = frozenset({"prompt", "repository", "base", "documents", "keep"})
"""What an agent takes that can build a task."""

READS = frozenset({"prompt", "repository", "base", "documents"})
"""What an agent takes that can review one."""

WRITES = frozenset({"runs_programs", "writes_files", "writes_repository"})


class TasksAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Agents are to carry tasks of a repository out. Only people ask for that."""

    repository: str
    path: str  # of the checkout, absolute
    tasks: tuple[int, ...]
    agents: dict[Part, str]
    into: str  # the branch that what is approved goes into
    parallel: Annotated[int, msgspec.Meta(ge=1, le=CONCURRENCY_MAX)] = 4
    overlap: Overlap = "wait"
    budget: Amount | None = None
    head: str = ""  # the commit that was checked out; "" for what is, when a task begins
    looked_up: tuple[LookedUp, ...] = ()  # scopes of tasks for which none was stated
    update: bool = False  # whether the branch is brought up to `head` first
    mend: bool = False  # whether the tasks are to make a red branch green
    former: dict[int, dict[str, Any]] = {}  # by task: the change that a person wants mended


class SessionWork(msgspec.Struct, frozen=True):
    """The session of a person whose work is that of a task."""

    about: SessionAtWork
    base: str  # the commit that the change begins at
    given: dict[str, Any]  # to the step that continues or records it


class TaskRuns:
    """The way in for tasks that agents carry out."""

    def __init__(
        self,
        journal: Journal,
        workflows: Workflows,
        runs: Runs,
        agents: Agents,
        os_user: str,
    ) -> None:
        """All are shared with the office."""
        self._journal = journal
        self._workflows = workflows
        self._runs = runs
        self._agents = agents
        self._os_user = os_user
        self._one_at_a_time = asyncio.Lock()

    async def begin(
        self, ask: TasksAsked, *, actor: str, session: SessionWork | None = None
    ) -> str:
        """Start tasks and begin the run that carries them out; return its id.

        With `session`, its work is that of the only task: its builder continues it, or where that
        is RECORDER, records it.

        What is refused leaves no event behind; only versions of workflows may stay, which say the
        same when they are saved again.

        Raises:
            NotFound: `repository.unknown`, `repository.unknown_task`, `agent.unknown`.
            Rejected: `repository.bad_parts`, or see `domain.repository.decide`.
            Conflict: `repository.at_work`, `repository.scope_taken`.
            Unavailable: `operation.stopped`.
        """
        state = await self._journal.load(REPOSITORY, ask.repository)
        cast = replace(self._cast(ask.agents), continues=_continues(ask, session))
        self._agents.refuse_failed(each for each in ask.agents.values() if each != RECORDER)
        who = Who(actor, "" if current_request() else self._os_user)
        command = RunTasks("", ask.tasks, ask.agents, who, ask.into, ask.overlap)
        command = replace(command, looked_up=ask.looked_up)
        if session is not None:
            command = replace(command, session=session.about)
        # Two who ask at once would both find the files free.
        async with self._one_at_a_time:
            command = replace(command, at_work=await self._at_work(state))
            decide(command, state, 0.0)  # Before anything is stored for it.
            self._runs.refuse_to_begin(actor)
            prepared = await self._prepared(ask, state, cast, command, session)
            # From here on nothing is decided by others: the run and its scopes are one commit.
            decide(command, self._journal.others[ask.repository], 0.0)
            # Who wrote the change in a session does not approve it alone either.
            on_behalf = session.about.person if session is not None else ""
            run = self._runs.begin(prepared, Origin(actor, on_behalf if on_behalf != actor else ""))
            command = replace(command, run=run)
            self._journal.tell(REPOSITORY, ask.repository, command, actor=actor)
        return run

    async def refuse_again(self, run: Run) -> None:
        """Refuse to go on with a run of tasks that is over: it would hold none of their files.

        Raises:
            Rejected: `run.of_tasks`.
        """
        if await is_of_tasks(run.workflow, self._journal):
            # Not by what its tasks hold: that may be of a later run of the same ones.
            raise Rejected(
                "run.of_tasks",
                f"Run {run.id!r} carried out tasks of a repository, whose files are free by now.",
                hint=describe_rerun(run),
            )

    async def _at_work(self, state: Repository) -> frozenset[str]:
        """Return the runs of tasks that are not over and have not ended themselves."""
        runs = {
            task.hold.run
            for task in state.tasks.values()
            if task.hold and isinstance(task.stage, Started)
        }
        loaded = [await self._journal.load_run(run) for run in sorted(runs)]
        ended = [run.id for run in loaded if run.is_settled]
        for run in ended:
            self._journal.forget(run)
        return frozenset(runs.difference(ended))

    async def _prepared(
        self,
        ask: TasksAsked,
        state: Repository,
        cast: Cast,
        command: RunTasks,
        session: SessionWork | None,
    ) -> Prepared:
        """Keep the workflows that do it, and look at whether a run of them could begin."""
        rule, actor = state.process.merge, command.by.name
        named = [state.tasks[number] for number in ask.tasks]
        found = with_scopes(named, looked_up(command, named, state.id))
        tasks = {task.number: task for task in found}
        scopes = {number: task.scope.patterns for number, task in tasks.items() if task.scope}
        in_order = waits(ask.tasks, scopes, rule.shared, ask.overlap)
        text = round_text(cast, rule, state.id)
        of_round = await self._workflows.save(text, f"{ROUND}.json", actor=actor)
        name = f"tasks-{state.id.removeprefix('repository-')}"
        titles = {number: task.title for number, task in tasks.items()}
        text = tasks_text(
            name,
            of_round.version,
            in_order,
            titles,
            rule,
            parallel=ask.parallel,
            update=(
                BranchUpdate(state.id, ask.into, ask.head, ask.mend)
                if ask.head and (ask.update or ask.mend)
                else None
            ),
            budget=ask.budget,
            is_recorded=cast.builder == RECORDER,
        )
        saved = await self._workflows.save(text, f"{name}.json", actor=actor)
        inputs = {
            "repository": ask.path,
            "tasks": {
                str(number): _given(task, rule, ask, session) for number, task in tasks.items()
            },
        }
        return await self._runs.prepare(name, saved.version, inputs)

    def _cast(self, agents: Mapping[Part, str]) -> Cast:
        """Return who does what, if they can, and if no agent judges work of its own.

        Raises:
            NotFound: `agent.unknown`.
            Rejected: `repository.bad_parts`.
        """
        builder, reviewer = agents.get("builder", ""), agents.get("reviewer", LOCAL)
        if not builder or builder == LOCAL:
            raise _bad_parts(
                "No builder is named.",
                "Name an agent that changes code: --agents builder=NAME. "
                "`mission agent list` names the agents.",
            )
        if agents.get("tester", LOCAL) != LOCAL:
            raise _bad_parts(
                f"{agents['tester']!r} can't test: what a test showed is believed where it was "
                "run here.",
                "Say tester=local.",
            )
        if builder == RECORDER:
            return Cast(RECORDER) if reviewer == LOCAL else self._reviewed(builder, reviewer)
        card = self._card(builder)
        if not card.inputs.fields.keys() >= BUILDS:
            raise _bad_parts(
                f"Agent {builder!r} is of kind {card.kind}, and leaves no commit of what it built.",
                "Agents of kind codex, claude and acp do.",
            )
        if reviewer == LOCAL:
            return Cast(builder)
        self._refuse_same(builder, reviewer)
        return self._reviewed(builder, reviewer)

    def _reviewed(self, builder: str, reviewer: str) -> Cast:
        card = self._card(reviewer)
        if WRITES & {*card.effects} or not card.inputs.fields.keys() >= READS:
            raise _bad_parts(
                f"Agent {reviewer!r} can't review: it has to read a repository and change nothing.",
                "Declare one with --effect reads_files --effect calls_model.",
            )
        for place in ("", "answer"):
            path = [place] if place else []
            verdict = at(card.output, [*path, "verdict"])
            if (
                verdict is not None
                and verdict.kind == "string"
                and at(card.output, [*path, "findings"])
            ):
                dotted = f".{place}" if place else ""
                return Cast(builder, reviewer, dotted, frozenset(card.inputs.fields))
        raise _bad_parts(
            f"Agent {reviewer!r} does not say that it answers with a verdict and findings.",
            "Declare it with --output FILE, where `mission task review-form` printed FILE.",
        )

    def _card(self, name: str) -> AgentCard:
        self._agents.life(name)  # It says what to do where there is none.
        return self._workflows.card(name)

    def _refuse_same(self, builder: str, reviewer: str) -> None:
        """Refuse a reviewer who is the builder by another name: the same model, asked alike."""
        if builder != reviewer:
            one, other = (self._agents.life(name).declared for name in (builder, reviewer))
            if _instance(one) != _instance(other):
                return
        what = f"{builder!r}" if builder == reviewer else f"{reviewer!r}, which asks the same model"
        raise _bad_parts(
            f"What {builder!r} builds can't be reviewed by {what}.",
            "Name another agent with another model as reviewer, a person, or reviewer=local.",
        )


def _instance(declared: Declaration) -> tuple[str, str, str]:
    """Return what tells the model that answers for one agent from that of another."""
    settings = declared.settings
    # Where no model is named the program chooses, and the same one chooses alike.
    chosen = declared.model or str(settings.get("argv") or "")
    return declared.kind, chosen, str(settings.get("base_url") or settings.get("url") or "")


def _continues(ask: TasksAsked, session: SessionWork | None) -> bool:
    """Whether the builder continues a session.

    Raises:
        Rejected: `repository.bad_parts`, where a session is to be recorded and none is given.
    """
    is_recorded = ask.agents.get("builder") == RECORDER
    if is_recorded and session is None:
        raise _bad_parts(
            "The change was recorded from a person's session, so it can't be sent back.",
            "Hand the task to a builder, or adopt a further session as its work.",
        )
    return session is not None and not is_recorded


def _given(
    task: RepositoryTask, rule: MergeRule, ask: TasksAsked, session: SessionWork | None
) -> dict[str, Any]:
    assert task.scope is not None
    patterns = task.scope.patterns
    is_guess = task.scope.ground == "ranking"  # It tells where to look, and forbids nothing.
    return {
        "number": task.number,
        "title": task.title,
        "brief": task.brief,
        "acceptance": list(task.acceptance),
        "folder": task.folder,
        "documents": {kind: document.digest for kind, document in task.documents.items()},
        "agreed": [
            {"path": f"{task.folder}/{kind}.md", "digest": document.digest}
            for kind, document in task.documents.items()
        ],
        "scope": [] if is_guess else list(patterns),
        "likely": list(patterns) if is_guess else [],
        "globs": [] if is_guess else list(as_globs(patterns)),
        "checks": [list(check) for check in rule.checks],
        "into": ask.into,
        "head": ask.head,
        "former": ask.former.get(task.number, {}),
        "session": session.given if session is not None else {},
        "begins": session.base if session is not None else "",
    }


def asked_again(run: Run, shown: Proposal, findings: Sequence[Finding], source: str) -> TasksAsked:
    """Return what has the agents of a run that is over mend the change that it handed in."""
    repository, _, number = source.rpartition("/")
    scope = shown.step.rpartition("/")[0]
    before, change = run.inputs["tasks"][number], run.inputs_of.get(shown.step, {})
    agents: dict[Part, str] = {"builder": run.steps[f"{scope}/build"].agent}
    reviewer = run.steps.get(f"{scope}/review")
    if reviewer is not None:
        agents["reviewer"] = reviewer.agent
    former = {
        "commit": change.get("commit", ""),
        "onto": change.get("base", ""),
        "findings": msgspec.to_builtins(findings),
        "rounds": shown.round,
    }
    return TasksAsked(
        repository,
        run.inputs["repository"],
        (int(number),),
        agents,
        before["into"],
        head=before["head"],
        former={int(number): former},
    )


def _bad_parts(reason: str, hint: str) -> Rejected:
    return Rejected("repository.bad_parts", reason, hint=hint)
