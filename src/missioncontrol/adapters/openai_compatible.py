"""A model at an OpenAI-compatible endpoint, through pydantic-ai, with prices of genai-prices."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.work import Usage
from missioncontrol.extras import require_extra
from missioncontrol.ports.model import Completion, Message, Tool, ToolCall

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
    from pydantic_ai.models import ModelRequestParameters

URL, NAME, KEY = "MISSION_MODEL_URL", "MISSION_MODEL_NAME", "MISSION_MODEL_KEY"
TRANSPORT_RETRIES_MAX = 2
REASON_LENGTH_MAX = 300
CALLERS_FAULT = frozenset({400, 401, 402, 403, 404, 405, 413, 422})
MICRO = 1_000_000
OUTPUT_TOKENS_MAX = 16_384
"""Sent with each request, because the most that an answer can cost has to be known before."""


class Endpoint(msgspec.Struct, frozen=True):
    """The address, name and key of a model."""

    url: str
    name: str
    key: str = ""

    def __repr__(self) -> str:
        """Leave the key out: representations end up in logs."""
        return f"Endpoint({self.url!r}, {self.name!r})"


def endpoint_from(environment: Mapping[str, str] | None = None) -> Endpoint | None:
    """Return the configured endpoint; None if neither address nor name is set.

    Raises:
        Rejected: only one of the two is set.
    """
    given = os.environ if environment is None else environment
    url, name = given.get(URL, "").strip(), given.get(NAME, "").strip()
    if not url and not name:
        return None
    if not (url and name):
        missing = NAME if url else URL
        raise Rejected("model.incomplete", f"{missing} is not set.", hint=f"Set {URL} and {NAME}.")
    if not url.startswith(("http://", "https://")):
        raise Rejected("model.bad_address", f"{URL} is {url!r}, which is not an http address.")
    return Endpoint(url, name, given.get(KEY, "").strip())


class OpenAICompatible:
    """Implements `Model` for one endpoint."""

    def __init__(self, endpoint: Endpoint, *, output_tokens_max: int = OUTPUT_TOKENS_MAX) -> None:
        """Check that the required packages are installed.

        Raises:
            Rejected: the `model` extra is not installed.
        """
        _require_extra()
        self._endpoint = endpoint
        self._output_tokens_max = output_tokens_max

    @property
    def name(self) -> str:
        return self._endpoint.name

    @property
    def output_tokens_max(self) -> int:
        return self._output_tokens_max

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], seconds: float
    ) -> Completion:
        """Ask once; retry transport errors at most twice within `seconds`."""
        return self.complete_with_tools(messages, schema, (), seconds)

    def complete_with_tools(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        tools: Sequence[Tool],
        seconds: float,
    ) -> Completion:
        try:
            response = asyncio.run(self._ask(messages, schema, tools, seconds))
        except TimeoutError as late:
            raise Unavailable(
                "model.late",
                f"The model {self._endpoint.name!r} did not answer within {seconds:.0f} seconds.",
                hint="Allow more time or choose a faster model.",
            ) from late
        return Completion(
            response.text or "",
            self._usage(response),
            response.model_name or "",
            tuple(_call(each) for each in response.tool_calls),
        )

    async def _ask(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        tools: Sequence[Tool],
        seconds: float,
    ) -> "ModelResponse":
        from openai import AsyncOpenAI
        from pydantic_ai.direct import model_request
        from pydantic_ai.exceptions import AgentRunError
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        async with asyncio.timeout(seconds):
            # Many local servers need no key, but the client requires one.
            async with AsyncOpenAI(
                base_url=self._endpoint.url,
                api_key=self._endpoint.key or "none",
                max_retries=TRANSPORT_RETRIES_MAX,
                timeout=seconds,
            ) as client:
                provider = OpenAIProvider(openai_client=client)
                model = OpenAIChatModel(self._endpoint.name, provider=provider)
                try:
                    return await model_request(
                        model,
                        _conversation(messages, schema),
                        model_settings={"max_tokens": self._output_tokens_max},
                        model_request_parameters=_offered(tools),
                    )
                except AgentRunError as error:
                    raise self._refusal(error) from None

    def _refusal(self, error: Exception) -> Rejected | Unavailable:
        """Return the error without the key, which some endpoints repeat in their response."""
        status = getattr(error, "status_code", 0)
        words = " ".join(str(error).split())
        if self._endpoint.key:
            words = words.replace(self._endpoint.key, "…")
        reason = f"The endpoint {self._endpoint.url} failed: {words[:REASON_LENGTH_MAX]}"
        if status in CALLERS_FAULT:
            hint = f"Check {URL}, {NAME} and {KEY}."
            return Rejected("model.refused", reason, hint=hint)
        return Unavailable("model.unavailable", reason, hint="Try again later, or plan locally.")

    def _usage(self, response: "ModelResponse") -> Usage:
        return usage_of(response.usage, self._cost(response))

    def _cost(self, response: "ModelResponse") -> int | None:
        """Return micro-dollars; None if the endpoint or the model has no known price."""
        from genai_prices import calc_price

        if response.usage.unmeasured_requests or not response.usage.has_values():
            return None
        name = response.model_name or self._endpoint.name
        try:
            price = calc_price(response.usage, name, provider_api_url=self._endpoint.url)
        except (LookupError, ValueError):
            return None
        return round(price.total_price * MICRO)


def _require_extra() -> None:
    require_extra(
        "model",
        "The model that is configured",
        "pydantic_ai",
        "openai",
        code="model.not_installed",
        refuse=Rejected,
    )


def _conversation(messages: Sequence[Message], schema: Mapping[str, Any]) -> "list[ModelMessage]":
    """Convert messages; send the schema as text, which every compatible server understands."""
    from pydantic_ai.messages import (
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        UserPromptPart,
    )

    shape = (
        f"Answer with one JSON object of this JSON Schema and nothing else:\n{json.dumps(schema)}"
    )
    found: list[ModelMessage] = [ModelRequest(parts=[SystemPromptPart(shape)])]
    for message in messages:
        if message.calls or message.answers:
            found.append(_of_tools(message))
            continue
        match message.role:
            case "system":
                found.append(ModelRequest(parts=[SystemPromptPart(message.text)]))
            case "user":
                found.append(ModelRequest(parts=[UserPromptPart(message.text)]))
            case "assistant":
                found.append(ModelResponse(parts=[TextPart(message.text)]))
    return found


def _of_tools(message: Message) -> "ModelMessage":
    """Convert tool calls or their answers."""
    from pydantic_ai.messages import (
        ModelRequest,
        ModelResponse,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
    )

    if message.answers:
        answers = [
            ToolReturnPart(each.name, each.text, tool_call_id=each.id) for each in message.answers
        ]
        return ModelRequest(parts=answers)
    texts = [TextPart(message.text)] if message.text else []
    calls = [ToolCallPart(each.name, each.arguments, each.id) for each in message.calls]
    return ModelResponse(parts=[*texts, *calls])


def _offered(tools: Sequence[Tool]) -> "ModelRequestParameters":
    """Return the tools for a request; the model may still answer with text."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import ToolDefinition

    return ModelRequestParameters(
        function_tools=[
            ToolDefinition(
                name=each.name,
                parameters_json_schema=dict(each.schema),
                description=each.description,
            )
            for each in tools
        ]
    )


def _call(part: "ToolCallPart") -> ToolCall:
    """Return a call with parsed arguments, or with the text if it is not JSON."""
    given = part.args
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given or "{}")
        except (msgspec.DecodeError, RecursionError):
            return ToolCall(part.tool_call_id, part.tool_name, given)
    return ToolCall(part.tool_call_id, part.tool_name, given or {})


if TYPE_CHECKING:
    from pydantic_ai.usage import RequestUsage


def usage_of(used: "RequestUsage", cost: int | None) -> Usage:
    """Return the usage of one call; input includes tokens read from and written to a cache."""
    return Usage(
        used.input_tokens,
        used.cache_read_tokens,
        used.output_tokens,
        used.output_reasoning_tokens,
        cost,
        used.cache_write_tokens,
    )
