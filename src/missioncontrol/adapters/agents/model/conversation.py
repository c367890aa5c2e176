"""The conversation of one attempt with a model, until an answer has the declared form."""

from collections.abc import AsyncIterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from pydantic_ai import (
    Agent,
    ModelRetry,
    NativeOutput,
    PromptedOutput,
    RunContext,
    StructuredDict,
    ToolOutput,
    UsageLimits,
)
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelContextWindowExceededError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    OutputTokenLimitExceeded,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
)
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings as CallSettings

from missioncontrol.adapters.agents.files import is_inside
from missioncontrol.adapters.agents.kind_support import BoundedLog, one_line, root_cause
from missioncontrol.adapters.agents.model.endpoints import open_model
from missioncontrol.adapters.agents.model.metering import MeteredModel, is_transient
from missioncontrol.adapters.agents.model.settings import ModelSettings, prompt_of
from missioncontrol.adapters.agents.schemas import json_schema
from missioncontrol.domain.agent import Shape, misfit
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.trace import trace_headers
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Workshop

TURNS_MAX = 50
WRAPPED = "answer"
"""The field of an answer that is neither text nor an object: models fill in objects."""


class ModelConversation:
    """Asks one model for the output of one step."""

    def __init__(
        self,
        declared: Declaration,
        settings: ModelSettings,
        shape: Shape,
        workshop: Workshop,
        line: Line,
    ) -> None:
        """`shape` is the shape of the step's output."""
        self._declared = declared
        self._settings = settings
        self._shape = shape
        self._workshop = workshop
        self._line = line
        self.turns = 0

    async def answer(self, assignment: Assignment, key: str) -> Any:
        """Return the answer of the model in the declared form.

        Raises:
            AttemptFailed: with a code that begins with `model.`.
        """
        try:
            async with AsyncExitStack() as stack:
                model = await self._model(stack, assignment, key)
                agent = await self._agent(stack, model, assignment)
                result = await agent.run(
                    prompt_of(assignment.inputs),
                    usage_limits=self._limits(),
                    event_stream_handler=StreamedOutput(self._line).handle,
                )
                self.turns = result.usage.requests
                return self._unwrapped(result.output)
        except Exception as error:
            cause = root_cause(error)
            if isinstance(cause, AttemptFailed):
                raise cause from None
            if (failure := self._failure(cause)) is not None:
                raise failure from None
            raise

    async def _model(self, stack: AsyncExitStack, assignment: Assignment, key: str) -> Model:
        """Return the model, through the gateway if it is open and supports the provider."""
        settings, name = self._settings, self._declared.model
        url, counted = settings.base_url, name
        if self._workshop.gateway is not None and settings.provider != "google":
            lease = self._workshop.gateway.access(assignment, self._line, models=(name,))
            access = stack.enter_context(lease)
            is_anthropic = settings.provider == "anthropic"
            url, key = access.url if is_anthropic else f"{access.url}/v1", access.key
            counted = ""  # The gateway admits and counts, so this side must not.
        model = await open_model(
            stack, settings, name, url=url, key=key, headers=trace_headers(assignment)
        )
        return MeteredModel(
            model,
            self._line,
            counted,
            output_tokens_max=settings.output_tokens_max,
            tries=settings.tries,
        )

    async def _agent(
        self, stack: AsyncExitStack, model: Model, assignment: Assignment
    ) -> Agent[None, Any]:
        settings = self._settings
        more = assignment.inputs.get("instructions")
        instructions = "\n\n".join(text for text in (settings.instructions, more) if text)
        agent: Agent[None, Any] = Agent(
            model,
            output_type=self._form(),
            instructions=instructions or None,
            model_settings=self._call_settings(),
            retries={"output": settings.repairs, "tools": settings.repairs},
            tools=await self._tools(stack, assignment),
        )
        agent.output_validator(self._check)
        return agent

    async def _tools(self, stack: AsyncExitStack, assignment: Assignment) -> list[Any]:
        names = assignment.inputs.get("tools") or []
        if not names:
            return []
        from missioncontrol.adapters.agents.model.tools import Toolbox

        places = self._places(assignment.inputs.get("repository"))
        box = Toolbox(stack, self._settings, places, self._workshop, assignment, self._line)
        return [*await box.tools(names)]

    def _places(self, repository: str | None) -> list[Path]:
        """Return the directories that tools may read: the step's, else the agent's."""
        declared = [Path(path) for path in self._declared.paths]
        if not repository:
            return declared
        if declared and not is_inside(Path(repository), declared):
            raise AttemptFailed(
                "model.bad_path",
                f"{repository!r} does not lie in the declared paths of the agent.",
                hint=f"Those are: {', '.join(self._declared.paths)}.",
                retryable=False,
            )
        return [Path(repository)]

    def _form(self) -> Any:
        """Return the output type for pydantic-ai."""
        if self._is_text:
            return str
        shape = self._shape
        if shape.kind != "object":
            shape = Shape("object", {WRAPPED: shape}, open=False)
        form = StructuredDict(json_schema(shape), name="answer")
        match self._settings.structured:
            case "native":
                return NativeOutput(form)
            case "prompt":
                return PromptedOutput(form)
            case "tool":
                return ToolOutput(form, name="answer")

    @property
    def _is_text(self) -> bool:
        return self._shape.kind in ("any", "string", "path") and not self._shape.enum

    def _unwrapped(self, output: Any) -> Any:
        is_wrapped = not self._is_text and self._shape.kind != "object"
        return output.get(WRAPPED) if is_wrapped and isinstance(output, dict) else output

    def _check(self, output: Any) -> Any:
        """Return an answer that fits; else ask the model to repair it."""
        if fault := misfit(self._unwrapped(output), self._shape):
            self._line.log("warning", "The answer does not fit; asking again.")
            raise ModelRetry(f"The answer does not fit: {fault}.")
        return output

    def _call_settings(self) -> CallSettings:
        settings = self._settings
        found = CallSettings(
            max_tokens=settings.output_tokens_max, timeout=settings.seconds_max, max_retries=0
        )
        if settings.temperature is not None:
            found["temperature"] = settings.temperature
        if settings.top_p is not None:
            found["top_p"] = settings.top_p
        if settings.seed is not None and settings.provider != "anthropic":
            found["seed"] = settings.seed
        return found

    def _limits(self) -> UsageLimits:
        most = self._declared.limits
        return UsageLimits(
            request_limit=most.turns_max or TURNS_MAX,
            input_tokens_limit=most.input_tokens or None,
            output_tokens_limit=most.output_tokens or None,
        )

    def _failure(self, error: BaseException) -> AttemptFailed | None:
        """Return an error of the model as a failure; None for any other error."""
        message = one_line(str(error), self._workshop.scrub, 1_000)
        name = self._declared.model
        if isinstance(error, TimeoutError):
            hint = "Raise `seconds_max` in the settings of the agent."
            return AttemptFailed("model.late", f"Model {name!r} did not answer in time.", hint=hint)
        for kind, code, hint in FINAL:
            if isinstance(error, kind):
                reason = f"Model {name!r} failed: {message}"
                return AttemptFailed(f"model.{code}", reason, hint=hint, retryable=False)
        if isinstance(error, UnexpectedModelBehavior):
            reason = f"Model {name!r} gave no answer that fits: {message}"
            hint = "Raise `repairs`, improve the descriptions of the output, or use another model."
            return AttemptFailed("model.bad_output", reason, hint=hint)
        if isinstance(error, ModelAPIError):
            reason = f"Model {name!r} failed: {message}"
            if is_transient(error):
                return AttemptFailed("model.unavailable", reason, hint="Try again later.")
            hint = "Check the settings of the agent against the message of the endpoint."
            return AttemptFailed("model.refused", reason, hint=hint, retryable=False)
        return None


