"""The pages of approvals: the queue by urgency beside exactly what would run, and the answers."""

from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter, URLEncodedBody

from missioncontrol.application.approvals import Spoken, Verb
from missioncontrol.application.inbox.requests import distinct_inputs
from missioncontrol.application.queries import approvals as queries
from missioncontrol.application.queries import questions as asked
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.approvals import give_answer, say
from missioncontrol.interfaces.api.elevations import waiting_and_given
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.approval_forms import (
    fields_of,
    filled,
    inputs_of,
    parse_json,
    until_of,
)
from missioncontrol.interfaces.web.approval_view import detail, of_run
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
    return fragment(request, TEMPLATE, "queue", **await _queue(request, console, current, run))


@get("/approvals/parts/heading", include_in_schema=False, **needs("read"))
async def heading_part(
    request: AnyRequest, console: NamedDependency[Console], run: Id = ""
) -> Response[str]:
    """Say again how much waits."""
    return fragment(request, TEMPLATE, "heading", **await _queue(request, console, "", run))


@get("/approvals/{approval:str}/notice", include_in_schema=False, **needs("read"))
async def notice_part(
    request: AnyRequest, console: NamedDependency[Console], approval: FromPath[str], run: Id = ""
) -> Response[str]:
    """Show what became of an approval since the user opened it."""
    return fragment(request, TEMPLATE, "notice", **await detail(request, console, approval, run))


async def _page(request: AnyRequest, console: Console, approval: str, run: str) -> Response[str]:
    """Show the queue beside one approval, by default the most urgent."""
    queue = await _queue(request, console, approval, run)
    values = {**queue, "typed": "", "approval": None, "refusal": None}
    if not approval and values["rows"]:
        approval = values["current"] = values["rows"][0].id
    if approval:
        values |= await detail(request, console, approval, run)
    title = values["approval"].title[:100] if values["approval"] else ""
    apart = values["distinct"].get(values["current"], "")
    title = " · ".join(filter(None, (title, apart, "Approvals")))
    return page(request, TEMPLATE, title=title, area="approvals", **values)


async def _queue(request: AnyRequest, console: Console, current: str, run: str) -> dict[str, Any]:
    now = console.instruments.now
    rows = queries.queue(console.present, now, run=run)
    # A wider mode is an agent's, and of no run.
    wider = [] if run else waiting_and_given(request, console)
    wishes = [each for each in wider if each.state == "waiting"]
    asked_at = [*(row.requested for row in rows), *(each.asked for each in wishes)]
    return {
        "rows": rows[:SHOWN_MAX],
        "distinct": await distinct_inputs(console.present, rows[:SHOWN_MAX]),
        "waiting": len(rows),
        "questions": asked.questions(console.present, run=run),
        "wishes": wishes[:SHOWN_MAX],
        "decided": queries.decided(console.present, now, run=run),
        "current": current,
        "oldest": min(asked_at, default=0.0),
        **of_run(run),
    }


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
        values = await detail(request, console, spoken.approval, run)
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
    return moved(request, f"/approvals{of_run(run)['of']}")


@get("/questions/{question:str}", include_in_schema=False, **needs("read"))
async def question_page(
    request: AnyRequest, console: NamedDependency[Console], question: FromPath[str]
) -> Response[str]:
    """Show what a step asks, with a form for the answer."""
    found = asked.question_view(console.present, question)
    values: dict[str, Any] = {"question": found, "fields": fields_of(found.form)}
    return page(request, "approvals/question.html", title=found.title, area="approvals", **values)


@post(
    "/questions/{question:str}/answer", include_in_schema=False, status_code=200, **needs("approve")
)
async def answer(
    request: AnyRequest, console: NamedDependency[Console], question: FromPath[str], data: Form
) -> Response[Any]:
    """Answer by the fields of its form, or as JSON."""
    found = asked.question_view(console.present, question)
    fields = fields_of(found.form)
    given = parse_json(data.get("answer", "")) if fields is None else filled(fields, data)
    await give_answer(console, request, question, given)
    return moved(request, "/approvals")


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
