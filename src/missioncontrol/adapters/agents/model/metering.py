"""A model whose every call is admitted before it is made, counted after it, and tried again."""

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

from missioncontrol.adapters.models.openai_compatible import usage_of
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import Line

T = TypeVar("T")

PAUSE_SECONDS = 0.5
"""Before the second try; it doubles with each."""

PAUSE_SECONDS_MAX = 120.0
BYTES_A_TOKEN = 3
"""Where a stream broke off before it said what it used. Most texts have more."""

TRANSIENT_ERRORS = (
    ModelRateLimitError,
    ModelUnavailableError,
    ModelServerError,
    ModelConnectionError,
)


class MeteredModel(WrapperModel):
    """Speaks for one attempt. Behind a gateway it counts nothing: the gateway does."""

    def __init__(
        self, wrapped: Model, line: Line, name: str, *, output_tokens_max: int, tries: int
    ) -> None:
        """`name` is the model as prices know it; without one nothing is counted."""
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
        """Ask for a whole answer."""
        most = _bytes(messages, model_request_parameters)
        response = await self._tried(
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
        """Ask for an answer as it comes; what it used counts also where it is cut off."""
        most = _bytes(messages, model_request_parameters)
        async with AsyncExitStack() as stack:
            stream = await self._tried(
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

    async def _tried(self, most: int, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, again where it failed in passing; each try is admitted by itself."""
        for number in range(1, self._tries + 1):
            await self._admit(most)
            try:
                return await call()
            except asyncio.CancelledError:
                self._count(RequestUsage(), most, 0)  # It was sent; nobody will tell what it took.
                raise
            except ModelAPIError as error:
                pause = _pause(error, number)
                if number == self._tries or not is_transient(error) or pause > PAUSE_SECONDS_MAX:
                    raise
                why = type(error).__name__
                self._line.log("warning", f"The model failed ({why}); again in {pause:g} s.")
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
            # Nobody said what it was. More than this it cannot have been by much.
            told = Usage(most // BYTES_A_TOKEN, 0, answered // BYTES_A_TOKEN, cost=None)
        else:
            told = usage_of(used, None)
        self._line.usage(told, model=self._name)


def is_transient(error: ModelAPIError) -> bool:
    """Whether the same call may succeed a little later."""
    return isinstance(error, TRANSIENT_ERRORS) and not isinstance(error, ModelQuotaExceededError)


def _pause(error: ModelAPIError, number: int) -> float:
    """Return the seconds to wait: what the endpoint asks for, else a little more each time."""
    own: float = min(PAUSE_SECONDS * 2 ** (number - 1), PAUSE_SECONDS_MAX)
    headers = error.headers if isinstance(error, ModelHTTPError) else None
    told: str = (headers or {}).get("retry-after", "").strip()
    if told.replace(".", "", 1).isdigit():
        return max(float(told), own)
    try:
        at = parsedate_to_datetime(told)
        now = parsedate_to_datetime((headers or {}).get("date", ""))
        return max((at - now).total_seconds(), own)
    except (TypeError, ValueError, IndexError):
        return own


def _bytes(messages: list[ModelMessage], parameters: ModelRequestParameters) -> int:
    """Return the most input tokens of a call: no tokenizer makes more of them than bytes."""
    tools = [*parameters.function_tools, *parameters.output_tools]
    schemas = [(tool.name, tool.description, tool.parameters_json_schema) for tool in tools]
    size = len(ModelMessagesTypeAdapter.dump_json(messages)) + len(msgspec.json.encode(schemas))
    return size + len(msgspec.json.encode(getattr(parameters.output_object, "json_schema", None)))


def _bytes_of_answer(response: ModelResponse) -> int:
    return len(ModelMessagesTypeAdapter.dump_json([response]))
