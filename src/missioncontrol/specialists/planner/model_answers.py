"""Who answers the planner's question: the model at an endpoint, or an agent of this workspace."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.ports import wire
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.model import (
    Completion,
    Message,
    Model,
    ToolAnswer,
    ToolCall,
    ToolCalling,
)
from missioncontrol.specialists.planner.tools.toolbox import TOOLS, Toolbox
from missioncontrol.specialists.specialist import AgentConsulter, Desk

CALL_SECONDS_MAX = 120.0
SECONDS_RESERVED = 20.0
"""Of the time for planning, left for handing in the local plan where there is no other."""
SECONDS_RESERVED_SHARE = 0.3
"""The most of it that is left, where there is little time."""
SECONDS_MIN = 2.0
ROUNDS_MAX = 40
"""Calls of an endpoint for one answer: in all but the last it may call tools."""
READ_MAX = 300_000
"""Characters that tools answered in one conversation, from which on none is offered any more."""
CALLS_AT_ONCE_MAX = 8
TOO_MANY = f"No answer: {CALLS_AT_ONCE_MAX} calls at once are answered."
UNUSABLE = frozenset(
    {"not_found", "wrong_version", "no_version", "no_model", "sign_in", "cannot_start", "unknown"}
    | {"no_repository", "bad_settings", "bad_input", "no_agents", "unknown_model", "not_installed"}
)
"""How codes end of failures that a person has to see to: no plan stands in for them."""


class Answering(Protocol):
    """Answers the messages of one conversation, one after the other."""

    @property
    def title(self) -> str:
        """What people call it, for the middle of a sentence."""
        ...

    def answer(
        self, messages: Sequence[Message], schema: Mapping[str, Any], desk: Desk
    ) -> Completion:
        """Answer all of `messages`; those of the call before are the first of them.

        Raises:
            AttemptFailed: with a code of `model.` or `budget.` where the local plan stands in.
        """
        ...


class EndpointAnswers:
    """The model at an endpoint, with tools where its interface can call them."""

    def __init__(self, model: Model, box: Toolbox | None) -> None:
        """`box` has the tools; there are none without a repository under git."""
        self._model = model
        self._box = box if isinstance(model, ToolCalling) else None
        self._talk: list[Message] = []
        self._received = 0
        self._read = 0  # characters that tools answered

    @property
    def title(self) -> str:
        """See `Answering.title`."""
        return "the model"

    def answer(
        self, messages: Sequence[Message], schema: Mapping[str, Any], desk: Desk
    ) -> Completion:
        """See `Answering.answer`. Each call of the endpoint is admitted by itself."""
        self._talk += messages[self._received :]
        self._received = len(messages)
        used = NO_USAGE
        for number in range(1, ROUNDS_MAX + 1):
            is_last = number == ROUNDS_MAX or self._read > READ_MAX
            completion = self._request_completion(schema, desk, with_tools=not is_last)
            desk.usage(completion.usage, model=completion.model or self._model.name)
            used += completion.usage
            if is_last or not completion.calls:
                break
            self._talk.append(Message("assistant", completion.text, calls=completion.calls))
            self._talk.append(Message("user", "", answers=self._called(completion.calls, desk)))
        return msgspec.structs.replace(completion, usage=used)

    def _request_completion(
        self, schema: Mapping[str, Any], desk: Desk, *, with_tools: bool
    ) -> Completion:
        seconds = min(seconds_for(desk), CALL_SECONDS_MAX)
        box = self._box
        tools = box.tools if box is not None and with_tools else []
        # No tokenizer makes more tokens than there are bytes.
        most = len(msgspec.json.encode((self._talk, schema, tools)))
        desk.admit(self._model.name, input_tokens=most, output_tokens=self._model.output_tokens_max)
        try:
            if box is not None and isinstance(self._model, ToolCalling):
                return self._model.complete_with_tools(self._talk, schema, tools, seconds)
            return self._model.complete(self._talk, schema, seconds)
        except Unavailable as error:
            raise AttemptFailed(error.code, error.reason, hint=error.hint) from error
        except Rejected as error:
            if tools and not self._read and "tool" in error.reason.lower():
                desk.log("warning", f"The model is asked without tools: {error.reason}")
                self._box = None
                return self._request_completion(schema, desk, with_tools=False)
            raise AttemptFailed(
                error.code, error.reason, hint=error.hint, retryable=False
            ) from error
        except Exception as error:
            reason = f"The answer of the endpoint can't be read ({type(error).__name__})."
            raise AttemptFailed("model.unreadable", reason) from error

    def _called(self, calls: Sequence[ToolCall], desk: Desk) -> tuple[ToolAnswer, ...]:
        assert self._box is not None, "a model without tools calls none"
        found = []
        for call in calls[:CALLS_AT_ONCE_MAX]:
            desk.log("info", f"[{call.name}] {msgspec.json.encode(call.arguments).decode()[:200]}")
            found.append(ToolAnswer(call.id, call.name, self._box.call(call.name, call.arguments)))
        found += [ToolAnswer(each.id, each.name, TOO_MANY) for each in calls[CALLS_AT_ONCE_MAX:]]
        self._read += sum(len(each.text) for each in found)
        return tuple(found)


class AgentAnswers:
    """An agent of this workspace, which the engine starts, confines and meters."""

    def __init__(self, agent: str, local: Plan, box: Toolbox | None = None) -> None:
        """Its tools show the plan `local`, and what it showed when `box` tried it."""
        self._agent = agent
        self._local = local
        self._box = box
        self._received = 0

    @property
    def title(self) -> str:
        """See `Answering.title`."""
        return f"agent {self._agent}"

    def answer(
        self, messages: Sequence[Message], schema: Mapping[str, Any], desk: Desk
    ) -> Completion:
        """See `Answering.answer`."""
        texts = [each.text for each in messages[self._received :] if each.role != "assistant"]
        is_first, self._received = not self._received, len(messages)
        if is_first:
            texts.append(_ending(schema))
        asked = wire.Consults(
            0,
            self._agent,
            "\n\n".join(texts),
            seconds_for(desk),
            schema if is_first else {},
            msgspec.json.encode(self._local).decode() if is_first else "",
            self._tried(desk) if is_first else "",
        )
        if not isinstance(desk, AgentConsulter):
            raise AttemptFailed("program.no_agents", "No agent can be asked here.", retryable=False)
        try:
            completion = desk.consult(asked)
        except AttemptFailed as failed:
            if failed.code.rpartition(".")[2] in UNUSABLE:
                raise
            raise AttemptFailed("model.no_answer", failed.reason, hint=failed.hint) from failed
        return Completion(completion.text, model=self._agent)

    def _tried(self, desk: Desk) -> str:
        """Return what the plan shows as JSON; "" where it can't be tried.

        The agent's own tools can't try it as well: it reaches no registry, and what it could write
        to an environment would run in the tests of other missions.
        """
        if self._box is None or not self._box.can_try:
            return ""
        desk.log("info", f"trying the plan before {self.title} answers")
        try:
            return msgspec.json.encode(self._box.tried).decode()
        except MissionControlError as error:
            desk.log("warning", f"The plan was not tried: {error.reason}")
            return ""


def _ending(schema: Mapping[str, Any]) -> str:
    """Return the instructions to an agent about its tools and the form of its answer."""
    names = ", ".join(TOOLS)
    form = msgspec.json.encode(schema).decode()
    return (
        f"Change nothing. An MCP server gives you these tools for the repository: {names}. End "
        f"with one JSON object of this JSON Schema and nothing else:\n{form}"
    )


def seconds_for(desk: Desk) -> float:
    """Return how long an answer may take: the local plan has to be handed in as well.

    Raises:
        AttemptFailed: `model.late`.
    """
    left = desk.seconds_left()
    seconds = left - min(SECONDS_RESERVED, left * SECONDS_RESERVED_SHARE)
    if seconds < SECONDS_MIN:
        raise AttemptFailed(
            "model.late", "The time for planning was used up before the model answered."
        )
    return seconds
