"""Every event's lasting name and schema version, and the way back from stored bytes."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from missioncontrol.domain import (
    agent_session,
    alert,
    cohorts,
    decision,
    digest,
    document,
    evaluation,
    export,
    gateway_key,
    inbox,
    learned,
    memory,
    mission,
    notification,
    operation,
    plan_answers,
    price_list,
    question,
    request,
    retention,
    review,
    scope,
    share,
    spec,
    waivers,
    webhook,
    workflow_library,
    workspace,
)
from missioncontrol.domain.access import events as access
from missioncontrol.domain.approval import events as approval
from missioncontrol.domain.budget import events as budget
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.lifecycle import events as lifecycle
from missioncontrol.domain.product import events as product
from missioncontrol.domain.repository import events as repository
from missioncontrol.domain.run import events as run
from missioncontrol.domain.schedule import events as schedule
from missioncontrol.domain.work_item import events as work_item

Event = (
    run.RunEvent
    | mission.MissionEvent
    | memory.MemoryEvent
    | operation.OperationEvent
    | approval.ApprovalEvent
    | budget.BudgetEvent
    | price_list.PriceEvent
    | schedule.ScheduleEvent
    | lifecycle.LifeEvent
    | question.QuestionEvent
    | gateway_key.KeyEvent
    | access.AccessEvent
    | request.RequestEvent
    | webhook.WebhookEvent
    | retention.RetentionEvent
    | document.DocumentEvent
    | workflow_library.WorkflowSaved
    | workflow_library.WorkflowListed
    | decision.DecisionEvent
    | share.ShareEvent
    | spec.SpecEvent
    | learned.PatternEvent
    | repository.RepositoryEvent
    | product.ProductEvent
    | cohorts.SavedEvent
    | digest.DigestEvent
    | alert.AlertEvent
    | export.ExportEvent
    | evaluation.EvaluationEvent
    | inbox.InboxEvent
    | notification.NotificationEvent
    | review.ReviewEvent
    | work_item.WorkItemEvent
    | agent_session.SessionEvent
    | workspace.WorkspaceEvent
)

NAMES: dict[type[msgspec.Struct], tuple[str, int]] = {
    mission.MissionCreated: ("mission_created", 1),
    mission.PlanAccepted: ("plan_accepted", 1),
    mission.MissionStarted: ("mission_started", 1),
    mission.MissionSettled: ("mission_settled", 1),
    waivers.MissionCompleted: ("mission_completed", 1),
    waivers.GapWaived: ("gap_waived", 1),
    waivers.WaiverWithdrawn: ("waiver_withdrawn", 1),
    waivers.RiskAssigned: ("risk_assigned", 1),
    scope.ScopeChanged: ("task_scope_changed", 1),
    plan_answers.PlanAnswered: ("plan_answered", 1),
    run.RunCreated: ("run_created", 1),
    run.RunStarted: ("run_started", 1),
    run.RunResumed: ("run_resumed", 1),
    run.StepsAdded: ("steps_added", 1),
    run.StepReadied: ("step_readied", 1),
    run.StepClaimed: ("step_claimed", 1),
    run.StepStuck: ("step_stuck", 1),
    run.StepSkipped: ("step_skipped", 1),
    run.StepHeld: ("step_held", 1),
    run.StepReleased: ("step_released", 1),
    run.StepRevised: ("step_revised", 1),
    run.StepExpanded: ("step_expanded", 1),
    run.StepRepeated: ("step_repeated", 1),
    run.RunHalted: ("run_halted", 1),
    run.StepStarted: ("step_started", 1),
    run.ProcessStarted: ("process_started", 1),
    run.UsageReported: ("usage_reported", 1),
    run.StepSucceeded: ("step_succeeded", 1),
    run.AttemptFailed: ("attempt_failed", 1),
    run.AttemptInterrupted: ("attempt_interrupted", 1),
    run.StepFailed: ("step_failed", 1),
    run.StepCancelled: ("step_cancelled", 1),
    run.StepsBlocked: ("steps_blocked", 1),
    run.StepsCancelled: ("steps_cancelled", 1),
    run.CancelRequested: ("cancel_requested", 1),
    run.ReportRefused: ("report_refused", 1),
    run.RunSettled: ("run_settled", 1),
    **operation.EVENTS,
    **agent_session.EVENTS,
    **approval.EVENTS,
    **budget.EVENTS,
    **price_list.EVENTS,
    **schedule.EVENTS,
    **lifecycle.EVENTS,
    **question.EVENTS,
    **gateway_key.EVENTS,
    **access.EVENTS,
    **request.EVENTS,
    **webhook.EVENTS,
    **retention.EVENTS,
    **document.EVENTS,
    **memory.EVENTS,
    **workflow_library.EVENTS,
    **decision.EVENTS,
    **share.EVENTS,
    **spec.EVENTS,
    **learned.EVENTS,
    **repository.EVENTS,
    **product.EVENTS,
    **cohorts.EVENTS,
    **alert.EVENTS,
    **digest.EVENTS,
    **export.EVENTS,
    **evaluation.EVENTS,
    **inbox.EVENTS,
    **notification.EVENTS,
    **review.EVENTS,
    **work_item.EVENTS,
    **workspace.EVENTS,
}
"""Present names and versions. A name never changes; a version grows when a shape does."""

UPCASTERS: dict[tuple[str, int], Callable[[Any], Any]] = {}
"""From (name, old version): turns data of that version into data of the next one."""

_DECODERS: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(kind) for kind, name in NAMES.items()
}
_CLASSES: dict[str, Any] = {name: kind for kind, (name, _) in NAMES.items()}
_VERSIONS = dict(NAMES.values())


def decode(name: str, schema: int, body: bytes) -> Event:
    """Return the event that `body` holds, brought up to its present shape.

    Raises:
        Corrupt: `event.unknown`, for a name or version that is not in the register, and
            `event.malformed`, for data that does not fit its shape.
    """
    try:
        decoder = _DECODERS.get((name, schema))
        if decoder is not None:
            event: Event = decoder.decode(body)
            return event
        return _upcast(name, schema, body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Corrupt(
            "event.malformed", f"Event {name!r} v{schema} is malformed: {error}."
        ) from None


def _upcast(name: str, schema: int, body: bytes) -> Event:
    data = msgspec.json.decode(body)
    while (name, schema) in UPCASTERS:
        data = UPCASTERS[name, schema](data)
        schema += 1
    if name not in _CLASSES or schema != _VERSIONS[name]:
        raise Corrupt(
            "event.unknown",
            f"The log holds event {name!r} version {schema}, which this release does not know.",
            hint="Use the release that wrote it, or a later one.",
        )
    event: Event = msgspec.convert(data, _CLASSES[name])
    return event


@cache
def words() -> frozenset[str]:
    """Return what events are made of besides their contents: names of fields, tags, choices.

    A rewrite of the texts of a stored event leaves these alone, or it can't be read again.
    """
    found: set[str] = set()
    todo: list[Any] = [msgspec.json.schema_components(NAMES)]
    while todo:
        match todo.pop():
            case dict() as part:
                found.update(part.get("properties", ()), part.get("enum", ()))
                todo.extend(part.values())
            case list() | tuple() as parts:
                todo.extend(parts)
    return frozenset(found)
