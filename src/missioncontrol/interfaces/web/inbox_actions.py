"""What the buttons of an inbox item do: each issues a command that exists for it already."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
from litestar import Request

from missioncontrol.application.analytics.alerts import AlertAsked
from missioncontrol.application.approvals import Spoken, Verb
from missioncontrol.application.asks import (
    CarryOut,
    ChangeLimit,
    StartAll,
)
from missioncontrol.application.elevations import ElevationWished
from missioncontrol.application.inbox.items import InboxItem
from missioncontrol.application.inbox.reader import raw_item
from missioncontrol.application.inbox.records import proposed_of
from missioncontrol.application.inbox.work import runs_held_by
from missioncontrol.application.queries import questions, runs
from missioncontrol.application.queries.halts import needs_of
from missioncontrol.application.queries.run_outcome import mission_of
from missioncontrol.application.repositories import RepositoryTaskAsked, SignOffAsked
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.approvals import give_answer
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.goals import beginning
from missioncontrol.interfaces.web.approval_forms import (
    fields_of,
    filled,
    inputs_of,
    parse_json,
)
from missioncontrol.interfaces.web.cap_forms import cap_changes
from missioncontrol.interfaces.web.inbox_view import open_comments
from missioncontrol.interfaces.web.mission_form import of_mission, parse_mission
from missioncontrol.operations import agent_session, inbox
from missioncontrol.operations import decision as decisions
from missioncontrol.operations import review as reviews
from missioncontrol.operations import run as run_operations
from missioncontrol.operations import work_item as work_items
from missioncontrol.operations.agent import START as START_AGENT
from missioncontrol.operations.inbox import morning_after

AnyRequest = Request[Principal, Any, Any]
Act = Callable[[AnyRequest, Console, InboxItem, Mapping[str, str]], Awaitable[str]]
"""Does it, and returns what was done in a few words."""

AS_SHOWN = "Approved as shown."
REASON_MAX = 4_000
RESUMED_MAX = 100
"""Runs of one cap that are resumed by one press; the others resume by the next."""

ZONE_MAX = 14 * 60


async def act(
    request: AnyRequest, console: Console, item: InboxItem, name: str, form: Mapping[str, str]
) -> str:
    """Do what a button of an item says; return what was done.

    Raises:
        NotFound: `inbox.no_action`.
        Rejected: `inbox.not_allowed`, `inbox.no_reason`, and as the command itself.
    """
    action = item.action(name)
    found = ACTS.get((item.kind, name)) or COMMON.get(name)
    if action is None or found is None:
        raise NotFound("inbox.no_action", f"Nothing is called {name[:40]!r} of this item.")
    if not action.is_allowed:
        raise Rejected("inbox.not_allowed", action.why)
    if action.is_final and not _reason(form):
        raise Rejected("inbox.no_reason", f"{action.title} needs a reason.")
    return await found(request, console, item, form)


def _reason(form: Mapping[str, str]) -> str:
    return form.get("reason", "").strip()[:REASON_MAX]


def _spoken(verb: Verb, done: str) -> Act:
    async def do(
        request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
    ) -> str:
        digest, actor = form.get("digest", ""), request.user.actor
        if not digest:
            raise Rejected("approval.look_first", "The form does not say what was shown.")
        more: dict[str, Any] = {}
        reason = _reason(form)
        if verb == "approve":
            reason = reason or AS_SHOWN
            more["typed"] = form.get("typed", "").strip()
        elif verb == "request-changes":
            more["inputs"] = inputs_of(form.get("inputs", ""))
        elif verb == "delegate":
            more["to"] = form.get("to", "").strip()
            reason = reason or "Delegated from the inbox."
        await console.ask(request, Spoken(verb, item.about.id, actor, reason, digest, **more))
        return done

    return do


async def _answer(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    asked = questions.question_view(console.present, item.about.id)
    fields = fields_of(asked.form)
    plain = parse_json(form.get("answer", ""))
    given = plain if fields is None else filled(fields, dict(form))
    await give_answer(console, request, item.about.id, given)
    return "Answered"


def _elevation(verb: Any, done: str) -> Act:
    async def do(
        request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
    ) -> str:
        about = item.about
        asked = ElevationWished(verb, about.agent, _reason(form), elevation=about.id)
        await console.ask(request, asked)
        return done

    return do


async def _start(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    reason = _reason(form) or "From the inbox."
    kind, agent = item.about.id, item.about.agent
    if kind == "stage":
        await console.ask(request, StartAll("all", reason))
        return "Work is resumed"
    if kind == "agent":
        await console.run(request, START_AGENT, agent, reason=reason)
        return f"{agent} is started"
    limits = console.present.statuses.around.barred
    name = item.id.rpartition(":")[2]
    is_of_agent = name in limits
    change = ChangeLimit("agent" if is_of_agent else "workspace", name * is_of_agent, reason)
    await console.ask(request, change)
    return "The rate limit is removed"


async def _raise(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    raw = await raw_item(console.present, console.owner, console.now, item.id)
    held = runs_held_by(console.present, raw)
    state = await runs.run_state(console.present, item.about.run)
    needs = needs_of(state.halt)
    if needs:
        changes = cap_changes(needs, dict(form), _reason(form) or "From the inbox.")
        given = {"changes": tuple(changes)}
        await console.run(request, run_operations.RAISE_CAPS, item.about.run, **given)
    else:
        await console.run(request, run_operations.RESUME, item.about.run)
    for row in held[:RESUMED_MAX]:
        if row.id != item.about.run:
            await console.run_afresh(request, run_operations.RESUME, row.id)
    return "The cap is raised" if needs else "Resumed"


async def _cancel(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    await console.run(request, run_operations.CANCEL, item.about.run, reason=_reason(form))
    return "The run is cancelled"


async def _retry(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    del form
    await console.run(request, run_operations.RETRY, item.about.run)
    return "The run is retried"


async def _sign(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    about, digest = item.about, form.get("digest", "")
    if digest != item.digest:
        raise Rejected(
            "repository.other_version",
            "The document was changed after it was shown.",
            hint="Read it again.",
        )
    kind: Any = about.document
    role: Any = about.role
    signed = SignOffAsked(about.repository, about.task, kind, role, digest, _reason(form))
    await console.ask(request, signed)
    return "Signed off"


async def _execute(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    del form
    await console.ask(request, CarryOut(item.about.run))
    return "The mission is started"


async def _begin(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    del form
    await console.run(request, work_items.START, item.about.id)
    return "Started"


async def _replan(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    """Plan the goal again with answers to questions of its plan; the plan before leaves."""
    mission = await mission_of(console.present, item.about.mission)
    questions = mission.plan.questions if mission.plan is not None else ()
    texts = (form.get(f"answer.{number}", "").strip() for number, _ in enumerate(questions, 1))
    answers = [f"Q{number}: {text}" for number, text in enumerate(texts, 1) if text]
    if not answers:
        raise Rejected("inbox.no_answer", "No question is answered.", hint="Answer one of them.")
    typed = msgspec.structs.replace(of_mission(mission, answers), far="plan")
    asked, errors = parse_mission(typed)
    if asked is None:
        raise Rejected("inbox.no_answer", "; ".join(errors.values()))
    await console.ask(request, beginning(asked, console.home))
    await console.run_afresh(request, inbox.DISMISS, item.id)
    return "A new plan is made with the answers"


async def _resolve_all(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    del form
    for each in await open_comments(console.present, item.about.id):
        await console.run_afresh(request, reviews.RESOLVE, item.about.id, comment=each.number)
    return "Resolved"


async def _finish(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    about = item.about
    if about.mission:
        await console.run(request, work_items.FINISH, about.id, reason=_reason(form))
        return "The task is done"
    done = RepositoryTaskAsked("done", about.repository, about.task, reason=_reason(form))
    await console.ask(request, done)
    return "The task is done"


def _alert(verb: Any, done: str) -> Act:
    async def do(
        request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
    ) -> str:
        about, note = item.about, form.get("note", "").strip()[:1_000]
        await console.ask(request, AlertAsked(verb, about.product, about.id, note))
        return done

    return do


def _judged(operation: Any, done: str) -> Act:
    async def do(
        request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
    ) -> str:
        raw = await raw_item(console.present, console.owner, console.now, item.id)
        for each in await proposed_of(console.present, raw):
            await console.run(request, operation, each.id, reason=_reason(form))
        return done

    return do


async def _snooze(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    until, words = snoozed_until(form.get("until", ""), form.get("zone", ""), console.now)
    await console.run(request, inbox.SNOOZE, item.id, until=until)
    return f"Snoozed {words}"


def snoozed_until(choice: str, zone: str, now: float) -> tuple[float, str]:
    """Return the time that a choice means, and the words for it.

    `zone` is how many minutes the reader's clock is ahead of UTC.
    """
    is_number = zone.lstrip("-").isdecimal() and len(zone) < 5
    minutes = max(-ZONE_MAX, min(int(zone), ZONE_MAX)) if is_number else 0
    there = datetime.fromtimestamp(now, UTC).astimezone(timezone(timedelta(minutes=minutes)))
    match choice:
        case "1h":
            return now + 3_600, "for 1 hour"
        case "4h":
            return now + 4 * 3_600, "for 4 hours"
        case "week":
            monday = there + timedelta(days=6 - there.weekday())
            return morning_after(monday).timestamp(), "until Monday 09:00"
    return morning_after(there).timestamp(), "until tomorrow 09:00"


async def _assign(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    to = form.get("to", "").strip()
    await console.run(request, inbox.ASSIGN, item.id, to=to, note=_reason(form))
    return f"Delegated to {to}"


async def _comment(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    text = form.get("text", "").strip()
    await console.run(request, inbox.COMMENT, item.id, text=text)
    return "Comment recorded"


async def _adopt(
    request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
) -> str:
    del form
    await console.run(request, agent_session.ADOPT, item.about.id)
    return "The session is a step of a run now"


def _plain(operation: Any, done: str) -> Act:
    async def do(
        request: AnyRequest, console: Console, item: InboxItem, form: Mapping[str, str]
    ) -> str:
        del form
        await console.run(request, operation, item.id)
        return done

    return do


ACTS: Mapping[tuple[str, str], Act] = {
    ("approval", "approve"): _spoken("approve", "Approved"),
    ("approval", "request-changes"): _spoken("request-changes", "Changes requested"),
    ("approval", "reject"): _spoken("reject", "Rejected"),
    ("approval", "delegate"): _spoken("delegate", "Delegated"),
    ("question", "answer"): _answer,
    ("elevation", "approve"): _elevation("approve", "Granted"),
    ("elevation", "reject"): _elevation("refuse", "Refused"),
    ("stuck", "start"): _start,
    ("halt", "raise"): _raise,
    ("halt", "cancel"): _cancel,
    ("failed", "retry"): _retry,
    ("sign-off", "sign"): _sign,
    ("plan", "start"): _execute,
    ("plan", "answer"): _replan,
    ("task", "start"): _begin,
    ("task", "finish"): _finish,
    ("comment", "resolve"): _resolve_all,
    ("alert", "acknowledge"): _alert("acknowledge", "Acknowledged"),
    ("alert", "resolve"): _alert("resolve", "Resolved"),
    ("session", "adopt"): _adopt,
    ("decision", "accept"): _judged(decisions.ACCEPT, "Accepted"),
    ("decision", "reject"): _judged(decisions.REJECT, "Rejected"),
}
COMMON: Mapping[str, Act] = {
    "snooze": _snooze,
    "assign": _assign,
    "comment": _comment,
    "dismiss": _plain(inbox.DISMISS, "Dismissed"),
    "mute": _plain(inbox.MUTE, "Muted"),
    "restore": _plain(inbox.RESTORE, "Back in the inbox"),
}
DONE: Mapping[str, str] = {
    "approve": "Approved",
    "request-changes": "Changes requested",
    "reject": "Rejected",
    "delegate": "Delegated",
    "answer": "Answered",
    "start": "Started",
    "raise": "The cap is raised",
    "cancel": "The run is cancelled",
    "retry": "The run is retried",
    "sign": "Signed off",
    "finish": "The task is done",
    "adopt": "The session is adopted",
    "acknowledge": "Acknowledged",
    "resolve": "Resolved",
    "accept": "Accepted",
    "snooze": "Snoozed",
    "assign": "Delegated",
    "dismiss": "Dismissed",
    "mute": "Muted",
    "restore": "Back in the inbox",
    "comment": "Comment recorded",
}
"""What is shown of an action without scripts, where an address can say no more than its name."""

UNDONE = frozenset({"snooze", "assign", "dismiss", "mute"})
"""What can be undone by `restore`."""
