"""The pages of approvals: the queue by urgency beside exactly what would run, and the answers."""

import shlex
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody

from missioncontrol.application.access import second_look_of
from missioncontrol.application.approvals import Spoken, Verb
from missioncontrol.application.queries import approvals as queries
from missioncontrol.application.queries import questions as asked
from missioncontrol.application.queries.approvals import ApprovalView
from missioncontrol.domain.approval.commands import SecondLook, Who
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.visible import one_line, suspicious
from missioncontrol.interfaces.api.approvals import give_answer, say
from missioncontrol.interfaces.api.elevations import waiting_and_given
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import answered, fragment, moved, page

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
Id = Annotated[str, QueryParameter(max_length=300)]

AS_SHOWN = "Approved as shown."
TEMPLATE = "approvals/page.html"
SHOWN_MAX = 200
"""Of the queue, on a page; the most urgent are what anybody would begin with."""

OVERTAKEN = frozenset({"approval.decided", "approval.expired", "approval.changed"})
"""Refusals after which the page shows what is asked now instead."""


@get("/approvals", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest, console: NamedDependency[Console], run: Id = ""
) -> Response[str]:
    """Show what waits for a person, with the most urgent of it open."""
    return await _page(request, console, "", run)


@get("/approvals/{approval:str}", include_in_schema=False, **needs("read"))
async def approval_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    approval: FromPath[str],
    run: Id = "",
) -> Response[str]:
    """Show one approval beside the queue."""
    return await _page(request, console, approval, run)


@get("/approvals/parts/queue", include_in_schema=False, **needs("read"))
async def queue_part(
    request: AnyRequest, console: NamedDependency[Console], current: Id = "", run: Id = ""
) -> Response[str]:
    """Show the queue again after a request or an answer."""
    return fragment(request, TEMPLATE, "queue", **_queue(request, console, current, run))


@get("/approvals/parts/heading", include_in_schema=False, **needs("read"))
async def heading_part(
    request: AnyRequest, console: NamedDependency[Console], run: Id = ""
) -> Response[str]:
    """Say again how much waits."""
    return fragment(request, TEMPLATE, "heading", **_queue(request, console, "", run))


@get("/approvals/{approval:str}/notice", include_in_schema=False, **needs("read"))
async def notice_part(
    request: AnyRequest, console: NamedDependency[Console], approval: FromPath[str], run: Id = ""
) -> Response[str]:
    """Show what became of an approval since the user opened it."""
    return fragment(request, TEMPLATE, "notice", **await _detail(request, console, approval, run))


async def _page(request: AnyRequest, console: Console, approval: str, run: str) -> Response[str]:
    """Show the queue beside one approval, by default the most urgent."""
    queue = _queue(request, console, approval, run)
    values = {**queue, "typed": "", "approval": None, "refusal": None}
    if not approval and values["rows"]:
        approval = values["current"] = values["rows"][0].id
    if approval:
        values |= await _detail(request, console, approval, run)
    return page(request, TEMPLATE, title="Approvals", area="approvals", **values)


def _queue(request: AnyRequest, console: Console, current: str, run: str) -> dict[str, Any]:
    now = console.instruments.now
    rows = queries.queue(console.present, now, run=run)
    # A wider mode is an agent's, and of no run.
    wider = [] if run else waiting_and_given(request, console)
    wishes = [each for each in wider if each.state == "waiting"]
    asked_at = [*(row.requested for row in rows), *(each.asked for each in wishes)]
    return {
        "rows": rows[:SHOWN_MAX],
        "waiting": len(rows),
        "questions": asked.questions(console.present, run=run),
        "wishes": wishes[:SHOWN_MAX],
        "decided": queries.decided(console.present, now, run=run),
        "current": current,
        "oldest": min(asked_at, default=0.0),
        **_of(run),
    }


def _of(run: str) -> dict[str, str]:
    """Return the run whose approvals alone are shown, and what addresses say of it."""
    return {"run": run, "of": f"?{urlencode({'run': run})}" if run else ""}


