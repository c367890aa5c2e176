"""Everything a home can be asked to do, by name: the same for a terminal here and one elsewhere."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from missioncontrol.application.access import AccessService
from missioncontrol.application.agent_runs import AgentRuns
from missioncontrol.application.agent_sessions import SessionService
from missioncontrol.application.agents import Agents
from missioncontrol.application.analytics.alerts import AlertAsked, AlertService, FindingsTaken
from missioncontrol.application.analytics.digests import DigestService, DigestTaken
from missioncontrol.application.analytics.product_service import ProductService
from missioncontrol.application.approvals import Approvals, Spoken
from missioncontrol.application.asks import (
    ChangeLimit,
    OnBehalfCommand,
    SaveWorkflow,
    StartAll,
    StopAll,
)
from missioncontrol.application.authority import (
    LOOKS,
    SHOWN_ONCE,
    refuse_agents,
    refuse_unpermitted,
    refuse_without_sign_in,
)
from missioncontrol.application.budgets import Budgets, CapChange
from missioncontrol.application.callers import refuse_bad_actor
from missioncontrol.application.decisions import Decisions
from missioncontrol.application.elevations import Elevations, ElevationWished
from missioncontrol.application.evaluations import (
    EvaluationAsked,
    EvaluationDesk,
    TrialAsked,
    TrialEnded,
)
from missioncontrol.application.execution import Execution
from missioncontrol.application.exports import ExportDesk, ExportNoted
from missioncontrol.application.gateway_keys import GatewayKeys
from missioncontrol.application.inbox.notifications import NotificationService
from missioncontrol.application.inbox.service import InboxService
from missioncontrol.application.journal import Journal
from missioncontrol.application.learning import PatternAsked, PatternDesk, PatternsLearned
from missioncontrol.application.memory import MemoryService
from missioncontrol.application.missions import Missions
from missioncontrol.application.operations import Operations
from missioncontrol.application.repeats import Repeats
from missioncontrol.application.repositories import (
    RepositoryAsked,
    RepositoryDesk,
    RepositoryTaskAsked,
    SignOffAsked,
)
from missioncontrol.application.requests import Requests
from missioncontrol.application.retention import RetentionService
from missioncontrol.application.reviews import ReviewService
from missioncontrol.application.run_desk import RunDesk
from missioncontrol.application.runs import Runs
from missioncontrol.application.schedules import Schedules
from missioncontrol.application.shares import ShareService
from missioncontrol.application.specs import SpecAsked, SpecDesk
from missioncontrol.application.studio import Studio
from missioncontrol.application.task_runs import TaskRuns
from missioncontrol.application.tool_permissions import AnswerGiven
from missioncontrol.application.tracing import TraceAsked, Tracing
from missioncontrol.application.webhooks import WebhookService
from missioncontrol.application.work_items import WorkItemService
from missioncontrol.application.workflows import Workflows
from missioncontrol.application.workspaces import WorkspaceService
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.operation import RemoveRateLimit, SetRateLimit
from missioncontrol.domain.principal import Asking
from missioncontrol.ports.workers import WorkerDrained, WorkersListed, Workforce


class Office:
    """The services of one home. All who may reach them ask through `perform`."""

    sessions: SessionService  # set where sessions of agent programs can be read

    def __init__(
        self,
        journal: Journal,
        execution: Execution,
        missions: Missions,
        workflows: Workflows,
        runs: Runs,
        repeats: Repeats,
        approvals: Approvals,
        budgets: Budgets,
        schedules: Schedules[Any],
        operations: Operations,
        agents: Agents,
        keys: GatewayKeys,
        webhooks: WebhookService,
    ) -> None:
        """An engine that is at work sets `adopt` and `cancel`; without one, runs wait."""
        self.journal = journal
        self.execution = execution
        self.missions = missions
        self.workflows = workflows
        self.runs = runs
        self.repeats = repeats
        self.approvals = approvals
        self.budgets = budgets
        self.schedules = schedules
        self.operations = operations
        self.agents = agents
        self.is_confined = True  # whether steps are prevented from acting as the user
        self.workforce: Workforce | None = None  # set where workers are admitted
        self.keys = keys
        self.studio: Studio | None = None  # set where artifacts can be read
        self.webhooks = webhooks
        self.retention = RetentionService(journal)
        self.shares = ShareService(journal)
        self.decisions = Decisions(journal)
        self.notifications = NotificationService(journal, webhooks.refuse)
        self.inboxes = InboxService(journal, approvals.os_user)
        self.specs = SpecDesk(journal)
        self.patterns = PatternDesk(journal)
        self.repositories = RepositoryDesk(journal, approvals.os_user)
        self.tracing = Tracing(journal)
        self.memory = MemoryService(journal)
        self.products = ProductService(journal)
        self.alerts = AlertService(journal, self.products.refuse_unknown)
        self.digests = DigestService(journal, self.products.refuse_unknown)
        self.exports = ExportDesk(journal)
        self.elevations = Elevations(agents, approvals.os_user)
        self.access = AccessService(journal, approvals.os_user)
        self.workspaces = WorkspaceService(journal, approvals.os_user)
        approvals.second_look = self.access.second_look
        self.requests = Requests(journal)
        self.work_items = WorkItemService(
            journal, agents, lambda ask, actor: self._verbs[type(ask)](ask, actor)
        )
        self.adopt: Callable[[str], None] = lambda run: None
        self.cancel: Callable[[str, str, str], None] = self._cancel_here
        self.evaluations = EvaluationDesk(journal, runs, lambda run: self.adopt(run))
        self.task_runs = TaskRuns(journal, workflows, runs, agents, approvals.os_user)
        self.run_desk = desk = RunDesk(
            journal,
            execution,
            missions,
            runs,
            repeats,
            approvals,
            budgets,
            self.task_runs,
            agents,
            adopt=lambda run: self.adopt(run),
            end=lambda run, reason, actor: self.cancel(run, reason, actor),
        )
        self.reviews = ReviewService(
            journal,
            self.work_items,
            lambda ask, actor: self._verbs[type(ask)](ask, actor),
            desk.rework,
        )
        self.agent_runs = AgentRuns(workflows, runs, agents, desk.took_up)
        self._verbs: dict[type, Callable[[Any, str], Awaitable[Any]]] = {
            **desk.verbs,
            SaveWorkflow: self._save,
            Spoken: self._speak,
            CapChange: self._change_cap,
            StopAll: self._stop,
            StartAll: self._start,
            ChangeLimit: self._limit,
            ElevationWished: self._elevate,
            AnswerGiven: self._answer,
            WorkersListed: self._list_workers,
            WorkerDrained: self._drain_worker,
            SpecAsked: self._accept_spec,
            RepositoryAsked: self._adopt,
            RepositoryTaskAsked: self._repository_task,
            SignOffAsked: self._sign_off,
            PatternsLearned: self._learn,
            PatternAsked: self._pattern,
            EvaluationAsked: self._evaluate,
            TrialAsked: self._begin_trial,
            TrialEnded: self._judge_trial,
            TraceAsked: self._trace,
            ExportNoted: self._note_export,
            AlertAsked: self._alert,
            FindingsTaken: self._alert,
            DigestTaken: self._digest,
        }
        self._commands = {kind.__name__: kind for kind in self._verbs}
        # Declared operations; processes of this engine give their commands as well.
        self._verbs |= desk.declared

    async def perform(
        self, verb: str, arguments: Mapping[str, Any], actor: str, asking: Asking | None = None
    ) -> Any:
        """Do what is asked, as plain values, and return the answer once it is on disk.

        `asking` says who signed in where, and is None where the operating system alone vouches; its
        way is `os` where that vouches for a request with a name, which is done once.

        Raises:
            Rejected: `actor.bad_name`, `control.unknown_verb` or `control.malformed`.
            MissionControlError: as the service that answers.
        """
        on_behalf = arguments.get("on_behalf", "")
        refuse_bad_actor(actor, on_behalf, asking, os_user=self.approvals.os_user)
        kind: type[Any] | None = self._commands.get(verb)
        if kind is None:
            raise Rejected("control.unknown_verb", f"The verb {verb!r} is unknown here.")
        try:
            ask = msgspec.convert(arguments, kind)
        except msgspec.ValidationError as error:
            raise Rejected("control.malformed", f"{verb} is malformed: {error}.") from None
        if asking is None:
            return await self.do(ask, actor)
        if asking.way == "os":
            return await self._do_once(ask, actor, asking)
        return await self._do_for(ask, actor, asking)

    async def _do_for(self, ask: Any, actor: str, asking: Asking) -> Any:
        """Do what a signed-in user asks, as far as they may, and record who it was.

        Raises:
            NotPermitted: see `application.authority`.
            Rejected: see `application.requests`.
        """
        verb, asking = type(ask).__name__, await self.as_known(actor, asking)
        refuse_unpermitted(ask, actor, asking)
        ask = _in_own_name(ask, actor)
        if verb in LOOKS:
            return msgspec.to_builtins(await self._verbs[type(ask)](ask, actor))
        shown_once = SHOWN_ONCE.get(verb, ())
        return await self.requests.do(
            verb, asking, actor, lambda: self._verbs[type(ask)](ask, actor), shown_once
        )

    async def _do_once(self, ask: Any, actor: str, asking: Asking) -> Any:
        """Do what `do` does, once however often it is asked for under the same name.

        Raises:
            Rejected: as `do`, and see `application.requests`.
        """
        self._refuse_unproven(ask, actor)
        verb, work = type(ask).__name__, self._verbs[type(ask)]
        shown_once = SHOWN_ONCE.get(verb, ())
        return await self.requests.do(verb, asking, actor, lambda: work(ask, actor), shown_once)

    async def as_known(self, actor: str, asking: Asking) -> Asking:
        """Return `asking` with no more permissions than the log gives now.

        Whom the log does not know may do nothing, but arrive.
        """
        known = await self.access.allowed(actor)
        held = tuple(each for each in asking.permissions if each in known)
        return msgspec.structs.replace(asking, permissions=held)

    async def do(self, ask: Any, actor: str) -> Any:
        """Do what is asked, and return the answer as plain values once it is on disk.

        Raises:
            Rejected: `actor.by_agent`.
            MissionControlError: as the service that answers.
        """
        self._refuse_unproven(ask, actor)
        answer = await self._verbs[type(ask)](ask, actor)
        await self.journal.durable()
        return msgspec.to_builtins(answer)

    def _refuse_unproven(self, ask: Any, actor: str) -> None:
        refuse_agents(ask, actor)
        refuse_without_sign_in(ask, is_confined=self.is_confined)

    def _cancel_here(self, run: str, reason: str, actor: str) -> None:
        self.execution.cancel(run, reason, actor=actor)

    # Workflows and what governs them.

    async def _save(self, ask: SaveWorkflow, actor: str) -> Any:
        return await self.workflows.save(
            ask.text, ask.file, actor=actor, base=ask.base, always=ask.always
        )

    async def _speak(self, ask: Spoken, actor: str) -> dict[str, Any]:
        del actor  # The decision names its own speaker.
        state = await self.approvals.take(ask)
        return {"approval": state.id, "run": state.run, "step": state.step}

    async def _change_cap(self, ask: CapChange, actor: str) -> Any:
        return self.budgets.change_cap(ask, actor=actor)

    # Agents, and what they ask people.

    async def _elevate(self, ask: ElevationWished, actor: str) -> Any:
        return await self.elevations.take(ask, actor=actor)

    async def _list_workers(self, _: WorkersListed, __: str) -> Any:
        return list(self._open_workforce().seen())

    async def _drain_worker(self, ask: WorkerDrained, _: str) -> None:
        self._open_workforce().drain(ask.name)

    def _open_workforce(self) -> Workforce:
        """Return those who keep track of the workers.

        Raises:
            Unavailable: `worker.closed`.
        """
        if self.workforce is None:
            raise Unavailable(
                "worker.closed",
                "The engine of this home accepts no workers.",
                hint="`mission up --workers PORT` does.",
            )
        return self.workforce

    async def _answer(self, ask: AnswerGiven, actor: str) -> Any:
        return await self.execution.tool_permissions.answer(ask, actor=actor)

    def open_studio(self) -> Studio:
        """Return where documents are written.

        Raises:
            Unavailable: `document.closed`.
        """
        if self.studio is None:
            raise Unavailable("document.closed", "This engine keeps no files to read from.")
        return self.studio

    async def _note_export(self, ask: ExportNoted, actor: str) -> dict[str, Any]:
        return await self.exports.take(ask, actor=actor)

    async def _trace(self, ask: TraceAsked, actor: str) -> dict[str, Any]:
        return await self.tracing.take(ask, actor=actor)

    # Products whose use is measured.

    async def _alert(self, ask: AlertAsked | FindingsTaken, actor: str) -> dict[str, Any]:
        return await self.alerts.take(ask, actor=actor)

    async def _digest(self, ask: DigestTaken, actor: str) -> dict[str, Any]:
        return await self.digests.take(ask, actor=actor)

    # What was decided, and why.

    async def _accept_spec(self, ask: SpecAsked, actor: str) -> dict[str, Any]:
        return await self.specs.take(ask, actor=actor)

    # Repositories whose work goes through phases.

    async def _adopt(self, ask: RepositoryAsked, actor: str) -> dict[str, Any]:
        return await self.repositories.adopt(ask, actor=actor)

    async def _repository_task(self, ask: RepositoryTaskAsked, actor: str) -> dict[str, Any]:
        return await self.repositories.take(ask, actor=actor)

    async def _sign_off(self, ask: SignOffAsked, actor: str) -> dict[str, Any]:
        return await self.repositories.sign(ask, actor=actor)

    # What repositories teach.

    async def _learn(self, ask: PatternsLearned, actor: str) -> dict[str, Any]:
        return await self.patterns.learn(ask, actor=actor)

    async def _pattern(self, ask: PatternAsked, actor: str) -> dict[str, Any]:
        return await self.patterns.take(ask, actor=actor)

    # Agents that are evaluated.

    async def _evaluate(self, ask: EvaluationAsked, actor: str) -> dict[str, Any]:
        return await self.evaluations.begin(ask, actor=actor)

    async def _begin_trial(self, ask: TrialAsked, actor: str) -> dict[str, Any]:
        return await self.evaluations.trial(ask, actor=actor)

    async def _judge_trial(self, ask: TrialEnded, actor: str) -> dict[str, Any]:
        return await self.evaluations.judge(ask, actor=actor)

    # All work at once.

    async def _stop(self, ask: StopAll, actor: str) -> None:
        self.operations.stop(ask.reason, actor=actor)

    async def _start(self, ask: StartAll, actor: str) -> None:
        self.operations.start(ask.stage, ask.reason, actor=actor)

    async def _limit(self, ask: ChangeLimit, actor: str) -> None:
        if ask.starts is None:
            remove = RemoveRateLimit(ask.kind, ask.name, ask.reason)
            self.operations.remove_limit(remove, actor=actor)
        else:
            limit = SetRateLimit(ask.kind, ask.name, ask.starts, ask.seconds, ask.reason)
            self.operations.limit(limit, actor=actor)


def _in_own_name(ask: Any, actor: str) -> Any:
    """Return `ask` in the name of the signed-in user, whatever name it states itself."""
    if isinstance(ask, Spoken):
        return msgspec.structs.replace(ask, actor=actor, on_behalf="")
    if isinstance(ask, OnBehalfCommand):
        return msgspec.structs.replace(ask, on_behalf="")
    return ask
