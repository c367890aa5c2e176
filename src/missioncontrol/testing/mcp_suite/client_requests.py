"""Tools and a prompt that ask the client: on the way, and by results that want input."""

from typing import Annotated, Any, Literal

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Elicit, Resolve, Sample
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequests,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel, Field

from missioncontrol.mcp.server import Ctx

STATE = "asked"
"""What a tool keeps between two rounds; it is sealed before it leaves."""


# By requests on the way.


def _sampled(prompt: str) -> Sample:
    return Sample([_message(prompt)], max_tokens=100)


def test_sampling(prompt: str, reply: Annotated[CreateMessageResult, Resolve(_sampled)]) -> str:
    """Ask the model of the client."""
    del prompt
    return f"LLM response: {reply.content.text if isinstance(reply.content, TextContent) else ''}"


class Reply(BaseModel):
    """The form of a question to the user."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Defaults(BaseModel):
    """The form of a question to the user, with defaults for empty fields."""

    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


def _titled(word: str) -> list[dict[str, str]]:
    return [
        {"const": f"value{number}", "title": f"{nth} {word}"}
        for number, nth in enumerate(("First", "Second", "Third"), 1)
    ]


def _one(**more: Any) -> Any:
    return Field(json_schema_extra=more)


def _several(**items: Any) -> Any:
    return Field(json_schema_extra={"items": items})


class Choices(BaseModel):
    """The choices offered to the user, in each way to declare them."""

    untitledSingle: str = _one(enum=["option1", "option2", "option3"])
    titledSingle: str = _one(oneOf=_titled("Option"))
    legacyEnum: str = _one(
        enum=["opt1", "opt2", "opt3"], enumNames=["Option One", "Option Two", "Option Three"]
    )
    untitledMulti: list[str] = _several(type="string", enum=["option1", "option2", "option3"])
    titledMulti: list[str] = _several(anyOf=_titled("Choice"))


def _replied(message: str) -> Elicit[Reply]:
    return Elicit(message, Reply)


def _with_defaults() -> Elicit[Defaults]:
    return Elicit("Please look through these", Defaults)


def _chosen() -> Elicit[Choices]:
    return Elicit("Please choose", Choices)


def test_elicitation(
    message: str, reply: Annotated[ElicitationResult[Reply], Resolve(_replied)]
) -> str:
    """Ask the user."""
    del message
    return _outcome("User response", reply)


def test_elicitation_sep1034_defaults(
    reply: Annotated[ElicitationResult[Defaults], Resolve(_with_defaults)],
) -> str:
    """Ask the user, who may leave everything as it is."""
    return _outcome("Elicitation completed", reply)


def test_elicitation_sep1330_enums(
    reply: Annotated[ElicitationResult[Choices], Resolve(_chosen)],
) -> str:
    """Offer the user a choice."""
    return _outcome("Elicitation completed", reply)


def _outcome(what: str, reply: Any) -> str:
    content = reply.data.model_dump_json() if isinstance(reply, AcceptedElicitation) else "{}"
    return f"{what}: action={reply.action}, content={content}"


# By results that want input.


def _message(text: str) -> SamplingMessage:
    return SamplingMessage(role="user", content=TextContent(type="text", text=text))


def _sample(text: str, tokens: int = 100) -> CreateMessageRequest:
    asked = CreateMessageRequestParams(messages=[_message(text)], max_tokens=tokens)
    return CreateMessageRequest(params=asked)


def form(message: str, field: str, kind: str = "string") -> ElicitRequest:
    """Return a request that asks the user for one field."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _wants(state: str | None = None, **asked: Any) -> InputRequiredResult:
    requests: InputRequests = asked
    return InputRequiredResult(input_requests=requests, request_state=state)


def answer_field(ctx: Ctx, name: str, field: str) -> Any:
    """Return what the user put into a requested field; None where they did not."""
    answer = (ctx.input_responses or {}).get(name)
    return (answer.content or {}).get(field) if isinstance(answer, ElicitResult) else None


NAME = form("What is your name?", "name")


def test_input_required_result_elicitation(ctx: Ctx) -> str | InputRequiredResult:
    """Ask for a name, and greet."""
    name = answer_field(ctx, "user_name", "name")
    return f"Hello, {name}!" if name else _wants(user_name=NAME)


def test_streaming_elicitation(ctx: Ctx) -> str | InputRequiredResult:
    """Do the same, whatever it is called."""
    return test_input_required_result_elicitation(ctx)


def test_input_required_result_sampling(ctx: Ctx) -> str | InputRequiredResult:
    """Ask a model."""
    answer = (ctx.input_responses or {}).get("capital_question")
    if isinstance(answer, CreateMessageResult) and isinstance(answer.content, TextContent):
        return answer.content.text
    return _wants(capital_question=_sample("What is the capital of France?"))


def test_input_required_result_list_roots(ctx: Ctx) -> str | InputRequiredResult:
    """Ask for roots."""
    answer = (ctx.input_responses or {}).get("client_roots")
    if isinstance(answer, ListRootsResult):
        return ", ".join(str(root.uri) for root in answer.roots)
    return _wants(client_roots=ListRootsRequest())


def _confirmed(ctx: Ctx, word: str) -> str | InputRequiredResult:
    if ctx.request_state == STATE and answer_field(ctx, "confirm", "ok"):
        return word
    return _wants(STATE, confirm=form("Please confirm", "ok", "boolean"))


def test_input_required_result_request_state(ctx: Ctx) -> str | InputRequiredResult:
    """Ask for a yes, and know that it is the answer."""
    return _confirmed(ctx, "state-ok")


def test_input_required_result_tampered_state(ctx: Ctx) -> str | InputRequiredResult:
    """Ask for a yes, and take none to another question."""
    return _confirmed(ctx, "integrity-ok")


def test_input_required_result_multiple_inputs(ctx: Ctx) -> str | InputRequiredResult:
    """Ask for three things at once."""
    if ctx.request_state == STATE and len(ctx.input_responses or {}) >= 3:
        return "All three were answered."
    return _wants(
        STATE,
        user_name=NAME,
        greeting=_sample("Generate a greeting", 50),
        client_roots=ListRootsRequest(),
    )


def test_input_required_result_multi_round(ctx: Ctx) -> str | InputRequiredResult:
    """Ask for one thing after the other."""
    if ctx.request_state == "second" and answer_field(ctx, "step2", "color"):
        return "Both were answered."
    if ctx.request_state == "first" and answer_field(ctx, "step1", "name"):
        return _wants("second", step2=form("Step 2: What is your favorite color?", "color"))
    return _wants("first", step1=form("Step 1: What is your name?", "name"))


def test_input_required_result_capabilities(ctx: Ctx) -> str | InputRequiredResult:
    """Ask only by what the client is able to."""
    able = ctx.client_capabilities
    asked: dict[str, Any] = {}
    if able is not None and able.elicitation is not None:
        asked["form"] = NAME
    if able is not None and able.sampling is not None:
        asked["sample"] = _sample("Say something", 50)
    return _wants(**asked) if asked and not ctx.input_responses else "Nothing is asked."


def test_input_required_result_prompt(ctx: Ctx) -> str | InputRequiredResult:
    """A prompt that asks what it is about."""
    context = answer_field(ctx, "user_context", "context")
    if context:
        return f"Prompt with context: {context}"
    return _wants(user_context=form("What context should the prompt use?", "context"))


ASKING = (
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_input_required_result_elicitation,
    test_streaming_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)
PROMPTS = (test_input_required_result_prompt,)
