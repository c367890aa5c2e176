"""A model whose calls are admitted before, counted after, and retried."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec
from pydantic_ai import RunContext
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelServerError,
    ModelUnavailableError,
)
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings as CallSettings
from pydantic_ai.usage import RequestUsage

from missioncontrol.adapters.openai_compatible import usage_of
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import Line

T = TypeVar("T")

PAUSE_SECONDS = 0.5
"""Before the second try; doubles with each further try."""

PAUSE_SECONDS_MAX = 120.0
BYTES_A_TOKEN = 3
"""Estimate for a stream that broke off before it reported usage. Most texts have more."""

TRANSIENT_ERRORS = (
    ModelRateLimitError,
    ModelUnavailableError,
    ModelServerError,
    ModelConnectionError,
)


class MeteredModel(WrapperModel):
    """The model of one attempt. It counts nothing if a gateway does."""

    def __init__(
        self, wrapped: Model, line: Line, name: str, *, output_tokens_max: int, tries: int
    ) -> None:
        """`name` is the model in the price list; if empty, nothing is counted."""
        super().__init__(wrapped)
        self._line = line
        self._name = name
        self._output_tokens_max = output_tokens_max
        self._tries = tries

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: CallSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Request a complete answer."""
        most = _bytes(messages, model_request_parameters)
        response = await self._retry(
            most,
            lambda: self.wrapped.request(messages, model_settings, model_request_parameters),
        )
        self._count(response.usage, most, _bytes_of_answer(response))
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: CallSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Stream an answer; its usage counts even if the stream breaks off."""
        most = _bytes(messages, model_request_parameters)
        async with AsyncExitStack() as stack:
            stream = await self._retry(
                most,
                lambda: stack.enter_async_context(
                    self.wrapped.request_stream(
                        messages, model_settings, model_request_parameters, run_context
                    )
                ),
            )
            try:
                yield stream
            finally:
                self._count(stream.usage, most, _bytes_of_answer(stream.get()))

    async def _retry(self, most: int, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, and retry transient errors; each try is admitted separately."""
        for number in range(1, self._tries + 1):
            await self._admit(most)
            try:
                return await call()
            except asyncio.CancelledError:
                self._count(
                    RequestUsage(), most, 0
                )  # The request was sent, and its usage stays unknown.
                raise
            except ModelAPIError as error:
                pause = _pause(error, number)
                if number == self._tries or not is_transient(error) or pause > PAUSE_SECONDS_MAX:
                    raise
                why = type(error).__name__
                self._line.log("warning", f"The model failed ({why}); retrying in {pause:g} s.")
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _admit(self, most: int) -> None:
        if self._name:
            await self._line.admit(
                self._name, input_tokens=most, output_tokens=self._output_tokens_max
            )

    def _count(self, used: RequestUsage, most: int, answered: int) -> None:
        if not self._name:
            return
        if used.unmeasured_requests or not used.has_values():
            # The endpoint reported nothing; this estimate is rather too high.
            usage = Usage(most // BYTES_A_TOKEN, 0, answered // BYTES_A_TOKEN, cost=None)
        else:
            usage = usage_of(used, None)
        self._line.usage(usage, model=self._name)


def is_transient(error: ModelAPIError) -> bool:
    """Whether the same call may succeed later."""
    return isinstance(error, TRANSIENT_ERRORS) and not isinstance(error, ModelQuotaExceededError)


def _pause(error: ModelAPIError, number: int) -> float:
    """Return the seconds to wait: as the endpoint asks, at least the exponential backoff."""
    own: float = min(PAUSE_SECONDS * 2 ** (number - 1), PAUSE_SECONDS_MAX)
    headers = error.headers if isinstance(error, ModelHTTPError) else None
    asked: str = (headers or {}).get("retry-after", "").strip()
    if asked.replace(".", "", 1).isdigit():
        return max(float(asked), own)
    try:
        at = parsedate_to_datetime(asked)
        now = parsedate_to_datetime((headers or {}).get("date", ""))
        return max((at - now).total_seconds(), own)
    except (TypeError, ValueError, IndexError):
        return own


def _bytes(messages: list[ModelMessage], parameters: ModelRequestParameters) -> int:
    """Return the most input tokens of a call: no tokenizer makes more tokens than bytes."""
    tools = [*parameters.function_tools, *parameters.output_tools]
    schemas = [(tool.name, tool.description, tool.parameters_json_schema) for tool in tools]
    size = len(ModelMessagesTypeAdapter.dump_json(messages)) + len(msgspec.json.encode(schemas))
    return size + len(msgspec.json.encode(getattr(parameters.output_object, "json_schema", None)))


def _bytes_of_answer(response: ModelResponse) -> int:
    return len(ModelMessagesTypeAdapter.dump_json([response]))
