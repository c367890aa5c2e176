"""Approvals and questions as resources of the API: what waits for a person, and the answers."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.approvals import Spoken, Verb
from missioncontrol.application.queries import approvals as queries
from missioncontrol.application.queries import questions as asked
from missioncontrol.application.queries.approvals import ApprovalView
from missioncontrol.application.queries.questions import QuestionView
from missioncontrol.application.read_model import Present
from missioncontrol.application.tool_permissions import AnswerGiven
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.projections.approvals import ApprovalRow
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

REASON_MAX = 4_000
DEFERRED_MAX = 1e11

AnyRequest = Request[Principal, Any, Any]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_MAX)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Which = Annotated[
    Literal["open", "all"],
    QueryParameter(
        name="state", description="`open`: what waits, by urgency. `all`: every one, newest first."
    ),
]


Of = Annotated[str, QueryParameter(max_length=300, description="Only what waits of this run.")]


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's comment on an approval."""

    reason: Reason
    digest: Digest | None = None  # of what was shown; refused where something else is asked


class Agreed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A yes to exactly what was shown."""

    digest: Digest  # of what was shown; the answer is refused where something else is asked
    reason: Reason


class Refused(Word, frozen=True, forbid_unknown_fields=True):
    """A no, which is final."""


class Changes(Word, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Other inputs: the step that results from them needs a new approval."""

    inputs: dict[str, Any]  # all that the step is to have


