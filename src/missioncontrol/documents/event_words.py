"""Renders events of the log as sentences: what happened, and why."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from missioncontrol.documents.schedule_words import SKIPPED, WAITS
from missioncontrol.domain.budget.refusals import words
from missioncontrol.domain.budget.scopes import Scope
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.evaluation import Judged
from missioncontrol.domain.money import dollars, tokens
from missioncontrol.domain.request import verb_now
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.step import Amount
from missioncontrol.domain.visible import one_line
from missioncontrol.domain.work import Usage, Work

SENTENCE_MAX = 600
"""A reason may be much longer; `--json` has all of it."""

UNPRICED = "price unknown"
NAMED_MAX = 5
VALUE_MAX = 120

CLAUSES: dict[str, tuple[str, ...]] = {
    "mission_created": ("mission {title}", "on {repository}"),
    "plan_accepted": ("the plan that {run} made is accepted",),
    "mission_started": ("{run} begins to carry it out",),
    "mission_settled": ("the mission has {outcome}", "with {run}"),
    "mission_completed": ("the mission is completed: nothing of it is lacking", "with {run}"),
    "gap_waived": ("{by} waives {gap}", "{reason}"),
    "waiver_withdrawn": ("{by} withdraws the waiver of {gap}", "{reason}"),
    "risk_assigned": ("{owner} sees to risk {risk}", "as {by} says"),
    "task_scope_changed": ("{by} says which files {task} is expected to change", "{reason}"),
    "plan_answered": ("{by} answers questions of the plan", "{run} plans again"),
    "document_generated": ("{kind} of {run} is written", "version {version}"),
    "document_edited": ("{kind} of {run} is edited", "version {version}", "{note}"),
    "document_conflicted": (
        "in {kind} of {run}, words of people and generated ones differ",
        "version {version}",
    ),
    "document_conflict_settled": (
        "a conflict in {kind} of {run} is decided",
        "{choice}",
        "version {version}",
    ),
    "document_signed": ("{by} signs {kind} of {run}", "version {version}"),
    "run_created": (
        "a run of {workflow}",
        "version {version}",
        "for {author}",
        "on behalf of {on_behalf}",
        "by schedule {schedule}",
        "again what {retry_of} did",
        "a fork of {fork_of}",
        "from {forked_at}",
    ),
    "run_started": ("its first step may start",),
    "run_resumed": ("the run is resumed",),
    "steps_added": ("{by} brought {steps}",),
    "step_readied": ("{step} may start",),
    "step_skipped": ("{step} is skipped",),
    "step_held": ("{step} waits for a person", "{approval}"),
    "step_released": ("{step} is approved", "{approval}"),
    "step_revised": ("{step} gets other inputs", "from {by}", "{approval}"),
    "step_expanded": ("{step} became {steps}",),
    "step_repeated": ("round {round} of {step} is done, and once more",),
    "run_halted": ("the run is halted", "{code}"),
    "step_started": (
        "attempt {attempt} of {step} starts",
        "agent {agent}",
        "with {handed}",
        "under {elevation}",
    ),
    "step_claimed": ("{step} is done by agent {agent} from now on",),
    "step_stuck": ("{step} waits for agent {agent}, which takes no steps",),
    "process_started": ("{step} works in process {pid}",),
    "usage_reported": ("{step} used {usage}", "model {model}"),
    "step_succeeded": ("{step} succeeded",),
    "attempt_failed": ("an attempt of {step} failed", "tried again at {retry_at}"),
    "attempt_interrupted": ("an attempt of {step} was interrupted",),
    "step_failed": ("{step} failed",),
    "step_cancelled": ("{step} was cancelled",),
    "steps_blocked": ("{steps} can never run", "because {by} did not succeed"),
    "steps_cancelled": ("{steps} will not run", "part of {within}"),
    "cancel_requested": ("the run is to end",),
    "report_refused": ("a late report of {step} changed nothing", "{kind}"),
    "run_settled": ("the run is over", "{outcome}"),
    "emergency_stopped": ("everything is stopped",),
    "stage_entered": ("work goes on", "stage {stage}"),
    "rate_limit_set": ("starts of {kind} {name}", "at most {starts} in {seconds}"),
    "rate_limit_removed": ("starts of {kind} {name}", "no limit any more"),
    "approval_requested": ("{step} of {run} waits for people", "until {expires}"),
    "approval_given": (
        "{by} agreed",
        "on behalf of {on_behalf}",
        "to {is_self_approval}",
    ),
    "approval_granted": ("enough people agreed", "{by}"),
    "approval_rejected": ("{by} rejected it", "on behalf of {on_behalf}"),
    "changes_requested": ("{by} asked for other inputs", "on behalf of {on_behalf}"),
    "approval_deferred": ("{by} put it off", "until {until}"),
    "deferral_ended": ("it waits as before",),
    "approval_delegated": ("{by} gave their say to {to}",),
    "approval_escalated": ("{to} may decide as well",),
    "approval_expired": ("no decision came in time", "it was open until {expires}"),
    "approval_withdrawn": ("{by} took the question back",),
    "ledger_opened": ("ledger {number} begins",),
    "cap_set": (
        "the cap of {scope}",
        "{period}",
        "now {amount}",
        "before {before}",
        "{passed} beyond it are spent already",
    ),
    "run_budgeted": ("{run} may spend {amount}",),
    "step_budgeted": ("{step} of {run} may spend {amount}",),
    "run_budget_closed": ("nothing more is set aside for {run}",),
    "amount_reserved": ("{amount} are set aside", "{reservation}"),
    "usage_charged": ("{usage} are charged", "{over} more than was set aside", "{reservation}"),
    "reservation_settled": ("what is left is free again", "{reservation}"),
    "price_set": ("another price of {model}",),
    "schedule_added": ("starts {workflow}", "{cron}", "{zone}"),
    "schedule_changed": ("starts {workflow} from now on", "{cron}", "{zone}"),
    "schedule_paused": ("paused",),
    "schedule_resumed": ("resumed",),
    "schedule_removed": ("removed",),
    "slot_fired": ("slot {slot}", "{run}", "{late_seconds} late"),
    "slot_queued": ("slot {slot} waits {why}",),
    "slot_skipped": ("slot {slot} is skipped",),
    "slots_skipped": ("{count} slots are skipped", "{first} to {last}"),
    "queued_slot_started": ("slot {slot}, which waited", "{run}"),
    "queued_slots_dropped": ("slots that waited are dropped", "{slots}"),
    "started_by_hand": ("{run} is started by hand",),
    "schedule_run_ended": ("{run} has ended", "{outcome}"),
    "schedule_alerted": ("alert", "{kind}", "{count}", "{run}", "{first} to {last}"),
    "agent_added": ("the agent is declared", "{source}"),
    "agent_changed": ("the agent is declared again", "{source}"),
    "agent_starting": ("it is being started",),
    "agent_ready": ("it is ready", "version {version}"),
    "agent_failed": ("it failed", "{code}"),
    "agent_rested": ("it rests until {until}",),
    "agent_draining": ("it takes nothing new", "what it has may last until {deadline}"),
    "agent_stopped": ("it is stopped",),
    "agent_lost": ("it is lost",),
    "agent_scaled": ("{scale} at once",),
    "agent_removed": ("the agent is removed",),
    "elevation_asked": (
        "{by} asks for {elevation}: {modes}",
        "in {paths}",
        "for {seconds}",
    ),
    "elevation_granted": (
        "{by} agrees to {elevation} of {asked_by}: {modes}",
        "in {paths}",
        "until {until}",
    ),
    "elevation_ended": ("{elevation} is over", "{how}", "by {by}"),
    "question_asked": ("{step} of {run} asks {title}", "to {to}"),
    "question_answered": ("{by} answered {answer}",),
    "question_withdrawn": ("the question is withdrawn",),
    "gateway_key_issued": ("key {name} may call models", "of agent {agent}", "until {until}"),
    "gateway_key_revoked": ("key {name} is void",),
    "workflow_saved": ("{name} version {version}",),
    "workflow_listed": ("{name} version {version}", "{steps} steps"),
    "user_added": ("{name} may sign in", "as {roles}"),
    "user_roles_changed": ("{name} is {roles} from now on",),
    "user_removed": ("{name} may not sign in any more",),
    "user_invited": ("{name} may choose a password", "until {until}"),
    "password_changed": ("{name} has another password",),
    "token_issued": ("token {name} of {owner}", "for {scopes}", "until {until}"),
    "token_revoked": ("token {token} is void",),
    "second_look_set": ("one's own runs can be approved after {seconds} s",),
    "workspace_named": ("the workspace is called {name}",),
    "request_taken": ("{verb}", "signed in by {way}"),
    "request_answered": ("it was done",),
    "request_refused": ("refused with {code}",),
    "output_bounded": ("at most {bytes} of agent output are stored",),
    "output_removed": ("agent output of {runs} is removed", "{lines} lines", "{bytes}"),
    "report_shared": ("a link {share} to the report of {run}", "until {until}", "for {note}"),
    "spec_accepted": ("{spec} is accepted", "for {files} files", "{reason}"),
    "evaluation_begun": ("{evaluation} begins, each scenario {repeat} times", "seed {seed}"),
    "evaluation_listed": ("{agent} is evaluated in {trials} trials as {evaluation}",),
    "trial_begun": ("trial {trial} is {run}",),
    "trial_judged": ("trial {trial}, {run}, has ended: {judged}",),
    "evaluation_ended": ("of {trials} trials of {evaluation} {trials_passed} passed",),
    "repository_adopted": ("tasks of {path} are managed as {repository}",),
    "repository_process_changed": ("work on {repository} goes on by other gates",),
    "repository_task_added": ("task {task} is {title}",),
    "repository_task_edited": ("task {task} is edited", "{title}"),
    "task_document_taken": ("{kind} of task {task} has version {version}",),
    "task_document_signed": ("{kind} of task {task} is signed for {role}", "{reason}"),
    "repository_task_started": ("task {task} is started",),
    "repository_task_done": ("task {task} is done", "{reason}"),
    "repository_task_dropped": ("task {task} is dropped", "{reason}"),
    "repository_task_scoped": ("task {task} is to change {scope}", "{reason}"),
    "repository_tasks_run": ("tasks {tasks} are carried out in {run}", "into {into}"),
    "share_revoked": ("the link {share} shows nothing any more", "{reason}"),
    "mission_exported": ("the report of {run} is exported", "as {form}"),
    "product_added": ("the use of {name} is measured", "as {product}", "by days of {zone}"),
    "product_changed": ("{product} is {name}", "by days of {zone}", "weeks from {week_starts}"),
    "product_exclusions_changed": ("of {product} others do not count", "{people}"),
    "product_key_measures_changed": ("{product} has other key measures", "{actions}"),
    "product_limits_changed": (
        "{product} may have {events_max} events",
        "{megabytes_max} MB",
        "{events_per_second} a second of each source",
    ),
    "source_added": ("{product} gets events from {source}", "{name}"),
    "source_changed": ("source {source} of {product} is {name}",),
    "source_key_renewed": ("events of {source} of {product} come with another key",),
    "source_revoked": ("{product} gets nothing more from {source}", "{reason}"),
    "forgetting_begun": ("a person is to be removed from {product}", "{forgetting}", "{reason}"),
    "person_forgotten": (
        "a person is removed from {product}",
        "{forgetting}",
        "with {events} events",
    ),
    "events_cleared": ("all events of {product} are removed", "{reason}"),
    "cohort_saved": ("cohort {cohort} of {product} is {name}",),
    "cohort_removed": ("cohort {cohort} of {product} is not offered any more",),
    "dashboard_saved": ("dashboard {dashboard} of {product} is {name}",),
    "alert_opened": ("{product} has changed", "{alert}"),
    "alert_changed": ("more is known of what changed in {product}", "{alert}"),
    "alert_acknowledged": ("{alert} of {product} is acknowledged", "{note}"),
    "alert_resolved": ("{alert} of {product} is over", "{note}"),
    "digest_written": ("the summary of {product} was written down", "by {written_by}"),
    "alert_mission_begun": ("{mission} is to see to {alert} of {product}",),
    "dashboard_removed": ("dashboard {dashboard} of {product} is gone",),
    "decision_recorded": ("decision {id} is in the log", "{status}", "read from {source}"),
    "decision_revised": ("decision {id} says what its file says now", "{status}"),
    "decision_accepted": ("decision {id} holds", "{reason}"),
    "decision_rejected": ("decision {id} was proposed and does not hold", "{reason}"),
    "decision_deprecated": ("decision {id} holds no more", "{reason}"),
    "decision_superseded": ("decision {by} takes the place of {id}", "{reason}"),
    "decision_linked": ("decision {id} has to do with {tasks}", "with {files}"),
    "decision_unlinked": ("decision {id} has nothing to do any more with {tasks}", "with {files}"),
    "workspace_created": (
        "the workspace {workspace} is created",
        "with {person} as its first admin",
    ),
    "workspace_archived": ("the workspace {workspace} is archived",),
    "workspace_restored": ("the workspace {workspace} is served again",),
    "review_comment_added": ("{by} comments on a change of {review}", "at {path}"),
    "review_comment_resolved": ("{by} resolves comment {comment} on {review}",),
    "review_comment_reopened": ("{by} reopens comment {comment} on {review}",),
    "rework_requested": ("{by} asks for changes of {review}", "in {next_run}"),
    "work_item_assigned": ("{by} assigns {item}", "to {to}"),
    "work_item_edited": (
        "{by} edits {item}",
        "priority {priority}",
        "labels {labels}",
        "due {due}",
        "part of {parent}",
    ),
    "work_item_blocked": ("{item} waits for {on}", "{reason}"),
    "work_item_unblocked": ("{item} no longer waits for {on}",),
    "work_item_started": ("{by} starts {item}",),
    "work_item_stopped": ("{by} stops work on {item}", "{reason}"),
    "work_item_finished": ("{by} takes {item} as done", "{reason}"),
    "work_item_dropped": ("{by} drops {item}", "{reason}"),
    "stage_limited": ("{by} limits {stage} to {limit} items",),
    "memory_added": ("{title} is remembered", "about {files}", "until {expires}"),
    "memory_corrected": ("{item} says {title} from now on", "about {files}"),
    "memory_expiry_set": ("planners get {item}", "until {expires}"),
    "memory_forgotten": ("{item} is forgotten",),
    "pattern_learned": ("pattern {pattern} is in the library", "{statement}", "from {repository}"),
    "pattern_retired": ("pattern {pattern} is offered no more", "{reason}"),
    "pattern_used": ("pattern {pattern} was applied in {repository}",),
    "inbox_item_snoozed": ("{by} has snoozed {item}", "until {until}"),
    "inbox_item_dismissed": ("{by} has dismissed {item}",),
    "inbox_item_muted": ("{by} has muted {item}",),
    "inbox_item_restored": ("{item} is in the inbox of {by} again",),
    "inbox_item_assigned": ("{by} gave {item} to {to}", "{note}"),
    "inbox_item_commented": ("{by} commented on {item}", "{text}"),
    "agent_session_seen": ("{person} started a session of {program}", "in {directory}", "{title}"),
    "agent_session_waiting": ("session {session} waits for its person: {wait}", "{text}"),
    "agent_session_working": ("session {session} works",),
    "agent_session_ended": ("session {session} is {how}",),
    "agent_session_adopted": ("{by} adopted session {session} into {run}",),
    "notification_added": ("{name} gets new items by {way}", "at {shown}", "for {person}"),
    "notification_removed": ("{name} gets nothing any more",),
    "notification_tested": ("{name} gets a message as a test",),
    "webhook_added": ("{name} is notified", "of {types}"),
    "webhook_paused": ("{name} is paused",),
    "webhook_resumed": ("{name} is resumed",),
    "webhook_removed": ("{name} is removed",),
    "webhook_secret_changed": ("{name} gets messages signed with another secret",),
    "webhook_tested": ("{name} is sent this event to see whether it takes it",),
    "webhook_redelivered": ("{name} is notified again", "from event {position}"),
}
"""For each kind of event its sentence, in parts; one is left out where a field in it is empty."""

WHY = ("reason", "failure", "work", "detail", "description")
"""Where an event says why, or what came of it: the first of these that it has."""

PERIODS = {"total": "of all time", "month": "of each month", "day": "of each day"}


def sentence(kind: str, data: Any) -> str:
    """Return what an event of `kind` says, with its reason; empty where that is not known.

    `data` is what the log holds, without secrets that were redacted since.
    """
    if kind not in CLAUSES or not isinstance(data, dict):
        return ""
    parts = [_part(part, data) for part in CLAUSES[kind]]
    clauses = ", ".join(filter(None, parts))
    why = next((text for name in WHY if (text := _word(name, data.get(name)))), "")
    return _cut(": ".join(filter(None, (clauses, why))), SENTENCE_MAX)


def sentence_data(kind: str, body: bytes) -> Any:
    """Return of an event's data what `sentence` needs, or None where that is nothing.

    The event that began a run holds its whole workflow; a list of those would be slow to read.
    """
    if kind not in CLAUSES:
        return None
    try:
        found = _reader(kind).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    values = msgspec.structs.asdict(found)
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


@cache
def _reader(kind: str) -> msgspec.json.Decoder[Any]:
    """Return what reads the fields that the sentence of a kind of event may be made of."""
    names = re.findall(r"{(\w+)}", " ".join(CLAUSES[kind]))
    fields = [(name, Any, msgspec.UNSET) for name in dict.fromkeys((*names, *WHY))]
    return msgspec.json.Decoder(msgspec.defstruct("EventData", fields))


def _part(part: str, data: Mapping[str, Any]) -> str:
    values = {name: _field(name, data) for name in re.findall(r"{(\w+)}", part)}
    return part.format(**values).strip() if all(values.values()) else ""


def _field(name: str, data: Mapping[str, Any]) -> str:
    if name == "amount" and data.get(name, ...) is None:
        return "none"
    if name == "bytes" and data.get(name, ...) is None:
        return "all bytes"
    if name == "name" and data.get(name) == "":
        return " "  # The workspace has none.
    return _cut(_word(name, data.get(name)), VALUE_MAX) if name in data else ""


def _word(name: str, value: Any) -> str:
    """Return the value of a field as people write it; the log may hold anything."""
    if value is None:
        return ""
    try:
        return WORDS.get(name, _plain)(value)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, LookupError):
        return _plain(value)


def _plain(value: Any) -> str:
    match value:
        case str():
            return value
        case list():
            return _names(value)
        case _:
            return msgspec.json.encode(value).decode()


def _names(values: list[Any]) -> str:
    names = [
        _plain(each.get("key", "")) if isinstance(each, dict) else _plain(each) for each in values
    ]
    more = f" and {len(names) - NAMED_MAX:,} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more


def _handed(value: Any) -> str:
    """Name documents by what they are and the beginning of their digest."""
    return _names([f"{each['name']} (SHA-256 {each['digest'][:12]}…)" for each in value])


def _elevation(value: Any) -> str:
    """Name an elevation, and where an attempt works under it, what it opens."""
    return f"{value['id']} ({_names(value['modes'])})" if isinstance(value, dict) else _plain(value)


def _scope(value: Any) -> str:
    scope = msgspec.convert(value, Scope)
    if scope.name:
        return f"{scope.kind} {scope.name}"
    return "the workspace" if scope.kind == "workspace" else f"each {scope.kind}"


def _amount(value: Any) -> str:
    return words(msgspec.convert(value, Amount))


def _used(value: Any) -> str:
    usage = msgspec.convert(value, Usage)
    money = dollars(usage.cost) if usage.cost is not None else UNPRICED
    return f"{tokens(usage.tokens)}, {money}"


def _duration(value: Any) -> str:
    return str(duration_in_words(float(value)))


def _times(value: Any) -> str:
    return _names([_moment(each) for each in value])


def _person(value: Any) -> str:
    """Return who it was without the word that tells people from agents: `alice`, `agent:smith`."""
    return _plain(value).removeprefix("user:")


def _size(value: Any) -> str:
    return f"{int(value):,} bytes"


def _cut(text: str, width: int) -> str:
    line = one_line(text)
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


WORDS: dict[str, Callable[[Any], str]] = {
    "verb": lambda verb: verb_now(verb) if isinstance(verb, str) else _plain(verb),
    "is_self_approval": lambda value: "their own run, alone, after a second look" if value else "",
    **dict.fromkeys(("amount", "before", "passed", "over"), _amount),
    **dict.fromkeys(("until", "expires", "deadline", "retry_at", "slot", "first", "last"), _moment),
    **dict.fromkeys(("seconds", "late_seconds"), _duration),
    **dict.fromkeys(("by", "asked_by", "author", "on_behalf", "to", "owner"), _person),
    "bytes": _size,
    "slots": _times,
    "scope": _scope,
    "handed": _handed,
    "elevation": _elevation,
    "usage": _used,
    "period": lambda value: PERIODS[value],
    "why": lambda value: WAITS[value],
    "reason": lambda value: _plain(SKIPPED.get(value, value)),
    "failure": lambda value: msgspec.convert(value, Failure).reason,
    "judged": lambda value: msgspec.convert(value, Judged).outcome,
    "work": lambda value: msgspec.convert(value, Work).summary,
    "source": lambda value: _plain(value).replace("_", " "),
}