async def _detail(request: AnyRequest, console: Console, approval: str, run: str) -> dict[str, Any]:
    look = await _second_look(console, request.user)
    found = await queries.approval_view(
        console.present, approval, console.instruments.now, actor=request.user.actor, look=look
    )
    newer = await _newer(console, found)
    return {
        "approval": found,
        "exactly": queries.shown(found.subject),
        "command": command_of(found.subject),
        "inputs": editable(found.subject.get("inputs", {})),
        "newer": newer,
        "is_second_look": look.is_alone and person(request.user.actor) in _writers(found),
        "changed": queries.changes_between(found.subject, newer.subject) if newer else [],
        "refusal": None,
        "typed": "",
        "deciders": await _deciders(console, found, request.user),
        **_of(run),
    }


async def _second_look(console: Console, who: Principal) -> SecondLook:
    """Return whether who looks is alone here, and may approve what they wrote."""
    access = await console.people.access()
    return second_look_of(access, Who(who.actor), console.people.owner)


def _writers(found: ApprovalView) -> set[str]:
    """Return those who wrote what is to run, as far as names say it."""
    return {person(each) for each in (found.author, found.on_behalf, *found.edited_by)}


async def _deciders(console: Console, found: ApprovalView, who: Principal) -> list[str]:
    """Return who else here could decide in place of the user."""
    if not found.is_open or not who.may("approve"):
        return []
    people = console.people
    access = await people.access()
    names = {people.owner, *(user.name for user in access.users.values())}
    barred = {person(each) for each in (who.actor, found.author, found.on_behalf)}
    return sorted(
        name
        for name in names
        if person(name) not in barred and "approve" in access.permissions_of(name, people.owner)
    )


async def _newer(console: Console, found: ApprovalView) -> ApprovalView | None:
    """Return the question that took the place of one which is closed, where there is one."""
    if found.is_open:
        return None
    now = console.instruments.now
    same = (
        row
        for row in queries.queue(console.present, now, run=found.run)
        if row.step == found.step and row.id > found.approval
    )
    row = next(same, None)
    return None if row is None else await queries.approval_view(console.present, row.id, now)


def editable(inputs: Any) -> str:
    """Return inputs as JSON to be changed: what hides, imitates or reorders text is escaped."""
    text = msgspec.json.format(msgspec.json.encode(inputs), indent=2).decode()
    odd = {oddity.at for oddity in suspicious(text)}
    return "".join(_escaped(each) if at in odd else each for at, each in enumerate(text))


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def command_of(subject: dict[str, Any]) -> str:
    """Return the command line that would run, on one line with nothing hidden; else nothing."""
    inputs = subject.get("inputs")
    argv = inputs.get("argv") if isinstance(inputs, dict) else None
    if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
        return ""
    # A command of several lines is shown in full below; in one long line it is unreadable.
    return "" if any("\n" in word for word in argv) else one_line(shlex.join(argv))


Speaking = Literal["approve", "reject", "request-changes", "defer", "delegate"]


@post(
    "/approvals/{approval:str}/{verb:str}",
    include_in_schema=False,
    status_code=200,
    **needs("approve"),
)
async def answer_approval(
    request: AnyRequest,
    console: NamedDependency[Console],
    approval: FromPath[str],
    verb: FromPath[Speaking],
    data: Form,
) -> Response[Any]:
    """Agree to exactly the digest that the form was shown with, or say something else of it."""
    if verb == "approve" and not data.get("digest"):
        raise Rejected("approval.look_first", "The form does not say what was shown.")
    more = _more(verb, data, console.instruments.now)
    return await _answered(
        request, console, _parse_decision(request, verb, approval, data, **more), data
    )


@post(
    "/approvals/{approval:str}/withdraw",
    include_in_schema=False,
    status_code=200,
    **needs("operate"),
)
async def withdraw(
    request: AnyRequest, console: NamedDependency[Console], approval: FromPath[str], data: Form
) -> Response[Any]:
    """Take the question back."""
    return await _answered(
        request, console, _parse_decision(request, "withdraw", approval, data), data
    )


def _parse_decision(
    request: AnyRequest, verb: Verb, approval: str, data: dict[str, str], **more: Any
) -> Spoken:
    reason = data.get("reason", "").strip() or (AS_SHOWN if verb == "approve" else "")
    digest = data.get("digest", "")
    typed = data.get("typed", "").strip() if verb == "approve" else ""
    return Spoken(verb, approval, request.user.actor, reason, digest, typed=typed, **more)