FINAL: tuple[tuple[type[BaseException], str, str], ...] = (
    (ModelAuthenticationError, "sign_in", "Check the key that the agent's `key` names."),
    (ModelNotFoundError, "unknown", "Check `model`; `mission agent test` lists what there is."),
    (
        ModelContextWindowExceededError,
        "too_long",
        "Shorten the input, or use a model with a larger context.",
    ),
    (ModelQuotaExceededError, "quota", "Raise the quota with the provider."),
    (ContentFilterError, "filtered", "Change the prompt; the provider filters it."),
    (UsageLimitExceeded, "too_much", "Raise `limits` of the agent, or make the step smaller."),
    (OutputTokenLimitExceeded, "cut", "Raise `output_tokens_max` in the settings of the agent."),
)
"""Errors that are not retryable, each with our code and a hint."""


LINE_LENGTH_MAX = 4_000
"""A longer line is logged in parts, each of which ends at a space."""

BEAT_EVENTS = 50
"""Events between two reports of progress, for parts that are not logged, such as arguments."""


class StreamedOutput:
    """Logs the text of a streamed answer line by line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._notes = BoundedLog(line)
        self._partial_line = ""
        self._events = 0

    async def handle(self, context: RunContext[Any], events: AsyncIterable[Any]) -> None:
        """Handle the events of one answer or of its tool calls."""
        async for event in events:
            self._events += 1
            if self._events % BEAT_EVENTS == 0:
                self._line.progress(self._events, 0, "parts of an answer")
            match event:
                case PartStartEvent(part=TextPart(content=text)):
                    self._add(text)
                case PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
                    self._add(text)
                case FunctionToolCallEvent(part=call):
                    self.end()
                    self._notes.log("info", f"→ {call.tool_name}")
        self.end()

    def _add(self, text: str) -> None:
        *full, self._partial_line = (self._partial_line + text).split("\n")
        for line in full:
            self._notes.log("info", line)
        if len(self._partial_line) > LINE_LENGTH_MAX:
            text, space, rest = self._partial_line.rpartition(" ")
            if space:
                self._notes.log("info", text)
                self._partial_line = rest

    def end(self) -> None:
        """Log the unfinished line."""
        if self._partial_line:
            self._notes.log("info", self._partial_line)
        self._partial_line = ""
