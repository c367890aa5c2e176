"""The promise of a language model: messages and a schema in, text and what it used out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from missioncontrol.domain.work import NO_USAGE, Usage


class Tool(msgspec.Struct, frozen=True):
    """Something that a model may call."""

    name: str
    description: str
    schema: Mapping[str, Any]  # of its arguments, a JSON Schema


class ToolCall(msgspec.Struct, frozen=True):
    """A call that a model wants to have made."""

    id: str
    name: str
    arguments: Any  # as the model wrote them: the tool checks them


class ToolAnswer(msgspec.Struct, frozen=True):
    """What came of a call."""

    id: str
    name: str
    text: str


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn of the conversation."""

    role: Literal["system", "user", "assistant"]
    text: str
    calls: tuple[ToolCall, ...] = ()  # of the assistant
    answers: tuple[ToolAnswer, ...] = ()  # to the calls of the turn before, in place of a text


class Completion(msgspec.Struct, frozen=True):
    """What the model answered."""

    text: str
    usage: Usage = NO_USAGE
    model: str = ""  # as the endpoint names it
    calls: tuple[ToolCall, ...] = ()  # that it wants answered before it goes on


class Model(Protocol):
    """Answers one conversation with one text."""

    @property
    def name(self) -> str:
        """The model as prices name it."""
        ...

    @property
    def output_tokens_max(self) -> int:
        """The most that one answer can take."""
        ...

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], seconds: float
    ) -> Completion:
        """Answer with JSON that should fit `schema`, within `seconds`; the caller checks it.

        Raises:
            Unavailable: the endpoint is down, refuses, or took too long.
            Rejected: the endpoint cannot be used as it is configured.
        """
        ...


@runtime_checkable
class ToolCalling(Protocol):
    """A model that can also call tools."""

    def complete_with_tools(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        tools: Sequence[Tool],
        seconds: float,
    ) -> Completion:
        """Answer as `Model.complete`, or with calls of `tools` whose answers it waits for.

        Raises:
            Unavailable, Rejected: as `Model.complete`.
        """
        ...
