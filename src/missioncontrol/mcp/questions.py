"""Tools for questions of steps: what is asked, and a person's answer at the client."""

from typing import Annotated, Any, TypedDict

import msgspec
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from missioncontrol.application.queries.questions import QuestionView
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.visible import visible
from missioncontrol.mcp.bounds import Cursor, Limit, bounded
from missioncontrol.mcp.elicitation import refuse_unasked
from missioncontrol.mcp.server import Ctx, client_of, reach_of

ANSWER_MAX = 16_000


class Reply(BaseModel):
    """What a person is asked."""

    answer: str = Field(
        min_length=1,
        max_length=ANSWER_MAX,
        description="As JSON, in the form that is asked for; what is no JSON is read as text.",
    )


class Answered(TypedDict):
    """What came of asking the person."""

    question: str
    told: bool  # whether the person's answer was sent to the home
    words: str


async def list_questions(
    ctx: Ctx,
    run: Annotated[str, Field(max_length=300, description="Only of this run.")] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List what steps ask people now, the oldest first, each with the form of its answer."""
    async with client_of(ctx) as client:
        return bounded(await client.approvals.questions(run=run).page(cursor, limit))


async def _looked(
    question: Annotated[str, Field(max_length=300, description="Id of a question: question-….")],
    ctx: Ctx,
) -> QuestionView:
    """Return what a person is asked, where they may answer and can be asked here.

    Raises:
        Forbidden: `permission.missing`.
        NotFound: `question.unknown`, also where its answer is no longer needed.
        Rejected: `approval.by_agent`, `mcp.no_elicitation`, `mcp.too_long`.
    """
    reach_of(ctx).refuse_agents_at_work()
    reach_of(ctx).refuse_without("approve", ctx)
    async with client_of(ctx) as client:
        async for each in client.approvals.questions():
            if each.question == question:
                refuse_unasked(ctx, _question_text(each), hint=_other_ways(question))
                return each
    raise NotFound(
        "question.unknown",
        f"No step waits for the answer to {question!r}.",
        hint="`list_questions` names those that wait.",
    )


def _reply(found: Annotated[QuestionView, Resolve(_looked)]) -> Elicit[Reply]:
    return Elicit(_question_text(found), Reply)


async def answer_question(
    ctx: Ctx,
    question: Annotated[str, Field(max_length=300, description="Id of a question: question-….")],
    found: Annotated[QuestionView, Resolve(_looked)],
    reply: Annotated[ElicitationResult[Reply], Resolve(_reply)],
) -> Answered:
    """Put a question of a step before the person at this client, and tell their answer.

    Only a person answers. A client that can't ask one is refused.
    """
    del found
    if not isinstance(reply, AcceptedElicitation):
        words = "The user of the client did not answer, and it waits as before."
        return Answered(question=question, told=False, words=words)
    async with client_of(ctx) as client:
        await client.approvals.answer(question, _read(reply.data.answer))
    return Answered(question=question, told=True, words="The answer is recorded; the step goes on.")


def _question_text(found: QuestionView) -> str:
    """Return what a person reads; the same as long as the same is asked."""
    to = f" For {', '.join(found.to)}." if found.to else ""
    lines = [f"{found.title} (step {found.step} of {found.run}){to}"]
    for name, value in found.detail.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        lines += [f"{name}: {text}"]
    form = f"Form of the answer: {msgspec.json.encode(found.form, order='sorted').decode()}"
    return "\n".join(visible(part) for line in [*lines, form] for part in line.split("\n"))


def _read(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _other_ways(question: str) -> str:
    return (
        f"A person reads it with `mission questions show {question}` and answers with "
        "`mission questions answer`, or on the console."
    )