class PutOff(Word, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Not now."""

    until: Annotated[float, msgspec.Meta(gt=0, le=DEFERRED_MAX)]  # seconds since the epoch


class HandedOn(Word, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A decision that a person delegates to another."""

    to: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a question is answered with."""

    answer: Any  # as the form of the question says


@get("/approvals", summary="List approvals", **needs("read"))
async def list_approvals(
    console: NamedDependency[Console],
    which: Which = "open",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
    run: Of = "",
) -> Page[ApprovalRow]:
    """Return what waits for a person by urgency: what ends first comes first, what is put off last.

    With `state=all` those that have their answer are there too, the newest first.
    """
    now = console.instruments.now
    if which == "open":
        return _by_urgency(queries.queue(console.present, now, run=run), cursor, limit)
    place = place_of(cursor, str)
    before = place[0] if place else ""
    found = queries.approvals(console.present, now, before=before, limit=limit + 1, run=run)
    more = cursor_of(found[limit - 1].id) if len(found) > limit else ""
    return Page(found[:limit], more)


def _by_urgency(rows: list[ApprovalRow], cursor: str, limit: int) -> Page[ApprovalRow]:
    place = place_of(cursor, bool, float, int, str)
    left = [row for row in rows if place is None or queries.urgency(row) > place]
    more = cursor_of(*queries.urgency(left[limit - 1])) if len(left) > limit else ""
    return Page(left[:limit], more)


@get("/approvals/{approval:str}", summary="An approval", responses=KNOWN, **needs("read"))
async def get_approval(
    request: AnyRequest, console: NamedDependency[Console], approval: FromPath[str]
) -> Response[ApprovalView]:
    """Return exactly what would run, why it needs a person, who may answer, and the answers."""
    found = await queries.approval_view(
        console.present, approval, console.instruments.now, actor=request.user.actor
    )
    return tagged(request, found, _tag(found, request))


def _tag(found: ApprovalView, request: AnyRequest) -> str:
    return tag_of(
        found.approval, found.state, len(found.history), found.objection_code, request.user.actor
    )


@get(
    "/approvals/{approval:str}/subject",
    summary="The bytes that an approval is bound to",
    media_type="application/json",
    responses={200: ResponseSpec(dict[str, Any], description="What would run.")},
    **needs("read"),
)
async def get_subject(
    present: NamedDependency[Present], approval: FromPath[str]
) -> Response[bytes]:
    """Return what would run in its canonical form (RFC 8785): its SHA-256 is the digest.

    Where secrets were redacted before it was stored, the digest can't be computed from it; the
    approval says so in `digest_fits`.
    """
    state = await queries.approval_of(present, approval)
    return Response(
        queries.signed_bytes(state),
        media_type="application/json",
        headers={"ETag": f'"{state.digest}"'},
    )


async def say(console: Console, request: AnyRequest, spoken: Spoken) -> ApprovalView:
    """Send the signed-in user's decision to the engine; return the approval as it is then.

    Raises:
        MissionControlError: as `Approvals.take`.
    """
    await console.ask(request, spoken)
    return await queries.approval_view(
        console.present, spoken.approval, console.instruments.now, actor=spoken.actor
    )


class Answering:
    """An approval that the signed-in user decides or comments on."""

    def __init__(self, request: AnyRequest, console: Console, approval: str) -> None:
        """Start without a decision."""
        self._request = request
        self._console = console
        self._approval = approval

    async def refuse_stale(self, if_match: str) -> None:
        """Refuse a decision about another state of the approval than the present one.

        Raises:
            Stale: `request.stale`.
        """
        found = await queries.approval_view(
            self._console.present,
            self._approval,
            self._console.instruments.now,
            actor=self._request.user.actor,
        )
        refuse_stale(if_match, _tag(found, self._request), f"Approval {self._approval!r}")

    async def say(self, verb: Verb, data: Word | Agreed, **more: Any) -> ApprovalView:
        """Send the decision to the engine; raises as `say` does."""
        digest, actor = data.digest or "", self._request.user.actor
        typed = digest if verb == "approve" else ""
        spoken = Spoken(verb, self._approval, actor, data.reason, digest, typed=typed, **more)
        return await say(self._console, self._request, spoken)


async def answering(
    request: AnyRequest,
    console: NamedDependency[Console],
    approval: FromPath[str],
    if_match: IfMatch = "",
) -> Answering:
    """Return the approval in the path, for a decision about it."""
    found = Answering(request, console, approval)
    if if_match:
        await found.refuse_stale(if_match)
    return found


ANSWER: Mapping[str, Any] = {
    "status_code": 200,
    "responses": CHANGED,
    "dependencies": {"answering": Provide(answering)},
}
"""Options that all routes which decide or comment share."""


@post("/approvals/{approval:str}/approve", summary="Agree", **ANSWER, **needs("approve"))
async def approve(answering: NamedDependency[Answering], data: JSONBody[Agreed]) -> ApprovalView:
    """Agree to exactly what was shown, as one person of those who have to."""
    return await answering.say("approve", data)


@post("/approvals/{approval:str}/reject", summary="Reject", **ANSWER, **needs("approve"))
async def reject(answering: NamedDependency[Answering], data: JSONBody[Refused]) -> ApprovalView:
    """Say no, finally: the step fails."""
    return await answering.say("reject", data)


@post(
    "/approvals/{approval:str}/request-changes",
    summary="Ask for other inputs",
    **ANSWER,
    **needs("approve"),
)
async def request_changes(
    answering: NamedDependency[Answering], data: JSONBody[Changes]
) -> ApprovalView:
    """Ask for other inputs: another person then decides about exactly those."""
    return await answering.say("request-changes", data, inputs=data.inputs)


@post("/approvals/{approval:str}/defer", summary="Put off", **ANSWER, **needs("approve"))
async def defer(answering: NamedDependency[Answering], data: JSONBody[PutOff]) -> ApprovalView:
    """Put the answer off until a time before it expires."""
    return await answering.say("defer", data, until=data.until)


@post(
    "/approvals/{approval:str}/delegate",
    summary="Give one's say away",
    **ANSWER,
    **needs("approve"),
)
async def delegate(answering: NamedDependency[Answering], data: JSONBody[HandedOn]) -> ApprovalView:
    """Delegate the decision to another person."""
    return await answering.say("delegate", data, to=data.to)


@post(
    "/approvals/{approval:str}/withdraw",
    summary="Take the question back",
    **ANSWER,
    **needs("operate"),
)
async def withdraw(answering: NamedDependency[Answering], data: JSONBody[Refused]) -> ApprovalView:
    """Take the question back, as its author."""
    return await answering.say("withdraw", data)


@get("/questions", summary="List questions", **needs("read"))
async def list_questions(
    present: NamedDependency[Present], cursor: Cursor = "", limit: Limit = LIMIT, run: Of = ""
) -> Page[QuestionView]:
    """Return what steps ask people now, the oldest first."""
    place = place_of(cursor, float, str)
    rows = [row for row in asked.questions(present, run=run) if not place or _place(row) > place]
    more = cursor_of(*_place(rows[limit - 1])) if len(rows) > limit else ""
    return Page(rows[:limit], more)


def _place(row: QuestionView) -> tuple[float, str]:
    return row.since, row.question


@get("/questions/{question:str}", summary="A question", responses=KNOWN, **needs("read"))
async def get_question(
    request: AnyRequest, present: NamedDependency[Present], question: FromPath[str]
) -> Response[QuestionView]:
    """Return what is asked, in which form it is to be answered, and the answer where there is."""
    found = asked.question_view(present, question)
    return tagged(request, found, tag_of(found.question, found.is_open, found.by))


@post(
    "/questions/{question:str}/answer",
    status_code=200,
    summary="Answer a question",
    **needs("approve"),
)
async def answer_question(
    request: AnyRequest,
    console: NamedDependency[Console],
    question: FromPath[str],
    data: JSONBody[Answer],
) -> QuestionView:
    """Answer, as a person, in the form that was asked for; the step goes on."""
    await give_answer(console, request, question, data.answer)
    return asked.question_view(console.present, question)


async def give_answer(console: Console, request: AnyRequest, question: str, answer: Any) -> None:
    """Send an answer to the engine.

    Raises:
        NotFound: `question.unknown`.
        Rejected: as `Permits.answer`.
    """
    form = asked.question_view(console.present, question).form
    if problem := console.instruments.misfit(answer, form):
        raise Rejected(
            "question.bad_answer",
            f"The answer does not fit: {problem}.",
            hint="The form of the question says what does.",
        )
    await console.ask(request, AnswerGiven(question, answer))


HANDLERS: list[Any] = [
    list_approvals,
    get_approval,
    get_subject,
    approve,
    reject,
    request_changes,
    defer,
    delegate,
    withdraw,
    list_questions,
    get_question,
    answer_question,
]