def _more(verb: Speaking, data: dict[str, str], now: float) -> dict[str, Any]:
    """Return what a form says besides the reason.

    Raises:
        Rejected: `approval.bad_inputs` or `approval.bad_time`.
    """
    match verb:
        case "request-changes":
            return {"inputs": inputs_of(data.get("inputs", ""))}
        case "defer":
            return {"until": until_of(data.get("until", ""), data.get("at", ""), now)}
        case "delegate":
            return {"to": data.get("to", "").strip()}
    return {}


async def _answered(
    request: AnyRequest, console: Console, spoken: Spoken, data: dict[str, str]
) -> Response[Any]:
    """Send the decision to the engine; show the present state where another user was faster."""
    run = data.get("run", "")
    try:
        await say(console, request, spoken)
    except Rejected as refusal:
        if refusal.code not in OVERTAKEN:
            raise
        await console.present.catch_up()
        values = await _detail(request, console, spoken.approval, run)
        values |= {"refusal": refusal, "typed": data.get("reason", "")}
        return await answered(
            request,
            TEMPLATE,
            "detail",
            title="Another person was faster",
            area="approvals",
            back=("/approvals", "Approvals"),
            status=422,
            **values,
        )
    return moved(request, f"/approvals{_of(run)['of']}")


def inputs_of(text: str) -> dict[str, Any]:
    """Return inputs that were written as JSON.

    Raises:
        Rejected: `approval.bad_inputs`.
    """
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Rejected(
            "approval.bad_inputs",
            f"The inputs are not a JSON object: {error}.",
            hint='Write them as {"name": value}.',
        ) from None


def until_of(span: str, at: str, now: float) -> float:
    """Return the time that a form means: so long from `now`, or a date and time in UTC.

    Raises:
        Rejected: `approval.bad_time`.
    """
    if span != "at":
        seconds = seconds_of(span)
        if isinstance(seconds, float):
            return now + seconds
    try:
        return datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Rejected(
            "approval.bad_time",
            f"{(at or span)[:40]!r} is no time.",
            hint="Select a duration, or a date and time.",
        ) from None


@get("/questions/{question:str}", include_in_schema=False, **needs("read"))
async def question_page(
    request: AnyRequest, console: NamedDependency[Console], question: FromPath[str]
) -> Response[str]:
    """Show what a step asks, with a form for the answer."""
    found = asked.question_view(console.present, question)
    values: dict[str, Any] = {"question": found, "fields": fields_of(found.form)}
    return page(request, "approvals/question.html", title=found.title, area="approvals", **values)


def fields_of(form: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the fields of a flat form; None where its answer has to be typed as JSON."""
    properties = form.get("properties")
    if not isinstance(properties, dict) or not properties or len(properties) > 20:
        return None
    simple = ("string", "boolean", "number", "integer")
    fields = []
    for name, each in properties.items():
        kind = each.get("type", "string") if isinstance(each, dict) else ""
        if kind not in simple:
            return None
        fields.append(
            {
                "name": name,
                "label": str(each.get("title") or name),
                "hint": str(each.get("description") or ""),
                "kind": kind,
                "options": [str(one) for one in each.get("enum", ())][:50],
                "required": name in (form.get("required") or ()),
            }
        )
    return fields


@post(
    "/questions/{question:str}/answer", include_in_schema=False, status_code=200, **needs("approve")
)
async def answer(
    request: AnyRequest, console: NamedDependency[Console], question: FromPath[str], data: Form
) -> Response[Any]:
    """Answer by the fields of its form, or as JSON."""
    found = asked.question_view(console.present, question)
    fields = fields_of(found.form)
    given = _json(data.get("answer", "")) if fields is None else _filled(fields, data)
    await give_answer(console, request, question, given)
    return moved(request, "/approvals")


def _filled(fields: list[dict[str, Any]], data: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field in fields:
        name, text = field["name"], data.get(f"answer-{field['name']}", "")
        if field["kind"] == "boolean":
            given[name] = text == "on"
        elif text or field["required"]:
            given[name] = text if field["kind"] == "string" else _json(text)
    return given


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


HANDLERS: list[Any] = [
    list_page,
    queue_part,
    heading_part,
    approval_page,
    notice_part,
    answer_approval,
    withdraw,
    question_page,
    answer,
]
